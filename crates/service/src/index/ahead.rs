//! Units that the projector asks for, read before anything waits for them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus_model::Recorded;
use gradus_projection::Projector;

use crate::service::Service;

/// Has the projector hold what these records will ask for, as it is known with `size` records. What is
/// recalled for that is dropped: what comes next asks for the folds alone.
///
/// Blocks; nobody else waits meanwhile.
pub(super) fn hold(service: &Service, projector: &mut Projector, records: &[Recorded], size: u64) {
    let lacking = {
        let (views, library) = (service.views(), service.library());
        projector.lacking(&views.with(&library), records)
    };
    for (unit, forgotten) in lacking {
        // Where a stream cannot be read, whoever asks for it says so.
        let recalled = catch_unwind(AssertUnwindSafe(|| forgotten.recall()));
        let Ok(remembered) = recalled else { continue };
        let (views, library) = (service.views(), service.library());
        let Some(history) = views.history(unit) else { continue };
        let history = history.with(remembered);
        projector.hold_whole(&views.with(&library), unit, &history, size);
        drop((views, library));
        drop(history);
    }
}
