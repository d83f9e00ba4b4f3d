//! Copies the log aside before a recovery that may change it.
//!
//! sled's recovery overwrites what it takes for torn. After a power cut the bytes as they were
//! are the evidence, so they are kept first. At most one copy is kept; a start that fails leaves
//! the copy that was taken before it, and only one that succeeds lets a later copy replace it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use gradus_model::Timestamp;

use super::database::sync;
use super::{OnProgress, Progress};
use crate::LogError;
use crate::error::Doing as _;

const PREFIX: &str = "log.before-";
const UNFINISHED: &str = "copying";
/// Lies in a copy once the log it was taken of has been opened.
const OPENED: &str = "opened";
/// What must stay free besides the copy.
const SPARE_BYTES: u64 = 64 << 20;
const CHUNK_BYTES: u64 = 8 << 20;

/// Copies `directory/log` and the anchor to `directory/log.before-<now>`, unless there is a copy
/// from before a start that failed.
pub(super) fn keep(
    directory: &Path,
    now: Timestamp,
    on_progress: &OnProgress,
) -> Result<(), LogError> {
    let log = directory.join("log");
    let anchor = directory.join("anchor");
    let mut older = Vec::new();
    for copy in copies(directory)? {
        if copy.extension().is_some_and(|extension| extension == UNFINISHED) {
            fs::remove_dir_all(&copy).doing("remove", &copy)?;
        } else if copy.join(OPENED).exists() {
            older.push(copy);
        } else {
            return Ok(());
        }
    }

    let finished = free_name(directory, now);
    let unfinished = finished.with_added_extension(UNFINISHED);
    let total = copy_log(&log, &unfinished, on_progress)?;
    copy(&anchor, &unfinished.join("anchor"), |_| ()).doing("copy", &anchor)?;
    sync(&unfinished)?;
    fs::rename(&unfinished, &finished).doing("rename to", &finished)?;
    sync(directory)?;
    for copy in older {
        fs::remove_dir_all(&copy).doing("remove", &copy)?;
    }
    tracing::info!(copy = %finished.display(), bytes = total, "copied the log aside");
    Ok(())
}

/// Copies the files of a log to a new folder, and returns their bytes; needs room for them.
pub(super) fn copy_log(
    log: &Path,
    target: &Path,
    on_progress: &OnProgress,
) -> Result<u64, LogError> {
    let mut files = Vec::new();
    list(log, &mut files)?;
    let total = files.iter().map(|(_, bytes)| bytes).sum();
    refuse_without_space(log, total)?;
    fs::create_dir(target).doing("create", target)?;
    let mut done = 0;
    for (file, _) in &files {
        let to = target.join(file.strip_prefix(log).unwrap_or(file));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).doing("create", parent)?;
        }
        copy(file, &to, |bytes| {
            done += bytes;
            on_progress(Progress::Copying { done, total });
        })
        .doing("copy to", &to)?;
    }
    Ok(total)
}

/// A name for a copy taken now; a clock that stands still may have named another one so.
fn free_name(directory: &Path, now: Timestamp) -> PathBuf {
    let stamp: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let mut name = directory.join(format!("{PREFIX}{stamp}"));
    let mut number = 1_u64;
    while name.exists() {
        number += 1;
        name = directory.join(format!("{PREFIX}{stamp}-{number}"));
    }
    name
}

/// Notes that the log could be opened after all.
pub(super) fn opened(directory: &Path) -> Result<(), LogError> {
    for copy in copies(directory)? {
        let mark = copy.join(OPENED);
        if !mark.exists() {
            File::create_new(&mark).doing("create", &mark)?;
            sync(&copy)?;
        }
    }
    Ok(())
}

fn copies(directory: &Path) -> Result<Vec<PathBuf>, LogError> {
    let mut copies = Vec::new();
    for entry in fs::read_dir(directory).doing("read", directory)? {
        let entry = entry.doing("read", directory)?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            copies.push(entry.path());
        }
    }
    Ok(copies)
}

fn list(directory: &Path, files: &mut Vec<(PathBuf, u64)>) -> Result<(), LogError> {
    for entry in fs::read_dir(directory).doing("read", directory)? {
        let path = entry.doing("read", directory)?.path();
        let about = fs::metadata(&path).doing("read", &path)?;
        if about.is_dir() {
            list(&path, files)?;
        } else {
            files.push((path, about.len()));
        }
    }
    Ok(())
}

fn refuse_without_space(directory: &Path, total: u64) -> Result<(), LogError> {
    let room = rustix::fs::statvfs(directory).map_err(io::Error::from);
    let room = room.doing("ask for the free space of", directory)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    let needed = total.saturating_add(SPARE_BYTES);
    if free < needed {
        return Err(LogError::NoSpace { directory: directory.to_owned(), needed, free });
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, mut copied: impl FnMut(u64)) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = File::create_new(to)?;
    loop {
        let bytes = io::copy(&mut source.by_ref().take(CHUNK_BYTES), &mut target)?;
        if bytes == 0 {
            return target.sync_all();
        }
        copied(bytes);
    }
}
