//! The organization: units and their tree, documents, principals, tokens.

use expect_test::{Expect, expect};
use gradus_domain::registry::{DocumentKind, living};
use gradus_model::event::{
    LogCreated, LogForked, PrincipalAdded, PrincipalDisabled, RoleGranted, RoleRevoked,
    TokenIssued, TokenRevoked, UnitArchived, UnitMoved, UnitRegistered, UnitRenamed, UnitSucceeded,
};
use gradus_model::unit::{Role, UnitKind};
use gradus_model::{Event, LogId, Name, TokenId};

use crate::given::{
    Fact, at, day, decide_in_organization, digest, document, fact, in_words, known, name_of,
    organization, unit, who, with_names,
};

fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(history, &proposed)));
}

/// Given `history`, each proposal is answered with `expected`.
fn check_each(history: &[Fact], proposals: &[Fact], expected: &str) {
    for proposed in proposals {
        let answer = in_words(&decide_in_organization(history, proposed));
        assert_eq!(answer, expected, "{}", proposed.proposal.event.name());
    }
}

pub(crate) fn created() -> Fact {
    fact(Event::LogCreated(LogCreated {
        log: LogId([7; 16]),
        organization: unit("org"),
        origin: "made-up.example/log".parse().unwrap(),
    }))
}

pub(crate) fn forked(size: u64) -> Fact {
    fact(Event::LogForked(LogForked {
        size,
        root: gradus_model::Digest([9; 32]),
        known_size: None,
        origin: "made-up.example/log/2".parse().unwrap(),
    }))
}

/// A unit with its own id as its name.
pub(crate) fn registered(name: &str, kind: UnitKind, parent: Option<&str>) -> Fact {
    let registered = UnitRegistered {
        unit: unit(name),
        kind,
        parent: parent.map(unit),
        name: name.parse().unwrap(),
    };
    fact(Event::UnitRegistered(registered)).on("2026-01-01")
}

pub(crate) fn renamed(name: &str, to: &str) -> Fact {
    fact(Event::UnitRenamed(UnitRenamed { unit: unit(name), name: to.parse().unwrap() }))
}

pub(crate) fn moved(name: &str, below: &str) -> Fact {
    fact(Event::UnitMoved(UnitMoved { unit: unit(name), parent: unit(below) }))
}

pub(crate) fn archived(name: &str) -> Fact {
    fact(Event::UnitArchived(UnitArchived { unit: unit(name) }))
}

pub(crate) fn succeeded(name: &str, by: &[&str]) -> Fact {
    let successors = by.iter().map(|name| unit(name)).collect();
    fact(Event::UnitSucceeded(UnitSucceeded { unit: unit(name), successors }))
}

pub(crate) fn published(id: &str) -> Fact {
    fact(Event::ModelPublished(document(id)))
}

pub(crate) fn added(name: &str) -> Fact {
    let who = who(name);
    fact(Event::PrincipalAdded(PrincipalAdded {
        principal: who.principal,
        kind: who.kind,
        by: None,
    }))
}

pub(crate) fn disabled(name: &str) -> Fact {
    fact(Event::PrincipalDisabled(PrincipalDisabled { principal: who(name).principal }))
}

pub(crate) fn token(name: &str) -> TokenId {
    TokenId(unit(name).0)
}

pub(crate) fn issued(name: &str, to: &str, expires: Option<&str>) -> Fact {
    fact(Event::TokenIssued(TokenIssued {
        token: token(name),
        principal: who(to).principal,
        hash: digest(name),
        expires_at: expires.map(day),
    }))
}

pub(crate) fn revoked(name: &str) -> Fact {
    fact(Event::TokenRevoked(TokenRevoked { token: token(name) }))
}

pub(crate) fn granted(to: &str, role: Role, on: &str, until: Option<&str>) -> Fact {
    let (principal, until) = (who(to).principal, until.map(day));
    fact(Event::RoleGranted(RoleGranted { principal, role, unit: unit(on), until }))
}

pub(crate) fn role_revoked(of: &str, role: Role, on: &str) -> Fact {
    let principal = who(of).principal;
    fact(Event::RoleRevoked(RoleRevoked { principal, role, unit: unit(on) }))
}

/// An organization with two teams and a project below the first.
pub(crate) fn tree() -> Vec<Fact> {
    vec![
        created(),
        registered("org", UnitKind::Organization, None),
        registered("red", UnitKind::Team, Some("org")),
        registered("blue", UnitKind::Team, Some("org")),
        registered("app", UnitKind::Project, Some("red")),
    ]
}

pub(crate) fn and(mut history: Vec<Fact>, more: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
    history.extend(more);
    history
}

fn lineage(history: &[Fact], name: &str, on: &str) -> String {
    let lineage = organization(history).lineage(unit(name), at(on));
    lineage.iter().map(|id| name_of(id.0)).collect::<Vec<_>>().join(" < ")
}

#[test]
fn units_stand_below_organizations_and_teams() {
    use UnitKind::{Organization, Project, Team};
    for (kind, parent, expected) in [
        (Team, "org", expect!["recorded"]),
        (Team, "red", expect!["recorded"]),
        (Project, "org", expect!["recorded"]),
        (Project, "red", expect!["recorded"]),
        (
            Team,
            "app",
            expect!["refused: a unit of kind `team` cannot stand below one of kind `project`"],
        ),
        (
            Project,
            "app",
            expect!["refused: a unit of kind `project` cannot stand below one of kind `project`"],
        ),
        (
            Organization,
            "org",
            expect![
                "refused: a unit of kind `organization` cannot stand below one of kind `organization`"
            ],
        ),
        (Team, "green", expect!["refused: unit `green` is unknown"]),
    ] {
        check(&tree(), registered("new", kind, Some(parent)), expected);
    }
}

#[test]
fn a_name_belongs_to_one_unit_at_a_time() {
    let mut other = registered("other", UnitKind::Team, Some("org"));
    if let Event::UnitRegistered(unit) = &mut other.proposal.event {
        unit.name = "red".parse().unwrap();
    }
    let taken = "refused: the name `red` belongs to another unit: choose another one";
    check_each(&tree(), &[other.clone(), renamed("blue", "red")], taken);
    check(&tree(), renamed("red", "red"), expect!["already so"]);
    check(&tree(), registered("red", UnitKind::Team, Some("org")), expect!["already so"]);
    let free = and(tree(), [renamed("red", "crimson")]);
    check(&free, renamed("blue", "red"), expect!["recorded"]);
    check(&free, other, expect!["recorded"]);
}

#[test]
fn names_are_resolved_at_the_head_and_shown_as_of_the_date_asked() {
    let history = and(
        tree(),
        [renamed("red", "crimson").on("2026-05-01"), renamed("red", "scarlet").on("2026-03-01")],
    );
    let registry = organization(&history);
    let found = |name: &str| registry.unit_named(&name.parse::<Name>().unwrap()).is_some();
    assert_eq!([found("red"), found("crimson"), found("scarlet")], [false, false, true]);
    let red = registry.unit(unit("red")).unwrap();
    let name = |on: &str| red.names.at(at(on)).map(Name::as_str);
    assert_eq!(
        [name("2025-12-31"), name("2026-02-01"), name("2026-04-01"), name("2026-06-01")],
        [None, Some("red"), Some("scarlet"), Some("crimson")]
    );
    assert_eq!(red.names.at(known("2026-06-01", 6)).map(Name::as_str), Some("crimson"));
}

#[test]
fn an_archived_unit_takes_no_more_events_and_no_units() {
    let history = and(tree(), [archived("blue")]);
    check(&history, archived("blue"), expect!["already so"]);
    let refused = "refused: unit `blue` was archived: it takes no more events";
    let proposals = [
        renamed("blue", "navy"),
        moved("blue", "red"),
        moved("app", "blue"),
        registered("new", UnitKind::Team, Some("blue")),
    ];
    check_each(&history, &proposals, refused);
    let registry = organization(&history);
    let refusal = living(&registry, unit("blue")).unwrap_err();
    assert_eq!(format!("refused: {}", with_names(&refusal.to_string())), refused);
    assert!(living(&registry, unit("red")).is_ok());
}

#[test]
fn a_unit_is_archived_once_within_its_life_and_after_those_below_it() {
    let archived_then = |on| archived("blue").on(on);
    let history = and(tree(), [archived_then("2026-02-01")]);
    check(&history, archived_then("2026-02-01"), expect!["already so"]);
    let since =
        "refused: unit `blue` is archived since 2026-02-01T00:00:00Z, which cannot be changed";
    check_each(&history, &[archived_then("2026-03-01"), archived_then("2026-01-15")], since);
    check(
        &tree(),
        archived_then("2025-12-31"),
        expect![
            "refused: `effective_at` is 2025-12-31T00:00:00Z, which is not after 2026-01-01T00:00:00Z"
        ],
    );
    let below = "refused: 1 below `red` still live: archive or move them first";
    check_each(&tree(), &[archived("red")], below);
    let empty = and(tree(), [archived("app").on("2026-02-01")]);
    check(&empty, archived("red"), expect!["recorded"]);
    check(
        &empty,
        archived("red").on("2026-01-15"),
        expect!["refused: 1 below `red` still live: archive or move them first"],
    );
}

#[test]
fn nobody_inherits_before_they_came_to_be_or_after_their_end() {
    let history = and(tree(), [archived("app").on("2026-03-01")]);
    let registry = organization(&history);
    for (on, answering) in [
        ("2025-12-31", vec!["app"]),
        ("2026-01-01", vec!["app", "red", "org"]),
        ("2026-02-28", vec!["app", "red", "org"]),
        ("2026-03-01", vec!["app"]),
    ] {
        let units: Vec<_> = answering.into_iter().map(unit).collect();
        assert_eq!(registry.answering(unit("app"), at(on)), units, "{on}");
    }
    // As known before it was archived, or registered.
    assert_eq!(registry.answering(unit("app"), known("2026-04-01", 5)).len(), 3);
    assert_eq!(registry.answering(unit("app"), known("2026-04-01", 4)).len(), 1);
    assert!(registry.lineage_changes(unit("app"), u64::MAX).contains(&day("2026-03-01")));
}

#[test]
fn a_unit_cannot_be_archived_ahead_because_it_would_take_no_events_until_then() {
    check(&tree(), archived("blue").on("2026-06-01"), expect!["recorded"]);
    check(&tree(), archived("blue").on("2026-01-01"), expect!["recorded"]);
    check(
        &tree(),
        archived("blue").on("2026-12-31"),
        expect![
            "refused: `effective_at` is 2026-12-31T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z"
        ],
    );
}

#[test]
fn the_organization_stays_where_it_is() {
    let refused =
        "refused: the organization cannot be moved or archived, succeed a unit or be succeeded";
    check_each(&tree(), &[archived("org"), moved("org", "red")], refused);
}

#[test]
fn a_unit_cannot_come_below_itself() {
    let history = and(tree(), [registered("sub", UnitKind::Team, Some("red"))]);
    check(&history, moved("red", "red"), expect!["refused: unit `red` cannot stand below itself"]);
    check(&history, moved("red", "sub"), expect!["refused: unit `red` cannot stand below itself"]);
    check(&history, moved("sub", "blue"), expect!["recorded"]);
    check(&history, moved("sub", "red"), expect!["already so"]);
}

#[test]
fn a_backdated_move_that_would_close_a_circle_later_is_refused() {
    let history = and(tree(), [moved("red", "blue").on("2026-03-01")]);
    check(
        &history,
        moved("blue", "red").on("2026-02-01"),
        expect!["refused: unit `blue` cannot stand below itself"],
    );
    // It does not, where the unit has moved on before.
    let moved_on = and(history, [moved("blue", "org").on("2026-02-15")]);
    check(&moved_on, moved("blue", "red").on("2026-02-01"), expect!["recorded"]);
    assert_eq!(lineage(&moved_on, "app", "2026-04-01"), "app < red < blue < org");
}

#[test]
fn a_circle_that_was_recorded_all_the_same_ends_where_it_began() {
    let history = and(tree(), [moved("red", "blue"), moved("blue", "red")]);
    assert_eq!(lineage(&history, "app", "2026-02-28"), "app < red < org");
    assert_eq!(lineage(&history, "app", "2026-03-01"), "app < red < blue");
    assert_eq!(lineage(&history, "blue", "2026-03-01"), "blue < red");
}

#[test]
fn a_lineage_has_at_most_64_units() {
    let deep = |depth: usize| {
        let parent = if depth == 0 { "org".to_owned() } else { format!("t{}", depth - 1) };
        registered(&format!("t{depth}"), UnitKind::Team, Some(&parent))
    };
    let registry = organization(&and(tree(), (0..80).map(deep)));
    assert_eq!(registry.lineage(unit("t79"), at("2026-03-01")).len(), 64);
}

#[test]
fn a_unit_stands_where_it_stood_on_the_date_asked_as_far_as_known() {
    let history = and(tree(), [moved("app", "blue").on("2026-03-01")]);
    assert_eq!(lineage(&history, "app", "2026-02-28"), "app < red < org");
    assert_eq!(lineage(&history, "app", "2026-03-01"), "app < blue < org");
    let registry = organization(&history);
    let as_known = registry.lineage(unit("app"), known("2026-03-01", 5));
    assert_eq!(as_known, [unit("app"), unit("red"), unit("org")]);
    // Before it came to be it stands where it first stood; before it was known, nowhere.
    assert_eq!(lineage(&history, "app", "1999-01-01"), "app < red < org");
    assert_eq!(registry.lineage(unit("app"), known("2026-03-01", 4)), [unit("app")]);
}

/// Those before and after a unit on a day, with so much known.
fn around(history: &[Fact], name: &str, on: &str, size: u64) -> String {
    let (registry, at) = (organization(history), known(on, size));
    let names = |ids: Vec<[u8; 16]>| ids.into_iter().map(name_of).collect::<Vec<_>>().join(" and ");
    let before = registry.predecessors(unit(name), at).map(|unit| unit.id.0).collect();
    let after = registry.unit(unit(name)).unwrap().successors(at).iter().map(|id| id.0).collect();
    format!("{} > {name} > {}", names(before), names(after))
}

#[test]
fn the_work_of_a_unit_goes_on_in_others_from_a_moment_on() {
    let split = succeeded("app", &["blue", "red"]).on("2026-02-01");
    let merged = succeeded("app", &["blue"]).on("2026-04-01");
    let history = and(tree(), [split, merged, succeeded("red", &["blue"]).on("2026-04-01")]);
    for (name, on, size, expected) in [
        ("app", "2026-01-31", 99, expect![" > app > "]),
        ("app", "2026-02-01", 99, expect![" > app > blue and red"]),
        ("red", "2026-02-01", 99, expect!["app > red > "]),
        ("red", "2026-04-01", 99, expect![" > red > blue"]),
        ("blue", "2026-04-01", 99, expect!["app and red > blue > "]),
        ("blue", "2026-04-01", 7, expect!["app > blue > "]),
        ("red", "2026-04-01", 6, expect!["app > red > "]),
        ("red", "2026-04-01", 5, expect![" > red > "]),
    ] {
        expected.assert_eq(&around(&history, name, on, size));
    }
}

#[test]
fn a_succession_is_recorded_when_it_says_something_new() {
    let history = and(tree(), [succeeded("app", &["blue", "red"]).on("2026-02-01")]);
    check(&history, succeeded("app", &["blue", "red"]), expect!["already so"]);
    check(&history, succeeded("app", &["blue", "red"]).on("2026-01-31"), expect!["recorded"]);
    check(&history, succeeded("app", &["blue"]), expect!["recorded"]);
    check(&history, succeeded("red", &["blue"]).on("2030-01-01"), expect!["recorded"]);
}

#[test]
fn what_became_of_an_archived_unit_can_still_be_said() {
    let history = and(tree(), [archived("app"), archived("blue")]);
    check(&history, succeeded("app", &["blue"]), expect!["recorded"]);
}

#[test]
fn a_unit_is_succeeded_by_others_that_are_known() {
    let of_organization = [succeeded("org", &["red"]), succeeded("red", &["blue", "org"])];
    check_each(
        &tree(),
        &of_organization,
        "refused: the organization cannot be moved or archived, succeed a unit or be succeeded",
    );
    check(&tree(), succeeded("green", &["red"]), expect!["refused: unit `green` is unknown"]);
    check(&tree(), succeeded("red", &["blue", "lime"]), expect!["refused: unit `lime` is unknown"]);
    check(
        &tree(),
        succeeded("red", &["blue", "red"]),
        expect!["refused: unit `red` cannot succeed itself"],
    );
    check(
        &tree(),
        succeeded("red", &[]),
        expect!["refused: no successor is named: name at least one unit in which the work goes on"],
    );
    check(
        &tree(),
        succeeded("red", &["blue"; 101]),
        expect!["refused: `successors` has 101 entries, at most 100 are allowed"],
    );
}

#[test]
fn a_document_is_published_once_and_found_by_id_or_digest() {
    let mut newer = published("model");
    if let Event::ModelPublished(held) = &mut newer.proposal.event {
        held.digest = digest("newer");
    }
    let history = vec![published("model"), published("other")];
    check(&history, published("model"), expect!["already so"]);
    check(&history, newer.clone(), expect!["recorded"]);
    check(&history, fact(Event::ProfilePublished(document("model"))), expect!["recorded"]);

    let registry = organization(&and(history, [newer]));
    let found = |text: &str, size| {
        let held = registry.document(DocumentKind::Model, text, size);
        held.map(|held| held.position)
    };
    assert_eq!([found("model", 3), found("model", 2), found("model", 0)], [Some(2), Some(0), None]);
    assert_eq!(found(&digest("model").to_string(), 3), Some(0));
    assert!(registry.document(DocumentKind::Rules, "model", 3).is_none());
}

#[test]
fn a_token_stands_for_its_principal_until_it_expires_or_is_revoked() {
    let history = vec![added("alice"), issued("T1", "alice", Some("2026-07-01"))];
    let registry = organization(&history);
    let usable = |name: &str, on: &str| registry.token(&digest(name), day(on)).is_some();
    assert!(usable("T1", "2026-06-30"));
    assert!(!usable("T1", "2026-07-01"));
    assert!(!usable("T2", "2026-06-30"));
    let registry = organization(&and(history, [revoked("T1")]));
    assert!(registry.token(&digest("T1"), day("2026-06-30")).is_none());
}

#[test]
fn a_revoked_token_stays_revoked_when_it_is_issued_again() {
    let issuance = issued("T1", "alice", None);
    let history = vec![added("alice"), issuance.clone(), revoked("T1")];
    check(&history, issuance, expect!["already so"]);
    check(&history, revoked("T1"), expect!["already so"]);
}

#[test]
fn nobody_who_may_not_act_gets_a_token() {
    let history = vec![added("alice"), added("bob"), disabled("bob")];
    check(&history, issued("T1", "alice", None), expect!["recorded"]);
    check(
        &history,
        issued("T1", "alice", Some("2026-06-01")),
        expect!["refused: `expires_at` is 2026-06-01T00:00:00Z, which is past: give a later time"],
    );
    check(&history, issued("T1", "bob", None), expect!["refused: principal `bob` was disabled"]);
    check(&history, issued("T1", "carol", None), expect!["refused: principal `carol` is unknown"]);
    check(&history, disabled("bob"), expect!["already so"]);
    check(&history, added("bob"), expect!["already so"]);
}
