//! The data directory: whose it is, which format it has, and that one process holds it.
//!
//! | name | content |
//! |---|---|
//! | `FORMAT` | `gradus data directory`, a line feed, `format 1`, a line feed |
//! | `LOCK` | locked while a process holds the directory; its process id, a line feed |
//! | `log` | the engine's files |
//! | `keys` | one key file per unit ([`crate::keys`]); backed up apart |
//! | `checkpoints` | signed checkpoints that are kept, by size ([`crate::checkpoints`]) |
//! | `checkpoint.key` | the key that signs them; backed up with the other keys |
//! | `checkpoint.key.next` | the key that is to take its place, while that is being rotated |
//! | `attachments` | held attachments by unit and digest, sealed ([`crate::attachments`]) |
//! | `documents` | held documents by digest ([`crate::documents`]) |
//! | `admin.token` | the operator's token of the first start, or the one recovered last |
//! | `recovered-NAME.token` | a token that was recovered for another principal ([`crate::recover`]) |
//! | `queries` | what auditors asked, until it is opened ([`crate::queries`]) |
//! | `contradicted` | which witnesses have seen another log ([`crate::witnesses`]) |
//! | `last-used` | when tokens were last used ([`crate::uses`]); may be lost |
//!
//! Nothing is written into a directory that holds other files and no `FORMAT`.

pub(crate) mod folder;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

pub(crate) use folder::Folder;
pub use folder::{FileError, Step};

/// The newest format known here: what a new directory is written in, and an older one after
/// `gradus upgrade --finalize`.
pub const FORMAT: u32 = 1;
/// The oldest format that is read, and written in a directory that is still marked with it.
pub const OLDEST: u32 = 1;

const FORMAT_FILE: &str = "FORMAT";
const FORMAT_HEAD: &str = "gradus data directory\nformat ";
const LOCK_FILE: &str = "LOCK";
pub(crate) const ATTACHMENTS: &str = "attachments";
pub(crate) const QUERIES: &str = "queries";
pub(crate) const LAST_USED: &str = "last-used";
pub(crate) const CHECKPOINT_KEY: &str = "checkpoint.key";
/// What an empty directory may hold: our own first steps, and what a fresh volume has.
const EMPTY: [&str; 4] = [FORMAT_FILE, LOCK_FILE, "FORMAT.new", "lost+found"];

/// A data directory that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Other files are there.
    #[error(
        "`{}` holds `{seen}` and no `{FORMAT_FILE}`: it is no data directory of gradus; \
         name one, or an empty or a new directory",
        .path.display()
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// One of the files there.
        seen: String,
    },
    /// Written by a newer version.
    #[error(
        "`{}` has format {seen}, this version knows format {known}: use a newer version of gradus",
        .path.display()
    )]
    TooNew {
        /// The directory.
        path: PathBuf,
        /// The format it says.
        seen: u32,
        /// The newest format known here.
        known: u32,
    },
    /// The format file says nothing that it could.
    #[error(
        "`{}` begins with {seen:?} and names no format: \
         restore it, its lines are `gradus data directory` and `format {FORMAT}`",
        .path.display()
    )]
    BadFormat {
        /// The format file.
        path: PathBuf,
        /// Its beginning.
        seen: String,
    },
    /// This user may not write there, or nobody may.
    #[error(
        "`{}` is read-only for this user ({source}): make it writable, or name another directory",
        .path.display()
    )]
    ReadOnly {
        /// The directory.
        path: PathBuf,
        /// What the system refused.
        source: FileError,
    },
    /// Keys are there, and no trace of the log they belong to.
    #[error(
        "`{}` holds keys and no log: restore `log` and `anchor` from a backup, \
         or name an empty or a new directory",
        .path.display()
    )]
    LogLost {
        /// The directory.
        path: PathBuf,
    },
    /// Another process works there.
    #[error(
        "`{}` is held by {}: stop it, or name another directory",
        .path.display(), holder(*.pid)
    )]
    Held {
        /// The directory.
        path: PathBuf,
        /// Its process id, if it could be read.
        pid: Option<u32>,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

/// A data directory, held by this process until it is dropped.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// The format that is written in it, after its mark.
    format: u32,
    /// Locked while it is open.
    _lock: File,
}

impl Directory {
    /// Opens and locks the data directory at `path`; an absent one is made, with mode 0700, and an
    /// empty one becomes ours.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let told = |error: FileError| {
            if error.is_read_only() {
                DirectoryError::ReadOnly { path: path.to_owned(), source: error }
            } else {
                DirectoryError::File(error)
            }
        };
        folder::create_folder(path).map_err(told)?;
        if format_of(path)?.is_none() {
            check_empty(path)?;
        }
        let Some(lock) = lock(path).map_err(told)? else {
            return Err(DirectoryError::Held { path: path.to_owned(), pid: read_pid(path) });
        };
        // Asked again: another process may have been here before the lock was ours.
        let format = if let Some(format) = format_of(path)? {
            probe(path).map_err(told)?;
            format
        } else {
            mark(path, FORMAT).map_err(told)?;
            FORMAT
        };
        Ok(Self { path: path.to_owned(), format, _lock: lock })
    }

    /// The format that is written here: an older one stays until `gradus upgrade --finalize`, so
    /// that the version before can still be gone back to.
    #[must_use]
    pub const fn format(&self) -> u32 {
        self.format
    }

    /// Marks the directory with the newest format; the format it had before. Durable on return,
    /// and not to be undone: older programs refuse it from then on.
    pub fn finalize(&mut self) -> Result<u32, DirectoryError> {
        self.finalize_to(FORMAT)
    }

    fn finalize_to(&mut self, newest: u32) -> Result<u32, DirectoryError> {
        let before = self.format;
        if before < newest {
            mark(&self.path, newest)?;
            self.format = newest;
        }
        Ok(before)
    }

    /// Refuses to begin a new log beside the keys of another one.
    ///
    /// A first start that crashed has its anchor already: the engine makes it before any key.
    pub(crate) fn refuse_lost_log(&self) -> Result<(), DirectoryError> {
        if self.log().exists() || self.path.join("anchor").exists() {
            return Ok(());
        }
        let keys = self.keys();
        let has_keys = match fs::read_dir(&keys) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(FileError::new(Step::Read, &keys, source).into()),
        };
        if has_keys { Err(DirectoryError::LogLost { path: self.path.clone() }) } else { Ok(()) }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the engine keeps the log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The folder of projections, which can be removed while nothing runs.
    #[must_use]
    pub fn projections(&self) -> PathBuf {
        self.path.join("projections")
    }

    /// The folder of the rows that state digests were made of; derived.
    #[must_use]
    pub fn states(&self) -> PathBuf {
        self.projections().join("states")
    }

    /// The folder of key files.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// The folder of held attachments.
    #[must_use]
    pub fn attachments(&self) -> PathBuf {
        self.path.join(ATTACHMENTS)
    }

    /// The folder of held documents.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.path.join("documents")
    }

    /// The folder of checkpoints that are kept.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The file of the key that signs checkpoints.
    #[must_use]
    pub fn checkpoint_key(&self) -> PathBuf {
        self.path.join(CHECKPOINT_KEY)
    }

    /// The file of the key that is to take that one's place.
    #[must_use]
    pub fn next_checkpoint_key(&self) -> PathBuf {
        self.path.join(CHECKPOINT_KEY).with_added_extension("next")
    }

    /// The file of the first admin token.
    #[must_use]
    pub fn admin_token(&self) -> PathBuf {
        self.path.join("admin.token")
    }

    /// The file that says which witnesses have seen another log; there while one has.
    #[must_use]
    pub fn contradicted(&self) -> PathBuf {
        self.path.join("contradicted")
    }

    /// The file that says when tokens were last used.
    #[must_use]
    pub fn last_used(&self) -> PathBuf {
        self.path.join(LAST_USED)
    }

    /// The folder of what auditors asked and nobody may know yet.
    #[must_use]
    pub fn queries(&self) -> PathBuf {
        self.path.join(QUERIES)
    }

    /// Writes a file that only its owner can read, as a whole; durable on return.
    pub fn write_secret(&self, path: &Path, text: &str) -> Result<(), FileError> {
        folder::replace(path, text.as_bytes())
    }
}

/// The lock of a directory that is only read.
pub(crate) struct Held(
    /// Locked while it is open.
    #[expect(dead_code, reason = "held, not read")]
    File,
);

/// Holds the data directory at `path` against servers without a change to it; `None` when its lock
/// file is not there.
pub(crate) fn hold_unchanged(path: &Path) -> Result<Option<Held>, DirectoryError> {
    let failed = |at: &Path, source| FileError::new(Step::Read, at, source);
    let mut entries = fs::read_dir(path).map_err(|source| failed(path, source))?;
    match format_of(path) {
        // A damaged one is for the examiner to tell.
        Ok(Some(_)) | Err(DirectoryError::BadFormat { .. }) => (),
        Ok(None) if path.join("log").is_dir() || path.join("anchor").exists() => (),
        Ok(None) => {
            let seen = entries.next().transpose().map_err(|source| failed(path, source))?;
            let seen = seen.map_or_else(|| "nothing".into(), |entry| entry.file_name());
            let seen = seen.to_string_lossy().into_owned();
            return Err(DirectoryError::NotOurs { path: path.to_owned(), seen });
        }
        Err(error) => return Err(error),
    }
    let lock = path.join(LOCK_FILE);
    let file = match File::open(&lock) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(&lock, source).into()),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Held(file))),
        Err(TryLockError::WouldBlock) => {
            Err(DirectoryError::Held { path: path.to_owned(), pid: read_pid(path) })
        }
        Err(TryLockError::Error(source)) => Err(FileError::new(Step::Lock, &lock, source).into()),
    }
}

/// Writes the mark of a format.
fn mark(path: &Path, format: u32) -> Result<(), FileError> {
    folder::replace(&path.join(FORMAT_FILE), format!("{FORMAT_HEAD}{format}\n").as_bytes())
}

/// The format of a directory that is ours, if it is one known here.
pub(crate) fn format_of(path: &Path) -> Result<Option<u32>, DirectoryError> {
    let file = path.join(FORMAT_FILE);
    let text = match read_start(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(DirectoryError::File(FileError::new(Step::Read, &file, source)));
        }
    };
    let line = text.strip_prefix(FORMAT_HEAD).and_then(|rest| rest.lines().next());
    match line.and_then(|number| number.parse().ok()) {
        Some(format) if (OLDEST..=FORMAT).contains(&format) => Ok(Some(format)),
        Some(seen) if seen > FORMAT => {
            Err(DirectoryError::TooNew { path: path.to_owned(), seen, known: FORMAT })
        }
        _ => Err(DirectoryError::BadFormat { path: file, seen: text.chars().take(40).collect() }),
    }
}

/// The first 200 bytes of a file.
fn read_start(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(200).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn check_empty(path: &Path) -> Result<(), DirectoryError> {
    let failed = |source| DirectoryError::File(FileError::new(Step::Read, path, source));
    for entry in fs::read_dir(path).map_err(failed)? {
        let seen = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !EMPTY.contains(&seen.as_str()) {
            return Err(DirectoryError::NotOurs { path: path.to_owned(), seen });
        }
    }
    Ok(())
}

/// The lock, or `None` when another process has it.
fn lock(path: &Path) -> Result<Option<File>, FileError> {
    let path = path.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|source| FileError::new(Step::Create, &path, source))?;
    match file.try_lock() {
        Ok(()) => (),
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(source)) => return Err(FileError::new(Step::Lock, &path, source)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(|source| FileError::new(Step::Write, &path, source))?;
    Ok(Some(file))
}

fn read_pid(path: &Path) -> Option<u32> {
    read_start(&path.join(LOCK_FILE)).ok()?.trim_end().parse().ok()
}

/// Whether files can be made here: an old lock file may be writable where nothing else is.
fn probe(path: &Path) -> Result<(), FileError> {
    let probe = path.join("PROBE.new");
    File::create(&probe).map_err(|source| FileError::new(Step::Create, &probe, source))?;
    fs::remove_file(&probe).map_err(|source| FileError::new(Step::Remove, &probe, source))
}
