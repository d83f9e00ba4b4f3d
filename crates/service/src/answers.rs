//! The log's answers to what was queued, waited for in one place, whether or not the callers do.
//!
//! The log answers in the order of its queue, a group at a time: so one task that waits for the
//! next answer finds those of the whole group, where a task for each would have to be woken.

use std::sync::{Arc, Mutex, PoisonError};

use gradus_log::{Acknowledgement, Appended, LogError};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::error::ServiceError;
use crate::fresh::{Facts, Fresh};
use crate::room::InQueue;
use crate::service::Claim;
use crate::writer::Writer;

/// Takes in what was queued.
pub(crate) struct Answers {
    queued: mpsc::UnboundedSender<Queued>,
    fresh: Arc<Fresh>,
}

struct Queued {
    acknowledgement: Acknowledgement,
    facts: Facts,
    held: Held,
    answer: oneshot::Sender<Result<Appended, LogError>>,
}

/// What a call holds until the log has answered: its part of the log's queue, and its claim on its
/// request id.
pub(crate) type Held = (InQueue, Option<Claim>);

/// The log's answer to what was queued, to come.
pub(crate) struct Acknowledged(oneshot::Receiver<Result<Appended, LogError>>);

impl Acknowledged {
    /// Waits for it.
    pub(crate) async fn appended(self) -> Result<Appended, ServiceError> {
        Ok(self.0.await.map_err(|_| ServiceError::Fault("an append was given up"))??)
    }
}

/// What the answers are told to.
pub(crate) struct Told {
    pub(crate) write_side: Arc<Mutex<Writer>>,
    pub(crate) writer_is_stale: Arc<Notify>,
    pub(crate) refusals: watch::Sender<u64>,
    pub(crate) fresh: Arc<Fresh>,
}

impl Answers {
    /// Waits for answers until this is dropped and the last one has come.
    pub(crate) fn start(told: Told) -> Self {
        // The log's queue bounds how many wait here.
        let (sender, mut queued) = mpsc::unbounded_channel::<Queued>();
        let fresh = Arc::clone(&told.fresh);
        tokio::spawn(async move {
            while let Some(Queued { acknowledgement, facts, held, answer }) = queued.recv().await {
                let answered = acknowledgement.await;
                told.take(&answered, facts);
                drop(held);
                // A caller that went away needs no answer.
                let _ = answer.send(answered);
            }
        });
        Self { queued: sender, fresh }
    }

    /// Waits for what was queued: what the call holds ends with it, and if the log refused, the write
    /// side is read again, since it is ahead.
    pub(crate) fn wait(
        &self,
        acknowledgement: Acknowledgement,
        facts: Facts,
        held: Held,
    ) -> Acknowledged {
        let (answer, acknowledged) = oneshot::channel();
        self.fresh.ask();
        // A runtime that ends takes the task with it; whoever asks is told by the channel.
        let _ = self.queued.send(Queued { acknowledgement, facts, held, answer });
        Acknowledged(acknowledged)
    }
}

impl Told {
    fn take(&self, answered: &Result<Appended, LogError>, facts: Facts) {
        match answered {
            Ok(appended) => self.fresh.add(facts, &appended.placed),
            Err(_) => {
                self.fresh.refuse();
                let mut writer = self.write_side.lock().unwrap_or_else(PoisonError::into_inner);
                writer.stale = true;
                drop(writer);
                self.refusals.send_modify(|refusals| *refusals += 1);
                self.writer_is_stale.notify_one();
            }
        }
    }
}
