//! The clock: who accepts a suspect one, and that a reason is given.

use expect_test::{Expect, expect};
use gradus_model::Event;
use gradus_model::event::ClockAccepted;

use crate::given::{DAY, Fact, day, decide_in_organization, fact, in_words};

/// A clock that said another day than [`DAY`].
pub(crate) fn clock_accepted(wall: &str) -> Fact {
    let accepted = ClockAccepted { wall: day(wall), expected: day(DAY) };
    fact(Event::ClockAccepted(accepted)).on(wall).because("the battery was flat")
}

fn check(proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(&[], &proposed)));
}

#[test]
fn a_clock_is_accepted_by_a_person_who_says_why() {
    let accepted = clock_accepted("2036-03-01");
    check(accepted.clone().by("alice"), expect!["recorded"]);
    check(accepted.clone().because("").by("alice"), expect!["refused: a reason is needed"]);
    for machine in ["bot", "gradus"] {
        check(
            accepted.clone().by(machine),
            expect!["refused: only a person may accept a clock: a machine's claim is a candidate"],
        );
    }
}

#[test]
fn each_acceptance_is_recorded_also_the_same_again() {
    let accepted = clock_accepted("2036-03-01");
    let answer = decide_in_organization(std::slice::from_ref(&accepted), &accepted);
    assert_eq!(in_words(&answer), "recorded");
}
