//! The file of keys, apart from the archive so that it can be kept elsewhere.
//!
//! It is, with numbers big-endian: `gradus-archived-keys` and a line feed, the format (2 bytes, 1),
//! the number of files (4); for each, in ascending order of units, the unit's id (16), the length
//! (4) and the bytes of its key file; then the SHA-256 of all before. Under the id of zeros is the file of
//! the key that signs the log's checkpoints.
//!
//! Each backup replaces it as a whole, so a key that was erased is gone from it, too.

use std::path::Path;

use gradus_model::UnitId;
use gradus_proof::sha256;
use zeroize::Zeroizing;

use crate::{ArchiveError, file};

const MAGIC: &[u8] = b"gradus-archived-keys\n";
const FORMAT: u16 = 1;

/// In the place of a unit's id: the file of the key that signs the log's checkpoints.
pub const OF_CHECKPOINTS: UnitId = UnitId([0; 16]);

/// The key file of a unit, as it lies in a data directory.
pub struct KeyFile {
    /// Whose keys they are.
    pub unit: UnitId,
    /// The file's bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Writes the file of keys; durable on return.
pub fn write(path: &Path, files: &mut [KeyFile]) -> Result<(), ArchiveError> {
    files.sort_by_key(|file| file.unit);
    let length: usize = files.iter().map(|file| file.bytes.len() + 20).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAGIC.len() + length + 38));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    // More files than that are more than a disk holds.
    bytes.extend_from_slice(&u32::try_from(files.len()).unwrap_or(u32::MAX).to_be_bytes());
    for KeyFile { unit, bytes: content } in files.iter() {
        bytes.extend_from_slice(&unit.0);
        bytes.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(content);
    }
    let checksum = sha256(&bytes);
    bytes.extend_from_slice(&checksum.0);
    file::replace(path, &bytes)
}

/// Reads the file of keys; `None` when it is not there.
pub fn read(path: &Path) -> Result<Option<Vec<KeyFile>>, ArchiveError> {
    let Some(bytes) = file::read(path)?.map(Zeroizing::new) else { return Ok(None) };
    let damaged = |what: &str| ArchiveError::damaged(path, what);
    let (content, checksum) =
        bytes.split_last_chunk::<32>().ok_or_else(|| damaged("it is cut short"))?;
    if sha256(content).0 != *checksum {
        return Err(damaged("its checksum is wrong"));
    }
    let rest = content.strip_prefix(MAGIC).ok_or_else(|| damaged("it is no file of keys"))?;
    files(rest).map(Some).ok_or_else(|| damaged("it is of another format"))
}

fn files(mut rest: &[u8]) -> Option<Vec<KeyFile>> {
    if u16::from_be_bytes(next(&mut rest)?) != FORMAT {
        return None;
    }
    let count = u32::from_be_bytes(next(&mut rest)?);
    let mut files = Vec::new();
    for _ in 0..count {
        let unit = UnitId(next(&mut rest)?);
        let length = usize::try_from(u32::from_be_bytes(next(&mut rest)?)).ok()?;
        let (bytes, after) = rest.split_at_checked(length)?;
        files.push(KeyFile { unit, bytes: Zeroizing::new(bytes.to_vec()) });
        rest = after;
    }
    rest.is_empty().then_some(files)
}

fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}
