//! State digests: recorded at set sizes, the same however they are made, and what they prove.

mod opened;

use gradus_model::Digest;
use gradus_proof::state::{Reached, StateError, read_digest, verify_whole};
use gradus_proof::{Checkpoint, Note, VerifierKey, leaf_hash, verify_inclusion};
use gradus_wire::v1 as wire;
use tempfile::TempDir;
use tonic::Status;
use wire::prove_unit_request::Point;
use wire::subscribe_events_response::Update;

use crate::machine::Clocks;
use crate::running::{Principal, System, item, levels_of, refusal, submit};

pub(crate) async fn describing(every: u64) -> System {
    described_on(tempfile::tempdir().unwrap(), "2026-06-01T12:00:00Z", every).await
}

async fn restarted(system: System, every: u64) -> System {
    let directory = system.stopped().await;
    described_on(directory, "2026-06-02T12:00:00Z", every).await
}

async fn described_on(directory: TempDir, now: &str, every: u64) -> System {
    let clocks = Clocks::at(now);
    let change = |settings: &mut gradus_server::Settings| {
        settings.state_digest_every = every.try_into().unwrap();
    };
    System::start_as(directory, clocks, change).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits for the digest of a size, or of more.
pub(crate) async fn waited(system: &System, size: u64) -> (u64, u64) {
    let asked = wire::SubscribeEventsRequest {
        types: vec!["state-digest-recorded".to_owned()],
        view: wire::EventView::Leaf.into(),
        ..Default::default()
    };
    let mut stream =
        system.operator.events.clone().subscribe_events(asked).await.unwrap().into_inner();
    while let Some(message) = stream.message().await.unwrap() {
        let Some(Update::Events(batch)) = message.update else { continue };
        for event in batch.events {
            let (place, said) = read_digest(&event.leaf).unwrap();
            if said.size >= size {
                return (said.size, place.position);
            }
        }
    }
    panic!("no digest of {size} records");
}

async fn listed(by: &Principal) -> Vec<wire::StateDigest> {
    let asked = wire::ListStateDigestsRequest::default();
    by.proofs.clone().list_state_digests(asked).await.unwrap().into_inner().digests
}

async fn proved(by: &Principal, unit: &str, size: u64) -> Result<wire::ProveUnitResponse, Status> {
    let asked = wire::ProveUnitRequest { unit: unit.to_owned(), point: Some(Point::LogSize(size)) };
    by.proofs.clone().prove_unit(asked).await.map(tonic::Response::into_inner)
}

async fn leaves(by: &Principal, unit: &str) -> Vec<Vec<u8>> {
    let asked = wire::ListEventsRequest {
        page_size: 1_000,
        unit: unit.to_owned(),
        view: wire::EventView::Leaf.into(),
        ..Default::default()
    };
    let page = by.events.clone().list_events(asked).await.unwrap().into_inner();
    assert_eq!(page.next_page_token, "");
    page.events.into_iter().map(|event| event.leaf).collect()
}

fn digests(hashes: &[Vec<u8>]) -> Vec<Digest> {
    hashes.iter().map(|hash| Digest(hash.as_slice().try_into().unwrap())).collect()
}

/// Checks that a record is in the log of a checkpoint that the key signed.
fn in_log(record: &wire::ProveInclusionResponse, key: &VerifierKey) {
    let note = Note::parse(record.checkpoint.as_ref().unwrap().note.as_bytes()).unwrap();
    let checkpoint = Checkpoint::open(&note, key).unwrap();
    let proof = digests(&record.proof.as_ref().unwrap().hashes);
    let (leaf, size) = (leaf_hash(&record.leaf), checkpoint.size);
    verify_inclusion(&leaf, record.position, size, &proof, &checkpoint.root).unwrap();
}

/// What a client finds of an answer, given the leaves of the stream.
fn verified(answer: &wire::ProveUnitResponse, leaves: &[Vec<u8>]) -> Result<Reached, StateError> {
    let key: VerifierKey = answer.key.parse().unwrap();
    let whole = answer.whole.as_ref().unwrap();
    let record = whole.record.as_ref().unwrap();
    in_log(record, &key);
    if let Some(last) = &answer.last {
        in_log(last, &key);
    }
    let stream = answer.unit.as_ref().unwrap().id.parse().unwrap();
    let proof = digests(&whole.hashes);
    let row = (whole.row.as_slice(), whole.index, proof.as_slice());
    let leaves = leaves.iter().map(Vec::as_slice);
    verify_whole(stream, answer.log_size, &record.leaf, row, leaves)
}

/// A server that passed size 32 with two projects, and the size of the digest it recorded.
async fn given() -> (System, u64) {
    let system = describing(32).await;
    system.project("alpha").await;
    system.project("beta").await;
    for id in 0..12 {
        let unit = if id % 3 == 0 { "beta" } else { "alpha" };
        system.submitted(unit, vec![item(&id.to_string())]).await;
    }
    let (size, position) = waited(&system, 32).await;
    assert_eq!(size, 32);
    assert!(position >= size);
    (system, size)
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_set_size_the_log_says_how_far_all_units_had_come() {
    let (system, size) = given().await;
    let all = listed(&system.operator).await;
    let [digest] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((digest.log_size, digest.rows), (size, 4), "organization, team, alpha, beta");
    let asked = wire::GetEventRequest { position: digest.position };
    let event = system.operator.events.clone().get_event(asked).await.unwrap().into_inner();
    let event = event.event.unwrap();
    assert_eq!(event.unit.unwrap().name, "organization");
    assert_eq!(event.actor.unwrap().name, "system");
    assert_eq!(event.grade, i32::from(wire::Grade::Internal));
    assert!(event.body_json.contains("\"size\":32"), "{}", event.body_json);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_record_of_a_unit_below_the_digest_is_missing_at_any_size() {
    let (system, digested) = given().await;
    for unit in ["alpha", "beta", "team", "organization"] {
        let leaves = leaves(&system.operator, unit).await;
        for size in 0..=digested {
            let answer = proved(&system.operator, unit, size).await.unwrap();
            assert_eq!(answer.log_size, size);
            let reached = verified(&answer, &leaves).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(reached.version, answer.version, "{unit} #{size}");
            let last = answer.last.as_ref().map(|last| leaf_hash(&last.leaf));
            assert_eq!(last.unwrap_or(Digest::ZERO), reached.head);
        }
    }
    // Past the digest the stream is proved to where it had come then.
    let head = system.size().await;
    let answer = proved(&system.operator, "alpha", head).await.unwrap();
    let whole = answer.whole.as_ref().unwrap();
    assert_eq!(whole.digest.as_ref().unwrap().log_size, digested);
    assert!(whole.version <= answer.version);
    let past = proved(&system.operator, "alpha", head + 1_000).await.unwrap_err();
    assert!(refusal(&past).starts_with("OutOfRange BEYOND_HEAD"), "{past:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_or_left_out_is_refused() {
    let (system, digested) = given().await;
    let leaves = leaves(&system.operator, "alpha").await;
    let answer = proved(&system.operator, "alpha", digested).await.unwrap();
    verified(&answer, &leaves).unwrap();
    let mut other = answer.clone();
    other.whole.as_mut().unwrap().row[30] ^= 1;
    verified(&other, &leaves).unwrap_err();
    let mut other = answer.clone();
    other.whole.as_mut().unwrap().index += 1;
    verified(&other, &leaves).unwrap_err();
    // Another unit's row proves nothing of this one.
    let of_beta = proved(&system.operator, "beta", digested).await.unwrap();
    let other = wire::ProveUnitResponse { whole: of_beta.whole, ..answer.clone() };
    let error = verified(&other, &leaves).unwrap_err();
    assert!(matches!(error, StateError::OfAnother { .. }), "{error}");
    let mut some = leaves.clone();
    some.remove(1);
    let error = verified(&answer, &some).unwrap_err();
    assert!(matches!(error, StateError::Gap { .. }), "{error}");
    let version = usize::try_from(answer.version).unwrap();
    let error = verified(&answer, &leaves[..version - 1]).unwrap_err();
    assert!(matches!(error, StateError::Ends { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_rebuild_reach_the_same_rows() {
    let (system, digested) = given().await;
    let before = proved(&system.operator, "alpha", digested).await.unwrap().whole.unwrap();
    let all = listed(&system.operator).await;
    let rows = system.data().join("projections/states");
    std::fs::remove_dir_all(&rows).unwrap();
    let system = restarted(system, 32).await;
    assert_eq!(listed(&system.operator).await, all, "nothing is due, and nothing was forgotten");
    let again = proved(&system.operator, "alpha", digested).await.unwrap().whole.unwrap();
    assert_eq!((again.row, again.hashes), (before.row.clone(), before.hashes.clone()));
    let data = system.data();
    let directory = system.stopped().await;
    std::fs::remove_dir_all(data.join("projections")).unwrap();
    let system = described_on(directory, "2026-06-03T12:00:00Z", 32).await;
    let rebuilt = proved(&system.operator, "alpha", digested).await.unwrap().whole.unwrap();
    assert_eq!((rebuilt.row, rebuilt.hashes), (before.row, before.hashes));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_describes_the_last_size_that_was_passed() {
    let system = describing(1_000_000).await;
    system.project("alpha").await;
    for id in 0..10 {
        system.submitted("alpha", vec![item(&id.to_string())]).await;
    }
    let head = system.size().await;
    assert_eq!(listed(&system.operator).await, []);
    let question = levels_of("alpha", "2026-06-01T00:00:00Z");
    let levels = system.levels(question.clone()).await;
    let system = restarted(system, 10).await;
    let (size, position) = waited(&system, 1).await;
    assert_eq!((size, position), (head / 10 * 10, head));
    let later = system.levels(question).await;
    assert_eq!(later.areas, levels.areas, "a digest changes no level");
    let leaves = leaves(&system.operator, "alpha").await;
    let answer = proved(&system.operator, "alpha", size).await.unwrap();
    verified(&answer, &leaves).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_makes_no_other_one_due() {
    let system = describing(1).await;
    system.project("alpha").await;
    for id in 0..5 {
        let size = system.size().await;
        system.submitted("alpha", vec![item(&id.to_string())]).await;
        waited(&system, size + 1).await;
    }
    let system = restarted(system, 1).await;
    let size = system.size().await;
    system.submitted("alpha", vec![item("last")]).await;
    waited(&system, size + 1).await;
    let all = listed(&system.operator).await;
    assert!(all.len() >= 6, "{all:?}");
    for digest in all {
        let asked = wire::GetEventRequest { position: digest.log_size - 1 };
        let last = system.operator.events.clone().get_event(asked).await.unwrap().into_inner();
        assert_ne!(last.event.unwrap().r#type, "state-digest-recorded", "{digest:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_of_one_unit_has_its_row_and_no_other() {
    let (system, digested) = given().await;
    let auditor = wire::PrincipalKind::Person;
    let auditor = system.with_role("olga", auditor, (wire::Role::Auditor, "beta")).await;
    let leaves = leaves(&auditor, "beta").await;
    let answer = proved(&auditor, "beta", digested).await.unwrap();
    verified(&answer, &leaves).unwrap();
    let hidden = proved(&auditor, "alpha", digested).await.unwrap_err();
    let unknown = proved(&auditor, "nobody", digested).await.unwrap_err();
    let hidden = refusal(&hidden).replace("alpha", "X");
    assert_eq!(hidden, refusal(&unknown).replace("nobody", "X"));
    assert!(hidden.starts_with("NotFound UNIT_UNKNOWN"), "{hidden}");
    assert_eq!(listed(&auditor).await.len(), 1);
    let viewer = wire::PrincipalKind::Person;
    let viewer = system.with_role("vera", viewer, (wire::Role::Viewer, "beta")).await;
    let denied = proved(&viewer, "beta", digested).await.unwrap_err();
    assert!(refusal(&denied).starts_with("PermissionDenied RIGHT_MISSING"), "{denied:?}");
    let collector = wire::PrincipalKind::Service;
    let collector = system.with_role("ci", collector, (wire::Role::Collector, "beta")).await;
    collector.evidence.clone().submit_evidence(submit("beta", vec![item("x")])).await.unwrap();
    let denied = proved(&collector, "beta", digested).await.unwrap_err();
    assert!(refusal(&denied).starts_with("PermissionDenied RIGHT_MISSING"), "{denied:?}");
}
