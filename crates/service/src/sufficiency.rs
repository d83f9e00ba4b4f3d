//! The sufficiency matrix: the evidence for each practice of a unit's areas, by process instance.

use gradus_capsule::claim::Claim;
use gradus_domain::coverage::Support;
use gradus_domain::history::UnitHistory;
use gradus_domain::level::Question;
use gradus_domain::scheme::Outline;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::sufficiency::{Cell, PracticeRow, sufficiency};
use gradus_model::catalog::Area;
use gradus_model::{AreaId, Digest, UnitId};
use gradus_projection::views::Basis;

use crate::access::Caller;
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::levels::areas_of;
use crate::service::Service;
use crate::units::AskedArea;

/// How many cells are told: practices and process instances together are not bounded otherwise.
pub const MOST_CELLS: usize = 20_000;

/// The evidence for the practices of a unit's areas.
#[derive(Clone, Debug)]
pub struct SufficiencyAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The model and rules; none where nothing was adopted or the unit was not known yet.
    pub basis: Option<Basis>,
    /// The digest over question and facts.
    pub digest: Digest,
    /// The areas asked for, in the model's order; none where there is no model.
    pub areas: Vec<AreaRows>,
}

/// The evidence for the practices of an area.
#[derive(Clone, Debug)]
pub struct AreaRows {
    /// The area.
    pub area: AreaId,
    /// The unit above that its levels are taken from, if they are not the unit's own.
    pub inherited_from: Option<UnitId>,
    /// Whether it was tailored out.
    pub tailored_out: bool,
    /// Its practices.
    pub practices: Vec<PracticeRow>,
}

impl Service {
    /// The evidence for the practices of a unit's areas, by process instance.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules, [`ServiceError::TooMuch`] for
    /// more than [`MOST_CELLS`]. A point at which nothing was known or adopted is no error.
    pub async fn sufficiency(
        &self,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        areas: &[AskedArea],
    ) -> Result<SufficiencyAnswer, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(by, unit)?;
        let at = coordinate.at();
        let rules = self.rules_named(asked.rules.as_deref())?;
        self.recalled(unit).await?;
        let basis = self.basis_if_any(unit, at, rules.as_ref())?;
        let mut rows = Vec::new();
        if let Some(basis) = &basis {
            let wanted = areas_of(&basis.catalog, areas)?;
            let states = self.states(unit, basis, &wanted, at, rules.as_ref());
            let views = self.views();
            let (rules, model) = (&*basis.read_rules, &*basis.catalog);
            let question = Question { at, rules, model, providers: &views.registry };
            let nothing = UnitHistory::default();
            let history = views.history(unit).unwrap_or(&nothing);
            let listed = |id: AreaId| basis.catalog.area(id);
            let practices = |area: &Area| {
                let outline = Outline::of(&basis.catalog, area, basis.read_rules.scheme);
                sufficiency(&question, history, &outline)
            };
            rows.extend(states.iter().map(|state| AreaRows {
                area: state.area,
                inherited_from: state.inherited_from,
                tailored_out: state.rated == LevelAnswer::NotApplicable,
                practices: listed(state.area).map(practices).unwrap_or_default(),
            }));
        }
        bounded(&rows)?;
        let mut claim = Claim::new(self.log_id, "sufficiency", at);
        claim.unit(Some(unit));
        claim.documents(
            basis.as_ref().map(|basis| basis.model.digest),
            basis.as_ref().map(|basis| basis.rules.digest),
        );
        state_areas(&mut claim, &rows);
        Ok(SufficiencyAnswer { unit, coordinate, basis, digest: claim.digest(), areas: rows })
    }
}

fn bounded(areas: &[AreaRows]) -> Result<(), ServiceError> {
    let practices = areas.iter().flat_map(|area| &area.practices);
    let seen = practices.map(|practice| practice.cells.len()).sum();
    if seen > MOST_CELLS {
        let limit = MOST_CELLS;
        return Err(ServiceError::TooMuch { field: "areas", what: "cells", seen, limit });
    }
    Ok(())
}

fn state_areas(claim: &mut Claim, areas: &[AreaRows]) {
    claim.count(areas.len());
    for area in areas {
        claim.area(area.area).unit(area.inherited_from).number(area.tailored_out.into());
        claim.count(area.practices.len());
        for practice in &area.practices {
            state_practice(claim, practice);
        }
    }
}

fn state_practice(claim: &mut Claim, of: &PracticeRow) {
    claim.practice(&of.target).word(of.support.name());
    claim.number(match of.support {
        Support::Supported { until } => until.micros(),
        Support::Lapsed { since } => since.micros(),
        Support::Contradicted | Support::Unsupported => 0,
    });
    claim.count(of.missing.len());
    for missing in &of.missing {
        claim.word(missing.name());
    }
    claim.number(of.appraised.into()).count(of.cells.len());
    for cell in &of.cells {
        state_cell(claim, cell);
    }
}

fn state_cell(claim: &mut Claim, cell: &Cell) {
    claim.count(usize::from(cell.instance.is_some()));
    if let Some(instance) = &cell.instance {
        claim.word(instance.as_str());
    }
    let supporting = cell.supporting.iter().flat_map(|count| [count.fresh, count.stale]);
    for count in supporting.chain([cell.contradicting, cell.waiting, cell.silent]) {
        claim.number(count.into());
    }
}
