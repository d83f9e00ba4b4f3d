//! Every role against every method, on a unit in sight, a hidden one and one that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use expect_test::expect;
use gradus_server::methods::METHODS;
use gradus_wire::v1 as wire;
use prost::Message;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::rows::{Given, Row, of_the_whole, rows};
use crate::raw;
use crate::running::{System, item, on, rating};

async fn ask(system: &System, token: &str, (method, request): &Row) -> Result<(), Status> {
    let (path, bearer) = (format!("/gradus.v1.{method}"), format!("Bearer {token}"));
    let streams = ["Watch", "Subscribe", "Verify", "Rebuild", "Export", "Replay"];
    let is_stream = streams.iter().any(|stream| method.contains(&format!("/{stream}")));
    let (channel, bearer, request) = (&system.channel, Some(bearer.as_str()), request.clone());
    let answer = if is_stream {
        raw::first(channel, bearer, &path, request).await
    } else {
        raw::call(channel, bearer, &path, request).await
    };
    answer.map(|_| ())
}

/// Everything that a caller can tell an answer by, with the unit's name made neutral.
fn seen(answer: &Result<(), Status>, name: &str) -> String {
    match answer {
        Ok(()) => "an answer".to_owned(),
        Err(status) => {
            let info = status.get_details_error_info().unwrap();
            // Written in any order, which tells nothing.
            let metadata: BTreeMap<_, _> = info.metadata.into_iter().collect();
            let told =
                format!("{:?} {} {} {metadata:?}", status.code(), status.message(), info.reason);
            format!("{} {}", told.replace(name, "NAME"), status.details().len())
        }
    }
}

const ROLES: [(&str, Option<wire::Role>); 8] = [
    ("nobody", None),
    ("viewer", Some(wire::Role::Viewer)),
    ("collector", Some(wire::Role::Collector)),
    ("assessor", Some(wire::Role::Assessor)),
    ("lead", Some(wire::Role::Lead)),
    ("sponsor", Some(wire::Role::Sponsor)),
    ("auditor", Some(wire::Role::Auditor)),
    ("admin", Some(wire::Role::Admin)),
];

/// Two units with the same in each, and a principal of each role on the first.
async fn prepared() -> (System, Vec<String>, [String; 2]) {
    let system = System::new().await;
    let mut ratings = Vec::new();
    for unit in ["alfa", "beta"] {
        let asked = wire::RegisterUnitRequest {
            kind: wire::UnitKind::Team.into(),
            name: unit.to_owned(),
            effective_at: on("2025-01-01"),
            ..Default::default()
        };
        system.operator.units.clone().register_unit(asked).await.unwrap();
        let rated = rating("BP.10.01", wire::Value::Satisfied, "2026-05-01");
        ratings.extend(system.rated(unit, vec![rated]).await);
        system.submitted(unit, vec![item("1"), item("2")]).await;
        let entered = wire::EnterPhaseRequest {
            unit: unit.to_owned(),
            phase: wire::Phase::Operation.into(),
            ..Default::default()
        };
        system.operator.units.clone().enter_phase(entered).await.unwrap();
        system.trust_tools(unit).await;
    }
    let below = wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: "below-alfa".to_owned(),
        parent: "alfa".to_owned(),
        effective_at: on("2025-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().register_unit(below).await.unwrap();
    // What ended may still be named as a successor, and hinders nothing.
    let ended = wire::ArchiveUnitRequest { unit: "below-alfa".to_owned(), ..Default::default() };
    system.operator.units.clone().archive_unit(ended).await.unwrap();
    let person = wire::PrincipalKind::Person;
    system.with_role("keeper", person, (wire::Role::Viewer, "alfa")).await;
    system.grant("keeper", wire::Role::Viewer, "beta").await;
    for unit in ["alfa", "beta"] {
        let declared = wire::DeclareConflictRequest {
            unit: unit.to_owned(),
            principal: "keeper".to_owned(),
            reason: "own work".to_owned(),
            ..Default::default()
        };
        system.operator.duties.clone().declare_conflict(declared).await.unwrap();
    }
    let mut tokens = Vec::new();
    for (name, role) in ROLES {
        let added =
            wire::AddPrincipalRequest { append: None, name: name.to_owned(), kind: person.into() };
        system.operator.principals.clone().add_principal(added).await.unwrap();
        if let Some(role) = role {
            system.grant(name, role, "alfa").await;
        }
        tokens.push(system.issue(name).await);
    }
    (system, tokens, ratings.try_into().unwrap())
}

#[test]
fn every_method_of_the_api_says_which_right_it_needs() {
    let files = prost_types::FileDescriptorSet::decode(wire::FILE_DESCRIPTOR_SET).unwrap();
    let ours = files.file.iter().filter(|file| file.package() == "gradus.v1");
    let services = ours.flat_map(|file| &file.service);
    let methods = services.flat_map(|service| {
        let name = |method: &prost_types::MethodDescriptorProto| {
            format!("gradus.v1.{}/{}", service.name(), method.name())
        };
        service.method.iter().map(name).collect::<Vec<_>>()
    });
    let known: BTreeSet<String> = METHODS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, methods.collect());
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "the table itself")]
async fn each_role_may_call_what_the_table_says_and_hidden_units_look_like_none() {
    let (system, tokens, [of_alfa, of_beta]) = prepared().await;
    let own = rows(&Given { unit: "alfa", rating: &of_alfa });
    let hidden = rows(&Given { unit: "beta", rating: &of_beta });
    let missing = rows(&Given { unit: "zeta", rating: &of_beta });
    // Somebody who supplied nothing may do all of it.
    let chief = system.token("chief", wire::PrincipalKind::Person).await;
    for row in &own {
        let answer = ask(&system, &chief, row).await;
        assert!(answer.is_ok(), "{}: {answer:?}", row.0);
    }
    let named: BTreeSet<&str> =
        own.iter().chain(&of_the_whole()).map(|(method, _)| *method).collect();
    // A stream of messages is asked below.
    assert_eq!(named.len() + 1, METHODS.len());
    let mut table = String::new();
    let heads: Vec<String> = ROLES.iter().map(|(name, _)| format!("{name:9}")).collect();
    let _ = writeln!(table, "{:35} {}", "", heads.join(" ").trim_end());
    for (row, (hidden, missing)) in own.iter().zip(hidden.iter().zip(&missing)) {
        let mut cells = Vec::new();
        for ((name, _), token) in ROLES.iter().zip(&tokens) {
            let answer = ask(&system, token, row).await;
            cells.push(cell(&answer));
            let there = ask(&system, token, hidden).await;
            let nowhere = ask(&system, token, missing).await;
            assert!(there.is_err(), "{name}: {}", row.0);
            assert_eq!(seen(&there, "beta"), seen(&nowhere, "zeta"), "{name}: {}", row.0);
        }
        let _ = writeln!(table, "{:35} {}", row.0, cells.join(" ").trim_end());
    }
    for row in of_the_whole() {
        let mut cells = Vec::new();
        for token in &tokens {
            cells.push(cell(&ask(&system, token, &row).await));
        }
        let _ = writeln!(table, "{:35} {}", row.0, cells.join(" ").trim_end());
    }
    expect![[r#"
                                            nobody    viewer    collector assessor  lead      sponsor   auditor   admin
        UnitService/RegisterUnit            -         -         -         -         yes       -         -         yes
        UnitService/GetUnit                 -         yes       yes       yes       yes       yes       yes       yes
        UnitService/ListUnits               -         yes       yes       yes       yes       yes       yes       yes
        UnitService/RenameUnit              -         -         -         -         yes       -         -         yes
        UnitService/MoveUnit                -         -         -         -         -         -         -         hidden
        UnitService/ArchiveUnit             -         -         -         -         -         -         -         yes
        UnitService/SucceedUnit             -         -         -         -         yes       -         -         yes
        UnitService/AdoptModel              -         -         -         -         yes       -         -         yes
        UnitService/AdoptRules              -         -         -         -         yes       -         -         yes
        UnitService/AdoptProfile            -         -         -         -         yes       -         -         yes
        UnitService/TailorArea              -         -         -         -         yes       -         -         yes
        UnitService/SetAreaInheritance      -         -         -         -         yes       -         -         yes
        UnitService/RecordContext           -         -         -         -         yes       -         -         yes
        UnitService/LabelUnit               -         -         -         -         yes       -         -         yes
        UnitService/RaiseBaseline           -         -         -         -         yes       -         -         yes
        UnitService/EnterPhase              -         -         -         -         yes       -         -         yes
        UnitService/LeavePhase              -         -         -         -         yes       -         -         yes
        UnitService/PlaceMarker             -         -         -         -         yes       -         -         yes
        RoleService/GrantRole               -         -         -         -         -         -         -         yes
        RoleService/RevokeRole              -         -         -         -         -         -         -         yes
        RoleService/ListRoles               -         yes       yes       yes       yes       yes       yes       yes
        DutyService/DeclareConflict         -         yes       yes       yes       yes       yes       yes       yes
        DutyService/WithdrawConflict        -         -         -         -         yes       -         -         yes
        DutyService/ListConflicts           -         yes       yes       yes       yes       yes       yes       yes
        EvidenceService/SubmitEvidence      -         -         yes       yes       -         -         -         yes
        EvidenceService/GetEvidence         -         yes       -         yes       yes       yes       yes       yes
        EvidenceService/ListEvidence        -         yes       -         yes       yes       yes       yes       yes
        EvidenceService/ListReviewQueue     -         -         -         yes       -         -         -         yes
        EvidenceService/GetSufficiencyMatrix -         yes       -         yes       yes       yes       yes       yes
        EvidenceService/AcceptEvidence      -         -         -         yes       -         -         -         yes
        EvidenceService/RejectEvidence      -         -         -         yes       -         -         -         yes
        EvidenceService/WithdrawEvidence    -         -         -         yes       -         -         -         yes
        EvidenceService/EndEvidence         -         -         yes       yes       -         -         -         yes
        EvidenceService/SupersedeEvidence   -         -         yes       yes       -         -         -         yes
        EvidenceService/ConfirmEvidence     -         -         -         yes       -         -         -         yes
        EvidenceService/LinkEvidence        -         -         -         yes       -         -         -         yes
        EvidenceService/UnlinkEvidence      -         -         -         yes       -         -         -         yes
        EvidenceService/ErasePayload        -         -         -         -         -         -         -         yes
        RatingService/RatePractices         -         -         -         yes       -         -         -         yes
        RatingService/WithdrawRating        -         -         -         yes       -         -         -         yes
        RatingService/EndRating             -         -         -         yes       -         -         -         yes
        RatingService/ListRatings           -         yes       -         yes       yes       yes       yes       yes
        RatingService/RunRuleRater          -         -         -         yes       -         -         -         yes
        AppraisalService/OpenAppraisal      -         -         -         -         -         yes       -         yes
        AppraisalService/ImportAppraisal    -         -         -         -         -         yes       -         yes
        AppraisalService/ListAppraisals     -         yes       -         yes       yes       yes       yes       yes
        LevelService/QueryLevels            -         yes       yes       yes       yes       yes       yes       yes
        LevelService/ExplainLevel           -         yes       yes       yes       yes       yes       yes       yes
        LevelService/CompareLevels          -         yes       yes       yes       yes       yes       yes       yes
        LevelService/QueryTrend             -         yes       yes       yes       yes       yes       yes       yes
        LevelService/ForecastLevels         -         yes       yes       yes       yes       yes       yes       yes
        LevelService/QueryGap               -         yes       yes       yes       yes       yes       yes       yes
        LevelService/RollUpLevels           -         yes       yes       yes       yes       yes       yes       yes
        LevelService/CheckLevels            -         yes       yes       yes       yes       yes       yes       yes
        LevelService/WatchLevels            -         yes       yes       yes       yes       yes       yes       yes
        EventService/ListEvents             -         yes       -         yes       yes       yes       yes       yes
        EventService/SubscribeEvents        -         yes       -         yes       yes       yes       yes       yes
        AuditService/ReplayUnit             -         yes       -         yes       yes       yes       yes       yes
        AuditService/FindGaps               -         yes       -         yes       yes       yes       yes       yes
        AuditService/FindLate               -         yes       -         yes       yes       yes       yes       yes
        AuditService/SupposeWithout         -         yes       -         yes       yes       yes       yes       yes
        ClaimService/SetClaimRule           -         -         -         -         -         -         -         yes
        EventService/GetEvent               -         hidden    -         hidden    hidden    hidden    hidden    hidden
        ModelService/ListDocuments          yes       yes       yes       yes       yes       yes       yes       yes
        ModelService/GetDocument            yes       yes       yes       yes       yes       yes       yes       yes
        ModelService/GetModel               yes       yes       yes       yes       yes       yes       yes       yes
        ModelService/PublishModel           -         -         -         -         -         -         -         -
        ModelService/PublishRules           -         -         -         -         -         -         -         -
        ModelService/PublishProfile         -         -         -         -         -         -         -         -
        PrincipalService/WhoAmI             yes       yes       yes       yes       yes       yes       yes       yes
        PrincipalService/AddPrincipal       -         -         -         -         -         -         -         -
        PrincipalService/ListPrincipals     -         -         -         -         -         -         -         -
        PrincipalService/DisablePrincipal   -         -         -         -         -         -         -         -
        PrincipalService/IssueToken         -         -         -         -         -         -         -         -
        PrincipalService/RevokeToken        -         -         -         -         -         -         -         -
        PrincipalService/RotateToken        yes       yes       yes       yes       yes       yes       yes       yes
        PrincipalService/RegisterCertificate -         -         -         -         -         -         -         yes, but
        PrincipalService/RevokeCertificate  -         -         -         -         -         -         -         -
        SourceService/DistrustSource        -         -         -         -         -         -         -         -
        SourceService/RestoreSource         -         -         -         -         -         -         -         -
        SourceService/ListDistrusted        -         -         -         -         -         -         -         -
        ProjectionService/ListProjections   -         -         -         -         -         -         -         -
        ProjectionService/VerifyProjection  -         -         -         -         -         -         -         -
        ProjectionService/RebuildProjection -         -         -         -         -         -         -         -
        BackupService/ExportLog             -         -         -         -         -         -         -         -
        ProofService/GetCheckpoint          yes       yes       yes       yes       yes       yes       yes       yes
        ProofService/ProveInclusion         -         -         -         -         -         -         hidden    hidden
        ProofService/ProveConsistency       yes       yes       yes       yes       yes       yes       yes       yes
        ProofService/RotateLogKey           -         -         -         -         -         -         -         -
        ProofService/ProveKnownAt           -         -         -         -         -         -         -         -
        ProofService/ProveUnit              -         -         -         -         -         -         hidden    hidden
        ProofService/ProveLevel             -         -         -         -         -         -         hidden    hidden
        ProofService/ProveScope             -         -         -         -         -         -         -         -
        ProofService/ReadTile               -         -         -         -         -         -         yes       yes
        ProofService/ListStateDigests       -         -         -         -         -         -         yes       yes
        ProofService/CreateCapsule          -         -         -         -         -         -         -         -
        ClockService/GetClock               yes       yes       yes       yes       yes       yes       yes       yes
        ClockService/AcceptClock            -         -         -         -         -         -         -         -
        ClaimService/RemoveClaimRule        -         -         -         -         -         -         -         hidden
        ClaimService/ListClaimRules         -         yes       yes       yes       yes       yes       yes       yes
        ClaimService/TestClaims             -         -         -         -         -         -         -         yes, but
        AppraisalService/GetAppraisal       -         hidden    -         hidden    hidden    hidden    hidden    hidden
        AppraisalService/ChangeAppraisal    -         -         -         -         -         hidden    -         hidden
        AppraisalService/RateInAppraisal    -         -         -         hidden    -         -         -         hidden
        AppraisalService/RevealRatings      -         -         -         hidden    -         -         -         hidden
        AppraisalService/ReachConsensus     -         -         -         hidden    -         -         -         hidden
        AppraisalService/RecordFinding      -         -         -         hidden    -         -         -         hidden
        AppraisalService/SignOffAppraisal   -         -         -         hidden    -         -         -         hidden
        AppraisalService/CloseAppraisal     -         -         -         -         -         hidden    -         hidden
        AppraisalService/CancelAppraisal    -         -         -         -         -         hidden    -         hidden
        ErasureService/EraseTexts           -         -         -         -         -         -         -         yes
        ErasureService/WithholdTexts        -         -         -         -         -         -         -         hidden
        ErasureService/RunRetention         -         -         -         -         -         -         -         yes
        ErasureService/SetRetention         -         -         -         -         -         -         -         hidden
        ErasureService/RemoveRetention      -         -         -         -         -         -         -         hidden
        ErasureService/ListRetention        -         -         -         -         -         -         -         -
        ErasureService/PlaceHold            -         -         -         -         -         -         -         hidden
        ErasureService/LiftHold             -         -         -         -         -         -         -         -
        ErasureService/ListHolds            -         -         -         -         -         -         -         -
    "#]].assert_eq(&table);
}

/// Whether a caller may: what is wrong with the request besides does not matter.
fn cell(answer: &Result<(), Status>) -> String {
    let told = match answer {
        Ok(()) => "yes",
        Err(status) if status.code() == tonic::Code::PermissionDenied => "-",
        Err(status) if status.code() == tonic::Code::NotFound => "hidden",
        Err(_) => "yes, but",
    };
    format!("{told:9}")
}
