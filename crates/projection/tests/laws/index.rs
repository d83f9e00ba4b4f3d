//! The law holds for the bitemporal index, however it came to be.

use std::cell::Cell;
use std::collections::BTreeSet;

use gradus_domain::At;
use gradus_domain::course::{OwnState, UnitAt, own_course};
use gradus_domain::fold::AreaCourse;
use gradus_domain::scheme::Levels;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::world::basis;
use gradus_model::catalog::Area;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Recorded, UnitId};
use gradus_projection::projector::{Revision, unit_by_unit};
use gradus_projection::rebuild::Within;
use gradus_projection::store::{OfLog, Opened};
use gradus_projection::{Batch, IndexStore, Library, Projector, Views, rebuild};
use tempfile::TempDir;

use crate::as_of::forgotten;
use crate::dice::Dice;
use crate::law::{Answers, AreaFacts, Question, holds, seeds};
use crate::made_up::{History, made_up};
use crate::world::{GROUNDS, PUBLISHED, UNITS, instants, unit};

const FIRST_LEAF: Digest = Digest([1; 32]);

fn of_log(size: u64) -> OfLog {
    OfLog { first_leaf: FIRST_LEAF, size }
}

pub(crate) struct Indexed {
    pub(crate) views: Views,
    library: Library,
    pub(crate) store: IndexStore,
    directory: TempDir,
}

/// An index that a projector fills while views are folded, with a write after so many events.
struct Filling {
    indexed: Indexed,
    projector: Projector,
    batch: Batch,
}

impl Filling {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let (store, _) = IndexStore::open(&directory.path().join("index"), of_log(0)).unwrap();
        let (views, library) = (Views::default(), PUBLISHED.library());
        let indexed = Indexed { views, library, store, directory };
        Self { indexed, projector: Projector::new(), batch: Batch::default() }
    }

    fn take(&mut self, recorded: &Recorded) {
        self.indexed.views.apply(recorded);
        let world = self.indexed.views.with(&self.indexed.library);
        let batch = &mut self.batch;
        let parked = self.projector.apply(&world, recorded, &mut |revision| batch.add(revision));
        assert_eq!(parked, []);
    }

    fn take_all(&mut self, events: &[Recorded]) {
        for recorded in events {
            self.take(recorded);
        }
    }

    fn write(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.indexed.store.write(batch, self.indexed.views.cursor, FIRST_LEAF).unwrap();
    }
}

/// The index of some events, written after every `events_a_write`.
pub(crate) fn filled(events: &[Recorded], events_a_write: usize) -> Indexed {
    let mut filling = Filling::new();
    for some in events.chunks(events_a_write) {
        filling.take_all(some);
        filling.write();
    }
    filling.indexed
}

impl Answers for Indexed {
    fn levels(&self, question: &Question) -> Option<Vec<AreaFacts>> {
        let Question { unit, at, rules, areas } = question;
        let world = self.views.with(&self.library);
        if !self.views.knows(*unit, at.size) {
            return None;
        }
        let basis = basis(&world, *unit, *at, rules.as_ref()).ok()?;
        let own = |unit: UnitId, reference: &AreaRef, area: &Area| match rules {
            None if self.tells(unit, at.size) => {
                self.store.state(unit, reference, area, *at).unwrap()
            }
            _ => {
                let course = own_course(&world, unit, reference, at.size, rules.as_ref());
                Some(OwnState::of(&course, area, at.valid_at))
            }
        };
        let unit = UnitAt::new(&world, *unit, &basis, *at, rules.as_ref());
        let facts = |area| {
            let state = unit.state(basis.catalog.area(area)?, &own);
            Some(AreaFacts {
                area,
                rated: state.rated,
                ongoing: state.ongoing,
                covered: state.coverage.supported.into(),
                contradicted: state.coverage.contradicted.into(),
                lapsed: state.coverage.lapsed.into(),
                inherited_from: state.inherited_from,
            })
        };
        Some(areas.iter().filter_map(|area| facts(*area)).collect())
    }
}

impl Indexed {
    fn tells(&self, unit: UnitId, size: u64) -> bool {
        self.store.tells(unit, size, self.views.at_rest_since(unit))
    }
}

#[test]
fn the_index_answers_what_a_naive_fold_answers() {
    holds(|events| filled(events, 7));
}

/// An index that has read so many events, beside views that have read all and hold none.
fn lagging(events: &[Recorded], read: usize) -> Indexed {
    Indexed { views: forgotten(events), ..filled(&events[..read], 7) }
}

#[test]
fn an_index_that_lags_answers_what_a_naive_fold_answers_where_it_tells() {
    let told = Cell::new(0);
    holds(|events| {
        let lags = lagging(events, events.len() - events.len() / 4);
        let told_past = UNITS.iter().filter(|(name, ..)| lags.tells(unit(name), u64::MAX)).count();
        told.set(told.get() + told_past);
        lags
    });
    assert!(told.get() > seeds(1).count() / 10, "{told:?}");
}

#[test]
fn the_digest_is_the_same_where_the_index_caught_up_with_views_at_the_head() {
    for seed in seeds(6) {
        let History { events, .. } = made_up(seed);
        let digest = filled(&events, events.len()).store.digest();
        let half = events.len() / 2;
        for (at_once, holding) in [(1, 1_000), (3, 1_000), (events.len(), 1_000), (20, 0)] {
            let Indexed { views, library, store, .. } = &lagging(&events, half);
            let mut projector = Projector::new().holding(holding);
            for some in events[half..].chunks(at_once) {
                let mut batch = Batch::default();
                for of_unit in unit_by_unit(some) {
                    let history = views.history(of_unit[0].place.stream).unwrap();
                    let asked = history.forgotten().filter(|_| projector.asks_history(&of_unit));
                    let apart = asked.map(|forgotten| history.with(forgotten.recall()));
                    let (world, apart) = (views.with(library), apart.as_ref().unwrap_or(history));
                    let tell = &mut |revision: &Revision<'_>| batch.add(revision);
                    assert_eq!(projector.apply_apart(&world, apart, &of_unit, tell), []);
                }
                let cursor = some.last().unwrap().place.position + 1;
                store.write(batch, cursor, FIRST_LEAF).unwrap();
            }
            assert_eq!(store.digest(), digest, "{seed} {at_once} {holding}");
        }
    }
}

fn areas_of(history: &History) -> Vec<(UnitId, AreaRef)> {
    let models: BTreeSet<_> = GROUNDS.iter().map(|ground| ground.model.id.clone()).collect();
    let mut all = Vec::new();
    for (name, ..) in UNITS {
        for model in &models {
            let area = |area: &_| AreaRef { model: model.clone(), area: *area };
            all.extend(history.areas.iter().map(|of| (unit(name), area(of))));
        }
    }
    all
}

/// An area as its model lists it, where it does.
fn in_model(area: &AreaRef) -> Option<&'static Area> {
    let mut models = PUBLISHED.models.iter();
    let (_, model) = models.find(|(document, _)| document.id == area.model)?;
    model.area(area.area)
}

/// A course, unless it tells nothing.
fn told(course: AreaCourse) -> Option<AreaCourse> {
    let known = |answer: LevelAnswer| matches!(answer, LevelAnswer::Range { .. });
    let rated = |levels: &Levels| known(levels.rated) || known(levels.ongoing);
    let later = course.levels.changes().iter().any(|(_, levels)| rated(levels));
    let any = later || rated(course.levels.first());
    (any || !course.supports.is_empty()).then_some(course)
}

#[test]
fn as_of_from_the_index_is_the_course_of_the_history_at_every_size() {
    let mut told_at_all = 0;
    for seed in seeds(10) {
        let history = made_up(seed);
        let indexed = filled(&history.events, 5);
        let world = indexed.views.with(&indexed.library);
        for (unit, area) in areas_of(&history) {
            let of_model = in_model(&area);
            let mut before = None;
            let mut changes = Vec::new();
            for size in 0..=history.events.len() as u64 {
                let right = told(own_course(&world, unit, &area, size, None));
                let stored = indexed.store.course(unit, &area, size).unwrap();
                assert_eq!(stored.as_deref(), right.as_ref(), "{seed} {unit} {area:?} #{size}");
                let asked =
                    of_model.map(|of_model| instants().into_iter().map(move |at| (at, of_model)));
                for (valid_at, of_model) in asked.into_iter().flatten() {
                    let at = At { valid_at, size };
                    let state = indexed.store.state(unit, &area, of_model, at).unwrap();
                    let right = right.as_ref();
                    assert_eq!(state, right.map(|of| OwnState::of(of, of_model, valid_at)));
                }
                if right != before {
                    changes.push((size - 1, right.clone().unwrap_or_default()));
                    told_at_all += 1;
                }
                before = right;
            }
            let from = changes.len() as u64 / 2;
            for positions in [0..u64::MAX, from..u64::MAX, 0..from] {
                let revisions = indexed.store.revisions(unit, &area, positions.clone());
                let revisions: Vec<_> = revisions.map(Result::unwrap).collect();
                let seen: Vec<_> =
                    revisions.iter().map(|of| (of.position, of.course.clone())).collect();
                let mut right = changes.clone();
                right.retain(|(position, _)| positions.contains(position));
                assert_eq!(seen, right);
                for revision in revisions {
                    let place = history.events[usize::try_from(revision.position).unwrap()].place;
                    assert_eq!(revision.recorded_at, place.recorded_at);
                }
            }
        }
    }
    assert!(told_at_all > 10 * seeds(10).count(), "{told_at_all}");
}

#[test]
fn the_digest_is_the_same_however_the_index_was_built() {
    for seed in seeds(6) {
        let History { events, .. } = made_up(seed);
        let size = events.len() as u64;
        let once = filled(&events, events.len());
        let digest = once.store.digest();
        assert_eq!(once.store.recomputed(size).unwrap(), digest);
        for events_a_write in [1, 3] {
            let other = filled(&events, events_a_write);
            assert_eq!(other.store.digest(), digest);
            assert_eq!(other.store.recomputed(size).unwrap(), digest);
        }
        // A projector that holds nothing between two events.
        let mut forgetful = Filling::new();
        forgetful.projector = Projector::new().holding(0);
        forgetful.take_all(&events);
        forgetful.write();
        assert_eq!(forgetful.indexed.store.digest(), digest);

        // Half of it, closed, opened again, and the rest.
        let half = events.len() / 2;
        let mut filling = Filling::new();
        filling.take_all(&events[..half]);
        filling.write();
        let Indexed { views, library, store, directory } = filling.indexed;
        assert_eq!(store.digest(), once.store.recomputed(half as u64).unwrap());
        store.flush().unwrap();
        drop(store);
        let path = directory.path().join("index");
        let (store, opened) = IndexStore::open(&path, of_log(size)).unwrap();
        assert_eq!((opened, store.cursor()), (Opened::Resumed, half as u64));
        let indexed = Indexed { views, library, store, directory };
        let mut filling = Filling { indexed, projector: Projector::new(), batch: Batch::default() };
        filling.take_all(&events[half..]);
        filling.write();
        assert_eq!(filling.indexed.store.digest(), digest);

        // Rebuilt beside.
        let live = filling.indexed;
        let beside = live.directory.path().join("beside");
        let mut done = 0;
        let progress = |events| done = events;
        let compared = rebuild::rebuild(
            &live.store,
            &beside,
            of_log(size),
            &live.library,
            Within::ample(),
            events,
            progress,
        )
        .unwrap();
        assert!(compared.agree(), "{compared:?}");
        assert_eq!((compared.size, compared.other, done), (size, digest, size));
    }
}

#[test]
fn a_row_that_is_not_as_it_was_written_is_found_and_never_panics() {
    let History { events, .. } = made_up(3);
    let size = events.len() as u64;
    let indexed = filled(&events, 10);
    let areas = areas_of(&made_up(3));
    let Indexed { store, directory, .. } = indexed;
    assert!(rebuild::verify(&store).agree());
    store.flush().unwrap();
    drop(store);
    let path = directory.path().join("index");
    let mut dice = Dice::of(1);
    for _ in 0..60 {
        // One byte of one row becomes another one, then is put back.
        let database = opened_when_free(&path);
        let rows: Vec<_> = database.scan_prefix([b'l']).map(Result::unwrap).collect();
        let (key, row) = dice.one_of(&rows);
        let mut damaged = row.to_vec();
        let at = usize::try_from(dice.below(row.len() as u64)).unwrap();
        damaged[at] ^= 1 << dice.below(8);
        database.insert(&key, damaged).unwrap();
        database.flush().unwrap();
        drop(database);
        let (store, _) = IndexStore::open(&path, of_log(size)).unwrap();
        let compared = rebuild::verify(&store);
        assert!(!compared.agree(), "{compared:?}");
        for (unit, area) in &areas {
            let _ = store.course(*unit, area, size);
            let _ = store.revisions(*unit, area, 0..size).count();
        }
        drop(store);
        let database = opened_when_free(&path);
        database.insert(&key, row).unwrap();
        database.flush().unwrap();
    }
}

#[test]
fn what_is_of_no_use_is_removed_and_begins_anew() {
    let History { events, .. } = made_up(4);
    let size = events.len() as u64;
    let Indexed { store, directory, .. } = filled(&events, 10);
    store.flush().unwrap();
    drop(store);
    let path = directory.path().join("index");
    let open = |of_log| {
        let (store, opened) = IndexStore::open(&path, of_log).unwrap();
        (opened, store.cursor())
    };
    assert_eq!(open(of_log(size)), (Opened::Resumed, size));
    let other = OfLog { first_leaf: Digest([2; 32]), size };
    let (opened, cursor) = open(other);
    assert_eq!((opened, cursor), (Opened::Anew("it is about another log".to_owned()), 0));
    std::fs::remove_dir_all(&path).unwrap();
    assert_eq!(open(of_log(size)), (Opened::New, 0));

    let Indexed { store, directory, .. } = filled(&events, 10);
    store.flush().unwrap();
    drop(store);
    let path = directory.path().join("index");
    let (_, opened) = IndexStore::open(&path, of_log(size - 1)).unwrap();
    let reason = format!("it has read {size} records, and the log has {}", size - 1);
    assert_eq!(opened, Opened::Anew(reason));
}

/// The database, once the one before has let go of it: it closes on a thread of its own.
fn opened_when_free(path: &std::path::Path) -> sled::Db {
    for _ in 0..200 {
        match sled::Config::new().path(path).open() {
            Ok(database) => return database,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
    }
    panic!("the database at {} stays locked", path.display())
}
