//! What an auditor asks is taken down where the call is opened, and answered once it is kept.
//!
//! The gate lays a slip beside each call of an auditor; the handler's way in writes the question on it
//! ([`crate::auth::open`]), and whoever hands out the answer waits until that is synced. Calls of others
//! have no slip.

use std::sync::{Arc, Mutex, PoisonError};

use gradus_model::PrincipalId;
use gradus_service::queries::Keeping;
use gradus_service::{Service, ServiceError};

/// The slip of one call.
#[derive(Clone)]
pub(crate) struct Noted {
    service: Arc<Service>,
    auditor: PrincipalId,
    keeping: Arc<Mutex<Option<Keeping>>>,
}

impl Noted {
    pub(crate) fn new(service: Arc<Service>, auditor: PrincipalId) -> Self {
        Self { service, auditor, keeping: Arc::default() }
    }

    /// Takes a question down.
    pub(crate) fn take_down(
        &self,
        method: &'static str,
        request: impl FnOnce() -> Vec<u8>,
    ) -> Result<(), ServiceError> {
        let keeping = self.service.take_down(self.auditor, method, request())?;
        *self.keeping.lock().unwrap_or_else(PoisonError::into_inner) = Some(keeping);
        Ok(())
    }

    /// Waits until the question is kept, if the call was one.
    pub(crate) async fn kept(&self) -> Result<(), ServiceError> {
        let keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner).take();
        match keeping {
            Some(keeping) => keeping.kept().await,
            None => Ok(()),
        }
    }
}
