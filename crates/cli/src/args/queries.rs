//! `gradus audit queries`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::append::{AppendArgs, ConfirmArgs};

/// What to do with the record of what auditors asked.
#[derive(Debug, Subcommand)]
pub enum QueriesCommand {
    /// List engagements: yours, and all of them for who may prove on the whole organization
    #[command(after_help = "Examples:
  gradus audit queries list
What an auditor asks is recorded while the engagement goes on, and nobody learns what it is before the
end: only that something was asked, in which hour, and how many rows that made. A question is a row, or
several if it is longer than 3,000 bytes.")]
    List,
    /// Show what was asked: your own questions at any time, those of others once they are opened
    #[command(after_help = "Examples:
  gradus audit queries show 1
  gradus audit queries show 2 --auditor ada --output json")]
    Show(EngagementArgs),
    /// End an engagement of yours, so that what you asked is opened
    #[command(after_help = "Examples:
  gradus audit queries end 1

What you ask afterwards belongs to the next engagement. Without this an engagement is over once your last
role as auditor has ended and every end that such a role was granted with has passed.")]
    End(EndArgs),
    /// Check that what was opened is exactly what was asked, and write it down with its proofs
    #[command(after_help = "Examples:
  gradus audit queries open 1 --auditor ada --save ada-1.json

Each record is proved to be in the log, and the rows are held against the commitments: none more, none
fewer, none other. Takes the right to prove on the whole organization.")]
    Open(OpenArgs),
    /// Check such a file, without a server
    #[command(after_help = "Examples:
  gradus audit queries verify ada-1.json --key 'gradus/7d0e…+1c2d3e4f+Ab…'
  gradus audit queries verify ada-1.json --policy trusted.policy

Exits with 11 where something is not as it must be.")]
    Verify(CheckArgs),
}

/// An engagement.
#[derive(Debug, Args)]
pub struct EngagementArgs {
    /// The engagement's number
    #[arg(value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub engagement: u32,
    /// The auditor: name or id [default: you]
    #[arg(long, value_name = "AUDITOR", default_value = "")]
    pub auditor: String,
}

/// An engagement to end.
#[derive(Debug, Args)]
pub struct EndArgs {
    /// The engagement's number
    #[arg(value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub engagement: u32,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An engagement to check.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Which one.
    #[command(flatten)]
    pub of: EngagementArgs,
    /// File to write what was asked to, with all proofs
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// A file to check.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The file, as gradus audit queries open --save wrote it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The log's key, as its operator told it, or as gradus checkpoint shows it
    #[arg(long, value_name = "KEY", required_unless_present = "policy")]
    pub key: Option<String>,
    /// File with the logs, witnesses and the quorum that you trust (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}
