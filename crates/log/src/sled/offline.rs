//! A log as it lies on the disk, verified without the storage library and without a change.
//!
//! Frames are found by their own checksums, and taken in the order of their positions as far as
//! every leaf follows the one before: links, versions, stamps. Where a position was written twice,
//! because a power cut took back what was never acknowledged, the record stamped later is the
//! log's: stamps only grow.

use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gradus_model::leaf::Leaf;
use gradus_model::{Digest, Timestamp};
use gradus_proof::{Tree, leaf_hash};

use super::carve::Carved;
use super::survey::{Spot, Survey};
use crate::anchor::{self, Slot};
use crate::error::Doing as _;
use crate::frame::Frame;
use crate::sequence::Sequencer;
use crate::{Head, LogError};

/// A record that follows all those before it.
#[derive(Clone, Copy, Debug)]
pub struct OfflineRecord<'a> {
    /// What the leaf says.
    pub leaf: &'a Leaf,
    /// The leaf's bytes.
    pub bytes: &'a [u8],
    /// The sealed payload.
    pub payload: &'a [u8],
}

/// The files of a log, read and not changed.
pub struct OfflineLog {
    directory: PathBuf,
    spots: Vec<Spot>,
    tail: Option<Spot>,
    /// The databases that records are taken from, the log's own first.
    sources: Vec<Source>,
    slots: Vec<Slot>,
}

struct Source {
    path: PathBuf,
    file: File,
    frames: Vec<Carved>,
}

/// What the records say, taken together.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The records that follow one another from position 0 on, and their root.
    pub head: Head,
    /// The head they had at the anchor's size, if they reach it.
    pub at_anchor: Option<Head>,
    /// The hash of the leaf at position 0.
    pub first_leaf: Option<Digest>,
    /// The stamp of the last record.
    pub last: Option<Timestamp>,
    /// Why the record at the head's size, if there is one, does not follow.
    pub broken: Option<String>,
    /// Records past a gap: whole in themselves, and of no use without those before.
    pub beyond: Vec<Range<u64>>,
}

impl OfflineLog {
    /// Reads the files of the log in `directory`; `on_read` is told the bytes read and to read.
    ///
    /// # Errors
    ///
    /// When a file cannot be read at all. What is read and wrong is no error here.
    pub fn open(directory: &Path, on_read: &(dyn Fn(u64, u64) + Sync)) -> Result<Self, LogError> {
        let log = directory.join("log");
        let slots = anchor::slots(&directory.join("anchor"))?;
        let mut offline = Self {
            directory: directory.to_owned(),
            spots: Vec::new(),
            tail: None,
            sources: Vec::new(),
            slots,
        };
        if log.is_dir() {
            let survey = Survey::of(&log, on_read)?;
            offline.add(&log, survey.frames)?;
            (offline.spots, offline.tail) = (survey.spots, survey.tail);
        }
        Ok(offline)
    }

    /// Takes records from the copies, too, that starts after a power cut set aside.
    pub fn with_copies(mut self) -> Result<Self, LogError> {
        let directory = self.directory.clone();
        for entry in fs::read_dir(&directory).doing("read", &directory)? {
            let path = entry.doing("read", &directory)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("log.before-") && path.is_dir() {
                let frames = Survey::of(&path, &|_, _| ())?.frames;
                self.add(&path, frames)?;
            }
        }
        Ok(self)
    }

    fn add(&mut self, folder: &Path, frames: Vec<Carved>) -> Result<(), LogError> {
        let path = folder.join("db");
        if path.exists() {
            let file = File::open(&path).doing("open", &path)?;
            self.sources.push(Source { path, file, frames });
        }
        Ok(())
    }

    /// The places that are not as they were written.
    #[must_use]
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// Where the part that was written last cannot be read any more: its end, or damage in it.
    #[must_use]
    pub fn tail(&self) -> Option<&Spot> {
        self.tail.as_ref()
    }

    /// The slots of the anchor that were written, and are not as they were.
    pub fn damaged_slots(&self) -> impl Iterator<Item = u64> + '_ {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Damaged { at } => Some(*at),
            Slot::Whole(..) => None,
        })
    }

    /// What was durable at least, after the newest slot of the anchor, and which log that was.
    #[must_use]
    pub fn anchored(&self) -> Option<(Head, Digest)> {
        let whole = self.slots.iter().filter_map(|slot| match slot {
            Slot::Whole(turn, anchor) => Some((turn, anchor)),
            Slot::Damaged { .. } => None,
        });
        let newest = whole.max_by_key(|(turn, _)| **turn);
        newest.map(|(_, anchor)| (anchor.head, anchor.log))
    }

    /// Whether any record is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.iter().all(|source| source.frames.is_empty())
    }

    /// Hands out the records from position 0 on as long as each follows, and says what they come
    /// to; `visit` ends it early with `false`.
    pub fn visit<E: From<LogError>>(
        &self,
        mut visit: impl FnMut(OfflineRecord<'_>) -> Result<bool, E>,
    ) -> Result<Verified, E> {
        let anchored = self.anchored().map_or(0, |(head, _)| head.size);
        let mut chain = Chain::new(anchored);
        loop {
            let next = chain.sequencer.size();
            let Some(bytes) = self.best_at(next)? else { break };
            let frame = Frame::read(next, &bytes)?;
            for record in frame.records() {
                let record = record?;
                let leaf = match chain.follow(record.leaf) {
                    Ok(leaf) => leaf,
                    Err(what) => {
                        chain.verified.broken = Some(what);
                        break;
                    }
                };
                let (bytes, payload) = (record.leaf, record.payload);
                if !visit(OfflineRecord { leaf: &leaf, bytes, payload })? {
                    return Ok(chain.finish(Vec::new()));
                }
            }
            if chain.verified.broken.is_some() {
                break;
            }
        }
        let size = chain.sequencer.size();
        Ok(chain.finish(self.beyond(size)))
    }

    /// The frame that starts at a position; of several, the one stamped last.
    fn best_at(&self, position: u64) -> Result<Option<Vec<u8>>, LogError> {
        let mut best: Option<(Option<Timestamp>, Vec<u8>)> = None;
        for source in &self.sources {
            let from = source.frames.partition_point(|frame| frame.first < position);
            let rest = source.frames.get(from..).unwrap_or_default();
            for frame in rest.iter().take_while(|frame| frame.first == position) {
                let mut bytes = vec![0; frame.length];
                source.file.read_exact_at(&mut bytes, frame.at).doing("read", &source.path)?;
                if best.as_ref().is_some_and(|(_, seen)| *seen == bytes) {
                    continue;
                }
                let stamp = stamp(position, &bytes)?;
                if best.as_ref().is_none_or(|(seen, _)| stamp > *seen) {
                    best = Some((stamp, bytes));
                }
            }
        }
        Ok(best.map(|(_, bytes)| bytes))
    }

    /// What lies past `size`, joined where it is consecutive.
    fn beyond(&self, size: u64) -> Vec<Range<u64>> {
        let mut all: Vec<_> = self.sources.iter().flat_map(|source| &source.frames).collect();
        all.sort_by_key(|frame| frame.first);
        let mut beyond: Vec<Range<u64>> = Vec::new();
        for frame in all.into_iter().filter(|frame| frame.first > size) {
            match beyond.last_mut() {
                Some(last) if frame.first <= last.end => last.end = last.end.max(frame.end),
                _ => beyond.push(frame.first..frame.end),
            }
        }
        beyond
    }
}

/// The stamp of a frame's first record.
fn stamp(first: u64, frame: &[u8]) -> Result<Option<Timestamp>, LogError> {
    let record = Frame::read(first, frame)?.records().next().transpose()?;
    let leaf = record.and_then(|record| Leaf::read(record.leaf).ok());
    Ok(leaf.map(|leaf| leaf.place.recorded_at))
}

/// Records that follow one another.
struct Chain {
    anchored: u64,
    sequencer: Sequencer,
    tree: Tree,
    verified: Verified,
}

impl Chain {
    fn new(anchored: u64) -> Self {
        let (head, at_anchor) = (Head::empty(), (anchored == 0).then(Head::empty));
        let verified = Verified {
            head,
            at_anchor,
            first_leaf: None,
            last: None,
            broken: None,
            beyond: Vec::new(),
        };
        Self { anchored, sequencer: Sequencer::default(), tree: Tree::new(), verified }
    }

    fn follow(&mut self, bytes: &[u8]) -> Result<Leaf, String> {
        let leaf = Leaf::read(bytes).map_err(|error| error.to_string())?;
        let hash = leaf_hash(bytes);
        self.sequencer.follow(&leaf, hash)?;
        self.tree.push(hash);
        self.verified.first_leaf.get_or_insert(hash);
        if self.tree.size() == self.anchored {
            self.verified.at_anchor = Some(Head { size: self.anchored, root: self.tree.root() });
        }
        Ok(leaf)
    }

    fn finish(mut self, beyond: Vec<Range<u64>>) -> Verified {
        self.verified.head = Head { size: self.tree.size(), root: self.tree.root() };
        self.verified.last = self.sequencer.last();
        self.verified.beyond = beyond;
        self.verified
    }
}
