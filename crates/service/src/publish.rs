//! Publishing held documents: models, rules and profiles.

use gradus_domain::Proposal;
use gradus_domain::registry::DocumentKind;
use gradus_model::Event;
use gradus_model::event::Document;

use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;

impl Service {
    /// Publishes a document, after checking it; it is in the directory before the event names it.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Content`] with line and reason when the document is wrong.
    pub async fn publish(
        &self,
        call: &Call,
        kind: DocumentKind,
        content: &[u8],
    ) -> Result<(Receipt, Document), ServiceError> {
        let held = if call.validate_only {
            let read = self.library().read(kind, kind.name(), content)?;
            Document { id: read.id().clone(), digest: gradus_proof::digest::sha256(content) }
        } else {
            self.hold(kind, kind.name(), content)?
        };
        let event = match kind {
            DocumentKind::Model => Event::ModelPublished(held.clone()),
            DocumentKind::Rules => Event::RulesPublished(held.clone()),
            DocumentKind::Profile => Event::ProfilePublished(held.clone()),
        };
        let proposal = Proposal::at(event, None, self.now());
        let receipt = self.append_to_organization(call, proposal).await?;
        Ok((receipt, held))
    }

    /// The bytes of a held document.
    pub fn document(&self, digest: gradus_model::Digest) -> Result<Vec<u8>, ServiceError> {
        Ok(self.documents.get(digest)?)
    }
}
