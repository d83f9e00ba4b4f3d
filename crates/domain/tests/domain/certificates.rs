//! Client certificates: whom a key stands for, and that it never changes hands or comes back.

use expect_test::{Expect, expect};
use gradus_model::Event;
use gradus_model::event::{CertificateRegistered, CertificateRevoked};

use crate::given::{
    Fact, day, decide_in_organization, digest, fact, in_words, name_of, organization, who,
};
use crate::registry::{added, and, disabled};

pub(crate) fn certified(key: &str, to: &str, expires: Option<&str>) -> Fact {
    fact(Event::CertificateRegistered(CertificateRegistered {
        key: digest(key),
        principal: who(to).principal,
        expires_at: expires.map(day),
    }))
}

pub(crate) fn uncertified(key: &str) -> Fact {
    fact(Event::CertificateRevoked(CertificateRevoked { key: digest(key) }))
}

/// What the rules say, with the key's name in place of its digest.
fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    let answer = in_words(&decide_in_organization(history, &proposed));
    expected.assert_eq(&answer.replace(&digest("K1").to_string(), "K1"));
}

/// Whom `K1` stands for on a day.
fn of(history: &[Fact], on: &str) -> Option<String> {
    let registry = organization(history);
    let known = registry.certificate(&digest("K1"), day(on))?;
    Some(name_of(known.principal.0))
}

#[test]
fn a_key_stands_for_its_principal_until_it_ends_or_is_revoked() {
    let history = vec![added("alice"), certified("K1", "alice", Some("2026-07-01"))];
    assert_eq!(of(&history, "2026-06-30").as_deref(), Some("alice"));
    assert_eq!(of(&history, "2026-07-01"), None);
    let longer = and(history.clone(), [certified("K1", "alice", Some("2026-08-01"))]);
    assert_eq!(of(&longer, "2026-07-01").as_deref(), Some("alice"), "it may end at another time");
    assert_eq!(organization(&longer).certificates_of(who("alice").principal).count(), 1);
    assert_eq!(of(&and(history, [uncertified("K1")]), "2026-06-30"), None);
}

#[test]
fn a_revoked_key_never_comes_back() {
    let history = vec![added("alice"), certified("K1", "alice", None), uncertified("K1")];
    check(&history, uncertified("K1"), expect!["already so"]);
    for end in [None, Some("2026-07-01")] {
        check(
            &history,
            certified("K1", "alice", end),
            expect![
                "refused: certificate `K1` was revoked, for good: register one with another key"
            ],
        );
    }
    let forced = and(history, [certified("K1", "alice", None)]);
    assert_eq!(of(&forced, "2026-06-30"), None, "even if a log says so");
}

#[test]
fn a_key_never_changes_hands() {
    let history = vec![added("alice"), added("bob"), certified("K1", "alice", Some("2026-05-01"))];
    check(
        &history,
        certified("K1", "bob", None),
        expect!["refused: certificate `K1` stands for another principal: use one with another key"],
    );
    check(&history, certified("K1", "alice", None), expect!["recorded"]);
    check(&history, certified("K2", "bob", None), expect!["recorded"]);
}

#[test]
fn nobody_who_may_not_act_gets_a_certificate() {
    let history = vec![added("alice"), added("bob"), disabled("bob")];
    check(&history, certified("K1", "alice", Some("2026-06-02")), expect!["recorded"]);
    check(
        &history,
        certified("K1", "alice", Some("2026-06-01")),
        expect!["refused: `expires_at` is 2026-06-01T00:00:00Z, which is past: give a later time"],
    );
    check(&history, certified("K1", "bob", None), expect!["refused: principal `bob` was disabled"]);
    check(
        &history,
        certified("K1", "carol", None),
        expect!["refused: principal `carol` is unknown"],
    );
    check(&history, uncertified("K1"), expect!["refused: certificate `K1` is unknown"]);
    let history = and(history, [certified("K1", "alice", None)]);
    check(&history, certified("K1", "alice", None), expect!["already so"]);
}
