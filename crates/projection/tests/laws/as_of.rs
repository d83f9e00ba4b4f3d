//! The law holds for the views.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gradus_domain::history::Recall;
use gradus_domain::level::AreaAnswer;
use gradus_model::evidence::{Item, Outcome, Source, Strength};
use gradus_model::{Event, EvidenceId, Recorded, UnitId};
use gradus_projection::projector::Revision;
use gradus_projection::views::stands;
use gradus_projection::{Library, Projector, Views};

use crate::law::{Answers, AreaFacts, Question, holds, seeds};
use crate::made_up::made_up;
use crate::world::{DAY_MICROS, PUBLISHED};

struct Viewed {
    views: Views,
    library: Library,
}

fn viewed(events: &[Recorded]) -> Viewed {
    let mut views = Views::default();
    for recorded in events {
        views.apply(recorded);
    }
    Viewed { views, library: PUBLISHED.library() }
}

impl Answers for Viewed {
    fn levels(&self, question: &Question) -> Option<Vec<AreaFacts>> {
        let Question { unit, at, rules, areas } = question;
        if !self.views.knows(*unit, at.size) {
            return None;
        }
        let basis = self.views.basis(&self.library, *unit, *at, rules.clone()).ok()?;
        let answers = self.views.levels(&basis, *unit, *at).ok()?;
        let of = |asked| answers.iter().find(|answer| answer.area == asked);
        Some(areas.iter().filter_map(|area| of(*area)).map(facts).collect())
    }
}

fn facts(answer: &AreaAnswer) -> AreaFacts {
    let coverage = answer.coverage;
    AreaFacts {
        area: answer.area,
        rated: answer.rated,
        ongoing: answer.ongoing,
        covered: coverage.supported.into(),
        contradicted: coverage.contradicted.into(),
        lapsed: coverage.lapsed.into(),
        inherited_from: answer.inherited_from,
    }
}

/// A log in memory, and how many records of it were recalled.
#[derive(Debug)]
struct Kept(Mutex<Vec<Recorded>>, AtomicUsize);

impl Kept {
    fn of(events: &[Recorded]) -> Self {
        Self(Mutex::new(events.to_vec()), AtomicUsize::new(0))
    }

    fn keep(&self, events: &[Recorded]) {
        *self.0.lock().unwrap() = events.to_vec();
    }

    fn recalled(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }
}

impl Recall for Kept {
    fn recall(&self, unit: UnitId, versions: RangeInclusive<u64>, take: &mut dyn FnMut(&Recorded)) {
        let kept = self.0.lock().unwrap();
        let of_unit = kept.iter().filter(|recorded| recorded.place.stream == unit);
        for recorded in of_unit.filter(|recorded| versions.contains(&recorded.place.version)) {
            self.1.fetch_add(1, Ordering::Relaxed);
            take(recorded);
        }
    }
}

fn forgetful(events: &[Recorded]) -> Viewed {
    Viewed { views: forgotten(events), library: PUBLISHED.library() }
}

/// Views that forget all they can after every few events, and begin anew from what stands.
pub(crate) fn forgotten(events: &[Recorded]) -> Views {
    let kept = Arc::new(Kept::of(events));
    let mut views = Views::recalling(Arc::clone(&kept) as Arc<dyn Recall>);
    for (position, recorded) in (0_usize..).zip(events) {
        views.apply(recorded);
        if position % 7 == 0 {
            views.make_room(0);
        }
        if position == events.len() / 2 {
            views = standing(&events[..=position], &kept);
        }
    }
    views
}

/// Views as a start finds them: of items and ratings nothing is held.
fn standing(events: &[Recorded], kept: &Arc<Kept>) -> Views {
    let reached: Vec<_> = viewed(events).views.reached().collect();
    let stand: Vec<Recorded> = events.iter().filter(|one| stands(&one.event)).cloned().collect();
    let kept = Arc::clone(kept) as Arc<dyn Recall>;
    Views::standing(kept, events.len() as u64, &stand, &reached)
}

#[test]
fn views_that_forget_and_begin_anew_answer_what_a_naive_fold_answers() {
    holds(forgetful);
}

#[test]
fn the_views_answer_what_a_naive_fold_answers() {
    holds(viewed);
}

/// The last submission in a history once more, as another item of another source that follows it,
/// from the next year.
fn pushed(events: &[Recorded], number: u8) -> Option<Recorded> {
    let (last, like) = (events.last()?, events.iter().rev().find_map(submission)?);
    let (mut recorded, mut item) = (like.0.clone(), like.1.clone());
    let stream = recorded.place.stream;
    let of_stream = events.iter().filter(|recorded| recorded.place.stream == stream);
    recorded.place.version = of_stream.map(|recorded| recorded.place.version).max()? + 1;
    recorded.place.position = last.place.position + 1;
    recorded.place.recorded_at = last.place.recorded_at;
    recorded.effective_at = recorded.effective_at.plus_micros(365 * DAY_MICROS);
    (item.work_from, item.valid_until) = (None, None);
    (item.outcome, item.strength) = (Outcome::Supports, Strength::Direct);
    item.evidence = EvidenceId([200 + number; 16]);
    item.source.id = format!("pushed {number}").parse().unwrap();
    recorded.event = Event::EvidenceSubmitted(item);
    Some(recorded)
}

fn submission(recorded: &Recorded) -> Option<(&Recorded, &Item)> {
    match &recorded.event {
        Event::EvidenceSubmitted(item) => Some((recorded, item)),
        _ => None,
    }
}

#[test]
fn an_item_from_a_new_source_is_taken_in_without_recalling_what_was_forgotten() {
    let library = PUBLISHED.library();
    let mut pushes = 0;
    for seed in seeds(10) {
        let mut events = made_up(seed).events;
        let kept = Arc::new(Kept::of(&events));
        let mut views = Views::recalling(Arc::clone(&kept) as Arc<dyn Recall>);
        let mut projector = Projector::new();
        projector.fold(&mut views, &library, &events, &mut |_| ());
        for number in 0..3 {
            let Some(recorded) = pushed(&events, number) else { break };
            // What was asked for since the last time stays once.
            views.make_room(0);
            views.make_room(0);
            let before = kept.recalled();
            let (unit, item) = (recorded.place.stream, submission(&recorded).unwrap().1);
            assert_eq!(views.history(unit).unwrap().item_from(&item.source), None);
            projector.fold(&mut views, &library, slice::from_ref(&recorded), &mut |_| ());
            // The first one may be the first thing that is said of its area under a new basis.
            assert!(number == 0 || kept.recalled() == before, "seed {seed}");
            let source = item.source.clone();
            events.push(recorded);
            kept.keep(&events);
            assert!(views.history(unit).unwrap().item_from(&source).is_some(), "seed {seed}");
            assert!(kept.recalled() > before, "it is found among those that are recalled");
            pushes += 1;
        }
    }
    assert!(pushes > 10, "{pushes} items were pushed");
}

#[test]
fn a_recall_goes_on_from_where_it_was_when_the_stream_went_on() {
    for seed in seeds(10) {
        let events = made_up(seed).events;
        let Some(last) = pushed(&events, 0) else { continue };
        let unit = last.place.stream;
        let kept = Arc::new(Kept::of(&[&events[..], slice::from_ref(&last)].concat()));
        let mut views = standing(&events, &kept);
        let history = views.history(unit).unwrap();
        assert!(!history.knows_sources());
        let read = history.forgotten().expect("nothing is held at a start").recall();
        views.apply(&last);
        let history = views.history(unit).unwrap();
        let rest = history.remember(read).expect("the stream went on");
        assert!(history.may_have(&source(&last)), "what is not known is not ruled out");
        let before = kept.recalled();
        let read = rest.recall();
        assert_eq!(kept.recalled() - before, 1, "only what came after is read");
        assert!(history.remember(read).is_none());
        assert!(history.knows_sources() && history.forgotten().is_none(), "seed {seed}");
        let of_unit = events.iter().filter(|one| one.place.stream == unit).filter_map(submission);
        let mut all = of_unit.chain(submission(&last));
        assert!(all.all(|(_, item)| history.item_from(&item.source).is_some()), "seed {seed}");
        let another = pushed(&events, 1).unwrap();
        assert!(!history.may_have(&source(&another)), "seed {seed}");
        assert_eq!(kept.recalled() - before, 1, "nothing else is read");
    }
}

#[test]
fn what_a_projector_alone_looked_at_is_forgotten_once_it_did_and_what_somebody_asks_for_stays() {
    let library = PUBLISHED.library();
    for seed in seeds(10) {
        let events = made_up(seed).events;
        let Some(new) = pushed(&events, 0) else { continue };
        let unit = new.place.stream;
        let kept = Arc::new(Kept::of(&events));
        let mut views = standing(&events, &kept);
        let history = views.history(unit).unwrap();
        let read = history.forgotten().expect("nothing is held at a start").recall();
        assert!(history.remember(read).is_none());
        let mut projector = Projector::new();
        history.looked_at(|history| {
            projector.hold_whole(&views.with(&library), unit, history, views.cursor);
        });
        assert!(views.forget_unasked(&[unit], usize::MAX).is_empty(), "there is room");
        assert_eq!(views.forget_unasked(&[unit], 0).len(), 1, "seed {seed}");
        let history = views.history(unit).unwrap();
        assert!(history.forgotten().is_some() && history.knows_sources(), "seed {seed}");

        assert!(history.item_from(&source(&new)).is_none(), "it is new");
        let read = history.forgotten().expect("it asked for nothing").recall();
        assert!(history.remember(read).is_none());
        history.asked();
        history.looked_at(|history| _ = history.targets().count());
        assert!(views.forget_unasked(&[unit], 0).is_empty(), "somebody asks, seed {seed}");
    }
}

fn source(recorded: &Recorded) -> Source {
    submission(recorded).unwrap().1.source.clone()
}

#[test]
fn a_projector_that_holds_a_unit_whole_tells_of_a_new_item_what_one_tells_that_saw_all() {
    let library = PUBLISHED.library();
    let mut told_of = 0;
    for seed in seeds(10) {
        let events = made_up(seed).events;
        let Some(new) = pushed(&events, 0) else { continue };
        let (unit, one) = (new.place.stream, slice::from_ref(&new));
        let kept = Arc::new(Kept::of(&events));
        let (mut views, mut projector) = (standing(&events, &kept), Projector::new());
        assert_eq!(projector.lacking(one), BTreeSet::from([unit]));
        let forgotten =
            views.history(unit).unwrap().forgotten().expect("nothing is held at a start");
        let history = views.history(unit).unwrap().with(forgotten.recall());
        projector.hold_whole(&views.with(&library), unit, &history, views.cursor);
        assert!(projector.lacking(one).is_empty());
        let (before, mut told) = (kept.recalled(), Vec::new());
        projector.fold(&mut views, &library, one, &mut |revision| told.push(said(revision)));
        assert_eq!(kept.recalled(), before, "seed {seed}");

        let (mut views, mut saw_all) = (Views::default(), Projector::new());
        saw_all.fold(&mut views, &library, &events, &mut |_| ());
        let mut expected = Vec::new();
        saw_all.fold(&mut views, &library, one, &mut |revision| expected.push(said(revision)));
        assert_eq!(told, expected, "seed {seed}");
        told_of += told.len();
    }
    assert!(told_of > 0, "some item changed a course");
}

/// What a revision says; what its fold notes of practices of which nothing is known says nothing.
fn said(revision: &Revision<'_>) -> String {
    let Revision { unit, area, position, recorded_at, course, changed } = revision;
    let (levels, supports) = (course.levels(), course.supports());
    format!("{unit:?} {area:?} {position} {recorded_at} {levels:?} {supports:?} {changed:?}")
}
