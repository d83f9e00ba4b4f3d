//! What the threads of an open log share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use gradus_model::{Digest, Timestamp};
use gradus_proof::Tree;
use tokio::sync::watch;

use super::OnFatal;
use super::index::Index;
use super::keeper::Keeper;
use crate::clock::{Clock, Suspect};
use crate::queue::Queue;
use crate::{Head, LogError};

pub(super) struct Shared {
    pub(super) directory: PathBuf,
    pub(super) frames: ::sled::Db,
    pub(super) index: Index,
    pub(super) queue: Queue,
    pub(super) clock: Clock,
    pub(super) keeper: Keeper,
    /// The durable head.
    pub(super) head: watch::Sender<Head>,
    /// At times ahead of the head, by the group that is being synced.
    pub(super) tree: Mutex<Tree>,
    /// Leaf hashes that roots asked for lately needed.
    pub(super) loose: Mutex<Loose>,
    /// The hash of the leaf at position 0, once there is one.
    pub(super) first_leaf: OnceLock<Digest>,
    pub(super) moment: Mutex<Moment>,
    pub(super) failed: AtomicBool,
    pub(super) on_fatal: OnFatal,
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
    /// Starts to stamp a group: the time for its first record, later than all that was settled.
    pub(super) fn start_stamping(&self) -> Result<Timestamp, Suspect> {
        let now = self.clock.now()?;
        let mut moment = locked(&self.moment);
        moment.in_flight = true;
        Ok(moment.settled.map_or(now, |settled| now.max(settled.plus_micros(1))))
    }

    /// Ends what [`Shared::start_stamping`] started: everything stamped is durable.
    pub(super) fn all_durable(&self, size: u64, last: Option<Timestamp>) {
        let mut moment = locked(&self.moment);
        *moment = Moment { size, last, in_flight: false, settled: moment.settled };
    }

    /// What is durable now, and whether more can be stamped up to `at`; if not, none will be.
    pub(super) fn durable_by(&self, at: Timestamp) -> DurableBy {
        let mut moment = locked(&self.moment);
        let passed = !moment.in_flight && self.clock.now().is_ok_and(|now| now >= at);
        if passed {
            moment.settled = moment.settled.max(Some(at));
        }
        DurableBy { size: moment.size, last: moment.last, passed }
    }

    /// Gives up: no call is answered any more, and the process should end.
    pub(super) fn fatal(&self, error: &LogError) {
        if !self.failed.swap(true, Ordering::SeqCst) {
            (self.on_fatal)(error);
        }
        self.queue.close();
        self.index.stop();
        self.keeper.stop(false);
    }
}
