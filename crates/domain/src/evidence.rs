//! The life of a piece of evidence: what may be done to it, and what each event makes of it.

mod counting;

use std::borrow::Cow;
use std::collections::BTreeSet;

use gradus_model::catalog::Catalog;
use gradus_model::event::{AttachmentsErased, PayloadsErased};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength};
use gradus_model::{Event, EvidenceId, Label, PrincipalId, Target, Timestamp};

use crate::coverage::{Providers, is_trusted};
use crate::duties::vouching::{Deed, vouch};
use crate::duties::{Hands, Under};
use crate::history::UnitHistory;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::unit::{Draft, by_a_person, known_practice, record_unless};

/// What was last decided on an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Waits for a review.
    Submitted,
    /// Counts.
    Accepted,
    /// Does not count.
    Rejected,
    /// Never counted.
    Withdrawn,
}

impl Standing {
    /// The standing in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// An item as the writer sees it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) version: u64,
    /// The version of the stream at which it last changed.
    pub(crate) changed: u64,
    standing: Standing,
    provider: PrincipalId,
    from: Timestamp,
    ended_at: Option<Timestamp>,
    superseded_by: Option<(EvidenceId, Timestamp)>,
    confirmed_by: Vec<PrincipalId>,
    practices: Vec<Target>,
    instances: Vec<Label>,
    /// Who accepted it, if it is accepted.
    reviewer: Option<PrincipalId>,
    kind: Kind,
    outcome: Outcome,
    strength: Strength,
    to: Timestamp,
    valid_until: Option<Timestamp>,
}

impl Held {
    /// An item as a history tells it.
    pub(crate) fn of(history: &UnitHistory, id: EvidenceId) -> Option<Self> {
        let item = history.item(id)?;
        Some(Self {
            version: item.version,
            changed: history.version,
            standing: item.standing(u64::MAX),
            provider: item.provider,
            from: item.work_from,
            ended_at: item.last_end(),
            superseded_by: item.superseded_by(u64::MAX),
            confirmed_by: item.confirmed_by(u64::MAX).collect(),
            practices: history.practices_of(id, u64::MAX).into_iter().cloned().collect(),
            instances: item.instances(u64::MAX).into_iter().cloned().collect(),
            reviewer: item.accepted_by(u64::MAX).map(|acceptance| acceptance.by),
            kind: item.kind,
            outcome: item.outcome,
            strength: item.strength,
            to: item.work_to,
            valid_until: item.valid_until,
        })
    }

    /// An item that is put forward.
    fn submitted(version: u64, provider: PrincipalId, item: &Item, work_to: Timestamp) -> Self {
        Self {
            version,
            changed: version,
            standing: Standing::Submitted,
            provider,
            from: item.work_from.unwrap_or(work_to),
            ended_at: None,
            superseded_by: None,
            confirmed_by: Vec::new(),
            practices: item.practices.clone(),
            instances: item.instance.iter().cloned().collect(),
            reviewer: None,
            kind: item.kind,
            outcome: item.outcome,
            strength: item.strength,
            to: work_to,
            valid_until: item.valid_until,
        }
    }

    /// In whose hands it was.
    pub(crate) fn hands(&self, evidence: EvidenceId) -> Hands {
        let (provider, reviewer) = (self.provider, self.reviewer);
        Hands { evidence, provider, reviewer, confirmed_by: self.confirmed_by.clone() }
    }

    /// Whether it counts by the rules.
    fn counts(&self, rules: Option<&Rules>, providers: &dyn Providers) -> bool {
        match self.standing {
            Standing::Accepted => true,
            Standing::Submitted => {
                rules.is_some_and(|rules| is_trusted(self.provider, self.kind, rules, providers))
            }
            Standing::Rejected | Standing::Withdrawn => false,
        }
    }

    /// From when on, and up to which first instant, it would speak for or against a practice that it
    /// is linked to, if it counted; none if it never would.
    pub(crate) fn span(&self, target: &Target, rules: &Rules) -> Option<(Timestamp, Timestamp)> {
        let superseded_at = self.superseded_by.map(|(_, at)| at);
        let window = rules.window(self.kind, target).after(self.to);
        let ends = [self.valid_until, self.ended_at, superseded_at];
        let until = ends.into_iter().flatten().fold(window, Timestamp::min);
        let says = self.outcome != Outcome::Inconclusive
            && self.strength >= rules.minimum_strength
            && self.from < until;
        says.then_some((self.from, until))
    }

    /// Whether it speaks for or against a practice at a moment or later, or would if it were accepted.
    pub(crate) fn may_speak(&self, target: &Target, at: Timestamp, rules: &Rules) -> bool {
        matches!(self.standing, Standing::Submitted | Standing::Accepted)
            && self.practices.contains(target)
            && self.span(target, rules).is_some_and(|(_, until)| at < until)
    }
}

/// What the rules say to a proposal on evidence.
pub(crate) fn decide(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let (model, effective_at) = (under.model, proposal.effective_at);
    match &proposal.event {
        Event::EvidenceSubmitted(item) => {
            if let Some(evidence) = draft.item_from(&item.source) {
                return Err(reused(&item.source, evidence));
            }
            let verdict = submittable(on, model, item, effective_at)?;
            let held = Held::submitted(draft.version(), on.actor.principal, item, effective_at);
            // What waits is in the hands of whoever accepts it.
            if held.counts(under.rules, under.providers) {
                vouch(draft, on, under, Deed::Provide, (item.evidence, &held), &item.practices)?;
            }
            Ok(verdict)
        }
        Event::EvidenceAccepted(of) => counting::accept(draft, on, under, of.evidence),
        Event::EvidenceRejected(of) => {
            by_a_person(on, "reject evidence")?;
            let held = living(draft, of.evidence)?;
            reason_given(proposal)?;
            Ok(record_unless(held.standing == Standing::Rejected))
        }
        Event::EvidenceWithdrawn(of) => {
            let held = known(draft, of.evidence)?;
            reason_given(proposal)?;
            Ok(record_unless(held.standing == Standing::Withdrawn))
        }
        Event::EvidenceEnded(of) => counting::end(draft, on, under, of.evidence, proposal),
        Event::EvidenceSuperseded(of) => counting::supersede(draft, on, under, of, proposal),
        Event::EvidenceConfirmed(of) => counting::confirm(draft, on, under, of.evidence),
        Event::EvidenceLinked(links) => counting::link(draft, on, under, links),
        Event::EvidenceUnlinked(links) => {
            let held = living(draft, links.evidence)?;
            Ok(record_unless(!links.practices.iter().any(|link| held.practices.contains(link))))
        }
        Event::EvidenceInstanceLinked(links) => {
            let held = living(draft, links.evidence)?;
            let all: BTreeSet<&Label> = held.instances.iter().chain(&links.instances).collect();
            bounded("instances", all.len(), Item::MOST_INSTANCES)?;
            Ok(record_unless(links.instances.iter().all(|link| held.instances.contains(link))))
        }
        Event::EvidenceInstanceUnlinked(links) => {
            let held = living(draft, links.evidence)?;
            Ok(record_unless(!links.instances.iter().any(|link| held.instances.contains(link))))
        }
        Event::PayloadErased(erased) => {
            reason_given(proposal)?;
            if erased.version == 0 || erased.version > draft.version() {
                return Err(Refusal::VersionUnknown(erased.version));
            }
            Ok(record_unless(draft.is_erased(erased.version)))
        }
        Event::PayloadsErased(erased) => {
            reason_given(proposal)?;
            runs(erased, draft.version())?;
            Ok(record_unless(draft.are_erased(erased.versions())))
        }
        Event::AttachmentsErased(erased) => {
            reason_given(proposal)?;
            bounded("digests", erased.digests.len(), AttachmentsErased::MOST)?;
            Ok(record_unless(erased.digests.iter().all(|one| draft.is_attachment_erased(one))))
        }
        // `unit` sends no other event here.
        _ => Ok(Verdict::Record),
    }
}

/// Refuses runs that are not ascending, apart, within the stream and as many as one event may name.
fn runs(erased: &PayloadsErased, version: u64) -> Result<(), Refusal> {
    let mut last = 0;
    for run in &erased.runs {
        if run.first <= last || run.is_empty() {
            return Err(Refusal::RunsUnordered(run.first));
        }
        if run.last > version {
            return Err(Refusal::VersionUnknown(run.last));
        }
        last = run.last;
    }
    if erased.runs.is_empty() {
        return Err(Refusal::VersionUnknown(0));
    }
    bounded("runs", erased.runs.len(), PayloadsErased::MOST_RUNS)?;
    let (seen, limit) = (erased.records(), PayloadsErased::MOST_RECORDS);
    let most = |number| usize::try_from(number).unwrap_or(usize::MAX);
    bounded("records", most(seen), most(limit))
}

/// The refusal of a source id that is taken; equal content is found out before it is proposed.
#[must_use]
pub fn reused(source: &Source, evidence: EvidenceId) -> Refusal {
    Refusal::SourceIdReused {
        source_name: source.name.to_string(),
        id: source.id.to_string(),
        evidence,
    }
}

fn submittable(
    on: &Occasion,
    model: Option<&Catalog>,
    item: &Item,
    work_to: Timestamp,
) -> Result<Verdict, Refusal> {
    if on.is_ahead(work_to) {
        return Err(Refusal::InTheFuture { field: "work_to", seen: work_to, now: on.now });
    }
    not_before("work_to", work_to, item.work_from.unwrap_or(work_to))?;
    if let Some(seen) = item.valid_until
        && seen <= item.work_from.unwrap_or(work_to)
    {
        let from = item.work_from.unwrap_or(work_to);
        return Err(Refusal::EndBeforeStart { field: "valid_until", seen, from });
    }
    let (practices, measures, subjects, attachments) = Item::MOST;
    bounded("practices", item.practices.len(), practices)?;
    bounded("measures", item.measures.len(), measures)?;
    bounded("subjects", item.subjects.len(), subjects)?;
    bounded("attachments", item.attachments.len(), attachments)?;
    for target in &item.practices {
        known_practice(model, target, work_to)?;
    }
    Ok(Verdict::Record)
}

fn not_before(field: &'static str, seen: Timestamp, from: Timestamp) -> Result<(), Refusal> {
    if seen < from { Err(Refusal::EndBeforeStart { field, seen, from }) } else { Ok(()) }
}

pub(crate) fn bounded(field: &'static str, seen: usize, limit: usize) -> Result<(), Refusal> {
    if seen > limit { Err(Refusal::TooMany { field, seen, limit }) } else { Ok(()) }
}

fn reason_given(proposal: &Proposal) -> Result<(), Refusal> {
    if proposal.payload.is_empty() { Err(Refusal::ReasonMissing) } else { Ok(()) }
}

fn known<'a>(draft: &'a Draft<'_>, id: EvidenceId) -> Result<Cow<'a, Held>, Refusal> {
    draft.held(id).ok_or_else(|| Refusal::EvidenceUnknown(id.to_string()))
}

fn living<'a>(draft: &'a Draft<'_>, id: EvidenceId) -> Result<Cow<'a, Held>, Refusal> {
    let held = known(draft, id)?;
    match held.standing {
        Standing::Withdrawn => Err(Refusal::EvidenceWithdrawn(id)),
        Standing::Submitted | Standing::Accepted | Standing::Rejected => Ok(held),
    }
}

/// Takes in an event on evidence; returns whether it was one.
pub(crate) fn evolve(
    draft: &mut Draft<'_>,
    version: u64,
    actor: PrincipalId,
    effective_at: Timestamp,
    event: &Event,
) -> bool {
    match event {
        Event::EvidenceSubmitted(item) => {
            let held = Held::submitted(version, actor, item, effective_at);
            draft.hold(item.evidence, item.source.clone(), held);
        }
        Event::EvidenceAccepted(of) => stand(draft, of.evidence, Standing::Accepted, Some(actor)),
        Event::EvidenceRejected(of) => stand(draft, of.evidence, Standing::Rejected, None),
        Event::EvidenceWithdrawn(of) => stand(draft, of.evidence, Standing::Withdrawn, None),
        Event::EvidenceEnded(of) => {
            change(draft, of.evidence, |held| held.ended_at = Some(effective_at));
        }
        Event::EvidenceSuperseded(of) => {
            change(draft, of.evidence, |held| held.superseded_by = Some((of.by, effective_at)));
        }
        Event::EvidenceConfirmed(of) => {
            change(draft, of.evidence, |held| held.confirmed_by.push(actor));
        }
        Event::EvidenceLinked(links) => change(draft, links.evidence, |held| {
            held.practices.extend(links.practices.iter().cloned());
            held.practices.sort();
            held.practices.dedup();
        }),
        Event::EvidenceUnlinked(links) => change(draft, links.evidence, |held| {
            held.practices.retain(|practice| !links.practices.contains(practice));
        }),
        Event::EvidenceInstanceLinked(links) => change(draft, links.evidence, |held| {
            held.instances.extend(links.instances.iter().cloned());
            held.instances.sort();
            held.instances.dedup();
        }),
        Event::EvidenceInstanceUnlinked(links) => change(draft, links.evidence, |held| {
            held.instances.retain(|instance| !links.instances.contains(instance));
        }),
        Event::PayloadErased(erased) => draft.erase(erased.version),
        Event::PayloadsErased(erased) => erased.versions().for_each(|one| draft.erase(one)),
        Event::AttachmentsErased(erased) => draft.erase_attachments(&erased.digests),
        _ => return false,
    }
    true
}

fn stand(draft: &mut Draft<'_>, id: EvidenceId, standing: Standing, reviewer: Option<PrincipalId>) {
    change(draft, id, |held| (held.standing, held.reviewer) = (standing, reviewer));
}

fn change(draft: &mut Draft<'_>, id: EvidenceId, how: impl FnOnce(&mut Held)) {
    if let Some(held) = draft.held_mut(id) {
        how(held);
    }
}
