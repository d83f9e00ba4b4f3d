//! `RollUpLevels`.

use std::sync::Arc;

use gradus_domain::course::AreaState;
use gradus_domain::rollup::{LevelBounds, Rule, Spread, Summary};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::unit::AreaRef;
use gradus_service::roll_up::{AskedRollUp, MemberStates, RollUpAnswer, RolledArea};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use super::gap::profile;
use crate::convert::movement::{self, comparability};
use crate::convert::{self, level, level_answer, resolved, unit_ref};

pub(super) async fn rolled_up(
    by: &Caller,
    service: &Arc<Service>,
    asked: wire::RollUpLevelsRequest,
) -> Result<wire::RollUpLevelsResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let wanted = AskedRollUp {
        areas: super::areas(&asked.areas)?,
        label: convert::optional("label", &asked.label)?,
        rule: rule(asked.rule)?,
        profile: profile(asked.profile),
        with_members: asked.with_members,
    };
    let answer = service.roll_up(by, &asked.unit, &coordinate, wanted).await?;
    Ok(told(service, &answer))
}

fn rule(given: i32) -> Result<Rule, ServiceError> {
    Ok(match wire::RollUpRule::try_from(given) {
        Ok(wire::RollUpRule::Unspecified | wire::RollUpRule::Minimum) => Rule::Minimum,
        Ok(wire::RollUpRule::Median) => Rule::Median,
        Ok(wire::RollUpRule::Distribution) => Rule::Distribution,
        Ok(wire::RollUpRule::OnTarget) => Rule::OnTarget,
        Err(_) => {
            let reason = format!("{given} is no value of this enumeration");
            return Err(ServiceError::invalid("rule", reason));
        }
    })
}

const fn rule_told(rule: Rule) -> wire::RollUpRule {
    match rule {
        Rule::Minimum => wire::RollUpRule::Minimum,
        Rule::Median => wire::RollUpRule::Median,
        Rule::Distribution => wire::RollUpRule::Distribution,
        Rule::OnTarget => wire::RollUpRule::OnTarget,
    }
}

fn told(service: &Service, from: &RollUpAnswer) -> wire::RollUpLevelsResponse {
    let coordinate = match &from.basis {
        Some(basis) => level::resolved_for(&from.coordinate, basis),
        None => resolved(&from.coordinate),
    };
    wire::RollUpLevelsResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(coordinate),
        digest: from.digest.0.to_vec(),
        rule: rule_told(from.rule).into(),
        members: u32::try_from(from.members).unwrap_or(u32::MAX),
        areas: from.areas.iter().map(|rolled| area(from.rule, rolled)).collect(),
        comparability: Some(comparability(&from.comparable)),
        units: from.units.iter().map(|states| member(service, states)).collect(),
        duties: level::beside(from.told),
    }
}

fn area(rule: Rule, from: &RolledArea) -> wire::AreaRollUp {
    let (sum, coverage) = (&from.sum, from.sum.coverage);
    wire::AreaRollUp {
        area: movement::area(&from.area),
        title: from.title.clone(),
        rated: Some(summary(rule, &sum.rated)),
        ongoing: Some(summary(rule, &sum.ongoing)),
        coverage: Some(wire::Coverage {
            practices_total: coverage.practices,
            covered: coverage.supported,
            contradicted: coverage.contradicted,
            lapsed: coverage.lapsed,
            items_valid: None,
        }),
        inherited: sum.inherited,
        counted: sum.answers,
    }
}

fn summary(rule: Rule, from: &Summary) -> wire::RolledUp {
    let (counts, target) = (&from.distribution, &from.on_target);
    let lowest = from.spread.map(|spread| spread.lowest.at_least);
    let highest = from.spread.map(|spread| spread.highest.at_most);
    wire::RolledUp {
        value: from.spread.and_then(|spread| value(rule, spread)).map(level_answer),
        lowest: lowest.map(u32::from),
        highest: highest.map(u32::from),
        at_level: counts.exact.to_vec(),
        open: counts.between,
        not_rated: counts.not_rated,
        not_applicable: counts.not_applicable,
        not_determinable: counts.not_determinable,
        on_target: target.met,
        maybe_on_target: target.maybe,
        with_target: target.aimed(),
        absent: counts.absent,
    }
}

/// The value by the rule, where that is a level.
fn value(rule: Rule, spread: Spread) -> Option<LevelAnswer> {
    let LevelBounds { at_least, at_most } = match rule {
        Rule::Minimum => spread.lowest,
        Rule::Median => spread.median,
        Rule::Distribution | Rule::OnTarget => return None,
    };
    Some(LevelAnswer::Range { at_least, at_most, open: 0 })
}

fn member(service: &Service, from: &MemberStates) -> wire::MemberLevels {
    let state = |(area, state): &(AreaRef, AreaState)| {
        let told = level::state(service, state);
        wire::AreaLevel {
            area: movement::area(area),
            inherited_from: told.inherited_from,
            rated: told.rated,
            ongoing: told.ongoing,
            coverage: told.coverage,
            ..wire::AreaLevel::default()
        }
    };
    wire::MemberLevels {
        unit: Some(unit_ref(service, from.unit)),
        areas: from.areas.iter().map(state).collect(),
        duties: level::beside(from.told),
    }
}
