//! What was never logged, as far as what was logged shows it: numbers that a producer gave and that
//! never came, runs that announced more items than they sent, and sources that fell silent.
//!
//! Nothing proves what is not there. All are read from the past of each source alone, in whole
//! numbers and by rules that are stated here.

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::evidence::Item;
use gradus_model::{ForeignId, Label};

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

/// The kind of subject that names the run of a tool that an item belongs to.
pub const RUN: &str = "run";
/// The measure by which one item of a run says how many the run sends, itself included: a plain
/// count, so of unit `1`.
pub const ANNOUNCED: &str = "announced-items";

/// A run of a tool, as far as its items came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// How many items it said that it sends, at most; none if it said nothing.
    pub announced: Option<u64>,
    /// How many came.
    pub seen: u64,
    /// Where the last of them was recorded.
    pub last: u64,
}

impl Run {
    /// How many items never came.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.announced.unwrap_or_default().saturating_sub(self.seen)
    }
}

/// The runs of each source, by its name and theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs(BTreeMap<(ForeignId, ForeignId), Run>);

impl Runs {
    /// Takes in an item that was recorded: it counts for each run that it names as a subject.
    pub fn take(&mut self, item: &Item, position: u64) {
        let announced = announced(item);
        for subject in item.subjects.iter().filter(|subject| subject.kind.as_str() == RUN) {
            let run = self.0.entry((item.source.name.clone(), subject.id.clone())).or_default();
            run.announced = run.announced.max(announced);
            run.seen += 1;
            run.last = run.last.max(position);
        }
    }

    /// How many said how many items they send.
    #[must_use]
    pub fn announced(&self) -> usize {
        self.0.values().filter(|run| run.announced.is_some()).count()
    }

    /// Those of which items never came, by source and name.
    pub fn short(&self) -> impl Iterator<Item = (&ForeignId, &ForeignId, &Run)> {
        let short = self.0.iter().filter(|(_, run)| run.missing() > 0);
        short.map(|((source, name), run)| (source, name, run))
    }
}

/// How many items the run of an item sends, if it says so.
fn announced(item: &Item) -> Option<u64> {
    let is_count = |unit: &Label| unit.as_str() == "1";
    let counts = item.measures.iter().filter(|measure| {
        measure.name.as_str() == ANNOUNCED && measure.decimals == 0 && is_count(&measure.unit)
    });
    counts.filter_map(|measure| u64::try_from(measure.value).ok()).max()
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
