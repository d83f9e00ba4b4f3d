//! The naive fold: every question reads the whole log again, and nothing is kept.
//!
//! It is written from the design, apart from the rules that it checks, and shares none of their
//! code: it knows no history, no timeline and no index, only the facts in the order of recording.

mod known;

use gradus_domain::Rules;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::catalog::Area;
use gradus_model::evidence::{Item, Outcome};
use gradus_model::rating::{Scale, Value};
use gradus_model::unit::{AreaRef, Inheritance};
use gradus_model::{
    Catalog, Event, Label, Practice, PrincipalId, Recorded, Target, Timestamp, UnitId,
};

use self::known::{Known, Rated};
use crate::law::{Answers, AreaFacts, Question};
use crate::world::{PUBLISHED, Published};

/// The log, and the documents that it names.
pub(crate) struct Oracle {
    events: Vec<Recorded>,
    published: &'static Published,
}

impl Oracle {
    pub(crate) fn of(events: &[Recorded]) -> Self {
        Self { events: events.to_vec(), published: &PUBLISHED }
    }
}

impl Answers for Oracle {
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
            for above in &lineage[1..] {
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
        let mut rated = Vec::new();
        let mut ongoing = Vec::new();
        let mut coverages = Vec::new();
        for (level, target) in self.practices(area) {
            let judged = self.judged(unit, &target);
            let coverage = self.coverage(unit, &target);
            rated.push((level, judged));
            ongoing.push((level, judged.map(|yes| yes && coverage == Coverage::Covered)));
            if level == 1 {
                coverages.push(coverage);
            }
        }
        let of = |asked: Coverage| coverages.iter().filter(|coverage| **coverage == asked).count();
        let known_whole = area.complete;
        AreaFacts {
            area: area.id,
            rated: if known_whole { level(&rated) } else { LevelAnswer::NotDeterminable },
            ongoing: if known_whole { level(&ongoing) } else { LevelAnswer::NotDeterminable },
            covered: of(Coverage::Covered),
            contradicted: of(Coverage::Contradicted),
            lapsed: of(Coverage::Lapsed),
            inherited_from: None,
        }
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

    /// Whether a practice is satisfied, if anyone said so that the scheme can read.
    fn judged(&self, unit: UnitId, target: &Target) -> Option<bool> {
        let mut ratings = self.known.ratings(unit, target);
        ratings.retain(|rated| rated.rating.value.scale() == Scale::Satisfaction);
        // What ended where it began, or before, was never in force.
        ratings.retain(|rated| rated.to.is_none_or(|to| to > rated.from));
        let (by_rule, by_people): (Vec<&Rated>, Vec<&Rated>) =
            ratings.iter().partition(|rated| rated.rating.basis.is_some());
        self.worst(&by_people).or_else(|| self.worst(&by_rule))
    }

    /// The worst of the values in force, one for each process instance.
    fn worst(&self, ratings: &[&Rated<'_>]) -> Option<bool> {
        let mut worst = None;
        for instance in instances(ratings) {
            let mut latest: Option<&Rated> = None;
            for rated in ratings.iter().filter(|rated| rated.rating.instance == instance) {
                if latest.is_none_or(|before| before.from <= rated.from) {
                    latest = Some(rated);
                }
            }
            // The end of the latest uncovers none before it.
            let in_force = latest.filter(|rated| rated.to.is_none_or(|to| self.known.at < to));
            if let Some(rated) = in_force {
                let satisfied = rated.rating.value == Value::Satisfied;
                worst = Some(worst.unwrap_or(true) && satisfied);
            }
        }
        worst
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

    /// An appraisal's own ratings support what they call satisfied, if the rules give them time.
    fn of_appraisals(&self, unit: UnitId, target: &Target) -> Vec<Validity> {
        let Some(window) = self.rules.appraisal_window() else { return Vec::new() };
        let mut validities = Vec::new();
        for Rated { rating, from, to } in self.known.ratings(unit, target) {
            if rating.appraisal.is_some() && rating.value == Value::Satisfied {
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
