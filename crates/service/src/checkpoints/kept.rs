//! Checkpoints that are kept: a folder of notes, each named by its size in 20 digits, with the
//! signatures of the log and of witnesses.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gradus_log::Head;
use gradus_proof::{Checkpoint, Note, Policy, VerifierKey};

use super::{CheckpointError, Signed};
use crate::directory::{DirectoryError, FileError, Folder, Step};
use crate::error::ServiceError;
use crate::witnesses::{takes, united};

/// The folder of kept checkpoints.
pub(crate) struct Kept {
    folder: Folder,
    /// The sizes that are kept, in ascending order.
    sizes: Vec<u64>,
    /// The one that is kept only until witnesses sign the next.
    passing: Option<u64>,
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
        Ok(Self { folder, sizes, passing: None })
    }

    /// The first one that covers `size`.
    pub(super) fn covering(&self, size: u64) -> Result<Option<Signed>, ServiceError> {
        let at = self.sizes.partition_point(|kept| *kept < size);
        self.sizes.get(at).map(|size| Ok(self.signed(*size)?.0)).transpose()
    }

    /// The first one that covers `size` and that enough witnesses signed.
    pub(super) fn witnessed_covering(
        &self,
        size: u64,
        policy: &Policy,
    ) -> Result<Option<Signed>, ServiceError> {
        let at = self.sizes.partition_point(|kept| *kept < size);
        self.first_taken_by(policy, self.sizes.iter().skip(at))
    }

    /// The last one that enough witnesses signed.
    pub(crate) fn newest_taken_by(&self, policy: &Policy) -> Result<Option<Signed>, ServiceError> {
        self.first_taken_by(policy, self.sizes.iter().rev())
    }

    fn first_taken_by<'a>(
        &self,
        policy: &Policy,
        sizes: impl Iterator<Item = &'a u64>,
    ) -> Result<Option<Signed>, ServiceError> {
        for size in sizes {
            let (signed, note) = self.signed(*size)?;
            // Most were signed by the log alone, and cost no check of a signature.
            if note.signatures.len() > 1 && takes(policy, &note) {
                return Ok(Some(signed));
            }
        }
        Ok(None)
    }

    /// The file of a size.
    pub(crate) fn path(&self, size: u64) -> PathBuf {
        self.folder.path(&name(size))
    }

    /// The last one.
    pub(crate) fn newest(&self) -> Result<Option<Signed>, ServiceError> {
        self.sizes.last().map(|size| Ok(self.signed(*size)?.0)).transpose()
    }

    fn signed(&self, size: u64) -> Result<(Signed, Note), ServiceError> {
        let (path, note) = self.read(size)?;
        let Checkpoint { size, root, .. } = covered(&path, &note)?;
        let text = String::from_utf8(note.to_bytes()).unwrap_or_default();
        Ok((Signed { head: Head { size, root }, note: text.into() }, note))
    }

    /// The last one, which must be of this origin and signed by one of these keys.
    pub(super) fn last(
        &self,
        origin: &str,
        keys: &[VerifierKey],
    ) -> Result<Option<(PathBuf, Checkpoint)>, ServiceError> {
        let Some(size) = self.sizes.last() else { return Ok(None) };
        let (path, note) = self.read(*size)?;
        let checkpoint = covered(&path, &note)?;
        Checkpoint::open_by(&note, keys).map_err(|error| damaged(&path, error))?;
        if checkpoint.origin != origin || checkpoint.size != *size {
            return Err(damaged(&path, "it is of another log or size").into());
        }
        Ok(Some((path, checkpoint)))
    }

    /// Keeps a checkpoint, with the signatures that were on it before; durable on return.
    pub(super) fn keep(&mut self, signed: &Signed) -> Result<(), ServiceError> {
        self.write(signed)?;
        self.passing = self.passing.filter(|passing| *passing != signed.head.size);
        Ok(())
    }

    /// Keeps what witnesses signed: on a checkpoint that is kept anyway, else, if they are enough,
    /// until they sign the next.
    pub(crate) fn cosigned(&mut self, signed: &Signed, enough: bool) -> Result<(), ServiceError> {
        let size = signed.head.size;
        if self.sizes.binary_search(&size).is_ok() {
            return self.write(signed);
        }
        if !enough {
            return Ok(());
        }
        self.write(signed)?;
        if let Some(before) = self.passing.replace(size) {
            self.folder.remove(&name(before)).map_err(DirectoryError::from)?;
            self.sizes.retain(|kept| *kept != before);
        }
        Ok(())
    }

    fn write(&mut self, signed: &Signed) -> Result<(), ServiceError> {
        let size = signed.head.size;
        let place = self.sizes.binary_search(&size);
        let signed = match place {
            Ok(_) => self.with_those_of(signed)?,
            Err(_) => signed.clone(),
        };
        self.folder.replace(&name(size), signed.note.as_bytes()).map_err(DirectoryError::from)?;
        if let Err(at) = place {
            self.sizes.insert(at, size);
        }
        Ok(())
    }

    /// A checkpoint with the signatures on it, and those on the file of its size.
    fn with_those_of(&self, signed: &Signed) -> Result<Signed, ServiceError> {
        let (path, before) = self.read(signed.head.size)?;
        let note = Note::parse(signed.note.as_bytes()).map_err(|error| damaged(&path, error))?;
        if note.text == before.text {
            united(signed.head, note, &before)
        } else {
            Ok(signed.clone())
        }
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
