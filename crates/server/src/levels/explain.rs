//! `ExplainLevel`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::duties::behind::Relaxed;
use gradus_domain::explain::{
    Counts, ItemBehind, PracticeBehind, RatingBehind, WhyNot, WhyPassedOver,
};
use gradus_domain::level::PracticeAnswer;
use gradus_domain::lift::{Bounds, FeatureStep, LevelStep, Met, Need, next_level};
use gradus_domain::rules::Scheme;
use gradus_domain::scheme::{Reading, Role};
use gradus_domain::sse_cmm::{self, Judgment, LevelAnswer};
use gradus_model::Catalog;
use gradus_model::appraisal::Subject;
use gradus_model::rating::Value;
use gradus_service::explain::{ExplainAnswer, passed_over, why_not};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::convert::movement::{ahead, ends_by, window};
use crate::convert::{self, level, principal_ref, timestamp, unit_ref};

pub(super) async fn explained(
    by: &Caller,
    service: &Arc<Service>,
    asked: wire::ExplainLevelRequest,
) -> Result<wire::ExplainLevelResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let area = convert::area("area", &asked.area)?;
    let answer = service.explain(by, &asked.unit, &coordinate, area).await?;
    let mut response = told(service, &answer);
    tell_appraisals(by, service, &answer, &mut response);
    response.distrusts = distrusts(by, service, &answer).await?;
    Ok(response)
}

/// The records by which items do not count; why is told to those who may read the unit's records.
async fn distrusts(
    by: &Caller,
    service: &Service,
    answer: &ExplainAnswer,
) -> Result<Vec<wire::ExplainedDistrust>, ServiceError> {
    let items = answer.explanation.practices.iter().flat_map(|practice| &practice.evidence);
    let positions: BTreeSet<u64> = items.filter_map(|item| distrusted_by(item.counts)).collect();
    let reads = service.may(&Caller { right: Right::Read, ..*by }, answer.unit);
    let mut told = Vec::new();
    for position in positions {
        let known = service.views().registry.distrust_at(position).cloned();
        let reason = if reads { service.source_statement(position).await?.reason } else { None };
        told.extend(known.map(|known| wire::ExplainedDistrust {
            position,
            sort: known.suspect.sort().to_owned(),
            reason: reason.unwrap_or_default(),
        }));
    }
    Ok(told)
}

/// Who stands behind ratings of closed appraisals, of those that the caller may see.
fn tell_appraisals(
    by: &Caller,
    service: &Service,
    answer: &ExplainAnswer,
    response: &mut wire::ExplainLevelResponse,
) {
    let behind = answer.explanation.practices.iter().flat_map(|practice| {
        let others = practice.passed_over.iter().map(|(rating, _)| rating);
        practice.ratings.iter().chain(others).map(|rating| (&practice.target, rating))
    });
    let mut known = BTreeMap::new();
    for (target, rating) in behind.filter(|(_, rating)| rating.appraisal.is_some()) {
        let unit = answer.explanation.answered_by;
        let target = target.clone();
        let subject = Subject { unit, target, instance: rating.instance.clone() };
        let found = rating.appraisal.and_then(|id| service.behind_appraisal(by, id, &subject));
        known.extend(found.map(|found| (rating.rating.to_string(), found)));
    }
    for told in response.practices.iter_mut().flat_map(|practice| &mut practice.ratings) {
        let id = told.rating.as_ref().map(|rating| rating.rating.as_str()).unwrap_or_default();
        told.behind_appraisal = known.get(id).map(|(lead, dissent)| wire::BehindAppraisal {
            lead: lead.map(|lead| principal_ref(service, lead)),
            dissent: dissent.iter().map(|one| principal_ref(service, *one)).collect(),
        });
    }
}

const fn distrusted_by(counts: Counts) -> Option<u64> {
    match counts {
        Counts::Not(WhyNot::Distrusted { by }) => Some(by),
        _ => None,
    }
}

fn told(service: &Service, from: &ExplainAnswer) -> wire::ExplainLevelResponse {
    let of = &from.explanation;
    let (catalog, scheme) = (&*of.basis.catalog, of.basis.read_rules.scheme);
    let mut area = level::area(service, catalog, &of.answer);
    area.area = format!("{}/{}", catalog.id(), of.answer.area);
    area.practices = Vec::new();
    let practices: Vec<wire::ExplainedPractice> = of
        .answer
        .practices
        .iter()
        .zip(&of.practices)
        .filter(|(_, behind)| says_something(behind))
        .map(|(answer, behind)| practice(service, catalog, scheme, (answer, behind)))
        .collect();
    let movement = |change| ahead(service, from.coordinate.log_size, change);
    wire::ExplainLevelResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(level::resolved_for(&from.coordinate, &of.basis)),
        digest: from.digest.0.to_vec(),
        scheme: scheme.name().to_owned(),
        area: Some(area),
        steps: of.derivation.iter().map(|from| step(from, &practices)).collect(),
        practices,
        lift_rated: Some(lift(catalog, of.answer.rated, of.lift_rated.as_deref())),
        lift_ongoing: Some(lift(catalog, of.answer.ongoing, of.lift_ongoing.as_deref())),
        falls_next: of.falls_next.as_ref().map(movement),
        tailored_out: of.tailored_out.map(|out| wire::TailoredOut {
            since: Some(timestamp(out.since)),
            position: out.position,
        }),
        distrusts: Vec::new(),
    }
}

/// Features are told only where one was rated as a whole, or something is linked to it.
fn says_something(behind: &PracticeBehind) -> bool {
    !matches!(behind.role, Role::Feature(_))
        || !behind.ratings.is_empty()
        || !behind.passed_over.is_empty()
        || !behind.evidence.is_empty()
}

fn step(from: &LevelStep, practices: &[wire::ExplainedPractice]) -> wire::LevelStep {
    let of_level = || {
        let level = u32::from(from.level);
        practices.iter().filter(move |one| one.level == level && !one.is_feature)
    };
    let count = |wanted: fn(&wire::ExplainedPractice) -> bool| {
        u32::try_from(of_level().filter(|one| wanted(one)).count()).unwrap_or(u32::MAX)
    };
    wire::LevelStep {
        level: from.level.into(),
        rated: reached(from.rated).into(),
        ongoing: reached(from.ongoing).into(),
        practices: count(|_| true),
        met_rated: count(|one| one.rated() == wire::Reached::Yes),
        met_ongoing: count(|one| one.ongoing() == wire::Reached::Yes),
        open: count(|one| one.rated() == wire::Reached::Open),
        features: from.features.iter().map(feature).collect(),
    }
}

const fn reached(from: Met) -> wire::Reached {
    match from {
        Met::Yes => wire::Reached::Yes,
        Met::No => wire::Reached::No,
        Met::Open => wire::Reached::Open,
    }
}

fn feature(from: &FeatureStep) -> wire::FeatureStep {
    let number = |value: Value| i32::from(value.number());
    let FeatureStep { rated, ongoing, .. } = from;
    let ends = |bounds: &Bounds| (number(bounds.at_least), number(bounds.at_most));
    let (rated, ongoing) = (ends(rated), ends(ongoing));
    wire::FeatureStep {
        feature: from.feature.to_string(),
        rated_at_least: rated.0,
        rated_at_most: rated.1,
        ongoing_at_least: ongoing.0,
        ongoing_at_most: ongoing.1,
        open: from.open.into(),
        as_a_whole: from.as_a_whole,
    }
}

fn practice(
    service: &Service,
    catalog: &Catalog,
    scheme: Scheme,
    (answer, behind): (&PracticeAnswer, &PracticeBehind),
) -> wire::ExplainedPractice {
    let in_force = behind.ratings.iter().map(|one| rating(service, one, None));
    let others = behind.passed_over.iter().map(|(one, why)| rating(service, one, Some(*why)));
    let (rated, ongoing) = judged(scheme, &answer.reading);
    wire::ExplainedPractice {
        state: Some(level::practice(service, catalog, answer)),
        level: behind.role.feature().level.into(),
        rated: rated.into(),
        ongoing: ongoing.into(),
        ratings: in_force.chain(others).collect(),
        evidence: behind.evidence.iter().map(|one| item(service, one)).collect(),
        feature: behind.role.feature().to_string(),
        is_feature: matches!(behind.role, Role::Feature(_)),
    }
}

/// Whether a practice is met by what was judged, and by what valid evidence still supports.
fn judged(scheme: Scheme, reading: &Reading) -> (wire::Reached, wire::Reached) {
    let met = |judgment| match judgment {
        Judgment::Yes => wire::Reached::Yes,
        Judgment::No => wire::Reached::No,
        Judgment::Unknown => wire::Reached::Open,
    };
    match scheme {
        Scheme::SseCmm => (met(sse_cmm::rated(reading)), met(sse_cmm::ongoing(reading))),
        Scheme::Nplf33020(_) => {
            let lowest = reading.values.iter().map(|(_, value)| *value).min();
            match lowest.map(|value| value >= Value::LargelyLow) {
                None => (wire::Reached::Open, wire::Reached::Open),
                Some(true) if reading.supported => (wire::Reached::Yes, wire::Reached::Yes),
                Some(true) => (wire::Reached::Yes, wire::Reached::No),
                Some(false) => (wire::Reached::No, wire::Reached::No),
            }
        }
    }
}

fn rating(
    service: &Service,
    from: &RatingBehind,
    why: Option<WhyPassedOver>,
) -> wire::ExplainedRating {
    let ended_at = match why {
        Some(WhyPassedOver::Ended { at }) => Some(timestamp(at)),
        _ => None,
    };
    let replaced_by = match why {
        Some(WhyPassedOver::Replaced { by }) => Some(by),
        _ => None,
    };
    wire::ExplainedRating {
        rating: Some(wire::PracticeRating {
            rating: from.rating.to_string(),
            value: from.value.number().into(),
            rated_by: Some(principal_ref(service, from.actor)),
            by_rule: from.by_rule.is_some(),
            effective_at: Some(timestamp(from.effective_at)),
            position: from.position,
        }),
        instance: from.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
        counts: why.is_none(),
        why_not: why.map(passed_over).unwrap_or_default().to_owned(),
        ended_at,
        replaced_by,
        appraisal: from.appraisal.map(|id| id.to_string()).unwrap_or_default(),
        speaks_until: from.speaks_until.map(timestamp),
        cited: from.cited.iter().map(ToString::to_string).collect(),
        relaxed: from.standing.relaxed.iter().map(relaxed).collect(),
        conflict: from.standing.conflict.as_ref().map(|one| crate::duties::told(service, one)),
        imported: from.appraisal.is_some_and(|id| service.is_imported(id)),
        behind_appraisal: None,
    }
}

fn relaxed(from: &Relaxed) -> wire::RelaxedDuty {
    wire::RelaxedDuty {
        pair: from.pair.name().to_owned(),
        rules: from.rules.to_string(),
        reason: from.reason.clone(),
        evidence: from.evidence.map(|(id, _)| id.to_string()).unwrap_or_default(),
    }
}

fn item(service: &Service, from: &ItemBehind) -> wire::ExplainedEvidence {
    let superseded_by = match &from.ends_by {
        gradus_domain::cause::EndsBy::Superseded(by) => by.to_string(),
        _ => String::new(),
    };
    wire::ExplainedEvidence {
        evidence: from.evidence.to_string(),
        position: from.position,
        kind: from.kind.name().to_owned(),
        outcome: from.outcome.name().to_owned(),
        strength: from.strength.name().to_owned(),
        instances: from.instances.iter().map(ToString::to_string).collect(),
        work_from: Some(timestamp(from.work_from)),
        work_to: Some(timestamp(from.work_to)),
        valid_until: Some(timestamp(from.valid_until)),
        ends_by: ends_by(&from.ends_by).to_owned(),
        counts: !matches!(from.counts, Counts::Not(_)),
        why_not: why_not(from.counts).to_owned(),
        age_days: from.age_in_days.and_then(|days| i64::try_from(days).ok()),
        submitted_by: Some(principal_ref(service, from.provider)),
        window: window(&from.ends_by),
        superseded_by,
        decided_at: from.decided_at,
        distrusted_by: distrusted_by(from.counts),
    }
}

fn lift(catalog: &Catalog, answer: LevelAnswer, needs: Option<&[Need]>) -> wire::Lift {
    let need = |from: &Need| wire::Need {
        practice: from.target.to_string(),
        title: catalog.title_of(&from.target).unwrap_or_default().to_owned(),
        rate: from.rate.as_ref().map_or(0, |rate| rate.to.number().into()),
        evidence: from.support,
    };
    let Some(needs) = needs else { return wire::Lift::default() };
    wire::Lift {
        to_level: next_level(answer).map_or(0, u32::from),
        needs: needs.iter().map(need).collect(),
    }
}
