//! Roles: granting and revoking them, and who had which at a date.

use gradus_domain::access::Right;
use gradus_domain::registry::Grant;
use gradus_domain::{At, Proposal};
use gradus_model::event::{RoleGranted, RoleRevoked};
use gradus_model::unit::Role;
use gradus_model::{Event, PrincipalId, Timestamp, UnitId};

use crate::access::Caller;
use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;

/// A role of somebody on a unit, as a caller names it.
#[derive(Clone, Copy, Debug)]
pub struct AskedRole<'a> {
    /// The principal, by name or id.
    pub principal: &'a str,
    /// The role.
    pub role: Role,
    /// The unit, by name or id.
    pub unit: &'a str,
}

impl Service {
    /// Grants a role for a period: from now, unless a moment is given, to `until` if there is one.
    pub async fn grant_role(
        &self,
        call: &Call,
        asked: AskedRole<'_>,
        (from, until): (Option<Timestamp>, Option<Timestamp>),
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let (principal, unit) = self.named_by(call, asked)?;
        let event = Event::RoleGranted(RoleGranted { principal, role: asked.role, unit, until });
        let proposal = Proposal::at(event, from, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }

    /// Ends a role, from now on unless a moment is given.
    pub async fn revoke_role(
        &self,
        call: &Call,
        asked: AskedRole<'_>,
        at: Option<Timestamp>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let (principal, unit) = self.named_by(call, asked)?;
        let event = Event::RoleRevoked(RoleRevoked { principal, role: asked.role, unit });
        let proposal = Proposal::at(event, at, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }

    /// Permission before existence: who may not administer the unit learns nothing of principals.
    fn named_by(
        &self,
        call: &Call,
        asked: AskedRole<'_>,
    ) -> Result<(PrincipalId, UnitId), ServiceError> {
        let by = Caller { right: Right::Administer, ..call.caller() };
        let unit = self.unit(&by, asked.unit)?;
        Ok((self.principal(asked.principal)?.id, unit))
    }

    /// Who had which role at a point, and with `later` was to have one: the caller's own, and all on
    /// units that they administer or audit now. `unit` keeps those that held on it, `principal` those
    /// of one principal.
    pub fn roles(
        &self,
        by: &Caller,
        (at, later): (At, bool),
        unit: Option<UnitId>,
        principal: Option<PrincipalId>,
    ) -> Vec<Grant> {
        let (views, now) = self.judged();
        let registry = &views.registry;
        let lineage = unit.map(|unit| registry.lineage(unit, at));
        let shown = |grant: &Grant| {
            let rights = || registry.rights(by.actor.principal, grant.unit, now);
            grant.principal == by.actor.principal
                || rights().have(Right::Administer)
                || rights().have(Right::Prove)
        };
        let later = later.then(|| registry.later_roles(at));
        registry
            .all_roles(at)
            .chain(later.into_iter().flatten())
            .filter(|grant| lineage.as_ref().is_none_or(|lineage| lineage.contains(&grant.unit)))
            .filter(|grant| principal.is_none_or(|principal| grant.principal == principal))
            .filter(shown)
            .collect()
    }
}
