//! `gradus gap`.

use clap::Args;

use super::coordinate::CoordinateArgs;
use crate::select::Selector;

/// Targets to hold against the levels.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus gap rustls                            the profile that it or a unit above it adopted
  gradus gap rustls --profile service-bureau   another one
  gradus gap rustls --area PA11 --blockers     and what the ongoing level lacks
  gradus gap 'rustls@{2026-03-01}'             at that date, with what was aimed at then
A target that a profile of another edition gives is carried through the crosswalk, and says so.")]
pub struct GapArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub project: Selector,
    /// Profile that is aimed at, an id or digest [default: the one in force]
    #[arg(long)]
    pub profile: Option<String>,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// What the ongoing level lacks to reach each target, too
    #[arg(long)]
    pub blockers: bool,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}
