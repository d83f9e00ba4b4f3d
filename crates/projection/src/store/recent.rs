//! The last rows of the areas that were asked for lately, so that most reads seek nothing.
//!
//! Invariant: the rows that are kept of an area are its last ones, as they are stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use gradus_model::UnitId;
use gradus_model::unit::AreaRef;

use crate::index::End;

/// The most rows that are kept of one area.
pub(super) const MOST_ROWS: usize = 8;
/// The most bytes that are kept; past them everything is let go.
const MOST_BYTES: usize = 32 << 20;
/// What an area takes beside its rows, and a row beside its bytes, about: most of it are the parts
/// at its end.
const BESIDE: usize = 512;

/// A row: its first position and its bytes.
pub(super) type StoredRow = (u64, ::sled::IVec);

/// A row that is kept, with the state at its end once that was asked for.
#[derive(Debug)]
pub(super) struct KeptRow {
    pub(super) first: u64,
    pub(super) bytes: ::sled::IVec,
    end: OnceLock<Option<End>>,
}

impl KeptRow {
    pub(super) fn new((first, bytes): StoredRow) -> Self {
        Self { first, bytes, end: OnceLock::new() }
    }

    /// A row that is read once: the state at its end is not worth reading.
    pub(super) fn once((first, bytes): StoredRow) -> Self {
        Self { first, bytes, end: OnceLock::from(None) }
    }

    /// The state at its end, if all of it can be read.
    pub(super) fn end(&self) -> Option<&End> {
        self.end.get_or_init(|| End::of(self.first, &self.bytes).ok()).as_ref()
    }
}

/// The last rows of an area.
#[derive(Debug)]
pub(super) struct LastRows {
    /// The last one first.
    pub(super) rows: Vec<Arc<KeptRow>>,
    /// Whether there are no others.
    pub(super) all: bool,
}

impl LastRows {
    /// The last row that begins before `size`, if it is among these or there is none.
    pub(super) fn before(&self, size: u64) -> Known {
        match self.rows.iter().find(|row| row.first < size) {
            Some(row) => Known::Row(Arc::clone(row)),
            None if self.all => Known::Nothing,
            None => Known::Older,
        }
    }

    fn bytes(&self) -> usize {
        BESIDE + self.rows.iter().map(|row| BESIDE + row.bytes.len()).sum::<usize>()
    }
}

/// What is known without a seek of the row that answers.
pub(super) enum Known {
    /// It is this one.
    Row(Arc<KeptRow>),
    /// There is none.
    Nothing,
    /// It is older than what is kept.
    Older,
    /// Nothing is kept of the area; so many writes have been told of.
    Unread(u64),
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By unit, in the order of areas.
    units: BTreeMap<UnitId, Vec<(AreaRef, LastRows)>>,
    bytes: usize,
    writes: u64,
}

impl Recent {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The row of an area that answers as known with `size` records.
    pub(super) fn before(&self, unit: UnitId, area: &AreaRef, size: u64) -> Known {
        let kept = self.kept();
        let areas = kept.units.get(&unit).map_or(&[][..], Vec::as_slice);
        let found = areas.binary_search_by(|(of, _)| order(of, area));
        let rows = found.ok().and_then(|found| areas.get(found));
        rows.map_or(Known::Unread(kept.writes), |(_, rows)| rows.before(size))
    }

    /// Keeps rows that were read after so many writes, unless there was another one since.
    pub(super) fn keep(&self, unit: UnitId, area: &AreaRef, rows: LastRows, writes: u64) {
        let mut kept = self.kept();
        if kept.writes != writes {
            return;
        }
        if kept.bytes + rows.bytes() > MOST_BYTES {
            kept.units.clear();
            kept.bytes = 0;
        }
        let bytes = rows.bytes();
        let areas = kept.units.entry(unit).or_default();
        // Another reader may have kept them meanwhile.
        if let Err(place) = areas.binary_search_by(|(of, _)| order(of, area)) {
            areas.insert(place, (area.clone(), rows));
            kept.bytes += bytes;
        }
    }

    /// Lets go of what is kept of units that were written.
    pub(super) fn written<'a>(&self, units: impl Iterator<Item = &'a UnitId>) {
        let mut kept = self.kept();
        kept.writes += 1;
        for unit in units {
            let gone = kept.units.remove(unit).into_iter().flatten();
            kept.bytes -= gone.map(|(_, rows)| rows.bytes()).sum::<usize>();
        }
    }
}

fn order(one: &AreaRef, other: &AreaRef) -> std::cmp::Ordering {
    one.area.cmp(&other.area).then_with(|| one.model.cmp(&other.model))
}
