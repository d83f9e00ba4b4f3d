//! `gradus appraisal sheet`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CarryArgs;
use crate::args::append::AppendArgs;
use crate::select::Moment;

const MERGE: &str = "Example: gradus appraisal sheet merge leo.csv mia.csv --to worksheet.csv
The worksheet has a column with the ratings of each, says where they agree, and has a consensus where
all do. It rates nothing: everybody imports their own sheet, by their own credential, and the lead
records the consensus of the filled worksheet with `gradus appraisal sheet agree`. Two values of one
person for the same practice are refused with file and line.";

const PAST: &str = "Example: gradus appraisal sheet import-past appraisal.toml ratings.csv
    --conducted-from 2024-03-01 --conducted-until 2024-03-15 --effective-at 2024-04-01
The file is that of `gradus appraisal open`, with one unit and without [base]; sponsor and team are
those of then. The sheets have the columns practice and rating and may have unit, instance, evidence
and rationale. The ratings are in force from the date that you state, known from now on, and marked
as imported wherever they are shown: nobody can show that they were sealed, or duties kept apart.
With --dry-run server nothing is recorded, and the levels that would change are told.";

/// What to do with sheets.
#[derive(Debug, Subcommand)]
pub enum SheetCommand {
    /// Write a sheet with a row for each practice that waits for your rating
    #[command(after_help = "Examples:
  gradus appraisal sheet export ID --to mine.csv
  gradus appraisal sheet export ID --to mine.csv --carry-from EARLIER
The column `carried` has what the last appraisal said, or the one that you name: a proposal, which
becomes your rating where you write `confirmed` under `rating`.")]
    Export(SheetExportArgs),
    /// Bring in an appraisal of before with its filled sheets, as a sponsor
    #[command(after_help = PAST)]
    ImportPast(SheetImportPastArgs),
    /// Rate by filled sheets, all or nothing; what is wrong is told row by row
    #[command(after_help = "Example: gradus appraisal sheet import ID mine.csv more.csv
Several sheets are read as one: rows without a value are left out, and rows that contradict each other
are refused. You rate for yourself alone: the sheet of somebody else is refused, too.")]
    Import(SheetImportArgs),
    /// Lay the sheets of a team side by side, without a server
    #[command(after_help = MERGE)]
    Merge(SheetMergeArgs),
    /// Record what was agreed on in a worksheet, as the lead; all or nothing
    #[command(after_help = "Example: gradus appraisal sheet agree ID worksheet.csv
Rows without a consensus are left out; `left-out` with a rationale leaves a practice unrated, and
dissent is written as 'mia=only at times; leo=never'. What the worksheet says of somebody's rating has
to be on record and revealed: everybody imports their own sheet first.")]
    Agree(SheetAgreeArgs),
}

/// A sheet to write.
#[derive(Debug, Args)]
pub struct SheetExportArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// File to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// The earlier appraisal whose ratings are proposed.
    #[command(flatten)]
    pub carry: CarryArgs,
}

/// Sheets to rate by.
#[derive(Debug, Args)]
pub struct SheetImportArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Filled sheets
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Sheets to lay side by side.
#[derive(Debug, Args)]
pub struct SheetMergeArgs {
    /// Filled sheets, of one person or more each
    #[arg(value_name = "SHEET", required = true)]
    pub sheets: Vec<PathBuf>,
    /// File to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// A worksheet to record.
#[derive(Debug, Args)]
pub struct SheetAgreeArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Filled worksheet
    #[arg(value_name = "WORKSHEET")]
    pub file: PathBuf,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An appraisal of before to bring in.
#[derive(Debug, Args)]
pub struct SheetImportPastArgs {
    /// TOML file with its input; `-` is stdin
    pub file: PathBuf,
    /// Filled sheets
    #[arg(value_name = "SHEET", required = true)]
    pub sheets: Vec<PathBuf>,
    /// First day of the time over which it was conducted
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub conducted_from: Moment,
    /// Last day of that time
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub conducted_until: Moment,
    /// From when on its ratings are in force
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub effective_at: Moment,
    /// What the ratings were taken from; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub statement: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}
