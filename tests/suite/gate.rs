//! Levels checked against conditions, over gRPC.

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::gap::{adopted, rated_project};
use crate::running::{System, on, refusal, told};

fn asked() -> wire::CheckLevelsRequest {
    wire::CheckLevelsRequest { unit: "alpha".to_owned(), ..Default::default() }
}

fn minimums(levels: &[(&str, u32)]) -> wire::CheckLevelsRequest {
    let minimum = |(area, level): &(&str, u32)| wire::MinimumLevel {
        area: (*area).to_owned(),
        level: *level,
    };
    wire::CheckLevelsRequest { minimums: levels.iter().map(minimum).collect(), ..asked() }
}

async fn check(system: &System, asked: wire::CheckLevelsRequest, expected: &Expect) {
    let words = match system.operator.levels.clone().check_levels(asked).await {
        Ok(answer) => in_words(&answer.into_inner()),
        Err(status) => refusal(&status),
    };
    expected.assert_eq(&words);
}

fn in_words(answer: &wire::CheckLevelsResponse) -> String {
    let mut words = vec![if answer.passed { "passed".to_owned() } else { "failed".to_owned() }];
    let asked = answer.areas.iter().filter(|area| area.reason != "nothing is asked");
    words.extend(asked.map(|area| {
        let passed = if area.passed { "ok" } else { "no" };
        let (wanted, seen) = (told(area.wanted.as_ref()), told(area.seen.as_ref()));
        format!("{} {}: {wanted} <- {seen} {passed}: {}", area.area, area.condition, area.reason)
    }));
    words.join("\n")
}

#[tokio::test]
async fn only_what_is_known_for_certain_passes() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    check(
        &system,
        minimums(&[("PA10", 1)]),
        &expect![[r#"
        passed
        iso-21827-2008/PA10 minimum: 1 <- 1 to 5, 28 open ok: reached"#]],
    )
    .await;
    check(&system, minimums(&[("PA11", 0), ("PA10", 2), ("PA10", 1)]), &expect![[r#"
        failed
        iso-21827-2008/PA10 minimum: 2 <- 1 to 5, 28 open no: undecided: it depends on practices that nobody has judged
        iso-21827-2008/PA10 minimum: 1 <- 1 to 5, 28 open ok: reached
        iso-21827-2008/PA11 minimum: 0 <- not rated no: not rated"#]]).await;
    // In two years nothing is valid any more; what was judged stays.
    let later = Some(wire::Coordinate { valid_at: on("2028-06-01"), ..Default::default() });
    let ongoing = wire::CheckLevelsRequest { coordinate: later, ..minimums(&[("PA10", 1)]) };
    check(
        &system,
        ongoing.clone(),
        &expect![[r#"
        failed
        iso-21827-2008/PA10 minimum: 1 <- 0 no: falls short"#]],
    )
    .await;
    check(
        &system,
        wire::CheckLevelsRequest { rated: true, ..ongoing },
        &expect![[r#"
        passed
        iso-21827-2008/PA10 minimum: 1 <- 1 to 5, 28 open ok: reached"#]],
    )
    .await;
}

#[tokio::test]
async fn a_unit_is_held_to_its_floors_its_profile_and_what_it_was() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let floors = wire::CheckLevelsRequest { baseline: true, ..asked() };
    check(&system, floors.clone(), &expect!["FailedPrecondition NOTHING_TO_CHECK: there is nothing to check: the unit has no baseline: raise one, or leave it out of the check"]).await;
    let raise = wire::RaiseBaselineRequest {
        unit: "alpha".to_owned(),
        append: None,
        floors: vec![wire::FloorInput { area: "PA10".to_owned(), level: 1 }],
        effective_at: on("2026-05-10"),
    };
    system.operator.units.clone().raise_baseline(raise).await.unwrap();
    adopted(&system, "team", "service-bureau", "2026-01-01").await;
    check(
        &system,
        floors.clone(),
        &expect![[r#"
        passed
        iso-21827-2008/PA10 baseline: 1 <- 1 to 5, 28 open ok: reached"#]],
    )
    .await;
    let size = system.size().await;
    let worse = crate::running::rating("BP.10.03", wire::Value::NotSatisfied, "2026-05-20");
    system.rated("alpha", vec![worse]).await;
    let than = wire::Coordinate { known: Some(Known::LogSize(size)), ..Default::default() };
    let everything = wire::CheckLevelsRequest {
        no_worse_than: Some(than),
        profile_targets: true,
        ..floors.clone()
    };
    let answer = system.operator.levels.clone().check_levels(everything.clone()).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.profile, "service-bureau");
    let of_pa10 = answer.areas.iter().filter(|area| area.area.ends_with("/PA10")).cloned();
    let of_pa10 = wire::CheckLevelsResponse { areas: of_pa10.collect(), ..answer.clone() };
    expect![[r#"
        failed
        iso-21827-2008/PA10 baseline: 1 <- 0 no: falls short
        iso-21827-2008/PA10 no-worse: 1 to 5, 28 open <- 0 no: falls short
        iso-21827-2008/PA10 profile: 1 <- 0 no: falls short"#]]
    .assert_eq(&in_words(&of_pa10));
    let there = answer.no_worse_than.unwrap();
    assert_eq!(
        (there.log_size, there.valid_at),
        (size, answer.coordinate.clone().unwrap().valid_at)
    );
    // Pinned, it is the same answer, also when more is known.
    let here = answer.coordinate.unwrap();
    let pin = |at: &wire::ResolvedCoordinate| wire::Coordinate {
        valid_at: at.valid_at,
        known: Some(Known::LogSize(at.log_size)),
        rules: at.rules.clone(),
    };
    let pinned = wire::CheckLevelsRequest {
        coordinate: Some(pin(&here)),
        no_worse_than: Some(pin(&there)),
        profile: answer.profile_digest,
        ..everything
    };
    system.project("later").await;
    let again = system.operator.levels.clone().check_levels(pinned).await.unwrap().into_inner();
    assert_eq!(again.digest, answer.digest);
}

#[tokio::test]
async fn a_point_at_which_the_unit_did_not_live_is_nothing_to_be_no_worse_than() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::NotSatisfied).await;
    let than = wire::Coordinate { known: Some(Known::LogSize(1)), ..Default::default() };
    let asked = wire::CheckLevelsRequest { no_worse_than: Some(than), ..asked() };
    check(&system, asked, &expect!["FailedPrecondition NOTHING_TO_CHECK: there is nothing to check: unit alpha was not registered yet at log size 1"]).await;
    let than = wire::Coordinate { valid_at: on("2020-01-01"), ..Default::default() };
    let asked = wire::CheckLevelsRequest { no_worse_than: Some(than), ..crate::gate::asked() };
    check(&system, asked, &expect!["FailedPrecondition NOTHING_TO_CHECK: there is nothing to check: unit alpha came to be at 2026-01-01T00:00:00Z"]).await;
}

#[tokio::test]
async fn a_check_that_makes_no_sense_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    check(&system, asked(), &expect!["InvalidArgument INVALID_FIELD [minimums]: `minimums`: no condition is given: ask for minimums, profile_targets, no_worse_than or baseline"]).await;
    check(&system, minimums(&[("PA10", 6)]), &expect!["InvalidArgument INVALID_FIELD [minimums[0].level]: `minimums[0].level`: 6 is no capability level: use 0 to 5"]).await;
    check(
        &system,
        minimums(&[("PA10", 1), ("PA98", 1)]),
        &expect!["NotFound AREA_UNKNOWN: area `PA98` is unknown"],
    )
    .await;
    check(&system, minimums(&[("PA10", 1); 101]), &expect!["InvalidArgument TOO_MANY [minimums]: `minimums` has 101 entries, at most 100 are allowed"]).await;
    let unset = wire::CheckLevelsRequest { profile: "service-bureau".to_owned(), ..asked() };
    check(&system, unset, &expect!["InvalidArgument INVALID_FIELD [profile]: `profile`: `service-bureau` is named without `profile_targets`: set that, too"]).await;
    let none = wire::CheckLevelsRequest { profile_targets: true, ..asked() };
    check(
        &system,
        none,
        &expect!["FailedPrecondition NO_PROFILE: no profile is in force: name one, or adopt one"],
    )
    .await;
    let instant = too_fine();
    let than = wire::Coordinate { valid_at: instant, ..Default::default() };
    let wrong = wire::CheckLevelsRequest { no_worse_than: Some(than), ..asked() };
    check(&system, wrong, &expect!["InvalidArgument INVALID_FIELD [no_worse_than.valid_at]: `no_worse_than.valid_at`: 1767225600 s and 1 ns since 1970: finer than a microsecond, which is the finest that is kept"]).await;
}

/// An instant finer than what is kept.
fn too_fine() -> Option<prost_types::Timestamp> {
    on("2026-01-01").map(|at| prost_types::Timestamp { nanos: 1, ..at })
}
