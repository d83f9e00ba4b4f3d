//! The future is an ordinary question, and answers say by which rules they were computed.

use gradus_wire::v1 as wire;

use super::{
    COVERED, LAPSED, NOTHING, adopt_rules, days_later, levels_at, now, on_day, pa10, policy,
    pushed, rate, rated_alpha, tailor_out, with_alpha, with_size,
};
use crate::running::{System, on};

/// `alpha` with plans: an end of evidence, an area taken out and other rules, all ahead.
async fn with_plans() -> System {
    let system = rated_alpha().await;
    let scan = wire::EvidenceItem {
        kind: wire::Kind::ScanReport.into(),
        practices: vec!["BP.11.01".to_owned()],
        valid_until: on("2026-07-10"),
        ..policy("scan", "2026-05-20")
    };
    let id = system.submitted("alpha", vec![scan]).await.remove(0);
    super::accept(&system, &id).await;
    tailor_out(&system, "PA05", "2026-09-01").await;
    adopt_rules(&system, "alpha", "nplf-33020", "2026-11-01").await;
    adopt_rules(&system, "team", "trusted-tools", "2026-12-01").await;
    system
}

fn moved(at: prost_types::Timestamp, micros: i32) -> wire::Coordinate {
    let nanos = at.nanos + micros * 1_000;
    let valid_at = match nanos {
        0.. => prost_types::Timestamp { nanos, ..at },
        _ => prost_types::Timestamp { seconds: at.seconds - 1, nanos: 1_000_000_000 + nanos },
    };
    wire::Coordinate { valid_at: Some(valid_at), ..Default::default() }
}

/// Every area of `alpha`: what a forecast moves of it.
async fn states(
    system: &System,
    coordinate: wire::Coordinate,
) -> std::collections::BTreeMap<String, wire::AreaState> {
    let answer = system.levels(levels_at("alpha", coordinate)).await;
    let model = answer.coordinate.unwrap().model;
    let state = |area: wire::AreaLevel| {
        let of = wire::AreaState {
            rated: area.rated,
            ongoing: area.ongoing,
            coverage: area.coverage,
            inherited_from: area.inherited_from,
        };
        (format!("{model}/{}", area.area), of)
    };
    answer.areas.into_iter().map(state).collect()
}

#[tokio::test]
async fn the_future_is_an_ordinary_question_and_a_forecast_says_what_it_answers() {
    let system = with_plans().await;
    let asked = wire::ForecastLevelsRequest {
        unit: "alpha".to_owned(),
        with_coverage: true,
        until: on("2029-01-01"),
        ..Default::default()
    };
    let forecast = system.operator.levels.clone().forecast_levels(asked).await.unwrap();
    let changes = forecast.into_inner().changes;
    assert!(changes.len() >= 3, "{}", changes.len());
    let mut told = states(&system, wire::Coordinate::default()).await;
    for change in &changes {
        let movement = change.movement.as_ref().unwrap();
        let at = movement.valid_at.unwrap();
        // Nothing moves between two changes that were told.
        assert_eq!(movement.before, told.get(&change.area).cloned(), "{} {at:?}", change.area);
        let before = states(&system, moved(at, -1)).await;
        assert_eq!(movement.before, before.get(&change.area).cloned());
        told.insert(change.area.clone(), movement.after.clone().unwrap());
        let after = states(&system, moved(at, 0)).await;
        assert_eq!(movement.after, after.get(&change.area).cloned());
    }
    assert_eq!(states(&system, on_day("2028-12-31")).await, told, "and nothing else has moved");
}

#[tokio::test]
async fn what_was_said_of_the_future_is_what_is_answered_when_it_has_come() {
    let system = with_plans().await;
    let size = system.size().await;
    let days = 190;
    let then = on(&(system.now().plus_micros(days * 86_400 * 1_000_000)).to_string()).unwrap();
    let asked = wire::Coordinate { valid_at: Some(then), ..with_size("1990-01-01", size) };
    let said = system.levels(levels_at("alpha", asked)).await;
    let system = days_later(system, days).await;
    let come = system.levels(levels_at("alpha", wire::Coordinate::default())).await;
    assert_eq!(come.coordinate.as_ref().unwrap().valid_at, Some(then));
    assert_eq!((&come.areas, &come.scheme), (&said.areas, &said.scheme));
    assert_eq!((come.digest, said.scheme.as_str()), (said.digest, "nplf-33020"));
    assert_eq!(now(&system), then);
    // A renewal afterwards changes the future, and not what was said of it.
    assert_eq!(pa10(&system, with_size("2028-06-01", size)).await, LAPSED);
    // By the rules in force then somebody else has to accept it.
    let renewal = system.submitted("alpha", vec![policy("renewal", "2026-12-01")]).await.remove(0);
    let other = system.principal("other", wire::PrincipalKind::Person).await;
    super::accept_as(&other, &renewal).await;
    assert_eq!(pa10(&system, on_day("2028-06-01")).await, COVERED);
    assert_eq!(pa10(&system, with_size("2028-06-01", size)).await, LAPSED);
}

#[tokio::test]
async fn an_answer_says_by_which_rules_it_was_computed() {
    let system = with_alpha().await;
    let early = system.size().await;
    pushed(&system, "scanner", vec![policy("p1", "2026-01-10")]).await;
    rate(&system, wire::Value::Satisfied, "2026-01-11").await;
    let others = wire::Coordinate { rules: "trusted-tools".to_owned(), ..on_day("2026-06-01") };
    assert_eq!(pa10(&system, others.clone()).await, COVERED);
    assert_eq!(pa10(&system, on_day("2026-06-01")).await, LAPSED);
    let mut levels = system.operator.levels.clone();
    let (unit, here) = ("alpha".to_owned(), Some(others.clone()));
    let mut said = Vec::new();
    said.push(("levels", system.levels(levels_at("alpha", others.clone())).await.coordinate));
    said.push(("explain", super::explained(&system, others.clone()).await.coordinate));
    let asked = wire::ForecastLevelsRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        ..Default::default()
    };
    said.push(("forecast", levels.forecast_levels(asked).await.unwrap().into_inner().coordinate));
    let asked = wire::QueryGapRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        profile: "service-bureau".to_owned(),
        ..Default::default()
    };
    said.push(("gap", levels.query_gap(asked).await.unwrap().into_inner().coordinate));
    let asked = wire::RollUpLevelsRequest { coordinate: here.clone(), ..Default::default() };
    said.push(("roll-up", levels.roll_up_levels(asked).await.unwrap().into_inner().coordinate));
    let asked = wire::CheckLevelsRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        minimums: vec![wire::MinimumLevel { area: "PA10".to_owned(), level: 1 }],
        ..Default::default()
    };
    said.push(("check", levels.check_levels(asked).await.unwrap().into_inner().coordinate));
    let side = |coordinate: wire::Coordinate| {
        Some(wire::Side { unit: unit.clone(), coordinate: Some(coordinate) })
    };
    let asked = wire::CompareLevelsRequest {
        from: side(on_day("2026-06-01")),
        to: side(others.clone()),
        ..Default::default()
    };
    let compared = levels.compare_levels(asked).await.unwrap().into_inner();
    said.push(("compare", compared.to));
    assert_eq!(compared.from.unwrap().rules_name, "solo");
    let mut digests = std::collections::BTreeSet::new();
    for (call, coordinate) in said {
        let coordinate = coordinate.unwrap();
        assert_eq!(coordinate.rules_name, "trusted-tools", "{call}");
        digests.insert(coordinate.rules);
    }
    assert_eq!(digests.len(), 1);
    // A date of long ago, with what was known then, by rules of today.
    let then = wire::Coordinate { known: with_size("1990-01-01", early).known, ..others };
    assert_eq!(pa10(&system, then).await, NOTHING);
}

#[tokio::test]
async fn a_trend_says_by_which_rules_it_was_computed() {
    let system = with_alpha().await;
    let others = wire::Coordinate { rules: "trusted-tools".to_owned(), ..on_day("2026-06-01") };
    let asked = wire::QueryTrendRequest {
        units: vec!["alpha".to_owned()],
        coordinate: Some(others),
        ..Default::default()
    };
    let answer = system.operator.levels.clone().query_trend(asked).await.unwrap().into_inner();
    assert_eq!(answer.coordinate.unwrap().rules_name, "trusted-tools");
}
