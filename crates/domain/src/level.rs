//! The levels of a unit's areas at a point: rated and ongoing, inherited where the rules say so.

use gradus_model::catalog::{Area, Catalog, Category};
use gradus_model::rating::Value;
use gradus_model::unit::{AreaRef, Inheritance};
use gradus_model::{AreaId, PrincipalId, RatingId, Target, Timestamp, UnitId};

use crate::coverage::{Providers, Support, SupportKind, support_and_valid};
use crate::history::{RatingHistory, UnitHistory};
use crate::in_force::{in_force, read};
use crate::rules::Rules;
use crate::scheme::{self, Levels, Outline, Reading, Role};
use crate::settings::Settings;
use crate::sse_cmm::LevelAnswer;
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
    /// What is known of those who provide evidence.
    pub providers: &'a dyn Providers,
}

/// One practice of an area at the point asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeAnswer {
    /// The practice.
    pub target: Target,
    /// The part it plays.
    pub role: Role,
    /// The rating in force, if it has one that the rules read: of several process instances the
    /// worst.
    pub rating: Option<RatingInForce>,
    /// What the scheme reads of it.
    pub reading: Reading,
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
    /// Valid items that speak for or against any base practice, each counted once.
    pub items: u32,
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
    let settings: Vec<(UnitId, &Settings)> =
        lineage.iter().map(|(unit, history)| (*unit, &history.settings)).collect();
    let nothing = UnitHistory::default();
    let of = |number: usize| lineage.get(number).map_or(&nothing, |(_, history)| *history);
    let answers = |number: usize| {
        let answer = answer_of(question, of(number), area);
        let levels = Levels { rated: answer.rated, ongoing: answer.ongoing };
        (levels, answer)
    };
    let answered = answered(question, &settings, area, answers);
    let (levels, own) = answered.answer;
    AreaAnswer {
        rated: levels.rated,
        ongoing: levels.ongoing,
        inherited_from: answered.inherited_from,
        ..own
    }
}

/// An answer for an area, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered<T> {
    /// The levels, and what goes with them.
    pub answer: (Levels, T),
    /// The unit above that answered, if it was not the unit itself.
    pub inherited_from: Option<UnitId>,
}

/// Who answers for an area at the question's point: the unit, or where it inherits and has no
/// rating of its own the nearest unit above that is rated.
///
/// `lineage` are the settings of the unit and those above it, nearest first; `answers` gives the
/// own answer of each by its number.
pub fn answered<T>(
    question: &Question<'_>,
    lineage: &[(UnitId, &Settings)],
    area: &Area,
    answers: impl Fn(usize) -> (Levels, T),
) -> Answered<T> {
    let reference = AreaRef { model: question.model.id().clone(), area: area.id };
    let own = |answer| Answered { answer, inherited_from: None };
    let (levels, rest) = answers(0);
    let Some(((_, settings), ancestors)) = lineage.split_first() else {
        return own((levels, rest));
    };
    if settings.is_tailored_out(&reference, question.at) {
        return own((Levels::both(LevelAnswer::NotApplicable), rest));
    }
    let inherits = match settings.inheritance_of(&reference, question.at) {
        Inheritance::ByRules => by_rules(question.rules, area.category),
        Inheritance::Inherited => true,
        Inheritance::Own => false,
    };
    if !inherits || levels.rated != LevelAnswer::NotRated {
        return own((levels, rest));
    }
    for (number, (unit, settings)) in (1..).zip(ancestors) {
        // Where the area does not apply, its ratings answer for nobody.
        if settings.is_tailored_out(&reference, question.at) {
            continue;
        }
        let (levels, rest) = answers(number);
        if levels.rated != LevelAnswer::NotRated {
            return Answered { answer: (levels, rest), inherited_from: Some(*unit) };
        }
    }
    own((levels, rest))
}

fn by_rules(rules: &Rules, category: Category) -> bool {
    rules.inherited.contains(&category)
}

fn answer_of(question: &Question<'_>, history: &UnitHistory, area: &Area) -> AreaAnswer {
    let outline = Outline::of(question.model, area, question.rules.scheme);
    let mut valid = Vec::new();
    let mut practices: Vec<PracticeAnswer> = Vec::with_capacity(outline.targets.len());
    for (target, role) in &outline.targets {
        let (answer, items) = practice_answer(question, history, target.clone(), *role);
        practices.push(answer);
        if *role == Role::Base {
            valid.extend(items);
        }
    }
    let supports = practices.iter().take(outline.base_practices());
    let coverage = Coverage::of(supports.map(|practice| practice.support.kind()));
    let readings: Vec<&Reading> = practices.iter().map(|practice| &practice.reading).collect();
    let levels = scheme::levels(question.rules, &outline, &readings);
    AreaAnswer {
        area: area.id,
        rated: levels.rated,
        ongoing: levels.ongoing,
        coverage,
        items: distinct(valid),
        inherited_from: None,
        practices,
    }
}

/// How many records these are: one may stand behind several practices.
pub(crate) fn distinct(mut positions: Vec<u64>) -> u32 {
    positions.sort_unstable();
    positions.dedup();
    u32::try_from(positions.len()).unwrap_or(u32::MAX)
}

impl Coverage {
    /// The coverage of base practices with these supports.
    #[must_use]
    pub fn of(supports: impl Iterator<Item = SupportKind>) -> Self {
        let mut coverage = Self::default();
        for support in supports {
            coverage.practices = coverage.practices.saturating_add(1);
            let count = match support {
                SupportKind::Supported => &mut coverage.supported,
                SupportKind::Contradicted => &mut coverage.contradicted,
                SupportKind::Lapsed => &mut coverage.lapsed,
                SupportKind::Unsupported => continue,
            };
            *count = count.saturating_add(1);
        }
        coverage
    }
}

/// The answer for a practice, and the positions of the items behind it.
fn practice_answer(
    question: &Question<'_>,
    history: &UnitHistory,
    target: Target,
    role: Role,
) -> (PracticeAnswer, Vec<u64>) {
    let in_force = in_force(history, &target, question.rules, question.at);
    let (support, valid) =
        support_and_valid(history, &target, question.at, question.rules, question.providers);
    let items = u32::try_from(valid.len()).unwrap_or(u32::MAX);
    let supported = support.kind() == SupportKind::Supported;
    let reading = read(question.rules, &in_force, supported);
    let rating = worst(question.rules, &in_force);
    (PracticeAnswer { target, role, rating, reading, support, items }, valid)
}

/// The rating of a target in force at a point, of those that the rules read: of several process
/// instances the worst.
#[must_use]
pub fn rating_in_force(
    history: &UnitHistory,
    target: &Target,
    rules: &Rules,
    at: At,
) -> Option<RatingInForce> {
    worst(rules, &in_force(history, target, rules, at))
}

/// Of the ratings of several process instances the worst, on the scheme's own scale.
pub(crate) fn worst(rules: &Rules, in_force: &[&RatingHistory]) -> Option<RatingInForce> {
    let worst = in_force.iter().min_by_key(|rating| rules.read(rating.rating.value));
    worst.map(|rating| RatingInForce {
        rating: rating.rating.rating,
        actor: rating.actor,
        value: rating.rating.value,
        by_rule: rating.rating.basis.is_some(),
        effective_at: rating.effective_at,
        position: rating.position,
    })
}
