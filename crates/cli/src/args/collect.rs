//! `gradus collect`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::append::DryRun;

/// Whose findings to submit.
#[derive(Debug, Subcommand)]
pub enum CollectCommand {
    /// Submit the facts of a git history; a second run adds nothing
    #[command(after_help = "Examples:
  gradus collect facts rustls.jsonl.gz --project rustls
  git-facts | gradus collect facts - --project rustls --dry-run client")]
    Facts(FactsArgs),
}

/// A history to submit.
#[derive(Debug, Args)]
pub struct FactsArgs {
    /// File with one fact a line, also as .gz; `-` is stdin
    pub file: String,
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Which fact speaks for which practice [default: the bundled mapping `git`]
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Items in a message, which is recorded as a whole
    #[arg(long, value_name = "N", default_value_t = 250)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub batch: u16,
    /// Record nothing: `client` prints the messages
    #[arg(long, value_enum, value_name = "WHERE")]
    pub dry_run: Option<DryRun>,
}
