//! State digests: what they describe is the same however it is come by, and they change nothing.

use gradus_domain::At;
use gradus_model::event::StateDigestRecorded;
use gradus_model::{Digest, Event, Recorded, UnitId};
use gradus_projection::rebuild::{Within, folded};

use crate::dice::Dice;
use crate::index::filled;
use crate::law::{Answers, Question, asked, seeds};
use crate::made_up::made_up;
use crate::world::PUBLISHED;

#[test]
fn what_is_told_of_each_unit_at_a_size_is_the_same_live_read_again_and_from_the_leaves() {
    let mut units = 0;
    for seed in seeds(6) {
        let events = made_up(seed).events;
        let whole = filled(&events, 5);
        let last = events.len();
        for size in [0, 1, last / 3, last / 2, last - 1, last] {
            let live = filled(&events[..size], 4).store.unit_digests();
            let again = whole.store.unit_digests_at(size as u64).unwrap();
            assert_eq!(again, live, "{seed} #{size}");
            let library = PUBLISHED.library();
            let (views, from_leaves) =
                folded(&library, Within::ample(), events[..size].iter().cloned());
            assert_eq!(from_leaves, live, "{seed} #{size}");
            assert_eq!(views.cursor, size as u64);
            units += live.len();
        }
    }
    assert!(units > 0, "no unit was told of");
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
