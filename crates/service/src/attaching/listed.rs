//! The attachments that items of a unit name, and where their bytes are.

use std::sync::Arc;

use gradus_domain::UnitHistory;
use gradus_model::{Digest, EvidenceId, UnitId};

use crate::access::Caller;
use crate::error::ServiceError;
use crate::service::Service;
use crate::sources::Statement;

/// Where the bytes of an attachment are.
#[derive(Clone, Debug)]
pub enum Whereabouts {
    /// Here.
    Held {
        /// How many.
        bytes: u64,
    },
    /// Elsewhere, or never uploaded.
    Elsewhere,
    /// Nowhere here any more.
    Erased(Statement),
    /// Not told: the caller may not read it.
    Withheld,
}

/// An attachment that items of a unit name.
#[derive(Clone, Debug)]
pub struct ListedAttachment {
    /// Its SHA-256.
    pub digest: Digest,
    /// The items that name it, in the order of recording.
    pub items: Vec<EvidenceId>,
    /// Where its bytes are.
    pub whereabouts: Whereabouts,
}

/// An item that names an attachment: position, version and id.
type Naming = (u64, u64, EvidenceId);

/// A page of them.
#[derive(Clone, Debug)]
pub struct AttachmentPage {
    /// The unit.
    pub unit: UnitId,
    /// The attachments, in the order in which items first named them.
    pub attachments: Vec<ListedAttachment>,
    /// Whether there are more.
    pub more: bool,
}

impl Service {
    /// The attachments that items of a unit name, as known with `size` records, from the given number on.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit.
    pub async fn attachments(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        (size, from, most): (u64, usize, usize),
    ) -> Result<AttachmentPage, ServiceError> {
        let unit = self.unit(by, unit)?;
        self.recalled(unit).await?;
        let mut known: Vec<(Digest, Vec<Naming>)> = {
            let views = self.views();
            let history = views.history(unit);
            let all = history.into_iter().flat_map(UnitHistory::attachments);
            all.map(|(digest, naming)| {
                let naming = naming.filter(|item| item.position < size);
                let naming = naming.map(|item| (item.position, item.version, item.id));
                (*digest, naming.collect::<Vec<_>>())
            })
            .filter(|(_, naming)| !naming.is_empty())
            .collect()
        };
        known.sort_by_key(|(digest, naming)| (naming.first().map(|(at, ..)| *at), *digest));
        let more = known.len() > from.saturating_add(most);
        let mut attachments = Vec::new();
        for (digest, naming) in known.into_iter().skip(from).take(most) {
            let versions: Vec<u64> = naming.iter().map(|(_, version, _)| *version).collect();
            let whereabouts = self.whereabouts(by, unit, (digest, &versions)).await?;
            let items = naming.into_iter().map(|(.., id)| id).collect();
            attachments.push(ListedAttachment { digest, items, whereabouts });
        }
        Ok(AttachmentPage { unit, attachments, more })
    }

    async fn whereabouts(
        self: &Arc<Self>,
        by: &Caller,
        unit: UnitId,
        (digest, naming): (Digest, &[u64]),
    ) -> Result<Whereabouts, ServiceError> {
        let erased = {
            let views = self.views();
            views.history(unit).and_then(|history| history.attachment_erased(&digest))
        };
        if let Some(position) = erased {
            return Ok(Whereabouts::Erased(self.source_statement(position).await?));
        }
        if self.right_to(by, unit, naming).await?.is_some() {
            return Ok(Whereabouts::Withheld);
        }
        let held = self.attachments.held(unit, digest);
        Ok(held.map_or(Whereabouts::Elsewhere, |bytes| Whereabouts::Held { bytes }))
    }
}
