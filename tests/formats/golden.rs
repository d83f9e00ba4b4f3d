//! The values of the golden files, fixed in code.
//!
//! [`log`] is a log with one record of every event type, in an order that could have happened.
//! A new type is added at its end; what stands here never changes.

use gradus_model::appraisal;
use gradus_model::claims::{ByRule, Condition};
use gradus_model::event::{
    AppraisalClosed, AppraisalInput, AreaInheritanceSet, BaselineRaised, CertificateRegistered,
    CertificateRevoked, ClaimRuleRemoved, ClaimRuleSet, ClockAccepted, ConflictDeclared,
    ConflictWithdrawn, ConsensusReached, Document, EvidenceSuperseded, FindingRecorded,
    IndividualRatingSealed, IndividualRatingsRevealed, Links, LogCreated, LogForked, MarkerPlaced,
    OfAppraisal, OfEvidence, OfRating, PayloadErased, PhaseChange, PrincipalAdded,
    PrincipalDisabled, RoleGranted, RoleRevoked, SourceDistrusted, SourceRestored, Tailoring,
    TokenIssued, TokenRevoked, TokenRotated, UnitArchived, UnitLabelled, UnitMoved, UnitRegistered,
    UnitRenamed, UnitSucceeded,
};
use gradus_model::evidence::{Item, Kind, Measure, Outcome, Source, Strength, Subject, Tool};
use gradus_model::leaf::{Draft, Leaf, Place, Signature};
use gradus_model::rating::{Basis, Rating, Value};
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::{
    Activity, AreaRef, AssuranceNeed, Context, Floor, Grade, Inheritance, MarkerKind, Phase,
    PrincipalKind, Role, UnitKind,
};
use gradus_model::{
    AppraisalId, AreaId, Digest, Event, EvidenceId, LogId, Name, Payload, PrincipalId, RatingId,
    RequestId, Target, Timestamp, TokenId, UnitId,
};
use gradus_proof::{leaf_hash, sha256};
use gradus_service::keys::{KeyTree, RootSeed};
use gradus_service::seal::{self, Sealed, Seed};

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
type Row = (u8, u32, UnitId, &'static str, Event, Payload);

const fn request(number: u8) -> RequestId {
    RequestId([number; 16])
}

/// Call 1 is the first start; 7 and 8 are pushes of a service account; all others a person's.
fn actor(call: u8) -> (PrincipalId, Grade) {
    match call {
        1 => (SYSTEM, Grade::Internal),
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
    ];
    let rows = rows.concat();
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

/// What the collector may do, for a year, and that it ended sooner.
fn roles() -> Vec<Row> {
    let (principal, role, unit) = (collector(), Role::Collector, team());
    let until = Some(at("2027-03-01"));
    let granted = RoleGranted { principal, role, unit, until };
    let revoked = RoleRevoked { principal, role, unit };
    let o = ORGANIZATION;
    vec![
        (48, 0, o, "2026-03-01", Event::RoleGranted(granted), reason("it scans the releases")),
        (49, 0, o, "2026-06-01", Event::RoleRevoked(revoked), reason("another scanner does")),
    ]
}

/// A key that stood for the operator for a while.
fn a_certificate() -> Vec<Row> {
    let (now, key) = ("2026-03-01T13:00:00Z", sha256(b"the public key of a certificate"));
    let expires_at = Some(at("2027-03-01"));
    let registered = CertificateRegistered { key, principal: OPERATOR, expires_at };
    let revoked = Event::CertificateRevoked(CertificateRevoked { key });
    let (o, none) = (ORGANIZATION, Payload::empty());
    vec![
        (50, 0, o, now, Event::CertificateRegistered(registered), none),
        (51, 0, o, now, revoked, reason("the laptop was lost")),
    ]
}

/// A token of the operator's that another one replaced, a day before it ended.
fn a_rotation() -> Vec<Row> {
    let now = "2026-03-01T14:00:00Z";
    let rotated = TokenRotated {
        token: token(),
        by: TokenId(drawn("token", OPERATOR, request(52), 0)),
        hash: sha256(b"gradus_person_0123456789abcdef"),
        expires_at: Some(at("2026-05-30T14:00:00Z")),
        old_until: at("2026-03-02T14:00:00Z"),
    };
    let payload = Payload::empty();
    vec![(52, 0, ORGANIZATION, now, Event::TokenRotated(rotated), payload)]
}

/// A rule by which all of acme's repositories have projects of their own, and one that called.
fn a_claim_rule() -> Vec<Row> {
    let (now, o) = ("2026-03-01T15:00:00Z", ORGANIZATION);
    let condition = |claim: &str, value: &str| Condition {
        claim: claim.parse().unwrap(),
        value: value.parse().unwrap(),
    };
    let (rule, issuer) =
        ("acme-ci".parse::<Name>().unwrap(), "https://ci.example".parse().unwrap());
    let set = ClaimRuleSet {
        rule: rule.clone(),
        issuer,
        conditions: vec![condition("ref", "refs/heads/*"), condition("repository", "acme/*")],
        subject: "repository_id".parse().unwrap(),
        role: Role::Collector,
        unit: team(),
        named_after: Some("repository".parse().unwrap()),
        until: Some(at("2027-03-01")),
    };
    let unit = UnitId(drawn("unit", OPERATOR, request(54), 0));
    let by = Some(ByRule { rule: rule.clone(), issuer: set.issuer.clone(), unit });
    let principal = PrincipalId(drawn("principal", OPERATOR, request(54), 0));
    let added = PrincipalAdded { principal, kind: PrincipalKind::Service, by };
    let said = Payload::empty().with("name", "acme-ci:4711").with("claim:repository", "acme/web");
    let removed = Event::ClaimRuleRemoved(ClaimRuleRemoved { rule, unit: team() });
    vec![
        (53, 0, o, now, Event::ClaimRuleSet(set), reason("acme builds there")),
        (54, 0, o, now, Event::PrincipalAdded(added), said),
        (55, 0, o, "2026-06-01", removed, reason("acme builds elsewhere")),
    ]
}

/// An interest of the operator's in the project, declared to its end and withdrawn before that.
fn a_conflict() -> Vec<Row> {
    let declared = ConflictDeclared { principal: OPERATOR, until: Some(at("2026-06-01")) };
    let withdrawn = ConflictWithdrawn { principal: OPERATOR };
    vec![
        (
            56,
            0,
            project(),
            "2026-01-01",
            Event::ConflictDeclared(declared),
            reason("wrote most of it"),
        ),
        (
            57,
            0,
            project(),
            "2026-05-01",
            Event::ConflictWithdrawn(withdrawn),
            reason("works elsewhere now"),
        ),
    ]
}

/// What the collector wrote in an hour, which was distrusted and looked into.
fn a_bad_source() -> Vec<Row> {
    let now = "2026-03-01T15:00:00Z";
    let (from, until) = (Some(at("2026-03-01T12:00:00Z")), Some(at("2026-03-01T13:00:00Z")));
    let distrusted =
        |suspect, from, until| Event::SourceDistrusted(SourceDistrusted { suspect, from, until });
    let named = |name: &str, version: Option<&str>| Versioned {
        name: name.parse().unwrap(),
        version: version.map(|version| version.parse().unwrap()),
    };
    let leaked = distrusted(Suspect::Principal(collector()), from, until);
    let tool = Suspect::Tool(named("gradus-collect", Some("0.1.0")));
    let mapping = Suspect::Mapping(named("git", None));
    let mirror = Suspect::Source("git:rustls".parse().unwrap());
    let restored = Event::SourceRestored(SourceRestored { distrust: 51 });
    let o = ORGANIZATION;
    vec![
        (58, 0, o, now, leaked, reason("the token leaked")),
        (59, 0, o, now, restored, reason("it was another token")),
        (60, 0, o, now, distrusted(tool, from, None), reason("it counts tests twice")),
        (61, 0, o, now, distrusted(mapping, None, until), reason("a rule names another practice")),
        (62, 0, o, now, distrusted(mirror, None, None), reason("a mirror that is not ours")),
    ]
}

/// An appraisal from its opening to its approval, and one that was given up.
fn an_appraisal() -> Vec<Row> {
    let appraisal = AppraisalId(drawn("appraisal", OPERATOR, request(63), 0));
    let (stream, now) = (UnitId(appraisal.0), "2026-03-01T15:00:00Z");
    let (lead, observer) = (PrincipalId([0x41; 16]), PrincipalId([0x42; 16]));
    let instance = Some("line-1".parse().unwrap());
    let whole = appraisal::Subject { unit: project(), target: target("BP.07.01"), instance: None };
    let of_line = appraisal::Subject { instance: instance.clone(), ..whole.clone() };
    let input = appraisal::Input {
        units: vec![project()],
        areas: vec![appraisal::ScopedArea { area: area(7), highest: 3 }],
        instances: instance.into_iter().collect(),
        sponsor: OPERATOR,
        team: vec![
            appraisal::Member { principal: lead, part: appraisal::Part::Lead },
            appraisal::Member { principal: observer, part: appraisal::Part::Observer },
        ],
        method: appraisal::Method {
            process: "SSAM 2.0".parse().unwrap(),
            class: appraisal::Class::Two,
            body: appraisal::Independence::A,
            lead: appraisal::Independence::B,
            team: appraisal::Independence::C,
            rating: Some("R1".parse().unwrap()),
            aggregation: None,
        },
        base: None,
    };
    let base = appraisal::EvidenceBase { valid_at: at("2026-02-28"), log_size: 40 };
    let changed = appraisal::Input { base: Some(base), ..input.clone() };
    let texts = || Payload::empty().with("title", "of 2026").with("purpose", "to improve");
    let value = Payload::empty().with("value", "satisfied").with("rationale", "seen");
    let dissent = format!("dissent/{lead}");
    let evidence = vec![evidence(7, 0)];
    let sealed =
        IndividualRatingSealed { appraisal, subject: of_line.clone(), evidence: evidence.clone() };
    let subjects = vec![whole.clone(), of_line.clone()];
    let revealed = IndividualRatingsRevealed { appraisal, subjects };
    let reached = ConsensusReached {
        appraisal,
        subject: of_line,
        value: Some(Value::Satisfied),
        evidence: evidence.clone(),
        dissent: vec![lead],
    };
    let finding = FindingRecorded {
        appraisal,
        kind: appraisal::FindingKind::Weakness,
        unit: Some(project()),
        area: Some(area(7)),
        practice: Some(target("BP.07.01")),
        evidence,
    };
    let closed = AppraisalClosed { appraisal, unit: project(), ratings: 1 };
    let of = || OfAppraisal { appraisal };
    let opened = AppraisalInput { appraisal, input };
    let changed = AppraisalInput { appraisal, input: changed };
    let why = Payload::empty().with("rationale", "by most").with(&dissent, "only at times");
    let text = Payload::empty().with("text", "the plan is old");
    let none = Payload::empty();
    let (s, day) = (stream, "2026-02-28");
    vec![
        (63, 0, s, now, Event::AppraisalOpened(opened), texts()),
        (64, 0, s, now, Event::AppraisalChanged(changed), texts()),
        (65, 0, s, now, Event::IndividualRatingSealed(sealed), value),
        (66, 0, s, now, Event::IndividualRatingsRevealed(revealed), none.clone()),
        (67, 0, s, now, Event::ConsensusReached(reached), why),
        (68, 0, s, now, Event::FindingRecorded(finding), text),
        (69, 0, s, day, Event::AppraisalSignedOff(of()), none.clone()),
        (70, 0, s, day, Event::AppraisalClosed(closed), none),
        (71, 0, s, now, Event::AppraisalCancelled(of()), reason("the sponsor left")),
    ]
}

/// Other forms of the same types, each at a place of its own.
pub(crate) fn variants() -> Vec<(&'static str, Golden)> {
    let by_rule = Rating {
        basis: Some(Basis {
            valid_at: at("2026-02-28T23:59:59.999999Z"),
            log_size: 1 << 40,
            rules: sha256(b"strict"),
        }),
        ..rated(55, "PA07/2.1", Value::Satisfied)
    };
    let in_appraisal = Rating {
        appraisal: Some(AppraisalId([0x60; 16])),
        ..rated(56, "PA07/GP 2.1.1", Value::LargelyLow)
    };
    let values = [
        0,
        23,
        24,
        255,
        256,
        65_535,
        65_536,
        (1 << 32) - 1,
        1 << 32,
        i64::MAX,
        -1,
        -24,
        -25,
        -256,
        -257,
        -65_537,
        i64::MIN,
    ];
    let measure = |value| Measure {
        name: "n".parse().unwrap(),
        value,
        decimals: 18,
        unit: "1".parse().unwrap(),
    };
    let measured = Item {
        measures: values.map(measure).to_vec(),
        producer_sequence: Some(u64::MAX),
        ..bare(7)
    };
    let nothing = Context {
        customer_base: None,
        assurance_need: None,
        activity: None,
        disciplines: Vec::new(),
    };
    let root = UnitRegistered {
        unit: ORGANIZATION,
        kind: UnitKind::Organization,
        parent: None,
        name: "0-a".parse().unwrap(),
    };
    let endless = TokenIssued {
        token: token(),
        principal: OPERATOR,
        hash: sha256(b"gradus_"),
        expires_at: None,
    };
    let longest =
        MarkerPlaced { kind: MarkerKind::Milestone, label: "é".repeat(64).parse().unwrap() };
    let split =
        UnitSucceeded { unit: project(), successors: vec![UnitId([0; 16]), UnitId([0xff; 16])] };
    let accepted = || Event::EvidenceAccepted(OfEvidence { evidence: evidence(7, 0) });
    let unsigned = || Signature::NONE;
    let signed = |kind, length| Signature { kind, bytes: vec![0xa1; length] };
    let rows = [
        ("evidence without anything optional", Event::EvidenceSubmitted(bare(8)), unsigned()),
        ("integers of every length", Event::EvidenceSubmitted(measured), unsigned()),
        ("a context of which nothing is known", Event::ContextRecorded(nothing), unsigned()),
        ("the organization, which has no parent", Event::UnitRegistered(root), unsigned()),
        ("a token without an end", Event::TokenIssued(endless), unsigned()),
        ("a rating by a rule, of a feature", Event::PracticeRated(by_rule), unsigned()),
        (
            "a rating in an appraisal, of a generic practice",
            Event::PracticeRated(in_appraisal),
            unsigned(),
        ),
        ("a label of 128 bytes", Event::MarkerPlaced(longest), unsigned()),
        ("a signature of kind 1, of one byte", accepted(), signed(1, 1)),
        ("a signature of kind 255, of 300 bytes", accepted(), signed(255, 300)),
        ("no label any more", Event::UnitLabelled(UnitLabelled { labels: Vec::new() }), unsigned()),
        ("two successors", Event::UnitSucceeded(split), unsigned()),
    ];
    let variant = |(number, (case, event, signature)): (u8, (&'static str, Event, Signature))| {
        let place = Place {
            position: u64::from(u32::MAX) + u64::from(number),
            recorded_at: if number == 0 { Timestamp::MAX } else { at("2026-03-02") },
            stream: project(),
            version: gradus_service::keys::MOST_VERSION,
            previous: Digest([0xff; 32]),
        };
        let effective_at = if number == 0 { Timestamp::MIN } else { Timestamp::MAX };
        let about = About { call: 50 + number, item: u32::MAX, effective_at, signature };
        (case, record(place, about, &event, Payload::empty()))
    };
    (0_u8..).zip(rows).map(variant).collect()
}
