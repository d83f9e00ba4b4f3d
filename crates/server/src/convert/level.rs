//! Levels, out.

use gradus_domain::course::AreaState;
use gradus_domain::coverage::Support;
use gradus_domain::duties::behind::Told;
use gradus_domain::level::{AreaAnswer, Coverage, PracticeAnswer};
use gradus_model::{AreaId, Catalog};
use gradus_projection::views::Basis;
use gradus_service::Service;
use gradus_service::levels::LevelsAnswer;
use gradus_wire::v1 as wire;

use super::{digest, level_answer, principal_ref, resolved, timestamp, unit_ref};

/// The coordinate of an answer for a unit, with the model and rules that answered.
pub(crate) fn resolved_for(
    from: &gradus_service::coordinate::Resolved,
    basis: &Basis,
) -> wire::ResolvedCoordinate {
    wire::ResolvedCoordinate {
        rules: digest(&basis.rules.digest),
        rules_name: basis.rules.id.to_string(),
        model: basis.model.id.to_string(),
        model_digest: digest(&basis.model.digest),
        ..resolved(from)
    }
}

/// The answer for the areas asked for.
pub(crate) fn levels(service: &Service, from: &LevelsAnswer) -> wire::QueryLevelsResponse {
    let Some(basis) = &from.basis else {
        return wire::QueryLevelsResponse {
            unit: Some(unit_ref(service, from.unit)),
            coordinate: Some(resolved(&from.coordinate)),
            digest: from.digest.0.to_vec(),
            ..wire::QueryLevelsResponse::default()
        };
    };
    let catalog = &basis.catalog;
    wire::QueryLevelsResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(resolved_for(&from.coordinate, basis)),
        digest: from.digest.0.to_vec(),
        scheme: basis.read_rules.scheme.name().to_owned(),
        areas: from.areas.iter().map(|answer| area(service, catalog, answer)).collect(),
        ratings_relaxed: from.told.relaxed,
        ratings_conflicted: from.told.conflicted,
        ratings_imported: from.told.imported,
    }
}

/// What is told beside levels; nothing where there is nothing.
pub(crate) fn beside(from: Told) -> Option<wire::RatingsTold> {
    let Told { relaxed, conflicted, imported } = from;
    (!from.is_nothing()).then_some(wire::RatingsTold { relaxed, conflicted, imported })
}

/// An area's levels and practices.
pub(crate) fn area(service: &Service, catalog: &Catalog, from: &AreaAnswer) -> wire::AreaLevel {
    let area = catalog.area(from.area);
    wire::AreaLevel {
        area: from.area.to_string(),
        title: area.map(|area| area.title.clone()).unwrap_or_default(),
        category: area.map_or(0, |area| i32::from(area.category.number())),
        inherited_from: from.inherited_from.map(|unit| unit_ref(service, unit)),
        rated: Some(level_answer(from.rated)),
        ongoing: Some(level_answer(from.ongoing)),
        coverage: Some(wire::Coverage {
            items_valid: (!from.practices.is_empty()).then_some(from.items),
            ..coverage(from.coverage)
        }),
        practices: from.practices.iter().map(|answer| practice(service, catalog, answer)).collect(),
    }
}

/// Coverage, without the number of items.
pub(crate) fn coverage(from: Coverage) -> wire::Coverage {
    wire::Coverage {
        practices_total: u32::from(from.practices),
        covered: u32::from(from.supported),
        contradicted: u32::from(from.contradicted),
        lapsed: u32::from(from.lapsed),
        items_valid: None,
    }
}

/// The state of an area at an instant.
pub(crate) fn state(service: &Service, from: &AreaState) -> wire::AreaState {
    wire::AreaState {
        rated: Some(level_answer(from.rated)),
        ongoing: Some(level_answer(from.ongoing)),
        coverage: Some(coverage(from.coverage)),
        inherited_from: from.inherited_from.map(|unit| unit_ref(service, unit)),
    }
}

/// The title of an area of a model; empty if it has none such.
pub(crate) fn title(catalog: &Catalog, area: AreaId) -> String {
    catalog.area(area).map(|area| area.title.clone()).unwrap_or_default()
}

/// A practice's state.
pub(crate) fn practice(
    service: &Service,
    catalog: &Catalog,
    from: &PracticeAnswer,
) -> wire::PracticeState {
    let (support, valid_until, lapsed_at) = match from.support {
        Support::Supported { until } => (wire::Support::Supported, Some(until), None),
        Support::Lapsed { since } => (wire::Support::Lapsed, None, Some(since)),
        Support::Contradicted => (wire::Support::Contradicted, None, None),
        Support::Unsupported => (wire::Support::Unsupported, None, None),
    };
    wire::PracticeState {
        practice: from.target.to_string(),
        title: catalog.title_of(&from.target).unwrap_or_default().to_owned(),
        borrowed: from.target.model != *catalog.id(),
        rating: from.rating.map(|rating| wire::PracticeRating {
            rating: rating.rating.to_string(),
            value: i32::from(rating.value.number()),
            rated_by: Some(principal_ref(service, rating.actor)),
            by_rule: rating.by_rule,
            effective_at: Some(timestamp(rating.effective_at)),
            position: rating.position,
        }),
        support: support.into(),
        valid_until: valid_until.map(timestamp),
        lapsed_at: lapsed_at.map(timestamp),
    }
}
