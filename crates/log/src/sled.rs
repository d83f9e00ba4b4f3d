//! The engine on sled 0.34, the only place that knows this library and what it does not promise.
//!
//! A directory holds `log` (a database of frames and nothing else), `index` (a second database,
//! derived), `anchor`, `clock`, and `lock`. One thread writes groups of appends: one atomic batch,
//! `flush`, and `fdatasync` on a descriptor of our own, since sled's `flush` alone survives a kill
//! but not a power cut. A second thread keeps the anchor, a third the index.
//!
//! Invariants: only durable records are seen by readers; after a failed sync nothing is
//! acknowledged and nothing is tried again.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gradus_model::{Digest, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::Plan;
use tokio::sync::watch;

use crate::clock::{Machine, MonotonicClock, Reading, WallClock};
use crate::{
    Acknowledgement, Append, BoxFuture, Head, KnownAt, Log, LogError, ReadLimit, StoredRecord,
};

mod aside;
mod behind;
mod carve;
mod database;
mod mark;
mod recovery;
mod scan;
mod startup;
mod survey;
mod threads;
mod trial;
mod undo;
mod watchdog;

pub mod import;
pub mod offline;

mod keeper;
mod running;
mod shared;
mod writer;

mod filter;
mod index;
mod read;

#[cfg(test)]
mod tests;

pub use survey::Spot;

use running::Running;
use shared::locked;

/// The most memory that a database's cache may be set to; what is used is 3 to 5 times as much.
const MOST_CACHE_BYTES: u64 = 32 << 20;

/// What is done when the log can no longer keep its promises.
pub type OnFatal = Arc<dyn Fn(&LogError) + Send + Sync>;

/// Makes what was written to a file durable.
pub type SyncFile = Arc<dyn Fn(&File) -> io::Result<()> + Send + Sync>;

/// Told how the start goes.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// How far the start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The log's files are read as they lie there, before the storage library sees them.
    Reading {
        /// Bytes read.
        done: u64,
        /// Bytes to read.
        total: u64,
    },
    /// The log is copied aside before a recovery that may change it.
    Copying {
        /// Bytes copied.
        done: u64,
        /// Bytes to copy.
        total: u64,
    },
    /// The storage library opens its database.
    Opening,
    /// Every record that no earlier start verified is read and verified.
    Verifying {
        /// Records verified.
        records: u64,
        /// Records that are there at least.
        expected: u64,
    },
    /// The log is open, and the records that were verified before are verified again.
    VerifyingBehind {
        /// Records verified.
        records: u64,
        /// Records to verify.
        expected: u64,
    },
}

/// How far records are verified again, while the log serves, that an earlier start verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerifiedAgain {
    /// There are none: this start verified all of the log before it served.
    #[default]
    Off,
    /// It is under way.
    Running {
        /// Records verified.
        records: u64,
        /// Records to verify.
        expected: u64,
    },
    /// It is done, and all was as before.
    Done {
        /// Records verified.
        records: u64,
    },
}

/// How a log is opened.
#[derive(Clone)]
pub struct Options {
    /// Where the time comes from.
    pub clock: WallClock,
    /// What the clock is compared with.
    pub monotonic: MonotonicClock,
    /// The most appends that wait.
    pub queue_calls: usize,
    /// The most bytes that wait.
    pub queue_bytes: usize,
    /// The cache of the log's database, at most 32 MiB.
    pub log_cache_bytes: u64,
    /// The cache of the index's database, at most 32 MiB.
    pub index_cache_bytes: u64,
    /// Runs of positions that are kept in memory before they go to the index's database.
    pub index_runs: usize,
    /// Logs of fewer records than this are verified whole before they are served.
    pub whole_below: u64,
    /// After how many records it is noted what the next start need not verify before it serves.
    pub mark_every: u64,
    /// Opens a log that has records but no anchor.
    pub accept_missing_anchor: bool,
    /// Names this boot of the machine; empty where the system tells none.
    pub boot: String,
    /// The longest pause that is believed: after a boot, a clock that is further ahead of the last
    /// known time is suspect; none believes any.
    pub most_pause: Option<Duration>,
    /// The longest time that a group may take to become durable: one that takes longer is a failed
    /// write.
    pub most_stall: Duration,
    /// Called on a failed write or sync, when nothing can be acknowledged any more; it should end
    /// the process.
    pub on_fatal: OnFatal,
    /// Makes the log's file durable; a test can fail here.
    pub sync: SyncFile,
    /// Told how the start goes.
    pub on_progress: OnProgress,
}

/// Logs of fewer records are verified whole before they are served: that takes a second.
pub const WHOLE_BELOW: u64 = 250_000;

impl Default for Options {
    fn default() -> Self {
        let Machine { wall, monotonic, boot } = Machine::real();
        Self {
            clock: wall,
            monotonic,
            most_pause: None,
            queue_calls: 4_096,
            queue_bytes: 32 << 20,
            // What was written last is rarely read from it: the views take that from memory.
            log_cache_bytes: MOST_CACHE_BYTES / 2,
            index_cache_bytes: MOST_CACHE_BYTES,
            index_runs: 65_536,
            whole_below: WHOLE_BELOW,
            mark_every: 2 * WHOLE_BELOW,
            accept_missing_anchor: false,
            boot,
            most_stall: Duration::from_mins(2),
            on_fatal: Arc::new(|error| {
                tracing::error!(%error, "the log failed, the process ends");
                std::process::abort();
            }),
            sync: Arc::new(File::sync_data),
            on_progress: Arc::new(|_| ()),
        }
    }
}

/// A log in a directory; one process at a time.
///
/// Dropping it finishes the appends in the queue, which blocks; only [`Log::close`] marks the
/// anchor clean.
pub struct SledLog(Arc<Running>);

impl SledLog {
    /// Opens the log in `directory`, or creates it; reads its files, and verifies every record that
    /// was not verified before, which blocks. The others are verified again while it is open.
    ///
    /// # Errors
    ///
    /// When anything is in doubt: each error says what was seen and what to do.
    pub fn open(directory: &Path, options: Options) -> Result<Self, LogError> {
        let running = threads::patiently(|| startup::open(directory, options))?;
        Ok(Self(Arc::new(running)))
    }
}

/// What is damaged in a folder of a database that is derived, read without a change to it.
pub fn damage_of(folder: &Path) -> Result<Vec<Spot>, LogError> {
    let exists = folder.is_dir();
    Ok(if exists { survey::Survey::of(folder, &|_, _| ())?.spots } else { Vec::new() })
}

impl Log for SledLog {
    fn append(&self, append: Append) -> Result<Acknowledgement, LogError> {
        self.0.shared.queue.push(append, None)
    }

    fn append_ahead(&self, append: Append) -> Result<Acknowledgement, LogError> {
        self.0.shared.queue.push_quietly(append, None)
    }

    fn wake(&self) {
        self.0.shared.queue.wake();
    }

    fn head(&self) -> Head {
        *self.0.shared.head.borrow()
    }

    fn watch(&self) -> watch::Receiver<Head> {
        self.0.shared.head.subscribe()
    }

    fn root_at(&self, size: u64) -> BoxFuture<Result<Digest, LogError>> {
        let head = self.head();
        if size == head.size {
            return ready(Ok(head.root));
        }
        if let Some(root) = self.0.shared.recent_root(size, head.size) {
            return ready(root);
        }
        let shared = Arc::clone(&self.0.shared);
        blocking(move || shared.root_at(size, head.size))
    }

    fn prove(&self, plan: Plan) -> BoxFuture<Result<Vec<Digest>, LogError>> {
        let (shared, head) = (Arc::clone(&self.0.shared), self.head());
        blocking(move || shared.prove(&plan, head.size))
    }

    fn known_at(&self, at: Timestamp) -> BoxFuture<Result<KnownAt, LogError>> {
        let seen = self.0.shared.durable_by(at);
        if seen.last.is_none_or(|last| last <= at) {
            let known = KnownAt { size: seen.size, settled: seen.passed };
            let shared = Arc::clone(&self.0.shared);
            if !seen.passed || shared.has_promised(at) {
                return ready(Ok(known));
            }
            // Nobody is told before the next start would know of it.
            return blocking(move || shared.promise(at).map(|()| known));
        }
        let shared = Arc::clone(&self.0.shared);
        blocking(move || {
            shared.stamped_by(at, seen.size).map(|size| KnownAt { size, settled: true })
        })
    }

    fn read(&self, from: u64, most: ReadLimit) -> BoxFuture<Result<Vec<StoredRecord>, LogError>> {
        let size = self.head().size;
        if from >= size {
            return ready(Ok(Vec::new()));
        }
        let shared = Arc::clone(&self.0.shared);
        blocking(move || shared.read(from, size, most))
    }

    fn read_stream(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> BoxFuture<Result<Vec<StoredRecord>, LogError>> {
        let shared = Arc::clone(&self.0.shared);
        blocking(move || shared.read_stream(stream, from, most))
    }

    fn read_stream_here(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> Result<Vec<StoredRecord>, LogError> {
        self.0.shared.read_stream(stream, from, most)
    }

    fn find_request(
        &self,
        actor: PrincipalId,
        request: RequestId,
    ) -> BoxFuture<Result<Vec<Range<u64>>, LogError>> {
        let (recent, stored) = self.0.shared.index.recent_request((actor, request));
        let Some(segments) = stored else { return ready(Ok(recent)) };
        let shared = Arc::clone(&self.0.shared);
        blocking(move || shared.index.stored_request((actor, request), segments, recent))
    }

    fn anchored(&self, size: u64) -> BoxFuture<Result<(), LogError>> {
        let head = self.head().size;
        if size > head {
            return ready(Err(LogError::Past { asked: size, size: head }));
        }
        let mut anchored = self.0.shared.keeper.hurry();
        Box::pin(async move {
            let reached = anchored.wait_for(|anchored| *anchored >= size).await;
            reached.map(|_| ()).map_err(|_| LogError::Closed)
        })
    }

    fn verified_again(&self) -> VerifiedAgain {
        *locked(&self.0.shared.again)
    }

    fn clock(&self) -> Reading {
        self.0.shared.read_clock()
    }

    fn append_accepting(
        &self,
        append: Append,
        wall: Timestamp,
    ) -> Result<Acknowledgement, LogError> {
        self.0.shared.queue.push(append, Some(wall))
    }

    fn close(&self) -> BoxFuture<Result<(), LogError>> {
        let running = Arc::clone(&self.0);
        blocking(move || running.stop(true))
    }
}

fn ready<T: Send + 'static>(value: T) -> BoxFuture<T> {
    Box::pin(std::future::ready(value))
}

/// Runs `work` on a thread that may block.
fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> BoxFuture<Result<T, LogError>> {
    Box::pin(async move {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|gone| Err(LogError::Storage(gone.to_string())))
    })
}
