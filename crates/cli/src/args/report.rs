//! `gradus report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::coordinate::CoordinateArgs;
use crate::select::Selector;

/// A report to write.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus report levels rustls -o rustls.html                 as of now
  gradus report gap 'rustls@{2026-06-30}' -o gap.html        at that date, as known today
  gradus report history 'rustls@known{2026-06-30}' -o -      as it was reported at that date
  gradus report audit rustls#35000 --valid-at 2026-06-30 -o audit.html
One HTML file that needs nothing else: to be read, printed or sent on. The same date, known at the same
size of the log, gives the same bytes; the page names both, and the calls that give its figures again.")]
pub struct ReportArgs {
    /// What to report
    #[arg(value_enum, value_name = "REPORT")]
    pub report: ReportName,
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub project: Selector,
    /// Profile that is aimed at, an id or digest [default: the one in force]
    #[arg(long)]
    pub profile: Option<String>,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// Write the report to this file; `-` is stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    pub save: PathBuf,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// A report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportName {
    /// Capability profile: levels, practices, how they moved, and what falls if nothing is renewed
    Levels,
    /// Targets of a profile against the levels, and what is in the way
    Gap,
    /// Each fact and each movement of a level, in order
    History,
    /// What an auditor looks at: lateness, silences, missing numbers, and duties in one hand
    Audit,
}
