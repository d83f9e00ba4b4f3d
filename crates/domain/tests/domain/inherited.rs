//! Levels that units inherit from those above them.

use gradus_model::rating::Value;
use gradus_model::unit::Inheritance;

use crate::given::{Fact, at, inheritance, rated, rating_ended, submitted, tailored_out};
use crate::levels::{answer, climbed, of_tiny, satisfied};
use crate::made_up::TINY;

/// Given an app below a team below the organization, when PA02 (organizational) of the made-up
/// model is asked for, then `expected`.
fn check_inherited(app: &[Fact], team: &[Fact], org: &[Fact], area: &str, expected: &str) {
    let lineage = [("app", app), ("team", team), ("org", org)];
    assert_eq!(answer(&TINY, &lineage, area, at("2026-03-01")), expected);
}

fn one() -> [Fact; 1] {
    [satisfied("tiny:BP.02.01")]
}

fn none() -> [Fact; 1] {
    [rated("R9", "tiny:BP.02.01", Value::NotSatisfied)]
}

#[test]
fn organizational_areas_are_answered_from_the_nearest_rated_unit_above() {
    let from_org = "PA02 1 to 5, 4 open; ongoing 0, from org";
    check_inherited(&[], &[], &one(), "PA02", from_org);
    check_inherited(&[], &none(), &one(), "PA02", "PA02 0; ongoing 0, from team");
    check_inherited(&[], &[], &[], "PA02", "PA02 not rated; ongoing not rated");
}

#[test]
fn ratings_of_its_own_win_however_few_they_are() {
    check_inherited(&none(), &one(), &one(), "PA02", "PA02 0; ongoing 0");
    let generic = [rated("R1", "tiny:PA02/GP 5.1.1", Value::Satisfied)];
    check_inherited(
        &generic,
        &one(),
        &one(),
        "PA02",
        "PA02 0 to 5, 4 open; ongoing 0 to 4, 4 open",
    );
    let ended = [satisfied("tiny:BP.02.01").on("2026-01-01"), rating_ended("BP.02.01")];
    check_inherited(&ended, &none(), &[], "PA02", "PA02 0; ongoing 0, from team");
}

#[test]
fn other_areas_are_the_units_own() {
    let org = climbed(2);
    check_inherited(&[], &[], &org, "PA01", "PA01 not rated; ongoing not rated");
}

#[test]
fn a_unit_may_say_for_an_area_whether_it_inherits() {
    let own = [of_tiny(inheritance("PA02", Inheritance::Own))];
    check_inherited(&own, &[], &one(), "PA02", "PA02 not rated; ongoing not rated");
    let inherits = [of_tiny(inheritance("PA01", Inheritance::Inherited))];
    let from_org = "PA01 1 to 5, 4 open; ongoing 1 to 5, 4 open, from org";
    check_inherited(&inherits, &[], &climbed(2), "PA01", from_org);
    let back = [
        of_tiny(inheritance("PA01", Inheritance::Inherited)).on("2026-01-01"),
        of_tiny(inheritance("PA01", Inheritance::ByRules)).on("2026-02-01"),
    ];
    check_inherited(&back, &[], &climbed(2), "PA01", "PA01 not rated; ongoing not rated");
}

#[test]
fn an_area_that_was_tailored_out_is_neither_inherited_nor_passed_on() {
    let out = of_tiny(tailored_out("PA02"));
    let not_applicable = "PA02 not applicable; ongoing not applicable";
    check_inherited(std::slice::from_ref(&out), &[], &one(), "PA02", not_applicable);
    let [one] = one();
    let team = [one.clone(), out];
    check_inherited(&[], &team, &none(), "PA02", "PA02 0; ongoing 0, from org");
    check_inherited(&[], &team, &[], "PA02", "PA02 not rated; ongoing not rated");
}

#[test]
fn what_is_inherited_rests_on_the_evidence_of_the_unit_above() {
    let org = [satisfied("tiny:BP.02.01"), submitted("E1").for_practices(&["tiny:BP.02.01"])];
    let lineage: [(&str, &[Fact]); 2] = [("app", &[]), ("org", &org)];
    let told = answer(&TINY, &lineage, "PA02", at("2026-03-01"));
    assert_eq!(told, "PA02 1 to 5, 4 open; ongoing 1 to 5, 4 open, from org");
    let told = answer(&TINY, &lineage, "PA02", at("2027-03-01"));
    assert_eq!(told, "PA02 1 to 5, 4 open; ongoing 0, from org");
}
