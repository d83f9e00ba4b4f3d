//! Evidence: submitting it one by one or in bulk, reviewing it, ending it, erasing its texts.

mod links;

use std::borrow::Cow;
use std::collections::BTreeMap;

use gradus_domain::{Proposal, UnitHistory};
use gradus_model::event::{EvidenceSuperseded, OfEvidence, PayloadErased};
use gradus_model::evidence::{Item, Kind, Measure, Outcome, Source, Strength, Subject, Tool};
use gradus_model::unit::PrincipalKind;
use gradus_model::{
    Digest, Event, EvidenceId, Label, ModelId, Payload, Practice, Target, Timestamp, UnitId,
};

use crate::ahead::{self, Ahead, Texts};
use crate::append::{Gathering, Queued};
use crate::call::{Call, Naming, Receipt};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;
use crate::writer::Writer;

pub use links::AskedLinks;

/// A practice as a caller names it: without a model, the unit's own is meant.
#[derive(Clone, Debug)]
pub struct AskedPractice {
    /// The model, if it was named.
    pub model: Option<ModelId>,
    /// The practice.
    pub practice: Practice,
}

/// An item as a caller names it.
#[derive(Clone, Debug)]
pub enum EvidenceRef {
    /// By its id.
    Id(EvidenceId),
    /// By its source.
    Source(Source),
}

/// An item to be submitted.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What sort of evidence it is.
    pub kind: Kind,
    /// Which way it speaks.
    pub outcome: Outcome,
    /// How closely it is tied to the practices.
    pub strength: Strength,
    /// The practices it speaks for.
    pub practices: Vec<AskedPractice>,
    /// When the work began, if that was before it ended.
    pub work_from: Option<Timestamp>,
    /// When the work ended; now if it is not said.
    pub work_to: Option<Timestamp>,
    /// The end of its validity, if the submitter gives one.
    pub valid_until: Option<Timestamp>,
    /// Where it came from; made of the call's id and the item's number if it is not said.
    pub source: Option<Source>,
    /// The producer's own running number.
    pub producer_sequence: Option<u64>,
    /// The process instance it belongs to.
    pub instance: Option<Label>,
    /// Whom it is about: a principal by name or id.
    pub about: Option<String>,
    /// Numbers that were measured.
    pub measures: Vec<Measure>,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// The tool that made it.
    pub tool: Option<Tool>,
    /// Digests of attachments.
    pub attachments: Vec<Digest>,
    /// Title, note, URI and attributes.
    pub payload: Payload,
}

/// A step of a bulk push.
#[derive(Clone, Debug)]
pub enum Step {
    /// An item is put forward.
    Submit(Box<Submission>),
    /// An item counts until a moment; now if it is not said.
    End {
        /// The item.
        evidence: EvidenceRef,
        /// The first instant at which it no longer counts.
        at: Option<Timestamp>,
        /// Why.
        reason: String,
    },
}

impl Step {
    /// Whether it rests on an item that a history may tell of.
    fn asks(&self, history: &UnitHistory) -> bool {
        let source = match self {
            Self::Submit(submission) => submission.source.as_ref(),
            Self::End { evidence: EvidenceRef::Id(_), .. } => return true,
            Self::End { evidence: EvidenceRef::Source(source), .. } => Some(source),
        };
        source.is_some_and(|source| history.may_have(source))
    }
}

/// What a reviewer says to items of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// They count.
    Accept,
    /// They do not count.
    Reject,
    /// They never counted.
    Withdraw,
    /// A second person vouches for them.
    Confirm,
}

impl Service {
    /// Records the steps of one message, all or nothing.
    pub async fn push_evidence(
        &self,
        call: &Call,
        unit: &str,
        steps: &[Step],
    ) -> Result<Receipt, ServiceError> {
        let texts = Texts::Plain(texts(steps));
        let queued = self.queue_steps(call, unit, steps, texts).await?;
        self.awaited(call.await_checkpoint, queued.durable().await?).await
    }

    /// As [`Self::push_evidence`], up to the place of the records in the log's queue: messages that
    /// are queued one after the other are recorded in that order, and wait for one sync together.
    ///
    /// `ahead` is what [`Self::hash_evidence`] made of the steps. The log writes it when those that
    /// it is gathered with are queued, too.
    pub async fn queue_evidence(
        &self,
        _: &Gathering<'_>,
        call: &Call,
        unit: &str,
        (steps, ahead): (&[Step], Ahead<'_>),
    ) -> Result<Queued, ServiceError> {
        self.queue_steps(call, unit, steps, Texts::Hashed(ahead)).await
    }

    /// Hashes the texts of many messages together, which costs less than one by one.
    pub fn hash_evidence<'a>(messages: &[&'a [Step]]) -> Result<Vec<Ahead<'a>>, ServiceError> {
        ahead::all(messages.iter().map(|steps| texts(steps)))
    }

    async fn queue_steps(
        &self,
        call: &Call,
        unit: &str,
        steps: &[Step],
        texts: Texts<'_>,
    ) -> Result<Queued, ServiceError> {
        let now = self.now();
        let judges = call.actor.kind == PrincipalKind::Person;
        let asks = |history: &UnitHistory| judges || steps.iter().any(|step| step.asks(history));
        self.queue_to_unit(call, unit, texts, asks, |writer, naming, unit| {
            let mut here = BTreeMap::new();
            let mut proposed = |item, step: &Step| match step {
                Step::Submit(submission) => {
                    let proposal = self.submission(writer, naming, unit, item, submission, now)?;
                    if let Event::EvidenceSubmitted(item) = &proposal.event {
                        here.entry(item.source.clone()).or_insert(item.evidence);
                    }
                    Ok(proposal)
                }
                Step::End { evidence, at, reason } => {
                    let evidence = found(writer, unit, evidence, &here)?;
                    let event = Event::EvidenceEnded(OfEvidence { evidence });
                    Ok(Proposal::at(event, *at, now).with(reason_payload(reason)))
                }
            };
            let numbered = |(item, step)| {
                proposed(item, step).map_err(|error: ServiceError| error.of_item(item, steps.len()))
            };
            (0_u32..).zip(steps).map(numbered).collect()
        })
        .await
    }

    fn submission(
        &self,
        writer: &Writer,
        naming: &Naming,
        unit: UnitId,
        item: u32,
        submission: &Submission,
        now: Timestamp,
    ) -> Result<Proposal, ServiceError> {
        let at = submission.work_to.unwrap_or(now);
        let mut practices = self.targets(writer, unit, &submission.practices, at)?;
        practices.sort();
        practices.dedup();
        let source = match &submission.source {
            Some(source) => source.clone(),
            None => naming.source(item)?,
        };
        let about = submission.about.as_deref().map(|text| self.principal(text)).transpose()?;
        let event = Event::EvidenceSubmitted(Item {
            evidence: naming.evidence(item),
            kind: submission.kind,
            outcome: submission.outcome,
            strength: submission.strength,
            practices,
            work_from: submission.work_from,
            valid_until: submission.valid_until,
            source,
            producer_sequence: submission.producer_sequence,
            instance: submission.instance.clone(),
            about: about.map(|principal| principal.id),
            measures: submission.measures.clone(),
            subjects: submission.subjects.clone(),
            tool: submission.tool.clone(),
            attachments: submission.attachments.clone(),
        });
        Ok(Proposal::at(event, submission.work_to, now).with(submission.payload.clone()))
    }

    /// The targets that a caller named, by the unit's model at a moment.
    pub(crate) fn targets(
        &self,
        writer: &Writer,
        unit: UnitId,
        asked: &[AskedPractice],
        at: Timestamp,
    ) -> Result<Vec<Target>, ServiceError> {
        let mut own: Option<ModelId> = None;
        let target = |asked: &AskedPractice| {
            let model = match (&asked.model, &own) {
                (Some(model), _) | (None, Some(model)) => model.clone(),
                (None, None) => {
                    let meant = self.model_meant(writer, unit, None, at)?;
                    own.insert(meant).clone()
                }
            };
            Ok(Target { model, practice: asked.practice })
        };
        asked.iter().map(target).collect()
    }

    /// Records one verdict on items, all or nothing.
    pub async fn review_evidence(
        &self,
        call: &Call,
        unit: &str,
        review: Review,
        items: &[EvidenceRef],
        note: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.each(call, unit, items, |evidence| {
            let of = OfEvidence { evidence };
            let (event, field) = match review {
                Review::Accept => (Event::EvidenceAccepted(of), "note"),
                Review::Confirm => (Event::EvidenceConfirmed(of), "note"),
                Review::Reject => (Event::EvidenceRejected(of), "reason"),
                Review::Withdraw => (Event::EvidenceWithdrawn(of), "reason"),
            };
            Proposal::at(event, None, now).with(Payload::empty().with(field, note))
        })
        .await
    }

    /// Ends items at a moment, all or nothing.
    pub async fn end_evidence(
        &self,
        call: &Call,
        unit: &str,
        items: &[EvidenceRef],
        at: Option<Timestamp>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.each(call, unit, items, |evidence| {
            let event = Event::EvidenceEnded(OfEvidence { evidence });
            Proposal::at(event, at, now).with(reason_payload(reason))
        })
        .await
    }

    async fn each(
        &self,
        call: &Call,
        unit: &str,
        items: &[EvidenceRef],
        proposal: impl Fn(EvidenceId) -> Proposal,
    ) -> Result<Receipt, ServiceError> {
        self.append_to_unit(call, unit, |writer, _, unit| {
            let proposed = |(number, item)| {
                let found = found(writer, unit, item, &BTreeMap::new()).map(&proposal);
                found.map_err(|error| error.of_item(number, items.len()))
            };
            (0_u32..).zip(items).map(proposed).collect()
        })
        .await
    }

    /// Puts one item in the place of another from a moment on.
    pub async fn supersede_evidence(
        &self,
        call: &Call,
        unit: &str,
        (old, new): (&EvidenceRef, &EvidenceRef),
        at: Option<Timestamp>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |writer, _, unit| {
            let evidence = found(writer, unit, old, &BTreeMap::new())?;
            let by = found(writer, unit, new, &BTreeMap::new())?;
            let event = Event::EvidenceSuperseded(EvidenceSuperseded { evidence, by });
            Ok(vec![Proposal::at(event, at, now).with(reason_payload(reason))])
        })
        .await
    }

    /// Destroys the key of one record's texts, after an event that says so, and with them the
    /// attachments that no other item of the unit names. Levels and proofs stay.
    pub async fn erase_payload(
        &self,
        call: &Call,
        unit: &str,
        record: &RecordRef,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        let version = |writer: &Writer, unit| match record {
            RecordRef::Version(version) => Ok(*version),
            RecordRef::Evidence(item) => {
                let evidence = found(writer, unit, item, &BTreeMap::new())?;
                let submitted = writer.submitted_as(unit, evidence);
                submitted.ok_or_else(|| ServiceError::not_found("evidence", evidence))
            }
        };
        // What names an attachment is read from the views.
        self.caught_up(None).await?;
        let receipt = self
            .append_to_unit(call, unit, |writer, _, unit| {
                let version = version(writer, unit)?;
                let erased = Event::PayloadErased(PayloadErased { version });
                let events = [Some(erased), self.with_attachments(unit, version)];
                let because = |event| Proposal::at(event, None, now).with(reason_payload(reason));
                Ok(events.into_iter().flatten().map(because).collect())
            })
            .await?;
        // The views destroy the key as they read the event.
        self.caught_up(None).await?;
        Ok(receipt)
    }
}

/// The texts that the steps of a message will be recorded with.
fn texts(steps: &[Step]) -> Vec<Cow<'_, Payload>> {
    let texts = steps.iter().map(|step| match step {
        Step::Submit(submission) => Cow::Borrowed(&submission.payload),
        Step::End { reason, .. } => Cow::Owned(reason_payload(reason)),
    });
    texts.collect()
}

/// The record whose texts are to be erased.
#[derive(Clone, Debug)]
pub enum RecordRef {
    /// The submission of an item.
    Evidence(EvidenceRef),
    /// The record at a version of the unit's stream.
    Version(u64),
}

/// The item a caller means; `here` are those that the same call submits.
pub(crate) fn found(
    writer: &Writer,
    unit: UnitId,
    item: &EvidenceRef,
    here: &BTreeMap<Source, EvidenceId>,
) -> Result<EvidenceId, ServiceError> {
    match item {
        EvidenceRef::Id(id) => Ok(*id),
        EvidenceRef::Source(source) => {
            writer.item_from(unit, source).or_else(|| here.get(source).copied()).ok_or_else(|| {
                let name = format!("{} of source {}", source.id, source.name);
                gradus_domain::Refusal::EvidenceUnknown(name).into()
            })
        }
    }
}
