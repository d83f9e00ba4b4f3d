//! The walk along the diagonal tells every change of it, and nothing else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::course::{AreaState, own_course, state_at};
use gradus_domain::fold::AreaCourse;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::world::World;
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Recorded, Timestamp, UnitId};
use gradus_projection::walk::{Ground, Moved, Stand, Walk, Within};
use gradus_projection::{Library, Views};

use crate::dice::Dice;
use crate::law::{self, seeds};
use crate::made_up::{History, made_up};
use crate::world::{DAY_MICROS, GROUNDS, PUBLISHED, UNITS, first_day, unit};

type Levels = (LevelAnswer, LevelAnswer);
type Told = BTreeMap<(UnitId, AreaRef), Levels>;
type Courses = BTreeMap<(UnitId, AreaRef, u64), Arc<AreaCourse>>;

/// A history whose records come over a year, some of them in one night, so that time passes
/// between them.
fn spread(seed: u64) -> History {
    let mut history = made_up(seed);
    let mut dice = Dice::of(!seed);
    let mut stamp = first_day();
    let next = |_: &Recorded| {
        let days = dice.weighted(&[(50, 0), (30, 3), (15, 15), (5, 60)]);
        stamp = stamp.plus_micros(days * DAY_MICROS + 1);
        stamp
    };
    let stamps: Vec<Timestamp> = history.events.iter().map(next).collect();
    history.stamp(&stamps);
    history
}

/// What the walk goes over, and what the diagonal is read from.
struct Land {
    history: History,
    views: Views,
    library: Library,
    courses: RefCell<Courses>,
}

impl Land {
    fn of(history: History) -> Self {
        let mut views = Views::default();
        for recorded in &history.events {
            views.apply(recorded);
        }
        let (library, courses) = (PUBLISHED.library(), RefCell::default());
        Self { history, views, library, courses }
    }

    fn own(&self, world: &dyn World, unit: UnitId, area: &AreaRef, size: u64) -> Arc<AreaCourse> {
        let key = (unit, area.clone(), size);
        if let Some(course) = self.courses.borrow().get(&key) {
            return Arc::clone(course);
        }
        let course = Arc::new(own_course(world, unit, area, size, None));
        self.courses.borrow_mut().insert(key, Arc::clone(&course));
        course
    }

    /// Everything the diagonal tells at a stand.
    fn told(&self, stand: Stand) -> Told {
        let world = self.views.with(&self.library);
        let own = |unit: UnitId, area: &AreaRef| Some(self.own(&world, unit, area, stand.size));
        let at = At { valid_at: stand.valid_at, size: stand.size };
        let mut told = Told::new();
        for (name, ..) in UNITS {
            let unit = unit(name);
            for area in self.areas() {
                let known = self.views.knows(unit, stand.size);
                let state = || state_at(&world, unit, &area, at, None, &own);
                if let Some(levels) = known.then(state).flatten().and_then(|state| levels(&state)) {
                    told.insert((unit, area), levels);
                }
            }
        }
        told
    }

    fn areas(&self) -> Vec<AreaRef> {
        let mut all = Vec::new();
        for ground in GROUNDS.iter() {
            let area = |area: &AreaId| AreaRef { model: ground.model.id.clone(), area: *area };
            all.extend(self.history.areas.iter().map(area));
        }
        all
    }

    /// Walks on from a stand to a far date, with stops on the way; `stopped` sees each of them, and
    /// what was told since the one before.
    fn walk(&self, from: Stand, stops: &[Timestamp], mut stopped: impl FnMut(Stand, &[Moved])) {
        let world = self.views.with(&self.library);
        let own = |unit: UnitId, area: &AreaRef, size| Some(self.own(&world, unit, area, size));
        let ground = Ground { world: &world, own: &own };
        let within =
            Within { areas: self.history.areas.iter().copied().collect(), ..Within::default() };
        let mut walk = Walk::begin(&ground, within, from);
        let mut ahead = stops.iter().filter(|stop| **stop > from.valid_at).peekable();
        let unseen = self.history.events.iter().filter(|of| of.place.position >= from.size);
        for recorded in unseen {
            let stamp = recorded.place.recorded_at;
            while let Some(stop) = ahead.next_if(|stop| **stop < stamp) {
                let moved = walk.pass(&ground, *stop);
                stopped(walk.stand(), &moved);
            }
            let moved = walk.take(&ground, recorded);
            stopped(walk.stand(), &moved);
        }
        for stop in ahead.chain([&far()]) {
            let moved = walk.pass(&ground, *stop);
            stopped(walk.stand(), &moved);
        }
        assert_eq!(walk.next(), None);
    }
}

/// When everything that ages has aged.
fn far() -> Timestamp {
    first_day().plus_micros(20 * 365 * DAY_MICROS)
}

/// Moments by chance over the time of the records and after it, in order.
fn moments(seed: u64, count: usize) -> Vec<Timestamp> {
    let mut dice = Dice::of(seed);
    let mut moment = || {
        let days = i64::try_from(dice.below(1200)).unwrap();
        first_day().plus_micros(days * DAY_MICROS + dice.one_of(&[-1, 0, 0, 1, 77]))
    };
    let mut moments: Vec<Timestamp> = (0..count).map(|_| moment()).collect();
    moments.sort_unstable();
    moments
}

const BEGINNING: Stand = Stand { size: 0, valid_at: Timestamp::MIN };

/// What is not rated, and what cannot be determined, is as good as nothing.
fn levels(state: &AreaState) -> Option<Levels> {
    let nothing = [LevelAnswer::NotRated, LevelAnswer::NotDeterminable].contains(&state.rated);
    (!nothing).then_some((state.rated, state.ongoing))
}

/// How often the walk was moved, by records and by time.
#[derive(Clone, Copy, Default)]
struct Moves {
    by_record: usize,
    by_time: usize,
}

/// Folds what the walk tells; an error says where it is first not what the diagonal tells.
fn folded(history: &History) -> Result<Moves, String> {
    let land = Land::of(history.clone());
    let (mut told, mut moves, mut wrong) = (Told::new(), Moves::default(), None);
    land.walk(BEGINNING, &moments(history.seed, 30), |stand, moved| {
        if wrong.is_some() {
            return;
        }
        for moved in moved {
            let before = take_in(&mut told, moved);
            if before != moved.before.as_ref().and_then(levels) {
                wrong = Some(format!("{moved:#?}\nfollows on {before:?}"));
            }
            let count =
                if moved.position.is_some() { &mut moves.by_record } else { &mut moves.by_time };
            *count += 1;
        }
        let right = land.told(stand);
        if told != right {
            wrong = Some(format!("at {stand:?}\ntold {told:#?}\nexpected {right:#?}"));
        }
    });
    wrong.map_or(Ok(moves), Err)
}

/// Returns what was told before of the same area.
fn take_in(told: &mut Told, moved: &Moved) -> Option<Levels> {
    let key = (moved.unit, moved.area.clone());
    match moved.after.as_ref().and_then(levels) {
        Some(levels) => told.insert(key, levels),
        None => told.remove(&key),
    }
}

/// The history without all facts that the difference does not need, and the difference.
fn shortest(mut history: History) -> String {
    let mut at = history.events.len();
    while at > 0 {
        at -= 1;
        let shorter = history.without(at);
        if folded(&shorter).is_err() {
            history = shorter;
            // What this fact needed may now be needless, too.
            at = history.events.len();
        }
    }
    let stamps = history.events.iter().map(|of| of.place.recorded_at.to_string());
    let stamps = stamps.collect::<Vec<_>>().join(", ");
    let wrong = folded(&history).err().unwrap_or_default();
    format!("{}recorded at {stamps}\n{wrong}", law::told(&history))
}

#[test]
fn the_walk_tells_every_change_of_the_diagonal_and_nothing_else() {
    let mut all = Moves::default();
    for seed in seeds(6) {
        let history = spread(seed);
        let Ok(moves) = folded(&history) else { panic!("{}", shortest(history)) };
        all.by_record += moves.by_record;
        all.by_time += moves.by_time;
    }
    assert!(all.by_record > 0 && all.by_time > 0, "nothing moved");
}

#[test]
fn a_unit_that_is_archived_loses_what_it_inherited() {
    // The walk once passed over archives.
    let history = spread(20_261_132);
    assert!(folded(&history).is_ok(), "{}", shortest(history));
}

#[test]
fn each_change_takes_place_where_the_walk_says() {
    for seed in seeds(6) {
        let land = Land::of(spread(seed));
        land.walk(BEGINNING, &[], |_, moved| {
            for moved in moved {
                let Stand { size, valid_at } = moved.stand;
                let before = match moved.position {
                    Some(position) => Stand { size: position, valid_at },
                    None => Stand { size, valid_at: valid_at.plus_micros(-1) },
                };
                let key = (moved.unit, moved.area.clone());
                let at = |stand| land.told(stand).get(&key).copied();
                let (before, after) = (at(before), at(moved.stand));
                assert_eq!(moved.before.as_ref().and_then(levels), before, "{seed} {moved:?}");
                assert_eq!(moved.after.as_ref().and_then(levels), after, "{seed} {moved:?}");
            }
        });
    }
}

#[test]
fn a_walk_begun_anywhere_tells_the_same_rest() {
    for seed in seeds(10) {
        let land = Land::of(spread(seed));
        let (mut all, mut stands) = (Vec::new(), vec![BEGINNING]);
        land.walk(BEGINNING, &moments(seed, 10), |stand, moved| {
            all.extend_from_slice(moved);
            stands.push(stand);
        });
        let mut dice = Dice::of(seed);
        for _ in 0..4 {
            let from = dice.one_of(&stands);
            let right: Vec<&Moved> = all.iter().filter(|moved| moved.stand > from).collect();
            let mut rest = Vec::new();
            let stops = if dice.in_hundred(50) { moments(!seed, 10) } else { Vec::new() };
            land.walk(from, &stops, |_, moved| rest.extend_from_slice(moved));
            assert_eq!(rest.iter().collect::<Vec<_>>(), right, "seed {seed}, from {from:?}");
        }
    }
}

#[test]
fn a_record_that_was_seen_tells_nothing() {
    let land = Land::of(spread(1));
    let world = land.views.with(&land.library);
    let own = |unit: UnitId, area: &AreaRef, size| Some(land.own(&world, unit, area, size));
    let ground = Ground { world: &world, own: &own };
    let head = Stand { size: land.history.events.len() as u64, valid_at: far() };
    let mut walk = Walk::begin(&ground, Within::default(), head);
    let told = |recorded: &Recorded| walk.take(&ground, recorded);
    assert_eq!(land.history.events.iter().flat_map(told).collect::<Vec<_>>(), []);
    assert_eq!(walk.stand(), head);
}
