//! The rules: what may be recorded, and what follows from what was.
//!
//! Pure: no clock, no input or output, no randomness. Everything asked of the past takes the
//! point asked about as an argument.

// Deciding and evolving: the way of a proposal.
pub mod evidence;
pub mod proposal;
pub mod rating;
pub mod refusal;
pub mod registry;
pub mod settings;
pub mod unit;

// Reading: the same facts at any point of both times.
pub mod coverage;
pub mod history;
pub mod level;
pub mod rater;
pub mod rules;
pub mod sse_cmm;
pub mod timeline;

pub use history::UnitHistory;
pub use proposal::{Actor, Occasion, Proposal, Verdict};
pub use refusal::Refusal;
pub use registry::Registry;
pub use rules::Rules;
pub use timeline::At;
pub use unit::{Draft, UnitState};
