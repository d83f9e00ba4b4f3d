//! What is appended, and where it came to lie.

use gradus_model::leaf::{Draft, MOST_BYTES, MOST_RECORD_BYTES};
use gradus_model::{Digest, Timestamp, UnitId};

use crate::{Head, LogError};

/// The most parts of one append.
pub const MOST_PARTS: usize = 2;
/// The most records of one append.
pub const MOST_RECORDS: usize = 1_000;
/// The most bytes of one append, leaves and payloads together.
pub const MOST_APPEND_BYTES: usize = 4 << 20;

/// A record before the log has given it a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The leaf to be.
    pub draft: Draft,
    /// The sealed payload, opaque to the log; empty if there is none.
    pub payload: Vec<u8>,
}

impl NewRecord {
    /// The bytes of leaf and payload together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.draft.length() + self.payload.len()
    }
}

/// Records for the end of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The stream.
    pub stream: UnitId,
    /// The version the writer saw; 0 is the empty stream.
    pub expected: u64,
    /// The records, in order.
    pub records: Vec<NewRecord>,
}

/// One call's records: one or two parts, all or nothing, at consecutive positions in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The parts.
    pub parts: Vec<Part>,
}

/// Where a record came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Number within the whole log, from 0.
    pub position: u64,
    /// Number within the stream, from 1.
    pub version: u64,
    /// The hash of the leaf, as it stands in the tree.
    pub leaf_hash: Digest,
    /// When the writer took it.
    pub recorded_at: Timestamp,
}

/// An append that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The place of every record, in the order given.
    pub placed: Vec<Placed>,
    /// The durable head at this append or after it.
    pub head: Head,
}

impl Append {
    /// Records for the end of one stream.
    #[must_use]
    pub fn to(stream: UnitId, expected: u64, records: Vec<NewRecord>) -> Self {
        Self { parts: vec![Part { stream, expected, records }] }
    }

    /// The bytes of all records, if every bound holds.
    pub(crate) fn checked_bytes(&self) -> Result<usize, LogError> {
        within("parts of an append", self.parts.len(), MOST_PARTS)?;
        let mut records = 0;
        let mut bytes = 0;
        for part in &self.parts {
            if part.records.is_empty() {
                return Err(LogError::Empty);
            }
            records += part.records.len();
            for record in &part.records {
                within("bytes of a leaf", record.draft.length(), MOST_BYTES)?;
                within("bytes of a record", record.bytes(), MOST_RECORD_BYTES)?;
                bytes += record.bytes();
            }
        }
        if records == 0 {
            return Err(LogError::Empty);
        }
        within("records of an append", records, MOST_RECORDS)?;
        within("bytes of an append", bytes, MOST_APPEND_BYTES)?;
        Ok(bytes)
    }
}

fn within(what: &'static str, seen: usize, most: usize) -> Result<(), LogError> {
    if seen > most { Err(LogError::TooLarge { what, seen, most }) } else { Ok(()) }
}
