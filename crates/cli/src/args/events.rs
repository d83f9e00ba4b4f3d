//! `gradus events`.

use clap::Args;

/// Events to show.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus events --unit rustls --type practice-rated
  gradus events --from-size 1200 --follow --output jsonl")]
pub struct EventsArgs {
    /// Only events of this unit
    #[arg(long, default_value = "")]
    pub unit: String,
    /// First position to show
    #[arg(long, value_name = "SIZE", default_value_t = 0)]
    pub from_size: u64,
    /// Most events to show
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Only events of this type, such as evidence-accepted; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Go on with each new event until interrupted
    #[arg(long)]
    pub follow: bool,
}
