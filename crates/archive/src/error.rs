//! What can go wrong with an archive.

use std::path::{Path, PathBuf};

use gradus_model::Digest;

/// An archive that cannot be read or written. What an operator must act on says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No manifest, and other files.
    #[error(
        "`{}` holds `{seen}` and no `manifest.json`: it is no archive of gradus; \
         name one, or an empty or a new directory", .path.display()
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// One of the files there.
        seen: String,
    },
    /// Nothing is there.
    #[error("`{}` holds no archive: its `manifest.json` is missing", .0.display())]
    NoManifest(PathBuf),
    /// Written by a newer version.
    #[error(
        "`{}` has format {seen}, this version knows format {known}: use a newer version of gradus",
        .path.display()
    )]
    TooNew {
        /// The manifest.
        path: PathBuf,
        /// The format it says.
        seen: u32,
        /// The newest format known here.
        known: u32,
    },
    /// A file is not as it was written.
    #[error("`{}` is damaged, {what}: take another copy of the archive", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the position of the record where there is one.
        what: String,
    },
    /// The records do not have the root that was said.
    #[error(
        "the archive's records have root {seen}, its manifest says {said}: \
         take another copy of the archive"
    )]
    OtherRoot {
        /// The root of what is there.
        seen: Digest,
        /// The root that the manifest says.
        said: Digest,
    },
    /// The archive is of another log than what is to be added to it.
    #[error(
        "the archive holds {size} records with root {held}, the log had root {offered} then: \
         it is of another log, or the log was forked; back up to a new directory"
    )]
    OtherLog {
        /// The archive's size.
        size: u64,
        /// The archive's root.
        held: Digest,
        /// The root that the log has at that size.
        offered: Digest,
    },
    /// The archive holds more than the log.
    #[error(
        "the archive holds {held} records, the log {offered}: the log is behind its backup; \
         restore the backup, or back up to a new directory"
    )]
    Ahead {
        /// The archive's size.
        held: u64,
        /// The log's size.
        offered: u64,
    },
    /// A record that is too long for the format.
    #[error("position {position}: {seen} bytes are too many, at most 65535 are allowed")]
    TooLong {
        /// The record.
        position: u64,
        /// Its bytes.
        seen: usize,
    },
    /// The system refused.
    #[error("cannot {doing} `{}`: {source}", .path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ArchiveError {
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into() }
    }
}

/// Names the file when the file system fails.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, ArchiveError>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, ArchiveError> {
        self.map_err(|source| ArchiveError::File { doing, path: path.to_owned(), source })
    }
}
