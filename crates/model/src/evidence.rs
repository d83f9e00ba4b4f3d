//! What a piece of evidence carries.

use minicbor::{Decode, Encode};

use crate::words::vocabulary;
use crate::{Digest, EvidenceId, ForeignId, Label, PrincipalId, Target, Timestamp};

vocabulary! {
    /// What sort of artifact or observation a piece of evidence is. Rules give each kind a window.
    "kind of evidence" Kind {
        /// A policy or other statement of intent.
        1 "policy" Policy,
        /// A plan.
        2 "plan" Plan,
        /// A defined process or procedure.
        3 "process-definition" ProcessDefinition,
        /// A specification, an architecture or a design.
        4 "design" Design,
        /// An analysis of threats, vulnerabilities, impacts or risks.
        5 "analysis" Analysis,
        /// A record of a review.
        6 "review-record" ReviewRecord,
        /// A result of tests that were run.
        7 "test-result" TestResult,
        /// A test that exists.
        8 "test-definition" TestDefinition,
        /// A report of a scanner.
        9 "scan-report" ScanReport,
        /// A software bill of materials or other inventory.
        10 "sbom" Sbom,
        /// Provenance or another attestation of how something was built.
        11 "provenance" Provenance,
        /// A configuration of a control, check or environment.
        12 "configuration" Configuration,
        /// A change that was made under control.
        13 "change-record" ChangeRecord,
        /// A baseline that was released.
        14 "release" Release,
        /// An advisory that was published or dealt with.
        15 "advisory" Advisory,
        /// An incident and the response to it.
        16 "incident" Incident,
        /// A measurement.
        17 "measurement" Measurement,
        /// A record of training.
        18 "training-record" TrainingRecord,
        /// An interview.
        19 "interview" Interview,
        /// An answered questionnaire.
        20 "questionnaire" Questionnaire,
        /// A contract or agreement, with a customer or supplier.
        21 "agreement" Agreement,
        /// A report of an audit or assessment.
        22 "audit-report" AuditReport,
        /// Guidance for users, operators or engineers.
        23 "guidance" Guidance,
        /// A document of another sort.
        24 "document" Document,
    }
}

impl Kind {
    /// Whether it is what somebody said when they were asked, not what the work left behind.
    #[must_use]
    pub const fn is_spoken(self) -> bool {
        matches!(self, Self::Interview | Self::Questionnaire)
    }
}

vocabulary! {
    /// Which way a piece of evidence speaks.
    "outcome" Outcome {
        /// For the practice.
        1 "supports" Supports,
        /// Against the practice.
        2 "contradicts" Contradicts,
        /// Neither way.
        3 "inconclusive" Inconclusive,
    }
}

vocabulary! {
    /// How closely a piece of evidence is tied to the practice; later words are stronger.
    "strength" Strength {
        /// Circumstantial; never enough alone.
        1 "weak" Weak,
        /// A trace that the practice probably took place.
        2 "indirect" Indirect,
        /// The work product of the practice itself.
        3 "direct" Direct,
    }
}

/// A number that was measured: `value × 10^-decimals unit`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Measure {
    /// What was measured.
    #[n(0)]
    pub name: Label,
    /// The scaled integer.
    #[n(1)]
    pub value: i64,
    /// Digits after the decimal point, 0 to 18.
    #[n(2)]
    pub decimals: u8,
    /// The unit, as in UCUM where there is one; `1` for a plain count.
    #[n(3)]
    pub unit: Label,
}

/// What the evidence is about: a digest or stable id, so that all evidence on it can be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Subject {
    /// What the id is: `commit`, `image`, `release`, `path`, `sha1`, …
    #[n(0)]
    pub kind: Label,
    /// The digest or id itself.
    #[n(1)]
    pub id: ForeignId,
}

/// Where an item came from and the id it has there: the same again in a unit is the same item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Source {
    /// The system or collector, for example `git:rustls`.
    #[n(0)]
    pub name: ForeignId,
    /// The item's id in it.
    #[n(1)]
    pub id: ForeignId,
}

/// The tool that made an item, and the mapping that said what it speaks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Tool {
    /// The tool's name.
    #[n(0)]
    pub name: Label,
    /// Its version.
    #[n(1)]
    pub version: Option<Label>,
    /// The mapping rule, as `mapping/rule`.
    #[n(2)]
    pub mapping: Option<Label>,
}

/// The stored facts of a submitted item; the work ended at the event's effective time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Item {
    /// The item's id.
    #[n(0)]
    pub evidence: EvidenceId,
    /// What sort of evidence it is.
    #[n(1)]
    pub kind: Kind,
    /// Which way it speaks.
    #[n(2)]
    pub outcome: Outcome,
    /// How closely it is tied to the practices.
    #[n(3)]
    pub strength: Strength,
    /// The practices it speaks for, each once, in order; at most 64.
    #[n(4)]
    pub practices: Vec<Target>,
    /// When the work began, if that was before it ended.
    #[n(5)]
    pub work_from: Option<Timestamp>,
    /// The end of its validity, only if the submitter gave one.
    #[n(6)]
    pub valid_until: Option<Timestamp>,
    /// Where it came from.
    #[n(7)]
    pub source: Source,
    /// The producer's own running number: a gap becomes visible.
    #[n(8)]
    pub producer_sequence: Option<u64>,
    /// The process instance it belongs to.
    #[n(9)]
    pub instance: Option<Label>,
    /// Whom it is about.
    #[n(10)]
    pub about: Option<PrincipalId>,
    /// Numbers that were measured, at most 32.
    #[n(11)]
    pub measures: Vec<Measure>,
    /// What it is about, at most 32.
    #[n(12)]
    pub subjects: Vec<Subject>,
    /// The tool that made it.
    #[n(13)]
    pub tool: Option<Tool>,
    /// Digests of attachments, at most 16.
    #[n(14)]
    pub attachments: Vec<Digest>,
}

impl Item {
    /// Practices, measures, subjects and attachments that one item may have.
    pub const MOST: (usize, usize, usize, usize) = (64, 32, 32, 16);

    /// The process instances that an item may belong to.
    pub const MOST_INSTANCES: usize = 16;
}
