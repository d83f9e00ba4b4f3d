//! An area seen at one point with everything behind it: who answers, each practice, each rating.
//!
//! The same answer as [`course::state_at`](crate::course::state_at) gives, straight from the
//! histories.

use gradus_model::catalog::Area;
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{Target, UnitId};

use crate::course::AreaState;
use crate::coverage::{Support, SupportKind, support_and_valid};
use crate::history::{RatingHistory, UnitHistory};
use crate::in_force::{in_force, read};
use crate::level::{Answered, Coverage, Question, answered};
use crate::scheme::{self, Levels, Outline, Reading, Role};
use crate::settings::Settings;
use crate::sse_cmm::LevelAnswer;
use crate::timeline::At;
use crate::world::{Basis, World, basis};

/// What is asked about: an area of a unit, under the rules in force or under others.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Everything that is known.
    pub world: &'a dyn World,
    /// The unit.
    pub unit: UnitId,
    /// The area.
    pub area: &'a AreaRef,
    /// The rules, if not those in force.
    pub rules: Option<&'a Document>,
}

/// The area at one point.
pub(crate) struct Sight<'a> {
    pub(crate) at: At,
    /// The unit and those above it, nearest first.
    pub(crate) lineage: Vec<UnitId>,
    pub(crate) basis: Option<Basis>,
    /// None where the unit's model has no such area, or nothing is in force.
    pub(crate) answer: Option<Answer<'a>>,
}

/// What is said of the area.
pub(crate) struct Answer<'a> {
    /// The unit whose ratings and evidence answer.
    pub(crate) by: UnitId,
    /// The levels; of an area that was tailored out, that it does not apply.
    pub(crate) levels: Levels,
    pub(crate) own: Own<'a>,
}

/// An area as one unit's own ratings and evidence show it.
pub(crate) struct Own<'a> {
    pub(crate) outline: Outline,
    pub(crate) levels: Levels,
    pub(crate) practices: Vec<Seen<'a>>,
}

/// One practice.
pub(crate) struct Seen<'a> {
    pub(crate) target: Target,
    pub(crate) role: Role,
    pub(crate) in_force: Vec<&'a RatingHistory>,
    pub(crate) reading: Reading,
    pub(crate) support: Support,
    /// The positions of what is valid and speaks for or against it.
    pub(crate) valid: Vec<u64>,
}

impl Seen<'_> {
    pub(crate) fn kind(&self) -> SupportKind {
        self.support.kind()
    }
}

impl<'a> Asked<'a> {
    /// The area at a point.
    pub(crate) fn at(&self, at: At) -> Sight<'a> {
        self.under(at, basis(self.world, self.unit, at, self.rules).ok())
    }

    /// The area at a point, computed with this model and these rules, whatever is in force.
    pub(crate) fn under(&self, at: At, basis: Option<Basis>) -> Sight<'a> {
        let lineage = self.world.registry().lineage(self.unit, at);
        let area = basis.as_ref().and_then(|basis| self.area_of(basis));
        let answering = self.world.registry().answering(self.unit, at);
        let answer =
            basis.as_ref().zip(area).map(|(basis, area)| self.answer(at, &answering, basis, area));
        Sight { at, lineage, basis, answer }
    }

    fn area_of<'b>(&self, basis: &'b Basis) -> Option<&'b Area> {
        let model = &basis.catalog;
        (*model.id() == self.area.model).then(|| model.area(self.area.area))?
    }

    fn answer(&self, at: At, lineage: &[UnitId], basis: &Basis, area: &Area) -> Answer<'a> {
        let nothing = Settings::default();
        let settings: Vec<(UnitId, &Settings)> = lineage
            .iter()
            .map(|unit| (*unit, self.world.history(*unit).map_or(&nothing, |of| &of.settings)))
            .collect();
        let (model, rules) = (&*basis.catalog, &*basis.read_rules);
        let question = Question { at, rules, model, providers: self.world.registry() };
        let answers = |number: usize| {
            let own = self.own_of(lineage.get(number).copied(), &question, area);
            (own.levels, own)
        };
        let Answered { answer: (levels, own), inherited_from } =
            answered(&question, &settings, area, answers);
        let by = inherited_from.unwrap_or(self.unit);
        Answer { by, levels, own }
    }

    /// The area as one unit's own ratings and evidence show it at a point, computed with `basis`.
    pub(crate) fn own(&self, unit: UnitId, at: At, basis: &Basis) -> Option<Own<'a>> {
        let (model, rules) = (&*basis.catalog, &*basis.read_rules);
        let question = Question { at, rules, model, providers: self.world.registry() };
        Some(self.own_of(Some(unit), &question, self.area_of(basis)?))
    }

    fn own_of(&self, unit: Option<UnitId>, question: &Question<'_>, area: &Area) -> Own<'a> {
        let history = unit.and_then(|unit| self.world.history(unit));
        let outline = Outline::of(question.model, area, question.rules.scheme);
        let see = |(target, role): &(Target, Role)| match history {
            Some(history) => Seen::of(history, target, *role, question),
            None => Seen::nothing(target, *role),
        };
        let practices: Vec<Seen<'a>> = outline.targets.iter().map(see).collect();
        let readings: Vec<&Reading> = practices.iter().map(|practice| &practice.reading).collect();
        let levels = scheme::levels(question.rules, &outline, &readings);
        Own { outline, levels, practices }
    }
}

impl<'a> Seen<'a> {
    fn of(history: &'a UnitHistory, target: &Target, role: Role, question: &Question<'_>) -> Self {
        let (at, rules) = (question.at, question.rules);
        let in_force = in_force(history, target, rules, at);
        let (support, valid) = support_and_valid(history, target, at, rules, question.providers);
        let reading = read(rules, &in_force, support.kind() == SupportKind::Supported);
        Self { target: target.clone(), role, in_force, reading, support, valid }
    }

    fn nothing(target: &Target, role: Role) -> Self {
        Self {
            target: target.clone(),
            role,
            in_force: Vec::new(),
            reading: Reading::default(),
            support: Support::Unsupported,
            valid: Vec::new(),
        }
    }
}

impl Own<'_> {
    pub(crate) fn coverage(&self) -> Coverage {
        let base = self.practices.iter().take(self.outline.base_practices());
        Coverage::of(base.map(Seen::kind))
    }

    pub(crate) fn is_rated(&self) -> bool {
        self.levels.rated != LevelAnswer::NotRated
    }
}

impl Sight<'_> {
    /// The unit whose ratings and evidence answer.
    pub(crate) fn by(&self) -> Option<UnitId> {
        self.answer.as_ref().map(|answer| answer.by)
    }

    pub(crate) fn levels(&self) -> Option<Levels> {
        self.answer.as_ref().map(|answer| answer.levels)
    }

    /// What a course says of the area at this point.
    pub(crate) fn state(&self) -> Option<AreaState> {
        let answer = self.answer.as_ref()?;
        let asked = self.lineage.first().copied();
        Some(AreaState {
            rated: answer.levels.rated,
            ongoing: answer.levels.ongoing,
            coverage: answer.own.coverage(),
            inherited_from: (Some(answer.by) != asked).then_some(answer.by),
        })
    }
}
