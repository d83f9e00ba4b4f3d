//! What auditors asked: rows that are committed to while an engagement goes on, and opened at its end.
//!
//! A row is one question, or a part of a long one, as deterministic CBOR with a random salt; its
//! commitment is its hash as an RFC 6962 leaf, which tells nothing to whoever lacks the salt. Rows are
//! cut into pieces, each as long as a record can tell, and what is recorded is the root over the pieces
//! by count and root: `leaf_hash(count ‖ root)`, the count as 8 bytes, big-endian. So a piece is
//! verified by itself, and where the rows of one were erased, its count and root still prove that the
//! others are all there were.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gradus_model::event::{EngagementEnded, QueriesOpened, QueriesRecorded};
use gradus_model::{Digest, Event, PrincipalId, Timestamp};
use minicbor::{Decode, Encode};

use crate::tree::{leaf_hash, root};

/// The most bytes of a request in one row; a longer one goes on in the next row.
pub const MOST_REQUEST_BYTES: usize = 3_000;

/// The most bytes of the rows of a piece, as long as none is longer by itself.
pub const MOST_PIECE_BYTES: usize = 3_400;

/// A question, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct QueryRow {
    /// Its number in the engagement, from 0.
    #[n(0)]
    pub number: u64,
    /// When it was asked, by the server's clock.
    #[n(1)]
    pub asked_at: Timestamp,
    /// How many records the log had then: the answer rests on these at least, unless the question
    /// names a size.
    #[n(2)]
    pub log_size: u64,
    /// The method, without its package: `LevelService/QueryLevels`.
    #[n(3)]
    pub method: String,
    /// The request as protobuf, its fields in the order of their numbers.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub request: Vec<u8>,
    /// Whether the request goes on in the next row.
    #[n(5)]
    pub more: bool,
    /// Random bytes, so that nobody finds the question by guessing.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub salt: [u8; 16],
}

impl QueryRow {
    /// The row as it is committed to.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(80 + self.request.len());
        // Writing to a Vec cannot fail, and no encoder here refuses a value.
        let _ = minicbor::encode(self, &mut bytes);
        bytes
    }

    /// Reads the first row of some bytes, and what comes after it; only the deterministic encoding is
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`QueriesError::Row`].
    pub fn read_first(bytes: &[u8]) -> Result<(Self, &[u8]), QueriesError> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let row: Self = decoder.decode().map_err(|error| QueriesError::Row(error.to_string()))?;
        let (read, rest) = bytes.split_at_checked(decoder.position()).unwrap_or((bytes, &[]));
        if row.to_bytes() == read {
            Ok((row, rest))
        } else {
            Err(QueriesError::Row("it is not in the deterministic encoding".to_owned()))
        }
    }

    /// All rows of some bytes.
    ///
    /// # Errors
    ///
    /// [`QueriesError::Row`].
    pub fn read_all(mut bytes: &[u8]) -> Result<Vec<Self>, QueriesError> {
        let mut rows = Vec::new();
        while !bytes.is_empty() {
            let (row, rest) = Self::read_first(bytes)?;
            rows.push(row);
            bytes = rest;
        }
        Ok(rows)
    }

    /// Its commitment.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        leaf_hash(&self.to_bytes())
    }
}

/// A piece of what was asked, without its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of its first row.
    pub first: u64,
    /// How many rows it has.
    pub count: u64,
    /// The root over them.
    pub root: Digest,
}

impl Piece {
    fn of(rows: &[QueryRow]) -> Option<Self> {
        let hashes: Vec<Digest> = rows.iter().map(QueryRow::commitment).collect();
        let first = rows.first()?.number;
        Some(Self { first, count: rows.len() as u64, root: root(&hashes) })
    }

    fn hash(&self) -> Digest {
        let mut bytes = self.count.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.root.0);
        leaf_hash(&bytes)
    }
}

/// Rows cut into pieces, always at the same places.
#[must_use]
pub fn cut(rows: &[QueryRow]) -> Vec<(Piece, &[QueryRow])> {
    let mut pieces = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, row) in rows.iter().enumerate() {
        let length = row.to_bytes().len();
        if at > from && bytes + length > MOST_PIECE_BYTES {
            pieces.extend(rows.get(from..at));
            (from, bytes) = (at, 0);
        }
        bytes += length;
    }
    pieces.extend(rows.get(from..).filter(|last| !last.is_empty()));
    pieces.into_iter().filter_map(|rows| Some((Piece::of(rows)?, rows))).collect()
}

/// The root over pieces, which is what is recorded while the engagement goes on.
#[must_use]
pub fn pieces_root<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Digest {
    root(&pieces.into_iter().map(Piece::hash).collect::<Vec<_>>())
}

/// Why a list of questions is not what was committed to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueriesError {
    /// A row that cannot be read.
    #[error("a row cannot be read: {0}")]
    Row(String),
    /// Records of several engagements, or of other sorts.
    #[error("the record at position {0} is none of this engagement")]
    Foreign(u64),
    /// Commitments that do not follow each other.
    #[error("the commitments at position {position} begin with row {seen}, not with {due}")]
    Gap {
        /// Where they were recorded.
        position: u64,
        /// The row that they begin with.
        seen: u64,
        /// The row that comes next.
        due: u64,
    },
    /// No end, or another number of rows than the end says.
    #[error("{committed} rows are committed to, and the end of the engagement {}", said(*.ended))]
    Count {
        /// The rows that are committed to.
        committed: u64,
        /// The rows that the end says; none where it was not recorded.
        ended: Option<u64>,
    },
    /// Pieces that do not come to what was committed to.
    #[error(
        "what was opened of the commitments at position {position} does not come to them: rows {first} \
         to {last} are not the ones that were asked, or some are missing"
    )]
    Pieces {
        /// Where the commitments were recorded.
        position: u64,
        /// The first row.
        first: u64,
        /// The last row.
        last: u64,
    },
    /// Rows that do not come to their piece.
    #[error("the rows that were opened at position {0} are not those that were committed to")]
    Rows(u64),
}

fn said(ended: Option<u64>) -> String {
    ended.map_or_else(|| "is not recorded".to_owned(), |count| format!("says {count}"))
}

/// What a whole list of questions comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifiedQueries {
    /// How many rows were committed to.
    pub committed: u64,
    /// The rows that were opened, in order: all of them, but for those withheld.
    pub rows: Vec<QueryRow>,
    /// How many rows are erased or withheld; that they were there is proved.
    pub withheld: u64,
    /// Where the end was recorded; none while the engagement goes on.
    pub ended: Option<u64>,
}

/// The records of one engagement, as far as they were read.
#[derive(Default)]
struct Read {
    whose: Option<(PrincipalId, u32)>,
    committed: u64,
    recorded: Vec<(u64, QueriesRecorded)>,
    ended: Option<(u64, u64)>,
    pieces: BTreeMap<u64, Vec<Piece>>,
}

impl Read {
    fn take(&mut self, position: u64, event: &Event) -> Result<(), QueriesError> {
        let foreign = QueriesError::Foreign(position);
        let whose = match event {
            Event::QueriesRecorded(of) => (of.auditor, of.engagement),
            Event::EngagementEnded(of) => (of.auditor, of.engagement),
            Event::QueriesOpened(of) => (of.auditor, of.engagement),
            _ => return Err(foreign),
        };
        if *self.whose.get_or_insert(whose) != whose {
            return Err(foreign);
        }
        match event {
            Event::QueriesRecorded(of) => {
                let (seen, due) = (of.first, self.committed);
                if seen != due || of.count == 0 || self.ended.is_some() {
                    return Err(QueriesError::Gap { position, seen, due });
                }
                self.committed = of.first.saturating_add(of.count);
                self.recorded.push((position, of.clone()));
            }
            Event::EngagementEnded(EngagementEnded { count, .. }) => {
                self.ended.get_or_insert((position, *count));
            }
            Event::QueriesOpened(QueriesOpened { recorded, first, count, root, .. }) => {
                let piece = Piece { first: *first, count: *count, root: *root };
                self.pieces.entry(*recorded).or_default().push(piece);
            }
            _ => return Err(foreign),
        }
        Ok(())
    }

    /// Whether some commitments were opened exactly as they were made.
    fn comes_to(&mut self, position: u64, said: &QueriesRecorded) -> bool {
        let mut pieces = self.pieces.remove(&position).unwrap_or_default();
        pieces.sort_by_key(|piece| piece.first);
        let mut due = said.first;
        let follow = pieces.iter().all(|piece| {
            let follows = piece.first == due;
            due = due.saturating_add(piece.count);
            follows
        });
        follow && due == said.first.saturating_add(said.count) && pieces_root(&pieces) == said.root
    }
}

/// Holds a list of questions against what was recorded of an engagement: none more, none fewer, none
/// other. `records` are all of its records in order, each with its position; that they are in the log is
/// proved apart. `rows` are the rows of pieces, by where they were opened: none where they are withheld.
///
/// An engagement that goes on has nothing opened; its commitments are held against each other alone.
///
/// # Errors
///
/// [`QueriesError`] with the first thing that does not hold.
pub fn verify_queries(
    records: &[(u64, Event)],
    rows: &BTreeMap<u64, Vec<QueryRow>>,
) -> Result<VerifiedQueries, QueriesError> {
    let mut read = Read::default();
    for (position, event) in records {
        read.take(*position, event)?;
    }
    let committed = read.committed;
    let mut verified = VerifiedQueries { committed, ..VerifiedQueries::default() };
    let ended = read.ended.map(|(_, count)| count);
    verified.ended = read.ended.map(|(position, _)| position);
    if ended.is_none() && read.pieces.is_empty() {
        return Ok(VerifiedQueries { withheld: committed, ..verified });
    }
    if ended != Some(committed) {
        return Err(QueriesError::Count { committed, ended });
    }
    for (position, said) in std::mem::take(&mut read.recorded) {
        if !read.comes_to(position, &said) {
            let (first, last) = (said.first, said.first.saturating_add(said.count) - 1);
            return Err(QueriesError::Pieces { position, first, last });
        }
    }
    if let Some(position) = read.pieces.keys().next() {
        return Err(QueriesError::Foreign(*position));
    }
    for (position, event) in records {
        let Event::QueriesOpened(of) = event else { continue };
        let Some(given) = rows.get(position) else {
            verified.withheld += of.count;
            continue;
        };
        let said = Piece { first: of.first, count: of.count, root: of.root };
        let numbered = (of.first..).zip(given).all(|(number, row)| row.number == number);
        if !numbered || Piece::of(given) != Some(said) {
            return Err(QueriesError::Rows(*position));
        }
        verified.rows.extend_from_slice(given);
    }
    verified.rows.sort_by_key(|row| row.number);
    Ok(verified)
}

/// Rows as a text: their bytes in base64.
#[must_use]
pub fn to_text(rows: &[QueryRow]) -> String {
    let bytes: Vec<u8> = rows.iter().flat_map(QueryRow::to_bytes).collect();
    STANDARD.encode(bytes)
}

/// Rows from such a text.
///
/// # Errors
///
/// [`QueriesError::Row`].
pub fn from_text(text: &str) -> Result<Vec<QueryRow>, QueriesError> {
    let bytes = STANDARD.decode(text).map_err(|error| QueriesError::Row(error.to_string()))?;
    QueryRow::read_all(&bytes)
}

#[cfg(test)]
mod tests;
