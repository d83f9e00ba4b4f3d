//! What a history has forgotten, read again apart from it.

use std::convert::Infallible;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::Arc;

use gradus_model::{Recorded, UnitId};

use super::items::Items;
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
    /// What of them was recalled before.
    pub(super) known: Remembered,
    pub(super) version: u64,
}

/// Items and ratings as they were at a version of a stream.
#[derive(Debug, Default)]
pub struct Remembered {
    pub(super) version: u64,
    pub(super) items: Box<Items>,
}

impl Forgotten {
    /// Recalls them, from where they were recalled before on; blocks as [`Recall::recall`] does.
    #[must_use]
    pub fn recall(self) -> Remembered {
        let from = Arc::clone(&self.recalled.from);
        let Ok(remembered) = self.recall_by(|unit, versions, take| {
            from.recall(unit, versions, take);
            Ok::<(), Infallible>(())
        });
        remembered
    }

    /// The same, read by `read`, which does what [`Recall::recall`] does or says why it cannot.
    ///
    /// # Errors
    ///
    /// What `read` says.
    pub fn recall_by<E>(
        self,
        read: impl FnOnce(UnitId, RangeInclusive<u64>, &mut dyn FnMut(&Recorded)) -> Result<(), E>,
    ) -> Result<Remembered, E> {
        let Self { recalled, mut known, version } = self;
        let versions = known.version + 1..=version;
        read(recalled.unit, versions, &mut |recorded| known.items.take_in(recorded))?;
        Ok(Remembered { version, ..known })
    }
}

impl Remembered {
    /// Whether a distrust is about any of the items.
    #[must_use]
    pub fn is_suspected(&self, distrust: &Distrust) -> bool {
        !self.items.targets_of(|item| distrust.is_about(item)).is_empty()
    }
}
