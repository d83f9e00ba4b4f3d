//! The gate: whether an area's levels reach what is asked of them, for a build to stop on.
//!
//! Honest where levels are known in part: only what is known for certain passes. What depends on
//! practices that nobody has judged is undecided, and an undecided area does not pass.

use std::fmt;

use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, ModelId};

use crate::course::AreaState;
use crate::settings::Settings;
use crate::sse_cmm::LevelAnswer;
use crate::timeline::At;

/// Which of an area's two levels is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The level that was judged.
    Rated,
    /// The level that valid evidence still supports.
    #[default]
    Ongoing,
}

impl Which {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rated => "rated",
            Self::Ongoing => "ongoing",
        }
    }

    /// This level of a state.
    #[must_use]
    pub const fn of(self, state: &AreaState) -> LevelAnswer {
        match self {
            Self::Rated => state.rated,
            Self::Ongoing => state.ongoing,
        }
    }
}

/// What is asked of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This level at least, 0 to 5, because the caller says so; 0 asks that the area is rated.
    Minimum(u8),
    /// The level that a profile aims at, 0 to 5; 0 asks for nothing.
    Target(u8),
    /// The floor that the unit's baseline states, 1 to 5.
    Floor(u8),
    /// No less than was known for certain elsewhere: at another coordinate, or of another unit.
    ///
    /// Where no level was known, nothing is asked.
    NoWorseThan(Option<LevelAnswer>),
}

impl Wanted {
    /// The level that is asked for, if one is.
    #[must_use]
    pub const fn level(self) -> Option<u8> {
        match self {
            Self::Minimum(level) | Self::Target(level) | Self::Floor(level) => Some(level),
            Self::NoWorseThan(Some(LevelAnswer::Range { at_least, .. })) => Some(at_least),
            Self::NoWorseThan(_) => None,
        }
    }

    /// The level to hold a level against; none if every state passes.
    fn asked(self) -> Option<u8> {
        let is_asked = |level: &u8| *level > 0 || matches!(self, Self::Minimum(_));
        self.level().filter(is_asked)
    }
}

/// Something asked of one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The area, of the model in force where the levels are read.
    pub area: AreaRef,
    /// Which of its levels is asked about.
    pub which: Which,
    /// What is asked.
    pub wanted: Wanted,
}

/// The conditions of a profile, whose targets are given for areas of this model; what the profile
/// says nothing about, or calls not applicable, has no target.
pub fn profile(
    model: &ModelId,
    targets: impl IntoIterator<Item = (AreaId, u8)>,
    which: Which,
) -> Vec<Condition> {
    let condition = |(area, level)| {
        let area = AreaRef { model: model.clone(), area };
        Condition { area, which, wanted: Wanted::Target(level) }
    };
    targets.into_iter().map(condition).collect()
}

/// The conditions that each area is no worse than it was in other states.
///
/// Only what was known for certain then is asked for: `at_least` of its level.
pub fn no_worse(
    than: impl IntoIterator<Item = (AreaRef, Option<AreaState>)>,
    which: Which,
) -> Vec<Condition> {
    let condition = |(area, state): (AreaRef, Option<AreaState>)| {
        let wanted = Wanted::NoWorseThan(state.map(|state| which.of(&state)));
        Condition { area, which, wanted }
    };
    than.into_iter().map(condition).collect()
}

/// The conditions of the baseline that holds for a unit at a point, for areas of this model.
#[must_use]
pub fn floors(settings: &Settings, model: &ModelId, at: At, which: Which) -> Vec<Condition> {
    let areas = settings.floors.keys().filter(|area| area.model == *model);
    let condition = |area: &AreaRef| {
        let level = settings.floor_of(area, at)?;
        Some(Condition { area: area.clone(), which, wanted: Wanted::Floor(level) })
    };
    areas.filter_map(condition).collect()
}

/// Why an area passes, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The level reaches what is wanted, whatever is still open.
    Reached,
    /// Nothing is asked: the target is 0, or no level above 0 was known for certain elsewhere.
    NothingAsked,
    /// The level is below what is wanted, whatever is still open.
    Short,
    /// Whether the level reaches it depends on practices that nobody has judged.
    Undecided,
    /// No practice is judged.
    NotRated,
    /// The model does not list all practices, so there is no level.
    NotDeterminable,
    /// The area is tailored out; only a profile's target lets it pass.
    NotApplicable,
    /// The model in force has no such area, or no model is in force.
    NoSuchArea,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Reached => "reached",
            Self::NothingAsked => "nothing is asked",
            Self::Short => "falls short",
            Self::Undecided => "undecided: it depends on practices that nobody has judged",
            Self::NotRated => "not rated",
            Self::NotDeterminable => "not determinable: the model does not list all practices",
            Self::NotApplicable => "not applicable: the area is tailored out",
            Self::NoSuchArea => "the unit's model has no such area",
        })
    }
}

/// A condition with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The condition.
    pub condition: Condition,
    /// The level that was seen; none where the unit's model has no such area.
    pub seen: Option<LevelAnswer>,
    /// Whether it passes.
    pub passed: bool,
    /// Why.
    pub reason: Reason,
}

/// Holds each condition against the state of its area, in their order.
///
/// The gate is passed when every condition is; of none at all nothing follows, so a caller should
/// refuse to ask without any.
pub fn check(
    conditions: &[Condition],
    state: impl Fn(&AreaRef) -> Option<AreaState>,
) -> Vec<Checked> {
    let checked = |condition: &Condition| {
        let seen = state(&condition.area).map(|state| condition.which.of(&state));
        let reason = reason(condition.wanted, seen);
        let passed = passes(condition.wanted, reason);
        Checked { condition: condition.clone(), seen, passed, reason }
    };
    conditions.iter().map(checked).collect()
}

fn reason(wanted: Wanted, seen: Option<LevelAnswer>) -> Reason {
    let Some(level) = wanted.asked() else { return Reason::NothingAsked };
    match seen {
        None => Reason::NoSuchArea,
        Some(LevelAnswer::NotRated) => Reason::NotRated,
        Some(LevelAnswer::NotDeterminable) => Reason::NotDeterminable,
        Some(LevelAnswer::NotApplicable) => Reason::NotApplicable,
        Some(LevelAnswer::Range { at_least, .. }) if level <= at_least => Reason::Reached,
        Some(LevelAnswer::Range { at_most, .. }) if at_most < level => Reason::Short,
        Some(LevelAnswer::Range { .. }) => Reason::Undecided,
    }
}

fn passes(wanted: Wanted, reason: Reason) -> bool {
    match reason {
        Reason::Reached | Reason::NothingAsked => true,
        // A profile speaks of the areas that apply; what someone asked for by name must be there.
        Reason::NotApplicable => matches!(wanted, Wanted::Target(_)),
        Reason::Short
        | Reason::Undecided
        | Reason::NotRated
        | Reason::NotDeterminable
        | Reason::NoSuchArea => false,
    }
}
