//! `gradus forecast`.

use std::path::PathBuf;

use clap::Args;

use super::coordinate::CoordinateArgs;
use crate::select::{Moment, Selector};

/// A forecast to show.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus forecast rustls                          the next two years
  gradus forecast rustls --until 2027-12-31 --area PA11
  gradus forecast rustls --coverage               losses that leave the levels alone, too
  gradus forecast rustls --ics rustls.ics         as a file for calendars; - is stdout
  gradus forecast 'rustls@known{2026-03-01}'      what was ahead then, as known then")]
pub struct ForecastArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub project: Selector,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// How far ahead; a bare date is inside [default: two years on]
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub until: Option<Moment>,
    /// Changes of coverage, too
    #[arg(long)]
    pub coverage: bool,
    /// Write a calendar (iCalendar) to this file instead; - is stdout
    #[arg(long, value_name = "FILE")]
    pub ics: Option<PathBuf>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}
