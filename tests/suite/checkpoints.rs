//! Checkpoints: each append tells one, it is signed by the log's key, and records and earlier points
//! of the log are proved against it.

use std::fs;

use expect_test::expect;
use gradus_log::Head;
use gradus_model::Digest;
use gradus_proof::{
    Checkpoint, Note, TlogProof, VerifierKey, leaf_hash, verify_consistency, verify_inclusion,
};
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::get_checkpoint_request::Point;

use crate::machine::Clocks;
use crate::running::{Principal, System, copy, item, on, refusal, submit};

async fn told(by: &Principal, point: Option<Point>) -> wire::GetCheckpointResponse {
    let asked = wire::GetCheckpointRequest { point, witnessed: false };
    by.proofs.clone().get_checkpoint(asked).await.unwrap().into_inner()
}

/// The log's key.
async fn key(system: &System) -> VerifierKey {
    told(&system.operator, None).await.key.parse().unwrap()
}

/// What a note says, which the key must have signed.
fn opened(note: &str, key: &VerifierKey) -> Head {
    let note = Note::parse(note.as_bytes()).unwrap();
    let Checkpoint { size, root, .. } = Checkpoint::open(&note, key).unwrap();
    Head { size, root }
}

fn digests(hashes: &[Vec<u8>]) -> Vec<Digest> {
    hashes.iter().map(|hash| digest(hash)).collect()
}

fn digest(bytes: &[u8]) -> Digest {
    Digest(bytes.try_into().unwrap())
}

/// The code and reason of a refusal.
fn reason(status: &Status) -> String {
    refusal(status).split(':').next().unwrap_or_default().to_owned()
}

async fn waited(system: &System, id: &str) -> wire::Receipt {
    let append = wire::AppendOptions { await_checkpoint: true, ..Default::default() };
    let asked = wire::SubmitEvidenceRequest {
        append: Some(append),
        ..submit("alpha", vec![item(id), item(&format!("{id}-too"))])
    };
    let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
    answer.into_inner().receipt.unwrap()
}

async fn included(by: &Principal, position: u64) -> Result<wire::ProveInclusionResponse, Status> {
    let asked = wire::ProveInclusionRequest { position };
    by.proofs.clone().prove_inclusion(asked).await.map(tonic::Response::into_inner)
}

async fn known_at(by: &Principal, at: &str) -> Result<wire::ProveKnownAtResponse, Status> {
    let asked = wire::ProveKnownAtRequest { known_at: on(at) };
    by.proofs.clone().prove_known_at(asked).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_waits_for_a_checkpoint_is_answered_with_proofs_to_it() {
    let system = System::new().await;
    system.project("alpha").await;
    let key = key(&system).await;
    for id in ["a", "b", "c"] {
        let receipt = waited(&system, id).await;
        let head = opened(&receipt.checkpoint, &key);
        assert_eq!(receipt.events.len(), 2);
        for placed in &receipt.events {
            let (leaf, proof) = (digest(&placed.leaf_hash), digests(&placed.inclusion));
            verify_inclusion(&leaf, placed.position, head.size, &proof, &head.root).unwrap();
        }
    }
    let again = waited(&system, "c").await;
    assert!(again.events.is_empty(), "what is so already has no place to prove");
    opened(&again.checkpoint, &key);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_checkpoint_that_was_ever_told_is_the_beginning_of_the_next() {
    let mut system = System::new().await;
    system.project("alpha").await;
    let key = key(&system).await;
    let mut seen = vec![opened(&waited(&system, "0").await.checkpoint, &key)];
    for id in 1..30 {
        if id % 10 == 0 {
            system = Box::pin(system.restarted()).await;
        }
        let asked = submit("alpha", vec![item(&id.to_string())]);
        let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
        seen.push(opened(&answer.into_inner().receipt.unwrap().checkpoint, &key));
    }
    let newest = opened(&waited(&system, "last").await.checkpoint, &key);
    for before in seen {
        let asked =
            wire::ProveConsistencyRequest { old_size: before.size, new_size: Some(newest.size) };
        let answer = system.operator.proofs.clone().prove_consistency(asked).await.unwrap();
        let proof = digests(&answer.get_ref().hashes);
        verify_consistency(before.size, &before.root, newest.size, &newest.root, &proof).unwrap();
        assert_eq!(digest(&answer.get_ref().old_root), before.root);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_point_of_the_log_is_proved_part_of_the_newest_checkpoint() {
    let system = System::new().await;
    let before = system.size().await;
    system.advance(3_600);
    system.project("alpha").await;
    waited(&system, "a").await;
    let key = key(&system).await;
    for point in [Point::LogSize(before), Point::KnownAt(on("2026-06-01T12:30:00Z").unwrap())] {
        let answer = told(&system.operator, Some(point)).await;
        let now = opened(&answer.checkpoint.unwrap().note, &key);
        assert_eq!((answer.log_size, answer.settled), (before, true));
        let (root, proof) = (digest(&answer.root), digests(&answer.consistency));
        verify_consistency(before, &root, now.size, &now.root, &proof).unwrap();
    }
    let past = Some(Point::LogSize(1_000_000));
    let past = wire::GetCheckpointRequest { point: past, witnessed: false };
    let past = system.operator.proofs.clone().get_checkpoint(past).await.unwrap_err();
    assert_eq!(reason(&past), "OutOfRange BEYOND_HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_proved_by_a_file_that_others_can_read() {
    let system = System::new().await;
    system.project("alpha").await;
    let position = waited(&system, "a").await.events[0].position;
    let answer = included(&system.operator, position).await.unwrap();
    assert_eq!(digest(&answer.leaf_hash), leaf_hash(&answer.leaf));
    let file = TlogProof::parse(answer.tlog_proof.as_bytes()).unwrap();
    let key = key(&system).await;
    file.verify(&answer.leaf, std::slice::from_ref(&key)).unwrap();
    let mut other = answer.leaf.clone();
    other[60] ^= 1;
    file.verify(&other, std::slice::from_ref(&key)).unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_one_may_not_read_is_proved_no_more_than_one_that_is_not_there() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let position = waited(&system, "a").await.events[0].position;
    let auditor = wire::PrincipalKind::Person;
    let auditor = system.with_role("olga", auditor, (wire::Role::Auditor, "beta")).await;
    let hidden = included(&auditor, position).await.unwrap_err();
    let unknown = included(&auditor, 1_000_000).await.unwrap_err();
    assert_eq!(reason(&hidden), "NotFound POSITION_UNKNOWN");
    assert_eq!(reason(&unknown), reason(&hidden));
    let collector = wire::PrincipalKind::Service;
    let collector = system.with_role("ci", collector, (wire::Role::Collector, "alpha")).await;
    let denied = included(&collector, position).await.unwrap_err();
    assert_eq!(reason(&denied), "PermissionDenied RIGHT_MISSING");
    let denied = known_at(&auditor, "2026-06-01").await.unwrap_err();
    assert_eq!(reason(&denied), "PermissionDenied RIGHT_MISSING", "bounds are leaves of anybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_at_an_instant_is_proved_by_the_records_around_it() {
    let system = System::new().await;
    let before = system.size().await;
    let unsettled = known_at(&system.operator, "2026-06-01T12:30:00Z").await.unwrap_err();
    assert_eq!(reason(&unsettled), "FailedPrecondition NOT_SETTLED");
    system.advance(3_600);
    system.project("alpha").await;
    let answer = known_at(&system.operator, "2026-06-01T12:30:00Z").await.unwrap();
    assert_eq!(answer.log_size, before);
    let now = opened(&answer.checkpoint.unwrap().note, &answer.key.parse().unwrap());
    let (last, next) = (answer.last.unwrap(), answer.next.unwrap());
    assert_eq!((last.position, next.position), (before - 1, before));
    for one in [last, next] {
        let proof = digests(&one.proof.unwrap().hashes);
        let leaf = leaf_hash(&one.leaf);
        verify_inclusion(&leaf, one.position, now.size, &proof, &now.root).unwrap();
    }
    let first = known_at(&system.operator, "2020-01-01").await.unwrap();
    assert_eq!((first.log_size, first.last.is_none()), (0, true));
}

/// A stopped server's directory, and where its checkpoints are kept.
async fn put_back(change: impl FnOnce(&std::path::Path)) -> String {
    let system = System::new().await;
    system.project("alpha").await;
    let directory = system.stopped().await;
    let before = tempfile::tempdir().unwrap();
    copy(&directory.path().join("data"), &before.path().join("data"));
    let clocks = Clocks::at("2026-06-02T12:00:00Z");
    let system = System::start_on(directory, clocks).await.unwrap_or_else(|e| panic!("{e}"));
    // The last before a stop is kept.
    waited(&system, "a").await;
    let directory = system.stopped().await;
    let kept = directory.path().join("data/checkpoints");
    copy(&kept, &before.path().join("data/checkpoints"));
    change(&before.path().join("data"));
    let path = before.path().display().to_string();
    let clocks = Clocks::at("2026-06-03T12:00:00Z");
    match System::start_on(before, clocks).await {
        Ok(_) => "it started".to_owned(),
        Err(error) => {
            let error = crate::running::without_ids(&error.to_string().replace(&path, "DIR"));
            let secret = |word: &str| {
                let told = word.trim_end_matches([';', ':', ',']);
                let hexadecimal = told.bytes().all(|byte| byte.is_ascii_hexdigit());
                if hexadecimal && [8, 64].contains(&told.len()) { "HASH" } else { word }.to_owned()
            };
            error.split(' ').map(secret).collect::<Vec<_>>().join(" ")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_put_back_behind_what_was_signed_does_not_start() {
    let refused = put_back(|_| ()).await;
    expect!["`DIR/data/checkpoints/00000000000000000023` says that the log had 23 records with root HASH and it has 21 now: the directory was put back or changed; restore the newest backup with `gradus restore`, or take the file away to go on without what is missing, which auditors will see"].assert_eq(&refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_or_checkpoint_does_not_start() {
    let damaged = put_back(|data| {
        let folder = fs::read_dir(data.join("checkpoints")).unwrap();
        for entry in folder {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap().replace("gradus/", "gradus-");
            fs::write(&path, text).unwrap();
        }
    });
    expect!["`DIR/data/checkpoints/00000000000000000023` is damaged: the note is not signed by `gradus/ID` with the key HASH take it away, or restore it from a backup"].assert_eq(&damaged.await);
    let other = put_back(|data| fs::write(data.join("checkpoint.key"), "secret\n").unwrap()).await;
    expect!["`DIR/data/checkpoint.key` holds no key of checkpoints: restore it from the backup of the keys"].assert_eq(&other);
}
