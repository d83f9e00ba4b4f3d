//! Tells when a group is not durable for so long that it never will be.
//!
//! sled may wait for ever for a write of its own that failed: nothing returns then, no error is seen,
//! and no call is answered. The process has to end all the same, so that it can be started again.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::shared::locked;
use crate::LogError;

/// How often it looks, where a group may take longer than that.
const TICK: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Watchdog {
    watched: Mutex<Watched>,
    stopped: Condvar,
}

#[derive(Default)]
struct Watched {
    /// Since when a group is being committed.
    since: Option<Instant>,
    stopping: bool,
}

/// As long as it lives, a group is being committed.
pub(super) struct Committing<'a>(&'a Watchdog);

impl Drop for Committing<'_> {
    fn drop(&mut self) {
        locked(&self.0.watched).since = None;
    }
}

impl Watchdog {
    /// A group begins to be committed.
    pub(super) fn committing(&self) -> Committing<'_> {
        locked(&self.watched).since = Some(Instant::now());
        Committing(self)
    }

    /// Ends [`Watchdog::run`].
    pub(super) fn stop(&self) {
        locked(&self.watched).stopping = true;
        self.stopped.notify_all();
    }

    /// Looks until it is told to stop, or a group takes longer than `most`.
    pub(super) fn run(&self, most: Duration) -> Result<(), LogError> {
        let tick = TICK.min(most / 2);
        let mut watched = locked(&self.watched);
        while !watched.stopping {
            if watched.since.is_some_and(|since| since.elapsed() > most) {
                return Err(LogError::Stalled { most });
            }
            let woken = self.stopped.wait_timeout(watched, tick);
            watched = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}
