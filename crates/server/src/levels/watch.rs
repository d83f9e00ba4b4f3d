//! `WatchLevels`.

use std::pin::pin;

use gradus_service::watch::{AskedWatch, Told, Watched};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::api::{Api, stopped};
use crate::convert::{self, level, timestamp, unit_ref};
use crate::lasting;
use crate::status::status;

/// What a watcher receives.
pub(super) type Changes = ReceiverStream<Result<wire::WatchLevelsResponse, Status>>;

pub(super) async fn watched(
    by: &Caller,
    api: &Api,
    asked: wire::WatchLevelsRequest,
) -> Result<Changes, ServiceError> {
    let areas = super::areas(&asked.areas)?;
    let from_valid_at = asked.from_valid_at.as_ref();
    let wanted = AskedWatch {
        units: asked.units,
        areas: areas.into_iter().map(|area| area.area).collect(),
        from_size: asked.from_size,
        from_valid_at: convert::instant("from_valid_at", from_valid_at)?,
    };
    let Watched { units, mut told } = api.service.watch(by, &wanted).await?;
    let (sender, receiver) = mpsc::channel(1);
    let (api, by) = (api.clone(), *by);
    tokio::spawn(async move {
        let mut stopping = api.stopping.clone();
        let mut denied = pin!(lasting::denied(&api.service, &by, &units));
        loop {
            let next = tokio::select! {
                told = told.recv() => told.map(|told| told.map_err(|error| status(&error))),
                () = sender.closed() => return,
                () = stopped(&mut stopping) => Some(Err(status(&gradus_log::LogError::Closed.into()))),
                denied = &mut denied => Some(Err(denied)),
            };
            let Some(next) = next else { return };
            let ended = next.is_err();
            let hidden = |told: &Told| {
                told.moved.as_ref().is_some_and(|moved| !api.service.may(&by, moved.unit))
            };
            if next.as_ref().is_ok_and(hidden) {
                continue;
            }
            let message = next.map(|told| change(&api, told));
            if sender.send(message).await.is_err() || ended {
                return;
            }
        }
    });
    Ok(ReceiverStream::new(receiver))
}

fn change(api: &Api, from: Told) -> wire::WatchLevelsResponse {
    let service = &api.service;
    wire::WatchLevelsResponse {
        log_size: from.resume.size,
        valid_at: Some(timestamp(from.resume.valid_at)),
        moved: from.moved.map(|moved| wire::LevelMoved {
            unit: Some(unit_ref(service, moved.unit)),
            area: format!("{}/{}", moved.area.model, moved.area.area),
            before: moved.before.map(|state| level::state(service, &state)),
            after: moved.after.map(|state| level::state(service, &state)),
            position: moved.position,
            valid_at: Some(timestamp(moved.stand.valid_at)),
            log_size: moved.stand.size,
        }),
    }
}
