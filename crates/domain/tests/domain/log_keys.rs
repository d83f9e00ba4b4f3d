//! The key that signs the log's checkpoints: who rotates it, and over which one.

use expect_test::{Expect, expect};
use gradus_model::Event;
use gradus_model::event::LogKeyRotated;

use crate::given::{Fact, decide_in_organization, digest, fact, in_words};
use crate::registry::forked;

pub(crate) fn key_rotated(from: &str, to: &str) -> Fact {
    let (from, to) = (digest(from), digest(to));
    let rotated = LogKeyRotated { from, to, signature: vec![7; 64] };
    fact(Event::LogKeyRotated(rotated)).because("the yearly change")
}

fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(history, &proposed)));
}

#[test]
fn a_key_is_rotated_by_a_person_who_says_why() {
    check(&[], key_rotated("K1", "K2").by("alice"), expect!["recorded"]);
    check(&[], key_rotated("K1", "K2").because(""), expect!["refused: a reason is needed"]);
    let machine = expect![
        "refused: only a person may rotate the log's key: a machine's claim is a candidate"
    ];
    check(&[], key_rotated("K1", "K2").by("bot"), machine);
}

#[test]
fn each_key_is_followed_by_one_and_a_fork_begins_with_its_own() {
    let once = [key_rotated("K1", "K2")];
    check(&once, key_rotated("K2", "K3"), expect!["recorded"]);
    check(
        &once,
        key_rotated("K1", "K3"),
        expect![
            "refused: the log's key was rotated at position 0 by another call: look, and ask again if need be"
        ],
    );
    check(&[key_rotated("K1", "K2"), forked(1)], key_rotated("K7", "K8"), expect!["recorded"]);
}
