//! Where the records of streams and requests lie: recent runs in memory, older ones in rows.
//!
//! | key | row |
//! |---|---|
//! | `s`, stream (16), first version (8) | runs of one stream in order: position (8), count (4) |
//! | `r`, segment (4), actor (16), request (16), position (8) | runs in order of their keys: actor (16), request (16), position (8), count (4); the key is that of the first |
//! | `c` | covered size (8), segments (4), hash of the leaf at position 0 (32) |
//!
//! Rows are written a segment at a time, thousands of runs in one atomic batch: sled's cost is per
//! key. Everything here is derived: a start rebuilds what is missing while it reads the log.
//!
//! Invariant: whatever is durable is found, in memory or in the rows.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use gradus_model::{Digest, UnitId};

use super::filter::Filter;
use super::mark::Mark;
use super::shared::locked;
use super::{Options, database, scan};
use crate::LogError;
use crate::error::Doing as _;
use crate::runs::{RequestKey, Runs, StreamRun, joined};
use crate::sequence::{Origin, Sequenced};

mod rows;

pub(super) struct Index {
    rows: ::sled::Db,
    recent: Mutex<Recent>,
    changed: Condvar,
    /// Runs that make a segment.
    segment_runs: usize,
    /// The hash of the leaf at position 0 that the rows are about.
    log: Mutex<Digest>,
}

struct Recent {
    runs: Runs,
    /// What is being written to rows.
    leaving: Option<Arc<Runs>>,
    /// The requests that are in rows, all of them once what is behind the start was read.
    stored: Filter,
    /// Whether rows may hold requests that `stored` does not know.
    partial: bool,
    /// What is to be marked as verified, once the rows cover it.
    due: Option<Mark>,
    /// The size of the log that rows cover.
    covered: u64,
    /// The size of the log that rows and memory cover.
    size: u64,
    segments: u32,
    stopping: bool,
}

impl Index {
    /// Opens the rows, or starts anew where they are not about this log.
    pub(super) fn open(
        directory: &Path,
        options: &Options,
        frames: &::sled::Tree,
    ) -> Result<Self, LogError> {
        let rows = match database::open(directory, options.index_cache_bytes) {
            Err(LogError::Unopenable { reason, .. }) => {
                tracing::warn!(reason, "rebuilding the index");
                std::fs::remove_dir_all(directory).doing("remove", directory)?;
                database::open(directory, options.index_cache_bytes)?
            }
            opened => opened?,
        };
        let (log, size) = scan::extent(frames)?.unwrap_or((Digest::ZERO, 0));
        let cursor = rows::cursor(&rows)?.filter(|cursor| cursor.log == log && cursor.size <= size);
        if cursor.is_none() {
            rows::clear(&rows)?;
        }
        let cursor = cursor.unwrap_or(rows::Cursor { size: 0, segments: 0, log });
        let recent = Recent {
            runs: Runs::default(),
            leaving: None,
            stored: Filter::default(),
            partial: false,
            due: None,
            covered: cursor.size,
            size: 0,
            segments: cursor.segments,
            stopping: false,
        };
        Ok(Self {
            rows,
            recent: Mutex::new(recent),
            changed: Condvar::new(),
            segment_runs: options.index_runs.max(1),
            log: Mutex::new(log),
        })
    }

    /// Whether the rows cover what a mark says, of the log that it is of; they are then taken for it.
    pub(super) fn begins_at(&self, mark: &Mark) -> bool {
        let mut recent = locked(&self.recent);
        let covers = recent.covered >= mark.head.size && *locked(&self.log) == mark.first_leaf;
        if covers {
            recent.partial = true;
            recent.size = mark.head.size;
        }
        covers
    }

    /// Takes requests that are in rows, from before the start.
    pub(super) fn note(&self, origins: impl Iterator<Item = Origin>) {
        let mut recent = locked(&self.recent);
        let mut before = None;
        for Origin { actor, request, .. } in origins {
            if before.replace((actor, request)) != Some((actor, request)) {
                recent.stored.add(&(actor, request));
            }
        }
    }

    /// All requests in rows were noted.
    pub(super) fn noted(&self) {
        locked(&self.recent).partial = false;
    }

    /// Asks for a mark once the rows cover it.
    pub(super) fn offer(&self, mark: Mark) {
        locked(&self.recent).due = Some(mark);
        self.changed.notify_all();
    }

    /// Takes the next records that the start reads: position, version and what they are found by.
    pub(super) fn rebuild(
        &self,
        records: impl Iterator<Item = (u64, u64, Origin)>,
    ) -> Result<(), LogError> {
        let mut recent = locked(&self.recent);
        let mut before = None;
        for (position, version, origin) in records {
            recent.size = position + 1;
            if position >= recent.covered {
                recent.runs.add(position, version, &origin);
            } else if before != Some((origin.actor, origin.request)) {
                recent.stored.add(&(origin.actor, origin.request));
            }
            before = Some((origin.actor, origin.request));
        }
        let full = recent.runs.count() >= self.segment_runs;
        drop(recent);
        if full { self.write_segment() } else { Ok(()) }
    }

    /// Takes records that have become durable; waits if the rows are far behind.
    pub(super) fn add(&self, records: &[Sequenced]) {
        let mut recent = locked(&self.recent);
        while recent.runs.count() >= self.segment_runs.saturating_mul(4) && !recent.stopping {
            recent = self.changed.wait(recent).unwrap_or_else(PoisonError::into_inner);
        }
        for Sequenced { placed, origin, .. } in records {
            if placed.position == 0 {
                *locked(&self.log) = placed.leaf_hash;
            }
            recent.runs.add(placed.position, placed.version, origin);
            recent.size = placed.position + 1;
        }
        let full = recent.runs.count() >= self.segment_runs;
        drop(recent);
        if full {
            self.changed.notify_all();
        }
    }

    /// Writes segments, and lets `keep` write the marks that they cover, until it is told to stop.
    pub(super) fn run(&self, mut keep: impl FnMut(&Mark)) -> Result<(), LogError> {
        loop {
            let mut recent = locked(&self.recent);
            while recent.runs.count() < self.segment_runs
                && recent.due.is_none()
                && !recent.stopping
            {
                recent = self.changed.wait(recent).unwrap_or_else(PoisonError::into_inner);
            }
            let (due, stopping) = (recent.due.take(), recent.stopping);
            drop(recent);
            if due.is_some() || !stopping {
                self.write_segment()?;
            }
            if let Some(mark) = due {
                keep(&mark);
            } else if stopping {
                return Ok(());
            }
        }
    }

    pub(super) fn stop(&self) {
        locked(&self.recent).stopping = true;
        self.changed.notify_all();
    }

    /// Moves the recent runs into rows.
    fn write_segment(&self) -> Result<(), LogError> {
        let mut recent = locked(&self.recent);
        let runs = Arc::new(std::mem::take(&mut recent.runs));
        recent.leaving = Some(Arc::clone(&runs));
        let (segment, size) = (recent.segments, recent.size);
        drop(recent);

        let log = *locked(&self.log);
        let cursor = rows::Cursor { size, segments: segment + 1, log };
        self.rows.apply_batch(rows::batch(&runs, segment, &cursor))?;
        self.rows.flush()?;

        let mut recent = locked(&self.recent);
        runs.requests.keys().for_each(|key| recent.stored.add(key));
        recent.segments = cursor.segments;
        recent.covered = size;
        recent.leaving = None;
        drop(recent);
        self.changed.notify_all();
        Ok(())
    }

    /// The recent runs of a request, and the segments to look in if there may be older ones.
    pub(super) fn recent_request(&self, key: RequestKey) -> (Vec<Range<u64>>, Option<u32>) {
        let recent = locked(&self.recent);
        let mut runs = recent.runs.request(&key).to_vec();
        if let Some(leaving) = &recent.leaving {
            runs.extend_from_slice(leaving.request(&key));
        }
        let perhaps = recent.partial || recent.stored.may_hold(&key);
        let segments = perhaps.then_some(recent.segments);
        (joined(runs), segments)
    }

    /// All runs of a request: those in rows, and the recent ones found before.
    pub(super) fn stored_request(
        &self,
        key: RequestKey,
        segments: u32,
        mut runs: Vec<Range<u64>>,
    ) -> Result<Vec<Range<u64>>, LogError> {
        for segment in 0..segments {
            rows::request(&self.rows, segment, &key, &mut runs)?;
        }
        Ok(joined(runs))
    }

    /// The runs of a stream from version `from` on, up to `most` records or a few more.
    pub(super) fn stream(
        &self,
        stream: UnitId,
        from: u64,
        most: usize,
    ) -> Result<Vec<StreamRun>, LogError> {
        // Memory first: a run that leaves it is in the rows before.
        let recent = locked(&self.recent);
        let leaving = recent.leaving.as_ref().map_or(&[][..], |runs| runs.stream(stream, from));
        let later = recent.runs.stream(stream, from);
        let mut left = most as u64;
        let mut recent_runs = Vec::new();
        for run in leaving.iter().chain(later) {
            recent_runs.push(*run);
            left = left.saturating_sub(run.count);
            if left == 0 {
                break;
            }
        }
        drop(recent);

        let before = recent_runs.first().map_or(u64::MAX, |run| run.version);
        let mut runs = Vec::new();
        let versions = from..before;
        if versions.is_empty()
            || rows::stream(&self.rows, stream, versions, most as u64, &mut runs)?
        {
            runs.extend(recent_runs);
        }
        Ok(runs)
    }
}
