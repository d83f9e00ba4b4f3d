//! Why a proposal was refused: one variant for each reason, with the values it speaks of.

use gradus_model::unit::{Phase, Role, UnitKind};
use gradus_model::{
    AreaId, Digest, EvidenceId, ModelId, Name, PrincipalId, RatingId, Target, Timestamp, TokenId,
    UnitId,
};

use crate::access::Right;
use crate::appraisal::AppraisalRefusal;
use crate::duties::Pair;
use crate::duties::vouching::Deed;
use crate::registry::{ClaimRuleError, MOST_DAYS, roles_in_words};

/// A typed refusal. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No unit has this id.
    #[error("unit `{0}` is unknown")]
    UnitUnknown(String),
    /// The unit was archived.
    #[error("unit `{0}` was archived: it takes no more events")]
    UnitArchived(Name),
    /// Another unit has this name.
    #[error("the name `{0}` belongs to another unit: choose another one")]
    NameTaken(Name),
    /// The name is written like an id, and would be taken for one.
    #[error("the name `{0}` is written like a unit's id: choose another one")]
    NameIsId(Name),
    /// The unit was archived from another moment on.
    #[error("unit `{unit}` is archived since {since}, which cannot be changed")]
    ArchivedSince {
        /// The unit.
        unit: Name,
        /// From when on.
        since: Timestamp,
    },
    /// Units that live stand below the unit.
    #[error("{units} below `{unit}` still live: archive or move them first")]
    LivingBelow {
        /// The unit.
        unit: Name,
        /// How many they are.
        units: usize,
    },
    /// The unit's work would go on in itself, by way of others.
    #[error("the work of `{0}` would come back to it: it succeeds one of these units already")]
    SuccessionCircle(UnitId),
    /// A unit of this kind cannot stand below one of that kind.
    #[error("a unit of kind `{child}` cannot stand below one of kind `{parent}`")]
    WrongParent {
        /// The kind of the unit.
        child: UnitKind,
        /// The kind of the unit above.
        parent: UnitKind,
    },
    /// The unit would stand below itself.
    #[error("unit `{0}` cannot stand below itself")]
    Cycle(UnitId),
    /// The organization can be neither moved nor archived, nor be part of a succession.
    #[error("the organization cannot be moved or archived, succeed a unit or be succeeded")]
    OrganizationStays,
    /// No unit is named in which the work goes on.
    #[error("no successor is named: name at least one unit in which the work goes on")]
    SuccessorMissing,
    /// The unit would be its own successor.
    #[error("unit `{0}` cannot succeed itself")]
    SucceedsItself(UnitId),
    /// No document of this kind was published under this id or digest.
    #[error("{kind} `{document}` was never published")]
    DocumentUnknown {
        /// Model, rules or profile.
        kind: &'static str,
        /// What was asked for.
        document: String,
    },
    /// No model is in force at the time asked for.
    #[error("the unit has no model on {0}: adopt one first")]
    NoModel(Timestamp),
    /// The model has no such area.
    #[error("process area `{area}` is unknown in model `{model}`")]
    AreaUnknown {
        /// What was asked for.
        area: AreaId,
        /// The model in force.
        model: ModelId,
    },
    /// An area is named more than once.
    #[error("process area `{0}` is named twice: name it once")]
    AreaTwice(AreaId),
    /// No level that can be a floor.
    #[error("level {0} cannot be a floor: use 1 to 5")]
    LevelUnknown(u8),
    /// A baseline only rises.
    #[error("the floor of `{area}` is {floor} from {from} on, and {seen} is lower: it only rises")]
    BaselineLower {
        /// The area.
        area: AreaId,
        /// What was asked for.
        seen: u8,
        /// The highest floor that was ever stated.
        floor: u8,
        /// From when on it is.
        from: Timestamp,
    },
    /// The unit's model neither lists nor borrows this practice.
    #[error("practice `{target}` is unknown in model `{model}`, which the unit has adopted")]
    PracticeUnknown {
        /// What was asked for.
        target: Target,
        /// The model in force.
        model: ModelId,
    },
    /// The phase is not open.
    #[error("phase `{0}` was not entered")]
    PhaseNotOpen(Phase),
    /// A reason must be given.
    #[error("a reason is needed")]
    ReasonMissing,
    /// The principal is unknown.
    #[error("principal `{0}` is unknown")]
    PrincipalUnknown(String),
    /// The principal was disabled.
    #[error("principal `{0}` was disabled")]
    PrincipalDisabled(PrincipalId),
    /// A principal's name is taken.
    #[error("the name `{0}` belongs to another principal: choose another one")]
    PrincipalNameTaken(String),
    /// The caller may not do this, on a unit that they see or on any.
    #[error(
        "this needs the right to {right}{on}, which the role {} gives{}: ask an admin for it",
        roles_in_words(*right),
        on.there()
    )]
    RightMissing {
        /// The right.
        right: Right,
        /// On what it is needed.
        on: NeededOn,
    },
    /// The role was never granted.
    #[error("the role `{role}` on `{unit}` was never granted to this principal")]
    RoleNotGranted {
        /// The role.
        role: Role,
        /// The unit, by its name.
        unit: String,
    },
    /// Gradus itself needs no role.
    #[error("`system` is Gradus itself, which needs no role: name another principal")]
    RoleOfSystem,
    /// Nobody could administer the organization any more.
    #[error(
        "nobody else is admin of the organization without an end: grant that to another principal first"
    )]
    LastAdmin,
    /// The token is unknown.
    #[error("token `{0}` is unknown")]
    TokenUnknown(String),
    /// No certificate with this key was registered.
    #[error("certificate `{0}` is unknown")]
    CertificateUnknown(String),
    /// The key was revoked.
    #[error("certificate `{0}` was revoked, for good: register one with another key")]
    CertificateRevoked(Digest),
    /// The key stands for another principal.
    #[error("certificate `{0}` stands for another principal: use one with another key")]
    CertificateTaken(Digest),
    /// The token may no longer be used.
    #[error("token `{0}` has ended: issue another one")]
    TokenEnded(TokenId),
    /// Another token took its place before.
    #[error(
        "token `{token}` was rotated, and is good until {until}: use the new one, `{by}`; if that \
         never arrived, revoke it and rotate again"
    )]
    TokenRotated {
        /// The token.
        token: TokenId,
        /// The new one.
        by: TokenId,
        /// When the old one ends.
        until: Timestamp,
    },
    /// A time that lies too far ahead.
    #[error("`{field}` ends at {seen}: {latest} is the latest that is allowed")]
    TooLate {
        /// The field's name.
        field: &'static str,
        /// The time it comes to.
        seen: Timestamp,
        /// The latest that is allowed.
        latest: Timestamp,
    },
    /// A time that must lie ahead does not.
    #[error("`{field}` is {seen}, which is past: give a later time")]
    InThePast {
        /// The field's name.
        field: &'static str,
        /// What it says.
        seen: Timestamp,
    },
    /// Work or a rating dated in the future.
    #[error("`{field}` is {seen}, more than 5 minutes after the server's clock, {now}")]
    InTheFuture {
        /// The field's name.
        field: &'static str,
        /// What it says.
        seen: Timestamp,
        /// What the server's clock says.
        now: Timestamp,
    },
    /// An end that is not after its start.
    #[error("`{field}` is {seen}, which is not after {from}")]
    EndBeforeStart {
        /// The field's name.
        field: &'static str,
        /// What it says.
        seen: Timestamp,
        /// The start.
        from: Timestamp,
    },
    /// More entries than an item may have.
    #[error("`{field}` has {seen} entries, at most {limit} are allowed")]
    TooMany {
        /// The field's name.
        field: &'static str,
        /// Entries given.
        seen: usize,
        /// Entries allowed.
        limit: usize,
    },
    /// No item has this id in the unit.
    #[error("evidence `{0}` is unknown in this unit")]
    EvidenceUnknown(String),
    /// The item was withdrawn.
    #[error("evidence `{0}` was withdrawn")]
    EvidenceWithdrawn(EvidenceId),
    /// The item has this source and source id, but other content.
    #[error(
        "source id `{id}` of source `{source_name}` was used before with other content, as evidence `{evidence}`"
    )]
    SourceIdReused {
        /// The source.
        source_name: String,
        /// The id in it.
        id: String,
        /// The item that has it.
        evidence: EvidenceId,
    },
    /// The item would replace itself.
    #[error("evidence `{0}` cannot supersede itself")]
    SupersedesItself(EvidenceId),
    /// A role that is granted for a time has no end.
    #[error("`{field}` is missing: the role {role} is granted for a time, so say when it ends")]
    EndMissing {
        /// The field's name.
        field: &'static str,
        /// The role.
        role: Role,
    },
    /// Who provided the item cannot vouch for it.
    #[error("evidence `{0}` was provided by the same principal, who cannot confirm it")]
    OwnEvidence(EvidenceId),
    /// Only people may do this.
    #[error("only a person may {0}: a machine's claim is a candidate")]
    NotAPerson(&'static str),
    /// The practice's rating follows from other ratings.
    #[error("`{0}` follows from the base practices and cannot be rated")]
    Derived(Target),
    /// No rating has this id in the unit.
    #[error("rating `{0}` is unknown in this unit")]
    RatingUnknown(String),
    /// The rating was withdrawn.
    #[error("rating `{0}` was withdrawn")]
    RatingWithdrawn(RatingId),
    /// No appraisal has this id, or the rating does not follow from its closing.
    #[error("appraisal is unknown")]
    AppraisalUnknown,
    /// No record has this version in the unit's stream.
    #[error("the unit's stream has no version {0}")]
    VersionUnknown(u64),
    /// A claim rule is not as it should be.
    #[error(transparent)]
    ClaimRule(#[from] ClaimRuleError),
    /// Whoever calls by a claim rule has the tokens of its issuer, and nothing that would outlast them.
    #[error(
        "principal `{principal}` calls by the claim rule `{rule}`, with tokens of its issuer alone, and \
         gets no stored token or certificate: use one of a service account"
    )]
    CallsByRule {
        /// The principal.
        principal: PrincipalId,
        /// The rule that added it.
        rule: Name,
    },
    /// One principal would do two duties that the rules keep apart.
    #[error(
        "evidence `{evidence}` was {} by the same principal, who cannot {} {}: ask another person, \
         or adopt rules that relax `{pair}`",
        had.had(), pair.tried(), by_rules(rules.as_ref())
    )]
    DutiesNotSeparate {
        /// The duties.
        pair: Pair,
        /// What the principal did to the item before.
        had: Deed,
        /// The item.
        evidence: EvidenceId,
        /// The rules in force; none where none are.
        rules: Option<Name>,
    },
    /// Who rated would let more evidence stand behind the rating.
    #[error(
        "`{practice}` was rated by the same principal, who cannot {} evidence `{evidence}`, on which \
         that rating would rest, {}: ask another person, or adopt rules that relax `{pair}`",
        tried.tried(), by_rules(rules.as_ref())
    )]
    RatedBefore {
        /// The duties.
        pair: Pair,
        /// The practice.
        practice: Target,
        /// What the principal would do to the item.
        tried: Deed,
        /// The item.
        evidence: EvidenceId,
        /// The rules in force; none where none are.
        rules: Option<Name>,
    },
    /// Who accepts an item and who confirms it are two.
    #[error(
        "evidence `{evidence}` was {} by the same principal, who cannot {} it besides: a confirmation \
         is the word of a second person, so ask another one",
        had.had(), tried.tried()
    )]
    NotASecondPerson {
        /// The item.
        evidence: EvidenceId,
        /// What the principal did to it.
        had: Deed,
        /// What the principal would do.
        tried: Deed,
    },
    /// Who would rate has an interest of their own in the unit.
    #[error(
        "a conflict of interest of the same principal is declared since {since}{}, who cannot rate \
         {}: ask another person, or adopt rules that relax `{}`",
        until.map(|until| format!(" until {until}")).unwrap_or_default(),
        by_rules(rules.as_ref()), Pair::ConflictedRates
    )]
    ConflictOfInterest {
        /// Since when.
        since: Timestamp,
        /// The first instant at which it is over, if that is known.
        until: Option<Timestamp>,
        /// The rules in force; none where none are.
        rules: Option<Name>,
    },
    /// No conflict of interest was declared here.
    #[error("no conflict of interest of principal `{0}` was declared on this unit")]
    ConflictNotDeclared(PrincipalId),
    /// No source was distrusted by the record at this position.
    #[error("no source was distrusted at position {0}: name one that is listed")]
    DistrustUnknown(u64),
    /// What is to be erased is under a legal hold.
    #[error(
        "record {version} is under the legal hold `{hold}`, which was placed at position {position}: \
         nothing that it is about is erased until it is lifted"
    )]
    UnderLegalHold {
        /// What it is called.
        hold: Name,
        /// Where it was recorded.
        position: u64,
        /// The first of the records, as a version of its stream.
        version: u64,
    },
    /// No legal hold has this name.
    #[error("no legal hold is called `{0}`: name one that is listed")]
    HoldUnknown(Name),
    /// Another legal hold in force has this name.
    #[error("the name `{0}` belongs to another legal hold: choose another one")]
    HoldTaken(Name),
    /// No time for which texts can be kept.
    #[error("texts cannot be kept for {0} days: give 1 to {MOST_DAYS}")]
    RetentionDays(u32),
    /// Versions that are not in order, or name one twice.
    #[error("the run of records from {0} is not after the one before, or ends before it begins")]
    RunsUnordered(u64),
    /// The key that vouches for the new one is not the log's any more.
    #[error(
        "the log's key was rotated at position {0} by another call: look, and ask again if need be"
    )]
    LogKeyRotatedSince(u64),
    /// An appraisal does not take it.
    #[error(transparent)]
    Appraisal(#[from] AppraisalRefusal),
}

/// On what a right is needed that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeededOn {
    /// On any unit.
    Any,
    /// On this unit, by its name: it is in sight.
    Unit(String),
    /// On the organization, which the caller may hold it on parts of.
    Organization,
}

impl NeededOn {
    /// The name of the unit, if one is meant.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        match self {
            Self::Unit(name) => Some(name),
            Self::Any | Self::Organization => None,
        }
    }

    /// Where the role has to be granted, where it is not plain.
    const fn there(&self) -> &'static str {
        match self {
            Self::Any | Self::Unit(_) => "",
            Self::Organization => " there",
        }
    }
}

impl std::fmt::Display for NeededOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::Unit(name) => write!(f, " on `{name}`"),
            Self::Organization => f.write_str(" on the whole organization"),
        }
    }
}

/// By which rules somebody cannot do something.
fn by_rules(rules: Option<&Name>) -> String {
    match rules {
        Some(rules) => format!("under the rules `{rules}`"),
        None => "while no rules are in force".to_owned(),
    }
}
