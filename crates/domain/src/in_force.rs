//! Which ratings of a practice are in force, and from when to when.
//!
//! The latest rating of a process instance replaces those before it, so that its end uncovers none
//! of them; its withdrawal does, for then it never was. A person's rating in force always wins over
//! a rule's.

use std::collections::BTreeMap;

use gradus_model::rating::{Scale, Value};
use gradus_model::{Label, Target, Timestamp};

use crate::history::{RatingHistory, UnitHistory};
use crate::rules::Rules;
use crate::scheme::Reading;
use crate::steps::Steps;
use crate::timeline::At;

/// Who rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A person.
    People,
    /// The rule rater.
    Rule,
}

/// The time during which a rating is the latest of its target, process instance and sort of rater.
#[derive(Clone, Copy, Debug)]
pub struct Tenure<'a> {
    /// The rating.
    pub rating: &'a RatingHistory,
    /// Who rated.
    pub by: By,
    /// From when on.
    pub from: Timestamp,
    /// The first instant at which it no longer is, if there is one.
    pub to: Option<Timestamp>,
}

impl Tenure<'_> {
    fn holds(&self, instant: Timestamp) -> bool {
        self.from <= instant && self.to.is_none_or(|to| instant < to)
    }
}

/// The tenures of a target's ratings whose values are read, as known with `size` records.
#[must_use]
pub fn tenures<'a>(
    history: &'a UnitHistory,
    target: &Target,
    reads: impl Fn(Value) -> bool,
    size: u64,
) -> Vec<Tenure<'a>> {
    let mut rivals: BTreeMap<(By, Option<&Label>), Vec<&RatingHistory>> = BTreeMap::new();
    let counts = |rating: &&RatingHistory| reads(rating.rating.value) && rating.ever_in_force(size);
    for rating in history.ratings_of(target).filter(counts) {
        let by = if rating.rating.basis.is_some() { By::Rule } else { By::People };
        rivals.entry((by, rating.rating.instance.as_ref())).or_default().push(rating);
    }
    let mut tenures = Vec::new();
    for ((by, _), mut ratings) in rivals {
        ratings.sort_by_key(|rating| (rating.effective_at, rating.position));
        let replaced = ratings.iter().skip(1).map(|next| Some(next.effective_at));
        let replaced: Vec<_> = replaced.chain([None]).collect();
        for (rating, replaced) in ratings.into_iter().zip(replaced) {
            let to = [rating.ended_at(size), replaced].into_iter().flatten().min();
            let from = rating.effective_at;
            if to.is_none_or(|to| from < to) {
                tenures.push(Tenure { rating, by, from, to });
            }
        }
    }
    tenures
}

/// Those of the tenures that count at an instant: one for each process instance.
fn counting<'a>(tenures: &[Tenure<'a>], instant: Timestamp) -> Vec<&'a RatingHistory> {
    let by = |by: By| {
        let held = tenures.iter().filter(move |tenure| tenure.by == by && tenure.holds(instant));
        held.map(|tenure| tenure.rating).collect::<Vec<_>>()
    };
    let people = by(By::People);
    if people.is_empty() { by(By::Rule) } else { people }
}

/// The ratings of a target in force at a point: one for each process instance, ordered by it.
#[must_use]
pub fn in_force<'a>(
    history: &'a UnitHistory,
    target: &Target,
    rules: &Rules,
    at: At,
) -> Vec<&'a RatingHistory> {
    counting(&tenures(history, target, |value| rules.read(value).is_some(), at.size), at.valid_at)
}

/// The ratings of a target in force at a point on one scale, whatever rules read.
#[must_use]
pub fn in_force_on<'a>(
    history: &'a UnitHistory,
    target: &Target,
    scale: Scale,
    at: At,
) -> Vec<&'a RatingHistory> {
    counting(&tenures(history, target, |value| value.scale() == scale, at.size), at.valid_at)
}

/// The latest ratings in force at a point of one sort of rater, whoever else rated.
#[must_use]
pub fn in_force_by<'a>(
    history: &'a UnitHistory,
    target: &Target,
    rules: &Rules,
    at: At,
    by: By,
) -> Vec<&'a RatingHistory> {
    let tenures = tenures(history, target, |value| rules.read(value).is_some(), at.size);
    let held = tenures.iter().filter(|tenure| tenure.by == by && tenure.holds(at.valid_at));
    held.map(|tenure| tenure.rating).collect()
}

/// A target's ratings as the rules read them at an instant.
#[must_use]
pub fn read(rules: &Rules, in_force: &[&RatingHistory], supported: bool) -> Reading {
    let value = |rating: &&RatingHistory| {
        let value = rules.read(rating.rating.value)?;
        Some((rating.rating.instance.clone(), value))
    };
    let values: Vec<_> = in_force.iter().filter_map(value).collect();
    // What is not rated reads the same, supported or not.
    Reading { supported: supported && !values.is_empty(), values }
}

/// A target's ratings as the rules read them at an instant, whatever evidence stands behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rated {
    unsupported: Reading,
    supported: Reading,
}

impl Rated {
    /// The target as it is read with or without valid evidence behind it.
    #[must_use]
    pub const fn reading(&self, supported: bool) -> &Reading {
        if supported { &self.supported } else { &self.unsupported }
    }
}

/// A target's ratings as the rules read them at every moment.
#[must_use]
pub fn rated(history: &UnitHistory, target: &Target, rules: &Rules, size: u64) -> Steps<Rated> {
    let tenures = tenures(history, target, |value| rules.read(value).is_some(), size);
    let edges = tenures.iter().flat_map(|tenure| [Some(tenure.from), tenure.to]);
    let instants = edges.flatten().collect();
    Steps::over(instants, |instant| {
        let supported = read(rules, &counting(&tenures, instant), true);
        let unsupported = Reading { supported: false, values: supported.values.clone() };
        Rated { unsupported, supported }
    })
}
