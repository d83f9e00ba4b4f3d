//! How far those who rated on their own agreed: exact agreement, and Krippendorff's alpha.
//!
//! Alpha is that for ordinal data, after K. Krippendorff, "Computing Krippendorff's
//! Alpha-Reliability" (2011): one less the observed over the expected disagreement, where two
//! values differ by the square of the number of ratings from the one to the other, the ends counted
//! half. It is computed in integers: weights of pairs are taken over a common denominator.

use std::collections::BTreeMap;

use gradus_model::rating::Value;

/// How far ratings agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Subjects with two ratings or more.
    pub subjects: usize,
    /// Those of them on which all ratings are the same.
    pub exact: usize,
    /// Krippendorff's alpha in thousandths, rounded down: 1000 is perfect agreement, 0 is what
    /// chance gives. None where there is nothing to tell apart: fewer than two values were used.
    pub alpha: Option<i64>,
}

/// How far ratings agree; `rated` are the values on one scale that each subject was given.
#[must_use]
pub fn agreement(rated: &[Vec<Value>]) -> Agreement {
    let paired = || rated.iter().filter(|values| values.len() > 1);
    let same = |values: &&Vec<Value>| values.windows(2).all(|pair| pair.first() == pair.last());
    let (subjects, exact) = (paired().count(), paired().filter(same).count());
    Agreement { subjects, exact, alpha: alpha(&paired().collect::<Vec<_>>()) }
}

fn alpha(paired: &[&Vec<Value>]) -> Option<i64> {
    let mut counts: BTreeMap<Value, i128> = BTreeMap::new();
    for value in paired.iter().copied().flatten() {
        *counts.entry(*value).or_default() += 1;
    }
    let all: i128 = counts.values().sum();
    // Twice the distance of two values: all ratings from the one to the other, the ends half.
    let distance = |one: Value, other: Value| {
        let (low, high) = (one.min(other), one.max(other));
        let within: i128 = counts.range(low..=high).map(|(_, count)| count).sum();
        let ends = counts.get(&low).unwrap_or(&0) + counts.get(&high).unwrap_or(&0);
        if low == high { 0 } else { 2 * within - ends }
    };
    let square = |one, other| distance(one, other).pow(2);
    let pairs = |one: &Value| {
        let of = *counts.get(one).unwrap_or(&0);
        let with = counts.iter().map(|(other, count)| of * count * square(*one, *other));
        with.sum::<i128>()
    };
    let expected: i128 = counts.keys().map(pairs).sum();
    if expected == 0 {
        return None;
    }
    let size = |values: &&Vec<Value>| i128::try_from(values.len()).unwrap_or(i128::MAX);
    let shares = paired.iter().map(|values| size(values) - 1);
    let common = shares.fold(1, |common, share| common / divisor(common, share) * share);
    let observed: i128 = paired
        .iter()
        .map(|values| {
            let of = |one: &Value| values.iter().map(|other| square(*one, *other)).sum::<i128>();
            values.iter().map(of).sum::<i128>() * (common / (size(values) - 1))
        })
        .sum();
    // alpha = 1 - (all - 1) * observed / expected, with `observed` over the common denominator.
    let whole = expected * common;
    let part = whole - (all - 1) * observed;
    i64::try_from((part * 1_000).div_euclid(whole)).ok()
}

/// The greatest common divisor of two numbers above 0.
const fn divisor(mut one: i128, mut other: i128) -> i128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}
