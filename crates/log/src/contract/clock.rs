//! What every engine keeps of the clock: a jump is refused until somebody accepts it.

use std::sync::Mutex;

use super::*;
use crate::WallClock;
use crate::clock::MonotonicClock;

const HOUR: i64 = 3_600;

/// The wall clock and the monotonic clock of a stand, which stand still until they are moved.
#[derive(Clone)]
pub struct Clocks(Arc<Mutex<(Timestamp, i64)>>);

impl Default for Clocks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((noon(), 0))))
    }
}

impl Clocks {
    /// What the log reads as the wall clock.
    #[must_use]
    pub fn wall(&self) -> WallClock {
        let clocks = self.clone();
        Arc::new(move || clocks.now())
    }

    /// What the log reads as the monotonic clock.
    #[must_use]
    pub fn monotonic(&self) -> MonotonicClock {
        let clocks = self.clone();
        Arc::new(move || clocks.0.lock().unwrap().1)
    }

    /// What the wall clock says.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    /// Sets the wall clock alone.
    pub fn set(&self, at: Timestamp) {
        self.0.lock().unwrap().0 = at;
    }

    /// Lets the wall clock jump.
    pub fn jump(&self, seconds: i64) {
        self.set(self.now().plus_micros(seconds * 1_000_000));
    }

    /// Lets time pass, which both clocks show.
    pub fn pass(&self, seconds: i64) {
        self.jump(seconds);
        self.stand_still(seconds);
    }

    /// Lets time pass which the wall clock does not show.
    pub fn stand_still(&self, seconds: i64) {
        self.0.lock().unwrap().1 += seconds * 1_000_000;
    }
}

/// Accepts the clock by a record at the end of a stream.
pub async fn accepted(log: &Arc<dyn Log>, to: u8, expected: u64) -> Result<Appended, LogError> {
    log.append_accepting(append(to, expected, 1), log.clock().wall)?.await
}

/// What the wall clock says and what is expected, in seconds after noon, where appends are refused.
pub async fn refused(log: &Arc<dyn Log>, to: u8, expected: u64) -> (i64, i64) {
    let size = log.head().size;
    let seconds = |at: Timestamp| (at.micros() - noon().micros()).div_euclid(1_000_000);
    match appended(log, append(to, expected, 1)).await {
        Err(LogError::ClockSuspect { wall, expected }) => {
            assert!(log.clock().suspect);
            assert_eq!(log.head().size, size);
            (seconds(wall), seconds(expected))
        }
        other => unreachable!("{other:?}"),
    }
}

/// Appends one record, and gives its stamp.
pub async fn stamped(log: &Arc<dyn Log>, to: u8, expected: u64) -> Timestamp {
    appended(log, append(to, expected, 1)).await.unwrap().placed[0].recorded_at
}

/// Checks that the stamps of all records strictly increase.
pub async fn stamps_increase(log: &Arc<dyn Log>) {
    let stamps: Vec<_> =
        all(log).await.iter().map(|record| leaf(record).place.recorded_at).collect();
    assert!(stamps.is_sorted_by(|one, next| one < next), "{stamps:?}");
}

pub async fn a_clock_that_jumps_or_stops_refuses_appends_until_it_is_right_again(
    stand: &impl Stand,
) {
    let (log, clocks) = (stand.log(), stand.clocks());
    stamped(&log, 1, 0).await;
    for (jump, said) in [(-HOUR, (-HOUR, 0)), (HOUR, (HOUR, 0)), (-61, (-61, 0)), (61, (61, 0))] {
        clocks.jump(jump);
        assert_eq!(refused(&log, 1, 1).await, said);
        clocks.jump(-jump);
        assert!(!log.clock().suspect);
    }
    clocks.pass(HOUR);
    clocks.stand_still(60);
    assert_eq!(stamped(&log, 1, 1).await, noon().plus_micros(HOUR * 1_000_000));
    clocks.stand_still(1);
    assert_eq!(refused(&log, 1, 2).await, (HOUR, HOUR + 61));
    assert_eq!(log.read(0, ReadLimit::records(9)).await.unwrap().len(), 2, "reads go on");
    clocks.jump(61);
    stamped(&log, 1, 2).await;
}

pub async fn an_accepted_clock_is_believed_from_the_record_that_says_so_on(stand: &impl Stand) {
    let (log, clocks) = (stand.log(), stand.clocks());
    let first = stamped(&log, 1, 0).await;
    clocks.jump(HOUR);
    refused(&log, 1, 1).await;
    let ahead = accepted(&log, 1, 1).await.unwrap().placed[0].recorded_at;
    assert_eq!(ahead, first.plus_micros(HOUR * 1_000_000));
    clocks.pass(5);
    assert_eq!(stamped(&log, 1, 2).await, ahead.plus_micros(5_000_000));

    clocks.jump(-2 * HOUR);
    refused(&log, 1, 3).await;
    let behind = accepted(&log, 1, 3).await.unwrap().placed[0].recorded_at;
    assert_eq!(behind, ahead.plus_micros(5_000_001), "stamps do not go back");
    clocks.pass(5);
    assert_eq!(stamped(&log, 1, 4).await, behind.plus_micros(1));
    clocks.jump(61);
    refused(&log, 1, 5).await;
}

pub async fn an_acceptance_that_is_not_recorded_leaves_the_clock_suspect(stand: &impl Stand) {
    let (log, clocks) = (stand.log(), stand.clocks());
    stamped(&log, 1, 0).await;
    clocks.jump(HOUR);
    assert_eq!(stale(accepted(&log, 1, 7).await), (7, 1));
    assert_eq!(refused(&log, 1, 1).await, (HOUR, 0));
    // Somebody accepted what the clock said; it says something else by now.
    let seen = log.clock().wall;
    clocks.jump(HOUR);
    let moved = log.append_accepting(append(1, 1, 1), seen).unwrap().await;
    assert!(matches!(moved, Err(LogError::ClockSuspect { .. })), "{moved:?}");
    assert_eq!(refused(&log, 1, 1).await, (2 * HOUR, 0));
    accepted(&log, 1, 1).await.unwrap();
    stamped(&log, 1, 2).await;
}

pub async fn what_comes_with_an_acceptance_waits_for_it(stand: &impl Stand) {
    let (log, clocks) = (stand.log(), stand.clocks());
    stamped(&log, 1, 0).await;
    stand.hold();
    // One of them may have left the queue; the others are looked at together.
    let taken = log.append(append(1, 1, 1)).unwrap();
    let before = log.append(append(2, 0, 1)).unwrap();
    clocks.jump(HOUR);
    let accepting = log.append_accepting(append(3, 0, 1), log.clock().wall).unwrap();
    let after = log.append(append(4, 0, 1)).unwrap();
    stand.release();
    let (taken, before) = (taken.await, before.await);
    for early in [taken, before] {
        let early = early.map(|done| done.placed[0].recorded_at);
        let right = early.as_ref().is_ok_and(|stamp| *stamp < noon().plus_micros(1_000));
        assert!(right || matches!(early, Err(LogError::ClockSuspect { .. })), "{early:?}");
    }
    let accepting = accepting.await.unwrap().placed[0];
    let after = after.await.unwrap().placed[0];
    assert_eq!(accepting.recorded_at, noon().plus_micros(HOUR * 1_000_000));
    assert_eq!(after.position, accepting.position + 1);
}

pub async fn a_clock_that_is_right_cannot_be_accepted(stand: &impl Stand) {
    let (log, clocks) = (stand.log(), stand.clocks());
    stamped(&log, 1, 0).await;
    clocks.jump(60);
    let error = accepted(&log, 1, 1).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the clock says 2026-03-01T12:01:00Z where 2026-03-01T12:00:00Z is expected: \
         there is nothing to accept"
    );
    assert_eq!(log.head().size, 1);
    stamped(&log, 1, 1).await;
}

pub async fn stamps_increase_over_every_jump(stand: &impl Stand) {
    let (log, clocks) = (stand.log(), stand.clocks());
    let mut version = 0;
    for jump in [0, -30, 59, -59, HOUR, -2 * HOUR, -24 * HOUR, 61, 48 * HOUR, 3_650 * 24 * HOUR] {
        clocks.jump(jump);
        if log.clock().suspect {
            accepted(&log, 1, version).await.unwrap();
            version += 1;
        }
        assert!(log.known_at(clocks.now()).await.unwrap().settled);
        for _ in 0..3 {
            stamped(&log, 1, version).await;
            version += 1;
        }
    }
    stamps_increase(&log).await;
}
