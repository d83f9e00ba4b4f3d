//! The rule rater: rates base practices from coverage, as published rules say.
//!
//! It says only "satisfied", records its basis so that it can be computed again, replaces only its
//! own ratings, and ends them when coverage is gone. What evidence does not show stays open: it
//! never says "not satisfied", and a person's rating in force always wins.

use gradus_model::event::OfRating;
use gradus_model::rating::{Basis, Rating, Value};
use gradus_model::{Digest, Event, RatingId};

use crate::coverage::{Support, support};
use crate::history::UnitHistory;
use crate::level::{Question, rating_in_force};
use crate::proposal::Proposal;

/// What the rater would record for a unit at the question's point; empty if the rules do not rate.
///
/// `log_size` and `rules`, the digest of the question's rules, become the basis; `id` draws the
/// id of a rating from its number among the proposals.
#[must_use]
pub fn rate(
    question: &Question<'_>,
    log_size: u64,
    rules: Digest,
    history: &UnitHistory,
    id: impl Fn(u32) -> RatingId,
) -> Vec<Proposal> {
    let Some(strength) = question.rules.rater_strength else { return Vec::new() };
    let at = question.at;
    let rules_of_rater = question.rules.requiring(strength);
    let mut proposals = Vec::new();
    for practice in question.model.areas().iter().flat_map(|area| &area.base_practices) {
        let target = &practice.target;
        let support = support(history, target, at, &rules_of_rater, question.kind_of);
        let covered = matches!(support, Support::Supported { .. });
        let event = match rating_in_force(history, target, at) {
            None if covered => Event::PracticeRated(Rating {
                rating: id(u32::try_from(proposals.len()).unwrap_or(u32::MAX)),
                target: target.clone(),
                value: Value::Satisfied,
                instance: None,
                appraisal: None,
                basis: Some(Basis { valid_at: at.valid_at, log_size, rules }),
                evidence: Vec::new(),
            }),
            Some(rating) if rating.by_rule && !covered => {
                Event::RatingEnded(OfRating { rating: rating.rating })
            }
            // What people said is theirs; what stands and is covered stays.
            Some(_) | None => continue,
        };
        proposals.push(Proposal::new(event, at.valid_at));
    }
    proposals
}
