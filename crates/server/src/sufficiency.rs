//! `GetSufficiencyMatrix`.

use std::collections::BTreeSet;

use gradus_domain::coverage::Support;
use gradus_domain::sufficiency::{Cell, Class, Missing, PracticeRow};
use gradus_model::{Catalog, Label};
use gradus_service::sufficiency::{AreaRows, SufficiencyAnswer};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::convert::{self, level, timestamp, unit_ref};
use crate::levels;

/// The evidence for the practices of a unit's areas.
pub(crate) async fn matrix(
    by: &Caller,
    service: &Service,
    asked: wire::GetSufficiencyMatrixRequest,
) -> Result<wire::GetSufficiencyMatrixResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let areas = levels::areas(&asked.areas)?;
    let answer = service.sufficiency(by, &asked.unit, &coordinate, &areas).await?;
    Ok(told(service, &answer))
}

fn told(service: &Service, from: &SufficiencyAnswer) -> wire::GetSufficiencyMatrixResponse {
    let practices = from.areas.iter().flat_map(|area| &area.practices);
    let cells = practices.flat_map(|practice| &practice.cells);
    let instances: BTreeSet<Option<&Label>> = cells.map(|cell| cell.instance.as_ref()).collect();
    let area = |rows| from.basis.as_ref().map(|basis| area(service, &basis.catalog, rows));
    wire::GetSufficiencyMatrixResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(match &from.basis {
            Some(basis) => level::resolved_for(&from.coordinate, basis),
            None => convert::resolved(&from.coordinate),
        }),
        digest: from.digest.0.to_vec(),
        instances: instances.into_iter().map(name).collect(),
        areas: from.areas.iter().filter_map(area).collect(),
    }
}

fn name(instance: Option<&Label>) -> String {
    instance.map(ToString::to_string).unwrap_or_default()
}

fn area(service: &Service, catalog: &Catalog, from: &AreaRows) -> wire::AreaSufficiency {
    wire::AreaSufficiency {
        area: format!("{}/{}", catalog.id(), from.area),
        title: level::title(catalog, from.area),
        inherited_from: from.inherited_from.map(|unit| unit_ref(service, unit)),
        tailored_out: from.tailored_out,
        practices: from.practices.iter().map(|row| practice(catalog, row)).collect(),
    }
}

fn practice(catalog: &Catalog, from: &PracticeRow) -> wire::PracticeSufficiency {
    let (support, valid_until, lapsed_at) = match from.support {
        Support::Supported { until } => (wire::Support::Supported, Some(until), None),
        Support::Lapsed { since } => (wire::Support::Lapsed, None, Some(since)),
        Support::Contradicted => (wire::Support::Contradicted, None, None),
        Support::Unsupported => (wire::Support::Unsupported, None, None),
    };
    wire::PracticeSufficiency {
        practice: from.target.to_string(),
        title: catalog.title_of(&from.target).unwrap_or_default().to_owned(),
        support: support.into(),
        valid_until: valid_until.map(timestamp),
        lapsed_at: lapsed_at.map(timestamp),
        missing: from.missing.iter().map(|missing| self::missing(*missing).into()).collect(),
        appraised: from.appraised,
        cells: from.cells.iter().map(cell).collect(),
    }
}

const fn missing(from: Missing) -> wire::Missing {
    match from {
        Missing::Resolution => wire::Missing::Resolution,
        Missing::Review => wire::Missing::Review,
        Missing::Renewal => wire::Missing::Renewal,
        Missing::Strength => wire::Missing::Strength,
        Missing::Evidence => wire::Missing::Evidence,
    }
}

fn cell(from: &Cell) -> wire::SufficiencyCell {
    let count = |class| {
        let of_class = from.of(class);
        Some(wire::FreshCount { fresh: of_class.fresh, stale: of_class.stale })
    };
    wire::SufficiencyCell {
        instance: name(from.instance.as_ref()),
        direct: count(Class::Direct),
        indirect: count(Class::Indirect),
        weak: count(Class::Weak),
        spoken: count(Class::Spoken),
        contradicting: from.contradicting,
        waiting: from.waiting,
        silent: from.silent,
    }
}
