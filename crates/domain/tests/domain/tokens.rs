//! The life of tokens: how long they are good for, and what takes their place.

use expect_test::{Expect, expect};
use gradus_domain::registry::TokenState;
use gradus_model::Event;
use gradus_model::event::TokenRotated;

use crate::given::{
    Fact, day, decide_in_organization, digest, fact, in_words, name_of, organization,
};
use crate::registry::{added, and, disabled, issued, revoked, token};

fn check(history: &[Fact], proposed: Fact, expected: &Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(history, &proposed)));
}

/// `by` takes the place of `old`, which is good until then.
pub(crate) fn rotated(old: &str, by: &str, old_until: &str, expires: Option<&str>) -> Fact {
    fact(Event::TokenRotated(TokenRotated {
        token: token(old),
        by: token(by),
        hash: digest(by),
        expires_at: expires.map(day),
        old_until: day(old_until),
    }))
    .on("2026-06-01")
}

/// Alice with the token T1, which ends on 1 July.
fn alice() -> Vec<Fact> {
    vec![added("alice"), issued("T1", "alice", Some("2026-07-01"))]
}

fn state(history: &[Fact], name: &str, on: &str) -> TokenState {
    organization(history).token_of_id(token(name)).unwrap().state(day(on))
}

#[test]
fn after_a_rotation_both_tokens_are_good_until_the_old_ones_grace_ends() {
    let history = and(alice(), [rotated("T1", "T2", "2026-06-08", Some("2026-08-01"))]);
    let registry = organization(&history);
    let usable = |name: &str, on: &str| registry.token(&digest(name), day(on)).is_some();
    assert!(usable("T1", "2026-06-07") && usable("T2", "2026-06-07"));
    assert!(!usable("T1", "2026-06-08") && usable("T2", "2026-06-08"));
    assert!(!usable("T2", "2026-08-01"));
    let new = registry.token(&digest("T2"), day("2026-06-07")).unwrap();
    assert_eq!(name_of(new.principal.0), "alice");
    assert_eq!(new.issued_at, day("2026-06-01"));
    let old = registry.token_of_hash(&digest("T1")).unwrap();
    assert_eq!(old.ends_at(), Some(day("2026-06-08")));
}

#[test]
fn a_token_ends_at_the_first_of_its_ends() {
    let history = and(alice(), [rotated("T1", "T2", "2026-06-30", None)]);
    assert_eq!(state(&history, "T1", "2026-06-29"), TokenState::Rotated);
    assert_eq!(state(&history, "T1", "2026-06-30"), TokenState::Ended);
    let history = and(
        vec![added("alice"), issued("T1", "alice", Some("2026-06-05"))],
        [rotated("T1", "T2", "2026-06-08", None)],
    );
    assert_eq!(state(&history, "T1", "2026-06-05"), TokenState::Ended);
    assert_eq!(state(&history, "T2", "2036-06-05"), TokenState::InForce);
    let history = and(history, [revoked("T1")]);
    assert_eq!(state(&history, "T1", "2026-06-05"), TokenState::Revoked);
}

#[test]
fn a_token_without_grace_ends_at_once() {
    let history = and(alice(), [rotated("T1", "T2", "2026-06-01", None)]);
    assert_eq!(state(&history, "T1", "2026-06-01"), TokenState::Ended);
}

#[test]
fn a_token_in_force_is_rotated_once() {
    let rotation = rotated("T1", "T2", "2026-06-08", None);
    check(&alice(), rotation.clone(), &expect!["recorded"]);
    let once = and(alice(), [rotation.clone()]);
    check(&once, rotation, &expect!["already so"]);
    check(
        &once,
        rotated("T1", "T3", "2026-06-08", None),
        &expect![
            "refused: token `T1` was rotated, and is good until 2026-06-08T00:00:00Z: use the new one, `T2`; if that never arrived, revoke it and rotate again"
        ],
    );
    check(&once, rotated("T2", "T3", "2026-06-08", None), &expect!["recorded"]);
}

#[test]
fn a_rotation_whose_token_was_revoked_can_be_made_again_within_its_grace() {
    let lost = and(alice(), [rotated("T1", "T2", "2026-06-08", None), revoked("T2")]);
    check(&lost, rotated("T1", "T3", "2026-06-08", None), &expect!["recorded"]);
    check(
        &lost,
        rotated("T1", "T3", "2026-06-09", None),
        &expect![
            "refused: `grace` ends at 2026-06-09T00:00:00Z: 2026-06-08T00:00:00Z is the latest that is allowed"
        ],
    );
}

#[test]
fn what_is_not_in_force_is_not_rotated() {
    let rotation = || rotated("T1", "T2", "2026-06-08", None);
    let ended = [added("alice"), issued("T1", "alice", Some("2026-06-01"))];
    check(&ended, rotation(), &expect!["refused: token `T1` has ended: issue another one"]);
    let gone = and(alice(), [revoked("T1")]);
    check(&gone, rotation(), &expect!["refused: token `T1` has ended: issue another one"]);
    let left = and(alice(), [disabled("alice")]);
    check(&left, rotation(), &expect!["refused: principal `alice` was disabled"]);
    check(&[added("alice")], rotation(), &expect!["refused: token `T1` is unknown"]);
}

#[test]
fn ends_and_grace_are_bounded() {
    check(&alice(), rotated("T1", "T2", "2026-07-01", None), &expect!["recorded"]);
    check(
        &alice(),
        rotated("T1", "T2", "2026-07-02", None),
        &expect![
            "refused: `grace` ends at 2026-07-02T00:00:00Z: 2026-07-01T00:00:00Z is the latest that is allowed"
        ],
    );
    check(
        &alice(),
        rotated("T1", "T2", "2026-06-02", Some("2026-06-01")),
        &expect!["refused: `expires_at` is 2026-06-01T00:00:00Z, which is past: give a later time"],
    );
    check(&alice(), issued("T2", "alice", Some("2027-06-02")), &expect!["recorded"]);
    check(
        &alice(),
        issued("T2", "alice", Some("2027-06-03")),
        &expect![
            "refused: `expires_at` ends at 2027-06-03T00:00:00Z: 2027-06-02T00:00:00Z is the latest that is allowed"
        ],
    );
}
