//! The way of a call: replay or decide, seal, queue, wait for the sync, answer.
//!
//! What is queued is ordered; whoever sends many calls waits for their syncs together. Calls are
//! decided on what is queued, so that no answer, good or bad, comes before that is durable.

mod sealing;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;

use gradus_domain::Registry;
use gradus_log::{Acknowledgement, Append, Appended, Head, Log, LogError, Placed};
use gradus_model::{Event, EvidenceId, RatingId, RequestId, Timestamp, UnitId};
use tokio::sync::watch;

use crate::ahead::{Ahead, Texts};
use crate::answers::Acknowledged;
use crate::call::{Batch, Call, ItemOutcome, Naming, Receipt, random_id};
use crate::error::ServiceError;
use crate::fresh::Facts;
use crate::service::{Claim, Service};
use crate::writer::{Duplicate, Plan, PlannedPart, Writer};
use sealing::fits;

/// What a call comes to under the lock.
enum Decided {
    /// Items with a known source are to be compared with what is stored, and then once more.
    Compare(Vec<Duplicate>),
    /// Only the verdict was asked for.
    Verdict(Receipt, Box<Plan>),
    /// Nothing is to be recorded.
    AlreadySo(Receipt),
    /// Records are queued: their items in order, what resolves once they are durable, and what they
    /// say.
    Queued(Receipt, Vec<u32>, Acknowledgement, Facts),
}

impl Decided {
    /// The items that it took deciding on, about.
    fn items(&self) -> usize {
        match self {
            Self::Compare(duplicates) => duplicates.len(),
            Self::Verdict(receipt, _) | Self::AlreadySo(receipt) | Self::Queued(receipt, ..) => {
                receipt.items.len()
            }
        }
    }
}

/// A call as it has its turn.
struct Asked<'a> {
    call: &'a Call,
    naming: &'a Naming,
    now: Timestamp,
    /// Items with a known source whose content was found equal.
    compared: &'a [(UnitId, EvidenceId)],
    /// Whether others follow at once, to be written with it.
    gathered: bool,
}

/// As long as it lives, messages are queued that the log is to write together.
pub struct Gathering<'a>(&'a dyn Log);

impl Gathering<'_> {
    /// Lets the log write what there is.
    pub fn write(&self) {
        self.0.wake();
    }

    /// Waits for something without keeping the log from writing what there is.
    pub async fn beside<F: Future>(&self, waiting: F) -> F::Output {
        let mut waiting = pin!(waiting);
        poll_fn(|context| {
            let polled = waiting.as_mut().poll(context);
            if polled.is_pending() {
                self.write();
            }
            polled
        })
        .await
    }
}

impl Drop for Gathering<'_> {
    fn drop(&mut self) {
        self.write();
    }
}

/// What a use case proposes, given the write side and the call's ids.
///
/// Under one request id and content it proposes the same every time.
pub(crate) trait Propose: Fn(&Writer, &Naming) -> Result<Vec<Batch>, ServiceError> {}

impl<F: Fn(&Writer, &Naming) -> Result<Vec<Batch>, ServiceError>> Propose for F {}

/// What a call proposes, its texts in the class that it says.
pub(crate) fn proposed(
    call: &Call,
    propose: &impl Propose,
    writer: &Writer,
    naming: &Naming,
) -> Result<Vec<Batch>, ServiceError> {
    propose(writer, naming)?.into_iter().map(|batch| batch.of_class(call.class)).collect()
}

/// A call that has its place among all calls; the answer comes after the sync.
pub struct Queued(Stage);

enum Stage {
    /// An earlier call did it, which is durable.
    Replayed(Receipt),
    /// Nothing is to be recorded; what that rests on may be queued.
    Decided(Result<Receipt, ServiceError>, Resting),
    /// Records are queued: their items in order, and what resolves once they are durable.
    Waiting(Receipt, Vec<u32>, Acknowledged),
}

/// What a decision rests on: all that was queued before it.
struct Resting {
    size: u64,
    head: watch::Receiver<Head>,
    /// Counts what the log refused, of which the decision may have been taken.
    refusals: watch::Receiver<u64>,
}

impl Resting {
    /// Waits until all of it is durable.
    async fn durable(mut self) -> Result<Head, ServiceError> {
        tokio::select! {
            // After a refusal the size may be reached by other records.
            biased;
            _ = self.refusals.changed() => Err(ServiceError::Recovering),
            reached = self.head.wait_for(|head| head.size >= self.size) => {
                Ok(*reached.map_err(|_| LogError::Closed)?)
            }
        }
    }
}

impl Queued {
    /// Waits until what was queued is durable, and answers.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Log`] when the log refused what was queued; otherwise why the call was
    /// refused, if it was.
    pub async fn durable(self) -> Result<Receipt, ServiceError> {
        match self.0 {
            Stage::Replayed(receipt) => Ok(receipt),
            Stage::Decided(answer, resting) => {
                let head = resting.durable().await?;
                answer.map(|receipt| Receipt { head, ..receipt })
            }
            Stage::Waiting(receipt, order, acknowledged) => {
                let appended = acknowledged.appended().await?;
                Ok(placed(receipt, &order, &appended))
            }
        }
    }
}

impl Service {
    /// Begins to queue messages that the log is to write together.
    #[must_use]
    pub fn gather(&self) -> Gathering<'_> {
        Gathering(self.log.as_ref())
    }

    /// Makes a call: what `propose` says is recorded all or nothing, and is durable at the answer.
    ///
    /// `of` names the stream whose version the call expects and answers with.
    pub(crate) async fn append(
        &self,
        call: &Call,
        of: impl Fn(&Writer, &Naming) -> Result<UnitId, ServiceError>,
        propose: impl Propose,
    ) -> Result<Receipt, ServiceError> {
        let receipt = self.queue(call, Texts::Unknown, of, propose).await?.durable().await?;
        self.awaited(call.await_checkpoint, receipt).await
    }

    /// Makes a call as [`Self::append`], up to the place of its records in the log's queue.
    ///
    /// `texts` are those of its items, as far as they are known.
    pub(crate) async fn queue(
        &self,
        call: &Call,
        texts: Texts<'_>,
        of: impl Fn(&Writer, &Naming) -> Result<UnitId, ServiceError>,
        propose: impl Propose,
    ) -> Result<Queued, ServiceError> {
        let crowded = || ServiceError::Crowded { waiting: self.places.taken() };
        let _place = self.places.take(call.actor.principal, 1).ok_or_else(crowded)?;
        let Some(request) = call.request else {
            let drawn = random_id().map(RequestId)?;
            return self.make(call, (drawn, None), texts, of, propose).await;
        };
        let claim = self.claim((call.actor.principal, request)).await;
        let found = self.log.find_request(call.actor.principal, request).await?;
        if found.is_empty() {
            self.make(call, (request, Some(claim)), texts, of, propose).await
        } else {
            let receipt = self.replay(call, request, &found, of, propose).await?;
            Ok(Queued(Stage::Replayed(receipt)))
        }
    }

    async fn make(
        &self,
        call: &Call,
        (request, claim): (RequestId, Option<Claim>),
        texts: Texts<'_>,
        of: impl Fn(&Writer, &Naming) -> Result<UnitId, ServiceError>,
        propose: impl Propose,
    ) -> Result<Queued, ServiceError> {
        let naming = self.naming(call, request);
        let mut compared: Vec<(UnitId, EvidenceId)> = Vec::new();
        let gathered = matches!(texts, Texts::Hashed(_));
        let mut ahead = texts.ahead()?;
        let (who, weight) = (call.actor.principal, ahead.weight());
        let in_queue = self.queue.enter(who, weight).await;
        loop {
            let (now, resting, decided) = {
                // Whoever waits for their turn leaves the thread to those who read and answer.
                let mut turn = self.turns.turn(who, weight.items).await;
                let mut writer = self.writer()?;
                let (now, head, refusals) =
                    (self.now(), self.log.watch(), self.refusals.subscribe());
                let resting = Resting { size: writer.next, head, refusals };
                let asked = Asked { call, naming: &naming, now, compared: &compared, gathered };
                let work = (&of, &propose);
                let decided = self.decide_and_queue(&mut writer, &asked, &mut ahead, work);
                turn.is_of(decided.as_ref().map_or(0, Decided::items));
                (now, resting, decided)
            };
            match decided {
                Ok(Decided::Compare(duplicates)) => {
                    for duplicate in duplicates {
                        self.compare(&duplicate).await?;
                        compared.push((duplicate.stream, duplicate.evidence));
                    }
                }
                Ok(Decided::Verdict(mut receipt, plan)) => {
                    let unit = receipt.unit;
                    receipt.level_changes = self.preview(call, unit, &plan, now).await?;
                    receipt.validated_only = true;
                    return Ok(Queued(Stage::Decided(Ok(receipt), resting)));
                }
                Ok(Decided::AlreadySo(receipt)) => {
                    return Ok(Queued(Stage::Decided(Ok(receipt), resting)));
                }
                Ok(Decided::Queued(receipt, order, acknowledgement, facts)) => {
                    let held = (in_queue, claim);
                    let acknowledged = self.answers.wait(acknowledgement, facts, held);
                    return Ok(Queued(Stage::Waiting(receipt, order, acknowledged)));
                }
                // The log has no room or is closed, whatever was decided.
                Err(error @ ServiceError::Log(_)) => return Err(error),
                Err(error) => return Ok(Queued(Stage::Decided(Err(error), resting))),
            }
        }
    }

    /// Decides on a call and queues what it records, under the lock that orders all appends.
    fn decide_and_queue(
        &self,
        writer: &mut Writer,
        asked: &Asked<'_>,
        ahead: &mut Ahead<'_>,
        (of, propose): (&impl Fn(&Writer, &Naming) -> Result<UnitId, ServiceError>, &impl Propose),
    ) -> Result<Decided, ServiceError> {
        let Asked { call, naming, now, compared, gathered } = *asked;
        let unit = of(writer, naming)?;
        expect_version(writer, unit, call.expected_version)?;
        let batches = proposed(call, propose, writer, naming)?;
        let mut plan = writer.plan(call, now, &self.library(), &batches, compared)?;
        if !plan.duplicates.is_empty() {
            return Ok(Decided::Compare(plan.duplicates));
        }
        let accepted = self.check_clock(&plan)?;
        let request = naming.request();
        let mut receipt = self.receipt(writer, request, unit, &batches, &plan);
        if call.validate_only {
            let mut records = plan.parts.iter().flat_map(|part| &part.records);
            records.try_for_each(|one| fits(one, one.proposal.event.body().len()))?;
            return Ok(Decided::Verdict(receipt, Box::new(plan)));
        }
        if plan.parts.is_empty() {
            return Ok(Decided::AlreadySo(receipt));
        }
        let parts = self.sealed(call, request, &plan.parts, ahead)?;
        let acknowledgement = match accepted {
            Some(wall) => self.log.append_accepting(Append { parts }, wall)?,
            None if gathered => self.log.append_ahead(Append { parts })?,
            None => self.log.append(Append { parts })?,
        };
        let records =
            |part: PlannedPart| part.records.into_iter().map(move |record| (part.stream, record));
        let records: Vec<_> =
            std::mem::take(&mut plan.parts).into_iter().flat_map(records).collect();
        let order = records.iter().map(|(_, record)| record.item).collect();
        writer.absorb(plan, records.len());
        receipt.unit_version = writer.version(unit);
        let facts = Facts::new(*call, request, records);
        Ok(Decided::Queued(receipt, order, acknowledgement, facts))
    }

    /// The answer before anything is placed.
    fn receipt(
        &self,
        writer: &Writer,
        request: RequestId,
        unit: UnitId,
        batches: &[Batch],
        plan: &Plan,
    ) -> Receipt {
        let items = batches.iter().flat_map(|batch| &batch.proposals).map(|numbered| {
            let (evidence, rating) = subject(&numbered.proposal.event);
            let evidence = plan.known.get(&numbered.item).copied().or(evidence);
            ItemOutcome { item: numbered.item, placed: None, evidence, rating }
        });
        Receipt {
            request,
            unit,
            unit_version: writer.version(unit),
            items: items.collect(),
            head: self.log.head(),
            replayed: false,
            validated_only: false,
            level_changes: Vec::new(),
            proved: None,
        }
    }
}

/// The answer once its records are durable.
fn placed(mut receipt: Receipt, order: &[u32], appended: &Appended) -> Receipt {
    let places: BTreeMap<u32, Placed> =
        order.iter().copied().zip(appended.placed.iter().copied()).collect();
    for outcome in &mut receipt.items {
        outcome.placed = places.get(&outcome.item).copied();
    }
    receipt.head = appended.head;
    receipt
}

fn expect_version(
    writer: &Writer,
    unit: UnitId,
    expected: Option<u64>,
) -> Result<(), ServiceError> {
    let actual = writer.version(unit);
    match expected {
        Some(expected) if expected != actual => {
            let named = writer.registry.unit(unit).and_then(|unit| unit.name());
            let unit = named.map_or_else(|| unit.to_string(), ToString::to_string);
            Err(ServiceError::StaleVersion { unit, expected, actual })
        }
        _ => Ok(()),
    }
}

/// The evidence or rating that an event is about.
pub(crate) fn subject(event: &Event) -> (Option<EvidenceId>, Option<RatingId>) {
    match event {
        Event::EvidenceSubmitted(item) => (Some(item.evidence), None),
        Event::EvidenceAccepted(of)
        | Event::EvidenceRejected(of)
        | Event::EvidenceWithdrawn(of)
        | Event::EvidenceEnded(of)
        | Event::EvidenceConfirmed(of) => (Some(of.evidence), None),
        Event::EvidenceSuperseded(of) => (Some(of.evidence), None),
        Event::EvidenceLinked(links) | Event::EvidenceUnlinked(links) => {
            (Some(links.evidence), None)
        }
        Event::EvidenceInstanceLinked(links) | Event::EvidenceInstanceUnlinked(links) => {
            (Some(links.evidence), None)
        }
        Event::PracticeRated(rating) => (None, Some(rating.rating)),
        Event::RatingWithdrawn(of) | Event::RatingEnded(of) => (None, Some(of.rating)),
        _ => (None, None),
    }
}

/// The organization, whose stream exists from position 0 on.
pub(crate) fn organization(registry: &Registry) -> Result<UnitId, ServiceError> {
    registry.organization.ok_or(ServiceError::Fault("the log has no first event"))
}

#[cfg(test)]
pub(crate) mod tests;
