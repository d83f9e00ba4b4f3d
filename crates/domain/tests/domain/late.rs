//! What was recorded long after it was true, and close to which milestone.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::late::{DAY, Lateness, Measure, Milestone};

use crate::given::{day, recorded, submitted};

/// What is said of items, each true on a day and recorded on another, with milestones on days.
fn check(measure: Measure, milestones: &[&str], items: &[(&str, &str)], expected: &Expect) {
    let milestone = |at: &&str| Milestone { at: day(at), kind: "audit", label: format!("of {at}") };
    let mut lateness = Lateness::of(milestones.iter().map(milestone).collect(), measure);
    for (position, (on, stamped)) in (0..).zip(items) {
        let mut item = recorded(position, &submitted("e").on(on));
        item.place.recorded_at = day(stamped);
        lateness.take(&item);
    }
    let mut told = String::new();
    for late in &lateness.late {
        let near = late.near.and_then(|number| lateness.milestone(number));
        let near = near.map_or("none", |of| of.label.as_str());
        writeln!(told, "{} after {} days: {near}", late.position, late.delay / DAY).unwrap();
    }
    for (of, before, after) in lateness.around() {
        writeln!(told, "{}: {before} before, {after} after", of.label).unwrap();
    }
    let days = lateness.delays().map(|(median, longest)| (median / DAY, longest / DAY));
    write!(told, "{} of {}, {days:?}", lateness.late.len(), lateness.facts).unwrap();
    expected.assert_eq(&told);
}

#[test]
fn a_fact_is_late_past_the_days_that_were_asked_for() {
    let items =
        [("2026-01-01", "2026-01-02"), ("2026-01-01", "2026-01-03"), ("2026-03-01", "2026-01-05")];
    check(
        Measure::default(),
        &[],
        &items,
        &expect![[r#"
            1 after 2 days: none
            1 of 3, Some((2, 2))"#]],
    );
    check(Measure { days: 2, close: 1 }, &[], &items, &expect!["0 of 3, None"]);
}

#[test]
fn a_fact_is_told_with_the_closest_milestone_before_which_it_was_true() {
    check(
        Measure::default(),
        &["2026-06-20", "2026-06-01"],
        &[
            // Before the first, after the first, between both but closer to the second.
            ("2026-01-01", "2026-05-25"),
            ("2026-01-01", "2026-06-01"),
            ("2026-01-01", "2026-06-12"),
            // True after the first one: not made for it.
            ("2026-06-02", "2026-06-07"),
            // Too far from either.
            ("2026-01-01", "2026-03-01"),
        ],
        &expect![[r#"
            0 after 144 days: of 2026-06-01
            1 after 151 days: of 2026-06-01
            2 after 162 days: of 2026-06-20
            3 after 5 days: of 2026-06-20
            4 after 59 days: none
            of 2026-06-01: 1 before, 1 after
            of 2026-06-20: 2 before, 0 after
            5 of 5, Some((144, 162))"#]],
    );
}
