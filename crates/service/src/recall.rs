//! Items and ratings that the views forgot, read again from the log.

use std::fmt;
use std::ops::RangeInclusive;
use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError, Weak};

use gradus_domain::UnitHistory;
use gradus_domain::history::{Recall, Remembered};
use gradus_log::{Log, LogError, ReadLimit};
use gradus_model::{Recorded, UnitId};
use gradus_projection::Views;
use tokio::sync::Notify;

use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;

/// How often a recall goes on with what came meanwhile, which is less each time.
const TRIES: usize = 8;
/// What the index is to see may take so much more room than there is for what nobody asks for.
const AWAITING: usize = 2;
/// How often what is not asked for is forgotten in the time after which a unit is idle.
const LOOKS: u32 = 5;
/// How much of a stream is read at a time.
const AT_ONCE: ReadLimit = ReadLimit { records: 4_096, bytes: 2 << 20 };

/// The streams of a log, as long as its service keeps it open.
pub(crate) struct Streams {
    log: Weak<dyn Log>,
    /// Told when something was recalled, which takes room.
    recalled: Arc<Notify>,
}

impl Streams {
    pub(crate) fn of(log: &Arc<dyn Log>, recalled: &Arc<Notify>) -> Self {
        Self { log: Arc::downgrade(log), recalled: Arc::clone(recalled) }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// Hands out the records of these versions of a stream, in order.
pub(crate) fn read(
    log: &dyn Log,
    unit: UnitId,
    versions: &RangeInclusive<u64>,
    take: &mut dyn FnMut(&Recorded),
) -> Result<(), ServiceError> {
    let mut next = *versions.start();
    while versions.contains(&next) {
        let stored = log.read_stream_here(unit, next, AT_ONCE)?;
        if stored.is_empty() {
            return Err(ServiceError::Fault("a stream is shorter than the views say"));
        }
        for stored in stored {
            let recorded = ReadRecord::read(stored)?.recorded;
            if versions.contains(&recorded.place.version) {
                take(&recorded);
            }
            next = recorded.place.version + 1;
        }
    }
    Ok(())
}

impl Recall for Streams {
    fn recall(&self, unit: UnitId, versions: RangeInclusive<u64>, take: &mut dyn FnMut(&Recorded)) {
        let log = self.log.upgrade().ok_or(ServiceError::Log(LogError::Closed));
        if let Err(error) = log.and_then(|log| read(log.as_ref(), unit, &versions, take)) {
            tracing::error!(%unit, %error, "a unit's history cannot be read: run `gradus doctor`");
            resume_unwind(Box::new(format!("the history of unit {unit} cannot be read: {error}")));
        }
        self.recalled.notify_one();
    }
}

impl Service {
    /// Where histories are recalled from.
    pub(crate) fn streams(&self) -> Arc<Streams> {
        Arc::new(Streams::of(&self.log, &self.room))
    }

    /// Recalls a unit's items and ratings, so that whoever asks for them next need not wait. Nobody
    /// else does meanwhile.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Log`] when its stream cannot be read.
    pub async fn recalled(&self, unit: UnitId) -> Result<(), ServiceError> {
        self.recalled_if(unit, |_| true).await
    }

    /// The same, where `asks` says that somebody will ask for them, of a history that knows from
    /// which sources the unit's items come, or where that is not known. What is read to know that
    /// alone is held until the index has seen it, if there is room for so much; it reads it again,
    /// otherwise.
    pub(crate) async fn recalled_if(
        &self,
        unit: UnitId,
        asks: impl Fn(&UnitHistory) -> bool,
    ) -> Result<(), ServiceError> {
        // Where sources are not known yet, `asks` may say yes for want of them.
        let asked = |history: &UnitHistory| {
            let is_asked = history.knows_sources() && asks(history);
            if is_asked {
                history.asked();
            }
            is_asked
        };
        let wanted = || {
            let views = self.views();
            let history = views.history(unit)?;
            let is_wanted = asked(history) || !history.knows_sources();
            history.forgotten().filter(|_| is_wanted)
        };
        if wanted().is_none() {
            return Ok(());
        }
        self.recollect(unit).await?;
        let mut forgotten = wanted();
        if forgotten.is_none() {
            return Ok(());
        }
        for _ in 0..TRIES {
            let Some(left) = forgotten.take() else { break };
            let log = Arc::clone(&self.log);
            let recall = move || {
                left.recall_by(|unit, versions, take| read(log.as_ref(), unit, &versions, take))
            };
            let recalled = tokio::task::spawn_blocking(recall).await;
            let given_up = |_| ServiceError::Fault("a unit's history cannot be read");
            // Whoever calls is told what the log says.
            let remembered = recalled.map_err(given_up)??;
            self.room.notify_one();
            let views = self.views();
            forgotten = views.history(unit).and_then(|history| {
                let left = history.remember(remembered);
                asked(history);
                left
            });
        }
        self.forget_by(|views, most| views.forget_unasked(&[unit], most.saturating_mul(AWAITING)));
        // If the stream goes on faster than it is read, whoever asks waits for it.
        Ok(())
    }

    /// Forgets what is over the bound, of units that were idle since this was last done.
    pub(crate) fn make_room(&self) {
        self.forget_by(Views::make_room);
    }

    pub(crate) fn forget_by(&self, forget: impl Fn(&mut Views, usize) -> Vec<Remembered>) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let forgotten = forget(&mut views, self.memory.history_bytes);
        drop(views);
        // It takes its time, and nobody waits for it.
        drop(forgotten);
    }

    /// Makes room after something was read or recalled, every now and then.
    pub(crate) fn keep_room(self: &Arc<Self>) {
        let grown = Arc::clone(&self.room);
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                // Nothing of the service is held while waiting, so that it can end.
                grown.notified().await;
                let Some(idle) = service.upgrade().map(|service| service.memory.idle) else {
                    return;
                };
                // Units that are only pushed to are never asked for, and may grow fast.
                for _ in 1..LOOKS {
                    tokio::time::sleep(idle / LOOKS).await;
                    let Some(service) = service.upgrade() else { return };
                    service.forget_by(Views::forget_unused);
                }
                tokio::time::sleep(idle / LOOKS).await;
                let Some(service) = service.upgrade() else { return };
                service.make_room();
                // What is in use now may be idle then.
                if service.views().held_bytes() > service.memory.history_bytes {
                    grown.notify_one();
                }
            }
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
