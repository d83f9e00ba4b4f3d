//! How much a projector holds, and what it lets go.
//!
//! What is let go is folded again from the history when it is needed, and is the same.

use std::collections::BTreeMap;

use gradus_model::UnitId;

use super::held::{HeldArea, HeldUnit};

/// Areas whose folds are held at most.
const MOST_AREAS: usize = 200_000;
/// About how many bytes of areas are held at most, unless less is said.
pub const MOST_BYTES: usize = 512 << 20;

/// How much is held, and how much may be.
#[derive(Debug)]
pub(super) struct Room {
    areas: usize,
    bytes: usize,
    most_areas: usize,
    most_bytes: usize,
}

impl Room {
    pub(super) const fn new() -> Self {
        Self { areas: 0, bytes: 0, most_areas: MOST_AREAS, most_bytes: MOST_BYTES }
    }

    /// The same, for at most so many areas.
    pub(super) const fn holding(self, most_areas: usize) -> Self {
        Self { most_areas, ..self }
    }

    /// The same, for at most so many bytes.
    pub(super) const fn within(self, most_bytes: usize) -> Self {
        Self { most_bytes, ..self }
    }

    /// Measures an area that has changed; `before` is what it took, none if it is new.
    pub(super) fn take_in(&mut self, before: Option<usize>, area: &mut HeldArea) {
        area.bytes = area.measured();
        self.areas += usize::from(before.is_none());
        self.bytes = (self.bytes + area.bytes).saturating_sub(before.unwrap_or(0));
    }

    /// Lets go the half of the areas that was used longest ago, once too much is held.
    pub(super) fn make(&mut self, units: &mut BTreeMap<UnitId, HeldUnit>) {
        if self.areas <= self.most_areas && self.bytes <= self.most_bytes {
            return;
        }
        let areas = units.values().flat_map(|unit| unit.areas.values());
        let mut used: Vec<u64> = areas.map(|area| area.used).collect();
        used.sort_unstable();
        let idle = used.get(used.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        for unit in units.values_mut() {
            unit.let_go(idle);
        }
        units.retain(|_, unit| !unit.areas.is_empty());
        let kept = units.values().flat_map(|unit| unit.areas.values());
        self.bytes = kept.clone().map(|area| area.bytes).sum();
        self.areas = kept.count();
    }
}
