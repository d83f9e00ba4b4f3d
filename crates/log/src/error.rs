//! What can go wrong with a log.

use std::io::ErrorKind;
use std::path::PathBuf;

use gradus_model::leaf::LeafError;
use gradus_model::{Digest, Timestamp, UnitId};
use gradus_proof::{Plan, TreeError};

use crate::Head;

/// Why the log refuses or fails. What an operator must act on says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// A group was not durable in time, and nothing tells that it will be.
    #[error("a group of records was not durable after {} s: the disk or its driver hangs", most.as_secs())]
    Stalled {
        /// How long a group may take.
        most: std::time::Duration,
    },
    /// The queue of appends is full; a later try may find room.
    #[error("the queue holds {calls} appends of {bytes} bytes and takes no more now")]
    Full {
        /// Appends waiting.
        calls: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// An append passes a bound.
    #[error("{seen} {what} are too many: at most {most} are allowed")]
    TooLarge {
        /// What is bounded.
        what: &'static str,
        /// How many were given.
        seen: usize,
        /// How many may be given.
        most: usize,
    },
    /// An append, or one of its parts, holds no record.
    #[error("an append or a part of it holds no record")]
    Empty,
    /// Another writer came first.
    #[error("stream {stream} is at version {actual}, not {expected}")]
    StaleVersion {
        /// The stream.
        stream: UnitId,
        /// The version the writer saw.
        expected: u64,
        /// The version the stream has.
        actual: u64,
    },
    /// The clock is not where it should be, so nothing can be stamped.
    #[error(
        "the clock says {wall} where {expected} is expected: set the clock right, or accept it"
    )]
    ClockSuspect {
        /// What the wall clock says.
        wall: Timestamp,
        /// What the monotonic clock or the last record's stamp leads to expect.
        expected: Timestamp,
    },
    /// The clock is where it should be, so there is nothing to accept.
    #[error("the clock says {wall} where {expected} is expected: there is nothing to accept")]
    ClockBelieved {
        /// What the wall clock says.
        wall: Timestamp,
        /// What is expected.
        expected: Timestamp,
    },
    /// A size the log has not reached.
    #[error("size {asked} is past the log's {size}")]
    Past {
        /// The size asked for.
        asked: u64,
        /// The durable size.
        size: u64,
    },
    /// The log is closed, or stopped after a failure; what is not acknowledged may not be there.
    #[error("the log is closed")]
    Closed,

    /// Another process holds the directory.
    #[error("{} is held by another process: stop that one first", .directory.display())]
    Held {
        /// The log's directory.
        directory: PathBuf,
    },
    /// The log is not what the anchor says was durable: acknowledged records are missing or
    /// changed.
    #[error(
        "the anchor says size {} with root {}, the log has size {} with root {}: \
         restore a backup that holds the anchor's size, the directory is left as it is",
        .anchor.size, .anchor.root, .log.size, .log.root
    )]
    BehindAnchor {
        /// What was durable once.
        anchor: Head,
        /// What is there: the log's head, or its root at the anchor's size.
        log: Head,
    },
    /// The anchor belongs to another log.
    #[error(
        "the anchor belongs to the log that starts with {anchor}, this one starts with {log}: \
         put back the log or the anchor that belong together"
    )]
    OtherLog {
        /// The first leaf's hash after the anchor.
        anchor: Digest,
        /// The first leaf's hash in the log.
        log: Digest,
    },
    /// The anchor is missing or unreadable while the log holds records.
    #[error(
        "{} is missing or unreadable while the log holds {size} records: restore it, \
         or accept the log as it is with --accept-missing-anchor", .anchor.display()
    )]
    NoAnchor {
        /// The anchor's file.
        anchor: PathBuf,
        /// The log's size.
        size: u64,
    },
    /// Written by a newer version.
    #[error("the {what} has format {seen}, this version reads format {known}: use a newer one")]
    NewerFormat {
        /// What has the format.
        what: &'static str,
        /// The format seen.
        seen: u16,
        /// The newest format that can be read.
        known: u16,
    },
    /// The log holds what cannot have been written.
    #[error(
        "the log is damaged at position {position}, {what}: restore a backup, \
         the directory is left as it is"
    )]
    Damaged {
        /// The first position concerned.
        position: u64,
        /// What is wrong there.
        what: String,
    },
    /// A file of the log is not as it was written, and records that were acknowledged cannot be
    /// read.
    #[error(
        "{} is damaged at byte {at}, {what} ({meaning}): restore a backup, or recover what verifies \
         with `gradus doctor --rescue`; the directory is left as it is", .path.display()
    )]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// The first byte concerned, from 0.
        at: u64,
        /// What is wrong there.
        what: String,
        /// What is lost by it.
        meaning: String,
    },
    /// The storage library cannot open the log.
    #[error(
        "{} cannot be opened, {reason}: restore a backup, the directory is left as it is",
        .directory.display()
    )]
    Unopenable {
        /// The database's directory.
        directory: PathBuf,
        /// What the library says.
        reason: String,
    },
    /// The log's database holds values that it may not sync.
    #[error("{} is not empty: values in there are not synced; restore a backup", .0.display())]
    Blobs(PathBuf),
    /// No room for a copy of the log before recovery.
    #[error(
        "{} needs {needed} bytes for a copy of the log before recovery, {free} are free: make room",
        .directory.display()
    )]
    NoSpace {
        /// The log's directory.
        directory: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// The file system failed.
    #[error("cannot {doing} {}: {source}{}", .path.display(), advice(.source))]
    Io {
        /// What was tried, for example `sync`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Records that lie in the files came out of them once and not again.
    #[error(
        "{} was opened with {size} records, and {most} lie in it: it is not read the same each \
         time; check the disk and start again, the directory is left as it is", .path.display()
    )]
    Unsteady {
        /// The file.
        path: PathBuf,
        /// The records that were opened.
        size: u64,
        /// The records that lie there.
        most: u64,
    },
    /// The storage library failed.
    #[error("the storage failed: {0}")]
    Storage(String),
}

impl LogError {
    /// Whether all that failed is the system on a file of the log: trying again may go well, and
    /// nothing says that anything is damaged.
    #[must_use]
    pub fn is_of_system(&self) -> bool {
        match self {
            Self::Io { .. } => true,
            Self::Storage(reason) => system_error(reason).is_some(),
            _ => false,
        }
    }

    pub(crate) fn damaged(position: u64, what: impl Into<String>) -> Self {
        Self::Damaged { position, what: what.into() }
    }

    /// What a leaf that cannot be read means at `position`.
    pub(crate) fn of_leaf(position: u64, error: &LeafError) -> Self {
        match error {
            LeafError::Format(seen) if *seen > gradus_model::leaf::FORMAT => {
                Self::NewerFormat { what: "leaf", seen: *seen, known: gradus_model::leaf::FORMAT }
            }
            other => Self::damaged(position, other.to_string()),
        }
    }
}

/// The system's error that a text of the storage library tells: it keeps only the words of most.
pub(crate) fn system_error(text: &str) -> Option<std::io::Error> {
    let code = ["os error ", "Os { code: "].iter().find_map(|mark| {
        let (_, rest) = text.split_once(mark)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    code.map(std::io::Error::from_raw_os_error)
}

/// What to do about an error of the file system, to follow what it says; empty where that says it.
#[must_use]
pub fn advice(error: &std::io::Error) -> &'static str {
    const EIO: i32 = 5;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room, then start again",
        ErrorKind::ReadOnlyFilesystem => "; check the disk, then start again",
        _ if error.raw_os_error() == Some(EIO) => "; check the disk, then start again",
        _ => "",
    }
}

impl LogError {
    /// Refuses a proof that takes what is past the head.
    pub(crate) fn refuse_past(plan: &Plan, head: u64) -> Result<(), Self> {
        match plan.needed().map(|subtree| subtree.leaves().end).max() {
            Some(asked) if asked > head => Err(Self::Past { asked, size: head }),
            _ => Ok(()),
        }
    }
}

impl From<TreeError> for LogError {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Past { asked, size } => Self::Past { asked, size },
            wrong @ (TreeError::Leaves { .. } | TreeError::Leaf { .. } | TreeError::Proof(_)) => {
                Self::Storage(wrong.to_string())
            }
        }
    }
}

/// Names the file when the file system fails.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &std::path::Path) -> Result<T, LogError>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: &'static str, path: &std::path::Path) -> Result<T, LogError> {
        self.map_err(|source| LogError::Io { doing, path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_of_the_file_system_says_what_failed_and_what_to_do() {
        let said = |code| {
            let failed: io::Result<()> = Err(io::Error::from_raw_os_error(code));
            failed.doing("read", std::path::Path::new("log/db")).unwrap_err().to_string()
        };
        assert_eq!(
            said(5),
            "cannot read log/db: Input/output error (os error 5); check the disk, then start again"
        );
        assert_eq!(
            said(28),
            "cannot read log/db: No space left on device (os error 28); make room, then start again"
        );
        assert_eq!(said(2), "cannot read log/db: No such file or directory (os error 2)");
    }
}
