//! Damage to a directory: what the doctor names, what a start says, and what can be recovered.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use gradus_server::operate::{self, Severity, Trouble};
use gradus_server::system_clock;
use gradus_wire::v1 as wire;
use tempfile::TempDir;

use crate::running::{System, copy, files, item, settings, without_ids};

/// A stopped server's directory of a few hundred records.
async fn given() -> TempDir {
    let system = System::new().await;
    for project in ["alpha", "beta"] {
        system.project(project).await;
        for call in 0..4 {
            let items = (0..40).map(|at| item(&format!("{project}-{call}-{at}"))).collect();
            system.submitted(project, items).await;
        }
    }
    system.stopped().await
}

fn copied(from: &Path) -> TempDir {
    let target = tempfile::tempdir().unwrap();
    copy(from, target.path());
    target
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x20;
    fs::write(path, bytes).unwrap();
}

/// Where a record of the last call lies in the log's file: the library may write it several times.
fn in_the_records(data: &Path) -> Vec<usize> {
    let bytes = fs::read(data.join("log").join("db")).unwrap();
    let id = b"beta-3-20";
    let places: Vec<_> =
        bytes.windows(id.len()).enumerate().filter(|(_, seen)| seen == id).collect();
    assert!(!places.is_empty());
    places.into_iter().map(|(at, _)| at).collect()
}

/// Flips a byte of a record of the last call, wherever it lies.
fn break_a_record(data: &Path) {
    for at in in_the_records(data) {
        flip(&data.join("log").join("db"), at);
    }
}

/// Findings, one a line, with what differs from run to run taken out.
fn told(data: &Path) -> String {
    let diagnosis = operate::examine(data, &|_, _, _| ()).unwrap();
    let mut lines = String::new();
    for found in &diagnosis.findings {
        let file = without_ids(&found.file.display().to_string());
        let file = file.split('/').map(|part| if part.len() == 64 { "DIGEST" } else { part });
        let file = file.collect::<Vec<_>>().join("/");
        let place = if found.byte.is_some() { " at a byte" } else { "" };
        let position = if found.position.is_some() { " at a position" } else { "" };
        let severity = found.severity.name();
        let advice = &found.advice;
        writeln!(lines, "{severity}: {file}{place}{position}: {advice}").unwrap();
    }
    lines
}

async fn check(given: &TempDir, damage: impl Fn(&Path), then: &Expect) -> (TempDir, String) {
    let directory = copied(given.path());
    let data = directory.path().join("data");
    damage(&data);
    let before = files(&data);
    then.assert_eq(&told(&data));
    assert!(files(&data) == before, "an examination changes nothing");
    let started = gradus_server::start(&settings(directory.path()), system_clock()).await;
    let start = match started {
        Ok(running) => {
            running.stop().await.unwrap();
            "starts".to_owned()
        }
        Err(error) => {
            assert_eq!(Trouble::of_start(&error), Trouble::Damaged, "{error}");
            error.to_string()
        }
    };
    (directory, start)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_directory_is_sound() {
    let given = given().await;
    let (_, start) = check(&given, |_| (), &expect![[""]]).await;
    assert_eq!(start, "starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_true_is_named_and_stops_the_start() {
    let given = given().await;
    let lost_records = expect![[r#"
        lost: log/db at a position: restore a backup, or recover what verifies with --rescue
        lost: log/db at a byte: restore a backup, or recover what verifies with --rescue
    "#]];
    let (_, start) = check(&given, break_a_record, &lost_records).await;
    assert!(start.contains("log/db is damaged at byte"), "{start}");
    assert!(start.ends_with("the directory is left as it is"), "{start}");
    let zeroed = |data: &Path| {
        let path = data.join("log/db");
        let mut bytes = fs::read(&path).unwrap();
        let from = in_the_records(data)[0];
        bytes[from..].fill(0);
        fs::write(path, bytes).unwrap();
    };
    check(&given, zeroed, &lost_records).await;
    let gone = |data: &Path| fs::remove_file(data.join("log/db")).unwrap();
    let nothing = expect![[r#"
        lost: log/db at a position: restore a backup, or recover what verifies with --rescue
    "#]];
    check(&given, gone, &nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_keys_and_marks_are_named() {
    let given = given().await;
    let first = |folder: &str, data: &Path| files(&data.join(folder)).into_iter().next().unwrap().0;
    let document = |data: &Path| flip(&first("documents", data), 7);
    let lost = expect![[r#"
        lost: documents/DIGEST: restore this file from a backup
    "#]];
    let (_, start) = check(&given, document, &lost).await;
    assert!(start.contains("restore it from a backup"), "{start}");

    let directory = copied(given.path());
    let data = directory.path().join("data");
    let key = files(&data.join("keys")).pop().unwrap().0;
    fs::remove_file(&key).unwrap();
    expect![[r#"
        lost: keys/ID.keys: restore this file from the backup of the keys
    "#]]
    .assert_eq(&told(&data));

    let directory = copied(given.path());
    let data = directory.path().join("data");
    fs::remove_file(data.join("FORMAT")).unwrap();
    fs::remove_file(data.join("anchor")).unwrap();
    expect![[r#"
        lost: FORMAT: restore this file from a backup
        lost: anchor: restore it, or start once with --accept-missing-anchor
    "#]]
    .assert_eq(&told(&data));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_derived_is_made_again() {
    let given = given().await;
    let snapshot = |data: &Path| flip(&data.join("index/conf"), 20);
    let derived = expect![[r#"
        derived: index/conf at a byte: nothing to do: the next start makes it again
    "#]];
    let (directory, start) = check(&given, snapshot, &derived).await;
    assert_eq!(start, "starts");
    assert_eq!(told(&directory.path().join("data")), "", "it was made again");
    let levels = |data: &Path| flip(&data.join("projections/levels/conf"), 20);
    let derived = expect![[r#"
        derived: projections/levels/conf at a byte: nothing to do: the next start makes it again
    "#]];
    let (directory, start) = check(&given, levels, &derived).await;
    assert_eq!(start, "starts");
    assert_eq!(told(&directory.path().join("data")), "", "it was made again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_in_use_is_not_examined() {
    let system = System::new().await;
    let refused = operate::examine(&system.data(), &|_, _, _| ()).unwrap_err();
    assert_eq!(Trouble::of(&refused), Trouble::Held, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_verifies_is_recovered_and_the_log_says_that_it_was_forked() {
    let given = given().await;
    let directory = copied(given.path());
    let data = directory.path().join("data");
    let sound = operate::examine(&data, &|_, _, _| ()).unwrap();
    break_a_record(&data);
    let before = files(&data);
    let to = tempfile::tempdir().unwrap();
    let new = to.path().join("data");
    let rescued = operate::rescue(&data, &new, system_clock(), &|_, _, _| ()).await.unwrap();
    assert!(files(&data) == before, "the damaged directory is left as it is");
    assert!(rescued.size < sound.size && rescued.size > sound.size / 2, "{rescued:?}");
    assert_eq!(rescued.anchored, Some(sound.size));
    assert!(rescued.lost_keys.is_empty() && rescued.lost_documents.is_empty());
    assert_eq!(rescued.opened, Some(rescued.size + 1));
    assert_eq!(operate::examine(&new, &|_, _, _| ()).unwrap().worst(), None::<Severity>);

    let again = operate::rescue(&data, &new, system_clock(), &|_, _, _| ()).await.unwrap_err();
    assert_eq!(Trouble::of(&again), Trouble::Refused, "{again}");

    let now = system_clock()().to_string();
    let system = System::in_directory(to, &now).await;
    let asked =
        wire::ListEventsRequest { types: vec!["log-forked".to_owned()], ..Default::default() };
    let forks = system.operator.events.clone().list_events(asked).await.unwrap().into_inner();
    assert_eq!(forks.events.len(), 1);
    assert_eq!(forks.events[0].position, rescued.size);
    system.submitted("alpha", vec![item("after")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_document_that_ships_is_recovered() {
    let given = given().await;
    let directory = copied(given.path());
    let data = directory.path().join("data");
    fs::remove_dir_all(data.join("documents")).unwrap();
    let new = directory.path().join("new");
    let rescued = operate::rescue(&data, &new, system_clock(), &|_, _, _| ()).await.unwrap();
    assert!(rescued.lost_documents.is_empty() && !rescued.is_short());
    assert_eq!(rescued.opened, Some(rescued.size), "nothing is forked when nothing is lost");
}
