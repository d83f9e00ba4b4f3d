//! Held documents and models, out.

use gradus_domain::registry::{DocumentKind, Published};
use gradus_model::{Catalog, Digest};
use gradus_projection::library::Held;
use gradus_wire::v1 as wire;

use super::{Checked, ServiceError, digest};

pub(crate) fn kind(number: i32) -> Checked<Option<DocumentKind>> {
    match wire::DocumentKind::try_from(number) {
        Ok(wire::DocumentKind::Unspecified) => Ok(None),
        Ok(wire::DocumentKind::Model) => Ok(Some(DocumentKind::Model)),
        Ok(wire::DocumentKind::Rules) => Ok(Some(DocumentKind::Rules)),
        Ok(wire::DocumentKind::Profile) => Ok(Some(DocumentKind::Profile)),
        Err(_) => {
            Err(ServiceError::invalid("kind", format!("{number} is no value of this enumeration")))
        }
    }
}

pub(crate) const fn wire_kind(kind: DocumentKind) -> wire::DocumentKind {
    match kind {
        DocumentKind::Model => wire::DocumentKind::Model,
        DocumentKind::Rules => wire::DocumentKind::Rules,
        DocumentKind::Profile => wire::DocumentKind::Profile,
    }
}

/// A published document; `held` is what its bytes say.
pub(crate) fn document(from: &Published, held: Option<&Held>) -> wire::Document {
    let title = match held {
        Some(Held::Model(model)) => model.title().to_owned(),
        Some(Held::Rules(rules)) => rules.title.clone(),
        Some(Held::Profile(profile)) => profile.title.clone(),
        None => String::new(),
    };
    wire::Document {
        id: from.id.to_string(),
        kind: wire_kind(from.kind).into(),
        digest: digest(&from.digest),
        title,
        position: from.position,
        ..wire::Document::default()
    }
}

pub(crate) fn model(catalog: &Catalog, of: &Digest) -> wire::Model {
    let features = catalog.features().iter().map(|feature| {
        let generic = catalog.generic_practices().iter();
        let generic = generic.filter(|practice| practice.id.feature == feature.id);
        wire::Feature {
            id: feature.id.to_string(),
            level: u32::from(feature.id.level),
            title: feature.title.clone(),
            check: i32::from(feature.check.number()),
            borrowed: feature.borrowed,
            generic_practices: generic
                .map(|practice| wire::GenericPractice {
                    id: practice.id.to_string(),
                    title: practice.title.clone(),
                    check: i32::from(practice.check.number()),
                    borrowed: practice.borrowed,
                })
                .collect(),
        }
    });
    let areas = catalog.areas().iter().map(|area| wire::Area {
        id: area.id.to_string(),
        title: area.title.clone(),
        category: i32::from(area.category.number()),
        discipline: area.discipline.map_or(0, |discipline| i32::from(discipline.number())),
        clause: area.clause.clone().unwrap_or_default(),
        summary: area.summary.clone().unwrap_or_default(),
        base_practices: area
            .base_practices
            .iter()
            .map(|practice| wire::BasePractice {
                practice: practice.target.to_string(),
                title: practice.title.clone(),
                check: i32::from(practice.check.number()),
                borrowed: practice.borrowed,
            })
            .collect(),
        complete: area.complete,
    });
    let levels = catalog.levels().iter().map(|level| wire::Level {
        number: u32::from(level.number),
        title: level.title.clone(),
        summary: level.summary.clone().unwrap_or_default(),
        check: i32::from(level.check.number()),
    });
    let dependencies = catalog.dependencies().iter().map(|one| wire::Dependency {
        area: one.area.to_string(),
        needs: one.needs.to_string(),
        basis: one.basis.name().to_owned(),
        source: one.source.clone().unwrap_or_default(),
        reason: one.reason.clone(),
    });
    wire::Model {
        id: catalog.id().to_string(),
        digest: digest(of),
        title: catalog.title().to_owned(),
        edition: catalog.edition().to_owned(),
        standard: catalog.standard().unwrap_or_default().to_owned(),
        note: catalog.note().unwrap_or_default().to_owned(),
        levels: levels.collect(),
        features: features.collect(),
        areas: areas.collect(),
        dependencies: dependencies.collect(),
    }
}
