//! Client certificates: the public keys that stand for principals.

use gradus_domain::registry::{Certificate, Registry};
use gradus_domain::{Actor, Proposal};
use gradus_model::event::{CertificateRegistered, CertificateRevoked};
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Digest, Event, PrincipalId, Timestamp};

use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;

/// The certificates of a principal, in the order of registration.
pub(crate) fn certificates_of(registry: &Registry, principal: PrincipalId) -> Vec<Certificate> {
    let mut certificates: Vec<_> = registry.certificates_of(principal).copied().collect();
    certificates.sort_by_key(|known| known.registered_at);
    certificates
}

impl Service {
    /// Whom a client certificate with this key stands for; `None` if it is unknown, ended, revoked
    /// or disabled. That an authority vouches for it was checked before.
    #[must_use]
    pub fn authenticate_key(&self, key: &Digest) -> Option<(Actor, Certificate)> {
        let views = self.views();
        let certificate = *views.registry.certificate(key, self.now())?;
        let principal = views.registry.principal(certificate.principal);
        let principal = principal.filter(|found| found.disabled_at.is_none())?;
        let (principal, kind) = (principal.id, principal.kind);
        Some((Actor { principal, kind, grade: Grade::Mtls }, certificate))
    }

    /// Lets client certificates with this key stand for a principal.
    pub async fn register_certificate(
        &self,
        call: &Call,
        text: &str,
        key: Digest,
        expires_at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let principal = self.principal_of_all(call, text)?;
        if principal.kind == PrincipalKind::System {
            let reason = "`system` is Gradus itself, which needs no certificate: name another one";
            return Err(ServiceError::invalid("principal", reason));
        }
        let registered = CertificateRegistered { key, principal: principal.id, expires_at };
        let event = Event::CertificateRegistered(registered);
        self.append_to_organization(call, Proposal::at(event, None, self.now())).await
    }

    /// Revokes a key, for good.
    pub async fn revoke_certificate(
        &self,
        call: &Call,
        key: Digest,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let event = Event::CertificateRevoked(CertificateRevoked { key });
        let proposal = Proposal::at(event, None, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }
}
