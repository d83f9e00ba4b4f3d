//! The life of a rating: what may be done to it, and what each event makes of it.

use std::borrow::Cow;

use gradus_model::catalog::Catalog;
use gradus_model::rating::Rating;
use gradus_model::{Event, Practice, RatingId, Timestamp};

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
    rating: Rating,
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
            rating: found.rating.clone(),
            from: found.effective_at,
            ended_at: found.ended_at(u64::MAX),
            withdrawn: found.is_withdrawn(u64::MAX),
        })
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
            Ok(record_unless(known(draft, of.rating)?.withdrawn))
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
            Ok(record_unless(rated.ended_at.is_some_and(|end| proposal.repeats(end))))
        }
        // `unit` sends no other event here.
        _ => Ok(Verdict::Record),
    }
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
pub(crate) fn evolve(draft: &mut Draft<'_>, effective_at: Timestamp, event: &Event) -> bool {
    match event {
        Event::PracticeRated(rating) => {
            let (rating, id) = (rating.clone(), rating.rating);
            let rated = Rated {
                changed: draft.version(),
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
