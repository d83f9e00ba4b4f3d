//! What a history has forgotten, read again apart from it.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::Arc;

use gradus_model::{Event, Recorded, UnitId};

use super::items::Items;
use super::seen::Seen;
use crate::registry::Distrust;

/// Reads streams again.
pub trait Recall: Debug + Send + Sync {
    /// Hands out the records of these versions of a stream, in order, each once. Blocks.
    ///
    /// Records that say nothing of items and ratings may be left out. Where the stream cannot be
    /// read, the thread unwinds: what was asked is not answered with less than all of it.
    fn recall(&self, unit: UnitId, versions: RangeInclusive<u64>, take: &mut dyn FnMut(&Recorded));
}

/// From where a unit's items and ratings are recalled.
#[derive(Clone, Debug)]
pub(super) struct Recalled {
    pub(super) unit: UnitId,
    pub(super) from: Arc<dyn Recall>,
}

impl Recalled {
    pub(super) fn items(&self, version: u64) -> Box<Items> {
        let mut items = Box::<Items>::default();
        self.from.recall(self.unit, 1..=version, &mut |recorded| items.take_in(recorded));
        items
    }
}

/// Items and ratings that a history has forgotten, to be recalled apart from it.
#[derive(Debug)]
pub struct Forgotten {
    pub(super) recalled: Recalled,
    pub(super) version: u64,
}

/// Items and ratings as they were at a version of a stream.
#[derive(Debug)]
pub struct Remembered {
    pub(super) version: u64,
    pub(super) items: Box<Items>,
}

impl Forgotten {
    /// Recalls them; blocks as [`Recall::recall`] does.
    #[must_use]
    pub fn recall(self) -> Remembered {
        Remembered { version: self.version, items: self.recalled.items(self.version) }
    }
}

impl Remembered {
    /// Whether a distrust is about any of the items.
    #[must_use]
    pub fn is_suspected(&self, distrust: &Distrust) -> bool {
        !self.items.targets_of(|item| distrust.is_about(item)).is_empty()
    }
}

/// The sources of a unit's items up to a version of its stream; at first of none.
#[derive(Debug, Default)]
pub struct Counted {
    pub(super) version: u64,
    pub(super) seen: Seen,
}

/// Sources that are to be counted up apart from the history.
#[derive(Debug)]
pub struct Uncounted {
    pub(super) recalled: Recalled,
    pub(super) counted: Counted,
    pub(super) version: u64,
}

impl Uncounted {
    /// Counts them up; blocks as [`Recall::recall`] does. Where none were counted before, the items
    /// that were read for it are returned, too.
    #[must_use]
    pub fn count(self) -> (Counted, Option<Remembered>) {
        let Self { recalled, counted: Counted { version: before, mut seen }, version } = self;
        if before == 0 {
            let items = recalled.items(version);
            let seen = items.sources().collect();
            return (Counted { version, seen }, Some(Remembered { version, items }));
        }
        recalled.from.recall(recalled.unit, before + 1..=version, &mut |recorded| {
            if let Event::EvidenceSubmitted(item) = &recorded.event {
                seen.add(&item.source);
            }
        });
        (Counted { version, seen }, None)
    }
}
