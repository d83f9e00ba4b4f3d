//! Trends: change points, samples, what was reported at the time, landmarks.

use std::num::NonZeroU32;

use expect_test::{Expect, expect};
use gradus_domain::At;
use gradus_domain::course::AreaState;
use gradus_domain::level::Coverage;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::steps::Steps;
use gradus_domain::trend::{
    Point, Span, TrendError, What, change_points, diagonal, landmarks, reported, samples,
};
use gradus_model::unit::Phase;
use gradus_model::{Period, Timestamp};
use proptest::prelude::*;

use crate::given::{day, entered, history, left, marked, shown, unit};
use crate::made_up::DAY_MICROS;

/// A level in a word: `2`, `1-3`, `not-rated`, `not-applicable` or `not-determinable`.
pub(crate) fn level(text: &str) -> LevelAnswer {
    match text {
        "not-rated" => LevelAnswer::NotRated,
        "not-applicable" => LevelAnswer::NotApplicable,
        "not-determinable" => LevelAnswer::NotDeterminable,
        _ => {
            let (low, high) = text.split_once('-').unwrap_or((text, text));
            let (at_least, at_most) = (low.parse().unwrap(), high.parse().unwrap());
            let open = u16::from(at_most > at_least);
            LevelAnswer::Range { at_least, at_most, open }
        }
    }
}

/// A state in words: the rated level, the ongoing one, and the unit that answered, if another.
/// None if nothing is said.
pub(crate) fn state(text: &str) -> Option<AreaState> {
    let mut words = text.split_whitespace();
    let rated = level(words.next()?);
    let ongoing = words.next().map_or(rated, level);
    let coverage = Coverage { practices: 4, supported: 3, contradicted: 0, lapsed: 1 };
    Some(AreaState { rated, ongoing, coverage, inherited_from: words.next().map(unit) })
}

/// The same state with another coverage.
fn covered(text: &str, supported: u16) -> Option<AreaState> {
    let coverage = Coverage { practices: 4, supported, ..Coverage::default() };
    state(text).map(|state| AreaState { coverage, ..state })
}

fn course(changes: &[(&str, Option<AreaState>)]) -> Steps<Option<AreaState>> {
    let mut course = Steps::default();
    for (on, state) in changes {
        course.then(day(on), *state);
    }
    course
}

fn span(from: &str, to: &str) -> Span {
    Span::new(day(from), day(to)).unwrap()
}

fn ongoing(points: &[Point]) -> String {
    let told = |(instant, state): &Point| {
        let state = state.map_or_else(|| "none".to_owned(), |state| in_words(state.ongoing));
        format!("{} {state}", shown(*instant))
    };
    points.iter().map(told).collect::<Vec<_>>().join(", ")
}

fn in_words(level: LevelAnswer) -> String {
    match level {
        LevelAnswer::Range { at_least, at_most, .. } if at_least == at_most => at_least.to_string(),
        LevelAnswer::Range { at_least, at_most, .. } => format!("{at_least}-{at_most}"),
        other => format!("{other:?}"),
    }
}

fn check(points: &[Point], expected: Expect) {
    expected.assert_eq(&ongoing(points));
}

fn at_most(limit: u32) -> NonZeroU32 {
    NonZeroU32::new(limit).unwrap()
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

#[test]
fn a_trend_begins_with_the_state_where_its_span_begins() {
    let course = course(&[
        ("2026-01-01", state("1")),
        ("2026-02-01", state("2")),
        ("2026-03-01", state("3")),
        ("2026-04-01", state("2")),
    ]);
    let told = change_points(&course, span("2026-02-15", "2026-04-01"), What::WithCoverage);
    check(&told, expect!["2026-02-15 2, 2026-03-01 3"]);
    let told = change_points(&course, span("2026-03-01", "2026-04-02"), What::WithCoverage);
    check(&told, expect!["2026-03-01 3, 2026-04-01 2"]);
}

#[test]
fn before_the_first_data_nothing_is_known_and_that_is_no_error() {
    let course = course(&[("2026-01-01", state("1"))]);
    let told = change_points(&course, span("1999-01-01", "2030-01-01"), What::LevelsOnly);
    check(&told, expect!["1999-01-01 none, 2026-01-01 1"]);
}

#[test]
fn a_trend_of_levels_leaves_out_where_only_coverage_changes() {
    let course = course(&[
        ("2026-01-01", covered("2", 4)),
        ("2026-02-01", covered("2", 3)),
        ("2026-03-01", covered("2 1", 2)),
        ("2026-04-01", covered("2 1 org", 2)),
    ]);
    let all = span("2026-01-01", "2027-01-01");
    let told = change_points(&course, all, What::LevelsOnly);
    check(&told, expect!["2026-01-01 2, 2026-03-01 1, 2026-04-01 1"]);
    assert_eq!(change_points(&course, all, What::WithCoverage).len(), 4);
}

#[test]
fn samples_are_counted_from_the_begin_of_the_span() {
    let course = course(&[("2026-02-28", state("1")), ("2026-03-31", state("2"))]);
    let monthly = span("2026-01-31", "2026-05-31").every(&period("P1M"), at_most(9)).unwrap();
    check(
        &samples(&course, &monthly),
        expect!["2026-01-31 none, 2026-02-28 1, 2026-03-31 2, 2026-04-30 2"],
    );
}

#[test]
fn too_many_samples_are_refused_with_what_would_fit() {
    let decade = span("2016-01-31", "2026-01-31");
    let refused =
        |step, limit| decade.every(&period(step), at_most(limit)).unwrap_err().to_string();
    expect!["3653 samples at steps of P1D are more than 100: use steps of P37D, or end the span by 2016-05-10T00:00:00Z"]
        .assert_eq(&refused("P1D", 100));
    expect!["120 samples at steps of P1M are more than 119: use steps of P2M, or end the span by 2025-12-31T00:00:00Z"]
        .assert_eq(&refused("P1M", 119));
    assert_eq!(decade.every(&period("P1M"), at_most(120)).unwrap().len(), 120);
    let ever = Span::new(Timestamp::MIN, Timestamp::MAX).unwrap();
    let refused = ever.every(&period("P1000Y"), at_most(1)).unwrap_err();
    expect!["9 samples at steps of P1000Y are more than 1: end the span by 2900-01-01T00:00:00Z"]
        .assert_eq(&refused.to_string());
}

#[test]
fn a_span_ends_after_it_begins() {
    let refused = Span::new(day("2026-02-01"), day("2026-02-01")).unwrap_err();
    expect!["the span from 2026-02-01T00:00:00Z to 2026-02-01T00:00:00Z is empty: let it end after it begins"]
        .assert_eq(&refused.to_string());
}

/// Given an area that was first reported at level 1 until the end of March, then a late fact on 10
/// February says that it was 2 since January, and on 1 June another that it was 3 all along.
fn revisions() -> [(Timestamp, Steps<Option<AreaState>>); 3] {
    let first = course(&[("2026-01-01", state("1")), ("2026-04-01", state("0"))]);
    let late = course(&[("2026-01-01", state("2")), ("2026-05-01", state("0"))]);
    let last = course(&[("2026-01-01", state("3"))]);
    [(day("2026-01-10"), first), (day("2026-02-10"), late), (day("2026-06-01"), last)]
}

fn reported_of(revisions: &[(Timestamp, Steps<Option<AreaState>>)]) -> Steps<Option<AreaState>> {
    reported(revisions.iter().map(|(stamp, course)| (*stamp, course)))
}

#[test]
fn what_was_reported_changes_by_knowledge_and_by_time() {
    let reported = reported_of(&revisions());
    let told = change_points(&reported, span("2026-01-01", "2027-01-01"), What::LevelsOnly);
    check(
        &told,
        expect!["2026-01-01 none, 2026-01-10 1, 2026-02-10 2, 2026-05-01 0, 2026-06-01 3"],
    );
}

#[test]
fn on_the_diagonal_a_late_fact_shows_from_when_it_was_recorded() {
    let revisions = revisions();
    let known = |at: Timestamp| revisions.iter().filter(|(stamp, _)| *stamp <= at).count();
    let monthly = span("2026-01-15", "2026-04-15").every(&period("P1M"), at_most(9)).unwrap();
    let told = diagonal(
        &monthly,
        |at| known(at) as u64,
        |At { valid_at, size }| {
            let newest = usize::try_from(size).unwrap().checked_sub(1)?;
            *revisions[newest].1.at(valid_at)
        },
    );
    let sizes: Vec<u64> = told.iter().map(|(at, _)| at.size).collect();
    assert_eq!(sizes, [1, 2, 2]);
    let points: Vec<Point> = told.iter().map(|(at, state)| (at.valid_at, *state)).collect();
    check(&points, expect!["2026-01-15 1, 2026-02-15 2, 2026-03-15 2"]);
    assert_eq!(samples(&reported_of(&revisions), &monthly), points);
}

#[test]
fn phases_and_markers_of_the_span_ride_along() {
    let facts = [
        entered(Phase::Operation).on("2026-02-01"),
        entered(Phase::Design).on("2025-11-01"),
        left(Phase::Design).on("2026-03-01"),
        entered(Phase::Design).on("2026-06-01"),
        left(Phase::Design).on("2026-07-01"),
        marked("1.1").on("2026-04-01"),
        marked("1.0").on("2026-02-01"),
        marked("0.9").on("2026-01-01"),
    ];
    let told = |size: u64| {
        let history = history(&facts);
        let landmarks = landmarks(&history.settings, size, span("2026-01-02", "2026-04-01"));
        let phases = landmarks.phases.iter().map(|(phase, open)| {
            format!("{phase} {} to {}", shown(open.from), open.to.map_or("now".into(), shown))
        });
        let markers = landmarks.markers.iter().map(|marker| {
            let (kind, label) = (marker.value.kind, &marker.value.label);
            format!("{kind} {label} {}", shown(marker.effective_at))
        });
        phases.chain(markers).collect::<Vec<_>>().join(", ")
    };
    expect!["design 2025-11-01 to 2026-03-01, operation 2026-02-01 to now, release 1.0 2026-02-01"]
        .assert_eq(&told(8));
    expect!["design 2025-11-01 to now, operation 2026-02-01 to now"].assert_eq(&told(2));
    expect![""].assert_eq(&told(0));
}

fn states() -> impl Strategy<Value = Option<AreaState>> {
    let texts = ["", "1", "2", "2 1", "1-3 0-2", "2 1 org", "not-applicable", "not-rated"];
    (prop::sample::select(texts.to_vec()), 0_u16..3)
        .prop_map(|(text, supported)| covered(text, supported))
}

fn days() -> impl Strategy<Value = Timestamp> {
    (0_i64..120).prop_map(|days| day("2026-01-01").plus_micros(days * DAY_MICROS))
}

fn courses() -> impl Strategy<Value = Steps<Option<AreaState>>> {
    prop::collection::btree_map(days(), states(), 0..12).prop_map(|changes| {
        let mut course = Steps::default();
        for (instant, state) in changes {
            course.then(instant, state);
        }
        course
    })
}

fn spans() -> impl Strategy<Value = Span> {
    (days(), 1_i64..90)
        .prop_map(|(from, days)| Span::new(from, from.plus_micros(days * DAY_MICROS)).unwrap())
}

/// What a trend says of an instant: its last point at or before it.
fn told_at(points: &[Point], instant: Timestamp) -> Option<AreaState> {
    points.iter().rfind(|(from, _)| *from <= instant).unwrap().1
}

fn every_day(span: Span) -> Vec<Timestamp> {
    span.every(&period("P1D"), at_most(1_000)).unwrap()
}

proptest! {
    #[test]
    fn a_trend_says_of_each_instant_what_the_course_says(course in courses(), span in spans()) {
        let told = change_points(&course, span, What::WithCoverage);
        let levels = change_points(&course, span, What::LevelsOnly);
        for instant in every_day(span) {
            let state = *course.at(instant);
            prop_assert_eq!(told_at(&told, instant), state);
            let levels_of = |state: AreaState| (state.rated, state.ongoing, state.inherited_from);
            prop_assert_eq!(told_at(&levels, instant).map(levels_of), state.map(levels_of));
        }
        prop_assert!(told.is_sorted_by(|(one, _), (next, _)| one < next));
        prop_assert!(levels.iter().all(|point| told.contains(point)));
        prop_assert_eq!(samples(&course, &every_day(span)).len(), every_day(span).len());
    }

    #[test]
    fn what_was_reported_is_what_was_known_then_read_then(
        known in prop::collection::btree_map(days(), courses(), 0..6),
        span in spans(),
    ) {
        let reported = reported(known.iter().map(|(stamp, course)| (*stamp, course)));
        for instant in every_day(span) {
            let newest = known.range(..=instant).next_back();
            let state = newest.and_then(|(_, course)| *course.at(instant));
            prop_assert_eq!(*reported.at(instant), state);
        }
    }

    #[test]
    fn every_sample_lies_in_the_span_and_a_refusal_says_what_fits(
        span in spans(),
        step in prop::sample::select(&["P1D", "P3D", "P1W", "P1M", "P1M5D", "P1Y"][..]),
        limit in 1_u32..40,
    ) {
        let (step, limit) = (period(step), at_most(limit));
        match span.every(&step, limit) {
            Ok(instants) => {
                prop_assert_eq!(instants[0], span.from());
                prop_assert!(instants.len() <= limit.get() as usize);
                prop_assert!(instants.is_sorted_by(|one, next| one < next));
                prop_assert!(instants.last().unwrap() < &span.to());
                let more = u32::try_from(instants.len()).unwrap();
                prop_assert!(step.after_times(span.from(), more) >= span.to());
            }
            Err(TrendError::TooManySamples { asked, fitting, end, .. }) => {
                prop_assert_eq!(span.every(&step, at_most(asked)).unwrap().len(), asked as usize);
                prop_assert!(span.every(&fitting.unwrap(), limit).is_ok());
                let shorter = Span::new(span.from(), end).unwrap();
                let fit = shorter.every(&step, limit).unwrap();
                prop_assert_eq!(fit.len(), limit.get() as usize);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
