//! Recorded events, out: the leaf for programs, a readable body for people.

use gradus_model::appraisal::{Input, Subject};
use gradus_model::event::{Document, InstanceLinks, Links, Run};
use gradus_model::evidence::Item;
use gradus_model::ids::hex;
use gradus_model::payload::Class;
use gradus_model::rating::Rating;
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::{AreaRef, Context, Floor, Grade};
use gradus_model::{AppraisalId, Digest, Event, Target};
use gradus_proof::tree::{leaf_hash, leaf_hashes};
use gradus_service::records::ReadRecord;
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;
use serde_json::{Map, Value, json};

use super::{Checked, claims, principal_ref, texts, timestamp, unit_ref};

/// A record for a caller; with `full`, its body readable, and its texts where the caller may read
/// them.
pub(crate) fn event(
    service: &Service,
    by: &Caller,
    record: &ReadRecord,
    full: bool,
) -> Checked<wire::Event> {
    let recorded = &record.recorded;
    let hash = leaf_hash(&record.leaf);
    let mut out = leaf(recorded.place.position, record.leaf.clone(), hash);
    if !full {
        return Ok(out);
    }
    let (payload, state) = texts(service, by, record)?;
    out.unit = Some(unit_ref(service, recorded.place.stream));
    out.version = recorded.place.version;
    recorded.event.name().clone_into(&mut out.r#type);
    out.schema = u32::from(recorded.event.schema());
    out.recorded_at = Some(timestamp(recorded.place.recorded_at));
    out.effective_at = Some(timestamp(recorded.effective_at));
    out.actor = Some(principal_ref(service, recorded.actor));
    out.grade = grade(recorded.grade).into();
    out.request_id = recorded.request.to_string();
    out.item = recorded.item;
    out.body_json = serde_json::to_string(&body(&recorded.event))
        .map_err(|_| ServiceError::Fault("an event's body is no JSON"))?;
    out.payload_state = state.into();
    out.payload = payload.0.into_iter().map(|field| (field.name, field.text)).collect();
    Ok(out)
}

fn leaf(position: u64, leaf: Vec<u8>, hash: Digest) -> wire::Event {
    wire::Event { position, leaf, leaf_hash: hash.0.to_vec(), ..wire::Event::default() }
}

/// The leaves of records, each with its position, and nothing else.
pub(crate) fn leaves(positions: &[u64], leaves: Vec<Vec<u8>>) -> Vec<wire::Event> {
    let bytes: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    let hashes = leaf_hashes(&bytes);
    let records = positions.iter().zip(leaves).zip(hashes);
    records.map(|((position, bytes), hash)| leaf(*position, bytes, hash)).collect()
}

pub(crate) const fn grade(from: Grade) -> wire::Grade {
    match from {
        Grade::Internal => wire::Grade::Internal,
        Grade::Token => wire::Grade::Token,
        Grade::Mtls => wire::Grade::Mtls,
        Grade::Oidc => wire::Grade::Oidc,
        Grade::Signed => wire::Grade::Signed,
    }
}

/// The body as people read it: words for numbers, text for ids.
fn body(event: &Event) -> Value {
    match event {
        Event::LogCreated(_)
        | Event::LogForked(_)
        | Event::ClockAccepted(_)
        | Event::LogKeyRotated(_)
        | Event::StateDigestRecorded(_)
        | Event::QueriesRecorded(_)
        | Event::EngagementEnded(_)
        | Event::QueriesOpened(_) => of_log(event),
        Event::ModelPublished(held)
        | Event::ProfilePublished(held)
        | Event::RulesPublished(held)
        | Event::ModelAdopted(held)
        | Event::RulesAdopted(held)
        | Event::ProfileAdopted(held) => document(held),
        Event::UnitRegistered(of) => json!({
            "unit": text(of.unit), "kind": of.kind, "parent": of.parent.map(text), "name": text(&of.name),
        }),
        Event::UnitRenamed(of) => json!({ "unit": text(of.unit), "name": text(&of.name) }),
        Event::UnitMoved(of) => json!({ "unit": text(of.unit), "parent": text(of.parent) }),
        Event::UnitArchived(of) => json!({ "unit": text(of.unit) }),
        Event::UnitSucceeded(of) => json!({
            "unit": text(of.unit), "successors": of.successors.iter().map(text).collect::<Vec<_>>(),
        }),
        Event::PrincipalAdded(of) => claims::added(of),
        Event::ClaimRuleSet(of) => claims::rule_set(of),
        Event::ClaimRuleRemoved(of) => {
            json!({ "rule": text(&of.rule), "unit": text(of.unit) })
        }
        Event::PrincipalDisabled(of) => json!({ "principal": text(of.principal) }),
        Event::RoleGranted(of) => json!({
            "principal": text(of.principal), "role": of.role, "unit": text(of.unit),
            "until": of.until.map(text),
        }),
        Event::RoleRevoked(of) => json!({
            "principal": text(of.principal), "role": of.role, "unit": text(of.unit),
        }),
        Event::TokenIssued(_)
        | Event::TokenRevoked(_)
        | Event::CertificateRegistered(_)
        | Event::CertificateRevoked(_)
        | Event::TokenRotated(_) => of_credential(event),
        Event::SourceDistrusted(of) => without_nulls(json!({
            "suspect": suspect(&of.suspect), "from": of.from.map(text), "until": of.until.map(text),
        })),
        Event::SourceRestored(of) => json!({ "distrust": of.distrust }),
        Event::AreaTailoredOut(of) | Event::AreaTailoredIn(of) => json!({ "area": area(&of.area) }),
        Event::AreaInheritanceSet(of) => {
            json!({ "area": area(&of.area), "inheritance": of.inheritance })
        }
        Event::ContextRecorded(of) => context(of),
        Event::UnitLabelled(of) => {
            json!({ "labels": of.labels.iter().map(text).collect::<Vec<_>>() })
        }
        Event::BaselineRaised(of) => {
            json!({ "floors": of.floors.iter().map(floor).collect::<Vec<_>>() })
        }
        Event::PhaseEntered(of) | Event::PhaseLeft(of) => json!({ "phase": of.phase }),
        Event::MarkerPlaced(of) => json!({ "kind": of.kind, "label": text(&of.label) }),
        Event::ConflictDeclared(of) => json!({
            "principal": text(of.principal), "until": of.until.map(text),
        }),
        Event::ConflictWithdrawn(of) => json!({ "principal": text(of.principal) }),
        Event::EvidenceSubmitted(of) => item(of),
        Event::EvidenceAccepted(of)
        | Event::EvidenceRejected(of)
        | Event::EvidenceWithdrawn(of)
        | Event::EvidenceEnded(of)
        | Event::EvidenceConfirmed(of) => json!({ "evidence": text(of.evidence) }),
        Event::EvidenceSuperseded(of) => {
            json!({ "evidence": text(of.evidence), "by": text(of.by) })
        }
        Event::EvidenceLinked(of) | Event::EvidenceUnlinked(of) => links(of),
        Event::EvidenceInstanceLinked(of) | Event::EvidenceInstanceUnlinked(of) => instances(of),
        Event::PayloadErased(of) => json!({ "version": of.version }),
        Event::PayloadsErased(_)
        | Event::AttachmentsErased(_)
        | Event::LegalHoldPlaced(_)
        | Event::LegalHoldLifted(_)
        | Event::RetentionSet(_)
        | Event::RetentionRemoved(_) => of_texts(event),
        Event::PracticeRated(of) => rating(of),
        Event::RatingWithdrawn(of) | Event::RatingEnded(of) => json!({ "rating": text(of.rating) }),
        Event::AppraisalOpened(_)
        | Event::AppraisalImported(_)
        | Event::AppraisalChanged(_)
        | Event::IndividualRatingSealed(_)
        | Event::IndividualRatingsRevealed(_)
        | Event::ConsensusReached(_)
        | Event::FindingRecorded(_)
        | Event::AppraisalClosed(_)
        | Event::AppraisalCancelled(_)
        | Event::AppraisalSignedOff(_) => of_appraisal(event),
    }
}

/// The body of an event about the log itself; nothing for others.
fn of_log(event: &Event) -> Value {
    match event {
        Event::LogCreated(of) => json!({
            "log": text(of.log), "organization": text(of.organization), "origin": text(&of.origin),
        }),
        Event::LogForked(of) => json!({
            "size": of.size, "root": text(of.root), "known_size": of.known_size,
            "origin": text(&of.origin),
        }),
        Event::ClockAccepted(of) => {
            json!({ "wall": text(of.wall), "expected": text(of.expected) })
        }
        Event::LogKeyRotated(of) => json!({
            "from": text(of.from), "to": text(of.to), "signature": hex(&of.signature),
        }),
        Event::StateDigestRecorded(of) => json!({
            "size": of.size, "root": text(of.root), "rows": of.rows, "projector": of.projector,
        }),
        Event::QueriesRecorded(of) => json!({
            "auditor": text(of.auditor), "engagement": of.engagement, "first": of.first,
            "count": of.count, "root": text(of.root),
        }),
        Event::EngagementEnded(of) => json!({
            "auditor": text(of.auditor), "engagement": of.engagement, "count": of.count,
        }),
        Event::QueriesOpened(of) => json!({
            "auditor": text(of.auditor), "engagement": of.engagement, "recorded": of.recorded,
            "first": of.first, "count": of.count, "root": text(of.root),
        }),
        _ => Value::Null,
    }
}

/// The body of an event on a token or certificate; nothing for others.
fn of_credential(event: &Event) -> Value {
    match event {
        Event::TokenIssued(of) => json!({
            "token": text(of.token), "principal": text(of.principal),
            "expires_at": of.expires_at.map(text),
        }),
        Event::TokenRevoked(of) => json!({ "token": text(of.token) }),
        Event::CertificateRegistered(of) => json!({
            "key": text(of.key), "principal": text(of.principal),
            "expires_at": of.expires_at.map(text),
        }),
        Event::CertificateRevoked(of) => json!({ "key": text(of.key) }),
        Event::TokenRotated(of) => json!({
            "token": text(of.token), "by": text(of.by), "expires_at": of.expires_at.map(text),
            "old_until": text(of.old_until),
        }),
        _ => Value::Null,
    }
}

/// The body of an event on what becomes of texts; nothing for others.
fn of_texts(event: &Event) -> Value {
    let run = |run: &Run| json!({ "first": run.first, "last": run.last });
    let class = |class: Option<Class>| class.map(Class::name);
    match event {
        Event::PayloadsErased(of) => without_nulls(json!({
            "runs": of.runs.iter().map(run).collect::<Vec<_>>(), "rule": of.rule,
        })),
        Event::AttachmentsErased(of) => without_nulls(json!({
            "digests": of.digests.iter().map(text).collect::<Vec<_>>(), "rule": of.rule,
        })),
        Event::LegalHoldPlaced(of) => without_nulls(json!({
            "hold": text(&of.hold), "unit": text(of.unit), "records": of.records.as_ref().map(run),
        })),
        Event::LegalHoldLifted(of) => json!({ "hold": text(&of.hold) }),
        Event::RetentionSet(of) => without_nulls(json!({
            "unit": text(of.unit), "class": class(of.class), "days": of.days,
        })),
        Event::RetentionRemoved(of) => {
            without_nulls(json!({ "unit": text(of.unit), "class": class(of.class) }))
        }
        _ => Value::Null,
    }
}

/// The body of an event of an appraisal's stream; nothing for others.
fn of_appraisal(event: &Event) -> Value {
    match event {
        Event::AppraisalOpened(of) | Event::AppraisalChanged(of) => {
            appraisal_input(of.appraisal, &of.input)
        }
        Event::AppraisalImported(of) => {
            let mut told = appraisal_input(of.appraisal, &of.input);
            if let Value::Object(fields) = &mut told {
                fields.insert("conducted_from".to_owned(), text(of.conducted_from).into());
                fields.insert("conducted_until".to_owned(), text(of.conducted_until).into());
                fields.insert("ratings".to_owned(), of.ratings.into());
            }
            told
        }
        Event::IndividualRatingSealed(of) => json!({
            "appraisal": text(of.appraisal), "subject": subject(&of.subject),
            "evidence": of.evidence.iter().map(text).collect::<Vec<_>>(),
        }),
        Event::IndividualRatingsRevealed(of) => json!({
            "appraisal": text(of.appraisal),
            "subjects": of.subjects.iter().map(subject).collect::<Vec<_>>(),
        }),
        Event::ConsensusReached(of) => without_nulls(json!({
            "appraisal": text(of.appraisal), "subject": subject(&of.subject), "value": of.value,
            "evidence": of.evidence.iter().map(text).collect::<Vec<_>>(),
            "dissent": of.dissent.iter().map(text).collect::<Vec<_>>(),
        })),
        Event::FindingRecorded(of) => without_nulls(json!({
            "appraisal": text(of.appraisal), "kind": of.kind, "unit": of.unit.map(text),
            "area": of.area.as_ref().map(area), "practice": of.practice.as_ref().map(text),
            "evidence": of.evidence.iter().map(text).collect::<Vec<_>>(),
        })),
        Event::AppraisalClosed(of) => json!({
            "appraisal": text(of.appraisal), "unit": text(of.unit), "ratings": of.ratings,
        }),
        Event::AppraisalCancelled(of) | Event::AppraisalSignedOff(of) => {
            json!({ "appraisal": text(of.appraisal) })
        }
        _ => Value::Null,
    }
}

fn subject(of: &Subject) -> Value {
    without_nulls(json!({
        "unit": text(of.unit), "practice": text(&of.target),
        "instance": of.instance.as_ref().map(text),
    }))
}

fn appraisal_input(appraisal: AppraisalId, input: &Input) -> Value {
    let areas = input
        .areas
        .iter()
        .map(|scoped| json!({ "area": area(&scoped.area), "highest": scoped.highest }));
    let team = input
        .team
        .iter()
        .map(|member| json!({ "principal": text(member.principal), "part": member.part }));
    let method = &input.method;
    let base = input
        .base
        .map(|base| json!({ "valid_at": text(base.valid_at), "log_size": base.log_size }));
    without_nulls(json!({
        "appraisal": text(appraisal), "units": input.units.iter().map(text).collect::<Vec<_>>(),
        "areas": areas.collect::<Vec<_>>(),
        "instances": input.instances.iter().map(text).collect::<Vec<_>>(),
        "sponsor": text(input.sponsor), "team": team.collect::<Vec<_>>(),
        "method": without_nulls(json!({
            "process": text(&method.process), "class": method.class, "body": method.body,
            "lead": method.lead, "team": method.team, "rating": method.rating.as_ref().map(text),
            "aggregation": method.aggregation.as_ref().map(text),
        })),
        "base": base,
    }))
}

fn text(value: impl ToString) -> String {
    value.to_string()
}

fn suspect(of: &Suspect) -> Value {
    let versioned = |of: &Versioned| {
        without_nulls(json!({ "name": text(&of.name), "version": of.version.as_ref().map(text) }))
    };
    let value = match of {
        Suspect::Principal(id) => json!(text(id)),
        Suspect::Tool(of) | Suspect::Mapping(of) => versioned(of),
        Suspect::Source(name) => json!(text(name)),
    };
    json!({ of.sort(): value })
}

fn area(of: &AreaRef) -> String {
    format!("{}/{}", of.model, of.area)
}

fn floor(of: &Floor) -> Value {
    json!({ "area": area(&of.area), "level": of.level })
}

fn targets(of: &[Target]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

fn document(held: &Document) -> Value {
    json!({ "id": text(&held.id), "digest": text(held.digest) })
}

fn links(of: &Links) -> Value {
    json!({ "evidence": text(of.evidence), "practices": targets(&of.practices) })
}

fn instances(of: &InstanceLinks) -> Value {
    let instances: Vec<_> = of.instances.iter().map(text).collect();
    json!({ "evidence": text(of.evidence), "instances": instances })
}

fn context(of: &Context) -> Value {
    json!({
        "customer_base": of.customer_base.as_ref().map(text), "assurance_need": of.assurance_need,
        "activity": of.activity, "disciplines": of.disciplines.iter().map(text).collect::<Vec<_>>(),
    })
}

fn item(of: &Item) -> Value {
    let measures: Vec<Value> = of
        .measures
        .iter()
        .map(|measure| {
            json!({
                "name": text(&measure.name), "value": measure.value,
                "decimals": measure.decimals, "unit": text(&measure.unit),
            })
        })
        .collect();
    let subjects: Vec<Value> = of
        .subjects
        .iter()
        .map(|subject| json!({ "kind": text(&subject.kind), "id": text(&subject.id) }))
        .collect();
    let tool = of.tool.as_ref().map(|tool| {
        json!({
            "name": text(&tool.name), "version": tool.version.as_ref().map(text),
            "mapping": tool.mapping.as_ref().map(text),
        })
    });
    without_nulls(json!({
        "evidence": text(of.evidence), "kind": of.kind, "outcome": of.outcome,
        "strength": of.strength, "practices": targets(&of.practices),
        "work_from": of.work_from.map(text), "valid_until": of.valid_until.map(text),
        "source": { "name": text(&of.source.name), "id": text(&of.source.id) },
        "producer_sequence": of.producer_sequence, "instance": of.instance.as_ref().map(text),
        "about": of.about.map(text), "measures": measures, "subjects": subjects, "tool": tool,
        "attachments": of.attachments.iter().map(text).collect::<Vec<_>>(),
    }))
}

fn rating(of: &Rating) -> Value {
    let basis = of.basis.map(|basis| {
        json!({
            "valid_at": text(basis.valid_at), "log_size": basis.log_size, "rules": text(basis.rules),
        })
    });
    without_nulls(json!({
        "rating": text(of.rating), "practice": text(&of.target), "scale": of.value.scale(),
        "value": of.value, "instance": of.instance.as_ref().map(text),
        "appraisal": of.appraisal.map(text), "basis": basis,
        "evidence": of.evidence.iter().map(text).collect::<Vec<_>>(),
    }))
}

/// An object without what is not there: absent values and empty lists.
fn without_nulls(value: Value) -> Value {
    let there =
        |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(_, value)| there(value)).collect::<Map<_, _>>(),
        ),
        other => other,
    }
}
