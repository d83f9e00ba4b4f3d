//! The values of the golden files, fixed in code.
//!
//! [`log`] is a log with one record of every event type, in an order that could have happened.
//! A new type is added at its end; what stands here never changes.

mod hands;
mod variants;

use gradus_model::event::{
    AreaInheritanceSet, BaselineRaised, ClockAccepted, Document, EvidenceSuperseded, Links,
    LogCreated, LogForked, MarkerPlaced, OfEvidence, OfRating, PayloadErased, PhaseChange,
    PrincipalAdded, PrincipalDisabled, Tailoring, TokenIssued, TokenRevoked, UnitArchived,
    UnitLabelled, UnitMoved, UnitRegistered, UnitRenamed, UnitSucceeded,
};
use gradus_model::evidence::{Item, Kind, Measure, Outcome, Source, Strength, Subject, Tool};
use gradus_model::leaf::{Draft, Leaf, Place, Signature};
use gradus_model::rating::{Rating, Value};
use gradus_model::unit::{
    Activity, AreaRef, AssuranceNeed, Context, Floor, Grade, Inheritance, MarkerKind, Phase,
    PrincipalKind, UnitKind,
};
use gradus_model::{
    AreaId, Digest, Event, EvidenceId, LogId, Payload, PrincipalId, RatingId, RequestId, Target,
    Timestamp, TokenId, UnitId,
};
use gradus_proof::{leaf_hash, sha256};
use gradus_service::keys::{KeyTree, RootSeed};
use gradus_service::seal::{self, Sealed, Seed};

use hands::{
    a_bad_source, a_certificate, a_claim_rule, a_conflict, a_rotation, a_state_digest,
    an_appraisal, an_import, another_log_key, attachments_that_went, further_instances, roles,
    what_an_auditor_asked, what_is_kept,
};
pub(crate) use variants::variants;

pub(crate) const LOG: LogId = LogId([0x10; 16]);
pub(crate) const ORGANIZATION: UnitId = UnitId([0x20; 16]);
pub(crate) const SYSTEM: PrincipalId = PrincipalId([0x30; 16]);
pub(crate) const OPERATOR: PrincipalId = PrincipalId([0x31; 16]);

/// A record with everything that its readers may be shown.
pub(crate) struct Golden {
    pub(crate) event: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) leaf: Leaf,
    pub(crate) payload: Payload,
    pub(crate) salts: Vec<[u8; 32]>,
    pub(crate) sealed: Vec<u8>,
}

/// The first 128 bits of SHA-256 over label, log, actor, request and item, as a random UUID.
pub(crate) fn drawn(sort: &str, actor: PrincipalId, request: RequestId, item: u32) -> [u8; 16] {
    let (label, item) = (format!("gradus/v1/id/{sort}"), item.to_be_bytes());
    let all = [label.as_bytes(), &LOG.0, &actor.0, &request.0, &item].concat();
    let mut id: [u8; 16] = *sha256(&all).0.first_chunk().unwrap();
    (id[6], id[8]) = (id[6] % 16 + 0x40, id[8] % 64 + 0x80);
    id
}

/// The root seed of a stream's key tree: 00, 01, … for the organization, 20, 21, … for others.
pub(crate) fn root_seed(stream: UnitId) -> [u8; 32] {
    let first = if stream == ORGANIZATION { 0 } else { 0x20 };
    std::array::from_fn(|at| first + u8::try_from(at).unwrap())
}

/// The seed of the record at a position: the SHA-256 of its number in decimal.
fn seed(position: u64) -> Seed {
    Seed::new(sha256(position.to_string().as_bytes()).0)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, gradus_model::Edge::Start).unwrap()
}

fn target(practice: &str) -> Target {
    Target { model: "iso-21827-2008".parse().unwrap(), practice: practice.parse().unwrap() }
}

fn document(id: &str) -> Document {
    Document { id: id.parse().unwrap(), digest: sha256(id.as_bytes()) }
}

fn area(number: u8) -> AreaRef {
    AreaRef { model: "iso-21827-2008".parse().unwrap(), area: AreaId::new(number).unwrap() }
}

fn reason(text: &str) -> Payload {
    Payload::empty().with("reason", text)
}

fn note(text: &str) -> Payload {
    Payload::empty().with("note", text)
}

fn source(id: &str) -> Source {
    Source { name: "git:rustls".parse().unwrap(), id: id.parse().unwrap() }
}

/// A record of the log before it has a place: in which call, in which stream, what, and its texts.
pub(crate) type Row = (u8, u32, UnitId, &'static str, Event, Payload);

const fn request(number: u8) -> RequestId {
    RequestId([number; 16])
}

/// Call 1 is the first start, and 91 and 101 to 103 later acts of Gradus itself; 7 and 8 are pushes of a service account; all others a person's.
fn actor(call: u8) -> (PrincipalId, Grade) {
    match call {
        1 | 91 | 101..=103 => (SYSTEM, Grade::Internal),
        7 | 8 => (collector(), Grade::Token),
        _ => (OPERATOR, Grade::Token),
    }
}

fn collector() -> PrincipalId {
    PrincipalId(drawn("principal", OPERATOR, request(2), 0))
}

fn token() -> TokenId {
    TokenId(drawn("token", OPERATOR, request(3), 0))
}

fn team() -> UnitId {
    UnitId(drawn("unit", OPERATOR, request(4), 0))
}

pub(crate) fn project() -> UnitId {
    UnitId(drawn("unit", OPERATOR, request(4), 1))
}

fn evidence(call: u8, item: u32) -> EvidenceId {
    EvidenceId(drawn("evidence", collector(), request(call), item))
}

fn rating(call: u8, item: u32) -> RatingId {
    RatingId(drawn("rating", OPERATOR, request(call), item))
}

/// One record of every event type, as one log.
pub(crate) fn log() -> Vec<Golden> {
    let rows = [
        organization(),
        settings(),
        life_of_evidence(),
        ratings(),
        ends(),
        units_in_time(),
        a_fork(),
        a_clock(),
        roles(),
        a_certificate(),
        a_rotation(),
        a_claim_rule(),
        a_conflict(),
        a_bad_source(),
        an_appraisal(),
        further_instances(),
        an_import(),
        a_state_digest(),
        what_is_kept(),
        another_log_key(),
        what_an_auditor_asked(),
        attachments_that_went(),
    ];
    placed(rows.concat())
}

/// Records, one after the other, as one log.
pub(crate) fn placed(rows: Vec<Row>) -> Vec<Golden> {
    let mut log: Vec<Golden> = Vec::new();
    for (position, (call, item, stream, effective_at, event, payload)) in (0_u64..).zip(rows) {
        let last = log.iter().rev().find(|record| record.leaf.place.stream == stream);
        let place = Place {
            position,
            recorded_at: at("2026-03-01T12:00:00.000001Z").plus_micros(position.cast_signed() * 7),
            stream,
            version: last.map_or(0, |last| last.leaf.place.version) + 1,
            previous: last.map_or(Digest::ZERO, |last| leaf_hash(&last.bytes)),
        };
        let about =
            About { call, item, effective_at: at(effective_at), signature: Signature::NONE };
        log.push(record(place, about, &event, payload));
    }
    log
}

/// What a header says besides the place.
struct About {
    call: u8,
    item: u32,
    effective_at: Timestamp,
    signature: Signature,
}

fn record(place: Place, about: About, event: &Event, payload: Payload) -> Golden {
    let (stream, version) = (place.stream, place.version);
    let key = KeyTree::new(&RootSeed::new(root_seed(stream))).key(version).unwrap();
    let seed = seed(place.position);
    let Sealed { payload_root, blind, bytes: sealed } =
        seal::seal(&payload, &seed, &key, LOG, stream, version).unwrap();
    let opened = seal::open(&sealed, &key, LOG, stream, version, payload_root).unwrap();
    let (actor, grade) = actor(about.call);
    let draft = Draft {
        event_type: event.event_type(),
        schema: event.schema(),
        effective_at: about.effective_at,
        actor,
        grade,
        request: request(about.call),
        item: about.item,
        payload_root,
        blind,
        body: event.body(),
        signature: about.signature,
    };
    let mut bytes = Vec::new();
    draft.write(&place, &mut bytes);
    let leaf = Leaf { place, draft };
    Golden { event: event.name(), bytes, leaf, payload, salts: opened.salts, sealed }
}

fn organization() -> Vec<Row> {
    let now = "2026-03-01T12:00:00Z";
    let created = LogCreated {
        log: LOG,
        organization: ORGANIZATION,
        origin: format!("gradus/{LOG}").parse().unwrap(),
    };
    let added = PrincipalAdded { principal: collector(), kind: PrincipalKind::Service, by: None };
    let issued = TokenIssued {
        token: token(),
        principal: collector(),
        hash: sha256(format!("gradus_{}", "00".repeat(32)).as_bytes()),
        expires_at: Some(at("2027-03-01")),
    };
    let registered = |unit, kind, parent, name: &str| {
        Event::UnitRegistered(UnitRegistered {
            unit,
            kind,
            parent: Some(parent),
            name: name.parse().unwrap(),
        })
    };
    let renamed = UnitRenamed { unit: project(), name: "rustls".parse().unwrap() };
    let moved = UnitMoved { unit: project(), parent: ORGANIZATION };
    let none = Payload::empty;
    let o = ORGANIZATION;
    vec![
        (1, 0, o, now, Event::LogCreated(created), none()),
        (1, 1, o, now, Event::ModelPublished(document("iso-21827-2008")), none()),
        (1, 2, o, now, Event::RulesPublished(document("strict")), none()),
        (1, 3, o, now, Event::ProfilePublished(document("service-bureau")), none()),
        (2, 0, o, now, Event::PrincipalAdded(added), Payload::empty().with("name", "collector")),
        (3, 0, o, now, Event::TokenIssued(issued), none()),
        (4, 0, o, "2016-05-02", registered(team(), UnitKind::Team, ORGANIZATION, "crypto"), none()),
        (4, 1, o, "2016-05-02", registered(project(), UnitKind::Project, team(), "tls"), none()),
        (5, 0, o, now, Event::UnitRenamed(renamed), none()),
        (6, 0, o, "2026-01-01", Event::UnitMoved(moved), none()),
    ]
}

fn settings() -> Vec<Row> {
    let since_ever = "1900-01-01";
    let set = AreaInheritanceSet { area: area(14), inheritance: Inheritance::Own };
    let context = Context {
        customer_base: Some("operators of public services".parse().unwrap()),
        assurance_need: Some(AssuranceNeed::High),
        activity: Some(Activity::Development),
        disciplines: vec!["cryptography".parse().unwrap(), "software".parse().unwrap()],
    };
    let marker =
        MarkerPlaced { kind: MarkerKind::Release, label: "v0.23.0 – “TLS”".parse().unwrap() };
    let none = Payload::empty;
    let p = project();
    let out = Tailoring { area: area(10) };
    vec![
        (10, 0, p, since_ever, Event::ModelAdopted(document("iso-21827-2008")), none()),
        (10, 1, p, since_ever, Event::RulesAdopted(document("strict")), none()),
        (10, 2, p, "2026-04-01", Event::ProfileAdopted(document("service-bureau")), none()),
        (
            11,
            0,
            p,
            "2020-01-01",
            Event::AreaTailoredOut(out.clone()),
            reason("no customer needs it"),
        ),
        (12, 0, p, "2026-01-01", Event::AreaTailoredIn(out), reason("a customer does")),
        (13, 0, p, "2026-01-01", Event::AreaInheritanceSet(set), none()),
        (14, 0, p, "2026-01-01", Event::ContextRecorded(context), none()),
        (
            15,
            0,
            p,
            "2016-05-02",
            Event::PhaseEntered(PhaseChange { phase: Phase::Development }),
            none(),
        ),
        (
            16,
            0,
            p,
            "2026-02-01",
            Event::PhaseLeft(PhaseChange { phase: Phase::Development }),
            none(),
        ),
        (17, 0, p, "2026-02-01T09:30:00.25Z", Event::MarkerPlaced(marker), none()),
    ]
}

/// An item with every field.
fn full() -> Item {
    Item {
        evidence: evidence(7, 0),
        kind: Kind::ScanReport,
        outcome: Outcome::Supports,
        strength: Strength::Direct,
        practices: vec![target("BP.01.02"), target("PA07/GP 2.1.1"), target("PA07/2.1")],
        work_from: Some(at("2026-02-27T08:00:00Z")),
        valid_until: Some(at("2027-02-28")),
        source: source("0a1b2c3d"),
        producer_sequence: Some(41),
        instance: Some("release 0.23".parse().unwrap()),
        about: Some(OPERATOR),
        measures: vec![Measure {
            name: "coverage".parse().unwrap(),
            value: 875,
            decimals: 1,
            unit: "%".parse().unwrap(),
        }],
        subjects: vec![Subject {
            kind: "commit".parse().unwrap(),
            id: "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".parse().unwrap(),
        }],
        tool: Some(Tool {
            name: "gradus-collect".parse().unwrap(),
            version: Some("0.1.0".parse().unwrap()),
            mapping: Some("git/signed-tag".parse().unwrap()),
        }),
        attachments: vec![sha256(b"attachment")],
    }
}

/// An item with no more than it must have.
fn bare(call: u8) -> Item {
    Item {
        evidence: evidence(call, 0),
        kind: Kind::Document,
        outcome: Outcome::Inconclusive,
        strength: Strength::Weak,
        practices: vec![target("BP.22.99")],
        work_from: None,
        valid_until: None,
        source: source("another"),
        producer_sequence: None,
        instance: None,
        about: None,
        measures: Vec::new(),
        subjects: Vec::new(),
        tool: None,
        attachments: Vec::new(),
    }
}

fn life_of_evidence() -> Vec<Row> {
    let now = "2026-03-01T12:00:00Z";
    let texts = Payload::empty()
        .with("title", "Scan of the release")
        .with("note", "Zwei Befunde, beide behoben – é")
        .with("uri", "https://example.org/scan/41")
        .with("attribute.severity", "low");
    let of = || OfEvidence { evidence: evidence(7, 0) };
    let superseded = EvidenceSuperseded { evidence: evidence(7, 0), by: evidence(8, 0) };
    let linked =
        Links { evidence: evidence(7, 0), practices: vec![target("BP.06.01"), target("BP.11.05")] };
    let unlinked = Links { evidence: evidence(7, 0), practices: vec![target("BP.06.01")] };
    let p = project();
    vec![
        (7, 0, p, "2026-02-28T17:00:00Z", Event::EvidenceSubmitted(full()), texts),
        (20, 0, p, now, Event::EvidenceAccepted(of()), note("read and agreed")),
        (21, 0, p, now, Event::EvidenceRejected(of()), reason("another release")),
        (22, 0, p, now, Event::EvidenceConfirmed(of()), Payload::empty()),
        (23, 0, p, now, Event::EvidenceLinked(linked), note("it shows more")),
        (24, 0, p, now, Event::EvidenceUnlinked(unlinked), reason("not that much")),
        (25, 0, p, "2026-06-30", Event::EvidenceEnded(of()), reason("the release is retired")),
        (26, 0, p, "2026-05-01", Event::EvidenceSuperseded(superseded), reason("scanned again")),
        (27, 0, p, now, Event::EvidenceWithdrawn(of()), reason("of another project")),
        (28, 0, p, now, Event::PayloadErased(PayloadErased { version: 11 }), reason("asked for")),
    ]
}

fn rated(call: u8, practice: &str, value: Value) -> Rating {
    Rating {
        rating: rating(call, 0),
        target: target(practice),
        value,
        instance: None,
        appraisal: None,
        basis: None,
        evidence: Vec::new(),
    }
}

fn ratings() -> Vec<Row> {
    let by_person = Rating {
        instance: Some("release 0.23".parse().unwrap()),
        evidence: vec![evidence(7, 0)],
        ..rated(30, "BP.01.02", Value::Satisfied)
    };
    let of = || OfRating { rating: rating(30, 0) };
    let why = Payload::empty().with("rationale", "two releases were looked at");
    let p = project();
    vec![
        (30, 0, p, "2026-03-01", Event::PracticeRated(by_person), why),
        (31, 0, p, "2026-09-01", Event::RatingEnded(of()), reason("the method changed")),
        (32, 0, p, "2026-03-01", Event::RatingWithdrawn(of()), reason("rated the wrong unit")),
    ]
}

fn ends() -> Vec<Row> {
    let now = "2026-03-01T12:00:00Z";
    let disabled = PrincipalDisabled { principal: collector() };
    let o = ORGANIZATION;
    let none = Payload::empty;
    let archived = Event::UnitArchived(UnitArchived { unit: project() });
    vec![
        (40, 0, o, now, Event::TokenRevoked(TokenRevoked { token: token() }), none()),
        (41, 0, o, now, Event::PrincipalDisabled(disabled), none()),
        (42, 0, o, "2026-12-31", archived, reason("it is finished")),
    ]
}

/// What was added to the life of units: the project had ended, so the team takes its labels.
fn units_in_time() -> Vec<Row> {
    let labels = ["critical", "tier 1 – “TLS”"].map(|label| label.parse().unwrap()).to_vec();
    let floors = vec![Floor { area: area(5), level: 1 }, Floor { area: area(11), level: 2 }];
    let successors = vec![team()];
    let (o, t) = (ORGANIZATION, team());
    let none = Payload::empty;
    let succeeded = UnitSucceeded { unit: project(), successors };
    vec![
        (43, 0, o, "2026-12-31", Event::UnitSucceeded(succeeded), none()),
        (44, 0, t, "2026-01-01", Event::UnitLabelled(UnitLabelled { labels }), none()),
        (45, 0, t, "2026-07-01", Event::BaselineRaised(BaselineRaised { floors }), none()),
    ]
}

/// What a restore to an earlier size says of itself.
fn a_fork() -> Vec<Row> {
    let forked = LogForked {
        size: 39,
        root: sha256(b"the root at that size"),
        known_size: Some(1_000),
        origin: format!("gradus/{LOG}/39").parse().unwrap(),
    };
    let now = "2026-03-01T12:00:00Z";
    vec![(46, 0, ORGANIZATION, now, Event::LogForked(forked), Payload::empty())]
}

/// What a person says of a clock that was set: an hour ahead of what was expected.
fn a_clock() -> Vec<Row> {
    let now = "2026-03-01T13:00:00Z";
    let accepted = ClockAccepted { wall: at(now), expected: at("2026-03-01T12:00:00Z") };
    let payload = Payload::empty().with("reason", "the machine was in another zone");
    vec![(47, 0, ORGANIZATION, now, Event::ClockAccepted(accepted), payload)]
}
