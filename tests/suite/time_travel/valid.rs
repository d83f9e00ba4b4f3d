//! The clock of the unit's life: what is answered for a date is what held at that date.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::everything::{Subjects, asked};
use super::{
    BASE, COVERED, LAPSED, NOTHING, accepted, adopt_model, adopt_rules, alpha, days_later,
    evidence, explained, label, levels_at, move_to, on_day, pa10, policy, pushed, rate,
    rated_alpha, register, tailor_out, with_alpha,
};
use crate::running::{System, on, rating, refusal, told};

async fn trend(system: &System, coordinate: wire::Coordinate) -> wire::QueryTrendResponse {
    let asked = wire::QueryTrendRequest {
        units: vec!["alpha".to_owned()],
        areas: vec!["PA10".to_owned()],
        coordinate: Some(coordinate),
        ..Default::default()
    };
    system.operator.levels.clone().query_trend(asked).await.unwrap().into_inner()
}

async fn members(system: &System, unit: &str, coordinate: wire::Coordinate) -> u32 {
    let asked = wire::RollUpLevelsRequest {
        unit: unit.to_owned(),
        coordinate: Some(coordinate),
        ..Default::default()
    };
    system.operator.levels.clone().roll_up_levels(asked).await.unwrap().into_inner().members
}

#[tokio::test]
async fn a_date_before_the_first_data_answers_that_nothing_is_known_and_is_no_error() {
    let system = rated_alpha().await;
    let unit = alpha(&system, wire::Coordinate::default()).await;
    let items = evidence(&system, wire::Coordinate::default()).await;
    let subjects =
        Subjects { unit: unit.id, team: unit.parent.unwrap().id, evidence: items[0].id.clone() };
    for day in ["1900-01-02", "1970-01-01", "2025-12-31", "2026-04-30T23:59:59.999999Z"] {
        // No question that takes a coordinate is refused.
        asked(&system, &subjects, &on_day(day)).await;
        assert_eq!(pa10(&system, on_day(day)).await, NOTHING, "{day}");
        let explained = explained(&system, on_day(day)).await;
        assert_eq!(told(explained.area.unwrap().rated.as_ref()), "not rated", "{day}");
        let not_valid = evidence(&system, on_day(day)).await;
        assert!(not_valid.iter().all(|item| !item.valid), "{day}");
    }
    assert_eq!(members(&system, "team", on_day("2025-12-31")).await, 0);
    let points = trend(&system, on_day("1950-01-01")).await.units.remove(0).areas.remove(0).points;
    assert_eq!(points.len(), 1);
    assert_eq!(told(points[0].state.as_ref().unwrap().rated.as_ref()), "not rated");
}

/// Everything that can be settled of `alpha`, from 20 May 2026 on.
async fn settled_on_20_may(system: &System) {
    let from = "2026-05-20";
    adopt_model(system, "alpha", "sse-cmm-1997", from).await;
    adopt_rules(system, "alpha", "trusted-tools", from).await;
    crate::gap::adopted(system, "alpha", "service-bureau", from).await;
    tailor_out(system, "PA03", from).await;
    label(system, &["critical"], from).await;
    register(system, wire::UnitKind::Team, "second", "").await;
    move_to(system, "alpha", "second", from).await;
    let mut units = system.operator.units.clone();
    let inherited = wire::SetAreaInheritanceRequest {
        unit: "alpha".to_owned(),
        append: None,
        area: "PA05".to_owned(),
        inheritance: wire::Inheritance::Inherited.into(),
        effective_at: on(from),
    };
    units.set_area_inheritance(inherited).await.unwrap();
    let context =
        wire::Context { assurance_need: wire::AssuranceNeed::High.into(), ..Default::default() };
    let context = wire::RecordContextRequest {
        unit: "alpha".to_owned(),
        append: None,
        context: Some(context),
        effective_at: on(from),
    };
    units.record_context(context).await.unwrap();
    let phase = wire::EnterPhaseRequest {
        unit: "alpha".to_owned(),
        append: None,
        phase: wire::Phase::Operation.into(),
        effective_at: on(from),
    };
    units.enter_phase(phase).await.unwrap();
    let marker = wire::PlaceMarkerRequest {
        unit: "alpha".to_owned(),
        append: None,
        kind: wire::MarkerKind::Release.into(),
        label: "v1".to_owned(),
        effective_at: on(from),
    };
    units.place_marker(marker).await.unwrap();
    let floors = wire::RaiseBaselineRequest {
        unit: "alpha".to_owned(),
        append: None,
        floors: vec![wire::FloorInput { area: "PA01".to_owned(), level: 1 }],
        effective_at: on(from),
    };
    units.raise_baseline(floors).await.unwrap();
    let archive = wire::ArchiveUnitRequest {
        unit: "alpha".to_owned(),
        effective_at: on(from),
        ..Default::default()
    };
    units.archive_unit(archive).await.unwrap();
}

/// What is settled of a unit, in words.
fn settled(unit: &wire::Unit) -> String {
    let id = |adopted: &Option<wire::Adopted>| {
        adopted.as_ref().map_or_else(|| "none".to_owned(), |adopted| adopted.id.clone())
    };
    format!(
        "{} {} {}; below {}; {} phases, {} markers, {} tailored, {} inherited, {} floors, \
         labels {:?}; context {}; archived {}",
        id(&unit.model),
        id(&unit.rules),
        id(&unit.profile),
        unit.parent.as_ref().map_or("nothing", |parent| parent.name.as_str()),
        unit.phases.len(),
        unit.markers.len(),
        unit.tailored_areas.len(),
        unit.inheritances.len(),
        unit.floors.len(),
        unit.labels,
        unit.context.is_some(),
        unit.archived_at.is_some(),
    )
}

#[tokio::test]
async fn a_value_of_today_never_shows_at_a_past_date() {
    let system = with_alpha().await;
    settled_on_20_may(&system).await;
    let before = alpha(&system, on_day("2026-05-19T23:59:59.999999Z")).await;
    expect!["none none none; below team; 0 phases, 0 markers, 0 tailored, 0 inherited, 0 floors, labels []; context false; archived false"]
        .assert_eq(&settled(&before));
    let after = alpha(&system, on_day("2026-05-20")).await;
    expect!["sse-cmm-1997 trusted-tools service-bureau; below second; 1 phases, 1 markers, 1 tailored, 1 inherited, 1 floors, labels [\"critical\"]; context true; archived true"]
        .assert_eq(&settled(&after));
}

#[tokio::test]
async fn what_is_said_without_a_date_holds_from_now_on_and_not_before() {
    let system = with_alpha().await;
    accepted(&system, "p1", "2026-01-10").await;
    let ratings = BASE.map(|practice| wire::RatingInput {
        effective_at: None,
        ..rating(practice, wire::Value::Satisfied, "2026-01-01")
    });
    system.rated("alpha", ratings.to_vec()).await;
    assert_eq!(
        pa10(&system, on_day("2026-06-01T11:59:59.999999Z")).await,
        "rated not rated; ongoing not rated; 7/7 covered"
    );
    assert_eq!(pa10(&system, on_day("2026-06-01T12:00:00Z")).await, COVERED);
}

#[tokio::test]
async fn freshness_is_measured_from_the_date_asked_and_not_from_today() {
    let system = rated_alpha().await;
    let size = system.size().await;
    let here = || super::with_size("2026-05-11", size);
    let first = explained(&system, here()).await;
    let system = days_later(system, 1_000).await;
    let again = explained(&system, here()).await;
    assert_eq!((again.digest, &again.practices), (first.digest, &first.practices));
    assert_eq!(again.falls_next, first.falls_next);
    let item = &again.practices[0].evidence[0];
    assert_eq!((item.age_days, item.counts), (Some(10), true));
    assert_eq!(again.practices[0].state.as_ref().unwrap().valid_until, on("2028-05-01"));
    assert_eq!(pa10(&system, here()).await, COVERED);
    assert!(evidence(&system, here()).await[0].valid);
    // And today, more than two years after the work, it has aged.
    assert_eq!(pa10(&system, on_day(&system.now().to_string())).await, LAPSED);
    assert!(!evidence(&system, wire::Coordinate::default()).await[0].valid);
    let aged = explained(&system, wire::Coordinate::default()).await;
    assert_eq!(aged.practices[0].evidence[0].age_days, Some(1_031));
}

#[tokio::test]
async fn the_window_of_a_trend_is_anchored_at_the_date_asked() {
    let system = rated_alpha().await;
    let first = trend(&system, on_day("2026-05-20")).await;
    assert_eq!((first.from, first.to), (on("2016-05-20"), on("2026-05-20")));
    let system = days_later(system, 900).await;
    let again = trend(&system, on_day("2026-05-20")).await;
    assert_eq!((again.from, again.to), (first.from, first.to));
    assert_eq!((again.digest, again.units), (first.digest, first.units));
    let latest = trend(&system, wire::Coordinate::default()).await;
    assert_eq!(latest.to, Some(super::now(&system)));
    let days = |answer: &wire::QueryTrendResponse| {
        (answer.to.unwrap().seconds - answer.from.unwrap().seconds) / 86_400
    };
    assert!((3_652..=3_653).contains(&days(&latest)), "{}", days(&latest));
}

#[tokio::test]
async fn the_latest_recorded_fact_of_an_instant_wins() {
    let system = with_alpha().await;
    register(&system, wire::UnitKind::Team, "second", "").await;
    register(&system, wire::UnitKind::Team, "third", "").await;
    let from = "2026-05-20";
    let mut sizes = Vec::new();
    for (rules, profile, team, labels, value) in [
        ("trusted-tools", "service-bureau", "second", ["a"], wire::Value::Satisfied),
        ("strict", "user-organization", "third", ["b"], wire::Value::NotSatisfied),
    ] {
        adopt_rules(&system, "alpha", rules, from).await;
        crate::gap::adopted(&system, "alpha", profile, from).await;
        move_to(&system, "alpha", team, from).await;
        label(&system, &labels, from).await;
        rate(&system, value, from).await;
        sizes.push(system.size().await);
    }
    for (size, rules, profile, team, labels, rated) in [
        (sizes[0], "trusted-tools", "service-bureau", "second", ["a"], "1 to 5, 28 open"),
        (sizes[1], "strict", "user-organization", "third", ["b"], "0"),
    ] {
        let unit = alpha(&system, super::with_size(from, size)).await;
        assert_eq!(unit.rules.unwrap().id, rules);
        assert_eq!(unit.profile.unwrap().id, profile);
        assert_eq!(unit.parent.unwrap().name, team);
        assert_eq!(unit.labels, labels);
        let answer = pa10(&system, super::with_size(from, size)).await;
        assert!(answer.starts_with(&format!("rated {rated};")), "{answer}");
    }
}

#[tokio::test]
async fn model_rules_and_team_are_those_of_the_date_asked() {
    let system = with_alpha().await;
    register(&system, wire::UnitKind::Team, "second", "").await;
    pushed(&system, "scanner", vec![policy("p1", "2026-01-10")]).await;
    adopt_rules(&system, "alpha", "trusted-tools", "2026-03-01").await;
    adopt_rules(&system, "alpha", "nplf-33020", "2026-04-01").await;
    adopt_model(&system, "alpha", "sse-cmm-1997", "2026-04-15").await;
    tailor_out(&system, "PA10", "2026-03-20").await;
    move_to(&system, "alpha", "second", "2026-03-15").await;
    for (day, rules, scheme, model, covered, team, rated) in [
        ("2026-02-28", "solo", "sse-cmm", "iso-21827-2008", 0, "team", "not rated"),
        ("2026-03-01", "trusted-tools", "sse-cmm", "iso-21827-2008", 7, "team", "not rated"),
        ("2026-03-15", "trusted-tools", "sse-cmm", "iso-21827-2008", 7, "second", "not rated"),
        ("2026-03-20", "trusted-tools", "sse-cmm", "iso-21827-2008", 7, "second", "not applicable"),
        ("2026-04-01", "nplf-33020", "nplf-33020", "iso-21827-2008", 0, "second", "not applicable"),
        ("2026-04-15", "nplf-33020", "nplf-33020", "sse-cmm-1997", 0, "second", "not rated"),
    ] {
        let answer = system.levels(levels_at("alpha", on_day(day))).await;
        let coordinate = answer.coordinate.unwrap();
        assert_eq!(
            (coordinate.rules_name.as_str(), coordinate.model.as_str(), answer.scheme.as_str()),
            (rules, model, scheme),
            "{day}"
        );
        let pa10 = answer.areas.iter().find(|area| area.area == "PA10").unwrap();
        assert_eq!(pa10.coverage.unwrap().covered, covered, "{day}");
        assert_eq!(told(pa10.rated.as_ref()), rated, "{day}");
        let explained = explained(&system, on_day(day)).await;
        assert_eq!(explained.coordinate.unwrap().rules_name, rules, "{day}");
        assert_eq!(explained.tailored_out.is_some(), rated == "not applicable", "{day}");
        let other = if team == "team" { "second" } else { "team" };
        assert_eq!(members(&system, team, on_day(day)).await, 1, "{day}");
        assert_eq!(members(&system, other, on_day(day)).await, 0, "{day}");
    }
}

#[tokio::test]
async fn a_trend_up_to_the_first_instant_of_all_is_no_error() {
    let system = with_alpha().await;
    let answer = trend(&system, on_day("1900-01-01")).await;
    assert!(answer.units[0].areas.iter().all(|area| area.points.len() <= 1));
}

#[tokio::test]
async fn targets_are_those_of_the_profile_and_the_phase_of_the_date_asked() {
    let system = with_alpha().await;
    crate::gap::adopted(&system, "alpha", "service-bureau", "2026-03-01").await;
    crate::gap::adopted(&system, "alpha", "certification-authority", "2026-04-01").await;
    let asked = |day: &str| wire::QueryGapRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(on_day(day)),
        ..Default::default()
    };
    let mut levels = system.operator.levels.clone();
    for (day, profile) in [
        ("2026-03-01", "service-bureau"),
        ("2026-03-31", "service-bureau"),
        ("2026-04-01", "certification-authority"),
        ("2030-01-01", "certification-authority"),
    ] {
        let gap = levels.query_gap(asked(day)).await.unwrap().into_inner();
        assert_eq!(gap.profile, profile, "{day}");
    }
    let status = levels.query_gap(asked("2026-02-28")).await.unwrap_err();
    expect!["FailedPrecondition NO_PROFILE: no profile is in force: name one, or adopt one"]
        .assert_eq(&refusal(&status));
}
