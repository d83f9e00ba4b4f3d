//! Capsules: a file proves levels without the server that made it, and nothing in it can change
//! without being named.

#[path = "../formats/capsule.rs"]
mod golden_capsule;
#[path = "../formats/summary.rs"]
mod golden_summary;

mod compared;
mod described;
mod summary;
mod tampered;

use expect_test::{Expect, expect};
use gradus_proof::{Signer, VerifierKey};
use gradus_service::capsule::{Finding, Trust, Unread, Verified, verify};
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::create_capsule_request::Known;

use crate::formats::golden;
use crate::running::{Principal, System, by_id, item, levels_of, on, rating, refusal, submit};

fn asked(unit: &str) -> wire::CreateCapsuleRequest {
    let valid_at = on("2026-06-01T12:00:00Z");
    wire::CreateCapsuleRequest { units: vec![unit.to_owned()], valid_at, ..Default::default() }
}

async fn created(by: &Principal, asked: wire::CreateCapsuleRequest) -> Result<Vec<u8>, Status> {
    let mut pieces = by.proofs.clone().create_capsule(asked).await?.into_inner();
    let (mut bytes, mut total) = (Vec::new(), 0);
    while let Some(piece) = pieces.message().await? {
        assert!(piece.content.len() <= 1 << 20);
        bytes.extend(piece.content);
        total = piece.total;
    }
    assert_eq!(bytes.len() as u64, total);
    Ok(bytes)
}

async fn key(system: &System) -> VerifierKey {
    let asked = wire::GetCheckpointRequest::default();
    let told = system.operator.proofs.clone().get_checkpoint(asked).await.unwrap();
    told.into_inner().key.parse().unwrap()
}

fn by_key(bytes: &[u8], key: &VerifierKey) -> Result<Verified, Unread> {
    verify(bytes, &Trust { keys: std::slice::from_ref(key), policy: None })
}

/// What a capsule proves and what not, by name.
fn found(verified: &Verified) -> String {
    let names = |found: &[Finding]| found.iter().map(Finding::name).collect::<Vec<_>>().join(" ");
    format!("proved {}; not {}", names(&verified.proved), names(&verified.not_proved))
}

fn check(verified: &Verified, expected: &Expect) {
    expected.assert_eq(&found(verified));
}

/// A project with evidence and ratings, and another one.
async fn worked() -> (System, Vec<String>) {
    let system = System::alone().await;
    system.project("alpha").await;
    system.project("beta").await;
    let with_note = |id: &str| wire::EvidenceItem { note: format!("note of {id}"), ..item(id) };
    let ids = system.submitted("alpha", vec![with_note("a"), with_note("b"), item("c")]).await;
    let accept = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        append: None,
        evidence: vec![by_id(&ids[0])],
        note: "read".to_owned(),
    };
    system.operator.evidence.clone().accept_evidence(accept).await.unwrap();
    for practice in ["BP.10.01", "BP.10.02", "BP.10.03"] {
        system.rated("alpha", vec![rating(practice, wire::Value::Satisfied, "2026-05-02")]).await;
    }
    system.rated("beta", vec![rating("BP.01.01", wire::Value::Satisfied, "2026-05-02")]).await;
    system
        .rated("organization", vec![rating("BP.13.01", wire::Value::Satisfied, "2026-05-02")])
        .await;
    (system, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_proves_the_levels_that_the_server_answers_with() {
    let (system, _) = worked().await;
    let bytes = created(&system.operator, asked("alpha")).await.unwrap();
    let verified = by_key(&bytes, &key(&system).await).unwrap();
    let claim = &verified.manifest.units[0];
    let mut question = levels_of("alpha", "2026-06-01T12:00:00Z");
    let answer = system.levels(question.clone()).await;
    question.with_practices = true;
    let whole = system.levels(question).await;
    assert_eq!(claim.digest.0.0.to_vec(), answer.digest);
    assert_eq!(claim.digest_with_practices.0.0.to_vec(), whole.digest);
    assert_eq!(claim.areas.len(), answer.areas.len());
    let coordinate = answer.coordinate.unwrap();
    assert_eq!(verified.manifest.log_size, coordinate.log_size);
    assert_eq!(verified.manifest.root.0.0.to_vec(), coordinate.root);
    check(&verified, &expect!["proved signature records texts levels; not witnesses completeness"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_of_everything_proves_that_nothing_was_left_out() {
    let (system, _) = worked().await;
    let asked = wire::CreateCapsuleRequest { all: true, units: Vec::new(), ..asked("") };
    let bytes = created(&system.operator, asked).await.unwrap();
    let verified = by_key(&bytes, &key(&system).await).unwrap();
    let names: Vec<_> = verified.manifest.units.iter().flat_map(|unit| &unit.name).collect();
    assert_eq!(names, ["organization", "team", "alpha", "beta"]);
    check(&verified, &expect!["proved signature records completeness texts levels; not witnesses"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_has_the_same_bytes_after_more_was_recorded() {
    let (system, ids) = worked().await;
    let size = system.size().await;
    let pinned =
        || wire::CreateCapsuleRequest { known: Some(Known::LogSize(size)), ..asked("alpha") };
    let first = created(&system.operator, pinned()).await.unwrap();
    system.advance(3_600);
    let known_at = Some(Known::KnownAt(on("2026-06-01T12:30:00Z").unwrap()));
    let known = || wire::CreateCapsuleRequest { known: known_at, ..asked("alpha") };
    let open = created(&system.operator, known()).await.unwrap_err();
    assert!(refusal(&open).starts_with("FailedPrecondition NOT_SETTLED"), "{}", refusal(&open));
    let accept = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        append: None,
        evidence: vec![by_id(&ids[1])],
        note: String::new(),
    };
    system.operator.evidence.clone().accept_evidence(accept).await.unwrap();
    let then = created(&system.operator, known()).await.unwrap();
    system.rated("alpha", vec![rating("BP.10.04", wire::Value::Satisfied, "2026-05-02")]).await;
    let system = system.restarted().await;
    assert!(created(&system.operator, pinned()).await.unwrap() == first);
    assert!(created(&system.operator, known()).await.unwrap() == then);
    let key = key(&system).await;
    let (first, then) = (by_key(&first, &key).unwrap(), by_key(&then, &key).unwrap());
    assert_eq!((first.manifest.log_size, then.manifest.log_size), (size, size));
    assert_eq!(first.manifest.units, then.manifest.units);
    check(
        &then,
        &expect!["proved signature records known-at texts levels; not witnesses completeness"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn withheld_and_erased_texts_leave_every_proof_as_it_was() {
    let (system, ids) = worked().await;
    let size = system.size().await;
    let erase = wire::ErasePayloadRequest {
        unit: "alpha".to_owned(),
        append: None,
        record: Some(wire::erase_payload_request::Record::Evidence(by_id(&ids[1]))),
        reason: "asked for".to_owned(),
    };
    system.operator.evidence.clone().erase_payload(erase).await.unwrap();
    let known = Some(Known::LogSize(size));
    let withhold = vec!["note".to_owned()];
    let some = wire::CreateCapsuleRequest { withhold, known, ..asked("alpha") };
    let bytes = created(&system.operator, some).await.unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("Policy a") && !holds("note of a") && !holds("Policy b"));
    let key = key(&system).await;
    let shown = by_key(&bytes, &key).unwrap();
    check(
        &shown,
        &expect![
            "proved signature records texts levels; not witnesses completeness withheld-texts erased-texts"
        ],
    );
    let none = wire::CreateCapsuleRequest { without_texts: true, known, ..asked("alpha") };
    let none = created(&system.operator, none).await.unwrap();
    let without = by_key(&none, &key).unwrap();
    check(
        &without,
        &expect!["proved signature records levels; not witnesses completeness texts-left-out"],
    );
    assert_eq!(shown.manifest.units, without.manifest.units);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_refused_and_no_key_proves_nobodys_signature() {
    let (system, _) = worked().await;
    let bytes = created(&system.operator, asked("alpha")).await.unwrap();
    let name = key(&system).await.name().to_owned();
    let other = Signer::from_seed(&name, &[1; 32]).unwrap().verifier().clone();
    let refused = by_key(&bytes, &other).unwrap_err().to_string();
    assert!(refused.starts_with("`checkpoint`: the note is not signed by"), "{refused}");
    let anybodys = verify(&bytes, &Trust::default()).unwrap();
    check(&anybodys, &expect!["proved records texts levels; not signature witnesses completeness"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_is_made_for_those_who_may_prove_all_with_the_texts_that_they_may_read() {
    let (system, _) = worked().await;
    let person = wire::PrincipalKind::Person;
    let of_alpha = system.with_role("olga", person, (wire::Role::Auditor, "alpha")).await;
    let denied = created(&of_alpha, asked("alpha")).await.unwrap_err();
    assert!(refusal(&denied).starts_with("PermissionDenied"), "{}", refusal(&denied));
    let unattributed = wire::AppendOptions {
        payload_class: wire::PayloadClass::Unattributed.into(),
        ..Default::default()
    };
    let said = wire::EvidenceItem { note: "said in confidence".to_owned(), ..item("talk") };
    let talk =
        wire::SubmitEvidenceRequest { append: Some(unattributed), ..submit("alpha", vec![said]) };
    system.operator.evidence.clone().submit_evidence(talk).await.unwrap();
    let auditor = system.with_role("anna", person, (wire::Role::Auditor, "organization")).await;
    let bytes = created(&auditor, asked("alpha")).await.unwrap();
    let said = b"said in confidence";
    assert!(!bytes.windows(said.len()).any(|window| window == said));
    check(
        &by_key(&bytes, &key(&system).await).unwrap(),
        &expect![
            "proved signature records texts levels; not witnesses completeness withheld-texts"
        ],
    );
    let none = wire::CreateCapsuleRequest { units: Vec::new(), ..asked("") };
    let none = created(&auditor, none).await.unwrap_err();
    expect![
        "InvalidArgument INVALID_FIELD [units]: `units`: none is named: name some, or ask for all"
    ]
    .assert_eq(&refusal(&none));
}
