//! Every role against every method, on a unit in sight, a hidden one and one that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use expect_test::expect;
use gradus_server::methods::METHODS;
use gradus_wire::v1 as wire;
use prost::Message;
use tonic::Status;
use tonic_types::StatusExt as _;

use super::rows::{Given, Row, an_appraisal, beside, of_appraisals, of_the_whole, rows, suspect};
use crate::attachments::put;
use crate::authority::Authority;
use crate::raw;
use crate::running::{System, item, on, rating};

/// A refusal with everything that a caller can tell it by.
#[derive(Debug, PartialEq)]
struct Refused {
    code: String,
    told: String,
    bytes: usize,
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let info = status.get_details_error_info().unwrap();
        // Written in any order, which tells nothing.
        let metadata: BTreeMap<_, _> = info.metadata.into_iter().collect();
        let fields = status.get_details_bad_request();
        let told = format!("{} {} {metadata:?} {fields:?}", status.message(), info.reason);
        Self { code: format!("{:?}", status.code()), told, bytes: status.details().len() }
    }
}

impl From<wire::PushError> for Refused {
    fn from(error: wire::PushError) -> Self {
        let words =
            error.code.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase());
        let told = format!("{} {} {:?}", error.message, error.reason, error.metadata);
        Self { code: words.collect(), told, bytes: error.encoded_len() }
    }
}

async fn ask(system: &System, token: &str, (method, request): &Row) -> Result<(), Refused> {
    let (path, bearer) = (format!("/gradus.v1.{method}"), format!("Bearer {token}"));
    let streams =
        ["Watch", "Subscribe", "Verify", "Rebuild", "Export", "Replay", "Push", "CreateCapsule"];
    let is_stream = streams.iter().any(|stream| method.contains(&format!("/{stream}")));
    let is_stream = is_stream || method.ends_with("/GetAttachment");
    let (channel, bearer, request) = (&system.channel, Some(bearer.as_str()), request.clone());
    if !is_stream {
        return Ok(raw::call(channel, bearer, &path, request).await.map(|_| ())?);
    }
    let first = raw::first(channel, bearer, &path, request).await?;
    if !method.ends_with("/PushEvidence") {
        return Ok(());
    }
    let answer = wire::PushEvidenceResponse::decode(first.as_slice()).unwrap();
    match answer.result.unwrap() {
        wire::push_evidence_response::Result::Error(error) => Err(error.into()),
        wire::push_evidence_response::Result::Receipt(_) => Ok(()),
    }
}

/// Everything that a caller can tell an answer by, with what is named made neutral.
fn seen(answer: &Result<(), Refused>, given: &Given) -> String {
    match answer {
        Ok(()) => "an answer".to_owned(),
        Err(Refused { code, told, bytes }) => format!("{code} {} {bytes}", given.neutral(told)),
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

/// What there is to name in a unit, once there is as much in it as in the other one.
async fn equipped(
    system: &System,
    (unit, principal, rule): (&str, &str, &str),
    authority: &Authority,
) -> Given {
    let operator = &system.operator;
    let asked = wire::RegisterUnitRequest {
        kind: wire::UnitKind::Team.into(),
        name: unit.to_owned(),
        effective_at: on("2025-01-01"),
        ..Default::default()
    };
    operator.units.clone().register_unit(asked).await.unwrap();
    let position = system.size().await;
    // Who provides what waits does not rate its practice.
    let rated = rating("BP.10.01", wire::Value::Satisfied, "2026-05-01");
    let rating = system.rated(unit, vec![rated]).await.swap_remove(0);
    let attachment = put(operator, unit, unit.as_bytes()).await.unwrap().sha256;
    let attaches = wire::EvidenceItem { attachments: vec![attachment.clone()], ..item("1") };
    let evidence = system.submitted(unit, vec![attaches, item("2")]).await.swap_remove(0);
    let entered = wire::EnterPhaseRequest {
        unit: unit.to_owned(),
        phase: wire::Phase::Operation.into(),
        ..Default::default()
    };
    operator.units.clone().enter_phase(entered).await.unwrap();
    system.trust_tools(unit).await;
    system.grant("keeper", wire::Role::Viewer, unit).await;
    let declared = wire::DeclareConflictRequest {
        unit: unit.to_owned(),
        principal: "keeper".to_owned(),
        reason: "own work".to_owned(),
        ..Default::default()
    };
    operator.duties.clone().declare_conflict(declared).await.unwrap();
    let input = Some(an_appraisal(unit.to_owned()));
    let opened = wire::OpenAppraisalRequest { append: None, input };
    let opened = operator.appraisals.clone().open_appraisal(opened).await.unwrap().into_inner();

    system.with_role(principal, wire::PrincipalKind::Person, (wire::Role::Viewer, unit)).await;
    let asked = wire::IssueTokenRequest { principal: principal.to_owned(), ..Default::default() };
    let issued = operator.principals.clone().issue_token(asked).await.unwrap().into_inner();
    let registered = wire::RegisterCertificateRequest {
        principal: principal.to_owned(),
        certificate: authority.signs(principal).der,
        ..Default::default()
    };
    let registered = operator.principals.clone().register_certificate(registered).await.unwrap();
    let set = wire::SetClaimRuleRequest {
        name: rule.to_owned(),
        issuer: "https://ci.example".to_owned(),
        conditions: vec![wire::ClaimCondition {
            claim: "repository_id".to_owned(),
            value: unit.to_owned(),
        }],
        subject: "repository_id".to_owned(),
        role: wire::Role::Collector.into(),
        unit: unit.to_owned(),
        ..Default::default()
    };
    operator.claims.clone().set_claim_rule(set).await.unwrap();
    let kept = wire::SetRetentionRequest {
        unit: unit.to_owned(),
        days: 900,
        reason: "our schedule".to_owned(),
        ..Default::default()
    };
    operator.erasure.clone().set_retention(kept).await.unwrap();
    let distrust = system.size().await;
    let distrusted = wire::DistrustSourceRequest {
        suspect: suspect(principal),
        reason: "its token leaked".to_owned(),
        ..Default::default()
    };
    operator.sources.clone().distrust_source(distrusted).await.unwrap();
    Given {
        unit: unit.to_owned(),
        evidence,
        rating,
        appraisal: opened.appraisal,
        attachment,
        position,
        principal: principal.to_owned(),
        token: issued.token.unwrap().id,
        key: registered.into_inner().certificate.unwrap().key,
        certificate: authority.signs("new").der,
        rule: rule.to_owned(),
        distrust,
    }
}

/// What nobody has, in names as long as those of `like`.
fn missing(like: &Given) -> Given {
    let id = || "00000000-0000-4000-8000-000000000000".to_owned();
    let missing = Given {
        unit: "zeta".to_owned(),
        evidence: id(),
        rating: id(),
        appraisal: id(),
        attachment: "00".repeat(32),
        position: 998,
        principal: "zack".to_owned(),
        token: id(),
        key: "00".repeat(32),
        certificate: like.certificate.clone(),
        rule: "of-zeta".to_owned(),
        distrust: 999,
    };
    let lengths = |given: &Given| {
        [&given.unit, &given.evidence, &given.rating, &given.appraisal, &given.principal]
            .into_iter()
            .chain([&given.token, &given.key, &given.rule, &given.attachment])
            .chain(&[given.position.to_string(), given.distrust.to_string()])
            .map(String::len)
            .collect::<Vec<_>>()
    };
    assert_eq!(lengths(like), lengths(&missing));
    missing
}

/// Two units with the same in each, and a principal of each role on the first.
async fn prepared() -> (System, Vec<String>, [Given; 2]) {
    let system = System::new().await;
    let person = wire::PrincipalKind::Person;
    // Numbers of records then have three digits.
    for number in 0..100 {
        let added = wire::AddPrincipalRequest {
            append: None,
            name: format!("one-of-many-{number}"),
            kind: person.into(),
        };
        system.operator.principals.clone().add_principal(added).await.unwrap();
    }
    let added =
        wire::AddPrincipalRequest { append: None, name: "keeper".to_owned(), kind: person.into() };
    system.operator.principals.clone().add_principal(added).await.unwrap();
    let authority = Authority::new("ours");
    let own = equipped(&system, ("alfa", "anna", "of-alfa"), &authority).await;
    let hidden = equipped(&system, ("beta", "bert", "of-beta"), &authority).await;
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
    (system, tokens, [own, hidden])
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

/// What each role is told of an own row, and that of hidden ones it is told what it is of missing ones.
async fn told(
    system: &System,
    tokens: &[String],
    [own, hidden, nowhere]: [&Row; 3],
    [of_hidden, of_nowhere]: [&Given; 2],
) -> String {
    let (mut cells, mut leaks) = (Vec::new(), String::new());
    for ((name, _), token) in ROLES.iter().zip(tokens) {
        cells.push(cell(&ask(system, token, own).await));
        let there = seen(&ask(system, token, hidden).await, of_hidden);
        let gone = seen(&ask(system, token, nowhere).await, of_nowhere);
        if there == "an answer" || there != gone {
            let _ = writeln!(leaks, "LEAK to {name}: {there} | {gone}");
        }
    }
    format!("{:35} {}\n{leaks}", own.0, cells.join(" ").trim_end())
}

#[tokio::test]
async fn what_is_named_beside_a_unit_in_sight_is_hidden_as_if_it_was_not_there() {
    let (system, tokens, [own, hidden]) = prepared().await;
    let missing = missing(&hidden);
    let rows = beside(&own, &hidden).into_iter().zip(beside(&own, &missing));
    let mut told = Vec::new();
    for (there, nowhere) in rows {
        for ((name, _), token) in ROLES.iter().zip(&tokens) {
            // Who administers or audits anything may ask about any principal.
            let knows_people = matches!(*name, "auditor" | "admin")
                && matches!(there.0, "RoleService/ListRoles" | "AuditService/SupposeWithout");
            if knows_people {
                continue;
            }
            let one = seen(&ask(&system, token, &there).await, &hidden);
            let other = seen(&ask(&system, token, &nowhere).await, &missing);
            if one == "an answer" || one != other {
                told.push(format!("{name}: {}: {one} | {other}", there.0));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "the table itself")]
async fn each_role_may_call_what_the_table_says_and_hidden_units_look_like_none() {
    let (system, tokens, [own, hidden]) = prepared().await;
    let missing = missing(&hidden);
    // Somebody who supplied nothing may do all of it.
    let chief = system.token("chief", wire::PrincipalKind::Person).await;
    // No state digest is there that a level could be proved by.
    for row in rows(&own).into_iter().filter(|row| row.0 != "ProofService/ProveLevel") {
        let answer = ask(&system, &chief, &row).await;
        assert!(answer.is_ok(), "{}: {answer:?}", row.0);
    }
    let whole = of_the_whole();
    let mut named: BTreeSet<&str> = rows(&own).iter().map(|(method, _)| *method).collect();
    named.extend(of_appraisals(&own).iter().map(|(method, _)| *method));
    named.extend(whole.iter().map(|((method, _), _)| *method));
    assert_eq!(named.len(), METHODS.len());
    let mut table = String::new();
    let heads: Vec<String> = ROLES.iter().map(|(name, _)| format!("{name:9}")).collect();
    let _ = writeln!(table, "{:35} {}", "", heads.join(" ").trim_end());
    for of in [rows, of_appraisals] {
        for ((row, hidden_row), nowhere) in of(&own).iter().zip(of(&hidden)).zip(of(&missing)) {
            let three = [row, &hidden_row, &nowhere];
            table += &told(&system, &tokens, three, [&hidden, &missing]).await;
        }
    }
    let mut last = "";
    for (row, reason) in &whole {
        if *reason != last {
            let _ = writeln!(table, "{reason}:");
            last = reason;
        }
        let mut cells = Vec::new();
        for token in &tokens {
            cells.push(cell(&ask(&system, token, row).await));
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
        EvidenceService/PushEvidence        -         -         yes       yes       -         -         -         yes
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
        EventService/GetEvent               -         yes       -         yes       yes       yes       yes       yes
        ProofService/ProveInclusion         -         -         -         -         -         -         yes       yes
        ProofService/ProveUnit              -         -         -         -         -         -         yes       yes
        ProofService/ProveLevel             -         -         -         -         -         -         yes, but  yes, but
        ProofService/CreateCapsule          -         -         -         -         -         -         -         -
        PrincipalService/DisablePrincipal   -         -         -         -         -         -         -         -
        PrincipalService/IssueToken         -         -         -         -         -         -         -         -
        PrincipalService/RevokeToken        -         -         -         -         -         -         -         -
        PrincipalService/RotateToken        -         -         -         -         -         -         -         -
        PrincipalService/RegisterCertificate -         -         -         -         -         -         -         -
        PrincipalService/RevokeCertificate  -         -         -         -         -         -         -         -
        SourceService/DistrustSource        -         -         -         -         -         -         -         -
        SourceService/RestoreSource         -         -         -         -         -         -         -         -
        ClaimService/RemoveClaimRule        -         -         -         -         -         -         -         yes
        AttachmentService/PutAttachment     -         -         yes       yes       -         -         -         yes
        AttachmentService/GetAttachment     -         yes       -         yes       yes       yes       yes       yes
        AttachmentService/ListAttachments   -         yes       -         yes       yes       yes       yes       yes
        AttachmentService/EraseAttachments  -         -         -         -         -         -         -         yes
        ErasureService/WithholdTexts        -         -         -         -         -         -         -         yes
        ErasureService/SetRetention         -         -         -         -         -         -         -         -
        ErasureService/RemoveRetention      -         -         -         -         -         -         -         -
        ErasureService/PlaceHold            -         -         -         -         -         -         -         -
        AppraisalService/GetAppraisal       -         yes       -         yes       yes       yes       yes       yes
        AppraisalService/ChangeAppraisal    -         -         -         -         -         -         -         -
        AppraisalService/RateInAppraisal    -         -         -         -         -         -         -         -
        AppraisalService/RevealRatings      -         -         -         -         -         -         -         -
        AppraisalService/ReachConsensus     -         -         -         -         -         -         -         -
        AppraisalService/RecordFinding      -         -         -         -         -         -         -         -
        AppraisalService/SignOffAppraisal   -         -         -         -         -         -         -         -
        AppraisalService/CloseAppraisal     -         -         -         -         -         -         -         -
        AppraisalService/CancelAppraisal    -         -         -         -         -         -         -         -
        it is about the caller alone:
        PrincipalService/WhoAmI             yes       yes       yes       yes       yes       yes       yes       yes
        PrincipalService/RotateToken        yes       yes       yes       yes       yes       yes       yes       yes
        AuditService/ListEngagements        -         -         -         -         -         -         yes       yes
        AuditService/ReadQueries            -         -         -         -         -         -         yes       hidden
        AuditService/EndEngagement          hidden    hidden    hidden    hidden    hidden    hidden    yes       hidden
        documents are published to everybody who may call:
        ModelService/ListDocuments          yes       yes       yes       yes       yes       yes       yes       yes
        ModelService/GetDocument            yes       yes       yes       yes       yes       yes       yes       yes
        ModelService/GetModel               yes       yes       yes       yes       yes       yes       yes       yes
        it brings what it is about, for the whole organization:
        ModelService/PublishModel           -         -         -         -         -         -         -         -
        ModelService/PublishRules           -         -         -         -         -         -         -         -
        ModelService/PublishProfile         -         -         -         -         -         -         -         -
        PrincipalService/AddPrincipal       -         -         -         -         -         -         -         -
        it lists, and leaves out what is not in sight:
        PrincipalService/ListPrincipals     -         -         -         -         -         -         -         -
        SourceService/ListDistrusted        -         -         -         -         -         -         -         -
        ClaimService/ListClaimRules         -         yes       yes       yes       yes       yes       yes       yes
        ErasureService/ListRetention        -         -         -         -         -         -         -         -
        ErasureService/ListHolds            -         -         -         -         -         -         -         -
        it acts on what is in sight alone:
        ErasureService/EraseTexts           -         -         -         -         -         -         -         yes
        ErasureService/RunRetention         -         -         -         -         -         -         -         yes
        the names of holds are the organization's, whose right it needs:
        ErasureService/LiftHold             -         -         -         -         -         -         -         -
        it is about the server:
        ProjectionService/ListProjections   -         -         -         -         -         -         -         -
        ProjectionService/VerifyProjection  -         -         -         -         -         -         -         -
        ProjectionService/RebuildProjection -         -         -         -         -         -         -         -
        ClockService/GetClock               yes       yes       yes       yes       yes       yes       yes       yes
        ClockService/AcceptClock            -         -         -         -         -         -         -         -
        it is about the log as a whole, whose size and root are no secret:
        BackupService/ExportLog             -         -         -         -         -         -         -         -
        BackupService/ExportAttachments     -         -         -         -         -         -         -         -
        ProofService/GetCheckpoint          yes       yes       yes       yes       yes       yes       yes       yes
        ProofService/ProveConsistency       yes       yes       yes       yes       yes       yes       yes       yes
        ProofService/ProveScope             -         -         -         -         -         -         -         -
        ProofService/RotateLogKey           -         -         -         -         -         -         -         -
        ProofService/ProveKnownAt           -         -         -         -         -         -         -         -
        ProofService/ReadTile               -         -         -         -         -         -         yes       yes
        ProofService/ListStateDigests       -         -         -         -         -         -         yes       yes
        ProofService/CreateCapsule          -         -         -         -         -         -         -         -
        a token that no issuer signed names nothing; in `oidc::rules` one does:
        ClaimService/TestClaims             -         -         -         -         -         -         -         yes, but
    "#]].assert_eq(&table);
}

/// Whether a caller may: what is wrong with the request besides does not matter.
fn cell(answer: &Result<(), Refused>) -> String {
    let told = match answer {
        Ok(()) => "yes",
        Err(refused) if refused.code == "PermissionDenied" => "-",
        Err(refused) if refused.code == "NotFound" => "hidden",
        Err(_) => "yes, but",
    };
    format!("{told:9}")
}
