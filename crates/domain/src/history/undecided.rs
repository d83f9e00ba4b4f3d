//! Items on which nobody has decided, found without looking at those that somebody has.
//!
//! They are kept by provider and kind, since that is what rules trust by: what a trusted tool
//! pushes stays undecided for ever, and is passed over as a whole.

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::PrincipalId;
use gradus_model::evidence::Kind;

/// The items of one unit that are undecided, and which were at earlier sizes.
#[derive(Clone, Debug, Default)]
pub(super) struct Undecided {
    by_provider: BTreeMap<(PrincipalId, Kind), BTreeSet<u32>>,
    /// Where the first decision on an item was recorded, and the item, ascending.
    decided: Vec<(u64, u32)>,
}

impl Undecided {
    /// An item was submitted.
    pub(super) fn submit(&mut self, number: u32, provider: PrincipalId, kind: Kind) {
        self.by_provider.entry((provider, kind)).or_default().insert(number);
    }

    /// Something was decided on an item; only the first decision matters.
    pub(super) fn decide(&mut self, position: u64, number: u32, of: (PrincipalId, Kind)) {
        let Some(numbers) = self.by_provider.get_mut(&of) else { return };
        if numbers.remove(&number) {
            self.decided.push((position, number));
        }
        if numbers.is_empty() {
            self.by_provider.remove(&of);
        }
    }

    /// The items from the number `from` on that are undecided now, of the providers and kinds that
    /// `wanted` lets through, in no order.
    pub(super) fn now(
        &self,
        from: u32,
        wanted: impl Fn(PrincipalId, Kind) -> bool,
    ) -> impl Iterator<Item = u32> {
        let wanted = self.by_provider.iter().filter(move |((by, kind), _)| wanted(*by, *kind));
        wanted.flat_map(move |(_, numbers)| numbers.range(from..).copied())
    }

    /// The items that were decided on since the log had `size` records, in the order of that.
    pub(super) fn decided_since(&self, size: u64) -> impl Iterator<Item = u32> {
        let first = self.decided.partition_point(|(position, _)| *position < size);
        self.decided.get(first..).unwrap_or_default().iter().map(|(_, number)| *number)
    }
}
