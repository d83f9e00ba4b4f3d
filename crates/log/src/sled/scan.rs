//! Reads the log through the storage library and verifies it: all of it, or what follows a mark.
//!
//! Every frame's checksum, every leaf's form, gapless positions, each stream's versions and links,
//! and stamps that strictly increase. What comes out is all that the writer needs to go on.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use gradus_model::Digest;
use gradus_model::leaf::{Leaf, Place};
use gradus_proof::tree::leaf_hashes;
use gradus_proof::{Tree, leaf_hash};

use super::index::Index;
use super::mark::Mark;
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
pub(super) struct Checked {
    pub(super) leaf: Leaf,
    pub(super) hash: Digest,
}

impl Checked {
    /// What the record is found by.
    pub(super) const fn origin(&self) -> Origin {
        let Leaf { place, draft } = &self.leaf;
        Origin { stream: place.stream, actor: draft.actor, request: draft.request }
    }
}

pub(super) type Stored = (::sled::IVec, ::sled::IVec);
pub(super) type Chunk = Result<Vec<Stored>, LogError>;
pub(super) type CheckedChunk = Result<Vec<Checked>, LogError>;

/// Verifies the frames that follow `scanned` and completes the index; `size` is the size whose root
/// is asked for.
///
/// One thread reads chunks, every core checks its turn of them, and this one puts them together.
pub(super) fn scan(
    frames: &::sled::Tree,
    index: &Index,
    mut scanned: Scanned,
    size: u64,
    on_progress: &OnProgress,
) -> Result<Scanned, LogError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let from = scanned.tree.size();
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
        scope.spawn(move || read_all(frames, from, &inputs));
        // If a thread panics, its output ends, and so does the scope at its end.
        for output in outputs.iter().cycle() {
            let Ok(checked) = output.recv() else { break };
            let checked = checked?;
            if checked.is_empty() {
                break;
            }
            scanned.follow(&checked, index, size)?;
            let records = scanned.sequencer.size();
            on_progress(Progress::Verifying { records, expected: size.max(records) });
        }
        Ok(scanned)
    })
}

impl Scanned {
    /// What a mark tells of the log up to its size.
    pub(super) fn marked(mark: &Mark, tree: Tree) -> Self {
        let (sequencer, first_leaf) = (mark.sequencer.clone(), Some(mark.first_leaf));
        Self { sequencer, tree, first_leaf, then: None }
    }

    /// Takes the leaves that come next.
    fn follow(&mut self, chunk: &[Checked], index: &Index, size: u64) -> Result<(), LogError> {
        follow(&mut self.sequencer, chunk)?;
        if let Some(first) = chunk.first() {
            self.first_leaf.get_or_insert(first.hash);
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
        index.rebuild(chunk.iter().map(|checked| {
            let Place { position, version, .. } = checked.leaf.place;
            (position, version, checked.origin())
        }))
    }

    fn note_head(&mut self, size: u64) {
        if self.tree.size() == size {
            self.then = Some(Head { size, root: self.tree.root() });
        }
    }
}

/// Takes leaves as those that come next.
pub(super) fn follow(sequencer: &mut Sequencer, chunk: &[Checked]) -> Result<(), LogError> {
    for Checked { leaf, hash } in chunk {
        let position = sequencer.size();
        let follows = sequencer.follow(leaf, *hash);
        follows.map_err(|what| LogError::damaged(position, what))?;
    }
    Ok(())
}

/// Hands out the stored frames from a position on to all cores in turn.
fn read_all(frames: &::sled::Tree, from: u64, inputs: &[SyncSender<Chunk>]) {
    let mut stored = frames.range(frame::key(from)..);
    for input in inputs.iter().cycle() {
        let chunk = next_chunk(frames, &mut stored);
        let last = chunk.as_ref().map_or(true, Vec::is_empty);
        // Whoever listened has given up.
        if input.send(chunk).is_err() || last {
            return;
        }
    }
}

/// The next frames; none at the end.
pub(super) fn next_chunk(frames: &::sled::Tree, stored: &mut ::sled::Iter) -> Chunk {
    let chunk = stored.take(CHUNK_FRAMES).collect::<Result<Vec<_>, _>>()?;
    for (key, _) in &chunk {
        touch(frames, key)?;
    }
    Ok(chunk)
}

/// Tells the library's cache once more that the page of a frame was used.
///
/// It looks at its bound only when some 64 uses of pages with the same last digits have come together,
/// and who reads in order uses each page once: so 16,384 pages stayed, some 600 MB of frames.
pub(super) fn touch(frames: &::sled::Tree, key: &[u8]) -> Result<(), LogError> {
    frames.contains_key(key)?;
    Ok(())
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
pub(super) fn check(chunk: &[Stored]) -> CheckedChunk {
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
