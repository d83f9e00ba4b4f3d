//! The naive fold: every question reads the whole log again, and nothing is kept.
//!
//! It is written from the design, apart from the rules that it checks, and shares none of their
//! code: it knows no history, no timeline and no index, only the facts in the order of recording.

mod known;
mod nplf;
mod reads;

use gradus_domain::Rules;
use gradus_domain::nplf::Nplf;
use gradus_domain::rules::Scheme;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::catalog::Area;
use gradus_model::evidence::{Item, Outcome};
use gradus_model::rating::Value;
use gradus_model::unit::{AreaRef, Inheritance};
use gradus_model::{
    Catalog, Event, FeatureId, Label, Practice, PrincipalId, Recorded, Target, Timestamp, UnitId,
};

use self::known::{Known, Rated};
use self::nplf::{Achieved, Steps};
use crate::law::{Answers, AreaFacts, Question};
use crate::world::{PUBLISHED, Published};

/// The log, and the documents that it names.
pub(crate) struct Oracle<'a> {
    events: Vec<Recorded>,
    published: &'a Published,
}

impl<'a> Oracle<'a> {
    pub(crate) fn of(events: &[Recorded]) -> Self {
        Self::with(events, &PUBLISHED)
    }

    pub(crate) fn with(events: &[Recorded], published: &'a Published) -> Self {
        Self { events: events.to_vec(), published }
    }
}

impl Answers for Oracle<'_> {
    fn levels(&self, question: &Question) -> Option<Vec<AreaFacts>> {
        let size = question.at.size;
        let known = self.events.iter().filter(|recorded| recorded.place.position < size).collect();
        let known = Known { events: known, at: question.at.valid_at };
        if !known.is_registered(question.unit) {
            return None;
        }
        let lineage = known.lineage(question.unit);
        let model = known.adopted(&lineage, |event| match event {
            Event::ModelAdopted(document) => Some(document.clone()),
            _ => None,
        });
        let in_force = known.adopted(&lineage, |event| match event {
            Event::RulesAdopted(document) => Some(document.clone()),
            _ => None,
        });
        let rules = question.rules.clone().or(in_force)?;
        let model = self.published.model(model?.digest)?;
        let rules = self.published.rules(rules.digest)?;
        let asked = Asked { known: &known, model, rules };
        let areas = question.areas.iter().filter_map(|area| model.area(*area));
        Some(areas.map(|area| asked.area(&lineage, area)).collect())
    }
}

/// The time over which something speaks for or against a practice: `[from, to)`.
struct Validity {
    supports: bool,
    from: Timestamp,
    to: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Coverage {
    Covered,
    Contradicted,
    Lapsed,
    Never,
}

/// What is known, with the model and rules that it is asked with.
struct Asked<'a> {
    known: &'a Known<'a>,
    model: &'a Catalog,
    rules: &'a Rules,
}

impl Asked<'_> {
    fn area(&self, lineage: &[UnitId], area: &Area) -> AreaFacts {
        let unit = lineage[0];
        let id = AreaRef { model: self.model.id().clone(), area: area.id };
        let own = self.own(unit, area);
        if self.known.is_tailored_out(unit, &id) {
            let (rated, ongoing) = (LevelAnswer::NotApplicable, LevelAnswer::NotApplicable);
            return AreaFacts { rated, ongoing, ..own };
        }
        let inherits = match self.known.inheritance(unit, &id) {
            Inheritance::ByRules => self.rules.inherited.contains(&area.category),
            Inheritance::Inherited => true,
            Inheritance::Own => false,
        };
        if inherits && own.rated == LevelAnswer::NotRated {
            let above = if self.known.lives(unit) { &lineage[1..] } else { &[] };
            for above in above {
                let theirs = self.own(*above, area);
                let is_rated = theirs.rated != LevelAnswer::NotRated;
                if is_rated && !self.known.is_tailored_out(*above, &id) {
                    return AreaFacts { inherited_from: Some(*above), ..theirs };
                }
            }
        }
        own
    }

    /// What a unit's own facts say of an area.
    fn own(&self, unit: UnitId, area: &Area) -> AreaFacts {
        let base = area.base_practices.iter().map(|base| self.coverage(unit, &base.target));
        let coverages: Vec<Coverage> = base.collect();
        let of = |asked: Coverage| coverages.iter().filter(|coverage| **coverage == asked).count();
        let (rated, ongoing) = match self.rules.scheme {
            _ if !area.complete => (LevelAnswer::NotDeterminable, LevelAnswer::NotDeterminable),
            Scheme::SseCmm => {
                (self.all_or_nothing(unit, area, false), self.all_or_nothing(unit, area, true))
            }
            Scheme::Nplf33020(how) => {
                let rated = self.achievements(unit, area, how, false);
                let ongoing = self.achievements(unit, area, how, true);
                (nplf::level(how, &rated), nplf::level(how, &ongoing))
            }
        };
        AreaFacts {
            area: area.id,
            rated,
            ongoing,
            covered: of(Coverage::Covered),
            contradicted: of(Coverage::Contradicted),
            lapsed: of(Coverage::Lapsed),
            inherited_from: None,
        }
    }

    /// The level by all or nothing; `ongoing` counts only what is covered.
    fn all_or_nothing(&self, unit: UnitId, area: &Area, ongoing: bool) -> LevelAnswer {
        let judged = |(of, target): (u8, Target)| {
            let covered = || self.coverage(unit, &target) == Coverage::Covered;
            let worst = self.in_force(unit, &target).into_iter().map(|(_, value)| value).min();
            (of, worst.map(|value| value == Value::Satisfied && (!ongoing || covered())))
        };
        let practices: Vec<_> = self.practices(area).into_iter().map(judged).collect();
        level(&practices)
    }

    /// What is rated on N/P/L/F of each feature; `ongoing` reads what is not covered as N.
    fn achievements(&self, unit: UnitId, area: &Area, how: Nplf, ongoing: bool) -> Vec<Achieved> {
        let steps = |target: &Target| -> Steps {
            let covered = self.coverage(unit, target) == Coverage::Covered;
            let step = |value| if ongoing && !covered { 0 } else { nplf::step(how, value) };
            let values = self.in_force(unit, target).into_iter();
            values.map(|(instance, value)| (instance, step(value))).collect()
        };
        let of_area = |practice| Target { model: self.model.id().clone(), practice };
        let of_feature = |feature: FeatureId| {
            if feature.level == 1 {
                let base = area.base_practices.iter().map(|base| steps(&base.target));
                return Achieved { level: 1, practices: base.collect(), whole: Steps::new() };
            }
            let generic = self.model.generic_practices().iter();
            let generic = generic.filter(|generic| generic.id.feature == feature);
            let practice = |id| steps(&of_area(Practice::Generic(area.id, id)));
            Achieved {
                level: feature.level,
                practices: generic.map(|generic| practice(generic.id)).collect(),
                whole: steps(&of_area(Practice::Feature(area.id, feature))),
            }
        };
        self.model.features().iter().map(|feature| of_feature(feature.id)).collect()
    }

    /// The practices of an area, each with its level; GP 1.1.1 follows from the base practices.
    fn practices(&self, area: &Area) -> Vec<(u8, Target)> {
        let base = area.base_practices.iter().map(|base| (1, base.target.clone()));
        let generic = self.model.generic_practices().iter().map(|generic| {
            let practice = Practice::Generic(area.id, generic.id);
            (generic.id.feature.level, Target { model: self.model.id().clone(), practice })
        });
        base.chain(generic.filter(|(level, _)| *level > 1)).collect()
    }

    /// What was said of a target that the rules can read, one value for each process instance.
    fn in_force(&self, unit: UnitId, target: &Target) -> Vec<(Option<Label>, Value)> {
        let mut ratings = self.known.ratings(unit, target);
        ratings.retain(|rated| reads::read(self.rules, rated.rating.value).is_some());
        // What ended where it began, or before, was never in force.
        ratings.retain(|rated| rated.to.is_none_or(|to| to > rated.from));
        let (by_rule, by_people): (Vec<&Rated>, Vec<&Rated>) =
            ratings.iter().partition(|rated| rated.rating.basis.is_some());
        let by_people = self.latest(&by_people);
        if by_people.is_empty() { self.latest(&by_rule) } else { by_people }
    }

    /// The values in force, one for each process instance.
    fn latest(&self, ratings: &[&Rated<'_>]) -> Vec<(Option<Label>, Value)> {
        let mut values = Vec::new();
        for instance in instances(ratings) {
            let mut latest: Option<&Rated> = None;
            for rated in ratings.iter().filter(|rated| rated.rating.instance == instance) {
                if latest.is_none_or(|before| before.from <= rated.from) {
                    latest = Some(rated);
                }
            }
            // The end of the latest uncovers none before it.
            let in_force = latest.filter(|rated| rated.to.is_none_or(|to| self.known.at < to));
            let value = in_force.and_then(|rated| reads::read(self.rules, rated.rating.value));
            values.extend(value.map(|value| (instance, value)));
        }
        values
    }

    fn coverage(&self, unit: UnitId, target: &Target) -> Coverage {
        let mut coverage = Coverage::Never;
        for validity in self.validities(unit, target) {
            let has_begun = validity.from <= self.known.at && validity.from < validity.to;
            let is_valid = has_begun && self.known.at < validity.to;
            let speaks = match (validity.supports, is_valid) {
                (false, true) => Coverage::Contradicted,
                (true, true) => Coverage::Covered,
                (true, false) if has_begun => Coverage::Lapsed,
                (_, false) => Coverage::Never,
            };
            coverage = stronger(coverage, speaks);
        }
        coverage
    }

    fn validities(&self, unit: UnitId, target: &Target) -> Vec<Validity> {
        let mut validities = Vec::new();
        for recorded in &self.known.events {
            if let Event::EvidenceSubmitted(item) = &recorded.event
                && recorded.place.stream == unit
                && self.speaks(unit, recorded.actor, item, target)
                && !self.known.is_distrusted(recorded, item)
            {
                validities.push(self.of_item(unit, recorded.effective_at, item, target));
            }
        }
        validities.extend(self.of_appraisals(unit, target));
        validities
    }

    /// Whether an item counts, and says something of this practice.
    fn speaks(&self, unit: UnitId, provider: PrincipalId, item: &Item, target: &Target) -> bool {
        let trusted = || {
            let kind = self.known.kind_of(provider);
            kind.is_some_and(|kind| self.rules.trusts(provider, kind, item.kind))
        };
        item.outcome != Outcome::Inconclusive
            && item.strength >= self.rules.minimum_strength
            && self.known.is_linked(unit, item, target)
            && self.known.decision(unit, item.evidence).unwrap_or_else(trusted)
    }

    fn of_item(&self, unit: UnitId, work_to: Timestamp, item: &Item, target: &Target) -> Validity {
        let ends = [
            Some(self.rules.window(item.kind, target).after(work_to)),
            item.valid_until,
            self.known.ended(unit, item.evidence),
            self.known.superseded(unit, item.evidence),
        ];
        Validity {
            supports: item.outcome == Outcome::Supports,
            from: item.work_from.unwrap_or(work_to),
            to: ends.into_iter().flatten().min().unwrap(),
        }
    }

    /// An appraisal's own ratings support what they found anything of, if the rules give them time.
    fn of_appraisals(&self, unit: UnitId, target: &Target) -> Vec<Validity> {
        let Some(window) = self.rules.appraisal_window() else { return Vec::new() };
        let mut validities = Vec::new();
        for Rated { rating, from, to } in self.known.ratings(unit, target) {
            let found = reads::read(self.rules, rating.value);
            let found =
                found.is_some_and(|value| value != Value::NotSatisfied && value != Value::Not);
            if rating.appraisal.is_some() && found {
                let window_ends = window.after(from);
                let to = to.map_or(window_ends, |to| to.min(window_ends));
                validities.push(Validity { supports: true, from, to });
            }
        }
        validities
    }
}

fn instances(ratings: &[&Rated<'_>]) -> Vec<Option<Label>> {
    let mut instances = Vec::new();
    for rated in ratings {
        if !instances.contains(&rated.rating.instance) {
            instances.push(rated.rating.instance.clone());
        }
    }
    instances
}

/// Evidence against beats evidence for, and what is valid beats what is over.
fn stronger(one: Coverage, other: Coverage) -> Coverage {
    let order = [Coverage::Contradicted, Coverage::Covered, Coverage::Lapsed];
    order.into_iter().find(|coverage| [one, other].contains(coverage)).unwrap_or(Coverage::Never)
}

/// All or nothing, with bounds: what nobody judged is taken as no, and as yes.
fn level(practices: &[(u8, Option<bool>)]) -> LevelAnswer {
    if practices.iter().all(|(_, judged)| judged.is_none()) {
        return LevelAnswer::NotRated;
    }
    let reached = |unknown: bool| {
        let holds = |level: u8| {
            let mut up_to = practices.iter().filter(|(of, _)| *of <= level);
            up_to.all(|(_, judged)| judged.unwrap_or(unknown))
        };
        (1..=5).rev().find(|level| holds(*level)).unwrap_or(0)
    };
    let (at_least, at_most) = (reached(false), reached(true));
    let between = |level: u8| at_least < level && level <= at_most;
    let open = practices.iter().filter(|(level, judged)| between(*level) && judged.is_none());
    LevelAnswer::Range { at_least, at_most, open: u16::try_from(open.count()).unwrap() }
}
