//! `gradus conflict`.

use clap::{Args, Subcommand};

use super::append::{AppendArgs, EndingArgs};
use super::coordinate::HoldsArgs;
use crate::select::Moment;

/// What to do with conflicts of interest.
#[derive(Debug, Subcommand)]
pub enum ConflictCommand {
    /// Declare that you, or somebody else, have an interest of your own in a unit
    #[command(after_help = "Examples:
  gradus conflict declare theta --reason \"I wrote most of it\"
  gradus conflict declare theta --principal bob --until 2027-03-31 --reason \"his former team\"

It holds on the unit and on all units below it. Who has a conflict may not rate there, unless the
rules relax `conflicted-rates`, and ratings of theirs that stand are shown with it. Of others only
who may settle the unit can declare it.")]
    Declare(DeclareArgs),
    /// Say that a conflict of interest is over
    #[command(
        after_help = "Example: gradus conflict withdraw theta bob --reason \"left that team\"

Only who may settle the unit can say so."
    )]
    Withdraw(WithdrawArgs),
    /// List the conflicts of interest in force, of a unit or of all, now or at a date
    #[command(after_help = "Examples:
  gradus conflict list
  gradus conflict list theta
  gradus conflict list theta --valid-at 2027-02-01 --output json

Lists those declared on the unit and on the units above it, or on all that you may see. The reason is the text of the record at
the position: gradus events shows it.")]
    List(ListArgs),
}

/// A conflict to declare.
#[derive(Debug, Args)]
pub struct DeclareArgs {
    /// Name or id of the unit
    pub unit: String,
    /// Name or id of the principal [default: you]
    #[arg(long, value_name = "NAME")]
    pub principal: Option<String>,
    /// From when on; may be past or lie ahead [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub from: Option<Moment>,
    /// First instant at which it is over; a bare date is the end of that day
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub until: Option<Moment>,
    /// Which interest it is; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A conflict to withdraw.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// Name or id of the unit that it was declared on
    pub unit: String,
    /// Name or id of the principal
    pub principal: String,
    /// From when on, why, and how.
    #[command(flatten)]
    pub ending: EndingArgs,
}

/// Which conflicts to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Name or id of the unit [default: all that you may see]
    #[arg(default_value = "", hide_default_value = true)]
    pub unit: String,
    /// As of when.
    #[command(flatten)]
    pub holds: HoldsArgs,
}
