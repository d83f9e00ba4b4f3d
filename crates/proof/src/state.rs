//! State digests: the root over what was known of every stream at one size of the log.
//!
//! A [`Row`] says how far a stream had come and what its levels were. The log records the root over
//! all rows ([`StateDigestRecorded`]), so that whoever holds the row of a stream and the stream's
//! leaves knows that none of them was left out: [`Chain`] links the leaves, and the row says where
//! they end. Nothing here panics, whatever the input.

pub mod areas;
pub mod links;

use gradus_model::event::StateDigestRecorded;
use gradus_model::leaf::{Leaf, LeafError, Place};
use gradus_model::recorded::{Recorded, UnreadableLeaf};
use gradus_model::{Digest, Event, UnitId};

use crate::error::ProofError;
use crate::inclusion::verify_inclusion;
use crate::plan::{Hashes, Plan};
use crate::tree::{leaf_hash, root};

/// The longest row, in bytes.
pub const MOST_ROW_BYTES: usize = 95;
/// The array of four that a row is, and the stream's 16 bytes in it.
const HEAD: [u8; 2] = [0x84, 0x50];
/// What 32 bytes begin with.
const HASH: [u8; 2] = [0x58, 0x20];

/// What was known of one stream at one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The stream.
    pub stream: UnitId,
    /// The version of its last record below the size; 0 where there is none.
    pub version: u64,
    /// The leaf hash of that record, or zeros.
    pub head: Digest,
    /// The projector's digest of the unit; zeros where it tells nothing of the stream.
    pub projection: Digest,
}

/// Why the leaves of a stream, or a row, prove nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Bytes that are no row.
    #[error("a row is the array [stream, version, head, projection] in deterministic CBOR: {0}")]
    Row(&'static str),
    /// Entries or a course that do not open a row.
    #[error("the areas of the row are not opened: {0}")]
    Areas(&'static str),
    /// A row of another stream.
    #[error("the row is of stream {seen}, not of {asked}")]
    OfAnother {
        /// The stream that the row names.
        seen: UnitId,
        /// The stream in question.
        asked: UnitId,
    },
    /// The row is not in the digest.
    #[error("the row is not in the state digest: {0}")]
    NotInDigest(#[from] ProofError),
    /// A leaf that cannot be read.
    #[error("a leaf of the stream cannot be read: {0}")]
    Leaf(#[from] LeafError),
    /// The record of the digest cannot be read, or is another fact.
    #[error("the leaf is no record of a state digest: {0}")]
    NoDigest(String),
    /// The record that a log begins with cannot be read, or is another fact.
    #[error("the leaf is not the record that a log begins with: {0}")]
    NoBeginning(String),
    /// Whoever writes to another stream could describe the log otherwise than the log does.
    #[error("the state digest is of stream {seen}, and the organization's is {organization}")]
    Elsewhere {
        /// The stream that the digest was recorded in.
        seen: UnitId,
        /// The organization that the log began with.
        organization: UnitId,
    },
    /// A leaf that does not follow the one before it.
    #[error("version {version} of the stream: its {field} is {seen}, and {needed} is needed")]
    Gap {
        /// The version that was to come.
        version: u64,
        /// What does not fit.
        field: &'static str,
        /// What the leaf says.
        seen: String,
        /// What it would say if nothing was left out.
        needed: String,
    },
    /// The stream does not go through the row.
    #[error(
        "the row says that the stream had come to version {version} with {head} below {size}: \
             the leaves say version {seen} with {hash}"
    )]
    Ends {
        /// The size that the row is about.
        size: u64,
        /// The version that the row says.
        version: u64,
        /// The leaf hash that the row says.
        head: Digest,
        /// The last version below the size, by the leaves.
        seen: u64,
        /// Its leaf hash, by the leaves.
        hash: Digest,
    },
}

impl Row {
    /// The row in deterministic CBOR: an array of stream, version, head and projection.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MOST_ROW_BYTES);
        bytes.extend_from_slice(&HEAD);
        bytes.extend_from_slice(&self.stream.0);
        let all = self.version.to_be_bytes();
        // The shortest of the five forms.
        let (head, length) = match self.version {
            0..=23 => (None, 1),
            24..=0xff => (Some(0x18), 1),
            0x100..=0xffff => (Some(0x19), 2),
            0x1_0000..=0xffff_ffff => (Some(0x1a), 4),
            _ => (Some(0x1b), 8),
        };
        bytes.extend(head);
        bytes.extend(all.iter().skip(all.len() - length));
        for hash in [&self.head, &self.projection] {
            bytes.extend_from_slice(&HASH);
            bytes.extend_from_slice(&hash.0);
        }
        bytes
    }

    /// Reads a row; what was written is read back as it was, and nothing else is read.
    ///
    /// # Errors
    ///
    /// [`StateError::Row`] for other bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let (row, rest) = Self::read_first(bytes)?;
        if rest.is_empty() { Ok(row) } else { Err(StateError::Row("more follows it")) }
    }

    /// Reads the first of several rows, and what follows it.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn read_first(bytes: &[u8]) -> Result<(Self, &[u8]), StateError> {
        let short = || StateError::Row("it ends too soon");
        let (head, rest) = bytes.split_first_chunk::<2>().ok_or_else(short)?;
        let (stream, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (first, rest) = rest.split_first().ok_or_else(short)?;
        let (version, rest) = match first {
            0..=23 => (u64::from(*first), rest),
            0x18..=0x1b => {
                let length = 1 << (first - 0x18);
                let (number, rest) = rest.split_at_checked(length).ok_or_else(short)?;
                let shifted = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
                (number.iter().fold(0, shifted), rest)
            }
            _ => return Err(StateError::Row("its version is no number")),
        };
        let (head_of, of_stream, rest) = split_hash(rest).ok_or_else(short)?;
        let (head_of_next, projection, rest) = split_hash(rest).ok_or_else(short)?;
        let row = Self { stream: UnitId(*stream), version, head: of_stream, projection };
        let headed = *head == HEAD && head_of == HASH && head_of_next == HASH;
        let written = bytes.len() - rest.len();
        // Written again it is the same, so that a number has one form.
        if headed && bytes.get(..written) == Some(&row.to_bytes()) {
            Ok((row, rest))
        } else {
            Err(StateError::Row("it is not in the deterministic encoding"))
        }
    }

    /// The hash of the row as a leaf of the digest's tree.
    #[must_use]
    pub fn hash(&self) -> Digest {
        leaf_hash(&self.to_bytes())
    }
}

fn split_hash(bytes: &[u8]) -> Option<([u8; 2], Digest, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    Some((*head, Digest(*hash), rest))
}

/// The root over rows, in their order.
#[must_use]
pub fn rows_root(rows: &[Row]) -> Digest {
    root(&rows.iter().map(Row::hash).collect::<Vec<_>>())
}

/// The proof that row `index` is among the rows.
///
/// # Errors
///
/// [`ProofError::Outside`] for a row that is not there.
pub fn prove_row(rows: &[Row], index: u64) -> Result<Vec<Digest>, ProofError> {
    let hashes: Vec<Digest> = rows.iter().map(Row::hash).collect();
    Plan::inclusion(index, hashes.len() as u64)?.assemble(&AllHashes(&hashes))
}

/// The hashes of a small tree, all in memory.
struct AllHashes<'a>(&'a [Digest]);

impl Hashes for AllHashes<'_> {
    type Error = ProofError;

    fn subtree(&self, level: u32, index: u64) -> Result<Digest, ProofError> {
        let size = self.0.len() as u64;
        let outside = ProofError::Outside { index, size };
        let start = index.checked_mul(1_u64.checked_shl(level).unwrap_or(0));
        let start = start.and_then(|start| usize::try_from(start).ok());
        let length = 1_usize.checked_shl(level);
        let leaves = start
            .zip(length)
            .and_then(|(start, length)| self.0.get(start..start.checked_add(length)?));
        leaves.map(root).ok_or(outside)
    }
}

/// What a leaf records as a state digest; that the leaf is in the log is proved apart.
///
/// # Errors
///
/// [`StateError::NoDigest`] for any other leaf.
pub fn read_digest(leaf: &[u8]) -> Result<(Place, StateDigestRecorded), StateError> {
    let none = |why: &dyn ToString| StateError::NoDigest(why.to_string());
    let leaf = Leaf::read(leaf).map_err(|error| none(&error))?;
    let recorded = Recorded::from_leaf(&leaf).map_err(|error: UnreadableLeaf| none(&error))?;
    match recorded.event {
        Event::StateDigestRecorded(digest) if digest.size <= leaf.place.position => {
            Ok((leaf.place, digest))
        }
        Event::StateDigestRecorded(_) => Err(none(&"it describes records that come after it")),
        other => Err(none(&format!("it is `{}`", other.name()))),
    }
}

/// That a digest recorded at a place is the log's own: that it stands in the stream of the organization,
/// which the leaf of the log's first record names. That this leaf is in the log is proved apart.
///
/// # Errors
///
/// [`StateError::NoBeginning`] for a leaf of another record, [`StateError::Elsewhere`].
pub fn verify_own(first_leaf: &[u8], place: &Place) -> Result<(), StateError> {
    let none = |why: &dyn ToString| StateError::NoBeginning(why.to_string());
    let leaf = Leaf::read(first_leaf).map_err(|error| none(&error))?;
    let recorded = Recorded::from_leaf(&leaf).map_err(|error: UnreadableLeaf| none(&error))?;
    let organization = match recorded.event {
        Event::LogCreated(created) if leaf.place.position == 0 => created.organization,
        other => return Err(none(&format!("it is `{}` at {}", other.name(), leaf.place.position))),
    };
    if place.stream == organization {
        return Ok(());
    }
    Err(StateError::Elsewhere { seen: place.stream, organization })
}

/// The row of a stream in a digest, once its proof was checked.
///
/// # Errors
///
/// [`StateError`] where the bytes are no row of the stream, or the proof does not hold.
pub fn verify_row(
    digest: &StateDigestRecorded,
    stream: UnitId,
    row: &[u8],
    index: u64,
    proof: &[Digest],
) -> Result<Row, StateError> {
    let read = Row::read(row)?;
    if read.stream != stream {
        return Err(StateError::OfAnother { seen: read.stream, asked: stream });
    }
    verify_inclusion(&leaf_hash(row), index, digest.rows, proof, &digest.root)?;
    Ok(read)
}

/// How far a stream had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The version of its last record; 0 where there is none.
    pub version: u64,
    /// The leaf hash of that, or zeros.
    pub head: Digest,
}

/// A leaf is not what comes next.
fn gap(
    version: u64,
    field: &'static str,
    seen: &dyn ToString,
    needed: &dyn ToString,
) -> StateError {
    StateError::Gap { version, field, seen: seen.to_string(), needed: needed.to_string() }
}

impl Reached {
    /// The version that comes next.
    const fn next(&self) -> u64 {
        self.version.saturating_add(1)
    }

    /// That a leaf of the stream is the next one, and names the last one.
    fn goes_on_with(&self, place: &Place) -> Result<(), StateError> {
        let next = self.next();
        if place.version != next {
            return Err(gap(next, "version", &place.version, &next));
        }
        if place.previous != self.head {
            return Err(gap(next, "previous leaf", &place.previous, &self.head));
        }
        Ok(())
    }
}

impl Default for Reached {
    /// A stream without a record.
    fn default() -> Self {
        Self { version: 0, head: Digest::ZERO }
    }
}

/// The leaves of one stream, one after the other, from version 1 on: each names the hash of the one
/// before it, so that none can be left out between them.
#[derive(Clone, Debug)]
pub struct Chain {
    stream: UnitId,
    reached: Reached,
    position: Option<u64>,
    /// The sizes in question, in ascending order, and how far the stream had come below each.
    below: Vec<(u64, Reached)>,
}

impl Chain {
    /// A stream of which nothing was read; it is to be told how far it had come below each size.
    #[must_use]
    pub fn of(stream: UnitId, sizes: impl IntoIterator<Item = u64>) -> Self {
        let below = sizes.into_iter().map(|size| (size, Reached::default())).collect();
        Self { stream, reached: Reached::default(), position: None, below }
    }

    /// Takes the next leaf.
    ///
    /// # Errors
    ///
    /// [`StateError::Gap`] for a leaf that is not the next one of the stream, [`StateError::Leaf`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let place = Leaf::read(bytes)?.place;
        let Place { position, stream, version, .. } = place;
        let next = self.reached.next();
        if stream != self.stream {
            return Err(gap(next, "stream", &stream, &self.stream));
        }
        self.reached.goes_on_with(&place)?;
        if let Some(last) = self.position.filter(|last| position <= *last) {
            return Err(gap(next, "position", &position, &format!("more than {last}")));
        }
        self.position = Some(position);
        self.reached = Reached { version, head: leaf_hash(bytes) };
        for (_, below) in self.below.iter_mut().filter(|(size, _)| position < *size) {
            *below = self.reached;
        }
        Ok(())
    }

    /// How far the leaves reach.
    #[must_use]
    pub const fn reached(&self) -> Reached {
        self.reached
    }

    /// How far the stream had come below one of the sizes in question, by the leaves read.
    #[must_use]
    pub fn below(&self, size: u64) -> Option<Reached> {
        self.below.iter().find(|(of, _)| *of == size).map(|(_, reached)| *reached)
    }

    /// Checks that the leaves go through what a row says of the size of its digest, which must be one
    /// of those in question. None of the stream's records below that size is missing then.
    ///
    /// # Errors
    ///
    /// [`StateError::Ends`].
    pub fn goes_through(&self, size: u64, row: &Row) -> Result<(), StateError> {
        let seen = self.below(size).unwrap_or_default();
        if seen == (Reached { version: row.version, head: row.head }) {
            return Ok(());
        }
        let (Reached { version, head: hash }, Row { version: said, head, .. }) = (seen, *row);
        Err(StateError::Ends { size, version: said, head, seen: version, hash })
    }
}

/// That no record of a stream below `size` is missing among its `leaves`, by a state digest of that
/// size or more: how far the stream had come below `size`.
///
/// The leaves are those of versions 1 up to the row's, at least. That the digest's own leaf is in the
/// log is for the caller to prove.
///
/// # Errors
///
/// [`StateError`] where something is missing or does not fit; [`StateError::NoDigest`] for a digest of
/// less than `size`.
pub fn verify_whole<'a>(
    stream: UnitId,
    size: u64,
    digest_leaf: &[u8],
    (row, index, proof): (&[u8], u64, &[Digest]),
    leaves: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Reached, StateError> {
    let (_, digest) = read_digest(digest_leaf)?;
    if digest.size < size {
        let why = format!("it describes {} records, and {size} are in question", digest.size);
        return Err(StateError::NoDigest(why));
    }
    let row = verify_row(&digest, stream, row, index, proof)?;
    let mut chain = Chain::of(stream, [size, digest.size]);
    for leaf in leaves {
        chain.push(leaf)?;
    }
    chain.goes_through(digest.size, &row)?;
    Ok(chain.below(size).unwrap_or_default())
}
