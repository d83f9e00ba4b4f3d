//! `gradus watch`.

use clap::Args;

use crate::select::Moment;

/// Changes of levels to follow.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus watch                                     every unit, from now on
  gradus watch rustls curl --area PA11
  gradus watch rustls --from-size 0                everything that ever moved, then go on
  gradus watch --from-size 1200 --output jsonl     go on where an earlier watch ended
What the passing of time changes is told, too.")]
pub struct WatchArgs {
    /// The units; none for all
    #[arg(value_name = "UNIT")]
    pub units: Vec<String>,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// Log size from which on changes are told [default: what the log holds now]
    #[arg(long, value_name = "SIZE")]
    pub from_size: Option<u64>,
    /// Moment from which on changes by time are told [default: the last record before --from-size]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub from_valid_at: Option<Moment>,
    /// Most changes to show, then end
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}
