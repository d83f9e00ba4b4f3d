//! The walk along the diagonal: what was known at each moment of that moment, change by change.
//!
//! A walk stands at a log size and a moment. A record moves it to that record's stamp, and every
//! level that time changed before is told first. The same records give the same changes, wherever
//! the walk began and however often it paused.

use std::collections::{BTreeMap, BTreeSet};

use gradus_domain::At;
use gradus_domain::course::{AreaState, OwnCourse, OwnCourseAt, course, state_at};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::world::{World, bases};
use gradus_model::unit::{AreaRef, UnitKind};
use gradus_model::{AreaId, Event, Recorded, Target, Timestamp, UnitId};

/// Where a walk stands: everything up to it has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stand {
    /// How many records it has seen.
    pub size: u64,
    /// Up to which moment it has seen time pass.
    pub valid_at: Timestamp,
}

/// A change of an area's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The unit.
    pub unit: UnitId,
    /// The area.
    pub area: AreaRef,
    /// The state before; none where the unit's model had no such area.
    pub before: Option<AreaState>,
    /// The state after.
    pub after: Option<AreaState>,
    /// The record that changed it; none if time did.
    pub position: Option<u64>,
    /// Where the walk stood after it.
    pub stand: Stand,
}

/// What is walked over, at each size: the world, and where own courses come from.
///
/// The world must know at least as many records as are asked about.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Units, histories and documents.
    pub world: &'a dyn World,
    /// The own course of an area of a unit, as known at a size.
    pub own: OwnCourseAt<'a>,
}

/// Which units and areas a walk is about; an empty set means all.
#[derive(Clone, Debug, Default)]
pub struct Within {
    /// The units.
    pub units: BTreeSet<UnitId>,
    /// The areas.
    pub areas: BTreeSet<AreaId>,
}

impl Within {
    /// Whether an area of a unit is one of them.
    #[must_use]
    pub fn holds(&self, unit: UnitId, area: AreaId) -> bool {
        (self.units.is_empty() || self.units.contains(&unit))
            && (self.areas.is_empty() || self.areas.contains(&area))
    }
}

type Watched = (UnitId, AreaRef);

/// A walk along the diagonal.
#[derive(Clone, Debug)]
pub struct Walk {
    within: Within,
    stand: Stand,
    /// The next moment at which each watched area changes, as known now.
    ahead: BTreeMap<Watched, Timestamp>,
    calendar: BTreeSet<(Timestamp, Watched)>,
}

impl Walk {
    /// A walk that begins at a stand.
    #[must_use]
    pub fn begin(ground: &Ground<'_>, within: Within, stand: Stand) -> Self {
        let mut walk = Self { within, stand, ahead: BTreeMap::new(), calendar: BTreeSet::new() };
        let units: Vec<UnitId> = ground.world.registry().units().map(|unit| unit.id).collect();
        for unit in units {
            walk.look_ahead(ground, &areas_of(ground.world, unit, stand.size), unit);
        }
        walk
    }

    /// Where it stands.
    #[must_use]
    pub const fn stand(&self) -> Stand {
        self.stand
    }

    /// The next moment at which time alone changes something.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.calendar.first().map(|(instant, _)| *instant)
    }

    /// Lets time pass up to and including a moment; returns what it changed.
    pub fn pass(&mut self, ground: &Ground<'_>, until: Timestamp) -> Vec<Moved> {
        let mut moved = Vec::new();
        while let Some((instant, _)) = self.calendar.first().filter(|(next, _)| *next <= until) {
            let instant = *instant;
            let of_instant: Vec<Watched> = self
                .calendar
                .iter()
                .take_while(|(next, _)| *next == instant)
                .map(|(_, watched)| watched.clone())
                .collect();
            let before = instant.plus_micros(-1);
            self.stand.valid_at = instant;
            for (unit, area) in of_instant {
                let sides = (At { valid_at: before, size: self.stand.size }, self.stand.at());
                moved.extend(self.compared(ground, unit, &area, sides, None));
                self.look_ahead(ground, &[area], unit);
            }
        }
        self.stand.valid_at = self.stand.valid_at.max(until);
        moved
    }

    /// Takes in the next record; returns what time changed before it, and then what it changed.
    pub fn take(&mut self, ground: &Ground<'_>, recorded: &Recorded) -> Vec<Moved> {
        let position = recorded.place.position;
        if position < self.stand.size {
            return Vec::new();
        }
        let stamp = recorded.place.recorded_at.max(self.stand.valid_at);
        let mut moved = self.pass(ground, stamp);
        let before = self.stand.at();
        self.stand = Stand { size: position + 1, valid_at: stamp };
        for (unit, areas) in touched(ground.world, recorded) {
            for area in &areas {
                let sides = (before, self.stand.at());
                moved.extend(self.compared(ground, unit, area, sides, Some(position)));
            }
            self.look_ahead(ground, &areas, unit);
        }
        moved
    }

    fn compared(
        &self,
        ground: &Ground<'_>,
        unit: UnitId,
        area: &AreaRef,
        (before, after): (At, At),
        position: Option<u64>,
    ) -> Option<Moved> {
        if !self.within.holds(unit, area.area) {
            return None;
        }
        let state = |at: At| {
            let known = ground.world.registry().unit(unit).is_some_and(|of| of.position < at.size);
            if !known {
                return None;
            }
            let own = |unit: UnitId, area: &AreaRef| (ground.own)(unit, area, at.size);
            state_at(ground.world, unit, area, at, None, &own)
        };
        let (before, after) = (state(before), state(after));
        let levels = |state: &Option<AreaState>| state.and_then(|state| told(&state));
        (levels(&before) != levels(&after)).then(|| Moved {
            unit,
            area: area.clone(),
            before,
            after,
            position,
            stand: self.stand,
        })
    }

    fn look_ahead(&mut self, ground: &Ground<'_>, areas: &[AreaRef], unit: UnitId) {
        let size = self.stand.size;
        let own = |unit: UnitId, area: &AreaRef| (ground.own)(unit, area, size);
        let own: OwnCourse<'_> = &own;
        for area in areas.iter().filter(|area| self.within.holds(unit, area.area)) {
            let watched = (unit, area.clone());
            if let Some(old) = self.ahead.remove(&watched) {
                self.calendar.remove(&(old, watched.clone()));
            }
            let course = course(ground.world, unit, area, size, None, own);
            if let Some((next, _)) = course.after(self.stand.valid_at).first() {
                self.ahead.insert(watched.clone(), *next);
                self.calendar.insert((*next, watched));
            }
        }
    }
}

impl Stand {
    /// The stand as a point of both times.
    #[must_use]
    pub const fn at(self) -> At {
        At { valid_at: self.valid_at, size: self.size }
    }
}

/// The levels of a state; none where nothing is known, so that a new unit is no change.
fn told(state: &AreaState) -> Option<(LevelAnswer, LevelAnswer)> {
    let nothing = matches!(state.rated, LevelAnswer::NotRated | LevelAnswer::NotDeterminable);
    (!nothing).then_some((state.rated, state.ongoing))
}

/// Every area of every model that is ever in force for a unit.
fn areas_of(world: &dyn World, unit: UnitId, size: u64) -> Vec<AreaRef> {
    let bases = bases(world, unit, size, None);
    let all = bases.changes().iter().map(|(_, basis)| basis).chain([bases.first()]);
    let mut areas = BTreeSet::new();
    for basis in all.flatten() {
        let model = basis.catalog.id();
        let of_model = basis.catalog.areas().iter();
        areas.extend(of_model.map(|area| AreaRef { model: model.clone(), area: area.id }));
    }
    areas.into_iter().collect()
}

/// The units whose levels a record may change, each with the areas.
fn touched(world: &dyn World, recorded: &Recorded) -> Vec<(UnitId, Vec<AreaRef>)> {
    let (stream, size) = (recorded.place.stream, recorded.place.position + 1);
    // An area that a record takes away from a unit moves, too.
    let before_and_after = |unit| {
        let mut areas = areas_of(world, unit, size - 1);
        areas.extend(areas_of(world, unit, size));
        areas.sort_unstable();
        areas.dedup();
        (unit, areas)
    };
    let all = |of| below(world, of).into_iter().map(before_and_after);
    match &recorded.event {
        Event::UnitRegistered(registered) => all(registered.unit).collect(),
        Event::UnitMoved(moved) => all(moved.unit).collect(),
        // Nobody answers for it any more; those below it are as they were.
        Event::UnitArchived(archived) => vec![before_and_after(archived.unit)],
        Event::ModelAdopted(_) | Event::RulesAdopted(_) => all(stream).collect(),
        Event::AreaTailoredOut(tailored) | Event::AreaTailoredIn(tailored) => {
            each(below(world, stream), &tailored.area)
        }
        Event::AreaInheritanceSet(set) => each(below(world, stream), &set.area),
        Event::SourceDistrusted(_) => suspected(world, recorded.place.position, size),
        Event::SourceRestored(of) => suspected(world, of.distrust, size),
        event => {
            let targets = targets(world, stream, size, event);
            let areas = |unit| areas_with(world, unit, size, &targets);
            let units = if targets.is_empty() { Vec::new() } else { below(world, stream) };
            units.into_iter().map(|unit| (unit, areas(unit))).collect()
        }
    }
}

/// The units with the areas for which items of a distrusted source speak, of them or of those above.
fn suspected(world: &dyn World, distrust: u64, size: u64) -> Vec<(UnitId, Vec<AreaRef>)> {
    let registry = world.registry();
    let Some(distrust) = registry.distrust_at(distrust) else { return Vec::new() };
    let mut touched: BTreeMap<UnitId, BTreeSet<AreaRef>> = BTreeMap::new();
    for (of, history) in registry.units().filter_map(|of| Some((of.id, world.history(of.id)?))) {
        let targets: Vec<Target> = history.suspected(distrust).into_iter().cloned().collect();
        let units = if targets.is_empty() { Vec::new() } else { below(world, of) };
        for unit in units {
            touched.entry(unit).or_default().extend(areas_with(world, unit, size, &targets));
        }
    }
    touched.into_iter().map(|(unit, areas)| (unit, areas.into_iter().collect())).collect()
}

fn each(units: Vec<UnitId>, area: &AreaRef) -> Vec<(UnitId, Vec<AreaRef>)> {
    units.into_iter().map(|unit| (unit, vec![area.clone()])).collect()
}

/// The targets that an event on evidence or ratings speaks of; none for other events.
fn targets(world: &dyn World, stream: UnitId, size: u64, event: &Event) -> Vec<Target> {
    let Some(history) = world.history(stream) else { return Vec::new() };
    let of_item = |id| history.practices_of(id, size).into_iter().cloned().collect();
    let of_rating = |id| {
        let rating = history.rating(id).map(|rating| rating.rating.target.clone());
        rating.into_iter().collect()
    };
    match event {
        Event::EvidenceSubmitted(item) => item.practices.clone(),
        Event::EvidenceLinked(links) | Event::EvidenceUnlinked(links) => links.practices.clone(),
        Event::EvidenceAccepted(of)
        | Event::EvidenceRejected(of)
        | Event::EvidenceWithdrawn(of)
        | Event::EvidenceEnded(of) => of_item(of.evidence),
        Event::EvidenceSuperseded(of) => of_item(of.evidence),
        Event::PracticeRated(rating) => vec![rating.target.clone()],
        Event::RatingWithdrawn(of) | Event::RatingEnded(of) => of_rating(of.rating),
        _ => Vec::new(),
    }
}

/// The areas, of the models that are ever in force, to which targets belong.
fn areas_with(world: &dyn World, unit: UnitId, size: u64, targets: &[Target]) -> Vec<AreaRef> {
    let bases = bases(world, unit, size, None);
    let all = bases.changes().iter().map(|(_, basis)| basis).chain([bases.first()]);
    let mut areas = BTreeSet::new();
    for basis in all.flatten() {
        let model = basis.catalog.id();
        let of_model = targets.iter().filter_map(|target| basis.catalog.area_of(target));
        areas.extend(of_model.map(|area| AreaRef { model: model.clone(), area }));
    }
    areas.into_iter().collect()
}

/// A unit and every unit that was ever below it.
fn below(world: &dyn World, unit: UnitId) -> Vec<UnitId> {
    let registry = world.registry();
    if registry.unit(unit).is_some_and(|unit| unit.kind == UnitKind::Project) {
        return vec![unit];
    }
    let under = |one: &UnitId| registry.ever_above(*one, u64::MAX).contains(&unit);
    registry.units().map(|unit| unit.id).filter(under).collect()
}
