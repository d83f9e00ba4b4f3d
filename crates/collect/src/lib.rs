//! Parsers of tool formats, and mappings to practices.
//!
//! Everything here takes text and returns values: no input or output, no clock, no randomness.

pub mod facts;
pub mod mapping;

pub mod steps;
pub mod submission;

mod globs;
mod json;

pub use facts::{Fact, FactError, FactKind};
pub use mapping::{Mapping, MappingError, Rule};
pub use steps::{Collected, Collector, Summary, collect};
pub use submission::{Step, Submission, Work};
