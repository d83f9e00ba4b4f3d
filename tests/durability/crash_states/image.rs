//! What a disk may hold after a power cut: all that was flushed, and any part of what came after.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::write_log::{Entry, What};
use crate::random::Random;

/// The unit in which a file is written out; chunks of zeros stay holes.
const CHUNK: usize = 64 << 10;
/// A write can be torn here: what disks promise to write whole.
const BLOCK: usize = 4 << 10;

/// Which part of an epoch's entries reached the disk, from the oldest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Survivors(pub(crate) Vec<Survives>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Survives {
    Whole,
    Not,
    /// Only the blocks that this seed chooses.
    Torn(u64),
}

impl Survivors {
    /// All of so many entries.
    pub(crate) fn all(entries: usize) -> Self {
        Self(vec![Survives::Whole; entries])
    }

    /// A random part of so many entries.
    pub(crate) fn some(entries: usize, random: &mut Random) -> Self {
        let chance = *random.of(&[10, 50, 50, 90, 97]);
        let tears = *random.of(&[0, 0, 10, 30]);
        let mut fate = || {
            if random.percent(tears) {
                Survives::Torn(random.next())
            } else if random.percent(chance) {
                Survives::Whole
            } else {
                Survives::Not
            }
        };
        Self((0..entries).map(|_| fate()).collect())
    }

    /// A number that tells this choice from others.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let there = |(_, survives): &(usize, &Survives)| **survives != Survives::Not;
        self.0.iter().enumerate().filter(there).for_each(|kept| kept.hash(&mut hasher));
        hasher.finish()
    }
}

/// A disk as far as it was flushed.
pub(crate) struct Disk {
    bytes: Vec<u8>,
    /// Chunks that may hold other bytes than zeros.
    used: Vec<bool>,
}

impl Disk {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let used = bytes.chunks(CHUNK).map(|chunk| chunk.iter().any(|byte| *byte != 0)).collect();
        Ok(Self { bytes, used })
    }

    /// Takes entries as flushed.
    pub(crate) fn flush(&mut self, entries: &[Entry]) {
        for entry in entries {
            for (at, bytes) in parts(&entry.what, Survives::Whole) {
                self.put(at, &bytes);
            }
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self.used[at / CHUNK..=(at + bytes.len() - 1) / CHUNK].fill(true);
    }

    /// Writes to `path` what the disk holds when these survivors of an epoch reached it.
    pub(crate) fn write_with(
        &mut self,
        epoch: &[Entry],
        survivors: &Survivors,
        path: &Path,
    ) -> io::Result<()> {
        let mut before = Vec::new();
        for (entry, survives) in epoch.iter().zip(&survivors.0) {
            for (at, bytes) in parts(&entry.what, *survives) {
                before.push((at, self.bytes[at..at + bytes.len()].to_vec()));
                self.put(at, &bytes);
            }
        }
        let written = self.write(path);
        for (at, bytes) in before.into_iter().rev() {
            self.put(at, &bytes);
        }
        written
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        file.set_len(self.bytes.len() as u64)?;
        let chunks = self.bytes.chunks(CHUNK).zip(&self.used).enumerate();
        for (number, (chunk, _)) in chunks.filter(|(_, (_, used))| **used) {
            file.write_all_at(chunk, (number * CHUNK) as u64)?;
        }
        Ok(())
    }
}

/// The bytes that an entry leaves, by their offset.
fn parts(what: &What, survives: Survives) -> BTreeMap<usize, Vec<u8>> {
    let (at, bytes) = match what {
        What::Write { at, bytes } => (*at, bytes.clone()),
        What::Discard { at, length } => (*at, vec![0; usize::try_from(*length).unwrap_or(0)]),
        What::Flush => return BTreeMap::new(),
    };
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    match survives {
        Survives::Whole => BTreeMap::from([(at, bytes)]),
        Survives::Not => BTreeMap::new(),
        Survives::Torn(seed) => torn(at, &bytes, seed),
    }
}

fn torn(at: usize, bytes: &[u8], seed: u64) -> BTreeMap<usize, Vec<u8>> {
    let mut random = Random::new(seed);
    let mut kept = BTreeMap::new();
    let mut from = 0;
    while from < bytes.len() {
        // The first piece ends where a block of the disk ends.
        let to = bytes.len().min(from + BLOCK - (at + from) % BLOCK);
        if random.percent(50) {
            kept.insert(at + from, bytes[from..to].to_vec());
        }
        from = to;
    }
    kept
}
