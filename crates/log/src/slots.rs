//! A small file of two slots, written and synced in turn, so that a torn write leaves the other.
//!
//! A slot is 160 bytes at 0 or 4,096, big-endian: what the file is (8), format (2), a mark (1), 5
//! zeros, turn (8), content (132), CRC-32 (4).

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::LogError;
use crate::error::Doing as _;

pub(crate) const SLOT: usize = 160;
pub(crate) const SLOT_EVERY: u64 = 4_096;
/// The bytes of what a slot says.
pub(crate) const CONTENT: usize = 132;
/// The bytes of the id of a boot within it.
pub(crate) const BOOT_ID: usize = 60;

/// What a file of slots is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sort {
    pub(crate) magic: &'static [u8; 8],
    pub(crate) format: u16,
    /// What it is called where a newer version wrote it.
    pub(crate) what: &'static str,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct SlotFile {
    file: File,
    path: PathBuf,
    sort: Sort,
    turn: u64,
}

impl SlotFile {
    /// Opens the file in `path`, created if it is not there, and reads the newest whole slot.
    pub(crate) fn open<T>(
        path: &Path,
        sort: Sort,
        read: impl Fn(u8, &[u8]) -> Option<T>,
    ) -> Result<(Self, Option<T>), LogError> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).doing("open", path)?;
        let (mut turn, mut newest) = (0, None);
        for slot in 0..2 {
            let mut bytes = [0; SLOT];
            match file.read_exact_at(&mut bytes, slot * SLOT_EVERY) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => continue,
                // What cannot be read may be the newer one.
                read => read.doing("read", path)?,
            }
            match decode(sort, &bytes, &read)? {
                Some((written, content)) if written > turn => {
                    (turn, newest) = (written, Some(content));
                }
                _ => (),
            }
        }
        Ok((Self { file, path: path.to_owned(), sort, turn }, newest))
    }

    /// Takes the room of both slots, where the file is empty, so that no later write needs any.
    pub(crate) fn reserve(&self) -> Result<(), LogError> {
        if self.file.metadata().doing("read", &self.path)?.len() == 0 {
            let both = usize::try_from(SLOT_EVERY).unwrap_or_default() + SLOT;
            self.file.write_all_at(&vec![0; both], 0).doing("write", &self.path)?;
        }
        Ok(())
    }

    /// Writes and syncs the older slot.
    pub(crate) fn write(&mut self, mark: u8, content: &[u8]) -> Result<(), LogError> {
        let turn = self.turn + 1;
        let at = turn % 2 * SLOT_EVERY;
        let bytes = encode(self.sort, turn, mark, content);
        self.file.write_all_at(&bytes, at).doing("write", &self.path)?;
        self.file.sync_data().doing("sync", &self.path)?;
        self.turn = turn;
        Ok(())
    }
}

fn encode(sort: Sort, turn: u64, mark: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(sort.magic);
    bytes.extend_from_slice(&sort.format.to_be_bytes());
    bytes.push(mark);
    bytes.extend_from_slice(&[0; 5]);
    bytes.extend_from_slice(&turn.to_be_bytes());
    bytes.extend_from_slice(content);
    bytes.resize(SLOT - 4, 0);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The turn and content of a slot; `None` when it is torn or was never written.
pub(crate) fn decode<T>(
    sort: Sort,
    bytes: &[u8; SLOT],
    read: impl Fn(u8, &[u8]) -> Option<T>,
) -> Result<Option<(u64, T)>, LogError> {
    let Some((body, checksum)) = bytes.split_last_chunk::<4>() else { return Ok(None) };
    let Some((magic, mut rest)) = body.split_first_chunk::<8>() else { return Ok(None) };
    if magic != sort.magic || crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
        return Ok(None);
    }
    match next(&mut rest).map(u16::from_be_bytes) {
        Some(seen) if seen != sort.format => {
            Err(LogError::NewerFormat { what: sort.what, seen, known: sort.format })
        }
        _ => Ok(fields(rest, read)),
    }
}

fn fields<T>(mut rest: &[u8], read: impl Fn(u8, &[u8]) -> Option<T>) -> Option<(u64, T)> {
    let [mark, ..] = next::<6>(&mut rest)?;
    let turn = next(&mut rest).map(u64::from_be_bytes)?;
    Some((turn, read(mark, rest)?))
}

/// The id of a boot in its fixed room.
pub(crate) fn put_boot(content: &mut Vec<u8>, boot: &str) {
    content.extend(boot.bytes().chain(std::iter::repeat(0)).take(BOOT_ID));
}

/// The id of a boot, as [`put_boot`] wrote it.
pub(crate) fn next_boot(rest: &mut &[u8]) -> Option<String> {
    let boot: [u8; BOOT_ID] = next(rest)?;
    Some(String::from_utf8_lossy(&boot).trim_end_matches('\0').to_owned())
}

/// The next bytes.
pub(crate) fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_slot_that_the_disk_does_not_give_is_an_error_and_not_taken_for_empty() {
        let sort = Sort { magic: b"GRADUSAN", format: 1, what: "anchor" };
        // Nothing is mapped at 0, so that reading there fails as a bad disk does.
        let path = Path::new("/proc/self/mem");
        let error = SlotFile::open(path, sort, |_, _| Some(())).unwrap_err().to_string();
        assert!(error.contains("/proc/self/mem") && error.contains("os error 5"), "{error}");
    }
}
