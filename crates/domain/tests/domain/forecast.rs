//! Forecasts: what falls when, if nothing is renewed.

use expect_test::{Expect, expect};
use gradus_domain::cause::Asked;
use gradus_domain::course::{AreaState, course};
use gradus_domain::explain::courses;
use gradus_domain::forecast::{Change, falls_next, forecast};
use gradus_domain::steps::Steps;
use gradus_model::evidence::Kind;
use gradus_model::rating::Value;
use gradus_model::unit::{AreaRef, Inheritance};
use proptest::prelude::*;

use crate::difference::laws::{any_area, cases, coordinate, side, tale};
use crate::difference::{cause_in_words, state_in_words};
use crate::given::{
    Fact, day, inheritance, rated, rating_ended, shown, submitted, tailored_out, unit,
};
use crate::levels::{climbed, of_tiny, satisfied};
use crate::tale::{Tale, rules_adopted, tiny_area};

fn asked<'a>(tale: &'a Tale, area: &'a AreaRef) -> Asked<'a> {
    Asked { world: tale, unit: unit("app"), area, rules: None }
}

fn course_of(tale: &Tale, area: &AreaRef) -> Steps<Option<AreaState>> {
    course(tale, unit("app"), area, tale.size(), None, &courses(tale, tale.size(), None))
}

fn in_words(change: &Change) -> String {
    let (before, after) = (state_in_words(change.before), state_in_words(change.after));
    let falls = if change.falls() { " falls" } else { "" };
    let only = if change.is_of_coverage_only() { " (coverage)" } else { "" };
    let causes = change.causes.iter().map(|cause| format!("    {}\n", cause_in_words(cause)));
    let causes: String = causes.collect();
    format!("{}{falls} {before} -> {after}{only}\n{causes}", shown(change.instant))
}

/// Given a tale, what lies ahead of PA01 of the made-up model after one day and before another.
fn check(tale: &Tale, from: &str, until: &str, expected: Expect) {
    let area = tiny_area("PA01");
    let course = course_of(tale, &area);
    let ahead = forecast(&asked(tale, &area), tale.size(), &course, day(from), day(until));
    expected.assert_eq(&ahead.iter().map(in_words).collect::<String>());
}

#[test]
fn levels_fall_when_what_supports_them_expires_and_each_change_says_by_which_window() {
    let mut facts: Vec<Fact> = climbed(4).split_off(1);
    facts.extend([
        submitted("E1").for_practices(&["tiny:BP.01.01", "tiny:BP.01.02"]),
        submitted("E2").for_practices(&["tiny:PA01/GP 2.1.1"]).valid_until("2026-12-31"),
        submitted("E3").for_practices(&["tiny:PA01/GP 3.1.1"]).of_kind(Kind::ScanReport),
    ]);
    let tale = Tale::of_app(&facts);
    check(
        &tale,
        "2026-03-01",
        "2030-01-01",
        expect![[r#"
        2026-05-30 falls 3-5 -> 3-5/2
            expired E3 for PA01/GP 3.1.1 by P90D #6
        2026-12-31 falls 3-5/2 -> 3-5/1
            expired E2 for PA01/GP 2.1.1 as given #5
        2027-03-01 falls 3-5/1 -> 3-5/0
            expired E1 for BP.01.01 by P1Y #4
            expired E1 for BP.01.02 by P1Y #4
    "#]],
    );
}

#[test]
fn only_what_lies_between_the_two_instants_is_told() {
    let tale = Tale::of_app(&climbed(2));
    check(&tale, "2026-03-01", "2027-03-01", expect![[r#""#]]);
    check(
        &tale,
        "2027-02-28",
        "2027-03-02",
        expect![[r#"
        2027-03-01 falls 1-5 -> 1-5/0
            expired E1 for BP.01.01 by P1Y #0
            expired E1 for BP.01.02 by P1Y #0
    "#]],
    );
    check(&tale, "2027-03-01", "2030-01-01", expect![[r#""#]]);
}

#[test]
fn coverage_that_lapses_below_a_level_is_told_as_such() {
    let tale = Tale::of_app(&[submitted("E1"), submitted("E2").for_practices(&["tiny:BP.01.01"])]);
    check(
        &tale,
        "2026-03-01",
        "2030-01-01",
        expect![[r#"
        2027-03-01 not rated -> not rated (coverage)
            expired E2 for BP.01.01 by P1Y #1
    "#]],
    );
}

#[test]
fn evidence_that_is_renewed_in_time_keeps_the_level() {
    let mut facts = climbed(2);
    facts.push(submitted("E2").for_practices(&["tiny:BP.01.01", "tiny:BP.01.02"]).on("2026-05-01"));
    check(
        &Tale::of_app(&facts),
        "2026-05-01",
        "2030-01-01",
        expect![[r#"
        2027-05-01 falls 1-5 -> 1-5/0
            expired E2 for BP.01.01 by P1Y #3
            expired E2 for BP.01.02 by P1Y #3
    "#]],
    );
}

#[test]
fn ends_and_plans_that_are_known_lie_ahead_too() {
    let mut facts = climbed(2);
    facts.extend([
        rules_adopted("hasty").on("2026-07-01"),
        rating_ended("BP.01.02").on("2026-08-01"),
        of_tiny(tailored_out("PA01")).on("2026-09-01"),
    ]);
    check(
        &Tale::of_app(&facts),
        "2026-03-01",
        "2030-01-01",
        expect![[r#"
            2026-07-01 falls 1-5 -> 1-5/0
                rules changed #3
            2026-08-01 falls 1-5/0 -> 0-5/0
                rating ended BP.01.02 for BP.01.02 #4
            2026-09-01 0-5/0 -> not applicable
                tailored out #5
        "#]],
    );
}

#[test]
fn what_is_inherited_falls_with_the_evidence_above() {
    let tale = climbed(2).into_iter().fold(Tale::begun(), |tale, fact| tale.with("team", fact));
    let tale = tale.with("app", of_tiny(inheritance("PA01", Inheritance::Inherited)));
    check(
        &tale,
        "2026-03-01",
        "2030-01-01",
        expect![[r#"
        2027-03-01 falls 1-5 from team -> 1-5/0 from team
            expired E1 for BP.01.01 by P1Y of team #0
            expired E1 for BP.01.02 by P1Y of team #0
    "#]],
    );
}

#[test]
fn the_next_fall_is_the_first_change_that_lowers_a_level() {
    let area = tiny_area("PA01");
    let next = |tale: &Tale, from: &str| {
        let course = course_of(tale, &area);
        let next = falls_next(&asked(tale, &area), tale.size(), &course, day(from));
        next.map_or_else(|| "never".to_owned(), |change| in_words(&change))
    };
    let mut facts = climbed(2);
    facts.push(rated("R9", "tiny:PA01/GP 2.1.1", Value::Satisfied).on("2026-04-01"));
    let tale = Tale::of_app(&facts);
    expect![[r#"
        2027-03-01 falls 2-5 -> 2-5/0
            expired E1 for BP.01.01 by P1Y #0
            expired E1 for BP.01.02 by P1Y #0
            expired E1 for PA01/GP 2.1.1 by P1Y #0
    "#]]
    .assert_eq(&next(&tale, "2026-03-01"));
    assert_eq!(next(&tale, "2027-03-01"), "never");
    let ended = [satisfied("tiny:BP.01.01"), rating_ended("BP.01.01").on("2026-05-01")];
    assert_eq!(next(&Tale::of_app(&ended), "2026-03-01"), "never");
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_forecast_tells_the_changes_of_the_course_each_with_a_cause(
        tale in tale(),
        area in any_area(),
        from in coordinate(),
        days in 0_i64..1500,
    ) {
        let side = side(&tale, from);
        let (area, size, rules) = (tiny_area(area), side.at.size, side.rules.as_ref());
        let asked = Asked { world: &tale, unit: side.unit, area: &area, rules };
        let own = courses(&tale, size, rules);
        let course = course(&tale, side.unit, &area, size, rules, &own);
        let (from, until) = (side.at.valid_at, side.at.valid_at.plus_micros(days * 86_400_000_000));
        let ahead = forecast(&asked, size, &course, from, until);
        let told: Vec<_> = ahead.iter().map(|change| (change.instant, change.after)).collect();
        let within = |change: &&(gradus_model::Timestamp, _)| from < change.0 && change.0 < until;
        let expected: Vec<_> = course.changes().iter().filter(within).copied().collect();
        prop_assert_eq!(told, expected);
        for change in &ahead {
            prop_assert!(!change.causes.is_empty());
            prop_assert_eq!(change.before, *course.at(change.instant.plus_micros(-1)));
        }
        let next = falls_next(&asked, size, &course, from).filter(|next| next.instant < until);
        prop_assert_eq!(next.as_ref(), ahead.iter().find(|change| change.falls()));
    }
}
