//! `gradus checkpoint`, `gradus prove` and `gradus verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::append::{AppendArgs, ConfirmArgs};
use super::coordinate::PointArgs;
use crate::select::{Moment, Selector};

/// What to do with checkpoints.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  gradus checkpoint
  gradus checkpoint --known-at 2026-03-01
  gradus checkpoint --save log.checkpoint
  gradus checkpoint --witnessed --save log.checkpoint

A checkpoint is the size of the log and the root over its records, signed by the log's key. Each
command that records keeps the last one it saw, and checks that the next is the same log, grown."
)]
pub struct CheckpointArgs {
    /// What to do; without it the newest checkpoint is shown.
    #[command(subcommand)]
    pub command: Option<CheckpointCommand>,
    /// Prove that a log of this size is part of it
    #[arg(long, value_name = "SIZE")]
    pub log_size: Option<u64>,
    /// Prove that what was recorded up to then is part of it
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    #[arg(conflicts_with = "log_size")]
    pub known_at: Option<Moment>,
    /// The newest one that enough witnesses signed, in place of the newest
    #[arg(long)]
    pub witnessed: bool,
    /// Write the signed note to this file
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// What to do with checkpoints.
#[derive(Clone, Debug, Subcommand)]
pub enum CheckpointCommand {
    /// Show the last checkpoint that was seen of the server's log, without asking it
    #[command(after_help = "Example: gradus checkpoint seen")]
    Seen,
    /// Make a new key that signs the log's checkpoints from then on
    #[command(after_help = "Example: gradus checkpoint rotate-key --reason \"the yearly change\"

The old key vouches for the new one in an event, and is destroyed. Clients and gradus capsule verify
follow that; tell the new key to witnesses and to who keeps a policy, and back up the keys.")]
    RotateKey(RotateKeyArgs),
    /// Forget it, after the log was replaced on purpose: the next one that comes is believed
    #[command(after_help = "Example: gradus checkpoint forget")]
    Forget,
}

/// A key to rotate.
#[derive(Clone, Debug, Args)]
pub struct RotateKeyArgs {
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

/// What to prove.
#[derive(Debug, Subcommand)]
pub enum ProveCommand {
    /// Prove that a record is in the log, and check the proof
    #[command(after_help = "Examples:
  gradus prove record 1200
  gradus prove record 1200 --save rating

--save writes rating.leaf and rating.tlog-proof, which gradus verify and other tools for
transparency logs check without a server.")]
    Record(RecordArgs),
    /// Prove that the log of one size is the beginning of another, and check the proof
    #[command(after_help = "Example: gradus prove growth 1200 35000")]
    Growth(GrowthArgs),
    /// Prove how many records the log held at an instant, by the two between which it lies
    #[command(after_help = "Example: gradus prove known-at 2026-03-01")]
    KnownAt(KnownAtArgs),
    /// Prove that no record of a unit is missing, and check the proof
    #[command(after_help = "Examples:
  gradus prove unit web
  gradus prove unit web --log-size 12000
  gradus prove unit web --known-at 2026-03-01

Every record of a unit names the hash of the one before it, and every few thousand records the log says
how far all units had come (gradus prove digests). So a gap is seen, and an end that is too soon. All of
the unit's records are read and checked here.")]
    Unit(UnitArgs),
    /// Prove the level of an area by what the log says itself, and check the proof
    #[command(after_help = "Examples:
  gradus prove level web PA01
  gradus prove level 'web@{2026-03-01}' PA01
  gradus prove level web PA01 --known-at 2026-03-01

Every few thousand records the log says what was told of all areas of all units (gradus prove digests).
The last such digest up to the point asked about is opened for one area: no record of the unit is read,
and what the proof tells of its other areas are hashes. What is not proved is said.")]
    Level(LevelArgs),
    /// Prove that the list of units is whole, and check the proof
    #[command(after_help = "Examples:
  gradus prove scope
  gradus prove scope --log-size 12000
  gradus prove scope --known-at 2026-03-01

Units are registered in the organization's stream, and a state digest has a row of each. All records of
that stream and all rows are read and checked here.")]
    Scope(ScopeArgs),
    /// List the state digests, by which records are proved to be all there are
    #[command(after_help = "Example: gradus prove digests")]
    Digests(DigestsArgs),
}

/// A unit to prove.
#[derive(Debug, Args)]
pub struct UnitArgs {
    /// The unit: its name or id
    pub unit: String,
    /// As the log of this size had it
    #[arg(long, value_name = "SIZE")]
    pub log_size: Option<u64>,
    /// As it was recorded up to then
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    #[arg(conflicts_with = "log_size")]
    pub known_at: Option<Moment>,
}

/// A level to prove.
#[derive(Debug, Args)]
pub struct LevelArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub unit: Selector,
    /// The process area, such as PA01
    pub area: String,
    /// As of when.
    #[command(flatten)]
    pub coordinate: PointArgs,
}

/// A list of units to prove.
#[derive(Clone, Copy, Debug, Args)]
pub struct ScopeArgs {
    /// As the log of this size had it
    #[arg(long, value_name = "SIZE")]
    pub log_size: Option<u64>,
    /// As it was recorded up to then
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    #[arg(conflicts_with = "log_size")]
    pub known_at: Option<Moment>,
}

/// State digests to list.
#[derive(Clone, Copy, Debug, Args)]
pub struct DigestsArgs {
    /// Show at most so many, the newest
    #[arg(long, value_name = "COUNT")]
    pub limit: Option<usize>,
}

/// A record to prove.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Its position
    pub position: u64,
    /// Write NAME.leaf and NAME.tlog-proof
    #[arg(long, value_name = "NAME")]
    pub save: Option<PathBuf>,
}

/// Two sizes of the log.
#[derive(Clone, Copy, Debug, Args)]
pub struct GrowthArgs {
    /// The size that was seen before
    pub old_size: u64,
    /// The size that was seen later [default: that of the newest checkpoint]
    pub new_size: Option<u64>,
}

/// An instant to prove.
#[derive(Clone, Copy, Debug, Args)]
pub struct KnownAtArgs {
    /// The instant; a bare date is its last one
    #[arg(value_name = "DATE", value_parser = Moment::question)]
    pub known_at: Moment,
}

/// A proof to check.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus verify rating.tlog-proof --leaf rating.leaf --key 'gradus/7d0e…+1c2d3e4f+Ab…'
  gradus verify rating.tlog-proof --leaf rating.leaf --policy trusted.policy

A policy says which logs and witnesses you trust, and how many of them have to have signed. No server is asked. Exits with 11 where the proof does not hold.")]
pub struct VerifyArgs {
    /// The file of the proof
    pub proof: PathBuf,
    /// The file of the record's leaf
    #[arg(long, value_name = "FILE")]
    pub leaf: PathBuf,
    /// The log's key, as its operator told it, or as gradus checkpoint shows it
    #[arg(long, value_name = "KEY", required_unless_present = "policy")]
    pub key: Option<String>,
    /// File with the logs, witnesses and the quorum that you trust (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}
