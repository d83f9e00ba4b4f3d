//! Items and ratings that the views forgot, read again from the log.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, PoisonError, Weak};

use gradus_domain::UnitHistory;
use gradus_domain::history::Recall;
use gradus_log::{Log, LogError, ReadLimit};
use gradus_model::{Recorded, UnitId};
use tokio::sync::Notify;

use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;

/// How often a stream is recalled that goes on meanwhile.
const TRIES: usize = 3;
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

impl Recall for Streams {
    fn recall(&self, unit: UnitId, version: u64, take: &mut dyn FnMut(&Recorded)) {
        let mut read = || -> Result<(), ServiceError> {
            let log = self.log.upgrade().ok_or(LogError::Closed)?;
            let mut next = 1;
            while next <= version {
                let stored = log.read_stream_here(unit, next, AT_ONCE)?;
                if stored.is_empty() {
                    return Err(ServiceError::Fault("a stream is shorter than the views say"));
                }
                for stored in stored {
                    let recorded = ReadRecord::read(stored)?.recorded;
                    if recorded.place.version <= version {
                        take(&recorded);
                    }
                    next = recorded.place.version + 1;
                }
            }
            Ok(())
        };
        if let Err(error) = read() {
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
    /// [`ServiceError::Fault`] when its stream cannot be read.
    pub async fn recalled(&self, unit: UnitId) -> Result<(), ServiceError> {
        for _ in 0..TRIES {
            let Some(forgotten) = self.views().history(unit).and_then(UnitHistory::forgotten)
            else {
                return Ok(());
            };
            let recalled = tokio::task::spawn_blocking(|| forgotten.recall()).await;
            let remembered =
                recalled.map_err(|_| ServiceError::Fault("a unit's history cannot be read"))?;
            if self.views().history(unit).is_none_or(|history| history.remember(remembered)) {
                return Ok(());
            }
        }
        // The stream goes on faster than it is read: whoever asks waits for it.
        Ok(())
    }

    /// Forgets what is over the bound, of units that were idle since this was last done.
    pub(crate) fn make_room(&self) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.make_room(self.memory.history_bytes);
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
                tokio::time::sleep(idle).await;
                let Some(service) = service.upgrade() else { return };
                service.make_room();
            }
        });
    }
}
