//! Who calls: a bearer token or a client certificate becomes an actor, or the call ends here.

use std::sync::Arc;

use gradus_domain::access::{Right, Rights};
use gradus_domain::{Actor, Refusal};
use gradus_service::access::Credential;
use gradus_service::{Caller, Service};
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::methods::Guarded;
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
        let rights = self.service.rights_anywhere(actor.principal);
        request.extensions_mut().insert(Known { actor, credential, rights });
    }

    /// The status of a call that did not authenticate; `why` goes to the log alone.
    fn refused(&self, request: &Request<()>, status: Status, why: &'static str) -> Status {
        let over_tls = || request.extensions().get::<tls::Caller>().map(tls::Caller::address);
        let address = request.remote_addr().or_else(over_tls).map(|address| address.ip());
        match self.throttle.failed(address, why) {
            Answer::Told => status,
            Answer::PutOff(time) => put_off(time),
        }
    }
}

impl Interceptor for Gate {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
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
    let value = metadata.get("authorization").ok_or_else(missing)?;
    let value = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

/// The caller and message of a call that came through the gate, if the caller may make such calls on
/// any unit: permission comes before existence.
pub(crate) fn open<T: Guarded>(request: Request<T>) -> Result<(Caller, T), Status> {
    let known = request.extensions().get::<Known>().copied();
    let Known { actor, credential, rights } =
        known.ok_or_else(|| token_refused("a bearer token is needed"))?;
    match T::RIGHT {
        Some(right) if !rights.have(right) => {
            Err(status(&Refusal::RightMissing { right, unit: None }.into()))
        }
        needed => {
            let right = needed.unwrap_or(Right::See);
            Ok((Caller { actor, credential: Some(credential), right }, request.into_inner()))
        }
    }
}

/// What the gate knows of a caller.
#[derive(Clone, Copy)]
struct Known {
    actor: Actor,
    credential: Credential,
    /// What they may do on any unit at all.
    rights: Rights,
}
