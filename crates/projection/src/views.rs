//! Everything that queries read: the organization and each unit's history, folded from the log.
//!
//! Invariant: applying an event below the cursor changes nothing, and a rebuild from position 0
//! gives the same views.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::level::{AreaAnswer, Question, levels};
use gradus_domain::{At, Registry, Rules, UnitHistory};
use gradus_model::event::Document;
use gradus_model::{Catalog, PrincipalId, Recorded, UnitId};

use crate::library::Library;

/// The read models and how far they have read.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// How far the views have read, as a log size.
    pub cursor: u64,
    /// The organization.
    pub registry: Registry,
    units: BTreeMap<UnitId, UnitHistory>,
}

/// Why there is no answer for a unit at a point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No unit has this id.
    #[error("the unit is unknown")]
    UnitUnknown,
    /// No model was adopted by the unit or those above it.
    #[error("no model is in force")]
    NoModel,
    /// No rules were adopted by the unit or those above it.
    #[error("no rules are in force")]
    NoRules,
}

/// What a unit's levels are computed with at a point.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The model's document.
    pub model: Document,
    /// The rules' document.
    pub rules: Document,
    /// The model.
    pub catalog: Arc<Catalog>,
    /// The rules.
    pub read_rules: Arc<Rules>,
}

impl Views {
    /// Takes in one recorded event.
    pub fn apply(&mut self, recorded: &Recorded) {
        let position = recorded.place.position;
        if position < self.cursor {
            return;
        }
        self.cursor = position + 1;
        self.registry.evolve(position, recorded.effective_at, &recorded.event);
        self.units.entry(recorded.place.stream).or_default().apply(recorded);
    }

    /// Whether a unit was registered within the first `size` records.
    #[must_use]
    pub fn knows(&self, unit: UnitId, size: u64) -> bool {
        self.registry.unit(unit).is_some_and(|unit| unit.position < size)
    }

    /// A unit's history.
    #[must_use]
    pub fn history(&self, unit: UnitId) -> Option<&UnitHistory> {
        self.units.get(&unit)
    }

    /// What was adopted by the unit at a point, or else by the nearest unit above it.
    fn adopted<'a>(
        &'a self,
        lineage: &[UnitId],
        at: At,
        which: impl Fn(&'a UnitHistory, At) -> Option<&'a Document>,
    ) -> Option<&'a Document> {
        lineage.iter().find_map(|unit| which(self.units.get(unit)?, at))
    }

    /// The model and rules in force for a unit at a point, or with `rules` in place of those.
    pub fn basis(
        &self,
        library: &Library,
        unit: UnitId,
        at: At,
        rules: Option<Document>,
    ) -> Result<Basis, NoAnswer> {
        let lineage = self.registry.lineage(unit, at);
        let model = self.adopted(&lineage, at, |history, at| history.settings.models.at(at));
        let model = model.cloned().ok_or(NoAnswer::NoModel)?;
        let in_force = || self.adopted(&lineage, at, |history, at| history.settings.rules.at(at));
        let rules = rules.or_else(|| in_force().cloned()).ok_or(NoAnswer::NoRules)?;
        let catalog = library.model(&model.digest).ok_or(NoAnswer::NoModel)?;
        let read_rules = library.rules(&rules.digest).ok_or(NoAnswer::NoRules)?;
        Ok(Basis { model, rules, catalog, read_rules })
    }

    /// The levels of every area of a unit at a point.
    pub fn levels(&self, basis: &Basis, unit: UnitId, at: At) -> Result<Vec<AreaAnswer>, NoAnswer> {
        self.levels_with(basis, unit, at, None)
    }

    /// The levels of a unit at a point, were `own` its history.
    pub fn levels_with(
        &self,
        basis: &Basis,
        unit: UnitId,
        at: At,
        own: Option<&UnitHistory>,
    ) -> Result<Vec<AreaAnswer>, NoAnswer> {
        self.registry.unit(unit).ok_or(NoAnswer::UnitUnknown)?;
        let nothing = UnitHistory::default();
        let lineage: Vec<(UnitId, &UnitHistory)> = self
            .registry
            .lineage(unit, at)
            .into_iter()
            .map(|id| {
                let instead = own.filter(|_| id == unit);
                (id, instead.or_else(|| self.units.get(&id)).unwrap_or(&nothing))
            })
            .collect();
        let kind_of = |id: PrincipalId| self.registry.principal(id).map(|found| found.kind);
        let question =
            Question { at, rules: &basis.read_rules, model: &basis.catalog, kind_of: &kind_of };
        Ok(levels(&question, &lineage))
    }
}
