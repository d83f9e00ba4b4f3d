//! How far the log was verified before: what a start need not read again before it serves.
//!
//! Two files in the folder of the index, both derived. `subtrees` holds the hash of each 16 leaves,
//! 32 bytes each, and grows. `verified` is replaced every now and then:
//!
//! | bytes | content |
//! |---|---|
//! | 18 | `gradus/v1/verified` |
//! | 8 | size of the log that was verified |
//! | 32 | root of the log at that size |
//! | 32 | hash of the leaf at position 0 |
//! | 8 | stamp of the last record, in microseconds |
//! | 1 | number of hashes that follow |
//! | 32 each | hashes of the subtrees within the last leaves, which are fewer than 16 |
//! | 4 | number of streams |
//! | 56 each | stream (16), version it had come to (8), hash of that leaf (32) |
//! | 32 | SHA-256 over all before |
//!
//! Numbers are big-endian. Nothing here is believed alone: the hashes have to come to the root, and
//! the root, with the records after it, to the one in the anchor.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use gradus_model::{Digest, Timestamp, UnitId};
use gradus_proof::tree::WIDTH;
use gradus_proof::{Tree, sha256};

use crate::error::Doing as _;
use crate::sequence::Sequencer;
use crate::{Head, LogError};

const LABEL: &[u8] = b"gradus/v1/verified";
const FILE: &str = "verified";
const SUBTREES: &str = "subtrees";
const HASH: usize = 32;

/// The state of the log at a size.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) head: Head,
    /// The hash of the leaf at position 0.
    pub(super) first_leaf: Digest,
    /// What [`Tree::rest`] told.
    rest: Vec<Digest>,
    pub(super) sequencer: Sequencer,
}

impl Mark {
    /// Of the log as it stands; `None` where nothing is recorded.
    pub(super) fn of(tree: &Tree, first_leaf: Digest, sequencer: &Sequencer) -> Option<Self> {
        let head = Head { size: tree.size(), root: tree.root() };
        let whole = head.size > 0 && head.size == sequencer.size();
        let rest = tree.rest().to_vec();
        whole.then(|| Self { head, first_leaf, rest, sequencer: sequencer.clone() })
    }

    pub(super) const fn size(&self) -> u64 {
        self.head.size
    }

    /// Writes the mark; `told` are the hashes that [`Tree::subtrees`] tells from number `from` on,
    /// and those before were written.
    pub(super) fn write(
        &self,
        folder: &Path,
        (from, told): (usize, &[Digest]),
    ) -> Result<(), LogError> {
        let path = folder.join(SUBTREES);
        let file = File::options().write(true).create(true).truncate(false).open(&path);
        let bytes: Vec<u8> = told.iter().flat_map(|hash| hash.0).collect();
        file.and_then(|file| file.write_all_at(&bytes, (from * HASH) as u64))
            .doing("write", &path)?;
        let path = folder.join(FILE);
        let unfinished = path.with_added_extension("unfinished");
        fs::write(&unfinished, self.bytes())
            .and_then(|()| fs::rename(&unfinished, &path))
            .doing("write", &path)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = LABEL.to_vec();
        bytes.extend_from_slice(&self.head.size.to_be_bytes());
        bytes.extend_from_slice(&self.head.root.0);
        bytes.extend_from_slice(&self.first_leaf.0);
        let last = self.sequencer.last().map_or(i64::MIN, Timestamp::micros);
        bytes.extend_from_slice(&last.to_be_bytes());
        // At most one for each bit of what is left of a size.
        bytes.push(u8::try_from(self.rest.len()).unwrap_or(u8::MAX));
        self.rest.iter().for_each(|hash| bytes.extend_from_slice(&hash.0));
        let streams: Vec<_> = self.sequencer.streams().collect();
        bytes.extend_from_slice(&u32::try_from(streams.len()).unwrap_or(u32::MAX).to_be_bytes());
        for (stream, version, leaf) in streams {
            bytes.extend_from_slice(&stream.0);
            bytes.extend_from_slice(&version.to_be_bytes());
            bytes.extend_from_slice(&leaf.0);
        }
        bytes.extend_from_slice(&sha256(&bytes).0);
        bytes
    }

    /// The mark in a folder, and the tree at its size; `None` if there is none, or it is not whole.
    pub(super) fn read(folder: &Path) -> Option<(Self, Tree)> {
        let mark = Self::parse(&fs::read(folder.join(FILE)).ok()?)?;
        let many = usize::try_from(mark.head.size / WIDTH).ok()?;
        let mut bytes = vec![0; many.checked_mul(HASH)?];
        let file = File::open(folder.join(SUBTREES)).ok()?;
        file.read_exact_at(&mut bytes, 0).ok()?;
        let subtrees = bytes.as_chunks::<HASH>().0.iter().copied().map(Digest).collect();
        let tree = Tree::restored(mark.head.size, subtrees, &mark.rest)?;
        (tree.root() == mark.head.root).then_some((mark, tree))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (said, digest) = bytes.split_last_chunk::<HASH>()?;
        if sha256(said).0 != *digest {
            return None;
        }
        let mut rest = said.strip_prefix(LABEL)?;
        let size = u64::from_be_bytes(next(&mut rest)?);
        let root = Digest(next(&mut rest)?);
        let first_leaf = Digest(next(&mut rest)?);
        let last = Timestamp::from_micros(i64::from_be_bytes(next(&mut rest)?)).ok()?;
        let [many] = next(&mut rest)?;
        let hashes: Option<_> = (0..many).map(|_| next(&mut rest).map(Digest)).collect();
        let many = u32::from_be_bytes(next(&mut rest)?);
        let streams: Option<Vec<_>> = (0..many)
            .map(|_| {
                let stream = UnitId(next(&mut rest)?);
                let version = u64::from_be_bytes(next(&mut rest)?);
                Some((stream, version, Digest(next(&mut rest)?)))
            })
            .collect();
        let sequencer = Sequencer::at(size, last, streams?);
        let head = Head { size, root };
        rest.is_empty().then_some(Self { head, first_leaf, rest: hashes?, sequencer })
    }

    /// Removes the mark: the next start reads everything before it serves.
    pub(super) fn remove(folder: &Path) -> Result<(), LogError> {
        let path = folder.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.doing("remove", &path),
        }
    }
}

fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}
