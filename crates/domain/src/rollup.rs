//! Roll-ups: one area over many units, by named rules.
//!
//! Inherited answers count once: units that inherit an area from the same unit above them tell one
//! answer, that unit's, and so does that unit if it is among them. Only where they read it by other
//! models or rules, and so differently, each reading counts.
//!
//! Invariant: the counts of a distribution add up to the answers, of which there are never more
//! than units.

use gradus_model::UnitId;
use gradus_model::unit::UnitKind;

use crate::course::AreaState;
use crate::gap::{Goal, Status, distance};
use crate::gate::Which;
use crate::level::Coverage;
use crate::registry::{Registry, Unit};
use crate::sse_cmm::{HIGHEST, LevelAnswer};
use crate::timeline::At;

/// The units in a scope at a point: those that lived then and stood below it, or are it, and that
/// the caller wants, in the order of ids.
///
/// A unit lives from its registration until it is archived. `wanted` may look at kinds
/// ([`is_project`]) or at labels.
#[must_use]
pub fn members(
    registry: &Registry,
    scope: UnitId,
    at: At,
    wanted: impl Fn(&Unit) -> bool,
) -> Vec<UnitId> {
    let in_scope = |unit: &&Unit| registry.lineage(unit.id, at).contains(&scope);
    let living = registry.units().filter(|unit| unit.lives(at) && wanted(unit));
    living.filter(in_scope).map(|unit| unit.id).collect()
}

/// Whether a unit is a project: what roll-ups are over if nothing else is asked for.
#[must_use]
pub fn is_project(unit: &Unit) -> bool {
    unit.kind == UnitKind::Project
}

/// The named rules by which many levels become one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The lowest level.
    Minimum,
    /// The middle level; of an even number of answers the lower middle one.
    Median,
    /// How many are at each level.
    Distribution,
    /// How many reach the level that is aimed at.
    OnTarget,
}

impl Rule {
    /// Every rule.
    pub const ALL: &'static [Self] =
        &[Self::Minimum, Self::Median, Self::Distribution, Self::OnTarget];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::Median => "median",
            Self::Distribution => "distribution",
            Self::OnTarget => "on-target",
        }
    }
}

/// What one unit says of the area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The unit.
    pub unit: UnitId,
    /// The area's state; none where the unit's model has no such area.
    pub state: Option<AreaState>,
    /// What the unit aims at in the area.
    pub goal: Goal,
}

/// One area over many units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollUp {
    /// The units.
    pub units: u32,
    /// The units that inherit the area.
    pub inherited: u32,
    /// The answers that count: each unit's own, and each inherited one once.
    pub answers: u32,
    /// The judged levels.
    pub rated: Summary,
    /// The levels that valid evidence still supports.
    pub ongoing: Summary,
    /// The coverage of all answers together, without those to which the area does not apply.
    pub coverage: CoverageSum,
}

/// What many levels come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many answers are at each level.
    pub distribution: Distribution,
    /// Lowest, middle and highest level of the answers that have one; none if none has.
    ///
    /// An area that is not rated is at no level, not at 0: it counts in the distribution only.
    pub spread: Option<Spread>,
    /// How many reach what is aimed at.
    pub on_target: OnTarget,
}

/// How many answers are at each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Those known exactly, at levels 0 to 5.
    pub exact: [u32; LEVELS],
    /// Those known to lie between two levels.
    pub between: u32,
    /// Those of which nothing is judged.
    pub not_rated: u32,
    /// Those to which the area does not apply.
    pub not_applicable: u32,
    /// Those whose model does not list all practices.
    pub not_determinable: u32,
    /// Those whose model has no such area.
    pub absent: u32,
}

/// The number of capability levels, 0 to 5.
const LEVELS: usize = HIGHEST as usize + 1;

impl Distribution {
    /// Every answer.
    #[must_use]
    pub fn total(&self) -> u32 {
        let without = self.not_rated + self.not_applicable + self.not_determinable + self.absent;
        self.leveled() + without
    }

    /// The answers that have a level, exactly or between two.
    #[must_use]
    pub fn leveled(&self) -> u32 {
        self.exact.iter().sum::<u32>() + self.between
    }

    fn take(&mut self, answer: Option<LevelAnswer>) {
        let count = match answer {
            Some(LevelAnswer::Range { at_least, at_most, .. }) => {
                let exact = self.exact.get_mut(usize::from(at_least));
                exact.filter(|_| at_least == at_most).unwrap_or(&mut self.between)
            }
            Some(LevelAnswer::NotRated) => &mut self.not_rated,
            Some(LevelAnswer::NotApplicable) => &mut self.not_applicable,
            Some(LevelAnswer::NotDeterminable) => &mut self.not_determinable,
            None => &mut self.absent,
        };
        *count += 1;
    }
}

/// A level that many levels come to, 0 to 5, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelBounds {
    /// What it comes to if nothing that is open is satisfied.
    pub at_least: u8,
    /// What it comes to if everything that is open is satisfied.
    pub at_most: u8,
}

/// Lowest, middle and highest of many levels; each bound is that of the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The lowest, which is the answer of [`Rule::Minimum`].
    pub lowest: LevelBounds,
    /// The answer of [`Rule::Median`].
    pub median: LevelBounds,
    /// The highest.
    pub highest: LevelBounds,
}

/// How many answers reach the level that is aimed at.
///
/// An answer that several units inherit counts once for each goal that they set with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnTarget {
    /// They reach it; a goal of level 0 is always reached.
    pub met: u32,
    /// They do not.
    pub short: u32,
    /// It depends on practices that nobody has judged.
    pub maybe: u32,
    /// There is a goal and no level: not rated, not determinable, or no such area.
    pub unknown: u32,
    /// The area does not apply, as the profile or the unit says.
    pub not_applicable: u32,
    /// Nothing is aimed at.
    pub without_goal: u32,
}

impl OnTarget {
    /// The answers of which something is asked: the share on target is `met` of these.
    #[must_use]
    pub fn aimed(&self) -> u32 {
        self.met + self.short + self.maybe + self.unknown
    }

    fn take(&mut self, goal: Goal, answer: Option<LevelAnswer>) {
        let count = match distance(goal, answer.unwrap_or(LevelAnswer::NotRated)).status {
            Status::Met => &mut self.met,
            Status::Short => &mut self.short,
            Status::Maybe => &mut self.maybe,
            Status::NotRated | Status::NotDeterminable => &mut self.unknown,
            Status::NotApplicable | Status::TailoredOut => &mut self.not_applicable,
            Status::NoTarget => &mut self.without_goal,
        };
        *count += 1;
    }
}

/// The coverage of many answers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoverageSum {
    /// Base practices.
    pub practices: u32,
    /// Those that valid evidence supports.
    pub supported: u32,
    /// Those that valid evidence contradicts.
    pub contradicted: u32,
    /// Those that evidence supported once.
    pub lapsed: u32,
}

impl CoverageSum {
    fn take(&mut self, coverage: Coverage) {
        self.practices += u32::from(coverage.practices);
        self.supported += u32::from(coverage.supported);
        self.contradicted += u32::from(coverage.contradicted);
        self.lapsed += u32::from(coverage.lapsed);
    }
}

/// Rolls one area up over units, each given once, in any order.
#[must_use]
pub fn roll_up(members: &[Member]) -> RollUp {
    let mut told: Vec<Told> = members.iter().map(Told::by).collect();
    told.sort_unstable_by_key(|told| told.unit);
    let mut sums = Sums::default();
    let mut before: Vec<Told> = Vec::new();
    for of_unit in told.chunk_by(|one, next| one.unit == next.unit) {
        before.clear();
        for told in of_unit {
            if !before.contains(told) {
                sums.take(told, before.iter().all(|earlier| earlier.state != told.state));
                before.push(*told);
            }
        }
    }
    let inherits =
        |member: &&Member| member.state.is_some_and(|state| state.inherited_from.is_some());
    let [rated, ongoing] = sums.levels;
    RollUp {
        units: number(members.len()),
        inherited: number(members.iter().filter(inherits).count()),
        answers: rated.distribution.total(),
        rated: rated.summary(),
        ongoing: ongoing.summary(),
        coverage: sums.coverage,
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// An answer, and the unit whose it is: of an inherited one the unit above.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    unit: UnitId,
    state: Option<AreaState>,
    goal: Goal,
}

impl Told {
    fn by(member: &Member) -> Self {
        let from = member.state.and_then(|state| state.inherited_from);
        let state = member.state.map(|state| AreaState { inherited_from: None, ..state });
        Self { unit: from.unwrap_or(member.unit), state, goal: member.goal }
    }
}

/// What is added up while answers are told.
#[derive(Default)]
struct Sums {
    levels: [LevelSums; 2],
    coverage: CoverageSum,
}

impl Sums {
    /// Takes in an answer; where its state `is_new`, all of it, else only its goal.
    fn take(&mut self, told: &Told, is_new: bool) {
        for (which, sums) in [Which::Rated, Which::Ongoing].into_iter().zip(&mut self.levels) {
            let answer = told.state.map(|state| which.of(&state));
            sums.on_target.take(told.goal, answer);
            if is_new {
                sums.take(answer);
            }
        }
        let applies = |state: &AreaState| state.rated != LevelAnswer::NotApplicable;
        if let Some(state) = told.state.filter(applies).filter(|_| is_new) {
            self.coverage.take(state.coverage);
        }
    }
}

/// How many answers are at each level, by each bound.
#[derive(Default)]
struct LevelSums {
    distribution: Distribution,
    on_target: OnTarget,
    at_least: [u32; LEVELS],
    at_most: [u32; LEVELS],
}

impl LevelSums {
    fn take(&mut self, answer: Option<LevelAnswer>) {
        self.distribution.take(answer);
        if let Some(LevelAnswer::Range { at_least, at_most, .. }) = answer {
            for (counts, level) in [(&mut self.at_least, at_least), (&mut self.at_most, at_most)] {
                if let Some(count) = counts.get_mut(usize::from(level)) {
                    *count += 1;
                }
            }
        }
    }

    fn summary(self) -> Summary {
        let leveled = self.distribution.leveled();
        let bounds = |below: u32| LevelBounds {
            at_least: level_above(&self.at_least, below),
            at_most: level_above(&self.at_most, below),
        };
        let spread = leveled.checked_sub(1).map(|last| Spread {
            lowest: bounds(0),
            median: bounds(last / 2),
            highest: bounds(last),
        });
        Summary { distribution: self.distribution, spread, on_target: self.on_target }
    }
}

/// The level of the answer that has `below` others below it, when all are put in order.
fn level_above(counts: &[u32; LEVELS], below: u32) -> u8 {
    let mut passed = 0;
    for (level, count) in (0..).zip(counts) {
        passed += count;
        if below < passed {
            return level;
        }
    }
    HIGHEST
}
