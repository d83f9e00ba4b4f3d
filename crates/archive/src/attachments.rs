//! The attachments of an archive: sealed files, which are there as a whole or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use gradus_model::{Digest, UnitId};
use sha2::{Digest as _, Sha256};

use crate::error::Doing as _;
use crate::{ArchiveError, Attachment, file};

/// The bytes that are read at a time.
const PIECE: usize = 1 << 16;

/// Where an attachment lies in an archive.
pub(crate) fn path(folder: &Path, unit: UnitId, digest: Digest) -> PathBuf {
    folder.join("attachments").join(unit.to_string()).join(digest.to_string())
}

/// An attachment that is written piece by piece; one that is dropped before its end is nothing.
pub struct Incoming {
    path: PathBuf,
    file: File,
    hash: Sha256,
    unit: UnitId,
    digest: Digest,
}

impl Incoming {
    pub(crate) fn begin(folder: &Path, unit: UnitId, digest: Digest) -> Result<Self, ArchiveError> {
        let path = path(folder, unit, digest);
        file::create_folder(path.parent().unwrap_or(folder))?;
        let new = path.with_added_extension("new");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new);
        let file = file.doing("create", &new)?;
        Ok(Self { path, file, hash: Sha256::new(), unit, digest })
    }

    /// Takes the next bytes of the file, as it is sealed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.hash.update(bytes);
        self.file.write_all(bytes).doing("write", &self.path)
    }

    pub(crate) fn finish(self) -> Result<Attachment, ArchiveError> {
        let Self { path, file, hash, unit, digest } = self;
        file.sync_all().doing("write", &path)?;
        fs::rename(path.with_added_extension("new"), &path).doing("rename a file to", &path)?;
        file::sync(path.parent().unwrap_or(Path::new(".")))?;
        Ok(Attachment { unit, digest, sealed: Digest(hash.finalize().into()) })
    }
}

/// Refuses an attachment that is not as it was written.
pub(crate) fn verify(folder: &Path, of: &Attachment) -> Result<PathBuf, ArchiveError> {
    let path = path(folder, of.unit, of.digest);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ArchiveError::damaged(&path, "it is missing"));
        }
        Err(error) => return Err(error).doing("read", &path),
    };
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        match file.read(&mut piece).doing("read", &path)? {
            0 => break,
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
    let seen = Digest(hash.finalize().into());
    if seen == of.sealed {
        Ok(path)
    } else {
        Err(ArchiveError::damaged(&path, format!("its bytes hash to {seen}, not to {}", of.sealed)))
    }
}

/// Removes what is none of these: what was erased since, and what an interrupted backup left.
pub(crate) fn retain(folder: &Path, held: &BTreeSet<Attachment>) -> Result<(), ArchiveError> {
    let kept: BTreeSet<PathBuf> = held.iter().map(|of| path(folder, of.unit, of.digest)).collect();
    let all = folder.join("attachments");
    for unit in entries(&all)? {
        for path in entries(&unit)?.into_iter().filter(|path| !kept.contains(path)) {
            file::remove(&path)?;
        }
        // It may hold others.
        let _ = fs::remove_dir(&unit);
    }
    if all.is_dir() { file::sync(&all) } else { Ok(()) }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ArchiveError> {
    match fs::read_dir(folder) {
        Ok(entries) => {
            let paths: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.path())).collect();
            paths.doing("read", folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).doing("read", folder),
    }
}
