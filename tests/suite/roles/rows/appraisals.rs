//! Rows for appraisals.

use gradus_wire::v1 as wire;
use prost::Message as _;

use super::{Given, Row, checked};
use crate::running::on;

/// An appraisal of a unit, sponsored by whoever asks.
pub(in super::super) fn an_appraisal(unit: String) -> wire::AppraisalInput {
    let lead =
        wire::TeamMemberInput { principal: "keeper".to_owned(), part: wire::TeamPart::Lead.into() };
    let independence = wire::Independence::A.into();
    wire::AppraisalInput {
        units: vec![unit],
        areas: vec![wire::ScopedArea { area: "PA10".to_owned(), highest: 1 }],
        team: vec![lead],
        method: Some(wire::AppraisalMethod {
            process: "SSAM 2.0".to_owned(),
            class: wire::AppraisalClass::One.into(),
            body: independence,
            lead: independence,
            team: independence,
            ..Default::default()
        }),
        texts: Some(wire::AppraisalTexts { purpose: "to see".to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

/// An appraisal of before of a unit, to bring in.
pub(super) fn an_import(unit: String) -> Row {
    let practice = "BP.10.01".to_owned();
    row!(
        "AppraisalService/ImportAppraisal",
        ImportAppraisalRequest {
            append: checked(),
            input: Some(an_appraisal(unit)),
            conducted_from: on("2026-02-01"),
            conducted_until: on("2026-02-15"),
            effective_at: on("2026-02-15"),
            ratings: vec![wire::ImportedRatingInput {
                subject: Some(wire::SubjectInput { practice, ..Default::default() }),
                value: wire::Value::Satisfied.into(),
                ..Default::default()
            }],
        }
    )
}

/// Requests on an appraisal; who may is decided by the part that they have in it, too.
pub(in super::super) fn of_appraisals(given: &Given) -> Vec<Row> {
    let id = || given.appraisal.clone();
    let unit = || given.unit.clone();
    let subject =
        || Some(wire::SubjectInput { practice: "BP.10.01".to_owned(), ..Default::default() });
    vec![
        row!("AppraisalService/GetAppraisal", GetAppraisalRequest { appraisal: id() }),
        row!(
            "AppraisalService/ChangeAppraisal",
            ChangeAppraisalRequest {
                append: checked(),
                appraisal: id(),
                input: Some(an_appraisal(unit())),
            }
        ),
        row!(
            "AppraisalService/RateInAppraisal",
            RateInAppraisalRequest {
                append: checked(),
                appraisal: id(),
                ratings: vec![wire::AppraisalRatingInput {
                    subject: subject(),
                    ..Default::default()
                }],
            }
        ),
        row!(
            "AppraisalService/RevealRatings",
            RevealRatingsRequest { append: checked(), appraisal: id() }
        ),
        row!(
            "AppraisalService/ReachConsensus",
            ReachConsensusRequest {
                append: checked(),
                appraisal: id(),
                consensus: vec![wire::ConsensusInput { subject: subject(), ..Default::default() }],
            }
        ),
        row!(
            "AppraisalService/RecordFinding",
            RecordFindingRequest {
                append: checked(),
                appraisal: id(),
                finding: Some(wire::FindingInput {
                    kind: wire::FindingKind::Comment.into(),
                    text: "seen".to_owned(),
                    ..Default::default()
                }),
            }
        ),
        row!(
            "AppraisalService/SignOffAppraisal",
            SignOffAppraisalRequest { append: checked(), appraisal: id() }
        ),
        row!(
            "AppraisalService/CloseAppraisal",
            CloseAppraisalRequest { append: checked(), appraisal: id(), unit: unit() }
        ),
        row!(
            "AppraisalService/CancelAppraisal",
            CancelAppraisalRequest { append: checked(), appraisal: id(), reason: "no".into() }
        ),
    ]
}
