//! What the threads of an open log share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use gradus_model::{Digest, Timestamp};
use gradus_proof::Tree;
use gradus_proof::tree::WIDTH;
use tokio::sync::watch;

use super::index::Index;
use super::keeper::Keeper;
use super::mark::Mark;
use super::watchdog::Watchdog;
use super::{OnFatal, VerifiedAgain};
use crate::clock::note::NoteFile;
use crate::clock::{Clock, Reading};
use crate::queue::Queue;
use crate::{Head, LogError};

pub(super) struct Shared {
    pub(super) directory: PathBuf,
    pub(super) frames: ::sled::Db,
    pub(super) index: Index,
    pub(super) queue: Queue,
    pub(super) clock: Clock,
    pub(super) note: Mutex<NoteFile>,
    /// Up to when the next start knows that somebody was told of a time as settled.
    pub(super) promised: AtomicI64,
    pub(super) keeper: Keeper,
    pub(super) watchdog: Watchdog,
    /// The durable head.
    pub(super) head: watch::Sender<Head>,
    /// At times ahead of the head, by the group that is being synced.
    pub(super) tree: Mutex<Tree>,
    /// Leaf hashes that roots asked for lately needed.
    pub(super) loose: Mutex<Loose>,
    /// Roots at earlier sizes that were asked for lately.
    pub(super) roots: Mutex<BTreeMap<u64, Digest>>,
    /// The hash of the leaf at position 0, once there is one.
    pub(super) first_leaf: OnceLock<Digest>,
    pub(super) moment: Mutex<Moment>,
    pub(super) failed: AtomicBool,
    /// Whether the threads are to end.
    pub(super) stopping: AtomicBool,
    /// Whether a record that was verified before is not as it was.
    pub(super) doubted: AtomicBool,
    /// How far that is verified again.
    pub(super) again: Mutex<VerifiedAgain>,
    /// When what was verified is noted.
    pub(super) marking: Marking,
    pub(super) on_fatal: OnFatal,
}

/// When it is noted what the next start need not verify before it serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marking {
    /// From how many records on.
    pub(super) from: u64,
    /// After how many more.
    pub(super) every: u64,
    /// The size that is noted in the folder of the index.
    pub(super) kept: u64,
}

/// The hashes of the first leaves past a complete subtree, by the position of the first.
pub(super) type Loose = BTreeMap<u64, Vec<Digest>>;

/// How far the records go in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The durable size, and the stamp of its last record.
    pub(super) size: u64,
    pub(super) last: Option<Timestamp>,
    /// Whether stamps have been given to records that are not durable yet.
    pub(super) in_flight: bool,
    /// Somebody was told that nothing more is stamped up to here.
    pub(super) settled: Option<Timestamp>,
}

/// What is durable at a date, as far as the last stamp tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct DurableBy {
    pub(super) size: u64,
    pub(super) last: Option<Timestamp>,
    /// Whether the date has passed with nothing in flight.
    pub(super) passed: bool,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// What the clock says; what the next start has to know of it is written soon.
    ///
    /// A power cut before that loses a suspicion, but no stamp was given under it.
    pub(super) fn read_clock(&self) -> Reading {
        let reading = self.clock.read();
        if self.clock.changed() {
            self.keeper.note_clock();
        }
        reading
    }

    /// Makes what the next start has to know of the clock durable.
    pub(super) fn keep_note(&self) -> Result<(), LogError> {
        let mut note = locked(&self.note);
        self.clock.changed();
        let settled = locked(&self.moment).settled;
        note.write(self.clock.note(settled))?;
        if let Some(settled) = settled {
            self.promised.fetch_max(settled.micros(), Ordering::SeqCst);
        }
        Ok(())
    }

    /// Starts to stamp a group: the time for its first record, later than all that was settled.
    pub(super) fn start_stamping(&self, now: Timestamp) -> Timestamp {
        let mut moment = locked(&self.moment);
        moment.in_flight = true;
        moment.settled.map_or(now, |settled| now.max(settled.plus_micros(1)))
    }

    /// Ends what [`Shared::start_stamping`] started: everything stamped is durable.
    pub(super) fn all_durable(&self, size: u64, last: Option<Timestamp>) {
        let mut moment = locked(&self.moment);
        *moment = Moment { size, last, in_flight: false, settled: moment.settled };
    }

    /// What is durable now, and whether more can be stamped up to `at`; if not, none will be.
    pub(super) fn durable_by(&self, at: Timestamp) -> DurableBy {
        let now = self.read_clock().believed().ok().filter(|now| *now >= at);
        let mut moment = locked(&self.moment);
        let now = now.filter(|_| !moment.in_flight);
        let passed = now.is_some();
        // As far as it can be told now, so that the next one who asks need not wait for the disk.
        moment.settled = moment.settled.max(now);
        DurableBy { size: moment.size, last: moment.last, passed }
    }

    /// Whether the next start knows that somebody was told of `at` as settled.
    pub(super) fn has_promised(&self, at: Timestamp) -> bool {
        self.promised.load(Ordering::SeqCst) >= at.micros()
    }

    /// Makes sure that the next start stamps nothing up to `at` either.
    pub(super) fn promise(&self, at: Timestamp) -> Result<(), LogError> {
        if self.has_promised(at) {
            return Ok(());
        }
        // A note that may not be durable is not tried again, and nobody is told.
        self.keep_note().inspect_err(|error| self.fatal(error))
    }

    /// Writes down what was verified; that it fails costs the next start time, no more.
    pub(super) fn keep_mark(&self, mark: &Mark, kept: &mut u64) {
        // The next start takes a mark that the anchor reaches.
        let anchored = self.keeper.hurry();
        while *anchored.borrow() < mark.head.size {
            if self.failed.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let from = usize::try_from(*kept / WIDTH).unwrap_or(usize::MAX);
        let to = usize::try_from(mark.head.size / WIDTH).unwrap_or(usize::MAX);
        let told = locked(&self.tree).subtrees().get(from..to).unwrap_or_default().to_vec();
        if self.doubted.load(Ordering::SeqCst) {
            return;
        }
        match mark.write(&self.directory.join("index"), (from, &told)) {
            Ok(()) => *kept = mark.head.size,
            Err(error) => tracing::warn!(%error, "the next start verifies more of the log"),
        }
    }

    /// Gives up: no call is answered any more, and the process should end.
    pub(super) fn fatal(&self, error: &LogError) {
        // Whoever is told of it finds that nothing is taken any more.
        self.queue.close();
        if !self.failed.swap(true, Ordering::SeqCst) {
            (self.on_fatal)(error);
        }
        self.stopping.store(true, Ordering::SeqCst);
        self.index.stop();
        self.keeper.stop(false);
        self.watchdog.stop();
    }
}
