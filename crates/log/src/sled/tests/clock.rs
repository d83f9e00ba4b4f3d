//! Clocks that jump, stand still or are set across a restart.

use std::time::Duration;

use super::*;
use crate::contract::{accepted, noon, refused, stamped, stamps_increase, stream};
use crate::{KnownAt, ReadLimit};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const BOUND: i64 = 90 * DAY;

/// Where the machine is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// The program alone.
    SameBoot,
    /// The machine, after a clean stop.
    NewBoot(&'static str),
}

use Start::{NewBoot, SameBoot};

fn started(bench: &Bench, start: Start) -> Arc<dyn Log> {
    let boot = match start {
        SameBoot => bench.options().boot,
        NewBoot(boot) => boot.to_owned(),
    };
    let most_pause = Some(Duration::from_secs(BOUND.unsigned_abs()));
    bench.open_with(Options { boot, most_pause, ..bench.options() }).unwrap()
}

/// A log with one record of noon, stopped.
async fn with_a_record(bench: &Bench) {
    let log = started(bench, SameBoot);
    stamped(&log, 1, 0).await;
    log.close().await.unwrap();
}

fn at(seconds: i64) -> Timestamp {
    noon().plus_micros(seconds * 1_000_000)
}

#[tokio::test]
async fn a_clock_that_was_set_while_the_program_was_stopped_is_suspect() {
    for jump in [-HOUR, HOUR, -61, 61, 3_650 * DAY] {
        let bench = Bench::new();
        with_a_record(&bench).await;
        bench.clocks.pass(10);
        bench.clocks.jump(jump);
        let log = started(&bench, SameBoot);
        assert_eq!(refused(&log, 1, 1).await, (10 + jump, 10), "{jump}");
        assert_eq!(log.read(0, ReadLimit::records(9)).await.unwrap().len(), 1);
        bench.clocks.jump(-jump);
        assert_eq!(stamped(&log, 1, 1).await, at(10), "it was mended");
    }
}

#[tokio::test]
async fn a_clock_that_stood_still_while_the_program_was_stopped_is_suspect() {
    let bench = Bench::new();
    with_a_record(&bench).await;
    bench.clocks.stand_still(HOUR);
    let log = started(&bench, SameBoot);
    assert_eq!(refused(&log, 1, 1).await, (0, HOUR));
    bench.clocks.jump(HOUR);
    stamped(&log, 1, 1).await;
}

#[tokio::test]
async fn a_restart_does_not_lose_a_suspicion() {
    for (jump, boots) in [
        (-HOUR, [SameBoot, SameBoot]),
        (HOUR, [SameBoot, SameBoot]),
        (-HOUR, [NewBoot("second"), NewBoot("third")]),
        (HOUR, [NewBoot("second"), NewBoot("third")]),
        (-HOUR, [NewBoot("second"), NewBoot("second")]),
        (HOUR, [NewBoot("second"), NewBoot("second")]),
    ] {
        let bench = Bench::new();
        let log = started(&bench, SameBoot);
        stamped(&log, 1, 0).await;
        bench.clocks.jump(jump);
        refused(&log, 1, 1).await;
        log.close().await.unwrap();
        drop(log);
        for boot in boots {
            bench.clocks.pass(5 * HOUR);
            let log = started(&bench, boot);
            refused(&log, 1, 1).await;
            log.close().await.unwrap();
        }
        bench.clocks.pass(HOUR);
        let log = started(&bench, boots[1]);
        refused(&log, 1, 1).await;
        accepted(&log, 1, 1).await.unwrap();
        stamped(&log, 1, 2).await;
        drop(log);
        let log = started(&bench, boots[1]);
        stamped(&log, 1, 3).await;
        stamps_increase(&log).await;
    }
}

#[tokio::test]
async fn a_kill_does_not_lose_a_suspicion() {
    let bench = Bench::new();
    let log = started(&bench, SameBoot);
    stamped(&log, 1, 0).await;
    bench.clocks.jump(-HOUR);
    refused(&log, 1, 1).await;
    let killed = Bench { clocks: bench.clocks.clone(), ..bench.killed() };
    refused(&started(&killed, SameBoot), 1, 1).await;
}

#[tokio::test]
async fn a_clock_that_was_ahead_is_believed_once_it_reads_less_than_it_would() {
    let bench = Bench::new();
    let log = started(&bench, SameBoot);
    stamped(&log, 1, 0).await;
    bench.clocks.jump(30 * DAY);
    refused(&log, 1, 1).await;
    bench.clocks.pass(40 * DAY);
    log.close().await.unwrap();
    drop(log);
    bench.clocks.pass(60);
    refused(&started(&bench, NewBoot("second")), 1, 1).await;
    bench.clocks.jump(-30 * DAY);
    assert_eq!(stamped(&started(&bench, NewBoot("third")), 1, 1).await, at(40 * DAY + 60));
}

#[tokio::test]
async fn a_boot_in_2036_stamps_nothing_and_the_mended_clock_goes_on() {
    let bench = Bench::new();
    with_a_record(&bench).await;
    bench.clocks.jump(5 * DAY);
    let right = bench.clocks.now();
    bench.clocks.jump(3_650 * DAY);
    let log = started(&bench, NewBoot("second"));
    assert_eq!(refused(&log, 1, 1).await, (3_655 * DAY, 0));
    assert!(!log.known_at(at(DAY)).await.unwrap().settled, "nobody knows what time it is");
    drop(log);
    refused(&started(&bench, SameBoot), 1, 1).await;

    // Mended while it runs, or before the next start.
    let log = started(&bench, NewBoot("third"));
    refused(&log, 1, 1).await;
    bench.clocks.set(right);
    assert_eq!(stamped(&log, 1, 1).await, right);
    drop(log);
    assert_eq!(stamped(&started(&bench, NewBoot("fourth")), 2, 0).await, right.plus_micros(1));
}

#[tokio::test]
async fn a_pause_is_believed_up_to_the_bound() {
    for (pause, most_pause, believed) in [
        (BOUND, Some(BOUND), true),
        (BOUND + 1, Some(BOUND), false),
        (3_650 * DAY, None, true),
        (-60, None, true),
        (-61, None, false),
    ] {
        let bench = Bench::new();
        with_a_record(&bench).await;
        bench.clocks.jump(pause);
        let most_pause = most_pause.map(|most: i64| Duration::from_secs(most.unsigned_abs()));
        let options = Options { boot: "second".to_owned(), most_pause, ..bench.options() };
        let log = bench.open_with(options).unwrap();
        assert_eq!(log.clock().suspect, !believed, "{pause}");
        assert_eq!(appended(&log, append(1, 1, 1)).await.is_ok(), believed);
    }
}

#[tokio::test]
async fn a_clock_behind_the_last_stamp_that_is_mended_soon_after_the_start_is_believed() {
    let bench = Bench::new();
    with_a_record(&bench).await;
    bench.clocks.jump(-20_000 * DAY);
    let log = started(&bench, NewBoot("second"));
    refused(&log, 1, 1).await;
    bench.clocks.set(at(2 * DAY));
    assert_eq!(stamped(&log, 1, 1).await, at(2 * DAY));
}

#[tokio::test]
async fn an_accepted_clock_stays_accepted_through_a_restart_and_a_boot() {
    for jump in [-HOUR, HOUR] {
        let bench = Bench::new();
        let log = started(&bench, SameBoot);
        stamped(&log, 1, 0).await;
        bench.clocks.jump(jump);
        accepted(&log, 1, 1).await.unwrap();
        drop(log);
        for (version, boot) in [(2, SameBoot), (3, NewBoot("second")), (4, NewBoot("second"))] {
            drop(started(&bench, boot));
            bench.clocks.pass(60);
            let log = started(&bench, boot);
            stamped(&log, 1, version).await;
            stamps_increase(&log).await;
        }
    }
}

#[tokio::test]
async fn a_log_that_went_on_without_its_note_goes_by_its_last_stamp() {
    let bench = Bench::new();
    with_a_record(&bench).await;
    let note = fs::read(bench.path().join("clock")).unwrap();
    bench.clocks.pass(HOUR);
    let log = started(&bench, SameBoot);
    bench.clocks.jump(HOUR);
    accepted(&log, 1, 1).await.unwrap();
    drop(log);
    // As after a kill between the record of the acceptance and the note of it.
    fs::write(bench.path().join("clock"), note).unwrap();
    stamped(&started(&bench, SameBoot), 1, 2).await;
    fs::remove_file(bench.path().join("clock")).unwrap();
    stamped(&started(&bench, SameBoot), 1, 3).await;
}

#[tokio::test]
async fn what_was_told_to_be_settled_stays_so_after_a_kill() {
    let bench = Bench::new();
    with_a_record(&bench).await;
    let log = started(&bench, SameBoot);
    bench.clocks.pass(10);
    let told = bench.clocks.now();
    let first = log.known_at(told).await.unwrap();
    assert_eq!(first, KnownAt { size: 1, settled: true });
    // The copy is taken at once: the answer came after the promise was durable.
    let killed = bench.killed();
    for (boot, second) in [("this boot", 10), ("second", -45)] {
        killed.clocks.set(at(second));
        killed.clocks.stand_still(10);
        let log = started(&killed, if boot == "second" { NewBoot(boot) } else { SameBoot });
        let version = log.read_stream(stream(1), 1, ReadLimit::records(9)).await.unwrap().len();
        assert!(stamped(&log, 1, version as u64).await > told);
        assert_eq!(log.known_at(told).await.unwrap(), first);
    }
}
