//! `CompareLevels`.

use std::sync::Arc;

use gradus_domain::coverage::SupportKind;
use gradus_domain::difference::{PracticeDifference, PracticeSeen};
use gradus_service::compare::{AskedCompare, AskedSide, CompareAnswer, ComparedArea, SideAnswer};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use super::few_areas;
use crate::convert::movement::{self, comparability};
use crate::convert::{self, level, needed, resolved, unit_ref};

pub(super) async fn compared(
    by: &Caller,
    service: &Arc<Service>,
    asked: wire::CompareLevelsRequest,
) -> Result<wire::CompareLevelsResponse, ServiceError> {
    let from = side("from", needed("from", asked.from)?, asked.min_size)?;
    if from.unit.is_empty() {
        return Err(ServiceError::invalid("from.unit", "it is missing and must be given"));
    }
    let mut to = side("to", needed("to", asked.to)?, asked.min_size)?;
    if to.unit.is_empty() {
        to.unit.clone_from(&from.unit);
    }
    let wanted =
        AskedCompare { areas: few_areas(&asked.areas)?, with_coverage: asked.with_coverage };
    let answer = service.compare_levels(by, &from, &to, wanted).await?;
    let areas: Vec<_> = answer.areas.iter().map(|compared| compared.of.area.clone()).collect();
    let beside = async |of: &SideAnswer, asked: &AskedSide| {
        let at = (None, of.coordinate.at());
        let told = service.told_beside(of.unit, at, &asked.coordinate, &areas).await;
        told.map(level::beside)
    };
    Ok(wire::CompareLevelsResponse {
        from_duties: beside(&answer.from, &from).await?,
        to_duties: beside(&answer.to, &to).await?,
        ..told(service, &answer)
    })
}

/// A side; its fields are named as those of the request.
fn side(field: &str, given: wire::Side, min_size: u64) -> Result<AskedSide, ServiceError> {
    let coordinate = convert::coordinate(given.coordinate.as_ref(), min_size);
    let coordinate = coordinate.map_err(|error| match error {
        ServiceError::Invalid { field: inner, reason } => {
            ServiceError::Invalid { field: format!("{field}.{inner}"), reason }
        }
        other => other,
    })?;
    Ok(AskedSide { unit: given.unit, coordinate })
}

fn told(service: &Service, from: &CompareAnswer) -> wire::CompareLevelsResponse {
    wire::CompareLevelsResponse {
        from_unit: Some(unit_ref(service, from.from.unit)),
        from: Some(coordinate(&from.from)),
        to_unit: Some(unit_ref(service, from.to.unit)),
        to: Some(coordinate(&from.to)),
        digest: from.digest.0.to_vec(),
        comparability: Some(comparability(&from.comparable)),
        areas: from.areas.iter().map(|compared| area(service, from, compared)).collect(),
        from_duties: None,
        to_duties: None,
    }
}

fn coordinate(from: &SideAnswer) -> wire::ResolvedCoordinate {
    match &from.basis {
        Some(basis) => level::resolved_for(&from.coordinate, basis),
        None => resolved(&from.coordinate),
    }
}

fn area(service: &Service, answer: &CompareAnswer, from: &ComparedArea) -> wire::AreaDifference {
    let state = |state: &Option<_>| state.as_ref().map(|state| level::state(service, state));
    let of = &from.difference;
    wire::AreaDifference {
        area: movement::area(&from.of.area),
        title: from.of.title.clone(),
        before: state(&of.from),
        after: state(&of.to),
        movements: of.movements.iter().map(|one| movement::movement(service, one)).collect(),
        practices: of.practices.iter().map(|one| practice(answer, one)).collect(),
    }
}

fn practice(answer: &CompareAnswer, from: &PracticeDifference) -> wire::PracticeDifference {
    let bases = [&answer.to.basis, &answer.from.basis];
    let mut models = bases.into_iter().flatten().map(|basis| &basis.catalog);
    let title = models.find_map(|model| model.title_of(&from.target)).unwrap_or_default();
    wire::PracticeDifference {
        practice: from.target.to_string(),
        title: title.to_owned(),
        before: from.from.as_ref().map(seen),
        after: from.to.as_ref().map(seen),
    }
}

fn seen(from: &PracticeSeen) -> wire::PracticeSeen {
    let lowest = from.reading.values.iter().map(|(_, value)| *value).min();
    let support = match from.support {
        SupportKind::Supported => wire::Support::Supported,
        SupportKind::Lapsed => wire::Support::Lapsed,
        SupportKind::Contradicted => wire::Support::Contradicted,
        SupportKind::Unsupported => wire::Support::Unsupported,
    };
    wire::PracticeSeen {
        value: lowest.map_or(0, |value| value.number().into()),
        support: support.into(),
    }
}
