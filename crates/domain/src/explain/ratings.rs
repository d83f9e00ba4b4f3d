//! A rating as it was known at a point, and why it is passed over if it is.

use gradus_model::rating::{Basis, Value};
use gradus_model::{AppraisalId, EvidenceId, Label, PrincipalId, RatingId, Timestamp};

use crate::cause::Seen;
use crate::coverage::Testimony;
use crate::duties::behind::Standing;
use crate::history::{RatingHistory, UnitHistory};
use crate::rules::Rules;
use crate::timeline::At;

/// A rating of a practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingBehind {
    /// The rating.
    pub rating: RatingId,
    /// Where it was recorded.
    pub position: u64,
    /// Who rated, or on whose behalf the rule rater ran.
    pub actor: PrincipalId,
    /// Its value.
    pub value: Value,
    /// The process instance that was looked at; none means the unit as a whole.
    pub instance: Option<Label>,
    /// From when it is in force.
    pub effective_at: Timestamp,
    /// What the rule rater looked at, if a rule rated.
    pub by_rule: Option<Basis>,
    /// The evidence it cites.
    pub cited: Vec<EvidenceId>,
    /// The closed appraisal it belongs to, if it does.
    pub appraisal: Option<AppraisalId>,
    /// The first instant at which a rating of an appraisal no longer speaks for its practice as
    /// evidence does; none if it never does.
    pub speaks_until: Option<Timestamp>,
    /// Duties in one hand, and the rater's conflict of interest.
    pub standing: Standing,
}

/// Why a rating that had begun does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyPassedOver {
    /// The rules do not read its scale.
    NotRead,
    /// It was withdrawn.
    Withdrawn,
    /// It ended.
    Ended {
        /// The first instant at which it was no longer in force.
        at: Timestamp,
    },
    /// A later rating took its place.
    Replaced {
        /// Where that one was recorded.
        by: u64,
    },
    /// A rule rated, and a person's rating is in force.
    PersonWins,
}

pub(super) fn behind(
    rating: &RatingHistory,
    heard: &[Testimony],
    standing: Standing,
) -> RatingBehind {
    let stored = &rating.rating;
    let own = heard.iter().find(|testimony| testimony.position == rating.position);
    RatingBehind {
        rating: stored.rating,
        position: rating.position,
        actor: rating.actor,
        value: stored.value,
        instance: stored.instance.clone(),
        effective_at: rating.effective_at,
        by_rule: stored.basis,
        cited: stored.evidence.clone(),
        appraisal: stored.appraisal,
        speaks_until: own.map(|testimony| testimony.until),
        standing,
    }
}

/// The ratings of a practice that had begun at the point and do not count, in the order of
/// recording.
pub(super) fn passed_over(
    history: &UnitHistory,
    seen: &Seen<'_>,
    heard: &[Testimony],
    at: At,
    rules: &Rules,
    standing: &dyn Fn(&RatingHistory) -> Standing,
) -> Vec<(RatingBehind, WhyPassedOver)> {
    let begun =
        |rating: &&RatingHistory| rating.position < at.size && rating.effective_at <= at.valid_at;
    let begun: Vec<&RatingHistory> = history.ratings_of(&seen.target).filter(begun).collect();
    let counts =
        |rating: &RatingHistory| seen.in_force.iter().any(|one| one.position == rating.position);
    let others = begun.iter().filter(|rating| !counts(rating));
    let told = |rating: &&RatingHistory| {
        (behind(rating, heard, standing(rating)), why(rating, &begun, at, rules))
    };
    others.map(told).collect()
}

fn why(rating: &RatingHistory, begun: &[&RatingHistory], at: At, rules: &Rules) -> WhyPassedOver {
    if rules.read(rating.rating.value).is_none() {
        return WhyPassedOver::NotRead;
    }
    if rating.is_withdrawn(at.size) {
        return WhyPassedOver::Withdrawn;
    }
    let order = |rating: &RatingHistory| (rating.effective_at, rating.position);
    let is_rival = |other: &&&RatingHistory| {
        other.rating.basis.is_some() == rating.rating.basis.is_some()
            && other.rating.instance == rating.rating.instance
            && order(other) > order(rating)
            && other.ever_in_force(at.size)
            && rules.read(other.rating.value).is_some()
    };
    let next = begun.iter().filter(is_rival).min_by_key(|other| order(other));
    let ended = rating.ended_at(at.size).filter(|end| *end <= at.valid_at);
    match (ended, next) {
        (Some(at), Some(next)) if next.effective_at < at => {
            WhyPassedOver::Replaced { by: next.position }
        }
        (Some(at), _) => WhyPassedOver::Ended { at },
        (None, Some(next)) => WhyPassedOver::Replaced { by: next.position },
        (None, None) => WhyPassedOver::PersonWins,
    }
}
