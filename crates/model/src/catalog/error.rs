//! What can be wrong in a reference model or profile, and the line where it stands.

use crate::{AreaId, BasePracticeId, Digest, FeatureId, ModelId, Name};

/// A fault in a file of a reference model or profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct CatalogError {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// The line where the fault stands, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// Why a reference model or profile is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not TOML, or not of the shape that is read here.
    #[error("{0}")]
    Shape(String),
    /// An id that repeats or descends.
    #[error("{seen} stands after {after}: each stands once, in order")]
    OutOfOrder {
        /// The id.
        seen: String,
        /// The one before it.
        after: String,
    },
    /// A capability level above 5.
    #[error("there is no capability level {0}: use 0 to 5")]
    NoSuchLevel(u8),
    /// One of the capability levels 0 to 5 is not listed.
    #[error("capability level {0} is missing")]
    MissingLevel(u8),
    /// A capability level from 1 to 5 without a common feature: it would be reached by nothing.
    #[error("capability level {0} has no common feature")]
    EmptyLevel(u8),
    /// A common feature without a generic practice, in a model that has some.
    #[error("common feature {0} has no generic practice")]
    EmptyFeature(FeatureId),
    /// A common feature that the model does not have.
    #[error("there is no common feature {0} in this model")]
    UnknownFeature(FeatureId),
    /// A key that repeats a part of the id, and says something else.
    #[error("the id {id} says {key} {part}, not {seen}")]
    Contradiction {
        /// The id.
        id: String,
        /// The key.
        key: &'static str,
        /// What the id says.
        part: String,
        /// What the key says.
        seen: String,
    },
    /// A list that is not as long as the file says.
    #[error("{key} is {stated}, but {seen} are listed")]
    WrongCount {
        /// The key that says it.
        key: String,
        /// The figure there.
        stated: usize,
        /// How many there are.
        seen: usize,
    },
    /// Declared parts that do not add up.
    #[error("declared_base_practices is {stated}, but its parts add up to {sum}")]
    WrongSum {
        /// The figure for the whole.
        stated: usize,
        /// The parts together.
        sum: usize,
    },
    /// An area that claims to be complete and lists nothing.
    #[error("{0} lists no base practice: list them, or say bp_complete = false")]
    NothingListed(AreaId),
    /// An area whose base practices do not say how sure they are.
    #[error("{0} lists base practices without bp_check: say verified or recalled")]
    NoCheck(AreaId),
    /// A model that borrows from itself.
    #[error("{0} cannot borrow from itself")]
    OwnLender(ModelId),
    /// A model that borrows was given no lender.
    #[error("this model borrows from {0}, which was not loaded before it")]
    NoLender(ModelId),
    /// A model that borrows was given another lender.
    #[error("this model borrows from {wanted}, but was given {seen}")]
    WrongLender {
        /// The lender it names.
        wanted: ModelId,
        /// The lender given.
        seen: ModelId,
    },
    /// The lender's file is not the one that was borrowed from.
    #[error("the lender's digest is {seen}: take over what changed there, then update this one")]
    WrongDigest {
        /// The digest of the lender given.
        seen: Digest,
    },
    /// A crosswalk without a model that it leads to.
    #[error("a crosswalk needs model.successor, the model that it leads to")]
    NoSuccessor,
    /// A lender to which the crosswalk does not lead, so nothing says which areas correspond.
    #[error("borrows from {lender}, but the crosswalk leads to {successor}")]
    LenderIsNotSuccessor {
        /// The lender.
        lender: ModelId,
        /// Where the crosswalk leads.
        successor: ModelId,
    },
    /// A process area that a model does not have.
    #[error("there is no {area} in {model}")]
    UnknownArea {
        /// The area.
        area: AreaId,
        /// The model.
        model: ModelId,
    },
    /// A base practice that a model does not list.
    #[error("{model} lists no {practice}")]
    UnknownPractice {
        /// The practice.
        practice: BasePracticeId,
        /// The model.
        model: ModelId,
    },
    /// A link that is there already.
    #[error("{from} is linked to {to} already")]
    LinkedTwice {
        /// The area or practice here.
        from: String,
        /// The one in the successor.
        to: String,
    },
    /// A second one-to-one link of one area.
    #[error("{from} to {to} is not one to one: another such link has one of them")]
    NotOneToOne {
        /// The area here.
        from: AreaId,
        /// The area in the successor.
        to: AreaId,
    },
    /// A one-to-one link of areas that differ in the number of their practices.
    #[error("{from} lists {here} base practices and {to} lists {there}: link them one by one")]
    UnequalPractices {
        /// The area here.
        from: AreaId,
        /// Its practices.
        here: usize,
        /// The area in the successor.
        to: AreaId,
        /// Its practices.
        there: usize,
    },
    /// A link of practices whose areas are not linked.
    #[error("{from} is linked to {to}, but their areas are not")]
    AreasNotLinked {
        /// The practice here.
        from: BasePracticeId,
        /// The practice in the successor.
        to: BasePracticeId,
    },
    /// A process area that needs its own results.
    #[error("{0} cannot need itself")]
    NeedsItself(AreaId),
    /// A dependency that is there already.
    #[error("{area} needs {needs} already")]
    NeededTwice {
        /// The area that needs.
        area: AreaId,
        /// The area that is needed.
        needs: AreaId,
    },
    /// A dependency that a source is said to state, without the source.
    #[error("that {area} needs {needs} is stated and names no source")]
    StatedNowhere {
        /// The area that needs.
        area: AreaId,
        /// The area that is needed.
        needs: AreaId,
    },
    /// A profile of another model.
    #[error("this profile is for {wanted}, not {seen}")]
    WrongModel {
        /// The model it names.
        wanted: ModelId,
        /// The model given.
        seen: ModelId,
    },
    /// A process area without a target.
    #[error("{0} has no target: every area has one, if only applicable = false")]
    NoTarget(AreaId),
    /// An applicable area without a level.
    #[error("{0} is applicable and has no level")]
    LevelMissing(AreaId),
    /// An area that is not applicable and has a level.
    #[error("{0} is not applicable and has a level")]
    LevelNotApplicable(AreaId),
    /// A rule that repeats.
    #[error("rule {0} is there already")]
    RuleTwice(String),
    /// A rule that is not listed.
    #[error("there is no rule {0} in this profile")]
    UnknownRule(String),
    /// An inferred value without the rule that it was inferred by.
    #[error("{0} is inferred and names no rule")]
    RuleMissing(AreaId),
    /// A tier that is not in the order of tiers.
    #[error("tier_order has no {0}")]
    UnknownTier(Name),
    /// A tier without its basis, or a basis without a tier.
    #[error("{0} needs tier and tier_basis together, or neither")]
    TierInPart(AreaId),
    /// Levels for phases in an area that is not applicable.
    #[error("{0} is not applicable and has levels for phases")]
    PhasesNotApplicable(AreaId),
    /// A base that is not pinned, or a pin without a base.
    #[error("base and base_digest stand together, or neither does")]
    BaseInPart,
    /// A profile that builds on itself.
    #[error("{0} cannot be its own base")]
    OwnBase(Name),
    /// A profile with a base was given none.
    #[error("this profile builds on {0}, which was not loaded before it")]
    NoBase(Name),
    /// A profile with a base was given another.
    #[error("this profile builds on {wanted}, but was given {seen}")]
    WrongBase {
        /// The base it names.
        wanted: Name,
        /// The base given.
        seen: Name,
    },
    /// The base is not the one that the profile was built on.
    #[error("the base's digest is {seen}: take over what changed there, then update this one")]
    WrongBaseDigest {
        /// The digest of the base given.
        seen: Digest,
    },
    /// A base that is about another model.
    #[error("{base} is for {seen}: a profile and its base are for one model")]
    BaseOfOtherModel {
        /// The base.
        base: Name,
        /// Its model.
        seen: ModelId,
    },
    /// Tiers in a profile that takes those of its base.
    #[error("tier_order stands in {0}, the base of this profile")]
    TiersOfBase(Name),
}
