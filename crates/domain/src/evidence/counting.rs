//! What lets an item count, for more practices or for longer: who may do it besides what they did.

use std::collections::BTreeSet;

use gradus_model::event::{EvidenceSuperseded, Links};
use gradus_model::evidence::Item;
use gradus_model::{EvidenceId, Target, Timestamp};

use super::{Held, Standing, living, not_before};
use crate::duties::vouching::{Deed, vouch};
use crate::duties::{self, Under};
use crate::evidence::bounded;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::unit::{Draft, by_a_person, known_practice, record_unless};

/// What the rules say to an acceptance.
pub(super) fn accept(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    evidence: EvidenceId,
) -> Result<Verdict, Refusal> {
    by_a_person(on, "accept evidence")?;
    let held = living(draft, evidence)?;
    if held.standing == Standing::Accepted {
        return Ok(Verdict::AlreadySo);
    }
    duties::review(on, under, evidence, held.provider)?;
    if held.confirmed_by.contains(&on.actor.principal) {
        let (had, tried) = (Deed::Confirm, Deed::Accept);
        return Err(Refusal::NotASecondPerson { evidence, had, tried });
    }
    vouch(draft, on, under, Deed::Accept, (evidence, &held), &held.practices)?;
    Ok(Verdict::Record)
}

/// What the rules say to a confirmation.
pub(super) fn confirm(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    evidence: EvidenceId,
) -> Result<Verdict, Refusal> {
    by_a_person(on, "confirm evidence")?;
    let held = living(draft, evidence)?;
    if held.provider == on.actor.principal {
        return Err(Refusal::OwnEvidence(evidence));
    }
    if held.confirmed_by.contains(&on.actor.principal) {
        return Ok(Verdict::AlreadySo);
    }
    if held.reviewer == Some(on.actor.principal) {
        let (had, tried) = (Deed::Accept, Deed::Confirm);
        return Err(Refusal::NotASecondPerson { evidence, had, tried });
    }
    vouch(draft, on, under, Deed::Confirm, (evidence, &held), &held.practices)?;
    Ok(Verdict::Record)
}

/// What the rules say to further practices.
pub(super) fn link(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    links: &Links,
) -> Result<Verdict, Refusal> {
    let held = living(draft, links.evidence)?;
    // What is accepted would count for another practice at once.
    if held.standing == Standing::Accepted {
        duties::review(on, under, links.evidence, held.provider)?;
    }
    for target in &links.practices {
        known_practice(under.model, target, on.now)?;
    }
    let all: BTreeSet<&Target> = held.practices.iter().chain(&links.practices).collect();
    bounded("practices", all.len(), Item::MOST.0)?;
    let is_new = |target: &&Target| !held.practices.contains(target);
    let new: Vec<Target> = links.practices.iter().filter(is_new).cloned().collect();
    // What waits is in the hands of whoever accepts it.
    if held.counts(under.rules, under.providers) {
        vouch(draft, on, under, Deed::Link, (links.evidence, &held), &new)?;
    }
    Ok(record_unless(new.is_empty()))
}

/// What the rules say to an end.
pub(super) fn end(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    evidence: EvidenceId,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let effective_at = proposal.effective_at;
    let held = living(draft, evidence)?;
    not_before("at", effective_at, held.from)?;
    if held.ended_at.is_some_and(|end| proposal.repeats(end)) {
        return Ok(Verdict::AlreadySo);
    }
    if held.ended_at.is_some_and(|end| end < effective_at) {
        let longer = Held { ended_at: Some(effective_at), ..held.into_owned() };
        prolong(draft, on, under, evidence, &longer)?;
    }
    Ok(Verdict::Record)
}

/// What the rules say to another item in the place of one.
pub(super) fn supersede(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    superseded: &EvidenceSuperseded,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let effective_at = proposal.effective_at;
    if superseded.evidence == superseded.by {
        return Err(Refusal::SupersedesItself(superseded.by));
    }
    living(draft, superseded.by)?;
    let held = living(draft, superseded.evidence)?;
    not_before("effective_at", effective_at, held.from)?;
    let same = |(by, at): (EvidenceId, Timestamp)| by == superseded.by && proposal.repeats(at);
    if held.superseded_by.is_some_and(same) {
        return Ok(Verdict::AlreadySo);
    }
    if held.superseded_by.is_some_and(|(_, at)| at < effective_at) {
        let superseded_by = Some((superseded.by, effective_at));
        let longer = Held { superseded_by, ..held.into_owned() };
        prolong(draft, on, under, superseded.evidence, &longer)?;
    }
    Ok(Verdict::Record)
}

/// Refuses that an item is given a later end by who had it in hand and rated what rests on it.
fn prolong(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    id: EvidenceId,
    longer: &Held,
) -> Result<(), Refusal> {
    if longer.counts(under.rules, under.providers) {
        vouch(draft, on, under, Deed::Prolong, (id, longer), &longer.practices)?;
    }
    Ok(())
}
