//! The log's clock: what it says, and a person who takes a suspect one for right.

use gradus_domain::Proposal;
use gradus_log::{LogError, Reading};
use gradus_model::event::ClockAccepted;
use gradus_model::unit::PrincipalKind;
use gradus_model::{Event, Timestamp};

use crate::append::organization;
use crate::call::{Batch, Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;
use crate::writer::Plan;

impl Service {
    /// What the log's clock says, and whether appends are refused because of it.
    #[must_use]
    pub fn clock_reading(&self) -> Reading {
        self.log.clock()
    }

    /// The stamp of the last durable record.
    pub async fn last_recorded_at(&self) -> Result<Option<Timestamp>, ServiceError> {
        match self.log.head().size.checked_sub(1) {
            Some(last) => Ok(Some(self.record_at(last).await?.recorded.place.recorded_at)),
            None => Ok(None),
        }
    }

    /// Records that a person takes the suspect clock for right: the log believes it from that
    /// record on.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Personal`] for a machine, and [`LogError::ClockBelieved`] when nothing is
    /// suspect.
    pub async fn accept_clock(&self, call: &Call, reason: &str) -> Result<Receipt, ServiceError> {
        if call.actor.kind != PrincipalKind::Person {
            return Err(ServiceError::Personal("accept a clock"));
        }
        let Reading { wall, expected, .. } = self.log.clock();
        let event = Event::ClockAccepted(ClockAccepted { wall, expected });
        let proposal = Proposal::at(event, None, wall).with(reason_payload(reason));
        self.append(
            call,
            |writer, _| organization(&writer.registry),
            |writer, _| {
                Ok(vec![Batch::new(organization(&writer.registry)?, vec![proposal.clone()])])
            },
        )
        .await
    }

    /// Refuses what the log would refuse by its clock, before it is part of the write side; what
    /// the clock said that a plan accepts, if it accepts one.
    pub(crate) fn check_clock(&self, plan: &Plan) -> Result<Option<Timestamp>, ServiceError> {
        let reading = self.log.clock();
        let Reading { wall, expected, suspect, .. } = reading;
        let mut events = plan.parts.iter().flat_map(|part| &part.records);
        let accepted = events.find_map(|record| match &record.proposal.event {
            Event::ClockAccepted(accepted) => Some(accepted.wall),
            _ => None,
        });
        match (accepted, suspect) {
            (Some(_), false) => Err(LogError::ClockBelieved { wall, expected }.into()),
            (None, true) if !plan.parts.is_empty() => {
                Err(LogError::ClockSuspect { wall, expected }.into())
            }
            (accepted, _) => Ok(accepted),
        }
    }
}
