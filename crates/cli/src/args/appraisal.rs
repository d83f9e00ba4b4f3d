//! `gradus appraisal`.

mod sheet;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gradus_model::appraisal::FindingKind;
use gradus_wire::v1;

use super::append::{AppendArgs, ConfirmArgs};
use super::coordinate::CoordinateArgs;
use super::words::words;
use crate::select::Moment;

pub use sheet::{
    SheetAgreeArgs, SheetCommand, SheetExportArgs, SheetImportArgs, SheetImportPastArgs,
    SheetMergeArgs,
};

/// What to do with appraisals.
#[derive(Debug, Subcommand)]
pub enum AppraisalCommand {
    /// Open an appraisal; its evidence is frozen here
    #[command(after_help = OPEN)]
    Open(OpenArgs),
    /// Say an appraisal's whole input anew, as its sponsor
    #[command(after_help = "Example: gradus appraisal change ID appraisal.toml")]
    Change(ChangeArgs),
    /// List appraisals
    #[command(after_help = "Example: gradus appraisal list --unit theta --state open")]
    List(ListArgs),
    /// Show all there is of an appraisal
    #[command(after_help = "Examples:
  gradus appraisal show ID
  gradus appraisal show ID --log-size 4711 --output json
  gradus appraisal show ID --carry-from EARLIER

With the size of the log at which it was closed, it is cited as it was then.")]
    Show(ShowArgs),
    /// Rate practices in an appraisal, sealed until all of the team have
    #[command(after_help = "Examples:
  gradus appraisal rate ID BP.01.01 satisfied BP.01.02 not-satisfied
  gradus appraisal rate ID BP.01.03 abstained --rationale 'not in the interviews that I led'
  gradus appraisal rate ID BP.01.04 confirmed
`confirmed` is what the last appraisal said, which counts for nothing until you say it. Whole areas are rated faster in a sheet: gradus appraisal sheet export ID")]
    Rate(RateArgs),
    /// Make the ratings of the team known, once all are in
    #[command(after_help = "Example: gradus appraisal reveal ID
Without practices, all that are in from everybody are revealed.")]
    Reveal(RevealArgs),
    /// Record what the team agreed on, as its lead
    #[command(after_help = "Examples:
  gradus appraisal consensus ID BP.01.01 satisfied BP.01.02 satisfied
  gradus appraisal consensus ID BP.01.03 satisfied --dissent 'mia=only at times'
  gradus appraisal consensus ID BP.01.04 left-out --rationale 'nobody could be asked'")]
    Consensus(ConsensusArgs),
    /// Record a strength, weakness, question or comment
    #[command(
        after_help = "Example: gradus appraisal finding ID weakness 'the plan is old' --area PA01"
    )]
    Finding(FindingArgs),
    /// Sign an appraisal off, as its lead: its ratings are to take effect from a date
    #[command(after_help = "Example: gradus appraisal sign-off ID --effective-at 2026-05-01")]
    SignOff(SignOffArgs),
    /// Approve an appraisal for a unit, as its sponsor: its ratings take effect there
    #[command(after_help = "Examples:
  gradus appraisal close ID --unit theta --dry-run server
  gradus appraisal close ID --unit theta --yes
An appraisal is closed when every unit of it is.")]
    Close(CloseArgs),
    /// Give an appraisal up, as its sponsor
    #[command(after_help = "Example: gradus appraisal cancel ID --reason 'the project ended'")]
    Cancel(CancelArgs),
    /// Rate in a sheet, filled without a server
    #[command(subcommand)]
    Sheet(SheetCommand),
}

const OPEN: &str = "Example: gradus appraisal open appraisal.toml, with the file:
  title = \"Review of 2026\"
  purpose = \"to see where we stand\"
  units = [\"theta\"]
  sponsor = \"sue\"                # [default: you]
  [areas]                        # each with the highest level that is looked at
  PA01 = 3
  [[team]]
  principal = \"leo\"
  part = \"lead\"                  # lead, member or observer
  [method]
  process = \"SSAM 2.0\"
  class = \"class-3\"              # class-1, class-2 or class-3
  body = \"B\"                     # independence: A, B, C or D
  lead = \"B\"
  team = \"C\"
Besides: context, plan, constraints, handling, participants, criteria, instances,
[method] rating and aggregation, [base] valid_at and log_size.";

/// An appraisal to open.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// TOML file with its input; `-` is stdin
    pub file: PathBuf,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An appraisal to change.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// TOML file with its whole input; `-` is stdin
    pub file: PathBuf,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Appraisals to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those over this unit
    #[arg(long, value_name = "UNIT", default_value = "")]
    pub unit: String,
    /// Only those in this state
    #[arg(long, value_parser = words(STATES, state))]
    pub state: Option<v1::AppraisalState>,
    /// Most entries to list
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// An appraisal to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// The earlier appraisal whose ratings are proposed.
    #[command(flatten)]
    pub carry: CarryArgs,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// Ratings to give.
#[derive(Debug, Args)]
pub struct RateArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Practices, each followed by its value, `abstained` or `confirmed`
    #[arg(value_name = "PRACTICE VALUE", required = true)]
    pub pairs: Vec<String>,
    /// The unit; needed where the appraisal has several
    #[arg(long, value_name = "UNIT", default_value = "")]
    pub unit: String,
    /// Process instance that was looked at [default: the unit as a whole]
    #[arg(long, default_value = "")]
    pub instance: String,
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub rationale: String,
    /// Id of evidence that they cite; may be repeated
    #[arg(long, value_name = "ID")]
    pub evidence: Vec<String>,
    /// The earlier appraisal that is confirmed.
    #[command(flatten)]
    pub carry: CarryArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Ratings to reveal.
#[derive(Debug, Args)]
pub struct RevealArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Practices [default: all that are in from everybody]
    #[arg(value_name = "PRACTICE")]
    pub practices: Vec<String>,
    /// The unit of the practices; needed where the appraisal has several
    #[arg(long, value_name = "UNIT", default_value = "")]
    pub unit: String,
    /// Process instance of the practices [default: the unit as a whole]
    #[arg(long, default_value = "")]
    pub instance: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A consensus to record.
#[derive(Debug, Args)]
pub struct ConsensusArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Practices, each followed by its value or `left-out`
    #[arg(value_name = "PRACTICE VALUE", required = true)]
    pub pairs: Vec<String>,
    /// The unit; needed where the appraisal has several
    #[arg(long, value_name = "UNIT", default_value = "")]
    pub unit: String,
    /// Process instance that was looked at [default: the unit as a whole]
    #[arg(long, default_value = "")]
    pub instance: String,
    /// How it was reached; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub rationale: String,
    /// Who does not agree, and what they hold instead; may be repeated
    #[arg(long, value_name = "NAME=TEXT")]
    pub dissent: Vec<String>,
    /// Id of evidence that it rests on; may be repeated
    #[arg(long, value_name = "ID")]
    pub evidence: Vec<String>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A finding to record.
#[derive(Debug, Args)]
pub struct FindingArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Its kind
    #[arg(value_parser = words(FindingKind::ALL, FindingKind::name))]
    pub kind: FindingKind,
    /// What was found; erasable
    pub text: String,
    /// The unit it is about [default: all]
    #[arg(long, value_name = "UNIT", default_value = "")]
    pub unit: String,
    /// The area it is about
    #[arg(long, default_value = "")]
    pub area: String,
    /// The practice it is about
    #[arg(long, default_value = "")]
    pub practice: String,
    /// Id of evidence that it rests on; may be repeated
    #[arg(long, value_name = "ID")]
    pub evidence: Vec<String>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An appraisal to sign off.
#[derive(Debug, Args)]
pub struct SignOffArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// From when on its ratings are to be in force [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub effective_at: Option<Moment>,
    /// Your statement; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub statement: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An appraisal to approve.
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// The unit whose ratings are to take effect
    #[arg(long, value_name = "UNIT")]
    pub unit: String,
    /// Your statement; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub statement: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An appraisal to give up.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Id of the appraisal
    pub appraisal: String,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// The earlier appraisal whose ratings are proposed.
#[derive(Debug, Args)]
pub struct CarryArgs {
    /// Id of the earlier appraisal whose ratings are proposed [default: the last closed in each unit]
    #[arg(long, value_name = "EARLIER", default_value = "")]
    pub carry_from: String,
}

/// The states of an appraisal.
pub const STATES: &[v1::AppraisalState] = &[
    v1::AppraisalState::Open,
    v1::AppraisalState::SignedOff,
    v1::AppraisalState::Closed,
    v1::AppraisalState::Cancelled,
];

/// The word of a state.
#[must_use]
pub fn state(state: v1::AppraisalState) -> &'static str {
    match state {
        v1::AppraisalState::Unspecified => "unspecified",
        v1::AppraisalState::Open => "open",
        v1::AppraisalState::SignedOff => "signed-off",
        v1::AppraisalState::Closed => "closed",
        v1::AppraisalState::Cancelled => "cancelled",
    }
}
