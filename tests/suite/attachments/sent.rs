//! What an export sends of attachments: all of them, or a list, and then those that are asked for.

use gradus_proof::sha256;
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::export_attachments_response::Part as Answer;
use wire::export_log_response::Part;

use super::held::erase;
use super::{naming, put};
use crate::running::{Principal, System, files, refusal};

/// What an export brings of attachments.
#[derive(Debug, Default)]
struct Exported {
    /// The pieces, by digest.
    pieces: Vec<String>,
    listed: Vec<wire::SealedAttachment>,
    end: wire::ExportEnd,
}

async fn exported(by: &Principal, list_attachments: bool) -> Exported {
    let asked = wire::ExportLogRequest { list_attachments, ..Default::default() };
    let mut parts = by.backup.clone().export_log(asked).await.unwrap().into_inner();
    let mut exported = Exported::default();
    while let Some(response) = parts.message().await.unwrap() {
        match response.part.unwrap() {
            Part::Attachment(piece) => exported.pieces.push(piece.sha256),
            Part::Listed(listed) => exported.listed.extend(listed.attachments),
            Part::End(end) => exported.end = end,
            Part::Beginning(_) | Part::Records(_) | Part::Document(_) | Part::Keys(_) => (),
        }
    }
    exported
}

fn named(unit: &str, sha256: &str) -> wire::AttachmentName {
    wire::AttachmentName { unit: unit.to_owned(), sha256: sha256.to_owned(), only_whole: false }
}

async fn asked(
    by: &Principal,
    attachments: Vec<wire::AttachmentName>,
) -> Result<Vec<Answer>, Status> {
    let asked = wire::ExportAttachmentsRequest { attachments };
    let mut answers = by.backup.clone().export_attachments(asked).await?.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer.part.unwrap());
    }
    Ok(all)
}

fn path_of(system: &System, digest: &str) -> std::path::PathBuf {
    let all = files(&system.data().join("attachments"));
    all.into_iter().map(|(path, _)| path).find(|path| path.ends_with(digest)).unwrap()
}

#[tokio::test]
async fn an_export_lists_attachments_as_they_are_sealed_and_sends_those_that_are_asked_for() {
    let system = System::alone().await;
    system.project("alpha").await;
    let long = "long".repeat(500_000);
    let mut digests = Vec::new();
    for content in ["short", "erased", &long] {
        digests.push(put(&system.operator, "alpha", content.as_bytes()).await.unwrap().sha256);
    }
    let unnamed = put(&system.operator, "alpha", b"named by nobody").await.unwrap().sha256;
    let names: Vec<&str> = digests.iter().map(String::as_str).collect();
    system.submitted("alpha", vec![naming("a", &names)]).await;

    // As programs from before ask.
    let all = exported(&system.operator, false).await;
    assert_eq!((all.end.attachments, all.end.listed_attachments, all.listed.len()), (3, 0, 0));
    let pieces_of = |digest: &str| all.pieces.iter().filter(|of| *of == digest).count();
    assert_eq!([pieces_of(&digests[0]), pieces_of(&digests[2])], [1, 2]);

    let told = exported(&system.operator, true).await;
    assert_eq!((told.end.attachments, told.end.listed_attachments), (0, 3));
    assert_eq!(told.pieces, [""; 0], "a list is all that is sent");
    let kept = files(&system.data().join("attachments"));
    for of in &told.listed {
        let (_, bytes) = kept.iter().find(|(path, _)| path.ends_with(&of.sha256)).unwrap();
        assert_eq!(of.sealed_size, bytes.len() as u64);
        assert_eq!(of.sealed_sha256, sha256(bytes).0);
    }
    let unit = told.listed[0].unit.clone();

    erase(&system.operator, "alpha", &[&digests[1]]).await.unwrap();
    let wanted = [&digests[2], &digests[1], &unnamed].map(|digest| named(&unit, digest));
    let answers = asked(&system.operator, wanted.to_vec()).await.unwrap();
    let mut bytes = Vec::new();
    let gone: Vec<_> = answers
        .into_iter()
        .filter_map(|answer| match answer {
            Answer::Attachment(piece) => {
                assert!(piece.content.len() <= 1 << 20 && piece.sha256 == digests[2]);
                bytes.extend(piece.content);
                None
            }
            Answer::Gone(name) => Some(name.sha256),
            Answer::Lost(name) => panic!("{name:?}"),
        })
        .collect();
    assert_eq!(gone, [digests[1].clone(), unnamed]);
    let (_, kept) = kept.iter().find(|(path, _)| path.ends_with(&digests[2])).unwrap();
    assert!(bytes == *kept);
    assert_eq!(exported(&system.operator, true).await.end.listed_attachments, 2);

    // An archive that has them asks what became of them.
    std::fs::remove_file(path_of(&system, &digests[0])).unwrap();
    let system = system.restarted().await;
    let had = |digest: &String| wire::AttachmentName { only_whole: true, ..named(&unit, digest) };
    let wanted: Vec<_> = digests.iter().map(had).collect();
    let answers = asked(&system.operator, wanted.clone()).await.unwrap();
    assert_eq!(answers[0], Answer::Lost(wanted[0].clone()));
    assert_eq!(answers[1], Answer::Gone(wanted[1].clone()), "erased, as the log says");
    assert!(matches!(&answers[2..], [Answer::Attachment(_), Answer::Attachment(_)]));
    let mut bytes = kept.clone();
    bytes[100] ^= 1;
    std::fs::write(path_of(&system, &digests[2]), bytes).unwrap();
    let answers = asked(&system.operator, wanted[2..].to_vec()).await.unwrap();
    assert_eq!(answers, [Answer::Lost(wanted[2].clone())]);
}

#[tokio::test]
async fn what_is_asked_for_is_named_by_a_person_in_lists_of_a_thousand_at_most() {
    let system = System::alone().await;
    let (unit, digest) = ("00000000-0000-4000-8000-000000000001", "ab".repeat(32));
    let refused = async |by: &Principal, names| refusal(&asked(by, names).await.unwrap_err());
    for (names, seen) in [
        (vec![], "InvalidArgument INVALID_FIELD [attachments"),
        (
            vec![named(unit, &digest), named("alpha", &digest)],
            "InvalidArgument INVALID_FIELD [attachments",
        ),
        (vec![named(unit, "ab")], "InvalidArgument INVALID_FIELD [attachments"),
        (vec![named(unit, &digest); 1_001], "InvalidArgument TOO_MANY"),
    ] {
        let told = refused(&system.operator, names).await;
        assert!(told.starts_with(seen) && told.contains("attachments"), "{told}");
    }
    let unknown = asked(&system.operator, vec![named(unit, &digest); 1_000]).await.unwrap();
    assert!(unknown.iter().all(|answer| *answer == Answer::Gone(named(unit, &digest))));
    assert_eq!(unknown.len(), 1_000);
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    assert_eq!(
        refused(&tool, vec![named(unit, &digest)]).await,
        "PermissionDenied NOT_A_PERSON: only a person may export the log: use the token of one"
    );
}
