//! Roles: who may act on which unit, for how long, at a point in both times.

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::event::{RoleGranted, RoleRevoked};
use gradus_model::unit::{PrincipalKind, Role};
use gradus_model::{Event, PrincipalId, Timestamp, UnitId};

use super::{Registry, decide};
use crate::access::{On, Right, Rights, needed, roles_with};
use crate::proposal::{Actor, Occasion, Proposal, Verdict};
use crate::refusal::{NeededOn, Refusal};
use crate::timeline::{At, Stated, Timeline};

/// What was stated of one role of one principal on one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// Granted, up to a moment if there is one.
    Until(Option<Timestamp>),
    Revoked,
}

/// The roles of all principals.
#[derive(Clone, Debug, Default)]
pub(super) struct Roles(pub(super) BTreeMap<PrincipalId, BTreeMap<(UnitId, Role), Timeline<Term>>>);

/// A role that somebody has at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who may act.
    pub principal: PrincipalId,
    /// What they may do.
    pub role: Role,
    /// On this unit and on all below it.
    pub unit: UnitId,
    /// Since when.
    pub from: Timestamp,
    /// Up to when, if that is known.
    pub until: Option<Timestamp>,
    /// Where it was recorded.
    pub position: u64,
}

impl Roles {
    pub(super) fn grant(&mut self, position: u64, from: Timestamp, granted: &RoleGranted) {
        let of = self.0.entry(granted.principal).or_default();
        let stated = of.entry((granted.unit, granted.role)).or_default();
        stated.state(position, from, Term::Until(granted.until));
    }

    pub(super) fn revoke(&mut self, position: u64, from: Timestamp, revoked: &RoleRevoked) {
        let of = self.0.entry(revoked.principal).or_default();
        of.entry((revoked.unit, revoked.role)).or_default().state(position, from, Term::Revoked);
    }

    fn of(&self, principal: PrincipalId, at: At) -> impl Iterator<Item = Grant> {
        let stated = self.0.get(&principal).into_iter().flatten();
        stated.filter_map(move |((unit, role), terms)| {
            let (stated, until) = in_force(terms, at)?;
            let (from, position) = (stated.effective_at, stated.position);
            Some(Grant { principal, role: *role, unit: *unit, from, until, position })
        })
    }

    /// The next period of each role that does not hold at a point and begins later.
    fn later(&self, principal: PrincipalId, at: At) -> impl Iterator<Item = Grant> {
        let stated = self.0.get(&principal).into_iter().flatten();
        stated.filter_map(move |((unit, role), terms)| {
            if in_force(terms, at).is_some() {
                return None;
            }
            let begins = |term: &&Stated<Term>| term.effective_at > at.valid_at;
            let mut moments: Vec<_> =
                terms.iter().filter(begins).map(|term| term.effective_at).collect();
            moments.sort_unstable();
            let mut periods =
                moments.into_iter().filter_map(|valid_at| in_force(terms, At { valid_at, ..at }));
            let (stated, until) = periods.next()?;
            let (from, position) = (stated.effective_at, stated.position);
            Some(Grant { principal, role: *role, unit: *unit, from, until, position })
        })
    }
}

/// The grant that holds at a point, and its end: the latest that was not revoked since, from
/// whatever moment on. A grant that was to begin after its revocation never does.
fn in_force(terms: &Timeline<Term>, at: At) -> Option<(&Stated<Term>, Option<Timestamp>)> {
    let begun =
        || terms.iter().filter(|term| term.position < at.size && term.effective_at <= at.valid_at);
    let revoked = |grant: &Stated<Term>| {
        begun().any(|term| term.value == Term::Revoked && term.position > grant.position)
    };
    let standing = begun().filter(|term| term.value == Term::Revoked || !revoked(term));
    let latest = standing.max_by_key(|term| (term.effective_at, term.position))?;
    match latest.value {
        Term::Until(until) if until.is_none_or(|until| at.valid_at < until) => {
            Some((latest, until))
        }
        Term::Until(_) | Term::Revoked => None,
    }
}

/// The units on which somebody holds a right: roots of what they may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    roots: Vec<UnitId>,
    everything: bool,
}

impl Sight {
    /// Whether it is the whole organization.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.everything
    }
}

impl Registry {
    /// The roles of a principal at a point, by unit and role, and last what a claim rule gives.
    pub fn roles_of(&self, principal: PrincipalId, at: At) -> impl Iterator<Item = Grant> {
        self.roles.of(principal, at).chain(self.claims.of(principal, at))
    }

    /// All roles at a point, by principal, unit and role.
    pub fn all_roles(&self, at: At) -> impl Iterator<Item = Grant> {
        let mut principals: BTreeSet<PrincipalId> = self.roles.0.keys().copied().collect();
        principals.extend(self.claims.principals());
        principals.into_iter().flat_map(move |principal| self.roles_of(principal, at))
    }

    /// The next period of each role that was granted, does not hold at a point and begins later, by
    /// principal, unit and role.
    pub fn later_roles(&self, at: At) -> impl Iterator<Item = Grant> {
        self.roles.0.keys().flat_map(move |principal| self.roles.later(*principal, at))
    }

    /// What a principal may do on a unit at a point, by the roles there and on the units above it.
    #[must_use]
    pub fn rights(&self, principal: PrincipalId, unit: UnitId, at: At) -> Rights {
        if self.is_above_roles(principal) {
            return Rights::ALL;
        }
        let mut rights = Rights::NONE;
        let mut above = None;
        for grant in self.roles_of(principal, at) {
            let above = above.get_or_insert_with(|| self.lineage(unit, at));
            if above.contains(&grant.unit) {
                rights = rights.and(Rights::of_role(grant.role));
            }
        }
        rights
    }

    /// What a principal may do on any unit at all.
    #[must_use]
    pub fn rights_anywhere(&self, principal: PrincipalId, at: At) -> Rights {
        if self.is_above_roles(principal) {
            return Rights::ALL;
        }
        let of = self.roles_of(principal, at).map(|grant| Rights::of_role(grant.role));
        of.fold(Rights::NONE, Rights::and)
    }

    /// Where a principal holds a right at a point.
    #[must_use]
    pub fn sight(&self, principal: PrincipalId, right: Right, at: At) -> Sight {
        let holding = |grant: &Grant| Rights::of_role(grant.role).have(right);
        let roots: Vec<UnitId> =
            self.roles_of(principal, at).filter(holding).map(|grant| grant.unit).collect();
        let everything = self.is_above_roles(principal)
            || self.organization.is_some_and(|organization| roots.contains(&organization));
        Sight { roots, everything }
    }

    /// Whether a unit is in sight, as the tree is at a point.
    #[must_use]
    pub fn sees(&self, sight: &Sight, unit: UnitId, at: At) -> bool {
        sight.everything
            || (!sight.roots.is_empty()
                && self.lineage(unit, at).iter().any(|above| sight.roots.contains(above)))
    }

    /// Whether somebody may record a fact in a unit's stream now.
    ///
    /// # Errors
    ///
    /// [`Refusal::RightMissing`] with the right and the unit.
    pub fn allow(
        &self,
        actor: &Actor,
        event: &Event,
        stream: UnitId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if let Event::TokenRotated(rotated) = event
            && self.tokens.get(&rotated.token).is_some_and(|own| own.principal == actor.principal)
        {
            // Whoever holds a token may replace it.
            return Ok(());
        }
        let of_itself = matches!(
            event,
            Event::StateDigestRecorded(_)
                | Event::QueriesRecorded(_)
                | Event::EngagementEnded(_)
                | Event::QueriesOpened(_)
        );
        if of_itself && actor.kind == PrincipalKind::System {
            // Gradus itself has no role.
            return Ok(());
        }
        if matches!(event, Event::EngagementEnded(own) if own.auditor == actor.principal) {
            // Whoever asked may let it be known.
            return Ok(());
        }
        let (right, on) = needed(event, stream, actor.principal);
        match on {
            On::Unit(unit) => self.need(actor.principal, right, unit, now),
            On::Both(one, other) => {
                self.need(actor.principal, right, one, now)?;
                self.need(actor.principal, right, other, now)
            }
            On::Organization => {
                let organization = self.organization.unwrap_or(stream);
                self.need(actor.principal, right, organization, now)
            }
            // The writer knows the scope, and asks for each of its units.
            On::Scope => Ok(()),
        }
    }

    /// Whether a principal holds a right on a unit now.
    ///
    /// # Errors
    ///
    /// [`Refusal::RightMissing`] with the right and the unit.
    pub fn need(
        &self,
        principal: PrincipalId,
        right: Right,
        unit: UnitId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let rights = self.rights(principal, unit, At::with_everything(now));
        if rights.have(right) {
            return Ok(());
        }
        let seen = self.unit(unit).filter(|_| rights.have(Right::See));
        // Units that a caller names are in sight.
        let on = match seen.and_then(|unit| unit.name()) {
            _ if self.organization == Some(unit) => NeededOn::Organization,
            Some(name) => NeededOn::Unit(name.to_string()),
            None => NeededOn::Any,
        };
        Err(Refusal::RightMissing { right, on })
    }

    /// Whether somebody needs no role: Gradus itself, and in a log from before roles its first
    /// person, until the first role is granted.
    fn is_above_roles(&self, principal: PrincipalId) -> bool {
        let Some(found) = self.principal(principal) else { return false };
        let people = || self.principals().filter(|other| other.kind == PrincipalKind::Person);
        let first = || people().min_by_key(|person| person.position);
        found.kind == PrincipalKind::System
            || (self.roles.0.is_empty() && first().is_some_and(|first| first.id == principal))
    }

    /// Refuses what would leave the organization with nobody who may administer it now and without
    /// an end; `stays` says which of the roles are left.
    pub(super) fn keeps_an_admin(
        &self,
        now: Timestamp,
        stays: impl Fn(&Grant) -> bool,
    ) -> Result<(), Refusal> {
        let for_ever = At::with_everything(Timestamp::MAX);
        let administers = |grant: &Grant| {
            Some(grant.unit) == self.organization
                && Rights::of_role(grant.role).have(Right::Administer)
        };
        let lasts = |grant: &Grant| {
            let enabled = self.principal(grant.principal);
            enabled.is_some_and(|principal| principal.disabled_at.is_none())
                && self
                    .roles_of(grant.principal, for_ever)
                    .any(|last| (last.unit, last.role) == (grant.unit, grant.role))
        };
        let mut admins = self
            .all_roles(At::with_everything(now))
            .filter(|grant| administers(grant) && lasts(grant))
            .peekable();
        if admins.peek().is_none() || admins.any(|grant| stays(&grant)) {
            return Ok(());
        }
        Err(Refusal::LastAdmin)
    }
}

/// Whether a role is another one than that of a principal on a unit.
fn is_other(principal: PrincipalId, role: (UnitId, Role)) -> impl Fn(&Grant) -> bool {
    move |grant| (grant.principal, (grant.unit, grant.role)) != (principal, role)
}

pub(super) fn grant(
    registry: &Registry,
    on: &Occasion,
    granted: &RoleGranted,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    decide::living(registry, granted.unit)?;
    let principal = registry.principal(granted.principal);
    let principal =
        principal.ok_or_else(|| Refusal::PrincipalUnknown(granted.principal.to_string()))?;
    if principal.disabled_at.is_some() {
        return Err(Refusal::PrincipalDisabled(granted.principal));
    }
    if principal.kind == PrincipalKind::System {
        return Err(Refusal::RoleOfSystem);
    }
    let from = proposal.effective_at;
    match granted.until {
        Some(seen) if seen <= from => {
            return Err(Refusal::EndBeforeStart { field: "until", seen, from });
        }
        Some(seen) if seen <= on.now => return Err(Refusal::InThePast { field: "until", seen }),
        Some(_) | None => (),
    }
    // Whoever administers a log from before roles would lock themselves out.
    let admin = granted.role == Role::Admin && Some(granted.unit) == registry.organization;
    if registry.roles.0.is_empty() && !(admin && granted.until.is_none()) {
        return Err(Refusal::LastAdmin);
    }
    let at = At::with_everything(from);
    let key = (granted.unit, granted.role);
    if granted.until.is_some() {
        // It takes the place of one that may have had no end.
        registry.keeps_an_admin(on.now, is_other(granted.principal, key))?;
    }
    let held = registry.roles_of(granted.principal, at);
    let mut same = held.filter(|held| (held.unit, held.role) == key);
    if same.any(|held| held.until == granted.until && proposal.repeats(held.from)) {
        return Ok(Verdict::AlreadySo);
    }
    // Logs of before hold such grants, which stand.
    if is_for_a_time(granted.role) && granted.until.is_none() {
        return Err(Refusal::EndMissing { field: "until", role: granted.role });
    }
    Ok(Verdict::Record)
}

/// Whether a role is granted for a time alone: audits end.
const fn is_for_a_time(role: Role) -> bool {
    matches!(role, Role::Auditor)
}

pub(super) fn revoke(
    registry: &Registry,
    on: &Occasion,
    revoked: &RoleRevoked,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let key = (revoked.unit, revoked.role);
    let of = registry.roles.0.get(&revoked.principal);
    let Some(stated) = of.and_then(|of| of.get(&key)) else {
        let unit = registry.unit(revoked.unit).and_then(|unit| unit.name());
        let unit = unit.map_or_else(|| revoked.unit.to_string(), ToString::to_string);
        return Err(Refusal::RoleNotGranted { role: revoked.role, unit });
    };
    let at = At::with_everything(proposal.effective_at);
    let later = |term: &Stated<Term>| term.effective_at.max(at.valid_at);
    let mut moments = stated.iter().map(later);
    if !moments.any(|valid_at| in_force(stated, At { valid_at, ..at }).is_some()) {
        return Ok(Verdict::AlreadySo);
    }
    registry.keeps_an_admin(on.now, is_other(revoked.principal, key))?;
    Ok(Verdict::Record)
}

/// The roles that give a right, for people: `assessor or admin`.
#[must_use]
pub fn roles_in_words(right: Right) -> String {
    let names: Vec<&str> = roles_with(right).map(Role::name).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
