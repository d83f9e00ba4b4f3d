//! What may be done to a piece of evidence.

use expect_test::expect;

use crate::given::{
    Fact, accepted, check, confirmed, decide, ended, erased, evidence, in_words, instance_linked,
    instance_unlinked, linked, rejected, submitted, superseded, target, unlinked, withdrawn,
};

#[test]
fn an_item_may_be_submitted_long_after_its_work() {
    check(&[], submitted("E1").on("1999-12-31"), expect!["recorded"]);
}

#[test]
fn work_may_end_where_it_began() {
    let instant = submitted("E1").worked_from("2026-03-01").on("2026-03-01");
    check(&[], instant, expect!["recorded"]);
}

#[test]
fn a_source_id_names_one_item_for_ever() {
    let again = submitted("E1").with(|item| item.evidence = evidence("E2"));
    for history in [vec![submitted("E1")], vec![submitted("E1"), withdrawn("E1")]] {
        check(
            &history,
            again.clone(),
            expect![
                "refused: source id `E1` of source `git` was used before with other content, as evidence `E1`"
            ],
        );
    }
}

#[test]
fn withdrawn_evidence_cannot_be_accepted() {
    let history = [submitted("E1"), withdrawn("E1")];
    check(&history, accepted("E1"), expect!["refused: evidence `E1` was withdrawn"]);
}

#[test]
fn nothing_can_be_done_any_more_to_withdrawn_evidence_but_erase_it() {
    let history = [submitted("E1"), submitted("E2"), withdrawn("E1")];
    let proposals = [
        accepted("E1"),
        rejected("E1"),
        ended("E1"),
        superseded("E1", "E2"),
        superseded("E2", "E1"),
        confirmed("E1"),
        linked("E1", &["BP.01.02"]),
        unlinked("E1", &["BP.01.01"]),
        instance_linked("E1", &["web"]),
        instance_unlinked("E1", &["web"]),
    ];
    for proposal in proposals {
        let answer = in_words(&decide(&history, &proposal));
        let name = proposal.proposal.event.name();
        assert_eq!(answer, "refused: evidence `E1` was withdrawn", "{name}");
    }
    check(&history, erased(1), expect!["recorded"]);
}

#[test]
fn the_last_verdict_of_reviewers_holds() {
    let history = [submitted("E1"), accepted("E1"), rejected("E1")];
    check(&history, rejected("E1"), expect!["already so"]);
    check(&history, accepted("E1"), expect!["recorded"]);
    check(&history, withdrawn("E1"), expect!["recorded"]);
}

#[test]
fn a_machine_may_take_back_and_end_evidence_and_not_review_it() {
    let history = [submitted("E1"), submitted("E2")];
    for (proposal, expected) in [
        (
            accepted("E1"),
            "refused: only a person may accept evidence: a machine's claim is a candidate",
        ),
        (
            rejected("E1"),
            "refused: only a person may reject evidence: a machine's claim is a candidate",
        ),
        (
            confirmed("E1"),
            "refused: only a person may confirm evidence: a machine's claim is a candidate",
        ),
        (withdrawn("E1"), "recorded"),
        (ended("E1"), "recorded"),
        (superseded("E1", "E2"), "recorded"),
        (linked("E1", &["BP.01.02"]), "recorded"),
        (unlinked("E1", &["BP.01.01"]), "recorded"),
    ] {
        let proposal = proposal.by("bot");
        let name = proposal.proposal.event.name();
        assert_eq!(in_words(&decide(&history, &proposal)), expected, "{name}");
    }
}

#[test]
fn whoever_provided_an_item_cannot_confirm_it() {
    let history = [submitted("E1").by("alice")];
    check(
        &history,
        confirmed("E1").by("alice"),
        expect!["refused: evidence `E1` was provided by the same principal, who cannot confirm it"],
    );
    check(&history, confirmed("E1").by("bob"), expect!["recorded"]);
}

#[test]
fn several_people_may_confirm_an_item_each_once() {
    let history = [submitted("E1"), confirmed("E1").by("alice")];
    check(&history, confirmed("E1").by("alice"), expect!["already so"]);
    check(&history, confirmed("E1").by("bob"), expect!["recorded"]);
}

#[test]
fn an_end_may_be_corrected_and_may_lie_ahead() {
    let history = [submitted("E1"), ended("E1").on("2026-04-01")];
    check(&history, ended("E1").on("2026-04-01"), expect!["already so"]);
    check(&history, ended("E1").on("2026-05-01"), expect!["recorded"]);
    check(&history, ended("E1").on("2027-01-01"), expect!["recorded"]);
}

#[test]
fn an_item_may_end_where_its_work_began_and_not_before() {
    let history = [submitted("E1").worked_from("2026-02-01")];
    check(&history, ended("E1").on("2026-02-01"), expect!["recorded"]);
    check(
        &history,
        ended("E1").on("2026-01-31"),
        expect!["refused: `at` is 2026-01-31T00:00:00Z, which is not after 2026-02-01T00:00:00Z"],
    );
}

#[test]
fn an_item_cannot_be_superseded_before_its_work_began() {
    let history = [submitted("E1"), submitted("E2").on("2026-01-01")];
    check(
        &history,
        superseded("E1", "E2").on("2026-01-01"),
        expect![
            "refused: `effective_at` is 2026-01-01T00:00:00Z, which is not after 2026-03-01T00:00:00Z"
        ],
    );
}

#[test]
fn ending_by_the_clock_what_has_ended_moves_no_end() {
    let history = [submitted("E1"), submitted("E2"), ended("E1").on("2026-04-01")];
    check(&history, ended("E1").by_clock("2026-05-01"), expect!["already so"]);
    let planned = [submitted("E1"), ended("E1").on("2027-01-01")];
    check(&planned, ended("E1").by_clock("2026-05-01"), expect!["recorded"]);

    let replaced = [submitted("E1"), submitted("E2"), submitted("E3"), superseded("E1", "E2")];
    check(&replaced, superseded("E1", "E2").by_clock("2026-05-01"), expect!["already so"]);
    check(&replaced, superseded("E1", "E3").by_clock("2026-05-01"), expect!["recorded"]);
}

#[test]
fn links_that_are_there_are_not_made_again() {
    let history = [submitted("E1"), linked("E1", &["BP.01.02"])];
    check(&history, linked("E1", &["BP.01.01", "BP.01.02"]), expect!["already so"]);
    check(&history, linked("E1", &["BP.01.01", "BP.01.03"]), expect!["recorded"]);
    check(&history, unlinked("E1", &["BP.01.03"]), expect!["already so"]);
    check(&history, unlinked("E1", &["BP.01.01", "BP.01.03"]), expect!["recorded"]);
}

#[test]
fn instances_that_are_there_are_not_linked_again() {
    let named = submitted("E1").with(|item| item.instance = Some("web".parse().unwrap()));
    let history = [named, instance_linked("E1", &["api"])];
    check(&history, instance_linked("E1", &["api", "web"]), expect!["already so"]);
    check(&history, instance_linked("E1", &["api", "line-1"]), expect!["recorded"]);
    check(&history, instance_unlinked("E1", &["line-1"]), expect!["already so"]);
    check(&history, instance_unlinked("E1", &["web"]), expect!["recorded"]);
    check(
        &history,
        instance_linked("E2", &["api"]),
        expect!["refused: evidence `E2` is unknown in this unit"],
    );
    check(&history, instance_linked("E1", &["api"]).by("bot"), expect!["already so"]);
}

#[test]
fn an_item_belongs_to_at_most_16_instances() {
    let names: Vec<String> = (0..16).map(|number| format!("line-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let history = [submitted("E1"), instance_linked("E1", &names)];
    check(&history, instance_linked("E1", &names[3..]), expect!["already so"]);
    check(
        &history,
        instance_linked("E1", &["web"]),
        expect!["refused: `instances` has 17 entries, at most 16 are allowed"],
    );
}

#[test]
fn an_item_has_at_most_64_practices_each_counted_once() {
    let many = |areas: std::ops::RangeInclusive<u8>| -> Vec<String> {
        let of_area = |area| (1..=4).map(move |number| format!("BP.{area:02}.{number:02}"));
        areas.flat_map(of_area).collect()
    };
    let linking = |practices: &[String]| -> Fact {
        linked("E1", &practices.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let history = [
        submitted("E1").with(|item| {
            item.practices = many(1..=10).iter().map(|practice| target(practice)).collect();
        }),
        linking(&many(11..=16)),
    ];
    check(&history, linking(&many(11..=16)), expect!["already so"]);
    check(
        &history,
        linking(&many(16..=17)),
        expect!["refused: `practices` has 68 entries, at most 64 are allowed"],
    );
}

#[test]
fn a_payload_is_erased_once() {
    let history = [submitted("E1"), submitted("E2"), erased(1)];
    check(&history, erased(1), expect!["already so"]);
    check(&history, erased(2), expect!["recorded"]);
    check(&history, erased(4), expect!["refused: the unit's stream has no version 4"]);
}
