//! Data directories that cannot be used: each start is refused with what to do, and changes nothing.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use gradus_server::Settings;
use gradus_wire::v1 as wire;
use tempfile::TempDir;

use crate::machine::Clocks;
use crate::running::{System, by_id, copy, item, levels_of, refusal, settings, without_ids};

const NOW: &str = "2026-06-01T12:00:00Z";

/// Why a server does not start.
async fn refused(settings: &Settings) -> String {
    match gradus_server::start(settings, Clocks::at(NOW).machine()).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

/// An error's text with what differs from run to run taken out: path, process, ids, digests.
fn shown(text: &str, directory: &Path) -> String {
    let text = text.replace(&directory.display().to_string(), "DIR");
    let process = std::process::id().to_string();
    let masked = |word: &str| {
        let told = word.trim_end_matches([',', ':', ';']);
        let digest = told.len() == 64 && told.bytes().all(|c| c.is_ascii_hexdigit());
        // Words as a whole: the digits of a short process number also stand within digests.
        match told {
            _ if digest => word.replace(told, "DIGEST"),
            number if number == process => word.replace(told, "PID"),
            _ => word.to_owned(),
        }
    };
    without_ids(&text).split(' ').map(masked).collect::<Vec<_>>().join(" ")
}

/// A stopped server's directory, with one project and one item of evidence in it.
async fn given() -> TempDir {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a")]).await;
    system.stopped().await
}

/// What a refused start must leave byte for byte: all but the locks, and the databases, which the
/// storage library arranges anew whenever it opens them.
fn content(data: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = ["FORMAT", "admin.token", "anchor"]
        .iter()
        .map(|name| data.join(name))
        .filter(|path| path.exists())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    for folder in ["keys", "documents"] {
        files.extend(crate::running::files(&data.join(folder)));
    }
    // An anchor without content says nothing.
    files.retain(|(_, bytes)| !bytes.is_empty());
    files.sort();
    files
}

/// Breaks a good directory, asserts what is said, mends it, and asserts that it starts.
async fn check(
    directory: TempDir,
    broken: impl Fn(&Path),
    mended: impl Fn(&Path),
    then: &Expect,
) -> System {
    let data = directory.path().join("data");
    broken(&data);
    let before = content(&data);
    let told = refused(&settings(directory.path())).await;
    then.assert_eq(&shown(&told, directory.path()));
    assert_eq!(content(&data), before, "a refused start changes nothing");
    let again = refused(&settings(directory.path())).await;
    assert_eq!(again, told, "the second start is refused as the first was");
    mended(&data);
    let system = System::in_directory(directory, NOW).await;
    let asked = wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let listed = system.operator.evidence.clone().list_evidence(asked).await.unwrap().into_inner();
    assert_eq!(listed.evidence[0].item.as_ref().unwrap().title, "Policy a", "all is there again");
    system
}

#[tokio::test]
async fn a_directory_that_is_not_ours_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("thesis.tex"), "chapter one").unwrap();
    let told = refused(&settings(directory.path())).await;
    expect!["`DIR/data` holds `thesis.tex` and no `FORMAT`: it is no data directory of gradus; name one, or an empty or a new directory"].assert_eq(&shown(&told, directory.path()));
    let names: Vec<_> =
        fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["thesis.tex"]);
    fs::remove_file(data.join("thesis.tex")).unwrap();
    System::in_directory(directory, NOW).await;
}

#[tokio::test]
async fn a_directory_that_is_a_file_or_has_no_parent_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("data"), "x").unwrap();
    let told = refused(&settings(directory.path())).await;
    expect!["cannot create `DIR/data`: a file of that name is there"]
        .assert_eq(&shown(&told, directory.path()));
    let below = settings(&directory.path().join("no").join("such"));
    let told = refused(&below).await;
    expect![
        "cannot create `DIR/no/such/data`: the folder it would lie in is missing, make that first"
    ]
    .assert_eq(&shown(&told, directory.path()));
}

#[tokio::test]
async fn a_directory_newer_than_this_program_is_refused() {
    let format = |data: &Path, text: &str| fs::write(data.join("FORMAT"), text).unwrap();
    let ours = "gradus data directory\nformat 1\n";
    let directory = given().await;
    let newer = "gradus data directory\nformat 2\n";
    let system = check(
        directory,
        |data| format(data, newer),
        |data| format(data, ours),
        &expect![
            "`DIR/data` has format 2, this version knows format 1: use a newer version of gradus"
        ],
    )
    .await;
    check(
        system.stopped().await,
        |data| format(data, "something else"),
        |data| format(data, ours),
        &expect![[r#"`DIR/data/FORMAT` begins with "something else" and names no format: restore it, its lines are `gradus data directory` and `format 1`"#]],
    )
    .await;
}

#[tokio::test]
async fn a_directory_has_one_server_at_a_time() {
    let system = System::new().await;
    let told = refused(&settings(system.directory.path())).await;
    expect!["`DIR/data` is held by process PID: stop it, or name another directory"]
        .assert_eq(&shown(&told, system.directory.path()));
    system.project("alpha").await;
    let system = system.restarted().await;
    assert_eq!(system.levels(levels_of("alpha", "2026-06-01")).await.areas.len(), 22);
}

#[tokio::test]
async fn a_port_in_use_is_told_and_the_directory_is_not_touched() {
    let system = System::new().await;
    let directory = tempfile::tempdir().unwrap();
    let taken = Settings { listen: system.address(), ..settings(directory.path()) };
    let told = refused(&taken).await;
    let told = told.replace(&system.address().to_string(), "ADDRESS");
    expect!["cannot listen on ADDRESS: Address already in use (os error 98); stop what listens there, or choose another address with --listen"].assert_eq(&shown(&told, directory.path()));
    assert!(!directory.path().join("data").exists(), "nothing was made");
    System::in_directory(directory, NOW).await;
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = given().await;
    let data = directory.path().join("data");
    let allow = |mode: u32| {
        fs::set_permissions(&data, fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(0o500);
    if fs::File::create(data.join("probe")).is_ok() {
        // Root may write where nobody may.
        eprintln!("SKIPPED: this user writes into read-only directories; run as another user");
        fs::remove_file(data.join("probe")).unwrap();
        allow(0o700);
        return;
    }
    let told = refused(&settings(directory.path())).await;
    allow(0o700);
    expect!["`DIR/data` is read-only for this user (cannot create `DIR/data/PROBE.new`: Permission denied (os error 13)): make it writable, or name another directory"]
        .assert_eq(&shown(&told, directory.path()));
    System::in_directory(directory, NOW).await;
}

#[tokio::test]
async fn a_place_where_nobody_can_write_is_refused() {
    let place = Path::new("/sys/kernel");
    assert!(place.exists() || !cfg!(target_os = "linux"), "there is such a place on Linux");
    if place.exists() {
        let told = refused(&settings(place)).await;
        let seen =
            "`/sys/kernel/data` is read-only for this user (cannot create `/sys/kernel/data`: ";
        assert!(told.starts_with(seen), "{told}");
        assert!(told.ends_with("make it writable, or name another directory"), "{told}");
    }
}

#[tokio::test]
async fn keys_without_their_log_are_not_taken_for_a_new_directory() {
    let directory = given().await;
    let data = directory.path().join("data");
    let token = fs::read(data.join("admin.token")).unwrap();
    for name in ["log", "index"] {
        fs::remove_dir_all(data.join(name)).unwrap();
    }
    fs::remove_file(data.join("anchor")).unwrap();
    let told = refused(&settings(directory.path())).await;
    expect!["`DIR/data` holds keys and no log: restore `log` and `anchor` from a backup, or name an empty or a new directory"].assert_eq(&shown(&told, directory.path()));
    assert_eq!(fs::read(data.join("admin.token")).unwrap(), token, "the token stays");
}

fn aside(data: &Path, name: &str) {
    fs::rename(data.join(name), data.with_file_name("aside")).unwrap();
}

fn back(data: &Path, name: &str) {
    let to = data.join(name);
    if to.is_dir() {
        fs::remove_dir_all(&to).unwrap();
    } else if to.exists() {
        fs::remove_file(&to).unwrap();
    }
    fs::rename(data.with_file_name("aside"), to).unwrap();
}

#[tokio::test]
async fn a_log_that_is_gone_under_its_anchor_is_missed() {
    let directory = given().await;
    check(directory, |data| aside(data, "log"), |data| back(data, "log"), &expect!["the anchor says size 22 with root DIGEST, the log has size 0 with root DIGEST: restore a backup that holds the anchor's size, the directory is left as it is"]).await;
}

#[tokio::test]
async fn an_anchor_that_is_gone_must_be_accepted() {
    let directory = given().await;
    let system =
        check(directory, |data| aside(data, "anchor"), |data| back(data, "anchor"), &expect!["DIR/data/anchor is missing or unreadable while the log holds 22 records: restore it, or accept the log as it is with --accept-missing-anchor"])
            .await;
    // Accepted once, the log goes on as it is, with an anchor of its own.
    let directory = system.stopped().await;
    fs::remove_file(directory.path().join("data").join("anchor")).unwrap();
    let accepting = Settings { accept_missing_anchor: true, ..settings(directory.path()) };
    let running = gradus_server::start(&accepting, Clocks::at(NOW).machine()).await.unwrap();
    running.stop().await.unwrap();
    System::in_directory(directory, NOW).await;
}

#[tokio::test]
async fn a_log_of_another_directory_is_not_taken() {
    let (directory, other) = (given().await, given().await);
    let theirs = other.path().join("data").join("log");
    check(
        directory,
        |data| {
            aside(data, "log");
            copy(&theirs, &data.join("log"));
        },
        |data| back(data, "log"),
        &expect!["the anchor belongs to the log that starts with DIGEST, this one starts with DIGEST: put back the log or the anchor that belong together"],
    )
    .await;
}

#[tokio::test]
async fn a_log_and_its_anchor_put_back_from_an_older_backup_are_one_log() {
    // Two files that belong together are taken as they are: only a witness elsewhere could tell.
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a")]).await;
    let directory = system.stopped().await;
    let backup = tempfile::tempdir().unwrap();
    copy(&directory.path().join("data"), &backup.path().join("data"));
    let system = System::in_directory(directory, NOW).await;
    let size = system.size().await;
    system.submitted("alpha", vec![item("b")]).await;
    drop(system.stopped().await);
    let system = System::in_directory(backup, NOW).await;
    assert_eq!(system.size().await, size);
}

#[tokio::test]
async fn an_older_log_under_a_newer_anchor_is_missed() {
    let directory = given().await;
    let older = tempfile::tempdir().unwrap();
    copy(&directory.path().join("data").join("log"), &older.path().join("log"));
    let system = System::in_directory(directory, NOW).await;
    system.submitted("alpha", vec![item("b")]).await;
    check(
        system.stopped().await,
        |data| {
            aside(data, "log");
            copy(&older.path().join("log"), &data.join("log"));
        },
        |data| back(data, "log"),
        &expect!["the anchor says size 23 with root DIGEST, the log has size 22 with root DIGEST: restore a backup that holds the anchor's size, the directory is left as it is"],
    )
    .await;
}

#[tokio::test]
async fn a_flipped_byte_in_the_log_is_caught_or_harmless() {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a")]).await;
    let head = system.head().await;
    let whole = system.stopped().await;
    let log = fs::read(whole.path().join("data").join("log").join("db")).unwrap();
    let used = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut caught = 0;
    for at in (0..used).step_by(used / 24) {
        let flipped = tempfile::tempdir().unwrap();
        copy(&whole.path().join("data"), &flipped.path().join("data"));
        let mut bytes = log.clone();
        bytes[at] ^= 0x10;
        fs::write(flipped.path().join("data").join("log").join("db"), bytes).unwrap();
        let name = flipped.path().to_owned();
        match System::start(flipped, NOW).await {
            Err(error) => {
                let told = shown(&error.to_string(), &name);
                assert!(told.contains("restore a backup"), "byte {at}: {told}");
                caught += 1;
            }
            // Some bytes are of no record: what the storage library has written over since.
            Ok(system) => assert_eq!(system.head().await, head, "byte {at}"),
        }
    }
    assert!(caught > 0);
}

#[tokio::test]
async fn a_missing_document_is_named() {
    let directory = given().await;
    let documents = directory.path().join("data").join("documents");
    let strict = include_str!("../../config/rules/strict.toml");
    let rules = crate::running::files(&documents);
    let rules = rules.into_iter().find(|(_, bytes)| bytes == strict.as_bytes()).unwrap().0;
    let name = rules.file_name().unwrap().to_str().unwrap().to_owned();
    let file = Path::new("documents").join(&name).display().to_string();
    let told = {
        fs::rename(&rules, directory.path().join("aside")).unwrap();
        let told = refused(&settings(directory.path())).await;
        fs::rename(directory.path().join("aside"), &rules).unwrap();
        told
    };
    assert!(told.contains(&file), "{told}");
    let text = shown(&told, directory.path()).replace(&name, "DIGEST");
    expect!["`DIR/data/documents/DIGEST` is missing: restore it from a backup"].assert_eq(&text);
    System::in_directory(directory, NOW).await;
}

#[tokio::test]
async fn the_index_is_made_again_when_it_is_gone() {
    let directory = given().await;
    fs::remove_dir_all(directory.path().join("data").join("index")).unwrap();
    let system = System::in_directory(directory, NOW).await;
    let known = system.submitted("alpha", vec![item("a")]).await;
    assert_eq!(known.len(), 1);
    let asked = wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let listed = system.operator.evidence.clone().list_evidence(asked).await.unwrap().into_inner();
    assert_eq!(listed.evidence.len(), 1, "the item is known by its source");
}

#[tokio::test]
async fn a_missing_key_file_is_an_error_of_those_who_read_it_and_no_other() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    system.submitted("beta", vec![item("b")]).await;
    let asked = |unit: &str| wire::GetUnitRequest { unit: unit.to_owned(), ..Default::default() };
    let unit = system.operator.units.clone().get_unit(asked("alpha")).await.unwrap().into_inner();
    let keys = format!("keys/{}.keys", unit.unit.unwrap().id);
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    aside(&data, &keys);

    let system = System::in_directory(directory, NOW).await;
    let get = wire::GetEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(&ids[0])),
        ..Default::default()
    };
    let mut evidence = system.operator.evidence.clone();
    let read = evidence.get_evidence(get.clone()).await.unwrap_err();
    let asked = crate::running::submit("alpha", vec![item("c")]);
    let size = system.size().await;
    let written = evidence.submit_evidence(asked).await.unwrap_err();
    // The server's log names the file; a caller cannot do anything about it.
    let fault = expect!["Internal FAULT: a fault of the server; its log says more"];
    fault.assert_eq(&refusal(&read));
    fault.assert_eq(&refusal(&written));
    assert_eq!(system.size().await, size, "nothing was recorded");
    assert_eq!(system.submitted("beta", vec![item("d")]).await.len(), 1, "beta goes on");
    let levels = system.levels(levels_of("alpha", "2026-06-01")).await;
    assert_eq!(levels.areas.len(), 22, "levels need no texts");

    let directory = system.stopped().await;
    back(&directory.path().join("data"), &keys);
    let system = System::in_directory(directory, NOW).await;
    let shown = system.operator.evidence.clone().get_evidence(get).await.unwrap().into_inner();
    assert_eq!(shown.evidence.unwrap().item.unwrap().title, "Policy a");
}

#[tokio::test]
async fn without_the_organizations_keys_the_start_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a")]).await;
    let asked = wire::GetUnitRequest { unit: "organization".to_owned(), ..Default::default() };
    let unit = system.operator.units.clone().get_unit(asked).await.unwrap().into_inner();
    let keys = format!("keys/{}.keys", unit.unit.unwrap().id);
    let directory = system.stopped().await;
    aside(&directory.path().join("data"), &keys);
    let told = refused(&settings(directory.path())).await;
    expect!["`DIR/data/keys/ID.keys` is missing: restore it from the backup of the keys, without it nothing sealed of unit ID can be read"].assert_eq(&shown(&told, directory.path()));
    back(&directory.path().join("data"), &keys);
    let system = System::in_directory(directory, NOW).await;
    assert_eq!(system.token("second", wire::PrincipalKind::Person).await.len(), 78);
}
