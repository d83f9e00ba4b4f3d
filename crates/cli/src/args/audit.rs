//! `gradus audit`.

use clap::{Args, Subcommand};

use super::coordinate::HoldsArgs;

/// What to ask as an auditor.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show what seems to be missing: numbers of producers, and sources that fell silent
    #[command(after_help = "Examples:
  gradus audit gaps
  gradus audit gaps --unit rustls --valid-at 2026-06-30 --known-at 2026-07-31
What was never logged cannot be proved, but its absence can be seen. A number is missing if the same
source sent a smaller and a larger one. A source of a unit was silent if nothing of it is dated for
more than twice the interval that nine in ten of those before did not exceed, of at least five.")]
    Gaps(GapsArgs),
}

/// Gaps to find.
#[derive(Debug, Args)]
pub struct GapsArgs {
    /// Only this unit and those below it [default: all that you may read]
    #[arg(long, default_value = "")]
    pub unit: String,
    /// As of when: silences last until --valid-at.
    #[command(flatten)]
    pub holds: HoldsArgs,
}
