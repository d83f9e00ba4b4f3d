//! Roles: what each gives, where and when it holds, and who may hand it out.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::access::{Right, Rights};
use gradus_domain::{At, Registry};
use gradus_model::Event;
use gradus_model::unit::{Role, UnitKind};

use crate::given::{
    Fact, at, day, decide_in_organization, fact, in_words, occasion, organization, rated,
    submitted, unit, who,
};
use crate::registry::{added, and, archived, disabled, granted, moved, role_revoked, tree};

fn people() -> Vec<Fact> {
    and(tree(), ["alice", "bob", "bot"].map(added))
}

/// What somebody may do on a unit.
fn rights_at(registry: &Registry, name: &str, on: &str, at: At) -> String {
    let rights = registry.rights(who(name).principal, unit(on), at);
    let names = Right::ALL.iter().filter(|right| rights.have(**right)).map(|right| right.name());
    names.collect::<Vec<_>>().join(" ")
}

fn rights(history: &[Fact], name: &str, on: &str, when: &str) -> String {
    rights_at(&organization(history), name, on, at(when))
}

#[test]
fn each_role_gives_its_rights() {
    let mut table = String::new();
    for role in Role::ALL {
        let rights = Rights::of_role(*role);
        let names = Right::ALL.iter().filter(|right| rights.have(**right));
        let names: Vec<&str> = names.map(|right| right.name()).collect();
        let _ = writeln!(table, "{role:10} {}", names.join(" "));
    }
    expect![[r#"
        viewer     see read
        collector  see submit
        assessor   see read submit review rate read-confidential read-interviews
        lead       see read settle
        sponsor    see read appraise
        auditor    see read prove read-confidential
        admin      see read submit review rate settle appraise prove read-confidential administer
    "#]]
    .assert_eq(&table);
}

#[test]
fn a_role_holds_on_its_unit_and_on_all_below_it_and_nowhere_else() {
    let history = and(people(), [granted("bob", Role::Viewer, "red", None)]);
    assert_eq!(rights(&history, "bob", "red", "2026-06-01"), "see read");
    assert_eq!(rights(&history, "bob", "app", "2026-06-01"), "see read");
    assert_eq!(rights(&history, "bob", "blue", "2026-06-01"), "");
    assert_eq!(rights(&history, "bob", "org", "2026-06-01"), "");
    assert_eq!(rights(&history, "alice", "red", "2026-06-01"), "");
}

#[test]
fn roles_of_one_principal_add_up() {
    let roles = [("red", Role::Collector), ("app", Role::Assessor), ("org", Role::Auditor)];
    let roles = roles.map(|(on, role)| granted("bob", role, on, None));
    let history = and(people(), roles);
    assert_eq!(
        rights(&history, "bob", "app", "2026-06-01"),
        "see read submit review rate prove read-confidential read-interviews"
    );
    assert_eq!(
        rights(&history, "bob", "red", "2026-06-01"),
        "see read submit prove read-confidential"
    );
    assert_eq!(rights(&history, "bob", "blue", "2026-06-01"), "see read prove read-confidential");
}

#[test]
fn a_role_holds_from_its_first_instant_up_to_its_end() {
    let role = granted("bob", Role::Viewer, "red", Some("2026-09-01")).on("2026-07-01");
    let history = and(people(), [role]);
    for (when, expected) in [
        ("2026-06-30", ""),
        ("2026-07-01", "see read"),
        ("2026-08-31", "see read"),
        ("2026-09-01", ""),
    ] {
        assert_eq!(rights(&history, "bob", "red", when), expected, "{when}");
    }
}

#[test]
fn another_period_takes_the_place_of_the_one_before() {
    let first = granted("bob", Role::Viewer, "red", Some("2026-07-01"));
    let longer = granted("bob", Role::Viewer, "red", Some("2026-10-01"));
    let history = and(people(), [first, longer]);
    assert_eq!(rights(&history, "bob", "red", "2026-08-01"), "see read");
}

#[test]
fn a_revoked_role_is_gone_and_so_is_one_that_was_to_begin_later() {
    let later = granted("bob", Role::Viewer, "red", None).on("2026-09-01");
    let history = and(
        people(),
        [
            granted("bob", Role::Viewer, "red", None),
            later,
            role_revoked("bob", Role::Viewer, "red").on("2026-07-01"),
        ],
    );
    assert_eq!(rights(&history, "bob", "red", "2026-06-30"), "see read");
    assert_eq!(rights(&history, "bob", "red", "2026-07-01"), "");
    assert_eq!(rights(&history, "bob", "red", "2026-12-01"), "");
    let again = granted("bob", Role::Viewer, "red", None).on("2026-08-01");
    let history = and(history, [again]);
    assert_eq!(rights(&history, "bob", "red", "2026-12-01"), "see read");
}

#[test]
fn what_was_granted_later_was_not_held_before_as_known_then() {
    let history = and(people(), [granted("bob", Role::Viewer, "red", None)]);
    let size = history.len() as u64;
    let registry = organization(&history);
    let when = |size| At { valid_at: day("2026-06-01"), size };
    assert_eq!(rights_at(&registry, "bob", "red", when(size)), "see read");
    assert_eq!(rights_at(&registry, "bob", "red", when(size - 1)), "");
}

#[test]
fn a_unit_that_moves_takes_the_eyes_of_its_new_team_and_leaves_the_old_ones() {
    let roles = ["alice", "bob"].into_iter().zip(["red", "blue"]);
    let roles = roles.map(|(who, on)| granted(who, Role::Viewer, on, None));
    let history = and(people(), roles);
    let history = and(history, [moved("app", "blue").on("2026-07-01")]);
    assert_eq!(rights(&history, "alice", "app", "2026-06-30"), "see read");
    assert_eq!(rights(&history, "bob", "app", "2026-06-30"), "");
    assert_eq!(rights(&history, "alice", "app", "2026-07-01"), "");
    assert_eq!(rights(&history, "bob", "app", "2026-07-01"), "see read");
}

#[test]
fn gradus_itself_needs_no_role() {
    let history = and(people(), [added("gradus")]);
    assert!(rights(&history, "gradus", "app", "2026-06-01").ends_with("administer"));
}

#[test]
fn in_a_log_from_before_roles_the_first_person_does_all_until_an_admin_is_granted() {
    let old = people();
    assert!(rights(&old, "alice", "app", "2026-06-01").ends_with("administer"));
    assert_eq!(rights(&old, "bob", "app", "2026-06-01"), "");
    let last = "refused: nobody else is admin of the organization without an end: grant that to \
                another principal first";
    for (role, on, until) in [
        (Role::Viewer, "app", None),
        (Role::Admin, "red", None),
        (Role::Admin, "org", Some("2027-01-01")),
    ] {
        let first = granted("alice", role, on, until);
        assert_eq!(in_words(&decide_in_organization(&old, &first)), last);
    }
    let first = granted("alice", Role::Admin, "org", None);
    check(&old, first.clone(), expect!["recorded"]);
    let new = and(old, [first]);
    check(&new, granted("bob", Role::Viewer, "app", None), expect!["recorded"]);
    assert!(rights(&new, "alice", "app", "2026-06-01").ends_with("administer"));
}

fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(history, &proposed)));
}

#[test]
fn the_same_role_granted_again_changes_nothing_and_another_period_does() {
    let history = and(people(), [granted("bob", Role::Viewer, "red", None)]);
    check(&history, granted("bob", Role::Viewer, "red", None), expect!["already so"]);
    check(&history, granted("bob", Role::Lead, "red", None), expect!["recorded"]);
    check(&history, granted("bob", Role::Viewer, "red", Some("2027-01-01")), expect!["recorded"]);
    check(&history, role_revoked("bob", Role::Viewer, "red"), expect!["recorded"]);
    let history = and(history, [role_revoked("bob", Role::Viewer, "red")]);
    check(&history, role_revoked("bob", Role::Viewer, "red"), expect!["already so"]);
    check(&history, granted("bob", Role::Viewer, "red", None), expect!["recorded"]);
}

#[test]
fn a_role_needs_a_living_unit_a_principal_and_a_time_ahead() {
    let blue = and(people(), [archived("blue"), disabled("bob")]);
    let role = |who| granted(who, Role::Viewer, "red", None);
    check(
        &blue,
        granted("alice", Role::Viewer, "blue", None),
        expect!["refused: unit `blue` was archived: it takes no more events"],
    );
    check(&blue, role("bob"), expect!["refused: principal `bob` was disabled"]);
    check(&blue, role("carol"), expect!["refused: principal `carol` is unknown"]);
    check(
        &blue,
        granted("alice", Role::Viewer, "red", Some("2026-05-31")).on("2026-01-01"),
        expect!["refused: `until` is 2026-05-31T00:00:00Z, which is past: give a later time"],
    );
    check(
        &blue,
        granted("alice", Role::Viewer, "red", Some("2026-08-01")).on("2026-09-01"),
        expect![
            "refused: `until` is 2026-08-01T00:00:00Z, which is not after 2026-09-01T00:00:00Z"
        ],
    );
}

#[test]
fn the_organization_keeps_an_admin() {
    let admin = |who, until| granted(who, Role::Admin, "org", until);
    let end = || role_revoked("alice", Role::Admin, "org");
    let refused = "refused: nobody else is admin of the organization without an end: grant that to \
                   another principal first";
    let alone = and(people(), [admin("alice", None), admin("bob", Some("2027-01-01"))]);
    for history in [alone.clone(), and(people(), [admin("alice", None)])] {
        for end in [end(), disabled("alice")] {
            assert_eq!(in_words(&decide_in_organization(&history, &end)), refused);
        }
    }
    let two = and(people(), [admin("alice", None), admin("bob", None)]);
    check(&two, end(), expect!["recorded"]);
    check(&two, disabled("alice"), expect!["recorded"]);
    let one = and(two, [disabled("bob")]);
    assert_eq!(in_words(&decide_in_organization(&one, &end())), refused);
    // An admin of a team is not of the organization.
    let team = and(alone, [granted("bot", Role::Admin, "red", None)]);
    check(&team, role_revoked("bot", Role::Admin, "red"), expect!["recorded"]);
}

#[test]
fn an_admin_whose_role_will_end_does_not_count_however_it_was_said() {
    let admin = |who, until| granted(who, Role::Admin, "org", until);
    let refused = "refused: nobody else is admin of the organization without an end: grant that to \
                   another principal first";
    let says = |history: &[Fact], fact: &Fact| in_words(&decide_in_organization(history, fact));
    let alone = and(people(), [admin("alice", None)]);
    // Another period takes the place of the one without an end.
    assert_eq!(says(&alone, &admin("alice", Some("2027-01-01"))), refused);
    assert_eq!(says(&alone, &admin("alice", Some("2027-01-01")).on("2026-09-01")), refused);
    let later = role_revoked("alice", Role::Admin, "org").on("2026-09-01");
    assert_eq!(says(&alone, &later), refused);

    let two = and(people(), [admin("alice", None), admin("bob", None)]);
    check(&two, later.clone(), expect!["recorded"]);
    let soon_one = and(two, [later]);
    for end in [
        role_revoked("bob", Role::Admin, "org"),
        role_revoked("bob", Role::Admin, "org").on("2026-12-01"),
        disabled("bob"),
        admin("bob", Some("2027-01-01")),
    ] {
        assert_eq!(says(&soon_one, &end), refused);
    }
    // Who is admin from later on is none yet.
    let not_yet = and(people(), [admin("alice", None), admin("bob", None).on("2026-09-01")]);
    assert_eq!(says(&not_yet, &disabled("alice")), refused);
}

/// Whether somebody may record a fact in the stream of `app`.
fn allowed(history: &[Fact], name: &str, event: &Event) -> String {
    let now = occasion(&submitted("E1")).now;
    match organization(history).allow(&who(name), event, unit("app"), now) {
        Ok(()) => "allowed".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn every_fact_needs_the_right_that_its_kind_needs() {
    let roles = [("alice", Role::Assessor), ("bob", Role::Lead), ("bot", Role::Collector)];
    let roles = roles.map(|(who, role)| granted(who, role, "red", None));
    let history = and(people(), roles);
    let register = crate::registry::registered("new", UnitKind::Project, Some("red"));
    let events = [
        submitted("E1"),
        crate::given::accepted("E1"),
        rated("R1", "BP.01.01", gradus_model::rating::Value::Satisfied),
        crate::given::marked("1.0"),
        register,
        moved("app", "blue"),
        granted("bob", Role::Admin, "red", None),
        fact(crate::registry::published("iso").proposal.event),
    ];
    let mut table = String::new();
    for event in events.map(|fact| fact.proposal.event) {
        let _ = writeln!(table, "{}", event.name());
        for name in ["alice", "bob", "bot"] {
            let _ = writeln!(table, "  {name:6} {}", allowed(&history, name, &event));
        }
    }
    expect![[r#"
        evidence-submitted
          alice  allowed
          bob    this needs the right to submit on `app`, which the role collector, assessor or admin gives: ask an admin for it
          bot    allowed
        evidence-accepted
          alice  allowed
          bob    this needs the right to review on `app`, which the role assessor or admin gives: ask an admin for it
          bot    this needs the right to review on `app`, which the role assessor or admin gives: ask an admin for it
        practice-rated
          alice  allowed
          bob    this needs the right to rate on `app`, which the role assessor or admin gives: ask an admin for it
          bot    this needs the right to rate on `app`, which the role assessor or admin gives: ask an admin for it
        marker-placed
          alice  this needs the right to settle on `app`, which the role lead or admin gives: ask an admin for it
          bob    allowed
          bot    this needs the right to settle on `app`, which the role lead or admin gives: ask an admin for it
        unit-registered
          alice  this needs the right to settle on `red`, which the role lead or admin gives: ask an admin for it
          bob    allowed
          bot    this needs the right to settle on `red`, which the role lead or admin gives: ask an admin for it
        unit-moved
          alice  this needs the right to administer on `app`, which the role admin gives: ask an admin for it
          bob    this needs the right to administer on `app`, which the role admin gives: ask an admin for it
          bot    this needs the right to administer on `app`, which the role admin gives: ask an admin for it
        role-granted
          alice  this needs the right to administer on `red`, which the role admin gives: ask an admin for it
          bob    this needs the right to administer on `red`, which the role admin gives: ask an admin for it
          bot    this needs the right to administer on `red`, which the role admin gives: ask an admin for it
        model-published
          alice  this needs the right to administer on the whole organization, which the role admin gives there: ask an admin for it
          bob    this needs the right to administer on the whole organization, which the role admin gives there: ask an admin for it
          bot    this needs the right to administer on the whole organization, which the role admin gives there: ask an admin for it
    "#]].assert_eq(&table);
}

#[test]
fn a_role_that_begins_later_is_told_by_its_next_period() {
    let history = and(
        people(),
        [
            granted("bob", Role::Viewer, "red", None).on("2026-07-01"),
            granted("bob", Role::Viewer, "red", Some("2026-12-01")).on("2026-09-01"),
            granted("bob", Role::Lead, "red", None),
            granted("bob", Role::Lead, "red", None).on("2026-09-01"),
            granted("alice", Role::Viewer, "app", None).on("2026-07-01"),
            role_revoked("alice", Role::Viewer, "app"),
        ],
    );
    let registry = organization(&history);
    let told = |when: At| {
        let later = registry.later_roles(when);
        let line = |grant: gradus_domain::registry::Grant| {
            assert_eq!(grant.until, None);
            format!("{} from {}", grant.role, &grant.from.to_string()[..10])
        };
        later.map(line).collect::<Vec<_>>().join("; ")
    };
    let size = history.len() as u64;
    let when = |text, size| At { valid_at: day(text), size };
    let told = [
        told(when("2026-06-01", size)),
        // Before the revocation was known.
        told(when("2026-06-01", size - 1)),
        // What holds has begun, whatever follows it.
        told(when("2026-08-01", size)),
    ];
    expect![[r#"
        viewer from 2026-07-01
        viewer from 2026-07-01; viewer from 2026-07-01
    "#]]
    .assert_eq(&told.join("\n"));
}
