//! Reads the whole log once at the start and verifies it.
//!
//! Every frame's checksum, every leaf's form, gapless positions, each stream's versions and links,
//! and stamps that strictly increase. What comes out is all that the writer needs to go on.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gradus_model::Digest;
use gradus_model::leaf::{Leaf, Place};
use gradus_proof::tree::leaf_hashes;
use gradus_proof::{Tree, leaf_hash};

use super::index::Index;
use super::{OnProgress, Progress};
use crate::frame::{self, Frame};
use crate::sequence::{Origin, Sequencer};
use crate::{Head, LogError};

/// Frames that go to a core together.
const CHUNK_FRAMES: usize = 64;
/// Chunks that wait before and behind each core.
const WAITING_CHUNKS: usize = 4;

/// What the log was found to hold.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) sequencer: Sequencer,
    pub(super) tree: Tree,
    /// The hash of the leaf at position 0.
    pub(super) first_leaf: Option<Digest>,
    /// The head the log had at the size asked for, if it ever had it.
    pub(super) then: Option<Head>,
}

/// A leaf that is well formed, not yet known to follow the one before.
struct Checked {
    leaf: Leaf,
    hash: Digest,
}

type Stored = (::sled::IVec, ::sled::IVec);
type Chunk = Result<Vec<Stored>, LogError>;
type CheckedChunk = Result<Vec<Checked>, LogError>;

/// Verifies all frames and completes the index; `size` is the size whose root is asked for.
///
/// One thread reads chunks, every core checks its turn of them, and this one puts them together.
pub(super) fn scan(
    frames: &::sled::Tree,
    index: &Index,
    size: u64,
    on_progress: &OnProgress,
) -> Result<Scanned, LogError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut scanned = Scanned::default();
    scanned.note_head(size);
    std::thread::scope(|scope| {
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        for _ in 0..cores {
            let (input, chunks) = sync_channel(WAITING_CHUNKS);
            let (checked, output) = sync_channel(WAITING_CHUNKS);
            scope.spawn(move || check_all(&chunks, &checked));
            inputs.push(input);
            outputs.push(output);
        }
        scope.spawn(move || read_all(frames, &inputs));
        // The outputs end with the log; if a thread panics, so does the scope at its end.
        for output in outputs.iter().cycle() {
            let Ok(checked) = output.recv() else { break };
            scanned.follow(&checked?, index, size)?;
            let records = scanned.sequencer.size();
            on_progress(Progress::Verifying { records, expected: size.max(records) });
        }
        Ok(scanned)
    })
}

impl Scanned {
    /// Takes the leaves that come next.
    fn follow(&mut self, chunk: &[Checked], index: &Index, size: u64) -> Result<(), LogError> {
        for Checked { leaf, hash } in chunk {
            let position = self.sequencer.size();
            let follows = self.sequencer.follow(leaf, *hash);
            follows.map_err(|what| LogError::damaged(position, what))?;
            self.first_leaf.get_or_insert(*hash);
        }
        let mut hashes: Vec<Digest> = chunk.iter().map(|checked| checked.hash).collect();
        let until =
            size.checked_sub(self.tree.size()).and_then(|until| usize::try_from(until).ok());
        if let Some(until) = until.filter(|until| *until <= hashes.len()) {
            let rest = hashes.split_off(until);
            self.tree.extend(std::mem::replace(&mut hashes, rest));
            self.note_head(size);
        }
        self.tree.extend(hashes);
        index.rebuild(chunk.iter().map(|Checked { leaf: Leaf { place, draft }, .. }| {
            let Place { position, version, stream, .. } = *place;
            (position, version, Origin { stream, actor: draft.actor, request: draft.request })
        }))
    }

    fn note_head(&mut self, size: u64) {
        if self.tree.size() == size {
            self.then = Some(Head { size, root: self.tree.root() });
        }
    }
}

/// Hands out the stored frames to all cores in turn.
fn read_all(frames: &::sled::Tree, inputs: &[SyncSender<Chunk>]) {
    let mut stored = frames.iter();
    for input in inputs.iter().cycle() {
        let chunk = stored.by_ref().take(CHUNK_FRAMES).collect::<Result<Vec<_>, _>>();
        let last = chunk.as_ref().map_or(true, Vec::is_empty);
        // Whoever listened has given up.
        if input.send(chunk.map_err(LogError::from)).is_err() || last {
            return;
        }
    }
}

fn check_all(chunks: &Receiver<Chunk>, checked: &SyncSender<CheckedChunk>) {
    for chunk in chunks {
        // Whoever listened has given up.
        if checked.send(chunk.and_then(|chunk| check(&chunk))).is_err() {
            return;
        }
    }
}

/// Reads the leaves of frames.
fn check(chunk: &[Stored]) -> CheckedChunk {
    let (mut read, mut bytes_of) = (Vec::new(), Vec::new());
    for (key, bytes) in chunk {
        for record in Frame::read(frame::first_of(key)?, bytes)?.records() {
            let record = record?;
            let leaf = Leaf::read(record.leaf)
                .map_err(|error| LogError::of_leaf(record.position, &error))?;
            if leaf.place.position != record.position {
                let what = format!("the leaf there says position {}", leaf.place.position);
                return Err(LogError::damaged(record.position, what));
            }
            read.push(leaf);
            bytes_of.push(record.leaf);
        }
    }
    let hashes = leaf_hashes(&bytes_of).into_iter();
    Ok(read.into_iter().zip(hashes).map(|(leaf, hash)| Checked { leaf, hash }).collect())
}

/// The hash of the first leaf and the size, without verifying what lies between.
pub(super) fn extent(frames: &::sled::Tree) -> Result<Option<(Digest, u64)>, LogError> {
    let (Some((first_key, first)), Some((last_key, last))) = (frames.first()?, frames.last()?)
    else {
        return Ok(None);
    };
    let end = Frame::read(frame::first_of(&last_key)?, &last)?.end();
    let mut records = Frame::read(frame::first_of(&first_key)?, &first)?.records();
    records.next().map(|record| Ok((leaf_hash(record?.leaf), end))).transpose()
}
