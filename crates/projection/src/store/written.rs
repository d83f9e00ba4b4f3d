//! What the index remembers of what was told: how far it has read, of which log, the digest of each
//! unit, the units that were parked.

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::{Digest, UnitId};

use super::OfLog;
use crate::index::{BlockId, Chain};
use crate::projector::{self, Parked};

/// The form of the rows.
const FORMAT: u8 = 1;
/// How far the rows have read, of which log, in which form.
pub(super) const CURSOR: &[u8] = b"m";
/// Begins the key of a unit's digest, of a parked unit.
pub(super) const DIGESTS: u8 = b'd';
pub(super) const PARKED: u8 = b'p';

/// What the index was told, in short.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) cursor: u64,
    pub(super) first_leaf: Digest,
    pub(super) chains: BTreeMap<UnitId, Chain>,
    pub(super) parked: BTreeMap<UnitId, Parked>,
    pub(super) known_blocks: BTreeSet<BlockId>,
}

impl Written {
    pub(super) fn nothing(first_leaf: Digest) -> Self {
        Self {
            cursor: 0,
            first_leaf,
            chains: BTreeMap::new(),
            parked: BTreeMap::new(),
            known_blocks: BTreeSet::new(),
        }
    }

    /// What was written of this log; none of nothing, and why it is of no use.
    pub(super) fn read(rows: &::sled::Db, log: OfLog) -> Result<Option<Self>, String> {
        let failed = |error: ::sled::Error| error.to_string();
        let Some(row) = rows.get(CURSOR).map_err(failed)? else { return Ok(None) };
        let (cursor, first_leaf) = read_cursor(&row)?;
        if cursor > log.size {
            return Err(format!("it has read {cursor} records, and the log has {}", log.size));
        }
        if cursor > 0 && first_leaf != log.first_leaf {
            return Err("it is about another log".to_owned());
        }
        let mut written = Self { cursor, ..Self::nothing(log.first_leaf) };
        for row in rows.scan_prefix([DIGESTS]) {
            let (key, value) = row.map_err(failed)?;
            let read = unit_of(&key).zip(<[u8; 32]>::try_from(&value[..]).ok());
            let (unit, chain) = read.ok_or("the digest of a unit cannot be read")?;
            written.chains.insert(unit, Chain(chain));
        }
        for row in rows.scan_prefix([PARKED]) {
            let (key, value) = row.map_err(failed)?;
            let read = unit_of(&key).zip(value.split_first_chunk::<8>());
            let (unit, (position, reason)) = read.ok_or("a parked unit cannot be read")?;
            let position = u64::from_be_bytes(*position);
            let reason = String::from_utf8_lossy(reason).into_owned();
            written.parked.insert(unit, Parked { unit, position, reason });
        }
        Ok(Some(written))
    }
}

/// The form, the projector's version, the size read, and the hash of the log's first leaf.
pub(super) fn cursor_row(cursor: u64, first_leaf: Digest) -> Vec<u8> {
    let mut row = vec![FORMAT];
    row.extend_from_slice(&projector::VERSION.to_be_bytes());
    row.extend_from_slice(&cursor.to_be_bytes());
    row.extend_from_slice(&first_leaf.0);
    row
}

fn read_cursor(row: &[u8]) -> Result<(u64, Digest), String> {
    let unreadable = "its cursor cannot be read";
    let (format, rest) = row.split_first().ok_or(unreadable)?;
    if *format != FORMAT {
        return Err(format!("it has format {format}, and this version writes format {FORMAT}"));
    }
    let (version, rest) = rest.split_first_chunk::<4>().ok_or(unreadable)?;
    let (version, ours) = (u32::from_be_bytes(*version), projector::VERSION);
    if version != ours {
        let name = projector::NAME;
        return Err(format!("version {version} of projector `{name}` wrote it, this is {ours}"));
    }
    let (cursor, rest) = rest.split_first_chunk::<8>().ok_or(unreadable)?;
    let first_leaf = <[u8; 32]>::try_from(rest).map_err(|_| unreadable)?;
    Ok((u64::from_be_bytes(*cursor), Digest(first_leaf)))
}

pub(super) fn unit_key(sort: u8, unit: UnitId) -> Vec<u8> {
    [&[sort][..], &unit.0].concat()
}

fn unit_of(key: &[u8]) -> Option<UnitId> {
    let (_, unit) = key.split_first()?;
    unit.try_into().ok().map(UnitId)
}
