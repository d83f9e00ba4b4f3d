//! The rule rater: rates base practices from coverage, as published rules say.
//!
//! It says only "satisfied", records its basis so that it can be computed again, replaces only its
//! own ratings, and ends them when coverage is gone. What evidence does not show stays open: it
//! never says "not satisfied", and a person's rating in force always wins.

use gradus_model::event::OfRating;
use gradus_model::rating::{Basis, Rating, Value};
use gradus_model::{Digest, Event, RatingId, Target};

use crate::coverage::{Support, support};
use crate::history::UnitHistory;
use crate::level::{Question, rating_in_force};
use crate::proposal::Proposal;

/// What the rater would record for a unit at the question's point; empty if the rules do not rate.
///
/// `rules` is the digest of the question's rules; `id` draws a rating id for a practice.
#[must_use]
pub fn rate(
    question: &Question<'_>,
    rules: Digest,
    history: &UnitHistory,
    id: impl Fn(&Target) -> RatingId,
) -> Vec<Proposal> {
    let Some(strength) = question.rules.rater_strength else { return Vec::new() };
    let at = question.at;
    let rules_of_rater = question.rules.requiring(strength);
    let practices = question.model.areas().iter().flat_map(|area| &area.base_practices);
    practices
        .filter_map(|practice| {
            let target = &practice.target;
            let support = support(history, target, at, &rules_of_rater, question.kind_of);
            let in_force = rating_in_force(history, target, at);
            match (in_force, support) {
                (None, Support::Supported { .. }) => {
                    let basis = Basis { valid_at: at.valid_at, log_size: at.size, rules };
                    let rating = Rating {
                        rating: id(target),
                        target: target.clone(),
                        value: Value::Satisfied,
                        instance: None,
                        appraisal: None,
                        basis: Some(basis),
                        evidence: Vec::new(),
                    };
                    Some(Proposal::new(Event::PracticeRated(rating), at.valid_at))
                }
                // Whatever was said by people is theirs; what stands and is covered stays.
                (None, _) | (Some(_), Support::Supported { .. }) => None,
                (Some(rating), _) if rating.by_rule => {
                    let own = history.ratings_of(target).find(|r| r.position == rating.position)?;
                    let ended = OfRating { rating: own.rating.rating };
                    Some(Proposal::new(Event::RatingEnded(ended), at.valid_at))
                }
                (Some(_), _) => None,
            }
        })
        .collect()
}
