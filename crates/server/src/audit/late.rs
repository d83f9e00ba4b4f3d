//! How late facts were recorded, as the API tells it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gradus_domain::late::{Late, Lateness, Measure, Milestone};
use gradus_model::UnitId;
use gradus_service::coordinate::Resolved;
use gradus_service::late::MOST_DAYS;
use gradus_service::{Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::convert::{resolved, timestamp, unit_ref};

/// The most late facts that an answer tells one by one.
const MOST_FACTS: usize = 1_000;

/// What is asked for; 0 is the default.
pub(super) fn measure(asked: &wire::FindLateRequest) -> Result<Measure, ServiceError> {
    let days = |field: &str, asked: u32, default: u32| match asked {
        0 => Ok(default),
        days if days <= MOST_DAYS => Ok(days),
        days => {
            let reason = format!("{days} days are more than {MOST_DAYS}, which is 100 years");
            Err(ServiceError::invalid(field, reason))
        }
    };
    let Measure { days: late, close } = Measure::default();
    Ok(Measure {
        days: days("late_days", asked.late_days, late)?,
        close: days("close_days", asked.close_days, close)?,
    })
}

/// The whole answer.
pub(super) fn told(
    service: &Service,
    measure: Measure,
    (coordinate, all): (Resolved, BTreeMap<UnitId, Lateness>),
) -> wire::FindLateResponse {
    let count = |lateness: &Lateness| lateness.late.len() as u64;
    let mut late: Vec<(UnitId, &Lateness)> = all.iter().map(|(id, of)| (*id, of)).collect();
    late.retain(|(_, lateness)| !lateness.late.is_empty());
    // By the part that is late, in millionths.
    let part = |of: &Lateness| count(of).saturating_mul(1_000_000) / of.facts.max(1);
    late.sort_by_cached_key(|(id, of)| (Reverse(part(of)), unit_ref(service, *id).name));
    let of_units = late.iter().flat_map(|(id, of)| of.late.iter().map(|fact| (*id, *of, fact)));
    let mut facts: Vec<(UnitId, &Lateness, &Late)> = of_units.collect();
    facts.sort_by_key(|(_, _, fact)| (Reverse(fact.delay), fact.position));
    wire::FindLateResponse {
        coordinate: Some(resolved(&coordinate)),
        units: late.iter().map(|(id, of)| unit(service, *id, of)).collect(),
        units_total: all.len() as u64,
        facts_total: all.values().map(|lateness| lateness.facts).sum(),
        late_total: facts.len() as u64,
        facts: facts.iter().take(MOST_FACTS).map(|told| fact(service, told)).collect(),
        late_days: measure.days,
        close_days: measure.close,
    }
}

fn unit(service: &Service, id: UnitId, of: &Lateness) -> wire::LateUnit {
    let (median, longest) = of.delays().unwrap_or_default();
    let around = of.around().into_iter().map(|(milestone, before, after)| wire::LateAround {
        milestone: Some(landmark(milestone)),
        before,
        after,
    });
    wire::LateUnit {
        unit: Some(unit_ref(service, id)),
        facts: of.facts,
        late: of.late.len() as u64,
        median_seconds: seconds(median),
        longest_seconds: seconds(longest),
        milestones: around.collect(),
    }
}

fn fact(service: &Service, (id, of, late): &(UnitId, &Lateness, &Late)) -> wire::LateFact {
    wire::LateFact {
        unit: Some(unit_ref(service, *id)),
        position: late.position,
        r#type: late.event.to_owned(),
        effective_at: Some(timestamp(late.effective_at)),
        recorded_at: Some(timestamp(late.recorded_at)),
        delay_seconds: seconds(late.delay),
        milestone: late.near.and_then(|number| of.milestone(number)).map(landmark),
    }
}

fn landmark(of: &Milestone) -> wire::Landmark {
    let (kind, label) = (of.kind.to_owned(), of.label.clone());
    wire::Landmark { kind, label, at: Some(timestamp(of.at)) }
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap_or_default()
}
