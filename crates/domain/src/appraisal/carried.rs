//! Ratings of the last appraisal, carried forward: proposals that count for nothing until somebody
//! of the team confirms them.
//!
//! They are not recorded but read from the unit's stream at the frozen base, so that they are the
//! same whenever they are asked for.

use std::collections::BTreeMap;

use gradus_model::appraisal::Subject;
use gradus_model::rating::Value;
use gradus_model::{AppraisalId, Catalog, Practice, Timestamp, UnitId};

use super::Appraisal;
use super::scope::area_in_scope;
use crate::history::{RatingHistory, UnitHistory};
use crate::rating::is_derived;
use crate::rules::Rules;
use crate::timeline::At;

/// The payload field with the position of the rating that an individual rating confirms.
///
/// It is sealed with the value, which it would tell.
pub const CARRIED: &str = "carried";

/// A rating of an earlier appraisal, as it stands at the frozen base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// What was rated.
    pub subject: Subject,
    /// How.
    pub value: Value,
    /// The earlier appraisal.
    pub appraisal: AppraisalId,
    /// Where the rating was recorded in the unit's stream.
    pub position: u64,
    /// From when on it is in force.
    pub effective_at: Timestamp,
}

/// The proposals for a unit: what the last appraisal that closed in it says of what is in scope and
/// not agreed on yet, in the order of subjects; or what `from` says, another one of those before.
///
/// Ratings that the unit's rules do not read, and those of instances that are not looked at, are
/// left out.
#[must_use]
pub fn carried(
    of: &Appraisal,
    unit: UnitId,
    history: &UnitHistory,
    (model, rules): (&Catalog, &Rules),
    from: Option<AppraisalId>,
) -> Vec<Carried> {
    let mut stand: Vec<Carried> = history
        .ratings(of.base.log_size)
        .filter(|rating| {
            of.input.areas.iter().any(|one| one.area.model == rating.rating.target.model)
        })
        .filter_map(|rating| standing(of, unit, rating))
        .collect();
    stand.sort_by_key(|one| (one.effective_at, one.position));
    let Some(last) = from.or(stand.last().map(|last| last.appraisal)) else { return Vec::new() };
    let proposed = |one: &Carried| {
        let Subject { target, instance, .. } = &one.subject;
        let is_feature = matches!(target.practice, Practice::Feature(..));
        one.appraisal == last
            && area_in_scope(of, model, target).is_some()
            && !is_derived(target.practice)
            && (!is_feature || rules.scheme.rates_features())
            && rules.read(one.value).is_some()
            && instance.as_ref().is_none_or(|named| of.input.instances.contains(named))
            && !of.consensus.contains_key(&one.subject)
    };
    let by_subject: BTreeMap<Subject, Carried> =
        stand.into_iter().filter(proposed).map(|one| (one.subject.clone(), one)).collect();
    by_subject.into_values().collect()
}

/// The rating of an earlier appraisal that was recorded at a position, if it stands for the subject
/// at the frozen base.
#[must_use]
pub fn carried_at(
    of: &Appraisal,
    subject: &Subject,
    history: &UnitHistory,
    position: u64,
) -> Option<Carried> {
    let found = history.ratings_of(&subject.target).find(|rating| rating.position == position);
    standing(of, subject.unit, found?).filter(|one| one.subject == *subject)
}

/// A rating as a proposal: that of another appraisal, in force at the frozen base.
fn standing(of: &Appraisal, unit: UnitId, rating: &RatingHistory) -> Option<Carried> {
    let at = At { valid_at: of.base.valid_at, size: of.base.log_size };
    let appraisal = rating.rating.appraisal.filter(|appraisal| *appraisal != of.id)?;
    let (target, instance) = (rating.rating.target.clone(), rating.rating.instance.clone());
    rating.is_in_force(at).then_some(Carried {
        subject: Subject { unit, target, instance },
        value: rating.rating.value,
        appraisal,
        position: rating.position,
        effective_at: rating.effective_at,
    })
}
