//! How far streams had come when the log had some size.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_log::ReadLimit;
use gradus_model::leaf::Place;
use gradus_model::{Leaf, UnitId};
use gradus_proof::leaf_hash;
use gradus_proof::state::Reached;

use crate::error::ServiceError;
use crate::service::Service;

impl Service {
    /// The version of a unit's stream in a log of `size` records, which the views have read.
    pub async fn version_at(
        self: &Arc<Self>,
        unit: UnitId,
        size: u64,
    ) -> Result<u64, ServiceError> {
        self.apart(move |service| service.version_here(unit, size)).await
    }

    /// How far each of some streams had come in a log of `size` records, which the views have read, but
    /// for those that had no record.
    pub(crate) async fn reached_at(
        self: &Arc<Self>,
        streams: &[UnitId],
        size: u64,
    ) -> Result<BTreeMap<UnitId, Reached>, ServiceError> {
        let streams = streams.to_vec();
        // One thread reads them all: to wait for one takes longer than to read it.
        self.apart(move |service| {
            let mut reached = BTreeMap::new();
            for stream in streams {
                let version = service.version_here(stream, size)?;
                if version > 0 {
                    let head = leaf_hash(&service.leaf_here(stream, version)?);
                    reached.insert(stream, Reached { version, head });
                }
            }
            Ok(reached)
        })
        .await
    }

    /// As [`Self::version_at`]; blocks.
    fn version_here(&self, unit: UnitId, size: u64) -> Result<u64, ServiceError> {
        let (newest, since) =
            self.views().history(unit).map_or((0, 0), |history| (history.version, history.since));
        if since <= size {
            return Ok(newest);
        }
        let is_there = |version| Ok(self.place_here(unit, version)?.position < size);
        last_before(newest, is_there)
    }

    fn place_here(&self, unit: UnitId, version: u64) -> Result<Place, ServiceError> {
        let leaf = self.leaf_here(unit, version)?;
        let leaf = Leaf::read(&leaf).map_err(gradus_model::recorded::UnreadableLeaf::from)?;
        Ok(leaf.place)
    }

    /// The leaf at a version of a stream, which the views have read; blocks.
    fn leaf_here(&self, unit: UnitId, version: u64) -> Result<Vec<u8>, ServiceError> {
        let one = ReadLimit { records: 1, bytes: 0 };
        let found = self.log.read_stream_here(unit, version, one)?.into_iter().next();
        let found = found.ok_or(ServiceError::Fault("a stream is shorter than the views say"))?;
        Ok(found.leaf)
    }
}

/// The last version that was there already, 0 if none was; the first `past` that was not is known.
///
/// Most often little came since: it is looked for from the newest on, in strides twice as long each time.
fn last_before(
    past: u64,
    is_there: impl Fn(u64) -> Result<bool, ServiceError>,
) -> Result<u64, ServiceError> {
    let (mut before, mut after) = (0, past);
    let mut stride = 1;
    while before + 1 < after {
        let middle = after.saturating_sub(stride).max(before.midpoint(after));
        if is_there(middle)? {
            before = middle;
        } else {
            after = middle;
        }
        stride *= 2;
    }
    Ok(before)
}

#[cfg(test)]
mod tests;
