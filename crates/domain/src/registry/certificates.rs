//! Client certificates, known by their public keys: whom they stand for, and until when.
//!
//! Invariant: a key stands for one principal for ever, so that what was done with it is never
//! somebody else's; once revoked, it never comes back.

use gradus_model::event::CertificateRegistered;
use gradus_model::{Digest, PrincipalId, Timestamp};

use super::Registry;
use crate::proposal::{Occasion, Verdict};
use crate::refusal::Refusal;
use crate::unit::record_unless;

/// Certificates with one public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The SHA-256 of the key.
    pub key: Digest,
    /// Whom they stand for.
    pub principal: PrincipalId,
    /// When the key was registered first.
    pub registered_at: Timestamp,
    /// When they end here, if they do, whatever they say themselves.
    pub expires_at: Option<Timestamp>,
    /// When the key was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Registry {
    /// What certificates with this key stand for, if they may be used at `now`.
    #[must_use]
    pub fn certificate(&self, key: &Digest, now: Timestamp) -> Option<&Certificate> {
        let known = self.certificates.get(key)?;
        let usable = known.revoked_at.is_none() && known.expires_at.is_none_or(|end| now < end);
        usable.then_some(known)
    }

    /// The certificates of a principal, in the order of keys.
    pub fn certificates_of(&self, principal: PrincipalId) -> impl Iterator<Item = &Certificate> {
        self.certificates.values().filter(move |known| known.principal == principal)
    }

    pub(super) fn certify(&mut self, registered_at: Timestamp, registered: &CertificateRegistered) {
        let &CertificateRegistered { key, principal, expires_at } = registered;
        let new = Certificate { key, principal, registered_at, expires_at, revoked_at: None };
        self.certificates.entry(key).or_insert(new).expires_at = expires_at;
    }

    pub(super) fn revoke_key(&mut self, at: Timestamp, key: Digest) {
        if let Some(known) = self.certificates.get_mut(&key) {
            known.revoked_at.get_or_insert(at);
        }
    }
}

pub(super) fn register(
    registry: &Registry,
    on: &Occasion,
    new: &CertificateRegistered,
) -> Result<Verdict, Refusal> {
    let principal = registry.principal(new.principal);
    let principal =
        principal.ok_or_else(|| Refusal::PrincipalUnknown(new.principal.to_string()))?;
    if principal.disabled_at.is_some() {
        return Err(Refusal::PrincipalDisabled(new.principal));
    }
    registry.may_have_stored(new.principal)?;
    if let Some(seen) = new.expires_at.filter(|seen| *seen <= on.now) {
        return Err(Refusal::InThePast { field: "expires_at", seen });
    }
    match registry.certificates.get(&new.key) {
        Some(known) if known.revoked_at.is_some() => Err(Refusal::CertificateRevoked(new.key)),
        Some(known) if known.principal != new.principal => Err(Refusal::CertificateTaken(new.key)),
        Some(known) => Ok(record_unless(known.expires_at == new.expires_at)),
        None => Ok(Verdict::Record),
    }
}

pub(super) fn revoke(registry: &Registry, key: Digest) -> Result<Verdict, Refusal> {
    let known = registry.certificates.get(&key);
    let known = known.ok_or_else(|| Refusal::CertificateUnknown(key.to_string()))?;
    Ok(record_unless(known.revoked_at.is_some()))
}
