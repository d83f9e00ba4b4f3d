//! What ships with the program: models, rules and profiles that are published into a new log.

use gradus_domain::registry::DocumentKind;
use gradus_service::ServiceError;
use gradus_service::start::{Beginning, Shipped};

const SHIPPED: &[Shipped] = &[
    shipped(
        DocumentKind::Model,
        "config/models/iso-21827-2008.toml",
        include_str!("../../../../config/models/iso-21827-2008.toml"),
    ),
    shipped(
        DocumentKind::Model,
        "config/models/sse-cmm-1997.toml",
        include_str!("../../../../config/models/sse-cmm-1997.toml"),
    ),
    shipped(
        DocumentKind::Rules,
        "config/rules/strict.toml",
        include_str!("../../../../config/rules/strict.toml"),
    ),
    shipped(
        DocumentKind::Rules,
        "config/rules/trusted-tools.toml",
        include_str!("../../../../config/rules/trusted-tools.toml"),
    ),
    shipped(
        DocumentKind::Rules,
        "config/rules/nplf-33020.toml",
        include_str!("../../../../config/rules/nplf-33020.toml"),
    ),
    shipped(
        DocumentKind::Rules,
        "config/rules/solo.toml",
        include_str!("../../../../config/rules/solo.toml"),
    ),
    shipped(
        DocumentKind::Profile,
        "config/profiles/security-product-developer.toml",
        include_str!("../../../../config/profiles/security-product-developer.toml"),
    ),
    shipped(
        DocumentKind::Profile,
        "config/profiles/systems-integrator.toml",
        include_str!("../../../../config/profiles/systems-integrator.toml"),
    ),
    shipped(
        DocumentKind::Profile,
        "config/profiles/service-bureau.toml",
        include_str!("../../../../config/profiles/service-bureau.toml"),
    ),
    shipped(
        DocumentKind::Profile,
        "config/profiles/certification-authority.toml",
        include_str!("../../../../config/profiles/certification-authority.toml"),
    ),
    shipped(
        DocumentKind::Profile,
        "config/profiles/user-organization.toml",
        include_str!("../../../../config/profiles/user-organization.toml"),
    ),
];

const fn shipped(kind: DocumentKind, file: &'static str, text: &'static str) -> Shipped {
    Shipped { kind, file, text }
}

/// What a new log begins with.
pub(crate) fn beginning(organization: gradus_model::Name) -> Result<Beginning, ServiceError> {
    let wrong = |error| ServiceError::invalid("beginning", error);
    Ok(Beginning {
        organization,
        documents: SHIPPED.to_vec(),
        model: "iso-21827-2008".parse().map_err(wrong)?,
        rules: "strict".parse().map_err(wrong)?,
    })
}
