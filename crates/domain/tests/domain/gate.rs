//! The gate: what passes, what does not, and why.

use expect_test::{Expect, expect};
use gradus_domain::course::AreaState;
use gradus_domain::gate::{
    Checked, Condition, Reason, Wanted, Which, check, floors, no_worse, profile,
};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::Event;
use gradus_model::event::BaselineRaised;
use gradus_model::unit::{AreaRef, Floor};
use proptest::prelude::*;

use crate::given::{Fact, ISO, area, at, fact, history, known};
use crate::trend::{level, state};

fn condition(wanted: Wanted, which: Which) -> Condition {
    Condition { area: area("PA01"), which, wanted }
}

fn one(wanted: Wanted, which: Which, seen: Option<AreaState>) -> Checked {
    check(&[condition(wanted, which)], |_| seen).remove(0)
}

fn told(checked: &Checked) -> String {
    let passed = if checked.passed { "passes" } else { "fails" };
    format!("{passed}, {}", checked.reason)
}

/// Given what is wanted, how a state is answered in each row.
fn check_each(rows: &[(Wanted, &str)], expected: Expect) {
    let row = |(wanted, seen): &(Wanted, &str)| {
        let told = told(&one(*wanted, Which::Ongoing, state(seen)));
        let seen = if seen.is_empty() { "nothing" } else { seen };
        format!("{wanted:?}, {seen}: {told}\n")
    };
    expected.assert_eq(&rows.iter().map(row).collect::<String>());
}

#[test]
fn only_what_is_known_for_certain_reaches_a_minimum() {
    let minimum = Wanted::Minimum(2);
    check_each(
        &[
            (minimum, "2"),
            (minimum, "2-5"),
            (minimum, "1-2"),
            (minimum, "0-5"),
            (minimum, "0-1"),
            (minimum, "1"),
        ],
        expect![[r#"
            Minimum(2), 2: passes, reached
            Minimum(2), 2-5: passes, reached
            Minimum(2), 1-2: fails, undecided: it depends on practices that nobody has judged
            Minimum(2), 0-5: fails, undecided: it depends on practices that nobody has judged
            Minimum(2), 0-1: fails, falls short
            Minimum(2), 1: fails, falls short
        "#]],
    );
}

#[test]
fn what_has_no_level_fails_with_a_reason_of_its_own() {
    let minimum = Wanted::Minimum(0);
    check_each(
        &[
            (minimum, "0"),
            (minimum, "not-rated"),
            (minimum, "not-determinable"),
            (minimum, "not-applicable"),
            (minimum, ""),
            (Wanted::Target(1), "not-rated"),
            (Wanted::Target(1), "not-determinable"),
            (Wanted::Target(1), ""),
            (Wanted::Floor(1), "not-rated"),
        ],
        expect![[r#"
            Minimum(0), 0: passes, reached
            Minimum(0), not-rated: fails, not rated
            Minimum(0), not-determinable: fails, not determinable: the model does not list all practices
            Minimum(0), not-applicable: fails, not applicable: the area is tailored out
            Minimum(0), nothing: fails, the unit's model has no such area
            Target(1), not-rated: fails, not rated
            Target(1), not-determinable: fails, not determinable: the model does not list all practices
            Target(1), nothing: fails, the unit's model has no such area
            Floor(1), not-rated: fails, not rated
        "#]],
    );
}

#[test]
fn what_is_tailored_out_passes_a_profile_and_nothing_else() {
    check_each(
        &[
            (Wanted::Target(3), "not-applicable"),
            (Wanted::Minimum(3), "not-applicable"),
            (Wanted::Floor(3), "not-applicable"),
            (Wanted::NoWorseThan(Some(level("3"))), "not-applicable"),
        ],
        expect![[r#"
            Target(3), not-applicable: passes, not applicable: the area is tailored out
            Minimum(3), not-applicable: fails, not applicable: the area is tailored out
            Floor(3), not-applicable: fails, not applicable: the area is tailored out
            NoWorseThan(Some(Range { at_least: 3, at_most: 3, open: 0 })), not-applicable: fails, not applicable: the area is tailored out
        "#]],
    );
}

#[test]
fn a_target_of_level_0_asks_for_nothing() {
    check_each(
        &[(Wanted::Target(0), "0"), (Wanted::Target(0), "not-rated"), (Wanted::Target(0), "")],
        expect![[r#"
            Target(0), 0: passes, nothing is asked
            Target(0), not-rated: passes, nothing is asked
            Target(0), nothing: passes, nothing is asked
        "#]],
    );
}

#[test]
fn no_worse_asks_for_what_was_known_for_certain() {
    let row = |was: &str, is: &str| {
        let conditions = no_worse([(area("PA01"), state(was))], Which::Ongoing);
        told(&check(&conditions, |_| state(is)).remove(0))
    };
    for (was, is, expected) in [
        ("2", "2", "passes, reached"),
        ("2", "3", "passes, reached"),
        ("2", "1", "fails, falls short"),
        ("2", "1-2", "fails, undecided: it depends on practices that nobody has judged"),
        ("1-4", "1-2", "passes, reached"),
        ("1-4", "not-rated", "fails, not rated"),
        ("0-5", "not-rated", "passes, nothing is asked"),
        ("not-rated", "not-rated", "passes, nothing is asked"),
        ("not-applicable", "0", "passes, nothing is asked"),
        ("not-determinable", "", "passes, nothing is asked"),
        ("", "0", "passes, nothing is asked"),
    ] {
        assert_eq!(row(was, is), expected, "was {was}, is {is}");
    }
}

#[test]
fn the_ongoing_level_is_asked_about_unless_the_rated_one_is_named() {
    let seen = state("3 1");
    assert!(!one(Wanted::Minimum(2), Which::default(), seen).passed);
    assert!(one(Wanted::Minimum(2), Which::Rated, seen).passed);
    assert_eq!(one(Wanted::Minimum(2), Which::default(), seen).seen, Some(level("1")));
}

#[test]
fn each_condition_is_held_against_its_own_area_in_order() {
    let targets = ["PA02", "PA01"].map(|text| (text.parse().unwrap(), 2));
    let conditions = profile(ISO.id(), targets, Which::Ongoing);
    let state = |asked: &AreaRef| state(if *asked == area("PA01") { "2" } else { "1" });
    let passed = |checked: &Checked| (checked.condition.area.area.to_string(), checked.passed);
    let checked: Vec<_> = check(&conditions, state).iter().map(passed).collect();
    assert_eq!(checked, [("PA02".to_owned(), false), ("PA01".to_owned(), true)]);
}

fn raised(area_id: &str, level: u8) -> Fact {
    let floors = vec![Floor { area: area(area_id), level }];
    fact(Event::BaselineRaised(BaselineRaised { floors }))
}

#[test]
fn the_baseline_asks_for_the_floors_that_hold_then() {
    let facts = [raised("PA01", 2).on("2026-01-01"), raised("PA01", 3).on("2026-03-01")];
    let history = history(&facts);
    let wanted = |at| {
        let floors = floors(&history.settings, ISO.id(), at, Which::Ongoing);
        floors.iter().map(|floor| floor.wanted).collect::<Vec<_>>()
    };
    assert_eq!(wanted(at("2025-12-31")), []);
    assert_eq!(wanted(at("2026-02-01")), [Wanted::Floor(2)]);
    assert_eq!(wanted(at("2026-03-01")), [Wanted::Floor(3)]);
    assert_eq!(wanted(known("2026-03-01", 1)), [Wanted::Floor(2)]);
    let another = "sse-cmm-1997".parse().unwrap();
    assert_eq!(floors(&history.settings, &another, at("2026-03-01"), Which::Ongoing), []);
}

fn seen() -> impl Strategy<Value = Option<LevelAnswer>> {
    let range = (0_u8..=5, 0_u8..=5).prop_map(|(one, other)| {
        let (at_least, at_most) = (one.min(other), one.max(other));
        LevelAnswer::Range { at_least, at_most, open: u16::from(at_most - at_least) }
    });
    prop_oneof![
        6 => range.prop_map(Some),
        1 => Just(Some(LevelAnswer::NotRated)),
        1 => Just(Some(LevelAnswer::NotApplicable)),
        1 => Just(Some(LevelAnswer::NotDeterminable)),
        1 => Just(None),
    ]
}

fn of_level(level: Option<LevelAnswer>) -> Option<AreaState> {
    let coverage = gradus_domain::level::Coverage::default();
    level.map(|level| AreaState { rated: level, ongoing: level, coverage, inherited_from: None })
}

fn checked(wanted: Wanted, seen: Option<LevelAnswer>) -> Checked {
    one(wanted, Which::Ongoing, of_level(seen))
}

proptest! {
    #[test]
    fn every_area_is_no_worse_than_itself(seen in seen()) {
        prop_assert!(checked(Wanted::NoWorseThan(seen), seen).passed);
    }

    #[test]
    fn what_reaches_a_level_reaches_each_lower_one(seen in seen(), wanted in 1_u8..=5) {
        if checked(Wanted::Minimum(wanted), seen).passed {
            prop_assert!(checked(Wanted::Minimum(wanted - 1), seen).passed);
        }
    }

    #[test]
    fn a_range_passes_when_each_level_in_it_would_and_is_undecided_when_only_some_would(
        low in 0_u8..=5,
        more in 0_u8..=5,
        wanted in 0_u8..=5,
    ) {
        let high = (low + more).min(5);
        let exact = |level| LevelAnswer::Range { at_least: level, at_most: level, open: 0 };
        let passes = |level| checked(Wanted::Minimum(wanted), Some(exact(level))).passed;
        let passing = (low..=high).filter(|level| passes(*level)).count();
        let range = LevelAnswer::Range { at_least: low, at_most: high, open: 1 };
        let expected = match passing {
            0 => Reason::Short,
            some if some == usize::from(high - low) + 1 => Reason::Reached,
            _ => Reason::Undecided,
        };
        let answer = checked(Wanted::Minimum(wanted), Some(range));
        prop_assert_eq!(answer.reason, expected);
        prop_assert_eq!(answer.passed, expected == Reason::Reached);
    }
}
