//! Starts after stops of every kind.

use super::*;
use crate::ReadLimit;
use crate::contract::{noon, stream};
use gradus_model::leaf::Leaf;

/// Checks that a reopened log holds what `head` says, finds it, and goes on.
async fn goes_on(log: &Arc<dyn Log>, head: Head) {
    assert_eq!(log.head(), head);
    let read = log.read_stream(stream(1), 1, ReadLimit::records(100)).await.unwrap();
    assert_eq!(read.len(), 60);
    assert_eq!(Leaf::read(&read[59].leaf).unwrap().place.version, 60);
    let request = RequestId([2; 16]);
    let found = log.find_request(PrincipalId([1; 16]), request).await.unwrap();
    assert_eq!(found.first(), Some(&(3..5)));
    assert_eq!(found.iter().map(|run| run.end - run.start).sum::<u64>(), 40);
    assert_eq!(appended(log, append(1, 60, 1)).await.unwrap().placed[0].position, head.size);
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn copies(bench: &Bench) -> Vec<String> {
    names(&bench.path()).into_iter().filter(|name| name.starts_with("log.before-")).collect()
}

#[tokio::test]
async fn a_log_is_reopened_after_drop_and_after_close() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    drop(log);
    let log = bench.open().unwrap();
    goes_on(&log, head).await;
    let head = log.head();
    log.close().await.unwrap();
    drop(log);
    let log = bench.open().unwrap();
    assert_eq!(log.head(), head);
    assert_eq!(names(&bench.path()), ["anchor", "clock", "index", "lock", "log"]);
}

#[tokio::test]
async fn an_append_in_the_queue_is_finished_by_a_drop() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let queued = log.append(append(1, 0, 2)).unwrap();
    drop(log);
    assert_eq!(queued.await.unwrap().placed.len(), 2);
    assert_eq!(bench.open().unwrap().head().size, 2);
}

#[tokio::test]
async fn a_killed_log_is_reopened_in_the_same_boot_without_a_copy() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    let killed = bench.killed();
    goes_on(&killed.open().unwrap(), head).await;
    assert!(copies(&killed).is_empty());
}

#[tokio::test]
async fn a_log_is_copied_aside_once_before_recovery_in_another_boot() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    log.anchored(head.size).await.unwrap();
    let killed = bench.killed();
    let progress = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&progress);
    let rebooted = || Options {
        boot: "another boot".to_owned(),
        on_progress: Arc::new({
            let told = Arc::clone(&told);
            move |progress| told.lock().unwrap().push(progress)
        }),
        ..killed.options()
    };
    let log = killed.open_with(rebooted()).unwrap();
    goes_on(&log, head).await;
    assert_eq!(copies(&killed), ["log.before-20260301T120000Z"]);
    let copied = progress
        .lock()
        .unwrap()
        .iter()
        .any(|progress| matches!(progress, Progress::Copying { done, total } if done == total));
    assert!(copied);
    let copy = killed.path().join("log.before-20260301T120000Z");
    let same = |one: &str, other: &str| {
        fs::read(copy.join(one)).unwrap() == fs::read(bench.path().join(other)).unwrap()
    };
    assert!(same("db", "log/db") && same("anchor", "anchor"));
}

#[tokio::test]
async fn a_start_that_fails_leaves_the_log_as_it_is_and_one_that_succeeds_keeps_a_copy() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    log.anchored(head.size).await.unwrap();
    let killed = bench.killed();
    let database = killed.path().join("log/db");
    let whole = fs::read(&database).unwrap();
    fs::write(&database, &whole[..whole.len() / 4]).unwrap();
    let reopened = async |boot: &str, second: i64| {
        killed.clocks.set(noon().plus_micros(second * 1_000_000));
        killed.open_with(Options { boot: boot.to_owned(), ..killed.options() })
    };
    for second in 0..2 {
        let refused = reopened("second boot", second).await.err().unwrap();
        assert!(
            matches!(refused, LogError::DamagedFile { .. } | LogError::Unopenable { .. }),
            "{refused}"
        );
        assert_eq!(copies(&killed), [""; 0]);
        assert!(fs::read(&database).unwrap() == whole[..whole.len() / 4]);
    }

    // Once the log is restored and opened, the next stop may replace the copy.
    fs::remove_dir_all(killed.path().join("log")).unwrap();
    super::copy(&bench.path().join("log"), &killed.path().join("log"));
    drop(reopened("second boot", 2).await.unwrap());
    assert_eq!(copies(&killed), ["log.before-20260301T120002Z"]);
    drop(reopened("third boot", 3).await.unwrap());
    assert_eq!(copies(&killed), ["log.before-20260301T120003Z"]);
}

#[tokio::test]
async fn an_unfinished_snapshot_is_removed() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    log.close().await.unwrap();
    drop(log);
    for database in ["log", "index"] {
        let torn = bench.path().join(database).join("snap.FFFFFFFFFFFFFFFF.generating");
        fs::write(torn, b"torn").unwrap();
    }
    goes_on(&bench.open().unwrap(), head).await;
}

#[tokio::test]
async fn a_missing_or_damaged_index_is_rebuilt() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    log.close().await.unwrap();
    drop(log);
    let missing = bench.killed();
    fs::remove_dir_all(missing.path().join("index")).unwrap();
    goes_on(&missing.open().unwrap(), head).await;

    let damaged = bench.killed();
    let database = damaged.path().join("index/db");
    let mut bytes = fs::read(&database).unwrap();
    bytes.iter_mut().skip(40).step_by(64).for_each(|byte| *byte ^= 0xff);
    fs::write(&database, bytes).unwrap();
    goes_on(&damaged.open().unwrap(), head).await;
}

#[tokio::test]
async fn the_index_of_another_log_is_not_used() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    drop(log);
    let other = Bench::new();
    let log = other.open().unwrap();
    other.clocks.set(noon().plus_micros(1));
    for version in 0..20 {
        appended(&log, append(2, version, 1)).await.unwrap();
    }
    drop(log);
    fs::remove_dir_all(bench.path().join("index")).unwrap();
    copy(&other.path().join("index"), &bench.path().join("index"));
    goes_on(&bench.open().unwrap(), head).await;
}

#[test]
fn a_second_open_is_refused() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    assert!(matches!(bench.refused(), LogError::Held { directory } if directory == bench.path()));
    drop(log);
    bench.open().unwrap();
}

#[test]
fn progress_is_told_while_records_are_verified() {
    let bench = Bench::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { filled(&bench.open().unwrap()).await });
    let seen = Arc::clone(&told);
    let on_progress: OnProgress = Arc::new(move |progress| seen.lock().unwrap().push(progress));
    bench.open_with(Options { on_progress, ..bench.options() }).unwrap();
    let told = told.lock().unwrap();
    assert!(matches!(told.first(), Some(Progress::Reading { .. })), "{told:?}");
    assert!(told.contains(&Progress::Opening), "{told:?}");
    assert!(matches!(told.last(), Some(Progress::Verifying { records: 100, .. })), "{told:?}");
}
