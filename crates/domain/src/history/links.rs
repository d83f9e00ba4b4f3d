//! From where to where items speak for a target.

use gradus_model::Target;

/// An item speaks for a target from the position `from` to the position `to`; links of one item to
/// one target never overlap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) evidence: u32,
    pub(super) from: u64,
    /// [`OPEN`] where it still does.
    pub(super) to: u64,
}

pub(super) const OPEN: u64 = u64::MAX;

impl Link {
    pub(super) const fn holds(&self, size: u64) -> bool {
        self.from < size && size <= self.to
    }

    /// Where it ended, if it did.
    pub(super) fn ended(&self) -> Option<u64> {
        (self.to != OPEN).then_some(self.to)
    }
}

/// A target, with what was ever said of it.
#[derive(Clone, Debug)]
pub(super) struct OfTarget {
    pub(super) target: Target,
    pub(super) links: Vec<Link>,
    /// The numbers of its ratings.
    pub(super) ratings: Vec<u32>,
}

impl OfTarget {
    /// Whether an item that was submitted at a position is linked, as known with `size` records.
    pub(super) fn holds(&self, evidence: u32, submitted: u64, size: u64) -> bool {
        // Links ascend by where they begin, and none of the item begins before it.
        let first = self.links.partition_point(|link| link.from < submitted);
        let mut links = self.links.get(first..).unwrap_or_default().iter();
        links.any(|link| link.evidence == evidence && link.holds(size))
    }
}
