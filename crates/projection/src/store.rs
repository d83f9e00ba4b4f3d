//! The bitemporal index on sled 0.34, the only place here that knows this library.
//!
//! A database of its own: rows and blocks (`index`), the digest of each unit, the
//! units that were parked, and how far it has read, all in one atomic batch. It is derived: one
//! that does not open, is of another version or log, or is ahead of the log is removed and built
//! anew. Every call may read the disk and blocks.
//!
//! Invariant: what is answered as known with a size up to the cursor never changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gradus_domain::fold::AreaCourse;
use gradus_model::{Digest, Timestamp, UnitId};

use crate::index::{Batch, BlockId, Blocks, Fault, is_named};
use crate::projector::Parked;

mod database;
mod digest;
mod read;
mod recent;
mod written;

pub(crate) use database::{remove, rename};
use recent::Recent;
use written::{CURSOR, DIGESTS, PARKED, Written, cursor_row, unit_key};

/// Begins the key of a block.
const BLOCKS: u8 = b'b';
/// Rows that are written together where all need not be.
const ROWS_AT_ONCE: usize = 1_000;
/// Blocks of which it is remembered that they are stored.
const MOST_KNOWN_BLOCKS: usize = 65_536;

/// What fails in the index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system refuses.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process, or a database of this one, has the directory open.
    #[error("{directory} is in use: stop the other process first")]
    Held {
        /// The index's directory.
        directory: PathBuf,
    },
    /// The database does not open, even anew.
    #[error("the index in {directory} does not open: {reason}")]
    Unopenable {
        /// The index's directory.
        directory: PathBuf,
        /// What the database said.
        reason: String,
    },
    /// The database failed.
    #[error("the index failed: {0}")]
    Storage(String),
    /// A row or block is not as it was written.
    #[error("the index is damaged at {key}: {reason}: rebuild it")]
    Damaged {
        /// The row's key, in hexadecimal.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// The log that an index is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfLog {
    /// The hash of the leaf at position 0; zeros while the log is empty.
    pub first_leaf: Digest,
    /// The log's size.
    pub size: u64,
}

/// How an index was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It goes on from its cursor.
    Resumed,
    /// It was not there.
    New,
    /// It was removed, because of this, and begins anew.
    Anew(String),
}

/// A revision as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRevision {
    /// Where the event that made it was recorded.
    pub position: u64,
    /// When that event was recorded.
    pub recorded_at: Timestamp,
    /// The course from that position on; the default one where nothing is known any more.
    pub course: AreaCourse,
}

/// The index in a directory; one process at a time, one writer, any number of readers.
#[derive(Debug)]
pub struct IndexStore {
    rows: ::sled::Db,
    written: Mutex<Written>,
    recent: Recent,
}

impl IndexStore {
    /// Opens the index in `directory`, or creates it.
    ///
    /// # Errors
    ///
    /// When the directory is in use or cannot be written; never because of what is in it.
    pub fn open(directory: &Path, log: OfLog) -> Result<(Self, Opened), IndexError> {
        let is_there = directory.exists();
        let reason = match database::open(directory) {
            Ok(rows) => match Written::read(&rows, log) {
                Ok(Some(written)) => {
                    return Ok((Self::over(rows, written), Opened::Resumed));
                }
                Ok(None) => None,
                Err(reason) => Some(reason),
            },
            Err(IndexError::Unopenable { reason, .. }) => Some(reason),
            Err(error) => return Err(error),
        };
        let opened = match reason {
            Some(reason) => Opened::Anew(reason),
            None if is_there => Opened::Anew("it says not how far it has read".to_owned()),
            None => Opened::New,
        };
        database::remove(directory)?;
        let rows = database::open(directory)?;
        Ok((Self::over(rows, Written::nothing(log.first_leaf)), opened))
    }

    fn over(rows: ::sled::Db, written: Written) -> Self {
        Self { rows, written: Mutex::new(written), recent: Recent::default() }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a batch with all that was told up to `cursor`, atomically; it survives the end of the
    /// process after [`Self::flush`].
    ///
    /// Readers wait meanwhile: a batch beside readers is best small. `first_leaf` names the log.
    ///
    /// # Errors
    ///
    /// [`IndexError::Storage`]; nothing is written then.
    pub fn write(
        &self,
        mut batch: Batch,
        cursor: u64,
        first_leaf: Digest,
    ) -> Result<(), IndexError> {
        batch.close();
        self.put(batch, usize::MAX, cursor, first_leaf)
    }

    /// Writes what of a batch is done, many rows at a time and not atomically: for an index that
    /// nobody reads yet and that is removed if it is not finished. [`Batch::close`] it at the end.
    ///
    /// Rows that have room left are filled by what comes next: an area has few rows then. sled frees
    /// nothing while it takes in a batch, and lays many rows at once out badly.
    ///
    /// # Errors
    ///
    /// [`IndexError::Storage`]; the index is of no use then.
    pub fn write_unread(
        &self,
        batch: &mut Batch,
        cursor: u64,
        first_leaf: Digest,
    ) -> Result<(), IndexError> {
        self.put(batch.take_done(), ROWS_AT_ONCE, cursor, first_leaf)
    }

    fn put(
        &self,
        mut batch: Batch,
        rows_at_once: usize,
        cursor: u64,
        first_leaf: Digest,
    ) -> Result<(), IndexError> {
        // Neighbours one after the other touch each page of the database once.
        batch.rows.sort_unstable();
        let mut written = self.written();
        let mut all = ::sled::Batch::default();
        for (number, (key, row)) in (1..).zip(batch.rows) {
            all.insert(key, row);
            if number % rows_at_once == 0 {
                self.rows.apply_batch(std::mem::take(&mut all))?;
            }
        }
        if written.known_blocks.len() > MOST_KNOWN_BLOCKS {
            written.known_blocks.clear();
        }
        for (id, block) in batch.blocks {
            if written.known_blocks.insert(id) {
                all.insert(block_key(id), block);
            }
        }
        let mut chains = BTreeMap::new();
        for (unit, leaves) in &batch.leaves {
            let mut chain = written.chains.get(unit).copied().unwrap_or_default();
            for leaf in leaves {
                chain.add(leaf);
            }
            all.insert(unit_key(DIGESTS, *unit), &chain.0);
            chains.insert(*unit, chain);
        }
        for parked in &batch.parked {
            let mut bytes = parked.position.to_be_bytes().to_vec();
            bytes.extend_from_slice(parked.reason.as_bytes());
            all.insert(unit_key(PARKED, parked.unit), bytes);
        }
        all.insert(CURSOR, cursor_row(cursor, first_leaf));
        self.rows.apply_batch(all)?;
        self.recent.written(batch.leaves.keys());
        written.cursor = cursor;
        written.first_leaf = first_leaf;
        written.chains.extend(chains);
        written.parked.extend(batch.parked.into_iter().map(|parked| (parked.unit, parked)));
        drop(written);
        Ok(())
    }

    /// Makes what was written outlast the process.
    ///
    /// # Errors
    ///
    /// [`IndexError::Storage`].
    pub fn flush(&self) -> Result<(), IndexError> {
        self.rows.flush()?;
        Ok(())
    }

    /// How far the index has read, as a log size.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        self.written().cursor
    }

    /// The units that are no longer projected, in the order of ids.
    #[must_use]
    pub fn parked(&self) -> Vec<Parked> {
        self.written().parked.values().cloned().collect()
    }

    /// Whether it tells what is known of a unit with `size` records; what is known of it has been so
    /// since `since`.
    #[must_use]
    pub fn tells(&self, unit: UnitId, size: u64, since: u64) -> bool {
        let written = self.written();
        size.min(since) <= written.cursor && !written.parked.contains_key(&unit)
    }

    /// The bytes that the index takes on disk.
    ///
    /// # Errors
    ///
    /// [`IndexError::Storage`].
    pub fn bytes_on_disk(&self) -> Result<u64, IndexError> {
        Ok(self.rows.size_on_disk()?)
    }

    /// The digest of everything that was told up to the cursor.
    ///
    /// It covers the revisions of each unit in the order of positions, whatever rows they lie in.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest::of_units(&self.written().chains)
    }
}

impl Blocks for IndexStore {
    fn block(&self, id: BlockId) -> Result<Vec<u8>, Fault> {
        let found =
            self.rows.get(block_key(id)).map_err(|error| Fault::Storage(error.to_string()))?;
        let block = found.ok_or(Fault::Missing(id))?;
        if !is_named(id, &block) {
            return Err(Fault::Damaged("a block is not what its name says"));
        }
        Ok(block.to_vec())
    }
}

fn block_key(id: BlockId) -> Vec<u8> {
    [&[BLOCKS][..], &id.0].concat()
}

/// The first position of a row, by its key.
fn first_position(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |position| u64::from_be_bytes(*position))
}

fn at_key(key: &[u8], fault: Fault) -> IndexError {
    match fault {
        Fault::Storage(reason) => IndexError::Storage(reason),
        fault => {
            IndexError::Damaged { key: gradus_model::ids::hex(key), reason: fault.to_string() }
        }
    }
}

impl From<::sled::Error> for IndexError {
    fn from(error: ::sled::Error) -> Self {
        Self::Storage(error.to_string())
    }
}
