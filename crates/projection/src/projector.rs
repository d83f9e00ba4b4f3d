//! The projector `levels`: which own courses each recorded event changes, and into what.
//!
//! Deterministic: what it tells of an event depends on the histories up to that event alone, not on
//! what it happens to hold in memory. Invariant: after an event, every area's last revision is
//! [`own_course`](gradus_domain::course::own_course) at that size; a course that tells nothing (no
//! rating that is read, no evidence that counts) is no revision, or one that takes all back.
//!
//! An event that cannot be folded parks its unit with the reason: other units go on.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use gradus_domain::coverage::testimony;
use gradus_domain::fold::{AreaFold, Changed, Given};
use gradus_domain::history::EvidenceHistory;
use gradus_domain::world::{World, bases};
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Recorded, Target, Timestamp, UnitId};

use crate::library::Library;
use crate::views::{Views, by_unit};

mod apart;
mod course;
mod held;
mod layout;
mod rebase;
mod room;
mod sources;
mod touched;
mod was;
mod whole;

pub use course::Course;
use held::{HeldArea, HeldUnit, Known, Segment, Touch, touches};
use layout::Layout;
pub use room::MOST_BYTES;
use room::Room;
use touched::Touched;
pub(crate) use touched::touches_others;
use was::Was;

/// The projector's name.
pub const NAME: &str = "levels";
/// The version of what it computes: another version's rows are rebuilt.
pub const VERSION: u32 = 1;

/// A course after an event that changed it.
#[derive(Clone, Copy, Debug)]
pub struct Revision<'a> {
    /// The unit.
    pub unit: UnitId,
    /// The area.
    pub area: &'a AreaRef,
    /// Where the event was recorded.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The course from that position on; it is the default one where nothing is known any more.
    pub course: Course<'a>,
    /// What differs from the revision before, in order, each once.
    pub changed: &'a [Part<'a>],
}

/// A part of a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part<'a> {
    /// The levels.
    Levels,
    /// The support of a practice.
    Support(&'a Target),
}

/// A unit that is no longer projected, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The unit.
    pub unit: UnitId,
    /// The event that could not be folded.
    pub position: u64,
    /// What happened.
    pub reason: String,
}

/// Takes each revision as it is made.
pub type Tell<'a> = &'a mut dyn FnMut(&Revision<'_>);

/// Takes in what an event says of one practice, with its number in the outline of a fold.
type TakeIn<'a> = &'a dyn Fn(&Given<'_>, &mut AreaFold, usize, &Target) -> Changed;

/// The projector; see the module.
#[derive(Debug)]
pub struct Projector {
    units: BTreeMap<UnitId, HeldUnit>,
    layouts: BTreeMap<(Digest, &'static str), Arc<Layout>>,
    parked: BTreeSet<UnitId>,
    room: Room,
}

impl Default for Projector {
    fn default() -> Self {
        Self::new()
    }
}

impl Projector {
    /// A projector that holds nothing yet: what it needs it folds from the histories.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            units: BTreeMap::new(),
            layouts: BTreeMap::new(),
            parked: BTreeSet::new(),
            room: Room::new(),
        }
    }

    /// The same, holding at most so many areas between events.
    #[must_use]
    pub const fn holding(mut self, most_areas: usize) -> Self {
        self.room = self.room.holding(most_areas);
        self
    }

    /// The same, holding at most so many bytes of areas, about.
    #[must_use]
    pub const fn within(mut self, most_bytes: usize) -> Self {
        self.room = self.room.within(most_bytes);
        self
    }

    /// Leaves these units alone.
    pub fn leave(&mut self, parked: impl IntoIterator<Item = UnitId>) {
        self.parked.extend(parked);
    }

    /// Takes events into views, and tells every revision that they make; returns the units that they
    /// park.
    ///
    /// Events that bear on their own unit alone are taken in unit by unit, so that what is held of a
    /// unit is used many times in a row: with many units that is several times as fast as one by one.
    /// Revisions of one unit come in the order of positions.
    pub fn fold(
        &mut self,
        views: &mut Views,
        library: &Library,
        recorded: &[Recorded],
        tell: Tell<'_>,
    ) -> Vec<Parked> {
        let mut parked = Vec::new();
        for apart in runs(recorded) {
            views.apply_by_unit(apart, |views, of_unit| {
                let world = views.with(library);
                for recorded in of_unit {
                    parked.extend(self.apply(&world, recorded, &mut *tell));
                }
            });
        }
        parked
    }

    /// The same, of events that the world knows already.
    pub fn apply_all(
        &mut self,
        world: &dyn World,
        recorded: &[Recorded],
        tell: Tell<'_>,
    ) -> Vec<Parked> {
        let mut parked = Vec::new();
        for recorded in runs(recorded).flat_map(by_unit) {
            parked.extend(self.apply(world, recorded, &mut *tell));
        }
        parked
    }

    /// Tells every revision that one event makes; returns the units that it parks.
    ///
    /// The world knows the event, and may know later ones: it is read up to the event. Principals
    /// are read as they are in the world, since their kinds never change.
    pub fn apply(&mut self, world: &dyn World, recorded: &Recorded, tell: Tell<'_>) -> Vec<Parked> {
        self.room.make(&mut self.units);
        let stream = recorded.place.stream;
        let history = world.history(stream);
        let touched = Touched::by(history, recorded);
        let is_new = matches!(touched, Touched::Submitted(_) | Touched::Linked(_));
        let item = match &touched {
            // Nobody need ask the history for what the event says.
            Touched::Submitted(item) => {
                Some(Cow::Owned(EvidenceHistory::submitted(recorded, item)))
            }
            _ => touched.item().and_then(|item| history?.item(item).map(Cow::Borrowed)),
        };
        let take_in = |given: &Given<'_>, fold: &mut AreaFold, number: usize, target: &Target| {
            match (&touched, item.as_deref()) {
                // What is linked already is heard again, which changes nothing.
                (Touched::Submitted(_) | Touched::Linked(_) | Touched::Item(_), Some(item)) => {
                    heard(given, fold, number, target, item, is_new)
                }
                (Touched::Rating(rating), _) if rating.appraisal.is_none() => {
                    fold.rate_of(given, number)
                }
                _ => fold.renew_of(given, number),
            }
        };
        match touched {
            Touched::Nothing => Vec::new(),
            Touched::Bases(unit) => self.rebase_below(world, unit, recorded, tell),
            Touched::Source(distrust) => self.distrust(world, distrust, recorded, tell),
            _ => {
                let Some(history) = history else { return Vec::new() };
                let known = Known { world, history, size: recorded.place.position + 1 };
                let work = |of: &mut Self| {
                    let targets = touched.targets(&known);
                    of.change(&known, stream, recorded, &targets, &take_in, tell)
                };
                self.guarded(stream, recorded, work).into_iter().collect()
            }
        }
    }

    /// Does the work for one unit; a panic parks it.
    fn guarded(
        &mut self,
        unit: UnitId,
        recorded: &Recorded,
        work: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<Parked> {
        if self.parked.contains(&unit) {
            return None;
        }
        // What a panic may leave half done is dropped with the unit.
        let panic = catch_unwind(AssertUnwindSafe(|| work(self))).err()?;
        self.units.remove(&unit);
        self.parked.insert(unit);
        let reason = said(panic.as_ref());
        Some(Parked { unit, position: recorded.place.position, reason })
    }

    /// Takes in that an event changed what is said of some practices of a unit.
    fn change(
        &mut self,
        known: &Known<'_>,
        unit: UnitId,
        recorded: &Recorded,
        targets: &[&Target],
        take_in: TakeIn<'_>,
        tell: Tell<'_>,
    ) -> Option<()> {
        let position = recorded.place.position;
        let before = Known { size: position, ..*known };
        self.hold(&before, unit);
        let unit_held = self.units.get_mut(&unit)?;
        let (segments, layouts, areas) = unit_held.parts();
        let touches = touches(layouts, targets);
        for of_area in touches.chunk_by(Touch::is_of_same_area) {
            let Some(first) = of_area.first() else { continue };
            let area = AreaRef { model: first.layout.model().clone(), area: first.area };
            let (held, bytes_before) = match areas.entry((area.area, area.model.clone())) {
                Entry::Occupied(held) => {
                    let held = held.into_mut();
                    let bytes = held.bytes;
                    (held, Some(bytes))
                }
                Entry::Vacant(free) => (free.insert(HeldArea::of(&before, segments, &area)), None),
            };
            held.used = position;
            let was = Was::of(held);
            let mut changed = Vec::new();
            for of_target in of_area.chunk_by(|one, next| one.target == next.target) {
                let Some(Touch { target, .. }) = of_target.first() else { continue };
                let take_in = |given: &Given<'_>, fold: &mut AreaFold, number: usize| {
                    take_in(given, fold, number, target)
                };
                let parts = held.change(known, segments, of_target, take_in);
                changed.extend(parts.levels.then_some(Part::Levels));
                changed.extend(parts.support.then_some(Part::Support(target)));
            }
            if bytes_before.is_none() || !changed.is_empty() {
                self.room.take_in(bytes_before, held);
            }
            let area = &area;
            let changed = &was.told(held.course(), changed)[..];
            if !changed.is_empty() {
                let course = held.course().unwrap_or_else(Course::of_nothing);
                let recorded_at = recorded.place.recorded_at;
                tell(&Revision { unit, area, position, recorded_at, course, changed });
            }
        }
        Some(())
    }

    /// Holds a unit as it is known, if it is not held yet.
    fn hold(&mut self, known: &Known<'_>, unit: UnitId) {
        if !self.units.contains_key(&unit) {
            let mut held = HeldUnit::under(self.segments(known, unit));
            if known.is_nothing() {
                held.become_whole();
            }
            self.units.insert(unit, held);
        }
    }

    fn segments(&mut self, known: &Known<'_>, unit: UnitId) -> Vec<Segment> {
        let bases = bases(known.world, unit, known.size, None);
        let first = [(Timestamp::MIN, bases.first())].into_iter();
        let all = first.chain(bases.changes().iter().map(|(from, basis)| (*from, basis)));
        let under = all.map(|(from, basis)| {
            let under = basis.as_ref().map(|basis| {
                let key = (basis.model.digest, basis.read_rules.scheme.name());
                let layout = self.layouts.entry(key).or_insert_with(|| {
                    Arc::new(Layout::of(&basis.catalog, basis.read_rules.scheme))
                });
                (basis.clone(), Arc::clone(layout))
            });
            Segment { from, under }
        });
        under.collect()
    }
}

/// Events in an order in which they may be taken in: those of a unit together, as far as no event
/// between them bears on other units.
pub fn unit_by_unit(recorded: &[Recorded]) -> impl Iterator<Item = Vec<&Recorded>> {
    let alike = |one: &&Recorded, next: &&Recorded| one.place.stream == next.place.stream;
    let of_units = move |run| by_unit(run).chunk_by(alike).map(<[_]>::to_vec).collect::<Vec<_>>();
    runs(recorded).flat_map(of_units)
}

/// Events in runs whose units do not bear on each other.
fn runs(recorded: &[Recorded]) -> impl Iterator<Item = &[Recorded]> {
    recorded.chunk_by(|one, next| !touches_others(one) && !touches_others(next))
}

/// What a panic said.
pub(crate) fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("of unknown kind"))
}

/// Takes in what an item says of a practice after an event.
fn heard(
    given: &Given<'_>,
    fold: &mut AreaFold,
    number: usize,
    target: &Target,
    item: &EvidenceHistory,
    is_new: bool,
) -> Changed {
    let says = |size| testimony(item, target, size, given.rules, given.providers);
    let before = if is_new { None } else { says(given.size - 1) };
    match (before, says(given.size)) {
        (None, Some(testimony)) => fold.hear_of(given, number, &testimony),
        (before, after) if before == after => Changed::default(),
        (Some(before), after) => fold.take_back_of(given, number, &before, after.as_ref()),
        (None, None) => Changed::default(),
    }
}
