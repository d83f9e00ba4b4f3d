//! The rows of the index, as bytes.

use std::ops::Range;

use gradus_model::{Digest, PrincipalId, RequestId, UnitId};

use crate::LogError;
use crate::runs::{RequestKey, Runs, StreamRun};

/// Rows stay small, so that sled keeps them in its own file.
const MOST_ROW_BYTES: usize = 4_096;
const STREAM_RUN: usize = 12;
const REQUEST_RUN: usize = 44;

const STREAMS: u8 = b's';
const REQUESTS: u8 = b'r';
const CURSOR: &[u8] = b"c";

/// How much of which log the rows cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) size: u64,
    pub(super) segments: u32,
    pub(super) log: Digest,
}

/// The cursor, if there is one that can be read.
pub(super) fn cursor(rows: &::sled::Tree) -> Result<Option<Cursor>, LogError> {
    Ok(rows.get(CURSOR)?.and_then(|bytes| {
        let mut rest = Rest(&bytes);
        let cursor = Cursor {
            size: rest.u64()?,
            segments: u32::from_be_bytes(rest.take()?),
            log: Digest(rest.take()?),
        };
        rest.0.is_empty().then_some(cursor)
    }))
}

/// Removes all rows.
pub(super) fn clear(rows: &::sled::Tree) -> Result<(), LogError> {
    // Without a cursor, what a stopped process leaves of the rest is not taken for an index.
    rows.remove(CURSOR)?;
    rows.flush()?;
    Ok(rows.clear()?)
}

/// A segment's rows and the cursor after it.
pub(super) fn batch(runs: &Runs, segment: u32, cursor: &Cursor) -> ::sled::Batch {
    let mut batch = ::sled::Batch::default();
    for (stream, runs) in &runs.streams {
        for row in runs.chunks(MOST_ROW_BYTES / STREAM_RUN) {
            let version = row.first().map_or(0, |run| run.version);
            let mut bytes = Vec::with_capacity(row.len() * STREAM_RUN);
            for run in row {
                bytes.extend_from_slice(&run.position.to_be_bytes());
                bytes.extend_from_slice(&count(run.count));
            }
            batch.insert(&stream_key(*stream, version)[..], bytes);
        }
    }
    let mut requests: Vec<_> = runs
        .requests
        .iter()
        .flat_map(|(key, runs)| runs.iter().map(move |run| (key, run)))
        .collect();
    requests.sort_unstable_by_key(|(key, run)| (**key, run.start));
    for row in requests.chunks(MOST_ROW_BYTES / REQUEST_RUN) {
        let Some((first, run)) = row.first() else { continue };
        let mut bytes = Vec::with_capacity(row.len() * REQUEST_RUN);
        for ((actor, request), run) in row {
            bytes.extend_from_slice(&actor.0);
            bytes.extend_from_slice(&request.0);
            bytes.extend_from_slice(&run.start.to_be_bytes());
            bytes.extend_from_slice(&count(run.end - run.start));
        }
        batch.insert(request_key(segment, first, run.start), bytes);
    }
    let mut bytes = cursor.size.to_be_bytes().to_vec();
    bytes.extend_from_slice(&cursor.segments.to_be_bytes());
    bytes.extend_from_slice(&cursor.log.0);
    batch.insert(CURSOR, bytes);
    batch
}

/// A segment is rebuilt or written long before a run in it leaves 32 bits.
fn count(count: u64) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes()
}

fn stream_key(stream: UnitId, version: u64) -> [u8; 25] {
    let mut key = [STREAMS; 25];
    let (_, rest) = key.split_at_mut(1);
    let (id, number) = rest.split_at_mut(16);
    id.copy_from_slice(&stream.0);
    number.copy_from_slice(&version.to_be_bytes());
    key
}

fn request_key(segment: u32, (actor, request): &RequestKey, position: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(45);
    key.push(REQUESTS);
    key.extend_from_slice(&segment.to_be_bytes());
    key.extend_from_slice(&actor.0);
    key.extend_from_slice(&request.0);
    key.extend_from_slice(&position.to_be_bytes());
    key
}

/// Adds the runs of a stream that hold some of `versions`, up to `most` records or a few more;
/// `false` says that there may be more.
pub(super) fn stream(
    rows: &::sled::Tree,
    stream: UnitId,
    versions: Range<u64>,
    most: u64,
    runs: &mut Vec<StreamRun>,
) -> Result<bool, LogError> {
    let from = stream_key(stream, versions.start);
    let earliest = stream_key(stream, 0);
    // The row before may reach into the versions asked for.
    let start = match rows.range(earliest..=from).next_back().transpose()? {
        Some((key, _)) => key.to_vec(),
        None => from.to_vec(),
    };
    let end = stream_key(stream, versions.end).to_vec();
    let mut left = most;
    for row in rows.range(start..end) {
        let (key, bytes) = row?;
        let mut version = key.last_chunk().map_or(0, |version| u64::from_be_bytes(*version));
        let mut rest = Rest(&bytes);
        while let Some(run) = stream_run(&mut rest, version) {
            version += run.count;
            if version <= versions.start {
                continue;
            }
            left = left.saturating_sub(version - run.version.max(versions.start));
            runs.push(run);
            if left == 0 {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn stream_run(rest: &mut Rest<'_>, version: u64) -> Option<StreamRun> {
    let position = rest.u64()?;
    let count = u64::from(u32::from_be_bytes(rest.take()?));
    Some(StreamRun { version, position, count })
}

/// Adds the runs that a segment holds of a request.
pub(super) fn request(
    rows: &::sled::Tree,
    segment: u32,
    wanted: &RequestKey,
    runs: &mut Vec<Range<u64>>,
) -> Result<(), LogError> {
    let first = [&[REQUESTS][..], &segment.to_be_bytes()].concat();
    let last = request_key(segment, wanted, u64::MAX);
    for row in rows.range(first..=last).rev() {
        let (_, bytes) = row?;
        let mut rest = Rest(&bytes);
        let mut starts_before = None;
        while let Some((key, run)) = request_run(&mut rest) {
            starts_before.get_or_insert(key < *wanted);
            if key == *wanted {
                runs.push(run);
            }
        }
        if starts_before != Some(false) {
            return Ok(());
        }
    }
    Ok(())
}

fn request_run(rest: &mut Rest<'_>) -> Option<(RequestKey, Range<u64>)> {
    let key = (PrincipalId(rest.take()?), RequestId(rest.take()?));
    let position = rest.u64()?;
    let count = u64::from(u32::from_be_bytes(rest.take()?));
    Some((key, position..position + count))
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}
