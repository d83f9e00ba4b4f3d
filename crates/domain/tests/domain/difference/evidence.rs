//! Causes that lie in evidence: begun, expired, ended, reviewed, linked.

use expect_test::expect;
use gradus_model::evidence::Outcome;

use super::{BASE, both, check, rated_and};
use crate::given::{accepted, ended, linked, rejected, submitted, superseded, unlinked, withdrawn};

#[test]
fn new_evidence_lifts_when_its_work_begins_and_expires_after_its_window() {
    let tale = rated_and(&[both("E1").worked_from("2026-02-01")]);
    check(
        &tale,
        "app 2026-01-01",
        "app 2027-06-01",
        expect![[r#"
        happened 2026-02-01 1-5/0 -> 1-5
            new evidence E1 for BP.01.01 #2
            new evidence E1 for BP.01.02 #2
        happened 2027-03-01 1-5 -> 1-5/0
            expired E1 for BP.01.01 by P1Y #2
            expired E1 for BP.01.02 by P1Y #2
    "#]],
    );
    check(
        &tale,
        "app 2026-03-01 #2",
        "app 2026-03-01",
        expect![[r#"
        learnt 2026-03-01 1-5/0 -> 1-5
            new evidence E1 for BP.01.01 #2
            new evidence E1 for BP.01.02 #2
    "#]],
    );
}

#[test]
fn evidence_after_other_evidence_renews() {
    let again = both("E2").on("2028-01-01");
    let tale = rated_and(&[both("E1"), again]);
    check(
        &tale,
        "app 2027-06-01",
        "app 2028-06-01",
        expect![[r#"
        happened 2028-01-01 1-5/0 -> 1-5
            renewed E2 for BP.01.01 #3
            renewed E2 for BP.01.02 #3
    "#]],
    );
    check(
        &tale,
        "app 2028-06-01 #3",
        "app 2028-06-01",
        expect![[r#"
        learnt 2028-06-01 1-5/0 -> 1-5
            renewed E2 for BP.01.01 #3
            renewed E2 for BP.01.02 #3
    "#]],
    );
}

#[test]
fn what_only_follows_on_other_evidence_moves_nothing() {
    let tale = rated_and(&[both("E1"), both("E2").on("2027-01-01")]);
    check(&tale, "app 2026-06-01", "app 2027-06-01", expect![[r#""#]]);
}

#[test]
fn an_end_that_the_submitter_gave_expires_and_one_that_was_told_ends() {
    let given = [
        both("E1").valid_until("2026-04-01"),
        both("E2").on("2026-05-01"),
        ended("E2").on("2026-06-01"),
    ];
    let tale = rated_and(&given);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-07-01",
        expect![[r#"
            happened 2026-04-01 1-5 -> 1-5/0
                expired E1 for BP.01.01 as given #2
                expired E1 for BP.01.02 as given #2
            happened 2026-05-01 1-5/0 -> 1-5
                renewed E2 for BP.01.01 #3
                renewed E2 for BP.01.02 #3
            happened 2026-06-01 1-5 -> 1-5/0
                ended E2 for BP.01.01 #4
                ended E2 for BP.01.02 #4
        "#]],
    );
    check(
        &tale,
        "app 2026-06-01 #4",
        "app 2026-06-01",
        expect![[r#"
        learnt 2026-06-01 1-5 -> 1-5/0
            ended E2 for BP.01.01 #4
            ended E2 for BP.01.02 #4
    "#]],
    );
}

#[test]
fn an_item_that_another_replaced_is_superseded() {
    let tale = rated_and(&[
        both("E1"),
        submitted("E2").for_practices(&BASE[..1]).on("2026-04-01"),
        superseded("E1", "E2").on("2026-04-01"),
    ]);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-05-01",
        expect![[r#"
            happened 2026-04-01 1-5 -> 1-5/0
                superseded E1 for BP.01.02 by E2 #4
        "#]],
    );
}

#[test]
fn reviews_move_what_is_known_of_the_whole_validity() {
    let tale = rated_and(&[
        both("E1").by("bob"),
        accepted("E1").on("2026-04-01"),
        rejected("E1").on("2026-04-02"),
        accepted("E1").on("2026-04-03"),
        withdrawn("E1").on("2026-05-01"),
    ]);
    check(
        &tale,
        "app 2026-03-01 #2",
        "app 2026-03-01",
        expect![[r#"
        learnt 2026-03-01 1-5/0 -> 1-5
            accepted E1 for BP.01.01 #3
            accepted E1 for BP.01.02 #3
        learnt 2026-03-01 1-5 -> 1-5/0
            rejected E1 for BP.01.01 #4
            rejected E1 for BP.01.02 #4
        learnt 2026-03-01 1-5/0 -> 1-5
            accepted E1 for BP.01.01 #5
            accepted E1 for BP.01.02 #5
        learnt 2026-03-01 1-5 -> 1-5/0
            withdrawn E1 for BP.01.01 #6
            withdrawn E1 for BP.01.02 #6
    "#]],
    );
}

#[test]
fn links_move_what_is_known_too() {
    let tale = rated_and(&[
        submitted("E1").for_practices(&BASE[..1]),
        linked("E1", &BASE),
        unlinked("E1", &BASE[..1]),
    ]);
    check(
        &tale,
        "app 2026-03-01 #2",
        "app 2026-03-01",
        expect![[r#"
        learnt 2026-03-01 1-5/0 -> 1-5
            linked E1 for BP.01.02 #3
        learnt 2026-03-01 1-5 -> 1-5/0
            unlinked E1 for BP.01.01 #4
    "#]],
    );
}

#[test]
fn evidence_against_a_practice_contradicts_until_it_expires() {
    let against =
        submitted("E2").for_practices(&BASE[1..]).outcome(Outcome::Contradicts).on("2026-04-01");
    let tale = rated_and(&[both("E1"), against.valid_until("2026-05-01")]);
    check(
        &tale,
        "app 2026-03-01",
        "app 2026-06-01",
        expect![[r#"
        happened 2026-04-01 1-5 -> 1-5/0
            contradicted E2 for BP.01.02 #3
        happened 2026-05-01 1-5/0 -> 1-5
            expired E2 for BP.01.02 as given #3
    "#]],
    );
    check(
        &tale,
        "app 2026-04-01 #3",
        "app 2026-04-01",
        expect![[r#"
        learnt 2026-04-01 1-5 -> 1-5/0
            contradicted E2 for BP.01.02 #3
    "#]],
    );
}
