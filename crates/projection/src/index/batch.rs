//! Revisions gathered for one atomic write.

use std::collections::BTreeMap;

use gradus_model::unit::AreaRef;
use gradus_model::{Timestamp, UnitId};
use sha2::{Digest as _, Sha256};

use super::blocks::BlockId;
use super::part::{LEVELS, Lies, put_steps, put_target};
use super::row::{key_of, prefix_of, put_part, put_revision};
use crate::projector::{Parked, Part, Revision};

/// Rows end before they grow past this, so that a page of the database stays small: a read at any
/// point takes in a page.
const MOST_ROW_BYTES: usize = 1_024;

/// The hash of one revision.
pub(crate) type Leaf = [u8; 32];

/// The hash of all revisions of a unit so far, in the order of positions and areas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) [u8; 32]);

impl Chain {
    pub(crate) fn add(&mut self, leaf: &Leaf) {
        self.0 = Sha256::new().chain_update(self.0).chain_update(leaf).finalize().into();
    }
}

/// The hash of a revision: the area it is about, its position and stamp, and what it changed.
pub(crate) fn leaf(area: &AreaRef, position: u64, stamp: Timestamp, parts: &[u8]) -> Leaf {
    let hash = Sha256::new()
        .chain_update([area.area.number()])
        .chain_update(area.model.as_str())
        .chain_update([0])
        .chain_update(position.to_be_bytes())
        .chain_update(stamp.micros().to_be_bytes());
    hash.chain_update(parts).finalize().into()
}

/// What one write adds: rows, blocks, and the hashes of the revisions in them.
#[derive(Debug, Default)]
pub struct Batch {
    open: BTreeMap<Vec<u8>, OpenRow>,
    pub(crate) rows: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) blocks: BTreeMap<BlockId, Vec<u8>>,
    pub(crate) leaves: BTreeMap<UnitId, Vec<Leaf>>,
    pub(crate) parked: Vec<Parked>,
    scratch: Scratch,
}

/// Room in which one part after another is written.
#[derive(Debug, Default)]
struct Scratch {
    name: Vec<u8>,
    steps: Vec<u8>,
}

#[derive(Debug)]
struct OpenRow {
    first_position: u64,
    last: (u64, Timestamp),
    bytes: Vec<u8>,
}

impl Batch {
    /// Adds a revision; revisions come in the order of positions, and within one in that of areas.
    pub fn add(&mut self, revision: &Revision<'_>) {
        let Revision { unit, area, position, recorded_at, .. } = *revision;
        let changed = self.changed(revision);
        let leaf = leaf(area, position, recorded_at, &changed);
        self.leaves.entry(unit).or_default().push(leaf);

        let prefix = prefix_of(unit, area);
        let stamped = (position, recorded_at);
        if let Some(row) = self.open.get_mut(&prefix)
            && row.bytes.len() + changed.len() <= MOST_ROW_BYTES
        {
            put_revision(&mut row.bytes, Some(row.last), stamped, &changed);
            row.last = stamped;
            return;
        }
        let mut bytes = Vec::new();
        put_revision(&mut bytes, None, stamped, &self.all(revision));
        let row = OpenRow { first_position: position, last: stamped, bytes };
        if let Some(full) = self.open.insert(prefix.clone(), row) {
            self.rows.push((key_of(&prefix, full.first_position), full.bytes));
        }
    }

    /// Adds that a unit was parked.
    pub fn park(&mut self, parked: impl IntoIterator<Item = Parked>) {
        self.parked.extend(parked);
    }

    /// Ends every row: what comes next begins new ones.
    pub fn close(&mut self) {
        for (prefix, row) in std::mem::take(&mut self.open) {
            self.rows.push((key_of(&prefix, row.first_position), row.bytes));
        }
    }

    /// Takes out what is done: all but the rows that have room left.
    pub(crate) fn take_done(&mut self) -> Self {
        let open = std::mem::take(&mut self.open);
        let done = std::mem::take(self);
        self.open = open;
        done
    }

    fn changed(&mut self, revision: &Revision<'_>) -> Vec<u8> {
        self.parts(revision, revision.changed.iter().copied())
    }

    fn all(&mut self, revision: &Revision<'_>) -> Vec<u8> {
        let levels = revision.course.tells_levels().then_some(Part::Levels);
        let supports = revision.course.supports().into_iter();
        let supports = supports.map(|(target, _)| Part::Support(target));
        self.parts(revision, levels.into_iter().chain(supports))
    }

    /// Parts in the order of their names.
    fn parts<'a>(
        &mut self,
        revision: &Revision<'a>,
        parts: impl Iterator<Item = Part<'a>>,
    ) -> Vec<u8> {
        let Self { blocks, scratch, .. } = self;
        let mut keep = |id, bytes| {
            blocks.insert(id, bytes);
        };
        let mut written = Vec::with_capacity(256);
        let mut lengths = Vec::with_capacity(4);
        for part in parts {
            let Scratch { name, steps } = scratch;
            name.clear();
            steps.clear();
            let lies = match part {
                Part::Levels => {
                    name.extend_from_slice(LEVELS);
                    let levels = revision.course.levels();
                    let told = revision.course.tells_levels();
                    if told { put_steps(steps, levels, &mut keep) } else { Lies::InPlace }
                }
                Part::Support(target) => {
                    put_target(name, revision.area, target);
                    let support = revision.course.support(target);
                    support.map_or(Lies::InPlace, |support| put_steps(steps, support, &mut keep))
                }
            };
            let begin = written.len();
            put_part(&mut written, name, lies, steps);
            lengths.push((name.len(), written.len() - begin));
        }
        in_order(written, &lengths)
    }
}

/// Parts sorted by their names; `lengths` are those of the name and the whole of each.
fn in_order(written: Vec<u8>, lengths: &[(usize, usize)]) -> Vec<u8> {
    let mut rest = written.as_slice();
    let mut parts: Vec<(&[u8], &[u8])> = Vec::with_capacity(lengths.len());
    for (name, whole) in lengths {
        let (part, after) = rest.split_at_checked(*whole).unwrap_or((rest, &[]));
        parts.push((part.get(..*name).unwrap_or(part), part));
        rest = after;
    }
    if parts.is_sorted() {
        return written;
    }
    parts.sort_unstable();
    parts.into_iter().map(|(_, whole)| whole).collect::<Vec<_>>().concat()
}
