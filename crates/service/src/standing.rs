//! What a start reads in place of the whole log: the events that units and the organization are
//! settled by, and how far each stream has come. Items and ratings are recalled when they are
//! asked for.
//!
//! The file, `standing`, is derived, and ignored unless it is whole and of this log:
//!
//! | bytes | content |
//! |---|---|
//! | 18 | `gradus/v1/standing` |
//! | 8 | size of the log that was read |
//! | 32 | root of the log at that size |
//! | 4 | number of units |
//! | 32 each | unit (16), version of its stream (8), size at which it came to that (8) |
//! | the rest | leaves of the events, each after its length (4), in the order of positions |
//! | 32 | SHA-256 over all before |
//!
//! Numbers are big-endian.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use gradus_model::{Digest, Event, Leaf, Recorded, UnitId};
use gradus_projection::Views;
use gradus_projection::views::Reached;
use gradus_proof::sha256;

use crate::directory::DirectoryError;
use crate::directory::folder::{FileError, replace};
use crate::error::ServiceError;
use crate::service::Service;

const LABEL: &[u8] = b"gradus/v1/standing";
const FILE: &str = "standing";
/// How many records are read between two writes: as many are read again after a kill, at most.
const EVERY: u64 = 100_000;

/// The events that stand, as far as the log was read.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Leaves, each after its length.
    leaves: Vec<u8>,
    size: u64,
    /// The size at which it was written last.
    kept: u64,
}

/// A file's content.
struct Kept {
    size: u64,
    root: Digest,
    reached: Vec<Reached>,
    leaves: Vec<u8>,
}

impl Standing {
    /// Takes in the next record, with its leaf if it is one that stands; a record that was taken in
    /// changes nothing.
    pub(crate) fn take(&mut self, position: u64, leaf: Option<&[u8]>) {
        if position < self.size {
            return;
        }
        self.size = position + 1;
        if let Some(leaf) = leaf {
            let length = u32::try_from(leaf.len()).unwrap_or(u32::MAX);
            self.leaves.extend_from_slice(&length.to_be_bytes());
            self.leaves.extend_from_slice(leaf);
        }
    }
}

impl Kept {
    fn write(&self, path: &Path) -> Result<(), FileError> {
        let mut bytes = LABEL.to_vec();
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend_from_slice(&self.root.0);
        let units = u32::try_from(self.reached.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&units.to_be_bytes());
        for Reached { unit, version, since } in &self.reached {
            bytes.extend_from_slice(&unit.0);
            bytes.extend_from_slice(&version.to_be_bytes());
            bytes.extend_from_slice(&since.to_be_bytes());
        }
        bytes.extend_from_slice(&self.leaves);
        bytes.extend_from_slice(&sha256(&bytes).0);
        replace(path, &bytes)
    }

    /// What a file holds; none if there is none, or it is not whole.
    fn read(path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let (said, digest) = bytes.split_last_chunk::<32>()?;
        if sha256(said).0 != *digest {
            return None;
        }
        let rest = said.strip_prefix(LABEL)?;
        let (size, rest) = rest.split_first_chunk()?;
        let (root, rest) = rest.split_first_chunk()?;
        let (units, mut rest) = rest.split_first_chunk()?;
        let mut reached = Vec::new();
        for _ in 0..u32::from_be_bytes(*units) {
            let (unit, after) = rest.split_first_chunk()?;
            let (version, after) = after.split_first_chunk()?;
            let (since, after) = after.split_first_chunk()?;
            let (version, since) = (u64::from_be_bytes(*version), u64::from_be_bytes(*since));
            reached.push(Reached { unit: UnitId(*unit), version, since });
            rest = after;
        }
        let (size, root) = (u64::from_be_bytes(*size), Digest(*root));
        Some(Self { size, root, reached, leaves: rest.to_vec() })
    }

    fn events(&self) -> Option<Vec<Recorded>> {
        let mut events = Vec::new();
        let mut rest = &self.leaves[..];
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (leaf, after) = after.split_at_checked(length)?;
            events.push(Recorded::from_leaf(&Leaf::read(leaf).ok()?).ok()?);
            rest = after;
        }
        rest.is_empty().then_some(events)
    }
}

impl Service {
    pub(crate) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing_path(&self) -> PathBuf {
        self.directory.projections().join(FILE)
    }

    /// Begins the views where an earlier process left them, if it left them whole.
    pub(crate) async fn stand(self: &Arc<Self>) -> Result<(), ServiceError> {
        let Some(kept) = Kept::read(&self.standing_path()) else { return Ok(()) };
        if kept.size > self.log.head().size || self.log.root_at(kept.size).await? != kept.root {
            return Ok(());
        }
        let Some(events) = kept.events() else { return Ok(()) };
        for event in &events {
            // The texts of the others are nobody's business here.
            if matches!(event.event, Event::PrincipalAdded(_)) {
                self.heed(&self.record_at(event.place.position).await?).await?;
            } else {
                self.heed_event(event).await?;
            }
        }
        let views = Views::standing(self.streams(), kept.size, &events, &kept.reached);
        *self.views.write().unwrap_or_else(PoisonError::into_inner) = views;
        *self.standing() = Standing { leaves: kept.leaves, size: kept.size, kept: kept.size };
        Ok(())
    }

    /// Writes what stands, after enough was read since the last time.
    pub(crate) async fn renew_standing(&self) {
        let due = {
            let standing = self.standing();
            standing.size >= standing.kept + EVERY
        };
        if due {
            self.keep_standing().await;
        }
    }

    /// Writes what stands for the next start; that it fails costs the next start time, no more.
    pub(crate) async fn keep_standing(&self) {
        if let Err(error) = self.write_standing().await {
            tracing::warn!(%error, "the next start reads more of the log");
        }
    }

    async fn write_standing(&self) -> Result<(), ServiceError> {
        let (leaves, size) = {
            let standing = self.standing();
            (standing.leaves.clone(), standing.size)
        };
        let reached: Vec<Reached> = {
            let views = self.views();
            if views.cursor != size {
                return Ok(());
            }
            views.reached().collect()
        };
        let root = self.log.root_at(size).await?;
        let path = self.standing_path();
        let write = move || Kept { size, root, reached, leaves }.write(&path);
        let written = tokio::task::spawn_blocking(write).await;
        let written = written.map_err(|_| ServiceError::Fault("a write was given up"))?;
        written.map_err(DirectoryError::from)?;
        self.standing().kept = size;
        Ok(())
    }
}
