//! The canary drill: after an erasure its text, its salts and whatever its key was derived from are
//! found in no file, in no writing, of the data directory and of backups that were made after.

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use gradus_log::OfflineLog;
use gradus_model::ids::hex;
use gradus_model::{LogId, UnitId};
use gradus_proof::digest::sha256_of;
use gradus_server::operate;
use gradus_service::keys::{DEPTH, decode};
use gradus_service::seal;
use tempfile::TempDir;

use super::many::{erased, naming};
use super::{CANARY, event, personal, shown};
use crate::attachments::{get, naming as naming_attachments, put};
use crate::running::{System, copy, files, item};

const QUIET: operate::OnStep<'static> = &|_, _, _| ();

/// What must be found nowhere: what it is, and its bytes.
type Needle = (String, Vec<u8>);

/// The secrets of one record of a data directory that is not erased.
fn secrets(data: &Path, log: LogId, unit: UnitId, version: u64) -> Vec<Needle> {
    let bytes = std::fs::read(data.join("keys").join(format!("{unit}.keys"))).unwrap();
    // Nothing was erased before: the file holds the root alone.
    let mut seed: [u8; 32] = bytes[59..91].try_into().unwrap();
    let mut needles = vec![("root seed".to_owned(), seed.to_vec())];
    for depth in 0..DEPTH {
        let bit = u8::from(version >> (DEPTH - 1 - depth) & 1 == 1);
        seed = sha256_of(&[b"gradus/v1/key", &[bit], &seed]).0;
        needles.push((format!("seed of depth {}", depth + 1), seed.to_vec()));
    }
    let key = decode(&bytes, log, unit).unwrap().key(version).unwrap();
    let read = OfflineLog::open(data, &|_, _| ()).unwrap();
    let mut opened = None;
    read.visit(|record| {
        let place = record.leaf.place;
        if (place.stream, place.version) == (unit, version) {
            let root = record.leaf.draft.payload_root;
            opened = Some(seal::open(record.payload, &key, log, unit, version, root).unwrap());
        }
        Ok::<_, gradus_log::LogError>(true)
    })
    .unwrap();
    let opened = opened.unwrap();
    let salts = opened.salts.iter().enumerate();
    needles.extend(salts.map(|(number, salt)| (format!("salt {number}"), salt.to_vec())));
    let texts = opened.payload.0.iter();
    needles.extend(texts.map(|field| (field.name.clone(), field.text.clone().into_bytes())));
    needles.push(("canary".to_owned(), CANARY.as_bytes().to_vec()));
    needles
}

/// The ways in which somebody may have written some bytes.
fn writings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all =
        vec![bytes.to_vec(), hex(bytes).into_bytes(), hex(bytes).to_uppercase().into_bytes()];
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            // Within a longer text: only what depends on these bytes alone.
            let padded = [vec![0; before], bytes.to_vec()].concat();
            let text = engine.encode(padded).into_bytes();
            let (from, to) = ((8 * before).div_ceil(6), (8 * (before + bytes.len())) / 6);
            all.push(text[from..to].to_vec());
        }
    }
    all
}

/// Where the needles are found below a folder: the file, and what it holds.
fn found(folder: &Path, needles: &[Needle]) -> Vec<String> {
    let written: Vec<(&str, Vec<u8>)> = needles
        .iter()
        .flat_map(|(name, needle)| {
            writings(needle).into_iter().map(move |as_is| (name.as_str(), as_is))
        })
        .collect();
    // Every place of every file is looked at: by its first two bytes, which hardly ever are those of any.
    let mut by_start: Vec<Vec<usize>> = vec![Vec::new(); 1 << 16];
    for (number, (_, writing)) in written.iter().enumerate() {
        by_start[start(writing)].push(number);
    }
    let mut told = BTreeSet::new();
    for (path, bytes) in files(folder) {
        for (at, two) in bytes.windows(2).enumerate() {
            for number in &by_start[start(two)] {
                let (name, writing) = &written[*number];
                if bytes[at..].starts_with(writing) {
                    let path = path.strip_prefix(folder).unwrap().display();
                    told.insert(format!("{path} holds the {name}"));
                }
            }
        }
    }
    told.into_iter().collect()
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

fn at_rest(system: &System) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    copy(&system.data(), &to.path().join("data"));
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_canary_no_file_holds_the_text_a_salt_or_a_way_to_the_key() {
    let system = System::alone().await;
    system.project("alpha").await;
    let many = (0..200).map(|number| item(&format!("{number}"))).collect();
    system.submitted("alpha", many).await;
    let ids = system.submitted("alpha", vec![item("a"), personal("b"), item("c")]).await;
    let canary = shown(&system, &ids[1]).await;
    let (unit, place) = (canary.unit.unwrap().id.parse().unwrap(), canary.submitted.unwrap());
    let version = event(&system, place.position).await.version;
    let created: serde_json::Value =
        serde_json::from_str(&event(&system, 0).await.body_json).unwrap();
    let log = created["log"].as_str().unwrap().parse().unwrap();
    let directory = system.stopped().await;
    let archive = directory.path().join("archive");
    operate::back_up(&directory.path().join("data"), &archive, None, QUIET).unwrap();
    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    let before = at_rest(&system);
    let needles = secrets(&before.path().join("data"), log, unit, version);
    assert_eq!(needles.len(), 1 + usize::from(DEPTH) + 4 + 4 + 1, "all of it was found");
    // The drill finds what is there: as long as it is not erased, the key file leads to it.
    let there = found(before.path(), &needles);
    assert_eq!(there, [format!("data/keys/{unit}.keys holds the root seed")]);
    let kept = found(&archive, &needles);
    assert!(
        !kept.is_empty() && kept.iter().all(|told| told.ends_with("the root seed")),
        "{kept:?}"
    );

    assert_eq!(erased(&system.operator, naming(CANARY)).await.unwrap().records, 1);
    // What goes on being written, and what is read again at a start.
    system.submitted("alpha", vec![item("d")]).await;
    assert_eq!(found(&system.data(), &needles), [""; 0], "while the server runs");
    let system = system.restarted().await;
    assert_eq!(shown(&system, &ids[1]).await.payload_state(), wire_erased());
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    assert_eq!(found(&data, &needles), [""; 0], "at rest");
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    operate::back_up(&data, &directory.path().join("fresh"), None, QUIET).unwrap();
    assert_eq!(found(&archive, &needles), [""; 0], "the archive of before, added to");
    assert_eq!(found(directory.path(), &needles), [""; 0], "and a new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_erased_attachment_no_file_holds_the_canary_or_a_way_to_the_key() {
    let system = System::alone().await;
    system.project("alpha").await;
    let bytes = format!("{CANARY} and more of {CANARY}").repeat(9_000);
    let kept = put(&system.operator, "alpha", bytes.as_bytes()).await.unwrap();
    let other = put(&system.operator, "alpha", b"another one").await.unwrap();
    let item = naming_attachments("a", &[&kept.sha256, &other.sha256]);
    let id = system.submitted("alpha", vec![item]).await.swap_remove(0);
    let unit = shown(&system, &id).await.unit.unwrap().id;
    let directory = system.stopped().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    let keys = std::fs::read(data.join("keys").join(format!("{unit}.keys"))).unwrap();
    // Nothing was erased before, and it was the first attachment.
    let mut seed: [u8; 32] = keys[59..91].try_into().unwrap();
    let mut needles = vec![("root seed".to_owned(), seed.to_vec())];
    let sealed = files(&data.join("attachments"));
    let sealed = sealed.iter().find(|(path, _)| path.ends_with(&kept.sha256)).unwrap();
    let number = u64::from_be_bytes(sealed.1[20..28].try_into().unwrap());
    assert_eq!(number, gradus_service::attachments::FIRST);
    for depth in 0..DEPTH {
        let bit = u8::from(number >> (DEPTH - 1 - depth) & 1 == 1);
        seed = sha256_of(&[b"gradus/v1/key", &[bit], &seed]).0;
        needles.push((format!("seed of depth {}", depth + 1), seed.to_vec()));
    }
    needles.push(("canary".to_owned(), CANARY.as_bytes().to_vec()));
    // What is sealed is looked for by its nonce, which begins the file.
    needles.push(("sealed attachment".to_owned(), sealed.1[28..44].to_vec()));
    let there = found(&data, &needles);
    let expected = [
        format!("attachments/{unit}/{} holds the sealed attachment", kept.sha256),
        format!("keys/{unit}.keys holds the root seed"),
    ];
    assert_eq!(there, expected, "the drill finds what is there");

    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    assert_eq!(get(&system.operator, "alpha", &kept.sha256).await.unwrap(), bytes.as_bytes());
    let asked = gradus_wire::v1::EraseAttachmentsRequest {
        append: None,
        unit: "alpha".to_owned(),
        sha256: vec![kept.sha256.clone()],
        reason: "asked for".to_owned(),
    };
    system.operator.attachments.clone().erase_attachments(asked).await.unwrap();
    assert_eq!(found(&system.data(), &needles), [""; 0], "while the server runs");
    let system = system.restarted().await;
    assert_eq!(get(&system.operator, "alpha", &other.sha256).await.unwrap(), b"another one");
    let directory = system.stopped().await;
    let (data, archive) = (directory.path().join("data"), directory.path().join("archive"));
    assert_eq!(found(&data, &needles), [""; 0], "at rest");
    operate::back_up(&data, &archive, None, QUIET).unwrap();
    assert_eq!(
        found(directory.path(), &needles),
        [""; 0],
        "and in the archive, whose keys are new"
    );
}

fn wire_erased() -> gradus_wire::v1::PayloadState {
    gradus_wire::v1::PayloadState::Erased
}

#[test]
fn a_needle_is_found_in_every_writing_and_wherever_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let needle: Vec<u8> = (200..232).collect();
    let needles = vec![("needle".to_owned(), needle.clone())];
    let text = |engine: &base64::engine::GeneralPurpose, before: usize| {
        engine.encode([vec![7; before], needle.clone(), vec![9; 5]].concat()).into_bytes()
    };
    let mut all =
        vec![needle.clone(), hex(&needle).into_bytes(), hex(&needle).to_uppercase().into()];
    for before in 0..4 {
        all.extend([text(&STANDARD, before), text(&URL_SAFE_NO_PAD, before)]);
    }
    for (number, writing) in all.iter().enumerate() {
        let path = folder.path().join("file");
        std::fs::write(&path, [b"before".to_vec(), writing.clone()].concat()).unwrap();
        assert_eq!(found(folder.path(), &needles), ["file holds the needle"], "{number}");
    }
    std::fs::write(folder.path().join("file"), &needle[1..]).unwrap();
    assert_eq!(found(folder.path(), &needles), [""; 0]);
}
