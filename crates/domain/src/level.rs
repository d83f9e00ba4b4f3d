//! The levels of a unit's areas at a point: rated and ongoing, inherited where the rules say so.

use std::collections::BTreeMap;

use gradus_model::catalog::{Area, Catalog, Category};
use gradus_model::rating::{Scale, Value};
use gradus_model::unit::{AreaRef, Inheritance};
use gradus_model::{AreaId, Label, Practice, PrincipalId, RatingId, Target, Timestamp, UnitId};

use crate::coverage::{KindOf, Support, support_and_valid};
use crate::history::{RatingHistory, UnitHistory};
use crate::rules::Rules;
use crate::sse_cmm::{self, Judgment, LevelAnswer};
use crate::timeline::At;

/// A question for levels, with all that the answer depends on.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The point asked about.
    pub at: At,
    /// The rules to answer by.
    pub rules: &'a Rules,
    /// The unit's model at that point.
    pub model: &'a Catalog,
    /// Tells the kind of a principal.
    pub kind_of: KindOf<'a>,
}

/// One practice of an area at the point asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeAnswer {
    /// The practice.
    pub target: Target,
    /// The rating in force, if it has one that the scheme reads.
    pub rating: Option<RatingInForce>,
    /// Whether valid evidence stands behind it.
    pub support: Support,
    /// How many valid items speak for or against it.
    pub items: u32,
}

/// The rating that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatingInForce {
    /// The rating.
    pub rating: RatingId,
    /// Who rated, or on whose behalf the rule rater ran.
    pub actor: PrincipalId,
    /// Its value.
    pub value: Value,
    /// Whether a rule rated, not a person.
    pub by_rule: bool,
    /// From when it is in force.
    pub effective_at: Timestamp,
    /// Where it was recorded.
    pub position: u64,
}

impl PracticeAnswer {
    /// What ratings say of it.
    fn rated(&self) -> Judgment {
        match self.rating.map(|rating| rating.value) {
            Some(Value::Satisfied) => Judgment::Yes,
            Some(Value::NotSatisfied) => Judgment::No,
            // This scheme reads no other value; nothing is converted silently.
            Some(_) | None => Judgment::Unknown,
        }
    }

    /// What ratings say of it, as far as valid evidence still supports them.
    fn ongoing(&self) -> Judgment {
        match (self.rated(), self.support) {
            (Judgment::Yes, Support::Supported { .. }) => Judgment::Yes,
            (
                Judgment::Yes,
                Support::Contradicted | Support::Lapsed { .. } | Support::Unsupported,
            ) => Judgment::No,
            (judgment @ (Judgment::No | Judgment::Unknown), _) => judgment,
        }
    }
}

/// How many base practices of an area have valid evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The area's base practices.
    pub practices: u16,
    /// Those that valid evidence supports.
    pub supported: u16,
    /// Those that valid evidence contradicts.
    pub contradicted: u16,
    /// Those that evidence supported once.
    pub lapsed: u16,
    /// Valid items that speak for or against any of them, each counted once.
    pub items: u32,
}

/// The answer for one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaAnswer {
    /// The area.
    pub area: AreaId,
    /// The level that was judged.
    pub rated: LevelAnswer,
    /// The level that valid evidence still supports.
    pub ongoing: LevelAnswer,
    /// How many base practices have valid evidence.
    pub coverage: Coverage,
    /// The ancestor that answered, if the unit did not itself.
    pub inherited_from: Option<UnitId>,
    /// Every practice of the area: base practices, then generic practices of levels 2 to 5.
    pub practices: Vec<PracticeAnswer>,
}

/// The levels of every area of the model, in its order.
///
/// `lineage` is the unit and those above it, nearest first.
#[must_use]
pub fn levels(question: &Question<'_>, lineage: &[(UnitId, &UnitHistory)]) -> Vec<AreaAnswer> {
    question.model.areas().iter().map(|area| area_level(question, lineage, area)).collect()
}

fn area_level(
    question: &Question<'_>,
    lineage: &[(UnitId, &UnitHistory)],
    area: &Area,
) -> AreaAnswer {
    let Some(((_, own), ancestors)) = lineage.split_first() else {
        return answer_of(question, &UnitHistory::default(), area);
    };
    let reference = AreaRef { model: question.model.id().clone(), area: area.id };
    if own.settings.is_tailored_out(&reference, question.at) {
        let mut answer = answer_of(question, own, area);
        answer.rated = LevelAnswer::NotApplicable;
        answer.ongoing = LevelAnswer::NotApplicable;
        return answer;
    }
    let answer = answer_of(question, own, area);
    let inherits = match own.settings.inheritance_of(&reference, question.at) {
        Inheritance::ByRules => by_rules(question.rules, area.category),
        Inheritance::Inherited => true,
        Inheritance::Own => false,
    };
    if !inherits || answer.rated != LevelAnswer::NotRated {
        return answer;
    }
    let rated = |(unit, history): &(UnitId, &UnitHistory)| {
        // Where the area does not apply, its ratings answer for nobody.
        if history.settings.is_tailored_out(&reference, question.at) {
            return None;
        }
        let inherited = answer_of(question, history, area);
        let rated = inherited.rated != LevelAnswer::NotRated;
        rated.then_some(AreaAnswer { inherited_from: Some(*unit), ..inherited })
    };
    ancestors.iter().find_map(rated).unwrap_or(answer)
}

fn by_rules(rules: &Rules, category: Category) -> bool {
    rules.inherited.contains(&category)
}

fn answer_of(question: &Question<'_>, history: &UnitHistory, area: &Area) -> AreaAnswer {
    let mut valid = Vec::new();
    let mut practices: Vec<PracticeAnswer> = Vec::with_capacity(area.base_practices.len());
    for practice in &area.base_practices {
        let (answer, items) = practice_answer(question, history, practice.target.clone());
        practices.push(answer);
        valid.extend(items);
    }
    let base: Vec<&PracticeAnswer> = practices.iter().collect();
    let coverage = coverage(&base, valid);
    let generic: Vec<(u8, PracticeAnswer)> = question
        .model
        .generic_practices()
        .iter()
        .filter(|practice| practice.id.feature.level > 1)
        .map(|practice| {
            let model = question.model.id().clone();
            let target = Target { model, practice: Practice::Generic(area.id, practice.id) };
            (practice.id.feature.level, practice_answer(question, history, target).0)
        })
        .collect();
    let by = |judge: fn(&PracticeAnswer) -> Judgment| {
        if !area.complete {
            return LevelAnswer::NotDeterminable;
        }
        let base: Vec<Judgment> = base.iter().map(|practice| judge(practice)).collect();
        let generic: Vec<(u8, Judgment)> =
            generic.iter().map(|(level, practice)| (*level, judge(practice))).collect();
        sse_cmm::level(&base, &generic)
    };
    let (rated, ongoing) = (by(PracticeAnswer::rated), by(PracticeAnswer::ongoing));
    practices.extend(generic.into_iter().map(|(_, practice)| practice));
    AreaAnswer { area: area.id, rated, ongoing, coverage, inherited_from: None, practices }
}

/// `valid` are the positions of the items behind each practice; one may stand behind several.
fn coverage(base: &[&PracticeAnswer], mut valid: Vec<u64>) -> Coverage {
    valid.sort_unstable();
    valid.dedup();
    let count = |fits: fn(&Support) -> bool| {
        let practices = base.iter().filter(|practice| fits(&practice.support)).count();
        u16::try_from(practices).unwrap_or(u16::MAX)
    };
    Coverage {
        practices: u16::try_from(base.len()).unwrap_or(u16::MAX),
        supported: count(|support| matches!(support, Support::Supported { .. })),
        contradicted: count(|support| matches!(support, Support::Contradicted)),
        lapsed: count(|support| matches!(support, Support::Lapsed { .. })),
        items: u32::try_from(valid.len()).unwrap_or(u32::MAX),
    }
}

/// The answer for a practice, and the positions of the items behind it.
fn practice_answer(
    question: &Question<'_>,
    history: &UnitHistory,
    target: Target,
) -> (PracticeAnswer, Vec<u64>) {
    let rating = rating_in_force(history, &target, question.at);
    let (support, valid) =
        support_and_valid(history, &target, question.at, question.rules, question.kind_of);
    let items = u32::try_from(valid.len()).unwrap_or(u32::MAX);
    (PracticeAnswer { target, rating, support, items }, valid)
}

/// The rating of a target in force at a point, of those on the scale that this scheme reads: of
/// several process instances the worst.
#[must_use]
pub fn rating_in_force(history: &UnitHistory, target: &Target, at: At) -> Option<RatingInForce> {
    let in_force = in_force(history, target, Scale::Satisfaction, at);
    let worst = in_force.into_iter().min_by_key(|rating| rating.rating.value);
    worst.map(|rating| RatingInForce {
        rating: rating.rating.rating,
        actor: rating.actor,
        value: rating.rating.value,
        by_rule: rating.rating.basis.is_some(),
        effective_at: rating.effective_at,
        position: rating.position,
    })
}

/// The ratings of a target in force at a point on one scale: one for each process instance.
///
/// A person's rating in force always wins over a rule's.
#[must_use]
pub fn in_force<'a>(
    history: &'a UnitHistory,
    target: &Target,
    scale: Scale,
    at: At,
) -> Vec<&'a RatingHistory> {
    let by_people = latest(history, target, scale, at, By::People);
    if by_people.is_empty() { latest(history, target, scale, at, By::Rule) } else { by_people }
}

/// Who rates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    People,
    Rule,
}

/// The latest rating of each process instance, where it is still in force.
///
/// The latest replaced those before it, so that its end uncovers none of them; its withdrawal does,
/// for then it never was.
pub(crate) fn latest<'a>(
    history: &'a UnitHistory,
    target: &Target,
    scale: Scale,
    at: At,
    by: By,
) -> Vec<&'a RatingHistory> {
    let fits = |rating: &&RatingHistory| {
        let rated_by = if rating.rating.basis.is_some() { By::Rule } else { By::People };
        rated_by == by && rating.rating.value.scale() == scale && rating.has_begun(at)
    };
    let order = |rating: &RatingHistory| (rating.effective_at, rating.position);
    let mut latest: BTreeMap<Option<&Label>, &RatingHistory> = BTreeMap::new();
    for rating in history.ratings_of(target).filter(fits) {
        let held = latest.entry(rating.rating.instance.as_ref()).or_insert(rating);
        if order(rating) >= order(held) {
            *held = rating;
        }
    }
    latest.into_values().filter(|rating| rating.is_in_force(at)).collect()
}
