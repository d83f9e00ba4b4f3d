//! Between the wire and the service: what comes in is checked here, once.
//!
//! An error names the field as the message spells it, the value, and what would be right. The name
//! is put together only where there is an error.

use std::fmt::Display;

use gradus_domain::Refusal;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::evidence::Source;
use gradus_model::ids::hex;
use gradus_model::payload::Class;
use gradus_model::{
    AreaId, Digest, EvidenceId, Payload, Practice, RatingId, RequestId, Timestamp, UnitId,
};
use gradus_service::call::{LevelChange, OWN_SOURCES};
use gradus_service::coordinate::{Known, Resolved};
use gradus_service::evidence::{AskedPractice, EvidenceRef};
use gradus_service::records::{ReadRecord, Texts};
use gradus_service::units::AskedArea;
use gradus_service::{Call, Caller, Coordinate, Receipt, Service, ServiceError};
use gradus_wire::v1 as wire;

pub(crate) mod appraisal;
pub(crate) mod claims;
pub(crate) mod event;
pub(crate) mod evidence;
pub(crate) mod level;
pub(crate) mod model;
pub(crate) mod movement;
pub(crate) mod rating;
pub(crate) mod unit;

type Checked<T> = Result<T, ServiceError>;

/// Reads a text field by its type's own parser.
pub(crate) fn text<T>(field: impl Display, text: &str) -> Checked<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| ServiceError::invalid(field.to_string(), error))
}

/// Reads a text field that may be left out.
pub(crate) fn optional<T>(field: impl Display, given: &str) -> Checked<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    if given.is_empty() { Ok(None) } else { text(field, given).map(Some) }
}

/// Reads a message field that must be there.
pub(crate) fn needed<T>(field: impl Display, given: Option<T>) -> Checked<T> {
    given.ok_or_else(|| ServiceError::invalid(field.to_string(), "it is missing and must be given"))
}

/// Reads the number of a vocabulary's word.
pub(crate) fn word<T>(field: impl Display, number: i32, from: fn(u8) -> Option<T>) -> Checked<T> {
    let found = u8::try_from(number).ok().and_then(from).filter(|_| number != 0);
    found.ok_or_else(|| {
        let reason = if number == 0 {
            "it is missing and must be given".to_owned()
        } else {
            format!("{number} is no value of this enumeration")
        };
        ServiceError::invalid(field.to_string(), reason)
    })
}

/// Reads the number of a vocabulary's word that may be left out.
pub(crate) fn optional_word<T>(
    field: impl Display,
    number: i32,
    from: fn(u8) -> Option<T>,
) -> Checked<Option<T>> {
    if number == 0 { Ok(None) } else { word(field, number, from).map(Some) }
}

/// A list of 1 to 1,000 entries.
pub(crate) fn bounded<'a, T>(field: &'static str, list: &'a [T]) -> Checked<&'a [T]> {
    const LIMIT: usize = 1_000;
    match list.len() {
        0 => Err(ServiceError::invalid(field, "it is empty, at least one entry must be given")),
        seen if seen > LIMIT => Err(Refusal::TooMany { field, seen, limit: LIMIT }.into()),
        _ => Ok(list),
    }
}

pub(crate) fn instant(
    field: impl Display,
    given: Option<&prost_types::Timestamp>,
) -> Checked<Option<Timestamp>> {
    let Some(given) = given else { return Ok(None) };
    let wrong = |reason: &str| {
        let seen = format!("{} s and {} ns since 1970: {reason}", given.seconds, given.nanos);
        ServiceError::invalid(field.to_string(), seen)
    };
    if !(0..1_000_000_000).contains(&given.nanos) {
        return Err(wrong("the nanoseconds must be from 0 to 999,999,999"));
    }
    if given.nanos % 1_000 != 0 {
        return Err(wrong("finer than a microsecond, which is the finest that is kept"));
    }
    let micros = given.seconds.checked_mul(1_000_000);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(given.nanos / 1_000)));
    let at = micros.and_then(|micros| Timestamp::from_micros(micros).ok());
    at.map(Some).ok_or_else(|| wrong("outside the years 1900 to 9998"))
}

pub(crate) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let micros = at.micros();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        // The remainder is below a million.
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default(),
    }
}

pub(crate) fn call(by: Caller, options: Option<&wire::AppendOptions>) -> Checked<Call> {
    let mut call = Call::by(by.actor);
    if let Some(options) = options {
        call.request = optional::<RequestId>("append.request_id", &options.request_id)?;
        call.expected_version = options.expected_version;
        call.validate_only = options.validate_only;
        call.class = class("append.payload_class", options.payload_class)?;
        call.await_checkpoint = options.await_checkpoint;
    }
    Ok(call)
}

pub(crate) fn class(field: &str, given: i32) -> Checked<Class> {
    match wire::PayloadClass::try_from(given) {
        Ok(wire::PayloadClass::Unspecified | wire::PayloadClass::Ordinary) => Ok(Class::Ordinary),
        Ok(wire::PayloadClass::Confidential) => Ok(Class::Confidential),
        Ok(wire::PayloadClass::Unattributed) => Ok(Class::Unattributed),
        Err(_) => Err(ServiceError::invalid(field, format!("{given} is no value of it"))),
    }
}

/// What of a record's texts the caller may read, and what became of them.
pub(crate) fn texts(
    service: &Service,
    by: &Caller,
    record: &ReadRecord,
) -> Checked<(Payload, wire::PayloadState)> {
    let texts = service.texts(by, record)?;
    let state = match &texts {
        Texts::Erased => wire::PayloadState::Erased,
        Texts::Withheld => wire::PayloadState::Withheld,
        Texts::Readable(payload) if payload.is_empty() => wire::PayloadState::None,
        Texts::Readable(_) => wire::PayloadState::Readable,
    };
    Ok((texts.payload(), state))
}

pub(crate) fn coordinate(given: Option<&wire::Coordinate>, min_size: u64) -> Checked<Coordinate> {
    let mut asked =
        Coordinate { min_size: Some(min_size).filter(|size| *size > 0), ..Coordinate::default() };
    let Some(given) = given else { return Ok(asked) };
    asked.valid_at = instant("coordinate.valid_at", given.valid_at.as_ref())?;
    asked.known = match &given.known {
        None => Known::Head,
        Some(wire::coordinate::Known::LogSize(size)) => Known::Size(*size),
        Some(wire::coordinate::Known::KnownAt(at)) => {
            needed("coordinate.known_at", instant("coordinate.known_at", Some(at))?)
                .map(Known::At)?
        }
    };
    asked.rules = Some(given.rules.clone()).filter(|rules| !rules.is_empty());
    Ok(asked)
}

/// The times of a resolved coordinate; model and rules are added where a unit has them.
pub(crate) fn resolved(from: &Resolved) -> wire::ResolvedCoordinate {
    wire::ResolvedCoordinate {
        valid_at: Some(timestamp(from.valid_at)),
        known_at: from.known_at.map(timestamp),
        log_size: from.log_size,
        root: from.root.0.to_vec(),
        settled: from.settled,
        head_size: from.head,
        lag: from.lag,
        ..wire::ResolvedCoordinate::default()
    }
}

/// A model in front of a practice or area, if one is written.
fn named_model(text: &str) -> (Option<&str>, &str) {
    let has_model = text.split_once('/').filter(|(first, _)| !first.starts_with("PA"));
    has_model.map_or((None, text), |(model, rest)| (Some(model), rest))
}

pub(crate) fn practice(field: impl Display, given: &str) -> Checked<AskedPractice> {
    let (model, rest) = named_model(given);
    let practice: Practice = text(&field, rest)?;
    let model = model.map(|model| text(&field, model)).transpose()?;
    Ok(AskedPractice { model, practice })
}

pub(crate) fn practices(field: impl Display, given: &[String]) -> Checked<Vec<AskedPractice>> {
    let one = |(at, given): (usize, &String)| practice(format_args!("{field}[{at}]"), given);
    given.iter().enumerate().map(one).collect()
}

pub(crate) fn area(field: &str, given: &str) -> Checked<AskedArea> {
    let (model, rest) = named_model(given);
    let area: AreaId = text(field, rest)?;
    let model = model.map(|model| text(field, model)).transpose()?;
    Ok(AskedArea { model, area })
}

/// Reads the source that a caller claims for an item: not one of Gradus' own.
pub(crate) fn source(field: impl Display, given: &wire::Source) -> Checked<Source> {
    let source = named_source(&field, given)?;
    if source.name.as_str().starts_with(OWN_SOURCES) {
        let reason = format!("`{}` is a name of Gradus itself: use another one", source.name);
        return Err(ServiceError::invalid(format!("{field}.name"), reason));
    }
    Ok(source)
}

fn named_source(field: impl Display, given: &wire::Source) -> Checked<Source> {
    let name = text(format_args!("{field}.name"), &given.name)?;
    let id = text(format_args!("{field}.id"), &given.id)?;
    Ok(Source { name, id })
}

pub(crate) fn evidence_ref(field: &str, given: Option<&wire::EvidenceRef>) -> Checked<EvidenceRef> {
    let given = needed(field, given.and_then(|given| given.r#ref.as_ref()))?;
    match given {
        wire::evidence_ref::Ref::Evidence(id) => text::<EvidenceId>(field, id).map(EvidenceRef::Id),
        wire::evidence_ref::Ref::Source(given) => {
            named_source(field, given).map(EvidenceRef::Source)
        }
    }
}

pub(crate) fn evidence_refs(
    field: &'static str,
    given: &[wire::EvidenceRef],
) -> Checked<Vec<EvidenceRef>> {
    let one = |(at, given)| evidence_ref(&format!("{field}[{at}]"), Some(given));
    bounded(field, given)?.iter().enumerate().map(one).collect()
}

pub(crate) fn rating_ids(field: &'static str, given: &[String]) -> Checked<Vec<RatingId>> {
    let one = |(at, given): (usize, &String)| text(format_args!("{field}[{at}]"), given);
    bounded(field, given)?.iter().enumerate().map(one).collect()
}

/// Payload fields of a call, each with its name; empty ones are left out.
pub(crate) fn bounded_text(field: impl Display, given: &str, most: usize) -> Checked<()> {
    if given.len() <= most {
        return Ok(());
    }
    let reason = format!("it has {} bytes, at most {most} are allowed", given.len());
    Err(ServiceError::invalid(field.to_string(), reason))
}

pub(crate) fn unit_ref(service: &Service, id: UnitId) -> wire::UnitRef {
    let views = service.views();
    let name = views.registry.unit(id).and_then(|unit| unit.name());
    wire::UnitRef { id: id.to_string(), name: name.map(ToString::to_string).unwrap_or_default() }
}

pub(crate) fn principal_ref(
    service: &Service,
    id: gradus_model::PrincipalId,
) -> wire::PrincipalRef {
    wire::PrincipalRef { id: id.to_string(), name: service.principal_name(id).unwrap_or_default() }
}

pub(crate) fn digest(digest: &Digest) -> String {
    hex(&digest.0)
}

pub(crate) fn receipt(service: &Service, from: &Receipt) -> wire::Receipt {
    let inclusion = |position: u64| {
        let proof = from.proved.as_ref().and_then(|proved| proved.inclusion.get(&position));
        proof.into_iter().flatten().map(|hash| hash.0.to_vec()).collect()
    };
    let checkpoint = match &from.proved {
        Some(proved) => proved.checkpoint.note.to_string(),
        // One that a witness contradicts is not told.
        None if service.uncontradicted().is_err() => String::new(),
        None => service.checkpoint().note.to_string(),
    };
    let events = from.items.iter().filter_map(|outcome| {
        let placed = outcome.placed?;
        Some(wire::Placed {
            position: placed.position,
            version: placed.version,
            leaf_hash: placed.leaf_hash.0.to_vec(),
            recorded_at: Some(timestamp(placed.recorded_at)),
            item: outcome.item,
            inclusion: inclusion(placed.position),
        })
    });
    wire::Receipt {
        request_id: from.request.to_string(),
        unit: Some(unit_ref(service, from.unit)),
        unit_version: from.unit_version,
        events: events.collect(),
        log_size: from.head.size,
        root: from.head.root.0.to_vec(),
        replayed: from.replayed,
        validated_only: from.validated_only,
        level_changes: from.level_changes.iter().map(level_change).collect(),
        checkpoint,
    }
}

fn level_change(from: &LevelChange) -> wire::LevelChange {
    wire::LevelChange {
        area: from.area.to_string(),
        rated_before: Some(level_answer(from.before.0)),
        rated_after: Some(level_answer(from.after.0)),
        ongoing_before: Some(level_answer(from.before.1)),
        ongoing_after: Some(level_answer(from.after.1)),
    }
}

pub(crate) fn level_answer(from: LevelAnswer) -> wire::LevelAnswer {
    use wire::level_answer::Answer;
    let answer = match from {
        LevelAnswer::Range { at_least, at_most, open } => Answer::Range(wire::LevelRange {
            at_least: u32::from(at_least),
            at_most: u32::from(at_most),
            open: u32::from(open),
            level: from.exact().map(u32::from),
        }),
        LevelAnswer::NotRated => Answer::None(wire::NoLevel::NotRated.into()),
        LevelAnswer::NotApplicable => Answer::None(wire::NoLevel::NotApplicable.into()),
        LevelAnswer::NotDeterminable => Answer::None(wire::NoLevel::NotDeterminable.into()),
    };
    wire::LevelAnswer { answer: Some(answer) }
}
