//! The writer: takes what waits, gives places, commits a group, makes it durable, answers.
//!
//! Invariant: an answer, good or bad, is given only after the sync of the group it was decided in.

use std::fs::File;
use std::sync::Arc;

use gradus_model::Digest;

use super::SyncFile;
use super::mark::Mark;
use super::shared::{Shared, locked};
use crate::error::Doing as _;
use crate::queue::{Call, QueueLimit, Reply};
use crate::sequence::{Sequenced, Sequencer};
use crate::{Append, Appended, Head, LogError, frame};

/// The most that is committed together.
const MOST_GROUP: QueueLimit = QueueLimit { calls: 1_024, bytes: 4 << 20 };

pub(super) struct Writer {
    sequencer: Sequencer,
    /// Our own descriptor of sled's file.
    file: File,
    sync: SyncFile,
    /// The size that was marked last.
    marked: u64,
}

impl Writer {
    pub(super) fn new(sequencer: Sequencer, file: File, sync: SyncFile, marked: u64) -> Self {
        Self { sequencer, file, sync, marked }
    }

    /// Has what is there marked as verified, where that is due: after so many records.
    pub(super) fn mark(&mut self, shared: &Shared, after: u64) {
        let size = self.sequencer.size();
        if size < shared.marking.from || size < self.marked.saturating_add(after) {
            return;
        }
        let first_leaf = shared.first_leaf.get().copied().unwrap_or(Digest::ZERO);
        let mark = Mark::of(&locked(&shared.tree), first_leaf, &self.sequencer);
        if let Some(mark) = mark {
            self.marked = size;
            shared.index.offer(mark);
        }
    }

    /// Writes until the queue is closed and empty, or something fails.
    pub(super) fn run(mut self, shared: &Arc<Shared>) -> Result<(), LogError> {
        while let Some(calls) = shared.queue.take(MOST_GROUP) {
            // What accepts a clock is durable before anything else is stamped by it.
            let mut calls = calls.into_iter().peekable();
            while let Some(first) = calls.next() {
                let alone = first.accepts.is_some();
                let mut group = vec![first];
                while let Some(next) = calls.next_if(|next| !alone && next.accepts.is_none()) {
                    group.push(next);
                }
                self.write(shared, group)?;
                self.mark(shared, shared.marking.every);
            }
        }
        // So that a start after a stop has nothing to verify before it serves.
        self.mark(shared, 1);
        Ok(())
    }

    fn write(&mut self, shared: &Shared, calls: Vec<Call>) -> Result<(), LogError> {
        let reading = shared.read_clock();
        let accepts = calls.first().and_then(|call| call.accepts);
        let usable = || match accepts {
            Some(wall) => reading.acceptable(wall),
            None => reading.believed().map(|_| ()),
        };
        if usable().is_err() {
            for call in calls {
                if let Err(refused) = usable() {
                    // A caller that went away needs no answer.
                    let _ = call.reply.send(Err(refused));
                }
            }
            return Ok(());
        }
        let now = shared.start_stamping(reading.wall);
        let mut records = Vec::new();
        let (replies, appends): (Vec<Reply>, Vec<Append>) =
            calls.into_iter().map(|call| (call.reply, call.append)).unzip();
        let placed = self.sequencer.place_all(appends, now, &mut records);
        if !records.is_empty() {
            // The process ends before anybody learns that the answers are gone.
            self.commit(shared, &records).inspect_err(|error| shared.fatal(error))?;
        }
        let head = publish(shared, &records);
        shared.all_durable(head.size, self.sequencer.last());
        if accepts.is_some() && !records.is_empty() {
            // A crash before the note leaves the clock suspect, which is the safe side.
            shared.clock.accept(reading, self.sequencer.last());
            shared.keep_note().inspect_err(|error| shared.fatal(error))?;
        }
        for (reply, placed) in replies.into_iter().zip(placed) {
            // A caller that went away needs no answer.
            let _ = reply.send(placed.map(|placed| Appended { placed, head }));
        }
        Ok(())
    }

    /// Writes the records atomically and makes them durable.
    fn commit(&self, shared: &Shared, records: &[Sequenced]) -> Result<(), LogError> {
        let _watched = shared.watchdog.committing();
        let first = records.first().map_or(0, |record| record.placed.position);
        let contents = records.iter().map(|record| (&*record.leaf, &*record.payload));
        let mut frames = Vec::new();
        frame::pack(first, contents, |key, value| frames.push((key, value)))?;
        match <[([u8; 8], Vec<u8>); 1]>::try_from(frames) {
            // One frame is atomic by itself. A batch costs sled a second write that is waited for,
            // and wakes all of its threads once more.
            Ok([(key, value)]) => {
                shared.frames.insert(key, value)?;
            }
            Err(frames) => {
                let mut batch = ::sled::Batch::default();
                for (key, value) in frames {
                    batch.insert(&key, value);
                }
                shared.frames.apply_batch(batch)?;
            }
        }
        shared.frames.flush()?;
        // sled's flush hands the bytes to the disk but never makes it keep them.
        (self.sync)(&self.file).doing("sync", &shared.directory)
    }
}

/// Lets readers see records that are durable.
fn publish(shared: &Shared, records: &[Sequenced]) -> Head {
    let Some(first) = records.first() else { return *shared.head.borrow() };
    let mut tree = locked(&shared.tree);
    tree.extend(records.iter().map(|record| record.placed.leaf_hash).collect());
    let head = Head { size: tree.size(), root: tree.root() };
    drop(tree);
    if first.placed.position == 0 {
        shared.first_leaf.get_or_init(|| first.placed.leaf_hash);
    }
    shared.index.add(records);
    shared.head.send_replace(head);
    shared.keeper.offer(head);
    head
}
