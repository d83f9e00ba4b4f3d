//! The gap: what a profile aims at in each area of a unit, against the levels that the unit has.
//!
//! A profile may be about another edition than the unit's, and is then carried through the
//! crosswalk between the two, and says so for each area. Forward, from an edition to its
//! successor: where several areas meet in one, the highest target applies; links of relation
//! partial and areas that are not applicable are left out. Back, from a successor: only through
//! links that are one to one, since no part of an area can be asked for its level.
//!
//! Invariant: there is no target where nothing leads to an area, and no gap without a target.

use gradus_model::catalog::{
    Aim, AreaTarget, Basis, Crosswalk, DependencyWarning, Ground, Origin, Relation,
    dependency_warnings,
};
use gradus_model::unit::Phase;
use gradus_model::{AreaId, Catalog, Label, Profile};

use crate::sse_cmm::LevelAnswer;

/// A question for the gap, with all that the answer depends on besides levels.
#[derive(Clone, Copy, Debug)]
pub struct GapQuestion<'a> {
    /// What is aimed at.
    pub profile: &'a Profile,
    /// The model that the profile is about.
    pub profile_model: &'a Catalog,
    /// The unit's model, which may be another edition.
    pub model: &'a Catalog,
    /// The unit's open phases, in any order.
    pub open: &'a [Phase],
}

/// How a profile reaches the areas of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is about the unit's model.
    Direct,
    /// Through the crosswalk of its model, of which the unit's is the successor.
    Forward,
    /// Against the crosswalk of the unit's model, of which its own is the successor.
    Back,
    /// Nothing leads from the one model to the other: there are no targets.
    Nowhere,
}

impl GapQuestion<'_> {
    /// How the profile reaches the unit's areas.
    #[must_use]
    pub fn way(&self) -> Way {
        let (from, to) = (&self.profile.model, self.model.id());
        if from == to {
            Way::Direct
        } else if self.profile_model.id() == from && self.profile_model.successor() == Some(to) {
            Way::Forward
        } else if self.model.successor() == Some(from) {
            Way::Back
        } else {
            Way::Nowhere
        }
    }
}

/// What is aimed at in an area of the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A capability level, 0 to 5; 0 asks for nothing.
    Level(u8),
    /// The profile says that the area is not applicable.
    NotApplicable,
    /// The profile says nothing that can be carried over to the area.
    Unsaid,
}

/// A target of the profile that speaks of an area of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalSource {
    /// The area, in the profile's model.
    pub area: AreaId,
    /// The level aimed at while the unit's phases are open; none if it is not applicable.
    pub level: Option<u8>,
    /// The open phase that changes the level from what it is otherwise.
    pub phase: Option<Phase>,
    /// Whether the profile states or infers it.
    pub basis: Basis,
    /// The rule of the profile by which it was inferred.
    pub rule: Option<Label>,
    /// Whether the profile itself says so, or its base.
    pub origin: Origin,
    /// Why, in a sentence.
    pub rationale: String,
    /// The link that it came through, if it is about another edition.
    pub link: Option<Link>,
    /// What it does to the goal.
    pub part: Part,
}

/// The link between two editions that a target came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How the one area became the other.
    pub relation: Relation,
    /// What the link rests on.
    pub ground: Ground,
    /// Why, in a sentence.
    pub reason: String,
}

/// The part that a target plays for the goal of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its level is the goal.
    Decides,
    /// Another one, which is higher, is the goal.
    Lower,
    /// It is not applicable; if all others are left out, the goal is just that.
    NotApplicable,
    /// It is left out: its link is partial.
    Partial,
    /// It is left out: its link is not one to one, and leads the other way.
    NoWayBack,
}

/// How far a level is from the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    /// Whether the goal is met.
    pub status: Status,
    /// The missing levels, where goal and level are known.
    pub gap: Option<Bounds>,
}

/// Capability levels that are missing, 0 to 5: bounds, as a level may be known in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The gap if every open practice is satisfied.
    pub at_least: u8,
    /// The gap if no open practice is.
    pub at_most: u8,
}

/// Whether a level meets the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It does, whatever the open practices are found to be.
    Met,
    /// It does not, whatever they are found to be.
    Short,
    /// It depends on practices that nobody has judged.
    Maybe,
    /// Nothing is rated.
    NotRated,
    /// The model does not list all practices, so there is no level.
    NotDeterminable,
    /// The profile says that the area is not applicable.
    NotApplicable,
    /// The unit tailored the area out, whatever the goal.
    TailoredOut,
    /// The profile says nothing of the area.
    NoTarget,
}

/// The answer for one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaGap {
    /// The area, in the unit's model.
    pub area: AreaId,
    /// What is aimed at.
    pub goal: Goal,
    /// Whether the goal is stated: a target that decides it is, and no link but one to one lies
    /// between. None without a goal.
    pub basis: Option<Basis>,
    /// Every target that speaks of the area, also those left out, ordered by area.
    pub sources: Vec<GoalSource>,
    /// How far the rated level is from the goal.
    pub rated: Distance,
    /// How far the ongoing level is from the goal.
    pub ongoing: Distance,
}

/// The gap for every area of the unit's model, in its order.
///
/// `states` are the rated and the ongoing level of areas; an area that is missing is not rated.
#[must_use]
pub fn gap(
    question: &GapQuestion<'_>,
    states: &[(AreaId, LevelAnswer, LevelAnswer)],
) -> Vec<AreaGap> {
    let area_gap = |area: AreaId| {
        let mut sources = sources(question, area);
        let goal = decide(&mut sources);
        let state = states.iter().find(|(of, ..)| *of == area);
        let (rated, ongoing) = state
            .map_or((LevelAnswer::NotRated, LevelAnswer::NotRated), |(_, rated, ongoing)| {
                (*rated, *ongoing)
            });
        AreaGap {
            area,
            goal,
            basis: basis(goal, &sources),
            sources,
            rated: distance(goal, rated),
            ongoing: distance(goal, ongoing),
        }
    };
    question.model.areas().iter().map(|area| area_gap(area.id)).collect()
}

/// Where the unit is asked for more in an area than in one that this area needs.
///
/// `gaps` are those of a unit with this `model`.
#[must_use]
pub fn warnings(model: &Catalog, gaps: &[AreaGap]) -> Vec<DependencyWarning> {
    dependency_warnings(model, |area| {
        let Some(gap) = gaps.iter().find(|gap| gap.area == area) else { return Aim::Unsaid };
        match (gap.rated.status, gap.goal) {
            (Status::TailoredOut, _) => Aim::TailoredOut,
            (_, Goal::Level(level)) => Aim::Level(level),
            (_, Goal::NotApplicable) => Aim::NotApplicable,
            (_, Goal::Unsaid) => Aim::Unsaid,
        }
    })
}

/// How far `level` is from `goal`.
///
/// What is tailored out stays so whatever the goal; a goal of level 0 is met whatever the level.
#[must_use]
pub fn distance(goal: Goal, level: LevelAnswer) -> Distance {
    let without = |status| Distance { status, gap: None };
    let wanted = match goal {
        _ if level == LevelAnswer::NotApplicable => return without(Status::TailoredOut),
        Goal::Unsaid => return without(Status::NoTarget),
        Goal::NotApplicable => return without(Status::NotApplicable),
        Goal::Level(wanted) => wanted,
    };
    let (low, high) = match level {
        LevelAnswer::Range { at_least, at_most, .. } => (at_least, at_most),
        _ if wanted == 0 => (0, 0),
        LevelAnswer::NotRated => return without(Status::NotRated),
        LevelAnswer::NotDeterminable => return without(Status::NotDeterminable),
        LevelAnswer::NotApplicable => return without(Status::TailoredOut),
    };
    let gap = Bounds { at_least: wanted.saturating_sub(high), at_most: wanted.saturating_sub(low) };
    let status = match gap {
        Bounds { at_most: 0, .. } => Status::Met,
        Bounds { at_least: 0, .. } => Status::Maybe,
        Bounds { .. } => Status::Short,
    };
    Distance { status, gap: Some(gap) }
}

/// The targets that speak of an area, each with the part that it could play.
fn sources(question: &GapQuestion<'_>, area: AreaId) -> Vec<GoalSource> {
    let target = |of: AreaId, link: Option<&Crosswalk>, left_out: Option<Part>| {
        question.profile.target(of).map(|target| source(question, target, link, left_out))
    };
    let mut sources: Vec<GoalSource> = match question.way() {
        Way::Direct => target(area, None, None).into_iter().collect(),
        Way::Forward => {
            let links = question.profile_model.crosswalk().iter().filter(|link| link.to == area);
            let partial =
                |link: &Crosswalk| (link.relation == Relation::Partial).then_some(Part::Partial);
            links.filter_map(|link| target(link.from, Some(link), partial(link))).collect()
        }
        Way::Back => {
            let links = question.model.crosswalk().iter().filter(|link| link.from == area);
            let no_way_back =
                |link: &Crosswalk| (!link.relation.one_to_one()).then_some(Part::NoWayBack);
            links.filter_map(|link| target(link.to, Some(link), no_way_back(link))).collect()
        }
        Way::Nowhere => Vec::new(),
    };
    sources.sort_by_key(|source| source.area);
    sources
}

fn source(
    question: &GapQuestion<'_>,
    target: &AreaTarget,
    link: Option<&Crosswalk>,
    left_out: Option<Part>,
) -> GoalSource {
    let level = target.level_in(question.open);
    let asks = |phase: &&Phase| target.phases.get(*phase).copied() == level;
    let phase = (level != target.level).then(|| question.open.iter().find(asks).copied());
    let applicable = if level.is_some() { Part::Decides } else { Part::NotApplicable };
    GoalSource {
        area: target.area,
        level,
        phase: phase.flatten(),
        basis: target.basis,
        rule: target.rule.clone(),
        origin: target.origin.clone(),
        rationale: target.rationale.clone(),
        link: link.map(|link| Link {
            relation: link.relation,
            ground: link.ground,
            reason: link.reason.clone(),
        }),
        part: left_out.unwrap_or(applicable),
    }
}

/// The goal that targets give together: the highest of those that are not left out.
fn decide(sources: &mut [GoalSource]) -> Goal {
    let deciding = sources.iter().filter(|source| source.part == Part::Decides);
    let highest = deciding.filter_map(|source| source.level).max();
    let Some(highest) = highest else {
        let not_applicable = |source: &GoalSource| source.part == Part::NotApplicable;
        return if sources.iter().any(not_applicable) { Goal::NotApplicable } else { Goal::Unsaid };
    };
    for source in sources {
        if source.part == Part::Decides && source.level != Some(highest) {
            source.part = Part::Lower;
        }
    }
    Goal::Level(highest)
}

/// A level is stated when one target states it; that an area is not applicable, when all do.
fn basis(goal: Goal, sources: &[GoalSource]) -> Option<Basis> {
    let of = |part: Part| sources.iter().filter(move |source| source.part == part);
    let stated = |source: &GoalSource| {
        let same = source.link.as_ref().is_none_or(|link| link.relation.one_to_one());
        same && source.basis == Basis::Stated
    };
    let stated = match goal {
        Goal::Level(_) => of(Part::Decides).any(stated),
        Goal::NotApplicable => of(Part::NotApplicable).all(stated),
        Goal::Unsaid => return None,
    };
    Some(if stated { Basis::Stated } else { Basis::Inferred })
}
