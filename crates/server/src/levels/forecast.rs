//! `ForecastLevels`.

use std::collections::BTreeSet;
use std::sync::Arc;

use gradus_service::forecast::{Ahead, AskedForecast, ForecastAnswer};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use super::few_areas;
use crate::convert::{self, level, movement, resolved, timestamp, unit_ref};

pub(super) async fn forecast(
    by: &Caller,
    service: &Arc<Service>,
    asked: wire::ForecastLevelsRequest,
) -> Result<wire::ForecastLevelsResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let wanted = AskedForecast {
        areas: few_areas(&asked.areas)?,
        until: convert::instant("until", asked.until.as_ref())?,
        with_coverage: asked.with_coverage,
    };
    let answer = service.forecast(by, &asked.unit, &coordinate, wanted).await?;
    let at = (None, answer.coordinate.at());
    let areas: BTreeSet<_> = answer.changes.iter().map(|ahead| &ahead.of.area).collect();
    let areas: Vec<_> = areas.into_iter().cloned().collect();
    let beside = service.told_beside(answer.unit, at, &coordinate, &areas).await?;
    Ok(wire::ForecastLevelsResponse { duties: level::beside(beside), ..told(service, &answer) })
}

fn told(service: &Service, from: &ForecastAnswer) -> wire::ForecastLevelsResponse {
    let coordinate = match &from.basis {
        Some(basis) => level::resolved_for(&from.coordinate, basis),
        None => resolved(&from.coordinate),
    };
    let size = from.coordinate.log_size;
    let change = |Ahead { of, change }: &Ahead| wire::ForecastChange {
        area: movement::area(&of.area),
        title: of.title.clone(),
        movement: Some(movement::ahead(service, size, change)),
    };
    wire::ForecastLevelsResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(coordinate),
        until: Some(timestamp(from.until)),
        digest: from.digest.0.to_vec(),
        changes: from.changes.iter().map(change).collect(),
        duties: None,
    }
}
