//! What becomes of held attachments: erased as files, damaged, backed up and restored.

use std::fs;
use std::path::{Path, PathBuf};

use gradus_server::operate::{self, Severity, Until};
use gradus_server::system_clock;
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::AttachmentState::{Elsewhere, Erased, Held};
use wire::erase_payload_request::Record;

use super::{denied, get, listed, naming, put, states};
use crate::running::{Principal, System, by_id, files, levels_of, rating, refusal};

const QUIET: operate::OnStep<'static> = &|_, _, _| ();

pub(super) async fn erase(
    by: &Principal,
    unit: &str,
    digests: &[&str],
) -> Result<wire::Receipt, Status> {
    let asked = wire::EraseAttachmentsRequest {
        append: None,
        unit: unit.to_owned(),
        sha256: digests.iter().map(|digest| (*digest).to_owned()).collect(),
        reason: "asked for".to_owned(),
    };
    let answer = by.attachments.clone().erase_attachments(asked).await?;
    Ok(answer.into_inner().receipt.unwrap())
}

async fn erase_texts_of(system: &System, id: &str) -> wire::Receipt {
    let asked = wire::ErasePayloadRequest {
        unit: "alpha".to_owned(),
        append: None,
        record: Some(Record::Evidence(by_id(id))),
        reason: "asked for".to_owned(),
    };
    let answer = system.operator.evidence.clone().erase_payload(asked).await.unwrap();
    answer.into_inner().receipt.unwrap()
}

async fn event(system: &System, position: u64) -> wire::Event {
    let asked = wire::GetEventRequest { position };
    system.operator.events.clone().get_event(asked).await.unwrap().into_inner().event.unwrap()
}

/// The files of attachments.
fn kept(system: &System) -> Vec<PathBuf> {
    files(&system.data().join("attachments")).into_iter().map(|(path, _)| path).collect()
}

#[tokio::test]
async fn an_attachment_goes_as_a_file_by_its_digest_and_levels_and_proofs_stay() {
    let system = System::alone().await;
    system.project("alpha").await;
    let digest = put(&system.operator, "alpha", b"report").await.unwrap().sha256;
    let ids = system.submitted("alpha", vec![naming("a", &[&digest])]).await;
    system.rated("alpha", vec![rating("BP.10.01", wire::Value::Satisfied, "2026-05-02")]).await;
    let (size, root) = system.head().await;
    let mut question = levels_of("alpha", "2026-06-01T00:00:00Z");
    question.coordinate.as_mut().unwrap().known = Some(wire::coordinate::Known::LogSize(size));
    let levels = system.levels(question.clone()).await;

    let receipt = erase(&system.operator, "alpha", &[&digest, &digest]).await.unwrap();
    let said = event(&system, receipt.events[0].position).await;
    assert_eq!(said.r#type, "attachments-erased");
    assert_eq!(said.body_json, format!(r#"{{"digests":["{digest}"]}}"#));
    assert_eq!(said.payload["reason"], "asked for");
    assert_eq!(kept(&system), [""; 0].map(PathBuf::from));
    let seen = denied(&system.operator, "alpha", &digest).await;
    // Stamps are a microsecond apart while the clock stands.
    let told = format!(
        "FailedPrecondition ATTACHMENT_ERASED: attachment {digest} was erased at 2026-06-01T12:00:00"
    );
    assert!(seen.starts_with(&told), "{seen}");
    assert!(
        seen.ends_with(&format!("Z by operator, as position {size} of the log says")),
        "{seen}"
    );
    let all = listed(&system.operator, "alpha").await;
    let erased = all[0].erased.clone().unwrap();
    assert_eq!((all[0].state(), erased.position), (Erased, size));
    assert_eq!(
        (erased.by.unwrap().name.as_str(), erased.reason.as_str()),
        ("operator", "asked for")
    );

    let again = erase(&system.operator, "alpha", &[&digest]).await.unwrap();
    assert_eq!(again.events, [], "already so");
    assert_eq!(
        refusal(&put(&system.operator, "alpha", b"report").await.unwrap_err()),
        format!(
            "FailedPrecondition ATTACHMENT_ERASED: attachment {digest} was erased in this unit, and is \
             not taken again"
        )
    );
    let of_nobody = "ab".repeat(32);
    assert_eq!(
        refusal(&erase(&system.operator, "alpha", &[&of_nobody]).await.unwrap_err()),
        format!("NotFound ATTACHMENT_UNKNOWN: attachment `{of_nobody}` is unknown")
    );
    let again = system.levels(question).await;
    assert_eq!((again.digest, again.areas), (levels.digest, levels.areas));
    assert_eq!(again.coordinate.unwrap().root, root);
    let system = system.restarted().await;
    assert_eq!(denied(&system.operator, "alpha", &digest).await, seen);
    assert_eq!(kept(&system), [""; 0].map(PathBuf::from));
    let asked = wire::GetEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(&ids[0])),
        ..Default::default()
    };
    let item = system.operator.evidence.clone().get_evidence(asked).await.unwrap().into_inner();
    assert_eq!(item.evidence.unwrap().payload_state(), wire::PayloadState::Readable);
}

#[tokio::test]
async fn it_goes_with_the_texts_of_the_last_item_that_names_it() {
    let system = System::alone().await;
    system.project("alpha").await;
    let both = put(&system.operator, "alpha", b"both").await.unwrap().sha256;
    let one = put(&system.operator, "alpha", b"one").await.unwrap().sha256;
    let items = vec![naming("a", &[&both, &one]), naming("b", &[&both])];
    let ids = system.submitted("alpha", items).await;
    let first = erase_texts_of(&system, &ids[0]).await;
    assert_eq!(first.events.len(), 2, "the texts, and what they alone came with");
    assert_eq!(get(&system.operator, "alpha", &both).await.unwrap(), b"both");
    assert!(denied(&system.operator, "alpha", &one).await.contains("ATTACHMENT_ERASED"));
    let second = erase_texts_of(&system, &ids[1]).await;
    let said = event(&system, second.events[1].position).await;
    assert_eq!(said.body_json, format!(r#"{{"digests":["{both}"]}}"#));
    assert_eq!(states(&system.operator, "alpha").await, [Erased, Erased]);
    assert_eq!(kept(&system), [""; 0].map(PathBuf::from));
}

#[tokio::test]
async fn an_erasure_of_many_texts_and_a_retention_rule_reach_attachments_and_a_hold_keeps_them() {
    let system = System::alone().await;
    system.project("alpha").await;
    let mut digests = Vec::new();
    for content in ["a", "b", "c"] {
        digests.push(put(&system.operator, "alpha", content.as_bytes()).await.unwrap().sha256);
    }
    let canary = |item: wire::EvidenceItem| wire::EvidenceItem { note: "canary".into(), ..item };
    let shared = naming("b", &[&digests[0], &digests[1]]);
    let items =
        vec![canary(naming("a", &[&digests[0]])), canary(shared), naming("c", &[&digests[2]])];
    system.submitted("alpha", items).await;
    let hold = wire::PlaceHoldRequest {
        append: None,
        hold: "case-7".to_owned(),
        unit: "alpha".to_owned(),
        first: 1,
        last: 1,
        reason: "litigation".to_owned(),
    };
    system.operator.erasure.clone().place_hold(hold).await.unwrap();
    let refused = refusal(&erase(&system.operator, "alpha", &[&digests[0]]).await.unwrap_err());
    assert!(refused.starts_with("FailedPrecondition UNDER_LEGAL_HOLD: "), "{refused}");
    let lift = wire::LiftHoldRequest { hold: "case-7".into(), reason: "over".into(), append: None };
    system.operator.erasure.clone().lift_hold(lift).await.unwrap();

    let asked = |validate_only| wire::EraseTextsRequest {
        texts: Some(wire::erase_texts_request::Texts::Naming("canary".to_owned())),
        reason: "asked for".to_owned(),
        validate_only,
        ..Default::default()
    };
    let plan = crate::erasing::many::erased(&system.operator, asked(true)).await.unwrap();
    assert_eq!((plan.records, plan.attachments), (2, 2));
    assert_eq!(states(&system.operator, "alpha").await, [Held, Held, Held]);
    let done = crate::erasing::many::erased(&system.operator, asked(false)).await.unwrap();
    assert_eq!((done.records, done.attachments, done.streams[0].attachments), (2, 2, 2));
    assert_eq!(get(&system.operator, "alpha", &digests[2]).await.unwrap(), b"c");
    let kept_for = wire::SetRetentionRequest {
        unit: "alpha".to_owned(),
        days: 30,
        reason: "our schedule".to_owned(),
        ..Default::default()
    };
    system.operator.erasure.clone().set_retention(kept_for).await.unwrap();
    system.advance(31 * 86_400);
    let asked = wire::RunRetentionRequest::default();
    let mut answers =
        system.operator.erasure.clone().run_retention(asked).await.unwrap().into_inner();
    let mut last = None;
    while let Some(answer) = answers.message().await.unwrap() {
        last = answer.erasure;
    }
    assert_eq!(last.unwrap().attachments, 1);
    assert_eq!(states(&system.operator, "alpha").await, [Erased, Erased, Erased]);
    assert_eq!(kept(&system), [""; 0].map(PathBuf::from));
}

/// What the doctor finds of attachments.
fn found(data: &Path) -> Vec<(Severity, String, String)> {
    let diagnosis = operate::examine(data, QUIET).unwrap();
    let of_attachments = diagnosis.findings.into_iter();
    let of_attachments = of_attachments.filter(|found| found.file.starts_with("attachments"));
    of_attachments
        .map(|found| {
            let name = found.file.file_name().unwrap().to_string_lossy().into_owned();
            (found.severity, name, found.what)
        })
        .collect()
}

#[tokio::test]
async fn damage_is_named_by_its_file_by_doctor_and_server_and_uploads_are_none() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut digests = Vec::new();
    for content in ["whole", "damaged", "nobody names it"] {
        digests.push(put(&system.operator, "alpha", content.as_bytes()).await.unwrap().sha256);
    }
    system.submitted("alpha", vec![naming("a", &[&digests[0], &digests[1]])]).await;
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    assert_eq!(found(&data), []);
    let (path, mut bytes) = files(&data.join("attachments"))
        .into_iter()
        .find(|(path, _)| path.ends_with(&digests[1]))
        .unwrap();
    bytes[50] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let what = "a piece does not open: its bytes or the key are others".to_owned();
    assert_eq!(found(&data), [(Severity::Lost, digests[1].clone(), what)]);
    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    assert_eq!(get(&system.operator, "alpha", &digests[0]).await.unwrap(), b"whole");
    assert_eq!(
        denied(&system.operator, "alpha", &digests[1]).await,
        "DataLoss ATTACHMENT_DAMAGED: the attachment is damaged: the server's operator must run `gradus \
         doctor`"
    );
    // Uploaded again, it is whole again.
    put(&system.operator, "alpha", b"damaged").await.unwrap();
    assert_eq!(get(&system.operator, "alpha", &digests[1]).await.unwrap(), b"damaged");
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    fs::remove_file(&path).unwrap();
    let what = "attachments that records name and that are not held: 1".to_owned();
    assert_eq!(found(&data), [(Severity::Note, "attachments".to_owned(), what)]);
}

/// The operator's token is in no backup.
fn with_token(from: &Path, to: &Path) {
    fs::copy(from.join("admin.token"), to.join("admin.token")).unwrap();
}

#[tokio::test]
async fn a_backup_carries_attachments_sealed_and_no_more_of_those_that_were_erased_since() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut digests = Vec::new();
    for content in ["one", "two"] {
        let bytes = content.repeat(200_000);
        digests.push(put(&system.operator, "alpha", bytes.as_bytes()).await.unwrap().sha256);
    }
    put(&system.operator, "alpha", b"named by nobody").await.unwrap();
    system.submitted("alpha", vec![naming("a", &[&digests[0], &digests[1]])]).await;
    let size = system.size().await;
    let directory = system.stopped().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    let done = operate::back_up(&data, &archive, None, QUIET).unwrap();
    assert_eq!(done.manifest.attachments.len(), 2);
    let text = fs::read_to_string(archive.join("manifest.json")).unwrap();
    assert!(text.contains(r#""format": 2"#), "a program that knows no attachments refuses it");

    let restored = tempfile::tempdir().unwrap();
    let to = restored.path().join("data");
    operate::restore(&archive, None, &to, Until::All, system_clock(), QUIET).await.unwrap();
    with_token(&data, &to);
    assert_eq!(found(&to), []);
    let system = System::in_directory(restored, "2026-06-01T12:00:00Z").await;
    for (digest, content) in digests.iter().zip(["one", "two"]) {
        let got = get(&system.operator, "alpha", digest).await.unwrap();
        assert!(got == content.repeat(200_000).into_bytes());
    }
    drop(system.stopped().await);

    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    erase(&system.operator, "alpha", &[&digests[0]]).await.unwrap();
    let directory = system.stopped().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    let done = operate::back_up(&data, &archive, None, QUIET).unwrap();
    assert_eq!(done.manifest.attachments.len(), 1);
    let there = files(&archive.join("attachments"));
    assert!(there.len() == 1 && there[0].0.ends_with(&digests[1]));
    // Of the log as it was before the erasure, the bytes are not to be had any more either.
    let earlier = tempfile::tempdir().unwrap();
    let to = earlier.path().join("data");
    operate::restore(&archive, None, &to, Until::Size(size), system_clock(), QUIET).await.unwrap();
    with_token(&data, &to);
    let system = System::in_directory(earlier, "2026-06-01T12:00:00Z").await;
    let mut left = states(&system.operator, "alpha").await;
    left.sort();
    assert_eq!(left, [Held, Elsewhere]);

    let mut damaged = there[0].1.clone();
    damaged[100] ^= 1;
    fs::write(&there[0].0, damaged).unwrap();
    let refused = operate::verify(&archive, QUIET).unwrap_err().to_string();
    assert!(refused.contains(&digests[1]) && refused.contains("its bytes hash to"), "{refused}");
}
