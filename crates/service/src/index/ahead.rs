//! What the projector asks for, read before anything waits for it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gradus_domain::history::Remembered;
use gradus_model::{Recorded, UnitId};
use gradus_projection::Projector;

use crate::service::Service;

/// Bytes of items that are left for the projector at most, about; others it reads itself.
const MOST_BYTES: usize = 64 << 20;

/// Items and ratings that were read for something else, and left for the projector.
#[derive(Default)]
pub(crate) struct Ahead(Mutex<BTreeMap<UnitId, Remembered>>);

impl Ahead {
    fn left(&self) -> MutexGuard<'_, BTreeMap<UnitId, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves what was read of a unit, where there is room.
    pub(crate) fn leave(&self, unit: UnitId, read: Remembered) {
        let mut left = self.left();
        let all: usize = left.values().map(Remembered::bytes).sum();
        if all + read.bytes() <= MOST_BYTES {
            left.insert(unit, read);
        }
    }

    /// Drops what nobody came for.
    pub(crate) fn clear(&self) {
        let left = std::mem::take(&mut *self.left());
        drop(left);
    }

    /// Has the projector hold what it will ask for, as it is known with `size` records; `records` come
    /// next. What was read for that is dropped: what follows asks for the folds alone.
    ///
    /// Blocks; nobody else waits meanwhile.
    pub(super) fn hold(
        &self,
        service: &Service,
        projector: &mut Projector,
        records: &[Recorded],
        size: u64,
    ) {
        let lacking = {
            let (views, library) = (service.views(), service.library());
            projector.lacking(&views.with(&library), records)
        };
        for (unit, forgotten) in lacking {
            let next =
                records.iter().find(|one| one.place.stream == unit && size <= one.place.position);
            let reaches = |read: &Remembered| {
                next.is_some_and(|next| next.place.version <= read.version() + 1)
            };
            let read = self.left().remove(&unit).filter(reaches);
            // Where a stream cannot be read, whoever asks for it says so.
            let recall = || catch_unwind(AssertUnwindSafe(|| forgotten.recall())).ok();
            let Some(read) = read.or_else(recall) else { continue };
            let (views, library) = (service.views(), service.library());
            let Some(history) = views.history(unit) else { continue };
            let history = history.with(read);
            projector.hold_whole(&views.with(&library), unit, &history, size);
            drop((views, library));
            drop(history);
        }
    }
}
