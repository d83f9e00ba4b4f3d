//! The way of a call with a token of an identity provider, before the gate: the first call by a rule
//! is recorded, which takes its time.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use gradus_domain::Actor;
use gradus_model::Timestamp;
use gradus_service::access::Credential;
use gradus_service::claims::ByClaims;
use gradus_service::identity::PREFIX;
use gradus_service::{Service, ServiceError};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::header::AUTHORIZATION;
use tonic::codegen::http::{HeaderMap, Request};
use tonic::codegen::{BoxFuture, Service as Calls};
use tonic::server::NamedService;

use super::token::LEEWAY_SECONDS;
use super::{Oidc, Problem};
use crate::status::{no_claim_rule, status, token_refused};

/// What became of a token, for the gate.
#[derive(Clone)]
pub(crate) enum Admission {
    /// Its sender may call.
    Admitted(Actor, Credential, Used),
    /// Its sender is refused; the word goes to the log alone.
    Refused(Status, &'static str),
    /// It cannot be said now, which is not the sender's fault.
    Failed(Status),
}

/// A token that was used, for those who ask who they are.
#[derive(Clone)]
pub(crate) struct Used {
    /// Who issued it.
    pub(crate) issuer: String,
    /// The rule that it meets.
    pub(crate) rule: String,
    /// When it ends.
    pub(crate) expires_at: Timestamp,
}

/// A service whose calls may come with tokens of identity providers.
#[derive(Clone)]
pub(crate) struct Admitted<S> {
    inner: S,
    oidc: Arc<Oidc>,
    service: Arc<Service>,
}

impl<S> Admitted<S> {
    pub(crate) const fn new(inner: S, oidc: Arc<Oidc>, service: Arc<Service>) -> Self {
        Self { inner, oidc, service }
    }
}

impl<S: NamedService> NamedService for Admitted<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Calls<Request<Body>> for Admitted<S>
where
    S: Calls<Request<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = BoxFuture<S::Response, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if self.oidc.is_empty() || foreign(request.headers()).is_none() {
            return Box::pin(self.inner.call(request));
        }
        let next = self.inner.clone();
        // The one that said it is ready.
        let mut inner = std::mem::replace(&mut self.inner, next);
        let (oidc, service) = (Arc::clone(&self.oidc), Arc::clone(&self.service));
        Box::pin(async move {
            if let Some(admission) = admission(&oidc, &service, request.headers()).await {
                request.extensions_mut().insert(admission);
            }
            inner.call(request).await
        })
    }
}

/// What becomes of a call by the token of an identity provider; none if it comes with none, or no
/// provider's are taken.
pub(crate) async fn admission(
    oidc: &Oidc,
    service: &Service,
    headers: &HeaderMap,
) -> Option<Admission> {
    let token = foreign(headers).filter(|_| !oidc.is_empty())?;
    Some(admit(oidc, service, token).await)
}

/// A bearer token that is none of ours; the gate refuses calls with several.
fn foreign(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let is_foreign = !token.starts_with(PREFIX) && token.contains('.');
    (scheme.eq_ignore_ascii_case("bearer") && is_foreign).then_some(token)
}

async fn admit(oidc: &Oidc, service: &Service, token: &str) -> Admission {
    let checked = match oidc.check(token, service.now()).await {
        Ok(checked) => checked,
        Err(problem) => return refused(problem),
    };
    match service.authenticate_claims(&checked.issuer, &checked.claims).await {
        Ok(Some(ByClaims { actor, rule, position })) => {
            let until = checked.expires_at.plus_micros(LEEWAY_SECONDS * 1_000_000);
            let (issuer, rule, expires_at) = (checked.issuer, rule.to_string(), checked.expires_at);
            tracing::debug!(principal = %actor.principal, %rule, "admitted by claims");
            let credential = Credential::Claims { position, until };
            Admission::Admitted(actor, credential, Used { issuer, rule, expires_at })
        }
        Ok(None) => Admission::Refused(no_claim_rule(), "oidc: no claim rule"),
        // A parent that is gone is none of the caller's business.
        Err(error @ (ServiceError::Refused { .. } | ServiceError::NotFound { .. })) => {
            tracing::warn!(%error, "a claim rule cannot add who calls by it");
            Admission::Refused(no_claim_rule(), "oidc: claim rule in vain")
        }
        Err(error) => Admission::Failed(status(&error)),
    }
}

fn refused(problem: Problem) -> Admission {
    Admission::Refused(token_refused(problem.told()), problem.word())
}
