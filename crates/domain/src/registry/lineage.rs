//! Who stands above a unit, at a point in both times.

use gradus_model::{Timestamp, UnitId};

use super::Registry;
use crate::timeline::At;

impl Registry {
    /// The unit and those above it at a point, nearest first; at most 64.
    #[must_use]
    pub fn lineage(&self, unit: UnitId, at: At) -> Vec<UnitId> {
        let mut lineage = vec![unit];
        let mut current = unit;
        while let Some(parent) = self.units.get(&current).and_then(|unit| unit.parent(at)) {
            // Backdated moves may close a circle at a past moment; it ends where it began.
            if lineage.contains(&parent) || lineage.len() >= 64 {
                break;
            }
            lineage.push(parent);
            current = parent;
        }
        lineage
    }

    /// The units that may answer for a unit at a point: itself, and while it lives those above it,
    /// nearest first. Nobody inherits before they came to be or after their end.
    #[must_use]
    pub fn answering(&self, unit: UnitId, at: At) -> Vec<UnitId> {
        let mut lineage = self.lineage(unit, at);
        if !self.units.get(&unit).is_some_and(|unit| unit.lives(at)) {
            lineage.truncate(1);
        }
        lineage
    }

    /// The unit and every unit that was ever above it, as known with `size` records: itself first,
    /// then in the order in which they are met.
    #[must_use]
    pub fn ever_above(&self, unit: UnitId, size: u64) -> Vec<UnitId> {
        let mut above = vec![unit];
        let mut next = 0;
        while let Some(current) = above.get(next).copied() {
            next += 1;
            let parents = self.units.get(&current).into_iter().flat_map(|unit| unit.parents.iter());
            let known = parents.filter(|stated| stated.position < size);
            for parent in known.filter_map(|stated| stated.value) {
                if !above.contains(&parent) {
                    above.push(parent);
                }
            }
        }
        above
    }

    /// The moments at which the units above a unit may change, as known with `size` records, or
    /// whether they answer for it.
    #[must_use]
    pub fn lineage_changes(&self, unit: UnitId, size: u64) -> Vec<Timestamp> {
        let above = self.ever_above(unit, size).into_iter();
        let units = above.filter_map(|unit| self.units.get(&unit));
        let mut changes: Vec<Timestamp> =
            units.flat_map(|unit| unit.parents.instants(size)).collect();
        if let Some(unit) = self.units.get(&unit).filter(|unit| unit.position < size) {
            changes.push(unit.registered_at);
            changes.extend(unit.archived.instants(size));
        }
        changes
    }
}
