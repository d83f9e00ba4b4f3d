//! The leaves of one stream, in the order of their versions: each as 2 bytes of length, big-endian,
//! and the leaf, as in the entry bundles of C2SP tlog-tiles.

use gradus_model::{Digest, Leaf, Recorded, UnitId};
use gradus_proof::{TlogProof, leaf_hash, verify_inclusion};

use crate::fault::Fault;

/// Writes leaves one after the other; one has at most 65,535 bytes, and those of a log 4,096.
#[must_use]
pub fn bundle<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for leaf in leaves {
        out.extend_from_slice(&u16::try_from(leaf.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(leaf);
    }
    out
}

/// The leaves in such a list; an item is none where it ends too soon, and nothing follows it.
pub(crate) fn leaves(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let leaf = bytes.split_first_chunk::<2>().and_then(|(length, after)| {
            after.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        });
        rest = leaf.map(|(_, after)| after);
        Some(leaf.map(|(leaf, _)| leaf))
    })
}

/// A record of a stream.
#[derive(Clone, Debug)]
pub struct Read<'a> {
    /// The leaf's bytes.
    pub bytes: &'a [u8],
    /// What they commit to.
    pub leaf: Leaf,
    /// What they say.
    pub recorded: Recorded,
}

/// A stream that is whole from its first record to the last that is here.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    /// The stream.
    pub id: UnitId,
    /// Its records; at least one.
    pub records: Vec<Read<'a>>,
}

impl<'a> Stream<'a> {
    /// Reads the leaves of a stream, which are not proved yet.
    ///
    /// # Errors
    ///
    /// [`Fault`]: the first record that cannot be read.
    pub fn read(member: &str, id: UnitId, bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut records: Vec<Read<'a>> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let version = records.len() as u64 + 1;
            let wrong =
                |what: &dyn ToString| Fault::new(member, what.to_string()).at(version, None);
            let (length, after) = rest
                .split_first_chunk::<2>()
                .ok_or_else(|| wrong(&"the member ends where 2 bytes of a length are needed"))?;
            let (leaf, after) = after
                .split_at_checked(usize::from(u16::from_be_bytes(*length)))
                .ok_or_else(|| wrong(&"the member ends before the leaf does"))?;
            let read = Leaf::read(leaf).map_err(|error| wrong(&error))?;
            let recorded = Recorded::from_leaf(&read).map_err(|error| wrong(&error))?;
            records.push(Read { bytes: leaf, leaf: read, recorded });
            rest = after;
        }
        if records.is_empty() {
            return Err(Fault::new(member, "it holds no record"));
        }
        Ok(Self { id, records })
    }

    /// Checks that the last record is in the log by `proof`, that every record before it is the one
    /// that its successor names, that none is missing, and that all are below `size`.
    ///
    /// From the end to the beginning, so that what a record says of the one before is proved when it
    /// is used, and the record that was changed is the one that is named.
    ///
    /// # Errors
    ///
    /// [`Fault`]: the record that is not the one of the log.
    pub fn check(
        &self,
        member: &str,
        size: u64,
        proof: &TlogProof,
        of: &gradus_proof::Checkpoint,
    ) -> Result<(), Fault> {
        let count = self.records.len() as u64;
        let fault = |version, position, what: String| {
            Err(Fault::new(member, what).at(version, Some(position)))
        };
        let hashes: Vec<Digest> =
            self.records.iter().map(|record| leaf_hash(record.bytes)).collect();
        let last = hashes.last().copied().unwrap_or(Digest::ZERO);
        if let Err(error) = verify_inclusion(&last, proof.index, of.size, &proof.hashes, &of.root) {
            return fault(count, proof.index, format!("the record is not in the log: {error}"));
        }
        for (at, record) in self.records.iter().enumerate().rev() {
            let earlier = at.checked_sub(1).and_then(|at| self.records.get(at).zip(hashes.get(at)));
            let before = earlier.map_or(Digest::ZERO, |(_, hash)| *hash);
            let place = record.leaf.place;
            if place.previous == before {
                continue;
            }
            let (named, position) = (place.previous, place.position);
            let Some((earlier, _)) = earlier else {
                let what = format!("the record says that one with hash {named} precedes it");
                return fault(1, position, format!("{what}, and it is the first here"));
            };
            let what = format!(
                "the record has hash {before}, and the one after it, at position {position}, says \
                 that it follows {named}"
            );
            return fault(at as u64, earlier.leaf.place.position, what);
        }
        for (version, record) in (1..=count).zip(&self.records) {
            let place = record.leaf.place;
            if place.stream != self.id || place.version != version {
                let (stream, seen) = (place.stream, place.version);
                let what = format!("the record is version {seen} of stream {stream}");
                return fault(version, place.position, what);
            }
            if place.position >= size {
                let what = format!("the capsule is of the first {size} records");
                return fault(version, place.position, what);
            }
        }
        match self.records.last().map(|record| record.leaf.place.position) {
            Some(position) if position != proof.index => {
                let what = format!("the record says that it stands elsewhere: at {}", proof.index);
                fault(count, position, what)
            }
            _ => Ok(()),
        }
    }
}
