//! Plans for a made-up server.

use super::super::declared::{DeclaredPrincipal, DeclaredRole};
use super::*;
use expect_test::{Expect, expect};
use gradus_model::unit::{PrincipalKind, Role};
use std::collections::BTreeMap;

fn unit(name: &str, kind: v1::UnitKind, parent: &str) -> v1::Unit {
    let parent = Some(parent).filter(|parent| !parent.is_empty());
    v1::Unit {
        name: name.to_owned(),
        kind: kind.into(),
        parent: parent.map(|name| v1::UnitRef { name: name.to_owned(), ..Default::default() }),
        version: 3,
        ..Default::default()
    }
}

fn document(id: &str, digest: &str, kind: v1::DocumentKind, position: u64) -> v1::Document {
    let (id, digest) = (id.to_owned(), digest.to_owned());
    v1::Document { id, digest, kind: kind.into(), position, ..Default::default() }
}

fn grant(principal: &str, role: v1::Role, unit: &str) -> v1::RoleGrant {
    let (id, name) = (format!("id-{principal}"), principal.to_owned());
    v1::RoleGrant {
        principal: Some(v1::PrincipalRef { id, name }),
        role: role.into(),
        unit: Some(v1::UnitRef { name: unit.to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

/// A server with two teams and a project, three people, and roles.
fn state() -> State {
    let adopted = |digest: &str| {
        let (id, digest) = ("strict".to_owned(), digest.to_owned());
        Some(v1::Adopted { id, digest, since: None })
    };
    let person = |name: &str| v1::Principal {
        id: format!("id-{name}"),
        name: name.to_owned(),
        kind: v1::PrincipalKind::Person.into(),
        ..Default::default()
    };
    let tailored =
        v1::TailoredArea { area: "iso-21827-2008/PA22".to_owned(), ..Default::default() };
    State {
        units: vec![
            unit("acme", v1::UnitKind::Organization, ""),
            v1::Unit {
                labels: vec!["old".to_owned()],
                rules: adopted("d1"),
                tailored_areas: vec![tailored],
                ..unit("red", v1::UnitKind::Team, "acme")
            },
            v1::Unit { rules: adopted("d2"), ..unit("app", v1::UnitKind::Project, "red") },
            unit("blue", v1::UnitKind::Team, "acme"),
        ],
        principals: vec![person("ann"), person("bob"), person("operator")],
        roles: vec![
            grant("ann", v1::Role::Lead, "red"),
            grant("bob", v1::Role::Viewer, "acme"),
            grant("operator", v1::Role::Admin, "acme"),
        ],
        documents: vec![
            document("strict", "d1", v1::DocumentKind::Rules, 1),
            document("strict", "d2", v1::DocumentKind::Rules, 9),
        ],
        me: "id-operator".to_owned(),
        now: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
    }
}

fn declared_unit(name: &str, kind: UnitKind, parent: Option<&str>) -> DeclaredUnit {
    DeclaredUnit {
        line: 4,
        name: name.to_owned(),
        kind,
        parent: parent.map(str::to_owned),
        since: None,
        labels: None,
        model: None,
        rules: None,
        profile: None,
        tailored_out: BTreeMap::new(),
    }
}

fn role(principal: &str, role: Role, unit: &str) -> DeclaredRole {
    let (principal, unit) = (principal.to_owned(), unit.to_owned());
    DeclaredRole { line: 9, principal, role, unit, from: None, until: None }
}

fn principal(name: &str, kind: PrincipalKind) -> DeclaredPrincipal {
    DeclaredPrincipal { line: 7, name: name.to_owned(), kind }
}

fn told(changes: &[Change]) -> String {
    let line = |change: &Change| {
        let Change { mark, what, name, detail, step } = change;
        assert_eq!(step.is_some(), !matches!(mark, Mark::Same | Mark::Beyond));
        format!("{} {what} {name}: {detail}\n", mark.sign())
    };
    changes.iter().map(line).collect()
}

fn check(declared: &Declared, prune: bool, expected: &Expect) {
    let told = match plan(Path::new("acme.toml"), declared, &state(), prune) {
        Ok(changes) => told(&changes),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&told);
}

#[test]
fn what_is_declared_is_added_changed_or_so_already() {
    let red = DeclaredUnit {
        labels: Some(["critical".to_owned(), "web".to_owned()].into()),
        rules: Some("strict".to_owned()),
        tailored_out: [("PA05".to_owned(), "none".to_owned())].into(),
        ..declared_unit("red", UnitKind::Team, None)
    };
    let app = DeclaredUnit {
        rules: Some("strict".to_owned()),
        ..declared_unit("app", UnitKind::Project, Some("green"))
    };
    let declared = Declared {
        units: vec![
            declared_unit("acme", UnitKind::Organization, None),
            red,
            declared_unit("green", UnitKind::Team, Some("red")),
            app,
        ],
        principals: vec![
            principal("ann", PrincipalKind::Person),
            principal("ci", PrincipalKind::Service),
        ],
        roles: vec![
            role("ann", Role::Lead, "red"),
            role("ci", Role::Collector, "green"),
            DeclaredRole {
                until: Some(gradus_model::Timestamp::from_micros(1_800_000_000_000_000).unwrap()),
                ..role("bob", Role::Viewer, "acme")
            },
        ],
    };
    check(
        &declared,
        false,
        &expect![[r#"
        = unit acme: organization
        = unit red: team below acme
        ~ labels red: critical, web, not old
        ~ rules red: strict, not an older one of that id
        + area red: PA05 tailored out
        ? area red: PA22 tailored out
        + unit green: team below red
        ~ unit app: project below green, not below red
        = rules app: strict
        = principal ann: person
        + principal ci: service
        = role ann: lead on red
        + role ci: collector on green
        ~ role bob: viewer on acme until 2027-01-15T08:00:00Z, not without an end
        ? unit blue: team below acme
        ? principal bob: person
        ? principal operator: person
        ? role operator: admin on acme
    "#]],
    );
}

#[test]
fn what_is_beyond_stays_and_of_roles_only_ones_own_where_they_are_pruned() {
    let declared = Declared { roles: vec![role("ann", Role::Lead, "red")], ..Declared::default() };
    check(
        &declared,
        false,
        &expect![[r#"
        = role ann: lead on red
        ? role bob: viewer on acme
        ? role operator: admin on acme
    "#]],
    );
    check(
        &declared,
        true,
        &expect![[r#"
        = role ann: lead on red
        - role bob: viewer on acme
        ? role operator: admin on acme, your own
    "#]],
    );
}

#[test]
fn what_cannot_be_declared_so_is_refused_with_its_line() {
    let unit = |unit| Declared { units: vec![unit], ..Declared::default() };
    let orphan = declared_unit("x", UnitKind::Project, Some("nowhere"));
    check(
        &unit(orphan),
        false,
        &expect![
            "acme.toml: line 4: unit `x`: its parent `nowhere` is neither declared nor known to you"
        ],
    );
    check(
        &unit(declared_unit("red", UnitKind::Project, None)),
        false,
        &expect!["acme.toml: line 4: unit `red` is of kind team for good, not project"],
    );
    check(
        &unit(declared_unit("other", UnitKind::Organization, None)),
        false,
        &expect!["acme.toml: line 4: `other` is not the organization, which is `acme`"],
    );
    let rules = Some("lax".to_owned());
    let lax = DeclaredUnit { rules, ..declared_unit("red", UnitKind::Team, None) };
    check(
        &unit(lax),
        false,
        &expect!["acme.toml: line 4: unit `red`: rules `lax` was never published"],
    );
    let person = Declared {
        principals: vec![principal("ann", PrincipalKind::Service)],
        ..Declared::default()
    };
    check(
        &person,
        false,
        &expect!["acme.toml: line 7: `ann` is of kind person for good, not service"],
    );
    let one = |role| Declared { roles: vec![role], ..Declared::default() };
    check(
        &one(role("nobody", Role::Lead, "red")),
        false,
        &expect!["acme.toml: line 9: principal `nobody` is neither declared nor known to you"],
    );
    check(
        &one(role("ann", Role::Lead, "nowhere")),
        false,
        &expect!["acme.toml: line 9: unit `nowhere` is neither declared nor known to you"],
    );
}

#[test]
fn a_role_that_begins_later_is_there_and_one_that_begins_otherwise_is_changed() {
    let at = |seconds| gradus_model::Timestamp::from_micros(seconds * 1_000_000).ok();
    let wire = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let (past, later, still_later) = (1_700_000_000, 1_900_000_000, 2_000_000_000);
    let ann = |from| DeclaredRole { from, ..role("ann", Role::Lead, "red") };
    let mut lines = String::new();
    for (begins, declared) in [
        (wire(later), None),
        (wire(later), at(later)),
        (wire(later), at(still_later)),
        (wire(later), at(past)),
        (wire(past), None),
        (wire(past), at(past + 1)),
        (wire(past), at(later)),
    ] {
        let mut state = state();
        state.roles.truncate(1);
        state.roles[0].from = begins;
        let declared = Declared { roles: vec![ann(declared)], ..Declared::default() };
        let changes = plan(Path::new("acme.toml"), &declared, &state, false).unwrap();
        lines.push_str(&told(&changes));
    }
    expect![[r#"
        = role ann: lead on red from 2030-03-17T17:46:40Z
        = role ann: lead on red from 2030-03-17T17:46:40Z
        - role ann: lead on red from 2030-03-17T17:46:40Z
        + role ann: lead on red from 2033-05-18T03:33:20Z
        - role ann: lead on red from 2030-03-17T17:46:40Z
        + role ann: lead on red
        = role ann: lead on red
        = role ann: lead on red
        - role ann: lead on red
        + role ann: lead on red from 2030-03-17T17:46:40Z
    "#]]
    .assert_eq(&lines);
}
