//! Levels after ISO/IEC 33020, counted out: values are steps of the scale, from 0.

use std::collections::{BTreeMap, BTreeSet};

use gradus_domain::nplf::{Aggregate, Method, Nplf, Ties};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::Label;
use gradus_model::rating::Value;

/// What was rated of a target: the step for each process instance, or for the unit as a whole.
pub(super) type Steps = BTreeMap<Option<Label>, usize>;

/// What was rated of a common feature.
pub(super) struct Achieved {
    pub(super) level: u8,
    /// Its practices, in order.
    pub(super) practices: Vec<Steps>,
    /// The feature as a whole.
    pub(super) whole: Steps,
}

/// The step of a value. Where halves are not told apart they are their wholes; where they are, a
/// whole is its lower half.
pub(super) fn step(how: Nplf, value: Value) -> usize {
    match (value.name(), how.fine) {
        ("N", _) => 0,
        ("P" | "P-", true) | ("P" | "P-" | "P+", false) => 1,
        ("P+", true) | ("L" | "L-" | "L+", false) => 2,
        ("L" | "L-", true) | ("F", false) => 3,
        ("L+", true) => 4,
        ("F", true) => 5,
        (other, _) => panic!("{other} is no value of N/P/L/F"),
    }
}

fn fully(how: Nplf) -> usize {
    if how.fine { 5 } else { 3 }
}

fn largely(how: Nplf) -> usize {
    if how.fine { 3 } else { 2 }
}

/// What is not rated is taken as N, and as F.
pub(super) fn level(how: Nplf, features: &[Achieved]) -> LevelAnswer {
    let features: Vec<Achieved> = features.iter().map(|feature| counting(how, feature)).collect();
    let targets = || features.iter().flat_map(|of| of.practices.iter().chain([&of.whole]));
    if targets().all(Steps::is_empty) {
        return LevelAnswer::NotRated;
    }
    let named: BTreeSet<&Label> = targets().flat_map(Steps::keys).flatten().collect();
    let mut instances: Vec<Option<Label>> = named.into_iter().cloned().map(Some).collect();
    if instances.is_empty() {
        instances.push(None);
    }
    let least: Vec<usize> =
        features.iter().map(|feature| value(how, feature, &instances, 0)).collect();
    let most: Vec<usize> =
        features.iter().map(|feature| value(how, feature, &instances, fully(how))).collect();
    let (at_least, at_most) = (reached(how, &features, &least), reached(how, &features, &most));
    let mut open = 0;
    for (feature, least) in features.iter().zip(least) {
        let enough = if feature.level < at_most { fully(how) } else { largely(how) };
        if at_least < at_most && feature.level <= at_most && least < enough {
            open += unrated(how, feature, &instances);
        }
    }
    LevelAnswer::Range { at_least, at_most, open }
}

/// What counts of a feature under the method.
fn counting(how: Nplf, feature: &Achieved) -> Achieved {
    let Achieved { level, practices, whole } = feature;
    let (mut practices, mut whole) = (practices.clone(), whole.clone());
    if how.method == Method::R3 {
        for steps in practices.iter_mut().chain([&mut whole]) {
            steps.retain(|instance, _| instance.is_none());
        }
    }
    if how.method == Method::R3 && *level > 1 {
        practices.clear();
    }
    Achieved { level: *level, practices, whole }
}

fn value(how: Nplf, feature: &Achieved, instances: &[Option<Label>], unknown: usize) -> usize {
    let of_instance = |instance: &Option<Label>| {
        if let Some(whole) = of(&feature.whole, instance.as_ref()) {
            return whole;
        }
        if !practices_count(how, feature) {
            return unknown;
        }
        let practices = feature.practices.iter();
        aggregate(
            how,
            practices.map(|steps| of(steps, instance.as_ref()).unwrap_or(unknown)).collect(),
        )
    };
    aggregate(how, instances.iter().map(of_instance).collect())
}

/// Whether the practices of a feature are asked for.
fn practices_count(how: Nplf, feature: &Achieved) -> bool {
    let rated = !feature.whole.is_empty();
    match how.method {
        _ if feature.level == 1 => true,
        Method::R1 => true,
        Method::R2 => !rated,
        Method::R3 => false,
    }
}

/// What an instance was rated itself, or else with the unit as a whole.
fn of(steps: &Steps, instance: Option<&Label>) -> Option<usize> {
    steps.get(&instance.cloned()).or_else(|| steps.get(&None)).copied()
}

fn aggregate(how: Nplf, mut steps: Vec<usize>) -> usize {
    steps.sort_unstable();
    let (sum, count): (usize, usize) = (steps.iter().sum(), steps.len());
    // Two values between which the result lies, and whether it lies in their middle.
    let (lower, higher, between) = match how.aggregate {
        Aggregate::Mean => match (sum % count * 2).cmp(&count) {
            std::cmp::Ordering::Less => (sum / count, sum / count, false),
            std::cmp::Ordering::Greater => (sum / count + 1, sum / count + 1, false),
            std::cmp::Ordering::Equal => (sum / count, sum / count + 1, true),
        },
        Aggregate::Median => (steps[(count - 1) / 2], steps[count / 2], count % 2 == 0),
    };
    if between && how.ties == Ties::Higher { higher } else { lower }
}

/// The highest level whose features are largely achieved and all below fully.
fn reached(how: Nplf, features: &[Achieved], values: &[usize]) -> u8 {
    let holds = |level: u8| {
        features.iter().zip(values).all(|(feature, value)| match feature.level.cmp(&level) {
            std::cmp::Ordering::Less => *value == fully(how),
            std::cmp::Ordering::Equal => *value >= largely(how),
            std::cmp::Ordering::Greater => true,
        })
    };
    (1..=5).rev().find(|level| holds(*level)).unwrap_or(0)
}

/// How many targets of a feature would have to be rated for every instance.
fn unrated(how: Nplf, feature: &Achieved, instances: &[Option<Label>]) -> u16 {
    let uncovered = |instance: &&Option<Label>| of(&feature.whole, instance.as_ref()).is_none();
    let uncovered: Vec<_> = instances.iter().filter(uncovered).collect();
    let practices_begun = feature.practices.iter().any(|steps| !steps.is_empty());
    // R2 asks for the feature itself, unless somebody began with its practices.
    let by_practices = feature.level == 1 || how.method == Method::R1 || practices_begun;
    if !practices_count(how, feature) || !by_practices {
        return u16::from(!uncovered.is_empty());
    }
    let is_open =
        |steps: &&Steps| uncovered.iter().any(|instance| of(steps, instance.as_ref()).is_none());
    u16::try_from(feature.practices.iter().filter(is_open).count()).unwrap()
}
