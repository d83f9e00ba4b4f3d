//! The writer's clock: a wall clock that is believed while it agrees with the monotonic one.
//!
//! Within one boot of the machine, also across restarts, the monotonic clock says where the wall
//! clock must be. Over a boot it says nothing: then any time after the last one that is known is
//! believed, up to a bound, unless the clock was suspect when the machine went down.
//!
//! Invariant: once suspect, a clock is believed again only where it reads what a right one would,
//! or when it was accepted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_model::Timestamp;

use crate::LogError;
use note::{Kept, Note};

pub(crate) mod note;

/// Where the time comes from; a test passes its own.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Microseconds since some instant of this boot; they go on while the machine sleeps.
pub type MonotonicClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How far the wall clock may be from what is expected.
const TOLERANCE_MICROS: i64 = 60_000_000;

/// The clocks of one boot of a machine.
#[derive(Clone)]
pub struct Machine {
    /// The wall clock.
    pub wall: WallClock,
    /// The monotonic clock.
    pub monotonic: MonotonicClock,
    /// Names the boot; empty where the system tells none.
    pub boot: String,
}

impl Machine {
    /// This machine as it runs now.
    #[must_use]
    pub fn real() -> Self {
        Self::from(system_clock())
    }
}

impl From<WallClock> for Machine {
    /// This boot and its monotonic clock, with another wall clock.
    fn from(wall: WallClock) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { wall, monotonic: Arc::new(monotonic_micros), boot: boot.trim().to_owned() }
    }
}

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

/// What the clock says, and whether it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the wall clock says.
    pub wall: Timestamp,
    /// What is expected. After a pause of unknown length it is the earliest that can be.
    pub expected: Timestamp,
    /// Whether appends are refused because of it.
    pub suspect: bool,
    monotonic: i64,
}

impl Reading {
    /// The time, unless the clock is suspect.
    pub(crate) fn believed(self) -> Result<Timestamp, LogError> {
        let Self { wall, expected, suspect, .. } = self;
        if suspect { Err(LogError::ClockSuspect { wall, expected }) } else { Ok(wall) }
    }

    /// Whether it is the clock that somebody accepted when it said `wall`.
    pub(crate) fn acceptable(self, wall: Timestamp) -> Result<(), LogError> {
        if !self.suspect {
            return Err(LogError::ClockBelieved { wall: self.wall, expected: self.expected });
        }
        if apart(self.wall, wall) > TOLERANCE_MICROS {
            // It has jumped again since.
            return self.believed().map(|_| ());
        }
        Ok(())
    }
}

pub(crate) struct Clock {
    machine: Machine,
    state: Mutex<State>,
}

struct State {
    trust: Trust,
    /// Where the time is, or is at least, and where the monotonic clock was then; none for a log
    /// that has no past.
    base: Option<Base>,
    /// The last stamp when a clock was accepted.
    past: Option<Timestamp>,
    /// Whether the wall clock is suspect.
    doubted: bool,
    /// Whether the next start does not know of it yet.
    changed: bool,
}

/// What is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// What the base leads to expect.
    Exact,
    /// The machine was off for a time that nobody knows: up to so many microseconds more.
    Pause {
        /// What the settings bound a pause to, if anything.
        most: Option<i64>,
        /// The clock was ahead by more than this: what is ahead by as much is that clock still.
        ahead: Option<i64>,
    },
    /// Nothing: the clock was behind when the machine went down, and nobody can say whether it
    /// still is.
    Nothing,
}

/// Two readings that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Base {
    wall: Timestamp,
    monotonic: i64,
}

impl Base {
    fn at(self, monotonic: i64) -> Timestamp {
        self.wall.plus_micros(monotonic.saturating_sub(self.monotonic))
    }
}

impl Clock {
    /// The clock of a log whose times go up to `floor`, after what the last run noted of it; after
    /// a pause, `most_pause` microseconds past the last known time are believed, or any number.
    pub(crate) fn start(
        machine: Machine,
        floor: Option<Timestamp>,
        noted: Option<&Note>,
        most_pause: Option<i64>,
    ) -> Self {
        let monotonic = (machine.monotonic)();
        // Stamps lie past the note's line where a clock that was behind was accepted, or the log went
        // on without it.
        let is_past = |note: &Note, then: Timestamp| {
            let reach = then.max(note.past.unwrap_or(then));
            floor.filter(|floor| micros_after(*floor, reach) > TOLERANCE_MICROS)
        };
        // Within its boot a note is overtaken only if the program was killed before it was written.
        let noted = noted.filter(|note| {
            !note.is_of(&machine.boot) || is_past(note, note.base().at(monotonic)).is_none()
        });
        let (trust, base) = match noted {
            Some(note) if note.is_of(&machine.boot) => {
                let trust = match note.kept {
                    Kept::Exact => Trust::Exact,
                    Kept::Pause { ahead } => Trust::Pause { most: most_pause, ahead },
                    Kept::Nothing => Trust::Nothing,
                };
                (trust, Some(note.base()))
            }
            Some(note) => {
                let wall = is_past(note, note.expected).unwrap_or(note.expected);
                (note.trust_over_a_boot(most_pause), Some(Base { wall, monotonic }))
            }
            None => {
                let trust = Trust::Pause { most: most_pause, ahead: None };
                (trust, floor.map(|wall| Base { wall, monotonic }))
            }
        };
        let past = noted.and_then(|note| note.past);
        let state = Mutex::new(State { trust, base, past, doubted: false, changed: true });
        let clock = Self { machine, state };
        clock.read();
        clock
    }

    /// What the clock says, and whether it is believed now.
    pub(crate) fn read(&self) -> Reading {
        let mut state = self.state();
        let monotonic = (self.machine.monotonic)();
        let wall = (self.machine.wall)();
        let expected = state.base.map_or(wall, |base| base.at(monotonic));
        let off = micros_after(wall, expected);
        let within = |most: i64| (-TOLERANCE_MICROS..=most).contains(&off);
        let believed = match state.trust {
            _ if state.base.is_none() => true,
            Trust::Exact => within(TOLERANCE_MICROS),
            Trust::Pause { most, ahead } => {
                within(most.unwrap_or(i64::MAX))
                    && ahead.is_none_or(|ahead| off < ahead - TOLERANCE_MICROS)
            }
            Trust::Nothing => false,
        };
        if believed && (state.trust != Trust::Exact || state.base.is_none()) {
            state.believe(Base { wall, monotonic });
        } else if believed == state.doubted {
            (state.doubted, state.changed) = (!believed, true);
        }
        Reading { wall, expected, suspect: !believed, monotonic }
    }

    /// Takes the wall clock as right from the time of a reading on, whatever the last stamp says.
    pub(crate) fn accept(&self, reading: Reading, last: Option<Timestamp>) {
        let mut state = self.state();
        state.believe(Base { wall: reading.wall, monotonic: reading.monotonic });
        state.past = last;
    }

    /// Whether something changed since the last call that the next start has to know.
    pub(crate) fn changed(&self) -> bool {
        std::mem::take(&mut self.state().changed)
    }

    /// What the next start has to know.
    pub(crate) fn note(&self, told: Option<Timestamp>) -> Note {
        let state = self.state();
        let monotonic = (self.machine.monotonic)();
        let kept = match state.trust {
            Trust::Exact => Kept::Exact,
            Trust::Pause { ahead, .. } => Kept::Pause { ahead },
            Trust::Nothing => Kept::Nothing,
        };
        let wall = (self.machine.wall)();
        let expected = state.base.map_or(wall, |base| base.at(monotonic));
        let (boot, past) = (self.machine.boot.clone(), state.past);
        let doubted = state.doubted.then_some(wall);
        Note { told, expected, monotonic, boot, kept, past, doubted }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn believe(&mut self, base: Base) {
        (self.trust, self.base) = (Trust::Exact, Some(base));
        (self.doubted, self.changed) = (false, true);
    }
}

impl Note {
    /// Where the time is in the boot of the note.
    fn base(&self) -> Base {
        Base { wall: self.expected, monotonic: self.monotonic }
    }

    /// What is believed once the machine was off, for a time that nobody knows.
    fn trust_over_a_boot(&self, most: Option<i64>) -> Trust {
        let off = self.doubted.map(|wall| micros_after(wall, self.expected));
        let ahead = match self.kept {
            Kept::Exact => off,
            Kept::Pause { ahead } => ahead,
            Kept::Nothing => return Trust::Nothing,
        };
        // A clock that was behind may have come up to any time meanwhile.
        let behind = off.is_some_and(i64::is_negative);
        if behind { Trust::Nothing } else { Trust::Pause { most, ahead } }
    }

    /// Whether it was made in this boot.
    fn is_of(&self, boot: &str) -> bool {
        !boot.is_empty() && self.boot == boot
    }
}

/// How long after `other` it is; below zero if it is before.
fn micros_after(one: Timestamp, other: Timestamp) -> i64 {
    one.micros().saturating_sub(other.micros())
}

fn apart(one: Timestamp, other: Timestamp) -> i64 {
    micros_after(one, other).saturating_abs()
}

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
