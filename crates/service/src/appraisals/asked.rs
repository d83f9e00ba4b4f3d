//! What callers say of an appraisal, and the facts that become of it.

use std::collections::BTreeMap;

use gradus_domain::access::Right;
use gradus_domain::appraisal::{ABSTAINED, Appraisal, CARRIED, dissent_field};
use gradus_domain::{AppraisalRefusal, Proposal, Refusal};
use gradus_model::appraisal::{
    EvidenceBase, FindingKind, Input, Member, Method, Part, ScopedArea, Subject,
};
use gradus_model::event::{ConsensusReached, FindingRecorded, IndividualRatingSealed};
use gradus_model::rating::Value;
use gradus_model::{Event, EvidenceId, Label, Payload, PrincipalId, Timestamp, UnitId};

use crate::access::{Caller, named};
use crate::call::Call;
use crate::error::ServiceError;
use crate::evidence::{AskedPractice, EvidenceRef, found};
use crate::service::Service;
use crate::units::AskedArea;
use crate::writer::Writer;

/// The input of an appraisal, as a caller gives it.
#[derive(Clone, Debug)]
pub struct AskedInput {
    /// Names or ids of the units.
    pub units: Vec<String>,
    /// The areas, each with the highest level that is looked at.
    pub areas: Vec<(AskedArea, u8)>,
    /// The process instances that were chosen.
    pub instances: Vec<Label>,
    /// Name or id of the sponsor; the caller, if it is not said.
    pub sponsor: Option<String>,
    /// Names or ids of the team, with what each does.
    pub team: Vec<(String, Part)>,
    /// How it is done.
    pub method: Method,
    /// Where the evidence is frozen; where it is opened, if it is not said.
    pub base: Option<EvidenceBase>,
    /// Purpose, plan and all other texts, each under its name.
    pub texts: Payload,
}

/// What a rating is of, as a caller names it.
#[derive(Clone, Debug)]
pub struct AskedSubject {
    /// Name or id of the unit; may be left out where the appraisal has one.
    pub unit: Option<String>,
    /// The practice or feature.
    pub practice: AskedPractice,
    /// The process instance.
    pub instance: Option<Label>,
}

/// The rating of one of the team.
#[derive(Clone, Debug)]
pub struct AskedRating {
    /// What is rated.
    pub subject: AskedSubject,
    /// The value; none abstains.
    pub value: Option<Value>,
    /// Where the rating of an earlier appraisal was recorded that this confirms.
    pub carried: Option<u64>,
    /// Why, and what it rests on, each text under its name.
    pub texts: Payload,
    /// The evidence it cites.
    pub evidence: Vec<EvidenceRef>,
}

/// What the team agreed on.
#[derive(Clone, Debug)]
pub struct AskedConsensus {
    /// What was agreed on.
    pub subject: AskedSubject,
    /// The value; none leaves it unrated, and `rationale` says why.
    pub value: Option<Value>,
    /// How it was reached.
    pub rationale: String,
    /// The evidence it rests on.
    pub evidence: Vec<EvidenceRef>,
    /// Names or ids of those who do not agree, with what they hold instead.
    pub dissent: Vec<(String, String)>,
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct AskedFinding {
    /// Its kind.
    pub kind: FindingKind,
    /// Name or id of the unit it is about.
    pub unit: Option<String>,
    /// The area it is about.
    pub area: Option<AskedArea>,
    /// The practice it is about.
    pub practice: Option<AskedPractice>,
    /// What was found.
    pub text: String,
    /// The evidence it rests on.
    pub evidence: Vec<EvidenceRef>,
}

impl Service {
    /// The sponsor and the team that a caller names: looked up once they may open appraisals there.
    pub(super) fn people_of(
        &self,
        call: &Call,
        asked: &AskedInput,
    ) -> Result<(PrincipalId, Vec<Member>), ServiceError> {
        let by = Caller { right: Right::Appraise, ..call.caller() };
        for unit in &asked.units {
            self.unit(&by, unit)?;
        }
        let sponsor = asked.sponsor.as_ref().map(|name| self.principal(name));
        let sponsor = sponsor.transpose()?.map_or(call.actor.principal, |found| found.id);
        let member = |(name, part): &(String, Part)| {
            Ok(Member { principal: self.principal(name)?.id, part: *part })
        };
        let mut team = asked.team.iter().map(member).collect::<Result<Vec<_>, ServiceError>>()?;
        team.sort_by_key(|member| member.principal);
        Ok((sponsor, team))
    }

    pub(super) fn input(
        &self,
        writer: &Writer,
        call: &Call,
        asked: &AskedInput,
    ) -> Result<Input, ServiceError> {
        let (sponsor, team) = self.people_of(call, asked)?;
        let now = self.now();
        let at = asked.base.map_or(now, |base| base.valid_at);
        let judged = writer.moment(now);
        let who = call.actor.principal;
        let unit = |text: &String| named(&writer.registry, who, Right::See, text, judged);
        let mut units = asked.units.iter().map(unit).collect::<Result<Vec<_>, _>>()?;
        units.sort();
        let first = units.first().copied().unwrap_or(UnitId([0; 16]));
        let area = |(area, highest): &(AskedArea, u8)| {
            Ok(ScopedArea { area: self.area_in(writer, first, area, at)?, highest: *highest })
        };
        let mut areas = asked.areas.iter().map(area).collect::<Result<Vec<_>, ServiceError>>()?;
        areas.sort_by(|one, next| one.area.cmp(&next.area));
        let mut instances = asked.instances.clone();
        instances.sort();
        let (method, base) = (asked.method.clone(), asked.base);
        Ok(Input { units, areas, instances, sponsor, team, method, base })
    }

    /// The unit that a caller means: the only one of the appraisal, if they name none.
    fn unit_meant(
        writer: &Writer,
        call: &Call,
        of: &Appraisal,
        asked: Option<&str>,
        now: Timestamp,
    ) -> Result<UnitId, ServiceError> {
        match (asked, of.input.units.as_slice()) {
            (Some(text), _) => {
                let (who, judged) = (call.actor.principal, writer.moment(now));
                named(&writer.registry, who, Right::See, text, judged)
            }
            (None, [only]) => Ok(*only),
            (None, units) => {
                let reason =
                    format!("the appraisal has {} units: name the one that is meant", units.len());
                Err(ServiceError::invalid("unit", reason))
            }
        }
    }

    pub(super) fn subject(
        &self,
        writer: &Writer,
        call: &Call,
        of: &Appraisal,
        asked: &AskedSubject,
    ) -> Result<Subject, ServiceError> {
        let unit = Self::unit_meant(writer, call, of, asked.unit.as_deref(), self.now())?;
        let practice = std::slice::from_ref(&asked.practice);
        let target = self.targets(writer, unit, practice, of.base.valid_at)?.pop();
        let target = target.ok_or(ServiceError::Fault("a rating has one target"))?;
        Ok(Subject { unit, target, instance: asked.instance.clone() })
    }

    /// Somebody of the team, by name or id: nothing is told of others.
    fn member(&self, of: &Appraisal, text: &str) -> Result<PrincipalId, ServiceError> {
        let meant = |who: &PrincipalId| {
            who.to_string() == text || self.principal_name(*who).as_deref() == Some(text)
        };
        let found = of.input.team.iter().map(|member| member.principal).find(meant);
        let shown: String = text.chars().take(80).collect();
        found.ok_or_else(|| Refusal::from(AppraisalRefusal::OutOfScope(shown)).into())
    }

    pub(super) fn cited(
        writer: &Writer,
        unit: UnitId,
        evidence: &[EvidenceRef],
    ) -> Result<Vec<EvidenceId>, ServiceError> {
        evidence.iter().map(|cited| found(writer, unit, cited, &BTreeMap::new())).collect()
    }

    pub(super) fn sealed_rating(
        &self,
        writer: &Writer,
        call: &Call,
        of: &Appraisal,
        asked: &AskedRating,
        now: Timestamp,
    ) -> Result<Proposal, ServiceError> {
        let subject = self.subject(writer, call, of, &asked.subject)?;
        let evidence = Self::cited(writer, subject.unit, &asked.evidence)?;
        let sealed = IndividualRatingSealed { appraisal: of.id, subject, evidence };
        let value = asked.value.map_or(ABSTAINED, Value::name);
        let mut payload = Payload::empty().with("value", value);
        if let Some(position) = asked.carried {
            payload = payload.with(CARRIED, position.to_string());
        }
        payload.0.extend(asked.texts.0.iter().cloned());
        Ok(Proposal::at(Event::IndividualRatingSealed(sealed), None, now).with(payload))
    }

    pub(super) fn consensus(
        &self,
        writer: &Writer,
        call: &Call,
        of: &Appraisal,
        asked: &AskedConsensus,
        now: Timestamp,
    ) -> Result<Proposal, ServiceError> {
        let subject = self.subject(writer, call, of, &asked.subject)?;
        let evidence = Self::cited(writer, subject.unit, &asked.evidence)?;
        let mut payload = Payload::empty().with("rationale", asked.rationale.as_str());
        let mut dissent = Vec::new();
        for (name, text) in &asked.dissent {
            let who = self.member(of, name)?;
            payload = payload.with(&dissent_field(who), text.as_str());
            dissent.push(who);
        }
        dissent.sort();
        let (appraisal, value) = (of.id, asked.value);
        let reached = ConsensusReached { appraisal, subject, value, evidence, dissent };
        Ok(Proposal::at(Event::ConsensusReached(reached), None, now).with(payload))
    }

    pub(super) fn finding(
        &self,
        writer: &Writer,
        call: &Call,
        of: &Appraisal,
        asked: &AskedFinding,
        now: Timestamp,
    ) -> Result<Proposal, ServiceError> {
        let unit = asked.unit.as_deref();
        let unit =
            unit.map(|unit| Self::unit_meant(writer, call, of, Some(unit), now)).transpose()?;
        let first = of.input.units.first().copied().unwrap_or(UnitId([0; 16]));
        let (place, at) = (unit.unwrap_or(first), of.base.valid_at);
        let area = asked.area.as_ref().map(|area| self.area_in(writer, place, area, at));
        let practice = asked.practice.as_ref().map(std::slice::from_ref);
        let practice = practice.map(|practice| self.targets(writer, place, practice, at));
        let evidence = Self::cited(writer, place, &asked.evidence)?;
        let finding = FindingRecorded {
            appraisal: of.id,
            kind: asked.kind,
            unit,
            area: area.transpose()?,
            practice: practice.transpose()?.and_then(|mut found| found.pop()),
            evidence,
        };
        let payload = Payload::empty().with("text", asked.text.as_str());
        Ok(Proposal::at(Event::FindingRecorded(finding), None, now).with(payload))
    }
}
