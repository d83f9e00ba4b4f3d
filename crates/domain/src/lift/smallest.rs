//! The fewest targets that lift the features of the scheme `nplf-33020` as far as a level needs.
//!
//! Features do not depend on each other, so that the fewest for each are the fewest for all.

use std::collections::BTreeSet;
use std::iter;

use gradus_model::Label;
use gradus_model::rating::Value;

use super::Rate;
use crate::nplf::{Cells, Method, Part, Table};
use crate::scheme::Reading;

/// Up to so many practices, every choice among them is tried.
const MOST_CHOICES: usize = 12;

/// A target by its number in the outline, the rating it needs, and whether it needs evidence.
pub(super) type Needed = (usize, Option<Rate>, bool);

/// What every feature of levels up to `wanted` needs.
pub(super) fn needs(table: &Table<'_>, wanted: u8, ongoing: bool) -> Vec<Needed> {
    let up_to = table.parts.iter().filter(|part| part.feature.level <= wanted);
    let needs = up_to.flat_map(|part| {
        let required = table.nplf.required(part.feature, wanted);
        Search { table, part, required, ongoing }.needs()
    });
    needs.collect()
}

/// The search for what one feature needs.
struct Search<'t> {
    table: &'t Table<'t>,
    part: &'t Part<'t>,
    required: Value,
    ongoing: bool,
}

impl Search<'_> {
    fn needs(&self) -> Vec<Needed> {
        if self.is_enough(self.part) {
            return Vec::new();
        }
        let whole = || {
            let whole = self.part.whole.as_ref()?;
            Some(vec![self.need(whole, self.required)])
        };
        let needs = match self.table.nplf.method {
            Method::R1 => self.of_practices().or_else(whole),
            Method::R2 | Method::R3 => whole().or_else(|| self.of_practices()),
        };
        needs.unwrap_or_default()
    }

    /// The fewest practices, with the lowest value that is enough for all of them.
    fn of_practices(&self) -> Option<Vec<Needed>> {
        let chosen = self.fewest()?;
        let to = *self.table.nplf.scale().iter().find(|to| self.suffice(&chosen, **to))?;
        let practices = self.part.practices.iter();
        let chosen = practices.filter(|practice| chosen.contains(&practice.number));
        Some(chosen.map(|practice| self.need(practice, to)).collect())
    }

    fn fewest(&self) -> Option<Vec<usize>> {
        let worst_first = self.worst_first();
        let count = worst_first.len();
        // With one instance only values count, and no choice is better than the lowest.
        let choices = self.table.instances.len() > 1 && count <= MOST_CHOICES;
        let of_size = |size: usize| {
            let next = |chosen: &Vec<usize>| if choices { following(chosen, count) } else { None };
            let chosen = iter::successors(Some((0..size).collect()), next);
            let numbers = |places: Vec<usize>| -> Vec<usize> {
                places.iter().filter_map(|place| worst_first.get(*place).copied()).collect()
            };
            chosen.map(numbers).find(|chosen| self.suffice(chosen, Value::Fully))
        };
        (1..=count).find_map(of_size).map(|chosen| self.without_the_needless(chosen))
    }

    /// Leaves out what is not needed after all, the best first.
    fn without_the_needless(&self, mut chosen: Vec<usize>) -> Vec<usize> {
        for number in chosen.clone().into_iter().rev() {
            let rest: Vec<usize> = chosen.iter().copied().filter(|one| *one != number).collect();
            if self.suffice(&rest, Value::Fully) {
                chosen = rest;
            }
        }
        chosen
    }

    /// The practices by their numbers; of equal ones the earlier first.
    fn worst_first(&self) -> Vec<usize> {
        let nplf = self.table.nplf;
        let steps = |practice: &Cells<'_>| -> usize {
            let instances = self.table.instances.iter();
            let counted = instances.filter_map(|one| practice.counted(*one, self.ongoing));
            counted.map(|value| nplf.steps(value)).sum()
        };
        let mut practices: Vec<&Cells<'_>> = self.part.practices.iter().collect();
        practices.sort_by_key(|practice| steps(practice));
        practices.into_iter().map(|practice| practice.number).collect()
    }

    /// Whether the feature is lifted when the chosen practices are at least `to`.
    fn suffice(&self, chosen: &[usize], to: Value) -> bool {
        let read = |practice: &Cells<'_>| {
            if chosen.contains(&practice.number) {
                raised(practice, &self.low(practice, to), to)
            } else {
                practice.reading.clone()
            }
        };
        let practices = &self.part.practices;
        let readings: Vec<(usize, Reading)> =
            practices.iter().map(|practice| (practice.number, read(practice))).collect();
        let practices = readings.iter().map(|(number, reading)| Cells { number: *number, reading });
        self.is_enough(&Part { practices: practices.collect(), ..self.part.clone() })
    }

    fn is_enough(&self, part: &Part<'_>) -> bool {
        self.table.value(part, Value::Not, self.ongoing) >= self.required
    }

    fn need(&self, cells: &Cells<'_>, to: Value) -> Needed {
        let rate = Rate::new(to, self.low(cells, to));
        (cells.number, rate, self.ongoing && !cells.reading.supported)
    }

    /// The instances whose ratings are below `to`; where one has none of its own, the unit as a
    /// whole, which stands for it.
    fn low(&self, cells: &Cells<'_>, to: Value) -> BTreeSet<Option<Label>> {
        let instances = self.table.instances.iter().copied();
        let low = instances.filter(|one| cells.rated(*one).is_none_or(|value| value < to));
        let of = |instance: Option<&Label>| {
            let own = |(rated, _): &(Option<Label>, Value)| rated.as_ref() == instance;
            instance.filter(|_| cells.reading.values.iter().any(own)).cloned()
        };
        low.map(of).collect()
    }
}

/// A reading after the instances were rated `to`, with valid evidence behind it.
fn raised(cells: &Cells<'_>, instances: &BTreeSet<Option<Label>>, to: Value) -> Reading {
    let kept = cells.reading.values.iter().filter(|(instance, _)| !instances.contains(instance));
    let rated = instances.iter().map(|instance| (instance.clone(), to));
    Reading { values: kept.cloned().chain(rated).collect(), supported: true }
}

/// The choice that follows `chosen`, ascending places out of the first `of`, in lexicographic order.
fn following(chosen: &[usize], of: usize) -> Option<Vec<usize>> {
    let left = |place: usize| chosen.len() - place;
    let mut places = chosen.iter().enumerate().rev();
    let (place, at) = places.find(|(place, at)| **at + left(*place) < of)?;
    let moved = (at + 1)..=(at + left(place));
    Some(chosen.iter().take(place).copied().chain(moved).collect())
}
