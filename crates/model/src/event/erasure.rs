//! Bodies of what is said of texts: that they were erased, for how long they are kept, and what is
//! held back from erasure.

use minicbor::{Decode, Encode};

use crate::payload::Class;
use crate::{Digest, Name, UnitId};

/// Versions of one stream that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Run {
    /// The first one, from 1.
    #[n(0)]
    pub first: u64,
    /// The last one, not before the first.
    #[n(1)]
    pub last: u64,
}

impl Run {
    /// How many versions it has; none where it ends before it begins.
    #[must_use]
    pub const fn len(&self) -> u64 {
        if self.is_empty() { 0 } else { (self.last - self.first).saturating_add(1) }
    }

    /// Whether it has no version.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.last < self.first
    }

    /// Whether a version is one of it.
    #[must_use]
    pub const fn has(&self, version: u64) -> bool {
        self.first <= version && version <= self.last
    }
}

bodies! {
    /// The body of [`Event::PayloadErased`](crate::Event::PayloadErased).
    PayloadErased {
        /// The version, in this unit's stream, of the record whose payload key was destroyed.
        0 version: u64,
    }
    /// The body of [`Event::PayloadsErased`](crate::Event::PayloadsErased).
    PayloadsErased {
        /// The versions, in this stream, of the records whose payload keys were destroyed: ascending,
        /// apart from each other, 1 to [`PayloadsErased::MOST_RUNS`].
        0 runs: Vec<Run>,
        /// Where the retention rule was recorded by which that was done, if it was by one.
        1 rule: Option<u64>,
    }
    /// The body of [`Event::AttachmentsErased`](crate::Event::AttachmentsErased).
    AttachmentsErased {
        /// The attachments of this unit that were destroyed, 1 to [`AttachmentsErased::MOST`]: whatever
        /// items of the unit name them, before and after.
        0 digests: Vec<Digest>,
        /// Where the retention rule was recorded by which that was done, if it was by one.
        1 rule: Option<u64>,
    }
    /// The body of [`Event::LegalHoldPlaced`](crate::Event::LegalHoldPlaced); why is payload.
    LegalHoldPlaced {
        /// What it is called, unlike any other in force.
        0 hold: Name,
        /// Nothing of this unit and of all below it is erased.
        1 unit: UnitId,
        /// Of this unit's own stream alone, these records; everything without it.
        2 records: Option<Run>,
    }
    /// The body of [`Event::LegalHoldLifted`](crate::Event::LegalHoldLifted); why is payload.
    LegalHoldLifted {
        /// What it is called.
        0 hold: Name,
    }
    /// The body of [`Event::RetentionSet`](crate::Event::RetentionSet); why is payload.
    RetentionSet {
        /// For this unit and all below it that have no rule of their own.
        0 unit: UnitId,
        /// For texts of this class; of every class that has no rule of its own without it.
        1 class: Option<Class>,
        /// For how many days after they were recorded texts are kept.
        2 days: u32,
    }
    /// The body of [`Event::RetentionRemoved`](crate::Event::RetentionRemoved); why is payload.
    RetentionRemoved {
        /// The unit.
        0 unit: UnitId,
        /// The class.
        1 class: Option<Class>,
    }
}

impl AttachmentsErased {
    /// The most attachments that one event names, so that a leaf holds them.
    pub const MOST: usize = 64;
}

impl PayloadsErased {
    /// The most runs that one event names, so that a leaf holds them.
    pub const MOST_RUNS: usize = 200;
    /// The most records that one event names, so that none holds up the others for long.
    pub const MOST_RECORDS: u64 = 10_000;

    /// Every version that it names, at most [`Self::MOST_RECORDS`]: no writer names more.
    pub fn versions(&self) -> impl Iterator<Item = u64> {
        let all = self.runs.iter().flat_map(|run| run.first..=run.last);
        all.take(usize::try_from(Self::MOST_RECORDS).unwrap_or(usize::MAX))
    }

    /// How many records it names.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.len()))
    }
}
