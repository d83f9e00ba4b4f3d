//! Ratings: by people, and by published rules.

use std::collections::BTreeMap;

use gradus_domain::access::Right;
use gradus_domain::level::Question;
use gradus_domain::proposal::MOST_AHEAD_MICROS;
use gradus_domain::{At, Proposal, Refusal, rater};
use gradus_model::event::OfRating;
use gradus_model::leaf::Place;
use gradus_model::rating::{Rating, Value};
use gradus_model::{Digest, Event, Label, Payload, RatingId, Recorded, RequestId, Timestamp};

use crate::access::Caller;
use crate::call::{Call, Receipt, random_id};
use crate::coordinate::Coordinate;
use crate::error::ServiceError;
use crate::evidence::{AskedPractice, EvidenceRef, found};
use crate::service::Service;
use crate::units::reason_payload;

/// A rating that a person gives.
#[derive(Clone, Debug)]
pub struct RatingInput {
    /// The practice or feature.
    pub practice: AskedPractice,
    /// The value.
    pub value: Value,
    /// From when on; now if it is not said.
    pub effective_at: Option<Timestamp>,
    /// The process instance that was looked at.
    pub instance: Option<Label>,
    /// Why; payload.
    pub rationale: String,
    /// The evidence it cites.
    pub evidence: Vec<EvidenceRef>,
}

impl Service {
    /// Records ratings, all or nothing.
    pub async fn rate(
        &self,
        call: &Call,
        unit: &str,
        ratings: &[RatingInput],
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |writer, naming, unit| {
            let rated = |(item, input): (u32, &RatingInput)| {
                let at = input.effective_at.unwrap_or(now);
                let practice = std::slice::from_ref(&input.practice);
                let target = self.targets(writer, unit, practice, at)?.pop();
                let cited =
                    input.evidence.iter().map(|cited| found(writer, unit, cited, &BTreeMap::new()));
                let event = Event::PracticeRated(Rating {
                    rating: naming.rating(item),
                    target: target.ok_or(ServiceError::Fault("a rating has one target"))?,
                    value: input.value,
                    instance: input.instance.clone(),
                    appraisal: None,
                    basis: None,
                    evidence: cited.collect::<Result<_, _>>()?,
                });
                let payload = Payload::empty().with("rationale", input.rationale.as_str());
                Ok(Proposal::at(event, input.effective_at, now).with(payload))
            };
            let numbered = |(item, input)| {
                rated((item, input))
                    .map_err(|error: ServiceError| error.of_item(item, ratings.len()))
            };
            (0_u32..).zip(ratings).map(numbered).collect()
        })
        .await
    }

    /// Withdraws ratings: they never counted.
    pub async fn withdraw_ratings(
        &self,
        call: &Call,
        unit: &str,
        ratings: &[RatingId],
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |_, _, _| {
            let withdrawn = |rating: &RatingId| {
                let event = Event::RatingWithdrawn(OfRating { rating: *rating });
                Proposal::at(event, None, now).with(reason_payload(reason))
            };
            Ok(ratings.iter().map(withdrawn).collect())
        })
        .await
    }

    /// Ends ratings at a moment.
    pub async fn end_ratings(
        &self,
        call: &Call,
        unit: &str,
        ratings: &[RatingId],
        at: Option<Timestamp>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |_, _, _| {
            let ended = |rating: &RatingId| {
                let event = Event::RatingEnded(OfRating { rating: *rating });
                Proposal::at(event, at, now).with(reason_payload(reason))
            };
            Ok(ratings.iter().map(ended).collect())
        })
        .await
    }

    /// Lets the rule rater rate a unit at moments of its life, in their order, all or nothing.
    ///
    /// The basis of each rating is its moment, the log's size at this call, and the rules. A call
    /// made before is answered by what it recorded then.
    pub async fn run_rule_rater(
        &self,
        call: &Call,
        unit: &str,
        moments: &[Timestamp],
        rules: Option<&str>,
    ) -> Result<Receipt, ServiceError> {
        let request = match call.request {
            Some(request) => request,
            None => RequestId(random_id()?),
        };
        in_order(moments)?;
        let now = self.now();
        if let Some(seen) = moments.last().copied().filter(|last| is_ahead(*last, now)) {
            return Err(Refusal::InTheFuture { field: "valid_at", seen, now }.into());
        }
        let asked = Coordinate { rules: rules.map(str::to_owned), ..Coordinate::default() };
        let resolved = self.resolve(&asked).await?;
        let id = self.unit(&Caller { right: Right::Rate, ..call.caller() }, unit)?;
        self.recalled(id).await?;
        let earlier = self.log.find_request(call.actor.principal, request).await?;
        let mut stored = Vec::new();
        for position in earlier.into_iter().flatten() {
            stored.push(self.record_at(position).await?.recorded);
        }
        let call = Call { request: Some(request), ..*call };
        if !stored.is_empty() {
            let proposals =
                rated_before(&stored, moments).ok_or(ServiceError::RequestReused(request))?;
            return self.append_to_unit(&call, unit, |_, _, _| Ok(proposals.clone())).await;
        }
        let proposals = {
            let views = self.views();
            let mut history = views.history(id).cloned().unwrap_or_default();
            let naming = self.naming(&call, request);
            let mut proposals: Vec<Proposal> = Vec::new();
            for valid_at in moments {
                let at = At { valid_at: *valid_at, size: resolved.log_size };
                let basis = self.basis_at(&views, id, at, rules)?;
                let question = Question {
                    // What this call rated at earlier moments is in the history, too.
                    at: At::with_everything(*valid_at),
                    rules: &basis.read_rules,
                    model: &basis.catalog,
                    providers: &views.registry,
                };
                let first = u32::try_from(proposals.len()).unwrap_or(u32::MAX);
                let rated = rater::rate(
                    &question,
                    resolved.log_size,
                    basis.rules.digest,
                    &history,
                    |number| naming.rating(first.saturating_add(number)),
                );
                for proposal in &rated {
                    history.apply(&supposed(&call, id, history.version + 1, (proposal, now)));
                }
                proposals.extend(rated);
            }
            proposals
        };
        self.append_to_unit(&call, unit, |_, _, _| Ok(proposals.clone())).await
    }
}

fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at > now.plus_micros(MOST_AHEAD_MICROS)
}

fn in_order(moments: &[Timestamp]) -> Result<(), ServiceError> {
    if moments.is_sorted() {
        return Ok(());
    }
    Err(ServiceError::invalid("valid_at", "the moments are not in order: give the earliest first"))
}

/// What an earlier call of the rater proposed, if its moments were among these.
fn rated_before(stored: &[Recorded], moments: &[Timestamp]) -> Option<Vec<Proposal>> {
    let proposed = |recorded: &Recorded| {
        let of_rater = match &recorded.event {
            Event::PracticeRated(rating) => rating.basis.is_some(),
            Event::RatingEnded(_) => true,
            _ => false,
        };
        let fits = of_rater && moments.contains(&recorded.effective_at);
        fits.then(|| Proposal::new(recorded.event.clone(), recorded.effective_at))
    };
    stored.iter().map(proposed).collect()
}

/// A proposal as if it were recorded now.
pub(crate) fn supposed(
    call: &Call,
    unit: gradus_model::UnitId,
    version: u64,
    (proposal, now): (&Proposal, Timestamp),
) -> Recorded {
    let place = Place {
        // Past every real position, in the order of versions.
        position: (u64::MAX / 2).saturating_add(version),
        recorded_at: now,
        stream: unit,
        version,
        previous: Digest::ZERO,
    };
    Recorded {
        place,
        effective_at: proposal.effective_at,
        actor: call.actor.principal,
        grade: call.actor.grade,
        request: RequestId([0; 16]),
        item: 0,
        event: proposal.event.clone(),
    }
}
