//! What is assessed, and what is recorded of its life.

use minicbor::{Decode, Encode};

use crate::words::vocabulary;
use crate::{AreaId, Label, ModelId};

vocabulary! {
    /// The sort of a unit in the tree.
    "kind of unit" UnitKind {
        /// The root, one in a deployment.
        1 "organization" Organization,
        /// A team, below the organization or another team.
        2 "team" Team,
        /// A project, below a team or the organization.
        3 "project" Project,
    }
}

vocabulary! {
    /// A phase of the life cycle, ISO/IEC 21827 clause 1. Phases may overlap.
    "life-cycle phase" Phase {
        /// Concept definition.
        1 "concept-definition" ConceptDefinition,
        /// Requirements analysis.
        2 "requirements-analysis" RequirementsAnalysis,
        /// Design.
        3 "design" Design,
        /// Development.
        4 "development" Development,
        /// Integration.
        5 "integration" Integration,
        /// Installation.
        6 "installation" Installation,
        /// Operation.
        7 "operation" Operation,
        /// Maintenance.
        8 "maintenance" Maintenance,
        /// Decommissioning.
        9 "decommissioning" Decommissioning,
    }
}

vocabulary! {
    /// What a marker stands for.
    "kind of marker" MarkerKind {
        /// A release.
        1 "release" Release,
        /// An audit or appraisal.
        2 "audit" Audit,
        /// Another milestone.
        3 "milestone" Milestone,
    }
}

vocabulary! {
    /// From where a unit's level of an area is answered.
    "inheritance" Inheritance {
        /// As the rules in force say.
        1 "by-rules" ByRules,
        /// From the nearest ancestor that is rated, unless the unit has ratings of its own.
        2 "inherited" Inherited,
        /// From the unit alone.
        3 "own" Own,
    }
}

vocabulary! {
    /// How much assurance the customers need.
    "assurance need" AssuranceNeed {
        /// Basic.
        1 "basic" Basic,
        /// Moderate.
        2 "moderate" Moderate,
        /// High.
        3 "high" High,
    }
}

vocabulary! {
    /// What the unit mainly does with systems.
    "activity" Activity {
        /// Develops them.
        1 "development" Development,
        /// Operates them.
        2 "operation" Operation,
        /// Does both.
        3 "both" Both,
    }
}

vocabulary! {
    /// Whether a principal is a person or a machine.
    "kind of principal" PrincipalKind {
        /// A person: may review and rate.
        1 "person" Person,
        /// A service account of a tool: submits evidence; its claims are candidates.
        2 "service" Service,
        /// Gradus itself.
        3 "system" System,
    }
}

vocabulary! {
    /// What somebody may do on a unit and on all below it.
    "role" Role {
        /// Sees units and their levels, and reads what is recorded of them.
        1 "viewer" Viewer,
        /// Submits evidence and ends it, as project tools do; sees levels, reads no records.
        2 "collector" Collector,
        /// Reviews evidence and rates practices.
        3 "assessor" Assessor,
        /// Settles what a unit is measured by, its phases and markers, and registers units below it.
        4 "lead" Lead,
        /// Opens and approves appraisals.
        5 "sponsor" Sponsor,
        /// Reads everything and asks for proofs of it.
        6 "auditor" Auditor,
        /// May do everything.
        7 "admin" Admin,
    }
}

vocabulary! {
    /// How the actor of an event proved who they are.
    "origin grade" Grade {
        /// Gradus itself acted; nobody had to prove anything.
        0 "internal" Internal,
        /// A bearer token.
        1 "token" Token,
        /// A client certificate.
        2 "mtls" Mtls,
        /// A token of an identity provider.
        3 "oidc" Oidc,
        /// A signature over the event itself.
        4 "signed" Signed,
    }
}

/// A process area of a model; a stored area always names its model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(map)]
pub struct AreaRef {
    /// The model.
    #[n(0)]
    pub model: ModelId,
    /// The area in it.
    #[n(1)]
    pub area: AreaId,
}

/// The level below which a process area must not fall.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Floor {
    /// The area.
    #[n(0)]
    pub area: AreaRef,
    /// The level, one of [`Floor::LEVELS`].
    #[n(1)]
    pub level: u8,
}

impl Floor {
    /// The levels that can be floors: nothing falls below level 0.
    pub const LEVELS: std::ops::RangeInclusive<u8> = 1..=5;
}

/// The circumstances that say which levels make sense, after the 1997 paper.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Context {
    /// Whom the unit works for.
    #[n(0)]
    pub customer_base: Option<Label>,
    /// How much assurance they need.
    #[n(1)]
    pub assurance_need: Option<AssuranceNeed>,
    /// Development, operation or both.
    #[n(2)]
    pub activity: Option<Activity>,
    /// The engineering disciplines involved, at most 32.
    #[n(3)]
    pub disciplines: Vec<Label>,
}
