//! Claim rules: which tokens meet one, what it gives, and that nothing of it stands on its own.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_domain::access::Right;
use gradus_domain::registry::{Claims, project_name};
use gradus_domain::{At, Registry};
use gradus_model::claims::{ByRule, Condition};
use gradus_model::event::{ClaimRuleRemoved, ClaimRuleSet, PrincipalAdded};
use gradus_model::unit::{PrincipalKind, Role};
use gradus_model::{Event, Name, UnitId};
use proptest::prelude::*;

use crate::certificates::certified;
use crate::given::{
    Fact, at, day, decide_in_organization, fact, in_words, name_of, organization, unit, who,
};
use crate::registry::{added, and, archived, granted, issued, role_revoked, tree};

const ISSUER: &str = "https://issuer.example";

/// A rule with the conditions in `text`, such as `repository=acme/* ref=main`.
pub(crate) fn rule_set(name: &str, text: &str, role: Role, on: &str) -> Fact {
    let condition = |one: &str| {
        let (claim, value) = one.split_once('=').unwrap();
        Condition { claim: claim.parse().unwrap(), value: value.parse().unwrap() }
    };
    fact(Event::ClaimRuleSet(ClaimRuleSet {
        rule: name.parse().unwrap(),
        issuer: ISSUER.parse().unwrap(),
        conditions: text.split_whitespace().map(condition).collect(),
        subject: "repository_id".parse().unwrap(),
        role,
        unit: unit(on),
        named_after: None,
        until: None,
    }))
}

pub(crate) fn rule_removed(name: &str, on: &str) -> Fact {
    fact(Event::ClaimRuleRemoved(ClaimRuleRemoved { rule: name.parse().unwrap(), unit: unit(on) }))
}

/// Who calls by a rule for the first time, with a project of their own.
pub(crate) fn added_by(rule: &str, name: &str, own: &str) -> Fact {
    let by =
        ByRule { rule: rule.parse().unwrap(), issuer: ISSUER.parse().unwrap(), unit: unit(own) };
    let (principal, kind) = (who(name).principal, PrincipalKind::Service);
    fact(Event::PrincipalAdded(PrincipalAdded { principal, kind, by: Some(by) }))
}

/// The fact, with the rule in it changed.
fn with(mut of: Fact, change: impl FnOnce(&mut ClaimRuleSet)) -> Fact {
    if let Event::ClaimRuleSet(set) = &mut of.proposal.event {
        change(set);
    }
    of
}

fn until(of: Fact, end: &str) -> Fact {
    with(of, |set| set.until = Some(day(end)))
}

fn named(of: Fact) -> Fact {
    with(of, |set| set.named_after = Some("repository".parse().unwrap()))
}

fn ci() -> Fact {
    rule_set("ci", "ref=main repository=acme/*", Role::Collector, "red")
}

fn claims(text: &str) -> Claims {
    let said = text.split_whitespace().map(|one| one.split_once('=').unwrap());
    said.map(|(claim, value)| (claim.to_owned(), value.to_owned())).collect()
}

/// The rule that claims meet, and who calls by it.
fn met(registry: &Registry, issuer: &str, said: &str, when: At) -> String {
    let met = registry.claims_met(issuer, &claims(said), when);
    met.map_or("none".to_owned(), |met| format!("{} as {}", met.rule.set.rule, met.subject))
}

fn rights(history: &[Fact], name: &str, on: &str, when: &str) -> String {
    let rights = organization(history).rights(who(name).principal, unit(on), at(when));
    let names = Right::ALL.iter().filter(|right| rights.have(**right)).map(|right| right.name());
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_token_meets_a_rule_that_it_meets_in_every_condition() {
    let registry = organization(&and(tree(), [ci()]));
    let mut table = String::new();
    for (issuer, said) in [
        (ISSUER, "repository_id=1 repository=acme/web ref=main"),
        (ISSUER, "repository_id=1 repository=acme/web ref=main event_name=push"),
        (ISSUER, "repository_id=1 repository=acme/web ref=refs/pull/7/merge"),
        (ISSUER, "repository_id=1 repository=evil/web ref=main"),
        (ISSUER, "repository_id=1 repository=acme-impostor/web ref=main"),
        (ISSUER, "repository_id=1 ref=main"),
        (ISSUER, "repository=acme/web ref=main"),
        (ISSUER, "repository_id= repository=acme/web ref=main"),
        ("https://issuer.example/", "repository_id=1 repository=acme/web ref=main"),
        ("https://other.example", "repository_id=1 repository=acme/web ref=main"),
    ] {
        let answer = met(&registry, issuer, said, at("2026-06-01"));
        let _ = writeln!(table, "{answer:10} {issuer} {said}");
    }
    expect![[r#"
        ci as 1    https://issuer.example repository_id=1 repository=acme/web ref=main
        ci as 1    https://issuer.example repository_id=1 repository=acme/web ref=main event_name=push
        none       https://issuer.example repository_id=1 repository=acme/web ref=refs/pull/7/merge
        none       https://issuer.example repository_id=1 repository=evil/web ref=main
        none       https://issuer.example repository_id=1 repository=acme-impostor/web ref=main
        none       https://issuer.example repository_id=1 ref=main
        none       https://issuer.example repository=acme/web ref=main
        none       https://issuer.example repository_id= repository=acme/web ref=main
        none       https://issuer.example/ repository_id=1 repository=acme/web ref=main
        none       https://other.example repository_id=1 repository=acme/web ref=main
    "#]]
    .assert_eq(&table);
}

#[test]
fn of_several_rules_one_that_lets_submit_counts_then_the_first_by_name() {
    let said = "repository_id=1 repository=acme/web ref=main";
    let rules = [
        rule_set("a", "repository_id=1", Role::Viewer, "red"),
        rule_set("c", "repository_id=1", Role::Collector, "red"),
        rule_set("b", "repository_id=1", Role::Collector, "blue"),
    ];
    let now = at("2026-06-01");
    let registry = organization(&and(tree(), rules.clone()));
    assert_eq!(met(&registry, ISSUER, said, now), "b as 1");
    let registry = organization(&and(tree(), rules[..1].to_vec()));
    assert_eq!(met(&registry, ISSUER, said, now), "a as 1");
}

#[test]
fn a_rule_holds_from_its_first_instant_up_to_its_end_or_removal() {
    let said = "repository_id=1 repository=acme/web ref=main";
    let rule = until(ci(), "2026-09-01").on("2026-07-01");
    let removed = rule_removed("ci", "red").on("2026-08-01");
    let once = organization(&and(tree(), [rule.clone()]));
    let twice = organization(&and(tree(), [rule, removed]));
    for (when, before, after) in [
        ("2026-06-30", "none", "none"),
        ("2026-07-01", "ci as 1", "ci as 1"),
        ("2026-08-01", "ci as 1", "none"),
        ("2026-09-01", "none", "none"),
    ] {
        assert_eq!(met(&once, ISSUER, said, at(when)), before, "{when}");
        assert_eq!(met(&twice, ISSUER, said, at(when)), after, "{when}");
    }
}

#[test]
fn what_a_rule_gives_ends_with_the_rule_and_changes_with_it() {
    let june = "2026-06-01";
    let by_rule = and(tree(), [ci(), added_by("ci", "bot", "app")]);
    assert_eq!(rights(&by_rule, "bot", "red", june), "see submit");
    assert_eq!(rights(&by_rule, "bot", "blue", june), "");

    let viewer = rule_set("ci", "repository=acme/*", Role::Viewer, "red");
    assert_eq!(rights(&and(by_rule.clone(), [viewer]), "bot", "red", june), "see read");

    let removed = and(by_rule.clone(), [rule_removed("ci", "red")]);
    assert_eq!(rights(&removed, "bot", "red", june), "");
    let again = and(removed.clone(), [ci()]);
    assert_eq!(rights(&again, "bot", "red", june), "see submit", "the same rule, set again");

    let other = with(ci(), |set| set.issuer = "https://other.example".parse().unwrap());
    let history = and(removed, [other]);
    assert_eq!(rights(&history, "bot", "red", june), "", "those of another issuer are others");
}

#[test]
fn with_projects_of_their_own_those_who_call_may_do_nothing_elsewhere() {
    let history = and(tree(), [named(ci()), added_by("ci", "bot", "app")]);
    assert_eq!(rights(&history, "bot", "app", "2026-06-01"), "see submit");
    assert_eq!(rights(&history, "bot", "red", "2026-06-01"), "");
}

#[test]
fn who_could_do_what_on_a_date_is_known_of_those_who_called_by_a_rule() {
    let rule = until(ci(), "2026-10-01").on("2026-06-01");
    let roles = [granted("alice", Role::Viewer, "red", None)];
    let history = and(and(tree(), [added("alice")]), roles);
    let history = and(history, [rule, added_by("ci", "bot", "app").on("2026-07-01")]);
    let shown = |when: &str| {
        let registry = organization(&history);
        let roles = registry.all_roles(at(when)).map(|grant| {
            let until = grant.until.map(|until| format!(" until {until}")).unwrap_or_default();
            let (who, on) = (name_of(grant.principal.0), name_of(grant.unit.0));
            format!("{who} {} of {on} since {}{until}", grant.role, grant.from)
        });
        roles.filter(|line| line.starts_with("bot")).collect::<Vec<_>>()
    };
    assert_eq!(shown("2026-06-15"), [""; 0], "nobody had called yet");
    let held = "bot collector of red since 2026-07-01T00:00:00Z until 2026-10-01T00:00:00Z";
    assert_eq!(shown("2026-08-01"), [held]);
    assert_eq!(shown("2026-10-01"), [""; 0]);
}

#[test]
fn a_rule_is_set_when_it_says_who_is_meant_and_what_they_may_do() {
    let rule = |text| rule_set("ci", text, Role::Collector, "red");
    let many = (10..27).map(|number| format!("c{number}=1")).collect::<Vec<_>>().join(" ");
    let set = and(tree(), [ci()]);
    let mut table = String::new();
    for (label, history, proposed) in [
        ("new", tree(), ci()),
        ("the same", set.clone(), ci()),
        ("another role", set.clone(), with(ci(), |set| set.role = Role::Viewer)),
        ("on another unit", set.clone(), rule_set("ci", "repository_id=1", Role::Viewer, "blue")),
        (
            "on another unit, removed before",
            and(set.clone(), [rule_removed("ci", "red")]),
            rule_set("ci", "repository_id=1", Role::Viewer, "blue"),
        ),
        ("an assessor", tree(), with(ci(), |set| set.role = Role::Assessor)),
        ("an admin", tree(), with(ci(), |set| set.role = Role::Admin)),
        ("anything", tree(), rule("ref=main")),
        ("nothing", tree(), rule("")),
        ("any repository", tree(), rule("repository=*")),
        ("any that begins so", tree(), rule("repository=acme*")),
        ("any of that name", tree(), rule("repository=*/web")),
        ("any private one", tree(), rule("repository_visibility=private")),
        ("any id that begins so", tree(), rule("repository_id=1*")),
        ("a part of sub", tree(), rule("sub=repo:acme/*")),
        ("the whole sub", tree(), rule("sub=repo:acme/web:ref:main")),
        ("a claim twice", tree(), rule("ref=a ref=b repository_id=1")),
        ("too many", tree(), rule(&many)),
        ("an unknown unit", tree(), rule_set("ci", "repository_id=1", Role::Viewer, "green")),
        ("an archived unit", and(tree(), [archived("app")]), {
            rule_set("ci", "repository_id=1", Role::Viewer, "app")
        }),
        ("projects below a team", tree(), named(ci())),
        ("projects below a project", tree(), {
            named(rule_set("ci", "repository_id=1", Role::Collector, "app"))
        }),
        ("an end before its start", tree(), until(ci(), "2026-08-01").on("2026-09-01")),
        ("an end in the past", tree(), until(ci(), "2026-05-01").on("2026-01-01")),
        ("removed", set.clone(), rule_removed("ci", "red")),
        ("removed, unknown", tree(), rule_removed("ci", "red")),
        ("removed, elsewhere", set.clone(), rule_removed("ci", "blue")),
        ("removed twice", and(set, [rule_removed("ci", "red")]), rule_removed("ci", "red")),
    ] {
        let answer = in_words(&decide_in_organization(&history, &proposed));
        let _ = writeln!(table, "{label}: {answer}");
    }
    expect![[r#"
        new: recorded
        the same: already so
        another role: recorded
        on another unit: refused: claim rule `ci` is set on another unit: remove it there, or choose another name
        on another unit, removed before: recorded
        an assessor: refused: a claim rule cannot give the role assessor: it is for machines, use collector or viewer
        an admin: refused: a claim rule cannot give the role admin: it is for machines, use collector or viewer
        anything: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        nothing: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        any repository: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        any that begins so: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        any of that name: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        any private one: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        any id that begins so: refused: nothing here says whose work it is, so that everybody whom this issuer serves could meet the rule: add a condition such as repository_owner_id=4711 or repository=acme/*
        a part of sub: refused: `sub` is put together from parts, some of which others choose, so that `repo:acme/*` may be met by what it does not mean: give the whole value, or a condition for each part by its own claim
        the whole sub: recorded
        a claim twice: refused: claim `ref` has two conditions: give it one
        too many: refused: `conditions` has 17 entries, at most 16 are allowed
        an unknown unit: refused: unit `green` is unknown
        an archived unit: refused: unit `app` was archived: it takes no more events
        projects below a team: recorded
        projects below a project: refused: a unit of kind `project` cannot stand below one of kind `project`
        an end before its start: refused: `until` is 2026-08-01T00:00:00Z, which is not after 2026-09-01T00:00:00Z
        an end in the past: refused: `until` is 2026-05-01T00:00:00Z, which is past: give a later time
        removed: recorded
        removed, unknown: refused: claim rule `ci` is unknown
        removed, elsewhere: refused: claim rule `ci` is set on another unit: remove it there, or choose another name
        removed twice: already so
    "#]].assert_eq(&table);
}

#[test]
fn a_role_that_was_granted_by_hand_is_no_part_of_the_rule() {
    let by_hand = granted("bot", Role::Viewer, "blue", None);
    let history = and(tree(), [ci(), added_by("ci", "bot", "app"), by_hand]);
    assert_eq!(rights(&history, "bot", "blue", "2026-06-01"), "see read");
    let history = and(history, [role_revoked("bot", Role::Viewer, "blue")]);
    assert_eq!(rights(&history, "bot", "blue", "2026-06-01"), "");
    assert_eq!(rights(&history, "bot", "red", "2026-06-01"), "see submit");
}

#[test]
fn whoever_calls_by_a_rule_gets_no_credential_that_would_outlast_it() {
    let removed = rule_removed("ci", "red");
    let called = and(tree(), [ci(), added_by("ci", "job", "red")]);
    for history in [called.clone(), and(called, [removed])] {
        let told: Vec<_> = [issued("T1", "job", None), certified("K1", "job", None)]
            .map(|proposed| in_words(&decide_in_organization(&history, &proposed)))
            .into();
        expect![[r#"
            refused: principal `job` calls by the claim rule `ci`, with tokens of its issuer alone, and gets no stored token or certificate: use one of a service account
            refused: principal `job` calls by the claim rule `ci`, with tokens of its issuer alone, and gets no stored token or certificate: use one of a service account"#]]
        .assert_eq(&told.join("\n"));
    }
    let by_hand = and(tree(), [ci(), added("bot")]);
    assert_eq!(in_words(&decide_in_organization(&by_hand, &issued("T1", "bot", None))), "recorded");
}

#[test]
fn a_project_is_named_after_a_claim_in_the_letters_of_names() {
    let unique = UnitId([0xab; 16]);
    let long = format!("acme/{}", "x".repeat(300));
    let mut table = String::new();
    for (value, taken) in [
        ("acme/web", &[][..]),
        ("acme/Web.Site_2", &[]),
        ("acme/web", &["web"]),
        ("acme/web", &["web", "web-4711"]),
        ("../../etc/passwd", &[]),
        ("acme/..", &[]),
        ("", &[]),
        ("///", &[]),
        ("acme/--web--", &[]),
        ("acme/Größe-Ω", &[]),
        ("acme/\u{202e}bew", &[]),
        ("acme/00000000000040008000000000000000", &[]),
        (&long, &[]),
        (&long, &["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]),
    ] {
        let name = project_name(value, "4711", unique, |name| taken.contains(&name.as_str()));
        let shown: String = value.chars().take(40).collect();
        let _ = writeln!(table, "{shown:?} {taken:?}: {}", name.unwrap());
    }
    expect![[r#"
        "acme/web" []: web
        "acme/Web.Site_2" []: web-site-2
        "acme/web" ["web"]: web-4711
        "acme/web" ["web", "web-4711"]: web-abababab-abab-abab-abab-abababababab
        "../../etc/passwd" []: passwd
        "acme/.." []: project
        "" []: project
        "///" []: project
        "acme/--web--" []: web
        "acme/Größe-Ω" []: gr-e
        "acme/\u{202e}bew" []: bew
        "acme/00000000000040008000000000000000" []: 00000000000040008000000000000000-4711
        "acme/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" []: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        "acme/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" ["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-4711
    "#]].assert_eq(&table);
}

proptest! {
    #[test]
    fn any_claim_comes_to_a_name_that_is_free(value: String, subject: String, ids: [u8; 16]) {
        let unique = UnitId(ids);
        let first = project_name(&value, &subject, unique, |_| false).unwrap();
        let is_first = |name: &Name| *name == first;
        let second = project_name(&value, &subject, unique, is_first).unwrap();
        let third = project_name(&value, &subject, unique, |name| {
            *name == first || *name == second
        });
        prop_assert_ne!(&first, &second);
        // A stable id that is no text of names at all leaves one name fewer.
        prop_assert!(third.is_none_or(|third| third != first && third != second));
    }
}
