//! Forecasts over gRPC: what moves and when if nothing is renewed.

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;

use crate::running::{System, item, levels_of, on, rating, refusal, submit, told};

/// Base practices of PA10 in the 2008 model.
const BASE: [&str; 7] =
    ["BP.10.01", "BP.10.02", "BP.10.03", "BP.10.04", "BP.10.05", "BP.10.06", "BP.10.07"];

/// A project whose practices of PA10 a policy covers; a plan covers one of them for longer.
async fn rated_project() -> System {
    let system = System::new().await;
    system.project("alpha").await;
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let policy = wire::EvidenceItem {
        practices: BASE.iter().map(|practice| (*practice).to_owned()).collect(),
        work_to: on("2025-01-01"),
        ..item("policy")
    };
    let scan = wire::EvidenceItem {
        kind: wire::Kind::ScanReport.into(),
        practices: vec!["BP.10.01".to_owned(), "BP.03.01".to_owned()],
        ..item("scan")
    };
    tool.evidence.clone().submit_evidence(submit("alpha", vec![policy, scan])).await.unwrap();
    let ratings = BASE.map(|practice| rating(practice, wire::Value::Satisfied, "2025-02-01"));
    system.rated("alpha", ratings.to_vec()).await;
    system
}

fn of(unit: &str) -> wire::ForecastLevelsRequest {
    wire::ForecastLevelsRequest { unit: unit.to_owned(), ..Default::default() }
}

async fn asked(
    system: &System,
    question: wire::ForecastLevelsRequest,
) -> wire::ForecastLevelsResponse {
    system.operator.levels.clone().forecast_levels(question).await.unwrap().into_inner()
}

fn moment(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.unwrap();
    gradus_model::Timestamp::from_micros(at.seconds * 1_000_000).unwrap().to_string()
}

fn state(state: Option<&wire::AreaState>) -> String {
    let Some(state) = state else { return "nothing".to_owned() };
    let coverage = state.coverage.unwrap();
    let levels = (told(state.rated.as_ref()), told(state.ongoing.as_ref()));
    format!("{}; {}; {}/{}", levels.0, levels.1, coverage.covered, coverage.practices_total)
}

fn in_words(answer: &wire::ForecastLevelsResponse) -> String {
    let mut lines = Vec::new();
    for change in &answer.changes {
        let movement = change.movement.as_ref().unwrap();
        let (at, area) = (moment(movement.valid_at.as_ref()), &change.area);
        let (before, after) = (state(movement.before.as_ref()), state(movement.after.as_ref()));
        lines.push(format!("{at} {area}: {before} -> {after}"));
        for cause in &movement.causes {
            assert!(cause.position.is_some() && !cause.evidence.is_empty(), "{cause:?}");
            lines.push(format!("  {} {}", cause.class, cause.practice));
        }
    }
    lines.join("\n")
}

fn check(answer: &wire::ForecastLevelsResponse, expected: Expect) {
    expected.assert_eq(&in_words(answer));
}

#[tokio::test]
async fn a_forecast_tells_what_falls_when_and_which_evidence_it_is_due_to() {
    let system = rated_project().await;
    let answer = asked(&system, of("alpha")).await;
    assert_eq!(moment(answer.until.as_ref()), "2028-06-01T12:00:00Z");
    check(
        &answer,
        expect![[r#"
        2027-01-01T00:00:00Z iso-21827-2008/PA10: 1 to 5, 28 open; 1 to 5, 28 open; 7/7 -> 1 to 5, 28 open; 0; 0/7
          expired iso-21827-2008/BP.10.01
          expired iso-21827-2008/BP.10.02
          expired iso-21827-2008/BP.10.03
          expired iso-21827-2008/BP.10.04
          expired iso-21827-2008/BP.10.05
          expired iso-21827-2008/BP.10.06
          expired iso-21827-2008/BP.10.07"#]],
    );
    let with_coverage = wire::ForecastLevelsRequest { with_coverage: true, ..of("alpha") };
    check(
        &asked(&system, with_coverage).await,
        expect![[r#"
        2026-07-30T00:00:00Z iso-21827-2008/PA03: not rated; not rated; 1/6 -> not rated; not rated; 0/6
          expired iso-21827-2008/BP.03.01
        2027-01-01T00:00:00Z iso-21827-2008/PA10: 1 to 5, 28 open; 1 to 5, 28 open; 7/7 -> 1 to 5, 28 open; 0; 0/7
          expired iso-21827-2008/BP.10.01
          expired iso-21827-2008/BP.10.02
          expired iso-21827-2008/BP.10.03
          expired iso-21827-2008/BP.10.04
          expired iso-21827-2008/BP.10.05
          expired iso-21827-2008/BP.10.06
          expired iso-21827-2008/BP.10.07"#]],
    );
}

#[tokio::test]
async fn a_forecast_says_what_levels_will_say_if_nothing_is_renewed() {
    let system = rated_project().await;
    let question = wire::ForecastLevelsRequest { with_coverage: true, ..of("alpha") };
    let answer = asked(&system, question).await;
    assert!(!answer.changes.is_empty());
    for change in &answer.changes {
        let movement = change.movement.as_ref().unwrap();
        let at = moment(movement.valid_at.as_ref());
        let levels = system.levels(levels_of("alpha", &at)).await;
        let id = change.area.rsplit('/').next().unwrap();
        let area = levels.areas.iter().find(|area| area.area == id).unwrap();
        let after = movement.after.as_ref().unwrap();
        assert_eq!((area.rated, area.ongoing), (after.rated, after.ongoing), "{id} at {at}");
        assert_eq!(area.coverage, after.coverage, "{id} at {at}");
    }
}

#[tokio::test]
async fn a_forecast_begins_and_ends_where_it_is_asked_to() {
    let system = rated_project().await;
    let from = |valid_at: &str, until: Option<&str>| wire::ForecastLevelsRequest {
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() }),
        until: until.and_then(on),
        areas: vec!["PA10".to_owned()],
        ..of("alpha")
    };
    for (valid_at, until, changes) in [
        ("2026-06-01", Some("2027-01-01"), 0),
        ("2026-06-01", Some("2027-01-01T00:00:00.000001Z"), 1),
        ("2027-01-01", None, 0),
        ("2024-06-01", None, 1),
    ] {
        let answer = asked(&system, from(valid_at, until)).await;
        assert_eq!(answer.changes.len(), changes, "{valid_at} {until:?}: {}", in_words(&answer));
    }
    let (one, again) = (from("2026-06-01", None), from("2026-06-01", None));
    assert_eq!(asked(&system, one).await.digest, asked(&system, again).await.digest);
}

#[tokio::test]
async fn a_forecast_that_cannot_be_made_is_refused_and_one_of_nothing_is_empty() {
    let system = System::new().await;
    let size = system.size().await;
    system.project("alpha").await;
    let early = wire::Coordinate {
        known: Some(wire::coordinate::Known::LogSize(size)),
        ..Default::default()
    };
    let early = wire::ForecastLevelsRequest { coordinate: Some(early), ..of("alpha") };
    assert_eq!(asked(&system, early).await.changes, []);
    let questions = [
        of("gamma"),
        wire::ForecastLevelsRequest { until: on("2026-06-01"), ..of("alpha") },
        wire::ForecastLevelsRequest { areas: vec!["PA77".to_owned()], ..of("alpha") },
        wire::ForecastLevelsRequest { areas: vec!["x".to_owned()], ..of("alpha") },
    ];
    let mut seen = Vec::new();
    for question in questions {
        let status = system.operator.levels.clone().forecast_levels(question).await.unwrap_err();
        seen.push(refusal(&status));
    }
    expect![[r#"
        NotFound UNIT_UNKNOWN: unit `gamma` is unknown
        InvalidArgument INVALID_FIELD [until]: `until`: the span from 2026-06-01T12:00:00Z to 2026-06-01T00:00:00Z is empty: let it end after it begins
        NotFound AREA_UNKNOWN: area `PA77` is unknown
        InvalidArgument INVALID_FIELD [areas[0]]: `areas[0]`: `x` is no process area: write it like PA01"#]].assert_eq(&seen.join("\n"));
}
