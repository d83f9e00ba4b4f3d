//! What an appraisal carries: its input, and what its ratings are of.
//!
//! The fields follow what a documented assessment asks for (ISO/IEC 33002, clause 4.5, and the
//! processes that claim conformity to it); purpose, plan and all other texts are payload.

use minicbor::{Decode, Encode};

use crate::unit::AreaRef;
use crate::words::vocabulary;
use crate::{Label, PrincipalId, Target, Timestamp, UnitId};

vocabulary! {
    /// How strict an assessment is about its evidence; class 1 is the strictest.
    "class of assessment" Class {
        /// The strictest: for comparison between organizations.
        1 "class-1" One,
        /// For comparison within an organization.
        2 "class-2" Two,
        /// For improvement, or a first look.
        3 "class-3" Three,
    }
}

vocabulary! {
    /// How far somebody stands from what they assess; category A is the furthest.
    "category of independence" Independence {
        /// Outside the assessed organization, and no part of its interests.
        1 "A" A,
        /// Inside it, clearly apart from the assessed unit.
        2 "B" B,
        /// Inside it, with duties kept apart.
        3 "C" C,
        /// Part of what is assessed.
        4 "D" D,
    }
}

vocabulary! {
    /// What somebody does in the team of an appraisal.
    "part in the team" Part {
        /// Rates, records consensus and signs off; exactly one.
        1 "lead" Lead,
        /// Rates.
        2 "member" Member,
        /// Looks on.
        3 "observer" Observer,
    }
}

impl Part {
    /// Whether their ratings are waited for.
    #[must_use]
    pub const fn rates(self) -> bool {
        matches!(self, Self::Lead | Self::Member)
    }
}

vocabulary! {
    /// What sort of finding it is.
    "kind of finding" FindingKind {
        /// Something done well.
        1 "strength" Strength,
        /// Something that can be improved.
        2 "weakness" Weakness,
        /// Something to be asked.
        3 "question" Question,
        /// Anything else.
        4 "comment" Comment,
    }
}

/// A process area in the scope of an appraisal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ScopedArea {
    /// The area.
    #[n(0)]
    pub area: AreaRef,
    /// The highest level that is looked at, 1 to 5.
    #[n(1)]
    pub highest: u8,
}

/// Somebody in the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Member {
    /// Who.
    #[n(0)]
    pub principal: PrincipalId,
    /// What they do.
    #[n(1)]
    pub part: Part,
}

/// How an appraisal is done.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Method {
    /// The documented assessment process, with its edition.
    #[n(0)]
    pub process: Label,
    /// How strict it is.
    #[n(1)]
    pub class: Class,
    /// Independence of the body that does it.
    #[n(2)]
    pub body: Independence,
    /// Independence of the lead.
    #[n(3)]
    pub lead: Independence,
    /// Independence of the team.
    #[n(4)]
    pub team: Independence,
    /// The rating method, for example `R1`.
    #[n(5)]
    pub rating: Option<Label>,
    /// The aggregation method, for example `expert judgement`.
    #[n(6)]
    pub aggregation: Option<Label>,
}

/// The point of both times at which the evidence is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EvidenceBase {
    /// The moment of the units' life.
    #[n(0)]
    pub valid_at: Timestamp,
    /// How much of the log counts.
    #[n(1)]
    pub log_size: u64,
}

/// What an appraisal is given before it begins, as data.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Input {
    /// The units that are assessed, each once, in order; 1 to 16.
    #[n(0)]
    pub units: Vec<UnitId>,
    /// The areas that are looked at, each once, in order; 1 to 40.
    #[n(1)]
    pub areas: Vec<ScopedArea>,
    /// The process instances that were chosen, each once, in order; at most 16.
    #[n(2)]
    pub instances: Vec<Label>,
    /// Who wants it and approves its outcome.
    #[n(3)]
    pub sponsor: PrincipalId,
    /// Who does it, each once, in order; at most 32.
    #[n(4)]
    pub team: Vec<Member>,
    /// How it is done.
    #[n(5)]
    pub method: Method,
    /// Where the evidence is frozen; none means when, and at the size at which, it was opened.
    #[n(6)]
    pub base: Option<EvidenceBase>,
}

impl Input {
    /// Units, areas, instances and people that an appraisal may have.
    pub const MOST: (usize, usize, usize, usize) = (16, 40, 16, 32);

    /// What somebody does in the team, if they are in it.
    #[must_use]
    pub fn part_of(&self, principal: PrincipalId) -> Option<Part> {
        self.team.iter().find(|member| member.principal == principal).map(|member| member.part)
    }

    /// Those whose ratings are waited for, in the order of ids.
    pub fn raters(&self) -> impl Iterator<Item = PrincipalId> {
        self.team.iter().filter(|member| member.part.rates()).map(|member| member.principal)
    }
}

/// What a rating of an appraisal is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Subject {
    /// The unit.
    #[n(0)]
    pub unit: UnitId,
    /// The practice or feature.
    #[n(1)]
    pub target: Target,
    /// The process instance; none means the unit as a whole.
    #[n(2)]
    pub instance: Option<Label>,
}
