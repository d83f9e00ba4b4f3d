//! The course of an area: its levels and coverage at every moment, as known at one size of the log.
//!
//! Tailoring, inheritance and the place in the tree are those of each moment. The unit's own part
//! ([`own_course`]) may come from an index; what is answered with it is the same.

use std::cell::OnceCell;
use std::sync::{Arc, LazyLock};

use gradus_model::catalog::Area;
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{Timestamp, UnitId};

use crate::fold::{AreaCourse, AreaFold, Given, NOTHING};
use crate::history::UnitHistory;
use crate::level::{Answered, Coverage, Question, answered};
use crate::scheme::{Levels, unrated};
use crate::settings::Settings;
use crate::sse_cmm::LevelAnswer;
use crate::steps::Steps;
use crate::timeline::At;
use crate::world::{Basis, World, bases, settled_changes};

/// The levels and coverage of an area at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaState {
    /// The level that was judged.
    pub rated: LevelAnswer,
    /// The level that valid evidence still supports.
    pub ongoing: LevelAnswer,
    /// How many base practices have valid evidence.
    pub coverage: Coverage,
    /// The ancestor that answered, if the unit did not itself.
    pub inherited_from: Option<UnitId>,
}

/// Gives the own course of an area of a unit, computed with what is in force for that unit.
///
/// None means that nothing is known of it.
pub type OwnCourse<'a> = &'a dyn Fn(UnitId, &AreaRef) -> Option<Arc<AreaCourse>>;

/// The own levels and coverage of an area at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnState {
    /// Its levels.
    pub levels: Levels,
    /// How many of its base practices have valid evidence.
    pub coverage: Coverage,
}

impl OwnState {
    /// What a course says of an area at an instant.
    #[must_use]
    pub fn of(course: &AreaCourse, area: &Area, instant: Timestamp) -> Self {
        let support = |target| {
            let steps = course.supports.get(target);
            steps.map_or_else(Default::default, |steps| *steps.at(instant))
        };
        let supports = area.base_practices.iter().map(|base| support(&base.target));
        Self { levels: *course.levels.at(instant), coverage: Coverage::of(supports) }
    }

    /// The state of an area of which nothing is known.
    #[must_use]
    pub fn unknown(area: &Area) -> Self {
        let practices = u16::try_from(area.base_practices.len()).unwrap_or(u16::MAX);
        Self { levels: NOTHING, coverage: Coverage { practices, ..Coverage::default() } }
    }
}

/// Gives the own state of an area of a unit at the point asked about, computed with what is in force
/// for that unit; the area is told as the model lists it, too.
///
/// None means that nothing is known of it.
pub type OwnStates<'a> = &'a dyn Fn(UnitId, &AreaRef, &Area) -> Option<OwnState>;

/// As [`OwnCourse`], as known with any number of records.
pub type OwnCourseAt<'a> = &'a dyn Fn(UnitId, &AreaRef, u64) -> Option<Arc<AreaCourse>>;

/// The own course of an area, computed from the history: with the model and rules in force at each
/// moment, or with `rules` in place of those.
///
/// Where another model is in force, nothing is known of this one's area.
#[must_use]
pub fn own_course(
    world: &dyn World,
    unit: UnitId,
    area: &AreaRef,
    size: u64,
    rules: Option<&Document>,
) -> AreaCourse {
    let Some(history) = world.history(unit) else { return AreaCourse::default() };
    let bases = bases(world, unit, size, rules);
    let first = [(Timestamp::MIN, bases.first())].into_iter();
    let changes = bases.changes().iter().map(|(from, basis)| (*from, basis));
    let mut course = AreaCourse::default();
    for (from, basis) in first.chain(changes) {
        let under = |basis: &Basis| under(world, history, basis, area, size);
        course.followed_by(from, &basis.as_ref().and_then(under).unwrap_or_default());
    }
    course
}

fn under(
    world: &dyn World,
    history: &UnitHistory,
    basis: &Basis,
    area: &AreaRef,
    size: u64,
) -> Option<AreaCourse> {
    let of_model = (*basis.catalog.id() == area.model).then(|| basis.catalog.area(area.area))??;
    let (model, rules) = (&*basis.catalog, &*basis.read_rules);
    let given = Given { history, size, model, rules, providers: world.registry() };
    Some(AreaFold::of(&given, of_model).course())
}

/// The state of an area at a moment, with what is in force for the unit there, or with `rules`.
///
/// None where the unit's model at that moment has no such area, or nothing is in force.
#[must_use]
pub fn state_at(
    world: &dyn World,
    unit: UnitId,
    area: &AreaRef,
    at: At,
    rules: Option<&Document>,
    own: OwnCourse<'_>,
) -> Option<AreaState> {
    let basis = crate::world::basis(world, unit, at, rules).ok()?;
    let of_model = (*basis.catalog.id() == area.model).then(|| basis.catalog.area(area.area))??;
    Some(state_of(world, unit, &basis, of_model, at, rules, own))
}

/// The state of an area of the unit's model at a moment, given what is in force for the unit there.
#[must_use]
pub fn state_of(
    world: &dyn World,
    unit: UnitId,
    basis: &Basis,
    area: &Area,
    at: At,
    rules: Option<&Document>,
    own: OwnCourse<'_>,
) -> AreaState {
    let own = |unit: UnitId, reference: &AreaRef, area: &Area| {
        own(unit, reference).map(|course| OwnState::of(&course, area, at.valid_at))
    };
    UnitAt::new(world, unit, basis, at, rules).state(area, &own)
}

/// A unit at a moment: what is the same for all its areas, looked up once.
pub struct UnitAt<'a> {
    world: &'a dyn World,
    basis: &'a Basis,
    at: At,
    rules: Option<&'a Document>,
    /// The unit and those above it that may answer for it.
    lineage: Vec<(UnitId, &'a Settings)>,
    /// Whether each is measured like the unit; found out when it is asked.
    alike: Vec<OnceCell<bool>>,
}

/// The settings of a unit of which nothing is recorded.
static NO_SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

impl<'a> UnitAt<'a> {
    /// A unit at a moment, with what is in force for it there, or with `rules`.
    #[must_use]
    pub fn new(
        world: &'a dyn World,
        unit: UnitId,
        basis: &'a Basis,
        at: At,
        rules: Option<&'a Document>,
    ) -> Self {
        let settings = |unit| match world.history(unit) {
            Some(history) => &history.settings,
            None => &*NO_SETTINGS,
        };
        let lineage = world.registry().answering(unit, at).into_iter();
        let lineage: Vec<_> = lineage.map(|unit| (unit, settings(unit))).collect();
        let alike = lineage.iter().map(|_| OnceCell::new()).collect();
        Self { world, basis, at, rules, lineage, alike }
    }

    /// The state of an area of the unit's model.
    #[must_use]
    pub fn state(&self, area: &Area, own: OwnStates<'_>) -> AreaState {
        let (model, rules) = (&*self.basis.catalog, &*self.basis.read_rules);
        let question = Question { at: self.at, rules, model, providers: self.world.registry() };
        let reference = AreaRef { model: model.id().clone(), area: area.id };
        // Whether anything can be determined is the model's, whatever is known.
        let nothing = unrated(model, area);
        let answers = |number: usize| -> (Levels, Coverage) {
            let known = self.lineage.get(number).and_then(|(asked, _)| {
                if self.is_alike(number) {
                    return own(*asked, &reference, area);
                }
                let history = self.world.history(*asked)?;
                let course = under(self.world, history, self.basis, &reference, self.at.size)?;
                Some(OwnState::of(&course, area, self.at.valid_at))
            });
            let OwnState { levels, coverage } = known.unwrap_or_else(|| OwnState::unknown(area));
            (if nothing == NOTHING { levels } else { nothing }, coverage)
        };
        let Answered { answer: (levels, coverage), inherited_from } =
            answered(&question, &self.lineage, area, answers);
        AreaState { rated: levels.rated, ongoing: levels.ongoing, coverage, inherited_from }
    }

    /// Whether a unit of the lineage is measured like the one asked about; one that is not is read
    /// by what holds for that one.
    fn is_alike(&self, number: usize) -> bool {
        let found_out = |known: &OnceCell<bool>| {
            *known.get_or_init(|| {
                let above = self.lineage.get(number).map(|(unit, _)| *unit);
                let basis =
                    above.map(|unit| crate::world::basis(self.world, unit, self.at, self.rules));
                basis.is_some_and(|basis| basis.is_ok_and(|basis| basis == *self.basis))
            })
        };
        number == 0 || self.alike.get(number).is_some_and(found_out)
    }
}

/// The state of an area at every moment, as known with `size` records; none where the unit's model
/// has no such area.
#[must_use]
pub fn course(
    world: &dyn World,
    unit: UnitId,
    area: &AreaRef,
    size: u64,
    rules: Option<&Document>,
    own: OwnCourse<'_>,
) -> Steps<Option<AreaState>> {
    let mut instants = settled_changes(world, unit, size);
    for above in world.registry().ever_above(unit, size) {
        instants.extend(own(above, area).iter().flat_map(|course| course.instants()));
        if above != unit {
            instants.extend(read_otherwise(world, unit, above, area, size, rules));
        }
    }
    Steps::over(instants, |valid_at| state_at(world, unit, area, At { valid_at, size }, rules, own))
}

/// The moments of change of a unit above, read by what is in force for the unit below, where that
/// differs from its own.
fn read_otherwise(
    world: &dyn World,
    unit: UnitId,
    above: UnitId,
    area: &AreaRef,
    size: u64,
    rules: Option<&Document>,
) -> Vec<Timestamp> {
    let (own, of_above) = (bases(world, unit, size, rules), bases(world, above, size, rules));
    if own == of_above {
        return Vec::new();
    }
    let Some(history) = world.history(above) else { return Vec::new() };
    let all = own.changes().iter().map(|(_, basis)| basis).chain([own.first()]);
    let courses = all.flatten().filter_map(|basis| under(world, history, basis, area, size));
    courses.flat_map(|course| course.instants().collect::<Vec<_>>()).collect()
}
