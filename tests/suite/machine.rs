//! A machine in a test's hands: its clocks, and which boot it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gradus_model::Timestamp;
use gradus_server::Machine;

use crate::running::at;

/// The clocks of a machine, which stand still until they are moved.
///
/// The log stamps strictly increasing times by itself.
#[derive(Clone)]
pub(crate) struct Clocks {
    wall: Arc<AtomicI64>,
    monotonic: Arc<AtomicI64>,
    boot: u64,
}

/// Told apart from every other boot, as real ones are.
fn next_boot() -> u64 {
    static BOOTS: AtomicU64 = AtomicU64::new(1);
    BOOTS.fetch_add(1, Ordering::SeqCst)
}

impl Clocks {
    pub(crate) fn at(text: &str) -> Self {
        let wall = Arc::new(AtomicI64::new(at(text).micros()));
        Self { wall, monotonic: Arc::default(), boot: next_boot() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.wall.load(Ordering::SeqCst)).unwrap()
    }

    /// Sets the wall clock, which the monotonic one does not follow.
    pub(crate) fn jump(&self, seconds: i64) {
        self.wall.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Lets time pass that the wall clock does not show.
    pub(crate) fn stand_still(&self, seconds: i64) {
        self.monotonic.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.jump(seconds);
        self.stand_still(seconds);
    }

    /// These clocks in the same boot, as the next server sees them: the one that runs does not see
    /// how they are moved.
    pub(crate) fn after_a_stop(&self) -> Self {
        let own = |of: &AtomicI64| Arc::new(AtomicI64::new(of.load(Ordering::SeqCst)));
        Self { wall: own(&self.wall), monotonic: own(&self.monotonic), boot: self.boot }
    }

    /// As [`Self::after_a_stop`], in another boot.
    pub(crate) fn rebooted(&self) -> Self {
        Self { monotonic: Arc::default(), boot: next_boot(), ..self.after_a_stop() }
    }

    /// What a server is started on.
    pub(crate) fn machine(&self) -> Machine {
        let (wall, monotonic) = (self.clone(), Arc::clone(&self.monotonic));
        Machine {
            wall: Arc::new(move || wall.now()),
            monotonic: Arc::new(move || monotonic.load(Ordering::SeqCst)),
            boot: format!("boot {}", self.boot),
        }
    }
}
