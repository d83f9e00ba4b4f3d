//! A unit that is read by other documents from an event on: all of its areas may change.

use std::collections::BTreeSet;

use gradus_domain::world::World;
use gradus_model::unit::AreaRef;
use gradus_model::{Recorded, UnitId};

use super::course::Course;
use super::held::{HeldArea, HeldUnit, Known, Segment};
use super::{Parked, Projector, Revision, Tell};

impl Projector {
    /// Takes in that a unit and those below it may be read by other documents.
    pub(super) fn rebase_below(
        &mut self,
        world: &dyn World,
        unit: UnitId,
        recorded: &Recorded,
        tell: Tell<'_>,
    ) -> Vec<Parked> {
        let (registry, size) = (world.registry(), recorded.place.position + 1);
        let is_below = |below: &UnitId| registry.ever_above(*below, size).contains(&unit);
        let others = registry.units().map(|unit| unit.id).filter(|other| *other != unit);
        let all: Vec<UnitId> = others.filter(is_below).chain([unit]).collect();
        let rebased = all.into_iter().filter_map(|unit| {
            self.guarded(unit, recorded, |of| of.rebase(world, unit, recorded, &mut *tell))
        });
        rebased.collect()
    }

    /// Takes in that a unit may be read by other documents.
    fn rebase(
        &mut self,
        world: &dyn World,
        unit: UnitId,
        recorded: &Recorded,
        tell: &mut dyn FnMut(&Revision<'_>),
    ) -> Option<()> {
        let position = recorded.place.position;
        let history = world.history(unit)?;
        let before = Known { world, history, size: position };
        let known = Known { world, history, size: position + 1 };
        let segments = self.segments(&known, unit);
        self.hold(&before, unit);
        let held = self.units.get_mut(&unit)?;
        let basis = |segment: &Segment| segment.under.as_ref().map(|(basis, _)| basis.clone());
        let alike =
            |(one, next): (&Segment, &Segment)| one.from == next.from && basis(one) == basis(next);
        let same_number = segments.len() == held.segments().len();
        if same_number && segments.iter().zip(held.segments()).all(alike) {
            return Some(());
        }
        let read = |target| {
            let all = segments.iter().chain(held.segments());
            all.flat_map(move |segment| segment.areas(target))
        };
        let areas: BTreeSet<AreaRef> = history.targets().flat_map(read).collect();
        let mut old_held = std::mem::replace(held, HeldUnit::under(segments));
        for area in areas {
            let old = old_held.areas.remove(&(area.area, area.model.clone()));
            let bytes_before = old.as_ref().map(|old| old.bytes);
            let old = old.unwrap_or_else(|| HeldArea::of(&before, old_held.segments(), &area));
            let mut new = old.under(&known, old_held.segments(), held.segments(), &area);
            let was = old.course().unwrap_or_else(Course::of_nothing);
            let is = new.course().unwrap_or_else(Course::of_nothing);
            let parts = was.difference(is);
            if !parts.is_empty() {
                let recorded_at = recorded.place.recorded_at;
                let (area, changed) = (&area, &parts[..]);
                tell(&Revision { unit, area, position, recorded_at, course: is, changed });
            }
            new.used = position;
            self.room.take_in(bytes_before, &mut new);
            held.areas.insert((area.area, area.model), new);
        }
        held.become_whole();
        Some(())
    }
}
