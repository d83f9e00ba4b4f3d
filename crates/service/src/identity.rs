//! Who may call: principals and their bearer tokens.

use gradus_domain::access::Right;
use gradus_domain::registry::{Certificate, Token};
use gradus_domain::{Actor, Proposal};
use gradus_model::event::{PrincipalAdded, PrincipalDisabled, TokenIssued, TokenRevoked};
use gradus_model::ids::hex;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Digest, Event, Name, Payload, PrincipalId, Timestamp, TokenId};
use gradus_proof::digest::sha256;
use zeroize::Zeroizing;

use crate::access::Caller;
use crate::append::organization;
use crate::call::{Batch, Call, Receipt, random};
use crate::certificates::certificates_of;
use crate::error::ServiceError;
use crate::service::Service;
use crate::tokens::{TokenView, hash_of};
use crate::units::reason_payload;

/// The prefix by which secret scanners know a token.
pub const PREFIX: &str = "gradus_";

/// A new token and the hash that is kept of it.
pub(crate) struct Secret {
    pub(crate) text: Zeroizing<String>,
    pub(crate) hash: Digest,
}

/// Draws a token of 256 random bits, which says of what kind its principal is.
pub(crate) fn secret(kind: PrincipalKind) -> Result<Secret, ServiceError> {
    let bits = Zeroizing::new(hex(&*Zeroizing::new(random::<32>()?)));
    let text = Zeroizing::new(format!("{PREFIX}{}_{}", kind.name(), bits.as_str()));
    let hash = sha256(text.as_bytes());
    Ok(Secret { text, hash })
}

/// A principal as people see it.
#[derive(Clone, Debug)]
pub struct PrincipalView {
    /// The principal.
    pub id: PrincipalId,
    /// Its name, unless that was erased.
    pub name: Option<String>,
    /// Person, service or Gradus itself.
    pub kind: PrincipalKind,
    /// When it was added.
    pub added_at: Timestamp,
    /// Since when it may no longer act.
    pub disabled_at: Option<Timestamp>,
    /// Its tokens, in the order in which they were issued.
    pub tokens: Vec<TokenView>,
    /// Its client certificates.
    pub certificates: Vec<Certificate>,
}

/// A token that was issued; the secret is shown here and never again.
pub struct IssuedToken {
    /// What was recorded.
    pub receipt: Receipt,
    /// The token's id.
    pub token: TokenId,
    /// The secret.
    pub secret: Zeroizing<String>,
}

impl Service {
    /// Whom a bearer token stands for; `None` if it is unknown, ended, revoked or disabled.
    #[must_use]
    pub fn authenticate(&self, token: &str) -> Option<(Actor, Token)> {
        let hash = hash_of(token)?;
        let now = self.now();
        let views = self.views();
        let token = *views.registry.token(&hash, now)?;
        let principal = views.registry.principal(token.principal);
        let principal = principal.filter(|found| found.disabled_at.is_none())?;
        let (principal, kind) = (principal.id, principal.kind);
        let grade = Grade::Token;
        self.uses.note(token.id, grade, now);
        Some((Actor { principal, kind, grade }, token))
    }

    /// A principal by name, id, or resource name `principals/…`, at the head.
    pub fn principal(&self, text: &str) -> Result<PrincipalView, ServiceError> {
        let text = text.strip_prefix("principals/").unwrap_or(text);
        let id = text.parse::<PrincipalId>().ok();
        let fits = |view: &PrincipalView| Some(view.id) == id || view.name.as_deref() == Some(text);
        let shown: String = text.chars().take(80).collect();
        let found = self.principals().into_iter().find(fits);
        found.ok_or_else(|| ServiceError::not_found("principal", shown))
    }

    /// A principal that an append of the whole organization names. Permission before existence: who may
    /// not administer it learns of no one.
    pub(crate) fn principal_of_all(
        &self,
        call: &Call,
        text: &str,
    ) -> Result<PrincipalView, ServiceError> {
        self.whole(&Caller { right: Right::Administer, ..call.caller() })?;
        self.principal(text)
    }

    /// Every principal, in the order of addition.
    #[must_use]
    pub fn principals(&self) -> Vec<PrincipalView> {
        let (views, now) = (self.views(), self.now());
        let view = |principal: &gradus_domain::registry::Principal| PrincipalView {
            id: principal.id,
            name: self.principal_name(principal.id),
            kind: principal.kind,
            added_at: principal.added_at,
            disabled_at: principal.disabled_at,
            tokens: {
                let tokens = views.registry.tokens_of(principal.id);
                let view = |token: &Token| self.token_view(*token, principal.disabled_at, now);
                let mut tokens: Vec<TokenView> = tokens.map(view).collect();
                tokens.sort_by_key(|view| view.token.issued_at);
                tokens
            },
            certificates: certificates_of(&views.registry, principal.id),
        };
        let mut principals: Vec<_> = views.registry.principals().collect();
        principals.sort_by_key(|principal| principal.position);
        principals.into_iter().map(view).collect()
    }

    /// Adds a person or service account; its name must be new.
    pub async fn add_principal(
        &self,
        call: &Call,
        name: &Name,
        kind: PrincipalKind,
    ) -> Result<(Receipt, PrincipalId), ServiceError> {
        if kind == PrincipalKind::System {
            return Err(ServiceError::invalid(
                "kind",
                "`system` is Gradus itself: use person or service",
            ));
        }
        let now = self.now();
        let receipt = self
            .append(
                call,
                |writer, _| organization(&writer.registry),
                |writer, naming| {
                    let principal = naming.principal(0);
                    let taken = self
                        .principals()
                        .into_iter()
                        .find(|known| known.name.as_deref() == Some(name.as_str()));
                    if taken.is_some_and(|taken| taken.id != principal) {
                        let refusal = gradus_domain::Refusal::PrincipalNameTaken(name.to_string());
                        return Err(refusal.into());
                    }
                    let event = Event::PrincipalAdded(PrincipalAdded { principal, kind, by: None });
                    let payload = Payload::empty().with("name", name.as_str());
                    let proposal = Proposal::at(event, None, now).with(payload);
                    Ok(vec![Batch::new(organization(&writer.registry)?, vec![proposal])])
                },
            )
            .await?;
        let naming = self.naming(call, receipt.request);
        Ok((receipt, naming.principal(0)))
    }

    /// Lets a principal act no more.
    pub async fn disable_principal(
        &self,
        call: &Call,
        text: &str,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let principal = self.principal_of_all(call, text)?.id;
        let event = Event::PrincipalDisabled(PrincipalDisabled { principal });
        let proposal = Proposal::at(event, None, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }

    /// Issues a token for a principal.
    ///
    /// # Errors
    ///
    /// [`ServiceError::SecretShown`] when the request id was used before.
    pub async fn issue_token(
        &self,
        call: &Call,
        text: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<IssuedToken, ServiceError> {
        let PrincipalView { id: principal, kind, .. } = self.principal_of_all(call, text)?;
        if kind == PrincipalKind::System {
            let reason = "`system` is Gradus itself, which needs no token: name another one";
            return Err(ServiceError::invalid("principal", reason));
        }
        let Secret { text: secret, hash } = secret(kind)?;
        let now = self.now();
        let issued = |token| {
            let issued = TokenIssued { token, principal, hash, expires_at };
            Proposal::at(Event::TokenIssued(issued), None, now)
        };
        let (receipt, token) = self.record_token(call, issued).await?;
        Ok(IssuedToken { receipt, token, secret })
    }

    /// Records a token under the id that the call draws for it; it can be used from the answer on.
    ///
    /// # Errors
    ///
    /// [`ServiceError::SecretShown`] when the request id was used before.
    pub(crate) async fn record_token(
        &self,
        call: &Call,
        proposed: impl Fn(TokenId) -> Proposal,
    ) -> Result<(Receipt, TokenId), ServiceError> {
        let answer = self
            .append(
                call,
                |writer, _| organization(&writer.registry),
                |writer, naming| {
                    let proposal = proposed(naming.token(0));
                    Ok(vec![Batch::new(organization(&writer.registry)?, vec![proposal])])
                },
            )
            .await;
        let receipt = match answer {
            Err(ServiceError::RequestReused(request)) => {
                return Err(ServiceError::SecretShown(request));
            }
            other => other?,
        };
        self.caught_up(None).await?;
        let token = self.naming(call, receipt.request).token(0);
        Ok((receipt, token))
    }

    /// Revokes a token.
    pub async fn revoke_token(
        &self,
        call: &Call,
        token: TokenId,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let event = Event::TokenRevoked(TokenRevoked { token });
        let proposal = Proposal::at(event, None, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }
}
