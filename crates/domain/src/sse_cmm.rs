//! The scheme `sse-cmm`: all or nothing, with honest bounds where not everything is rated.
//!
//! Level 1 is reached when every base practice of the area is satisfied, level n when besides
//! every generic practice of levels 2 to n is (the all-or-nothing rule of SSE-CMM v3). GP 1.1.1
//! says the same as "every base practice" and is not asked for.

use gradus_model::rating::Value;

use crate::scheme::{Levels, Outline, Reading, Role};

/// The highest capability level.
pub const HIGHEST: u8 = 5;

/// What is known of one practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgment {
    /// It is satisfied.
    Yes,
    /// It is not.
    No,
    /// Nobody has said.
    Unknown,
}

/// A capability level as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelAnswer {
    /// At least one practice is judged.
    Range {
        /// The level if what is unknown is not satisfied.
        at_least: u8,
        /// The level if what is unknown is satisfied.
        at_most: u8,
        /// The practices between the two that nobody has judged.
        open: u16,
    },
    /// No practice is judged.
    NotRated,
    /// The area does not apply to the unit.
    NotApplicable,
    /// The model does not list all practices, so no level can follow.
    NotDeterminable,
}

impl LevelAnswer {
    /// The level, when it is known exactly.
    #[must_use]
    pub const fn exact(self) -> Option<u8> {
        match self {
            Self::Range { at_least, at_most, .. } if at_least == at_most => Some(at_least),
            _ => None,
        }
    }
}

/// The levels of an area whose model lists all practices.
pub(crate) fn levels(outline: &Outline, readings: &[&Reading]) -> Levels {
    let roles = outline.targets.iter().map(|(_, role)| *role);
    Tally::of(roles.zip(readings.iter().copied())).levels()
}

/// How many practices of each level are judged how, for both of an area's levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    rated: [Count; HIGHEST as usize],
    ongoing: [Count; HIGHEST as usize],
}

impl Tally {
    pub(crate) fn of<'a>(read: impl Iterator<Item = (Role, &'a Reading)>) -> Self {
        let mut tally = Self::default();
        for (role, reading) in read {
            if let Some((rated, ongoing)) = tally.of_level(role) {
                rated.take(self::rated(reading));
                ongoing.take(self::ongoing(reading));
            }
        }
        tally
    }

    /// Takes in that a practice is read otherwise; returns whether that changes what is counted.
    pub(crate) fn read_anew(&mut self, role: Role, before: &Reading, after: &Reading) -> bool {
        let (was, is) = (rated(before), rated(after));
        let (was_ongoing, is_ongoing) = (still(was, before), still(is, after));
        if (was, was_ongoing) == (is, is_ongoing) {
            return false;
        }
        let Some((rated, ongoing)) = self.of_level(role) else { return false };
        rated.change(was, is);
        ongoing.change(was_ongoing, is_ongoing);
        true
    }

    /// What is counted of the level that a practice belongs to: all or nothing knows practices only.
    fn of_level(&mut self, role: Role) -> Option<(&mut Count, &mut Count)> {
        let level = match role {
            Role::Base => 1,
            Role::Generic(feature) => feature.level,
            Role::Feature(_) => return None,
        };
        let index = usize::from(level).checked_sub(1)?;
        Some((self.rated.get_mut(index)?, self.ongoing.get_mut(index)?))
    }

    pub(crate) fn levels(&self) -> Levels {
        Levels { rated: answer(&self.rated), ongoing: answer(&self.ongoing) }
    }
}

/// What ratings say of a practice: of several process instances the worst counts.
#[must_use]
pub fn rated(reading: &Reading) -> Judgment {
    match reading.values.iter().map(|(_, value)| *value).min() {
        Some(Value::Satisfied) => Judgment::Yes,
        Some(_) => Judgment::No,
        None => Judgment::Unknown,
    }
}

/// What ratings say of a practice, as far as valid evidence still supports them.
#[must_use]
pub fn ongoing(reading: &Reading) -> Judgment {
    still(rated(reading), reading)
}

/// A judgment, as far as valid evidence still supports it.
const fn still(judgment: Judgment, reading: &Reading) -> Judgment {
    match judgment {
        Judgment::Yes if !reading.supported => Judgment::No,
        judgment => judgment,
    }
}

/// The level that judgments of practices give, each with the level it belongs to: base practices to
/// level 1, generic practices to levels 2 to 5.
///
/// Where a level has no practice nothing can be determined: there is no level by empty truth.
#[must_use]
pub fn level(judged: impl Iterator<Item = (u8, Judgment)>) -> LevelAnswer {
    let mut counts = [Count::default(); HIGHEST as usize];
    for (level, judgment) in judged {
        let of_level = usize::from(level).checked_sub(1).and_then(|index| counts.get_mut(index));
        if let Some(count) = of_level {
            count.take(judgment);
        }
    }
    answer(&counts)
}

fn answer(counts: &[Count; HIGHEST as usize]) -> LevelAnswer {
    let (mut at_least, mut at_most, mut open) = (0, 0, 0_u16);
    let (mut all_met, mut none_failed, mut any_judged) = (true, true, false);
    for (level, count) in (1..).zip(counts) {
        if count.practices == 0 {
            return LevelAnswer::NotDeterminable;
        }
        any_judged |= count.unknown < count.practices;
        all_met &= count.yes == count.practices;
        none_failed &= count.no == 0;
        if all_met {
            at_least = level;
        }
        if none_failed {
            at_most = level;
            // Of a level that is met nothing is open.
            open = open.saturating_add(count.unknown);
        }
    }
    if any_judged { LevelAnswer::Range { at_least, at_most, open } } else { LevelAnswer::NotRated }
}

/// What is known of the practices of one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    practices: u16,
    yes: u16,
    no: u16,
    unknown: u16,
}

impl Count {
    const fn of(&mut self, judgment: Judgment) -> &mut u16 {
        match judgment {
            Judgment::Yes => &mut self.yes,
            Judgment::No => &mut self.no,
            Judgment::Unknown => &mut self.unknown,
        }
    }

    fn take(&mut self, judgment: Judgment) {
        let of_judgment = self.of(judgment);
        *of_judgment = of_judgment.saturating_add(1);
        self.practices = self.practices.saturating_add(1);
    }

    const fn change(&mut self, before: Judgment, after: Judgment) {
        let of_before = self.of(before);
        *of_before = of_before.saturating_sub(1);
        let of_after = self.of(after);
        *of_after = of_after.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::{Judgment, LevelAnswer};
    use proptest::prelude::*;

    fn level(base: &[Judgment], generic: &[(u8, Judgment)]) -> LevelAnswer {
        let base = base.iter().map(|judgment| (1, *judgment));
        super::level(base.chain(generic.iter().copied()))
    }

    fn judgments() -> impl Strategy<Value = Judgment> {
        prop_oneof![Just(Judgment::Yes), Just(Judgment::No), Just(Judgment::Unknown)]
    }

    fn all(judgment: Judgment) -> Vec<(u8, Judgment)> {
        (2..=5).flat_map(|level| [(level, judgment), (level, judgment)]).collect()
    }

    fn range(at_least: u8, at_most: u8, open: u16) -> LevelAnswer {
        LevelAnswer::Range { at_least, at_most, open }
    }

    #[test]
    fn one_missing_practice_of_level_2_means_level_1() {
        let mut generic = all(Judgment::Yes);
        generic[1].1 = Judgment::No;
        assert_eq!(level(&[Judgment::Yes; 3], &generic), range(1, 1, 0));
    }

    #[test]
    fn an_unsatisfied_base_practice_means_level_0_whatever_else_is_satisfied() {
        let base = [Judgment::Yes, Judgment::No];
        assert_eq!(level(&base, &all(Judgment::Yes)), range(0, 0, 0));
    }

    #[test]
    fn what_nobody_judged_widens_the_answer_and_is_counted() {
        let base = [Judgment::Yes, Judgment::Unknown];
        assert_eq!(level(&base, &all(Judgment::Unknown)), range(0, 5, 9));
        assert_eq!(level(&[Judgment::Yes; 2], &all(Judgment::Unknown)), range(1, 5, 8));
    }

    #[test]
    fn nothing_judged_is_not_rated_and_is_not_level_0() {
        let answer = level(&[Judgment::Unknown; 4], &all(Judgment::Unknown));
        assert_eq!(answer, LevelAnswer::NotRated);
    }

    #[test]
    fn there_is_no_level_by_empty_truth() {
        assert_eq!(level(&[], &all(Judgment::Yes)), LevelAnswer::NotDeterminable);
        assert_eq!(level(&[Judgment::Yes], &[]), LevelAnswer::NotDeterminable);
        assert_eq!(level(&[], &[]), LevelAnswer::NotDeterminable);
    }

    proptest! {
        #[test]
        fn learning_a_judgment_never_widens_the_answer(
            base in prop::collection::vec(judgments(), 1..5),
            generic in prop::collection::vec(judgments(), 8),
            learned in any::<prop::sample::Index>(),
            satisfied: bool,
        ) {
            let leveled = |judged: &[Judgment]| -> Vec<(u8, Judgment)> {
                (2..=5).flat_map(|l| [l, l]).zip(judged.iter().copied()).collect()
            };
            let before = level(&base, &leveled(&generic));
            let mut judged = generic.clone();
            let at = learned.index(judged.len());
            if judged[at] == Judgment::Unknown {
                judged[at] = if satisfied { Judgment::Yes } else { Judgment::No };
            }
            let after = level(&base, &leveled(&judged));
            if let (
                LevelAnswer::Range { at_least: low, at_most: high, .. },
                LevelAnswer::Range { at_least, at_most, open },
            ) = (before, after) {
                prop_assert!(low <= at_least && at_most <= high);
                prop_assert!(at_least <= at_most);
                prop_assert_eq!(at_least == at_most, open == 0);
            }
        }

        #[test]
        fn a_level_needs_every_practice_up_to_it(
            base in prop::collection::vec(judgments(), 1..5),
            generic in prop::collection::vec(judgments(), 8),
        ) {
            let leveled: Vec<(u8, Judgment)> =
                (2..=5).flat_map(|l| [l, l]).zip(generic.iter().copied()).collect();
            if let LevelAnswer::Range { at_least, .. } = level(&base, &leveled)
                && at_least > 0
            {
                prop_assert!(base.iter().all(|judgment| *judgment == Judgment::Yes));
                prop_assert!(leveled.iter().filter(|(l, _)| *l <= at_least)
                    .all(|(_, judgment)| *judgment == Judgment::Yes));
            }
        }
    }
}
