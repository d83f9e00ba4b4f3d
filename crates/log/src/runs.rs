//! Where the records of a stream and of a request lie, as runs of consecutive positions.

use std::collections::HashMap;
use std::ops::Range;

use gradus_model::{PrincipalId, RequestId, UnitId};

use crate::sequence::Origin;

/// Consecutive versions of one stream at consecutive positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamRun {
    pub(crate) version: u64,
    pub(crate) position: u64,
    pub(crate) count: u64,
}

/// What names a call for ever.
pub(crate) type RequestKey = (PrincipalId, RequestId);

/// The runs of a stretch of the log.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    pub(crate) streams: HashMap<UnitId, Vec<StreamRun>>,
    pub(crate) requests: HashMap<RequestKey, Vec<Range<u64>>>,
    count: usize,
}

impl Runs {
    /// The number of runs of both kinds.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Adds the record that follows the last one added.
    pub(crate) fn add(&mut self, position: u64, version: u64, origin: &Origin) {
        let runs = self.streams.entry(origin.stream).or_default();
        match runs.last_mut() {
            Some(run) if run.position + run.count == position => run.count += 1,
            _ => {
                runs.push(StreamRun { version, position, count: 1 });
                self.count += 1;
            }
        }
        let runs = self.requests.entry((origin.actor, origin.request)).or_default();
        match runs.last_mut() {
            Some(run) if run.end == position => run.end += 1,
            _ => {
                runs.push(position..position + 1);
                self.count += 1;
            }
        }
    }

    /// The runs of a stream that hold version `from` or later ones.
    pub(crate) fn stream(&self, stream: UnitId, from: u64) -> &[StreamRun] {
        let runs = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        let before = runs.partition_point(|run| run.version + run.count <= from);
        runs.get(before..).unwrap_or_default()
    }

    /// The positions of a request's records.
    pub(crate) fn request(&self, key: &RequestKey) -> &[Range<u64>] {
        self.requests.get(key).map_or(&[], Vec::as_slice)
    }
}

/// Puts runs in order and joins those that touch or overlap.
pub(crate) fn joined(mut runs: Vec<Range<u64>>) -> Vec<Range<u64>> {
    runs.sort_unstable_by_key(|run| run.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => joined.push(run),
        }
    }
    joined
}
