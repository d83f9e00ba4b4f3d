//! Reads the whole log once at the start and verifies it.
//!
//! Every frame's checksum, every leaf's form, gapless positions, each stream's versions and links,
//! and stamps that strictly increase. What comes out is all that the writer needs to go on.

use gradus_model::Leaf;
use gradus_proof::{Tree, leaf_hash};

use super::index::Index;
use super::{OnProgress, Progress};
use crate::frame::{self, Frame};
use crate::sequence::{Origin, Sequencer};
use crate::{Head, LogError};

/// Frames that are verified together, on all cores.
const CHUNK_FRAMES: usize = 512;

/// What the log was found to hold.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) sequencer: Sequencer,
    pub(super) tree: Tree,
    /// The hash of the leaf at position 0.
    pub(super) first_leaf: Option<gradus_model::Digest>,
    /// The head the log had at the size asked for, if it ever had it.
    pub(super) then: Option<Head>,
}

/// A leaf that is well formed, not yet known to follow the one before.
struct Checked {
    leaf: Leaf,
    hash: gradus_model::Digest,
}

/// Verifies all frames and completes the index; `size` is the size whose root is asked for.
pub(super) fn scan(
    frames: &::sled::Tree,
    index: &Index,
    size: u64,
    on_progress: &OnProgress,
) -> Result<Scanned, LogError> {
    let mut scanned = Scanned::default();
    scanned.note_head(size);
    let mut stored = frames.iter();
    loop {
        let chunk = stored.by_ref().take(CHUNK_FRAMES).collect::<Result<Vec<_>, _>>()?;
        if chunk.is_empty() {
            return Ok(scanned);
        }
        for checked in check(&chunk)? {
            let Checked { leaf, hash } = checked;
            let position = scanned.sequencer.size();
            let follows = scanned.sequencer.follow(&leaf, hash);
            follows.map_err(|what| LogError::damaged(position, what))?;
            scanned.tree.push(hash);
            scanned.first_leaf.get_or_insert(hash);
            scanned.note_head(size);
            let (stream, version) = (leaf.place.stream, leaf.place.version);
            let origin = Origin { stream, actor: leaf.draft.actor, request: leaf.draft.request };
            index.rebuild(position, version, &origin)?;
        }
        let records = scanned.sequencer.size();
        on_progress(Progress::Verifying { records, expected: size.max(records) });
    }
}

impl Scanned {
    fn note_head(&mut self, size: u64) {
        if self.tree.size() == size {
            self.then = Some(Head { size, root: self.tree.root() });
        }
    }
}

type Stored = (::sled::IVec, ::sled::IVec);

/// Reads the leaves of a chunk, each core its share.
fn check(chunk: &[Stored]) -> Result<Vec<Checked>, LogError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = chunk.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            chunk.chunks(share).map(|share| scope.spawn(|| check_share(share))).collect();
        let mut all = Vec::new();
        for share in shares {
            let share = share
                .join()
                .map_err(|panic| LogError::Storage(super::database::said(panic.as_ref())))?;
            all.append(&mut share?);
        }
        Ok(all)
    })
}

fn check_share(share: &[Stored]) -> Result<Vec<Checked>, LogError> {
    let mut checked = Vec::new();
    for (key, bytes) in share {
        for record in Frame::read(frame::first_of(key)?, bytes)?.records() {
            let record = record?;
            let leaf = Leaf::read(record.leaf)
                .map_err(|error| LogError::of_leaf(record.position, &error))?;
            if leaf.place.position != record.position {
                let what = format!("the leaf there says position {}", leaf.place.position);
                return Err(LogError::damaged(record.position, what));
            }
            checked.push(Checked { leaf, hash: leaf_hash(record.leaf) });
        }
    }
    Ok(checked)
}

/// The hash of the first leaf and the size, without verifying what lies between.
pub(super) fn extent(
    frames: &::sled::Tree,
) -> Result<Option<(gradus_model::Digest, u64)>, LogError> {
    let (Some((first_key, first)), Some((last_key, last))) = (frames.first()?, frames.last()?)
    else {
        return Ok(None);
    };
    let end = Frame::read(frame::first_of(&last_key)?, &last)?.end();
    let mut records = Frame::read(frame::first_of(&first_key)?, &first)?.records();
    records.next().map(|record| Ok((leaf_hash(record?.leaf), end))).transpose()
}
