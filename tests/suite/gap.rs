//! Targets of profiles held against levels, over gRPC.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::coordinate::Known;

use crate::running::{System, item, on, rating, refusal, submit, told};

/// Base practices of PA10 in the 2008 model, and the last of them.
const BASE: [&str; 6] = ["BP.10.01", "BP.10.02", "BP.10.03", "BP.10.04", "BP.10.05", "BP.10.06"];
const LAST: &str = "BP.10.07";

/// A project of the team `team` since the beginning of 2026.
pub(crate) async fn registered(system: &System, name: &str) {
    let asked = wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: name.to_owned(),
        team: "team".to_owned(),
        effective_at: on("2026-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().register_unit(asked).await.unwrap();
}

/// A project of the team `team` with valid evidence for all of PA10, of which all but the last base
/// practice are satisfied since May 2026, and the last one is rated as said.
pub(crate) async fn rated_project(system: &System, name: &str, last: wire::Value) {
    registered(system, name).await;
    system.trust_tools(name).await;
    let tool = system.principal(&format!("scanner-of-{name}"), wire::PrincipalKind::Service).await;
    let practices = BASE.into_iter().chain([LAST]).map(str::to_owned).collect();
    let every = wire::EvidenceItem { practices, ..item("p1") };
    tool.evidence.clone().submit_evidence(submit(name, vec![every])).await.unwrap();
    let from = "2026-05-02T00:00:00Z";
    let satisfied = BASE.map(|practice| rating(practice, wire::Value::Satisfied, from));
    let all = satisfied.into_iter().chain([rating(LAST, last, from)]).collect();
    system.rated(name, all).await;
}

pub(crate) async fn adopted(system: &System, unit: &str, profile: &str, from: &str) {
    let asked = wire::AdoptProfileRequest {
        unit: unit.to_owned(),
        append: None,
        document: profile.to_owned(),
        effective_at: on(from),
    };
    system.operator.units.clone().adopt_profile(asked).await.unwrap();
}

fn asked(areas: &[&str]) -> wire::QueryGapRequest {
    wire::QueryGapRequest {
        unit: "alpha".to_owned(),
        areas: areas.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

fn at(valid_at: &str, size: Option<u64>) -> Option<wire::Coordinate> {
    let known = size.map(Known::LogSize);
    Some(wire::Coordinate { valid_at: on(valid_at), known, ..Default::default() })
}

async fn gap(
    system: &System,
    asked: wire::QueryGapRequest,
) -> Result<wire::QueryGapResponse, Status> {
    Ok(system.operator.levels.clone().query_gap(asked).await?.into_inner())
}

fn in_words(answer: &wire::QueryGapResponse) -> String {
    let by = answer.adopted_by.as_ref().map_or("nobody", |unit| unit.name.as_str());
    let mut words = format!(
        "{} of {}, adopted by {by}, {}\n",
        answer.profile, answer.profile_model, answer.way
    );
    for area in &answer.areas {
        let target = area.target.map_or_else(|| "none".to_owned(), |target| target.to_string());
        let of = |source: &wire::TargetSource| {
            let level = source.level.map_or_else(|| "n/a".to_owned(), |level| level.to_string());
            let way = [&source.part, &source.relation, &source.phase].map(String::as_str).join(" ");
            let own = if source.overrides { " own" } else { "" };
            format!(" [{} {level} {}{own}]", source.area, way.trim())
        };
        writeln!(
            words,
            "{} target {target} {}; rated {} {:?}; ongoing {} {:?} short by {}{}",
            area.area,
            area.basis,
            told(area.rated.as_ref()),
            area.rated_status(),
            told(area.ongoing.as_ref()),
            area.ongoing_status(),
            area.short_by.map_or_else(|| "nothing".to_owned(), |levels| levels.to_string()),
            area.sources.iter().map(of).collect::<String>(),
        )
        .unwrap();
    }
    words + &answer.warnings.join("\n")
}

async fn check(system: &System, asked: wire::QueryGapRequest, expected: &Expect) {
    let words = match gap(system, asked).await {
        Ok(answer) => in_words(&answer),
        Err(status) => refusal(&status),
    };
    expected.assert_eq(&words);
}

#[tokio::test]
async fn the_profile_of_the_team_is_carried_to_the_edition_of_the_project() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::NotSatisfied).await;
    adopted(&system, "team", "service-bureau", "2026-01-01").await;
    check(&system, asked(&["PA03", "PA10", "PA19"]), &expect![[r#"
        service-bureau of sse-cmm-1997, adopted by team, forward
        iso-21827-2008/PA03 target 2 inferred; rated not rated NotRated; ongoing not rated NotRated short by nothing [PA05 2 decides split]
        iso-21827-2008/PA10 target 1 inferred; rated 0 Short; ongoing 0 Short short by 1 [PA01 1 decides renumbered]
        iso-21827-2008/PA19 target none stated; rated not rated NotApplicable; ongoing not rated NotApplicable short by nothing [PA18 n/a not-applicable renamed]
    "#]]).await;
}

#[tokio::test]
async fn what_blocks_a_target_are_the_practices_that_the_ongoing_level_lacks() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::NotSatisfied).await;
    adopted(&system, "alpha", "service-bureau", "2026-01-01").await;
    let blocked = wire::QueryGapRequest { with_blockers: true, ..asked(&["PA10"]) };
    let needs = |answer: &wire::QueryGapResponse| {
        let need = |need: &wire::Need| {
            format!("{} {} {}", need.practice, need.rate().as_str_name(), need.evidence)
        };
        answer.areas[0].blockers.iter().map(need).collect::<Vec<_>>().join("\n")
    };
    let today = gap(&system, blocked.clone()).await.unwrap();
    expect!["iso-21827-2008/BP.10.07 VALUE_SATISFIED false"].assert_eq(&needs(&today));
    // In two years nothing is valid any more.
    let later = wire::QueryGapRequest { coordinate: at("2028-06-01", None), ..blocked };
    let later = gap(&system, later).await.unwrap();
    expect![[r#"
        iso-21827-2008/BP.10.01 VALUE_UNSPECIFIED true
        iso-21827-2008/BP.10.02 VALUE_UNSPECIFIED true
        iso-21827-2008/BP.10.03 VALUE_UNSPECIFIED true
        iso-21827-2008/BP.10.04 VALUE_UNSPECIFIED true
        iso-21827-2008/BP.10.05 VALUE_UNSPECIFIED true
        iso-21827-2008/BP.10.06 VALUE_UNSPECIFIED true
        iso-21827-2008/BP.10.07 VALUE_SATISFIED true"#]]
    .assert_eq(&needs(&later));
    let without = gap(&system, asked(&["PA10"])).await.unwrap();
    assert!(without.areas[0].blockers.is_empty());
    let levels = |answer: &wire::QueryGapResponse| (answer.areas[0].rated, answer.areas[0].ongoing);
    assert_eq!(levels(&today), levels(&without), "both ways of reading agree");
}

#[tokio::test]
async fn a_gap_in_the_past_is_against_what_was_aimed_at_then() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let before = system.size().await;
    adopted(&system, "team", "service-bureau", "2026-01-01").await;
    adopted(&system, "team", "certification-authority", "2026-04-01").await;
    for (valid_at, size, profile) in [
        ("2026-03-31", None, "service-bureau"),
        ("2026-04-01", None, "certification-authority"),
        ("2026-04-01", Some(before + 1), "service-bureau"),
    ] {
        let then = wire::QueryGapRequest { coordinate: at(valid_at, size), ..asked(&["PA10"]) };
        let first = gap(&system, then.clone()).await.unwrap();
        assert_eq!(first.profile, profile, "{valid_at}");
        let pinned = wire::QueryGapRequest { profile: first.profile_digest, ..then };
        assert_eq!(gap(&system, pinned).await.unwrap().digest, first.digest);
    }
    let none = wire::QueryGapRequest { coordinate: at("2026-04-01", Some(before)), ..asked(&[]) };
    check(
        &system,
        none.clone(),
        &expect!["FailedPrecondition NO_PROFILE: no profile is in force: name one, or adopt one"],
    )
    .await;
    let named = wire::QueryGapRequest { profile: "service-bureau".to_owned(), ..none };
    let named = gap(&system, named).await.unwrap();
    assert_eq!((named.areas.len(), named.adopted_by), (22, None));
}

#[tokio::test]
async fn a_profile_of_ones_own_overrides_its_base_and_asks_for_more_in_a_phase() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let bureau = wire::QueryGapRequest { profile: "service-bureau".to_owned(), ..asked(&[]) };
    let digest = gap(&system, bureau).await.unwrap().profile_digest;
    let ours = |digest: &str| {
        format!(
            "[profile]\nid = 'ours'\ntitle = 'Ours'\nmodel = 'sse-cmm-1997'\n\
             base = 'service-bureau'\nbase_digest = '{digest}'\n\n\
             [[target]]\narea = 'PA01'\nlevel = 2\nphases = {{ development = 4 }}\n\
             rationale = 'Our customers ask for it.'\n"
        )
    };
    let mut models = system.operator.models.clone();
    let publish =
        |text: String| wire::PublishProfileRequest { append: None, content: text.into_bytes() };
    let refused = models.publish_profile(publish(ours(&"0".repeat(64)))).await.unwrap_err();
    expect!["NotFound DOCUMENT_UNKNOWN: it builds on profile 0000000000000000000000000000000000000000000000000000000000000000, which was not published"].assert_eq(&refusal(&refused));
    models.publish_profile(publish(ours(&digest))).await.unwrap();
    adopted(&system, "alpha", "ours", "2026-01-01").await;
    let enter = wire::EnterPhaseRequest {
        unit: "alpha".to_owned(),
        append: None,
        phase: wire::Phase::Development.into(),
        effective_at: on("2026-04-01"),
    };
    system.operator.units.clone().enter_phase(enter).await.unwrap();
    let on_day =
        |day| wire::QueryGapRequest { coordinate: at(day, None), ..asked(&["PA10", "PA12"]) };
    check(&system, on_day("2026-03-31"), &expect![[r#"
        ours of sse-cmm-1997, adopted by alpha, forward
        iso-21827-2008/PA10 target 2 stated; rated not rated NotRated; ongoing not rated NotRated short by nothing [PA01 2 decides renumbered own]
        iso-21827-2008/PA12 target 2 inferred; rated not rated NotRated; ongoing not rated NotRated short by nothing [PA11 2 decides renumbered]
    "#]]).await;
    check(&system, on_day("2026-05-03"), &expect![[r#"
        ours of sse-cmm-1997, adopted by alpha, forward
        iso-21827-2008/PA10 target 4 stated; rated 1 to 5, 28 open Open; ongoing 1 to 5, 28 open Open short by 3 [PA01 4 decides renumbered development own]
        iso-21827-2008/PA12 target 2 inferred; rated not rated NotRated; ongoing not rated NotRated short by nothing [PA11 2 decides renumbered]
    "#]]).await;
}

#[tokio::test]
async fn what_cannot_be_measured_says_why() {
    let system = System::new().await;
    system.project("alpha").await;
    let named = |profile: &str, areas: &[&str]| wire::QueryGapRequest {
        profile: profile.to_owned(),
        ..asked(areas)
    };
    check(
        &system,
        asked(&[]),
        &expect!["FailedPrecondition NO_PROFILE: no profile is in force: name one, or adopt one"],
    )
    .await;
    check(
        &system,
        named("strict", &[]),
        &expect!["NotFound DOCUMENT_UNKNOWN: profile `strict` is unknown"],
    )
    .await;
    check(
        &system,
        named("service-bureau", &["PA99"]),
        &expect!["NotFound AREA_UNKNOWN: area `PA99` is unknown"],
    )
    .await;
    check(&system, named("service-bureau", &["PA1"]), &expect!["InvalidArgument INVALID_FIELD [areas[0]]: `areas[0]`: `PA1` is no process area: write it like PA01"]).await;
    let nobody = wire::QueryGapRequest { unit: "nobody".to_owned(), ..asked(&[]) };
    check(&system, nobody, &expect!["NotFound UNIT_UNKNOWN: unit `nobody` is unknown"]).await;
}
