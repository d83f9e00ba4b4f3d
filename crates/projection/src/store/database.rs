//! Opens sled databases: sled refuses over a torn snapshot, and panics on some kinds of damage.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::IndexError;

/// The cache; what is used is 3 to 5 times as much.
const CACHE_BYTES: u64 = 32 << 20;
/// How often a database that is held is asked for again: sled's own threads hold the file a little
/// after a database was dropped.
const ATTEMPTS: u32 = 1_000;
const BETWEEN_ATTEMPTS: std::time::Duration = std::time::Duration::from_millis(2);

/// Opens or creates the database in `directory`.
pub(super) fn open(directory: &Path) -> Result<::sled::Db, IndexError> {
    remove_torn_snapshots(directory)?;
    for _ in 0..ATTEMPTS {
        let config = ::sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .mode(::sled::Mode::HighThroughput)
            .flush_every_ms(None);
        // Nothing outlives a panic in here but what sled itself leaks.
        let reason = match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(database)) => return Ok(database),
            Ok(Err(::sled::Error::Io(error))) if is_held(&error) => {
                std::thread::sleep(BETWEEN_ATTEMPTS);
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => crate::projector::said(panic.as_ref()),
        };
        return Err(IndexError::Unopenable { directory: directory.to_owned(), reason });
    }
    Err(IndexError::Held { directory: directory.to_owned() })
}

fn is_held(error: &std::io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// Removes the database in `directory`, and the directory, if it is there.
pub(crate) fn remove(directory: &Path) -> Result<(), IndexError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|source| failed("remove", directory, source)),
    }
}

/// Moves a database that nobody has open.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), IndexError> {
    fs::rename(from, to).map_err(|source| failed("move", from, source))
}

/// Removes snapshots that a stopped process had not finished; sled would refuse to open.
fn remove_torn_snapshots(directory: &Path) -> Result<(), IndexError> {
    if !directory.exists() {
        return Ok(());
    }
    let read = |source| failed("read", directory, source);
    for entry in fs::read_dir(directory).map_err(read)? {
        let path = entry.map_err(read)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(&path).map_err(|source| failed("remove", &path, source))?;
        }
    }
    Ok(())
}

fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> IndexError {
    IndexError::Io { doing, path: path.to_owned(), source }
}
