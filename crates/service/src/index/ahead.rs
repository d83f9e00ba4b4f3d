//! What the projector asks for, read before anything waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus_model::Recorded;
use gradus_projection::Projector;

use crate::service::Service;

/// Has the projector hold the units that these records are about whole, as they are known with `size`
/// records. What is recalled for that is dropped, and what was recalled to know its sources and is
/// asked for by nobody, where there is no room: what comes next asks for the folds alone.
///
/// Blocks; nobody else waits while a stream is read.
pub(super) fn hold(service: &Service, projector: &mut Projector, records: &[Recorded], size: u64) {
    let mut looked_at = Vec::new();
    for unit in projector.lacking(records) {
        let forgotten = {
            let (views, library) = (service.views(), service.library());
            let Some(history) = views.history(unit) else { continue };
            let Some(forgotten) = history.forgotten() else {
                history.looked_at(|history| {
                    projector.hold_whole(&views.with(&library), unit, history, size);
                });
                looked_at.push(unit);
                continue;
            };
            forgotten
        };
        // Where a stream cannot be read, whoever asks for it says so.
        let recalled = catch_unwind(AssertUnwindSafe(|| forgotten.recall()));
        let Ok(remembered) = recalled else { continue };
        let (views, library) = (service.views(), service.library());
        let Some(history) = views.history(unit) else { continue };
        let history = history.with(remembered);
        projector.hold_whole(&views.with(&library), unit, &history, size);
        drop((views, library));
        // It takes its time.
        drop(history);
    }
    if !looked_at.is_empty() {
        service.forget_by(|views, most| views.forget_unasked(&looked_at, most));
    }
}
