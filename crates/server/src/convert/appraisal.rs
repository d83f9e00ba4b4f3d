//! Appraisals, in and out.

pub(crate) mod import;

use gradus_domain::appraisal::{Appraisal, Carried, Said, State};
use gradus_model::appraisal::{
    Class, EvidenceBase, FindingKind, Independence, Member, Method, Part, ScopedArea, Subject,
};
use gradus_model::rating::{Scale, Value};
use gradus_model::{EvidenceId, Payload};
use gradus_service::appraisals::{
    AskedConsensus, AskedFinding, AskedInput, AskedRating, AskedSubject, Individual, Told,
    ToldConsensus, ToldFinding,
};
use gradus_service::evidence::EvidenceRef;
use gradus_service::records::Texts;
use gradus_service::{Service, ServiceError};
use gradus_wire::v1 as wire;

use super::{
    Checked, area, bounded, bounded_text, evidence_ref, instant, needed, optional, optional_word,
    practice, principal_ref, text, timestamp, unit_ref, word,
};

/// The longest text, in bytes.
pub(crate) const MOST_TEXT: usize = 4_096;

fn texts<const N: usize>(field: &str, given: [(&str, &str); N]) -> Checked<Payload> {
    let mut payload = Payload::empty();
    for (name, text) in given {
        bounded_text(format_args!("{field}.{name}"), text, MOST_TEXT)?;
        payload = payload.with(name, text);
    }
    Ok(payload)
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn cited(field: &str, from: &[wire::EvidenceRef]) -> Checked<Vec<EvidenceRef>> {
    let one = |(at, given)| evidence_ref(&format!("{field}.evidence[{at}]"), Some(given));
    from.iter().enumerate().map(one).collect()
}

pub(crate) fn input(from: Option<&wire::AppraisalInput>) -> Checked<AskedInput> {
    let from = needed("input", from)?;
    let scoped = |(at, scoped): (usize, &wire::ScopedArea)| {
        let field = format!("input.areas[{at}]");
        let highest = u8::try_from(scoped.highest).ok().filter(|level| (1..=5).contains(level));
        let highest = highest.ok_or_else(|| {
            let reason = format!("`{}` is no level to look at: use 1 to 5", scoped.highest);
            ServiceError::invalid(format!("{field}.highest"), reason)
        })?;
        Ok((area(&format!("{field}.area"), &scoped.area)?, highest))
    };
    let member = |(at, member): (usize, &wire::TeamMemberInput)| {
        let field = format!("input.team[{at}].part");
        Ok((member.principal.clone(), word(field, member.part, Part::from_number)?))
    };
    let instance =
        |(at, given): (usize, &String)| text(format_args!("input.instances[{at}]"), given);
    let given_texts = from.texts.clone().unwrap_or_default();
    if given_texts.purpose.trim().is_empty() {
        let reason = "it is empty, and an appraisal has a purpose: say it";
        return Err(ServiceError::invalid("input.texts.purpose", reason));
    }
    Ok(AskedInput {
        units: from.units.clone(),
        areas: from.areas.iter().enumerate().map(scoped).collect::<Checked<_>>()?,
        instances: from.instances.iter().enumerate().map(instance).collect::<Checked<_>>()?,
        sponsor: given(&from.sponsor),
        team: from.team.iter().enumerate().map(member).collect::<Checked<_>>()?,
        method: method(needed("input.method", from.method.as_ref())?)?,
        base: from.base.as_ref().map(base).transpose()?,
        texts: texts(
            "input.texts",
            [
                ("title", &given_texts.title),
                ("purpose", &given_texts.purpose),
                ("context", &given_texts.context),
                ("plan", &given_texts.plan),
                ("constraints", &given_texts.constraints),
                ("handling", &given_texts.handling),
                ("participants", &given_texts.participants),
                ("criteria", &given_texts.criteria),
            ],
        )?,
    })
}

fn base(from: &wire::EvidenceBase) -> Checked<EvidenceBase> {
    let field = "input.base.valid_at";
    let valid_at = needed(field, instant(field, from.valid_at.as_ref())?)?;
    Ok(EvidenceBase { valid_at, log_size: from.log_size })
}

fn method(from: &wire::AppraisalMethod) -> Checked<Method> {
    let independence = |name: &str, number: i32| {
        word(format!("input.method.{name}"), number, Independence::from_number)
    };
    Ok(Method {
        process: text("input.method.process", &from.process)?,
        class: word("input.method.class", from.class, Class::from_number)?,
        body: independence("body", from.body)?,
        lead: independence("lead", from.lead)?,
        team: independence("team", from.team)?,
        rating: optional("input.method.rating", &from.rating)?,
        aggregation: optional("input.method.aggregation", &from.aggregation)?,
    })
}

pub(crate) fn subject(field: &str, from: Option<&wire::SubjectInput>) -> Checked<AskedSubject> {
    let from = needed(field, from)?;
    Ok(AskedSubject {
        unit: given(&from.unit),
        practice: practice(format_args!("{field}.practice"), &from.practice)?,
        instance: optional(format_args!("{field}.instance"), &from.instance)?,
    })
}

pub(crate) fn subjects(from: &[wire::SubjectInput]) -> Checked<Vec<AskedSubject>> {
    let one = |(at, given)| subject(&format!("subjects[{at}]"), Some(given));
    from.iter().enumerate().map(one).collect()
}

pub(crate) fn ratings(from: &[wire::AppraisalRatingInput]) -> Checked<Vec<AskedRating>> {
    let one = |(at, from): (usize, &wire::AppraisalRatingInput)| {
        let field = format!("ratings[{at}]");
        Ok(AskedRating {
            subject: subject(&format!("{field}.subject"), from.subject.as_ref())?,
            value: optional_word(format!("{field}.value"), from.value, Value::from_number)?,
            carried: from.carried,
            texts: texts(
                &field,
                [
                    ("rationale", &from.rationale),
                    ("questionnaire", &from.questionnaire),
                    ("interview", &from.interview),
                    ("question", &from.question),
                ],
            )?,
            evidence: cited(&field, &from.evidence)?,
        })
    };
    bounded("ratings", from)?.iter().enumerate().map(one).collect()
}

pub(crate) fn consensus(from: &[wire::ConsensusInput]) -> Checked<Vec<AskedConsensus>> {
    let one = |(at, from): (usize, &wire::ConsensusInput)| {
        let field = format!("consensus[{at}]");
        bounded_text(format_args!("{field}.rationale"), &from.rationale, MOST_TEXT)?;
        let dissent = from.dissent.iter().map(|one| (one.principal.clone(), one.text.clone()));
        Ok(AskedConsensus {
            subject: subject(&format!("{field}.subject"), from.subject.as_ref())?,
            value: optional_word(format!("{field}.value"), from.value, Value::from_number)?,
            rationale: from.rationale.clone(),
            evidence: cited(&field, &from.evidence)?,
            dissent: dissent.collect(),
        })
    };
    bounded("consensus", from)?.iter().enumerate().map(one).collect()
}

pub(crate) fn finding(from: Option<&wire::FindingInput>) -> Checked<AskedFinding> {
    let from = needed("finding", from)?;
    bounded_text("finding.text", &from.text, MOST_TEXT)?;
    let of_area = given(&from.area).map(|given| area("finding.area", &given)).transpose()?;
    let of_practice =
        given(&from.practice).map(|given| practice("finding.practice", &given)).transpose()?;
    Ok(AskedFinding {
        kind: word("finding.kind", from.kind, FindingKind::from_number)?,
        unit: given(&from.unit),
        area: of_area,
        practice: of_practice,
        text: from.text.clone(),
        evidence: cited("finding", &from.evidence)?,
    })
}

pub(crate) fn state_asked(number: i32) -> Checked<Option<State>> {
    let from =
        |number: u8| State::ALL.iter().find(|state| state_number(**state) == i32::from(number));
    Ok(optional_word("state", number, from)?.copied())
}

const fn state_number(state: State) -> i32 {
    match state {
        State::Open => 1,
        State::SignedOff => 2,
        State::Closed => 3,
        State::Cancelled => 4,
    }
}

fn ids(of: &[EvidenceId]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

fn subject_told(service: &Service, from: &Subject) -> wire::RatedSubject {
    wire::RatedSubject {
        unit: Some(unit_ref(service, from.unit)),
        practice: from.target.to_string(),
        instance: from.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

const fn payload_state(texts: &Texts) -> wire::PayloadState {
    match texts {
        Texts::Withheld => wire::PayloadState::Withheld,
        Texts::Erased => wire::PayloadState::Erased,
        Texts::Readable(_) => wire::PayloadState::Readable,
    }
}

fn individual(service: &Service, from: &Individual) -> wire::IndividualRating {
    let text = |name: &str| from.texts.get(name).unwrap_or_default().to_owned();
    wire::IndividualRating {
        subject: Some(subject_told(service, &from.subject)),
        rater: Some(principal_ref(service, from.rater)),
        revealed: from.revealed,
        value: from.value().map_or(0, |value| i32::from(value.number())),
        abstained: from.abstained(),
        rationale: text("rationale"),
        questionnaire: text("questionnaire"),
        interview: text("interview"),
        question: text("question"),
        evidence: ids(&from.sealed.evidence),
        position: from.sealed.said.position,
        payload_state: payload_state(&from.texts).into(),
        carried: from.carried.as_ref().map(carried_from),
    }
}

fn carried_from(from: &Carried) -> wire::CarriedFrom {
    wire::CarriedFrom {
        appraisal: from.appraisal.to_string(),
        position: from.position,
        effective_at: Some(timestamp(from.effective_at)),
    }
}

fn carried(service: &Service, from: &Carried) -> wire::CarriedRating {
    wire::CarriedRating {
        subject: Some(subject_told(service, &from.subject)),
        value: i32::from(from.value.number()),
        from: Some(carried_from(from)),
    }
}

fn agreed(service: &Service, from: &ToldConsensus) -> wire::Consensus {
    let dissent = from.dissent.iter().map(|(who, text)| wire::Dissent {
        principal: Some(principal_ref(service, *who)),
        text: text.clone(),
    });
    wire::Consensus {
        subject: Some(subject_told(service, &from.subject)),
        value: from.agreed.value.map_or(0, |value| i32::from(value.number())),
        rationale: from.rationale.clone().unwrap_or_default(),
        evidence: ids(&from.agreed.evidence),
        dissent: dissent.collect(),
        contradictions: from.contradictions.clone(),
        position: from.agreed.said.position,
    }
}

fn found(service: &Service, from: &ToldFinding) -> wire::Finding {
    let ToldFinding { said, finding, text } = from;
    wire::Finding {
        kind: i32::from(finding.kind.number()),
        unit: finding.unit.map(|unit| unit_ref(service, unit)),
        area: finding.area.as_ref().map(|area| area.area.to_string()).unwrap_or_default(),
        practice: finding.practice.as_ref().map(ToString::to_string).unwrap_or_default(),
        text: text.clone().unwrap_or_default(),
        evidence: ids(&finding.evidence),
        by: Some(principal_ref(service, said.actor)),
        position: said.position,
    }
}

fn texts_told(from: Option<&Payload>) -> wire::AppraisalTexts {
    let text = |name: &str| from.and_then(|texts| texts.get(name)).unwrap_or_default().to_owned();
    wire::AppraisalTexts {
        title: text("title"),
        purpose: text("purpose"),
        context: text("context"),
        plan: text("plan"),
        constraints: text("constraints"),
        handling: text("handling"),
        participants: text("participants"),
        criteria: text("criteria"),
    }
}

fn method_told(from: &Method) -> wire::AppraisalMethod {
    let label =
        |label: Option<&gradus_model::Label>| label.map(ToString::to_string).unwrap_or_default();
    wire::AppraisalMethod {
        process: from.process.to_string(),
        class: i32::from(from.class.number()),
        body: i32::from(from.body.number()),
        lead: i32::from(from.lead.number()),
        team: i32::from(from.team.number()),
        rating: label(from.rating.as_ref()),
        aggregation: label(from.aggregation.as_ref()),
    }
}

/// An appraisal without what was rated and found in it.
pub(crate) fn summary(
    service: &Service,
    from: &Appraisal,
    texts: Option<&Payload>,
) -> wire::Appraisal {
    let input = &from.input;
    let unit = |unit: &gradus_model::UnitId| {
        let closed = from.closed.get(unit);
        wire::AppraisedUnit {
            unit: Some(unit_ref(service, *unit)),
            closed_position: closed.map(|(said, _)| said.position),
            ratings: closed.map_or(0, |(_, ratings)| *ratings),
        }
    };
    let area = |scoped: &ScopedArea| wire::ScopedArea {
        area: format!("{}/{}", scoped.area.model, scoped.area.area),
        highest: scoped.highest.into(),
    };
    let member = |member: &Member| wire::TeamMember {
        principal: Some(principal_ref(service, member.principal)),
        part: i32::from(member.part.number()),
    };
    let stated = |said: &Said| timestamp(said.effective_at);
    let brought_in = from.imported.is_some().then_some(&from.opened);
    wire::Appraisal {
        id: from.id.to_string(),
        state: state_number(from.state()),
        units: input.units.iter().map(unit).collect(),
        areas: input.areas.iter().map(area).collect(),
        instances: input.instances.iter().map(ToString::to_string).collect(),
        sponsor: Some(principal_ref(service, input.sponsor)),
        team: input.team.iter().map(member).collect(),
        method: Some(method_told(&input.method)),
        base: Some(wire::EvidenceBase {
            valid_at: Some(timestamp(from.base.valid_at)),
            log_size: from.base.log_size,
        }),
        texts: Some(texts_told(texts)),
        opened_at: Some(timestamp(from.opened.effective_at)),
        position: from.opened.position,
        stated_from: from.signed_off.as_ref().or(brought_in).map(stated),
        version: from.version,
        imported: import::imported(service, from),
    }
}

/// All there is of an appraisal; coordinate and digest are left out.
pub(crate) fn told(service: &Service, from: &Told) -> wire::GetAppraisalResponse {
    let unsettled = from.unsettled.iter().map(|(unit, target)| wire::Unsettled {
        unit: Some(unit_ref(service, *unit)),
        practice: target.to_string(),
    });
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let agreement = from.agreement.iter().map(|(scale, agreement): &(Scale, _)| wire::Agreement {
        scale: i32::from(scale.number()),
        subjects: count(agreement.subjects),
        exact: count(agreement.exact),
        alpha_thousandths: agreement.alpha.and_then(|alpha| i32::try_from(alpha).ok()),
    });
    wire::GetAppraisalResponse {
        appraisal: Some(summary(service, &from.appraisal, from.texts.as_ref())),
        ratings: from.individual.iter().map(|one| individual(service, one)).collect(),
        consensus: from.consensus.iter().map(|one| agreed(service, one)).collect(),
        findings: from.findings.iter().map(|one| found(service, one)).collect(),
        unsettled: unsettled.collect(),
        also: from.also.iter().map(|one| subject_told(service, one)).collect(),
        agreement: agreement.collect(),
        carried: from.carried.iter().map(|one| carried(service, one)).collect(),
        ..wire::GetAppraisalResponse::default()
    }
}
