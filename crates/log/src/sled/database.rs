//! Opens sled databases: sled refuses over a torn snapshot, and panics on some kinds of damage.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::MOST_CACHE_BYTES;
use crate::LogError;
use crate::error::Doing as _;

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
        let reason = match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(database)) => return Ok(database),
            Ok(Err(::sled::Error::Io(error))) if is_held(&error) => {
                // sled's own threads may hold the file a little after a database was dropped.
                if Instant::now() < patience {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                }
                return Err(LogError::Held { directory: directory.to_owned() });
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => said(panic.as_ref()),
        };
        return Err(LogError::Unopenable { directory: directory.to_owned(), reason });
    }
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
        Self::Storage(error.to_string())
    }
}
