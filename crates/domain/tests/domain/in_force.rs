//! Which rating is in force, at any date, as known at any size.

use gradus_domain::At;
use gradus_domain::in_force::in_force_on;
use gradus_domain::level::rating_in_force;
use gradus_model::rating::{Scale, Value};

use crate::given::{
    Fact, STRICT, at, history, known, name_of, rated, rating_ended, rating_withdrawn, shown, target,
};

fn satisfied(name: &str) -> Fact {
    rated(name, "BP.01.01", Value::Satisfied)
}

fn unsatisfied(name: &str) -> Fact {
    rated(name, "BP.01.01", Value::NotSatisfied)
}

/// The rating of BP.01.01 that is in force, or `none`.
fn holds(facts: &[Fact], at: At) -> String {
    let found = rating_in_force(&history(facts), &target("BP.01.01"), &STRICT, at);
    found.map_or("none".to_owned(), |rating| name_of(rating.rating.0))
}

fn on_days(facts: &[Fact], days: &[&str]) -> String {
    days.iter().map(|day| holds(facts, at(day))).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_rating_is_in_force_from_its_effective_time_on() {
    let facts = [satisfied("R1").on("2026-03-01")];
    assert_eq!(on_days(&facts, &["2026-02-28", "2026-03-01", "2036-03-01"]), "none R1 R1");
    assert_eq!(holds(&facts, known("2026-03-01", 0)), "none");
    let found =
        rating_in_force(&history(&facts), &target("BP.01.01"), &STRICT, at("2026-04-01")).unwrap();
    assert_eq!(shown(found.effective_at), "2026-03-01");
    assert_eq!((found.value, found.by_rule, found.position), (Value::Satisfied, false, 0));
    assert_eq!(name_of(found.actor.0), "alice");
}

#[test]
fn of_two_ratings_for_one_moment_the_later_recorded_holds() {
    let facts = [satisfied("R1"), unsatisfied("R2"), satisfied("R3")];
    let as_known = |size| holds(&facts, known("2026-03-01", size));
    assert_eq!([as_known(1), as_known(2), as_known(3)], ["R1", "R2", "R3"]);
}

#[test]
fn a_backdated_rating_does_not_outlive_one_that_takes_effect_after_it() {
    let facts = [satisfied("R1").on("2026-03-01"), unsatisfied("R2").on("2026-02-01")];
    assert_eq!(on_days(&facts, &["2026-01-31", "2026-02-01", "2026-03-01"]), "none R2 R1");
    assert_eq!(holds(&facts, known("2026-02-01", 1)), "none");
}

#[test]
fn an_ended_rating_was_in_force_until_then() {
    let facts = [satisfied("R1").on("2026-03-01"), rating_ended("R1").on("2026-05-01")];
    assert_eq!(on_days(&facts, &["2026-04-30", "2026-05-01"]), "R1 none");
    assert_eq!(holds(&facts, known("2026-05-01", 1)), "R1");
}

#[test]
fn of_two_ends_the_later_recorded_holds() {
    let facts = [
        satisfied("R1").on("2026-03-01"),
        rating_ended("R1").on("2026-05-01"),
        rating_ended("R1").on("2026-07-01"),
    ];
    assert_eq!(on_days(&facts, &["2026-06-30", "2026-07-01"]), "R1 none");
}

#[test]
fn an_end_does_not_uncover_the_rating_that_was_replaced() {
    let facts = [
        satisfied("R1").on("2026-01-01"),
        unsatisfied("R2").on("2026-03-01"),
        rating_ended("R2").on("2026-05-01"),
    ];
    assert_eq!(on_days(&facts, &["2026-02-01", "2026-04-30", "2026-05-01"]), "R1 R2 none");
}

#[test]
fn a_rating_that_ended_where_it_began_replaced_nothing() {
    let facts = [
        satisfied("R1").on("2026-01-01"),
        unsatisfied("R2").on("2026-03-01"),
        rating_ended("R2").on("2026-03-01"),
    ];
    assert_eq!(on_days(&facts, &["2026-03-01", "2026-05-01"]), "R1 R1");
}

#[test]
fn a_withdrawn_rating_uncovers_the_one_before_it() {
    let facts = [
        satisfied("R1").on("2026-01-01"),
        unsatisfied("R2").on("2026-03-01"),
        rating_withdrawn("R2").on("2026-05-01"),
    ];
    assert_eq!(on_days(&facts, &["2026-02-01", "2026-04-01", "2026-05-01"]), "R1 R1 R1");
    assert_eq!(holds(&facts, known("2026-05-01", 2)), "R2");
}

#[test]
fn a_withdrawn_rating_does_not_uncover_one_that_has_ended() {
    let facts = [
        satisfied("R1").on("2026-01-01"),
        rating_ended("R1").on("2026-02-01"),
        unsatisfied("R2").on("2026-03-01"),
        rating_withdrawn("R2"),
    ];
    assert_eq!(on_days(&facts, &["2026-01-31", "2026-03-01"]), "R1 none");
}

#[test]
fn a_persons_rating_in_force_always_wins_over_a_rules() {
    let facts = [
        unsatisfied("R1").on("2026-01-01"),
        satisfied("R2").on("2026-03-01").by_rule(),
        rating_ended("R1").on("2026-05-01"),
    ];
    assert_eq!(on_days(&facts, &["2026-02-01", "2026-03-01", "2026-05-01"]), "R1 R1 R2");
}

#[test]
fn a_persons_rating_of_one_instance_stands_before_a_rules_of_the_whole() {
    let facts = [satisfied("R1").by_rule(), unsatisfied("R2").of_instance("release 1")];
    assert_eq!(on_days(&facts, &["2026-03-01"]), "R2");
}

#[test]
fn of_several_instances_the_worst_counts_and_of_each_the_latest() {
    let facts = [
        satisfied("R1").of_instance("release 1").on("2026-01-01"),
        unsatisfied("R2").of_instance("release 2").on("2026-02-01"),
        satisfied("R3").of_instance("release 2").on("2026-03-01"),
        unsatisfied("R4").of_instance("release 1").on("2026-04-01"),
        rating_ended("R4").on("2026-05-01"),
    ];
    assert_eq!(
        on_days(&facts, &["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
        "R1 R2 R1 R4 R3"
    );
}

#[test]
fn a_scale_that_the_scheme_does_not_read_neither_counts_nor_covers() {
    let facts = [
        satisfied("R1").on("2026-01-01"),
        rated("R2", "BP.01.01", Value::Not).on("2026-03-01"),
        rated("R3", "BP.01.02", Value::Fully).on("2026-03-01"),
    ];
    assert_eq!(on_days(&facts, &["2026-03-01"]), "R1");
    let history = history(&facts);
    assert_eq!(rating_in_force(&history, &target("BP.01.02"), &STRICT, at("2026-03-01")), None);
    let on_nplf = in_force_on(&history, &target("BP.01.01"), Scale::Nplf, at("2026-03-01"));
    assert_eq!(name_of(on_nplf[0].rating.rating.0), "R2");
}
