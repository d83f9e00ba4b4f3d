//! Appraisals of before, brought in with their ratings.

use std::collections::BTreeSet;
use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::appraisal::{Agreed, Appraisal, Said, stream_of};
use gradus_domain::{AppraisalRefusal, Proposal, Refusal};
use gradus_model::appraisal::{EvidenceBase, Input, Subject};
use gradus_model::event::AppraisalImported;
use gradus_model::rating::{Rating, Value};
use gradus_model::{AppraisalId, Event, EvidenceId, Payload, Timestamp, UnitId};

use super::{AskedInput, AskedSubject, ToldConsensus};
use crate::access::{Caller, named};
use crate::call::{Batch, Call, Naming, Numbered, Receipt};
use crate::error::ServiceError;
use crate::evidence::EvidenceRef;
use crate::service::Service;
use crate::writer::Writer;

/// A rating of an appraisal of before.
#[derive(Clone, Debug)]
pub struct AskedImportedRating {
    /// What was rated; its unit may be left out.
    pub subject: AskedSubject,
    /// How.
    pub value: Value,
    /// Why.
    pub rationale: String,
    /// The evidence it cites, of the unit.
    pub evidence: Vec<EvidenceRef>,
}

/// An appraisal of before.
#[derive(Clone, Debug)]
pub struct AskedImport {
    /// Its input, as it was then.
    pub input: AskedInput,
    /// The first instant of the time over which it was conducted, and the first after it.
    pub conducted: (Timestamp, Timestamp),
    /// From when on its ratings are in force.
    pub effective_at: Timestamp,
    /// Its ratings.
    pub ratings: Vec<AskedImportedRating>,
    /// What the ratings were taken from.
    pub statement: String,
}

impl Service {
    /// Brings in an appraisal of before with its ratings, all or nothing: in force from its stated
    /// date, known from here on.
    pub async fn import_appraisal(
        &self,
        call: &Call,
        asked: &AskedImport,
    ) -> Result<(Receipt, AppraisalId), ServiceError> {
        if asked.input.base.is_some() {
            let reason = "nothing was frozen for an appraisal of before: leave it out";
            return Err(ServiceError::invalid("input.base", reason));
        }
        self.people_of(call, &asked.input)?;
        // What is cited has to be in sight of those who decide.
        self.caught_up(None).await?;
        let by = Caller { right: Right::Appraise, ..call.caller() };
        let mut known = Vec::new();
        for unit in &asked.input.units {
            known.push(self.unit(&by, unit)?);
        }
        for unit in &known {
            self.recalled(*unit).await?;
        }
        let checked = known.first().copied().filter(|_| call.validate_only);
        let item_of_fact = u32::try_from(asked.ratings.len()).unwrap_or(u32::MAX);
        let receipt = self
            .append(
                call,
                // A verdict tells what would change in the unit, where the ratings go.
                |_, naming| Ok(checked.unwrap_or(stream_of(naming.appraisal()))),
                |writer, naming| self.imported(writer, naming, call, asked),
            )
            .await
            .map_err(|error| match error {
                // What is wrong with the whole is said of no rating.
                ServiceError::Refused { item: Some(item), refusal } if item == item_of_fact => {
                    ServiceError::Refused { item: None, refusal }
                }
                other => other,
            })?;
        self.caught_up(None).await?;
        let request = receipt.request;
        Ok((receipt, self.naming(call, request).appraisal()))
    }

    /// The fact, and the ratings that it brings in; the ratings are the items of the call.
    fn imported(
        &self,
        writer: &Writer,
        naming: &Naming,
        call: &Call,
        asked: &AskedImport,
    ) -> Result<Vec<Batch>, ServiceError> {
        let (appraisal, at) = (naming.appraisal(), asked.effective_at);
        let base = Some(EvidenceBase { valid_at: at, log_size: 0 });
        let input = AskedInput { base, ..asked.input.clone() };
        let input = Input { base: None, ..self.input(writer, call, &input)? };
        let only = input.units.first().copied().unwrap_or(UnitId([0; 16]));
        let mut ratings = Vec::new();
        let mut seen = BTreeSet::new();
        for (item, given) in (0_u32..).zip(&asked.ratings) {
            let of_item = |error: ServiceError| error.of_item(item, asked.ratings.len());
            let rated = self.imported_rating(writer, call, (only, at), given).map_err(of_item)?;
            let (subject, value, evidence) = rated;
            if !seen.insert(subject.clone()) {
                let (field, what) = ("ratings", subject.target.to_string());
                let twice = Refusal::from(AppraisalRefusal::Twice { field, what });
                return Err(of_item(twice.into()));
            }
            let Subject { target, instance, .. } = subject;
            let (rating, appraisal) = (naming.rating(item), Some(appraisal));
            let rating =
                Rating { rating, target, value, instance, appraisal, basis: None, evidence };
            let payload = Payload::empty().with("rationale", given.rationale.as_str());
            let proposal = Proposal::new(Event::PracticeRated(rating), at).with(payload);
            ratings.push(Numbered { item, proposal: Arc::new(proposal) });
        }
        let (conducted_from, conducted_until) = asked.conducted;
        let count = ratings.len() as u64;
        let fact =
            AppraisalImported { appraisal, input, conducted_from, conducted_until, ratings: count };
        let mut payload = asked.input.texts.clone();
        payload = payload.with("statement", asked.statement.as_str());
        let fact = Proposal::new(Event::AppraisalImported(fact), at).with(payload);
        let item = u32::try_from(ratings.len()).unwrap_or(u32::MAX);
        let fact = Numbered { item, proposal: Arc::new(fact) };
        let first = Batch { stream: stream_of(appraisal), proposals: vec![fact] };
        Ok(vec![first, Batch { stream: only, proposals: ratings }])
    }

    fn imported_rating(
        &self,
        writer: &Writer,
        call: &Call,
        (only, at): (UnitId, Timestamp),
        given: &AskedImportedRating,
    ) -> Result<(Subject, Value, Vec<EvidenceId>), ServiceError> {
        let judged = writer.moment(self.now());
        let unit = match &given.subject.unit {
            None => only,
            Some(text) => named(&writer.registry, call.actor.principal, Right::See, text, judged)?,
        };
        if unit != only {
            let shown: String =
                given.subject.unit.iter().flat_map(|text| text.chars().take(80)).collect();
            return Err(Refusal::from(AppraisalRefusal::OutOfScope(shown)).into());
        }
        let practice = std::slice::from_ref(&given.subject.practice);
        let target = self.targets(writer, unit, practice, at)?.pop();
        let target = target.ok_or(ServiceError::Fault("a rating has one target"))?;
        let instance = given.subject.instance.clone();
        let evidence = Self::cited(writer, unit, &given.evidence)?;
        Ok((Subject { unit, target, instance }, given.value, evidence))
    }

    /// Whether an appraisal was conducted elsewhere and brought in.
    #[must_use]
    pub fn is_imported(&self, appraisal: AppraisalId) -> bool {
        let views = self.views();
        views.appraisals.get(appraisal).is_some_and(|known| known.imported.is_some())
    }

    /// The ratings that an appraisal of before brought in, as known with `size` records.
    pub(super) async fn brought_in(
        &self,
        by: &Caller,
        of: &Appraisal,
        size: u64,
    ) -> Result<Vec<ToldConsensus>, ServiceError> {
        let mut found: Vec<(Subject, Agreed)> = Vec::new();
        for (unit, _) in of.closed.iter().filter(|_| of.imported.is_some()) {
            let views = self.views();
            let Some(history) = views.history(*unit) else { continue };
            let own = history.ratings(size).filter(|known| known.rating.appraisal == Some(of.id));
            found.extend(own.map(|known| {
                let Rating { target, instance, value, evidence, .. } = known.rating.clone();
                let (actor, effective_at) = (known.actor, known.effective_at);
                let said = Said { position: known.position, version: 0, actor, effective_at };
                let value = Some(value);
                let agreed = Agreed { said, value, evidence, dissent: Vec::new() };
                (Subject { unit: *unit, target, instance }, agreed)
            }));
        }
        let mut told = Vec::new();
        for (subject, agreed) in found {
            let record = self.record_at(agreed.said.position).await?;
            let texts = self.texts(by, &record)?;
            told.push(ToldConsensus {
                rationale: texts.get("rationale").map(ToOwned::to_owned),
                dissent: Vec::new(),
                // Nothing was frozen that it could be held against.
                contradictions: Vec::new(),
                subject,
                agreed,
            });
        }
        told.sort_by(|one, next| one.subject.cmp(&next.subject));
        Ok(told)
    }
}

/// What of a rating's standing nobody can show for an appraisal of before.
pub const UNSHOWN: [&str; 3] = ["sealed-ratings", "separated-duties", "frozen-evidence"];
