//! From where to where items speak for a target.

use gradus_model::evidence::Kind;
use gradus_model::{Target, Timestamp};

use super::facts::EvidenceHistory;

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

/// How many links a run has, all but the last one.
const RUN: usize = 64;

/// The work that some items tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// When the first of it began.
    pub from: Timestamp,
    /// When the last of it ended.
    pub to: Timestamp,
    /// What sorts of evidence tell of it.
    pub kinds: Kinds,
}

impl Work {
    /// What one item tells of.
    pub(crate) const fn of(item: &EvidenceHistory) -> Self {
        Self { from: item.work_from, to: item.work_to, kinds: Kinds::of(item.kind) }
    }

    fn and(self, other: Self) -> Self {
        let kinds = Kinds(self.kinds.0 | other.kinds.0);
        Self { from: self.from.min(other.from), to: self.to.max(other.to), kinds }
    }
}

/// A set of kinds of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    const fn of(kind: Kind) -> Self {
        Self(1 << kind.number())
    }

    /// The kinds, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        let numbers = (0..).take_while(move |number| self.0 >> number != 0);
        numbers.filter(move |number| self.0 >> number & 1 == 1).filter_map(Kind::from_number)
    }
}

/// Links that follow each other.
#[derive(Clone, Debug)]
struct Run {
    work: Work,
    links: Vec<Link>,
}

/// The links to one target, ascending by where they begin.
///
/// In runs, each of which knows when the work of its items was done: whoever asks for one time need
/// not look at items of another.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Vec<Run>);

impl Links {
    /// Adds a link of an item, which begins after all others.
    pub(super) fn push(&mut self, link: Link, item: &EvidenceHistory) {
        match self.0.last_mut() {
            Some(Run { work, links }) if links.len() < RUN => {
                *work = work.and(Work::of(item));
                links.push(link);
            }
            last => {
                // Most targets are linked by few.
                let room = if last.is_some() { RUN } else { 1 };
                let mut links = Vec::with_capacity(room);
                links.push(link);
                self.0.push(Run { work: Work::of(item), links });
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.0.iter().flat_map(|run| &run.links)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Link> {
        self.0.iter_mut().flat_map(|run| &mut run.links)
    }

    /// The links from a position on.
    fn since(&self, position: u64) -> impl Iterator<Item = &Link> {
        let before = move |link: &Link| link.from < position;
        let runs = self.0.partition_point(|run| run.links.last().is_some_and(before));
        let runs = self.0.get(runs..).unwrap_or_default().iter();
        runs.flat_map(|run| &run.links).skip_while(move |link| before(link))
    }

    /// The runs of links, the last first, each with its links, the last first.
    pub(super) fn backwards(&self) -> impl Iterator<Item = (Work, impl Iterator<Item = &Link>)> {
        self.0.iter().rev().map(|run| (run.work, run.links.iter().rev()))
    }
}

/// A target, with what was ever said of it.
#[derive(Clone, Debug)]
pub(super) struct OfTarget {
    pub(super) target: Target,
    pub(super) links: Links,
    /// The numbers of its ratings.
    pub(super) ratings: Vec<u32>,
}

impl OfTarget {
    /// Whether an item that was submitted at a position is linked, as known with `size` records.
    pub(super) fn holds(&self, evidence: u32, submitted: u64, size: u64) -> bool {
        // None of the item's links begins before it.
        self.links.since(submitted).any(|link| link.evidence == evidence && link.holds(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_kinds_has_just_those_that_were_put_in() {
        for one in Kind::ALL {
            assert_eq!(Kinds::of(*one).iter().collect::<Vec<_>>(), [*one]);
        }
        let all = Kind::ALL.iter().fold(0, |set, kind| set | Kinds::of(*kind).0);
        assert_eq!(Kinds(all).iter().collect::<Vec<_>>(), Kind::ALL);
    }
}
