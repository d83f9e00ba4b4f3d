//! Items of evidence, in and out.

use std::fmt::{self, from_fn};

use gradus_domain::coverage;
use gradus_domain::coverage::Providers as _;
use gradus_domain::evidence::Standing;
use gradus_domain::history::EvidenceHistory;
use gradus_model::evidence::{Item, Kind, Measure, Outcome, Strength, Subject, Tool};
use gradus_model::{Event, Payload};
use gradus_projection::views::Basis;
use gradus_service::evidence::{AskedLinks, Step, Submission};
use gradus_service::records::ReadRecord;
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use super::{
    Checked, bounded, bounded_text, evidence_ref, instant, needed, optional, practices,
    principal_ref, source, text, texts, timestamp, unit_ref, word,
};

const MOST_TITLE: usize = 512;
const MOST_NOTE: usize = 4_096;
const MOST_URI: usize = 2_048;
const ATTRIBUTE: &str = "attribute.";

pub(crate) fn submissions(given: &[wire::EvidenceItem]) -> Checked<Vec<Step>> {
    let one = |(at, given)| {
        submission(format_args!("items[{at}]"), given).map(|item| Step::Submit(Box::new(item)))
    };
    bounded("items", given)?.iter().enumerate().map(one).collect()
}

pub(crate) fn steps(given: &[wire::EvidenceStep]) -> Checked<Vec<Step>> {
    let one = |(at, given): (usize, &wire::EvidenceStep)| {
        let field = from_fn(move |f| write!(f, "steps[{at}]"));
        match needed(&field, given.step.as_ref())? {
            wire::evidence_step::Step::Submit(item) => {
                submission(format_args!("{field}.submit"), item)
                    .map(|item| Step::Submit(Box::new(item)))
            }
            wire::evidence_step::Step::End(end) => {
                bounded_text(format_args!("{field}.end.reason"), &end.reason, MOST_NOTE)?;
                Ok(Step::End {
                    evidence: evidence_ref(
                        &format!("{field}.end.evidence"),
                        end.evidence.as_ref(),
                    )?,
                    at: instant(format_args!("{field}.end.at"), end.at.as_ref())?,
                    reason: end.reason.clone(),
                })
            }
        }
    };
    bounded("steps", given)?.iter().enumerate().map(one).collect()
}

fn submission(field: fmt::Arguments<'_>, given: &wire::EvidenceItem) -> Checked<Submission> {
    let of = |name| from_fn(move |f| write!(f, "{field}.{name}"));
    let measure = |(at, given): (usize, &wire::Measure)| {
        let field = from_fn(move |f| write!(f, "{field}.measures[{at}]"));
        let decimals = u8::try_from(given.decimals).ok().filter(|decimals| *decimals <= 18);
        Ok(Measure {
            name: text(format_args!("{field}.name"), &given.name)?,
            value: given.value,
            decimals: decimals.ok_or_else(|| {
                let reason = format!("{} is given, 0 to 18 are allowed", given.decimals);
                ServiceError::invalid(format!("{field}.decimals"), reason)
            })?,
            unit: text(format_args!("{field}.unit"), &given.unit)?,
        })
    };
    let subject = |(at, given): (usize, &wire::Subject)| {
        let field = from_fn(move |f| write!(f, "{field}.subjects[{at}]"));
        let kind = text(format_args!("{field}.kind"), &given.kind)?;
        Ok(Subject { kind, id: text(format_args!("{field}.id"), &given.id)? })
    };
    let tool = |given: &wire::Tool| {
        Ok::<Tool, ServiceError>(Tool {
            name: text(of("tool.name"), &given.name)?,
            version: optional(of("tool.version"), &given.version)?,
            mapping: optional(of("tool.mapping"), &given.mapping)?,
        })
    };
    let attachment =
        |(at, given): (usize, &String)| text(format_args!("{field}.attachments[{at}]"), given);
    Ok(Submission {
        kind: word(of("kind"), given.kind, Kind::from_number)?,
        outcome: word(of("outcome"), given.outcome, Outcome::from_number)?,
        strength: word(of("strength"), given.strength, Strength::from_number)?,
        practices: practices(of("practices"), &given.practices)?,
        work_from: instant(of("work_from"), given.work_from.as_ref())?,
        work_to: instant(of("work_to"), given.work_to.as_ref())?,
        valid_until: instant(of("valid_until"), given.valid_until.as_ref())?,
        source: given.source.as_ref().map(|given| source(of("source"), given)).transpose()?,
        producer_sequence: given.producer_sequence,
        instance: optional(of("instance"), &given.instance)?,
        about: Some(given.about.clone()).filter(|about| !about.is_empty()),
        measures: given.measures.iter().enumerate().map(measure).collect::<Checked<_>>()?,
        subjects: given.subjects.iter().enumerate().map(subject).collect::<Checked<_>>()?,
        tool: given.tool.as_ref().map(tool).transpose()?,
        attachments: given
            .attachments
            .iter()
            .enumerate()
            .map(attachment)
            .collect::<Checked<_>>()?,
        payload: payload(field, given)?,
    })
}

fn payload(field: fmt::Arguments<'_>, given: &wire::EvidenceItem) -> Checked<Payload> {
    bounded_text(format_args!("{field}.title"), &given.title, MOST_TITLE)?;
    bounded_text(format_args!("{field}.note"), &given.note, MOST_NOTE)?;
    bounded_text(format_args!("{field}.uri"), &given.uri, MOST_URI)?;
    let texts = Payload::empty()
        .with("title", given.title.as_str())
        .with("note", given.note.as_str())
        .with("uri", given.uri.as_str());
    let attribute = |payload: Payload, (name, value): (&String, &String)| {
        payload.with(&format!("{ATTRIBUTE}{name}"), value.as_str())
    };
    Ok(given.attributes.iter().fold(texts, attribute))
}

/// What an answer on evidence needs besides the item's history.
pub(crate) struct Shown<'a> {
    pub(crate) service: &'a Service,
    pub(crate) by: &'a Caller,
    pub(crate) unit: gradus_model::UnitId,
    pub(crate) at: gradus_domain::At,
    pub(crate) basis: Option<&'a Basis>,
}

/// An item as it stands at the point asked about, with the texts of its record.
pub(crate) fn evidence(
    shown: &Shown<'_>,
    record: &ReadRecord,
    history: &EvidenceHistory,
    practices: Vec<String>,
    valid: Option<(bool, gradus_model::Timestamp)>,
) -> Checked<wire::Evidence> {
    let Event::EvidenceSubmitted(item) = &record.recorded.event else {
        return Err(ServiceError::Fault("an item's record is no submission"));
    };
    let (payload, state) = texts(shown.service, shown.by, record)?;
    let size = shown.at.size;
    let place = record.recorded.place;
    let superseded = history.superseded_by(size);
    let confirmed = history.confirmed_by(size).map(|by| principal_ref(shown.service, by));
    Ok(wire::Evidence {
        id: history.id.to_string(),
        unit: Some(unit_ref(shown.service, shown.unit)),
        item: Some(wire_item(item, record, &payload)),
        payload_state: state.into(),
        standing: standing(history.standing(size)).into(),
        practices,
        instances: history.instances(size).into_iter().map(ToString::to_string).collect(),
        submitted_by: Some(principal_ref(shown.service, history.provider)),
        submitted: Some(wire::Placed {
            position: place.position,
            version: place.version,
            leaf_hash: gradus_proof::tree::leaf_hash(&record.leaf).0.to_vec(),
            recorded_at: Some(timestamp(place.recorded_at)),
            item: record.recorded.item,
            inclusion: Vec::new(),
        }),
        confirmed_by: confirmed.collect(),
        ended_at: history.ended_at(size).map(timestamp),
        superseded_by: superseded.map(|(by, _)| by.to_string()).unwrap_or_default(),
        superseded_at: superseded.map(|(_, at)| timestamp(at)),
        valid: valid.is_some_and(|(valid, _)| valid),
        validity_ends_at: valid.map(|(_, until)| timestamp(until)),
        distrusted_by: shown.service.views().registry.distrust(history, size),
        ..wire::Evidence::default()
    })
}

/// What an item is to be linked to, or no longer: at least one practice or process instance.
pub(crate) fn links(given: &[String], instances: &[String]) -> Checked<AskedLinks> {
    if instances.is_empty() {
        bounded("practices", given)?;
    } else {
        bounded("instances", instances)?;
    }
    let one = |(at, given): (usize, &String)| text(format_args!("instances[{at}]"), given);
    let instances = instances.iter().enumerate().map(one).collect::<Checked<_>>()?;
    Ok(AskedLinks { practices: practices("practices", given)?, instances })
}

/// Says who decided on an item last, when, and why.
pub(crate) fn with_review(
    service: &Service,
    by: &Caller,
    shown: wire::Evidence,
    decision: &ReadRecord,
) -> Checked<wire::Evidence> {
    let (payload, _) = texts(service, by, decision)?;
    let said = payload.get("reason").or_else(|| payload.get("note")).unwrap_or_default();
    Ok(wire::Evidence {
        reviewed_by: Some(principal_ref(service, decision.recorded.actor)),
        reviewed_at: Some(timestamp(decision.recorded.place.recorded_at)),
        review_note: said.to_owned(),
        ..shown
    })
}

/// Whether an item counts at a point, and until when it can; by its first practice's window.
pub(crate) fn validity(
    shown: &Shown<'_>,
    views: &gradus_projection::Views,
    history: &EvidenceHistory,
    practices: &[&gradus_model::Target],
) -> Option<(bool, gradus_model::Timestamp)> {
    let basis = shown.basis?;
    let rules = &basis.read_rules;
    let until = practices
        .iter()
        .map(|target| coverage::valid_until(history, target, shown.at.size, rules))
        .max()?;
    let valid_at = shown.at.valid_at;
    let in_time = history.work_from <= valid_at && valid_at < until;
    let counts = coverage::counts(history, shown.at.size, rules, &views.registry);
    Some((in_time && counts, until))
}

fn wire_item(item: &Item, record: &ReadRecord, payload: &Payload) -> wire::EvidenceItem {
    let field = |name: &str| payload.get(name).unwrap_or_default().to_owned();
    let attributes = payload.0.iter().filter_map(|field| {
        let name = field.name.strip_prefix(ATTRIBUTE)?;
        Some((name.to_owned(), field.text.clone()))
    });
    let words =
        |label: Option<&gradus_model::Label>| label.map(ToString::to_string).unwrap_or_default();
    wire::EvidenceItem {
        kind: i32::from(item.kind.number()),
        outcome: i32::from(item.outcome.number()),
        strength: i32::from(item.strength.number()),
        practices: item.practices.iter().map(ToString::to_string).collect(),
        work_from: item.work_from.map(timestamp),
        work_to: Some(timestamp(record.recorded.effective_at)),
        valid_until: item.valid_until.map(timestamp),
        source: Some(wire::Source {
            name: item.source.name.to_string(),
            id: item.source.id.to_string(),
        }),
        producer_sequence: item.producer_sequence,
        instance: words(item.instance.as_ref()),
        about: item.about.map(|about| about.to_string()).unwrap_or_default(),
        measures: item.measures.iter().map(wire_measure).collect(),
        subjects: item
            .subjects
            .iter()
            .map(|subject| wire::Subject {
                kind: subject.kind.to_string(),
                id: subject.id.to_string(),
            })
            .collect(),
        tool: item.tool.as_ref().map(|tool| wire::Tool {
            name: tool.name.to_string(),
            version: words(tool.version.as_ref()),
            mapping: words(tool.mapping.as_ref()),
        }),
        attachments: item.attachments.iter().map(ToString::to_string).collect(),
        title: field("title"),
        note: field("note"),
        uri: field("uri"),
        attributes: attributes.collect(),
    }
}

fn wire_measure(measure: &Measure) -> wire::Measure {
    wire::Measure {
        name: measure.name.to_string(),
        value: measure.value,
        decimals: u32::from(measure.decimals),
        unit: measure.unit.to_string(),
    }
}

pub(crate) const fn standing(from: Standing) -> wire::Standing {
    match from {
        Standing::Submitted => wire::Standing::Submitted,
        Standing::Accepted => wire::Standing::Accepted,
        Standing::Rejected => wire::Standing::Rejected,
        Standing::Withdrawn => wire::Standing::Withdrawn,
    }
}
