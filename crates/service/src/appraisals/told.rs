//! What an appraisal has come to at a point: folded from its stream, with the texts that the caller
//! may read.

use std::collections::BTreeMap;

use gradus_domain::access::Right;
use gradus_domain::appraisal::{
    ABSTAINED, Agreed, Agreement, Appraisal, Said, Sealed, State, agreement, dissent_field,
    stream_of, unsettled,
};
use gradus_domain::{At, UnitHistory, coverage};
use gradus_model::appraisal::Subject;
use gradus_model::event::FindingRecorded;
use gradus_model::rating::{Scale, Value};
use gradus_model::{AppraisalId, Event, Payload, PrincipalId, Target, UnitId};

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
    /// How far the revealed ratings on each scale agree.
    pub agreement: Vec<(Scale, Agreement)>,
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
        resolved: &Resolved,
    ) -> Result<Told, ServiceError> {
        let id = self.appraisal(&Caller { right: Right::Read, ..*by }, text)?;
        let (appraisal, records) = self.appraisal_records(id, resolved.log_size).await?;
        for unit in &appraisal.input.units {
            self.recalled(*unit).await?;
        }
        let texts_of = |said: &Said| match records.get(&said.version) {
            Some(record) => self.open_payload(record),
            None => Ok(None),
        };
        let mut individual = Vec::new();
        for (subject, of_subject) in &appraisal.ratings {
            let revealed = appraisal.revealed.contains_key(subject);
            for (rater, sealed) in of_subject {
                let readable = revealed || *rater == by.actor.principal;
                let texts = match readable.then(|| texts_of(&sealed.said)).transpose()? {
                    None => Texts::Withheld,
                    Some(None) => Texts::Erased,
                    Some(Some(payload)) => Texts::Readable(payload),
                };
                let (subject, sealed) = (subject.clone(), sealed.clone());
                individual.push(Individual { subject, rater: *rater, sealed, revealed, texts });
            }
        }
        let mut consensus = Vec::new();
        for (subject, agreed) in &appraisal.consensus {
            let texts = texts_of(&agreed.said)?;
            let text = |field: &str| texts.as_ref().and_then(|texts| texts.get(field));
            let said = |who: &PrincipalId| {
                (*who, text(&dissent_field(*who)).unwrap_or_default().to_owned())
            };
            consensus.push(ToldConsensus {
                subject: subject.clone(),
                agreed: agreed.clone(),
                rationale: texts.as_ref().map(|_| text("rationale").unwrap_or_default().to_owned()),
                dissent: agreed.dissent.iter().map(said).collect(),
                contradictions: self.contradictions(&appraisal, subject, agreed),
            });
        }
        let mut findings = Vec::new();
        for (said, finding) in &appraisal.findings {
            let texts = texts_of(said)?;
            let text = texts.map(|texts| texts.get("text").unwrap_or_default().to_owned());
            findings.push(ToldFinding { said: *said, finding: finding.clone(), text });
        }
        let texts = texts_of(&appraisal.stated)?;
        let (unsettled, agreement) =
            (self.unsettled(&appraisal, resolved.log_size), agreements(&individual));
        Ok(Told { appraisal, texts, individual, consensus, findings, unsettled, agreement })
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

    /// What speaks against a rating that was agreed on: the evidence at the frozen base, a sibling
    /// process instance, or the generic practices of the same area.
    fn contradictions(&self, of: &Appraisal, subject: &Subject, agreed: &Agreed) -> Vec<String> {
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
        let siblings = of.consensus.iter().filter(|(other, _)| {
            *other != subject && (other.unit, &other.target) == (subject.unit, &subject.target)
        });
        for (other, with) in siblings {
            let differs = with.value.filter(|with| {
                with.scale() == value.scale() && with.is_lowest() != value.is_lowest()
            });
            if let Some(with) = differs {
                let named =
                    other.instance.as_ref().map_or("the unit as a whole", |one| one.as_str());
                found.push(format!("{named} was rated {with}"));
            }
        }
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
