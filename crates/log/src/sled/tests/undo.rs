//! What is held aside while the log is opened.

use super::*;
use crate::sled::survey::Survey;
use crate::sled::undo::Undo;

/// A log of one run that was killed, and what it holds.
async fn killed() -> (Bench, Head) {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    (bench.killed(), head)
}

fn held(bench: &Bench) -> Undo {
    let log = bench.path().join("log");
    let survey = Survey::of(&log, &|_, _| ()).unwrap();
    Undo::hold(&log, &survey).unwrap().unwrap()
}

/// What sled does after a failed read: zeros over what follows, and a snapshot that agrees.
fn ruin(bench: &Bench) {
    let log = bench.path().join("log");
    let whole = fs::read(log.join("db")).unwrap();
    fs::write(log.join("db"), vec![0; whole.len() / 2]).unwrap();
    fs::write(log.join("snap.7fffffffffffffff"), "another").unwrap();
}

#[tokio::test]
async fn a_start_puts_back_what_the_start_before_it_ruined() {
    let (bench, head) = killed().await;
    let before = fs::read(bench.path().join("log/db")).unwrap();
    let undo = held(&bench);
    ruin(&bench);
    undo.put_back().unwrap();
    assert!(fs::read(bench.path().join("log/db")).unwrap() == before);

    ruin(&bench);
    let log = bench.open().unwrap();
    assert_eq!(log.head(), head);
    assert!(!bench.path().join("log/undo").exists(), "a start that ends well lets go of it");
}

/// Two segments of one number, and sled opens a log no more: a disk that had been full did that.
#[tokio::test]
async fn a_segment_that_recovery_began_is_empty_again() {
    const SEGMENT: usize = 512 << 10;
    let (bench, head) = killed().await;
    let database = bench.path().join("log/db");
    let written = fs::read(&database).unwrap();
    let length = written.len().next_multiple_of(SEGMENT) + SEGMENT;
    fs::File::options().write(true).open(&database).unwrap().set_len(length as u64).unwrap();
    let before = fs::read(&database).unwrap();
    let undo = held(&bench);
    let mut begun = before.clone();
    begun[length - SEGMENT..][..written.len().min(SEGMENT)]
        .copy_from_slice(&written[..written.len().min(SEGMENT)]);
    fs::write(&database, begun).unwrap();
    undo.put_back().unwrap();
    assert!(fs::read(&database).unwrap() == before);
    undo.forget().unwrap();
    assert_eq!(bench.open().unwrap().head(), head);
}

#[tokio::test]
async fn what_is_not_held_whole_is_not_put_back() {
    let (bench, head) = killed().await;
    drop(held(&bench));
    let undo = bench.path().join("log/undo");
    let pieces = fs::read_dir(&undo).unwrap().map(|entry| entry.unwrap().path());
    let piece = pieces.into_iter().find(|piece| piece.to_string_lossy().contains("/at.")).unwrap();
    let mut bytes = fs::read(&piece).unwrap();
    bytes[1000] ^= 1;
    fs::write(&piece, bytes).unwrap();
    assert_eq!(bench.open().unwrap().head(), head);
    assert!(!undo.exists());
}

#[tokio::test]
async fn only_what_follows_the_newest_snapshot_is_held() {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    for round in 0..10 {
        appended(&log, append(1, round * 1_000, 1_000)).await.unwrap();
    }
    log.close().await.unwrap();
    drop(log);
    let held_bytes = |bench: &Bench| -> u64 {
        drop(held(bench));
        let undo = bench.path().join("log/undo");
        let entries = fs::read_dir(&undo).unwrap();
        let bytes = entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        fs::remove_dir_all(undo).unwrap();
        bytes
    };
    let first = held_bytes(&bench);
    let log = bench.open().unwrap();
    log.close().await.unwrap();
    drop(log);
    let second = held_bytes(&bench);
    // What a start and a stop write by themselves is a segment or two.
    assert!(second * 2 < first, "after a start that wrote nothing {second}, before it {first}");
}
