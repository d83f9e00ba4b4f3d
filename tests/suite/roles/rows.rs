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

/// What there is in a unit, and what else there is of a team, that a request may name.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The name of the unit.
    pub(super) unit: String,
    /// An item, a rating and an appraisal of the unit, by id.
    pub(super) evidence: String,
    pub(super) rating: String,
    pub(super) appraisal: String,
    /// An attachment that the item names.
    pub(super) attachment: String,
    /// Where one of its events was recorded.
    pub(super) position: u64,
    /// Somebody who has a role there alone, the id of their token and the key of their certificate.
    pub(super) principal: String,
    pub(super) token: String,
    pub(super) key: String,
    /// A certificate that nobody registered.
    pub(super) certificate: Vec<u8>,
    /// A claim rule for the unit, and where a source was distrusted.
    pub(super) rule: String,
    pub(super) distrust: u64,
}

impl Given {
    /// A text in which what is named has the same names everywhere.
    pub(super) fn neutral(&self, text: &str) -> String {
        let numbers = [self.position.to_string(), self.distrust.to_string()];
        let ids = [&self.evidence, &self.rating, &self.appraisal, &self.token, &self.key];
        let names = [&self.unit, &self.principal, &self.rule, &self.attachment];
        let all = ids.into_iter().chain(names).chain(&numbers);
        all.fold(text.to_owned(), |text, name| text.replace(name.as_str(), "NAME"))
    }
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
mod beside;
mod erasure;
mod named;
mod whole;

use appraisals::an_import;
pub(super) use appraisals::{an_appraisal, of_appraisals};
pub(super) use beside::beside;
pub(super) use named::suspect;
pub(super) use whole::of_the_whole;

fn of_units(given: &Given) -> Vec<Row> {
    let u = || given.unit.clone();
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

fn of_evidence(given: &Given) -> Vec<Row> {
    let u = || given.unit.clone();
    let first = || vec![from_source("1")];
    let append = checked;
    vec![
        (
            "EvidenceService/SubmitEvidence",
            wire::SubmitEvidenceRequest { append: append(), ..submit(&u(), vec![item("new")]) }
                .encode_to_vec(),
        ),
        row!(
            "EvidenceService/PushEvidence",
            PushEvidenceRequest {
                append: append(),
                unit: u(),
                steps: vec![wire::EvidenceStep {
                    step: Some(wire::evidence_step::Step::Submit(item("new"))),
                }],
            }
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
                ratings: vec![given.rating.clone()],
                reason: "no".into(),
            }
        ),
        row!(
            "RatingService/EndRating",
            EndRatingRequest {
                append: append(),
                unit: u(),
                ratings: vec![given.rating.clone()],
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

fn of_levels(given: &Given) -> Vec<Row> {
    let u = || given.unit.clone();
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
        row!(
            "AuditService/SupposeWithout",
            SupposeWithoutRequest { unit: u(), suspect: suspect("operator") }
        ),
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

pub(super) fn rows(given: &Given) -> Vec<Row> {
    [
        of_units(given),
        of_evidence(given),
        of_levels(given),
        named::of_others(given),
        erasure::of_erasure(given),
    ]
    .concat()
}
