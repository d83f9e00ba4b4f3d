//! Checkpoints that are kept: a folder of notes, each named by its size in 20 digits.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gradus_log::Head;
use gradus_proof::{Checkpoint, Note, VerifierKey};

use super::{CheckpointError, Signed};
use crate::directory::{DirectoryError, FileError, Folder, Step};
use crate::error::ServiceError;

/// The folder of kept checkpoints.
pub(crate) struct Kept {
    folder: Folder,
    /// The sizes that are kept, in ascending order.
    sizes: Vec<u64>,
}

impl Kept {
    /// Opens the folder, made if it is not there. What else lies in it is left alone.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let folder = Folder::open(path)?;
        let failed = |source| FileError::new(Step::Read, path, source);
        let mut sizes = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let named = entry.map_err(failed)?.file_name();
            let Some(named) = named.to_str().filter(|named| named.len() == 20) else { continue };
            sizes.extend(named.parse::<u64>());
        }
        sizes.sort_unstable();
        Ok(Self { folder, sizes })
    }

    /// The first one that covers `size`.
    pub(super) fn covering(&self, size: u64) -> Result<Option<Signed>, ServiceError> {
        let at = self.sizes.partition_point(|kept| *kept < size);
        let Some(size) = self.sizes.get(at) else { return Ok(None) };
        let (path, note) = self.read(*size)?;
        let head = covered(&path, &note)?;
        let text = String::from_utf8(note.to_bytes()).unwrap_or_default();
        Ok(Some(Signed { head: Head { size: head.size, root: head.root }, note: text.into() }))
    }

    /// The last one, which must be of this origin and signed by this key.
    pub(super) fn last(
        &self,
        origin: &str,
        key: &VerifierKey,
    ) -> Result<Option<(PathBuf, Checkpoint)>, ServiceError> {
        let Some(size) = self.sizes.last() else { return Ok(None) };
        let (path, note) = self.read(*size)?;
        let checkpoint = covered(&path, &note)?;
        key.verify(&note).map_err(|error| damaged(&path, error))?;
        if checkpoint.origin != origin || checkpoint.size != *size {
            return Err(damaged(&path, "it is of another log or size").into());
        }
        Ok(Some((path, checkpoint)))
    }

    /// Keeps a checkpoint; durable on return.
    pub(super) fn keep(&mut self, signed: &Signed) -> Result<(), ServiceError> {
        let size = signed.head.size;
        self.folder.replace(&name(size), signed.note.as_bytes()).map_err(DirectoryError::from)?;
        if let Err(at) = self.sizes.binary_search(&size) {
            self.sizes.insert(at, size);
        }
        Ok(())
    }

    fn read(&self, size: u64) -> Result<(PathBuf, Note), ServiceError> {
        let path = self.folder.path(&name(size));
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ServiceError::from(damaged(&path, "it was taken away")),
            _ => DirectoryError::from(FileError::new(Step::Read, &path, source)).into(),
        })?;
        let note = Note::parse(&bytes).map_err(|error| damaged(&path, error))?;
        Ok((path, note))
    }
}

fn name(size: u64) -> String {
    format!("{size:020}")
}

fn covered(path: &Path, note: &Note) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::parse(&note.text).map_err(|error| damaged(path, error))
}

fn damaged(path: &Path, reason: impl ToString) -> CheckpointError {
    CheckpointError::Damaged { path: path.display().to_string(), reason: reason.to_string() }
}
