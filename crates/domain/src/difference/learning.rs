//! The first stage of a difference: what one moment looks like while the log grows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{Practice, Target, UnitId};

use super::{Movement, Stage, Way, in_order};
use crate::cause::{Asked, Bearing, Step};
use crate::course::{AreaState, OwnCourseAt, state_at};
use crate::history::UnitHistory;
use crate::registry::Registry;
use crate::settings::Settings;
use crate::timeline::{At, Timeline};
use crate::world::World;

impl Way<'_> {
    /// The log grows, or shrinks, from a point to another size.
    ///
    /// Where own courses are at hand, only what they say has moved is looked into.
    pub(super) fn learnt(&self, from: At, to: u64, own: Option<OwnCourseAt<'_>>) -> Vec<Movement> {
        let (least, most) = (from.size.min(to), from.size.max(to));
        let at = |size| self.asked.at(At { valid_at: from.valid_at, size });
        let state = |size| own.map(|own| self.state(At { valid_at: from.valid_at, size }, own));
        let mut known = state(least);
        let mut movements = Vec::new();
        let Asked { world, unit, area, .. } = self.asked;
        for (position, bearing) in records(world, unit, area, least, most) {
            let size = position.saturating_add(1);
            let next = state(size);
            let moves = match (known, next) {
                (Some(before), Some(after)) => self.moves(before, after),
                _ => true,
            };
            if moves {
                // What lies between bears on nothing here: the area looks as it did.
                let (before, after) = (at(position), at(size));
                movements.extend(self.step(Stage::Learnt, &before, &after, Step::Learnt(bearing)));
            }
            known = next;
        }
        in_order(movements, to < from.size)
    }

    fn state(&self, at: At, own: OwnCourseAt<'_>) -> Option<AreaState> {
        let Asked { world, unit, area, rules } = self.asked;
        let own = |unit: UnitId, area: &AreaRef| own(unit, area, at.size);
        let known = world.registry().unit(unit).is_some_and(|of| of.position < at.size);
        if known { state_at(world, unit, area, at, rules, &own) } else { None }
    }
}

/// Where the records lie, at positions `from` to `to - 1`, that can bear on an area of a unit.
#[must_use]
pub fn bearing_on(
    world: &dyn World,
    unit: UnitId,
    area: &AreaRef,
    from: u64,
    to: u64,
) -> BTreeSet<u64> {
    records(world, unit, area, from, to).into_keys().collect()
}

fn records<'a>(
    world: &'a dyn World,
    unit: UnitId,
    area: &AreaRef,
    from: u64,
    to: u64,
) -> BTreeMap<u64, Bearing<'a>> {
    let registry = world.registry();
    let above = registry.ever_above(unit, to);
    let base = base_practices(world, &above, area, to);
    let concerns = &|target: &Target| base.contains(target) || is_generic_of(area, target);
    let mut records = BTreeMap::new();
    for unit in above {
        let moves = registry.unit(unit).into_iter().flat_map(|unit| unit.parents.iter());
        let mut settled: Vec<u64> = moves.map(|stated| stated.position).collect();
        if let Some(history) = world.history(unit) {
            settled.extend(positions(&history.settings, area));
            let told = history.told(concerns, from, to).into_iter();
            records.extend(told.map(|(position, told)| (position, Bearing::Told(unit, told))));
            let sources = sources(registry, history, concerns, from..to);
            records.extend(sources.map(|position| (position, Bearing::Source)));
        }
        let within = settled.into_iter().filter(|position| (from..to).contains(position));
        records.extend(within.map(|position| (position, Bearing::Settled)));
    }
    let archived = registry.unit(unit).into_iter().flat_map(|unit| unit.archived.iter());
    let archived = archived.map(|stated| stated.position).filter(|at| (from..to).contains(at));
    records.extend(archived.map(|position| (position, Bearing::Settled)));
    records
}

/// Where sources of a unit's items on some targets were distrusted, or restored.
fn sources(
    registry: &Registry,
    history: &UnitHistory,
    concerns: impl Fn(&Target) -> bool + Copy,
    within: Range<u64>,
) -> impl Iterator<Item = u64> {
    registry.distrusts().flat_map(move |distrust| {
        let both = [Some(distrust.position), distrust.restored].into_iter().flatten();
        let mut positions: Vec<u64> = both.filter(|position| within.contains(position)).collect();
        if !positions.is_empty() && !history.suspected(distrust).into_iter().any(concerns) {
            positions.clear();
        }
        positions
    })
}

/// The area's base practices under any of the models that these units ever adopted: one may be
/// borrowed from another model.
fn base_practices(
    world: &dyn World,
    units: &[UnitId],
    area: &AreaRef,
    size: u64,
) -> BTreeSet<Target> {
    let histories = units.iter().filter_map(|unit| world.history(*unit));
    let adopted = histories.flat_map(|history| history.settings.models.iter());
    let known = adopted.filter(|stated| stated.position < size);
    let models = known.filter_map(|stated| world.model(&stated.value.digest));
    let of_area = models.filter(|model| *model.id() == area.model);
    let targets = of_area.flat_map(|model| {
        let base = model.area(area.area).into_iter().flat_map(|area| &area.base_practices);
        base.map(|base| base.target.clone()).collect::<Vec<_>>()
    });
    targets.collect()
}

fn is_generic_of(area: &AreaRef, target: &Target) -> bool {
    let of_area = match target.practice {
        Practice::Generic(of, _) | Practice::Feature(of, _) => of == area.area,
        Practice::Base(_) => false,
    };
    of_area && target.model == area.model
}

/// Where a unit's statements were recorded that can bear on an area.
fn positions(settings: &Settings, area: &AreaRef) -> Vec<u64> {
    fn of<T>(timeline: &Timeline<T>) -> impl Iterator<Item = u64> {
        timeline.iter().map(|stated| stated.position)
    }
    let documents: [&Timeline<Document>; 2] = [&settings.models, &settings.rules];
    let adopted = documents.into_iter().flat_map(of);
    let tailored = settings.tailored_out.get(area).into_iter().flat_map(of);
    let inherited = settings.inheritance.get(area).into_iter().flat_map(of);
    adopted.chain(tailored).chain(inherited).collect()
}
