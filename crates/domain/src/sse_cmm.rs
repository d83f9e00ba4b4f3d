//! The scheme `sse-cmm`: all or nothing, with honest bounds where not everything is rated.
//!
//! Level 1 is reached when every base practice of the area is satisfied, level n when besides
//! every generic practice of levels 2 to n is (the all-or-nothing rule of SSE-CMM v3). GP 1.1.1
//! says the same as "every base practice" and is not asked for.

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

/// The level that judgments of an area's practices give.
///
/// `base` are its base practices, `generic` its generic practices with their levels (2 to 5; those
/// of level 1 are derived and ignored). Without base practices nothing can be determined: there
/// is no level by empty truth.
#[must_use]
pub fn level(base: &[Judgment], generic: &[(u8, Judgment)]) -> LevelAnswer {
    let of_level = |level: u8| {
        let generic = generic.iter().filter(move |(of, _)| *of == level && level > 1);
        let base = base.iter().filter(move |_| level == 1);
        base.chain(generic.map(|(_, judgment)| judgment)).copied()
    };
    if base.is_empty() || (2..=HIGHEST).any(|level| of_level(level).next().is_none()) {
        return LevelAnswer::NotDeterminable;
    }
    if (1..=HIGHEST).flat_map(of_level).all(|judgment| judgment == Judgment::Unknown) {
        return LevelAnswer::NotRated;
    }
    let reached = |unknown_is_yes: bool| {
        let met = |judgment: Judgment| match judgment {
            Judgment::Yes => true,
            Judgment::No => false,
            Judgment::Unknown => unknown_is_yes,
        };
        let levels = (1..=HIGHEST).take_while(|level| of_level(*level).all(met)).count();
        u8::try_from(levels).unwrap_or(HIGHEST)
    };
    let (at_least, at_most) = (reached(false), reached(true));
    let between = (at_least + 1..=at_most).flat_map(of_level);
    let open = between.filter(|judgment| *judgment == Judgment::Unknown).count();
    LevelAnswer::Range { at_least, at_most, open: u16::try_from(open).unwrap_or(u16::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
