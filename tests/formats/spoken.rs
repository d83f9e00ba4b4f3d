//! A leaf in words: the JSON that a decoder of the format must come to.
//!
//! Bytes are lower-case hexadecimal, instants are microseconds, words of a vocabulary are their
//! names; what a body leaves out is left out here.

use gradus_model::appraisal;
use gradus_model::claims::{ByRule, Condition};
use gradus_model::event::{ConflictDeclared, Run};
use gradus_model::evidence::{Item, Measure, Subject, Tool};
use gradus_model::ids::hex;
use gradus_model::leaf::{Leaf, Signature};
use gradus_model::payload::Class;
use gradus_model::rating::{Basis, Rating};
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::{AreaRef, Context, Floor};
use gradus_model::{Event, EvidenceId, Timestamp};
use serde_json::{Map, Value, json};

pub(crate) fn leaf(leaf: &Leaf) -> Value {
    let Leaf { place, draft } = leaf;
    let event = Event::read(draft.event_type, draft.schema, &draft.body).unwrap();
    json!({
        "format": 1,
        "position": place.position,
        "recorded_at": place.recorded_at.micros(),
        "stream": hex(&place.stream.0),
        "stream_version": place.version,
        "previous": hex(&place.previous.0),
        "event_type": draft.event_type,
        "schema": draft.schema,
        "effective_at": draft.effective_at.micros(),
        "actor": hex(&draft.actor.0),
        "grade": draft.grade.name(),
        "signature": signature(&draft.signature),
        "request": hex(&draft.request.0),
        "item": draft.item,
        "payload_root": hex(&draft.payload_root.0),
        "blind": hex(&draft.blind),
        "event": event.name(),
        "body": body(&event),
    })
}

fn signature(signature: &Signature) -> Value {
    let Signature { kind, bytes } = signature;
    if *kind == 0 { json!({}) } else { json!({ "kind": kind, "bytes": hex(bytes) }) }
}

/// The pairs that are there.
fn present<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Value {
    let there = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn time(at: Option<Timestamp>) -> Option<Value> {
    at.map(|at| json!(at.micros()))
}

fn text(text: Option<&impl ToString>) -> Option<Value> {
    text.map(|text| json!(text.to_string()))
}

fn texts(texts: &[impl ToString]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// Without `_`: a new event does not compile until it is spoken here.
#[expect(clippy::too_many_lines, reason = "a table: one row for each event")]
fn body(event: &Event) -> Value {
    match event {
        Event::LogCreated(of) => json!({
            "log": hex(&of.log.0),
            "organization": hex(&of.organization.0),
            "origin": of.origin.as_str(),
        }),
        Event::LogForked(of) => present([
            ("size", Some(json!(of.size))),
            ("root", Some(json!(hex(&of.root.0)))),
            ("known_size", of.known_size.map(|size| json!(size))),
            ("origin", Some(json!(of.origin.as_str()))),
        ]),
        Event::StateDigestRecorded(of) => json!({
            "size": of.size, "root": hex(&of.root.0), "rows": of.rows, "projector": of.projector,
        }),
        Event::QueriesRecorded(of) => json!({
            "auditor": hex(&of.auditor.0), "engagement": of.engagement, "first": of.first,
            "count": of.count, "root": hex(&of.root.0),
        }),
        Event::EngagementEnded(of) => json!({
            "auditor": hex(&of.auditor.0), "engagement": of.engagement, "count": of.count,
        }),
        Event::QueriesOpened(of) => json!({
            "auditor": hex(&of.auditor.0), "engagement": of.engagement, "recorded": of.recorded,
            "first": of.first, "count": of.count, "root": hex(&of.root.0),
        }),
        Event::LogKeyRotated(of) => json!({
            "from": hex(&of.from.0), "to": hex(&of.to.0), "signature": hex(&of.signature),
        }),
        Event::ClockAccepted(of) => json!({
            "wall": of.wall.micros(),
            "expected": of.expected.micros(),
        }),
        Event::ModelPublished(of)
        | Event::ProfilePublished(of)
        | Event::RulesPublished(of)
        | Event::ModelAdopted(of)
        | Event::RulesAdopted(of)
        | Event::ProfileAdopted(of) => {
            json!({ "id": of.id.as_str(), "digest": hex(&of.digest.0) })
        }
        Event::UnitRegistered(of) => present([
            ("unit", Some(json!(hex(&of.unit.0)))),
            ("kind", Some(json!(of.kind.name()))),
            ("parent", of.parent.map(|parent| json!(hex(&parent.0)))),
            ("name", Some(json!(of.name.as_str()))),
        ]),
        Event::UnitRenamed(of) => json!({ "unit": hex(&of.unit.0), "name": of.name.as_str() }),
        Event::UnitMoved(of) => json!({ "unit": hex(&of.unit.0), "parent": hex(&of.parent.0) }),
        Event::UnitArchived(of) => json!({ "unit": hex(&of.unit.0) }),
        Event::UnitSucceeded(of) => {
            let successors: Vec<String> = of.successors.iter().map(|id| hex(&id.0)).collect();
            json!({ "unit": hex(&of.unit.0), "successors": successors })
        }
        Event::PrincipalAdded(of) => present([
            ("principal", Some(json!(hex(&of.principal.0)))),
            ("kind", Some(json!(of.kind.name()))),
            ("by", of.by.as_ref().map(by_rule)),
        ]),
        Event::PrincipalDisabled(of) => json!({ "principal": hex(&of.principal.0) }),
        Event::RoleGranted(of) => present([
            ("principal", Some(json!(hex(&of.principal.0)))),
            ("role", Some(json!(of.role.name()))),
            ("unit", Some(json!(hex(&of.unit.0)))),
            ("until", time(of.until)),
        ]),
        Event::RoleRevoked(of) => json!({
            "principal": hex(&of.principal.0), "role": of.role.name(), "unit": hex(&of.unit.0),
        }),
        Event::TokenIssued(of) => present([
            ("token", Some(json!(hex(&of.token.0)))),
            ("principal", Some(json!(hex(&of.principal.0)))),
            ("hash", Some(json!(hex(&of.hash.0)))),
            ("expires_at", time(of.expires_at)),
        ]),
        Event::TokenRevoked(of) => json!({ "token": hex(&of.token.0) }),
        Event::CertificateRegistered(of) => present([
            ("key", Some(json!(hex(&of.key.0)))),
            ("principal", Some(json!(hex(&of.principal.0)))),
            ("expires_at", time(of.expires_at)),
        ]),
        Event::CertificateRevoked(of) => json!({ "key": hex(&of.key.0) }),
        Event::TokenRotated(of) => present([
            ("token", Some(json!(hex(&of.token.0)))),
            ("by", Some(json!(hex(&of.by.0)))),
            ("hash", Some(json!(hex(&of.hash.0)))),
            ("expires_at", time(of.expires_at)),
            ("old_until", time(Some(of.old_until))),
        ]),
        Event::ClaimRuleSet(of) => present([
            ("rule", Some(json!(of.rule.as_str()))),
            ("issuer", Some(json!(of.issuer.as_str()))),
            ("conditions", Some(of.conditions.iter().map(condition).collect())),
            ("subject", Some(json!(of.subject.as_str()))),
            ("role", Some(json!(of.role.name()))),
            ("unit", Some(json!(hex(&of.unit.0)))),
            ("named_after", of.named_after.as_ref().map(|claim| json!(claim.as_str()))),
            ("until", time(of.until)),
        ]),
        Event::ClaimRuleRemoved(of) => {
            json!({ "rule": of.rule.as_str(), "unit": hex(&of.unit.0) })
        }
        Event::SourceDistrusted(_) | Event::SourceRestored(_) => on_source(event),
        Event::LegalHoldPlaced(_)
        | Event::LegalHoldLifted(_)
        | Event::RetentionSet(_)
        | Event::RetentionRemoved(_)
        | Event::PayloadsErased(_)
        | Event::AttachmentsErased(_) => on_texts(event),
        Event::AreaTailoredOut(of) | Event::AreaTailoredIn(of) => json!({ "area": area(&of.area) }),
        Event::AreaInheritanceSet(of) => {
            json!({ "area": area(&of.area), "inheritance": of.inheritance.name() })
        }
        Event::ContextRecorded(of) => context(of),
        Event::UnitLabelled(of) => json!({ "labels": texts(&of.labels) }),
        Event::BaselineRaised(of) => json!({ "floors": floors(&of.floors) }),
        Event::PhaseEntered(of) | Event::PhaseLeft(of) => json!({ "phase": of.phase.name() }),
        Event::MarkerPlaced(of) => json!({ "kind": of.kind.name(), "label": of.label.as_str() }),
        Event::ConflictDeclared(of) => interest(of),
        Event::ConflictWithdrawn(of) => json!({ "principal": hex(&of.principal.0) }),
        Event::EvidenceSubmitted(of) => item(of),
        Event::EvidenceAccepted(of)
        | Event::EvidenceRejected(of)
        | Event::EvidenceWithdrawn(of)
        | Event::EvidenceEnded(of)
        | Event::EvidenceConfirmed(of) => json!({ "evidence": hex(&of.evidence.0) }),
        Event::EvidenceSuperseded(of) => {
            json!({ "evidence": hex(&of.evidence.0), "by": hex(&of.by.0) })
        }
        Event::EvidenceLinked(of) | Event::EvidenceUnlinked(of) => {
            json!({ "evidence": hex(&of.evidence.0), "practices": texts(&of.practices) })
        }
        Event::EvidenceInstanceLinked(of) | Event::EvidenceInstanceUnlinked(of) => {
            json!({ "evidence": hex(&of.evidence.0), "instances": texts(&of.instances) })
        }
        Event::PayloadErased(of) => json!({ "version": of.version }),
        Event::PracticeRated(of) => rating(of),
        Event::RatingWithdrawn(of) | Event::RatingEnded(of) => {
            json!({ "rating": hex(&of.rating.0) })
        }
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

fn on_source(event: &Event) -> Value {
    match event {
        Event::SourceDistrusted(of) => present([
            ("suspect", Some(suspect(&of.suspect))),
            ("from", time(of.from)),
            ("until", time(of.until)),
        ]),
        Event::SourceRestored(of) => json!({ "distrust": of.distrust }),
        other => panic!("{} is not about a source", other.name()),
    }
}

fn on_texts(event: &Event) -> Value {
    let run = |of: &Run| json!({ "first": of.first, "last": of.last });
    let class = |of: Option<Class>| of.map(|class| json!(class.name()));
    match event {
        Event::LegalHoldPlaced(of) => present([
            ("hold", Some(json!(of.hold.as_str()))),
            ("unit", Some(json!(hex(&of.unit.0)))),
            ("records", of.records.as_ref().map(run)),
        ]),
        Event::LegalHoldLifted(of) => json!({ "hold": of.hold.as_str() }),
        Event::RetentionSet(of) => present([
            ("unit", Some(json!(hex(&of.unit.0)))),
            ("class", class(of.class)),
            ("days", Some(json!(of.days))),
        ]),
        Event::RetentionRemoved(of) => {
            present([("unit", Some(json!(hex(&of.unit.0)))), ("class", class(of.class))])
        }
        Event::PayloadsErased(of) => present([
            ("runs", Some(of.runs.iter().map(run).collect())),
            ("rule", of.rule.map(|rule| json!(rule))),
        ]),
        Event::AttachmentsErased(of) => present([
            ("digests", Some(of.digests.iter().map(|digest| json!(hex(&digest.0))).collect())),
            ("rule", of.rule.map(|rule| json!(rule))),
        ]),
        other => panic!("{} is not about texts", other.name()),
    }
}

fn suspect(of: &Suspect) -> Value {
    let versioned = |of: &Versioned| {
        let name = json!(of.name.as_str());
        present([("name", Some(name)), ("version", text(of.version.as_ref()))])
    };
    match of {
        Suspect::Principal(id) => json!({ "principal": hex(&id.0) }),
        Suspect::Tool(of) => json!({ "tool": versioned(of) }),
        Suspect::Mapping(of) => json!({ "mapping": versioned(of) }),
        Suspect::Source(name) => json!({ "source": name.as_str() }),
    }
}

fn ids(of: &[EvidenceId]) -> Vec<String> {
    of.iter().map(|id| hex(&id.0)).collect()
}

/// The body of an event of an appraisal's stream.
fn of_appraisal(event: &Event) -> Value {
    match event {
        Event::AppraisalOpened(of) | Event::AppraisalChanged(of) => {
            json!({ "appraisal": hex(&of.appraisal.0), "input": input(&of.input) })
        }
        Event::AppraisalImported(of) => json!({
            "appraisal": hex(&of.appraisal.0), "input": input(&of.input),
            "conducted_from": of.conducted_from.micros(),
            "conducted_until": of.conducted_until.micros(), "ratings": of.ratings,
        }),
        Event::IndividualRatingSealed(of) => json!({
            "appraisal": hex(&of.appraisal.0), "subject": rated(&of.subject),
            "evidence": ids(&of.evidence),
        }),
        Event::IndividualRatingsRevealed(of) => json!({
            "appraisal": hex(&of.appraisal.0),
            "subjects": of.subjects.iter().map(rated).collect::<Vec<_>>(),
        }),
        Event::ConsensusReached(of) => present([
            ("appraisal", Some(json!(hex(&of.appraisal.0)))),
            ("subject", Some(rated(&of.subject))),
            ("value", text(of.value.as_ref())),
            ("evidence", Some(json!(ids(&of.evidence)))),
            ("dissent", Some(of.dissent.iter().map(|who| json!(hex(&who.0))).collect())),
        ]),
        Event::FindingRecorded(of) => present([
            ("appraisal", Some(json!(hex(&of.appraisal.0)))),
            ("kind", Some(json!(of.kind.name()))),
            ("unit", of.unit.map(|unit| json!(hex(&unit.0)))),
            ("area", of.area.as_ref().map(area)),
            ("practice", text(of.practice.as_ref())),
            ("evidence", Some(json!(ids(&of.evidence)))),
        ]),
        Event::AppraisalClosed(of) => json!({
            "appraisal": hex(&of.appraisal.0), "unit": hex(&of.unit.0), "ratings": of.ratings,
        }),
        Event::AppraisalCancelled(of) | Event::AppraisalSignedOff(of) => {
            json!({ "appraisal": hex(&of.appraisal.0) })
        }
        other => panic!("{} is no event of an appraisal", other.name()),
    }
}

fn rated(of: &appraisal::Subject) -> Value {
    present([
        ("unit", Some(json!(hex(&of.unit.0)))),
        ("target", Some(json!(of.target.to_string()))),
        ("instance", text(of.instance.as_ref())),
    ])
}

fn input(of: &appraisal::Input) -> Value {
    let areas = of.areas.iter();
    let areas = areas.map(|of| json!({ "area": area(&of.area), "highest": of.highest }));
    let team = of.team.iter();
    let team = team.map(|of| json!({ "principal": hex(&of.principal.0), "part": of.part.name() }));
    let method = &of.method;
    present([
        ("units", Some(of.units.iter().map(|unit| json!(hex(&unit.0))).collect())),
        ("areas", Some(areas.collect())),
        ("instances", Some(json!(texts(&of.instances)))),
        ("sponsor", Some(json!(hex(&of.sponsor.0)))),
        ("team", Some(team.collect())),
        (
            "method",
            Some(present([
                ("process", Some(json!(method.process.as_str()))),
                ("class", Some(json!(method.class.name()))),
                ("body", Some(json!(method.body.name()))),
                ("lead", Some(json!(method.lead.name()))),
                ("team", Some(json!(method.team.name()))),
                ("rating", text(method.rating.as_ref())),
                ("aggregation", text(method.aggregation.as_ref())),
            ])),
        ),
        (
            "base",
            of.base.map(
                |base| json!({ "valid_at": base.valid_at.micros(), "log_size": base.log_size }),
            ),
        ),
    ])
}

fn area(area: &AreaRef) -> Value {
    json!({ "model": area.model.as_str(), "area": area.area.number() })
}

fn condition(of: &Condition) -> Value {
    json!({ "claim": of.claim.as_str(), "value": of.value.as_str() })
}

fn by_rule(of: &ByRule) -> Value {
    let (rule, issuer) = (of.rule.as_str(), of.issuer.as_str());
    json!({ "rule": rule, "issuer": issuer, "unit": hex(&of.unit.0) })
}

fn floors(of: &[Floor]) -> Vec<Value> {
    of.iter().map(floor).collect()
}

fn floor(of: &Floor) -> Value {
    json!({ "area": area(&of.area), "level": of.level })
}

fn context(of: &Context) -> Value {
    present([
        ("customer_base", text(of.customer_base.as_ref())),
        ("assurance_need", text(of.assurance_need.as_ref())),
        ("activity", text(of.activity.as_ref())),
        ("disciplines", Some(json!(texts(&of.disciplines)))),
    ])
}

fn interest(of: &ConflictDeclared) -> Value {
    present([("principal", Some(json!(hex(&of.principal.0)))), ("until", time(of.until))])
}

fn item(of: &Item) -> Value {
    let attachments: Vec<String> = of.attachments.iter().map(|digest| hex(&digest.0)).collect();
    present([
        ("evidence", Some(json!(hex(&of.evidence.0)))),
        ("kind", Some(json!(of.kind.name()))),
        ("outcome", Some(json!(of.outcome.name()))),
        ("strength", Some(json!(of.strength.name()))),
        ("practices", Some(json!(texts(&of.practices)))),
        ("work_from", time(of.work_from)),
        ("valid_until", time(of.valid_until)),
        ("source", Some(json!({ "name": of.source.name.as_str(), "id": of.source.id.as_str() }))),
        ("producer_sequence", of.producer_sequence.map(|number| json!(number))),
        ("instance", text(of.instance.as_ref())),
        ("about", of.about.map(|about| json!(hex(&about.0)))),
        ("measures", Some(of.measures.iter().map(measure).collect())),
        ("subjects", Some(of.subjects.iter().map(subject).collect())),
        ("tool", of.tool.as_ref().map(tool)),
        ("attachments", Some(json!(attachments))),
    ])
}

fn measure(of: &Measure) -> Value {
    json!({
        "name": of.name.as_str(),
        "value": of.value,
        "decimals": of.decimals,
        "unit": of.unit.as_str(),
    })
}

fn subject(of: &Subject) -> Value {
    json!({ "kind": of.kind.as_str(), "id": of.id.as_str() })
}

fn tool(of: &Tool) -> Value {
    present([
        ("name", Some(json!(of.name.as_str()))),
        ("version", text(of.version.as_ref())),
        ("mapping", text(of.mapping.as_ref())),
    ])
}

fn rating(of: &Rating) -> Value {
    let evidence: Vec<String> = of.evidence.iter().map(|id| hex(&id.0)).collect();
    present([
        ("rating", Some(json!(hex(&of.rating.0)))),
        ("target", Some(json!(of.target.to_string()))),
        ("value", Some(json!(of.value.name()))),
        ("instance", text(of.instance.as_ref())),
        ("appraisal", of.appraisal.map(|appraisal| json!(hex(&appraisal.0)))),
        ("basis", of.basis.as_ref().map(basis)),
        ("evidence", Some(json!(evidence))),
    ])
}

fn basis(of: &Basis) -> Value {
    json!({
        "valid_at": of.valid_at.micros(),
        "log_size": of.log_size,
        "rules": hex(&of.rules.0),
    })
}
