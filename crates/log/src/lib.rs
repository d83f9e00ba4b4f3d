//! The append-only log: the trait, its contract tests and the sled engine.
//!
//! A log holds records at positions 0, 1, 2, …; each is a leaf, hashed into one Merkle tree, and a
//! sealed payload. It knows streams, versions and hashes, and nothing of what the records mean.
//!
//! Invariants: what was acknowledged is durable; a position never changes; stamps strictly
//! increase with positions.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

use gradus_model::{Digest, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::Plan;
use tokio::sync::watch;

pub mod append;
pub mod record;

pub mod error;

pub mod clock;
mod queue;
mod runs;
mod sequence;
mod slots;

pub mod memory;

mod anchor;
mod frame;
pub mod sled;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

pub use self::sled::import::Import;
pub use self::sled::offline::{OfflineLog, OfflineRecord, Verified};
pub use self::sled::{Options, Progress, SledLog, Spot, VerifiedAgain, WHOLE_BELOW, damage_of};
pub use append::{Append, Appended, NewRecord, Part, Placed};
pub use clock::{Machine, Reading, WallClock};
pub use error::LogError;
pub use memory::MemoryLog;
pub use record::{Head, KnownAt, ReadLimit, StoredRecord};

/// A future on the heap.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Resolves once an append is durable, or refused; the append happens even if nobody waits.
pub type Acknowledgement = BoxFuture<Result<Appended, LogError>>;

/// An append-only log. Futures need a tokio runtime and take the blocking work off its threads.
pub trait Log: Send + Sync + 'static {
    /// Takes its place in the queue at once, in call order; the future resolves after the sync.
    ///
    /// # Errors
    ///
    /// At once [`LogError::Full`], [`LogError::TooLarge`], [`LogError::Empty`],
    /// [`LogError::Closed`]. From the future [`LogError::StaleVersion`] when another writer came
    /// first, and [`LogError::ClockSuspect`]; nothing of the append is written then.
    fn append(&self, append: Append) -> Result<Acknowledgement, LogError>;

    /// As [`Log::append`], of an append that others follow at once: a writer that waits need not be
    /// woken for it, so that they are written together. Whoever makes it calls [`Log::wake`] when
    /// there are none to follow, or they are not there yet.
    fn append_ahead(&self, append: Append) -> Result<Acknowledgement, LogError> {
        self.append(append)
    }

    /// Wakes a writer that waits for what is queued.
    fn wake(&self) {}

    /// The durable size and its root.
    fn head(&self) -> Head;

    /// The durable head as it moves; a slow reader sees the newest only.
    fn watch(&self) -> watch::Receiver<Head>;

    /// The root the log had at `size`; [`LogError::Past`] past the head.
    fn root_at(&self, size: u64) -> BoxFuture<Result<Digest, LogError>>;

    /// The hashes of a proof; [`LogError::Past`] where it takes what is past the head.
    fn prove(&self, plan: Plan) -> BoxFuture<Result<Vec<Digest>, LogError>>;

    /// How many records were stamped up to and including `at`, and whether that is settled.
    fn known_at(&self, at: Timestamp) -> BoxFuture<Result<KnownAt, LogError>>;

    /// Records from position `from` on, at least one if there is one; none past the head.
    fn read(&self, from: u64, most: ReadLimit) -> BoxFuture<Result<Vec<StoredRecord>, LogError>>;

    /// Records of one stream from version `from` on, at least one if there is one.
    fn read_stream(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> BoxFuture<Result<Vec<StoredRecord>, LogError>>;

    /// As [`Log::read_stream`], on this thread, which blocks.
    fn read_stream_here(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> Result<Vec<StoredRecord>, LogError>;

    /// The positions of the durable records that a principal's request wrote, in order; none when
    /// the request never wrote.
    fn find_request(
        &self,
        actor: PrincipalId,
        request: RequestId,
    ) -> BoxFuture<Result<Vec<Range<u64>>, LogError>>;

    /// Resolves once the anchor, which is synced apart from the log, holds at least `size`.
    ///
    /// To be awaited before a checkpoint of that size is signed.
    fn anchored(&self, size: u64) -> BoxFuture<Result<(), LogError>>;

    /// How far the records that an earlier start verified were verified again since this one.
    fn verified_again(&self) -> VerifiedAgain {
        VerifiedAgain::Off
    }

    /// What the clock says, and whether it is believed.
    fn clock(&self) -> Reading;

    /// As [`Log::append`], of records which say that the suspect clock, when it said `wall`, is right.
    ///
    /// They are the first that are stamped by it, and it is believed once they are durable; else it
    /// stays suspect. From the future besides [`LogError::ClockBelieved`] when it is not suspect
    /// any more, and [`LogError::ClockSuspect`] when it has jumped again since.
    fn append_accepting(
        &self,
        append: Append,
        wall: Timestamp,
    ) -> Result<Acknowledgement, LogError>;

    /// Refuses new appends, finishes those in the queue, and marks the anchor clean.
    ///
    /// Reads go on until the log is dropped.
    fn close(&self) -> BoxFuture<Result<(), LogError>>;
}
