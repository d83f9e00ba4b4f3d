//! `gradus levels`.

use clap::Args;

use super::coordinate::CoordinateArgs;
use crate::select::Selector;

/// Levels to show.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus levels rustls                        now
  gradus levels 'rustls@{2026-03-01}'         at that date, as known today
  gradus levels 'rustls@known{2026-03-01}'    as it was reported at that date
  gradus levels rustls#120                    as a log of size 120 holds it
  gradus levels rustls --rules trusted-tools  by other rules
A date ahead tells what will be if nothing is renewed.")]
pub struct LevelsArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub project: Selector,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// Each practice, too
    #[arg(long)]
    pub practices: bool,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}
