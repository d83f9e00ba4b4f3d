//! The life of a rating: what may be done to it, and what each event makes of it.

use std::borrow::Cow;

use gradus_model::catalog::Catalog;
use gradus_model::rating::{Rating, Scale};
use gradus_model::{Event, Label, Practice, PrincipalId, RatingId, Timestamp};

use crate::duties::{self, Under};
use crate::history::UnitHistory;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::scheme::PERFORMED;
use crate::unit::{Draft, by_a_person, known_practice, record_unless};

/// Evidence that one rating may cite.
pub(crate) const MOST_EVIDENCE: usize = 64;

/// A rating as the writer sees it.
#[derive(Clone, Debug)]
pub(crate) struct Rated {
    /// The version of the stream at which it last changed.
    pub(crate) changed: u64,
    /// Orders the ratings of one unit as they were recorded.
    position: u64,
    actor: PrincipalId,
    pub(crate) rating: Rating,
    from: Timestamp,
    ended_at: Option<Timestamp>,
    withdrawn: bool,
}

impl Rated {
    /// A rating as a history tells it.
    pub(crate) fn of(history: &UnitHistory, id: RatingId) -> Option<Self> {
        let found = history.rating(id)?;
        Some(Self {
            changed: history.version,
            position: found.position,
            actor: found.actor,
            rating: found.rating.clone(),
            from: found.effective_at,
            ended_at: found.ended_at(u64::MAX),
            withdrawn: found.is_withdrawn(u64::MAX),
        })
    }

    /// Whether it is this person's own judgment: no rule's, and no appraisal's.
    pub(crate) fn is_judgment_of(&self, person: PrincipalId) -> bool {
        self.actor == person && self.rating.basis.is_none() && self.rating.appraisal.is_none()
    }

    /// From when on, and up to which first instant if there is one, it is the latest of its target,
    /// process instance and sort of rater, of all ratings of its target; none if it never is.
    pub(crate) fn tenure(&self, all: &[Self]) -> Option<(Timestamp, Option<Timestamp>)> {
        let rivals = all.iter().filter(|other| other.stands() && other.rivals() == self.rivals());
        let later =
            rivals.filter(|other| (self.from, self.position) < (other.from, other.position));
        let replaced = later.map(|other| other.from).min();
        let to = [self.ended_at, replaced].into_iter().flatten().min();
        (self.stands() && to.is_none_or(|to| self.from < to)).then_some((self.from, to))
    }

    /// Whether it was ever in force, whatever replaced it.
    fn stands(&self) -> bool {
        !self.withdrawn && self.ended_at.is_none_or(|end| self.from < end)
    }

    /// What it shares with those that it replaces, or that replace it.
    fn rivals(&self) -> (bool, Option<&Label>, Scale) {
        let Rating { basis, instance, value, .. } = &self.rating;
        (basis.is_some(), instance.as_ref(), value.scale())
    }
}

/// What the rules say to a proposal on a rating.
pub(crate) fn decide(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let effective_at = proposal.effective_at;
    match &proposal.event {
        Event::PracticeRated(rating) => {
            rate(draft, on, under.model, rating, effective_at)?;
            duties::rate(draft, on, under, rating, effective_at)?;
            let same =
                |rated: Cow<'_, Rated>| rated.rating == *rating && proposal.repeats(rated.from);
            Ok(record_unless(draft.rated(rating.rating).is_some_and(same)))
        }
        Event::RatingWithdrawn(of) => {
            by_a_person(on, "withdraw a rating")?;
            if proposal.payload.is_empty() {
                return Err(Refusal::ReasonMissing);
            }
            let rated = known(draft, of.rating)?;
            if rated.withdrawn {
                return Ok(Verdict::AlreadySo);
            }
            uncover(draft, on, under, &rated)?;
            Ok(Verdict::Record)
        }
        Event::RatingEnded(of) => {
            let rated = known(draft, of.rating)?;
            // What a rule rated, the rule rater ends on whosever behalf it runs.
            if rated.rating.basis.is_none() {
                by_a_person(on, "end a rating")?;
            }
            if rated.withdrawn {
                return Err(Refusal::RatingWithdrawn(of.rating));
            }
            if effective_at < rated.from {
                let (field, from) = ("at", rated.from);
                return Err(Refusal::EndBeforeStart { field, seen: effective_at, from });
            }
            if rated.ended_at.is_some_and(|end| proposal.repeats(end)) {
                return Ok(Verdict::AlreadySo);
            }
            // Whoever gives it a later end lets it speak for longer.
            if rated.ended_at.is_some_and(|end| end < effective_at) {
                duties::rate(draft, on, under, &rated.rating, rated.from)?;
            }
            Ok(Verdict::Record)
        }
        // `unit` sends no other event here.
        _ => Ok(Verdict::Record),
    }
}

/// Refuses that somebody brings a rating of their own into force again, which they could not give now,
/// by withdrawing the one of somebody else that took its place.
fn uncover(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    rated: &Rated,
) -> Result<(), Refusal> {
    let actor = on.actor.principal;
    // Taking back one's own is always allowed.
    if rated.actor == actor {
        return Ok(());
    }
    let all = draft.ratings_of(&rated.rating.target);
    let is_other = |other: &&Rated| other.rating.rating != rated.rating.rating;
    let left: Vec<Rated> = all.iter().filter(is_other).cloned().collect();
    let own = left.iter().filter(|other| other.is_judgment_of(actor));
    for uncovered in own.filter(|other| other.tenure(&left) != other.tenure(&all)) {
        duties::rate(draft, on, under, &uncovered.rating, uncovered.from)?;
    }
    Ok(())
}

fn rate(
    draft: &Draft<'_>,
    on: &Occasion,
    model: Option<&Catalog>,
    rating: &Rating,
    effective_at: Timestamp,
) -> Result<(), Refusal> {
    // Only the rule rater gives a basis, on whosever behalf it runs.
    if rating.basis.is_none() {
        by_a_person(on, "rate")?;
    }
    if on.is_ahead(effective_at) {
        let field = "effective_at";
        return Err(Refusal::InTheFuture { field, seen: effective_at, now: on.now });
    }
    // Whoever closes an appraisal records its ratings, and nobody else does.
    if rating.appraisal.is_some() && rating.appraisal != draft.closing {
        return Err(Refusal::AppraisalUnknown);
    }
    known_practice(model, &rating.target, effective_at)?;
    if is_derived(rating.target.practice) {
        return Err(Refusal::Derived(rating.target.clone()));
    }
    if rating.evidence.len() > MOST_EVIDENCE {
        let (field, seen) = ("evidence", rating.evidence.len());
        return Err(Refusal::TooMany { field, seen, limit: MOST_EVIDENCE });
    }
    for evidence in &rating.evidence {
        if !draft.knows(*evidence) {
            return Err(Refusal::EvidenceUnknown(evidence.to_string()));
        }
    }
    Ok(())
}

/// Whether a practice's rating follows from other ratings.
pub(crate) fn is_derived(practice: Practice) -> bool {
    match practice {
        Practice::Base(_) => false,
        Practice::Generic(_, id) => id.feature == PERFORMED,
        Practice::Feature(_, id) => id == PERFORMED,
    }
}

fn known<'a>(draft: &'a Draft<'_>, id: RatingId) -> Result<Cow<'a, Rated>, Refusal> {
    draft.rated(id).ok_or_else(|| Refusal::RatingUnknown(id.to_string()))
}

/// Takes in an event on a rating; returns whether it was one.
pub(crate) fn evolve(
    draft: &mut Draft<'_>,
    position: u64,
    actor: PrincipalId,
    effective_at: Timestamp,
    event: &Event,
) -> bool {
    match event {
        Event::PracticeRated(rating) => {
            let (rating, id) = (rating.clone(), rating.rating);
            let rated = Rated {
                changed: draft.version(),
                position,
                actor,
                rating,
                from: effective_at,
                ended_at: None,
                withdrawn: false,
            };
            draft.rate(id, rated);
        }
        Event::RatingWithdrawn(of) => {
            change(draft, of.rating, |rated| rated.withdrawn = true);
        }
        Event::RatingEnded(of) => {
            change(draft, of.rating, |rated| rated.ended_at = Some(effective_at));
        }
        _ => return false,
    }
    true
}

fn change(draft: &mut Draft<'_>, id: RatingId, how: impl FnOnce(&mut Rated)) {
    if let Some(mut rated) = draft.rated(id).map(Cow::into_owned) {
        rated.changed = draft.version();
        how(&mut rated);
        draft.rate(id, rated);
    }
}
