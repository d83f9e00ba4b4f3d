//! What each event says of evidence, of ratings, and of what they are read by.

use gradus_domain::UnitHistory;
use gradus_model::event::Links;
use gradus_model::evidence::Item;
use gradus_model::rating::Rating;
use gradus_model::{Event, EvidenceId, Recorded, Target, UnitId};

use super::held::Known;

/// What an event touches.
pub(super) enum Touched<'a> {
    /// A new item.
    Submitted(&'a Item),
    /// More practices that an item speaks for.
    Linked(&'a Links),
    /// Practices that an item no longer speaks for.
    Unlinked(&'a Links),
    /// What was decided on an item.
    Item(EvidenceId),
    /// The ratings of a practice, because of this one.
    Rating(&'a Rating),
    /// What this unit and those below it are read by.
    Bases(UnitId),
    /// What came from a source that the record at this position distrusted.
    Source(u64),
    /// Nothing that a level depends on.
    Nothing,
}

impl<'a> Touched<'a> {
    pub(super) fn by(history: Option<&'a UnitHistory>, recorded: &'a Recorded) -> Self {
        let stream = recorded.place.stream;
        let rated = |rating| {
            let rating = history.and_then(|history| history.rating(rating));
            rating.map_or(Self::Nothing, |of| Self::Rating(&of.rating))
        };
        match &recorded.event {
            Event::EvidenceSubmitted(item) => Self::Submitted(item),
            Event::EvidenceLinked(links) => Self::Linked(links),
            Event::EvidenceUnlinked(links) => Self::Unlinked(links),
            Event::EvidenceAccepted(of)
            | Event::EvidenceRejected(of)
            | Event::EvidenceWithdrawn(of)
            | Event::EvidenceEnded(of) => Self::Item(of.evidence),
            Event::EvidenceSuperseded(of) => Self::Item(of.evidence),
            Event::PracticeRated(rating) => Self::Rating(rating),
            Event::RatingWithdrawn(of) | Event::RatingEnded(of) => rated(of.rating),
            Event::ModelAdopted(_) | Event::RulesAdopted(_) => Self::Bases(stream),
            Event::UnitRegistered(registered) => Self::Bases(registered.unit),
            Event::UnitMoved(moved) => Self::Bases(moved.unit),
            Event::SourceDistrusted(_) => Self::Source(recorded.place.position),
            Event::SourceRestored(of) => Self::Source(of.distrust),
            Event::LogCreated(_)
            | Event::LogForked(_)
            | Event::ClockAccepted(_)
            | Event::LogKeyRotated(_)
            | Event::StateDigestRecorded(_)
            | Event::QueriesRecorded(_)
            | Event::EngagementEnded(_)
            | Event::QueriesOpened(_)
            | Event::ModelPublished(_)
            | Event::ProfilePublished(_)
            | Event::RulesPublished(_)
            | Event::UnitRenamed(_)
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
            | Event::EvidenceConfirmed(_)
            | Event::EvidenceInstanceLinked(_)
            | Event::EvidenceInstanceUnlinked(_)
            | Event::PayloadErased(_)
            | Event::PayloadsErased(_)
            | Event::AttachmentsErased(_)
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
            | Event::AppraisalSignedOff(_) => Self::Nothing,
        }
    }

    /// The item whose life this is a part of.
    pub(super) const fn item(&self) -> Option<EvidenceId> {
        match self {
            Self::Submitted(item) => Some(item.evidence),
            Self::Linked(links) => Some(links.evidence),
            Self::Item(item) => Some(*item),
            Self::Unlinked(_)
            | Self::Rating(_)
            | Self::Bases(_)
            | Self::Source(_)
            | Self::Nothing => None,
        }
    }

    /// The practices that it is about.
    pub(super) fn targets<'b>(&'b self, known: &Known<'b>) -> Vec<&'b Target> {
        match self {
            Self::Submitted(item) => item.practices.iter().collect(),
            Self::Linked(links) | Self::Unlinked(links) => links.practices.iter().collect(),
            Self::Item(item) => known.history.practices_of(*item, known.size),
            Self::Rating(rating) => vec![&rating.target],
            Self::Bases(_) | Self::Source(_) | Self::Nothing => Vec::new(),
        }
    }
}

/// Whether an event bears on units besides the one in whose stream it stands.
pub(crate) fn touches_others(recorded: &Recorded) -> bool {
    matches!(Touched::by(None, recorded), Touched::Bases(_) | Touched::Source(_))
}
