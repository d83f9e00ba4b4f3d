//! `gradus clock`.

use clap::{Args, Subcommand};

use super::append::{AppendArgs, ConfirmArgs};

/// What to do with the server's clock.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples: gradus clock
          gradus clock accept --reason 'the machine was off for half a year'"
)]
pub struct ClockArgs {
    /// What to do; without it the clock is shown.
    #[command(subcommand)]
    pub command: Option<ClockCommand>,
}

/// What to do with the server's clock.
#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Take the suspect clock for right, by an event; where it is wrong, set it right instead
    #[command(
        after_help = "Example: gradus clock accept --reason 'NTP was off, the clock is right'
Records are stamped by it from then on. A stamp is never taken back."
    )]
    Accept(AcceptArgs),
}

/// A clock to accept.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// Why it is right; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}
