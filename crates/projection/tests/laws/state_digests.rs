//! State digests: what they describe is the same however it is come by, and they change nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;

use gradus_domain::At;
use gradus_domain::fold::AreaCourse;
use gradus_domain::steps::Steps;
use gradus_model::event::StateDigestRecorded;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Event, Recorded, UnitId};
use gradus_projection::projector::Revision;
use gradus_projection::rebuild::{Within, folded};
use gradus_projection::{Library, Views};

use crate::dice::Dice;
use crate::index::{Indexed, filled};
use crate::law::{Answers, Question, asked, seeds};
use crate::made_up::made_up;
use crate::world::PUBLISHED;

#[test]
fn what_is_told_of_each_unit_at_a_size_is_the_same_live_read_again_and_from_the_leaves() {
    let (mut units, mut areas) = (0, 0);
    for seed in seeds(6) {
        let events = made_up(seed).events;
        let whole = filled(&events, 5);
        let last = events.len();
        for size in [0, 1, last / 3, last / 2, last - 1, last] {
            let live = filled(&events[..size], 4).store.unit_digests();
            let again = whole.store.unit_digests_at(size as u64).unwrap();
            assert_eq!(again, live, "{seed} #{size}");
            let library = PUBLISHED.library();
            let (views, from_leaves, courses) = from(&library, &events[..size]);
            assert_eq!(from_leaves, live, "{seed} #{size}");
            // What digests say of areas, too.
            let read_again = told(&whole, size, None);
            assert_eq!(read_again, courses, "{seed} #{size}");
            assert_eq!(told(&filled(&events[..size], 4), size, None), courses, "{seed} #{size}");
            for unit in views.registry.units() {
                let mut of_unit = courses.clone();
                of_unit.retain(|(of, _), _| *of == unit.id);
                assert_eq!(told(&whole, size, Some(unit.id)), of_unit, "{seed} #{size}");
            }
            areas += courses.len();
            assert_eq!(views.cursor, size as u64);
            units += live.len();
        }
    }
    assert!(units > 0 && areas > units, "no unit was told of");
}

/// The courses of areas of which something is told.
type Courses = BTreeMap<(UnitId, AreaRef), AreaCourse>;

/// A course in one form: support that never was is not told.
fn plain(mut course: AreaCourse) -> Option<AreaCourse> {
    course.supports.retain(|_, support| *support != Steps::default());
    (course != AreaCourse::default()).then_some(course)
}

/// The courses that an index tells of one unit, or of all.
fn told(index: &Indexed, size: usize, of: Option<UnitId>) -> Courses {
    let mut courses = Courses::new();
    let tell = |unit, area: &AreaRef, course: &AreaCourse| {
        let known =
            plain(course.clone()).map(|course| courses.insert((unit, area.clone()), course));
        assert_eq!(known.flatten(), None, "told twice");
    };
    index.store.courses(of, size as u64, tell).unwrap();
    courses
}

/// What a fold over events tells, that keeps nothing else.
fn from(library: &Library, events: &[Recorded]) -> (Views, BTreeMap<UnitId, Digest>, Courses) {
    let courses = RefCell::new(Courses::new());
    let tell = |revision: &Revision<'_>| {
        let key = (revision.unit, revision.area.clone());
        let supports = revision.course.supports().into_iter();
        let supports = supports.map(|(target, steps)| (target.clone(), steps.clone())).collect();
        let course = AreaCourse { levels: revision.course.levels().clone(), supports };
        match plain(course) {
            Some(course) => courses.borrow_mut().insert(key, course),
            None => courses.borrow_mut().remove(&key),
        };
    };
    let park = |unit| courses.borrow_mut().retain(|(of, _), _| *of != unit);
    let events = events.iter().cloned();
    let (views, digests) = folded(library, Within::ample(), events, tell, park);
    (views, digests, courses.into_inner())
}

/// The events with a state digest before number `at`.
fn with_digest(events: &[Recorded], at: usize, stream: UnitId) -> Vec<Recorded> {
    let mut all = events.to_vec();
    let before = all[..at].iter().filter(|one| one.place.stream == stream).count();
    let (size, version) = (at as u64, before as u64 + 1);
    let mut digest = all[at].clone();
    digest.place.stream = stream;
    let said = StateDigestRecorded { size, root: Digest([1; 32]), rows: 1, projector: 1 };
    digest.event = Event::StateDigestRecorded(said);
    all.insert(at, digest);
    let mut versions = 0;
    for (position, recorded) in (0..).zip(&mut all) {
        recorded.place.position = position;
        let of_stream = recorded.place.stream == stream;
        if of_stream {
            versions += 1;
            recorded.place.version = versions;
        }
        // What is named by its place is named by its new one.
        match &mut recorded.event {
            Event::SourceRestored(of) if of.distrust >= size => {
                of.distrust = of.distrust.saturating_add(1);
            }
            Event::PayloadErased(of) if of_stream && of.version >= version => of.version += 1,
            _ => (),
        }
    }
    all
}

#[test]
fn a_state_digest_changes_no_level() {
    for seed in seeds(2) {
        let history = made_up(seed);
        let mut dice = Dice::of(!seed);
        let span = history.events.len() as u64 - history.begins;
        let at = history.begins + dice.below(span);
        let organization = history.events[0].place.stream;
        let with = with_digest(&history.events, usize::try_from(at).unwrap(), organization);
        let (with, without) = (filled(&with, 7), filled(&history.events, 7));
        for _ in 0..20 {
            let question = asked(&mut dice, &history);
            let At { valid_at, size } = question.at;
            let later = At { valid_at, size: if size > at { size + 1 } else { size } };
            let after = Question { at: later, ..question.clone() };
            assert_eq!(with.levels(&after), without.levels(&question), "{seed} {question:?}");
        }
        assert_eq!(with.views.state_digests.len(), 1);
    }
}
