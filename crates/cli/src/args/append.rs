//! How to append: what every command that records something takes.

use clap::{Args, ValueEnum};
use gradus_model::payload::Class;
use gradus_wire::v1;

use super::words::words;
use crate::select::Moment;

/// What to do in place of recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// Print the request, and send nothing.
    Client,
    /// Let the server check it, and tell which levels would change.
    Server,
}

/// How to append.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Recording")]
pub struct AppendArgs {
    /// Record nothing: print the request, or let the server check it
    #[arg(long, value_enum, value_name = "WHERE")]
    pub dry_run: Option<DryRun>,
    /// Id of this call, a UUID; the same again is harmless [default: drawn]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Refuse if the stream is not at this version
    #[arg(long, value_name = "VERSION")]
    pub expected_version: Option<u64>,
    /// Who may read the texts given: whoever may read the unit, also assessors, auditors and admins
    /// only, or what an interview said, for assessors only
    #[arg(long, value_name = "CLASS", default_value = "ordinary",
        value_parser = words(Class::ALL, Class::name))]
    pub payload_class: Class,
    /// Answer once a signed checkpoint covers it, with proofs (--output json shows them)
    #[arg(long)]
    pub await_checkpoint: bool,
}

impl AppendArgs {
    /// The options of a request with this id.
    #[must_use]
    pub fn options(&self, request_id: String) -> v1::AppendOptions {
        v1::AppendOptions {
            request_id,
            expected_version: self.expected_version,
            validate_only: self.dry_run == Some(DryRun::Server),
            payload_class: match self.payload_class {
                Class::Ordinary => v1::PayloadClass::Unspecified,
                Class::Confidential => v1::PayloadClass::Confidential,
                Class::Unattributed => v1::PayloadClass::Unattributed,
            }
            .into(),
            await_checkpoint: self.await_checkpoint,
        }
    }
}

/// Whether to ask before what cannot be undone.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ConfirmArgs {
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,
}

/// How to end something for good.
#[derive(Clone, Debug, Args)]
pub struct FinalArgs {
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// How to end what holds.
#[derive(Clone, Debug, Args)]
pub struct EndingArgs {
    /// First instant at which it no longer holds [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub at: Option<Moment>,
    /// Why, and how.
    #[command(flatten)]
    pub how: FinalArgs,
}
