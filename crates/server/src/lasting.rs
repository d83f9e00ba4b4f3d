//! Calls that go on for long: they end when their caller may no longer make them.

use std::time::Duration;

use gradus_domain::{NeededOn, Refusal};
use gradus_model::UnitId;
use gradus_service::{Caller, Service, ServiceError};
use tokio::sync::mpsc;
use tonic::Status;

use crate::api::{Api, stopped};
use crate::convert::unit_ref;
use crate::status::{status, token_refused};

/// How often the clock is looked at: credentials and roles end by themselves, too.
const TICK: Duration = Duration::from_secs(1);

/// Tells what there is to tell, until that is done or nobody hears it any more, the server stops, or the
/// caller may not hear it any longer; why it ended early is told last.
pub(crate) async fn tell<T>(
    api: &Api,
    (by, units): (&Caller, &[UnitId]),
    to: &mpsc::Sender<Result<T, Status>>,
    telling: impl Future<Output = Result<(), ServiceError>>,
) {
    let mut stopping = api.stopping.clone();
    let ended = tokio::select! {
        told = telling => told.map_err(|error| status(&error)),
        () = stopped(&mut stopping) => Err(status(&gradus_log::LogError::Closed.into())),
        denied = denied(&api.service, by, units) => Err(denied),
    };
    if let Err(ended) = ended {
        // Nobody may be left to hear it.
        let _ = to.send(Err(ended)).await;
    }
}

/// Resolves when the caller's credential ends, or the right on one of the units; where no unit is
/// named, when they hold the right nowhere any more.
pub(crate) async fn denied(service: &Service, by: &Caller, units: &[UnitId]) -> Status {
    // Told by the name that each has as it begins, while they are in sight.
    let named: Vec<(UnitId, String)> =
        units.iter().map(|unit| (*unit, unit_ref(service, *unit).name)).collect();
    let nowhere = || status(&Refusal::RightMissing { right: by.right, on: NeededOn::Any }.into());
    let mut changes = service.access_changes();
    let mut tick = tokio::time::interval(TICK);
    loop {
        if !service.stands(by) {
            return token_refused("the bearer token is refused");
        }
        if let Some((_, lost)) = named.iter().find(|(unit, _)| !service.may(by, *unit)) {
            return match service.unit(by, lost) {
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
