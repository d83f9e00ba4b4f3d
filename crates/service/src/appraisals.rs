//! Appraisals: opening them, rating in them, closing them unit by unit, and what they have come to.

mod asked;
mod import;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gradus_domain::access::Right;
use gradus_domain::appraisal::{Agreed, Appraisal, MOST_REVEALED, State, stream_of};
use gradus_domain::{AppraisalRefusal, At, Proposal, Refusal, Registry};
use gradus_model::appraisal::{Part, Subject};
use gradus_model::event::{
    AppraisalClosed, AppraisalInput, IndividualRatingsRevealed, OfAppraisal,
};
use gradus_model::rating::Value;
use gradus_model::{AppraisalId, Event, Payload, PrincipalId, Timestamp, UnitId};

use crate::access::{Caller, named, rights_on};
use crate::call::{Batch, Call, Naming, Numbered, Receipt};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;
use crate::writer::Writer;

pub use asked::{AskedConsensus, AskedFinding, AskedInput, AskedRating, AskedSubject};
pub use import::{AskedImport, AskedImportedRating, UNSHOWN};
pub use told::{Individual, Summary, Told, ToldConsensus, ToldFinding};

impl Service {
    /// Opens an appraisal; its evidence is frozen here, unless another point is given.
    pub async fn open_appraisal(
        &self,
        call: &Call,
        asked: &AskedInput,
    ) -> Result<(Receipt, AppraisalId), ServiceError> {
        self.people_of(call, asked)?;
        let now = self.now();
        let receipt = self
            .append(
                call,
                |_, naming| Ok(stream_of(naming.appraisal())),
                |writer, naming| {
                    let (appraisal, input) = (naming.appraisal(), self.input(writer, call, asked)?);
                    let event = Event::AppraisalOpened(AppraisalInput { appraisal, input });
                    let proposal = Proposal::at(event, None, now).with(asked.texts.clone());
                    Ok(vec![Batch::new(stream_of(appraisal), vec![proposal])])
                },
            )
            .await?;
        self.caught_up(None).await?;
        let id = AppraisalId(receipt.unit.0);
        Ok((receipt, id))
    }

    /// Says an appraisal's whole input anew; only its sponsor may.
    pub async fn change_appraisal(
        &self,
        call: &Call,
        appraisal: &str,
        asked: &AskedInput,
    ) -> Result<Receipt, ServiceError> {
        self.appraisal(&call.caller(), appraisal)?;
        self.people_of(call, asked)?;
        let now = self.now();
        self.append_to_appraisal(call, appraisal, |writer, _, known| {
            let input = self.input(writer, call, asked)?;
            let event = Event::AppraisalChanged(AppraisalInput { appraisal: known.id, input });
            Ok(vec![Proposal::at(event, None, now).with(asked.texts.clone())])
        })
        .await
    }

    /// Records the caller's own ratings, sealed until all of the team's are in; all or nothing.
    pub async fn rate_in_appraisal(
        &self,
        call: &Call,
        appraisal: &str,
        ratings: &[AskedRating],
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_appraisal(call, appraisal, |writer, _, known| {
            let sealed = |(item, asked): (u32, &AskedRating)| {
                self.sealed_rating(writer, call, known, asked, now)
                    .map_err(|error| error.of_item(item, ratings.len()))
            };
            (0_u32..).zip(ratings).map(sealed).collect()
        })
        .await
    }

    /// Makes the ratings of the team known: those asked for, or all that are in from everybody.
    pub async fn reveal_ratings(
        &self,
        call: &Call,
        appraisal: &str,
        asked: &[AskedSubject],
    ) -> Result<(Receipt, usize), ServiceError> {
        let now = self.now();
        let revealed = AtomicUsize::new(0);
        let before = self.revealed_before(call).await?;
        self.append_to_appraisal(call, appraisal, |writer, _, known| {
            if !before.is_empty() {
                revealed.store(before.iter().map(subjects_of).sum(), Ordering::Relaxed);
                return Ok(before.clone());
            }
            let subjects: Vec<Subject> = if asked.is_empty() {
                let all_in = |subject: &&Subject| known.waits_for(subject).next().is_none();
                let all_in: Vec<Subject> = known.unrevealed().filter(all_in).cloned().collect();
                let nothing = known.ratings.is_empty() || known.unrevealed().next().is_some();
                if all_in.is_empty() && nothing && known.state() == State::Open {
                    return Err(self.nothing_all_in(call, known).into());
                }
                all_in
            } else {
                let meant = |asked| self.subject(writer, call, known, asked);
                asked.iter().map(meant).collect::<Result<_, _>>()?
            };
            revealed.store(subjects.len(), Ordering::Relaxed);
            let event = |some: &[Subject]| {
                let (appraisal, subjects) = (known.id, some.to_vec());
                let event = IndividualRatingsRevealed { appraisal, subjects };
                Proposal::at(Event::IndividualRatingsRevealed(event), None, now)
            };
            Ok(subjects.chunks(MOST_REVEALED).map(event).collect())
        })
        .await
        .map(|receipt| (receipt, revealed.load(Ordering::Relaxed)))
    }

    /// Why nothing can be revealed: who is waited for, told to those whose ratings are.
    fn nothing_all_in(&self, call: &Call, of: &Appraisal) -> Refusal {
        let part = of.input.part_of(call.actor.principal);
        if !part.is_some_and(Part::rates) {
            let (who, what) = ("lead and members of the team", "reveal ratings");
            return AppraisalRefusal::NotTheirs { who, what }.into();
        }
        let rated: Vec<&Subject> = of.unrevealed().collect();
        let waits_for = of.input.raters().filter_map(|rater| {
            let waits = |subject: &&&Subject| of.waits_for(subject).any(|missing| missing == rater);
            let count = rated.iter().filter(waits).count();
            let name = || self.principal_name(rater).unwrap_or_else(|| rater.to_string());
            (count > 0).then(|| (name(), count))
        });
        AppraisalRefusal::NothingAllIn { rated: rated.len(), waits_for: waits_for.collect() }.into()
    }

    /// What a call made before revealed: what is all in now need not be what was then.
    async fn revealed_before(&self, call: &Call) -> Result<Vec<Proposal>, ServiceError> {
        let Some(request) = call.request else { return Ok(Vec::new()) };
        let mut proposals = Vec::new();
        let found = self.log.find_request(call.actor.principal, request).await?;
        for position in found.into_iter().flatten() {
            let stored = self.record_at(position).await?.recorded;
            if matches!(stored.event, Event::IndividualRatingsRevealed(_)) {
                proposals.push(Proposal::new(stored.event, stored.effective_at));
            }
        }
        Ok(proposals)
    }

    /// Records what the team agreed on, all or nothing; only the lead may.
    pub async fn reach_consensus(
        &self,
        call: &Call,
        appraisal: &str,
        agreed: &[AskedConsensus],
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_appraisal(call, appraisal, |writer, _, known| {
            let reached = |(item, asked): (u32, &AskedConsensus)| {
                self.consensus(writer, call, known, asked, now)
                    .map_err(|error| error.of_item(item, agreed.len()))
            };
            (0_u32..).zip(agreed).map(reached).collect()
        })
        .await
    }

    /// Records something that was found and is no rating.
    pub async fn record_finding(
        &self,
        call: &Call,
        appraisal: &str,
        asked: &AskedFinding,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_appraisal(call, appraisal, |writer, _, known| {
            Ok(vec![self.finding(writer, call, known, asked, now)?])
        })
        .await
    }

    /// The lead signs off: what was agreed on is to take effect from a moment, now if none is given.
    pub async fn sign_off_appraisal(
        &self,
        call: &Call,
        appraisal: &str,
        at: Option<Timestamp>,
        statement: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_appraisal(call, appraisal, |_, _, known| {
            let event = Event::AppraisalSignedOff(OfAppraisal { appraisal: known.id });
            let payload = Payload::empty().with("statement", statement);
            Ok(vec![Proposal::at(event, at, now).with(payload)])
        })
        .await
    }

    /// The sponsor approves a unit: its ratings take effect from the date that was signed for.
    pub async fn close_appraisal(
        &self,
        call: &Call,
        appraisal: &str,
        unit: &str,
        statement: &str,
    ) -> Result<Receipt, ServiceError> {
        let (who, now) = (call.actor.principal, self.views().moment(self.now()));
        let id = self.appraisal(&call.caller(), appraisal)?;
        let known = self.seen(call, unit)?;
        self.recalled(known).await?;
        let again = self.is_made(call).await?;
        // A verdict tells what would change in the unit, where the ratings go.
        let told = if call.validate_only { known } else { stream_of(id) };
        let receipt = self
            .append(
                call,
                |writer, _| appraisal_in(writer, who, appraisal, now).map(|_| told),
                |writer, naming| {
                    let of = appraisal_in(writer, who, appraisal, now)?;
                    let unit = named(&writer.registry, who, Right::See, unit, now)?;
                    let payload = Payload::empty().with("statement", statement);
                    let ratings = again || !of.closed.contains_key(&unit);
                    let batches = closing(of, unit, naming, now, &payload);
                    // What was closed before was recorded with its ratings then.
                    Ok(batches.into_iter().take(if ratings { 2 } else { 1 }).collect())
                },
            )
            .await?;
        self.caught_up(None).await?;
        Ok(receipt)
    }

    /// Gives an appraisal up; only its sponsor may.
    pub async fn cancel_appraisal(
        &self,
        call: &Call,
        appraisal: &str,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_appraisal(call, appraisal, |_, _, known| {
            let event = Event::AppraisalCancelled(OfAppraisal { appraisal: known.id });
            Ok(vec![Proposal::at(event, None, now).with(reason_payload(reason))])
        })
        .await
    }

    /// Records proposals in an appraisal's stream; at the answer, the views have read it.
    async fn append_to_appraisal(
        &self,
        call: &Call,
        appraisal: &str,
        propose: impl Fn(&Writer, &Naming, &Appraisal) -> Result<Vec<Proposal>, ServiceError>,
    ) -> Result<Receipt, ServiceError> {
        let (who, now) = (call.actor.principal, self.views().moment(self.now()));
        // What is cited has to be in sight of those who decide, with the place it was recorded at.
        self.caught_up(None).await?;
        let id = self.appraisal(&call.caller(), appraisal)?;
        for unit in self.scope_of(id) {
            self.recalled(unit).await?;
        }
        let receipt = self
            .append(
                call,
                |writer, _| Ok(stream_of(appraisal_in(writer, who, appraisal, now)?.id)),
                |writer, naming| {
                    let known = appraisal_in(writer, who, appraisal, now)?;
                    Ok(vec![Batch::new(stream_of(known.id), propose(writer, naming, known)?)])
                },
            )
            .await?;
        self.caught_up(None).await?;
        Ok(receipt)
    }

    /// Whether a call was made before under its request id.
    async fn is_made(&self, call: &Call) -> Result<bool, ServiceError> {
        let Some(request) = call.request else { return Ok(false) };
        Ok(!self.log.find_request(call.actor.principal, request).await?.is_empty())
    }

    fn scope_of(&self, id: AppraisalId) -> Vec<UnitId> {
        let views = self.views();
        views.appraisals.get(id).map(|known| known.input.units.clone()).unwrap_or_default()
    }

    /// An appraisal that the caller names by id, or resource name `appraisals/…`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] in the same words for one that is unknown and for one of which the
    /// caller may not see every unit; a refusal for one that they see without the right to do more.
    pub fn appraisal(&self, by: &Caller, text: &str) -> Result<AppraisalId, ServiceError> {
        let (views, at) = self.judged();
        let who = by.actor.principal;
        let known = id_in(text).and_then(|id| views.appraisals.get(id));
        // One that is not there is looked into like one that is.
        let units = known.map(|known| known.input.units.as_slice()).unwrap_or_default();
        let seen = sees_all(&views.registry, who, units, at);
        let known = known.filter(|_| seen).ok_or_else(|| unknown(text))?;
        for unit in &known.input.units {
            views.registry.need(who, by.right, *unit, at.valid_at)?;
        }
        Ok(known.id)
    }
}

/// What closing an appraisal in one unit records: the fact, and the ratings that take effect with it.
fn closing(
    of: &Appraisal,
    unit: UnitId,
    naming: &Naming,
    now: Timestamp,
    payload: &Payload,
) -> Vec<Batch> {
    let at = of.signed_off.map_or(now, |signed| signed.effective_at);
    let ratings = of.yields(unit).count() as u64;
    let closed = AppraisalClosed { appraisal: of.id, unit, ratings };
    let closed = Proposal::new(Event::AppraisalClosed(closed), at).with(payload.clone());
    let numbered = |(item, proposal)| Numbered { item, proposal: Arc::new(proposal) };
    let rating = |(item, (subject, value, agreed)): (u32, (&Subject, Value, &Agreed))| {
        let id = naming.rating(item);
        let event = Event::PracticeRated(of.rating(id, subject, value, agreed));
        let why = format!("consensus of appraisal {}, position {}", of.id, agreed.said.position);
        let payload = Payload::empty().with("rationale", why);
        (item, Proposal::new(event, at).with(payload))
    };
    let ratings = (1..).zip(of.yields(unit)).map(rating).map(numbered).collect();
    let first = Batch { stream: stream_of(of.id), proposals: vec![numbered((0, closed))] };
    vec![first, Batch { stream: unit, proposals: ratings }]
}

/// How many subjects a proposal reveals.
fn subjects_of(proposal: &Proposal) -> usize {
    match &proposal.event {
        Event::IndividualRatingsRevealed(of) => of.subjects.len(),
        _ => 0,
    }
}

fn id_in(text: &str) -> Option<AppraisalId> {
    text.strip_prefix("appraisals/").unwrap_or(text).parse().ok()
}

fn unknown(text: &str) -> ServiceError {
    let shown: String = text.chars().take(80).collect();
    ServiceError::not_found("appraisal", shown)
}

/// Whether somebody sees every unit; of none, no.
fn sees_all(registry: &Registry, who: PrincipalId, units: &[UnitId], at: At) -> bool {
    let sees = |unit| rights_on(registry, who, unit, at).have(Right::See);
    let first = sees(units.first().copied());
    first && units.iter().skip(1).all(|unit| sees(Some(*unit)))
}

/// An appraisal that somebody names, as the writer knows it, if they may see every unit of it.
fn appraisal_in<'a>(
    writer: &'a Writer,
    who: PrincipalId,
    text: &str,
    now: Timestamp,
) -> Result<&'a Appraisal, ServiceError> {
    let at = At::with_everything(now);
    let known = id_in(text).and_then(|id| writer.appraisals.get(id));
    // One that is not there is looked into like one that is.
    let units = known.map(|known| known.input.units.as_slice()).unwrap_or_default();
    let seen = sees_all(&writer.registry, who, units, at);
    known.filter(|_| seen).ok_or_else(|| unknown(text))
}
