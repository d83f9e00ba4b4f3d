//! What would lift a level, and how a level came about.

mod smallest;

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::rating::Value;
use gradus_model::{FeatureId, Label, Target};

use crate::nplf::{Cells, Nplf, Table};
use crate::rules::{Rules, Scheme};
use crate::scheme::{self, Outline, Reading, Role};
use crate::sse_cmm::{self, HIGHEST, Judgment, LevelAnswer};

/// What has to be done about one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The target.
    pub target: Target,
    /// The part it plays.
    pub role: Role,
    /// The rating it needs, if it is not rated or rated too low.
    pub rate: Option<Rate>,
    /// Whether valid evidence has to stand behind it; for a target that is not rated always, where
    /// the ongoing level is to be lifted: a reading does not say what stands behind those.
    pub support: bool,
}

/// A rating that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The lowest value that is enough, on the scheme's own scale.
    pub to: Value,
    /// The process instances that have to be rated so, in order; none is the unit as a whole.
    pub instances: Vec<Option<Label>>,
}

impl Rate {
    fn new(to: Value, instances: impl IntoIterator<Item = Option<Label>>) -> Option<Self> {
        let instances: Vec<_> = instances.into_iter().collect();
        if instances.is_empty() { None } else { Some(Self { to, instances }) }
    }
}

/// The level that comes next; none if there is none to reach.
#[must_use]
pub const fn next_level(answer: LevelAnswer) -> Option<u8> {
    match answer {
        LevelAnswer::Range { at_least, .. } if at_least < HIGHEST => Some(at_least + 1),
        LevelAnswer::NotRated => Some(1),
        LevelAnswer::Range { .. } | LevelAnswer::NotApplicable | LevelAnswer::NotDeterminable => {
            None
        }
    }
}

/// The fewest targets that, rated and supported as said, bring the level to at least `wanted`,
/// in the outline's order; none if no level follows for the area or `wanted` is above 5.
///
/// With `ongoing` the ongoing level is meant, else the rated one. Under `nplf-33020` a feature is
/// lifted through its practices, the lowest first, where the method is R1 and they count; under R2
/// and R3 as a whole, but feature 1.1 always through the base practices. Where several process
/// instances were rated and more than 12 practices could be raised, no target can be left out, yet
/// fewer others might do.
#[must_use]
pub fn lift(
    rules: &Rules,
    outline: &Outline,
    readings: &[&Reading],
    wanted: u8,
    ongoing: bool,
) -> Option<Vec<Need>> {
    let answer = scheme::levels(rules, outline, readings).rated;
    if wanted > HIGHEST || answer == LevelAnswer::NotDeterminable {
        return None;
    }
    match rules.scheme {
        Scheme::SseCmm => Some(unmet(outline, readings, wanted, ongoing)),
        Scheme::Nplf33020(nplf) => {
            let table = Table::of(nplf, outline, readings)?;
            let mut needs = smallest::needs(&table, wanted, ongoing);
            needs.sort_by_key(|(number, _, _)| *number);
            let need = |(number, rate, support): smallest::Needed| {
                let (target, role) = outline.targets.get(number)?.clone();
                Some(Need { target, role, rate, support })
            };
            Some(needs.into_iter().filter_map(need).collect())
        }
    }
}

/// All or nothing: every practice up to the level that is not satisfied.
fn unmet(outline: &Outline, readings: &[&Reading], wanted: u8, ongoing: bool) -> Vec<Need> {
    let needed = |((target, role), reading): (&(Target, Role), &&Reading)| {
        let counts = !matches!(role, Role::Feature(_)) && role.feature().level <= wanted;
        let judgment = judged(reading, ongoing);
        (counts && judgment != Judgment::Yes).then(|| {
            let mut low: BTreeSet<Option<Label>> = BTreeSet::new();
            if reading.values.is_empty() {
                low.insert(None);
            }
            let values = reading.values.iter().filter(|(_, value)| *value != Value::Satisfied);
            low.extend(values.map(|(instance, _)| instance.clone()));
            let (target, role) = (target.clone(), *role);
            let rate = Rate::new(Value::Satisfied, low);
            Need { target, role, rate, support: ongoing && !reading.supported }
        })
    };
    outline.targets.iter().zip(readings).filter_map(needed).collect()
}

fn judged(reading: &Reading, ongoing: bool) -> Judgment {
    if ongoing { sse_cmm::ongoing(reading) } else { sse_cmm::rated(reading) }
}

/// Whether something is met as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// It is, whatever is still unknown.
    Yes,
    /// It is not, whatever is still unknown.
    No,
    /// It depends on what nobody has rated.
    Open,
}

/// A value between two bounds, on the scheme's own scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The value if what is unknown is the lowest of the scale.
    pub at_least: Value,
    /// The value if what is unknown is the highest of the scale.
    pub at_most: Value,
}

/// What one feature contributes to its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureStep {
    /// The feature.
    pub feature: FeatureId,
    /// What it was rated, or the aggregate of what its practices were; under `sse-cmm` satisfied
    /// when every practice is.
    pub rated: Bounds,
    /// The same, as far as valid evidence still supports it.
    pub ongoing: Bounds,
    /// How many targets would have to be rated to know its value.
    pub open: u16,
    /// Whether it was rated as a whole, for some process instance at least.
    pub as_a_whole: bool,
}

/// One level on the way to an area's level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelStep {
    /// The level, 1 to 5.
    pub level: u8,
    /// Whether it was judged to be reached, with all below it.
    pub rated: Met,
    /// Whether valid evidence still supports that.
    pub ongoing: Met,
    /// Its features, in order.
    pub features: Vec<FeatureStep>,
}

/// How the levels of an area came about, from level 1 to 5; nothing where no level follows.
///
/// `readings` are of the outline's targets, in its order.
#[must_use]
pub fn derivation(rules: &Rules, outline: &Outline, readings: &[&Reading]) -> Vec<LevelStep> {
    let levels = scheme::levels(rules, outline, readings);
    if levels.rated == LevelAnswer::NotDeterminable {
        return Vec::new();
    }
    let features = match rules.scheme {
        Scheme::SseCmm => all_or_nothing(outline, readings),
        Scheme::Nplf33020(nplf) => aggregated(nplf, outline, readings),
    };
    let step = |level: u8| LevelStep {
        level,
        rated: met(levels.rated, level),
        ongoing: met(levels.ongoing, level),
        features: features.iter().filter(|step| step.feature.level == level).copied().collect(),
    };
    (1..=HIGHEST).map(step).collect()
}

const fn met(answer: LevelAnswer, level: u8) -> Met {
    match answer {
        LevelAnswer::Range { at_least, .. } if level <= at_least => Met::Yes,
        LevelAnswer::Range { at_most, .. } if level > at_most => Met::No,
        _ => Met::Open,
    }
}

fn all_or_nothing(outline: &Outline, readings: &[&Reading]) -> Vec<FeatureStep> {
    let mut features: BTreeMap<FeatureId, Vec<&Reading>> = BTreeMap::new();
    for ((_, role), reading) in outline.targets.iter().zip(readings) {
        if !matches!(role, Role::Feature(_)) {
            features.entry(role.feature()).or_default().push(reading);
        }
    }
    let step = |(feature, practices): (FeatureId, Vec<&Reading>)| {
        let count = |ongoing, judgment| {
            practices.iter().filter(|one| judged(one, ongoing) == judgment).count()
        };
        let value = |met| if met { Value::Satisfied } else { Value::NotSatisfied };
        let bounds = |ongoing| Bounds {
            at_least: value(count(ongoing, Judgment::Yes) == practices.len()),
            at_most: value(count(ongoing, Judgment::No) == 0),
        };
        let open = u16::try_from(count(false, Judgment::Unknown)).unwrap_or(u16::MAX);
        let (rated, ongoing) = (bounds(false), bounds(true));
        FeatureStep { feature, rated, ongoing, open, as_a_whole: false }
    };
    features.into_iter().map(step).collect()
}

fn aggregated(nplf: Nplf, outline: &Outline, readings: &[&Reading]) -> Vec<FeatureStep> {
    let Some(table) = Table::of(nplf, outline, readings) else { return Vec::new() };
    let steps = table.parts.iter().map(|part| {
        let bounds = |ongoing| Bounds {
            at_least: table.value(part, Value::Not, ongoing),
            at_most: table.value(part, Value::Fully, ongoing),
        };
        let rated_somewhere = |whole: &Cells<'_>| table.is_rated_somewhere(whole);
        FeatureStep {
            feature: part.feature,
            rated: bounds(false),
            ongoing: bounds(true),
            open: table.open(part),
            as_a_whole: part.whole.as_ref().is_some_and(rated_somewhere),
        }
    });
    steps.collect()
}
