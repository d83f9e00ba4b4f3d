//! What is not kept: uploads that are refused, that end early, or that no item names.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use gradus_model::Digest;
use gradus_proof::sha256;
use gradus_server::settings::Limits;
use gradus_wire::v1 as wire;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use wire::put_attachment_request::Part;

use super::{get, listed, naming, parts, put, sent};
use crate::running::{Principal, System, files, refusal};

/// The files of attachments with their sizes; they may come and go meanwhile.
fn sizes(system: &System) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    for unit in fs::read_dir(system.data().join("attachments")).unwrap() {
        for file in fs::read_dir(unit.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let size = file.metadata().map_or(0, |about| about.len());
            all.push((file.file_name().to_string_lossy().into_owned(), size));
        }
    }
    all
}

/// The names of these files.
fn held(system: &System) -> Vec<String> {
    sizes(system).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn an_upload_that_is_refused_is_told_why_and_leaves_nothing() {
    let change = |settings: &mut gradus_server::Settings| {
        settings.attachment_mebibytes = 1.try_into().unwrap();
        settings.limits = Limits { silent_push_seconds: 1, ..settings.limits.clone() };
    };
    let system = System::with_settings(tempfile::tempdir().unwrap(), change).await;
    system.project("alpha").await;
    let alpha = || wire::AttachmentBeginning { unit: "alpha".to_owned(), ..Default::default() };
    let content =
        |bytes: &[u8]| wire::PutAttachmentRequest { part: Some(Part::Content(bytes.to_vec())) };
    let long = vec![7; (1 << 20) + 1];
    let said = |sha256: &str, size| wire::AttachmentBeginning {
        sha256: sha256.to_owned(),
        size,
        ..alpha()
    };
    let twice = [parts(alpha(), b"one"), parts(alpha(), b"two")].concat();
    for (parts, reason, says) in [
        (parts(alpha(), &long), "ATTACHMENT_TOO_LONG", "more than 1048576 bytes"),
        (parts(said("", Some(1 << 21)), b"x"), "ATTACHMENT_TOO_LONG", "more than 1048576 bytes"),
        (
            parts(said(&Digest([7; 32]).to_string(), None), b"x"),
            "INVALID_FIELD",
            "was declared, the content hashes to",
        ),
        (parts(said("report.pdf", None), b"x"), "INVALID_FIELD", "`report.pdf` is no digest"),
        (parts(said("", Some(2)), b"x"), "INVALID_FIELD", "2 bytes were declared, 1 came"),
        (vec![content(b"x")], "INVALID_FIELD", "the first message does not bring it"),
        (Vec::new(), "INVALID_FIELD", "the first message does not bring it"),
        (vec![wire::PutAttachmentRequest { part: None }], "INVALID_FIELD", "send content"),
        (twice, "INVALID_FIELD", "it was said before"),
        (parts(wire::AttachmentBeginning::default(), b"x"), "UNIT_UNKNOWN", "is unknown"),
    ] {
        let refused = refusal(&sent(&system.operator, parts).await.unwrap_err());
        assert!(refused.contains(reason) && refused.contains(says), "{refused}");
        assert_eq!(held(&system), [""; 0], "{refused}");
    }
    // Whoever says nothing more does not hold a file for ever.
    let (sender, receiver) = mpsc::channel(1);
    sender.send(parts(alpha(), b"").swap_remove(0)).await.unwrap();
    let mut client = system.operator.attachments.clone();
    let silent = client.put_attachment(ReceiverStream::new(receiver)).await;
    let silent = refusal(&silent.unwrap_err());
    assert!(silent.starts_with("DeadlineExceeded SILENT"), "{silent}");
    drop(sender);
    assert_eq!(held(&system), [""; 0]);
    put(&system.operator, "alpha", &long[1..]).await.unwrap();
}

#[tokio::test]
async fn of_an_upload_whose_client_or_server_dies_nothing_is_left() {
    let content = vec![7; 300_000];
    let system = System::new().await;
    system.project("alpha").await;
    let beginning = wire::AttachmentBeginning { unit: "alpha".to_owned(), ..Default::default() };
    let (sender, receiver) = mpsc::channel(1);
    // A client that ends as a process does.
    let client = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let address = format!("http://{}", system.address());
    let token = fs::read_to_string(system.data().join("admin.token")).unwrap();
    client.spawn(async move {
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        let mut attachments = Principal::new(&channel, token.trim()).attachments;
        attachments.put_attachment(ReceiverStream::new(receiver)).await
    });
    for part in parts(beginning, &content) {
        sender.send(part).await.unwrap();
    }
    // It is on its way, sealed, under a name that no reader looks for.
    loop {
        let all = sizes(&system);
        if let Some((name, _)) = all.iter().find(|(_, size)| *size > 200_000) {
            assert_eq!(name.rsplit('.').next(), Some("new"), "{name}");
            break;
        }
        tokio::task::yield_now().await;
    }
    // As a kill would leave it.
    let killed = tempfile::tempdir().unwrap();
    crate::running::copy(&system.data(), &killed.path().join("data"));
    let left = files(&killed.path().join("data").join("attachments"));
    assert!(left.len() == 1 && !left[0].1.windows(32).any(|window| window == [7; 32]));
    client.shutdown_background();
    while !held(&system).is_empty() {
        tokio::task::yield_now().await;
    }
    drop(sender);
    let digest = sha256(&content).to_string();
    system.submitted("alpha", vec![naming("a", &[&digest])]).await;
    assert!(get(&system.operator, "alpha", &digest).await.is_err());
    drop(system.stopped().await);
    let system = System::in_directory(killed, "2026-06-01T12:00:00Z").await;
    assert_eq!(held(&system), [""; 0]);
    put(&system.operator, "alpha", &content).await.unwrap();
}

#[tokio::test]
async fn an_upload_that_no_item_names_within_a_day_is_removed_and_one_that_is_named_stays() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut digests = Vec::new();
    for content in ["named", "old", "new"] {
        digests.push(put(&system.operator, "alpha", content.as_bytes()).await.unwrap().sha256);
    }
    system.submitted("alpha", vec![naming("a", &[&digests[0]])]).await;
    let directory = system.stopped().await;
    let folder = directory.path().join("data").join("attachments");
    for (path, _) in files(&folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&digests[2]) {
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_hours(25)).unwrap();
        }
    }
    let system = System::in_directory(directory, "2026-06-03T12:00:00Z").await;
    // It is looked at beside the calls, from the start on.
    while held(&system).len() > 2 {
        tokio::task::yield_now().await;
    }
    let mut left = held(&system);
    left.sort();
    let mut expected = [digests[0].clone(), format!("{}.unnamed", digests[2])];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(get(&system.operator, "alpha", &digests[0]).await.unwrap(), b"named");
    system.submitted("alpha", vec![naming("b", &[&digests[2]]), naming("c", &[&digests[1]])]).await;
    assert_eq!(get(&system.operator, "alpha", &digests[2]).await.unwrap(), b"new");
    assert_eq!(listed(&system.operator, "alpha").await.len(), 3);
    put(&system.operator, "alpha", b"old").await.unwrap();
    assert_eq!(get(&system.operator, "alpha", &digests[1]).await.unwrap(), b"old");
}
