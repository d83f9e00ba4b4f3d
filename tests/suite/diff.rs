//! Levels compared, over gRPC.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::gap::{adopted, rated_project};
use crate::running::{System, levels_of, on, rating, refusal, told};

fn at(valid_at: &str, size: Option<u64>) -> wire::Coordinate {
    wire::Coordinate {
        valid_at: on(valid_at),
        known: size.map(Known::LogSize),
        ..Default::default()
    }
}

fn side(unit: &str, coordinate: wire::Coordinate) -> Option<wire::Side> {
    Some(wire::Side { unit: unit.to_owned(), coordinate: Some(coordinate) })
}

/// From one coordinate of alpha to another.
fn way(from: wire::Coordinate, to: wire::Coordinate) -> wire::CompareLevelsRequest {
    wire::CompareLevelsRequest { from: side("alpha", from), to: side("", to), ..Default::default() }
}

async fn compared(
    system: &System,
    asked: wire::CompareLevelsRequest,
) -> wire::CompareLevelsResponse {
    system.operator.levels.clone().compare_levels(asked).await.unwrap().into_inner()
}

fn state(state: Option<&wire::AreaState>) -> String {
    let Some(state) = state else { return "none".to_owned() };
    let covered = state.coverage.unwrap().covered;
    format!("{}/{} {covered}", told(state.rated.as_ref()), told(state.ongoing.as_ref()))
}

fn in_words(answer: &wire::CompareLevelsResponse) -> String {
    let mut words = String::new();
    for area in &answer.areas {
        writeln!(
            words,
            "{}: {} -> {}",
            area.area,
            state(area.before.as_ref()),
            state(area.after.as_ref())
        )
        .unwrap();
        for movement in &area.movements {
            let mut causes: Vec<String> = Vec::new();
            for cause in &movement.causes {
                let late = if cause.late { " late" } else { "" };
                let words = format!("{}{late}", cause.class);
                if !causes.contains(&words) {
                    causes.push(words);
                }
            }
            writeln!(
                words,
                "  {:?}{}: {} -> {} by {} x {}",
                movement.stage(),
                if movement.backwards { " undone" } else { "" },
                state(movement.before.as_ref()),
                state(movement.after.as_ref()),
                movement.causes.len(),
                causes.join(", ")
            )
            .unwrap();
        }
    }
    words
}

/// The law: movements join without a gap, and lead from one side's levels to the other's.
async fn check(system: &System, asked: wire::CompareLevelsRequest, expected: &Expect) {
    let answer = compared(system, asked.clone()).await;
    for area in &answer.areas {
        let mut stand = area.before.clone();
        for movement in &area.movements {
            let levels = |state: &Option<wire::AreaState>| {
                state.as_ref().map(|state| (state.rated, state.ongoing))
            };
            assert_eq!(levels(&movement.before), levels(&stand), "{}", in_words(&answer));
            assert!(!movement.causes.is_empty());
            stand.clone_from(&movement.after);
        }
        let levels = |state: &wire::AreaState| (state.rated, state.ongoing);
        assert_eq!(stand.as_ref().map(levels), area.after.as_ref().map(levels));
    }
    for (side, is_first) in [(asked.from, true), (asked.to, false)] {
        let side = side.unwrap();
        let unit = if side.unit.is_empty() { "alpha".to_owned() } else { side.unit };
        let levels =
            wire::QueryLevelsRequest { unit, coordinate: side.coordinate, ..Default::default() };
        let levels = system.levels(levels).await;
        for area in &answer.areas {
            let id = area.area.split_once('/').unwrap().1;
            let seen = levels.areas.iter().find(|area| area.area == id);
            let told = if is_first { area.before.as_ref() } else { area.after.as_ref() };
            let seen = seen.map(|area| (area.rated, area.ongoing));
            assert_eq!(told.map(|state| (state.rated, state.ongoing)), seen, "{id}");
        }
    }
    expected.assert_eq(&in_words(&answer));
}

#[tokio::test]
async fn what_happened_between_two_dates_is_told_in_order_and_backwards_undone() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::NotSatisfied).await;
    system.rated("alpha", vec![rating("BP.10.07", wire::Value::Satisfied, "2026-05-20")]).await;
    let (early, late) = (at("2026-04-01", None), at("2028-06-01", None));
    check(
        &system,
        way(early.clone(), late.clone()),
        &expect![[r#"
        iso-21827-2008/PA10: not rated/not rated 0 -> 1 to 5, 28 open/0 0
          Happened: not rated/not rated 7 -> 0/0 7 by 7 x rated
          Happened: 0/0 7 -> 1 to 5, 28 open/1 to 5, 28 open 7 by 1 x re-rated
          Happened: 1 to 5, 28 open/1 to 5, 28 open 7 -> 1 to 5, 28 open/0 0 by 7 x expired
    "#]],
    )
    .await;
    check(
        &system,
        way(late, early.clone()),
        &expect![[r#"
        iso-21827-2008/PA10: 1 to 5, 28 open/0 0 -> not rated/not rated 0
          Happened undone: 1 to 5, 28 open/0 0 -> 1 to 5, 28 open/1 to 5, 28 open 7 by 7 x expired
          Happened undone: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7 by 1 x re-rated
          Happened undone: 0/0 7 -> not rated/not rated 7 by 7 x rated
    "#]],
    )
    .await;
    let mut covered = way(early, at("2026-05-10", None));
    covered.with_coverage = true;
    check(
        &system,
        covered,
        &expect![[r#"
        iso-21827-2008/PA10: not rated/not rated 0 -> 0/0 7
          Happened: not rated/not rated 0 -> not rated/not rated 7 by 7 x new evidence
          Happened: not rated/not rated 7 -> 0/0 7 by 7 x rated
    "#]],
    )
    .await;
}

#[tokio::test]
async fn what_was_learnt_later_about_one_moment_is_told_and_a_late_fact_marked() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let before = system.size().await;
    // Recorded on 1 June, in force since 10 May: late.
    system.rated("alpha", vec![rating("BP.10.07", wire::Value::NotSatisfied, "2026-05-10")]).await;
    let then = |size| at("2026-05-25", Some(size));
    let after = system.size().await;
    check(
        &system,
        way(then(before), then(after)),
        &expect![[r#"
        iso-21827-2008/PA10: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7
          Learnt: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7 by 1 x re-rated late
    "#]],
    )
    .await;
    check(
        &system,
        way(then(after), then(before)),
        &expect![[r#"
        iso-21827-2008/PA10: 0/0 7 -> 1 to 5, 28 open/1 to 5, 28 open 7
          Learnt undone: 0/0 7 -> 1 to 5, 28 open/1 to 5, 28 open 7 by 1 x re-rated late
    "#]],
    )
    .await;
    let both = way(at("2026-05-05", Some(before)), at("2026-05-25", Some(after)));
    check(
        &system,
        both,
        &expect![[r#"
        iso-21827-2008/PA10: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7
          Happened: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7 by 1 x re-rated late
    "#]],
    )
    .await;
}

#[tokio::test]
async fn other_rules_are_a_movement_of_their_own() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let strict = wire::Coordinate { rules: "strict".to_owned(), ..at("2026-05-25", None) };
    let asked = way(at("2026-05-25", None), strict);
    check(
        &system,
        asked.clone(),
        &expect![[r#"
        iso-21827-2008/PA10: 1 to 5, 28 open/1 to 5, 28 open 7 -> 1 to 5, 28 open/0 0
          Rules: 1 to 5, 28 open/1 to 5, 28 open 7 -> 1 to 5, 28 open/0 0 by 1 x rules changed
    "#]],
    )
    .await;
    let comparability = compared(&system, asked).await.comparability.unwrap();
    assert!(!comparability.comparable);
    expect!["different rules: strict, trusted-tools"].assert_eq(&comparability.reasons.join("; "));
}

#[tokio::test]
async fn two_units_are_compared_practice_by_practice() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    rated_project(&system, "beta", wire::Value::NotSatisfied).await;
    let asked = wire::CompareLevelsRequest {
        from: side("alpha", at("2026-05-25", None)),
        to: side("beta", at("2026-05-25", None)),
        areas: vec!["PA10".to_owned()],
        ..Default::default()
    };
    check(
        &system,
        asked.clone(),
        &expect![[r#"
        iso-21827-2008/PA10: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7
          OtherUnit: 1 to 5, 28 open/1 to 5, 28 open 7 -> 0/0 7 by 1 x other unit
    "#]],
    )
    .await;
    let answer = compared(&system, asked.clone()).await;
    assert!(answer.comparability.unwrap().comparable);
    let practice = |practice: &wire::PracticeDifference| {
        let seen = |seen: &Option<wire::PracticeSeen>| {
            let seen = seen.unwrap();
            format!("{:?} {:?}", seen.value(), seen.support())
        };
        format!(
            "{} {}: {} -> {}",
            practice.practice,
            practice.title,
            seen(&practice.before),
            seen(&practice.after)
        )
    };
    let practices: Vec<String> = answer.areas[0].practices.iter().map(practice).collect();
    expect!["iso-21827-2008/BP.10.07 Obtain Agreement on Security: Satisfied Supported -> NotSatisfied Supported"].assert_eq(&practices.join("\n"));

    adopted(&system, "alpha", "service-bureau", "2026-01-01").await;
    adopted(&system, "beta", "certification-authority", "2026-01-01").await;
    let comparability = compared(&system, asked).await.comparability.unwrap();
    expect!["different target profiles: certification-authority, service-bureau"]
        .assert_eq(&comparability.reasons.join("; "));
}

#[tokio::test]
async fn the_same_side_twice_moves_nothing_and_a_pinned_difference_has_one_digest() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let nothing = way(wire::Coordinate::default(), wire::Coordinate::default());
    let same = compared(&system, nothing).await;
    assert_eq!(same.areas, []);
    let (from, to) = (same.from.unwrap(), same.to.unwrap());
    assert_eq!((from.valid_at, from.log_size), (to.valid_at, to.log_size));

    let size = Some(system.size().await);
    let pinned = way(at("2026-05-01", size), at("2028-06-01", size));
    let first = compared(&system, pinned.clone()).await;
    assert!(!first.areas.is_empty());
    system.rated("alpha", vec![rating("BP.10.07", wire::Value::NotSatisfied, "2026-05-10")]).await;
    let again = compared(&system, pinned.clone()).await;
    assert_eq!((again.digest, again.areas), (first.digest.clone(), first.areas));
    let unpinned = way(at("2026-05-01", None), at("2028-06-01", None));
    assert_ne!(compared(&system, unpinned).await.digest, first.digest);
}

#[tokio::test]
async fn a_side_at_which_nothing_was_known_has_no_areas() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let mut asked = way(at("2026-05-25", Some(0)), at("2026-05-25", None));
    asked.areas = vec!["PA10".to_owned()];
    let answer = compared(&system, asked).await;
    assert!(answer.areas.iter().all(|area| area.before.is_none()), "{}", in_words(&answer));
    assert!(!answer.comparability.unwrap().comparable);
    let levels = system.levels(levels_of("alpha", "2026-05-25")).await;
    let area = levels.areas.iter().find(|area| area.area == "PA10").unwrap();
    let after = answer.areas[0].after.clone().unwrap();
    assert_eq!((after.rated, after.ongoing), (area.rated, area.ongoing));
}

#[tokio::test]
async fn what_cannot_be_compared_says_why() {
    let system = System::new().await;
    system.project("alpha").await;
    let none = wire::CompareLevelsRequest::default();
    let alpha = || side("alpha", wire::Coordinate::default());
    let one = wire::CompareLevelsRequest { from: alpha(), ..none.clone() };
    let both = wire::CompareLevelsRequest { to: alpha(), ..one.clone() };
    let wrong_time = wire::Coordinate {
        valid_at: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
        ..Default::default()
    };
    let beyond = wire::Coordinate { known: Some(Known::LogSize(1_000)), ..Default::default() };
    let rules = wire::Coordinate { rules: "lenient".to_owned(), ..Default::default() };
    let areas = |areas: Vec<String>| wire::CompareLevelsRequest { areas, ..both.clone() };
    let to = |side| wire::CompareLevelsRequest { to: side, ..one.clone() };
    for (asked, expected) in [
        (
            none,
            expect![
                "InvalidArgument INVALID_FIELD [from]: `from`: it is missing and must be given"
            ],
        ),
        (
            one.clone(),
            expect!["InvalidArgument INVALID_FIELD [to]: `to`: it is missing and must be given"],
        ),
        (
            wire::CompareLevelsRequest { from: side("", at("2026-01-01", None)), ..both.clone() },
            expect![
                "InvalidArgument INVALID_FIELD [from.unit]: `from.unit`: it is missing and must be given"
            ],
        ),
        (
            to(side("nobody", wire::Coordinate::default())),
            expect!["NotFound UNIT_UNKNOWN: unit `nobody` is unknown"],
        ),
        (
            to(side("", wrong_time)),
            expect![
                "InvalidArgument INVALID_FIELD [to.coordinate.valid_at]: `to.coordinate.valid_at`: 0 s and -1 ns since 1970: the nanoseconds must be from 0 to 999,999,999"
            ],
        ),
        (to(side("", beyond)), expect!["OutOfRange BEYOND_HEAD: size 1000 is past the log's 21"]),
        (to(side("", rules)), expect!["NotFound DOCUMENT_UNKNOWN: rules `lenient` is unknown"]),
        (areas(vec!["PA99".to_owned()]), expect!["NotFound AREA_UNKNOWN: area `PA99` is unknown"]),
        (
            areas(vec!["PA11".to_owned(), "11".to_owned()]),
            expect![
                "InvalidArgument INVALID_FIELD [areas[1]]: `areas[1]`: `11` is no process area: write it like PA01"
            ],
        ),
        (
            areas(vec!["PA11".to_owned(); 101]),
            expect![
                "InvalidArgument TOO_MANY [areas]: `areas` has 101 entries, at most 100 are allowed"
            ],
        ),
    ] {
        let refused = system.operator.levels.clone().compare_levels(asked).await.unwrap_err();
        expected.assert_eq(&refusal(&refused));
    }
}
