//! What an appraisal has come to at a point: folded from its stream, with the texts that the caller
//! may read.

use std::collections::BTreeMap;

use gradus_domain::access::Right;
use gradus_domain::appraisal::{
    ABSTAINED, Agreed, Agreement, Appraisal, CARRIED, Carried, Said, Sealed, State, against,
    agreement, also_rated, carried, carried_at, dissent_field, stream_of, unsettled,
};
use gradus_domain::{At, UnitHistory, coverage};
use gradus_model::appraisal::{Part, Subject};
use gradus_model::event::FindingRecorded;
use gradus_model::rating::{Scale, Value};
use gradus_model::{AppraisalId, Event, Payload, PrincipalId, Target, UnitId};

use super::id_in;
use crate::access::Caller;
use crate::coordinate::Resolved;
use crate::error::ServiceError;
use crate::records::{ReadRecord, Texts};
use crate::service::Service;

/// How much of a stream is read at a time.
const AT_ONCE: usize = 4_096;

/// The rating of one of the team.
#[derive(Clone, Debug)]
pub struct Individual {
    /// What is rated.
    pub subject: Subject,
    /// Who rated.
    pub rater: PrincipalId,
    /// Where it was recorded, and what it cites.
    pub sealed: Sealed,
    /// Whether it may be read by others.
    pub revealed: bool,
    /// Value and texts, for its author and, once it was revealed, for all.
    pub texts: Texts,
    /// The rating of an earlier appraisal that it confirms, if it may be read and does.
    pub carried: Option<Carried>,
}

impl Individual {
    /// The value, if it may be read and one was given.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.texts.get("value")?.parse().ok()
    }

    /// Whether its author is known to have given no value.
    #[must_use]
    pub fn abstained(&self) -> bool {
        self.texts.get("value") == Some(ABSTAINED)
    }
}

/// What the team agreed on, with why.
#[derive(Clone, Debug)]
pub struct ToldConsensus {
    /// What it is of.
    pub subject: Subject,
    /// What was agreed on.
    pub agreed: Agreed,
    /// Why; none if it was erased.
    pub rationale: Option<String>,
    /// Those who do not agree, with what they hold instead.
    pub dissent: Vec<(PrincipalId, String)>,
    /// What speaks against it.
    pub contradictions: Vec<String>,
}

/// What else was found.
#[derive(Clone, Debug)]
pub struct ToldFinding {
    /// Where it was recorded.
    pub said: Said,
    /// What it is about.
    pub finding: FindingRecorded,
    /// What was found; none if it was erased.
    pub text: Option<String>,
}

/// An appraisal at a point.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it has come to.
    pub appraisal: Appraisal,
    /// The texts of its input; none if they were erased.
    pub texts: Option<Payload>,
    /// The ratings of the team.
    pub individual: Vec<Individual>,
    /// What was agreed on.
    pub consensus: Vec<ToldConsensus>,
    /// What else was found.
    pub findings: Vec<ToldFinding>,
    /// What is in scope and was not dealt with yet.
    pub unsettled: Vec<(UnitId, Target)>,
    /// What may be rated besides.
    pub also: Vec<Subject>,
    /// How far the revealed ratings on each scale agree.
    pub agreement: Vec<(Scale, Agreement)>,
    /// What an earlier appraisal said of what is not agreed on yet: proposals, no ratings.
    pub carried: Vec<Carried>,
}

/// An appraisal in a list.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What it has come to.
    pub appraisal: Appraisal,
    /// Its title; none if there is none, or it was erased.
    pub title: Option<String>,
}

impl Service {
    /// Whether the texts of a record are sealed: the rating of somebody before all were in.
    #[must_use]
    pub(crate) fn is_sealed(&self, record: &ReadRecord) -> bool {
        let Event::IndividualRatingSealed(of) = &record.recorded.event else { return false };
        let views = self.views();
        let known = views.appraisals.of_stream(record.recorded.place.stream);
        known.is_none_or(|known| !known.revealed.contains_key(&of.subject))
    }

    /// Who led a closed appraisal, and who of its team did not agree with what it says of a subject;
    /// none to those who may not see it.
    #[must_use]
    pub fn behind_appraisal(
        &self,
        by: &Caller,
        id: AppraisalId,
        subject: &Subject,
    ) -> Option<(Option<PrincipalId>, Vec<PrincipalId>)> {
        self.appraisal(&Caller { right: Right::Read, ..*by }, &id.to_string()).ok()?;
        let views = self.views();
        let known = views.appraisals.get(id)?;
        let lead = known.input.team.iter().find(|member| member.part == Part::Lead);
        let agreed = known.consensus.get(subject);
        let dissent = agreed.map(|agreed| agreed.dissent.clone()).unwrap_or_default();
        Some((lead.map(|lead| lead.principal), dissent))
    }

    /// The records of an appraisal's stream, as known with `size` records, and what they come to.
    async fn appraisal_records(
        &self,
        id: AppraisalId,
        size: u64,
    ) -> Result<(Appraisal, BTreeMap<u64, ReadRecord>), ServiceError> {
        let mut folded: Option<Appraisal> = None;
        let mut records = BTreeMap::new();
        let mut next = 1;
        'stream: loop {
            let some = self.stream_from(stream_of(id), next, AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            for record in some {
                let said = Said::by(&record.recorded);
                if said.position >= size {
                    break 'stream;
                }
                match &mut folded {
                    Some(known) => known.evolve(said, &record.recorded.event),
                    None => folded = Appraisal::opened(said, &record.recorded.event),
                }
                next = said.version + 1;
                records.insert(said.version, record);
            }
        }
        let known = folded.ok_or_else(|| ServiceError::not_found("appraisal", id))?;
        Ok((known, records))
    }

    /// An appraisal as it was known at a point, to somebody who may read of all its units now.
    pub async fn told_appraisal(
        &self,
        by: &Caller,
        text: &str,
        carry_from: Option<&str>,
        resolved: &Resolved,
    ) -> Result<Told, ServiceError> {
        let id = self.appraisal(&Caller { right: Right::Read, ..*by }, text)?;
        let (appraisal, records) = self.appraisal_records(id, resolved.log_size).await?;
        for unit in &appraisal.input.units {
            self.recalled(*unit).await?;
        }
        let texts_of = |said: &Said| match records.get(&said.version) {
            // Whoever wrote a text reads it; a class needs a right of its own of others.
            Some(record) if said.actor != by.actor.principal => self.texts(by, record),
            Some(record) => {
                let own = self.open_payload(record)?;
                Ok(own.map_or(Texts::Erased, Texts::Readable))
            }
            None => Ok(Texts::Erased),
        };
        let mut individual = Vec::new();
        for (subject, of_subject) in &appraisal.ratings {
            let revealed = appraisal.revealed.contains_key(subject);
            for (rater, sealed) in of_subject {
                let readable = revealed || *rater == by.actor.principal;
                let texts = readable.then(|| texts_of(&sealed.said)).transpose()?;
                let texts = texts.unwrap_or(Texts::Withheld);
                let (subject, sealed) = (subject.clone(), sealed.clone());
                let carried = self.confirmed(&appraisal, &subject, &texts);
                individual.push(Individual {
                    subject,
                    rater: *rater,
                    sealed,
                    revealed,
                    texts,
                    carried,
                });
            }
        }
        let mut consensus = Vec::new();
        for (subject, agreed) in &appraisal.consensus {
            let texts = texts_of(&agreed.said)?;
            let text = |field: &str| texts.get(field);
            let is_readable = matches!(texts, Texts::Readable(_));
            let said = |who: &PrincipalId| {
                (*who, text(&dissent_field(*who)).unwrap_or_default().to_owned())
            };
            consensus.push(ToldConsensus {
                subject: subject.clone(),
                agreed: agreed.clone(),
                rationale: is_readable.then(|| text("rationale").unwrap_or_default().to_owned()),
                dissent: agreed.dissent.iter().map(said).collect(),
                contradictions: self.contradictions(&appraisal, subject, agreed),
            });
        }
        let mut findings = Vec::new();
        for (said, finding) in &appraisal.findings {
            let texts = texts_of(said)?;
            let text = texts.get("text").map(ToOwned::to_owned);
            findings.push(ToldFinding { said: *said, finding: finding.clone(), text });
        }
        consensus.extend(self.brought_in(by, &appraisal, resolved.log_size).await?);
        let texts = match texts_of(&appraisal.stated)? {
            Texts::Readable(payload) => Some(payload),
            Texts::Erased | Texts::Withheld => None,
        };
        let (unsettled, agreement) =
            (self.unsettled(&appraisal, resolved.log_size), agreements(&individual));
        let also = self.also_rated(&appraisal, resolved.log_size);
        let carried = self.carried(&appraisal, carry_from)?;
        Ok(Told {
            appraisal,
            texts,
            individual,
            consensus,
            findings,
            unsettled,
            also,
            agreement,
            carried,
        })
    }

    /// The rating of an earlier appraisal that one of the team confirmed.
    fn confirmed(&self, of: &Appraisal, subject: &Subject, texts: &Texts) -> Option<Carried> {
        let position = texts.get(CARRIED)?.parse().ok()?;
        let views = self.views();
        carried_at(of, subject, views.history(subject.unit)?, position)
    }

    /// What stands of the last appraisal in each unit, or of one that the caller names.
    fn carried(&self, of: &Appraisal, from: Option<&str>) -> Result<Vec<Carried>, ServiceError> {
        let meant = from.map(|text| id_in(text).ok_or_else(|| no_earlier(text))).transpose()?;
        let at = At { valid_at: of.base.valid_at, size: of.base.log_size };
        let views = self.views();
        let mut found = Vec::new();
        for unit in of.input.units.iter().filter(|_| of.cancelled.is_none()) {
            let Some(history) = views.history(*unit) else { continue };
            let Ok(basis) = views.basis(&self.library(), *unit, at, None) else { continue };
            let basis = (&*basis.catalog, &*basis.read_rules);
            let open = !of.closed.contains_key(unit);
            found.extend(carried(of, *unit, history, basis, meant).into_iter().filter(|_| open));
        }
        // The same words for an appraisal that is unknown and for one that said nothing here.
        match from.filter(|_| found.is_empty()) {
            Some(text) => Err(no_earlier(text)),
            None => Ok(found),
        }
    }

    fn unsettled(&self, of: &Appraisal, size: u64) -> Vec<(UnitId, Target)> {
        if matches!(of.state(), State::Closed | State::Cancelled) {
            return Vec::new();
        }
        let at = At { valid_at: of.base.valid_at, size };
        let open = |unit: &UnitId| {
            let basis = self.views().basis(&self.library(), *unit, at, None).ok();
            let open = basis.map(|basis| unsettled(of, *unit, &basis.catalog, &basis.read_rules));
            let unit = *unit;
            open.into_iter().flatten().map(move |target| (unit, target))
        };
        of.input.units.iter().flat_map(open).collect()
    }

    fn also_rated(&self, of: &Appraisal, size: u64) -> Vec<Subject> {
        if matches!(of.state(), State::Closed | State::Cancelled) {
            return Vec::new();
        }
        let at = At { valid_at: of.base.valid_at, size };
        let also = |unit: &UnitId| {
            let basis = self.views().basis(&self.library(), *unit, at, None).ok();
            let also = basis.map(|basis| also_rated(of, *unit, &basis.catalog, &basis.read_rules));
            also.unwrap_or_default()
        };
        of.input.units.iter().flat_map(also).collect()
    }

    /// What speaks against a rating that was agreed on: the evidence at the frozen base, a sibling
    /// process instance, or the practices of the same area.
    pub(super) fn contradictions(
        &self,
        of: &Appraisal,
        subject: &Subject,
        agreed: &Agreed,
    ) -> Vec<String> {
        let Some(value) = agreed.value else { return Vec::new() };
        let at = At { valid_at: of.base.valid_at, size: of.base.log_size };
        let mut found = Vec::new();
        let views = self.views();
        let nothing = UnitHistory::default();
        let history = views.history(subject.unit).unwrap_or(&nothing);
        if let Ok(basis) = views.basis(&self.library(), subject.unit, at, None) {
            let (target, rules) = (&subject.target, &basis.read_rules);
            let support = coverage::support(history, target, at, rules, &views.registry);
            match support.kind() {
                coverage::SupportKind::Contradicted if !value.is_lowest() => {
                    found.push("evidence in the frozen base contradicts it".to_owned());
                }
                coverage::SupportKind::Unsupported | coverage::SupportKind::Lapsed
                    if !value.is_lowest() =>
                {
                    found.push(format!("the frozen base leaves it {}", support.name()));
                }
                coverage::SupportKind::Supported if value.is_lowest() => {
                    found.push("evidence in the frozen base supports it".to_owned());
                }
                _ => (),
            }
        }
        found.extend(against(of, subject, value).iter().map(ToString::to_string));
        found
    }

    /// Appraisals that the caller may read, the newest first; `unit` keeps those over it.
    pub async fn appraisals(
        &self,
        by: &Caller,
        unit: Option<UnitId>,
        state: Option<State>,
        size: u64,
    ) -> Result<Vec<Summary>, ServiceError> {
        let found: Vec<AppraisalId> = {
            let (views, at) = self.judged();
            let who = by.actor.principal;
            let reads = |unit: &UnitId| views.registry.rights(who, *unit, at).have(by.right);
            let fits = |known: &&Appraisal| {
                known.opened.position < size
                    && known.input.units.iter().all(reads)
                    && unit.is_none_or(|unit| known.input.units.contains(&unit))
            };
            let mut found: Vec<&Appraisal> = views.appraisals.all().filter(fits).collect();
            found.sort_by_key(|known| std::cmp::Reverse(known.opened.position));
            found.into_iter().map(|known| known.id).collect()
        };
        let mut told = Vec::new();
        for id in found {
            let (appraisal, records) = self.appraisal_records(id, size).await?;
            if state.is_some_and(|asked| asked != appraisal.state()) {
                continue;
            }
            let stated = records.get(&appraisal.stated.version);
            let texts = stated.map(|record| self.open_payload(record)).transpose()?.flatten();
            let title = texts.and_then(|texts| texts.get("title").map(ToOwned::to_owned));
            told.push(Summary { appraisal, title });
        }
        Ok(told)
    }
}

fn no_earlier(text: &str) -> ServiceError {
    let shown: String = text.chars().take(80).collect();
    let reason = format!(
        "`{shown}` is no appraisal of which ratings in scope stand in the frozen base and wait for \
         an agreement: name another one, or none for the last"
    );
    ServiceError::invalid("carry_from", reason)
}

/// How far the revealed ratings on each scale agree.
fn agreements(individual: &[Individual]) -> Vec<(Scale, Agreement)> {
    let of_scale = |scale: &Scale| {
        let mut by_subject: BTreeMap<&Subject, Vec<Value>> = BTreeMap::new();
        for rating in individual.iter().filter(|rating| rating.revealed) {
            if let Some(value) = rating.value().filter(|value| value.scale() == *scale) {
                by_subject.entry(&rating.subject).or_default().push(value);
            }
        }
        let rated: Vec<Vec<Value>> = by_subject.into_values().collect();
        (!rated.is_empty()).then(|| (*scale, agreement(&rated)))
    };
    Scale::ALL.iter().filter_map(of_scale).collect()
}
