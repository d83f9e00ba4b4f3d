//! Calls that come at a time are written together.
//!
//! The log's writer is let go when the thread that queued a call has nothing else to do at once: by
//! then those calls are queued, too, whose messages came with it. So 64 calls in flight share one
//! sync, where the writer would else take the first few as they come, again and again. A call alone
//! waits for nothing.

use std::sync::Arc;

use gradus_log::Log;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Lets the log write what is queued, soon; until it is dropped.
pub(crate) struct Soon {
    queued: Arc<Notify>,
    task: AbortHandle,
}

impl Soon {
    pub(crate) fn start(log: &Arc<dyn Log>) -> Self {
        let (log, queued) = (Arc::downgrade(log), Arc::new(Notify::new()));
        let told = Arc::clone(&queued);
        let task = tokio::spawn(async move {
            loop {
                told.notified().await;
                // A task that yields goes on when its thread found no other one that can, and after
                // some dozens of others at the latest.
                tokio::task::yield_now().await;
                let Some(log) = log.upgrade() else { return };
                log.wake();
            }
        });
        Self { queued, task: task.abort_handle() }
    }

    /// Says that something was queued.
    pub(crate) fn write(&self) {
        self.queued.notify_one();
    }
}

impl Drop for Soon {
    fn drop(&mut self) {
        self.task.abort();
    }
}
