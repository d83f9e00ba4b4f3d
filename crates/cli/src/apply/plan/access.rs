//! People, services and their roles in a plan.

use gradus_model::unit::{PrincipalKind, Role};
use gradus_wire::v1;

use super::{Change, Mark, Planner, name};
use crate::apply::declared::DeclaredRole;
use crate::apply::server::State;
use crate::apply::step::Step;
use crate::error::CliError;
use crate::output::message::time;
use crate::select::wire;

/// The name of a principal, or its id where the name was erased.
fn called(principal: &v1::PrincipalRef) -> &str {
    if principal.name.is_empty() { &principal.id } else { &principal.name }
}

fn role_of(grant: &v1::RoleGrant) -> Option<Role> {
    u8::try_from(grant.role).ok().and_then(Role::from_number)
}

fn until(at: Option<&prost_types::Timestamp>) -> String {
    at.map(|at| format!(" until {}", time(Some(at)))).unwrap_or_default()
}

type Moment = Option<prost_types::Timestamp>;

/// Whether a moment lies after that of which the state tells.
fn is_later(state: &State, at: &prost_types::Timestamp) -> bool {
    let order = |at: &prost_types::Timestamp| (at.seconds, at.nanos);
    state.now.is_some_and(|now| order(&now) < order(at))
}

fn period(from: Moment, end: Moment) -> String {
    let from = from.map(|at| format!(" from {}", time(Some(&at)))).unwrap_or_default();
    format!("{from}{}", until(end.as_ref()))
}

/// What makes a role of somebody what it is to be, each change with its step if there is one.
///
/// A period that is to begin otherwise is ended first: it would go on beside the new one.
fn changes_of(
    declared: &DeclaredRole,
    has: Option<&v1::RoleGrant>,
    state: &State,
) -> Vec<(Change, Option<Step>)> {
    let DeclaredRole { principal, role, unit, .. } = declared;
    let begins = has.and_then(|grant| grant.from).filter(|at| is_later(state, at));
    let (from, end) = (declared.from.map(wire), declared.until.map(wire));
    // Without a word on its beginning it is also there where it was granted to begin later. One that is
    // past is now: what was granted or revoked since would cover a period from then.
    let ahead = from.map_or(begins, |from| Some(from).filter(|at| is_later(state, at)));
    let of = format!("{role} on {unit}");
    let detail = format!("{of}{}", period(ahead, end));
    let change = |mark, detail| Change::new(mark, "role", principal, detail);
    let granted = |from| {
        Some(Step::Grant(v1::GrantRoleRequest {
            principal: principal.clone(),
            role: role.number().into(),
            unit: unit.clone(),
            from,
            until: end,
            ..v1::GrantRoleRequest::default()
        }))
    };
    match has {
        None => vec![(change(Mark::Add, detail), granted(ahead))],
        Some(grant) if begins == ahead && grant.until == end => {
            vec![(change(Mark::Same, detail), None)]
        }
        Some(grant) if begins.is_none() && ahead.is_none() => {
            let is = period(None, grant.until);
            let is = if is.is_empty() { " without an end" } else { is.as_str() };
            vec![(change(Mark::Change, format!("{detail}, not{is}")), granted(ahead))]
        }
        Some(grant) => {
            let ended = Step::Revoke(v1::RevokeRoleRequest {
                principal: principal.clone(),
                role: role.number().into(),
                unit: unit.clone(),
                ..v1::RevokeRoleRequest::default()
            });
            let was = format!("{of}{}", period(begins, grant.until));
            let again = (change(Mark::Add, detail), granted(ahead));
            vec![(change(Mark::Remove, was), Some(ended)), again]
        }
    }
}

impl Planner<'_> {
    pub(super) fn principals(&mut self) -> Result<(), CliError> {
        for declared in &self.declared.principals {
            let (name, kind) = (&declared.name, declared.kind);
            let found = self.state.principals.iter().find(|found| found.name == *name);
            let Some(found) = found else {
                let step = Step::Principal(v1::AddPrincipalRequest {
                    append: None,
                    name: name.clone(),
                    kind: kind.number().into(),
                });
                let change = Change::new(Mark::Add, "principal", name, kind.name());
                self.changes.push(change.by(step, self.version()));
                continue;
            };
            if found.kind != i32::from(kind.number()) {
                let is = u8::try_from(found.kind).ok().and_then(PrincipalKind::from_number);
                let is = is.map_or("another", PrincipalKind::name);
                let reason = format!("`{name}` is of kind {is} for good, not {kind}");
                return self.wrong(declared.line, reason);
            }
            if found.disabled_at.is_some() {
                let reason = format!("`{name}` was disabled, which is for good: use another name");
                return self.wrong(declared.line, reason);
            }
            self.changes.push(Change::new(Mark::Same, "principal", name, kind.name()));
        }
        Ok(())
    }

    fn is_principal(&self, name: &str) -> bool {
        self.declared.principals.iter().any(|one| one.name == name)
            || self.state.principals.iter().any(|one| one.name == name)
    }

    pub(super) fn roles(&mut self) -> Result<(), CliError> {
        for declared in &self.declared.roles {
            let DeclaredRole { line, principal, unit, .. } = declared;
            let neither = "is neither declared nor known to you";
            if !self.is_principal(principal) {
                return self.wrong(*line, format!("principal `{principal}` {neither}"));
            }
            if !self.is_unit(unit) {
                return self.wrong(*line, format!("unit `{unit}` {neither}"));
            }
            let has = self.state.roles.iter().find(|grant| is_same(grant, declared));
            let version = self.version();
            let by = |(change, step): (Change, Option<Step>)| match step {
                Some(step) => change.by(step, version),
                None => change,
            };
            let changes = changes_of(declared, has, self.state);
            let grants = changes.iter().any(|(_, step)| matches!(step, Some(Step::Grant(_))));
            if grants && declared.role == Role::Auditor && declared.until.is_none() {
                let reason = format!(
                    "the role auditor of `{principal}` on `{unit}` is granted for a time: say `until`"
                );
                return self.wrong(*line, reason);
            }
            self.changes.extend(changes.into_iter().map(by));
        }
        Ok(())
    }

    pub(super) fn principals_beyond(&mut self) {
        if self.declared.principals.is_empty() {
            return;
        }
        let beyond = self.state.principals.iter().filter(|found| {
            let is_declared = self.declared.principals.iter().any(|one| one.name == found.name);
            let is_ours = found.kind() == v1::PrincipalKind::System;
            !is_declared && !is_ours && found.disabled_at.is_none() && !found.name.is_empty()
        });
        let told = |found: &v1::Principal| {
            let kind = u8::try_from(found.kind).ok().and_then(PrincipalKind::from_number);
            let kind = kind.map_or("", PrincipalKind::name);
            Change::new(Mark::Beyond, "principal", &found.name, kind)
        };
        self.changes.extend(beyond.map(told));
    }

    /// Roles that are not declared: they go where that is asked for, but not the caller's own.
    pub(super) fn roles_beyond(&mut self, prune: bool) {
        let version = self.version();
        let is_declared =
            |grant: &v1::RoleGrant| self.declared.roles.iter().any(|role| is_same(grant, role));
        let mut beyond: Vec<&v1::RoleGrant> =
            self.state.roles.iter().filter(|grant| !is_declared(grant)).collect();
        // The server's order is that of ids, which say nothing to people.
        beyond.sort_by_cached_key(|grant| {
            let principal = grant.principal.clone().unwrap_or_default();
            (called(&principal).to_owned(), name(grant.unit.as_ref()).to_owned())
        });
        let told = |grant: &v1::RoleGrant| {
            let principal = grant.principal.clone().unwrap_or_default();
            let (unit, role) = (name(grant.unit.as_ref()), role_of(grant).map_or("", Role::name));
            let own = principal.id == self.state.me;
            let yours = if prune && own { ", your own" } else { "" };
            let begins = grant.from.filter(|at| is_later(self.state, at));
            let held = period(begins, grant.until);
            let detail = format!("{role} on {unit}{held}{yours}");
            let mark = if prune && !own { Mark::Remove } else { Mark::Beyond };
            let change = Change::new(mark, "role", called(&principal), detail);
            let step = Step::Revoke(v1::RevokeRoleRequest {
                principal: principal.id,
                role: grant.role,
                unit: grant.unit.clone().unwrap_or_default().id,
                ..v1::RevokeRoleRequest::default()
            });
            if mark == Mark::Remove { change.by(step, version) } else { change }
        };
        self.changes.extend(beyond.into_iter().map(told));
    }
}

fn is_same(grant: &v1::RoleGrant, declared: &DeclaredRole) -> bool {
    grant.principal.as_ref().is_some_and(|principal| principal.name == declared.principal)
        && role_of(grant) == Some(declared.role)
        && name(grant.unit.as_ref()) == declared.unit
}
