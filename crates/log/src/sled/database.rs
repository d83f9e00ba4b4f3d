//! Opens sled databases: sled refuses over a torn snapshot, and panics on some kinds of damage.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{IFlags, fsync, ioctl_getflags, ioctl_setflags};

use super::MOST_CACHE_BYTES;
use crate::LogError;
use crate::error::{Doing as _, system_error};

/// How long a database of this process may take to let go of its file.
const LETS_GO_WITHIN: Duration = Duration::from_secs(2);

/// Opens or creates the database in `directory`.
pub(super) fn open(directory: &Path, cache_bytes: u64) -> Result<::sled::Db, LogError> {
    remove_torn_snapshots(directory)?;
    let patience = Instant::now() + LETS_GO_WITHIN;
    loop {
        let config = ::sled::Config::new()
            .path(directory)
            .cache_capacity(cache_bytes.min(MOST_CACHE_BYTES))
            .mode(::sled::Mode::HighThroughput)
            .flush_every_ms(None);
        // Nothing outlives a panic in here but what sled itself leaks.
        let reason = match quietly(|| config.open()) {
            Ok(Ok(database)) => return Ok(database),
            Ok(Err(::sled::Error::Io(error))) if is_held(&error) => {
                // sled's own threads may hold the file a little after a database was dropped.
                if Instant::now() < patience {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                }
                return Err(LogError::Held { directory: directory.to_owned() });
            }
            Ok(Err(error)) => text(&error),
            Err(panic) => panic,
        };
        return Err(unopenable(directory, reason));
    }
}

/// Does work on a database that may be damaged; a panic of the library becomes an error.
pub(super) fn caught<T>(
    directory: &Path,
    work: impl FnOnce() -> Result<T, LogError>,
) -> Result<T, LogError> {
    quietly(work).unwrap_or_else(|reason| Err(unopenable(directory, reason))).map_err(|error| {
        match error {
            LogError::Storage(reason) if system_error(&reason).is_some() => {
                unopenable(directory, reason)
            }
            other => other,
        }
    })
}

/// Why a database cannot be opened: the file system failed, or it is damaged.
fn unopenable(directory: &Path, reason: String) -> LogError {
    match system_error(&reason) {
        Some(source) => LogError::Io { doing: "read or write", path: directory.join("db"), source },
        None => LogError::Unopenable { directory: directory.to_owned(), reason },
    }
}

/// Catches a panic as its text. What the library panics with on damage is not printed: the error
/// says it, with what to do.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    static QUIET: AtomicUsize = AtomicUsize::new(0);
    HOOK.call_once(|| {
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let of_library = panic.location().is_some_and(|at| at.file().contains("/sled-0.34"));
            if QUIET.load(Ordering::SeqCst) > 0 && of_library {
                tracing::debug!(%panic, "the storage library panicked");
            } else {
                otherwise(panic);
            }
        }));
    });
    QUIET.fetch_add(1, Ordering::SeqCst);
    let done = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(panic.as_ref()));
    QUIET.fetch_sub(1, Ordering::SeqCst);
    done
}

fn is_held(error: &std::io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// What a panic said.
pub(super) fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("of unknown kind"))
}

/// Lets names in `directory`, created if it is not there, be durable before a rename returns.
///
/// sled's recovery replaces its snapshot by a rename, which it does not sync, and then writes zeros
/// over segments that only the snapshot before still needs. A power cut in between brings the old
/// snapshot back without these segments: sled then opens, in silence, without all that came since.
/// The attribute (`chattr +D`) puts the rename first. A file system that does not know it is not
/// one that was tested; it is told, and used.
pub(super) fn sync_names_at_once(directory: &Path) -> Result<(), LogError> {
    fs::create_dir_all(directory).doing("create", directory)?;
    let folder = File::open(directory).doing("open", directory)?;
    let set = ioctl_getflags(&folder)
        .and_then(|flags| ioctl_setflags(&folder, flags | IFlags::DIRSYNC))
        .and_then(|()| fsync(&folder));
    if let Err(error) = set {
        tracing::warn!(
            directory = %directory.display(), %error,
            "the file system cannot make renames durable at once: \
             a power cut during a start can lose records there"
        );
    }
    Ok(())
}

/// Removes snapshots that a stopped process had not finished; sled would refuse to open.
fn remove_torn_snapshots(directory: &Path) -> Result<(), LogError> {
    if !directory.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(directory).doing("read", directory)? {
        let path = entry.doing("read", directory)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(path = %path.display(), "removing an unfinished snapshot");
            fs::remove_file(&path).doing("remove", &path)?;
        }
    }
    Ok(())
}

/// Refuses a log with values outside the file that is synced.
pub(super) fn refuse_blobs(directory: &Path) -> Result<(), LogError> {
    let blobs = directory.join("blobs");
    if blobs.exists() && fs::read_dir(&blobs).doing("read", &blobs)?.next().is_some() {
        return Err(LogError::Blobs(blobs));
    }
    Ok(())
}

/// Makes a file or directory durable as it is.
pub(super) fn sync(path: &Path) -> Result<(), LogError> {
    File::open(path).and_then(|file| file.sync_all()).doing("sync", path)
}

impl From<::sled::Error> for LogError {
    fn from(error: ::sled::Error) -> Self {
        Self::Storage(text(&error))
    }
}

/// What the library says, without the marks of its own debugging.
fn text(error: &::sled::Error) -> String {
    match error {
        ::sled::Error::Corruption { at: Some(at), .. } => {
            format!("a page cannot be read back from byte {}", at.lid())
        }
        ::sled::Error::Corruption { at: None, .. } => "a file is not as it was written".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refused_is_no_damage() {
        for (reason, told) in [
            (
                "panic: it failed: Io(Os { code: 28, kind: StorageFull, message: \"No space\" })",
                "cannot read or write log/db: No space left on device (os error 28); \
                 make room, then start again",
            ),
            (
                "IO error: Input/output error (os error 5)",
                "cannot read or write log/db: Input/output error (os error 5); \
                 check the disk, then start again",
            ),
            (
                "a file is not as it was written",
                "log cannot be opened, a file is not as it was written: \
                 restore a backup, the directory is left as it is",
            ),
        ] {
            assert_eq!(unopenable(Path::new("log"), reason.to_owned()).to_string(), told);
        }
    }

    /// What `statfs` says of ext2, ext3 and ext4.
    const EXT: i64 = 0xEF53;

    #[test]
    fn a_rename_in_the_folder_of_a_database_is_durable_when_it_returns() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        sync_names_at_once(&log).unwrap();
        let folder = File::open(&log).unwrap();
        if rustix::fs::fstatfs(&folder).unwrap().f_type == EXT {
            assert!(ioctl_getflags(&folder).unwrap().contains(IFlags::DIRSYNC));
        }
    }
}
