//! The bounded queue between callers and the writer.
//!
//! Invariant: calls leave in the order in which they came.

use std::collections::VecDeque;
use std::sync::PoisonError;
#[cfg(not(gradus_loom))]
use std::sync::{Condvar, Mutex, MutexGuard};

use gradus_model::Timestamp;
#[cfg(gradus_loom)]
use loom::sync::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;

use crate::{Acknowledgement, Append, Appended, LogError};

/// The most that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimit {
    pub(crate) calls: usize,
    pub(crate) bytes: usize,
}

/// Where the answer to a call goes; the caller may be gone.
pub(crate) type Reply = oneshot::Sender<Result<Appended, LogError>>;

/// An append that waits for the writer.
pub(crate) struct Call {
    pub(crate) append: Append,
    pub(crate) reply: Reply,
    /// What the suspect clock said when somebody accepted it, which this append records.
    pub(crate) accepts: Option<Timestamp>,
    bytes: usize,
}

pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    ready: Condvar,
    most: QueueLimit,
}

#[derive(Default)]
struct Waiting {
    calls: VecDeque<Call>,
    bytes: usize,
    closed: bool,
    /// Whether the writer waits to be woken: to wake one that does not costs a call of the system.
    idle: bool,
}

impl Queue {
    pub(crate) fn new(most: QueueLimit) -> Self {
        Self { waiting: Mutex::default(), ready: Condvar::new(), most }
    }

    /// Takes the call's place in the queue and wakes the writer, or refuses it.
    pub(crate) fn push(
        &self,
        append: Append,
        accepts: Option<Timestamp>,
    ) -> Result<Acknowledgement, LogError> {
        let acknowledgement = self.push_quietly(append, accepts)?;
        self.wake();
        Ok(acknowledgement)
    }

    /// The same, without waking the writer: whoever pushes has to, in a moment.
    pub(crate) fn push_quietly(
        &self,
        append: Append,
        accepts: Option<Timestamp>,
    ) -> Result<Acknowledgement, LogError> {
        let bytes = append.checked_bytes()?;
        let (reply, answer) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.closed {
            return Err(LogError::Closed);
        }
        let full = waiting.calls.len() >= self.most.calls
            || (!waiting.calls.is_empty() && waiting.bytes + bytes > self.most.bytes);
        if full {
            return Err(LogError::Full { calls: waiting.calls.len(), bytes: waiting.bytes });
        }
        waiting.bytes += bytes;
        waiting.calls.push_back(Call { append, reply, accepts, bytes });
        Ok(Box::pin(async move { answer.await.unwrap_or(Err(LogError::Closed)) }))
    }

    /// Wakes the writer if it waits for what is there.
    pub(crate) fn wake(&self) {
        let mut waiting = self.waiting();
        if waiting.calls.is_empty() || !std::mem::take(&mut waiting.idle) {
            return;
        }
        drop(waiting);
        self.ready.notify_one();
    }

    /// Waits for calls and takes what is there, up to `most`; `None` once closed and empty.
    pub(crate) fn take(&self, most: QueueLimit) -> Option<Vec<Call>> {
        let mut waiting = self.waiting();
        while waiting.calls.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting.idle = true;
            waiting = self.ready.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        Some(waiting.take(most))
    }

    /// Takes what is there without waiting.
    pub(crate) fn take_now(&self) -> Vec<Call> {
        self.waiting().take(QueueLimit { calls: usize::MAX, bytes: usize::MAX })
    }

    /// Refuses calls from now on; what waits can still be taken.
    pub(crate) fn close(&self) {
        self.waiting().closed = true;
        self.ready.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self, most: QueueLimit) -> Vec<Call> {
        let mut bytes = 0;
        let mut count = 0;
        for call in self.calls.iter().take(most.calls) {
            bytes += call.bytes;
            if count > 0 && bytes > most.bytes {
                bytes -= call.bytes;
                break;
            }
            count += 1;
        }
        self.bytes -= bytes;
        self.calls.drain(..count).collect()
    }
}

#[cfg(all(test, gradus_loom))]
mod interleavings;
