//! Ratings, in and out.

use gradus_domain::history::RatingHistory;
use gradus_domain::in_force::in_force_on;
use gradus_domain::{At, UnitHistory};
use gradus_model::Event;
use gradus_model::rating::{Scale, Value};
use gradus_service::ratings::RatingInput;
use gradus_service::records::ReadRecord;
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use super::{
    Checked, bounded, bounded_text, digest, evidence_ref, instant, optional, optional_word,
    practice, principal_ref, texts, timestamp, unit_ref, word,
};

const MOST_RATIONALE: usize = 4_096;

pub(crate) fn inputs(given: &[wire::RatingInput]) -> Checked<Vec<RatingInput>> {
    let one = |(at, given)| input(&format!("ratings[{at}]"), given);
    bounded("ratings", given)?.iter().enumerate().map(one).collect()
}

fn input(field: &str, given: &wire::RatingInput) -> Checked<RatingInput> {
    let of = |name: &str| format!("{field}.{name}");
    let value = word(of("value"), given.value, Value::from_number)?;
    let scale = optional_word(of("scale"), given.scale, Scale::from_number)?;
    if let Some(scale) = scale.filter(|scale| *scale != value.scale()) {
        // Says which values the scale has.
        scale.value(value.name()).map_err(|error| ServiceError::invalid(of("value"), error))?;
    }
    bounded_text(of("rationale"), &given.rationale, MOST_RATIONALE)?;
    let cited = given.evidence.iter().enumerate();
    let cited = cited.map(|(at, given)| evidence_ref(&of(&format!("evidence[{at}]")), Some(given)));
    Ok(RatingInput {
        practice: practice(of("practice"), &given.practice)?,
        value,
        effective_at: instant(of("effective_at"), given.effective_at.as_ref())?,
        instance: optional(of("instance"), &given.instance)?,
        rationale: given.rationale.clone(),
        evidence: cited.collect::<Checked<_>>()?,
    })
}

/// Whether a rating is in force at a point: not ended or withdrawn, and not behind another one.
pub(crate) fn is_in_force(unit: &UnitHistory, rating: &RatingHistory, at: At) -> bool {
    let (target, scale) = (&rating.rating.target, rating.rating.value.scale());
    in_force_on(unit, target, scale, at).iter().any(|found| found.position == rating.position)
}

/// A rating as it stands at the point asked about, with the rationale of its record.
pub(crate) fn rating(
    (service, by): (&Service, &Caller),
    unit: gradus_model::UnitId,
    at: At,
    record: &ReadRecord,
    (history, in_force): (&RatingHistory, bool),
) -> Checked<wire::Rating> {
    if !matches!(record.recorded.event, Event::PracticeRated(_)) {
        return Err(ServiceError::Fault("a rating's record is no rating"));
    }
    let (payload, state) = texts(service, by, record)?;
    let rating = &history.rating;
    let place = record.recorded.place;
    let rationale = payload.get("rationale");
    Ok(wire::Rating {
        id: rating.rating.to_string(),
        unit: Some(unit_ref(service, unit)),
        practice: rating.target.to_string(),
        scale: i32::from(rating.value.scale().number()),
        value: i32::from(rating.value.number()),
        effective_at: Some(timestamp(history.effective_at)),
        ended_at: history.ended_at(at.size).map(timestamp),
        withdrawn: history.is_withdrawn(at.size),
        in_force,
        instance: rating.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
        appraisal: rating.appraisal.map(|id| id.to_string()).unwrap_or_default(),
        imported: rating.appraisal.is_some_and(|id| service.is_imported(id)),
        basis: rating.basis.map(|basis| wire::Basis {
            valid_at: Some(timestamp(basis.valid_at)),
            log_size: basis.log_size,
            rules: digest(&basis.rules),
        }),
        evidence: rating.evidence.iter().map(ToString::to_string).collect(),
        rated_by: Some(principal_ref(service, history.actor)),
        placed: Some(wire::Placed {
            position: place.position,
            version: place.version,
            leaf_hash: gradus_proof::tree::leaf_hash(&record.leaf).0.to_vec(),
            recorded_at: Some(timestamp(place.recorded_at)),
            item: record.recorded.item,
            inclusion: Vec::new(),
        }),
        rationale: rationale.unwrap_or_default().to_owned(),
        payload_state: state.into(),
    })
}
