//! Who may do what: rights, the roles that give them, and the right that each fact needs.

use gradus_model::payload::Class;
use gradus_model::unit::Role;
use gradus_model::{Event, PrincipalId, UnitId};

/// What somebody may do on a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See that it is there, its levels and what they rest on.
    See,
    /// Read what is recorded of it, with its texts.
    Read,
    /// Submit evidence, end it, and put newer in its place.
    Submit,
    /// Review evidence and link it to practices.
    Review,
    /// Rate practices.
    Rate,
    /// Settle what it is measured by, and register units below it.
    Settle,
    /// Open and approve appraisals.
    Appraise,
    /// Ask for proofs.
    Prove,
    /// Read texts that are confidential.
    ReadConfidential,
    /// Read what was said in interviews, which stands for nobody in particular.
    ReadInterviews,
    /// Everything else: people, tokens, roles, moves, documents, erasure, backups.
    Administer,
}

impl Right {
    /// Every right.
    pub const ALL: &'static [Self] = &[
        Self::See,
        Self::Read,
        Self::Submit,
        Self::Review,
        Self::Rate,
        Self::Settle,
        Self::Appraise,
        Self::Prove,
        Self::ReadConfidential,
        Self::ReadInterviews,
        Self::Administer,
    ];

    /// The right as a verb that people read: "the right to … ".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Review => "review",
            Self::Rate => "rate",
            Self::Settle => "settle",
            Self::Appraise => "appraise",
            Self::Prove => "prove",
            Self::ReadConfidential => "read-confidential",
            Self::ReadInterviews => "read-interviews",
            Self::Administer => "administer",
        }
    }

    /// The right that texts of a class need, besides the right to read.
    #[must_use]
    pub const fn to_texts(class: Class) -> Self {
        match class {
            Class::Ordinary => Self::Read,
            Class::Confidential => Self::ReadConfidential,
            Class::Unattributed => Self::ReadInterviews,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights(u16);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);
    /// Every right.
    pub const ALL: Self = Self::of(Right::ALL);

    const fn of(rights: &[Right]) -> Self {
        let (mut bits, mut rest) = (0, rights);
        while let [first, others @ ..] = rest {
            bits |= first.bit();
            rest = others;
        }
        Self(bits)
    }

    /// The rights that a role gives.
    #[must_use]
    pub const fn of_role(role: Role) -> Self {
        use Right::{Administer, Review, See, Settle, Submit};
        use Right::{Appraise, Prove, Rate, Read, ReadConfidential, ReadInterviews};
        match role {
            Role::Viewer => Self::of(&[See, Read]),
            Role::Collector => Self::of(&[See, Submit]),
            Role::Assessor => {
                Self::of(&[See, Read, Submit, Review, Rate, ReadConfidential, ReadInterviews])
            }
            Role::Lead => Self::of(&[See, Read, Settle]),
            Role::Sponsor => Self::of(&[See, Read, Appraise]),
            Role::Auditor => Self::of(&[See, Read, Prove, ReadConfidential]),
            // An admin who wants to read interviews has to be an assessor, which is on record.
            Role::Admin => Self::of(&[
                See,
                Read,
                Submit,
                Review,
                Rate,
                Settle,
                Appraise,
                Prove,
                ReadConfidential,
                Administer,
            ]),
        }
    }

    /// Whether a right is among them.
    #[must_use]
    pub const fn have(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// These and others.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

/// The roles that give a right, in the order of their numbers.
pub fn roles_with(right: Right) -> impl Iterator<Item = Role> {
    Role::ALL.iter().copied().filter(move |role| Rights::of_role(*role).have(right))
}

/// On what a right must be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// On this unit.
    Unit(UnitId),
    /// On two units.
    Both(UnitId, UnitId),
    /// On the organization.
    Organization,
    /// On the unit, or on every one in the scope of the appraisal, whose stream it is.
    Scope,
}

/// The right that recording a fact needs of `actor`, and on what; `stream` is the unit whose stream
/// it is for.
#[must_use]
pub fn needed(event: &Event, stream: UnitId, actor: PrincipalId) -> (Right, On) {
    let here = On::Unit(stream);
    match event {
        Event::LogCreated(_)
        | Event::LogForked(_)
        | Event::ClockAccepted(_)
        | Event::LogKeyRotated(_)
        | Event::StateDigestRecorded(_)
        | Event::QueriesRecorded(_)
        | Event::QueriesOpened(_)
        // Of one's own, an auditor does it by the role on whatever unit.
        | Event::EngagementEnded(_)
        | Event::ModelPublished(_)
        | Event::ProfilePublished(_)
        | Event::RulesPublished(_)
        | Event::PrincipalAdded(_)
        | Event::PrincipalDisabled(_)
        | Event::TokenIssued(_)
        | Event::TokenRevoked(_)
        | Event::TokenRotated(_)
        | Event::SourceDistrusted(_)
        | Event::SourceRestored(_)
        | Event::CertificateRegistered(_)
        | Event::CertificateRevoked(_)
        // Whoever administers a unit that is under a hold does not lift it.
        | Event::LegalHoldPlaced(_)
        | Event::LegalHoldLifted(_)
        | Event::RetentionSet(_)
        | Event::RetentionRemoved(_) => (Right::Administer, On::Organization),
        Event::RoleGranted(granted) => (Right::Administer, On::Unit(granted.unit)),
        Event::RoleRevoked(revoked) => (Right::Administer, On::Unit(revoked.unit)),
        // Who may set a rule that registers units may do so for everybody whom the issuer serves.
        Event::ClaimRuleSet(set) if set.named_after.is_some() => {
            (Right::Administer, On::Organization)
        }
        Event::ClaimRuleSet(set) => (Right::Administer, On::Unit(set.unit)),
        Event::ClaimRuleRemoved(of) => (Right::Administer, On::Unit(of.unit)),
        Event::UnitRegistered(new) => match new.parent {
            Some(parent) => (Right::Settle, On::Unit(parent)),
            None => (Right::Administer, On::Organization),
        },
        Event::UnitRenamed(of) => (Right::Settle, On::Unit(of.unit)),
        Event::UnitSucceeded(of) => (Right::Settle, On::Unit(of.unit)),
        // Who sees it afterwards changes, and who may act on it.
        Event::UnitMoved(moved) => (Right::Administer, On::Both(moved.unit, moved.parent)),
        Event::UnitArchived(of) => (Right::Administer, On::Unit(of.unit)),
        // Whoever sees a unit may say that they have an interest in it; others say that it is over.
        Event::ConflictDeclared(of) if of.principal == actor => (Right::See, here),
        Event::ModelAdopted(_)
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
        | Event::ConflictWithdrawn(_) => (Right::Settle, here),
        Event::EvidenceSubmitted(_) | Event::EvidenceEnded(_) | Event::EvidenceSuperseded(_) => {
            (Right::Submit, here)
        }
        Event::EvidenceAccepted(_)
        | Event::EvidenceRejected(_)
        | Event::EvidenceWithdrawn(_)
        | Event::EvidenceConfirmed(_)
        | Event::EvidenceLinked(_)
        | Event::EvidenceUnlinked(_)
        | Event::EvidenceInstanceLinked(_)
        | Event::EvidenceInstanceUnlinked(_) => (Right::Review, here),
        // What is erased is gone for good.
        Event::PayloadErased(_) => (Right::Administer, here),
        // It may be of an appraisal, or of a unit that was archived, too.
        Event::PayloadsErased(_) | Event::AttachmentsErased(_) => {
            (Right::Administer, On::Scope)
        }
        // Whoever approves an appraisal lets its ratings take effect.
        Event::PracticeRated(rating) if rating.appraisal.is_some() => (Right::Appraise, here),
        Event::PracticeRated(_) | Event::RatingWithdrawn(_) | Event::RatingEnded(_) => {
            (Right::Rate, here)
        }
        Event::AppraisalOpened(_)
        | Event::AppraisalImported(_)
        | Event::AppraisalChanged(_)
        | Event::AppraisalClosed(_)
        | Event::AppraisalCancelled(_) => (Right::Appraise, On::Scope),
        Event::IndividualRatingSealed(_)
        | Event::IndividualRatingsRevealed(_)
        | Event::ConsensusReached(_)
        | Event::FindingRecorded(_)
        | Event::AppraisalSignedOff(_) => (Right::Rate, On::Scope),
    }
}
