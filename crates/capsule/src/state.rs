//! The rows of a state digest: the one computation that a server, a rebuild and an auditor's own
//! machine share.
//!
//! It depends on the log alone: on who was registered and opened below the size, how far each stream
//! had come, and what the projector told of it.

use std::collections::BTreeMap;

use gradus_domain::{Appraisals, Registry};
use gradus_model::{Digest, UnitId};
use gradus_proof::Row;
use gradus_proof::state::Reached;

/// The streams that a digest of `size` describes, in the order of its rows: units as they were
/// registered, the organization first, and then appraisals as they were opened.
///
/// A unit without a record of its own is among them, so that it can be proved to have none.
#[must_use]
pub fn streams(registry: &Registry, appraisals: &Appraisals, size: u64) -> Vec<UnitId> {
    // Its stream opens the log, before its unit is registered in it.
    let first = registry.organization.filter(|_| size > 0);
    let others = registry.units().filter(|unit| Some(unit.id) != registry.organization);
    let units = others.filter(|unit| unit.position < size);
    let mut units: Vec<_> = units.map(|unit| (unit.position, unit.id)).collect();
    units.sort_unstable();
    let opened = appraisals.all().filter(|known| known.opened.position < size);
    let mut opened: Vec<_> =
        opened.map(|known| (known.opened.position, UnitId(known.id.0))).collect();
    opened.sort_unstable();
    let later = units.into_iter().chain(opened).map(|(_, stream)| stream);
    first.into_iter().chain(later).collect()
}

/// The rows of a digest: `heads` says how far each stream had come below its size, and `projected`
/// what the projector told of each unit until then.
#[must_use]
pub fn rows(
    streams: &[UnitId],
    heads: &BTreeMap<UnitId, Reached>,
    projected: &BTreeMap<UnitId, Digest>,
) -> Vec<Row> {
    let row = |stream: &UnitId| {
        let Reached { version, head } = heads.get(stream).copied().unwrap_or_default();
        let projection = projected.get(stream).copied().unwrap_or(Digest::ZERO);
        Row { stream: *stream, version, head, projection }
    };
    streams.iter().map(row).collect()
}
