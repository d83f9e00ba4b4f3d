//! Files that are there as a whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::ArchiveError;
use crate::error::Doing as _;

/// Makes a folder and those above it, for its owner alone, unless they are there.
pub(crate) fn create_folder(path: &Path) -> Result<(), ArchiveError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).doing("create", path)
}

/// Writes a file for its owner alone, in the place of one of the same name, and syncs it; its name
/// is durable after [`sync`] of the folder.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ArchiveError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder)?;
    let new = path.with_added_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .doing("create", &new)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).doing("write", &new)?;
    fs::rename(&new, path).doing("rename a file to", path)?;
    sync(folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> Result<(), ArchiveError> {
    File::open(folder).and_then(|file| file.sync_all()).doing("sync", folder)
}

/// The bytes of a file, or `None` when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, ArchiveError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).doing("read", path),
    }
}

/// The bytes of a file that must be there.
pub(crate) fn read_whole(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    read(path)?.ok_or_else(|| ArchiveError::damaged(path, "it is missing"))
}

/// Removes a file that is no longer needed, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), ArchiveError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.doing("remove", path),
    }
}
