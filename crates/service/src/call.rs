//! One append call: who asks, under which request id, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::{Actor, Proposal};
use gradus_log::{Head, Placed};
use gradus_model::evidence::Source;
use gradus_model::payload::Class;
use gradus_model::{
    AppraisalId, AreaId, Digest, Event, EvidenceId, LogId, PrincipalId, RatingId, RequestId,
    TokenId, UnitId,
};
use gradus_proof::digest::sha256_of;

use crate::access::Caller;
use crate::checkpoints::Signed;
use crate::error::ServiceError;

/// Who asks for an append, and how.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Who acts, as their credential says.
    pub actor: Actor,
    /// Names the call for ever; drawn at random if the caller gave none.
    pub request: Option<RequestId>,
    /// The version of the unit's stream that the caller saw.
    pub expected_version: Option<u64>,
    /// Answer with the verdict only, recording nothing.
    pub validate_only: bool,
    /// Who may read the texts that are given.
    pub class: Class,
    /// Answer only once a checkpoint covers what was recorded, with proofs to it.
    pub await_checkpoint: bool,
}

impl Call {
    /// A call without a request id, expectation or preview, whose texts are ordinary.
    #[must_use]
    pub const fn by(actor: Actor) -> Self {
        Self {
            actor,
            request: None,
            expected_version: None,
            validate_only: false,
            class: Class::Ordinary,
            await_checkpoint: false,
        }
    }

    /// The same as a question about what may be seen.
    pub(crate) const fn caller(&self) -> Caller {
        Caller { actor: self.actor, credential: None, right: Right::See }
    }
}

/// A proposal and its number in the call, from 0; the number stays in the leaf.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub item: u32,
    /// The proposal, shared by those who decide on it and those who record it.
    pub proposal: Arc<Proposal>,
}

/// A call's proposals for one stream.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The stream.
    pub stream: UnitId,
    /// The proposals, in order.
    pub proposals: Vec<Numbered>,
}

impl Batch {
    /// A batch whose items are numbered from 0.
    #[must_use]
    pub fn new(stream: UnitId, proposals: Vec<Proposal>) -> Self {
        let number = |(item, proposal)| Numbered { item, proposal: Arc::new(proposal) };
        Self { stream, proposals: (0..).zip(proposals).map(number).collect() }
    }

    /// The same with its texts in a class.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] where an unattributed text comes with whom it is about.
    pub(crate) fn of_class(mut self, class: Class) -> Result<Self, ServiceError> {
        if class == Class::Ordinary {
            return Ok(self);
        }
        for Numbered { proposal, item } in &mut self.proposals {
            let proposal = Arc::make_mut(proposal);
            let names_somebody =
                matches!(&proposal.event, Event::EvidenceSubmitted(item) if item.about.is_some());
            if class == Class::Unattributed && names_somebody {
                let reason = "what is unattributed names nobody: leave it out";
                return Err(ServiceError::invalid(format!("items[{item}].about"), reason));
            }
            proposal.payload = std::mem::take(&mut proposal.payload).of_class(class);
        }
        Ok(self)
    }
}

/// What the names of Gradus' own sources begin with; no caller may claim one.
pub const OWN_SOURCES: &str = "gradus:";

/// Draws the ids of one call: the same call draws the same ids again, which makes it replayable.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    log: LogId,
    actor: PrincipalId,
    request: RequestId,
}

impl Naming {
    pub(crate) const fn new(log: LogId, actor: PrincipalId, request: RequestId) -> Self {
        Self { log, actor, request }
    }

    /// The call's request id.
    pub(crate) const fn request(&self) -> RequestId {
        self.request
    }

    /// The first 128 bits of SHA-256 over label, log, actor, request and item, made an id.
    fn draw(&self, sort: &str, item: u32) -> [u8; 16] {
        let parts: [&[u8]; 6] = [
            b"gradus/v1/id/",
            sort.as_bytes(),
            &self.log.0,
            &self.actor.0,
            &self.request.0,
            &item.to_be_bytes(),
        ];
        let mut id = [0; 16];
        for (byte, digest) in id.iter_mut().zip(sha256_of(&parts).0) {
            *byte = digest;
        }
        as_id(id)
    }

    /// The id of the unit that this item registers.
    #[must_use]
    pub fn unit(&self, item: u32) -> UnitId {
        UnitId(self.draw("unit", item))
    }

    /// The id of the evidence that this item submits.
    #[must_use]
    pub fn evidence(&self, item: u32) -> EvidenceId {
        EvidenceId(self.draw("evidence", item))
    }

    /// The source of an item that names none: the item itself.
    pub(crate) fn source(&self, item: u32) -> Result<Source, ServiceError> {
        let wrong = |error| ServiceError::invalid("source", error);
        let name = format!("{OWN_SOURCES}api").parse().map_err(wrong)?;
        let id = self.evidence(item).to_string().parse().map_err(wrong)?;
        Ok(Source { name, id })
    }

    /// The id of the rating that this item makes.
    #[must_use]
    pub fn rating(&self, item: u32) -> RatingId {
        RatingId(self.draw("rating", item))
    }

    /// The id of the appraisal that this call opens.
    #[must_use]
    pub fn appraisal(&self) -> AppraisalId {
        AppraisalId(self.draw("appraisal", 0))
    }

    /// The id of the principal that this item adds.
    #[must_use]
    pub fn principal(&self, item: u32) -> PrincipalId {
        PrincipalId(self.draw("principal", item))
    }

    /// The id of the token that this item issues.
    #[must_use]
    pub fn token(&self, item: u32) -> TokenId {
        TokenId(self.draw("token", item))
    }
}

/// What became of one item of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemOutcome {
    /// Its number in the call.
    pub item: u32,
    /// Where it lies, if it was recorded: it was not if it was so already.
    pub placed: Option<Placed>,
    /// The item of evidence it is about or made, if it is about one.
    pub evidence: Option<EvidenceId>,
    /// The rating it is about or made, if it is about one.
    pub rating: Option<RatingId>,
}

/// How an area's answer would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// The area.
    pub area: AreaId,
    /// Rated and ongoing level before.
    pub before: (LevelAnswer, LevelAnswer),
    /// Rated and ongoing level after.
    pub after: (LevelAnswer, LevelAnswer),
}

/// The answer to an append call.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The call's request id.
    pub request: RequestId,
    /// The stream that the call is about: the unit's, or the organization's.
    pub unit: UnitId,
    /// The version of that stream after the call.
    pub unit_version: u64,
    /// What became of each item, in the order of the call.
    pub items: Vec<ItemOutcome>,
    /// The durable head at the answer.
    pub head: Head,
    /// Whether the call was made before and this is its first answer again.
    pub replayed: bool,
    /// Whether nothing was recorded because only the verdict was asked for.
    pub validated_only: bool,
    /// For a verdict: the levels that would change now.
    pub level_changes: Vec<LevelChange>,
    /// That it is in the log of a checkpoint, where that was waited for.
    pub proved: Option<Proved>,
}

/// That what a call recorded is in the log of a checkpoint.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The checkpoint.
    pub checkpoint: Signed,
    /// The hashes from the leaf up, by the position of each record.
    pub inclusion: BTreeMap<u64, Vec<Digest>>,
}

/// The bytes as an id, with the version (4) and variant bits of RFC 9562, section 5.4.
///
/// So every consumer of UUIDs accepts what is written here; what is read may be any 128 bits.
pub(crate) const fn as_id(mut bytes: [u8; 16]) -> [u8; 16] {
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    bytes
}

/// A random id.
pub(crate) fn random_id() -> Result<[u8; 16], ServiceError> {
    random().map(as_id)
}

/// Randomness from the system, for what is no id.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

/// Fills bytes with randomness from the system.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), ServiceError> {
    getrandom::fill(bytes).map_err(|error| ServiceError::Randomness(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming() -> Naming {
        Naming::new(LogId([1; 16]), PrincipalId([2; 16]), RequestId([3; 16]))
    }

    /// Whether an id is written as every reader of random UUIDs takes it.
    fn is_uuid(id: impl ToString) -> bool {
        let id = id.to_string();
        id.len() == 36 && id[14..].starts_with('4') && id[19..].starts_with(['8', '9', 'a', 'b'])
    }

    #[test]
    fn ids_are_random_uuids_in_form_whether_drawn_at_random_or_from_a_call() {
        for item in 0..64 {
            assert!(is_uuid(naming().unit(item)));
            assert!(is_uuid(naming().evidence(item)));
            assert!(is_uuid(naming().rating(item)));
            assert!(is_uuid(naming().principal(item)));
            assert!(is_uuid(naming().token(item)));
            assert!(is_uuid(RequestId(random_id().unwrap())));
        }
        let all = (as_id([0xff; 16]), as_id([0; 16]));
        assert_eq!(UnitId(all.0).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(UnitId(all.1).to_string(), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn an_item_that_names_no_source_has_its_own_id_there() {
        let source = naming().source(5).unwrap();
        assert_eq!(source.name.as_str(), "gradus:api");
        assert_eq!(source.id.as_str(), naming().evidence(5).to_string());
    }
}
