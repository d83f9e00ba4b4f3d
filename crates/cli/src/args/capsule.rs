//! `gradus capsule`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gradus_model::Timestamp;
use gradus_model::evidence::{Outcome, Strength};

use super::append::AppendArgs;
use super::words::words;
use crate::select::{self, Moment};

/// What to do with capsules.
#[derive(Debug, Subcommand)]
pub enum CapsuleCommand {
    /// Make a file that proves the levels of units without a server
    #[command(after_help = "Examples:
  gradus capsule create rustls --until 2026-03-01 --known-at 2026-03-31 -o rustls.capsule
  gradus capsule create rustls openssl --log-size 35000 --withhold note -o two.capsule
  gradus capsule create --all -o everything.capsule
  gradus capsule create rustls --summary -o rustls.summary

The file holds the records of the units, of those above them and of the organization, with proofs
that lead to a signed checkpoint, the texts that you may read, the documents that levels are computed
with, and the levels that follow. It is verified before it is written. Who makes one has to be
auditor or admin of the whole organization. The same question gives the same bytes.
A summary holds no record: it proves what the log says itself that levels were (gradus prove level), and not
that they follow from anything. It takes a role on its units alone.")]
    Create(CreateArgs),
    /// Verify a capsule, without a server, and run its rules again
    #[command(after_help = "Examples:
  gradus capsule verify rustls.capsule --key 'gradus/7d0e…+1c2d3e4f+Ab…'
  gradus capsule verify rustls.capsule --policy trusted.policy --output json

Says what was proved, and what was not. Exits with 11 where something is not as it must be, naming
the member and the position of the first such thing, and with 12 where there is nothing to verify.")]
    Verify(VerifyArgs),
    /// Lay the levels of several capsules side by side, held against one profile, without a server
    #[command(after_help = "Examples:
  gradus capsule compare a.capsule b.capsule --profile service-bureau --key KEY-A --key KEY-B
  gradus capsule compare a.capsule b.capsule c.capsule --profile certification-authority \\
      --valid-at 2026-03-01 --known-at 2026-03-31 --policy trusted.policy

Suppliers or certification authorities, area by area and without a total: what is rated, what is
ongoing, and how far that is from what the profile aims at. Each capsule is verified first; exits with
11 where one fails. Says what may not be compared, and what nobody proved. The profile is one that the
logs of the capsules published.")]
    Compare(CompareArgs),
    /// Verify a capsule of another log, and put it forward as evidence of foreign origin
    #[command(
        after_help = "Example: a supplier's capsule, held against the key that the supplier told
  gradus capsule submit openssl.capsule --project billing --practice BP.22.02 \\
      --key 'gradus/7d0e…+1c2d3e4f+Ab…' --note 'asked for in the contract'

The item says which log, unit and date the levels are of, what the capsule proves and what it does not,
and has the ongoing level of each area as a measure. It is an item like any other: it waits for review,
and is effective from the date that the levels are of. The same capsule again is the same item."
    )]
    Submit(Box<SubmitArgs>),
    /// Show what a capsule holds and claims, without verifying it
    #[command(after_help = "Example: gradus capsule show rustls.capsule")]
    Show(ShowArgs),
}

/// A capsule to make.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Units whose levels it proves
    #[arg(value_name = "UNIT", required_unless_present = "all")]
    pub units: Vec<String>,
    /// All units, with every record: it proves that nothing was left out
    #[arg(long, conflicts_with = "units")]
    pub all: bool,
    /// Moment of the units' life; a bare date is its last instant [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub until: Option<Moment>,
    /// Only what was recorded up to then
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    #[arg(conflicts_with = "log_size")]
    pub known_at: Option<Moment>,
    /// Only what a log of this size holds
    #[arg(long, value_name = "SIZE")]
    pub log_size: Option<u64>,
    /// Withhold the texts of this field, such as note; can be given again
    #[arg(long, value_name = "FIELD")]
    pub withhold: Vec<String>,
    /// Leave out all texts
    #[arg(long)]
    pub without_texts: bool,
    /// Without records: only what the log says itself of the units' own levels, every few thousand records
    #[arg(long, conflicts_with_all = ["withhold", "without_texts"])]
    pub summary: bool,
    /// Write the capsule to this file
    #[arg(short = 'o', long, value_name = "FILE")]
    pub save: PathBuf,
}

/// A capsule to verify.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The file
    pub capsule: PathBuf,
    /// The log's key, as its operator told it; without it nothing says who made the capsule
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// File with the logs, witnesses and the quorum that you trust (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// A capsule to put forward.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("trusted").required(true))]
pub struct SubmitArgs {
    /// The file
    pub capsule: PathBuf,
    /// The unit here that it is evidence for
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// The unit of the capsule that it is about, by name or id [default: its only one]
    #[arg(long, value_name = "UNIT")]
    pub of: Option<String>,
    /// Practice that it speaks for, such as BP.22.02; may be repeated
    #[arg(long, required = true)]
    pub practice: Vec<String>,
    /// Which way it speaks
    #[arg(long, default_value = "supports", value_parser = words(Outcome::ALL, Outcome::name))]
    pub outcome: Outcome,
    /// How closely it is tied to the practices
    #[arg(long, default_value = "indirect", value_parser = words(Strength::ALL, Strength::name))]
    pub strength: Strength,
    /// End of its validity, if there is one besides that of the rules
    #[arg(long, value_name = "DATE", value_parser = select::end)]
    pub valid_until: Option<Timestamp>,
    /// Words of your own, before those on what was proved
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// The key of the log that it comes from, as its operator told it
    #[arg(long, value_name = "KEY", group = "trusted")]
    pub key: Option<String>,
    /// File with the logs, witnesses and the quorum that you trust (C2SP tlog-policy)
    #[arg(long, value_name = "FILE", group = "trusted")]
    pub policy: Option<PathBuf>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Capsules to compare.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The files
    #[arg(required = true)]
    pub capsules: Vec<PathBuf>,
    /// Profile that all are held against, an id or digest
    #[arg(long, value_name = "PROFILE")]
    pub profile: String,
    /// Moment of the units' life; a bare date is its last instant [default: that of each capsule]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub valid_at: Option<Moment>,
    /// Only what was recorded up to then [default: all that each capsule knows]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub known_at: Option<Moment>,
    /// Key of a log, as its operator told it; can be given again, each capsule needs one of them
    #[arg(long, value_name = "KEY")]
    pub key: Vec<String>,
    /// File with the logs, witnesses and the quorum that you trust (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// A capsule to look at.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The file
    pub capsule: PathBuf,
}
