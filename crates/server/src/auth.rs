//! Who calls: a bearer token becomes an actor, or the call ends here.

use std::sync::Arc;

use gradus_domain::Actor;
use gradus_service::Service;
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::status::token_refused;

/// Lets calls with a token of a known principal through, and nothing else.
#[derive(Clone)]
pub(crate) struct Gate {
    service: Arc<Service>,
}

impl Gate {
    pub(crate) const fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

impl Interceptor for Gate {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = bearer(request.metadata())?;
        // Unknown, ended, revoked and disabled look the same.
        let known = self.service.authenticate(token);
        let (actor, token) = known.ok_or_else(|| token_refused("the bearer token is refused"))?;
        request.extensions_mut().insert(actor);
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

/// The actor and message of a call that came through the gate.
pub(crate) fn open<T>(request: Request<T>) -> Result<(Actor, T), Status> {
    let actor = request.extensions().get::<Actor>().copied();
    let actor = actor.ok_or_else(|| token_refused("a bearer token is needed"))?;
    Ok((actor, request.into_inner()))
}
