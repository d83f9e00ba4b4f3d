//! The formats that can never change: golden bytes, a foreign decoder, and the page that tells.
//!
//! What a golden file holds is never written again: with `GRADUS_NEW_GOLDEN=1` a run appends the
//! records that are missing, and nothing else does anything to the files (tests that read them at
//! the same time may fail in that run). [`FROZEN`] then pins what was released.
#![cfg(test)]

#[path = "../formats/golden.rs"]
pub(crate) mod golden;
mod page;
#[path = "../formats/refused.rs"]
mod refused;
#[path = "../formats/sources.rs"]
mod sources;
#[path = "../formats/spoken.rs"]
mod spoken;
#[path = "../formats/vectors.rs"]
mod vectors;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use gradus_model::event::Event;
use gradus_model::ids::hex;
use gradus_model::payload::Field;
use gradus_model::{Digest, Leaf, Payload, PrincipalId, RequestId, UnitId};
use gradus_proof::{leaf_hash, root, sha256};
use gradus_service::keys::{self, KeyTree, RootSeed};
use gradus_service::seal;
use serde_json::{Value, json};

use golden::{Golden, LOG, ORGANIZATION};
use vectors::{fields, key_of, payload_line};

/// Released lines: the file, how many of its first lines, and their SHA-256.
const FROZEN: [(&str, usize, &str); 6] = [
    ("events", 83, "6030a5f0d5db4ca95f7d57856f6768f517f6eea8e71a372a4aebdc5d80f650f6"),
    ("variants", 12, "678b482bbe15a878f11cef4fdf62765bd2226a8feafee96a465b761c474e51f3"),
    ("payloads", 5, "0dadc062a04156cae3f902c4d69ab0d02d0d8506990ab2e502252c3d01c79812"),
    ("keys", 3, "1bfcda5c056359aeaab9a88c74f346a313b1cc33d147dcd52fcf70c7b5849764"),
    ("ids", 9, "0a2e1f4fb1a1776d12cf0048d53271306187b697d09c8613e5cb6ca00c261ccd"),
    ("refused", 70, "d4c9740f24af77c24a30a7beed177fce1116415ff6664c17351d7c1cef75e044"),
];

/// A line of a golden file: what it is found by, and its pairs in the order they are written.
struct Line {
    key: String,
    pairs: Vec<(&'static str, Value)>,
}

impl Line {
    fn new(by: &'static str, key: &str, pairs: Vec<(&'static str, Value)>) -> Self {
        let pairs = [(by, json!(key))].into_iter().chain(pairs).collect();
        Self { key: key.to_owned(), pairs }
    }

    fn text(&self) -> String {
        let pairs: Vec<String> =
            self.pairs.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", pairs.join(","))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("formats")
}

fn file(name: &str) -> PathBuf {
    folder().join("golden").join(format!("{name}.jsonl"))
}

fn lines(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(file(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Compares what the code makes with what the file holds; a file is only ever added to.
fn check(name: &str, made: &[Line]) {
    let path = file(name);
    let held = fs::read_to_string(&path).unwrap_or_default();
    let made_texts: Vec<String> = made.iter().map(Line::text).collect();
    for (number, held) in held.lines().enumerate() {
        let made = made_texts.get(number).map_or("null", String::as_str);
        let value = |text| serde_json::from_str::<Value>(text).unwrap();
        let (number, by) = (number + 1, "the code makes other values than were released");
        assert!(
            value(held) == value(made),
            "{name}.jsonl:{number}: {by}\nheld {held}\nmade {made}"
        );
    }
    let missing = &made_texts[held.lines().count()..];
    if missing.is_empty() {
        return;
    }
    let keys: Vec<&str> =
        made[held.lines().count()..].iter().map(|line| line.key.as_str()).collect();
    assert!(
        std::env::var_os("GRADUS_NEW_GOLDEN").is_some(),
        "{name}.jsonl has no {keys:?}: look at them, then append them with GRADUS_NEW_GOLDEN=1"
    );
    let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
    for text in missing {
        writeln!(file, "{text}").unwrap();
    }
}

fn record(by: &'static str, key: &str, golden: &Golden) -> Line {
    let mut pairs = Vec::new();
    if by != "type" {
        pairs.push(("type", json!(golden.event)));
    }
    pairs.extend([
        ("leaf", json!(hex(&golden.bytes))),
        ("leaf_hash", json!(leaf_hash(&golden.bytes).to_string())),
        ("decoded", spoken::leaf(&golden.leaf)),
    ]);
    if !golden.payload.is_empty() {
        let place = golden.leaf.place;
        pairs.extend([
            ("log", json!(hex(&LOG.0))),
            ("key", json!(key_of(golden::root_seed(place.stream), place.version))),
            ("fields", fields(&golden.payload)),
            ("salts", golden.salts.iter().map(|salt| hex(salt)).collect()),
            ("sealed", json!(hex(&golden.sealed))),
        ]);
    }
    Line::new(by, key, pairs)
}

#[test]
fn every_event_type_has_the_golden_record_that_was_released() {
    let log = golden::log();
    let mut made: Vec<(u16, &str)> =
        log.iter().map(|record| (record.leaf.draft.event_type, record.event)).collect();
    made.sort_unstable();
    // A type may stand twice: the first record of it is the golden one of its name.
    let mut types = Event::TYPES.to_vec();
    types.sort_unstable();
    made.dedup();
    assert_eq!(made, types, "add the new type at the end of `golden::log`");
    let mut seen = Vec::new();
    let mut lines = Vec::new();
    for golden in &log {
        let again = seen.iter().filter(|event| **event == golden.event).count();
        seen.push(golden.event);
        let key = match again {
            0 => golden.event.to_owned(),
            _ => format!("{} {}", golden.event, again + 1),
        };
        lines.push(record("type", &key, golden));
    }
    check("events", &lines);
}

#[test]
fn other_forms_of_the_types_are_as_they_were_released() {
    let variants = golden::variants();
    let lines: Vec<Line> =
        variants.iter().map(|(case, golden)| record("case", case, golden)).collect();
    check("variants", &lines);
}

/// Runs over the lines of both files of leaves.
fn each_leaf(mut check: impl FnMut(&str, &Value, &[u8])) {
    for name in ["events", "variants"] {
        for line in lines(name) {
            let case = line.get("case").or(line.get("type")).unwrap().as_str().unwrap().to_owned();
            check(&case, &line, &bytes(&line["leaf"]));
        }
    }
}

fn bytes(hex: &Value) -> Vec<u8> {
    let text = hex.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn every_golden_record_decodes_and_is_encoded_to_the_same_bytes() {
    each_leaf(|case, line, bytes| {
        let leaf = Leaf::read(bytes).unwrap();
        assert_eq!(spoken::leaf(&leaf), line["decoded"], "{case}");
        let draft = &leaf.draft;
        let event = Event::read(draft.event_type, draft.schema, &draft.body).unwrap();
        assert_eq!(event.body(), draft.body, "{case}");
        assert_eq!((event.event_type(), event.schema()), (draft.event_type, draft.schema));
        let mut again = Vec::new();
        draft.write(&leaf.place, &mut again);
        assert_eq!(again, bytes, "{case}");
    });
}

#[test]
fn every_golden_records_hash_is_right() {
    let mut hashes = Vec::new();
    each_leaf(|case, line, bytes| {
        let hash = leaf_hash(bytes);
        assert_eq!(hash, sha256(&[&[0], bytes].concat()), "{case}");
        assert_eq!(line["leaf_hash"], hash.to_string(), "{case}");
        hashes.push(hash);
    });
}

#[test]
fn the_golden_records_are_one_log_whose_links_hold() {
    let mut heads = std::collections::BTreeMap::new();
    let mut last = None;
    for (position, line) in (0_u64..).zip(lines("events")) {
        let bytes = bytes(&line["leaf"]);
        let place = Leaf::read(&bytes).unwrap().place;
        let (version, previous) = heads
            .insert(place.stream, (place.version, leaf_hash(&bytes)))
            .unwrap_or((0, Digest::ZERO));
        assert_eq!(
            (place.position, place.version, place.previous),
            (position, version + 1, previous)
        );
        assert!(last < Some(place.recorded_at), "stamps strictly increase");
        last = Some(place.recorded_at);
    }
}

#[test]
fn every_golden_payload_opens_with_its_key_and_no_other() {
    for golden in golden::log() {
        let (place, root) = (golden.leaf.place, golden.leaf.draft.payload_root);
        let mut tree = KeyTree::new(&RootSeed::new(golden::root_seed(place.stream)));
        let mut open = |version| {
            let key = tree.key(version).unwrap();
            seal::open(&golden.sealed, &key, LOG, place.stream, place.version, root)
        };
        assert_eq!(open(place.version).unwrap().payload, golden.payload);
        if !golden.payload.is_empty() {
            assert!(open(place.version + 1).is_err());
        }
    }
}

#[test]
fn sealed_payloads_are_as_they_were_released() {
    let long = "é".repeat(200);
    let three = Payload(vec![
        Field { name: "title".to_owned(), text: "T".to_owned() },
        Field { name: "note".to_owned(), text: long },
        Field { name: "uri".to_owned(), text: String::new() },
    ]);
    let two = Payload::empty()
        .with("title", "Penetration test")
        .with("note", "Zwei Befunde, beide behoben – é");
    let many = (0..30).fold(Payload::empty(), |all, n| all.with(&format!("attribute.{n:02}"), "x"));
    let cases = [
        ("no field", Payload::empty()),
        ("one field", Payload::empty().with("title", "Penetration test")),
        ("two fields", two),
        ("three fields, one long, one empty", three),
        ("thirty fields", many),
    ];
    let lines: Vec<Line> =
        cases.iter().map(|(case, payload)| payload_line(case, payload)).collect();
    check("payloads", &lines);
}

#[test]
fn keys_and_key_files_are_as_they_were_released() {
    let asked = [1, 2, 4, 5, 1_000_000, keys::MOST_VERSION];
    let rows: [(&str, UnitId, &[u64]); 3] = [
        ("nothing erased", ORGANIZATION, &[]),
        ("one key erased", ORGANIZATION, &[5]),
        ("two keys of another unit erased", golden::project(), &[5, 4]),
    ];
    let line = |(case, unit, erased): (&str, UnitId, &[u64])| {
        let root = golden::root_seed(unit);
        let mut tree = KeyTree::new(&RootSeed::new(root));
        for version in erased {
            assert!(tree.puncture(*version));
        }
        let keys: serde_json::Map<String, Value> = asked
            .iter()
            .map(|version| {
                let gone = tree.key(*version).is_none();
                assert_eq!(gone, erased.contains(version));
                (version.to_string(), json!((!gone).then(|| key_of(root, *version))))
            })
            .collect();
        Line::new(
            "case",
            case,
            vec![
                ("log", json!(hex(&LOG.0))),
                ("unit", json!(hex(&unit.0))),
                ("root", json!(hex(&root))),
                ("erased", json!(erased)),
                ("keys", Value::Object(keys)),
                ("file", json!(hex(&keys::encode(LOG, unit, &tree)))),
            ],
        )
    };
    check("keys", &rows.map(line));
}

#[test]
fn derived_ids_and_roots_are_as_they_were_released() {
    let row = |sort: &'static str, actor: u8, request: u8, item: u32| {
        let (actor, request) = (PrincipalId([actor; 16]), RequestId([request; 16]));
        let id = golden::drawn(sort, actor, request, item);
        Line::new(
            "case",
            sort,
            vec![
                ("log", json!(hex(&LOG.0))),
                ("actor", json!(hex(&actor.0))),
                ("request", json!(hex(&request.0))),
                ("item", json!(item)),
                ("id", json!(hex(&id))),
            ],
        )
    };
    let hashes: Vec<Digest> =
        lines("events").iter().map(|line| leaf_hash(&bytes(&line["leaf"]))).collect();
    let tree = |size: usize| {
        let leaves = &hashes[..size];
        let texts: Vec<String> = leaves.iter().map(ToString::to_string).collect();
        let of = ("leaf_hashes", json!(texts));
        let key = format!("the golden log at size {size}");
        Line::new(
            "case",
            &key,
            vec![("size", json!(size)), of, ("root", json!(root(leaves).to_string()))],
        )
    };
    check(
        "ids",
        &[
            row("unit", 0x31, 4, 1),
            row("evidence", 0x31, 7, 0),
            row("rating", 0x31, 30, u32::MAX),
            row("principal", 0x31, 2, 0),
            row("token", 0x31, 3, 0),
            tree(1),
            tree(2),
            tree(7),
            tree(36),
        ],
    );
}

#[test]
fn bodies_and_leaves_that_are_not_as_written_are_refused() {
    check("refused", &refused::refusals());
    for line in lines("refused") {
        let case = line["case"].as_str().unwrap();
        if line.get("leaf").is_some() {
            assert!(Leaf::read(&bytes(&line["leaf"])).is_err(), "{case}");
            continue;
        }
        let number = |name: &str| u16::try_from(line[name].as_u64().unwrap()).unwrap();
        let read = Event::read(number("event_type"), number("schema"), &bytes(&line["body"]));
        assert!(read.is_err(), "{case} was read as {read:?}");
    }
}

#[test]
fn released_lines_are_the_same_for_ever() {
    for (name, count, expected) in FROZEN {
        let text = fs::read_to_string(file(name)).unwrap();
        let released: String = text.split_inclusive('\n').take(count).collect();
        assert_eq!(released.lines().count(), count, "{name}.jsonl lost lines");
        assert_eq!(sha256(released.as_bytes()).to_string(), expected, "{name}.jsonl: {count}");
        assert_eq!(text.lines().count(), count, "pin the new lines of {name}.jsonl in `FROZEN`");
    }
}

#[test]
fn the_python_decoder_reads_every_golden_record() {
    let mut command = Command::new("python3");
    command.current_dir(folder()).arg("decode.py").arg("--check");
    command.args(FROZEN.map(|(name, ..)| format!("golden/{name}.jsonl")));
    match command.output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            let failed = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "decode.py found:\n{said}{failed}");
        }
        Err(error) => {
            eprintln!(
                "SKIPPED: `python3` does not run ({error}): the golden files were NOT read by a foreign decoder"
            );
        }
    }
}

#[test]
fn the_python_decoder_finds_a_changed_record() {
    let changed = lines("events").swap_remove(0).to_string().replace("log-created", "log-mended");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changed.jsonl");
    fs::write(&path, changed).unwrap();
    let mut command = Command::new("python3");
    command.current_dir(folder()).arg("decode.py").arg("--check").arg(path);
    if let Ok(output) = command.output() {
        assert_eq!(output.status.code(), Some(1));
    }
}
