//! Everything behind an area's levels at a point: what they were computed with, who answers, each
//! practice with its ratings and evidence, what would lift them, and what makes them fall next.

mod items;
mod ratings;

use std::sync::Arc;

use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Target, Timestamp, UnitId};

use crate::cause::{Asked, Own, Seen};
use crate::course::{course, own_course};
use crate::coverage::{Support, testimonies};
use crate::duties::behind::Onlooker;
use crate::forecast::{Change, falls_next};
use crate::history::{RatingHistory, UnitHistory};
use crate::level::{AreaAnswer, PracticeAnswer, distinct, worst};
use crate::lift::{LevelStep, Need, derivation, lift, next_level};
use crate::rules::Rules;
use crate::scheme::{Reading, Role};
use crate::sse_cmm::LevelAnswer;
use crate::timeline::At;
use crate::world::{Basis, NoAnswer, World, basis};

pub(crate) use items::behind as item_behind;
pub use items::{Counts, ItemBehind, WhyNot};
pub use ratings::{RatingBehind, WhyPassedOver};

/// Everything behind an area's levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The point asked about.
    pub at: At,
    /// What the levels are computed with.
    pub basis: Basis,
    /// The levels, with every practice.
    pub answer: AreaAnswer,
    /// The unit whose ratings and evidence answer: the unit itself, or one above it.
    pub answered_by: UnitId,
    /// Since when the area does not apply to the unit, if it does not.
    pub tailored_out: Option<TailoredOut>,
    /// What is behind each practice, in the order of the answer's.
    pub practices: Vec<PracticeBehind>,
    /// How the levels came about, from level 1 to 5.
    pub derivation: Vec<LevelStep>,
    /// The fewest things that would lift the rated level by one; none where none follows or the
    /// highest is reached.
    pub lift_rated: Option<Vec<Need>>,
    /// The fewest things that would lift the ongoing level by one.
    pub lift_ongoing: Option<Vec<Need>>,
    /// What makes a level fall next, if nothing is renewed.
    pub falls_next: Option<Change>,
}

/// The statement that took an area out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TailoredOut {
    /// Since when.
    pub since: Timestamp,
    /// Where it was recorded.
    pub position: u64,
}

/// What is behind one practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeBehind {
    /// The practice.
    pub target: Target,
    /// The part it plays.
    pub role: Role,
    /// The ratings in force, one for each process instance.
    pub ratings: Vec<RatingBehind>,
    /// The ratings that had begun and do not count, with the reason.
    pub passed_over: Vec<(RatingBehind, WhyPassedOver)>,
    /// Whether valid evidence stands behind it, and since or until when.
    pub support: Support,
    /// Every item that was linked to it, in the order of recording.
    pub evidence: Vec<ItemBehind>,
}

/// Explains an area of the unit's model at a point, with the rules in force or with `rules`; none
/// where the model has no such area.
///
/// What falls next is told by the same rules, even where others are to be adopted before.
///
/// # Errors
///
/// [`NoAnswer`] for a unit that is not known, or where no model or rules are in force.
pub fn explain(
    world: &dyn World,
    unit: UnitId,
    area: AreaId,
    at: At,
    rules: Option<&Document>,
) -> Result<Option<Explanation>, NoAnswer> {
    let known = world.registry().unit(unit).is_some_and(|unit| unit.position < at.size);
    if !known {
        return Err(NoAnswer::UnitUnknown);
    }
    let basis = basis(world, unit, at, rules)?;
    let area = AreaRef { model: basis.catalog.id().clone(), area };
    let asked = Asked { world, unit, area: &area, rules };
    let Some(answer) = asked.under(at, Some(basis.clone())).answer else { return Ok(None) };
    let onlooker = Onlooker::new(world, answer.by, at.size);
    let behind = Behind { world, unit: answer.by, at, rules: &basis.read_rules, onlooker };
    let practices = answer.own.practices.iter().map(|seen| behind.practice(seen)).collect();
    let readings: Vec<&Reading> = answer.own.practices.iter().map(|seen| &seen.reading).collect();
    let (outline, read_rules) = (&answer.own.outline, &basis.read_rules);
    let lifted = |level: LevelAnswer, ongoing| {
        lift(read_rules, outline, &readings, next_level(level)?, ongoing)
    };
    // What falls next is told by the rules that answer, so that they alone pin the explanation.
    let in_force = basis.rules.clone();
    let asked = Asked { rules: Some(&in_force), ..asked };
    let own = courses(world, at.size, asked.rules);
    let course = course(world, unit, &area, at.size, asked.rules, &own);
    Ok(Some(Explanation {
        at,
        answer: AreaAnswer {
            rated: answer.levels.rated,
            ongoing: answer.levels.ongoing,
            inherited_from: (answer.by != unit).then_some(answer.by),
            ..answer_of(area.area, read_rules, &answer.own)
        },
        answered_by: answer.by,
        tailored_out: tailored_out(world, unit, &area, at),
        practices,
        derivation: derivation(read_rules, outline, &readings),
        lift_rated: lifted(answer.levels.rated, false),
        lift_ongoing: lifted(answer.levels.ongoing, true),
        falls_next: falls_next(&asked, at.size, &course, at.valid_at),
        basis,
    }))
}

/// Own courses at one size, computed from the histories with the rules in force or with `rules`.
pub fn courses<'a>(
    world: &'a dyn World,
    size: u64,
    rules: Option<&'a Document>,
) -> impl Fn(UnitId, &AreaRef) -> Option<Arc<crate::fold::AreaCourse>> + 'a {
    move |unit, area| {
        // Of a unit without a history nothing is known, not even that it is not rated.
        world.history(unit)?;
        Some(Arc::new(own_course(world, unit, area, size, rules)))
    }
}

fn tailored_out(world: &dyn World, unit: UnitId, area: &AreaRef, at: At) -> Option<TailoredOut> {
    let settings = &world.history(unit)?.settings;
    let stated = settings.tailored_out.get(area)?.stated_at(at)?;
    let (since, position) = (stated.effective_at, stated.position);
    stated.value.then_some(TailoredOut { since, position })
}

/// The own answer of a unit.
fn answer_of(area: AreaId, rules: &Rules, own: &Own<'_>) -> AreaAnswer {
    let base = own.practices.iter().take(own.outline.base_practices());
    let valid: Vec<u64> = base.flat_map(|seen| seen.valid.iter().copied()).collect();
    AreaAnswer {
        area,
        rated: own.levels.rated,
        ongoing: own.levels.ongoing,
        coverage: own.coverage(),
        items: distinct(valid),
        inherited_from: None,
        practices: own.practices.iter().map(|seen| practice_answer(rules, seen)).collect(),
    }
}

fn practice_answer(rules: &Rules, seen: &Seen<'_>) -> PracticeAnswer {
    PracticeAnswer {
        target: seen.target.clone(),
        role: seen.role,
        rating: worst(rules, &seen.in_force),
        reading: seen.reading.clone(),
        support: seen.support,
        items: u32::try_from(seen.valid.len()).unwrap_or(u32::MAX),
    }
}

/// Where what is behind the practices is looked up: the unit that answers, at the point.
struct Behind<'a> {
    world: &'a dyn World,
    unit: UnitId,
    at: At,
    rules: &'a Rules,
    onlooker: Onlooker<'a>,
}

impl Behind<'_> {
    fn practice(&self, seen: &Seen<'_>) -> PracticeBehind {
        let nothing = UnitHistory::default();
        let history = self.world.history(self.unit).unwrap_or(&nothing);
        let (target, at, rules) = (&seen.target, self.at, self.rules);
        let providers = self.world.registry();
        let heard: Vec<_> = testimonies(history, target, at.size, rules, providers).collect();
        let items = history.evidence_for(target, at.size);
        let mut evidence: Vec<ItemBehind> =
            items.map(|item| items::behind(item, target, at, rules, providers)).collect();
        evidence.sort_by_key(|item| item.position);
        let standing = |rating: &RatingHistory| self.onlooker.of(history, rating);
        let in_force = seen.in_force.iter();
        let in_force = in_force.map(|rating| ratings::behind(rating, &heard, standing(rating)));
        PracticeBehind {
            target: target.clone(),
            role: seen.role,
            ratings: in_force.collect(),
            passed_over: ratings::passed_over(history, seen, &heard, at, rules, &standing),
            support: seen.support,
            evidence,
        }
    }
}
