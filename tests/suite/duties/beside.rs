//! What stands on relaxed duties is told wherever a level is shown, over gRPC.

use gradus_wire::v1 as wire;
use wire::replay_unit_response::Told;

use super::{Trio, accepts, rates, submits, trio};
use crate::running::{System, on};

const UNIT: &str = "alpha";

fn alpha() -> String {
    UNIT.to_owned()
}

fn at(day: &str) -> Option<wire::Coordinate> {
    Some(wire::Coordinate { valid_at: on(day), ..Default::default() })
}

/// What each answer tells beside its levels, and its digest; at a day, or up to it.
async fn told(
    system: &System,
    day: &str,
) -> Vec<(&'static str, Option<wire::RatingsTold>, Vec<u8>)> {
    let mut levels = system.operator.levels.clone();
    let asked = wire::QueryGapRequest {
        unit: alpha(),
        coordinate: at(day),
        profile: "service-bureau".to_owned(),
        ..Default::default()
    };
    let gap = levels.query_gap(asked).await.unwrap().into_inner();
    let minimum = wire::MinimumLevel { area: "PA10".to_owned(), level: 0 };
    let asked = wire::CheckLevelsRequest {
        unit: alpha(),
        coordinate: at(day),
        minimums: vec![minimum],
        ..Default::default()
    };
    let check = levels.check_levels(asked).await.unwrap().into_inner();
    let asked = wire::RollUpLevelsRequest {
        unit: "team".to_owned(),
        coordinate: at(day),
        with_members: true,
        ..Default::default()
    };
    let rolled = levels.roll_up_levels(asked).await.unwrap().into_inner();
    let member = rolled.units.iter().find(|one| one.unit.as_ref().unwrap().name == UNIT);
    let member = member.unwrap().duties;
    let asked = wire::QueryTrendRequest {
        units: vec![alpha()],
        from: on("2026-01-01"),
        to: on(day),
        ..Default::default()
    };
    let trend = levels.query_trend(asked).await.unwrap().into_inner();
    let asked = wire::ForecastLevelsRequest {
        unit: alpha(),
        coordinate: at(day),
        with_coverage: true,
        until: on("2029-01-01"),
        ..Default::default()
    };
    let forecast = levels.forecast_levels(asked).await.unwrap().into_inner();
    let side = |day| Some(wire::Side { unit: alpha(), coordinate: at(day) });
    let asked = wire::CompareLevelsRequest {
        from: side("2026-04-01"),
        to: side(day),
        with_coverage: true,
        ..Default::default()
    };
    let diff = levels.compare_levels(asked).await.unwrap().into_inner();
    let asked =
        wire::ReplayUnitRequest { unit: alpha(), coordinate: at(day), ..Default::default() };
    let mut story = system.operator.audit.clone().replay_unit(asked).await.unwrap().into_inner();
    let mut end = None;
    while let Some(message) = story.message().await.unwrap() {
        if let Some(Told::End(told)) = message.told {
            end = Some(told);
        }
    }
    let end = end.unwrap();
    vec![
        ("gap", gap.duties, gap.digest),
        ("check", check.duties, check.digest),
        ("roll-up", rolled.duties, rolled.digest),
        ("a member", member, Vec::new()),
        ("trend", trend.units[0].duties, trend.digest),
        ("forecast", forecast.duties, forecast.digest),
        ("diff before", diff.from_duties, diff.digest.clone()),
        ("diff after", diff.to_duties, diff.digest),
        ("story", end.duties, end.digest),
    ]
}

#[tokio::test]
async fn what_rests_on_relaxed_duties_is_told_wherever_a_level_is_shown() {
    let Trio { system, ann, cat, .. } = Box::pin(trio()).await;
    system.adopt_rules(UNIT, "solo").await;
    let id = submits(&ann, "a").await;
    accepts(&ann, &[&id]).await.unwrap();
    rates(&ann, &[]).await.unwrap();
    let one = wire::RatingsTold { relaxed: 1, ..Default::default() };
    for (what, told, _) in told(&system, "2026-05-20").await {
        let expected = (what != "diff before").then_some(one);
        assert_eq!(told, expected, "{what}");
    }
    // Before it was in force there is nothing to tell.
    for (what, told, _) in told(&system, "2026-04-20").await {
        assert_eq!(told, None, "{what}");
    }
    // Over a span also what another one has taken the place of since; the others tell of the moment.
    system.adopt_rules(UNIT, "strict").await;
    let asked = wire::RatePracticesRequest {
        unit: alpha(),
        ratings: vec![wire::RatingInput {
            effective_at: on("2026-05-10"),
            ..crate::running::rating("BP.10.01", wire::Value::NotSatisfied, "2026-05-10")
        }],
        ..Default::default()
    };
    cat.ratings.clone().rate_practices(asked).await.unwrap();
    let later = told(&system, "2026-05-20").await;
    let of = |name| later.iter().find(|(what, ..)| *what == name).unwrap().1.unwrap().relaxed;
    // Her rating rests on what one hand provided and accepted, too.
    assert_eq!((of("gap"), of("trend"), of("story")), (1, 2, 2));
}

#[tokio::test]
async fn where_nothing_is_relaxed_nothing_is_told_and_digests_know_nothing_of_it() {
    let Trio { system, ann, ben, cat } = Box::pin(trio()).await;
    let id = submits(&ann, "a").await;
    accepts(&ben, &[&id]).await.unwrap();
    rates(&cat, &[]).await.unwrap();
    let before = told(&system, "2026-05-20").await;
    assert!(before.iter().all(|(_, told, _)| told.is_none()), "{before:?}");
}
