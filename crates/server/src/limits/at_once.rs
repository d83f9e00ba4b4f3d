//! So many at the same time, and a bounded line of those who wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Over;

/// The longest that somebody waits in line.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Those who wait, at most, for each that may run.
const WAITING_FOR_EACH: usize = 4;
/// When to come back after the line was full.
const RETRY: Duration = Duration::from_millis(250);

/// A limit of so many at once.
pub(super) struct AtOnce {
    name: &'static str,
    most: u32,
    bound: Option<Bound>,
}

struct Bound {
    running: Arc<Semaphore>,
    /// Those who run, and those who wait.
    line: Arc<Semaphore>,
}

/// A place among those who run; given back when it is dropped.
pub(crate) struct Place {
    _held: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl AtOnce {
    /// Whoever comes when all places are taken waits in line.
    pub(super) fn in_line(name: &'static str, most: u32) -> Self {
        Self::new(name, most, 1 + WAITING_FOR_EACH)
    }

    /// Whoever comes when all places are taken is refused.
    pub(super) fn refusing(name: &'static str, most: u32) -> Self {
        Self::new(name, most, 1)
    }

    fn new(name: &'static str, most: u32, line: usize) -> Self {
        let places = usize::try_from(most).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS / 8);
        let bound = (most > 0).then(|| Bound {
            running: Arc::new(Semaphore::new(places)),
            line: Arc::new(Semaphore::new(places * line)),
        });
        Self { name, most, bound }
    }

    /// Waits for a place, 5 s at most.
    pub(super) async fn enter(&self) -> Result<Place, Over> {
        let Some(bound) = &self.bound else { return Ok(Place { _held: None }) };
        let over = || Over { limit: self.name, most: self.most, wait: RETRY };
        let line = Arc::clone(&bound.line).try_acquire_owned().map_err(|_| over())?;
        let running = Arc::clone(&bound.running).acquire_owned();
        match tokio::time::timeout(LONGEST_WAIT, running).await {
            Ok(Ok(running)) => Ok(Place { _held: Some((running, line)) }),
            _ => Err(over()),
        }
    }
}
