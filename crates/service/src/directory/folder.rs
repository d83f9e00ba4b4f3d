//! Files that are there as a whole or not at all, and durable when the call returns.
//!
//! A file is written under a temporary name (with `.new` at the end), synced, renamed, and its
//! folder synced. Every file is the owner's alone (mode 0600). One writer at a time: each folder
//! belongs to one store, which holds a mutex, in the one process that holds the data directory.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

const TEMPORARY: &str = "new";

/// What the system was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading a file or folder.
    Read,
    /// Making a file or folder.
    Create,
    /// Writing bytes.
    Write,
    /// Making a file or folder durable. The process must end: a second sync proves nothing.
    Sync,
    /// Putting a file in its place.
    Rename,
    /// Removing a temporary file.
    Remove,
    /// Taking the lock of the data directory.
    Lock,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename a file to",
            Self::Remove => "remove",
            Self::Lock => "lock",
        })
    }
}

/// A file operation that the system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} `{}`: {source}{}", .path.display(), gradus_log::error::advice(.source))]
pub struct FileError {
    /// What was asked.
    pub step: Step,
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileError {
    pub(crate) fn new(step: Step, path: &Path, source: io::Error) -> Self {
        Self { step, path: path.to_owned(), source }
    }

    /// Whether there is no room for what was to be written.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let kind = self.source.kind();
        matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether the system does not let this user write there.
    pub(crate) fn is_read_only(&self) -> bool {
        let kind = self.source.kind();
        !matches!(self.step, Step::Read | Step::Sync)
            && matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
    }
}

/// A folder whose files are replaced as a whole; refuses everything after a failed sync.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    unsynced: Option<PathBuf>,
}

impl Folder {
    /// Opens a folder, made with mode 0700 when it is absent, and clears what a crash left.
    ///
    /// What is found there is durable from here on.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        create_folder(path)?;
        let failed = |source| FileError::new(Step::Read, path, source);
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let left = entry.path();
            let is_file = entry.file_type().map_err(failed)?.is_file();
            if is_file && left.extension().is_some_and(|extension| extension == TEMPORARY) {
                discard(&left)?;
            }
        }
        sync_folder(path)?;
        Ok(Self { path: path.to_owned(), unsynced: None })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Refuses after a failed sync: what the file system shows need not be on disk then.
    pub(crate) fn check(&self) -> Result<(), FileError> {
        self.unsynced.as_ref().map_or(Ok(()), |path| {
            let source = io::Error::other("an earlier sync failed, start the process again");
            Err(FileError::new(Step::Sync, path, source))
        })
    }

    /// Writes a file, in the place of one of the same name.
    pub(crate) fn replace(&mut self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.check()?;
        let replaced = replace(&self.path(name), bytes);
        if let Err(FileError { step: Step::Sync, path, .. }) = &replaced {
            self.unsynced = Some(path.clone());
        }
        replaced
    }

    /// Gives a file of this folder, which is durable, another name; in the place of one that has it.
    pub(crate) fn place(&mut self, new: &Path, name: &str) -> Result<(), FileError> {
        self.check()?;
        let path = self.path(name);
        fs::rename(new, &path).map_err(|source| FileError::new(Step::Rename, &path, source))?;
        let synced = sync_folder(&self.path);
        if synced.is_err() {
            self.unsynced = Some(path);
        }
        synced
    }

    /// Removes a file that is not needed any more. A crash may bring it back.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), FileError> {
        self.check()?;
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(FileError::new(Step::Remove, &path, source))
            }
            _ => Ok(()),
        }
    }
}

/// Makes a folder with mode 0700, durably, unless it is there.
pub(crate) fn create_folder(path: &Path) -> Result<(), FileError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_folder(parent(path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(source) => {
            let source = match source.kind() {
                io::ErrorKind::AlreadyExists => io::Error::other("a file of that name is there"),
                io::ErrorKind::NotFound => {
                    io::Error::other("the folder it would lie in is missing, make that first")
                }
                _ => source,
            };
            Err(FileError::new(Step::Create, path, source))
        }
    }
}

/// Writes a file, in the place of one of the same name; durable on return.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_by(path, |file| file.write_all(bytes))
}

/// The same, of which `write` writes the content.
pub(crate) fn replace_by(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), FileError> {
    let new = path.with_added_extension(TEMPORARY);
    let placed = write_new(&new, write).and_then(|()| {
        fs::rename(&new, path).map_err(|source| FileError::new(Step::Rename, path, source))
    });
    if placed.is_err() {
        // The first error is the one to tell; the next start tries again.
        let _ = discard(&new);
    }
    placed?;
    sync_folder(parent(path))
}

fn write_new(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), FileError> {
    // One that is there may have another mode.
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::new(Step::Remove, path, source));
        }
        _ => (),
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| FileError::new(Step::Create, path, source))?;
    write(&mut file).map_err(|source| FileError::new(Step::Write, path, source))?;
    file.sync_all().map_err(|source| FileError::new(Step::Sync, path, source))
}

/// Writes a copy of a file, durable on return.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    let mut source = File::open(from).map_err(|source| FileError::new(Step::Read, from, source))?;
    replace_by(to, |file| io::copy(&mut source, file).map(|_| ()))
}

/// Overwrites a file, which may hold what is to be gone, and removes it.
pub(crate) fn discard(path: &Path) -> Result<(), FileError> {
    let opened = OpenOptions::new().write(true).open(path);
    // Best effort: what matters is that the file goes.
    let _ = opened.and_then(|file| overwrite(&file));
    fs::remove_file(path).map_err(|source| FileError::new(Step::Remove, path, source))
}

/// Overwrites the bytes of a file, opened at its start, with zeros.
pub(crate) fn overwrite(mut file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_data()
}

pub(crate) fn sync_folder(path: &Path) -> Result<(), FileError> {
    let folder = File::open(path).map_err(|source| FileError::new(Step::Read, path, source))?;
    folder.sync_all().map_err(|source| FileError::new(Step::Sync, path, source))
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_sync_a_folder_refuses_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(dir.path()).unwrap();
        folder.replace("file", b"old").unwrap();
        folder.unsynced = Some(PathBuf::from("/d/file"));
        let error = folder.replace("file", b"new").unwrap_err();
        assert_eq!(error.step, Step::Sync);
        assert_eq!(
            error.to_string(),
            "cannot sync `/d/file`: an earlier sync failed, start the process again"
        );
        assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"old");
    }

    #[test]
    fn a_relative_path_has_the_working_directory_for_its_folder() {
        assert_eq!(parent(Path::new("gradus")), Path::new("."));
        assert_eq!(parent(Path::new("data/gradus")), Path::new("data"));
    }
}
