//! State digests: rows that are read as they were written, and streams of which nothing is missing.

use expect_test::expect;
use gradus_model::event::{OfEvidence, StateDigestRecorded};
use gradus_model::leaf::{Draft, Place, Signature};
use gradus_model::unit::Grade;
use gradus_model::{Digest, Event, EvidenceId, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::state::{
    MOST_ROW_BYTES, Reached, StateError, prove_row, read_digest, rows_root, verify_row,
    verify_whole,
};
use gradus_proof::{Row, leaf_hash};
use proptest::prelude::*;

const STREAM: UnitId = UnitId([7; 16]);

fn leaf(stream: UnitId, position: u64, version: u64, previous: Digest, event: &Event) -> Vec<u8> {
    let draft = Draft {
        event_type: event.event_type(),
        schema: event.schema(),
        effective_at: Timestamp::MIN,
        actor: PrincipalId([3; 16]),
        grade: Grade::Token,
        request: RequestId([4; 16]),
        item: 0,
        payload_root: Digest::ZERO,
        blind: [5; 16],
        body: event.body(),
        signature: Signature::NONE,
    };
    let place = Place { position, recorded_at: Timestamp::MIN, stream, version, previous };
    let mut bytes = Vec::new();
    draft.write(&place, &mut bytes);
    bytes
}

/// The record of a digest of five records.
pub(crate) fn digest_leaf() -> Vec<u8> {
    let said = StateDigestRecorded { size: 5, root: Digest([9; 32]), rows: 1, projector: 2 };
    leaf(STREAM, 7, 1, Digest::ZERO, &Event::StateDigestRecorded(said))
}

/// The leaves of a stream at these positions.
fn stream(positions: &[u64]) -> Vec<Vec<u8>> {
    let mut previous = Digest::ZERO;
    let mut leaves = Vec::new();
    for (version, position) in (1..).zip(positions) {
        let event = Event::EvidenceAccepted(OfEvidence { evidence: EvidenceId([1; 16]) });
        let next = leaf(STREAM, *position, version, previous, &event);
        previous = leaf_hash(&next);
        leaves.push(next);
    }
    leaves
}

/// A digest of so many records, over the stream and four others.
struct Digested {
    rows: Vec<Row>,
    leaf: Vec<u8>,
}

const INDEX: u64 = 2;

fn digested(size: u64, leaves: &[Vec<u8>], positions: &[u64]) -> Digested {
    let version = positions.iter().filter(|position| **position < size).count();
    let head = version.checked_sub(1).map_or(Digest::ZERO, |last| leaf_hash(&leaves[last]));
    let row = |(number, stream): (u8, UnitId)| Row {
        stream,
        version: if stream == STREAM { version as u64 } else { u64::from(number) * 100 },
        head: if stream == STREAM { head } else { Digest([number; 32]) },
        projection: Digest([number; 32]),
    };
    let streams = [1, 2, 7, 4, 5].map(|of| UnitId([of; 16]));
    let rows: Vec<Row> = (0..).zip(streams).map(row).collect();
    let root = rows_root(&rows);
    let event =
        Event::StateDigestRecorded(StateDigestRecorded { size, root, rows: 5, projector: 1 });
    let leaf = leaf(UnitId([1; 16]), size + 3, 9, Digest::ZERO, &event);
    Digested { rows, leaf }
}

fn check(size: u64, of: &Digested, leaves: &[Vec<u8>]) -> Result<Reached, StateError> {
    let row = of.rows[usize::try_from(INDEX).unwrap()].to_bytes();
    let proof = prove_row(&of.rows, INDEX).unwrap();
    let leaves = leaves.iter().map(Vec::as_slice);
    verify_whole(STREAM, size, &of.leaf, (&row, INDEX, &proof), leaves)
}

const POSITIONS: [u64; 5] = [3, 4, 9, 17, 30];

#[test]
fn the_stream_is_whole_below_every_size_up_to_that_of_the_digest() {
    let leaves = stream(&POSITIONS);
    let digest = digested(20, &leaves, &POSITIONS);
    for size in 0..=20 {
        let version = POSITIONS.iter().filter(|position| **position < size).count();
        let reached = check(size, &digest, &leaves).unwrap();
        assert_eq!(reached.version, version as u64, "{size}");
        let head = version.checked_sub(1).map_or(Digest::ZERO, |last| leaf_hash(&leaves[last]));
        assert_eq!(reached.head, head, "{size}");
    }
    let past = check(21, &digest, &leaves).unwrap_err();
    expect![
        "the leaf is no record of a state digest: it describes 20 records, and 21 are in question"
    ]
    .assert_eq(&past.to_string());
}

#[test]
fn a_stream_without_a_record_is_proved_to_have_none() {
    let digest = digested(20, &[], &[]);
    assert_eq!(check(20, &digest, &[]).unwrap(), Reached::default());
    let leaves = stream(&POSITIONS);
    let error = check(20, &digest, &leaves).unwrap_err();
    assert!(matches!(error, StateError::Ends { version: 0, seen: 4, .. }), "{error}");
}

#[test]
fn a_leaf_that_is_missing_or_another_is_found() {
    let leaves = stream(&POSITIONS);
    let digest = digested(20, &leaves, &POSITIONS);
    for missing in 0..4 {
        let mut some = leaves.clone();
        some.remove(missing);
        let error = check(10, &digest, &some).unwrap_err();
        let gap = matches!(error, StateError::Gap { .. });
        assert!(gap, "{missing}: {error}");
    }
    let error = check(10, &digest, &leaves[..3]).unwrap_err();
    assert!(matches!(error, StateError::Ends { version: 4, seen: 3, .. }), "{error}");
    // A stream that was written anew, without its third record.
    let others = stream(&[3, 4, 17, 30]);
    let error = check(10, &digest, &others).unwrap_err();
    assert!(matches!(error, StateError::Ends { version: 4, seen: 3, .. }), "{error}");
    let error = check(20, &digest, &stream(&[3, 4, 9, 18, 30])).unwrap_err();
    assert!(matches!(error, StateError::Ends { .. }), "{error}");
    let error = check(20, &digest, &stream(&[3, 9, 4, 17])).unwrap_err();
    let gap = matches!(error, StateError::Gap { field: "position", .. });
    assert!(gap, "{error}");
}

#[test]
fn every_byte_of_a_leaf_a_row_and_a_digest_counts() {
    let leaves = stream(&POSITIONS);
    let digest = digested(20, &leaves, &POSITIONS);
    for number in 0..4 {
        for at in 0..leaves[number].len() {
            let mut changed = leaves.clone();
            changed[number][at] ^= 1;
            check(20, &digest, &changed).unwrap_err();
        }
    }
    let (_, said) = read_digest(&digest.leaf).unwrap();
    let row = digest.rows[2].to_bytes();
    let proof = prove_row(&digest.rows, INDEX).unwrap();
    verify_row(&said, STREAM, &row, INDEX, &proof).unwrap();
    for at in 0..row.len() {
        for bit in 0..8 {
            let mut changed = row.clone();
            changed[at] ^= 1 << bit;
            verify_row(&said, STREAM, &changed, INDEX, &proof).unwrap_err();
        }
        verify_row(&said, STREAM, &row[..at], INDEX, &proof).unwrap_err();
    }
    for index in [0, 1, 3, 4, 5, u64::MAX] {
        verify_row(&said, STREAM, &row, index, &proof).unwrap_err();
    }
    let other = digest.rows[1].to_bytes();
    let error = verify_row(&said, STREAM, &other, 1, &prove_row(&digest.rows, 1).unwrap());
    assert!(matches!(error, Err(StateError::OfAnother { .. })), "{error:?}");
}

#[test]
fn only_the_record_of_a_state_digest_is_read_as_one() {
    let leaves = stream(&POSITIONS);
    let error = read_digest(&leaves[0]).unwrap_err().to_string();
    expect!["the leaf is no record of a state digest: it is `evidence-accepted`"].assert_eq(&error);
    let said = StateDigestRecorded { size: 10, root: Digest::ZERO, rows: 1, projector: 1 };
    let early = leaf(UnitId([1; 16]), 9, 1, Digest::ZERO, &Event::StateDigestRecorded(said));
    let error = read_digest(&early).unwrap_err().to_string();
    expect!["the leaf is no record of a state digest: it describes records that come after it"]
        .assert_eq(&error);
}

proptest! {
    #[test]
    fn a_row_is_read_back_as_it_was(
        stream: [u8; 16], version: u64, shift in 0_u32..64, head: [u8; 32], projection: [u8; 32],
    ) {
        let (stream, version) = (UnitId(stream), version >> shift);
        let row = Row { stream, version, head: Digest(head), projection: Digest(projection) };
        let bytes = row.to_bytes();
        prop_assert!(bytes.len() <= MOST_ROW_BYTES);
        prop_assert_eq!(Row::read(&bytes), Ok(row));
        let twice = [&bytes[..], &bytes[..]].concat();
        prop_assert_eq!(Row::read_first(&twice), Ok((row, &bytes[..])));
        prop_assert!(Row::read(&twice).is_err());
    }

    #[test]
    fn what_is_read_as_a_row_is_written_so(bytes: Vec<u8>) {
        let framed = [&[0x84, 0x50][..], &bytes].concat();
        for bytes in [&bytes, &framed] {
            if let Ok(row) = Row::read(bytes) {
                prop_assert_eq!(&row.to_bytes(), bytes);
            }
        }
    }
}
