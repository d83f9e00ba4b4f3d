//! The write side: what is recorded or on its way, and what the rules decide on.
//!
//! One lock orders all appends: a call is decided and queued before the next one is looked at.
//! What is queued is part of this state at once; readers see it when it is durable. What the views
//! have read is not held again: items and ratings are theirs, and this state holds what came after.
//! If the log refuses what was queued, the state begins again from the views.

mod appraise;
mod judged;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use gradus_domain::access::{Right, needed};
use gradus_domain::appraisal::is_of_appraisal;
use gradus_domain::settings::Settings;
use gradus_domain::timeline::Timeline;
use gradus_domain::{
    Appraisals, At, Draft, Occasion, Refusal, Registry, UnitHistory, UnitState, Verdict, registry,
    unit::Change,
};
use gradus_model::event::Document;
use gradus_model::evidence::{Item, Source};
use gradus_model::{Catalog, Event, EvidenceId, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_projection::{Library, Views};

use crate::call::{Batch, Call, Numbered};
use crate::error::ServiceError;
use appraise::Stage;
use judged::Judge;

/// One call of one principal.
pub(crate) type RequestKey = (PrincipalId, RequestId);

/// The state that appends are decided on.
pub(crate) struct Writer {
    pub(crate) registry: Registry,
    pub(crate) appraisals: Appraisals,
    /// What the units settled, and what became of their items since the views read last.
    units: BTreeMap<UnitId, UnitState>,
    views: Arc<RwLock<Views>>,
    /// The position of the next record.
    pub(crate) next: u64,
    /// Set when what was queued was refused by the log.
    pub(crate) stale: bool,
    /// For messages, while there is no state.
    pub(crate) nothing: UnitState,
}

/// An item whose source is known in the unit already.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate {
    pub(crate) stream: UnitId,
    pub(crate) version: u64,
    pub(crate) evidence: EvidenceId,
    pub(crate) numbered: Numbered,
}

/// What a call comes to.
pub(crate) struct Plan {
    /// For each batch, the proposals to record with the stream version they will have.
    pub(crate) parts: Vec<PlannedPart>,
    /// Items with a known source: their content is to be compared before anything is recorded.
    pub(crate) duplicates: Vec<Duplicate>,
    /// The evidence that each item with a known source is.
    pub(crate) known: BTreeMap<u32, EvidenceId>,
    registry: Option<Registry>,
    appraisals: Option<Appraisals>,
    changes: Vec<(UnitId, Change)>,
}

/// What is to be recorded in one stream.
pub(crate) struct PlannedPart {
    pub(crate) stream: UnitId,
    pub(crate) version: u64,
    pub(crate) records: Vec<Numbered>,
}

impl Writer {
    /// The state after everything that the views have read.
    pub(crate) fn after(views: &Arc<RwLock<Views>>) -> Self {
        let read = views.read().unwrap_or_else(PoisonError::into_inner);
        let state = |(id, history)| (id, UnitState::after(history));
        Self {
            registry: read.registry.clone(),
            appraisals: read.appraisals.clone(),
            units: read.histories().map(state).collect(),
            views: Arc::clone(views),
            next: read.cursor,
            stale: false,
            nothing: UnitState::default(),
        }
    }

    // Never held while another lock of the views is asked for.
    fn views(&self) -> RwLockReadGuard<'_, Views> {
        self.views.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, id: UnitId) -> &UnitState {
        self.units.get(&id).unwrap_or(&self.nothing)
    }

    /// The version of a unit's stream, 0 if nothing was recorded in it.
    pub(crate) fn version(&self, unit: UnitId) -> u64 {
        self.state(unit).version
    }

    /// Asks for what a unit is known to be now.
    fn ask<T>(&self, unit: UnitId, ask: impl FnOnce(&Draft<'_>) -> T) -> T {
        let views = self.views();
        ask(&Draft::after(views.history(unit), self.state(unit), self.next))
    }

    /// The moment at which rights are judged.
    pub(crate) fn moment(&self, now: Timestamp) -> Timestamp {
        self.views().moment(now)
    }

    /// The item of a unit with this source.
    pub(crate) fn item_from(&self, unit: UnitId, source: &Source) -> Option<EvidenceId> {
        self.ask(unit, |draft| draft.item_from(source))
    }

    /// The version of a unit's stream at which an item was submitted.
    pub(crate) fn submitted_as(&self, unit: UnitId, evidence: EvidenceId) -> Option<u64> {
        self.ask(unit, |draft| draft.submitted_as(evidence))
    }

    /// The model in force for a unit at a moment, its own or that of the nearest unit above it.
    pub(crate) fn model(
        &self,
        library: &Library,
        unit: UnitId,
        valid_at: Timestamp,
    ) -> Option<Arc<Catalog>> {
        let adopted = self.adopted(unit, valid_at, |settings| &settings.models)?;
        library.model(&adopted.digest)
    }

    /// What a unit or the nearest one above it adopted, as of a moment.
    fn adopted(
        &self,
        unit: UnitId,
        valid_at: Timestamp,
        which: fn(&Settings) -> &Timeline<Document>,
    ) -> Option<&Document> {
        let at = At::with_everything(valid_at);
        self.nearest(unit, at, |_, settings| which(settings).at(at))
    }

    /// What the nearest unit says that says anything: the unit itself, or one above it.
    fn nearest<'a, T>(
        &'a self,
        unit: UnitId,
        at: At,
        says: impl Fn(UnitId, &'a Settings) -> Option<T>,
    ) -> Option<T> {
        let lineage = self.registry.lineage(unit, at);
        lineage.into_iter().find_map(|id| says(id, &self.units.get(&id)?.settings))
    }

    /// Decides on a call's batches in order; a refusal drops all of them.
    ///
    /// `compared` are the items with a known source whose content was found equal.
    pub(crate) fn plan(
        &self,
        call: &Call,
        now: Timestamp,
        library: &Library,
        batches: &[Batch],
        compared: &[(UnitId, EvidenceId)],
    ) -> Result<Plan, ServiceError> {
        let occasion = Occasion { actor: call.actor, now };
        let several = batches.iter().map(|batch| batch.proposals.len()).sum::<usize>() > 1;
        let refused = |item: u32| {
            move |refusal| ServiceError::Refused { item: several.then_some(item), refusal }
        };
        let mut plan = Plan {
            parts: Vec::new(),
            duplicates: Vec::new(),
            known: BTreeMap::new(),
            registry: None,
            appraisals: None,
            changes: Vec::new(),
        };
        let views = self.views();
        let judged = views.moment(now);
        let mut next = self.next;
        let stage = Stage { library, views: &views, occasion, judged };
        for batch in batches {
            if batch.proposals.iter().any(|one| is_of_appraisal(&one.proposal.event)) {
                next += self.plan_appraisal(&stage, &mut plan, batch, next, &refused)?;
                continue;
            }
            let past = views.history(batch.stream);
            let mut draft = Draft::after(past, self.state(batch.stream), next);
            let mut records: Vec<Numbered> = Vec::new();
            let mut judge = Judge::of(self, library, batch.stream);
            let mut allowed = None;
            let version = draft.version();
            for numbered in &batch.proposals {
                let Numbered { item, proposal } = numbered;
                let registry = plan.registry.as_ref().unwrap_or(&self.registry);
                let all = plan.appraisals.as_ref();
                let follows = self.follows(library, all, batch.stream, proposal);
                draft.closing = follows.map_err(refused(*item))?;
                // Many facts of a unit need the same right: it is judged once.
                let of_unit = !is_of_organization(&proposal.event);
                let needs =
                    of_unit.then(|| needed(&proposal.event, batch.stream, call.actor.principal));
                if needs.is_none() || needs != allowed {
                    let allow = registry.allow(&call.actor, &proposal.event, batch.stream, judged);
                    allow.map_err(refused(*item))?;
                    allowed = needs;
                }
                let takes = self.takes(registry, batch.stream, &occasion, judged, &proposal.event);
                takes.map_err(refused(*item))?;
                if let Event::EvidenceSubmitted(submitted) = &proposal.event
                    && let Some(evidence) = draft.item_from(&submitted.source)
                {
                    plan.known.insert(*item, evidence);
                    let at = draft.submitted_as(evidence).unwrap_or_default();
                    let earlier = (at > version)
                        .then(|| records.get(usize::try_from(at - version - 1).ok()?))
                        .flatten();
                    match earlier {
                        Some(earlier) if same_content(&earlier.proposal, proposal) => (),
                        Some(_) => {
                            let refusal =
                                gradus_domain::evidence::reused(&submitted.source, evidence);
                            return Err(refused(*item)(refusal));
                        }
                        None if compared.contains(&(batch.stream, evidence)) => (),
                        None => plan.duplicates.push(Duplicate {
                            stream: batch.stream,
                            version: at,
                            evidence,
                            numbered: numbered.clone(),
                        }),
                    }
                    continue;
                }
                let verdict = if is_of_organization(&proposal.event) {
                    registry::decide(registry, &occasion, proposal).map_err(refused(*item))?
                } else {
                    let decided = judge.propose(&mut draft, registry, &occasion, proposal);
                    decided.map_err(refused(*item))?
                };
                if verdict == Verdict::AlreadySo {
                    continue;
                }
                let units = self.about(&batch.stream);
                let naming = naming(past, &proposal.event);
                let frees = registry.frees((batch.stream, units), &proposal.event, &naming);
                frees.map_err(refused(*item))?;
                if is_of_organization(&proposal.event) {
                    let position = next + records.len() as u64;
                    let registry = plan.registry.get_or_insert_with(|| self.registry.clone());
                    registry.evolve(position, proposal.effective_at, &proposal.event);
                    draft.count();
                }
                records.push(numbered.clone());
            }
            if !records.is_empty() {
                next += records.len() as u64;
                plan.parts.push(PlannedPart { stream: batch.stream, version, records });
                plan.changes.push((batch.stream, draft.finish()));
            }
        }
        Ok(plan)
    }

    /// The units that a stream is about: its own, or those in the scope of an appraisal.
    fn about<'a>(&'a self, stream: &'a UnitId) -> &'a [UnitId] {
        let appraisal = self.appraisals.of_stream(*stream);
        appraisal.map_or(std::slice::from_ref(stream), |known| known.input.units.as_slice())
    }

    /// Refuses what a stream takes no more, and from others than those who administer all that it is
    /// about that its texts are erased.
    fn takes(
        &self,
        registry: &Registry,
        stream: UnitId,
        occasion: &Occasion,
        judged: Timestamp,
        event: &Event,
    ) -> Result<(), Refusal> {
        // Texts of a unit that was archived, or of an appraisal that is over, can be erased.
        if matches!(event, Event::PayloadsErased(_) | Event::AttachmentsErased(_)) {
            let administers = |unit: &UnitId| {
                registry.need(occasion.actor.principal, Right::Administer, *unit, judged)
            };
            return self.about(&stream).iter().try_for_each(administers);
        }
        if Some(stream) == registry.organization {
            return Ok(());
        }
        registry::living(registry, stream).map(|_| ())
    }

    /// Lets go of what the views have read up to these versions of units.
    pub(crate) fn settle(&mut self, read: &[(UnitId, u64)]) {
        for (unit, version) in read {
            if let Some(state) = self.units.get_mut(unit) {
                state.settle(*version);
            }
        }
    }

    /// Makes a plan of so many records part of the state.
    pub(crate) fn absorb(&mut self, plan: Plan, records: usize) {
        self.next += records as u64;
        if let Some(registry) = plan.registry {
            self.registry = registry;
        }
        if let Some(appraisals) = plan.appraisals {
            self.appraisals = appraisals;
        }
        for (unit, change) in plan.changes {
            self.units.entry(unit).or_default().absorb(change);
        }
    }
}

/// The versions of the items that name attachments which an event says to be erased.
fn naming(past: Option<&UnitHistory>, event: &Event) -> Vec<u64> {
    let (Event::AttachmentsErased(of), Some(past)) = (event, past) else { return Vec::new() };
    of.digests.iter().flat_map(|digest| past.naming(digest)).map(|item| item.version).collect()
}

/// Whether two proposals say the same.
///
/// Of items, the ids that their calls drew do not count, nor the tools: a newer collector that
/// pushes an item again pushes the same item.
pub(crate) fn same_content(one: &gradus_domain::Proposal, other: &gradus_domain::Proposal) -> bool {
    let same_event = match (&one.event, &other.event) {
        (Event::EvidenceSubmitted(one), Event::EvidenceSubmitted(other)) => {
            let alike = Item {
                evidence: one.evidence,
                tool: one.tool.clone(),
                measures: one.measures.clone(),
                subjects: one.subjects.clone(),
                attachments: one.attachments.clone(),
                ..other.clone()
            };
            *one == alike
                && same_set(&one.measures, &other.measures)
                && same_set(&one.subjects, &other.subjects)
                && same_set(&one.attachments, &other.attachments)
        }
        // What the clock said is the log's to say; the call gives the reason.
        (Event::ClockAccepted(_), Event::ClockAccepted(_)) => true,
        (one, other) => one == other,
    };
    let same_time = one.by_clock || other.by_clock || one.effective_at == other.effective_at;
    same_event && same_time && one.payload == other.payload
}

/// Whether two short lists hold the same, in whatever order.
fn same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.iter().all(|entry| other.contains(entry)) && other.iter().all(|entry| one.contains(entry))
}

/// Whether an event belongs to the organization's registry rather than to a unit's life.
fn is_of_organization(event: &Event) -> bool {
    event.event_type() < 100
}

#[cfg(test)]
mod tests;
