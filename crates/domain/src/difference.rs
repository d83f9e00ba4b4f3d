//! What moved an area's levels between two coordinates: each movement with the facts behind it.
//!
//! The way from one side to the other has three stages, walked one after the other so that the
//! movements join without a gap:
//!
//! 1. **learnt**: at the first side's moment, by the first side's rules, the log grows record by
//!    record to the second side's size;
//! 2. **rules**: the second side's rules take the place of the first's, if they were asked with;
//! 3. **happened**: at the second side's size, time passes to the second side's moment.
//!
//! Where the second side knows less or lies earlier, that stage is walked backwards: the same
//! records and instants in reverse, each movement undone. Two units have no way between them: there
//! the movement is one, and the practices are compared.
//!
//! Law: the first movement begins with the first side's levels, each begins where the one before it
//! ended, and the last ends with the second side's; so all movements together are the whole.

mod learning;

pub use learning::bearing_on;

use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{Target, Timestamp, UnitId};

use crate::cause::{Asked, Between, Cause, Class, Earlier, Seen, Sight, Step};
use crate::course::{AreaState, OwnCourse, OwnCourseAt, course};
use crate::coverage::SupportKind;
use crate::scheme::{Levels, Reading, Role};
use crate::timeline::At;
use crate::world::World;

/// One of the two coordinates that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The unit.
    pub unit: UnitId,
    /// The moment, and how much of the log is known.
    pub at: At,
    /// When the last record known there was recorded; without it no cause is called late.
    pub known_at: Option<Timestamp>,
    /// The rules, if not those in force.
    pub rules: Option<Document>,
}

/// The difference between two coordinates for one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaDifference {
    /// What the first side says; none where its model has no such area, or nothing is in force.
    pub from: Option<AreaState>,
    /// What the second side says.
    pub to: Option<AreaState>,
    /// What moved between them, in the order of the way.
    pub movements: Vec<Movement>,
    /// The practices that are not the same on both sides, in the order of the model.
    pub practices: Vec<PracticeDifference>,
}

/// The part of the way to which a movement belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Another record was known.
    Learnt,
    /// Other rules were asked with.
    Rules,
    /// Time passed.
    Happened,
    /// Another unit was asked about.
    OtherUnit,
}

impl Stage {
    /// The stage in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Learnt => "learnt",
            Self::Rules => "rules",
            Self::Happened => "happened",
            Self::OtherUnit => "other unit",
        }
    }
}

/// One movement on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// To which part of the way it belongs.
    pub stage: Stage,
    /// The moment at which it is seen; of what happened, the instant that passed.
    pub valid_at: Timestamp,
    /// The size at which it is seen; of what was learnt, the least that knows the record.
    pub size: u64,
    /// Whether the way leads backwards here, so that the causes are undone.
    pub backwards: bool,
    /// What is said of the area before it.
    pub before: Option<AreaState>,
    /// What is said of the area after it.
    pub after: Option<AreaState>,
    /// Why; at least one.
    pub causes: Vec<Cause>,
}

impl Movement {
    /// Whether only the coverage moves, or who answers, and no level.
    #[must_use]
    pub fn is_of_coverage_only(&self) -> bool {
        levels(self.before) == levels(self.after)
    }

    fn undone(self) -> Self {
        Self { backwards: true, before: self.after, after: self.before, ..self }
    }
}

/// A practice that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeDifference {
    /// The practice.
    pub target: Target,
    /// The part it plays.
    pub role: Role,
    /// How the first side sees it; none if its model has no such practice in the area.
    pub from: Option<PracticeSeen>,
    /// How the second side sees it.
    pub to: Option<PracticeSeen>,
}

/// How one side sees a practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeSeen {
    /// What the scheme reads of it.
    pub reading: Reading,
    /// Whether valid evidence stands behind it.
    pub support: SupportKind,
}

/// The difference between two coordinates for one area; with `with_coverage` also the movements of
/// coverage, and of who answers, that leave the levels as they are.
///
/// `own` gives own courses by the second side's rules.
#[must_use]
pub fn difference(
    world: &dyn World,
    from: &Side,
    to: &Side,
    area: &AreaRef,
    own: OwnCourseAt<'_>,
    with_coverage: bool,
) -> AreaDifference {
    let asked_from = Asked { world, unit: from.unit, area, rules: from.rules.as_ref() };
    let asked_to = Asked { world, unit: to.unit, area, rules: to.rules.as_ref() };
    let way = Way { asked: asked_from, earlier: earlier(from, to), with_coverage };
    let (first, last) = (asked_from.at(from.at), asked_to.at(to.at));
    let mut movements = Vec::new();
    if from.unit == to.unit {
        // By other rules the courses say nothing of the first side.
        let seen = (from.rules == to.rules).then_some(own);
        movements.extend(way.learnt(from.at, to.at.size, seen));
        let learnt = At { valid_at: from.at.valid_at, size: to.at.size };
        movements.extend(way.ruled(&asked_to, learnt));
        let way = Way { asked: asked_to, ..way };
        let own = |unit: UnitId, area: &AreaRef| own(unit, area, to.at.size);
        movements.extend(way.happened(learnt, to.at.valid_at, &own));
    } else {
        movements.extend(way.other_unit(&first, &last, to));
    }
    let practices = compared(&first, &last);
    AreaDifference { from: first.state(), to: last.state(), movements, practices }
}

/// What the side that knows less knew.
fn earlier(from: &Side, to: &Side) -> Earlier {
    let side = if from.at.size <= to.at.size { from } else { to };
    Earlier { size: side.at.size, known_at: side.known_at }
}

pub(crate) fn levels(state: Option<AreaState>) -> Option<Levels> {
    state.map(|state| Levels { rated: state.rated, ongoing: state.ongoing })
}

/// A way between two points of one unit.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) earlier: Earlier,
    pub(crate) with_coverage: bool,
}

impl<'a> Way<'a> {
    fn moves(&self, before: Option<AreaState>, after: Option<AreaState>) -> bool {
        if self.with_coverage { before != after } else { levels(before) != levels(after) }
    }

    /// The step from one point to the next, if it moves anything.
    fn step(
        &self,
        stage: Stage,
        before: &Sight<'a>,
        after: &Sight<'a>,
        step: Step<'a>,
    ) -> Option<Movement> {
        let (was, is) = (before.state(), after.state());
        let causes = || {
            let (asked, earlier, with_coverage) = (&self.asked, self.earlier, self.with_coverage);
            Between { asked, before, after, step, earlier, with_coverage }.causes()
        };
        self.moves(was, is).then(|| movement(stage, after.at, (was, is), causes()))
    }

    /// The second side's rules take the place of the first's.
    fn ruled(&self, by_others: &Asked<'a>, at: At) -> Option<Movement> {
        if self.asked.rules == by_others.rules {
            return None;
        }
        let (before, after) = (self.asked.at(at).state(), by_others.at(at).state());
        let causes = vec![Cause::new(Class::RulesChanged, self.asked.unit, None)];
        self.moves(before, after).then(|| movement(Stage::Rules, at, (before, after), causes))
    }

    /// Time passes from a point to another moment.
    fn happened(&self, from: At, to: Timestamp, own: OwnCourse<'_>) -> Vec<Movement> {
        let Asked { world, unit, area, rules } = self.asked;
        let course = course(world, unit, area, from.size, rules, own);
        let (begin, end) = (from.valid_at.min(to), from.valid_at.max(to));
        let passed = course.after(begin).iter().take_while(|(instant, _)| *instant <= end);
        let mut before = *course.at(begin);
        let mut movements = Vec::new();
        for (instant, after) in passed {
            if self.moves(before, *after) {
                movements.extend(self.passed(*instant, from.size));
            }
            before = *after;
        }
        in_order(movements, to < from.valid_at)
    }

    /// What moves where an instant passes.
    pub(crate) fn passed(&self, instant: Timestamp, size: u64) -> Option<Movement> {
        let sight = |valid_at| self.asked.at(At { valid_at, size });
        let (before, after) = (sight(instant.plus_micros(-1)), sight(instant));
        self.step(Stage::Happened, &before, &after, Step::Happened)
    }

    fn other_unit(&self, first: &Sight<'_>, last: &Sight<'_>, to: &Side) -> Option<Movement> {
        let states = (first.state(), last.state());
        let causes = vec![Cause::new(Class::OtherUnit, to.unit, None)];
        self.moves(states.0, states.1).then(|| movement(Stage::OtherUnit, last.at, states, causes))
    }
}

fn movement(
    stage: Stage,
    at: At,
    (before, after): (Option<AreaState>, Option<AreaState>),
    causes: Vec<Cause>,
) -> Movement {
    let (valid_at, size) = (at.valid_at, at.size);
    Movement { stage, valid_at, size, backwards: false, before, after, causes }
}

/// Movements in the order of the way: of a way backwards the last first, each undone.
fn in_order(movements: Vec<Movement>, backwards: bool) -> Vec<Movement> {
    if backwards { movements.into_iter().rev().map(Movement::undone).collect() } else { movements }
}

/// The practices that the two sides do not see alike, in the order of the second side's model, then
/// those that only the first has.
fn compared(first: &Sight<'_>, last: &Sight<'_>) -> Vec<PracticeDifference> {
    let of = |sight: &'_ Sight<'_>| {
        let practices = sight.answer.iter().flat_map(|answer| &answer.own.practices);
        practices.map(|seen| (seen.target.clone(), seen.role, practice(seen))).collect::<Vec<_>>()
    };
    let (from, to) = (of(first), of(last));
    let find = |among: &[(Target, Role, PracticeSeen)], target: &Target| {
        among.iter().find(|(other, ..)| other == target).map(|(.., seen)| seen.clone())
    };
    let only_from = from.iter().filter(|(target, ..)| find(&to, target).is_none());
    let differences = to.iter().chain(only_from).map(|(target, role, _)| PracticeDifference {
        target: target.clone(),
        role: *role,
        from: find(&from, target),
        to: find(&to, target),
    });
    differences.filter(|difference| difference.from != difference.to).collect()
}

fn practice(seen: &Seen<'_>) -> PracticeSeen {
    PracticeSeen { reading: seen.reading.clone(), support: seen.kind() }
}
