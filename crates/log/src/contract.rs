//! What every engine keeps: the contract as tests.
//!
//! An engine provides a [`Stand`] and runs them all with [`contract!`](crate::contract!).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests"
)]
#![expect(missing_docs, reason = "each name is the sentence that it proves")]

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_model::leaf::{Draft, Leaf, Signature};
use gradus_model::unit::Grade;
use gradus_model::{Digest, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::{Plan, leaf_hash, root, verify_consistency, verify_inclusion};

pub use clock::*;

use crate::{Append, Appended, Head, Log, LogError, NewRecord, Part, ReadLimit, StoredRecord};

mod clock;

/// Runs the whole contract for an engine: `contract!(MyStand);` in a test module.
#[macro_export]
macro_rules! contract {
    ($stand:ty) => {
        $crate::contract!(
            $stand:
            records_are_read_back_verbatim
            places_are_gapless_linked_and_later_each_time
            a_stale_version_writes_nothing
            an_append_sees_those_queued_before_it
            two_parts_are_all_or_nothing
            of_two_writers_at_one_version_one_wins
            every_root_is_that_of_its_leaves
            proofs_lead_to_the_roots_of_the_log
            known_at_counts_the_records_stamped_by_then
            what_was_settled_stays_settled
            a_request_is_found_where_it_wrote
            a_stream_is_read_across_others
            a_read_keeps_its_limits
            a_read_past_the_end_is_empty
            the_head_is_watched
            bounds_are_kept
            a_full_queue_refuses
            a_clock_that_jumps_or_stops_refuses_appends_until_it_is_right_again
            an_accepted_clock_is_believed_from_the_record_that_says_so_on
            an_acceptance_that_is_not_recorded_leaves_the_clock_suspect
            what_comes_with_an_acceptance_waits_for_it
            a_clock_that_is_right_cannot_be_accepted
            stamps_increase_over_every_jump
            a_closed_log_takes_no_more_and_still_reads
            a_random_history_agrees_with_a_model
        );
    };
    ($stand:ty: $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::$name(&<$stand as $crate::contract::Stand>::new()).await;
            }
        )*
    };
}

/// The room for waiting appends in a stand's log.
pub const QUEUE_CALLS: usize = 8;

/// An engine on a test bench.
pub trait Stand {
    /// An empty log with room for [`QUEUE_CALLS`] appends and a clock at [`noon`].
    fn new() -> Self;
    /// The log.
    fn log(&self) -> Arc<dyn Log>;
    /// Keeps appends from becoming durable; one of them may leave the queue.
    fn hold(&self);
    /// Ends [`Stand::hold`].
    fn release(&self);
    /// The clocks that the log reads.
    fn clocks(&self) -> &Clocks;
    /// Sets the wall clock.
    fn set_clock(&self, at: Timestamp) {
        self.clocks().set(at);
    }
}

/// Where the clock of a stand starts.
#[must_use]
pub fn noon() -> Timestamp {
    Timestamp::from_micros(1_772_366_400_000_000).unwrap()
}

/// The stream of a small number.
#[must_use]
pub const fn stream(number: u8) -> UnitId {
    UnitId([number; 16])
}

/// A record of principal 1, told apart by `request` and `body`.
#[must_use]
pub fn record(request: u8, body: &[u8]) -> NewRecord {
    let draft = Draft {
        event_type: 200,
        schema: 1,
        effective_at: Timestamp::MIN,
        actor: PrincipalId([1; 16]),
        grade: Grade::Token,
        request: RequestId([request; 16]),
        item: 0,
        payload_root: Digest::ZERO,
        blind: [7; 16],
        body: body.to_vec(),
        signature: Signature::NONE,
    };
    NewRecord { draft, payload: [b"sealed ", body].concat() }
}

/// `count` records for the end of a stream.
#[must_use]
pub fn append(to: u8, expected: u64, count: usize) -> Append {
    let records = (0..count).map(|at| record(to, &at.to_be_bytes())).collect();
    Append::to(stream(to), expected, records)
}

/// Appends and waits.
pub async fn appended(log: &Arc<dyn Log>, append: Append) -> Result<Appended, LogError> {
    log.append(append)?.await
}

async fn all(log: &Arc<dyn Log>) -> Vec<StoredRecord> {
    let mut records = Vec::new();
    loop {
        let more = log.read(records.len() as u64, ReadLimit::records(100)).await.unwrap();
        if more.is_empty() {
            return records;
        }
        records.extend(more);
    }
}

fn leaf(record: &StoredRecord) -> Leaf {
    Leaf::read(&record.leaf).unwrap()
}

fn stale<T: std::fmt::Debug>(answer: Result<T, LogError>) -> (u64, u64) {
    match answer.unwrap_err() {
        LogError::StaleVersion { expected, actual, .. } => (expected, actual),
        other => unreachable!("{other}"),
    }
}

pub async fn records_are_read_back_verbatim(stand: &impl Stand) {
    let log = stand.log();
    let records: Vec<_> = [0_usize, 1, 300, 3_900]
        .map(|length| record(1, &vec![0xa5; length]))
        .into_iter()
        .map(|record| NewRecord { payload: vec![0x5a; record.payload.len() / 3], ..record })
        .collect();
    let append = Append::to(stream(1), 0, records.clone());
    let places = appended(&log, append).await.unwrap().placed;
    let stored = all(&log).await;
    assert_eq!(stored.len(), records.len());
    for ((stored, given), placed) in stored.iter().zip(&records).zip(&places) {
        assert_eq!(leaf(stored).draft, given.draft);
        assert_eq!(stored.payload, given.payload);
        assert_eq!(leaf_hash(&stored.leaf), placed.leaf_hash);
    }
}

pub async fn places_are_gapless_linked_and_later_each_time(stand: &impl Stand) {
    let log = stand.log();
    let mut acknowledged = Vec::new();
    for (to, expected, count) in [(1, 0, 3), (2, 0, 1), (1, 3, 2), (2, 1, 40), (1, 5, 1)] {
        let answer = appended(&log, append(to, expected, count)).await.unwrap();
        acknowledged.extend(answer.placed);
    }
    let mut ends: BTreeMap<UnitId, (u64, Digest)> = BTreeMap::new();
    let mut last = None;
    let stored = all(&log).await;
    for (position, (stored, placed)) in stored.iter().zip(&acknowledged).enumerate() {
        let place = leaf(stored).place;
        let (version, previous) = ends.entry(place.stream).or_insert((0, Digest::ZERO));
        assert_eq!(place.position, position as u64);
        assert_eq!((place.version, place.previous), (*version + 1, *previous));
        assert!(Some(place.recorded_at) > last, "the clock stands still, stamps do not");
        assert_eq!((placed.position, placed.version), (place.position, place.version));
        assert_eq!(placed.recorded_at, place.recorded_at);
        (*version, *previous) = (place.version, leaf_hash(&stored.leaf));
        last = Some(place.recorded_at);
    }
    assert_eq!(acknowledged.len(), stored.len());
    assert_eq!(leaf(&stored[0]).place.recorded_at, noon());
}

pub async fn a_stale_version_writes_nothing(stand: &impl Stand) {
    let log = stand.log();
    appended(&log, append(1, 0, 2)).await.unwrap();
    let before = log.head();
    for (to, expected, actual) in [(1, 0, 2), (1, 1, 2), (1, 3, 2), (2, 1, 0)] {
        let refused = appended(&log, append(to, expected, 1)).await;
        assert_eq!(stale(refused), (expected, actual));
    }
    assert_eq!(log.head(), before);
    appended(&log, append(1, 2, 1)).await.unwrap();
}

pub async fn an_append_sees_those_queued_before_it(stand: &impl Stand) {
    let log = stand.log();
    stand.hold();
    let first = log.append(append(1, 0, 2)).unwrap();
    let second = log.append(append(1, 2, 1)).unwrap();
    let late = log.append(append(1, 2, 1)).unwrap();
    assert_eq!(log.head(), Head::empty(), "nothing is durable yet");
    stand.release();
    assert_eq!(first.await.unwrap().placed[0].position, 0);
    assert_eq!(second.await.unwrap().placed[0].position, 2);
    assert_eq!(stale(late.await), (2, 3));
}

pub async fn two_parts_are_all_or_nothing(stand: &impl Stand) {
    let log = stand.log();
    let parts = |first: u64, second: u64| {
        let one = append(1, first, 2).parts.remove(0);
        Append { parts: vec![one, append(2, second, 1).parts.remove(0)] }
    };
    let answer = appended(&log, parts(0, 0)).await.unwrap();
    let places: Vec<_> =
        answer.placed.iter().map(|placed| (placed.position, placed.version)).collect();
    assert_eq!(places, [(0, 1), (1, 2), (2, 1)]);
    assert_eq!(stale(appended(&log, parts(2, 0)).await), (0, 1));
    assert_eq!(stale(appended(&log, parts(0, 1)).await), (0, 2));
    assert_eq!(log.head().size, 3);
    let streams: Vec<_> = all(&log).await.iter().map(|record| leaf(record).place.stream).collect();
    assert_eq!(streams, [stream(1), stream(1), stream(2)]);
    let twice = |second| Append {
        parts: [(2_u64, 1_usize), (second, 1)]
            .map(|(expected, count)| append(1, expected, count).parts.remove(0))
            .to_vec(),
    };
    assert_eq!(stale(appended(&log, twice(2)).await), (2, 3));
    appended(&log, twice(3)).await.unwrap();
}

pub async fn of_two_writers_at_one_version_one_wins(stand: &impl Stand) {
    let log = stand.log();
    for version in 0..20 {
        let tasks = [0, 1].map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { appended(&log, append(1, version, 1)).await })
        });
        let mut won = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(answer) => won += answer.placed.len(),
                refused => assert_eq!(stale(refused), (version, version + 1)),
            }
        }
        assert_eq!(won, 1);
    }
}

pub async fn every_root_is_that_of_its_leaves(stand: &impl Stand) {
    let log = stand.log();
    let mut size = 0;
    while size < 600 {
        let count = 1 + usize::try_from(size).unwrap() % 97;
        let answer = appended(&log, append(1, size, count)).await.unwrap();
        size += count as u64;
        assert_eq!(answer.head, Head { size, ..log.head() });
    }
    let hashes: Vec<_> = all(&log).await.iter().map(|record| leaf_hash(&record.leaf)).collect();
    assert_eq!(log.head().root, root(&hashes));
    for at in (0..hashes.len()).step_by(41).chain([255, 256, 257, 512, hashes.len()]) {
        assert_eq!(log.root_at(at as u64).await.unwrap(), root(&hashes[..at]), "size {at}");
    }
    let past = log.root_at(size + 1).await.unwrap_err();
    assert_eq!(past.to_string(), format!("size {} is past the log's {size}", size + 1));
}

pub async fn proofs_lead_to_the_roots_of_the_log(stand: &impl Stand) {
    let log = stand.log();
    appended(&log, append(1, 0, 300)).await.unwrap();
    appended(&log, append(1, 300, 77)).await.unwrap();
    let hashes: Vec<_> = all(&log).await.iter().map(|record| leaf_hash(&record.leaf)).collect();
    for size in (1..=hashes.len()).step_by(47).chain([256, hashes.len()]) {
        let (new, new_root) = (size as u64, root(&hashes[..size]));
        for at in (0..size).step_by(29).chain([size - 1]) {
            let (old, old_root) = (at as u64, root(&hashes[..at]));
            let proof = log.prove(Plan::inclusion(old, new).unwrap()).await.unwrap();
            verify_inclusion(&hashes[at], old, new, &proof, &new_root).unwrap();
            let proof = log.prove(Plan::consistency(old, new).unwrap()).await.unwrap();
            verify_consistency(old, &old_root, new, &new_root, &proof).unwrap();
        }
    }
    let past = log.prove(Plan::inclusion(0, 378).unwrap()).await.unwrap_err();
    assert_eq!(past.to_string(), "size 378 is past the log's 377");
}

pub async fn known_at_counts_the_records_stamped_by_then(stand: &impl Stand) {
    let log = stand.log();
    let known = async |at: Timestamp| {
        let known = log.known_at(at).await.unwrap();
        (known.size, known.settled)
    };
    assert_eq!(known(noon().plus_micros(1)).await, (0, false), "the clock stands before");
    for second in 0..50 {
        stand.set_clock(noon().plus_micros(second * 1_000_000));
        appended(&log, append(1, 3 * second.unsigned_abs(), 3)).await.unwrap();
    }
    for (position, record) in all(&log).await.iter().enumerate() {
        let at = leaf(record).place.recorded_at;
        assert_eq!(known(at.plus_micros(-1)).await, (position as u64, true));
        if position < 149 {
            assert_eq!(known(at).await, (position as u64 + 1, true));
        }
    }
    assert_eq!(known(Timestamp::MIN).await, (0, true));
    assert_eq!(known(noon().plus_micros(50_000_000)).await, (150, false));
    stand.set_clock(noon().plus_micros(50_000_000));
    assert_eq!(known(noon().plus_micros(50_000_000)).await, (150, true));
}

pub async fn what_was_settled_stays_settled(stand: &impl Stand) {
    let log = stand.log();
    assert!(log.known_at(noon()).await.unwrap().settled);
    stand.set_clock(noon().plus_micros(-5_000_000));
    let placed = appended(&log, append(1, 0, 1)).await.unwrap().placed;
    assert!(placed[0].recorded_at > noon());
    assert_eq!(log.known_at(noon()).await.unwrap().size, 0);
}

pub async fn a_request_is_found_where_it_wrote(stand: &impl Stand) {
    let log = stand.log();
    let actor = PrincipalId([1; 16]);
    for (to, expected) in [(1, 0), (2, 0), (3, 0), (1, 3), (4, 0), (5, 0), (6, 0), (2, 3), (6, 3)] {
        appended(&log, append(to, expected, 3)).await.unwrap();
    }
    for (request, expected) in
        [(1, vec![0..3, 9..12]), (2, vec![3..6, 21..24]), (6, vec![18..21, 24..27]), (9, vec![])]
    {
        let found = log.find_request(actor, RequestId([request; 16])).await.unwrap();
        assert_eq!(found, expected, "request {request}");
    }
    let other = log.find_request(PrincipalId([2; 16]), RequestId([1; 16])).await.unwrap();
    assert!(other.is_empty(), "a request belongs to its principal");
}

pub async fn a_stream_is_read_across_others(stand: &impl Stand) {
    let log = stand.log();
    for round in 0..12 {
        appended(&log, append(1, round * 3, 3)).await.unwrap();
        appended(&log, append(2, round, 1)).await.unwrap();
    }
    for from in [0, 1, 2, 3, 4, 17, 35, 36, 37] {
        for most in [1, 2, 5, 100] {
            let read = log.read_stream(stream(1), from, ReadLimit::records(most)).await.unwrap();
            let versions: Vec<_> = read.iter().map(|record| leaf(record).place.version).collect();
            let expected: Vec<_> = (from.max(1)..=36).take(most).collect();
            assert_eq!(versions, expected, "from {from}, at most {most}");
            assert!(read.iter().all(|record| leaf(record).place.stream == stream(1)));
        }
    }
    assert!(log.read_stream(stream(3), 0, ReadLimit::records(9)).await.unwrap().is_empty());
}

pub async fn a_read_keeps_its_limits(stand: &impl Stand) {
    let log = stand.log();
    appended(&log, append(1, 0, 100)).await.unwrap();
    let stored = all(&log).await;
    let one = stored[0].bytes();
    for (records, bytes, expected) in [
        (0, usize::MAX, 0),
        (1, 0, 1),
        (7, usize::MAX, 7),
        (100, 3 * one, 3),
        (100, 4 * one - 1, 3),
    ] {
        let most = ReadLimit { records, bytes };
        let read = log.read(10, most).await.unwrap();
        assert_eq!(read, stored[10..10 + expected], "{most:?}");
        let read = log.read_stream(stream(1), 11, most).await.unwrap();
        assert_eq!(read, stored[10..10 + expected], "{most:?}");
    }
}

pub async fn a_read_past_the_end_is_empty(stand: &impl Stand) {
    let log = stand.log();
    let most = ReadLimit::records(10);
    assert!(log.read(0, most).await.unwrap().is_empty());
    appended(&log, append(1, 0, 2)).await.unwrap();
    for past in [2, 3, u64::MAX] {
        assert!(log.read(past, most).await.unwrap().is_empty());
        assert!(log.read_stream(stream(1), past.max(3), most).await.unwrap().is_empty());
    }
}

pub async fn the_head_is_watched(stand: &impl Stand) {
    let log = stand.log();
    let mut heads = log.watch();
    assert_eq!(*heads.borrow_and_update(), Head::empty());
    let answer = appended(&log, append(1, 0, 2)).await.unwrap();
    heads.changed().await.unwrap();
    assert_eq!(*heads.borrow_and_update(), answer.head);
    assert_eq!(answer.head, log.head());
    log.anchored(2).await.unwrap();
    assert!(matches!(log.anchored(3).await, Err(LogError::Past { asked: 3, size: 2 })));
}

pub async fn bounds_are_kept(stand: &impl Stand) {
    let log = stand.log();
    let refused = |append: Append| match log.append(append) {
        Ok(_) => unreachable!("taken"),
        Err(error) => error.to_string(),
    };
    let nothing = "an append or a part of it holds no record";
    assert_eq!(refused(Append { parts: Vec::new() }), nothing);
    assert_eq!(refused(append(1, 0, 0)), nothing);
    let parts = (1..=3).flat_map(|to| append(to, 0, 1).parts).collect();
    assert_eq!(
        refused(Append { parts }),
        "3 parts of an append are too many: at most 2 are allowed"
    );
    let wide = Append::to(stream(1), 0, vec![record(1, &[0; 3_921])]);
    assert_eq!(refused(wide), "4097 bytes of a leaf are too many: at most 4096 are allowed");
    let heavy = NewRecord { payload: vec![0; 5_825], ..record(1, b"") };
    let heavy =
        Append { parts: vec![Part { stream: stream(1), expected: 0, records: vec![heavy] }] };
    assert_eq!(refused(heavy), "6001 bytes of a record are too many: at most 6000 are allowed");
    assert_eq!(
        refused(append(1, 0, 1_001)),
        "1001 records of an append are too many: at most 1000 are allowed"
    );
    let full = NewRecord { payload: vec![1; 5_824], ..record(1, b"") };
    appended(&log, Append::to(stream(1), 0, vec![full; 600])).await.unwrap();
    assert_eq!(log.head().size, 600);
}

pub async fn a_full_queue_refuses(stand: &impl Stand) {
    let log = stand.log();
    stand.hold();
    let mut taken = Vec::new();
    let refused = loop {
        match log.append(append(1, taken.len() as u64, 1)) {
            Ok(acknowledgement) => taken.push(acknowledgement),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, LogError::Full { calls: QUEUE_CALLS, .. }), "{refused}");
    stand.release();
    for (position, acknowledgement) in taken.into_iter().enumerate() {
        assert_eq!(acknowledgement.await.unwrap().placed[0].position, position as u64);
    }
    appended(&log, append(2, 0, 1)).await.unwrap();
}

pub async fn a_closed_log_takes_no_more_and_still_reads(stand: &impl Stand) {
    let log = stand.log();
    let queued = log.append(append(1, 0, 2)).unwrap();
    log.close().await.unwrap();
    assert_eq!(queued.await.unwrap().placed.len(), 2);
    assert!(matches!(log.append(append(1, 2, 1)), Err(LogError::Closed)));
    assert_eq!(all(&log).await.len(), 2);
    log.close().await.unwrap();
}

/// Appends to four streams, right and stale, in groups as they come, and compares every read.
pub async fn a_random_history_agrees_with_a_model(stand: &impl Stand) {
    let log = stand.log();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % below
    };
    let mut versions = BTreeMap::<u8, u64>::new();
    let mut model: Vec<(u8, u64, u8)> = Vec::new();
    for _ in 0..60 {
        let mut waiting = Vec::new();
        for _ in 0..=draw(6) {
            let to = u8::try_from(draw(4)).unwrap();
            let request = u8::try_from(draw(30)).unwrap();
            let version = versions.entry(to).or_default();
            let right = draw(5) > 0;
            let expected = if right { *version } else { *version + 1 };
            let count = 1 + draw(9);
            let records = (0..count).map(|item| record(request, &item.to_be_bytes())).collect();
            waiting.push((right, log.append(Append::to(stream(to), expected, records)).unwrap()));
            if right {
                model.extend((1..=count).map(|item| (to, *version + item, request)));
                *version += count;
            }
        }
        for (right, acknowledgement) in waiting {
            assert_eq!(acknowledgement.await.is_ok(), right);
        }
    }
    let stored = all(&log).await;
    let places = stored
        .iter()
        .map(leaf)
        .map(|leaf| (leaf.place.stream.0[0], leaf.place.version, leaf.draft.request.0[0]));
    assert_eq!(places.collect::<Vec<_>>(), model);
    for to in 0..4 {
        let read = log.read_stream(stream(to), 1, ReadLimit::records(10_000)).await.unwrap();
        let expected: Vec<_> =
            stored.iter().filter(|record| leaf(record).place.stream == stream(to)).collect();
        assert_eq!(read.iter().collect::<Vec<_>>(), expected);
    }
    for request in 0..30 {
        let found = log.find_request(PrincipalId([1; 16]), RequestId([request; 16])).await.unwrap();
        let expected: Vec<_> = (0_u64..)
            .zip(&model)
            .filter(|(_, (_, _, by))| *by == request)
            .map(|(position, _)| position)
            .collect();
        assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), expected);
    }
}
