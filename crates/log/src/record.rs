//! What is read back.

use gradus_model::Digest;
use gradus_proof::empty_root;

/// A record as it is stored: the bytes that were hashed, and the sealed payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// The leaf, verbatim.
    pub leaf: Vec<u8>,
    /// The sealed payload, opaque to the log.
    pub payload: Vec<u8>,
}

impl StoredRecord {
    /// The bytes of leaf and payload together.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.leaf.len() + self.payload.len()
    }
}

/// A size of the log and the root over its leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log holds positions 0 to `size` - 1.
    pub size: u64,
    /// The RFC 6962 root over all leaves.
    pub root: Digest,
}

impl Head {
    /// The head of the log without records.
    #[must_use]
    pub fn empty() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// What the log held at a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownAt {
    /// The number of durable records stamped up to and including that date.
    pub size: u64,
    /// Whether no record can still be stamped so early.
    pub settled: bool,
}

/// How much a read may return; it returns at least one record if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimit {
    /// The most records.
    pub records: usize,
    /// The most bytes of leaves and payloads.
    pub bytes: usize,
}

impl ReadLimit {
    /// At most `records`, and 4 MiB.
    #[must_use]
    pub const fn records(records: usize) -> Self {
        Self { records, bytes: 4 << 20 }
    }
}

/// Records gathered up to a limit.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) records: Vec<StoredRecord>,
    most: ReadLimit,
    bytes: usize,
}

impl Gathered {
    pub(crate) const fn new(most: ReadLimit) -> Self {
        Self { records: Vec::new(), most, bytes: 0 }
    }

    /// Adds a record if there is room; `false` says that the limit is reached.
    pub(crate) fn add(&mut self, leaf: &[u8], payload: &[u8]) -> bool {
        let bytes = leaf.len() + payload.len();
        let first = self.records.is_empty();
        if self.records.len() >= self.most.records
            || (!first && self.bytes + bytes > self.most.bytes)
        {
            return false;
        }
        self.bytes += bytes;
        self.records.push(StoredRecord { leaf: leaf.to_vec(), payload: payload.to_vec() });
        true
    }
}
