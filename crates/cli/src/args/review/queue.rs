//! `gradus review queue` and `gradus review matrix`.

use clap::Args;
use gradus_model::Period;
use gradus_model::evidence::Kind;

use crate::args::coordinate::CoordinateArgs;
use crate::args::words::words;
use crate::select::{Moment, Selector};

/// What waits for a review.
#[derive(Debug, Args)]
pub struct QueueArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE [default: all that you may review]
    #[arg(long, value_name = "UNIT")]
    pub project: Option<Selector>,
    /// The units below it, too
    #[arg(long, requires = "project")]
    pub below: bool,
    /// Only items that wait for longer than this, such as P7D or P1M
    #[arg(long, value_name = "PERIOD")]
    pub older_than: Option<Period>,
    /// Only items that were recorded before this moment
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub before: Option<Moment>,
    /// Only items that speak for this practice
    #[arg(long, default_value = "")]
    pub practice: String,
    /// Only items that speak for a practice of this process area, such as PA05
    #[arg(long, default_value = "")]
    pub area: String,
    /// Only items of this kind; may be repeated
    #[arg(long, value_parser = words(Kind::ALL, Kind::name))]
    pub kind: Vec<Kind>,
    /// Only items of this source
    #[arg(long, default_value = "", value_name = "NAME")]
    pub source: String,
    /// Most entries to list
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// The evidence for practices, by process instance.
#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    #[arg(long, value_name = "UNIT")]
    pub project: Selector,
    /// Only this process area, such as PA05; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}
