//! `gradus audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::coordinate::HoldsArgs;
use super::queries::QueriesCommand;
use super::source::{IntervalArgs, SuspectArgs};

/// What to ask as an auditor.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show what seems to be missing: numbers of producers, and sources that fell silent
    #[command(after_help = "Examples:
  gradus audit gaps
  gradus audit gaps --unit rustls --valid-at 2026-06-30 --known-at 2026-07-31
What was never logged cannot be proved, but its absence can be seen. A number is missing if the same
source sent a smaller and a larger one. A run is short if fewer items name it (`--subject run=41`) than one of
them announced (`--measure announced-items=12`, itself included). A source of a unit was silent if nothing of it is dated for
more than twice the interval that nine in ten of those before did not exceed, of at least five.")]
    Gaps(GapsArgs),
    /// Write the log as static files that any tool for transparency logs reads, or add what is new
    #[command(after_help = "Examples:
  gradus audit export log-2026
  gradus audit export log-2026 --witnessed
  gradus audit export hashes --hashes

The directory is one of C2SP tlog-tiles: checkpoint, tile/0/000, tile/entries/000 and so on. Run it
again to add what was recorded since; what is there already is not read again. What was written is read
from the disk and hashed up to the checkpoint, which is put there last. Entries are the records of all
units without their texts: who exports them has to be auditor or admin of the whole organization.")]
    Export(ExportArgs),
    /// Verify such a directory, without a server
    #[command(after_help = "Examples:
  gradus audit verify log-2026 --key 'gradus/7d0e…+1c2d3e4f+Ab…'
  gradus audit verify log-2026 --policy trusted.policy

Hashes each record and each tile up to the signed checkpoint. Exits with 11 where something is not as it
must be, naming the first such tile and record, and with 12 where there is nothing to verify.")]
    Verify(VerifyArgs),
    /// Show what was recorded long after it was true, and how close to a milestone that was
    #[command(after_help = "Examples:
  gradus audit late
  gradus audit late --unit rustls --by 30 --close 7 --known-at 2026-12-31
Milestones are the markers of a unit, the begins of its phases and the openings of its appraisals.
A fact is told with the closest one of those before which it was true. Late facts prove nothing: they
say where to look.")]
    Late(LateArgs),
    /// Show which levels would fall without what a source recorded from a moment on
    #[command(after_help = "Examples:
  gradus audit without --source scanner --from 2026-05-01
  gradus audit without --tool lint@2 --unit rustls --valid-at 2026-06-30
Nothing is recorded. It is what `gradus source distrust` would do: ratings of people stay, so that the
ongoing level falls first. The interval is told by when the log recorded the items.")]
    Without(WithoutArgs),
    /// Show, end and check what auditors asked, which is recorded and opened at the end
    #[command(subcommand)]
    Queries(QueriesCommand),
}

/// A directory to export to.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The directory: a new or empty one, or that of an earlier export
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Hashes alone, without the records
    #[arg(long)]
    pub hashes: bool,
    /// Up to the newest checkpoint that enough witnesses signed, in place of the newest
    #[arg(long)]
    pub witnessed: bool,
}

/// A directory to verify.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The directory
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The log's key, as its operator told it, or as gradus checkpoint shows it
    #[arg(long, value_name = "KEY", required_unless_present = "policy")]
    pub key: Option<String>,
    /// File with the logs, witnesses and the quorum that you trust (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// Gaps to find.
#[derive(Debug, Args)]
pub struct GapsArgs {
    /// Only this unit and those below it [default: all that you may read]
    #[arg(long, default_value = "")]
    pub unit: String,
    /// As of when: silences last until --valid-at.
    #[command(flatten)]
    pub holds: HoldsArgs,
}

/// Late facts to find.
#[derive(Debug, Args)]
pub struct LateArgs {
    /// Only this unit and those below it [default: all that you may read]
    #[arg(long, default_value = "")]
    pub unit: String,
    /// Days after it was true past which a fact is late
    #[arg(long = "by", value_name = "DAYS", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub late_days: u32,
    /// Days before or after a milestone within which a fact is close to it
    #[arg(long = "close", value_name = "DAYS", default_value_t = 14)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub close_days: u32,
    /// As of when: what is true later than --valid-at does not count.
    #[command(flatten)]
    pub holds: HoldsArgs,
}

/// A source to do without.
#[derive(Debug, Args)]
pub struct WithoutArgs {
    /// The source.
    #[command(flatten)]
    pub suspect: SuspectArgs,
    /// Which of what it wrote.
    #[command(flatten)]
    pub interval: IntervalArgs,
    /// Only this unit and those below it [default: all that you may read]
    #[arg(long, default_value = "")]
    pub unit: String,
    /// As of when.
    #[command(flatten)]
    pub holds: HoldsArgs,
}
