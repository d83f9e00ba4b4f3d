//! Other forms of the golden records.

use gradus_model::event::{
    MarkerPlaced, OfEvidence, TokenIssued, UnitLabelled, UnitRegistered, UnitSucceeded,
};
use gradus_model::evidence::{Item, Measure};
use gradus_model::leaf::{Place, Signature};
use gradus_model::rating::{Basis, Rating, Value};
use gradus_model::unit::{Context, MarkerKind, UnitKind};
use gradus_model::{AppraisalId, Digest, Event, Payload, Timestamp, UnitId};
use gradus_proof::sha256;

use super::{
    About, Golden, OPERATOR, ORGANIZATION, at, bare, evidence, project, rated, record, token,
};

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
