//! The rules: what may be recorded, and what follows from what was.
//!
//! Pure: no clock, no input or output, no randomness. Everything asked of the past takes the
//! point asked about as an argument.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

// Deciding and evolving: the way of a proposal.
pub mod access;
pub mod appraisal;
mod baseline;
pub mod duties;
pub mod erasure;
pub mod evidence;
pub mod proposal;
pub mod rating;
pub mod refusal;
pub mod registry;
pub mod settings;
pub mod unit;

// Reading: the same facts at any point of both times.
pub mod cause;
pub mod compare;
pub mod course;
pub mod coverage;
pub mod difference;
pub mod explain;
pub mod fold;
pub mod forecast;
pub mod gap;
pub mod gate;
pub mod history;
pub mod impact;
pub mod in_force;
pub mod late;
pub mod level;
pub mod lift;
pub mod missing;
pub mod nplf;
pub mod queue;
pub mod rater;
pub mod rollup;
pub mod rules;
pub mod scheme;
pub mod spans;
pub mod sse_cmm;
pub mod steps;
pub mod story;
pub mod sufficiency;
pub mod timeline;
pub mod trend;
pub mod world;

pub use appraisal::{Appraisal, AppraisalRefusal, Appraisals};
pub use duties::Under;
pub use history::UnitHistory;
pub use proposal::{Actor, Occasion, Proposal, Verdict};
pub use refusal::{NeededOn, Refusal};
pub use registry::Registry;
pub use rules::Rules;
pub use timeline::At;
pub use unit::{Draft, UnitState};
