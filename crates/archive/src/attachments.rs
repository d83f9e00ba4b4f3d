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

    /// Whether it is this attachment.
    #[must_use]
    pub fn is(&self, unit: UnitId, digest: Digest) -> bool {
        (self.unit, self.digest) == (unit, digest)
    }

    /// The SHA-256 of what has come so far.
    #[must_use]
    pub fn sealed(&self) -> Digest {
        Digest(self.hash.clone().finalize().into())
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

/// What an archive has of an attachment that it is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its file, whole.
    Whole,
    /// Nothing: it is new.
    New,
    /// Another file than the one that was written, or none: what is wrong with it.
    Damaged(String),
    /// A file that was sealed before; the one that it is to hold was sealed since.
    Earlier,
}

/// The SHA-256 of a sealed file, and its bytes.
pub fn sealed(path: &Path) -> io::Result<(Digest, u64)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((Digest(hash.finalize().into()), bytes)),
            read => {
                hash.update(piece.get(..read).unwrap_or_default());
                bytes += read as u64;
            }
        }
    }
}

/// What is wrong with the file of an attachment; it is read to its end unless its length, where that
/// is known, tells already.
pub(crate) fn wrong(
    folder: &Path,
    of: &Attachment,
    bytes: Option<u64>,
) -> io::Result<Option<String>> {
    let path = path(folder, of.unit, of.digest);
    let length = match fs::metadata(&path) {
        Ok(about) => about.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some("it is missing".to_owned()));
        }
        Err(error) => return Err(error),
    };
    if let Some(bytes) = bytes.filter(|bytes| *bytes != length) {
        return Ok(Some(format!("it has {length} bytes, not {bytes}")));
    }
    let (seen, _) = sealed(&path)?;
    let differs = || format!("its bytes hash to {seen}, not to {}", of.sealed);
    Ok((seen != of.sealed).then(differs))
}

/// Refuses an attachment that is not as it was written.
pub(crate) fn verify(folder: &Path, of: &Attachment) -> Result<PathBuf, ArchiveError> {
    let path = path(folder, of.unit, of.digest);
    match wrong(folder, of, None).doing("read", &path)? {
        None => Ok(path),
        Some(what) => Err(ArchiveError::damaged(&path, what)),
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
