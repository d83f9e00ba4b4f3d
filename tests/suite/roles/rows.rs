//! A request of every method, about a unit where it names one.

#![expect(
    clippy::too_many_lines,
    clippy::needless_update,
    reason = "a table: one row for each method, some of which fill all fields"
)]

use gradus_wire::v1 as wire;
use prost::Message as _;

use crate::running::{item, on, rating, submit};

/// A method, and its request about a unit.
pub(super) type Row = (&'static str, Vec<u8>);

/// What there is in a unit that a request may name.
pub(super) struct Given<'a> {
    pub(super) unit: &'a str,
    pub(super) rating: &'a str,
}

fn checked() -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { validate_only: true, ..Default::default() })
}

fn from_source(id: &str) -> wire::EvidenceRef {
    let source = wire::Source { name: "test".to_owned(), id: id.to_owned() };
    wire::EvidenceRef { r#ref: Some(wire::evidence_ref::Ref::Source(source)) }
}

macro_rules! row {
    ($method:literal, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        ($method, wire::$request { $($field: $value,)* ..Default::default() }.encode_to_vec())
    };
}

mod appraisals;
mod erasure;

use appraisals::{an_appraisal, an_import, of_appraisals};
use erasure::of_erasure;

fn of_units(given: &Given<'_>) -> Vec<Row> {
    let u = || given.unit.to_owned();
    let document = |id: &str| id.to_owned();
    vec![
        row!(
            "UnitService/RegisterUnit",
            RegisterUnitRequest {
                append: checked(),
                kind: wire::UnitKind::Project.into(),
                name: "new".into(),
                parent: u(),
            }
        ),
        row!("UnitService/GetUnit", GetUnitRequest { unit: u() }),
        row!("UnitService/ListUnits", ListUnitsRequest { parent: u() }),
        row!(
            "UnitService/RenameUnit",
            RenameUnitRequest { append: checked(), unit: u(), name: "new".into() }
        ),
        row!(
            "UnitService/MoveUnit",
            MoveUnitRequest { append: checked(), unit: u(), parent: "organization".into() }
        ),
        row!("UnitService/ArchiveUnit", ArchiveUnitRequest { append: checked(), unit: u() }),
        row!(
            "UnitService/SucceedUnit",
            SucceedUnitRequest {
                append: checked(),
                unit: u(),
                successors: vec!["below-alfa".into()]
            }
        ),
        row!(
            "UnitService/AdoptModel",
            AdoptModelRequest {
                append: checked(),
                unit: u(),
                document: document("iso-21827-2008"),
            }
        ),
        row!(
            "UnitService/AdoptRules",
            AdoptRulesRequest { append: checked(), unit: u(), document: document("strict") }
        ),
        row!(
            "UnitService/AdoptProfile",
            AdoptProfileRequest {
                append: checked(),
                unit: u(),
                document: document("service-bureau"),
            }
        ),
        row!(
            "UnitService/TailorArea",
            TailorAreaRequest {
                append: checked(),
                unit: u(),
                area: "PA22".into(),
                applicable: Some(false),
                reason: "none".into(),
            }
        ),
        row!(
            "UnitService/SetAreaInheritance",
            SetAreaInheritanceRequest {
                append: checked(),
                unit: u(),
                area: "PA17".into(),
                inheritance: wire::Inheritance::Own.into(),
            }
        ),
        row!(
            "UnitService/RecordContext",
            RecordContextRequest {
                append: checked(),
                unit: u(),
                context: Some(wire::Context::default()),
            }
        ),
        row!(
            "UnitService/LabelUnit",
            LabelUnitRequest { append: checked(), unit: u(), labels: vec!["critical".into()] }
        ),
        row!(
            "UnitService/RaiseBaseline",
            RaiseBaselineRequest {
                append: checked(),
                unit: u(),
                floors: vec![wire::FloorInput { area: "PA10".into(), level: 1 }],
            }
        ),
        row!(
            "UnitService/EnterPhase",
            EnterPhaseRequest { append: checked(), unit: u(), phase: wire::Phase::Design.into() }
        ),
        row!(
            "UnitService/LeavePhase",
            LeavePhaseRequest {
                append: checked(),
                unit: u(),
                phase: wire::Phase::Operation.into(),
            }
        ),
        row!(
            "UnitService/PlaceMarker",
            PlaceMarkerRequest {
                append: checked(),
                unit: u(),
                kind: wire::MarkerKind::Release.into(),
                label: "1.0".into(),
            }
        ),
        row!(
            "RoleService/GrantRole",
            GrantRoleRequest {
                append: checked(),
                principal: "operator".into(),
                role: wire::Role::Viewer.into(),
                unit: u(),
            }
        ),
        row!(
            "RoleService/RevokeRole",
            RevokeRoleRequest {
                append: checked(),
                principal: "keeper".into(),
                role: wire::Role::Viewer.into(),
                unit: u(),
            }
        ),
        row!("RoleService/ListRoles", ListRolesRequest { unit: u() }),
        row!(
            "DutyService/DeclareConflict",
            DeclareConflictRequest { append: checked(), unit: u(), reason: "own work".into() }
        ),
        row!(
            "DutyService/WithdrawConflict",
            WithdrawConflictRequest { append: checked(), unit: u(), principal: "keeper".into() }
        ),
        row!("DutyService/ListConflicts", ListConflictsRequest { unit: u() }),
    ]
}

fn of_evidence(given: &Given<'_>) -> Vec<Row> {
    let u = || given.unit.to_owned();
    let first = || vec![from_source("1")];
    let append = checked;
    vec![
        (
            "EvidenceService/SubmitEvidence",
            wire::SubmitEvidenceRequest { append: append(), ..submit(&u(), vec![item("new")]) }
                .encode_to_vec(),
        ),
        row!(
            "EvidenceService/GetEvidence",
            GetEvidenceRequest { unit: u(), evidence: Some(from_source("1")) }
        ),
        row!("EvidenceService/ListEvidence", ListEvidenceRequest { unit: u() }),
        row!(
            "EvidenceService/ListReviewQueue",
            ListReviewQueueRequest { unit: u(), include_below: true }
        ),
        row!("EvidenceService/GetSufficiencyMatrix", GetSufficiencyMatrixRequest { unit: u() }),
        row!(
            "EvidenceService/AcceptEvidence",
            AcceptEvidenceRequest { append: append(), unit: u(), evidence: first() }
        ),
        row!(
            "EvidenceService/RejectEvidence",
            RejectEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: first(),
                reason: "no".into(),
            }
        ),
        row!(
            "EvidenceService/WithdrawEvidence",
            WithdrawEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: first(),
                reason: "no".into(),
            }
        ),
        row!(
            "EvidenceService/EndEvidence",
            EndEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: first(),
                at: on("2026-06-01"),
                reason: "no".into(),
            }
        ),
        row!(
            "EvidenceService/SupersedeEvidence",
            SupersedeEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: Some(from_source("1")),
                by: Some(from_source("2")),
                reason: "newer".into(),
            }
        ),
        row!(
            "EvidenceService/ConfirmEvidence",
            ConfirmEvidenceRequest { append: append(), unit: u(), evidence: first() }
        ),
        row!(
            "EvidenceService/LinkEvidence",
            LinkEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: Some(from_source("1")),
                practices: vec!["BP.10.02".into()],
            }
        ),
        row!(
            "EvidenceService/UnlinkEvidence",
            UnlinkEvidenceRequest {
                append: append(),
                unit: u(),
                evidence: Some(from_source("1")),
                practices: vec!["BP.10.01".into()],
                reason: "no".into(),
            }
        ),
        row!(
            "EvidenceService/ErasePayload",
            ErasePayloadRequest {
                append: append(),
                unit: u(),
                reason: "asked for".into(),
                record: Some(wire::erase_payload_request::Record::Version(1)),
            }
        ),
        row!(
            "RatingService/RatePractices",
            RatePracticesRequest {
                append: append(),
                unit: u(),
                ratings: vec![rating("BP.10.02", wire::Value::Satisfied, "2026-05-01")],
            }
        ),
        row!(
            "RatingService/WithdrawRating",
            WithdrawRatingRequest {
                append: append(),
                unit: u(),
                ratings: vec![given.rating.into()],
                reason: "no".into(),
            }
        ),
        row!(
            "RatingService/EndRating",
            EndRatingRequest {
                append: append(),
                unit: u(),
                ratings: vec![given.rating.into()],
                at: on("2026-05-20"),
                reason: "no".into(),
            }
        ),
        row!("RatingService/ListRatings", ListRatingsRequest { unit: u() }),
        row!(
            "RatingService/RunRuleRater",
            RunRuleRaterRequest {
                append: append(),
                unit: u(),
                valid_at: vec![on("2026-05-20").unwrap()],
                rules: "trusted-tools".into(),
            }
        ),
    ]
}

fn of_levels(given: &Given<'_>) -> Vec<Row> {
    let u = || given.unit.to_owned();
    let side = |unit| Some(wire::Side { unit, coordinate: None });
    vec![
        row!(
            "AppraisalService/OpenAppraisal",
            OpenAppraisalRequest { append: checked(), input: Some(an_appraisal(u())) }
        ),
        an_import(u()),
        row!("AppraisalService/ListAppraisals", ListAppraisalsRequest { unit: u() }),
        row!("LevelService/QueryLevels", QueryLevelsRequest { unit: u() }),
        row!("LevelService/ExplainLevel", ExplainLevelRequest { unit: u(), area: "PA10".into() }),
        row!(
            "LevelService/CompareLevels",
            CompareLevelsRequest { from: side("alfa".into()), to: side(u()) }
        ),
        row!("LevelService/QueryTrend", QueryTrendRequest { units: vec![u()] }),
        row!("LevelService/ForecastLevels", ForecastLevelsRequest { unit: u() }),
        row!(
            "LevelService/QueryGap",
            QueryGapRequest { unit: u(), profile: "service-bureau".into() }
        ),
        row!(
            "LevelService/RollUpLevels",
            RollUpLevelsRequest { unit: u(), rule: wire::RollUpRule::Minimum.into() }
        ),
        row!(
            "LevelService/CheckLevels",
            CheckLevelsRequest {
                unit: u(),
                minimums: vec![wire::MinimumLevel { area: "PA10".into(), level: 1 }],
            }
        ),
        row!("LevelService/WatchLevels", WatchLevelsRequest { units: vec![u()] }),
        row!("EventService/ListEvents", ListEventsRequest { unit: u() }),
        row!("EventService/SubscribeEvents", SubscribeEventsRequest { unit: u() }),
        row!("AuditService/ReplayUnit", ReplayUnitRequest { unit: u() }),
        row!("AuditService/FindGaps", FindGapsRequest { unit: u() }),
        row!("AuditService/FindLate", FindLateRequest { unit: u() }),
        row!("AuditService/SupposeWithout", SupposeWithoutRequest { unit: u(), suspect: keeper() }),
        row!(
            "ClaimService/SetClaimRule",
            SetClaimRuleRequest {
                append: checked(),
                name: "ci".into(),
                issuer: "https://ci.example".into(),
                conditions: vec![wire::ClaimCondition {
                    claim: "repository_id".into(),
                    value: "4711".into(),
                }],
                subject: "repository_id".into(),
                role: wire::Role::Collector.into(),
                unit: u(),
            }
        ),
    ]
}

/// Requests that name no unit: what they are about is the organization's.
pub(super) fn of_the_whole() -> Vec<Row> {
    let mut rows = vec![
        row!("EventService/GetEvent", GetEventRequest { position: 0 }),
        row!("ModelService/ListDocuments", ListDocumentsRequest {}),
        row!("ModelService/GetDocument", GetDocumentRequest { document: "strict".into() }),
        row!("ModelService/GetModel", GetModelRequest { model: "iso-21827-2008".into() }),
        row!("ModelService/PublishModel", PublishModelRequest { content: b"x".to_vec() }),
        row!("ModelService/PublishRules", PublishRulesRequest { content: b"x".to_vec() }),
        row!("ModelService/PublishProfile", PublishProfileRequest { content: b"x".to_vec() }),
        row!("PrincipalService/WhoAmI", WhoAmIRequest {}),
        row!(
            "PrincipalService/AddPrincipal",
            AddPrincipalRequest {
                append: checked(),
                name: "new".into(),
                kind: wire::PrincipalKind::Person.into(),
            }
        ),
        row!("PrincipalService/ListPrincipals", ListPrincipalsRequest {}),
        row!(
            "PrincipalService/DisablePrincipal",
            DisablePrincipalRequest { append: checked(), principal: "keeper".into() }
        ),
        row!(
            "PrincipalService/IssueToken",
            IssueTokenRequest { append: checked(), principal: "keeper".into() }
        ),
        row!(
            "PrincipalService/RevokeToken",
            RevokeTokenRequest {
                append: checked(),
                token: "00000000-0000-4000-8000-000000000000".into(),
            }
        ),
        row!("PrincipalService/RotateToken", RotateTokenRequest { append: checked() }),
        row!(
            "PrincipalService/RegisterCertificate",
            RegisterCertificateRequest { append: checked(), principal: "keeper".into() }
        ),
        row!(
            "PrincipalService/RevokeCertificate",
            RevokeCertificateRequest { append: checked(), key: "00".repeat(32) }
        ),
        row!(
            "SourceService/DistrustSource",
            DistrustSourceRequest {
                append: checked(),
                suspect: keeper(),
                reason: "its token leaked".into(),
            }
        ),
        row!(
            "SourceService/RestoreSource",
            RestoreSourceRequest { append: checked(), distrust: 7, reason: "it did not".into() }
        ),
        row!("SourceService/ListDistrusted", ListDistrustedRequest {}),
        row!("ProjectionService/ListProjections", ListProjectionsRequest {}),
        row!("ProjectionService/VerifyProjection", VerifyProjectionRequest { name: "none".into() }),
        row!(
            "ProjectionService/RebuildProjection",
            RebuildProjectionRequest { name: "none".into() }
        ),
        row!("BackupService/ExportLog", ExportLogRequest {}),
        row!("ProofService/GetCheckpoint", GetCheckpointRequest {}),
        row!("ProofService/ProveInclusion", ProveInclusionRequest { position: 0 }),
        row!("ProofService/ProveConsistency", ProveConsistencyRequest {}),
        row!(
            "ProofService/RotateLogKey",
            RotateLogKeyRequest { append: checked(), reason: "the yearly change".into() }
        ),
        row!("ProofService/ProveKnownAt", ProveKnownAtRequest { known_at: on("2026-05-01") }),
        row!("ProofService/ProveUnit", ProveUnitRequest { unit: "alpha".into() }),
        row!(
            "ProofService/ProveLevel",
            ProveLevelRequest { unit: "alpha".into(), area: "PA01".into() }
        ),
        row!("ProofService/ProveScope", ProveScopeRequest {}),
        row!("ProofService/ReadTile", ReadTileRequest { path: "tile/0/000.p/1".into() }),
        row!("ProofService/ListStateDigests", ListStateDigestsRequest {}),
        row!("ProofService/CreateCapsule", CreateCapsuleRequest { all: true }),
        row!("ClockService/GetClock", GetClockRequest {}),
        row!("ClockService/AcceptClock", AcceptClockRequest { append: checked() }),
        row!(
            "ClaimService/RemoveClaimRule",
            RemoveClaimRuleRequest { append: checked(), name: "none".into() }
        ),
        row!("ClaimService/ListClaimRules", ListClaimRulesRequest {}),
        row!("ClaimService/TestClaims", TestClaimsRequest { token: "a.b.c".into() }),
    ];
    rows.extend(of_appraisals());
    rows.extend(of_erasure());
    rows
}

pub(super) fn rows(given: &Given<'_>) -> Vec<Row> {
    [of_units(given), of_evidence(given), of_levels(given)].concat()
}

fn keeper() -> Option<wire::Suspect> {
    Some(wire::Suspect { suspect: Some(wire::suspect::Suspect::Principal("keeper".into())) })
}
