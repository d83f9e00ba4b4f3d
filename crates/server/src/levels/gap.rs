//! `QueryGap`.

use gradus_domain::gap::{Goal, GoalSource, Part, Status, Way};
use gradus_domain::lift::Need;
use gradus_model::Catalog;
use gradus_model::catalog::Origin;
use gradus_model::unit::AreaRef;
use gradus_service::aims::AskedProfile;
use gradus_service::gap::{AskedGap, GapAnswer, MeasuredArea};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::convert::{self, digest, level, level_answer, unit_ref};

pub(super) async fn gap(
    by: &Caller,
    service: &Service,
    asked: wire::QueryGapRequest,
) -> Result<wire::QueryGapResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let wanted = AskedGap {
        profile: profile(asked.profile),
        areas: super::areas(&asked.areas)?,
        with_blockers: asked.with_blockers,
    };
    let answer = service.gap(by, &asked.unit, &coordinate, &wanted).await?;
    let at = (None, answer.coordinate.at());
    let model = answer.basis.catalog.id();
    let areas = answer.areas.iter().map(|of| AreaRef { model: model.clone(), area: of.gap.area });
    let areas: Vec<AreaRef> = areas.collect();
    let beside = service.told_beside(answer.unit, at, &coordinate, &areas).await?;
    Ok(wire::QueryGapResponse { duties: level::beside(beside), ..told(service, &answer) })
}

/// The profile that a field names; empty for the one in force.
pub(super) fn profile(given: String) -> AskedProfile {
    if given.is_empty() { AskedProfile::InForce } else { AskedProfile::Named(given) }
}

fn told(service: &Service, from: &GapAnswer) -> wire::QueryGapResponse {
    let aims = &from.aims;
    wire::QueryGapResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(level::resolved_for(&from.coordinate, &from.basis)),
        digest: from.digest.0.to_vec(),
        profile: aims.document.id.to_string(),
        profile_digest: digest(&aims.document.digest),
        profile_title: aims.profile.title.clone(),
        areas: from.areas.iter().map(|measured| area(service, from, measured)).collect(),
        warnings: from.warnings.iter().map(ToString::to_string).collect(),
        adopted_by: from.adopted_by.map(|unit| unit_ref(service, unit)),
        profile_model: aims.profile.model.to_string(),
        way: way(from.way).to_owned(),
        phases: from.phases.iter().map(|phase| phase.name().to_owned()).collect(),
        duties: None,
    }
}

const fn way(way: Way) -> &'static str {
    match way {
        Way::Direct => "direct",
        Way::Forward => "forward",
        Way::Back => "back",
        Way::Nowhere => "nowhere",
    }
}

fn area(service: &Service, answer: &GapAnswer, from: &MeasuredArea) -> wire::AreaGap {
    let (catalog, gap) = (&answer.basis.catalog, &from.gap);
    let overriding = answer.aims.profile.base.is_some();
    wire::AreaGap {
        area: format!("{}/{}", catalog.id(), gap.area),
        title: level::title(catalog, gap.area),
        target: match gap.goal {
            Goal::Level(level) => Some(level.into()),
            Goal::NotApplicable | Goal::Unsaid => None,
        },
        rated: Some(level_answer(from.state.rated)),
        ongoing: Some(level_answer(from.state.ongoing)),
        rated_status: status(gap.rated.status).into(),
        ongoing_status: status(gap.ongoing.status).into(),
        short_by: gap.ongoing.gap.map(|missing| missing.at_most.into()),
        sources: gap.sources.iter().map(|from| source(from, overriding)).collect(),
        blockers: from.needs.iter().map(|from| need(catalog, from)).collect(),
        basis: gap.basis.map(|basis| basis.name().to_owned()).unwrap_or_default(),
        inherited_from: from.state.inherited_from.map(|unit| unit_ref(service, unit)),
    }
}

const fn status(from: Status) -> wire::GapStatus {
    match from {
        Status::Met => wire::GapStatus::Met,
        Status::Short => wire::GapStatus::Short,
        Status::Maybe => wire::GapStatus::Open,
        Status::NotRated => wire::GapStatus::NotRated,
        Status::NotDeterminable => wire::GapStatus::NotDeterminable,
        Status::NotApplicable => wire::GapStatus::NotApplicable,
        Status::TailoredOut => wire::GapStatus::TailoredOut,
        Status::NoTarget => wire::GapStatus::NoTarget,
    }
}

/// `overriding` says whether the profile builds on another, so that what it says itself overrides.
fn source(from: &GoalSource, overriding: bool) -> wire::TargetSource {
    let relation = from.link.as_ref().map(|link| link.relation.name().to_owned());
    wire::TargetSource {
        area: from.area.to_string(),
        rationale: from.rationale.clone(),
        basis: from.basis.name().to_owned(),
        relation: relation.unwrap_or_default(),
        overrides: overriding && from.origin == Origin::Own,
        level: from.level.map(u32::from),
        phase: from.phase.map(|phase| phase.name().to_owned()).unwrap_or_default(),
        part: part(from.part).to_owned(),
        rule: from.rule.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

const fn part(from: Part) -> &'static str {
    match from {
        Part::Decides => "decides",
        Part::Lower => "lower",
        Part::NotApplicable => "not-applicable",
        Part::Partial => "partial",
        Part::NoWayBack => "no-way-back",
    }
}

fn need(catalog: &Catalog, from: &Need) -> wire::Need {
    wire::Need {
        practice: from.target.to_string(),
        title: catalog.title_of(&from.target).unwrap_or_default().to_owned(),
        rate: from.rate.as_ref().map_or(0, |rate| rate.to.number().into()),
        evidence: from.support,
    }
}
