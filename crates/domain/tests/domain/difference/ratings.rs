//! Causes that lie in ratings.

use expect_test::expect;
use gradus_model::AppraisalId;
use gradus_model::rating::Value;

use super::{BASE, both, check};
use crate::given::{Fact, rated, rating_ended, rating_withdrawn};
use crate::levels::{climbed, satisfied};
use crate::tale::Tale;

#[test]
fn ratings_move_both_levels_from_their_moment_to_their_end() {
    let tale = Tale::of_app(&[
        both("E1"),
        satisfied(BASE[0]).on("2026-03-02"),
        satisfied(BASE[1]).on("2026-03-03"),
        rated("R3", BASE[1], Value::NotSatisfied).on("2026-04-01"),
        rated("R4", BASE[1], Value::Satisfied).on("2026-05-01"),
        rating_ended("R4").on("2026-06-01"),
    ]);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-07-01",
        expect![[r#"
            happened 2026-03-02 not rated -> 0-5
                rated BP.01.01 for BP.01.01 #1
            happened 2026-03-03 0-5 -> 1-5
                rated BP.01.02 for BP.01.02 #2
            happened 2026-04-01 1-5 -> 0
                re-rated R3 for BP.01.02 #3
            happened 2026-05-01 0 -> 1-5
                re-rated R4 for BP.01.02 #4
            happened 2026-06-01 1-5 -> 0-5
                rating ended R4 for BP.01.02 #5
        "#]],
    );
    check(
        &tale,
        "app 2026-05-01 #0",
        "app 2026-05-01",
        expect![[r#"
        learnt 2026-05-01 not rated -> 0-5
            rated BP.01.01 for BP.01.01 #1
        learnt 2026-05-01 0-5 -> 1-5
            rated BP.01.02 for BP.01.02 #2
        learnt 2026-05-01 1-5 -> 0
            re-rated R3 for BP.01.02 #3
        learnt 2026-05-01 0 -> 1-5
            re-rated R4 for BP.01.02 #4
    "#]],
    );
}

#[test]
fn a_withdrawn_rating_uncovers_the_one_before() {
    let tale = Tale::of_app(&[
        satisfied(BASE[0]),
        rated("R2", BASE[0], Value::NotSatisfied),
        rating_withdrawn("R2"),
    ]);
    check(
        &tale,
        "app 2026-03-01 #1",
        "app 2026-03-01",
        expect![[r#"
        learnt 2026-03-01 0-5/0 -> 0
            re-rated R2 for BP.01.01 #1
        learnt 2026-03-01 0 -> 0-5/0
            rating withdrawn R2 for BP.01.01 #2
    "#]],
    );
}

#[test]
fn what_was_rated_by_a_rule_comes_back_when_a_person_takes_the_rating_back() {
    let tale = Tale::of_app(&[
        satisfied(BASE[1]),
        rated("R1", BASE[0], Value::Satisfied).by_rule(),
        rated("R2", BASE[0], Value::NotSatisfied).on("2026-04-01"),
        rating_ended("R2").on("2026-05-01"),
    ]);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-06-01",
        expect![[r#"
            happened 2026-04-01 1-5/0 -> 0
                re-rated R2 for BP.01.01 #2
            happened 2026-05-01 0 -> 1-5/0
                rating ended R2 for BP.01.01 #3
        "#]],
    );
}

#[test]
fn only_practices_that_matter_are_causes() {
    let mut facts = climbed(3);
    // While level 4 is not reached, what is said of level 5 changes nothing.
    facts.push(rated("R5", "tiny:PA01/GP 4.1.1", Value::NotSatisfied));
    facts.push(rated("R6", "tiny:PA01/GP 5.1.1", Value::Satisfied).on("2026-04-01"));
    facts.push(rated("R7", "tiny:PA01/GP 3.1.1", Value::Satisfied).on("2026-04-01"));
    let tale = Tale::of_app(&facts);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-05-01",
        expect![[r#"
        happened 2026-04-01 2-3 -> 3
            rated R7 for PA01/GP 3.1.1 #6
    "#]],
    );
}

#[test]
fn the_rating_of_a_closed_appraisal_supports_itself_until_its_window_passes() {
    let appraised = |practice: &str| {
        satisfied(practice).rated_as(|rating| rating.appraisal = Some(AppraisalId([7; 16])))
    };
    let facts: Vec<Fact> = BASE.iter().map(|practice| appraised(practice)).collect();
    let tale = Tale::of_app(&facts);
    check(
        &tale,
        "app 2026-01-01",
        "app 2030-01-01",
        expect![[r#"
        happened 2026-03-01 not rated -> 1-5
            rated BP.01.01 for BP.01.01 #0
            rated BP.01.02 for BP.01.02 #1
        happened 2027-03-01 1-5 -> 1-5/0
            expired BP.01.01 for BP.01.01 by P1Y #0
            expired BP.01.02 for BP.01.02 by P1Y #1
    "#]],
    );
    let ended = tale.with("app", rating_ended("BP.01.01").on("2026-05-01"));
    check(
        &ended,
        "app 2026-04-01",
        "app 2026-06-01",
        expect![[r#"
        happened 2026-05-01 1-5 -> 0-5
            rating ended BP.01.01 for BP.01.01 #2
    "#]],
    );
}
