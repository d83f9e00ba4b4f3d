//! `QueryTrend`.

use std::sync::Arc;

use gradus_domain::trend::{Landmarks, Point, Span};
use gradus_domain::{At, Refusal};
use gradus_service::trend::{AreaTrend, AskedTrend, TrendAnswer, UnitTrend};
use gradus_service::units::AskedArea;
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::convert::{self, digest, level, movement, resolved, timestamp, unit_ref};

/// The most areas that a question names.
const MOST_AREAS: usize = 100;

pub(super) async fn trend(
    by: &Caller,
    service: &Arc<Service>,
    asked: wire::QueryTrendRequest,
) -> Result<wire::QueryTrendResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let wanted = AskedTrend {
        units: convert::bounded("units", &asked.units)?.to_vec(),
        areas: few_areas(&asked.areas)?,
        from: convert::instant("from", asked.from.as_ref())?,
        to: convert::instant("to", asked.to.as_ref())?,
        step: convert::optional("step", &asked.step)?,
        as_reported: asked.as_reported,
        with_coverage: asked.with_coverage,
    };
    let answer = service.trend(by, &coordinate, wanted).await?;
    let last = At { valid_at: answer.span.to().plus_micros(-1), ..answer.coordinate.at() };
    let span = (Some(answer.span.from()), last);
    let mut response = told(service, &answer);
    for (unit, told) in answer.units.iter().zip(&mut response.units) {
        let areas: Vec<_> = unit.areas.iter().map(|area| area.of.area.clone()).collect();
        let beside = service.told_beside(unit.unit, span, &coordinate, &areas).await?;
        told.duties = level::beside(beside);
    }
    Ok(response)
}

/// The areas that a request's field `areas` names, at most 100.
pub(crate) fn few_areas(given: &[String]) -> Result<Vec<AskedArea>, ServiceError> {
    if given.len() > MOST_AREAS {
        let seen = given.len();
        return Err(Refusal::TooMany { field: "areas", seen, limit: MOST_AREAS }.into());
    }
    super::areas(given)
}

fn told(service: &Service, from: &TrendAnswer) -> wire::QueryTrendResponse {
    wire::QueryTrendResponse {
        coordinate: Some(wire::ResolvedCoordinate {
            rules: from.rules.as_ref().map(|rules| digest(&rules.digest)).unwrap_or_default(),
            rules_name: from.rules.as_ref().map(|rules| rules.id.to_string()).unwrap_or_default(),
            ..resolved(&from.coordinate)
        }),
        from: Some(timestamp(from.span.from())),
        to: Some(timestamp(from.span.to())),
        digest: from.digest.0.to_vec(),
        units: from.units.iter().map(|of| unit(service, of, from.span)).collect(),
        comparability: Some(movement::comparability(&from.comparable)),
    }
}

fn unit(service: &Service, from: &UnitTrend, span: Span) -> wire::UnitTrend {
    let Landmarks { phases, markers } = &from.landmarks;
    let phases = phases.iter().map(|(phase, interval)| wire::PhaseSpan {
        phase: phase.name().to_owned(),
        from: Some(timestamp(interval.from.max(span.from()))),
        to: interval.to.map(timestamp),
    });
    let markers = markers.iter().map(|marker| wire::Landmark {
        kind: marker.value.kind.name().to_owned(),
        label: marker.value.label.to_string(),
        at: Some(timestamp(marker.effective_at)),
    });
    wire::UnitTrend {
        unit: Some(unit_ref(service, from.unit)),
        areas: from.areas.iter().map(|of| area(service, of)).collect(),
        phases: phases.collect(),
        markers: markers.collect(),
        duties: None,
    }
}

fn area(service: &Service, from: &AreaTrend) -> wire::AreaTrend {
    let point = |(instant, state): &Point| wire::TrendPoint {
        valid_at: Some(timestamp(*instant)),
        state: state.as_ref().map(|state| level::state(service, state)),
    };
    wire::AreaTrend {
        area: movement::area(&from.of.area),
        title: from.of.title.clone(),
        points: from.points.iter().map(point).collect(),
    }
}
