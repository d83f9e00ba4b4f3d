//! The anchor: a small file, synced apart from the log, that says what was durable.
//!
//! Two slots of 160 bytes at 0 and 4,096 are written in turn, so that a torn write leaves the
//! other. A slot is, big-endian: `GRADUSAN`, format (2), clean (1), 5 zeros, turn (8), size (8),
//! root (32), hash of the leaf at position 0 or zeros (32), boot id (60), CRC-32 (4).
//!
//! Invariant: the anchor is never ahead of what is durable.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gradus_model::Digest;

use crate::error::Doing as _;
use crate::{Head, LogError};

const MAGIC: &[u8; 8] = b"GRADUSAN";
const FORMAT: u16 = 1;
const SLOT: usize = 160;
const SLOT_EVERY: u64 = 4_096;
const BOOT_ID: usize = 60;

/// What the anchor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) head: Head,
    /// The leaf hash of position 0, zeros for an empty log: which log this is.
    pub(crate) log: Digest,
    /// The boot in which it was written; empty where the system tells none.
    pub(crate) boot: String,
    /// Whether the log was closed after it.
    pub(crate) clean: bool,
}

/// A slot that was written, as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// With its turn.
    Whole(u64, Anchor),
    /// Torn or damaged.
    Damaged {
        /// Its first byte in the file.
        at: u64,
    },
}

/// The slots of the anchor in `path` that were ever written, without a change to it.
pub(crate) fn slots(path: &Path) -> Result<Vec<Slot>, LogError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.doing("read", path)?,
    };
    let mut slots = Vec::new();
    for at in [0, SLOT_EVERY] {
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let there = bytes.get(from..).unwrap_or_default();
        let there = there.get(..SLOT.min(there.len())).unwrap_or_default();
        if there.iter().all(|byte| *byte == 0) {
            continue;
        }
        let read = there.try_into().ok().map(decode).transpose()?.flatten();
        slots.push(match read {
            Some((turn, anchor)) => Slot::Whole(turn, anchor),
            None => Slot::Damaged { at },
        });
    }
    Ok(slots)
}

/// The open file.
#[derive(Debug)]
pub(crate) struct AnchorFile {
    file: File,
    path: PathBuf,
    turn: u64,
}

impl AnchorFile {
    /// Opens the anchor in `path`, created if it is not there, and reads the newest whole slot.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Anchor>), LogError> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).doing("open", path)?;
        let mut turn = 0;
        let mut newest = None;
        for slot in 0..2 {
            let mut bytes = [0; SLOT];
            if file.read_exact_at(&mut bytes, slot * SLOT_EVERY).is_err() {
                continue;
            }
            match decode(&bytes)? {
                Some((written, anchor)) if written > turn => {
                    turn = written;
                    newest = Some(anchor);
                }
                _ => (),
            }
        }
        Ok((Self { file, path: path.to_owned(), turn }, newest))
    }

    /// Writes and syncs the anchor in the older slot.
    pub(crate) fn write(&mut self, anchor: &Anchor) -> Result<(), LogError> {
        let turn = self.turn + 1;
        let at = turn % 2 * SLOT_EVERY;
        self.file.write_all_at(&encode(turn, anchor), at).doing("write", &self.path)?;
        self.file.sync_data().doing("sync", &self.path)?;
        self.turn = turn;
        Ok(())
    }
}

fn encode(turn: u64, anchor: &Anchor) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    bytes.push(u8::from(anchor.clean));
    bytes.extend_from_slice(&[0; 5]);
    bytes.extend_from_slice(&turn.to_be_bytes());
    bytes.extend_from_slice(&anchor.head.size.to_be_bytes());
    bytes.extend_from_slice(&anchor.head.root.0);
    bytes.extend_from_slice(&anchor.log.0);
    bytes.extend(anchor.boot.bytes().chain(std::iter::repeat(0)).take(BOOT_ID));
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The turn and content of a slot; `None` when it is torn or was never written.
fn decode(bytes: &[u8; SLOT]) -> Result<Option<(u64, Anchor)>, LogError> {
    let Some((body, checksum)) = bytes.split_last_chunk::<4>() else { return Ok(None) };
    if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
        return Ok(None);
    }
    let mut rest = body;
    let Some(magic) = next::<8>(&mut rest) else { return Ok(None) };
    let Some(format) = next(&mut rest).map(u16::from_be_bytes) else { return Ok(None) };
    if magic != *MAGIC {
        return Ok(None);
    }
    if format != FORMAT {
        return Err(LogError::NewerFormat { what: "anchor", seen: format, known: FORMAT });
    }
    Ok(fields(rest))
}

fn fields(mut rest: &[u8]) -> Option<(u64, Anchor)> {
    let [clean, ..] = next::<6>(&mut rest)?;
    let turn = next(&mut rest).map(u64::from_be_bytes)?;
    let size = next(&mut rest).map(u64::from_be_bytes)?;
    let root = next(&mut rest).map(Digest)?;
    let log = next(&mut rest).map(Digest)?;
    let boot: [u8; BOOT_ID] = next(&mut rest)?;
    let boot = String::from_utf8_lossy(&boot).trim_end_matches('\0').to_owned();
    Some((turn, Anchor { head: Head { size, root }, log, boot, clean: clean != 0 }))
}

fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(size: u64) -> Anchor {
        let boot = "0b0e1f7e-5a0b-4d8e-9d0f-3f1f6d2c7a11".to_owned();
        let head = Head { size, root: Digest([1; 32]) };
        Anchor { head, log: Digest([2; 32]), boot, clean: size.is_multiple_of(2) }
    }

    fn read(path: &Path) -> Option<Anchor> {
        AnchorFile::open(path).unwrap().1
    }

    #[test]
    fn the_newest_slot_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anchor");
        let (mut file, found) = AnchorFile::open(&path).unwrap();
        assert_eq!(found, None);
        for size in 0..5 {
            file.write(&anchor(size)).unwrap();
            assert_eq!(read(&path), Some(anchor(size)));
        }
    }

    #[test]
    fn a_torn_slot_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anchor");
        let (mut file, _) = AnchorFile::open(&path).unwrap();
        file.write(&anchor(1)).unwrap();
        file.write(&anchor(2)).unwrap();
        for at in 0..SLOT {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[at] ^= 0x40;
            let torn = dir.path().join("torn");
            std::fs::write(&torn, bytes).unwrap();
            assert_eq!(read(&torn), Some(anchor(1)), "byte {at}");
        }
    }
}
