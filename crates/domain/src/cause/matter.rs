//! Which practices turned between two points, and which of them matter to the levels.

use gradus_model::UnitId;

use super::sight::Own;
use super::{Between, Seen};
use crate::rules::Rules;
use crate::scheme::{self, Levels, Outline, Reading, Role};

/// A practice of a unit that is not the same at the later point.
pub(super) struct Turned<'a> {
    pub(super) unit: UnitId,
    pub(super) before: Seen<'a>,
    pub(super) after: Seen<'a>,
}

impl Turned<'_> {
    fn reads_otherwise(&self) -> bool {
        self.before.reading != self.after.reading
    }

    fn is_covered_otherwise(&self) -> bool {
        self.before.role == Role::Base && self.before.kind() != self.after.kind()
    }
}

/// One unit's own part at both points, read by what holds at the later one.
struct Both<'a> {
    outline: Outline,
    practices: Vec<Turned<'a>>,
    /// Whether it began to be rated, or ceased to be.
    changes_who_answers: bool,
}

impl<'a> Between<'a, '_> {
    /// The practices that turned and matter to what is said of the area.
    pub(super) fn matters(&self) -> Vec<Turned<'a>> {
        let Some(rules) = self.rules() else { return Vec::new() };
        let same_answers = self.before.by() == self.after.by();
        let of_unit = |both: Both<'a>| {
            let decisive = if same_answers {
                self.decisive(&both, rules)
            } else {
                let rated = |turned: &Turned<'_>| {
                    both.changes_who_answers
                        && turned.before.reading.values != turned.after.reading.values
                };
                both.practices.iter().map(rated).collect()
            };
            both.practices.into_iter().zip(decisive).filter_map(|(turned, is)| is.then_some(turned))
        };
        self.both_of_each().into_iter().flat_map(of_unit).collect()
    }

    /// The practices that turned, whether they matter or not.
    pub(super) fn turned(&self) -> Vec<Turned<'a>> {
        let practices = self.both_of_each().into_iter().flat_map(|both| both.practices);
        let otherwise = |turned: &Turned<'_>| {
            turned.reads_otherwise() || (self.with_coverage && turned.is_covered_otherwise())
        };
        practices.filter(otherwise).collect()
    }

    fn rules(&self) -> Option<&Rules> {
        self.after.basis.as_ref().map(|basis| &*basis.read_rules)
    }

    /// A practice matters if its turn alone would change the levels before, or its turning back
    /// alone those after.
    fn decisive(&self, both: &Both<'_>, rules: &Rules) -> Vec<bool> {
        let before: Vec<&Reading> = both.practices.iter().map(|one| &one.before.reading).collect();
        let after: Vec<&Reading> = both.practices.iter().map(|one| &one.after.reading).collect();
        let levels = |readings: &[&Reading]| scheme::levels(rules, &both.outline, readings);
        let (levels_before, levels_after) = (levels(&before), levels(&after));
        let with = |readings: &[&Reading], number: usize, other: &[&Reading]| -> Option<Levels> {
            let mut readings = readings.to_vec();
            *readings.get_mut(number)? = other.get(number)?;
            Some(levels(&readings))
        };
        let moves_level = |number: usize, turned: &Turned<'_>| {
            levels_before != levels_after
                && turned.reads_otherwise()
                && (with(&before, number, &after) != Some(levels_before)
                    || with(&after, number, &before) != Some(levels_after))
        };
        let matters = |(number, turned): (usize, &Turned<'_>)| {
            moves_level(number, turned) || (self.with_coverage && turned.is_covered_otherwise())
        };
        both.practices.iter().enumerate().map(matters).collect()
    }

    /// The units that answer before and after.
    fn both_of_each(&self) -> Vec<Both<'a>> {
        let mut units: Vec<UnitId> =
            [self.after.by(), self.before.by()].into_iter().flatten().collect();
        units.dedup();
        units.into_iter().filter_map(|unit| self.both(unit)).collect()
    }

    fn both(&self, unit: UnitId) -> Option<Both<'a>> {
        let basis = self.after.basis.as_ref()?;
        let own = |at| self.asked.own(unit, at, basis);
        let (before, after): (Own<'a>, Own<'a>) = (own(self.before.at)?, own(self.after.at)?);
        let changes_who_answers = before.is_rated() != after.is_rated();
        let practices = before.practices.into_iter().zip(after.practices);
        let practices = practices.map(|(before, after)| Turned { unit, before, after }).collect();
        Some(Both { outline: after.outline, practices, changes_who_answers })
    }
}
