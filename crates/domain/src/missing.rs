//! What was never logged, as far as what was logged shows it: numbers that a producer gave and that
//! never came, and sources that fell silent.
//!
//! Nothing proves what is not there. Both are read from the past of each source alone, in whole
//! numbers and by rules that are stated here.

use std::collections::{BTreeMap, BTreeSet};

/// Intervals that a source must have kept before its cadence means anything.
pub const LEAST_INTERVALS: usize = 5;

/// Consecutive numbers of a producer that never came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hole {
    /// The first number that is missing.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Where the record with the number before was recorded.
    pub after: u64,
    /// Where the record with the number behind was recorded.
    pub before: u64,
}

impl Hole {
    /// How many numbers are missing.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.last - self.first + 1
    }
}

/// The running numbers of one producer, each with the first position at which it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers(BTreeMap<u64, u64>);

impl Numbers {
    /// Takes in the number of a record. The first record of a number counts: the same number again
    /// is another item of the same run.
    pub fn take(&mut self, number: u64, position: u64) {
        self.0
            .entry(number)
            .and_modify(|known| *known = (*known).min(position))
            .or_insert(position);
    }

    /// The smallest and the largest number that came; none if none came.
    #[must_use]
    pub fn range(&self) -> Option<(u64, u64)> {
        Some((*self.0.first_key_value()?.0, *self.0.last_key_value()?.0))
    }

    /// How many different numbers came.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no number came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The holes between the smallest number and the largest, ascending. What lies outside is
    /// unknown: a producer may begin anywhere.
    #[must_use]
    pub fn holes(&self) -> Vec<Hole> {
        let next = self.0.iter().skip(1);
        let pairs = self.0.iter().zip(next).filter(|((one, _), (other, _))| *other - *one > 1);
        let hole = |((one, after), (other, before)): ((&u64, &u64), (&u64, &u64))| Hole {
            first: one + 1,
            last: other - 1,
            after: *after,
            before: *before,
        };
        pairs.map(hole).collect()
    }
}

/// A time during which a source was silent for longer than its own past lets expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The last day before it, in days since 1970.
    pub from: i64,
    /// The first day after it, or the day asked about while it lasts.
    pub to: i64,
    /// Whether nothing came since.
    pub lasts: bool,
    /// The interval in days that nine in ten of those before did not exceed.
    pub usual: i64,
}

impl Silence {
    /// How many days lie between.
    #[must_use]
    pub const fn days(&self) -> i64 {
        self.to - self.from
    }
}

/// The silences of a source of which items are dated on these days, as seen on a day; later days do
/// not count.
///
/// The rule: an interval between two days is a silence when it is more than twice as long as the
/// interval that nine in ten of those before it did not exceed (the smallest such interval), and at
/// least [`LEAST_INTERVALS`] came before it. Of a daily source that rests at weekends that is more
/// than six days, of a weekly one more than fourteen, and of an irregular one hardly ever.
#[must_use]
pub fn silences(days: &BTreeSet<i64>, today: i64) -> Vec<Silence> {
    let mut past: Vec<i64> = Vec::new();
    let mut silences = Vec::new();
    let mut last: Option<i64> = None;
    let seen = days.range(..=today).map(|day| (*day, false));
    for (to, lasts) in seen.chain([(today, true)]) {
        if let Some(from) = last {
            let interval = to - from;
            let usual = usual(&past).filter(|usual| interval > usual.saturating_mul(2));
            silences.extend(usual.map(|usual| Silence { from, to, lasts, usual }));
            let place = past.partition_point(|known| *known < interval);
            past.insert(place, interval);
        }
        last = Some(to);
    }
    silences
}

/// Of ascending intervals the smallest that nine in ten do not exceed; none for too few.
fn usual(ascending: &[i64]) -> Option<i64> {
    if ascending.len() < LEAST_INTERVALS {
        return None;
    }
    ascending.get((ascending.len() * 9).div_ceil(10).saturating_sub(1)).copied()
}
