//! What all handlers share.

use std::future::Future;
use std::sync::Arc;

use gradus_service::{Receipt, Service, ServiceError};
use gradus_wire::v1 as wire;
use tokio::sync::watch;
use tonic::{Response, Status};

use crate::convert;
use crate::oidc::Oidc;
use crate::status::{status, status_of_items};

/// The handlers of every service; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) service: Arc<Service>,
    /// Checks tokens of identity providers.
    pub(crate) oidc: Arc<Oidc>,
    /// Turns true when the server stops: open streams end then.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Api {
    /// A receipt as the caller gets it.
    pub(crate) fn told(&self, receipt: &Receipt) -> Option<wire::Receipt> {
        Some(convert::receipt(&self.service, receipt))
    }
}

/// What a handler returns.
pub(crate) type Reply<T> = Result<Response<T>, Status>;

/// Answers with what the use case came to.
pub(crate) async fn reply<T>(answer: impl Future<Output = Result<T, ServiceError>>) -> Reply<T> {
    answer.await.map(Response::new).map_err(|error| status(&error))
}

/// As [`reply`], for a call with a list of items in the field `list`.
pub(crate) async fn reply_of_items<T>(
    list: &str,
    answer: impl Future<Output = Result<T, ServiceError>>,
) -> Reply<T> {
    let place = |item: u32| format!("{list}[{item}]");
    answer.await.map(Response::new).map_err(|error| status_of_items(&error, &place))
}

/// Resolves when the server stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error says that the server is gone, which is as much as stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
