//! Units of which every area is held: an item that is pushed to one asks its history for nothing.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus_domain::UnitHistory;
use gradus_domain::world::World;
use gradus_model::unit::AreaRef;
use gradus_model::{Recorded, UnitId};

use super::Projector;
use super::held::{HeldArea, HeldUnit, Known};
use crate::views::stands;

impl Projector {
    /// The units that these events are about of which some area may not be held.
    #[must_use]
    pub fn lacking(&self, recorded: &[Recorded]) -> BTreeSet<UnitId> {
        let streams = recorded.iter().map(|recorded| (recorded.place.stream, recorded));
        let lacking = streams.filter(|(unit, recorded)| self.is_lacking(unit, recorded));
        lacking.map(|(unit, _)| unit).collect()
    }

    /// Whether the unit that an event is about may have an area that is not held.
    pub(super) fn is_lacking(&self, unit: &UnitId, recorded: &Recorded) -> bool {
        let is_held = || self.units.get(unit).is_some_and(HeldUnit::is_whole);
        !stands(&recorded.event) && !self.parked.contains(unit) && !is_held()
    }

    /// Folds and holds every area of a unit, as its history was known with `size` records: as many as
    /// all events that were taken in.
    pub fn hold_whole(
        &mut self,
        world: &dyn World,
        unit: UnitId,
        history: &UnitHistory,
        size: u64,
    ) {
        let known = Known { world, history, size };
        // The event that comes to what cannot be folded parks the unit.
        if catch_unwind(AssertUnwindSafe(|| self.fold_whole(&known, unit))).is_err() {
            self.units.remove(&unit);
        }
    }

    fn fold_whole(&mut self, known: &Known<'_>, unit: UnitId) {
        self.hold(known, unit);
        let Some(held) = self.units.get_mut(&unit) else { return };
        let read = |target| held.segments().iter().flat_map(move |segment| segment.areas(target));
        let areas: BTreeSet<AreaRef> = known.history.targets().flat_map(read).collect();
        for area in areas {
            if held.areas.contains_key(&(area.area, area.model.clone())) {
                continue;
            }
            let mut folded = HeldArea::of(known, held.segments(), &area);
            folded.used = known.size;
            self.room.take_in(None, &mut folded);
            held.areas.insert((area.area, area.model), folded);
        }
        held.become_whole();
    }
}
