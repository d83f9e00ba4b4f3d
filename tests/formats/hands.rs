//! The golden records of many hands: who may do what, whom a rule lets in, who has an interest, which
//! sources are bad, how a team appraises, and to which process instances items belong.

use gradus_model::appraisal;
use gradus_model::claims::{ByRule, Condition};
use gradus_model::event::{
    AppraisalClosed, AppraisalImported, AppraisalInput, AttachmentsErased, CertificateRegistered,
    CertificateRevoked, ClaimRuleRemoved, ClaimRuleSet, ConflictDeclared, ConflictWithdrawn,
    ConsensusReached, EngagementEnded, FindingRecorded, IndividualRatingSealed,
    IndividualRatingsRevealed, InstanceLinks, LegalHoldLifted, LegalHoldPlaced, LogKeyRotated,
    OfAppraisal, PayloadsErased, PrincipalAdded, QueriesOpened, QueriesRecorded, RetentionRemoved,
    RetentionSet, RoleGranted, RoleRevoked, Run, SourceDistrusted, SourceRestored,
    StateDigestRecorded, TokenRotated,
};
use gradus_model::payload::Class;
use gradus_model::rating::Value;
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::{PrincipalKind, Role};
use gradus_model::{AppraisalId, Digest, Event, Name, Payload, PrincipalId, TokenId, UnitId};
use gradus_proof::queries::{QueryRow, cut, pieces_root, to_text};
use gradus_proof::{Handover, Signer, sha256};

use super::{
    OPERATOR, ORGANIZATION, Row, area, at, collector, drawn, evidence, note, project, reason,
    request, target, team, token,
};

/// What the collector may do, for a year, and that it ended sooner.
pub(super) fn roles() -> Vec<Row> {
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
pub(super) fn a_certificate() -> Vec<Row> {
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
pub(super) fn a_rotation() -> Vec<Row> {
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
pub(super) fn a_claim_rule() -> Vec<Row> {
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
pub(super) fn a_conflict() -> Vec<Row> {
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
pub(super) fn a_bad_source() -> Vec<Row> {
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
pub(super) fn an_appraisal() -> Vec<Row> {
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

/// The item of another instance, too, and not of the one that its submitter named.
pub(super) fn further_instances() -> Vec<Row> {
    let (now, p) = ("2026-03-01T16:00:00Z", project());
    let links = |instances: &[&str]| InstanceLinks {
        evidence: evidence(7, 0),
        instances: instances.iter().map(|name| name.parse().unwrap()).collect(),
    };
    let linked = Event::EvidenceInstanceLinked(links(&["line-1", "release 0.24"]));
    let unlinked = Event::EvidenceInstanceUnlinked(links(&["release 0.23"]));
    vec![
        (72, 0, p, now, linked, note("the same scan is of both")),
        (73, 0, p, now, unlinked, reason("that one was never released")),
    ]
}

/// An appraisal of before that was brought in.
pub(super) fn an_import() -> Vec<Row> {
    let appraisal = AppraisalId(drawn("appraisal", OPERATOR, request(90), 0));
    let independence = appraisal::Independence::D;
    let input = appraisal::Input {
        units: vec![project()],
        areas: vec![appraisal::ScopedArea { area: area(7), highest: 1 }],
        instances: Vec::new(),
        sponsor: OPERATOR,
        team: vec![appraisal::Member { principal: OPERATOR, part: appraisal::Part::Lead }],
        method: appraisal::Method {
            process: "SSAM 2.0".parse().unwrap(),
            class: appraisal::Class::Three,
            body: independence,
            lead: independence,
            team: independence,
            rating: None,
            aggregation: None,
        },
        base: None,
    };
    let imported = AppraisalImported {
        appraisal,
        input,
        conducted_from: at("2026-01-10"),
        conducted_until: at("2026-01-17"),
        ratings: 1,
    };
    let texts = Payload::empty().with("title", "of before").with("purpose", "to compare");
    let texts = texts.with("statement", "from the report");
    let event = Event::AppraisalImported(imported);
    vec![(90, 0, UnitId(appraisal.0), "2026-01-17", event, texts)]
}

/// What was known at an earlier size, as Gradus itself records it.
pub(super) fn a_state_digest() -> Vec<Row> {
    let root = sha256(b"the root over the rows");
    let digest = StateDigestRecorded { size: 64, root, rows: 4, projector: 1 };
    let now = "2026-03-01T15:00:00Z";
    vec![(91, 0, ORGANIZATION, now, Event::StateDigestRecorded(digest), Payload::empty())]
}

/// For how long texts are kept, a hold on some of them, and those that went.
pub(super) fn what_is_kept() -> Vec<Row> {
    let (now, o, p) = ("2026-03-01T17:00:00Z", ORGANIZATION, project());
    let run = |first, last| Run { first, last };
    let hold: Name = "case-7".parse().unwrap();
    let placed = |unit, records| LegalHoldPlaced { hold: hold.clone(), unit, records };
    let lifted = || Event::LegalHoldLifted(LegalHoldLifted { hold: hold.clone() });
    let set = |class, days| Event::RetentionSet(RetentionSet { unit: team(), class, days });
    let removed = RetentionRemoved { unit: team(), class: Some(Class::Confidential) };
    let erased = |runs, rule| Event::PayloadsErased(PayloadsErased { runs, rule });
    vec![
        (92, 0, o, now, set(None, 3_650), reason("our schedule")),
        (93, 0, o, now, set(Some(Class::Confidential), 30), reason("as agreed")),
        (94, 0, o, now, Event::RetentionRemoved(removed), reason("as agreed")),
        (95, 0, o, now, Event::LegalHoldPlaced(placed(team(), None)), reason("litigation")),
        (96, 0, o, now, lifted(), reason("settled")),
        (97, 0, o, now, Event::LegalHoldPlaced(placed(p, Some(run(3, 5)))), reason("it goes on")),
        (98, 0, p, now, erased(vec![run(1, 2), run(7, 7)], None), reason("asked for")),
        (99, 0, p, now, erased(vec![run(8, 9)], Some(70)), reason("kept long enough")),
    ]
}

/// Another key for the log's checkpoints, for which the one before vouches.
pub(super) fn another_log_key() -> Vec<Row> {
    let signer = |seed: u8| Signer::from_seed("gradus/golden", &[seed; 32]).unwrap();
    let (old, new) = (signer(1), signer(2));
    let handover = Handover::sign(&old, *new.verifier().public()).unwrap();
    let rotated = LogKeyRotated {
        from: Digest(*old.verifier().public()),
        to: Digest(*new.verifier().public()),
        signature: handover.signature().to_vec(),
    };
    let (now, event) = ("2026-03-01T18:00:00Z", Event::LogKeyRotated(rotated));
    vec![(100, 0, ORGANIZATION, now, event, reason("the yearly change"))]
}

/// What an auditor asked: committed to, and opened when the engagement was over.
pub(super) fn what_an_auditor_asked() -> Vec<Row> {
    let (auditor, engagement) = (OPERATOR, 1);
    let row = |number, method: &str, request: &[u8], more| QueryRow {
        number,
        asked_at: at("2026-03-01T18:30:00Z"),
        log_size: 78,
        method: method.to_owned(),
        request: request.to_vec(),
        more,
        salt: [u8::try_from(number).unwrap() + 1; 16],
    };
    let rows = [
        row(0, "LevelService/QueryLevels", b"\x0a\x05alpha", false),
        row(1, "EventService/GetEvent", b"\x08", true),
        row(2, "EventService/GetEvent", b"\x05", false),
    ];
    let pieces = cut(&rows);
    let [(piece, _)] = pieces.as_slice() else { panic!("three short rows are one piece") };
    let (first, count, root) = (piece.first, piece.count, piece.root);
    let recorded =
        QueriesRecorded { auditor, engagement, first, count, root: pieces_root([piece]) };
    let ended = EngagementEnded { auditor, engagement, count };
    let opened = QueriesOpened { auditor, engagement, recorded: 78, first, count, root };
    let texts = Payload::empty().with("class", "confidential").with("queries", to_text(&rows));
    let (now, o) = ("2026-03-01T19:00:00Z", ORGANIZATION);
    vec![
        (101, 0, o, now, Event::QueriesRecorded(recorded), Payload::empty()),
        (102, 0, o, now, Event::EngagementEnded(ended), Payload::empty()),
        (103, 0, o, now, Event::QueriesOpened(opened), texts),
    ]
}

/// Attachments that were erased: because somebody asked, and by a retention rule.
pub(super) fn attachments_that_went() -> Vec<Row> {
    let (now, p) = ("2026-03-01T19:00:00Z", project());
    let erased = |digests, rule| Event::AttachmentsErased(AttachmentsErased { digests, rule });
    let of = |text: &str| sha256(text.as_bytes());
    vec![
        (104, 0, p, now, erased(vec![of("attachment")], None), reason("asked for")),
        (105, 0, p, now, erased(vec![of("a"), of("b")], Some(70)), reason("kept long enough")),
    ]
}
