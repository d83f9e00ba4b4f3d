//! Roll-ups: who belongs, and what many levels come to.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use gradus_domain::At;
use gradus_domain::gap::Goal;
use gradus_domain::registry::Unit;
use gradus_domain::rollup::{
    Distribution, LevelBounds, Member, OnTarget, RollUp, Rule, Summary, is_project, members,
    roll_up,
};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::UnitId;
use gradus_model::unit::UnitKind;
use proptest::prelude::*;

use crate::given::{Fact, at, day, known, name_of, organization, unit};
use crate::registry::{archived, moved, registered, tree};
use crate::trend::state;

/// The tree with `app` below `red`, and `web` below `red` until it moves to `blue` on 1 March.
fn history() -> Vec<Fact> {
    let mut history = tree();
    history.push(registered("web", UnitKind::Project, Some("red")).on("2026-02-01"));
    history.push(moved("web", "blue").on("2026-03-01"));
    history.push(archived("app").on("2026-04-01"));
    history
}

fn names(scope: &str, at: At, wanted: impl Fn(&Unit) -> bool) -> String {
    let members = members(&organization(&history()), unit(scope), at, wanted);
    members.iter().map(|unit| name_of(unit.0)).collect::<Vec<_>>().join(" ")
}

fn projects(scope: &str, at: At) -> String {
    names(scope, at, is_project)
}

#[test]
fn a_scope_has_the_units_that_stood_below_it_then() {
    assert_eq!(projects("red", at("2026-02-15")), "app web");
    assert_eq!(projects("blue", at("2026-02-15")), "");
    assert_eq!(projects("red", at("2026-03-01")), "app");
    assert_eq!(projects("blue", at("2026-03-01")), "web");
    assert_eq!(projects("org", at("2026-03-01")), "app web");
    assert_eq!(projects("app", at("2026-03-01")), "app");
}

#[test]
fn a_unit_belongs_from_its_registration_until_it_is_archived() {
    assert_eq!(projects("org", at("2025-12-31")), "");
    assert_eq!(projects("org", at("2026-01-31")), "app");
    assert_eq!(projects("org", at("2026-02-01")), "app web");
    assert_eq!(projects("org", at("2026-04-01")), "web");
}

#[test]
fn what_was_not_known_then_does_not_change_who_belongs() {
    assert_eq!(projects("org", known("2026-06-01", 5)), "app");
    assert_eq!(projects("red", known("2026-06-01", 6)), "app web");
    assert_eq!(projects("red", known("2026-06-01", 7)), "app");
    assert_eq!(projects("org", known("2026-06-01", 8)), "web");
    assert_eq!(projects("org", known("2026-06-01", 0)), "");
}

#[test]
fn the_caller_says_which_units_are_wanted() {
    let all = |_: &Unit| true;
    assert_eq!(names("red", at("2026-02-15"), all), "app red web");
    let team = |unit: &Unit| unit.kind == UnitKind::Team;
    assert_eq!(names("org", at("2026-02-15"), team), "blue red");
}

fn member(name: &str, said: &str, goal: Goal) -> Member {
    Member { unit: unit(name), state: state(said), goal }
}

/// Units `u0`, `u1` and so on that say this and aim at nothing.
fn said(states: &[&str]) -> Vec<Member> {
    let member = |(number, said): (usize, &&str)| member(&format!("u{number}"), said, Goal::Unsaid);
    states.iter().enumerate().map(member).collect()
}

fn bounds(bounds: LevelBounds) -> String {
    match bounds {
        LevelBounds { at_least, at_most } if at_least == at_most => at_least.to_string(),
        LevelBounds { at_least, at_most } => format!("{at_least} to {at_most}"),
    }
}

fn levels(summary: &Summary) -> String {
    summary.spread.map_or_else(
        || "none has a level".to_owned(),
        |spread| {
            let [lowest, median, highest] =
                [spread.lowest, spread.median, spread.highest].map(bounds);
            format!("lowest {lowest}, median {median}, highest {highest}")
        },
    )
}

fn counts(distribution: &Distribution) -> String {
    let Distribution { exact, between, not_rated, not_applicable, not_determinable, absent } =
        distribution;
    format!(
        "{exact:?}, {between} between, {not_rated} not rated, {not_applicable} not applicable, \
         {not_determinable} not determinable, {absent} absent"
    )
}

fn check(members: &[Member], expected: Expect) {
    let told = roll_up(members);
    let RollUp { units, inherited, answers, rated, .. } = told;
    let text = format!(
        "{answers} answers of {units} units, {inherited} inherited\n{}\n{}\n",
        counts(&rated.distribution),
        levels(&rated)
    );
    expected.assert_eq(&text);
}

#[test]
fn many_levels_come_to_lowest_median_and_highest() {
    check(
        &said(&["3", "1", "2", "5", "2"]),
        expect![[r#"
            5 answers of 5 units, 0 inherited
            [0, 1, 2, 1, 0, 1], 0 between, 0 not rated, 0 not applicable, 0 not determinable, 0 absent
            lowest 1, median 2, highest 5
        "#]],
    );
}

#[test]
fn the_median_of_an_even_number_is_the_lower_one() {
    check(
        &said(&["4", "1", "3", "2"]),
        expect![[r#"
            4 answers of 4 units, 0 inherited
            [0, 1, 1, 1, 1, 0], 0 between, 0 not rated, 0 not applicable, 0 not determinable, 0 absent
            lowest 1, median 2, highest 4
        "#]],
    );
}

#[test]
fn levels_known_in_part_keep_both_bounds() {
    check(
        &said(&["1-4", "0-5", "3"]),
        expect![[r#"
            3 answers of 3 units, 0 inherited
            [0, 0, 0, 1, 0, 0], 2 between, 0 not rated, 0 not applicable, 0 not determinable, 0 absent
            lowest 0 to 3, median 1 to 4, highest 3 to 5
        "#]],
    );
}

#[test]
fn what_has_no_level_is_counted_and_is_not_level_0() {
    check(
        &said(&["2", "not-rated", "not-applicable", "not-determinable", ""]),
        expect![[r#"
            5 answers of 5 units, 0 inherited
            [0, 0, 1, 0, 0, 0], 0 between, 1 not rated, 1 not applicable, 1 not determinable, 1 absent
            lowest 2, median 2, highest 2
        "#]],
    );
    check(
        &said(&["not-rated", ""]),
        expect![[r#"
            2 answers of 2 units, 0 inherited
            [0, 0, 0, 0, 0, 0], 0 between, 1 not rated, 0 not applicable, 0 not determinable, 1 absent
            none has a level
        "#]],
    );
    check(
        &[],
        expect![[r#"
            0 answers of 0 units, 0 inherited
            [0, 0, 0, 0, 0, 0], 0 between, 0 not rated, 0 not applicable, 0 not determinable, 0 absent
            none has a level
        "#]],
    );
}

#[test]
fn what_several_units_inherit_from_one_counts_once() {
    let from_org = "1 1 org";
    check(
        &said(&[from_org, from_org, from_org, "3", "2 2 red"]),
        expect![[r#"
            3 answers of 5 units, 4 inherited
            [0, 1, 1, 1, 0, 0], 0 between, 0 not rated, 0 not applicable, 0 not determinable, 0 absent
            lowest 1, median 2, highest 3
        "#]],
    );
    let mut with_org = said(&[from_org, from_org]);
    with_org.push(member("org", "1", Goal::Unsaid));
    check(
        &with_org,
        expect![[r#"
            1 answers of 3 units, 2 inherited
            [0, 1, 0, 0, 0, 0], 0 between, 0 not rated, 0 not applicable, 0 not determinable, 0 absent
            lowest 1, median 1, highest 1
        "#]],
    );
}

#[test]
fn what_is_inherited_and_read_otherwise_counts_as_another_answer() {
    let roll_up = roll_up(&said(&["1 1 org", "2 2 org", "1 1 org"]));
    assert_eq!((roll_up.answers, roll_up.inherited), (2, 3));
}

#[test]
fn rated_and_ongoing_levels_are_rolled_up_apart() {
    let roll_up = roll_up(&said(&["3 1", "2 2", "4 0"]));
    assert_eq!(levels(&roll_up.rated), "lowest 2, median 3, highest 4");
    assert_eq!(levels(&roll_up.ongoing), "lowest 0, median 1, highest 2");
}

#[test]
fn coverage_is_summed_over_the_answers_to_which_the_area_applies() {
    let sum = roll_up(&said(&["1 1 org", "1 1 org", "2", "not-applicable", ""])).coverage;
    let counts = (sum.practices, sum.supported, sum.lapsed, sum.contradicted);
    assert_eq!(counts, (8, 6, 2, 0));
}

#[test]
fn the_share_on_target_counts_what_is_aimed_at() {
    let aims = [
        ("2", Goal::Level(2)),
        ("1", Goal::Level(2)),
        ("1-3", Goal::Level(2)),
        ("not-rated", Goal::Level(2)),
        ("", Goal::Level(1)),
        ("not-rated", Goal::Level(0)),
        ("not-applicable", Goal::Level(2)),
        ("2", Goal::NotApplicable),
        ("5", Goal::Unsaid),
    ];
    let member =
        |(number, (said, goal)): (usize, &(&str, Goal))| member(&format!("u{number}"), said, *goal);
    let members: Vec<Member> = aims.iter().enumerate().map(member).collect();
    let on_target = roll_up(&members).ongoing.on_target;
    let expected =
        OnTarget { met: 2, short: 1, maybe: 1, unknown: 2, not_applicable: 2, without_goal: 1 };
    assert_eq!(on_target, expected);
    assert_eq!(on_target.aimed(), 6);
}

#[test]
fn an_inherited_answer_is_held_against_each_goal_once() {
    let members = [
        member("u0", "2 2 org", Goal::Level(2)),
        member("u1", "2 2 org", Goal::Level(2)),
        member("u2", "2 2 org", Goal::Level(3)),
    ];
    let rated = roll_up(&members).rated;
    assert_eq!((rated.on_target.met, rated.on_target.short), (1, 1));
    assert_eq!(rated.distribution.total(), 1);
}

#[test]
fn every_rule_has_a_name() {
    let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names, ["minimum", "median", "distribution", "on-target"]);
}

fn any_member(number: usize) -> impl Strategy<Value = Member> {
    let texts = [
        "0",
        "1",
        "2",
        "3",
        "5 2",
        "1-3",
        "0-5 0-2",
        "not-rated",
        "not-applicable",
        "not-determinable",
        "",
        "1 1 org",
        "2 2 org",
        "1 1 red",
        "2-4 1 red",
    ];
    let goals = [Goal::Unsaid, Goal::NotApplicable, Goal::Level(0), Goal::Level(2)];
    (prop::sample::select(texts.to_vec()), prop::sample::select(goals.to_vec()))
        .prop_map(move |(said, goal)| member(&format!("u{number}"), said, goal))
}

fn some_members() -> impl Strategy<Value = Vec<Member>> {
    (0_usize..25).prop_flat_map(|count| (0..count).map(any_member).collect::<Vec<_>>())
}

/// Each answer once, found without order or counts.
fn plain_answers(members: &[Member]) -> Vec<Option<LevelAnswer>> {
    let mut told: BTreeMap<UnitId, Vec<String>> = BTreeMap::new();
    let mut answers = Vec::new();
    for Member { unit, state, .. } in members {
        let from = state.and_then(|state| state.inherited_from).unwrap_or(*unit);
        let said = state.map(|state| (state.rated, state.ongoing, state.coverage));
        let of_unit = told.entry(from).or_default();
        if !of_unit.contains(&format!("{said:?}")) {
            of_unit.push(format!("{said:?}"));
            answers.push(state.map(|state| state.rated));
        }
    }
    answers
}

/// The bounds of answers that have a level, each in order.
fn plain_bounds(answers: &[Option<LevelAnswer>]) -> [Vec<u8>; 2] {
    let (mut low, mut high): (Vec<u8>, Vec<u8>) = answers
        .iter()
        .filter_map(|answer| match answer {
            Some(LevelAnswer::Range { at_least, at_most, .. }) => Some((*at_least, *at_most)),
            _ => None,
        })
        .unzip();
    low.sort_unstable();
    high.sort_unstable();
    [low, high]
}

proptest! {
    #[test]
    fn the_counts_add_up_and_the_order_of_units_does_not_matter(
        members in some_members(),
        turned in any::<prop::sample::Index>(),
    ) {
        let told = roll_up(&members);
        prop_assert_eq!(told.units as usize, members.len());
        prop_assert_eq!(told.answers as usize, plain_answers(&members).len());
        for summary in [told.rated, told.ongoing] {
            prop_assert_eq!(summary.distribution.total(), told.answers);
            let of = summary.on_target;
            let all = of.aimed() + of.not_applicable + of.without_goal;
            prop_assert!(told.answers <= all && all <= told.units);
        }
        if told.inherited == 0 {
            prop_assert_eq!(told.answers, told.units);
        }
        let mut other = members.clone();
        if !other.is_empty() {
            let middle = turned.index(other.len());
            other.rotate_left(middle);
            other.reverse();
        }
        prop_assert_eq!(roll_up(&other), told);
    }

    #[test]
    fn lowest_median_and_highest_are_those_of_the_sorted_levels(members in some_members()) {
        let [low, high] = plain_bounds(&plain_answers(&members));
        let spread = roll_up(&members).rated.spread;
        prop_assert_eq!(spread.is_some(), !low.is_empty());
        if let Some(spread) = spread {
            let last = low.len() - 1;
            for (of, place) in
                [(spread.lowest, 0), (spread.median, last / 2), (spread.highest, last)]
            {
                prop_assert_eq!((of.at_least, of.at_most), (low[place], high[place]));
                prop_assert!(of.at_least <= of.at_most);
            }
        }
    }

    #[test]
    fn a_unit_is_in_every_scope_above_it_while_it_lives(days in 0_i64..200, size in 0_u64..9) {
        let registry = organization(&history());
        let on = day("2025-12-01").plus_micros(days * crate::made_up::DAY_MICROS);
        let at = At { valid_at: on, size };
        let below = |scope: UnitId| members(&registry, scope, at, |_| true);
        for member in below(unit("org")) {
            for above in registry.lineage(member, at) {
                prop_assert!(below(above).contains(&member));
            }
        }
    }
}
