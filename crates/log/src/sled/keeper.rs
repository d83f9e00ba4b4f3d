//! Keeps the anchor, which follows the durable head within 200 ms, or at once when somebody waits,
//! and the note on the clock.

use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use gradus_model::Digest;
use tokio::sync::watch;

use super::shared::locked;
use crate::anchor::{Anchor, AnchorFile};
use crate::{Head, LogError};

/// How long the anchor waits for more before it is written.
const GATHERS: Duration = Duration::from_millis(150);

pub(super) struct Keeper {
    wanted: Mutex<Wanted>,
    woken: Condvar,
    anchored: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    head: Option<Head>,
    note: bool,
    hurry: bool,
    stop: Option<Stop>,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    clean: bool,
}

impl Keeper {
    /// A keeper of an anchor that was written at `size`.
    pub(super) fn new(size: u64) -> Self {
        Self { wanted: Mutex::default(), woken: Condvar::new(), anchored: watch::Sender::new(size) }
    }

    /// Tells of a durable head that the anchor shall hold soon.
    pub(super) fn offer(&self, head: Head) {
        let mut wanted = locked(&self.wanted);
        let idle = wanted.head.replace(head).is_none();
        drop(wanted);
        if idle {
            self.woken.notify_one();
        }
    }

    /// Tells that the next start has to know something new of the clock soon.
    pub(super) fn note_clock(&self) {
        locked(&self.wanted).note = true;
        self.woken.notify_one();
    }

    /// Asks for the anchor at once; the size it holds is then seen in what is returned.
    pub(super) fn hurry(&self) -> watch::Receiver<u64> {
        locked(&self.wanted).hurry = true;
        self.woken.notify_one();
        self.anchored.subscribe()
    }

    /// Ends [`Keeper::run`] after a last write; the first call says whether the log is clean.
    pub(super) fn stop(&self, clean: bool) {
        locked(&self.wanted).stop.get_or_insert(Stop { clean });
        self.woken.notify_one();
    }

    /// Writes the anchor until it is told to stop.
    pub(super) fn run(
        &self,
        mut file: AnchorFile,
        mut head: Head,
        boot: &str,
        first_leaf: &OnceLock<Digest>,
        keep_note: impl Fn() -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        loop {
            let wanted = self.wait();
            head = wanted.head.unwrap_or(head);
            let clean = wanted.stop.is_some_and(|stop| stop.clean);
            if wanted.note || clean {
                keep_note()?;
            }
            if wanted.head.is_some() || clean {
                let log = first_leaf.get().copied().unwrap_or(Digest::ZERO);
                file.write(&Anchor { head, log, boot: boot.to_owned(), clean })?;
                self.anchored.send_replace(head.size);
            }
            if wanted.stop.is_some() {
                return Ok(());
            }
        }
    }

    /// Waits for something to do, and a little for more of it.
    fn wait(&self) -> Wanted {
        let mut wanted = locked(&self.wanted);
        while wanted.head.is_none() && !wanted.note && wanted.stop.is_none() {
            wanted = self.woken.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + GATHERS;
        while !wanted.hurry && wanted.stop.is_none() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.woken.wait_timeout(wanted, left);
            wanted = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let now = *wanted;
        *wanted = Wanted { stop: now.stop, ..Wanted::default() };
        now
    }
}
