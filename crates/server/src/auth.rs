//! Who calls: a bearer token, one of an identity provider, or a client certificate becomes an actor, or
//! the call ends here.

use std::sync::Arc;

use gradus_domain::access::{Right, Rights};
use gradus_domain::{Actor, NeededOn, Refusal};
use gradus_model::PrincipalId;
use gradus_model::unit::Role;
use gradus_service::access::Credential;
use gradus_service::{Caller, Service};
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::limits::Account;
use crate::methods::Guarded;
use crate::noted::Noted;
use crate::oidc::Admission;
use crate::status::limits::over_limit;
use crate::status::{certificate_refused, put_off, status, token_refused};
use crate::throttle::{Answer, Throttle};
use crate::tls;

/// Lets calls of a known principal through, by token or certificate, and nothing else.
#[derive(Clone)]
pub(crate) struct Gate {
    service: Arc<Service>,
    throttle: Arc<Throttle>,
}

impl Gate {
    pub(crate) const fn new(service: Arc<Service>, throttle: Arc<Throttle>) -> Self {
        Self { service, throttle }
    }

    /// Lets a call on with what its caller may do anywhere.
    fn admit(&self, request: &mut Request<()>, actor: Actor, credential: Credential) {
        let (rights, audits) = self.service.standing_of(actor.principal);
        if audits {
            let noted = Noted::new(Arc::clone(&self.service), actor.principal);
            request.extensions_mut().insert(noted);
        }
        request.extensions_mut().insert(Known { actor, credential, rights });
    }

    /// What becomes of a call with a token of an identity provider, which was looked at before.
    fn by_claims(
        &self,
        mut request: Request<()>,
        admission: Admission,
    ) -> Result<Request<()>, Status> {
        match admission {
            Admission::Admitted(actor, credential, used) => {
                self.admit(&mut request, actor, credential);
                request.extensions_mut().insert(used);
                Ok(request)
            }
            Admission::Refused(status, why) => Err(self.refused(&request, status, why)),
            Admission::Failed(status) => Err(status),
        }
    }

    /// The status of a call that did not authenticate; `why` goes to the log alone.
    fn refused(&self, request: &Request<()>, status: Status, why: &'static str) -> Status {
        let address = request.extensions().get::<tls::Caller>().map(tls::Caller::address);
        let address = address.map(|address| address.ip());
        match self.throttle.failed(address, why) {
            Answer::Told => status,
            Answer::PutOff(time) => put_off(time),
        }
    }
}

impl Interceptor for Gate {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(admission) = request.extensions_mut().remove::<Admission>() {
            return self.by_claims(request, admission);
        }
        // Who sends a token is judged by it: one that is refused never falls back on a certificate.
        let certificate =
            request.extensions().get::<tls::Caller>().and_then(tls::Caller::certificate);
        if let (None, Some(shown)) = (request.metadata().get("authorization"), certificate) {
            // Unknown, ended, revoked and disabled look the same.
            let known = shown.key().and_then(|key| self.service.authenticate_key(&key));
            let (actor, certificate) = known
                .ok_or_else(|| self.refused(&request, certificate_refused(), "certificate"))?;
            let credential = Credential::Key(certificate.key);
            self.admit(&mut request, actor, credential);
            request.extensions_mut().insert(certificate);
            return Ok(request);
        }
        let token =
            bearer(request.metadata()).map_err(|status| self.refused(&request, status, "none"))?;
        // Unknown, ended, revoked and disabled look the same.
        let known = self.service.authenticate(token);
        let (actor, token) = known.ok_or_else(|| {
            let status = token_refused("the bearer token is refused");
            self.refused(&request, status, self.service.why_refused(token))
        })?;
        self.admit(&mut request, actor, Credential::Token(token.id));
        request.extensions_mut().insert(token);
        Ok(request)
    }
}

fn bearer(metadata: &MetadataMap) -> Result<&str, Status> {
    let missing = || {
        token_refused(
            "a bearer token is needed: send the metadata `authorization: Bearer gradus_…`",
        )
    };
    let mut values = metadata.get_all("authorization").iter();
    let value = values.next().ok_or_else(missing)?;
    // Of two, a proxy before us may have judged the other one.
    if values.next().is_some() {
        return Err(token_refused(
            "`authorization` was sent more than once: send one bearer token",
        ));
    }
    let value = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// The caller and message of a call that came through the gate, if the caller may make such calls on
/// any unit: permission comes before existence.
pub(crate) fn open<T: Guarded>(request: Request<T>) -> Result<(Caller, T), Status> {
    let known = request.extensions().get::<Known>().copied();
    let account = request.extensions().get::<Arc<Account>>().cloned();
    let noted = request.extensions().get::<Noted>().cloned();
    let Known { actor, credential, rights } =
        known.ok_or_else(|| token_refused("a bearer token is needed"))?;
    match T::RIGHT {
        Some(right) if !rights.have(right) => {
            Err(status(&Refusal::RightMissing { right, on: NeededOn::Any }.into()))
        }
        needed => {
            let right = needed.unwrap_or(Right::See);
            let asked = request.into_inner();
            // What other roles alone give the right to is not asked as auditor.
            let as_auditor = |right: &Right| Rights::of_role(Role::Auditor).have(*right);
            if let (Some(noted), Some(_)) = (noted, needed.filter(as_auditor)) {
                noted.take_down(T::METHOD, || asked.question()).map_err(|error| status(&error))?;
            }
            if let Some(account) = account {
                let (events, bytes) = asked.weight();
                account.charge(events, bytes).map_err(|over| over_limit(&over))?;
            }
            Ok((Caller { actor, credential: Some(credential), right }, asked))
        }
    }
}

/// The account that a request which appends is held to.
pub(crate) fn account<T>(request: &Request<T>) -> Result<Arc<Account>, Status> {
    let account = request.extensions().get::<Arc<Account>>().cloned();
    account.ok_or_else(|| token_refused("a bearer token is needed"))
}

/// Who calls, of a request that came through the gate.
pub(crate) fn principal(extensions: &tonic::Extensions) -> Option<PrincipalId> {
    extensions.get::<Known>().map(|known| known.actor.principal)
}

/// What the gate knows of a caller.
#[derive(Clone, Copy)]
struct Known {
    actor: Actor,
    credential: Credential,
    /// What they may do on any unit at all.
    rights: Rights,
}
