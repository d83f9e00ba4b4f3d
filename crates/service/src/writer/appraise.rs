//! Deciding on what is proposed for the stream of an appraisal, and on what follows from its closing.

use std::sync::Arc;

use gradus_domain::access::{On, needed};
use gradus_domain::appraisal::{ABSTAINED, Said, Scene, carried_at, decide, follows_from_import};
use gradus_domain::{
    Appraisal, Appraisals, Draft, Occasion, Proposal, Refusal, Rules, Under, Verdict, duties,
};
use gradus_model::appraisal::Subject;
use gradus_model::rating::Rating;
use gradus_model::{AppraisalId, Catalog, Event, EvidenceId, Timestamp, UnitId};
use gradus_projection::{Library, Views};

use super::{Plan, PlannedPart, Writer};
use crate::call::{Batch, Numbered};
use crate::error::ServiceError;

/// What a proposal is decided with, besides the state.
pub(super) struct Stage<'a> {
    pub(super) library: &'a Library,
    pub(super) views: &'a Views,
    pub(super) occasion: Occasion,
    /// The moment at which rights are judged.
    pub(super) judged: Timestamp,
}

impl Writer {
    /// Decides on a batch for the stream of an appraisal; returns how many records it is.
    pub(super) fn plan_appraisal<R: FnOnce(Refusal) -> ServiceError>(
        &self,
        stage: &Stage<'_>,
        plan: &mut Plan,
        batch: &Batch,
        next: u64,
        refused: &impl Fn(u32) -> R,
    ) -> Result<u64, ServiceError> {
        let stream = batch.stream;
        let mut draft = Draft::of(self.state(stream));
        let version = draft.version();
        let mut records: Vec<Numbered> = Vec::new();
        for numbered in &batch.proposals {
            let place = (next + records.len() as u64, draft.version() + 1);
            let all = &mut plan.appraisals;
            let record = self.appraise(stage, all, stream, place, &numbered.proposal);
            if record.map_err(refused(numbered.item))? {
                draft.count();
                records.push(numbered.clone());
            }
        }
        let count = records.len() as u64;
        if count > 0 {
            plan.changes.push((stream, draft.finish()));
            plan.parts.push(PlannedPart { stream, version, records });
        }
        Ok(count)
    }

    /// Decides on a proposal for the stream of an appraisal, and whether it is to be recorded; then
    /// `plan` are the appraisals with it. `place` is the position and version that it will have.
    fn appraise(
        &self,
        stage: &Stage<'_>,
        plan: &mut Option<Appraisals>,
        stream: UnitId,
        (position, version): (u64, u64),
        proposal: &Proposal,
    ) -> Result<bool, Refusal> {
        let before = plan.as_ref().unwrap_or(&self.appraisals);
        let actor = stage.occasion.actor.principal;
        let (right, on) = needed(&proposal.event, stream, actor);
        if on == On::Scope {
            for unit in scope(before.of_stream(stream), &proposal.event) {
                self.registry.need(actor, right, unit, stage.judged)?;
            }
        }
        let scene = Scene {
            registry: &self.registry,
            appraisals: before,
            size: position,
            basis: &|unit, at| self.basis(stage.library, unit, at),
            evidence: &|unit, id| Some(stage.views.history(unit)?.item(id)?.position),
            carried: &|of, subject, position| {
                let history = stage.views.history(subject.unit)?;
                Some(carried_at(of, subject, history, position)?.value)
            },
        };
        if decide(&scene, &stage.occasion, proposal)? == Verdict::AlreadySo {
            return Ok(false);
        }
        // Who says that they cannot rate something rates nothing.
        let abstains = proposal.payload.get("value") == Some(ABSTAINED);
        if let Event::IndividualRatingSealed(of) = &proposal.event
            && !abstains
        {
            let base = before.of_stream(stream).map(|known| known.base.valid_at);
            let at = base.unwrap_or(proposal.effective_at);
            self.rates_apart(stage, (&of.subject, &of.evidence), (position, at))?;
        }
        let said = Said { position, version, actor, effective_at: proposal.effective_at };
        let plan = plan.get_or_insert_with(|| self.appraisals.clone());
        plan.evolve(stream, said, &proposal.event);
        Ok(true)
    }

    /// What a unit is measured by at a moment.
    fn basis(
        &self,
        library: &Library,
        unit: UnitId,
        at: Timestamp,
    ) -> Option<(Arc<Catalog>, Arc<Rules>)> {
        let rules = self.adopted(unit, at, |settings| &settings.rules)?;
        let model = self.model(library, unit, at)?;
        Some((model, library.rules(&rules.digest)?))
    }

    /// Refuses an individual rating by who provided or accepted what it rests on at a moment.
    fn rates_apart(
        &self,
        stage: &Stage<'_>,
        (subject, evidence): (&Subject, &[EvidenceId]),
        (position, at): (u64, Timestamp),
    ) -> Result<(), Refusal> {
        let unit = subject.unit;
        let draft = Draft::after(stage.views.history(unit), self.state(unit), position);
        let judged_by = self.duties(stage.library, unit, at, &stage.occasion);
        let under = Under {
            model: None,
            rules: judged_by.rules.as_deref(),
            providers: &self.registry,
            conflict_above: judged_by.conflict_above,
        };
        duties::appraise(&draft, &stage.occasion, &under, (subject, evidence), at)
    }

    /// The appraisal that a rating follows from: the call closes it in this unit or brings it in,
    /// with this rating.
    pub(super) fn follows(
        &self,
        library: &Library,
        after: Option<&Appraisals>,
        unit: UnitId,
        proposal: &Proposal,
    ) -> Result<Option<AppraisalId>, Refusal> {
        let Event::PracticeRated(rating) = &proposal.event else { return Ok(None) };
        let Some(id) = rating.appraisal else { return Ok(None) };
        let known = after.and_then(|after| after.get(id));
        let Some(imported) = known.filter(|known| known.imported.is_some()) else {
            return Ok(self.follows_from_closing(known, unit, proposal, rating));
        };
        // What was brought in before was recorded with all of its ratings then.
        if self.appraisals.get(id).is_some() {
            return Ok(None);
        }
        let at = proposal.effective_at;
        let basis = self.basis(library, unit, at).ok_or(Refusal::NoModel(at))?;
        let (target, instance) = (rating.target.clone(), rating.instance.clone());
        let subject = Subject { unit, target, instance };
        let follows = follows_from_import(imported, &subject, (&basis.0, &basis.1), (rating, at))?;
        Ok(follows.then_some(id))
    }

    fn follows_from_closing(
        &self,
        known: Option<&Appraisal>,
        unit: UnitId,
        proposal: &Proposal,
        rating: &Rating,
    ) -> Option<AppraisalId> {
        let known = known?;
        let id = known.id;
        // What was closed before was recorded with all of its ratings then.
        if self.appraisals.get(id)?.closed.contains_key(&unit) {
            return None;
        }
        let (closed, _) = known.closed.get(&unit)?;
        let agreed = known.yields(unit).any(|(subject, value, agreed)| {
            known.rating(rating.rating, subject, value, agreed) == *rating
        });
        (agreed && closed.effective_at == proposal.effective_at).then_some(id)
    }
}

/// The units on which a right is needed: those in scope, and those that come into it.
fn scope(known: Option<&Appraisal>, event: &Event) -> Vec<UnitId> {
    let coming: &[UnitId] = match event {
        Event::AppraisalOpened(of) | Event::AppraisalChanged(of) => &of.input.units,
        Event::AppraisalImported(of) => &of.input.units,
        _ => &[],
    };
    let known = known.map_or(&[][..], |known| known.input.units.as_slice());
    known.iter().chain(coming).copied().collect()
}
