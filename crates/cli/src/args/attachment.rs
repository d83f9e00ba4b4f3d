//! `gradus attachment`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gradus_model::Digest;

/// What to do with attachments.
#[derive(Debug, Subcommand)]
pub enum AttachmentCommand {
    /// Upload files for a unit, so that items can name them
    #[command(after_help = "Examples:
  gradus attachment put report.pdf --project theta
  gradus submit --project theta … --attach report.pdf    # uploads it, and names it in the item

An upload that no item of the unit names within a day is removed. Each unit has files of its own.")]
    Put(PutArgs),
    /// Get an attachment that an item of a unit names
    #[command(after_help = "Examples:
  gradus attachment get 6c62…9bb0 --project theta --save report.pdf
  gradus attachment get 6c62…9bb0 --project theta --save - | less

The file gets its name when all of it has come and hashes to the digest.")]
    Get(GetArgs),
    /// List the attachments that items of a unit name, and where their bytes are
    #[command(after_help = "Example: gradus attachment list --project theta")]
    List(ListArgs),
}

/// Files to upload.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// Files to upload
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
}

/// An attachment to get.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Its SHA-256 in hexadecimal
    #[arg(value_name = "SHA256")]
    pub digest: Digest,
    /// The unit whose items name it
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// File to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub save: PathBuf,
}

/// Attachments to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// The most entries [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}
