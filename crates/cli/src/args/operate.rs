//! `gradus doctor`, `gradus backup`, `gradus restore` and `gradus upgrade`.

use std::path::PathBuf;

use clap::Args;
use gradus_model::{Edge, Timestamp};

/// The directory that commands look at where none is named.
pub const DATA: &str = "gradus-data";

/// A directory or archive to examine.
#[derive(Debug, Args)]
#[command(after_help = "Examples: gradus doctor --data /var/lib/gradus
          gradus doctor --data /var/lib/gradus --rescue /var/lib/gradus-rescued
          gradus doctor --archive /backup/gradus
Nothing in the directory is changed. It must not be in use: stop the server first.
Ends with 0 when all is well, 20 when something is lost, 24 when something is damaged and nothing
is lost by it.")]
pub struct DoctorArgs {
    /// Directory of the server [default: gradus-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Recover what verifies into this new directory, and say what is lost
    #[arg(long, value_name = "NEW_DIR")]
    pub rescue: Option<PathBuf>,
    /// Verify this archive instead of a directory
    #[arg(long, value_name = "ARCHIVE", conflicts_with = "rescue")]
    pub archive: Option<PathBuf>,
}

/// A backup to make.
#[derive(Debug, Args)]
#[command(after_help = "Examples: gradus backup /backup/gradus --keys /vault/gradus.keys
          gradus backup /backup/gradus --offline /var/lib/gradus
The first time everything is written, then what is new. Attachments that the archive has are compared
and kept; one that is damaged there is fetched again, and one that was erased since is removed.
All of the archive is read again at the end.
Whoever has the file of keys can read every text; without it, a restore is not possible.
Levels and proofs can be checked without it.")]
pub struct BackupArgs {
    /// Directory of the archive; made if it is new, added to if it is there
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// Back up this directory, which no server has open, instead of asking the server
    #[arg(long, value_name = "DIR")]
    pub offline: Option<PathBuf>,
    /// File for the keys of the texts [default: `keys` in the archive]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

/// An archive to restore.
#[derive(Debug, Args)]
#[command(after_help = "Examples: gradus restore /backup/gradus /var/lib/gradus
          gradus restore --to-time 2026-03-01 /backup/gradus /tmp/march
Every record is verified, and the new directory is opened once, before it gets its name.
Restored to an earlier size, the log goes its own way, and says so in its next event.")]
pub struct RestoreArgs {
    /// Directory of the archive
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// Directory to make; nothing is overwritten
    #[arg(value_name = "NEW_DIR")]
    pub to: PathBuf,
    /// Restore so many records at most; never half a call
    #[arg(long, value_name = "SIZE", conflicts_with = "to_time")]
    pub to_size: Option<u64>,
    /// Restore what was recorded up to and including then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to_time: Option<Timestamp>,
    /// File of the keys [default: `keys` in the archive]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

/// A directory whose format to look at.
#[derive(Debug, Args)]
#[command(after_help = "Example: gradus upgrade --data /var/lib/gradus --finalize
After a new version was installed, its server writes the format that it finds, so that the version
before can be gone back to. Once you are content with the new one, --finalize marks the directory
with the newest format; versions that do not know it refuse the directory from then on.")]
pub struct UpgradeArgs {
    /// Directory of the server [default: gradus-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Take the newest format, for good
    #[arg(long)]
    pub finalize: bool,
}

/// A date means its end.
fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text, Edge::End).map_err(|error| error.to_string())
}
