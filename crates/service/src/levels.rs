//! Levels of a unit at any coordinate, and what a call would change of them.

use gradus_capsule::claim::{Claim, Entry, list_digest};
use gradus_domain::At;
use gradus_domain::course::UnitAt;
use gradus_domain::duties::behind::Told;
use gradus_domain::level::AreaAnswer;
use gradus_model::catalog::Area;
use gradus_model::event::Document;
use gradus_model::{AreaId, Catalog, Digest, LogId, Timestamp, UnitId};
use gradus_projection::views::Basis;

use crate::access::Caller;
use crate::call::{Call, LevelChange};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::ratings::supposed;
use crate::service::Service;
use crate::units::AskedArea;
use crate::writer::Plan;

/// The levels of a unit's areas, and what they were answered with.
#[derive(Clone, Debug)]
pub struct LevelsAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The model and rules; none where nothing was adopted or the unit was not known yet.
    pub basis: Option<Basis>,
    /// The digest over question and facts.
    pub digest: Digest,
    /// Every area of the model, in its order; none where there is no model.
    pub areas: Vec<AreaAnswer>,
    /// How many ratings in force stand under relaxed duties or a conflict of interest, or were
    /// brought in with their appraisal.
    pub told: Told,
}

/// Which levels are asked for.
#[derive(Clone, Debug, Default)]
pub struct AskedLevels {
    /// Only these areas; none for all.
    pub areas: Vec<AskedArea>,
    /// Whether every practice is asked for, too.
    pub with_practices: bool,
}

impl Service {
    /// The levels of a unit's areas.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules. A point at which nothing was
    /// known or adopted is no error: the answer has no areas.
    pub async fn levels(
        &self,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        wanted: &AskedLevels,
    ) -> Result<LevelsAnswer, ServiceError> {
        let clocks = self.clocks(asked).await?;
        let unit = self.unit(by, unit)?;
        if wanted.with_practices || self.may_be_told_of(unit, clocks.at()) {
            self.recalled(unit).await?;
        }
        self.may_be_asked(&[unit], clocks.log_size).await?;
        let answer = async { self.levels_at(unit, clocks, asked, wanted) };
        let (root, answer) = tokio::join!(self.log.root_at(clocks.log_size), answer);
        let (root, answer) = (root?, answer?);
        Ok(LevelsAnswer { coordinate: Resolved { root, ..answer.coordinate }, ..answer })
    }

    /// The levels of a unit's areas at clocks of which the root is still unknown.
    fn levels_at(
        &self,
        unit: UnitId,
        coordinate: Resolved,
        asked: &Coordinate,
        wanted: &AskedLevels,
    ) -> Result<LevelsAnswer, ServiceError> {
        let at = coordinate.at();
        let rules = self.rules_named(asked.rules.as_deref())?;
        let basis = self.basis_if_any(unit, at, rules.as_ref())?;
        let areas = match &basis {
            Some(basis) => {
                let areas = areas_of(&basis.catalog, &wanted.areas)?;
                if wanted.with_practices {
                    let answers = self.views().levels(basis, unit, at)?;
                    let fits = |answer: &AreaAnswer| areas.contains(&answer.area);
                    answers.into_iter().filter(fits).collect()
                } else {
                    self.states(unit, basis, &areas, at, rules.as_ref())
                }
            }
            None => Vec::new(),
        };
        let told = self.told_of(unit, (None, at), basis.as_ref(), &areas);
        let with_practices = wanted.with_practices;
        let digest =
            levels_digest(self.log_id, unit, at, basis.as_ref(), (&areas, with_practices), told);
        Ok(LevelsAnswer { unit, coordinate, basis, digest, areas, told })
    }

    /// The states of areas without their practices, from the index.
    pub(crate) fn states(
        &self,
        unit: UnitId,
        basis: &Basis,
        areas: &[AreaId],
        at: At,
        rules: Option<&Document>,
    ) -> Vec<AreaAnswer> {
        let of_model = basis.catalog.areas().iter().filter(|area| areas.contains(&area.id));
        self.asked(at, rules, |world, own| {
            let unit = UnitAt::new(world, unit, basis, at, rules);
            let state = |area: &Area| {
                let state = unit.state(area, own);
                AreaAnswer {
                    area: area.id,
                    rated: state.rated,
                    ongoing: state.ongoing,
                    coverage: state.coverage,
                    items: 0,
                    inherited_from: state.inherited_from,
                    practices: Vec::new(),
                }
            };
            of_model.map(state).collect()
        })
    }

    /// What a unit's levels are computed with; none where nothing was adopted, or the unit was not
    /// known.
    pub(crate) fn basis_if_any(
        &self,
        unit: UnitId,
        at: At,
        rules: Option<&Document>,
    ) -> Result<Option<Basis>, ServiceError> {
        let views = self.views();
        match views.basis(&self.library(), unit, at, rules.cloned()) {
            Ok(basis) if views.knows(unit, at.size) => Ok(Some(basis)),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// The digest of a page of a list, over its question and facts.
    #[must_use]
    pub fn list_digest(
        &self,
        list: &str,
        unit: Option<UnitId>,
        resolved: &Resolved,
        entries: &[Entry],
    ) -> Digest {
        list_digest(self.log_id, list, unit, resolved.at(), entries)
    }

    /// The levels that a plan would change for its unit, as of now.
    pub(crate) async fn preview(
        &self,
        call: &Call,
        unit: UnitId,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Vec<LevelChange>, ServiceError> {
        self.caught_up(None).await?;
        let views = self.views();
        let Some(part) = plan.parts.iter().find(|part| part.stream == unit) else {
            return Ok(Vec::new());
        };
        let at = At::with_everything(now);
        // Without a model and rules there are no levels that could change.
        let Ok(basis) = views.basis(&self.library(), unit, at, None) else {
            return Ok(Vec::new());
        };
        let mut after = views.history(unit).cloned().unwrap_or_default();
        for (version, numbered) in (part.version + 1..).zip(&part.records) {
            after.apply(&supposed(call, unit, version, (&numbered.proposal, now)));
        }
        let Ok(before) = views.levels(&basis, unit, at) else { return Ok(Vec::new()) };
        let after = views.levels_with(&basis, unit, at, Some(&after))?;
        let levels = |area: &AreaAnswer| (area.rated, area.ongoing);
        let changes =
            before.iter().zip(&after).filter(|(before, after)| levels(before) != levels(after));
        Ok(changes
            .map(|(before, after)| LevelChange {
                area: after.area,
                before: levels(before),
                after: levels(after),
            })
            .collect())
    }
}

/// The digest of an answer on a unit's levels, with every practice or without.
pub(crate) fn levels_digest(
    log: LogId,
    unit: UnitId,
    at: At,
    basis: Option<&Basis>,
    (areas, with_practices): (&[AreaAnswer], bool),
    told: Told,
) -> Digest {
    let mut claim = Claim::new(log, "levels", at);
    claim.unit(Some(unit));
    claim.documents(basis.map(|basis| basis.model.digest), basis.map(|basis| basis.rules.digest));
    claim.number(i64::from(with_practices)).count(areas.len());
    for area in areas {
        claim.answer(area);
    }
    // Only where there is something to tell, so that no answer of before has another digest.
    if told.relaxed + told.conflicted > 0 {
        claim.word("duties").number(told.relaxed.into()).number(told.conflicted.into());
    }
    if told.imported > 0 {
        claim.word("imported").number(told.imported.into());
    }
    claim.digest()
}

/// The areas of a model that were asked for, in its order; all if none were.
///
/// # Errors
///
/// [`ServiceError::NotFound`] for an area that the model does not have.
pub fn areas_of(model: &Catalog, asked: &[AskedArea]) -> Result<Vec<AreaId>, ServiceError> {
    let meant = |asked: &AskedArea| asked.model.as_ref().is_none_or(|of| of == model.id());
    let known = |asked: &&AskedArea| meant(asked) && model.area(asked.area).is_some();
    if let Some(unknown) = asked.iter().find(|asked| !known(asked)) {
        return Err(ServiceError::not_found("area", unknown));
    }
    let wanted = |area: &AreaId| asked.is_empty() || asked.iter().any(|one| one.area == *area);
    Ok(model.areas().iter().map(|area| area.id).filter(wanted).collect())
}
