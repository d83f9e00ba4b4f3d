//! What was recorded long after it was true, unit by unit.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::appraisal::stream_of;
use gradus_domain::late::{Lateness, Measure, Milestone, milestones};
use gradus_domain::world::World;
use gradus_model::UnitId;

use crate::access::{Caller, sees};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::service::Service;

/// The most days that a record may have to be late by, or that are close to a milestone: 100 years.
pub const MOST_DAYS: u32 = 36_525;

impl Service {
    /// How late the records of a unit and all below it were, or of all units that the caller may
    /// read; only units of which something was looked at. What is true later than the coordinate's
    /// moment is left out.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit.
    pub async fn lateness(
        self: &Arc<Self>,
        by: &Caller,
        unit: Option<&str>,
        measure: Measure,
        asked: &Coordinate,
    ) -> Result<(Resolved, BTreeMap<UnitId, Lateness>), ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let size = coordinate.log_size;
        let mut told = BTreeMap::new();
        for unit in self.units_within(by, unit)? {
            let mut lateness = Lateness::of(self.milestones(by, unit, size), measure);
            self.each_of(unit, size, |recorded| {
                if recorded.effective_at <= coordinate.valid_at {
                    lateness.take(recorded);
                }
            })
            .await?;
            if lateness.facts > 0 {
                told.insert(unit, lateness);
            }
        }
        Ok((coordinate, told))
    }

    /// The milestones of a unit, and the openings of its appraisals that the caller sees.
    fn milestones(&self, by: &Caller, unit: UnitId, size: u64) -> Vec<Milestone> {
        let (sight, now) = (self.sight(by), self.now());
        let (views, library) = (self.views(), self.library());
        let world = views.with(&library);
        let history = world.history(unit);
        let own = history.map_or_else(Vec::new, |of| milestones(&of.settings, size));
        let appraisals = views.appraisals.all().filter(|known| {
            known.opened.position < size
                && known.imported.is_none()
                && known.input.units.contains(&unit)
                && sees(&views, &sight, stream_of(known.id), now)
        });
        let opened = appraisals.map(|known| Milestone {
            at: known.opened.effective_at,
            kind: "appraisal",
            label: known.id.to_string(),
        });
        own.into_iter().chain(opened).collect()
    }
}
