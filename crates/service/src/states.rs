//! State digests: at set sizes the log says itself what was known of every stream, so that nobody can
//! leave out a record of one later.
//!
//! The size is a multiple of a setting. Once the log has passed it, what was known at exactly that
//! size is described by rows ([`gradus_capsule::state`]), and their root is appended as an event like
//! any other. Where that fails it is tried again, also by the next start; callers never wait for it.
//!
//! Invariant: neither a record of a state digest nor one of auditors' questions makes another one due.

mod audit;
mod kept;
mod level;
mod make;
mod prove;
mod scope;

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use gradus_model::{Event, Recorded};
use gradus_proof::Row;
use gradus_proof::state::areas::BY_AREA;
use tokio::sync::watch;

pub use audit::Audited;
pub use level::OfLevel;
pub use prove::{OfUnit, Whole};
pub use scope::{MOST_ROWS, OfScope};

/// After how many records a state is described, unless the settings say otherwise.
pub const EVERY: NonZeroU64 = NonZeroU64::MIN.saturating_add(4_095);

/// The version of the projector that digests name from now on: its rows open area by area.
const PROJECTOR: u32 = BY_AREA;

/// Rows of a size, as they were read last.
type Rows = (u64, Arc<Vec<Row>>);

/// What is to be described, and what was.
pub(crate) struct States {
    /// 0 until a server asks for it.
    every: AtomicU64,
    /// The last size that is to be described, which the index has read.
    cut: watch::Sender<Option<u64>>,
    /// The rows that were asked for last.
    recent: Mutex<Option<Rows>>,
    audited: Mutex<Option<Audited>>,
    /// Set when the log is closed.
    stopping: AtomicBool,
}

impl Default for States {
    fn default() -> Self {
        Self {
            every: AtomicU64::new(0),
            cut: watch::Sender::new(None),
            recent: Mutex::default(),
            audited: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }
}

impl States {
    /// The last multiple up to `size`; none before the first one, or where none is asked for.
    fn passed(&self, size: u64) -> Option<u64> {
        let every = NonZeroU64::new(self.every.load(Ordering::Relaxed))?;
        Some(size / every * every.get()).filter(|passed| *passed > 0)
    }

    /// The last size among new records, from a cursor on, at which the state is to be described.
    pub(crate) fn boundary(&self, records: &[Recorded], cursor: u64) -> Option<u64> {
        let mut passed = self.passed(records.last()?.place.position + 1)?;
        while passed > cursor {
            let last = records.binary_search_by_key(&(passed - 1), |one| one.place.position);
            let last = last.ok().and_then(|found| records.get(found))?;
            if !is_beside(&last.event) {
                return Some(passed);
            }
            passed = self.passed(passed - 1)?;
        }
        None
    }

    /// Tells whoever describes sizes that the index has read one.
    pub(crate) fn cut(&self, size: u64) {
        self.cut.send_replace(Some(size));
    }

    /// The same, where no size is known: the last one is looked for among all that it has read.
    pub(crate) fn look(&self) {
        self.cut.send_modify(|_| ());
    }

    /// Ends what goes on beside the calls.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the log is being closed.
    pub(crate) fn stopped(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// Whether it is said of the log itself, so that no digest is due by it alone: another digest, and what
/// is recorded of auditors' questions.
const fn is_beside(event: &Event) -> bool {
    matches!(
        event,
        Event::StateDigestRecorded(_)
            | Event::QueriesRecorded(_)
            | Event::EngagementEnded(_)
            | Event::QueriesOpened(_)
    )
}

#[cfg(test)]
mod tests;
