//! What must stop the start: each refusal names what was seen.

use super::*;
use crate::anchor::{Anchor, AnchorFile};
use crate::frame;
use std::os::unix::fs::FileExt as _;

/// A bench with a closed log of 100 records, and its head.
async fn closed() -> (Bench, Head) {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    let head = filled(&log).await;
    log.close().await.unwrap();
    (bench, head)
}

fn anchor(bench: &Bench) -> Anchor {
    AnchorFile::open(&bench.path().join("anchor")).unwrap().1.unwrap()
}

fn write_anchor(bench: &Bench, anchor: &Anchor) {
    AnchorFile::open(&bench.path().join("anchor")).unwrap().0.write(anchor).unwrap();
}

/// Changes the stored frames behind the log's back.
fn with_frames(bench: &Bench, change: impl FnOnce(&::sled::Tree)) {
    let frames = database::open(&bench.path().join("log"), 1 << 20).unwrap();
    change(&frames);
    frames.flush().unwrap();
}

#[tokio::test]
async fn a_log_behind_its_anchor_is_refused() {
    let (bench, head) = closed().await;
    let written = anchor(&bench);
    assert_eq!((written.head, written.clean), (head, true));
    let ahead = Head { size: head.size + 1, root: Digest([9; 32]) };
    write_anchor(&bench, &Anchor { head: ahead, ..written });
    match bench.refused() {
        LogError::BehindAnchor { anchor, log } => assert_eq!((anchor, log), (ahead, head)),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn another_root_at_the_anchors_size_is_refused() {
    let (bench, head) = closed().await;
    let other = Head { size: head.size - 5, root: Digest([9; 32]) };
    write_anchor(&bench, &Anchor { head: other, ..anchor(&bench) });
    match bench.refused() {
        LogError::BehindAnchor { anchor, log } => {
            assert_eq!((anchor, log.size), (other, head.size - 5));
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_anchor_of_another_log_is_refused() {
    let (bench, _) = closed().await;
    write_anchor(&bench, &Anchor { log: Digest([9; 32]), ..anchor(&bench) });
    assert!(matches!(bench.refused(), LogError::OtherLog { .. }));
}

#[tokio::test]
async fn a_log_ahead_of_its_anchor_is_opened() {
    let (bench, head) = closed().await;
    let log = bench.open().unwrap();
    let before = anchor(&bench);
    appended(&log, append(3, 0, 1)).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    write_anchor(&bench, &before);
    assert_eq!(bench.open().unwrap().head().size, head.size + 1);
}

#[tokio::test]
async fn a_database_that_is_gone_is_refused_and_not_made_anew() {
    let (bench, head) = closed().await;
    let database = bench.path().join("log/db");
    fs::remove_file(&database).unwrap();
    match bench.refused() {
        LogError::BehindAnchor { anchor, log } => assert_eq!((anchor, log), (head, Head::empty())),
        other => panic!("{other}"),
    }
    assert!(!database.exists());
    fs::remove_dir_all(bench.path().join("log")).unwrap();
    assert!(matches!(bench.refused(), LogError::BehindAnchor { .. }));
}

#[tokio::test]
async fn an_anchor_that_is_gone_is_refused_unless_accepted() {
    let (bench, head) = closed().await;
    for content in [None, Some(vec![0; 5_000])] {
        let path = bench.path().join("anchor");
        match content {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        for _ in 0..2 {
            match bench.refused() {
                LogError::NoAnchor { size, .. } => assert_eq!(size, head.size),
                other => panic!("{other}"),
            }
        }
    }
    let accept = Options { accept_missing_anchor: true, ..bench.options() };
    assert_eq!(bench.open_with(accept).unwrap().head(), head);
    assert_eq!(bench.open().unwrap().head(), head);
}

#[tokio::test]
async fn any_flipped_byte_in_a_frame_is_named() {
    let (bench, _) = closed().await;
    for at in [0, 4, 40, 200] {
        let damaged = bench.killed();
        let position = 35_u64;
        with_frames(&damaged, |frames| {
            let (key, value) = frames.range(..=frame::key(position)).next_back().unwrap().unwrap();
            let mut bytes = value.to_vec();
            bytes[at] ^= 0x10;
            frames.insert(key, bytes).unwrap();
        });
        let refused = damaged.refused().to_string();
        let expected = "the log is damaged at position 35, a frame's checksum is wrong";
        assert!(refused.starts_with(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_missing_frame_is_named() {
    let (bench, _) = closed().await;
    with_frames(&bench, |frames| {
        frames.remove(frame::key(35)).unwrap().unwrap();
    });
    let refused = bench.refused().to_string();
    assert!(
        refused.starts_with("the log is damaged at position 35, the leaf there says"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_record_forged_with_a_right_checksum_is_refused() {
    let (bench, _) = closed().await;
    with_frames(&bench, |frames| {
        let (_, value) = frames.range(..=frame::key(35)).next_back().unwrap().unwrap();
        let frame = frame::Frame::read(35, &value).unwrap();
        let records: Vec<_> = frame
            .records()
            .map(|record| {
                let record = record.unwrap();
                let mut leaf = record.leaf.to_vec();
                *leaf.last_mut().unwrap() ^= 1;
                (leaf, record.payload.to_vec())
            })
            .collect();
        let contents = records.iter().map(|(leaf, payload)| (&**leaf, &**payload));
        frame::pack(35, contents, |key, value| {
            frames.insert(key, value).unwrap();
        })
        .unwrap();
    });
    let refused = bench.refused().to_string();
    assert!(
        refused.contains("link to the previous leaf") || refused.starts_with("the anchor"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_newer_frame_is_refused_with_both_formats() {
    let (bench, _) = closed().await;
    with_frames(&bench, |frames| {
        let (key, value) = frames.last().unwrap().unwrap();
        let mut bytes = value.to_vec();
        bytes[1] = 2;
        let body = bytes.len() - 4;
        let checksum = crc32fast::hash(&[&key[..], &bytes[..body]].concat());
        bytes[body..].copy_from_slice(&checksum.to_be_bytes());
        frames.insert(key, bytes).unwrap();
    });
    assert!(matches!(bench.refused(), LogError::NewerFormat { what: "frame", seen: 2, known: 1 }));
}

#[tokio::test]
async fn no_flipped_byte_of_the_database_goes_unseen() {
    let (bench, head) = closed().await;
    let length = fs::metadata(bench.path().join("log/db")).unwrap().len();
    let used = (0..length).rev().find(|at| byte(&bench.path().join("log/db"), *at) != 0).unwrap();
    for share in 1..8 {
        let damaged = bench.killed();
        let at = used * share / 8;
        let file = File::options().read(true).write(true).open(damaged.path().join("log/db"));
        let changed = [byte(&damaged.path().join("log/db"), at) ^ 0x20];
        file.unwrap().write_all_at(&changed, at).unwrap();
        match damaged.open() {
            // sled may never look at that byte again.
            Ok(log) => assert_eq!(log.head(), head, "byte {at}"),
            Err(
                LogError::DamagedFile { .. }
                | LogError::BehindAnchor { .. }
                | LogError::Unopenable { .. }
                | LogError::Damaged { .. }
                | LogError::Storage(_),
            ) => assert!(damaged.path().join("log/db").exists()),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

fn byte(path: &Path, at: u64) -> u8 {
    let mut byte = [0];
    File::open(path).unwrap().read_exact_at(&mut byte, at).unwrap();
    byte[0]
}

#[tokio::test]
async fn values_outside_the_synced_file_are_refused() {
    let (bench, _) = closed().await;
    let blobs = bench.path().join("log/blobs");
    fs::write(blobs.join("123"), b"value").unwrap();
    assert!(matches!(bench.refused(), LogError::Blobs(path) if path == blobs));
}
