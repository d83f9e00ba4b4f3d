//! Where attachments lie, and what is in their files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use gradus_model::{Digest, LogId, UnitId};

use super::UNNAMED;
use super::error::AttachmentError;
use super::file::{Header, Opener, content};
use super::passing::Reading;
use crate::directory::folder::{FileError, Step};
use crate::keys::{KeyError, RecordKey};

/// Where an attachment lies below the folder of all.
pub(crate) fn path_in(folder: &Path, unit: UnitId, digest: Digest) -> PathBuf {
    folder.join(unit.to_string()).join(digest.to_string())
}

/// The file of an attachment, if it is there: named, or not known to be yet.
pub(crate) fn found_in(folder: &Path, unit: UnitId, digest: Digest) -> Option<PathBuf> {
    let named = path_in(folder, unit, digest);
    let unnamed = named.with_added_extension(UNNAMED);
    [named, unnamed].into_iter().find(|path| path.is_file())
}

/// The attachments below a folder, by unit, with whether an item is known to name each.
pub(crate) fn all_in(folder: &Path) -> io::Result<Vec<(UnitId, Digest, bool)>> {
    let mut all = Vec::new();
    for entry in entries(folder)? {
        let Ok(unit) = entry.file_name().to_string_lossy().parse::<UnitId>() else { continue };
        for file in entries(&entry.path())? {
            let name = file.file_name().to_string_lossy().into_owned();
            let unnamed = name.strip_suffix(".unnamed");
            let digest = unnamed.unwrap_or(&name).parse();
            let Ok(digest) = digest else { continue };
            all.push((unit, digest, unnamed.is_none()));
        }
    }
    all.sort_unstable();
    Ok(all)
}

pub(super) fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Reads an attachment to its end, under the keys that `key` gives; its bytes.
pub(crate) fn examine(
    path: &Path,
    (log, unit, digest): (LogId, UnitId, Digest),
    key: impl FnOnce(u64) -> Result<Option<RecordKey>, KeyError>,
) -> Result<u64, AttachmentError> {
    let mut reading = read(path, (log, unit, digest), key)?;
    while reading.next()?.is_some() {}
    Ok(reading.bytes())
}

pub(super) fn read(
    path: &Path,
    (log, unit, digest): (LogId, UnitId, Digest),
    key: impl FnOnce(u64) -> Result<Option<RecordKey>, KeyError>,
) -> Result<Reading, AttachmentError> {
    let path = path.to_owned();
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(AttachmentError::Missing(digest));
        }
        Err(source) => return Err(FileError::new(Step::Read, &path, source).into()),
    };
    let damaged = |what| AttachmentError::Damaged { path: path.clone(), what };
    let header = Header::read(&mut file).map_err(damaged)?;
    let key = key(header.number)?.ok_or_else(|| AttachmentError::NoKey(path.clone()))?;
    let opener = Opener::new(file, &header, &key, (log, unit)).map_err(damaged)?;
    Ok(Reading { path, digest, opener })
}

/// The number of the key of the attachment in a file.
pub(super) fn number_of(path: &Path) -> Option<u64> {
    Header::read(&mut File::open(path).ok()?).ok().map(|header| header.number)
}

/// The bytes of the attachment in a file.
pub(super) fn content_of(path: &Path) -> Option<u64> {
    content(fs::metadata(path).ok()?.len())
}
