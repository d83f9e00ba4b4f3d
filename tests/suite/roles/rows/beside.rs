//! Requests about a unit in sight that name something of another one beside it.

use gradus_wire::v1 as wire;
use prost::Message as _;

use super::appraisals::an_appraisal;
use super::named::suspect;
use super::{Given, Row, checked};
use crate::running::{by_id, rating};

/// About what is `own`, beside what is another's, or nobody's.
pub(in super::super) fn beside(own: &Given, other: &Given) -> Vec<Row> {
    let u = || own.unit.clone();
    let both = || vec![own.unit.clone(), other.unit.clone()];
    let side = |unit: &String| Some(wire::Side { unit: unit.clone(), coordinate: None });
    let append = checked;
    let cited = || vec![by_id(&other.evidence)];
    let of_both = || Some(wire::AppraisalInput { units: both(), ..an_appraisal(own.unit.clone()) });
    vec![
        row!(
            "UnitService/RegisterUnit",
            RegisterUnitRequest {
                append: append(),
                kind: wire::UnitKind::Project.into(),
                name: "newer".into(),
                team: other.unit.clone(),
            }
        ),
        row!(
            "UnitService/MoveUnit",
            MoveUnitRequest { append: append(), unit: u(), parent: other.unit.clone() }
        ),
        row!(
            "UnitService/SucceedUnit",
            SucceedUnitRequest {
                append: append(),
                unit: u(),
                successors: vec![other.unit.clone()],
            }
        ),
        row!("RoleService/ListRoles", ListRolesRequest { principal: other.principal.clone() }),
        row!(
            "EvidenceService/GetEvidence",
            GetEvidenceRequest { unit: u(), evidence: Some(by_id(&other.evidence)) }
        ),
        row!(
            "AttachmentService/GetAttachment",
            GetAttachmentRequest { unit: u(), sha256: other.attachment.clone() }
        ),
        row!(
            "AttachmentService/EraseAttachments",
            EraseAttachmentsRequest {
                append: append(),
                unit: u(),
                sha256: vec![other.attachment.clone()],
                reason: "no".into(),
            }
        ),
        row!(
            "EvidenceService/AcceptEvidence",
            AcceptEvidenceRequest { append: append(), unit: u(), evidence: cited() }
        ),
        row!(
            "EvidenceService/SupersedeEvidence",
            SupersedeEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: Some(by_id(&own.evidence)),
                by: Some(by_id(&other.evidence)),
                reason: "newer".into(),
            }
        ),
        row!(
            "RatingService/RatePractices",
            RatePracticesRequest {
                append: append(),
                unit: u(),
                ratings: vec![wire::RatingInput {
                    evidence: cited(),
                    ..rating("BP.10.02", wire::Value::Satisfied, "2026-05-01")
                }],
            }
        ),
        row!(
            "RatingService/WithdrawRating",
            WithdrawRatingRequest {
                append: append(),
                unit: u(),
                ratings: vec![other.rating.clone()],
                reason: "no".into(),
            }
        ),
        row!(
            "LevelService/CompareLevels",
            CompareLevelsRequest { from: side(&other.unit), to: side(&own.unit) }
        ),
        row!("LevelService/QueryTrend", QueryTrendRequest { units: both() }),
        row!("LevelService/WatchLevels", WatchLevelsRequest { units: both() }),
        row!(
            "AuditService/SupposeWithout",
            SupposeWithoutRequest { unit: u(), suspect: suspect(&other.principal) }
        ),
        row!("ProofService/CreateCapsule", CreateCapsuleRequest { units: both() }),
        row!(
            "AppraisalService/OpenAppraisal",
            OpenAppraisalRequest { append: append(), input: of_both() }
        ),
        row!(
            "AppraisalService/ChangeAppraisal",
            ChangeAppraisalRequest {
                append: append(),
                appraisal: own.appraisal.clone(),
                input: of_both(),
            }
        ),
        row!(
            "AppraisalService/GetAppraisal",
            GetAppraisalRequest {
                appraisal: own.appraisal.clone(),
                carry_from: other.appraisal.clone(),
            }
        ),
        row!(
            "AppraisalService/RateInAppraisal",
            RateInAppraisalRequest {
                append: append(),
                appraisal: own.appraisal.clone(),
                ratings: vec![wire::AppraisalRatingInput {
                    subject: Some(wire::SubjectInput {
                        unit: other.unit.clone(),
                        practice: "BP.10.01".into(),
                        ..Default::default()
                    }),
                    ..Default::default()
                }],
            }
        ),
        row!(
            "AppraisalService/CloseAppraisal",
            CloseAppraisalRequest {
                append: append(),
                appraisal: own.appraisal.clone(),
                unit: other.unit.clone(),
            }
        ),
    ]
}
