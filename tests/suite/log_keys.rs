//! The key that signs the log's checkpoints is rotated: who holds the old one can follow, and nothing
//! that it signed is worth less.

use std::fs;

use gradus_proof::handover::followed;
use gradus_proof::{Checkpoint, Handover, Note, Policy, VerifierKey};
use gradus_server::operate;
use gradus_service::capsule::{Trust, verify};
use gradus_wire::v1 as wire;

use crate::running::{Principal, System, item, on, refusal, submit};

const QUIET: operate::OnStep<'static> = &|_, _, _| ();

async fn told(by: &Principal) -> wire::GetCheckpointResponse {
    let asked = wire::GetCheckpointRequest::default();
    by.proofs.clone().get_checkpoint(asked).await.unwrap().into_inner()
}

/// The log's key, and what the newest checkpoint covers, which that key must have signed.
async fn signed(by: &Principal) -> (VerifierKey, u64) {
    let told = told(by).await;
    let key: VerifierKey = told.key.parse().unwrap();
    (key.clone(), opened(&told.checkpoint.unwrap().note, &key))
}

fn opened(note: &str, key: &VerifierKey) -> u64 {
    Checkpoint::open(&Note::parse(note.as_bytes()).unwrap(), key).unwrap().size
}

fn asked(reason: &str, validate_only: bool) -> wire::RotateLogKeyRequest {
    let append = Some(wire::AppendOptions { validate_only, ..Default::default() });
    wire::RotateLogKeyRequest { append, reason: reason.to_owned() }
}

/// Rotates the key: the new one, and where that was recorded.
async fn rotated(system: &System) -> (VerifierKey, u64) {
    let mut proofs = system.operator.proofs.clone();
    let answer = proofs.rotate_log_key(asked("the yearly change", false)).await;
    let answer = answer.unwrap().into_inner();
    (answer.key.parse().unwrap(), answer.receipt.unwrap().events[0].position)
}

/// Records something, and waits for a checkpoint of it.
async fn waited(system: &System, id: &str) -> String {
    let append = wire::AppendOptions { await_checkpoint: true, ..Default::default() };
    let asked =
        wire::SubmitEvidenceRequest { append: Some(append), ..submit("alpha", vec![item(id)]) };
    let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
    answer.into_inner().receipt.unwrap().checkpoint
}

async fn handovers(system: &System) -> Vec<Handover> {
    let read = |told: &wire::KeyHandover| {
        let (from, to): (VerifierKey, VerifierKey) =
            (told.from.parse().unwrap(), told.to.parse().unwrap());
        Handover::read(from.name(), (*from.public(), *to.public()), &told.signature).unwrap()
    };
    told(&system.operator).await.handovers.iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_signs_from_the_answer_on_and_the_old_one_vouches_for_it() {
    let system = System::alone().await;
    system.project("alpha").await;
    let before = waited(&system, "a").await;
    let (old, _) = signed(&system.operator).await;
    let secret = fs::read_to_string(system.data().join("checkpoint.key")).unwrap();
    let checked = system.operator.proofs.clone().rotate_log_key(asked("why", true)).await.unwrap();
    assert_eq!(checked.into_inner().key, "", "a verdict rotates nothing");
    assert_eq!(signed(&system.operator).await.0, old);

    let (new, position) = rotated(&system).await;
    assert_ne!(new, old);
    let (told_by, covers) = signed(&system.operator).await;
    assert_eq!(
        (told_by, covers > position),
        (old.clone(), true),
        "the last that the old one signed"
    );
    let kept = system.data().join("checkpoints").join(format!("{covers:020}"));
    assert_eq!(opened(&fs::read_to_string(kept).unwrap(), &old), covers, "it is kept");
    assert!(opened(&waited(&system, "b").await, &new) > covers);
    assert_eq!(signed(&system.operator).await.0, new);
    assert!(opened(&before, &old) > 0, "what the old one signed is worth what it was");
    assert_eq!(
        followed(std::slice::from_ref(&old), &handovers(&system).await),
        [old.clone(), new.clone()]
    );
    let now = fs::read_to_string(system.data().join("checkpoint.key")).unwrap();
    assert_ne!(now, secret);
    assert!(!system.data().join("checkpoint.key.next").exists());

    let system = system.restarted().await;
    let (third, _) = rotated(&system).await;
    assert!(opened(&waited(&system, "c").await, &third) > 0);
    let system = system.restarted().await;
    assert_eq!(signed(&system.operator).await.0, third);
    assert_eq!(followed(std::slice::from_ref(&old), &handovers(&system).await), [old, new, third]);
    let directory = system.stopped().await;
    let diagnosis = operate::examine(&directory.path().join("data"), QUIET).unwrap();
    assert_eq!(diagnosis.worst(), None, "{:?}", diagnosis.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_goes_on_with_a_rotation_that_a_crash_left_half_done() {
    let system = System::alone().await;
    system.project("alpha").await;
    let key = system.data().join("checkpoint.key");
    let next = system.data().join("checkpoint.key.next");
    let secret = fs::read(&key).unwrap();
    let (new, _) = rotated(&system).await;
    let directory = system.stopped().await;
    // As it was after the event, and before the new key took the old one's place.
    fs::rename(&key, &next).unwrap();
    fs::write(&key, &secret).unwrap();
    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    assert!(!next.exists());
    assert!(opened(&waited(&system, "a").await, &new) > 0);
    let directory = system.stopped().await;
    fs::write(&key, &secret).unwrap();
    let refused = System::start(directory, "2026-06-01T12:00:00Z").await.err().unwrap();
    assert!(refused.to_string().contains("checkpoint.key.next"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_asked_for_again_by_its_id_answers_as_the_first_call_did() {
    let system = System::alone().await;
    system.project("alpha").await;
    let next = system.data().join("checkpoint.key.next");
    let request_id = "00000000-0000-4000-8000-00000000abcd".to_owned();
    let asked = |reason: &str| {
        let append = wire::AppendOptions { request_id: request_id.clone(), ..Default::default() };
        wire::RotateLogKeyRequest { append: Some(append), reason: reason.to_owned() }
    };
    let mut proofs = system.operator.proofs.clone();
    let first = proofs.rotate_log_key(asked("the yearly change")).await.unwrap().into_inner();
    let again = proofs.rotate_log_key(asked("the yearly change")).await.unwrap().into_inner();
    assert_eq!(again.key, first.key);
    let (first, again) = (first.receipt.unwrap(), again.receipt.unwrap());
    assert!(again.replayed && !first.replayed);
    assert_eq!(again.events, first.events);
    let other = proofs.rotate_log_key(asked("another reason")).await.unwrap_err();
    assert!(refusal(&other).starts_with("AlreadyExists REQUEST_ID_REUSED"), "{other:?}");
    assert!(!next.exists(), "no key is left behind");

    let append = wire::AppendOptions { request_id: request_id.clone(), ..Default::default() };
    let taken =
        wire::SubmitEvidenceRequest { append: Some(append), ..submit("alpha", vec![item("a")]) };
    let taken = system.operator.evidence.clone().submit_evidence(taken).await.unwrap_err();
    assert!(refusal(&taken).starts_with("AlreadyExists REQUEST_ID_REUSED"), "{taken:?}");
    let stale = wire::AppendOptions { expected_version: Some(1), ..Default::default() };
    let stale = wire::RotateLogKeyRequest { append: Some(stale), reason: "why".to_owned() };
    let stale = proofs.rotate_log_key(stale).await.unwrap_err();
    assert!(refusal(&stale).starts_with("Aborted STALE_VERSION"), "{stale:?}");
    assert!(!next.exists(), "nor by a call that was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_is_verified_by_the_key_of_before_as_the_log_tells_the_next() {
    let system = System::alone().await;
    system.project("alpha").await;
    let (old, _) = signed(&system.operator).await;
    let (new, _) = rotated(&system).await;
    waited(&system, "a").await;
    let (units, valid_at) = (vec!["alpha".to_owned()], on("2026-06-01T12:00:00Z"));
    let create = wire::CreateCapsuleRequest { units, valid_at, ..Default::default() };
    let pieces = system.operator.proofs.clone().create_capsule(create).await.unwrap();
    let mut pieces = pieces.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        bytes.extend(piece.content);
    }
    let by = |keys: &[VerifierKey]| verify(&bytes, &Trust { keys, policy: None });
    assert!(by(std::slice::from_ref(&new)).is_ok());
    assert!(by(std::slice::from_ref(&old)).is_ok(), "the old one handed over in the log");
    let other = VerifierKey::new(old.name(), old.kind(), [9; 32]).unwrap();
    assert!(by(std::slice::from_ref(&other)).is_err());
    let policy = |key: &VerifierKey| -> Policy {
        Policy::parse(format!("log {key}\nquorum none\n").as_bytes()).unwrap()
    };
    let taken =
        |policy: &Policy| verify(&bytes, &Trust { keys: &[], policy: Some(policy) }).is_ok();
    assert!(taken(&policy(&new)) && taken(&policy(&old)));
    assert!(!taken(&policy(&other)));
}

#[tokio::test]
async fn only_a_person_who_administers_the_organization_and_says_why_rotates_the_key() {
    let system = System::new().await;
    system.project("alpha").await;
    let of = (wire::Role::Admin, "alpha");
    let admin = system.with_role("boss", wire::PrincipalKind::Person, of).await;
    let machine = system.principal("bot", wire::PrincipalKind::Service).await;
    let mut told = Vec::new();
    for (by, reason) in [(&admin, "why"), (&machine, "why"), (&system.operator, "")] {
        let refused = by.proofs.clone().rotate_log_key(asked(reason, false)).await.unwrap_err();
        told.push(refusal(&refused).split(':').next().unwrap().to_owned());
    }
    assert_eq!(
        told,
        [
            "PermissionDenied RIGHT_MISSING",
            "PermissionDenied NOT_A_PERSON",
            "InvalidArgument REASON_MISSING [reason]"
        ]
    );
    assert!(!system.data().join("checkpoints").join("checkpoint.key.next").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_key_that_is_not_the_logs_and_a_checkpoint_that_no_key_signed() {
    let system = System::alone().await;
    system.project("alpha").await;
    let data = system.data();
    let secret = fs::read(data.join("checkpoint.key")).unwrap();
    let (_, position) = rotated(&system).await;
    let (_, covers) = signed(&system.operator).await;
    let directory = system.stopped().await;
    let found = || -> Vec<String> {
        let diagnosis = operate::examine(&data, QUIET).unwrap();
        let told = |of: &operate::Finding| format!("{}: {}", of.file.display(), of.what);
        diagnosis.findings.iter().map(told).collect()
    };
    assert_eq!(found(), [""; 0]);
    let kept = data.join("checkpoints").join(format!("{covers:020}"));
    let note = fs::read_to_string(&kept).unwrap();
    let other = note.replacen(&format!("\n{covers}\n"), &format!("\n{}\n", covers + 1), 1);
    assert_ne!(other, note);
    fs::write(&kept, other).unwrap();
    let [told] = &found()[..] else { panic!("one finding") };
    assert!(told.contains("is not on this text"), "{told}");
    fs::write(&kept, note).unwrap();
    fs::write(data.join("checkpoint.key"), secret).unwrap();
    let what = format!("it is not the key that the log names at position {position}");
    assert_eq!(found(), [format!("checkpoint.key: {what}")]);
    drop(directory);
}
