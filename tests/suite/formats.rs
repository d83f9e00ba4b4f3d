//! The formats that can never change: golden bytes, a foreign decoder, and the page that tells.
//!
//! What a golden file holds is never written again: with `GRADUS_NEW_GOLDEN=1` a run appends the
//! records that are missing, and nothing else does anything to the files (tests that read them at
//! the same time may fail in that run). [`FROZEN`] then pins what was released.
#![cfg(test)]

#[path = "../formats/golden.rs"]
mod golden;
#[path = "../formats/refused.rs"]
mod refused;
#[path = "../formats/sources.rs"]
mod sources;
#[path = "../formats/spoken.rs"]
mod spoken;
#[path = "../formats/vectors.rs"]
mod vectors;

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use gradus_domain::Actor;
use gradus_domain::registry::DocumentKind;
use gradus_model::event::Event;
use gradus_model::ids::hex;
use gradus_model::payload::Field;
use gradus_model::unit::{Grade, PrincipalKind, UnitKind};
use gradus_model::{Digest, Leaf, Payload, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::{leaf_hash, root, sha256};
use gradus_service::identity::PrincipalView;
use gradus_service::keys::{self, KeyTree, RootSeed};
use gradus_service::seal;
use gradus_service::start::Memory;
use gradus_service::units::Registration;
use gradus_service::{Beginning, Call, Service, Shipped};
use serde_json::{Value, json};

use golden::{Golden, LOG, ORGANIZATION};
use vectors::{fields, key_of, payload_line};

/// Released lines: the file, how many of its first lines, and their SHA-256.
const FROZEN: [(&str, usize, &str); 6] = [
    ("events", 65, "08b121a0c8a011df1276c2af5221b8df80f8080254584e12fd7ffab121f949c2"),
    ("variants", 12, "678b482bbe15a878f11cef4fdf62765bd2226a8feafee96a465b761c474e51f3"),
    ("payloads", 5, "0dadc062a04156cae3f902c4d69ab0d02d0d8506990ab2e502252c3d01c79812"),
    ("keys", 3, "1bfcda5c056359aeaab9a88c74f346a313b1cc33d147dcd52fcf70c7b5849764"),
    ("ids", 9, "0a2e1f4fb1a1776d12cf0048d53271306187b697d09c8613e5cb6ca00c261ccd"),
    ("refused", 70, "d4c9740f24af77c24a30a7beed177fce1116415ff6664c17351d7c1cef75e044"),
];

const PAGE: &str = include_str!("../formats/README.md");

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

#[test]
fn the_page_names_every_event_type_and_its_number() {
    for (number, name) in Event::TYPES {
        let row = format!("| {number} | `{name}` |");
        assert_eq!(PAGE.matches(&row).count(), 1, "the page has no row that begins with {row}");
    }
    let rows = PAGE.lines().filter(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let number = cells.next().is_some_and(|cell| cell.parse::<u16>().is_ok());
        number && cells.next().is_some_and(|cell| cell.contains('-') && cell.starts_with('`'))
    });
    assert_eq!(rows.count(), Event::TYPES.len(), "the page names a type that there is not");
}

#[test]
fn the_page_names_every_word_and_its_number() {
    use gradus_model::{evidence, rating, unit};
    let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    macro_rules! words {
        ($($vocabulary:ty)+) => { $(
            let row: Vec<String> = <$vocabulary>::ALL
                .iter()
                .map(|word| format!("{} `{}`", word.number(), word.name()))
                .collect();
            let row = row.join(", ");
            assert!(page.contains(&row), "the page does not say: {row}");
        )+ };
    }
    words!(
        evidence::Kind evidence::Outcome evidence::Strength rating::Value unit::UnitKind
        unit::Phase unit::MarkerKind unit::Inheritance unit::AssuranceNeed unit::Activity
        unit::PrincipalKind unit::Grade
    );
}

#[test]
fn the_page_names_every_field_of_every_body() {
    let mut names = Vec::new();
    each_leaf(|_, line, _| gather(&line["decoded"]["body"], &mut names));
    names.sort();
    names.dedup();
    let absent: Vec<&String> =
        names.iter().filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
    assert!(absent.is_empty(), "the page does not name {absent:?}");
}

fn gather(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(pairs) => {
            for (name, inner) in pairs {
                names.push(name.clone());
                gather(inner, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        _ => (),
    }
}

#[test]
fn every_vector_on_the_page_is_in_a_golden_file() {
    let mut all = String::new();
    for (name, ..) in FROZEN {
        write!(all, "{}", fs::read_to_string(file(name)).unwrap()).unwrap();
    }
    let is_hex = |word: &&str| word.len() >= 32 && word.bytes().all(|c| c.is_ascii_hexdigit());
    let words = PAGE.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_hex);
    let mut count = 0;
    for word in words {
        assert!(all.contains(word), "{word}");
        count += 1;
    }
    assert!(count > 20, "{count} vectors");
}

#[tokio::test]
async fn a_registered_units_id_is_drawn_from_its_call_as_the_page_says() {
    let shipped = |kind, file, text| Shipped { kind, file, text };
    let beginning = Beginning {
        organization: "acme".parse().unwrap(),
        documents: vec![
            shipped(
                DocumentKind::Model,
                "iso-21827-2008.toml",
                include_str!("../../config/models/iso-21827-2008.toml"),
            ),
            shipped(
                DocumentKind::Rules,
                "strict.toml",
                include_str!("../../config/rules/strict.toml"),
            ),
        ],
        model: "iso-21827-2008".parse().unwrap(),
        rules: "strict".parse().unwrap(),
    };
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::parse("2026-03-01T12:00:00Z", gradus_model::Edge::Start).unwrap();
    let clock: gradus_service::Clock = std::sync::Arc::new(move || now);
    let options = gradus_log::Options::default();
    let data = dir.path().join("data");
    let service =
        Service::start(&data, &beginning, clock, Memory::default(), options).await.unwrap().service;
    let operator = |principals: Vec<PrincipalView>| {
        principals.into_iter().find(|found| found.name.as_deref() == Some("operator")).unwrap().id
    };
    let (actor, request) = (operator(service.principals()), RequestId([4; 16]));
    let by = Actor { principal: actor, kind: PrincipalKind::Person, grade: Grade::Token };
    let call = Call { request: Some(request), ..Call::by(by) };
    let new = Registration {
        kind: UnitKind::Project,
        name: "rustls".parse().unwrap(),
        parent: None,
        team: None,
        effective_at: None,
    };
    let registered = service.register_unit(&call, &new).await.unwrap();
    let label = b"gradus/v1/id/unit";
    let log = service.log_id();
    let all = [&label[..], &log.0, &actor.0, &request.0, &1_u32.to_be_bytes()].concat();
    let mut id = sha256(&all).0;
    (id[6], id[8]) = (id[6] & 0x0f | 0x40, id[8] & 0x3f | 0x80);
    assert_eq!(registered.unit.0, id[..16]);
    assert_eq!((log.0[6] >> 4, log.0[8] >> 6), (4, 2), "an id drawn at random");
}
