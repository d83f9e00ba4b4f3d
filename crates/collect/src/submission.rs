//! What a collector asks a client to send.

use gradus_model::evidence::{Kind, Measure, Outcome, Source, Strength, Subject, Tool};
use gradus_model::{Target, Timestamp};

/// One thing to send, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Submit an item of evidence.
    Submit(Submission),
    /// End an item that an earlier step submitted: it counted until `at`.
    End {
        /// The item, by where it came from.
        source: Source,
        /// The instant from which it no longer counts.
        at: Timestamp,
        /// Why, for people.
        reason: String,
    },
}

/// When the work behind an item was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// When it began, if that was before it ended.
    pub from: Option<Timestamp>,
    /// When it ended.
    pub to: Timestamp,
}

/// An item of evidence to submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// What sort of evidence it is.
    pub kind: Kind,
    /// Which way it speaks.
    pub outcome: Outcome,
    /// How closely it is tied to the practices.
    pub strength: Strength,
    /// The practices it speaks for or against, each once, in order.
    pub practices: Vec<Target>,
    /// When the work was done.
    pub work: Work,
    /// Where it came from; the same source is the same item, however often it is sent.
    pub source: Source,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// Numbers that were measured.
    pub measures: Vec<Measure>,
    /// What made it, and the rule that said what it speaks for.
    pub tool: Tool,
    /// One line for people.
    pub title: String,
    /// Where people can look at it.
    pub uri: String,
    /// The line of the input it was made from, from 1.
    pub line: u64,
}
