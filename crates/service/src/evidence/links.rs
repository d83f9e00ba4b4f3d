//! The practices that an item speaks for, and the process instances that it belongs to, as they are
//! changed after its submission.

use std::collections::BTreeMap;

use gradus_domain::Proposal;
use gradus_model::event::{InstanceLinks, Links};
use gradus_model::{Event, Label, Payload};

use super::{AskedPractice, EvidenceRef, found};
use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;

/// What an item is linked to, or no longer.
#[derive(Clone, Debug, Default)]
pub struct AskedLinks {
    /// Practices.
    pub practices: Vec<AskedPractice>,
    /// Process instances.
    pub instances: Vec<Label>,
}

impl Service {
    /// Links an item to further practices and process instances, or takes links away; all or nothing.
    pub async fn link_evidence(
        &self,
        call: &Call,
        unit: &str,
        item: &EvidenceRef,
        asked: &AskedLinks,
        linked: bool,
        note: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        let field = if linked { "note" } else { "reason" };
        self.append_to_unit(call, unit, |writer, _, unit| {
            let evidence = found(writer, unit, item, &BTreeMap::new())?;
            let mut practices = self.targets(writer, unit, &asked.practices, now)?;
            practices.sort();
            practices.dedup();
            let mut instances = asked.instances.clone();
            instances.sort();
            instances.dedup();
            let of_practices = (!practices.is_empty()).then(|| {
                let links = Links { evidence, practices };
                if linked { Event::EvidenceLinked(links) } else { Event::EvidenceUnlinked(links) }
            });
            let of_instances = (!instances.is_empty()).then(|| {
                let links = InstanceLinks { evidence, instances };
                if linked {
                    Event::EvidenceInstanceLinked(links)
                } else {
                    Event::EvidenceInstanceUnlinked(links)
                }
            });
            let proposal =
                |event| Proposal::at(event, None, now).with(Payload::empty().with(field, note));
            Ok(of_practices.into_iter().chain(of_instances).map(proposal).collect())
        })
        .await
    }
}
