//! What was never logged, as far as the rest shows it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::missing::{Hole, Numbers, silences};
use proptest::prelude::*;

fn numbers(given: &[u64]) -> Numbers {
    let mut numbers = Numbers::default();
    for (position, number) in (100..).zip(given) {
        numbers.take(*number, position);
    }
    numbers
}

fn holes(given: &[u64]) -> String {
    let hole = |Hole { first, last, after, before }: &Hole| {
        format!("{first}-{last} between {after} and {before}")
    };
    numbers(given).holes().iter().map(hole).collect::<Vec<_>>().join(", ")
}

#[test]
fn numbers_between_the_smallest_and_the_largest_that_never_came_are_holes() {
    for (given, seen) in [
        (&[][..], ""),
        (&[7], ""),
        (&[7, 8, 9], ""),
        (&[9, 7, 8], ""),
        (&[7, 7, 8], ""),
        (&[7, 9], "8-8 between 100 and 101"),
        (&[12, 7, 9, 9], "8-8 between 101 and 102, 10-11 between 102 and 100"),
        (&[0, u64::MAX], "1-18446744073709551614 between 100 and 101"),
    ] {
        assert_eq!(holes(given), seen, "{given:?}");
    }
}

fn check(days: &[i64], today: i64, expected: &Expect) {
    let days: BTreeSet<i64> = days.iter().copied().collect();
    let mut told = String::new();
    for silence in silences(&days, today) {
        let lasts = if silence.lasts { ", still" } else { "" };
        let (from, to, days, usual) = (silence.from, silence.to, silence.days(), silence.usual);
        writeln!(told, "{from} to {to}: {days} days where {usual} are usual{lasts}").unwrap();
    }
    expected.assert_eq(&told);
}

#[test]
fn a_weekly_source_is_silent_after_more_than_two_weeks() {
    let weekly = [0, 7, 14, 21, 28, 35];
    check(&weekly, 49, &expect![[""]]);
    check(
        &weekly,
        50,
        &expect![[r#"
        35 to 50: 15 days where 7 are usual, still
    "#]],
    );
    check(
        &[0, 7, 14, 21, 28, 35, 63, 70],
        70,
        &expect![[r#"
        35 to 63: 28 days where 7 are usual
    "#]],
    );
    // What is dated later than the day asked about is not known of there.
    check(
        &[0, 7, 14, 21, 28, 35, 63, 70],
        50,
        &expect![[r#"
        35 to 50: 15 days where 7 are usual, still
    "#]],
    );
}

#[test]
fn a_source_that_rests_at_weekends_or_keeps_no_cadence_is_not_called_silent() {
    let at_work: Vec<i64> = (0..40).filter(|day| day % 7 < 5).collect();
    check(&at_work, 45, &expect![[""]]);
    check(
        &at_work,
        46,
        &expect![[r#"
        39 to 46: 7 days where 3 are usual, still
    "#]],
    );
    check(&[0, 1, 30, 31, 90, 92, 150], 268, &expect![[""]]);
}

#[test]
fn fewer_than_five_intervals_are_no_cadence() {
    check(&[0, 1, 2, 3, 4], 400, &expect![[""]]);
    check(
        &[0, 1, 2, 3, 4, 5],
        400,
        &expect![[r#"
        5 to 400: 395 days where 1 are usual, still
    "#]],
    );
    check(&[], 400, &expect![[""]]);
}

proptest! {
    #[test]
    fn what_came_and_what_is_missing_are_all_numbers_of_the_range(
        given in prop::collection::vec(0..60_u64, 1..40),
    ) {
        let numbers = numbers(&given);
        let (first, last) = numbers.range().unwrap();
        let missing: u64 = numbers.holes().iter().map(Hole::count).sum();
        prop_assert_eq!(missing + numbers.len() as u64, last - first + 1);
        for hole in numbers.holes() {
            prop_assert!((hole.first..=hole.last).all(|number| !given.contains(&number)));
        }
    }

    #[test]
    fn what_is_asked_of_a_day_does_not_depend_on_later_days(
        days in prop::collection::btree_set(0..200_i64, 0..60),
        today in 0..200_i64,
    ) {
        let known: BTreeSet<i64> = days.range(..=today).copied().collect();
        prop_assert_eq!(silences(&days, today), silences(&known, today));
    }
}
