//! The golden capsule: a small log in which everything is fixed, and the capsule of its project.

use std::collections::BTreeMap;

use gradus_capsule::check::write_consistency;
use gradus_capsule::fault::stream_member;
use gradus_capsule::file::{CHECKPOINT, CONSISTENCY, write};
use gradus_capsule::manifest::{FORMAT, Manifest, WITH_HEADS};
use gradus_capsule::shown::{Moment, Text};
use gradus_capsule::stream::bundle;
use gradus_capsule::texts::{self, Line};
use gradus_capsule::{heads, known_at};
use gradus_domain::At;
use gradus_model::event::{
    Document, LogCreated, OfEvidence, PayloadErased, PrincipalAdded, StateDigestRecorded,
    UnitRegistered,
};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength};
use gradus_model::rating::{Rating, Value};
use gradus_model::unit::{PrincipalKind, UnitKind};
use gradus_model::{
    Digest, Edge, Event, EvidenceId, Payload, PrincipalId, RatingId, Recorded, Target, Timestamp,
    UnitId,
};
use gradus_proof::{
    Checkpoint, Hashes, Note, ProofError, Signer, TlogProof, consistency, inclusion, leaf_hash,
    root, sha256, state,
};
use gradus_service::capsule::claims;

use super::golden::{Golden, LOG, OPERATOR, ORGANIZATION, Row, placed};

const MODEL: &[u8] = include_bytes!("capsule/model.toml");
const RULES: &[u8] = include_bytes!("capsule/rules.toml");
pub(crate) const PROJECT: UnitId = UnitId([0x51; 16]);
pub(crate) const OTHER: UnitId = UnitId([0x52; 16]);
const COLLECTOR: PrincipalId = PrincipalId([0x32; 16]);
const POLICY: EvidenceId = EvidenceId([0x71; 16]);
/// The capsule is of so many records, and the log has two more.
const SIZE: u64 = 17;

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Edge::Start).unwrap()
}

fn target(practice: &str) -> Target {
    Target { model: "small".parse().unwrap(), practice: practice.parse().unwrap() }
}

fn held(id: &str, bytes: &[u8]) -> Document {
    Document { id: id.parse().unwrap(), digest: sha256(bytes) }
}

fn rated(number: u8, practice: &str) -> Event {
    Event::PracticeRated(Rating {
        rating: RatingId([number; 16]),
        target: target(practice),
        value: Value::Satisfied,
        instance: None,
        appraisal: None,
        basis: None,
        evidence: vec![POLICY],
    })
}

fn item() -> Event {
    Event::EvidenceSubmitted(Item {
        evidence: POLICY,
        kind: Kind::Policy,
        outcome: Outcome::Supports,
        strength: Strength::Direct,
        practices: vec![target("BP.01.01"), target("BP.01.02")],
        work_from: None,
        valid_until: None,
        source: Source { name: "files".parse().unwrap(), id: "policy".parse().unwrap() },
        producer_sequence: None,
        instance: None,
        about: None,
        measures: Vec::new(),
        subjects: Vec::new(),
        tool: None,
        attachments: Vec::new(),
    })
}

/// The log: the organization and two projects.
pub(crate) fn rows() -> Vec<Row> {
    let unit = |unit, kind, parent: Option<UnitId>, name: &str| {
        let name = name.parse().unwrap();
        Event::UnitRegistered(UnitRegistered { unit, kind, parent, name })
    };
    let created = LogCreated {
        log: LOG,
        organization: ORGANIZATION,
        origin: format!("gradus/{LOG}").parse().unwrap(),
    };
    let person = PrincipalAdded { principal: OPERATOR, kind: PrincipalKind::Person, by: None };
    let tool = PrincipalAdded { principal: COLLECTOR, kind: PrincipalKind::Service, by: None };
    let name = |name: &str| Payload::empty().with("name", name);
    let none = Payload::empty;
    let texts = none()
        .with("title", "Policy of keys")
        .with("note", "Schlüssel werden jährlich getauscht – é")
        .with("uri", "https://example.org/policy");
    let accepted = Event::EvidenceAccepted(OfEvidence { evidence: POLICY });
    let said = none().with("note", "read and agreed");
    let because = none().with("rationale", "both teams follow it");
    let (now, ever, o, p) = ("2026-03-01", "1900-01-01", ORGANIZATION, PROJECT);
    let organization = unit(ORGANIZATION, UnitKind::Organization, None, "acme");
    let project = |id, name| unit(id, UnitKind::Project, Some(ORGANIZATION), name);
    vec![
        (1, 0, o, now, Event::LogCreated(created), none()),
        (1, 1, o, ever, organization, none()),
        (1, 2, o, now, Event::ModelPublished(held("small", MODEL)), none()),
        (1, 3, o, now, Event::RulesPublished(held("small-rules", RULES)), none()),
        (1, 4, o, ever, Event::ModelAdopted(held("small", MODEL)), none()),
        (1, 5, o, ever, Event::RulesAdopted(held("small-rules", RULES)), none()),
        (2, 0, o, now, Event::PrincipalAdded(person), name("operator")),
        (3, 0, o, now, Event::PrincipalAdded(tool), name("collector")),
        (4, 0, o, "2020-01-01", project(PROJECT, "tls"), none()),
        (5, 0, o, "2020-01-01", project(OTHER, "dns"), none()),
        (6, 0, p, "2026-02-01", item(), texts),
        (7, 0, OTHER, "2026-02-01", rated(0x63, "BP.01.01"), because.clone()),
        (9, 0, p, now, accepted, said),
        (10, 0, p, "2026-02-02", rated(0x61, "BP.01.01"), because.clone()),
        (11, 0, p, "2026-02-02", rated(0x62, "BP.01.02"), because.clone()),
        (12, 0, o, "2026-02-02", rated(0x64, "BP.02.01"), because.clone()),
        (13, 0, p, now, Event::PayloadErased(PayloadErased { version: 3 }), none()),
        (14, 0, p, "2026-03-01", rated(0x65, "PA01/GP 2.1.1"), because.clone()),
        (15, 0, OTHER, "2026-03-01", rated(0x66, "BP.01.02"), because),
    ]
}

/// The tree over some leaves.
pub(crate) struct Tree(pub(crate) Vec<Digest>);

impl Hashes for Tree {
    type Error = ProofError;

    fn subtree(&self, level: u32, index: u64) -> Result<Digest, ProofError> {
        let leaves = gradus_proof::Subtree { level, index }.leaves();
        let within = usize::try_from(leaves.start).unwrap()..usize::try_from(leaves.end).unwrap();
        Ok(root(&self.0[within]))
    }
}

/// The key that signs the golden checkpoint.
pub(crate) fn signer() -> Signer {
    Signer::from_seed(&format!("gradus/{LOG}"), &[0x42; 32]).unwrap()
}

/// The checkpoint of a whole tree, signed.
pub(crate) fn signed(tree: &Tree) -> (Checkpoint, Note) {
    let whole = Checkpoint {
        origin: format!("gradus/{LOG}"),
        size: tree.0.len() as u64,
        root: root(&tree.0),
    };
    let note = whole.sign(&signer()).unwrap();
    (whole, note)
}

pub(crate) fn proof(index: u64, tree: &Tree, note: &Note) -> Vec<u8> {
    let hashes = inclusion(index, tree.0.len() as u64, tree).unwrap();
    TlogProof { extra: None, index, hashes, checkpoint: note.clone() }.to_bytes()
}

/// The texts of a record: one is erased, and every note is withheld.
fn line(record: &Golden) -> Option<Line> {
    let place = record.leaf.place;
    let version = place.version;
    if record.payload.is_empty() {
        return None;
    }
    if (place.stream, version) == (PROJECT, 3) {
        return Some(Line::erased(version));
    }
    let of = Line::of(version, &record.payload, &record.salts, |field| field.name == "note");
    Some(of)
}

/// How far each stream had come when the log had 18 records: one more than the capsule.
pub(crate) fn described(log: &[Golden]) -> Vec<state::Row> {
    let row = |stream: UnitId, projection: u8| {
        let mut of = log[..18].iter().filter(|one| one.leaf.place.stream == stream);
        let last = of.next_back().unwrap();
        let (version, head) = (last.leaf.place.version, leaf_hash(&last.bytes));
        state::Row { stream, version, head, projection: Digest([projection; 32]) }
    };
    vec![row(ORGANIZATION, 0x81), row(PROJECT, 0x82), row(OTHER, 0x83)]
}

/// The log, and a state digest at its end.
fn log_with_digest() -> Vec<Golden> {
    let described = described(&placed(rows()));
    let root = state::rows_root(&described);
    let digest = StateDigestRecorded { size: 18, root, rows: 3, projector: 1 };
    let mut rows = rows();
    let event = Event::StateDigestRecorded(digest);
    rows.push((91, 0, ORGANIZATION, "2026-03-01", event, Payload::empty()));
    placed(rows)
}

/// Where the streams had come to: the project has one record more than the capsule.
fn heads_of(log: &[Golden], tree: &Tree, note: &Note) -> Vec<(String, Vec<u8>)> {
    let rows = described(log);
    let line = |index: u64| {
        let proof = state::prove_row(&rows, index).unwrap();
        heads::Line::of(index, &rows[usize::try_from(index).unwrap()].to_bytes(), &proof)
    };
    let digest = log.last().unwrap();
    let later = bundle([log[17].bytes.as_slice()]);
    vec![
        (heads::LEAF.to_owned(), digest.bytes.clone()),
        (heads::PROOF.to_owned(), proof(digest.leaf.place.position, tree, note)),
        (heads::ROWS.to_owned(), heads::write(&[line(0), line(1)])),
        (heads::later_member(PROJECT), later),
    ]
}

/// The golden capsule: the levels of the project, as known when 17 records were.
pub(crate) fn capsule() -> Vec<u8> {
    made(&placed(rows()), FORMAT)
}

/// The same with a state digest of 18 records.
pub(crate) fn capsule_with_heads() -> Vec<u8> {
    made(&log_with_digest(), WITH_HEADS)
}

fn made(log: &[Golden], format: u32) -> Vec<u8> {
    let tree = Tree(log.iter().map(|record| leaf_hash(&record.bytes)).collect());
    let (whole, note) = signed(&tree);
    let known = &log[..usize::try_from(SIZE).unwrap()];
    let held = [MODEL, RULES];
    let documents: BTreeMap<Digest, &[u8]> =
        held.into_iter().map(|bytes| (sha256(bytes), bytes)).collect();
    let streams = [ORGANIZATION, PROJECT];
    let of = |stream: UnitId| known.iter().filter(move |one| one.leaf.place.stream == stream);
    let mut records: Vec<Recorded> = streams
        .iter()
        .flat_map(|stream| of(*stream))
        .map(|record| Recorded::from_leaf(&record.leaf).unwrap())
        .collect();
    records.sort_by_key(|record| record.place.position);
    let valid_at = at("2026-06-01T12:00:00Z");
    let point = (LOG, At { valid_at, size: SIZE });
    let grown = consistency(SIZE, whole.size, &tree).unwrap();
    let [last, last_proof, next, next_proof] = known_at::MEMBERS;
    let mut members = vec![
        (CHECKPOINT.to_owned(), note.to_bytes()),
        (CONSISTENCY.to_owned(), write_consistency(&grown)),
    ];
    for (position, leaf, file) in [(SIZE - 1, last, last_proof), (SIZE, next, next_proof)] {
        let record = &log[usize::try_from(position).unwrap()];
        members.push((leaf.to_owned(), record.bytes.clone()));
        members.push((file.to_owned(), proof(position, &tree, &note)));
    }
    if format == WITH_HEADS {
        members.extend(heads_of(log, &tree, &note));
    }
    for stream in streams {
        let leaves = of(stream).map(|record| record.bytes.as_slice());
        members.push((stream_member(stream), bundle(leaves)));
    }
    for stream in streams {
        let last = of(stream).next_back().unwrap().leaf.place.position;
        members.push((format!("proofs/{stream}.tlog-proof"), proof(last, &tree, &note)));
    }
    for stream in streams {
        let lines: Vec<Line> = of(stream).filter_map(line).collect();
        members.push((format!("texts/{stream}"), texts::write(&lines)));
    }
    for (digest, bytes) in &documents {
        members.push((format!("documents/{digest}"), bytes.to_vec()));
    }
    let manifest = Manifest {
        format,
        log: Text(LOG),
        origin: whole.origin.clone(),
        valid_at: Moment(valid_at),
        log_size: SIZE,
        root: Text(root(&tree.0[..usize::try_from(SIZE).unwrap()])),
        known_at: Some(Moment(log[16].leaf.place.recorded_at)),
        checkpoint_size: whole.size,
        units: claims(&records, &documents, point, &[PROJECT]).unwrap(),
        members: Vec::new(),
        digest: Text(Digest::ZERO),
    };
    write(manifest, &members)
}
