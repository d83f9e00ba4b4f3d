//! Which ratings of a practice are in force, and from when to when.
//!
//! The latest rating of a process instance replaces those before it, so that its end uncovers none
//! of them; its withdrawal does, for then it never was. A person's rating in force always wins over
//! a rule's.

use std::sync::{Arc, LazyLock};

use gradus_model::rating::{Scale, Value};
use gradus_model::{Label, Target, Timestamp};
use smallvec::smallvec;

use crate::history::{RatingHistory, UnitHistory};
use crate::rules::Rules;
use crate::scheme::{Reading, Values};
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

impl By {
    const fn of(rating: &RatingHistory) -> Self {
        if rating.rating.basis.is_some() { Self::Rule } else { Self::People }
    }
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
    let counts = |rating: &&RatingHistory| reads(rating.rating.value) && rating.ever_in_force(size);
    let mut ratings: Vec<&RatingHistory> = history.ratings_of(target).filter(counts).collect();
    let by_time = |rating: &RatingHistory| (rating.effective_at, rating.position);
    ratings.sort_by(|one, next| {
        rivals(one).cmp(&rivals(next)).then_with(|| by_time(one).cmp(&by_time(next)))
    });
    let mut tenures = Vec::with_capacity(ratings.len());
    for ratings in ratings.chunk_by(|one, next| rivals(one) == rivals(next)) {
        for (number, rating) in ratings.iter().enumerate() {
            let replaced = ratings.get(number + 1).map(|next| next.effective_at);
            let to = [rating.ended_at(size), replaced].into_iter().flatten().min();
            let (by, from) = (By::of(rating), rating.effective_at);
            if to.is_none_or(|to| from < to) {
                tenures.push(Tenure { rating, by, from, to });
            }
        }
    }
    tenures
}

/// What a rating shares with those that it replaces, or that replace it.
fn rivals(rating: &RatingHistory) -> (By, Option<&Label>) {
    (By::of(rating), rating.rating.instance.as_ref())
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

/// The ratings of a target that were the latest of their process instance and sort of rater at any
/// moment from `since` to a point.
#[must_use]
pub fn in_force_since<'a>(
    history: &'a UnitHistory,
    target: &Target,
    rules: &Rules,
    (since, at): (Timestamp, At),
) -> Vec<&'a RatingHistory> {
    let tenures = tenures(history, target, |value| rules.read(value).is_some(), at.size);
    let overlaps =
        |tenure: &&Tenure<'_>| tenure.from <= at.valid_at && tenure.to.is_none_or(|to| since < to);
    tenures.iter().filter(overlaps).map(|tenure| tenure.rating).collect()
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
    let values = values(rules, in_force);
    // What is not rated reads the same, supported or not.
    Reading { supported: supported && !values.is_empty(), values }
}

fn values(rules: &Rules, in_force: &[&RatingHistory]) -> Values {
    let value = |rating: &&RatingHistory| {
        let value = rules.read(rating.rating.value)?;
        Some((rating.rating.instance.clone(), value))
    };
    in_force.iter().filter_map(value).collect()
}

/// A target's ratings as the rules read them at an instant, whatever evidence stands behind it.
///
/// A copy shares what is read, and most targets share it: they have one rating of the unit as a
/// whole, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated(Arc<Readings>);

/// The target as it is read with and without valid evidence behind it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Readings {
    unsupported: Reading,
    supported: Reading,
}

static UNRATED: LazyLock<Rated> = LazyLock::new(|| Rated(Arc::default()));
static RATED_ONCE: LazyLock<Vec<(Value, Rated)>> = LazyLock::new(|| {
    let once = |value: &Value| (*value, Rated::anew(smallvec![(None, *value)]));
    Value::ALL.iter().map(once).collect()
});

impl Default for Rated {
    fn default() -> Self {
        UNRATED.clone()
    }
}

impl Rated {
    fn of(rules: &Rules, in_force: &[&RatingHistory]) -> Self {
        let values = values(rules, in_force);
        let known = match &values[..] {
            [] => Some(&*UNRATED),
            [(None, value)] => RATED_ONCE.iter().find(|(of, _)| of == value).map(|(_, once)| once),
            _ => None,
        };
        known.cloned().unwrap_or_else(|| Self::anew(values))
    }

    fn anew(values: Values) -> Self {
        let unsupported = Reading { supported: false, values: values.clone() };
        let supported = Reading { supported: true, values };
        Self(Arc::new(Readings { unsupported, supported }))
    }

    /// The target as it is read with or without valid evidence behind it.
    #[must_use]
    pub fn reading(&self, supported: bool) -> &Reading {
        if supported { &self.0.supported } else { &self.0.unsupported }
    }
}

/// A target's ratings as the rules read them at every moment.
#[must_use]
pub fn rated(history: &UnitHistory, target: &Target, rules: &Rules, size: u64) -> Steps<Rated> {
    let tenures = tenures(history, target, |value| rules.read(value).is_some(), size);
    let alone = |(one, next): (&Tenure<'_>, &Tenure<'_>)| one.to.is_some_and(|to| to <= next.from);
    let one_by_one = tenures.iter().zip(tenures.iter().skip(1)).all(alone);
    if one_by_one && tenures.first().is_some_and(|first| first.from > Timestamp::MIN) {
        let mut steps = Steps::default();
        for tenure in tenures {
            steps.then(tenure.from, Rated::of(rules, &[tenure.rating]));
            if let Some(to) = tenure.to {
                steps.then(to, Rated::default());
            }
        }
        return steps;
    }
    let edges = tenures.iter().flat_map(|tenure| [Some(tenure.from), tenure.to]);
    let instants = edges.flatten().collect();
    Steps::over(instants, |instant| Rated::of(rules, &counting(&tenures, instant)))
}
