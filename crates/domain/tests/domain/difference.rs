//! Differences: what moved a level between two coordinates, each movement with its cause.

mod evidence;
pub(crate) mod laws;
mod ratings;
mod settings;

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::At;
use gradus_domain::cause::{Cause, EndsBy};
use gradus_domain::course::AreaState;
use gradus_domain::difference::{AreaDifference, Movement, Side, difference};
use gradus_domain::explain::courses;
use gradus_model::rating::Value;
use gradus_model::unit::AreaRef;

use crate::given::{Fact, day, document, name_of, rated, shown, submitted, unit, withdrawn};
use crate::levels::satisfied;
use crate::tale::{BEGUN, Tale, level_in_words, tiny_area};

const BASE: [&str; 2] = ["tiny:BP.01.01", "tiny:BP.01.02"];

/// A side: `app 2026-03-01 #4 hasty` is the app on that day, with the first four records of the
/// tale known besides its begin, by other rules than those in force; without `#`, all are known.
pub(crate) fn side(tale: &Tale, text: &str) -> Side {
    let mut side = Side {
        unit: unit("app"),
        at: At { valid_at: day("2026-03-01"), size: tale.size() },
        known_at: None,
        rules: None,
    };
    let mut words = text.split(' ');
    side.unit = unit(words.next().unwrap());
    side.at.valid_at = day(words.next().unwrap());
    for word in words {
        match word.strip_prefix('#') {
            Some(known) => side.at.size = BEGUN + known.parse::<u64>().unwrap(),
            None => side.rules = Some(document(word)),
        }
    }
    side
}

pub(crate) fn between(
    tale: &Tale,
    area: &str,
    from: &Side,
    to: &Side,
    with_coverage: bool,
) -> AreaDifference {
    let own = |unit, area: &AreaRef, size| courses(tale, size, to.rules.as_ref())(unit, area);
    difference(tale, from, to, &tiny_area(area), &own, with_coverage)
}

pub(crate) fn cause_in_words(cause: &Cause) -> String {
    let late = if cause.late { "late: " } else { "" };
    let evidence = cause.evidence.map(|id| format!(" {}", name_of(id.0)));
    let rating = cause.rating.map(|id| format!(" {}", name_of(id.0)));
    let practice = cause.practice.as_ref().map(|target| format!(" for {}", target.practice));
    let ends_by = cause.ends_by.as_ref().map(|ends| match ends {
        EndsBy::Window(window) => format!(" by {window}"),
        EndsBy::Given => " as given".to_owned(),
        EndsBy::Ended => String::new(),
        EndsBy::Superseded(by) => format!(" by {}", name_of(by.0)),
    });
    let of =
        Some(name_of(cause.unit.0)).filter(|name| name != "app").map(|name| format!(" of {name}"));
    let position = cause.position.map(|position| format!(" #{}", position.saturating_sub(BEGUN)));
    let parts = [evidence, rating, practice, ends_by, of, position].map(Option::unwrap_or_default);
    format!("{late}{}{}", cause.class.name(), parts.concat())
}

pub(crate) fn state_in_words(state: Option<AreaState>) -> String {
    let Some(state) = state else { return "nothing".to_owned() };
    let (rated, ongoing) = (level_in_words(state.rated), level_in_words(state.ongoing));
    let from = state.inherited_from.map(|unit| format!(" from {}", name_of(unit.0)));
    let levels = if rated == ongoing { rated } else { format!("{rated}/{ongoing}") };
    format!("{levels}{}", from.unwrap_or_default())
}

fn movement_in_words(movement: &Movement) -> String {
    let (before, after) = (state_in_words(movement.before), state_in_words(movement.after));
    let back = if movement.backwards { " back" } else { "" };
    let stage = movement.stage.name();
    let only = if movement.is_of_coverage_only() { " (coverage)" } else { "" };
    let mut lines =
        format!("{stage}{back} {} {before} -> {after}{only}\n", shown(movement.valid_at));
    for cause in &movement.causes {
        writeln!(lines, "    {}", cause_in_words(cause)).unwrap();
    }
    lines
}

pub(crate) fn told(difference: &AreaDifference) -> String {
    difference.movements.iter().map(movement_in_words).collect()
}

/// Given a tale, when PA01 of the made-up model is compared between two sides, then `expected`.
fn check(tale: &Tale, from: &str, to: &str, expected: Expect) {
    let difference = between(tale, "PA01", &side(tale, from), &side(tale, to), false);
    expected.assert_eq(&told(&difference));
}

/// Both base practices rated satisfied since 2025, without evidence.
fn rated_only() -> Vec<Fact> {
    BASE.iter().map(|practice| satisfied(practice).on("2025-01-01")).collect()
}

/// The same with more facts.
pub(crate) fn rated_and(more: &[Fact]) -> Tale {
    let facts: Vec<Fact> = rated_only().into_iter().chain(more.iter().cloned()).collect();
    Tale::of_app(&facts)
}

fn both(name: &str) -> Fact {
    submitted(name).for_practices(&BASE)
}

#[test]
fn what_had_taken_effect_when_the_first_side_was_known_came_late() {
    let tale = rated_and(&[
        both("E1").on("2026-02-01"),
        rated("R9", BASE[1], Value::NotSatisfied).on("2026-03-15"),
    ]);
    let mut from = side(&tale, "app 2026-03-01 #2");
    from.known_at = Some(day("2026-03-10"));
    let to = side(&tale, "app 2026-04-01");
    let difference = between(&tale, "PA01", &from, &to, false);
    expect![[r#"
        learnt 2026-03-01 1-5/0 -> 1-5
            late: new evidence E1 for BP.01.01 #2
            late: new evidence E1 for BP.01.02 #2
        happened 2026-03-15 1-5 -> 0
            re-rated R9 for BP.01.02 #3
    "#]]
    .assert_eq(&told(&difference));
}

#[test]
fn a_way_back_undoes_the_same_movements_in_reverse() {
    let tale = rated_and(&[both("E1"), withdrawn("E1").on("2026-05-01"), both("E2")]);
    check(
        &tale,
        "app 2027-06-01",
        "app 2025-06-01",
        expect![[r#"
        happened back 2027-03-01 1-5/0 -> 1-5
            expired E2 for BP.01.01 by P1Y #4
            expired E2 for BP.01.02 by P1Y #4
        happened back 2026-03-01 1-5 -> 1-5/0
            new evidence E2 for BP.01.01 #4
            new evidence E2 for BP.01.02 #4
    "#]],
    );
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-03-01 #2",
        expect![[r#"
        learnt back 2026-03-01 1-5 -> 1-5/0
            new evidence E2 for BP.01.01 #4
            new evidence E2 for BP.01.02 #4
        learnt back 2026-03-01 1-5/0 -> 1-5
            withdrawn E1 for BP.01.01 #3
            withdrawn E1 for BP.01.02 #3
        learnt back 2026-03-01 1-5 -> 1-5/0
            new evidence E1 for BP.01.01 #2
            new evidence E1 for BP.01.02 #2
    "#]],
    );
}

#[test]
fn movements_of_coverage_alone_are_told_when_asked_for() {
    let tale = Tale::of_app(&[both("E1"), satisfied(BASE[0]), withdrawn("E1")]);
    let [from, to] = ["app 2026-02-01", "app 2026-04-01 #2"].map(|text| side(&tale, text));
    let difference = between(&tale, "PA01", &from, &to, true);
    expect![[r#"
        happened 2026-03-01 not rated -> 0-5
            rated BP.01.01 for BP.01.01 #1
            new evidence E1 for BP.01.01 #0
            new evidence E1 for BP.01.02 #0
    "#]]
    .assert_eq(&told(&difference));
    let tale = Tale::of_app(&[both("E1"), withdrawn("E1")]);
    let [from, to] = ["app 2026-03-01 #1", "app 2026-03-01"].map(|text| side(&tale, text));
    assert_eq!(told(&between(&tale, "PA01", &from, &to, false)), "");
    expect![[r#"
        learnt 2026-03-01 not rated -> not rated (coverage)
            withdrawn E1 for BP.01.01 #1
            withdrawn E1 for BP.01.02 #1
    "#]]
    .assert_eq(&told(&between(&tale, "PA01", &from, &to, true)));
}

#[test]
fn two_units_differ_in_one_movement_and_practice_by_practice() {
    let tale = rated_and(&[both("E1")]).with("team", satisfied(BASE[0]));
    let [from, to] = ["app 2026-03-01", "team 2026-03-01"].map(|text| side(&tale, text));
    let difference = between(&tale, "PA01", &from, &to, false);
    expect![[r#"
        other unit 2026-03-01 1-5 -> 0-5/0
            other unit of team
    "#]]
    .assert_eq(&told(&difference));
    let practices = difference.practices.iter().map(|practice| {
        let seen = |seen: &Option<gradus_domain::difference::PracticeSeen>| {
            let seen = seen.as_ref().unwrap();
            format!("{} {}", seen.reading.values.len(), seen.support.name())
        };
        format!("{} {} | {}\n", practice.target, seen(&practice.from), seen(&practice.to))
    });
    expect![[r#"
        tiny/BP.01.01 1 supported | 1 unsupported
        tiny/BP.01.02 1 supported | 0 unsupported
    "#]]
    .assert_eq(&practices.collect::<String>());
}
