//! Calls that go on for long: they end when their caller may no longer make them.

use std::time::Duration;

use gradus_domain::{NeededOn, Refusal};
use gradus_model::UnitId;
use gradus_service::{Caller, Service};
use tonic::Status;

use crate::status::{status, token_refused};

/// How often the clock is looked at: credentials and roles end by themselves, too.
const TICK: Duration = Duration::from_secs(1);

/// Resolves when the caller's credential ends, or the right on one of the units; where no unit is
/// named, when they hold the right nowhere any more.
pub(crate) async fn denied(service: &Service, by: &Caller, units: &[UnitId]) -> Status {
    let nowhere = || status(&Refusal::RightMissing { right: by.right, on: NeededOn::Any }.into());
    let mut changes = service.access_changes();
    let mut tick = tokio::time::interval(TICK);
    loop {
        if !service.stands(by) {
            return token_refused("the bearer token is refused");
        }
        if let Some(lost) = units.iter().find(|unit| !service.may(by, **unit)) {
            return match service.unit(by, &lost.to_string()) {
                Err(error) => status(&error),
                // Granted again between two looks: the caller begins anew.
                Ok(_) => nowhere(),
            };
        }
        if units.is_empty() && !service.rights_anywhere(by.actor.principal).have(by.right) {
            return nowhere();
        }
        tokio::select! {
            // Without a sender the server is gone, and all its calls with it.
            _ = changes.changed() => (),
            _ = tick.tick() => (),
        }
    }
}
