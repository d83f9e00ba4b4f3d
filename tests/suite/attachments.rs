//! Attachments: uploaded for a unit, named by its items, read by whoever may read these, erased as files.

mod held;
mod left;
mod sent;

use gradus_proof::sha256;
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::AttachmentState::{Elsewhere, Erased, Held, Withheld};
use wire::get_attachment_response::Part as Told;
use wire::put_attachment_request::Part;

use crate::running::{Principal, System, item, refusal, submit};

const PERSON: wire::PrincipalKind = wire::PrincipalKind::Person;

fn parts(beginning: wire::AttachmentBeginning, bytes: &[u8]) -> Vec<wire::PutAttachmentRequest> {
    let content = bytes.chunks(100_000).map(|piece| Part::Content(piece.to_vec()));
    let all = std::iter::once(Part::Beginning(beginning)).chain(content);
    all.map(|part| wire::PutAttachmentRequest { part: Some(part) }).collect()
}

async fn sent(
    by: &Principal,
    parts: Vec<wire::PutAttachmentRequest>,
) -> Result<wire::PutAttachmentResponse, Status> {
    let sent = by.attachments.clone().put_attachment(tokio_stream::iter(parts)).await;
    sent.map(tonic::Response::into_inner)
}

/// Uploads an attachment.
pub(crate) async fn put(
    by: &Principal,
    unit: &str,
    bytes: &[u8],
) -> Result<wire::PutAttachmentResponse, Status> {
    let unit = unit.to_owned();
    sent(by, parts(wire::AttachmentBeginning { unit, ..Default::default() }, bytes)).await
}

/// Reads an attachment to its end.
pub(crate) async fn get(by: &Principal, unit: &str, sha256: &str) -> Result<Vec<u8>, Status> {
    let asked = wire::GetAttachmentRequest { unit: unit.to_owned(), sha256: sha256.to_owned() };
    let mut told = by.attachments.clone().get_attachment(asked).await?.into_inner();
    let (mut all, mut size) = (Vec::new(), None);
    while let Some(message) = told.message().await? {
        match message.part.unwrap() {
            Told::Size(said) => assert!(size.replace(said).is_none()),
            Told::Content(piece) => all.extend(piece),
        }
    }
    assert_eq!(size, Some(all.len() as u64), "its size comes first");
    Ok(all)
}

/// Why an attachment is not told.
async fn denied(by: &Principal, unit: &str, sha256: &str) -> String {
    refusal(&get(by, unit, sha256).await.unwrap_err())
}

/// An item that names attachments.
pub(crate) fn naming(id: &str, digests: &[&str]) -> wire::EvidenceItem {
    let attachments = digests.iter().map(|digest| (*digest).to_owned()).collect();
    wire::EvidenceItem { attachments, ..item(id) }
}

async fn listed(by: &Principal, unit: &str) -> Vec<wire::Attachment> {
    let asked = wire::ListAttachmentsRequest { unit: unit.to_owned(), ..Default::default() };
    by.attachments.clone().list_attachments(asked).await.unwrap().into_inner().attachments
}

async fn states(by: &Principal, unit: &str) -> Vec<wire::AttachmentState> {
    listed(by, unit).await.iter().map(wire::Attachment::state).collect()
}

#[tokio::test]
async fn what_is_uploaded_and_named_is_read_back_as_it_was() {
    let system = System::new().await;
    system.project("alpha").await;
    let bytes: Vec<u8> = (0..700_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let digest = sha256(&bytes).to_string();
    let beginning = wire::AttachmentBeginning {
        unit: "alpha".to_owned(),
        sha256: digest.clone(),
        size: Some(bytes.len() as u64),
    };
    let kept = sent(&system.operator, parts(beginning, &bytes)).await.unwrap();
    assert_eq!((&kept.sha256, kept.size), (&digest, bytes.len() as u64));
    let unknown = format!("NotFound ATTACHMENT_UNKNOWN: attachment `{digest}` is unknown");
    assert_eq!(denied(&system.operator, "alpha", &digest).await, unknown, "no item names it yet");
    assert_eq!(listed(&system.operator, "alpha").await, []);

    let elsewhere = "ab".repeat(32);
    let items = vec![naming("a", &[&elsewhere, &digest]), naming("b", &[&digest])];
    let ids = system.submitted("alpha", items).await;
    assert!(get(&system.operator, "alpha", &digest).await.unwrap() == bytes);
    assert_eq!(
        denied(&system.operator, "alpha", &elsewhere).await,
        format!(
            "NotFound ATTACHMENT_NOT_HELD: attachment {elsewhere} is not held here: its bytes are \
             elsewhere, or were never uploaded"
        )
    );
    let all = listed(&system.operator, "alpha").await;
    let told = all.iter().map(|of| (of.sha256.as_str(), of.state(), of.size, of.evidence.clone()));
    let expected = [
        (elsewhere.as_str(), Elsewhere, 0, vec![ids[0].clone()]),
        (digest.as_str(), Held, 700_000, ids.clone()),
    ];
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|(_, state, ..)| *state != Elsewhere);
    assert_eq!(told, expected);

    let system = system.restarted().await;
    assert!(get(&system.operator, "alpha", &digest).await.unwrap() == bytes);
    let (of_empty, empty) = (sha256(b"").to_string(), Vec::<u8>::new());
    system.submitted("alpha", vec![naming("c", &[&of_empty])]).await;
    put(&system.operator, "alpha", b"").await.unwrap();
    assert_eq!(get(&system.operator, "alpha", &of_empty).await.unwrap(), empty, "named before");
}

#[tokio::test]
async fn a_list_has_pages_in_the_order_of_naming() {
    let system = System::new().await;
    system.project("alpha").await;
    let digests: Vec<String> = (0..25).map(|at| sha256(&[at]).to_string()).collect();
    for (number, digest) in digests.iter().enumerate() {
        system.submitted("alpha", vec![naming(&number.to_string(), &[digest])]).await;
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let unit = "alpha".to_owned();
        let asked = wire::ListAttachmentsRequest { unit, page_size: 10, page_token };
        let page = system.operator.attachments.clone().list_attachments(asked).await.unwrap();
        let page = page.into_inner();
        seen.extend(page.attachments.into_iter().map(|of| of.sha256));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, digests);
}

#[tokio::test]
async fn each_unit_has_files_of_its_own_and_a_collector_reads_none() {
    let system = System::new().await;
    for unit in ["alpha", "beta"] {
        system.project(unit).await;
    }
    let collector = system.with_role("tool", PERSON, (wire::Role::Collector, "alpha")).await;
    let viewer = system.with_role("eve", PERSON, (wire::Role::Viewer, "beta")).await;
    let digest = put(&collector, "alpha", b"report").await.unwrap().sha256;
    let submitted = submit("alpha", vec![naming("a", &[&digest])]);
    collector.evidence.clone().submit_evidence(submitted).await.unwrap();
    let refused = denied(&collector, "alpha", &digest).await;
    assert!(refused.starts_with("PermissionDenied RIGHT_MISSING: "), "{refused}");
    // Whoever sees another unit alone is told of the file as of one that nobody has.
    let of_nobody = sha256(b"nobody has it").to_string();
    for digest in [&digest, &of_nobody] {
        let there = denied(&viewer, "beta", digest).await;
        let unknown = format!("NotFound ATTACHMENT_UNKNOWN: attachment `{digest}` is unknown");
        assert_eq!(there, unknown);
        assert_eq!(
            denied(&viewer, "alpha", digest).await,
            "NotFound UNIT_UNKNOWN: unit `alpha` is unknown"
        );
    }
    let refused = refusal(&put(&viewer, "beta", b"x").await.unwrap_err());
    assert!(refused.starts_with("PermissionDenied RIGHT_MISSING: "), "{refused}");
    let refused = refusal(&put(&collector, "beta", b"x").await.unwrap_err());
    assert_eq!(refused, "NotFound UNIT_UNKNOWN: unit `beta` is unknown");
    // The same file for another unit is its own: erased in one, it stays in the other.
    put(&system.operator, "beta", b"report").await.unwrap();
    system.submitted("beta", vec![naming("b", &[&digest])]).await;
    held::erase(&system.operator, "alpha", &[&digest]).await.unwrap();
    assert_eq!(get(&viewer, "beta", &digest).await.unwrap(), b"report");
}

#[tokio::test]
async fn the_attachment_of_a_confidential_item_has_the_readers_of_its_texts() {
    let system = System::new().await;
    system.project("alpha").await;
    let viewer = system.with_role("eve", PERSON, (wire::Role::Viewer, "alpha")).await;
    let assessor = system.with_role("abe", PERSON, (wire::Role::Assessor, "alpha")).await;
    let digest = put(&system.operator, "alpha", b"secret").await.unwrap().sha256;
    let append = Some(wire::AppendOptions {
        payload_class: wire::PayloadClass::Confidential.into(),
        ..Default::default()
    });
    let asked = submit("alpha", vec![naming("a", &[&digest])]);
    let asked = wire::SubmitEvidenceRequest { append, ..asked };
    system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
    assert_eq!(get(&assessor, "alpha", &digest).await.unwrap(), b"secret");
    let refused = denied(&viewer, "alpha", &digest).await;
    assert!(refused.starts_with("PermissionDenied RIGHT_MISSING: "), "{refused}");
    assert_eq!(states(&viewer, "alpha").await, [Withheld]);
    assert_eq!(states(&assessor, "alpha").await, [Held]);
    // Named by an item that all may read, it is no secret any more.
    system.submitted("alpha", vec![naming("b", &[&digest])]).await;
    assert_eq!(get(&viewer, "alpha", &digest).await.unwrap(), b"secret");
    held::erase(&system.operator, "alpha", &[&digest]).await.unwrap();
    assert_eq!(states(&viewer, "alpha").await, [Erased]);
}
