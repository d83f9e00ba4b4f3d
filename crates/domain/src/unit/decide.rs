//! What the rules say to what is proposed for a unit's stream: one row for each event.

use gradus_model::catalog::Catalog;
use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, PrincipalKind};
use gradus_model::{Event, Target, Timestamp};

use super::Draft;
use crate::baseline;
use crate::duties::{self, Interest, Under};
use crate::evidence::{self, bounded};
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::rating;
use crate::refusal::Refusal;
use crate::timeline::{At, Timeline};

/// Disciplines that one context may name.
const MOST_DISCIPLINES: usize = 32;

/// Labels that a unit may have.
const MOST_LABELS: usize = 64;

/// What the rules say to a proposal for a unit's stream.
#[expect(clippy::too_many_lines, reason = "a table: one row for each event")]
pub(super) fn decide(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let at = At::with_everything(proposal.effective_at);
    let model = under.model;
    let settings = draft.settings();
    let reason_given = !proposal.payload.is_empty();
    match &proposal.event {
        Event::ModelAdopted(held) => Ok(adopt(&settings.models, held, at)),
        Event::RulesAdopted(held) => Ok(adopt(&settings.rules, held, at)),
        Event::ProfileAdopted(held) => Ok(adopt(&settings.profiles, held, at)),
        Event::AreaTailoredOut(_) | Event::AreaTailoredIn(_) if !reason_given => {
            Err(Refusal::ReasonMissing)
        }
        Event::AreaTailoredOut(tailoring) => {
            known_area(model, &tailoring.area, proposal.effective_at)?;
            Ok(record_unless(settings.is_tailored_out(&tailoring.area, at)))
        }
        Event::AreaTailoredIn(tailoring) => {
            known_area(model, &tailoring.area, proposal.effective_at)?;
            Ok(record_unless(!settings.is_tailored_out(&tailoring.area, at)))
        }
        Event::AreaInheritanceSet(set) => {
            known_area(model, &set.area, proposal.effective_at)?;
            Ok(record_unless(settings.inheritance_of(&set.area, at) == set.inheritance))
        }
        Event::ContextRecorded(context) => {
            bounded("disciplines", context.disciplines.len(), MOST_DISCIPLINES)?;
            Ok(record_unless(settings.context.at(at) == Some(context)))
        }
        Event::UnitLabelled(labelled) => {
            bounded("labels", labelled.labels.len(), MOST_LABELS)?;
            Ok(record_unless(settings.labels_at(at) == labelled.labels))
        }
        Event::BaselineRaised(raised) => {
            baseline::decide(settings, model, raised, proposal.effective_at)
        }
        Event::PhaseEntered(change) => {
            Ok(record_unless(settings.open_phases(at).any(|open| open == change.phase)))
        }
        Event::PhaseLeft(change) => {
            let open = settings.phases.get(&change.phase).and_then(|timeline| timeline.at(at));
            let open = open.ok_or(Refusal::PhaseNotOpen(change.phase))?;
            Ok(record_unless(!open))
        }
        Event::MarkerPlaced(placed) => {
            let same = settings.markers.iter().any(|marker| {
                marker.effective_at == proposal.effective_at
                    && marker.value.kind == placed.kind
                    && marker.value.label == placed.label
            });
            Ok(record_unless(same))
        }
        Event::ConflictDeclared(of) => {
            let declared = Some(Interest::Declared { until: of.until });
            duties::interest(draft, of.principal, declared, proposal)
        }
        Event::ConflictWithdrawn(of) => duties::interest(draft, of.principal, None, proposal),
        Event::PracticeRated(_) | Event::RatingWithdrawn(_) | Event::RatingEnded(_) => {
            rating::decide(draft, on, under, proposal)
        }
        Event::EvidenceSubmitted(_)
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
        | Event::AttachmentsErased(_) => evidence::decide(draft, on, under, proposal),
        // The organization's own, on which `registry` decides, and those of appraisals.
        Event::LogCreated(_)
        | Event::LogForked(_)
        | Event::ClockAccepted(_)
        | Event::ModelPublished(_)
        | Event::ProfilePublished(_)
        | Event::RulesPublished(_)
        | Event::UnitRegistered(_)
        | Event::UnitRenamed(_)
        | Event::UnitMoved(_)
        | Event::UnitArchived(_)
        | Event::UnitSucceeded(_)
        | Event::PrincipalAdded(_)
        | Event::PrincipalDisabled(_)
        | Event::RoleGranted(_)
        | Event::RoleRevoked(_)
        | Event::TokenIssued(_)
        | Event::TokenRevoked(_)
        | Event::CertificateRegistered(_)
        | Event::CertificateRevoked(_)
        | Event::TokenRotated(_)
        | Event::ClaimRuleSet(_)
        | Event::ClaimRuleRemoved(_)
        | Event::SourceDistrusted(_)
        | Event::SourceRestored(_)
        | Event::StateDigestRecorded(_)
        | Event::QueriesRecorded(_)
        | Event::EngagementEnded(_)
        | Event::QueriesOpened(_)
        | Event::LogKeyRotated(_)
        | Event::LegalHoldPlaced(_)
        | Event::LegalHoldLifted(_)
        | Event::RetentionSet(_)
        | Event::RetentionRemoved(_)
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

pub(crate) fn record_unless(so: bool) -> Verdict {
    if so { Verdict::AlreadySo } else { Verdict::Record }
}

fn adopt(adopted: &Timeline<Document>, held: &Document, at: At) -> Verdict {
    record_unless(adopted.at(at) == Some(held))
}

/// The area is one of the model in force.
pub(crate) fn known_area(
    model: Option<&Catalog>,
    area: &AreaRef,
    effective_at: Timestamp,
) -> Result<(), Refusal> {
    let model = model.ok_or(Refusal::NoModel(effective_at))?;
    if *model.id() == area.model && model.area(area.area).is_some() {
        return Ok(());
    }
    Err(Refusal::AreaUnknown { area: area.area, model: model.id().clone() })
}

/// The practice is one that the model in force lists or borrows.
pub(crate) fn known_practice(
    model: Option<&Catalog>,
    target: &Target,
    effective_at: Timestamp,
) -> Result<(), Refusal> {
    let model = model.ok_or(Refusal::NoModel(effective_at))?;
    if model.contains(target) {
        return Ok(());
    }
    Err(Refusal::PracticeUnknown { target: target.clone(), model: model.id().clone() })
}

/// What only people may do is done by a person.
pub(crate) fn by_a_person(on: &Occasion, what: &'static str) -> Result<(), Refusal> {
    match on.actor.kind {
        PrincipalKind::Person => Ok(()),
        PrincipalKind::Service | PrincipalKind::System => Err(Refusal::NotAPerson(what)),
    }
}
