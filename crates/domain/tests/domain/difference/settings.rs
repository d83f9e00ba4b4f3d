//! Causes that lie in what units settled: tailoring, rules, model, inheritance, the tree.

use expect_test::expect;
use gradus_model::rating::Value;
use gradus_model::unit::Inheritance;

use super::{BASE, both, check, rated_and};
use crate::given::{inheritance, rated, rating_ended, tailored_in, tailored_out};
use crate::levels::{climbed, of_tiny, satisfied};
use crate::tale::{Tale, model_adopted, moved, rules_adopted};

#[test]
fn tailoring_out_and_in_are_causes_of_their_own() {
    let mut facts = climbed(2);
    facts.extend([
        of_tiny(tailored_out("PA01")).on("2026-04-01"),
        // It changes nothing that is said while the area does not apply.
        rated("R9", "tiny:PA01/GP 2.1.1", Value::Satisfied).on("2026-04-15"),
        of_tiny(tailored_in("PA01")).on("2026-05-01"),
    ]);
    let tale = Tale::of_app(&facts);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-06-01",
        expect![[r#"
        happened 2026-04-01 1-5 -> not applicable
            tailored out #3
        happened 2026-05-01 not applicable -> 2-5
            tailored in #5
    "#]],
    );
    check(
        &tale,
        "app 2026-04-20 #3",
        "app 2026-04-20",
        expect![[r#"
        learnt 2026-04-20 1-5 -> not applicable
            tailored out #3
    "#]],
    );
}

#[test]
fn rules_change_by_adoption_or_because_others_are_asked_with() {
    let tale = rated_and(&[both("E1"), rules_adopted("hasty").on("2026-05-01")]);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-06-01",
        expect![[r#"
        happened 2026-05-01 1-5 -> 1-5/0
            rules changed #3
    "#]],
    );
    check(
        &tale,
        "app 2026-04-15 #3",
        "app 2026-04-15 #3 hasty",
        expect![[r#"
        rules 2026-04-15 1-5 -> 1-5/0
            rules changed
    "#]],
    );
    check(&tale, "app 2026-03-01 hasty", "app 2026-06-01 loose", expect![[r#""#]]);
    check(
        &tale,
        "app 2026-06-01 #3",
        "app 2026-06-01",
        expect![[r#"
        learnt 2026-06-01 1-5 -> 1-5/0
            rules changed #3
    "#]],
    );
}

#[test]
fn what_expires_on_the_day_when_rules_change_is_its_own_cause() {
    let tale =
        rated_and(&[both("E1").valid_until("2026-05-01"), rules_adopted("hasty").on("2026-05-01")]);
    check(
        &tale,
        "app 2026-03-15 hasty",
        "app 2026-06-01",
        expect![[r#"
        happened 2026-05-01 1-5 -> 1-5/0
            expired E1 for BP.01.01 as given #2
            expired E1 for BP.01.02 as given #2
    "#]],
    );
}

#[test]
fn another_model_leaves_nothing_of_the_area() {
    let tale = rated_and(&[model_adopted("loose").on("2026-05-01")]);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-06-01",
        expect![[r#"
        happened 2026-05-01 1-5/0 -> nothing
            model changed #2
    "#]],
    );
}

#[test]
fn what_is_inherited_moves_by_the_facts_of_the_unit_above() {
    let inherits = of_tiny(inheritance("PA01", Inheritance::Inherited)).on("2026-03-10");
    let own = of_tiny(inheritance("PA01", Inheritance::Own)).on("2026-08-01");
    let tale = climbed(2)
        .into_iter()
        .chain([rating_ended("BP.01.02").on("2026-05-01")])
        .fold(Tale::begun(), |tale, fact| tale.with("team", fact))
        .with("app", inherits)
        .with("app", rated("R1", BASE[0], Value::NotSatisfied).on("2026-06-01"))
        .with("app", rating_ended("R1").on("2026-07-01"))
        .with("app", own);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-09-01",
        expect![[r#"
            happened 2026-03-10 not rated -> 1-5 from team
                inherited #4
            happened 2026-05-01 1-5 from team -> 0-5 from team
                rating ended BP.01.02 for BP.01.02 of team #3
            happened 2026-06-01 0-5 from team -> 0
                rated R1 for BP.01.01 #5
            happened 2026-07-01 0 -> 0-5 from team
                rating ended R1 for BP.01.01 #6
            happened 2026-08-01 0-5 from team -> not rated
                inherited #7
        "#]],
    );
    check(
        &tale,
        "app 2026-03-15 #0",
        "app 2026-03-15",
        expect![[r#"
        learnt 2026-03-15 not rated -> 1-5 from team
            inherited #4
    "#]],
    );
}

#[test]
fn a_unit_that_moves_inherits_from_elsewhere() {
    let inherits = of_tiny(inheritance("PA01", Inheritance::Inherited)).on("2026-03-01");
    let tale = climbed(2)
        .into_iter()
        .fold(Tale::begun(), |tale, fact| tale.with("team", fact))
        .with("app", inherits)
        .with("org", moved("app", "org").on("2026-04-01"));
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-05-01",
        expect![[r#"
        happened 2026-04-01 1-5 from team -> not rated
            moved #4
    "#]],
    );
    check(
        &tale,
        "app 2026-05-01 #4",
        "app 2026-05-01",
        expect![[r#"
        learnt 2026-05-01 1-5 from team -> not rated
            moved #4
    "#]],
    );
}

#[test]
fn an_area_tailored_out_above_is_answered_from_higher_up() {
    let tale = climbed(2)
        .into_iter()
        .fold(Tale::begun(), |tale, fact| tale.with("team", fact))
        .with("org", satisfied(BASE[0]))
        .with("app", of_tiny(inheritance("PA01", Inheritance::Inherited)))
        .with("team", of_tiny(tailored_out("PA01")).on("2026-04-01"));
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-05-01",
        expect![[r#"
        happened 2026-04-01 1-5 from team -> 0-5/0 from org
            tailored out of team #5
    "#]],
    );
}
