//! Who asks, and what they may see and do: judged by the roles at the head, whatever date is asked
//! about.

use std::sync::RwLockReadGuard;

use gradus_domain::access::{Right, Rights};
use gradus_domain::registry::Sight;
use gradus_domain::{Actor, At, Registry};
use gradus_model::{Digest, Event, PrincipalId, Timestamp, TokenId, UnitId};
use gradus_projection::Views;
use tokio::sync::watch;

use crate::append::organization;
use crate::call::Call;
use crate::error::ServiceError;
use crate::service::{Service, unit_in};

/// What somebody proves with who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A bearer token.
    Token(TokenId),
    /// A client certificate with this key.
    Key(Digest),
    /// The claims of a token of an identity provider.
    Claims {
        /// Where the rule was recorded that they meet.
        position: u64,
        /// When the token ends.
        until: Timestamp,
    },
}

/// Who asks, and the right that the question needs.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Who acts, as their credential says.
    pub actor: Actor,
    /// What they proved it with, if it can end while a call goes on.
    pub credential: Option<Credential>,
    /// What they need on each unit that they name.
    pub right: Right,
}

impl Service {
    /// The views, and the point at which rights are judged.
    pub(crate) fn judged(&self) -> (RwLockReadGuard<'_, Views>, At) {
        let views = self.views();
        let at = At::with_everything(views.moment(self.now()));
        (views, at)
    }

    /// A unit that the caller names by name, id, or resource name `units/…`, at the head.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] in the same words for a unit that is unknown and for one that the
    /// caller may not see; a refusal for one that they see without the right to do more.
    pub fn unit(&self, by: &Caller, text: &str) -> Result<UnitId, ServiceError> {
        let (views, at) = self.judged();
        named(&views.registry, by.actor.principal, by.right, text, at.valid_at)
    }

    /// A unit that an append names: what may be done to it is decided with the append.
    pub(crate) fn seen(&self, call: &Call, text: &str) -> Result<UnitId, ServiceError> {
        self.unit(&call.caller(), text)
    }

    /// The organization, for a caller who holds the right on it.
    ///
    /// # Errors
    ///
    /// A refusal with the right that is missing.
    pub fn whole(&self, by: &Caller) -> Result<UnitId, ServiceError> {
        let (views, at) = self.judged();
        let organization = organization(&views.registry)?;
        views.registry.need(by.actor.principal, by.right, organization, at.valid_at)?;
        Ok(organization)
    }

    /// A principal that the caller asks about: themselves, or any one where they administer or audit
    /// something; to others, nobody else is there.
    pub fn principal_seen(&self, by: &Caller, text: &str) -> Result<PrincipalId, ServiceError> {
        let own = by.actor.principal;
        let rights = self.rights_anywhere(own);
        let all = rights.have(Right::Administer) || rights.have(Right::Prove);
        let found = self.principal(text).map(|found| found.id);
        found.and_then(|found| {
            let shown = all || found == own;
            let named = text.strip_prefix("principals/").unwrap_or(text);
            let hidden = || ServiceError::not_found("principal", shortened(named));
            shown.then_some(found).ok_or_else(hidden)
        })
    }

    /// What a principal may do on any unit at all.
    #[must_use]
    pub fn rights_anywhere(&self, principal: PrincipalId) -> Rights {
        let (views, at) = self.judged();
        views.registry.rights_anywhere(principal, at)
    }

    /// The same, and whether they are auditor of any unit.
    #[must_use]
    pub fn standing_of(&self, principal: PrincipalId) -> (Rights, bool) {
        let (views, at) = self.judged();
        let registry = &views.registry;
        (registry.rights_anywhere(principal, at), registry.audits(principal, at))
    }

    /// The units on which the caller holds the right.
    #[must_use]
    pub fn sight(&self, by: &Caller) -> Sight {
        let (views, at) = self.judged();
        views.registry.sight(by.actor.principal, by.right, at)
    }

    /// Whether the caller holds the right on a unit, or on all units of the appraisal whose stream
    /// it is.
    #[must_use]
    pub fn may(&self, by: &Caller, stream: UnitId) -> bool {
        let (views, at) = self.judged();
        let may =
            |unit: &UnitId| views.registry.rights(by.actor.principal, *unit, at).have(by.right);
        units_of(&views, &stream).iter().all(may)
    }

    /// Whether the caller's credential still stands: for calls that go on for long.
    #[must_use]
    pub fn stands(&self, by: &Caller) -> bool {
        let views = self.views();
        let known = views.registry.principal(by.actor.principal);
        let enabled = known.is_some_and(|found| found.disabled_at.is_none());
        let usable = |credential| match credential {
            Credential::Token(token) => views.registry.is_usable(token, self.now()),
            Credential::Key(key) => views.registry.certificate(&key, self.now()).is_some(),
            Credential::Claims { position, until } => {
                let at = At::with_everything(views.moment(self.now()));
                let mut rules = views.registry.claim_rules(at);
                self.now() < until && rules.any(|rule| rule.position == position)
            }
        };
        enabled && by.credential.is_none_or(usable)
    }

    /// Told when something was recorded that changes who may do what.
    #[must_use]
    pub fn access_changes(&self) -> watch::Receiver<()> {
        self.access.subscribe()
    }

    /// Tells those who wait for it.
    pub(crate) fn tell_of_access(&self, event: &Event) {
        let changes = matches!(
            event,
            Event::RoleGranted(_)
                | Event::RoleRevoked(_)
                | Event::PrincipalDisabled(_)
                | Event::TokenRevoked(_)
                | Event::TokenRotated(_)
                | Event::CertificateRevoked(_)
                | Event::ClaimRuleSet(_)
                | Event::ClaimRuleRemoved(_)
                | Event::UnitMoved(_)
        );
        if changes {
            self.access.send_replace(());
        }
    }
}

/// A unit that somebody names, if they may see it and hold a right on it now.
pub(crate) fn named(
    registry: &Registry,
    principal: PrincipalId,
    right: Right,
    text: &str,
    now: Timestamp,
) -> Result<UnitId, ServiceError> {
    let found = unit_in(registry, text).ok();
    let rights = rights_on(registry, principal, found, At::with_everything(now));
    let seen = found.filter(|_| rights.have(Right::See));
    let unit = seen.ok_or_else(|| unknown(text))?;
    if !rights.have(right) {
        registry.need(principal, right, unit, now)?;
    }
    Ok(unit)
}

/// What a principal may do on a unit that was found; nothing where none was, which is looked into as
/// thoroughly, on the organization, so that the time of the answer tells the two apart no better than its
/// words.
pub(crate) fn rights_on(
    registry: &Registry,
    principal: PrincipalId,
    found: Option<UnitId>,
    at: At,
) -> Rights {
    let instead = || registry.organization;
    let rights = found.or_else(instead).map(|unit| registry.rights(principal, unit, at));
    let rights = std::hint::black_box(rights);
    found.and(rights).unwrap_or(Rights::NONE)
}

/// What is said of a unit that is not there, and of one that may not be seen.
pub(crate) fn unknown(text: &str) -> ServiceError {
    ServiceError::not_found("unit", shortened(text.strip_prefix("units/").unwrap_or(text)))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whether a unit is in sight, as the tree is now, or all units of the appraisal whose stream it is.
#[must_use]
pub fn sees(views: &Views, sight: &Sight, stream: UnitId, now: Timestamp) -> bool {
    let at = At::with_everything(views.moment(now));
    units_of(views, &stream).iter().all(|unit| views.registry.sees(sight, *unit, at))
}

/// The units that a stream is about: its own, or those in the scope of an appraisal.
fn units_of<'a>(views: &'a Views, stream: &'a UnitId) -> &'a [UnitId] {
    let appraisal = views.appraisals.of_stream(*stream);
    appraisal.map_or(std::slice::from_ref(stream), |known| known.input.units.as_slice())
}
