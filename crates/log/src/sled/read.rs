//! Reads durable records back from the frames.

use gradus_model::{Digest, Leaf, Timestamp, UnitId};
use gradus_proof::tree::{LeafHashes, WIDTH};
use gradus_proof::{Plan, Tree, leaf_hash};

use super::scan::touch;
use super::shared::{Shared, locked};
use crate::frame::{self, Frame, Record};
use crate::record::Gathered;
use crate::{LogError, ReadLimit, StoredRecord};

/// Subtrees of which the leaf hashes are kept: 2 MiB of them.
const MOST_LOOSE: usize = 4_096;
/// Roots that are kept: about 2 MiB of them.
const MOST_ROOTS: usize = 32_768;

impl Shared {
    /// Records from `from` on, below `size`.
    pub(super) fn read(
        &self,
        from: u64,
        size: u64,
        most: ReadLimit,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let mut gathered = Gathered::new(most);
        Frames::new(&self.frames)
            .visit(from, size, |record| Ok(gathered.add(record.leaf, record.payload)))?;
        Ok(gathered.records)
    }

    /// Records of a stream from version `from` on.
    pub(super) fn read_stream(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let mut next = from.max(1);
        let mut gathered = Gathered::new(most);
        let mut frames = Frames::new(&self.frames);
        for run in self.index.stream(stream, next, most.records)? {
            let end = run.version + run.count;
            if end <= next {
                continue;
            }
            let Some(skipped) = next.checked_sub(run.version) else {
                return Err(misplaced(run.position, stream, next));
            };
            let mut more = true;
            frames.visit(run.position + skipped, run.position + run.count, |record| {
                let leaf = read_leaf(record)?;
                if leaf.place.stream != stream || leaf.place.version != next {
                    return Err(misplaced(record.position, stream, next));
                }
                more = gathered.add(record.leaf, record.payload);
                next += u64::from(more);
                Ok(more)
            })?;
            if !more {
                break;
            }
        }
        Ok(gathered.records)
    }

    /// The root the log had at `size`, which is not past `head`.
    pub(super) fn root_at(&self, size: u64, head: u64) -> Result<Digest, LogError> {
        if size > head {
            return Err(LogError::Past { asked: size, size: head });
        }
        let first = Tree::loose(size).start;
        let end = (first + WIDTH - 1).min(head);
        let mut leaves = Vec::new();
        Frames::new(&self.frames).visit(first, end, |record| {
            leaves.push(leaf_hash(record.leaf));
            Ok(true)
        })?;
        let root = self.root_with(size, &leaves);
        let mut loose = locked(&self.loose);
        if loose.len() >= MOST_LOOSE {
            loose.clear();
        }
        loose.insert(first, leaves);
        root
    }

    /// The hashes of a proof that takes nothing past `head`.
    pub(super) fn prove(&self, plan: &Plan, head: u64) -> Result<Vec<Digest>, LogError> {
        LogError::refuse_past(plan, head)?;
        let (mut frames, mut read) = (Frames::new(&self.frames), LeafHashes::new());
        for leaves in plan.leaves() {
            let mut hashes = Vec::new();
            frames.visit(leaves.start, leaves.end, |record| {
                hashes.push(leaf_hash(record.leaf));
                Ok(true)
            })?;
            read.add(leaves.start, hashes);
        }
        Ok(locked(&self.tree).prove(plan, &read)?)
    }

    /// The root the log had at `size`, if the leaf hashes it takes were read lately; no reading.
    pub(super) fn recent_root(&self, size: u64, head: u64) -> Option<Result<Digest, LogError>> {
        let needed = Tree::loose(size);
        if size > head {
            return None;
        }
        if let Some(root) = locked(&self.roots).get(&size) {
            return Some(Ok(*root));
        }
        if needed.is_empty() {
            return Some(self.root_with(size, &[]));
        }
        let leaves = locked(&self.loose).get(&needed.start)?.clone();
        let enough = leaves.len() as u64 >= needed.end - needed.start;
        enough.then(|| self.root_with(size, &leaves))
    }

    /// Computes a root, and keeps it: what is asked at a size is often asked there again.
    fn root_with(&self, size: u64, leaves: &[Digest]) -> Result<Digest, LogError> {
        let root = locked(&self.tree).root_at(size, |needed| {
            let needed = usize::try_from(needed.end - needed.start).unwrap_or(usize::MAX);
            Ok::<_, LogError>(leaves.iter().copied().take(needed).collect())
        })?;
        let mut roots = locked(&self.roots);
        if roots.len() >= MOST_ROOTS {
            roots.clear();
        }
        roots.insert(size, root);
        Ok(root)
    }

    /// The number of records below `size` that are stamped up to and including `at`.
    pub(super) fn stamped_by(&self, at: Timestamp, size: u64) -> Result<u64, LogError> {
        let mut frames = Frames::new(&self.frames);
        let (mut low, mut high) = (0, size);
        while low < high {
            let middle = low + (high - low) / 2;
            let (first, bytes) = frames.holding(middle)?;
            let frame = Frame::read_again(first, &bytes)?;
            let mut by = 0;
            for record in frame.records() {
                if read_leaf(record?)?.place.recorded_at > at {
                    break;
                }
                by += 1;
            }
            if by == 0 {
                high = first;
            } else {
                low = first + by;
                if low < frame.end() {
                    return Ok(low);
                }
            }
        }
        Ok(low.min(size))
    }
}

fn read_leaf(record: Record<'_>) -> Result<Leaf, LogError> {
    Leaf::read(record.leaf).map_err(|error| LogError::of_leaf(record.position, &error))
}

fn misplaced(position: u64, stream: UnitId, version: u64) -> LogError {
    let what = format!("version {version} of stream {stream} is not where the index says");
    LogError::damaged(position, what)
}

/// Frames by position; going forward is cheap.
pub(super) struct Frames<'a> {
    stored: &'a ::sled::Tree,
    /// The frame read last, and the position that follows it.
    last: Option<(u64, u64, ::sled::IVec)>,
    following: Option<::sled::Iter>,
}

impl<'a> Frames<'a> {
    pub(super) const fn new(stored: &'a ::sled::Tree) -> Self {
        Self { stored, last: None, following: None }
    }

    /// Hands out the records from `from` up to `to`, until `visit` returns `false`.
    pub(super) fn visit(
        &mut self,
        from: u64,
        to: u64,
        mut visit: impl FnMut(Record<'_>) -> Result<bool, LogError>,
    ) -> Result<(), LogError> {
        let mut at = from;
        while at < to {
            let (first, bytes) = self.holding(at)?;
            let frame = Frame::read_again(first, &bytes)?;
            for record in frame.records() {
                let record = record?;
                if record.position >= to {
                    break;
                }
                if record.position >= at && !visit(record)? {
                    return Ok(());
                }
            }
            at = frame.end();
        }
        Ok(())
    }

    /// The frame that holds a position, with its first position.
    fn holding(&mut self, position: u64) -> Result<(u64, ::sled::IVec), LogError> {
        let follows = match &self.last {
            Some((first, end, bytes)) if (*first..*end).contains(&position) => {
                return Ok((*first, bytes.clone()));
            }
            Some((_, end, _)) => *end == position,
            None => false,
        };
        let found = if follows {
            let stored = self.stored;
            self.following.get_or_insert_with(|| stored.range(frame::key(position)..)).next()
        } else {
            self.following = None;
            self.stored.range(..=frame::key(position)).next_back()
        };
        let missing = || LogError::damaged(position, "no frame holds this position");
        let (key, bytes) = found.ok_or_else(missing)??;
        touch(self.stored, &key)?;
        let first = frame::first_of(&key)?;
        let end = Frame::read(first, &bytes)?.end();
        if !(first..end).contains(&position) {
            return Err(missing());
        }
        self.last = Some((first, end, bytes.clone()));
        Ok((first, bytes))
    }
}
