//! Corrections of evidence: what ended counted until then; what people decide, and links, act on the
//! whole validity from their record on.

use expect_test::expect;

use crate::coverage::{check, told};
use crate::given::{
    STRICT, TRUSTING, accepted, at, ended, evidence, history, known, linked, rejected, submitted,
    superseded, unlinked, withdrawn,
};

#[test]
fn what_ended_counted_until_then() {
    check(
        &[submitted("E1").on("2026-01-01"), ended("E1").on("2026-04-01")],
        &["2026-03-31", "2026-04-01"],
        expect![[r#"
            2026-03-31 supported until 2026-04-01, items 1
            2026-04-01 lapsed since 2026-04-01
        "#]],
    );
    check(
        &[submitted("E1").on("2026-01-01"), ended("E1").on("2026-01-01")],
        &["2026-01-01", "2026-04-01"],
        expect![[r#"
            2026-01-01 unsupported
            2026-04-01 unsupported
        "#]],
    );
}

#[test]
fn of_two_ends_the_later_recorded_holds_and_none_lengthens_a_window() {
    let end = |on: &str| ended("E1").on(on);
    check(
        &[submitted("E1"), end("2026-04-01"), end("2026-05-01")],
        &["2026-04-01", "2026-05-01"],
        expect![[r#"
            2026-04-01 supported until 2026-05-01, items 1
            2026-05-01 lapsed since 2026-05-01
        "#]],
    );
    check(
        &[submitted("E1"), end("2099-01-01")],
        &["2027-02-28", "2027-03-01"],
        expect![[r#"
        2027-02-28 supported until 2027-03-01, items 1
        2027-03-01 lapsed since 2027-03-01
    "#]],
    );
}

#[test]
fn what_was_superseded_counted_until_the_other_took_its_place() {
    check(
        &[
            submitted("E1").on("2026-01-01"),
            submitted("E2").on("2026-04-01").for_practices(&["BP.01.02"]),
            superseded("E1", "E2").on("2026-04-01"),
        ],
        &["2026-03-31", "2026-04-01"],
        expect![[r#"
            2026-03-31 supported until 2026-04-01, items 1
            2026-04-01 lapsed since 2026-04-01
        "#]],
    );
}

#[test]
fn what_was_rejected_or_withdrawn_counted_never_and_is_seen_as_known_then() {
    for decided in [rejected("E1"), withdrawn("E1")] {
        let facts = [submitted("E1").on("2026-01-01"), decided.on("2026-05-01")];
        for on in ["2026-01-01", "2026-05-01", "2028-01-01"] {
            assert_eq!(told(&facts, "BP.01.01", at(on), &TRUSTING), "unsupported");
        }
        let known_before = told(&facts, "BP.01.01", known("2026-01-01", 1), &TRUSTING);
        assert_eq!(known_before, "supported until 2027-01-01, items 1");
    }
}

#[test]
fn of_several_verdicts_the_last_recorded_holds_whatever_their_dates() {
    let facts = [
        submitted("E1"),
        accepted("E1").on("2026-05-01"),
        rejected("E1").on("2026-04-01"),
        accepted("E1").on("2026-03-01"),
    ];
    let as_known = |size| told(&facts, "BP.01.01", known("2026-03-01", size), &STRICT);
    let supported = "supported until 2027-03-01, items 1";
    assert_eq!(
        [as_known(1), as_known(2), as_known(3), as_known(4)],
        ["unsupported", supported, "unsupported", supported]
    );
}

#[test]
fn links_hold_for_the_whole_validity_from_their_record_on() {
    let facts = [
        submitted("E1").on("2026-01-01"),
        linked("E1", &["BP.01.02"]).on("2026-05-01"),
        unlinked("E1", &["BP.01.01"]).on("2026-05-01"),
        linked("E1", &["BP.01.01"]).on("2026-05-01"),
    ];
    let as_known = |practice, size| {
        told(&facts, practice, known("2026-01-01", size), &TRUSTING).starts_with("supported")
    };
    let first = [1, 2, 3, 4].map(|size| as_known("BP.01.01", size));
    let second = [1, 2, 3, 4].map(|size| as_known("BP.01.02", size));
    assert_eq!(first, [true, true, false, true]);
    assert_eq!(second, [false, true, true, true]);
}

#[test]
fn an_item_that_is_linked_again_counts_once() {
    let facts = [
        submitted("E1"),
        linked("E1", &["BP.01.01", "BP.01.02"]),
        unlinked("E1", &["BP.01.01"]),
        linked("E1", &["BP.01.01"]),
        linked("E1", &["BP.01.01", "BP.01.03"]),
    ];
    for size in [2, 4, 5] {
        let told = told(&facts, "BP.01.01", known("2026-03-01", size), &TRUSTING);
        assert_eq!(told, "supported until 2027-03-01, items 1");
    }
    let twice = [submitted("E1").for_practices(&["BP.01.01", "BP.01.01"])];
    check(
        &twice,
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 supported until 2027-03-01, items 1
    "#]],
    );
}

#[test]
fn what_was_unlinked_is_listed_for_its_practices_no_more() {
    let facts = [
        submitted("E1").for_practices(&["BP.01.01", "BP.01.02"]),
        unlinked("E1", &["BP.01.01", "BP.01.03"]),
    ];
    let history = history(&facts);
    let practices = |size| {
        let known = history.practices_of(evidence("E1"), size);
        known.iter().map(|target| target.practice.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(practices(1), ["BP.01.01", "BP.01.02"]);
    assert_eq!(practices(2), ["BP.01.02"]);
    let ever: Vec<String> = history.targets().map(|target| target.practice.to_string()).collect();
    assert_eq!(ever, ["BP.01.01", "BP.01.02"]);
}
