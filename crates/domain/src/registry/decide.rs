//! What may be recorded in the organization's stream.

use gradus_model::event::{Document, TokenIssued, UnitRegistered, UnitSucceeded};
use gradus_model::unit::UnitKind;
use gradus_model::{Event, Name, PrincipalId, Timestamp, UnitId};

use super::tokens::ends_in_time;
use super::{
    DocumentKind, Grant, Published, Registry, Unit, audits, certificates, claims, distrusts, holds,
    roles,
};
use crate::evidence::bounded;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::timeline::{At, Stated};
use crate::unit::{by_a_person, record_unless};

/// Units in which the work of one may go on.
pub const MOST_SUCCESSORS: usize = 100;

/// What the rules say to a proposal for the organization's stream.
///
/// # Errors
///
/// A [`Refusal`] with the reason; nothing changes then.
#[expect(clippy::too_many_lines, reason = "a table: one row for each event")]
pub fn decide(
    registry: &Registry,
    occasion: &Occasion,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    match &proposal.event {
        Event::ModelPublished(held) => Ok(publish(registry, DocumentKind::Model, held)),
        Event::ProfilePublished(held) => Ok(publish(registry, DocumentKind::Profile, held)),
        Event::RulesPublished(held) => Ok(publish(registry, DocumentKind::Rules, held)),
        Event::UnitRegistered(unit) => register(registry, unit),
        Event::UnitRenamed(renamed) => {
            let unit = living(registry, renamed.unit)?;
            is_no_id(&renamed.name)?;
            match registry.unit_named(&renamed.name) {
                Some(other) if other.id == unit.id => Ok(Verdict::AlreadySo),
                Some(_) => Err(Refusal::NameTaken(renamed.name.clone())),
                None => Ok(Verdict::Record),
            }
        }
        Event::UnitMoved(moved) => {
            let unit = living(registry, moved.unit)?;
            let parent = living(registry, moved.parent)?;
            if unit.kind == UnitKind::Organization {
                return Err(Refusal::OrganizationStays);
            }
            stands_below(unit.kind, parent.kind)?;
            if would_close_a_circle(registry, unit, parent, proposal.effective_at) {
                return Err(Refusal::Cycle(unit.id));
            }
            let at = At::with_everything(proposal.effective_at);
            Ok(record_unless(unit.parent(at) == Some(parent.id)))
        }
        Event::UnitArchived(archived) => {
            let unit = known(registry, archived.unit)?;
            if unit.kind == UnitKind::Organization {
                return Err(Refusal::OrganizationStays);
            }
            // An archived unit takes no more events, from the record on: it cannot be planned.
            let seen = proposal.effective_at;
            if occasion.is_ahead(seen) {
                let (field, now) = ("effective_at", occasion.now);
                return Err(Refusal::InTheFuture { field, seen, now });
            }
            archive(registry, unit, proposal)
        }
        Event::UnitSucceeded(succeeded) => succeed(registry, succeeded, proposal.effective_at),
        Event::PrincipalAdded(added) => {
            Ok(record_unless(registry.principal(added.principal).is_some()))
        }
        Event::PrincipalDisabled(of) => disable(registry, occasion, of.principal),
        Event::RoleGranted(granted) => roles::grant(registry, occasion, granted, proposal),
        Event::RoleRevoked(revoked) => roles::revoke(registry, occasion, revoked, proposal),
        Event::TokenIssued(issued) => issue(registry, occasion, issued),
        Event::TokenRevoked(revoked) => {
            let token = registry.tokens.get(&revoked.token);
            let token = token.ok_or_else(|| Refusal::TokenUnknown(revoked.token.to_string()))?;
            Ok(record_unless(token.revoked_at.is_some()))
        }
        Event::CertificateRegistered(new) => certificates::register(registry, occasion, new),
        Event::CertificateRevoked(revoked) => certificates::revoke(registry, revoked.key),
        Event::TokenRotated(rotated) => registry.decide_rotation(occasion, rotated),
        Event::ClaimRuleSet(set) => claims::set(registry, occasion, set, proposal),
        Event::ClaimRuleRemoved(removed) => {
            claims::remove(registry, removed, proposal.effective_at)
        }
        Event::SourceDistrusted(stated) => distrusts::distrust(registry, stated, proposal),
        Event::SourceRestored(stated) => distrusts::restore(registry, stated, proposal),
        Event::LegalHoldPlaced(_)
        | Event::LegalHoldLifted(_)
        | Event::RetentionSet(_)
        | Event::RetentionRemoved(_) => holds::decide_on(registry, proposal),
        Event::QueriesRecorded(_) | Event::EngagementEnded(_) | Event::QueriesOpened(_) => {
            Ok(audits::decide_on(registry, &proposal.event))
        }
        Event::LogKeyRotated(rotated) => {
            by_a_person(occasion, "rotate the log's key")?;
            if proposal.payload.is_empty() {
                return Err(Refusal::ReasonMissing);
            }
            let last = registry.log_keys.last();
            // The service signs with the key in force; a second call was decided on another.
            match last.filter(|(_, last)| last.to != rotated.from) {
                Some((position, _)) if !of_an_earlier_log(registry, *position) => {
                    Err(Refusal::LogKeyRotatedSince(*position))
                }
                _ => Ok(Verdict::Record),
            }
        }
        // Whether the clock is suspect at all is for the log to say.
        Event::ClockAccepted(_) => {
            by_a_person(occasion, "accept a clock")?;
            if proposal.payload.is_empty() {
                Err(Refusal::ReasonMissing)
            } else {
                Ok(Verdict::Record)
            }
        }
        // The log writes its own first event and state digests, a restore that it was forked, and the
        // facts of a unit are decided elsewhere.
        Event::LogCreated(_)
        | Event::LogForked(_)
        | Event::StateDigestRecorded(_)
        | Event::ModelAdopted(_)
        | Event::RulesAdopted(_)
        | Event::ProfileAdopted(_)
        | Event::AreaTailoredOut(_)
        | Event::AreaTailoredIn(_)
        | Event::AreaInheritanceSet(_)
        | Event::ContextRecorded(_)
        | Event::UnitLabelled(_)
        | Event::BaselineRaised(_)
        | Event::PhaseEntered(_)
        | Event::PhaseLeft(_)
        | Event::MarkerPlaced(_)
        | Event::ConflictDeclared(_)
        | Event::ConflictWithdrawn(_)
        | Event::EvidenceSubmitted(_)
        | Event::EvidenceAccepted(_)
        | Event::EvidenceRejected(_)
        | Event::EvidenceWithdrawn(_)
        | Event::EvidenceEnded(_)
        | Event::EvidenceSuperseded(_)
        | Event::EvidenceConfirmed(_)
        | Event::EvidenceLinked(_)
        | Event::EvidenceUnlinked(_)
        | Event::EvidenceInstanceLinked(_)
        | Event::EvidenceInstanceUnlinked(_)
        | Event::PayloadErased(_)
        | Event::PayloadsErased(_)
        | Event::AttachmentsErased(_)
        | Event::PracticeRated(_)
        | Event::RatingWithdrawn(_)
        | Event::RatingEnded(_)
        | Event::AppraisalOpened(_)
        | Event::AppraisalImported(_)
        | Event::AppraisalChanged(_)
        | Event::IndividualRatingSealed(_)
        | Event::IndividualRatingsRevealed(_)
        | Event::ConsensusReached(_)
        | Event::FindingRecorded(_)
        | Event::AppraisalClosed(_)
        | Event::AppraisalCancelled(_)
        | Event::AppraisalSignedOff(_) => Ok(Verdict::Record),
    }
}

/// Whether a position lies before the last fork: a log that goes its own way has a key of its own.
fn of_an_earlier_log(registry: &Registry, position: u64) -> bool {
    registry.forks.last().is_some_and(|fork| position < fork.size)
}

/// Whether the unit would stand below itself once it came under `parent`: at that moment, or when
/// another move takes effect before the unit moves on.
fn would_close_a_circle(registry: &Registry, unit: &Unit, parent: &Unit, from: Timestamp) -> bool {
    let below = |moment: Timestamp| {
        registry.lineage(parent.id, At::with_everything(moment)).contains(&unit.id)
    };
    let later = |stated: &Stated<_>| Some(stated.effective_at).filter(|moment| *moment > from);
    let until = unit.parents.iter().filter_map(later).min();
    let moves = registry.units().flat_map(|unit| &unit.parents).filter_map(later);
    below(from) || moves.filter(|moment| until.is_none_or(|until| *moment < until)).any(below)
}

fn disable(registry: &Registry, on: &Occasion, id: PrincipalId) -> Result<Verdict, Refusal> {
    let principal = registry.principal(id);
    let principal = principal.ok_or_else(|| Refusal::PrincipalUnknown(id.to_string()))?;
    if principal.disabled_at.is_some() {
        return Ok(Verdict::AlreadySo);
    }
    registry.keeps_an_admin(on.now, |grant: &Grant| grant.principal != id)?;
    Ok(Verdict::Record)
}

fn publish(registry: &Registry, kind: DocumentKind, held: &Document) -> Verdict {
    let same = |known: &Published| known.id == held.id && known.digest == held.digest;
    record_unless(registry.documents(kind, u64::MAX).any(same))
}

fn register(registry: &Registry, new: &UnitRegistered) -> Result<Verdict, Refusal> {
    match registry.unit_named(&new.name) {
        Some(known) if known.id == new.unit && known.kind == new.kind => {
            return Ok(Verdict::AlreadySo);
        }
        Some(_) => return Err(Refusal::NameTaken(new.name.clone())),
        None => (),
    }
    is_no_id(&new.name)?;
    if let Some(parent) = new.parent {
        stands_below(new.kind, living(registry, parent)?.kind)?;
    }
    Ok(Verdict::Record)
}

/// A name that reads as an id would be taken for the unit that has it.
fn is_no_id(name: &Name) -> Result<(), Refusal> {
    match name.as_str().parse::<UnitId>() {
        Ok(_) => Err(Refusal::NameIsId(name.clone())),
        Err(_) => Ok(()),
    }
}

fn archive(registry: &Registry, unit: &Unit, proposal: &Proposal) -> Result<Verdict, Refusal> {
    let seen = proposal.effective_at;
    if let Some(stated) = unit.archived.iter().next() {
        let since = stated.effective_at;
        return match unit.name() {
            Some(name) if !proposal.repeats(since) => {
                Err(Refusal::ArchivedSince { unit: name.clone(), since })
            }
            _ => Ok(Verdict::AlreadySo),
        };
    }
    if seen < unit.registered_at {
        let (field, from) = ("effective_at", unit.registered_at);
        return Err(Refusal::EndBeforeStart { field, seen, from });
    }
    let now = At::with_everything(seen);
    let is_below = |other: &&Unit| other.parent(now) == Some(unit.id);
    let units = registry.units().filter(is_below).filter(|unit| unit.lives(now)).count();
    match unit.name() {
        Some(name) if units > 0 => Err(Refusal::LivingBelow { unit: name.clone(), units }),
        _ => Ok(Verdict::Record),
    }
}

/// Archived units may be named on both sides: what became of a unit is often said once it is gone.
fn succeed(
    registry: &Registry,
    succeeded: &UnitSucceeded,
    effective_at: Timestamp,
) -> Result<Verdict, Refusal> {
    let unit = known(registry, succeeded.unit)?;
    if succeeded.successors.is_empty() {
        return Err(Refusal::SuccessorMissing);
    }
    bounded("successors", succeeded.successors.len(), MOST_SUCCESSORS)?;
    if unit.kind == UnitKind::Organization {
        return Err(Refusal::OrganizationStays);
    }
    for successor in &succeeded.successors {
        let successor = known(registry, *successor)?;
        if successor.id == unit.id {
            return Err(Refusal::SucceedsItself(unit.id));
        }
        if successor.kind == UnitKind::Organization {
            return Err(Refusal::OrganizationStays);
        }
        if goes_on_in(registry, successor, unit.id) {
            return Err(Refusal::SuccessionCircle(unit.id));
        }
    }
    let at = At::with_everything(effective_at);
    Ok(record_unless(unit.successors(at) == succeeded.successors))
}

/// Whether the work of a unit ever went on, by whatever way, in another one.
fn goes_on_in(registry: &Registry, unit: &Unit, other: UnitId) -> bool {
    let mut ways = vec![unit.id];
    let mut next = 0;
    while let Some(way) = ways.get(next).copied() {
        next += 1;
        let further = registry.unit(way).into_iter().flat_map(|unit| unit.successors.iter());
        for successor in further.flat_map(|stated| &stated.value) {
            if *successor == other {
                return true;
            }
            if !ways.contains(successor) {
                ways.push(*successor);
            }
        }
    }
    false
}

fn issue(registry: &Registry, on: &Occasion, issued: &TokenIssued) -> Result<Verdict, Refusal> {
    let principal = registry.principal(issued.principal);
    let principal =
        principal.ok_or_else(|| Refusal::PrincipalUnknown(issued.principal.to_string()))?;
    if principal.disabled_at.is_some() {
        return Err(Refusal::PrincipalDisabled(issued.principal));
    }
    registry.may_have_stored(issued.principal)?;
    ends_in_time(on, issued.expires_at)?;
    Ok(record_unless(registry.has_issued(issued)))
}

pub(super) fn known(registry: &Registry, id: UnitId) -> Result<&Unit, Refusal> {
    registry.unit(id).ok_or_else(|| Refusal::UnitUnknown(id.to_string()))
}

/// The unit, if it may still take events.
pub fn living(registry: &Registry, id: UnitId) -> Result<&Unit, Refusal> {
    let unit = known(registry, id)?;
    match (unit.archived.iter().next(), unit.name()) {
        (Some(_), Some(name)) => Err(Refusal::UnitArchived(name.clone())),
        _ => Ok(unit),
    }
}

pub(super) fn stands_below(child: UnitKind, parent: UnitKind) -> Result<(), Refusal> {
    match (child, parent) {
        (UnitKind::Organization, _) | (_, UnitKind::Project) => {
            Err(Refusal::WrongParent { child, parent })
        }
        (UnitKind::Team | UnitKind::Project, UnitKind::Organization | UnitKind::Team) => Ok(()),
    }
}
