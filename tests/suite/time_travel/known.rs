//! The clock of what was known: what was recorded later changes nothing of what was known before.

use expect_test::expect;
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use super::{
    COVERED, NOTHING, accept, accepted, alpha, days_later, evidence, explained, known_at, label,
    levels_at, now, on_day, pa10, policy, rate, rated_alpha, register, with_alpha, with_size,
};
use crate::running::{System, area, by_id, item, on, refusal, submit, told};

#[tokio::test]
async fn what_was_withdrawn_later_still_shows_as_known_then() {
    let system = with_alpha().await;
    let id = accepted(&system, "p1", "2026-05-01").await;
    let ratings = rate(&system, wire::Value::Satisfied, "2026-05-02").await;
    let size = system.size().await;
    system.advance(5);
    let then = now(&system);
    let system = days_later(system, 30).await;
    let withdraw = wire::WithdrawEvidenceRequest {
        unit: "alpha".to_owned(),
        append: None,
        evidence: vec![by_id(&id)],
        reason: "of another project".to_owned(),
    };
    system.operator.evidence.clone().withdraw_evidence(withdraw).await.unwrap();
    let withdraw = wire::WithdrawRatingRequest {
        unit: "alpha".to_owned(),
        append: None,
        ratings,
        reason: "of another project".to_owned(),
    };
    system.operator.ratings.clone().withdraw_rating(withdraw).await.unwrap();
    for known in [with_size("2026-05-15", size), known_at("2026-05-15", then)] {
        assert_eq!(pa10(&system, known.clone()).await, COVERED);
        assert_eq!(evidence(&system, known.clone()).await[0].standing(), wire::Standing::Accepted);
        let behind = explained(&system, known.clone()).await.practices.remove(0);
        assert!(behind.evidence[0].counts && behind.ratings[0].counts);
        let listed = wire::ListRatingsRequest {
            unit: "alpha".to_owned(),
            coordinate: Some(known),
            ..Default::default()
        };
        let listed = system.operator.ratings.clone().list_ratings(listed).await.unwrap();
        let listed = listed.into_inner().ratings;
        assert!(listed.iter().all(|rating| rating.in_force && !rating.withdrawn));
    }
    assert_eq!(pa10(&system, on_day("2026-05-15")).await, NOTHING);
    assert_eq!(
        evidence(&system, on_day("2026-05-15")).await[0].standing(),
        wire::Standing::Withdrawn
    );
}

#[tokio::test]
async fn what_was_reviewed_confirmed_linked_or_ended_later_was_not_so_then() {
    let system = with_alpha().await;
    let id = system.submitted("alpha", vec![policy("p1", "2026-05-01")]).await.remove(0);
    let size = system.size().await;
    let mut client = system.operator.evidence.clone();
    accept(&system, &id).await;
    let confirm = wire::ConfirmEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&id)],
        ..Default::default()
    };
    let ann = system.principal("ann", wire::PrincipalKind::Person).await;
    ann.evidence.clone().confirm_evidence(confirm).await.unwrap();
    let link = wire::LinkEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(&id)),
        practices: vec!["BP.11.01".to_owned()],
        ..Default::default()
    };
    client.link_evidence(link).await.unwrap();
    let end = wire::EndEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&id)],
        at: on("2026-05-10"),
        ..Default::default()
    };
    client.end_evidence(end).await.unwrap();
    let of = |item: &wire::Evidence| {
        let (links, confirmed) = (item.practices.len(), item.confirmed_by.len());
        let (reviewed, ended) = (item.reviewed_by.is_some(), item.ended_at.is_some());
        format!("{:?} {links} {confirmed} {reviewed} {ended}", item.standing())
    };
    let then = evidence(&system, with_size("2026-05-15", size)).await;
    assert_eq!(of(&then[0]), "Submitted 7 0 false false");
    let today = evidence(&system, on_day("2026-05-15")).await;
    assert_eq!(of(&today[0]), "Accepted 8 1 true true");
}

#[tokio::test]
async fn what_did_not_exist_yet_does_not_show() {
    let system = System::alone().await;
    let empty = system.size().await;
    register(&system, wire::UnitKind::Project, "alpha", "team").await;
    let bare = system.size().await;
    accepted(&system, "p1", "2026-05-01").await;
    rate(&system, wire::Value::Satisfied, "2026-05-02").await;
    label(&system, &["critical"], "2026-01-01").await;

    let bare = with_size("2026-06-01", bare);
    assert_eq!(pa10(&system, bare.clone()).await, NOTHING);
    assert_eq!(evidence(&system, bare.clone()).await, []);
    assert_eq!(alpha(&system, bare).await.labels, [""; 0]);

    let empty = with_size("2026-06-01", empty);
    let answer = system.levels(levels_at("alpha", empty.clone())).await;
    assert_eq!(answer.areas, []);
    assert_eq!(evidence(&system, empty.clone()).await, []);
    let units = wire::ListUnitsRequest { coordinate: Some(empty.clone()), ..Default::default() };
    let units = system.operator.units.clone().list_units(units).await.unwrap().into_inner();
    let names: Vec<&str> = units.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["organization"]);
    let members =
        wire::RollUpLevelsRequest { coordinate: Some(empty.clone()), ..Default::default() };
    let members = system.operator.levels.clone().roll_up_levels(members).await.unwrap();
    assert_eq!(members.into_inner().members, 0);
    let trend = wire::QueryTrendRequest {
        units: vec!["alpha".to_owned()],
        coordinate: Some(empty.clone()),
        ..Default::default()
    };
    let trend = system.operator.levels.clone().query_trend(trend).await.unwrap().into_inner();
    assert_eq!(trend.units[0].areas, []);
    let forecast = wire::ForecastLevelsRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(empty),
        ..Default::default()
    };
    let forecast = system.operator.levels.clone().forecast_levels(forecast).await.unwrap();
    assert_eq!(forecast.into_inner().changes, []);
}

#[tokio::test]
async fn backdated_facts_appear_from_their_record_on_and_on_the_known_axis_only() {
    let system = with_alpha().await;
    let system = days_later(system, 10).await;
    let before = now(&system);
    system.advance(10);
    // Recorded on 11 June: work of 1 May, judged from 2 May on.
    accepted(&system, "late", "2026-05-01").await;
    rate(&system, wire::Value::Satisfied, "2026-05-02").await;
    system.advance(10);
    let after = now(&system);
    for day in ["2026-05-02", "2026-06-01", "2026-06-10"] {
        assert_eq!(pa10(&system, known_at(day, before)).await, NOTHING, "{day}");
        assert_eq!(pa10(&system, known_at(day, after)).await, COVERED, "{day}");
    }
    for known in [before, after] {
        assert_eq!(pa10(&system, known_at("2026-04-30", known)).await, NOTHING);
    }
    let trend = |as_reported| wire::QueryTrendRequest {
        units: vec!["alpha".to_owned()],
        areas: vec!["PA10".to_owned()],
        from: on("2026-05-01T12:00:00Z"),
        to: on("2026-07-01"),
        as_reported,
        ..Default::default()
    };
    let points = async |as_reported| {
        let answer = system.operator.levels.clone().query_trend(trend(as_reported)).await.unwrap();
        let points = answer.into_inner().units.remove(0).areas.remove(0).points;
        let rated = |point: wire::TrendPoint| {
            let state =
                point.state.map_or_else(|| "nothing".to_owned(), |of| told(of.rated.as_ref()));
            format!("{} {state}", point.valid_at.unwrap().seconds / 86_400)
        };
        points.into_iter().map(rated).collect::<Vec<_>>()
    };
    // 2 May is day 20575, 11 June day 20615.
    assert_eq!(points(false).await, ["20574 not rated", "20575 1 to 5, 28 open"]);
    let reported = points(true).await;
    assert_eq!(reported.last().unwrap(), "20615 1 to 5, 28 open");
    let earlier = reported.iter().filter(|point| !point.starts_with("20615"));
    assert!(earlier.clone().all(|point| !point.contains("open")), "{reported:?}");
    let item = evidence(&system, wire::Coordinate::default()).await.remove(0);
    let recorded_at = item.submitted.unwrap().recorded_at.unwrap();
    assert!(recorded_at.seconds >= before.seconds, "it says when it was recorded");
}

#[tokio::test]
async fn the_diagonal_is_what_was_reported_at_the_time() {
    let mut system = with_alpha().await;
    let mut reports = Vec::new();
    for step in 0..6 {
        match step {
            0 => drop(accepted(&system, "p1", "2026-05-01").await),
            1 => drop(rate(&system, wire::Value::Satisfied, "2026-05-02").await),
            2 => super::tailor_out(&system, "PA11", "2026-04-01").await,
            3 => drop(rate(&system, wire::Value::NotSatisfied, "2026-05-20").await),
            4 => super::adopt_rules(&system, "team", "nplf-33020", "2026-05-01").await,
            _ => super::move_to(&system, "alpha", "organization", "2026-02-01").await,
        }
        system.advance(20);
        let reported = system.levels(levels_at("alpha", wire::Coordinate::default())).await;
        assert_eq!(reported.coordinate.as_ref().unwrap().valid_at, Some(now(&system)));
        reports.push((now(&system), reported, alpha(&system, wire::Coordinate::default()).await));
        system = days_later(system, 7).await;
    }
    let told: Vec<String> = reports.iter().map(|(_, answer, _)| area(answer, "PA10")).collect();
    assert_eq!(told.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{told:?}");
    for (then, first, unit) in reports {
        let diagonal = wire::Coordinate {
            valid_at: Some(then),
            known: Some(Known::KnownAt(then)),
            ..Default::default()
        };
        let again = system.levels(levels_at("alpha", diagonal.clone())).await;
        assert_eq!((&again.areas, &again.digest), (&first.areas, &first.digest), "{then:?}");
        let (again, first) = (again.coordinate.unwrap(), first.coordinate.unwrap());
        assert_eq!((again.log_size, again.root), (first.log_size, first.root));
        assert_eq!((again.rules, again.model), (first.rules, first.model));
        assert!(again.settled);
        let again = alpha(&system, diagonal).await;
        // The version is what the next append is to expect: that of the head.
        let version = again.version;
        assert_eq!(again, wire::Unit { version, ..unit }, "{then:?}");
    }
}

#[tokio::test]
async fn an_instant_that_has_not_passed_is_not_settled_and_is_once_it_has() {
    let system = with_alpha().await;
    let ahead = on("2026-06-01T12:00:30Z").unwrap();
    let ask = async |system: &System| {
        let answer = system.levels(levels_at("alpha", known_at("2026-06-01", ahead))).await;
        let coordinate = answer.coordinate.unwrap();
        (coordinate.settled, coordinate.log_size)
    };
    let size = system.size().await;
    assert_eq!(ask(&system).await, (false, size));
    // What is recorded up to that instant still comes to lie within it.
    system.advance(10);
    system.submitted("alpha", vec![item("a")]).await;
    assert_eq!(ask(&system).await, (false, size + 1));
    // Told that it is settled, the log stamps what comes later than that, also within the instant.
    system.advance(20);
    assert_eq!(ask(&system).await, (true, size + 1));
    system.submitted("alpha", vec![item("b")]).await;
    assert_eq!(ask(&system).await, (true, size + 1), "a later record has a later stamp");
    let system = system.restarted().await;
    assert_eq!(ask(&system).await, (true, size + 1));
    let by_size = system.levels(levels_at("alpha", with_size("2026-06-01", size))).await;
    assert!(by_size.coordinate.unwrap().settled, "a size is always settled");
}

#[tokio::test]
async fn what_was_told_to_be_settled_stays_so_through_a_restart() {
    let system = with_alpha().await;
    system.advance(10);
    let then = now(&system);
    let ask = async |system: &System| {
        let answer = system.levels(levels_at("alpha", known_at("2026-06-01", then))).await;
        let coordinate = answer.coordinate.unwrap();
        (coordinate.settled, coordinate.log_size, answer.digest)
    };
    let first = ask(&system).await;
    assert!(first.0);
    // The clock of the machine is where it was: it may be set back a little, but not behind a stamp.
    let system = system.restarted().await;
    system.submitted("alpha", vec![item("a")]).await;
    assert_eq!(ask(&system).await, first);
}

#[tokio::test]
async fn before_a_unit_was_recorded_every_question_on_it_says_so() {
    let system = System::alone().await;
    let size = system.size().await;
    register(&system, wire::UnitKind::Project, "alpha", "team").await;
    let here = Some(with_size("2026-06-01", size));
    let unit = || "alpha".to_owned();
    let mut levels = system.operator.levels.clone();
    let mut said = Vec::new();
    let asked = wire::ExplainLevelRequest {
        unit: unit(),
        coordinate: here.clone(),
        area: "PA10".to_owned(),
        ..Default::default()
    };
    said.push(("explain", levels.explain_level(asked).await.map(|_| ())));
    let asked = wire::QueryGapRequest {
        unit: unit(),
        coordinate: here.clone(),
        profile: "service-bureau".to_owned(),
        ..Default::default()
    };
    said.push(("gap", levels.query_gap(asked).await.map(|_| ())));
    let asked = wire::CheckLevelsRequest {
        unit: unit(),
        coordinate: here.clone(),
        minimums: vec![wire::MinimumLevel { area: "PA10".to_owned(), level: 1 }],
        ..Default::default()
    };
    said.push(("check", levels.check_levels(asked).await.map(|_| ())));
    let there = wire::Side { unit: unit(), coordinate: here.clone() };
    let asked = wire::CompareLevelsRequest {
        from: Some(there.clone()),
        to: Some(there),
        ..Default::default()
    };
    said.push(("compare", levels.compare_levels(asked).await.map(|_| ())));
    let asked = wire::RollUpLevelsRequest {
        unit: "team".to_owned(),
        coordinate: here.clone(),
        ..Default::default()
    };
    said.push(("roll-up", levels.roll_up_levels(asked).await.map(|_| ())));
    let asked = wire::GetUnitRequest { unit: unit(), coordinate: here, min_size: 0 };
    said.push(("unit", system.operator.units.clone().get_unit(asked).await.map(|_| ())));
    let words = |(call, said): (&str, Result<(), tonic::Status>)| match said {
        Ok(()) => format!("{call}: nothing is known"),
        Err(status) => format!("{call}: {}", refusal(&status)),
    };
    let said: Vec<String> = said.into_iter().map(words).collect();
    expect![[r#"
        explain: NotFound UNIT_UNKNOWN: the unit is unknown
        gap: FailedPrecondition NO_MODEL: no model is in force
        check: FailedPrecondition NO_MODEL: no model is in force
        compare: nothing is known
        roll-up: nothing is known
        unit: NotFound UNIT_UNKNOWN: unit `alpha` is unknown"#]]
    .assert_eq(&said.join("\n"));
}

#[tokio::test]
async fn a_read_that_demands_a_size_has_read_what_was_written() {
    let system = with_alpha().await;
    for number in 0..20 {
        let asked = submit("alpha", vec![item(&format!("{number}"))]);
        let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
        let size = answer.into_inner().receipt.unwrap().log_size;
        let asked = wire::ListEvidenceRequest {
            unit: "alpha".to_owned(),
            min_size: size,
            ..Default::default()
        };
        let listed = system.operator.evidence.clone().list_evidence(asked).await.unwrap();
        let listed = listed.into_inner();
        assert!(listed.coordinate.unwrap().log_size >= size);
        assert_eq!(listed.evidence.len(), number + 1);
    }
}

#[tokio::test]
async fn a_size_beyond_the_head_is_refused_and_says_both_sizes() {
    let system = rated_alpha().await;
    let size = system.size().await;
    let ask = async |known: Option<u64>, min_size: u64| {
        let mut asked = levels_at("alpha", on_day("2026-06-01"));
        asked.coordinate.as_mut().unwrap().known = known.map(Known::LogSize);
        asked.min_size = min_size;
        system.operator.levels.clone().query_levels(asked).await
    };
    let last = ask(None, size).await.unwrap().into_inner();
    assert_eq!(last.coordinate.unwrap().log_size, size);
    let earlier = ask(Some(9), size).await.unwrap().into_inner();
    assert_eq!(earlier.coordinate.unwrap().log_size, 9, "demanding more shows no more");
    for (known, min_size) in [(None, size + 1), (Some(size + 1), 0), (Some(9), u64::MAX)] {
        let status = ask(known, min_size).await.unwrap_err();
        let words = refusal(&status).replace(&size.to_string(), "SIZE");
        let words = words.replace(&(size + 1).to_string(), "SIZE+1");
        assert!(words.starts_with("OutOfRange BEYOND_HEAD"), "{words}");
        assert!(words.contains("SIZE"), "{words}");
    }
    let status = ask(None, size + 1).await.unwrap_err();
    let words = refusal(&status).replace(&(size + 1).to_string(), "MORE");
    expect!["OutOfRange BEYOND_HEAD: size MORE is past the log's SIZE"]
        .assert_eq(&words.replace(&size.to_string(), "SIZE"));
}
