//! The anchor: a small file, synced apart from the log, that says what was durable.
//!
//! A file of two [`slots`](crate::slots), `GRADUSAN`. The mark says whether the log was closed after
//! it (1); the content is, big-endian: size (8), root (32), hash of the leaf at position 0 or zeros
//! (32), boot id (60).
//!
//! Invariant: the anchor is never ahead of what is durable.

use std::path::Path;

use gradus_model::Digest;

use crate::error::Doing as _;
use crate::slots::{CONTENT, SLOT, SLOT_EVERY, SlotFile, Sort, decode, next, next_boot, put_boot};
use crate::{Head, LogError};

const ANCHOR: Sort = Sort { magic: b"GRADUSAN", format: 1, what: "anchor" };

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
        let read = there.try_into().ok().map(|slot| decode(ANCHOR, slot, read));
        let read = read.transpose()?.flatten();
        slots.push(match read {
            Some((turn, anchor)) => Slot::Whole(turn, anchor),
            None => Slot::Damaged { at },
        });
    }
    Ok(slots)
}

/// The open file.
#[derive(Debug)]
pub(crate) struct AnchorFile(SlotFile);

impl AnchorFile {
    /// Opens the anchor in `path`, created if it is not there, and reads the newest whole slot.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Anchor>), LogError> {
        let (file, newest) = SlotFile::open(path, ANCHOR, read)?;
        Ok((Self(file), newest))
    }

    /// Writes and syncs the anchor in the older slot.
    pub(crate) fn write(&mut self, anchor: &Anchor) -> Result<(), LogError> {
        let mut content = Vec::with_capacity(CONTENT);
        content.extend_from_slice(&anchor.head.size.to_be_bytes());
        content.extend_from_slice(&anchor.head.root.0);
        content.extend_from_slice(&anchor.log.0);
        put_boot(&mut content, &anchor.boot);
        self.0.write(u8::from(anchor.clean), &content)
    }
}

fn read(clean: u8, mut rest: &[u8]) -> Option<Anchor> {
    let size = next(&mut rest).map(u64::from_be_bytes)?;
    let root = next(&mut rest).map(Digest)?;
    let log = next(&mut rest).map(Digest)?;
    let boot = next_boot(&mut rest)?;
    Some(Anchor { head: Head { size, root }, log, boot, clean: clean != 0 })
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
