//! At which sizes a state is described, and that a wrong digest is found.

use gradus_model::event::{OfEvidence, QueriesRecorded, StateDigestRecorded};
use gradus_model::leaf::Place;
use gradus_model::unit::Grade;
use gradus_model::{Digest, EvidenceId, PrincipalId, RequestId, Timestamp, UnitId};

use super::*;
use crate::append::tests::started;

fn asked() -> QueriesRecorded {
    let auditor = PrincipalId([3; 16]);
    QueriesRecorded { auditor, engagement: 1, first: 0, count: 1, root: Digest::ZERO }
}

/// Records from position `from` on: `d` is a state digest, `q` one of an auditor's questions, everything
/// else is neither.
fn records(from: u64, what: &str) -> Vec<Recorded> {
    let record = |(position, sort): (u64, char)| {
        let digest = StateDigestRecorded { size: 1, root: Digest::ZERO, rows: 1, projector: 1 };
        let event = match sort {
            'd' => Event::StateDigestRecorded(digest),
            'q' => Event::QueriesRecorded(asked()),
            _ => Event::EvidenceAccepted(OfEvidence { evidence: EvidenceId([1; 16]) }),
        };
        let (stream, previous) = (UnitId([2; 16]), Digest::ZERO);
        let recorded_at = Timestamp::MIN;
        Recorded {
            place: Place { position, recorded_at, stream, version: position + 1, previous },
            effective_at: recorded_at,
            actor: PrincipalId([3; 16]),
            grade: Grade::Token,
            request: RequestId([4; 16]),
            item: 0,
            event,
        }
    };
    (from..).zip(what.chars()).map(record).collect()
}

fn boundary(every: u64, from: u64, what: &str, cursor: u64) -> Option<u64> {
    let states = States::default();
    states.every.store(every, Ordering::Relaxed);
    states.boundary(&records(from, what), cursor)
}

#[test]
fn the_last_multiple_that_new_records_reach_is_described() {
    let cases = [
        (4, 0, "eee", 0, None),
        (4, 0, "eeee", 0, Some(4)),
        (4, 0, "eeeee", 0, Some(4)),
        (4, 4, "eeeeeeeeee", 4, Some(12)),
        (4, 4, "e", 4, None),
        (4, 2, "eeee", 4, None),
        (0, 0, "eeeeeeeeee", 0, None),
        (4, 0, "", 0, None),
    ];
    for (every, from, what, cursor, expected) in cases {
        assert_eq!(boundary(every, from, what, cursor), expected, "{every} {from} {what} {cursor}");
    }
}

#[test]
fn neither_a_state_digest_nor_a_question_of_an_auditor_makes_one_due() {
    assert_eq!(boundary(1, 5, "q", 5), None);
    assert_eq!(boundary(4, 5, "eeq", 5), None);
    assert_eq!(boundary(4, 5, "eqe", 5), Some(8));
    assert_eq!(boundary(1, 5, "d", 5), None);
    assert_eq!(boundary(1, 5, "ed", 5), Some(6));
    assert_eq!(boundary(4, 5, "eed", 5), None);
    assert_eq!(boundary(4, 5, "eeed", 5), Some(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_makes_the_newest_digest_again_and_finds_a_wrong_one() {
    let directory = tempfile::tempdir().unwrap();
    let service = started(&directory.path().join("data")).await;
    assert_eq!(service.audit_state().await.unwrap(), None);
    service.describe_states(NonZeroU64::new(8).unwrap());
    let mut cursor = service.cursor.subscribe();
    let is_described = |_: &u64| !service.views().state_digests.is_empty();
    cursor.wait_for(is_described).await.unwrap();
    let audited = service.audit_state().await.unwrap().unwrap();
    assert!(audited.agrees(), "{audited:?}");
    assert_eq!(service.audited(), Some(audited));

    let size = service.log.head().size;
    let wrong = StateDigestRecorded { size, root: Digest([9; 32]), rows: 1, projector: 1 };
    service.append_state(wrong).await.unwrap();
    let audited = service.audit_state().await.unwrap().unwrap();
    assert_eq!((audited.size, audited.agrees()), (size, false));
    assert_eq!(service.audited(), Some(audited));
    let newest = service.state_digests(u64::MAX, 1).await.unwrap().remove(0);
    let told = service.rows_of(&newest).await.unwrap_err().to_string();
    assert!(told.contains("a state digest is not what the log says"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_recorded_once_however_often_it_is_tried() {
    let directory = tempfile::tempdir().unwrap();
    let service = started(&directory.path().join("data")).await;
    let said = StateDigestRecorded { size: 3, root: Digest([9; 32]), rows: 1, projector: 1 };
    let before = service.log.head().size;
    for _ in 0..3 {
        service.append_state(said.clone()).await.unwrap();
    }
    assert_eq!(service.log.head().size, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_described_also_where_the_digest_of_an_earlier_one_follows_it() {
    let directory = tempfile::tempdir().unwrap();
    let service = started(&directory.path().join("data")).await;
    let due = service.log.head().size;
    let earlier =
        StateDigestRecorded { size: due - 1, root: Digest([9; 32]), rows: 1, projector: 1 };
    service.append_state(earlier).await.unwrap();
    service.caught_up(None).await.unwrap();
    service.states.every.store(1, Ordering::Relaxed);
    for cut in [None, Some(due)] {
        service.record_state(cut).await.unwrap();
        let newest = service.state_digests(u64::MAX, 1).await.unwrap().remove(0);
        assert_eq!(newest.said.size, due, "{cut:?}");
    }
    assert_eq!(service.log.head().size, due + 2, "once, and its own digest makes none due");
}
