//! The tamper drill: one byte changed in the stored record of each position, one at a time.
//!
//! `GRADUS_DRILL` says how many records; the drill of the plan is of 10,000.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt as _;

use super::*;
use crate::sled::offline::{OfflineLog, Verified};

fn count() -> u64 {
    std::env::var("GRADUS_DRILL").map_or(120, |count| count.parse().unwrap())
}

/// The leaf of each record, and what the records come to.
fn read(bench: &Bench) -> (Vec<Vec<u8>>, Verified) {
    let mut leaves = Vec::new();
    let offline = OfflineLog::open(&bench.path(), &|_, _| ()).unwrap();
    let verified = offline.visit(|record| {
        leaves.push(record.bytes.to_vec());
        Ok::<_, LogError>(true)
    });
    (leaves, verified.unwrap())
}

/// Every place in a file at which each leaf lies.
fn places(file: &[u8], leaves: &[Vec<u8>]) -> BTreeMap<u64, Vec<u64>> {
    let mut places: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (at, window) in file.windows(10).enumerate() {
        // A leaf begins with its format and its position.
        let [0, 1, position @ ..] = window else { continue };
        let position = u64::from_be_bytes(position.try_into().unwrap());
        let leaf = usize::try_from(position).ok().and_then(|position| leaves.get(position));
        if leaf.is_some_and(|leaf| file[at..].starts_with(leaf)) {
            places.entry(position).or_default().push(at as u64);
        }
    }
    places
}

/// The byte of the file that a refusal names, where a block begins.
fn damaged_at(refused: &str) -> Option<u64> {
    let (_, rest) = refused.split_once("is damaged at byte ")?;
    rest.split(',').next()?.parse().ok()
}

/// Whether a block, which is no longer than a segment, may hold a byte of one of these leaves.
fn holds(block: u64, lies: &[u64], within: u64) -> bool {
    const SEGMENT: u64 = 512 << 10;
    lies.iter().any(|at| (block..block + SEGMENT).contains(&(at + within)))
}

#[tokio::test]
async fn a_byte_changed_in_any_stored_record_is_found_and_its_position_is_named() {
    let (bench, count) = (Bench::new(), count());
    let log = bench.open().unwrap();
    for number in 0..count {
        let stream = u8::try_from(number % 7).unwrap();
        appended(&log, append(stream, number / 7, 1)).await.unwrap();
    }
    let head = log.head();
    log.close().await.unwrap();
    drop(log);
    let (leaves, verified) = read(&bench);
    assert_eq!((verified.head, verified.broken), (head, None));
    let database = bench.path().join("log/db");
    let places = places(&fs::read(&database).unwrap(), &leaves);
    assert_eq!(places.len() as u64, count, "every leaf is found");
    let file = File::options().read(true).write(true).open(&database).unwrap();
    for (position, lies) in &places {
        let leaf = &leaves[usize::try_from(*position).unwrap()];
        // Another byte of each, and now and then each bit.
        let within = (position * 31) % leaf.len() as u64;
        let flip = || {
            for at in lies {
                let mut byte = [0];
                file.read_exact_at(&mut byte, at + within).unwrap();
                byte[0] ^= 1 << (position % 8);
                file.write_all_at(&byte, at + within).unwrap();
            }
        };
        flip();
        let (_, found) = read(&bench);
        assert_eq!(found.head.size, *position, "byte {within} of the record");
        let after = position + 1..count;
        let beyond: Vec<_> = (!after.is_empty()).then_some(after).into_iter().collect();
        assert_eq!(found.beyond, beyond, "byte {within} of record {position}");
        // A start says the same, by how many can be read; it takes longer.
        if position.is_multiple_of(count / 8 + 1) {
            let refused = bench.killed().refused().to_string();
            let readable = format!("({position} of {count} acknowledged records can be read)");
            // In a long log the storage library has moved records into blocks that it checks itself.
            let named = || damaged_at(&refused).is_some_and(|block| holds(block, lies, within));
            assert!(refused.contains(&readable) || named(), "{position}, at {lies:?}: {refused}");
        }
        flip();
    }
    assert_eq!(read(&bench).1.head, head, "all is as it was");
}
