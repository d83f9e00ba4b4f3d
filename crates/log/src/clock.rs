//! The writer's clock: a wall clock that is trusted while it agrees with the monotonic one.

use std::sync::{Arc, Mutex, PoisonError};

use gradus_model::Timestamp;

use crate::LogError;

/// Where the time comes from; a test passes its own.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How far the wall clock may be from what is expected.
const TOLERANCE_MICROS: u64 = 60_000_000;

/// The system's clock.
#[must_use]
pub fn system_clock() -> WallClock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = since.ok().and_then(|since| i64::try_from(since.as_micros()).ok());
        // A clock outside the years that can be recorded is suspect wherever it stands.
        micros.and_then(|micros| Timestamp::from_micros(micros).ok()).unwrap_or(Timestamp::MIN)
    })
}

pub(crate) struct Clock {
    wall: WallClock,
    base: Mutex<Base>,
}

/// A wall clock that is not where it is expected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspect {
    wall: Timestamp,
    expected: Timestamp,
}

impl From<Suspect> for LogError {
    fn from(Suspect { wall, expected }: Suspect) -> Self {
        Self::ClockSuspect { wall, expected }
    }
}

/// Two readings that belong together.
#[derive(Clone, Copy)]
struct Base {
    wall: Timestamp,
    monotonic: i64,
}

impl Clock {
    /// A clock that is suspect from the start if it is far behind `last`, the last record's stamp.
    pub(crate) fn start(wall: WallClock, last: Option<Timestamp>) -> Self {
        let now = wall();
        let base = match last {
            Some(last) if apart(now, last) > TOLERANCE_MICROS => now.max(last),
            _ => now,
        };
        Self { wall, base: Mutex::new(Base { wall: base, monotonic: monotonic_micros() }) }
    }

    /// The time, unless the clock is suspect.
    pub(crate) fn now(&self) -> Result<Timestamp, Suspect> {
        let base = *self.base.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = base.wall.plus_micros(monotonic_micros().saturating_sub(base.monotonic));
        let wall = (self.wall)();
        if apart(wall, expected) > TOLERANCE_MICROS {
            return Err(Suspect { wall, expected });
        }
        Ok(wall)
    }

    /// Takes the wall clock as right.
    pub(crate) fn accept(&self) {
        let base = Base { wall: (self.wall)(), monotonic: monotonic_micros() };
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
    }
}

fn apart(one: Timestamp, other: Timestamp) -> u64 {
    one.micros().abs_diff(other.micros())
}

/// Microseconds since some instant before the start; they go on while the machine sleeps.
#[cfg(target_os = "linux")]
fn monotonic_micros() -> i64 {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    at.tv_sec.saturating_mul(1_000_000).saturating_add(at.tv_nsec / 1_000)
}

#[cfg(not(target_os = "linux"))]
fn monotonic_micros() -> i64 {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    i64::try_from(START.elapsed().as_micros()).unwrap_or(i64::MAX)
}
