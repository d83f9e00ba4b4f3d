//! What may be done to a rating.

use expect_test::expect;
use gradus_model::rating::Value;

use crate::given::{check, evidence, rated, rating_ended, rating_withdrawn, submitted, withdrawn};

#[test]
fn only_people_and_the_rule_rater_rate() {
    let by_a_service = rated("R1", "BP.01.01", Value::Satisfied).by("bot");
    check(
        &[],
        by_a_service.clone(),
        expect!["refused: only a person may rate: a machine's claim is a candidate"],
    );
    check(&[], by_a_service.by_rule(), expect!["recorded"]);
    check(&[], rated("R1", "BP.01.01", Value::Satisfied), expect!["recorded"]);
}

#[test]
fn a_practice_may_be_rated_again_and_for_a_day_long_past() {
    let history = [rated("R1", "BP.01.01", Value::Satisfied)];
    let again = rated("R2", "BP.01.01", Value::Satisfied);
    check(&history, again.clone(), expect!["recorded"]);
    check(&history, again.on("1999-12-31"), expect!["recorded"]);
}

#[test]
fn the_same_rating_is_made_once() {
    let history = [rated("R1", "BP.01.01", Value::Satisfied)];
    check(&history, rated("R1", "BP.01.01", Value::Satisfied), expect!["already so"]);
}

#[test]
fn what_follows_from_the_base_practices_cannot_be_rated() {
    for (practice, expected) in [
        (
            "PA01/GP 1.1.1",
            expect![
                "refused: `iso-21827-2008/PA01/GP 1.1.1` follows from the base practices and cannot be rated"
            ],
        ),
        (
            "PA01/1.1",
            expect![
                "refused: `iso-21827-2008/PA01/1.1` follows from the base practices and cannot be rated"
            ],
        ),
        ("PA01/GP 2.1.1", expect!["recorded"]),
        ("PA01/2.1", expect!["recorded"]),
    ] {
        check(&[], rated("R1", practice, Value::Satisfied), expected);
    }
}

#[test]
fn a_rating_cites_only_items_of_its_unit() {
    let citing = |name| {
        rated("R1", "BP.01.01", Value::Satisfied)
            .rated_as(|rating| rating.evidence = vec![evidence(name)])
    };
    let history = [submitted("E1"), submitted("E2"), withdrawn("E2")];
    check(&history, citing("E1"), expect!["recorded"]);
    check(&history, citing("E2"), expect!["recorded"]);
    check(&history, citing("E3"), expect!["refused: evidence `E3` is unknown in this unit"]);
}

#[test]
fn only_people_end_what_people_rated() {
    let history = [
        rated("R1", "BP.01.01", Value::Satisfied),
        rated("R2", "BP.01.02", Value::Satisfied).by_rule(),
    ];
    check(
        &history,
        rating_ended("R1").by("bot"),
        expect!["refused: only a person may end a rating: a machine's claim is a candidate"],
    );
    check(&history, rating_ended("R2").by("bot"), expect!["recorded"]);
    check(&history, rating_ended("R2"), expect!["recorded"]);
}

#[test]
fn only_people_withdraw_ratings() {
    let history = [rated("R1", "BP.01.01", Value::Satisfied).by_rule()];
    check(
        &history,
        rating_withdrawn("R1").by("bot"),
        expect!["refused: only a person may withdraw a rating: a machine's claim is a candidate"],
    );
    check(&history, rating_withdrawn("R1"), expect!["recorded"]);
}

#[test]
fn an_end_may_be_corrected_and_is_never_before_the_rating() {
    let history = [
        rated("R1", "BP.01.01", Value::Satisfied).on("2026-03-01"),
        rating_ended("R1").on("2026-04-01"),
    ];
    check(&history, rating_ended("R1").on("2026-04-01"), expect!["already so"]);
    check(&history, rating_ended("R1").by_clock("2026-05-01"), expect!["already so"]);
    check(&history, rating_ended("R1").on("2026-05-01"), expect!["recorded"]);
    check(&history, rating_ended("R1").on("2026-03-01"), expect!["recorded"]);
    check(
        &history,
        rating_ended("R1").on("2026-02-28"),
        expect!["refused: `at` is 2026-02-28T00:00:00Z, which is not after 2026-03-01T00:00:00Z"],
    );
}

#[test]
fn a_withdrawn_rating_cannot_be_ended() {
    let history = [rated("R1", "BP.01.01", Value::Satisfied), rating_withdrawn("R1")];
    check(&history, rating_ended("R1"), expect!["refused: rating `R1` was withdrawn"]);
    check(&history, rating_withdrawn("R1"), expect!["already so"]);
}
