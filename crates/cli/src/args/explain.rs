//! `gradus explain`.

use clap::Args;

use super::coordinate::CoordinateArgs;
use crate::select::Selector;

/// The levels to explain.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus explain rustls PA11                      why it stands where it does now
  gradus explain rustls PA11 --all                with every practice, rating and item
  gradus explain 'rustls@{2026-03-01}' PA11       at that date, as known today
  gradus explain 'rustls@known{2026-03-01}' PA11  as it was reported at that date
  gradus explain rustls PA11 --rules trusted-tools --output json
#12 is the record at position 12: gradus events shows it. Ages are counted to the date asked about.")]
pub struct ExplainArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub project: Selector,
    /// The process area, such as PA11
    pub area: String,
    /// Everything: also practices nobody has rated, each item, and ratings that do not count
    #[arg(long)]
    pub all: bool,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}
