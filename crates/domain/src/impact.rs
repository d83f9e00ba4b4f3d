//! What distrusting a source would do, or taking a distrust back: which units have items of it, and
//! which levels move, from when on.
//!
//! Computed by supposing that the organization recorded the fact with the last record that is known,
//! so that nothing that came later is looked at.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_model::catalog::Catalog;
use gradus_model::event::SourceDistrusted;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Event, Target, Timestamp, UnitId};

use crate::course::{AreaState, OwnCourseAt, course, own_course};
use crate::difference::levels;
use crate::fold::AreaCourse;
use crate::history::UnitHistory;
use crate::registry::{Distrust, Registry};
use crate::rules::Rules;
use crate::scheme::Levels;
use crate::steps::Steps;
use crate::world::{World, bases};

/// What a fact on a source would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The units with items that it is about, in the order of ids.
    pub reach: Vec<Reach>,
    /// The areas whose levels would move at some moment, by unit and area.
    pub moves: Vec<LevelMove>,
}

/// The items of a unit that a distrust is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The unit.
    pub unit: UnitId,
    /// How many they are, those that do not count anyway too.
    pub items: u64,
    /// When the first was recorded.
    pub first: Timestamp,
    /// When the last was recorded.
    pub last: Timestamp,
}

/// An area of a unit whose levels would move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelMove {
    /// The unit.
    pub unit: UnitId,
    /// The area.
    pub area: AreaRef,
    /// The levels at the moment asked about.
    pub before: Option<Levels>,
    /// The levels at that moment then; the same where only others move.
    pub after: Option<Levels>,
    /// The first moment of the unit's life at which they would be others.
    pub since: Timestamp,
}

/// What a fact of the organization on a source would do were it recorded, too, as seen at a moment of
/// the units' life; nothing if it is about no distrust.
///
/// `size` is how much is known, `units` are those with items of the source, and `own` gives own
/// courses by the rules in force.
#[must_use]
pub fn impact(
    world: &dyn World,
    size: u64,
    now: Timestamp,
    fact: &Event,
    units: &[UnitId],
    own: OwnCourseAt<'_>,
) -> Impact {
    let supposed = Supposed::of(world, size, now, fact);
    let Some(distrust) = meant(world.registry(), size, fact) else { return Impact::default() };
    let mut impact = Impact::default();
    let mut touched: BTreeMap<UnitId, BTreeSet<AreaRef>> = BTreeMap::new();
    for unit in units {
        let Some(history) = world.history(*unit) else { continue };
        let targets = history.suspected(&distrust);
        impact.reach.extend(reach(*unit, history, size, &distrust));
        for below in below(world.registry(), *unit, size) {
            let areas = areas_with(world, below, size, &targets);
            touched.entry(below).or_default().extend(areas);
        }
    }
    let folded = RefCell::<BTreeMap<(UnitId, AreaRef), Option<Arc<AreaCourse>>>>::default();
    let own_then = |unit: UnitId, area: &AreaRef| {
        let key = (unit, area.clone());
        let known = folded.borrow().get(&key).cloned();
        known.unwrap_or_else(|| {
            let fold = || Arc::new(own_course(&supposed, unit, area, size, None));
            let fold = world.history(unit).map(|_| fold());
            folded.borrow_mut().insert(key, fold.clone());
            fold
        })
    };
    let own_now = |unit: UnitId, area: &AreaRef| own(unit, area, size);
    for (unit, areas) in touched {
        for area in areas {
            let before = course(world, unit, &area, size, None, &own_now);
            let after = course(&supposed, unit, &area, size, None, &own_then);
            let at = |course: &Steps<Option<AreaState>>| levels(*course.at(now));
            impact.moves.extend(first_difference(&before, &after).map(|since| LevelMove {
                unit,
                area,
                before: at(&before),
                after: at(&after),
                since,
            }));
        }
    }
    impact
}

/// The distrust that a fact states, or takes back.
fn meant(registry: &Registry, size: u64, fact: &Event) -> Option<Distrust> {
    match fact {
        Event::SourceDistrusted(stated) => {
            let SourceDistrusted { suspect, from, until } = stated.clone();
            let position = supposed_at(size);
            Some(Distrust { position, suspect, from, until, restored: None })
        }
        Event::SourceRestored(of) => registry.distrust_at(of.distrust).cloned(),
        _ => None,
    }
}

/// Where the fact is supposed to stand: with the last record, so that it holds at `size`.
const fn supposed_at(size: u64) -> u64 {
    size.saturating_sub(1)
}

fn reach(unit: UnitId, history: &UnitHistory, size: u64, distrust: &Distrust) -> Option<Reach> {
    let stamps = || {
        let items = history.evidence(size).filter(|item| distrust.is_about(item));
        items.map(|item| item.recorded_at)
    };
    let (first, last) = (stamps().min()?, stamps().max()?);
    Some(Reach { unit, items: stamps().count() as u64, first, last })
}

/// A unit and every unit that was ever below it.
fn below(registry: &Registry, unit: UnitId, size: u64) -> impl Iterator<Item = UnitId> {
    let all = registry.units().map(|one| one.id);
    all.filter(move |one| *one == unit || registry.ever_above(*one, size).contains(&unit))
}

/// The areas, of the models that are ever in force for a unit, to which targets belong.
fn areas_with(world: &dyn World, unit: UnitId, size: u64, targets: &[&Target]) -> Vec<AreaRef> {
    let bases = bases(world, unit, size, None);
    let all = bases.changes().iter().map(|(_, basis)| basis).chain([bases.first()]);
    let areas = all.flatten().flat_map(|basis| {
        let model = basis.catalog.id();
        let of_model = targets.iter().filter_map(|target| basis.catalog.area_of(target));
        of_model.map(|area| AreaRef { model: model.clone(), area })
    });
    areas.collect()
}

/// The first moment at which the levels of two courses are not the same.
fn first_difference(
    one: &Steps<Option<AreaState>>,
    other: &Steps<Option<AreaState>>,
) -> Option<Timestamp> {
    let mut instants: Vec<Timestamp> = one.instants().chain(other.instants()).collect();
    instants.push(Timestamp::MIN);
    instants.sort_unstable();
    instants.into_iter().find(|at| levels(*one.at(*at)) != levels(*other.at(*at)))
}

/// The world with one more fact of the organization.
struct Supposed<'a> {
    world: &'a dyn World,
    registry: Registry,
}

impl<'a> Supposed<'a> {
    fn of(world: &'a dyn World, size: u64, now: Timestamp, fact: &Event) -> Self {
        let mut registry = world.registry().clone();
        registry.evolve(supposed_at(size), now, fact);
        Self { world, registry }
    }
}

impl World for Supposed<'_> {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn history(&self, unit: UnitId) -> Option<&UnitHistory> {
        self.world.history(unit)
    }

    fn model(&self, digest: &Digest) -> Option<Arc<Catalog>> {
        self.world.model(digest)
    }

    fn rules(&self, digest: &Digest) -> Option<Arc<Rules>> {
        self.world.rules(digest)
    }
}
