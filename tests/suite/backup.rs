//! Backup, restore and exit: an archive of a running server, and directories made of it.

use std::fs;
use std::path::{Path, PathBuf};

use gradus_archive::Archive;
use gradus_archive::keys::{self, KeyFile};
use gradus_archive::write::{About, Writer};
use gradus_model::{Digest, Timestamp};
use gradus_server::operate::{self, Trouble, Until};
use gradus_server::system_clock;
use gradus_wire::v1 as wire;
use gradus_wire::v1::export_log_response::Part;
use tempfile::TempDir;

use crate::running::{System, by_id, files, item, levels_of, refusal};

const QUIET: operate::OnStep<'static> = &|_, _, _| ();

async fn filled(system: &System, project: &str, calls: usize) {
    system.project(project).await;
    for call in 0..calls {
        let items = (0..90).map(|at| item(&format!("{call}-{at}"))).collect();
        system.submitted(project, items).await;
    }
}

async fn given() -> TempDir {
    let system = System::new().await;
    filled(&system, "alpha", 4).await;
    system.stopped().await
}

/// What an export sends, as an archive.
async fn exported(system: &System, archive: &Path) -> u64 {
    let mut writer = Writer::open(archive).unwrap();
    let before = writer.head();
    let asked =
        wire::ExportLogRequest { from_size: before.size, with_keys: true, list_attachments: false };
    let mut parts = system.operator.backup.clone().export_log(asked).await.unwrap().into_inner();
    let (mut beginning, mut files, mut end) = (None, Vec::new(), None);
    while let Some(response) = parts.message().await.unwrap() {
        match response.part.unwrap() {
            Part::Beginning(sent) => {
                assert_eq!(sent.root_before, before.root.0);
                beginning = Some(sent);
            }
            Part::Records(sent) => {
                assert_eq!(sent.position, writer.size());
                for record in sent.records {
                    writer.push(&record.leaf, &record.payload).unwrap();
                }
            }
            Part::Document(sent) => {
                writer.document(&sent.content).unwrap();
            }
            Part::Attachment(sent) => {
                assert!(sent.last);
                let (unit, digest) = (sent.unit.parse().unwrap(), sent.sha256.parse().unwrap());
                let mut incoming = writer.attachment(unit, digest).unwrap();
                incoming.push(&sent.content).unwrap();
                writer.attached(incoming).unwrap();
            }
            Part::Listed(_) => panic!("no list was asked for"),
            Part::Keys(sent) => {
                assert!(sent.last);
                let unit = sent.unit.parse().unwrap();
                files.push(KeyFile { unit, bytes: sent.content.into() });
            }
            Part::End(sent) => end = Some(sent),
        }
    }
    let (beginning, end) = (beginning.unwrap(), end.unwrap());
    assert_eq!(end.records, beginning.log_size - before.size);
    assert_eq!(writer.head().root.0.to_vec(), beginning.root);
    keys::write(&archive.join("keys"), &mut files).unwrap();
    let made_by = "a test".to_owned();
    writer.finish(About { log: beginning.log, origin: beginning.origin, made_by }).unwrap();
    end.records
}

async fn restored(archive: &Path, to: &Path, until: Until) -> Result<(u64, Digest, u64), String> {
    match operate::restore(archive, None, to, until, system_clock(), QUIET).await {
        Ok(done) => Ok((done.size, done.root, done.head)),
        Err(error) => Err(format!("{:?}: {error}", Trouble::of(&error))),
    }
}

fn same(one: &Path, other: &Path) {
    let below = |root: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let mut all: Vec<_> = files(root)
            .into_iter()
            .map(|(path, bytes)| (path.strip_prefix(root).unwrap().to_owned(), bytes))
            .filter(|(path, _)| path != Path::new("manifest.json"))
            .collect();
        all.sort();
        all
    };
    let (one, other) = (below(one), below(other));
    let names =
        |all: &[(PathBuf, Vec<u8>)]| all.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    assert!(one == other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_is_that_of_its_directory_and_grows_with_it() {
    let archives = tempfile::tempdir().unwrap();
    let (online, offline) = (archives.path().join("online"), archives.path().join("offline"));
    let system = System::new().await;
    filled(&system, "alpha", 4).await;
    let first = exported(&system, &online).await;
    assert!(first > 360);
    filled(&system, "beta", 5).await;
    let head = system.head().await;
    let second = exported(&system, &online).await;
    assert_eq!(first + second, head.0);
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    let done = operate::back_up(&data, &offline, None, QUIET).unwrap();
    assert_eq!((done.manifest.head.size, done.manifest.head.root.0.to_vec()), head);
    // Added to or written at once, of a server or of its directory: the same files.
    same(&online, &offline);
    let again = operate::back_up(&data, &offline, None, QUIET).unwrap();
    assert_eq!(again.before, head.0);
    same(&online, &offline);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_restored_with_the_same_root_and_never_over_something() {
    let directory = given().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    let done = operate::back_up(&data, &archive, None, QUIET).unwrap();
    let to = tempfile::tempdir().unwrap();
    let new = to.path().join("data");
    let (size, root, head) = restored(&archive, &new, Until::All).await.unwrap();
    assert_eq!((size, root), (done.manifest.head.size, done.manifest.head.root));
    assert_eq!(head, size, "a whole restore is no fork");
    let over = restored(&archive, &new, Until::All).await.unwrap_err();
    assert!(over.starts_with("Refused: `") && over.contains("nothing is overwritten"), "{over}");
    // Migration: backed up again, the archive is the same.
    let moved = to.path().join("archive");
    operate::back_up(&new, &moved, None, QUIET).unwrap();
    same(&archive, &moved);
    // The operator's token still holds.
    fs::copy(data.join("admin.token"), new.join("admin.token")).unwrap();
    // The clock by which it was restored is the last that is known.
    let system = System::in_directory(to, &system_clock()().to_string()).await;
    assert_eq!(system.levels(levels_of("alpha", "2026-06-01")).await.areas.len(), 22);
    system.submitted("alpha", vec![item("after")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_restore_keeps_whole_calls_and_says_that_the_log_was_forked() {
    let directory = given().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    let whole = operate::back_up(&data, &archive, None, QUIET).unwrap().manifest.head;
    let new = |name: &str| directory.path().join(name);
    // Within the last call of 90 items.
    let (size, root, head) =
        restored(&archive, &new("cut"), Until::Size(whole.size - 10)).await.unwrap();
    assert_eq!((size, head), (whole.size - 90, whole.size - 90 + 1));
    let again = restored(&archive, &new("again"), Until::Size(size)).await.unwrap();
    assert_eq!((again.0, again.1), (size, root));
    // Its next event says so; a backup of the fork is not one of the log.
    let other = operate::back_up(&new("cut"), &archive, None, QUIET).unwrap_err();
    assert!(other.to_string().contains("the log is behind its backup"), "{other}");
    let early = Until::Time(Timestamp::MIN);
    let refused = restored(&archive, &new("early"), early).await.unwrap_err();
    assert!(refused.contains("nothing of the log would be left"), "{refused}");
    let past = restored(&archive, &new("past"), Until::Size(whole.size + 1)).await.unwrap_err();
    assert!(past.contains("is past the archive's"), "{past}");
    assert!(!new("early").exists() && !new("past").exists());
    assert!(!directory.path().join("early.making").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_stays_erased_and_a_fork_can_go_on() {
    let system = System::new().await;
    filled(&system, "alpha", 2).await;
    let ids = system.submitted("alpha", vec![item("secret"), item("other")]).await;
    let asked = wire::ErasePayloadRequest {
        unit: "alpha".to_owned(),
        record: Some(wire::erase_payload_request::Record::Evidence(by_id(&ids[0]))),
        reason: "asked for".to_owned(),
        ..Default::default()
    };
    system.operator.evidence.clone().erase_payload(asked).await.unwrap();
    let size = system.size().await;
    let directory = system.stopped().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    // Before the erased record: its version gets a new key, and is appended to again.
    let to = tempfile::tempdir().unwrap();
    let (restored_size, ..) =
        restored(&archive, &to.path().join("data"), Until::Size(size - 2)).await.unwrap();
    assert!(restored_size < size - 2);
    fs::copy(data.join("admin.token"), to.path().join("data/admin.token")).unwrap();
    let now = system_clock()().to_string();
    let system = System::in_directory(to, &now).await;
    system.submitted("alpha", vec![item("third"), item("fourth"), item("fifth")]).await;
    let diagnosis = operate::examine(&system.stopped().await.path().join("data"), QUIET).unwrap();
    assert_eq!(diagnosis.worst(), None, "{:?}", diagnosis.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_signs_with_the_same_key_and_a_fork_with_one_of_its_own() {
    let system = System::new().await;
    filled(&system, "alpha", 2).await;
    let told = async |system: &System| {
        let asked = wire::GetCheckpointRequest::default();
        system.operator.proofs.clone().get_checkpoint(asked).await.unwrap().into_inner()
    };
    let (before, size) = (told(&system).await, system.size().await);
    let directory = system.stopped().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    for (until, same) in [(Until::All, true), (Until::Size(size - 1), false)] {
        let to = tempfile::tempdir().unwrap();
        restored(&archive, &to.path().join("data"), until).await.unwrap();
        fs::copy(data.join("admin.token"), to.path().join("data/admin.token")).unwrap();
        let system = System::in_directory(to, &system_clock()().to_string()).await;
        let after = told(&system).await;
        assert_eq!(after.key == before.key, same, "{} {}", before.key, after.key);
        let key: gradus_proof::VerifierKey = after.key.parse().unwrap();
        let note = gradus_proof::Note::parse(after.checkpoint.unwrap().note.as_bytes()).unwrap();
        let checkpoint = gradus_proof::Checkpoint::open(&note, &key).unwrap();
        assert_eq!(checkpoint.origin.matches('/').count(), if same { 1 } else { 2 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flipped_byte_of_an_archive_is_found() {
    let directory = given().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    let all = files(&archive);
    assert!(all.len() > 12, "{}", all.len());
    for (path, bytes) in all {
        let name = path.strip_prefix(&archive).unwrap().display().to_string();
        // The checkpoint is for others, and is made of the manifest.
        if name == "checkpoint" {
            continue;
        }
        let step = (bytes.len() / 7).max(1);
        for at in (0..bytes.len()).step_by(step) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x01;
            fs::write(&path, damaged).unwrap();
            let found = match name.as_str() {
                "keys" => keys::read(&path).is_err(),
                // Of the manifest, what is words and not root or size is told only.
                "manifest.json" => true,
                _ => operate::verify(&archive, QUIET).is_err(),
            };
            assert!(found, "{name} byte {at}");
        }
        fs::remove_file(&path).unwrap();
        let gone = name == "keys" || operate::verify(&archive, QUIET).is_err();
        assert!(gone, "{name} removed");
        fs::write(&path, bytes).unwrap();
    }
    assert!(operate::verify(&archive, QUIET).is_ok());
    assert!(Archive::open(&archive).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_directory_or_another_log_adds_nothing_to_an_archive() {
    let directory = given().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    let before = files(&archive);
    let other = given().await;
    let refused = operate::back_up(&other.path().join("data"), &archive, None, QUIET).unwrap_err();
    assert!(refused.to_string().contains("it is of another log"), "{refused}");
    assert!(files(&archive) == before);
    let db = data.join("log/db");
    let mut bytes = fs::read(&db).unwrap();
    // The library may have written the record several times.
    let places: Vec<_> =
        bytes.windows(4).enumerate().filter(|(_, seen)| *seen == b"3-77").collect();
    let places: Vec<_> = places.into_iter().map(|(at, _)| at).collect();
    for at in places {
        bytes[at] ^= 1;
    }
    fs::write(&db, bytes).unwrap();
    let refused = operate::back_up(&data, &archive, None, QUIET).unwrap_err();
    assert_eq!(Trouble::of(&refused), Trouble::Damaged, "{refused}");
    assert!(files(&archive) == before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_may_not_export_and_nobody_past_the_head() {
    let system = System::new().await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let asked = wire::ExportLogRequest { with_keys: true, ..Default::default() };
    let status = tool.backup.clone().export_log(asked).await.unwrap_err();
    assert_eq!(
        refusal(&status),
        "PermissionDenied NOT_A_PERSON: only a person may export the log: use the token of one"
    );
    let asked = wire::ExportLogRequest { from_size: 1_000, ..Default::default() };
    let status = system.operator.backup.clone().export_log(asked).await.unwrap_err();
    assert!(refusal(&status).starts_with("OutOfRange BEYOND_HEAD"), "{}", refusal(&status));
}
