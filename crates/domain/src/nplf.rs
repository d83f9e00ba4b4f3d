//! The scheme `nplf-33020`: after the rating and level rules of ISO/IEC 33020, with honest bounds.
//!
//! The common features of the model play the process attributes of the standard; no conformity to
//! it is claimed. Level n is reached when every feature of level n is largely or fully achieved and
//! every feature of all lower levels fully. Feature 1.1 is the aggregate of the area's base
//! practices and cannot be rated; each other feature is the aggregate of its generic practices, or
//! what it was rated as a whole: that rating wins, for the process instances it was made for.
//!
//! The process instances of an area are all that any of its ratings names. A rating without
//! instance is of the unit as a whole and stands for every instance that was not rated itself.
//! Aggregation goes first over the practices of an instance, then over the instances, and counts
//! steps of the scale in integers.
//!
//! What nobody rated is taken as not achieved for the lower bound, as fully achieved for the upper.
//! For the ongoing level, what is rated without valid evidence behind its own target is taken as
//! not achieved: a feature that was rated as a whole needs evidence for the feature.

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::rating::Value;
use gradus_model::{FeatureId, Label};
use serde::Deserialize;

use crate::scheme::{Levels, Outline, PERFORMED, Reading, Role};
use crate::sse_cmm::{HIGHEST, LevelAnswer};

/// What is rated, and what is aggregated (the rating methods of ISO/IEC 33020).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Method {
    /// Each practice of each instance is rated, and aggregated to the feature.
    R1,
    /// Each feature of each instance is rated; its practices count only where nobody rated it.
    R2,
    /// Each feature is rated over all instances at once: ratings of single instances do not count,
    /// nor do those of generic practices.
    R3,
}

/// How several values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// The mean number of steps above the lowest value, rounded to the nearest step.
    Mean,
    /// The value in the middle.
    Median,
}

/// What is taken where an aggregate lies between two values: a mean halfway, or the two middle
/// values of an even count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// The lower value.
    #[default]
    Lower,
    /// The higher value.
    Higher,
}

/// The parameters of the scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nplf {
    /// What is rated.
    pub method: Method,
    /// How several values become one.
    pub aggregate: Aggregate,
    /// What is taken between two values.
    #[serde(default)]
    pub ties: Ties,
    /// Whether the halves of P and L are told apart.
    #[serde(default)]
    pub fine: bool,
}

impl Nplf {
    /// The values of the scale, lowest first.
    #[must_use]
    pub const fn scale(self) -> &'static [Value] {
        use Value::{
            Fully, Largely, LargelyHigh, LargelyLow, Not, Partially, PartiallyHigh, PartiallyLow,
        };
        if self.fine {
            &[Not, PartiallyLow, PartiallyHigh, LargelyLow, LargelyHigh, Fully]
        } else {
            &[Not, Partially, Largely, Fully]
        }
    }

    /// A value of N/P/L/F with or without halves on this scale, in itself without: a half is read
    /// as its whole, and where halves are told apart a whole as its lower half.
    #[must_use]
    pub const fn on_scale(self, value: Value) -> Value {
        match (self.fine, value) {
            (true, Value::Partially) => Value::PartiallyLow,
            (true, Value::Largely) => Value::LargelyLow,
            (false, Value::PartiallyLow | Value::PartiallyHigh) => Value::Partially,
            (false, Value::LargelyLow | Value::LargelyHigh) => Value::Largely,
            (_, value) => value,
        }
    }

    /// What a feature must be for `wanted` to be reached: fully achieved on lower levels, at least
    /// largely on its own.
    #[must_use]
    pub(crate) const fn required(self, feature: FeatureId, wanted: u8) -> Value {
        if feature.level < wanted { Value::Fully } else { self.on_scale(Value::LargelyLow) }
    }

    /// Several values as one; none if there is no value.
    #[must_use]
    pub fn aggregated(self, values: impl Iterator<Item = Value>) -> Option<Value> {
        let mut steps: Vec<usize> = values.map(|value| self.steps(value)).collect();
        let count = steps.len();
        let last = count.checked_sub(1)?;
        let step = match (self.aggregate, self.ties) {
            (Aggregate::Median, ties) => {
                steps.sort_unstable();
                let middle = if ties == Ties::Lower { last / 2 } else { count / 2 };
                *steps.get(middle)?
            }
            (Aggregate::Mean, ties) => {
                // Twice the mean and one half, so that the halves stay whole numbers.
                let doubled = 2 * steps.iter().sum::<usize>() + count;
                let halfway = usize::from(ties == Ties::Lower);
                (doubled - halfway) / (2 * count)
            }
        };
        self.scale().get(step).copied()
    }

    /// How many steps of the scale a value lies above the lowest.
    pub(crate) fn steps(self, value: Value) -> usize {
        let value = self.on_scale(value);
        self.scale().iter().filter(|other| **other < value).count()
    }
}

/// The levels of an area whose model lists all base practices.
pub(crate) fn levels(nplf: Nplf, outline: &Outline, readings: &[&Reading]) -> Levels {
    let Some(table) = Table::of(nplf, outline, readings) else {
        return Levels::both(LevelAnswer::NotDeterminable);
    };
    if !table.is_rated() {
        return Levels::both(LevelAnswer::NotRated);
    }
    Levels { rated: table.answer(false), ongoing: table.answer(true) }
}

/// One target of a feature: its number in the outline, and what is read of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a> {
    pub(crate) number: usize,
    pub(crate) reading: &'a Reading,
}

impl Cells<'_> {
    /// What an instance was rated, itself or with the unit as a whole.
    pub(crate) fn rated(&self, instance: Option<&Label>) -> Option<Value> {
        let of = |instance: Option<&Label>| {
            let mut values = self.reading.values.iter();
            values.find(|(rated, _)| rated.as_ref() == instance).map(|(_, value)| *value)
        };
        of(instance).or_else(|| of(None))
    }

    /// The same, as far as it counts: what valid evidence does not support is not achieved.
    pub(crate) fn counted(&self, instance: Option<&Label>, ongoing: bool) -> Option<Value> {
        let rated = self.rated(instance);
        if ongoing && !self.reading.supported { rated.and(Some(Value::Not)) } else { rated }
    }
}

/// A feature, with what counts towards it under the method.
#[derive(Clone, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) feature: FeatureId,
    /// The feature as a whole, where it can be rated.
    pub(crate) whole: Option<Cells<'a>>,
    pub(crate) practices: Vec<Cells<'a>>,
}

/// Everything of an area that counts, feature by feature.
#[derive(Clone, Debug)]
pub(crate) struct Table<'a> {
    pub(crate) nplf: Nplf,
    pub(crate) instances: Vec<Option<&'a Label>>,
    pub(crate) parts: Vec<Part<'a>>,
}

impl<'a> Table<'a> {
    /// None where the model does not list all practices.
    pub(crate) fn of(nplf: Nplf, outline: &Outline, readings: &[&'a Reading]) -> Option<Self> {
        let has = |level: u8| {
            let roles = outline.targets.iter().map(|(_, role)| role);
            roles.clone().any(|role| matches!(role, Role::Generic(of) if of.level == level))
        };
        if !outline.complete || outline.base_practices() == 0 || !(2..=HIGHEST).all(has) {
            return None;
        }
        let instances = instances(nplf.method, readings);
        let mut parts: BTreeMap<FeatureId, Part<'a>> = BTreeMap::new();
        for (number, ((_, role), reading)) in outline.targets.iter().zip(readings).enumerate() {
            let cells = Cells { number, reading };
            let feature = role.feature();
            let empty = Part { feature, whole: None, practices: Vec::new() };
            let part = parts.entry(feature).or_insert(empty);
            match role {
                Role::Base | Role::Generic(_) => part.practices.push(cells),
                Role::Feature(_) => part.whole = Some(cells),
            }
        }
        let mut table = Self { nplf, instances, parts: parts.into_values().collect() };
        table.leave_out_what_does_not_count();
        Some(table)
    }

    fn leave_out_what_does_not_count(&mut self) {
        let Self { nplf, instances, parts } = self;
        for part in parts.iter_mut().filter(|part| part.feature != PERFORMED) {
            let rated = |cells: &Cells<'_>| instances.iter().any(|one| cells.rated(*one).is_some());
            let practices_count = match nplf.method {
                Method::R1 => true,
                Method::R2 => !part.whole.as_ref().is_some_and(rated),
                Method::R3 => false,
            };
            if !practices_count {
                part.practices.clear();
            }
        }
    }

    /// Whether anything that counts is rated.
    pub(crate) fn is_rated(&self) -> bool {
        let targets = self.parts.iter().flat_map(|part| part.whole.iter().chain(&part.practices));
        targets.clone().any(|cells| self.is_rated_somewhere(cells))
    }

    /// Whether any instance of a target is rated.
    pub(crate) fn is_rated_somewhere(&self, cells: &Cells<'_>) -> bool {
        self.instances.iter().any(|instance| cells.rated(*instance).is_some())
    }

    /// The value of a feature, with all that nobody rated taken as `unknown`.
    pub(crate) fn value(&self, part: &Part<'_>, unknown: Value, ongoing: bool) -> Value {
        let of_instance = |instance: Option<&Label>| {
            let counted = |cells: &Cells<'_>| cells.counted(instance, ongoing);
            let whole = part.whole.as_ref().and_then(counted);
            let practices = part.practices.iter().map(|one| counted(one).unwrap_or(unknown));
            whole.or_else(|| self.nplf.aggregated(practices)).unwrap_or(unknown)
        };
        self.nplf.aggregated(self.instances.iter().copied().map(of_instance)).unwrap_or(unknown)
    }

    /// How many targets of a feature would have to be rated to know its value.
    pub(crate) fn open(&self, part: &Part<'_>) -> u16 {
        let unrated = |cells: &Cells<'_>| {
            let instances = self.instances.iter().copied();
            instances.filter(|one| cells.rated(*one).is_none()).collect::<Vec<_>>()
        };
        let left = part.whole.as_ref().map_or_else(|| self.instances.clone(), unrated);
        if left.is_empty() {
            return 0;
        }
        let rated = part.practices.iter().any(|cells| self.is_rated_somewhere(cells));
        let as_a_whole = self.nplf.method != Method::R1 && part.whole.is_some() && !rated;
        if part.practices.is_empty() || as_a_whole {
            return 1;
        }
        let is_open = |cells: &&Cells<'_>| unrated(cells).iter().any(|one| left.contains(one));
        u16::try_from(part.practices.iter().filter(is_open).count()).unwrap_or(u16::MAX)
    }

    fn answer(&self, ongoing: bool) -> LevelAnswer {
        let with = |unknown| {
            let values = self.parts.iter().map(|part| self.value(part, unknown, ongoing));
            self.parts.iter().map(|part| part.feature).zip(values).collect::<Vec<_>>()
        };
        let (lowest, highest) = (with(Value::Not), with(Value::Fully));
        let (at_least, at_most) = (level(lowest.iter().copied()), level(highest.into_iter()));
        let falls_short = |(part, (feature, value)): (&Part<'a>, (FeatureId, Value))| {
            let short = value < self.nplf.required(feature, at_most);
            (feature.level <= at_most && short).then(|| self.open(part))
        };
        let open = self.parts.iter().zip(lowest).filter_map(falls_short);
        LevelAnswer::Range { at_least, at_most, open: open.fold(0, u16::saturating_add) }
    }
}

/// The process instances of an area; the unit as a whole, if no rating that counts names one.
fn instances<'a>(method: Method, readings: &[&'a Reading]) -> Vec<Option<&'a Label>> {
    let named = readings.iter().flat_map(|reading| &reading.values);
    let named: BTreeSet<&Label> = named.filter_map(|(instance, _)| instance.as_ref()).collect();
    if method == Method::R3 || named.is_empty() {
        return vec![None];
    }
    named.into_iter().map(Some).collect()
}

/// The level that the values of all features give (ISO/IEC 33020:2015, process capability level
/// ratings).
#[must_use]
pub fn level(values: impl Iterator<Item = (FeatureId, Value)>) -> u8 {
    let mut lowest = [Value::Fully; HIGHEST as usize];
    for (feature, value) in values {
        let of_level = usize::from(feature.level).checked_sub(1);
        if let Some(lowest) = of_level.and_then(|index| lowest.get_mut(index)) {
            *lowest = value.min(*lowest);
        }
    }
    let full = lowest.iter().take_while(|value| **value == Value::Fully).count();
    let largely = lowest.get(full).is_some_and(|value| *value >= Value::LargelyLow);
    u8::try_from(full).unwrap_or(HIGHEST) + u8::from(largely)
}
