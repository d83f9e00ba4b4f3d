//! Levels of a unit at any coordinate, and what a call would change of them.

use gradus_capsule::claim::{Entry, LevelsQuestion, levels_digest, list_digest};
use gradus_domain::At;
use gradus_domain::level::AreaAnswer;
use gradus_model::{Digest, Timestamp, UnitId};
use gradus_projection::views::Basis;

use crate::call::{Call, LevelChange};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::ratings::supposed;
use crate::service::Service;
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
}

impl Service {
    /// The levels of a unit's areas.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit or rules. A point at which nothing was known
    /// or adopted is no error: the answer has no areas.
    pub async fn levels(
        &self,
        unit: &str,
        asked: &Coordinate,
    ) -> Result<LevelsAnswer, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(unit)?;
        let at = coordinate.at();
        let basis = match self.basis(unit, &coordinate, asked.rules.as_deref()) {
            Ok(basis) if self.views().knows(unit, at.size) => Some(basis),
            Ok(_) | Err(ServiceError::NoAnswer(_)) => None,
            Err(error) => return Err(error),
        };
        let areas = match &basis {
            Some(basis) => self.views().levels(basis, unit, at)?,
            None => Vec::new(),
        };
        let pinned = |document: fn(&Basis) -> Digest| basis.as_ref().map_or(Digest::ZERO, document);
        let question = LevelsQuestion {
            log: self.log_id,
            unit,
            at,
            model: pinned(|basis| basis.model.digest),
            rules: pinned(|basis| basis.rules.digest),
        };
        let digest = levels_digest(&question, &areas);
        Ok(LevelsAnswer { unit, coordinate, basis, digest, areas })
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
            after.apply(&supposed(call, unit, version, &numbered.proposal));
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
