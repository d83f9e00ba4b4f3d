//! What the projector asks for, read before anything waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus_domain::UnitHistory;
use gradus_model::Recorded;
use gradus_projection::Projector;

use crate::service::Service;

/// Recalls the items and ratings of units in which something happened to them, and has the projector
/// hold the units that these records are about whole, as they are known with `size` records. What is
/// recalled for that alone is dropped, and what was recalled to know its sources and is asked for by
/// nobody, where there is no room: what comes next asks for the folds alone.
///
/// Blocks; nobody else waits while a stream is read.
pub(super) fn hold(service: &Service, projector: &mut Projector, records: &[Recorded], size: u64) {
    for unit in projector.asking(records) {
        let asked = |history: &UnitHistory| {
            history.asked();
            history.forgotten()
        };
        let forgotten = service.views().history(unit).and_then(asked);
        // Where a stream cannot be read, whoever asks for it says so.
        let remembered = forgotten.and_then(|left| unharmed(|| left.recall()));
        if let Some(remembered) = remembered {
            // The views read on once the index has come after them: no stream goes on meanwhile.
            service.views().history(unit).and_then(|history| history.remember(remembered));
        }
    }
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
        let Some(remembered) = unharmed(|| forgotten.recall()) else { continue };
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

/// What some work comes to, unless its thread unwinds.
fn unharmed<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests;
