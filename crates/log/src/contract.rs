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
pub use history::*;
pub use reads::*;

use crate::{Append, Appended, Head, Log, LogError, NewRecord, Part, ReadLimit, StoredRecord};

mod clock;
mod history;
mod reads;

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
