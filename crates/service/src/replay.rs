//! The same again: a call under a known request id, an item with a known source.
//!
//! No hash of a request is kept: what is proposed now is compared with what was recorded then.

use std::collections::BTreeMap;

use gradus_domain::Proposal;
use gradus_log::Placed;
use gradus_model::{Event, Recorded, RequestId, UnitId};

use crate::append::{Propose, proposed, subject};
use crate::call::{Batch, Call, ItemOutcome, Naming, Numbered, Receipt};
use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;
use crate::writer::{Duplicate, Writer, same_content};

impl Service {
    /// An item with a known source is the same item if it says the same.
    pub(crate) async fn compare(&self, duplicate: &Duplicate) -> Result<(), ServiceError> {
        let stored = self.record_of(duplicate.stream, duplicate.version).await?;
        let proposal = &duplicate.numbered.proposal;
        if same_content(&self.as_proposed(&stored, proposal)?, proposal) {
            return Ok(());
        }
        let Event::EvidenceSubmitted(item) = &proposal.event else {
            return Err(ServiceError::Fault("only items have sources"));
        };
        let refusal = gradus_domain::evidence::reused(&item.source, duplicate.evidence);
        Err(ServiceError::Refused { item: Some(duplicate.numbered.item), refusal })
    }

    /// What a record was proposed as, to be compared with `proposal`.
    fn as_proposed(
        &self,
        stored: &ReadRecord,
        proposal: &Proposal,
    ) -> Result<Proposal, ServiceError> {
        // An erased payload cannot be compared: what is left of the record decides.
        let payload = self.open_payload(stored)?.unwrap_or_else(|| proposal.payload.clone());
        let Recorded { event, effective_at, .. } = stored.recorded.clone();
        Ok(Proposal::new(event, effective_at).with(payload))
    }

    /// The first answer again, if the content is the same.
    pub(crate) async fn replay(
        &self,
        call: &Call,
        request: RequestId,
        found: &[std::ops::Range<u64>],
        of: impl Fn(&Writer, &Naming) -> Result<UnitId, ServiceError>,
        propose: impl Propose,
    ) -> Result<Receipt, ServiceError> {
        let naming = self.naming(call, request);
        let reused = || ServiceError::RequestReused(request);
        let (unit, batches) = {
            let writer = self.writer()?;
            // A call that does not fit the state any more cannot be the one that did.
            (
                of(&writer, &naming)?,
                proposed(call, &propose, &writer, &naming).map_err(|_| reused())?,
            )
        };
        let mut found_at = BTreeMap::new();
        let mut last_version = 0;
        let mut stored_items = BTreeMap::new();
        for position in found.iter().cloned().flatten() {
            let stored = self.record_at(position).await?;
            let place = stored.recorded.place;
            if place.stream == unit {
                last_version = place.version;
            }
            let leaf_hash = gradus_proof::tree::leaf_hash(&stored.leaf);
            let (version, recorded_at) = (place.version, place.recorded_at);
            found_at
                .insert(stored.recorded.item, Placed { position, version, leaf_hash, recorded_at });
            stored_items.insert(stored.recorded.item, stored);
        }
        let mut items = Vec::new();
        for batch in &batches {
            let mut rest = Vec::new();
            for numbered in &batch.proposals {
                let (evidence, rating) = subject(&numbered.proposal.event);
                let placed = found_at.get(&numbered.item).copied();
                items.push(ItemOutcome { item: numbered.item, placed, evidence, rating });
                let Some(stored) = stored_items.remove(&numbered.item) else {
                    rest.push(numbered.clone());
                    continue;
                };
                let known = self.as_proposed(&stored, &numbered.proposal)?;
                let same_stream = stored.recorded.place.stream == batch.stream;
                if !same_stream || !same_content(&known, &numbered.proposal) {
                    return Err(reused());
                }
            }
            // What the first answer did not record was so already, and is so now.
            self.is_so_already(call, batch.stream, rest, &mut items).await.map_err(|_| reused())?;
        }
        if !stored_items.is_empty() {
            return Err(reused());
        }
        Ok(Receipt {
            request,
            unit,
            unit_version: last_version,
            items,
            head: self.log.head(),
            replayed: true,
            validated_only: false,
            level_changes: Vec::new(),
            proved: None,
        })
    }

    async fn is_so_already(
        &self,
        call: &Call,
        stream: UnitId,
        rest: Vec<Numbered>,
        items: &mut [ItemOutcome],
    ) -> Result<(), ServiceError> {
        if rest.is_empty() {
            return Ok(());
        }
        let batch = [Batch { stream, proposals: rest }];
        let plan = {
            let (writer, library) = (self.writer()?, self.library());
            writer.plan(call, self.now(), &library, &batch, &[])?
        };
        for duplicate in &plan.duplicates {
            self.compare(duplicate).await?;
        }
        for outcome in items {
            outcome.evidence = plan.known.get(&outcome.item).copied().or(outcome.evidence);
        }
        if plan.parts.is_empty() {
            return Ok(());
        }
        Err(ServiceError::Fault("an item of the call is new"))
    }
}
