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
use crate::in_force::{By, in_force_by};
use crate::level::Question;
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
        let support = |rules| support(history, target, at, rules, question.providers);
        // Evidence too weak for the rater may still speak against it.
        let covered = matches!(support(&rules_of_rater), Support::Supported { .. })
            && support(question.rules) != Support::Contradicted;
        let in_force = |by| in_force_by(history, target, question.rules, at, by);
        let own = in_force(By::Rule);
        if !covered {
            // Its own, even where a person's rating stands before it now.
            let ended = own.iter().map(|own| OfRating { rating: own.rating.rating });
            let ended = ended.map(|of| Proposal::new(Event::RatingEnded(of), at.valid_at));
            proposals.extend(ended);
        } else if own.is_empty() && in_force(By::People).is_empty() {
            let rating = Rating {
                rating: id(u32::try_from(proposals.len()).unwrap_or(u32::MAX)),
                target: target.clone(),
                value: Value::Satisfied,
                instance: None,
                appraisal: None,
                basis: Some(Basis { valid_at: at.valid_at, log_size, rules }),
                evidence: Vec::new(),
            };
            proposals.push(Proposal::new(Event::PracticeRated(rating), at.valid_at));
        }
    }
    proposals
}
