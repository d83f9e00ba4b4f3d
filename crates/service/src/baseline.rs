//! Baselines: the levels below which a unit's areas must not fall.

use std::collections::BTreeSet;

use gradus_domain::{Proposal, Refusal};
use gradus_model::event::BaselineRaised;
use gradus_model::unit::Floor;
use gradus_model::{Event, Timestamp};

use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::AskedArea;

/// A floor as a caller names it.
#[derive(Clone, Debug)]
pub struct AskedFloor {
    /// The area.
    pub area: AskedArea,
    /// The level below which it must not fall.
    pub level: u8,
}

impl Service {
    /// Raises the floors of some of a unit's areas, all or none.
    ///
    /// Each floor is a record of its own: those that are so already are left out, and the call made
    /// again is the same call.
    pub async fn raise_baseline(
        &self,
        call: &Call,
        unit: &str,
        floors: &[AskedFloor],
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |writer, _, id| {
            let mut areas = BTreeSet::new();
            let mut proposals = Vec::with_capacity(floors.len());
            for (item, floor) in (0..).zip(floors) {
                let area = self.area_in(writer, id, &floor.area, at.unwrap_or(now))?;
                if !areas.insert(area.clone()) {
                    let refusal = Refusal::AreaTwice(area.area);
                    return Err(ServiceError::Refused { item: Some(item), refusal });
                }
                let floors = vec![Floor { area, level: floor.level }];
                let event = Event::BaselineRaised(BaselineRaised { floors });
                proposals.push(Proposal::at(event, at, now));
            }
            Ok(proposals)
        })
        .await
    }
}
