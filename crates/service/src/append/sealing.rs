//! Sealing what a call records: keys, bodies and texts as the log takes them.

use std::borrow::Cow;

use gradus_log::{NewRecord, Part};
use gradus_model::leaf::{self, Draft, Signature};
use gradus_model::{RequestId, UnitId};

use crate::ahead::{Ahead, Texts};
use crate::call::{Call, Numbered, random};
use crate::error::ServiceError;
use crate::keys::RootSeed;
use crate::seal::{self, Hashed, Sealed};
use crate::service::Service;
use crate::writer::PlannedPart;

impl Service {
    /// Seals what is planned; the bytes depend on nothing but the plan and fresh seeds. What was
    /// hashed ahead is not hashed again.
    pub(crate) fn sealed(
        &self,
        call: &Call,
        request: RequestId,
        parts: &[PlannedPart],
        ahead: &mut Ahead<'_>,
    ) -> Result<Vec<Part>, ServiceError> {
        let mut sealed = Vec::with_capacity(parts.len());
        for part in parts {
            if part.version == 0 {
                self.make_keys(part.stream)?;
            }
            let records = self.seal_records(call, request, part, ahead)?;
            sealed.push(Part { stream: part.stream, expected: part.version, records });
        }
        Ok(sealed)
    }

    pub(crate) fn make_keys(&self, unit: UnitId) -> Result<(), ServiceError> {
        match self.keys.create(unit, &RootSeed::new(random()?)) {
            // Made by a call that got no further: nothing was sealed with it yet.
            Ok(()) | Err(crate::keys::KeyError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn seal_records(
        &self,
        call: &Call,
        request: RequestId,
        part: &PlannedPart,
        ahead: &mut Ahead<'_>,
    ) -> Result<Vec<NewRecord>, ServiceError> {
        let stream = part.stream;
        // A record that the log would not take is told by its size first.
        let bodies: Vec<Vec<u8>> =
            part.records.iter().map(|numbered| numbered.proposal.event.body()).collect();
        part.records.iter().zip(&bodies).try_for_each(|(one, body)| fits(one, body.len()))?;
        let payload = |one: &Numbered| ahead.take(one.item, &one.proposal.payload);
        let mut hashed: Vec<Option<Hashed<'_>>> = part.records.iter().map(payload).collect();
        if hashed.iter().any(Option::is_none) {
            let missing = part.records.iter().zip(&hashed).filter(|(_, hashed)| hashed.is_none());
            let missing = missing.map(|(one, _)| Cow::Borrowed(&one.proposal.payload)).collect();
            let mut rest = Texts::Plain(missing).ahead()?.into_iter();
            let places = hashed.iter_mut().filter(|hashed| hashed.is_none());
            places.for_each(|place| *place = rest.next());
        }
        let mut sealed = Vec::with_capacity(part.records.len());
        for (version, hashed) in (part.version + 1..).zip(&hashed) {
            let key = self.keys.key(stream, version)?;
            let key = key.ok_or(ServiceError::Fault("the key of a new record is erased"))?;
            let hashed = hashed.as_ref().ok_or(ServiceError::Fault("a text was not hashed"))?;
            sealed.push(hashed.seal(&key, self.log_id, stream, version)?);
        }
        let records = part.records.iter().zip(bodies).zip(sealed);
        let record = |((numbered, body), sealed): ((&Numbered, Vec<u8>), Sealed)| {
            let draft = Draft {
                event_type: numbered.proposal.event.event_type(),
                schema: numbered.proposal.event.schema(),
                effective_at: numbered.proposal.effective_at,
                actor: call.actor.principal,
                grade: call.actor.grade,
                request,
                item: numbered.item,
                payload_root: sealed.payload_root,
                blind: sealed.blind,
                body,
                signature: Signature::NONE,
            };
            NewRecord { draft, payload: sealed.bytes }
        };
        Ok(records.map(record).collect())
    }
}

/// Refuses a record that the log would not take; a verdict must say what the call would.
pub(super) fn fits(
    Numbered { item, proposal }: &Numbered,
    body: usize,
) -> Result<(), ServiceError> {
    let leaf = leaf::HEADER + body;
    let all = leaf + seal::sealed_len(&proposal.payload);
    if leaf > leaf::MOST_BYTES || all > leaf::MOST_RECORD_BYTES {
        return Err(ServiceError::RecordTooLarge { item: *item, leaf, all });
    }
    Ok(())
}
