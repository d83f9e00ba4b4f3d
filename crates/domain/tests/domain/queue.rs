//! What waits for a review.

use expect_test::{Expect, expect};
use gradus_domain::Rules;
use gradus_domain::coverage::counts;
use gradus_domain::evidence::Standing;
use gradus_domain::queue::waiting;
use gradus_model::evidence::Kind;
use proptest::prelude::*;

use crate::given::{
    Everyone, Fact, STRICT, TRUSTING, accepted, ended, history, name_of, rejected, submitted,
    superseded, withdrawn,
};
use crate::made_up::story;

/// What waits at every size of the log, a line each.
fn check(rules: Option<&Rules>, facts: &[Fact], expected: Expect) {
    let history = history(facts);
    let names = |size| {
        let waiting = waiting(&history, size, 0, rules, &Everyone);
        let names: Vec<String> = waiting.iter().map(|item| name_of(item.id.0)).collect();
        format!("{size}: {}\n", names.join(" "))
    };
    let lines: String = (0..=facts.len() as u64).map(names).collect();
    expected.assert_eq(&lines);
}

#[test]
fn what_nobody_decided_on_waits_in_the_order_of_recording() {
    let facts = [
        submitted("E1"),
        submitted("E2").on("2025-01-01").by("bob"),
        accepted("E1"),
        submitted("E3"),
        rejected("E2"),
        accepted("E2"),
        withdrawn("E3"),
    ];
    check(
        Some(&STRICT),
        &facts,
        expect![[r#"
            0: 
            1: E1
            2: E1 E2
            3: E2
            4: E2 E3
            5: E3
            6: E3
            7: 
        "#]],
    );
}

#[test]
fn what_the_rules_trust_does_not_wait_and_without_rules_everything_does() {
    let facts = [submitted("E1"), submitted("E2").by("bob"), submitted("E3").of_kind(Kind::Sbom)];
    check(
        Some(&TRUSTING),
        &facts,
        expect![[r#"
            0: 
            1: 
            2: E2
            3: E2
        "#]],
    );
    check(
        None,
        &facts,
        expect![[r#"
            0: 
            1: E1
            2: E1 E2
            3: E1 E2 E3
        "#]],
    );
}

#[test]
fn what_ended_still_waits_unless_it_never_counted() {
    let facts = [
        submitted("E1").worked_from("2026-02-01").on("2026-03-01"),
        ended("E1").on("2026-02-15"),
        submitted("E2").on("2026-03-01"),
        superseded("E2", "E1").on("2026-03-01"),
    ];
    check(
        Some(&STRICT),
        &facts,
        expect![[r#"
            0: 
            1: E1
            2: E1
            3: E1 E2
            4: E1
        "#]],
    );
}

proptest! {
    #[test]
    fn the_queue_is_what_a_walk_over_all_items_finds(
        story in story(),
        size in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        trusting in any::<bool>(),
    ) {
        let history = history(&story);
        let size = size.index(story.len() + 1) as u64;
        let from = from.index(story.len() + 1) as u64;
        let rules: &Rules = if trusting { &TRUSTING } else { &STRICT };
        let seen: Vec<u64> = waiting(&history, size, from, Some(rules), &Everyone)
            .iter()
            .map(|item| item.position)
            .collect();
        let every = history.evidence(size).filter(|item| {
            item.position >= from
                && item.standing(size) == Standing::Submitted
                && !counts(item, size, rules, &Everyone)
                && item.ended_at(size).is_none_or(|end| item.work_from < end)
        });
        prop_assert_eq!(seen, every.map(|item| item.position).collect::<Vec<_>>());
    }
}
