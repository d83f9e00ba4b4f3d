//! Coverage: what stands behind a practice, at any date, as known at any size.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::coverage::{Support, support_and_items};
use gradus_domain::{At, Registry, Rules};
use gradus_model::evidence::{Kind, Outcome, Strength};

use crate::given::{
    Everyone, Fact, STRICT, STRICT_TEXT, TRUSTING, accepted, at, confirmed, history, known,
    rejected, shown, submitted, target,
};

pub(crate) fn told(facts: &[Fact], practice: &str, at: At, rules: &Rules) -> String {
    let history = history(facts);
    let (support, items) = support_and_items(&history, &target(practice), at, rules, &Everyone);
    let when = match support {
        Support::Supported { until } => format!(" until {}", shown(until)),
        Support::Lapsed { since } => format!(" since {}", shown(since)),
        Support::Contradicted | Support::Unsupported => String::new(),
    };
    let items = if items == 0 { String::new() } else { format!(", items {items}") };
    format!("{}{when}{items}", support.name())
}

/// Given `facts`, when BP.01.01 is asked for under `rules` on each of `days`, then `expected`.
fn check_under(rules: &Rules, facts: &[Fact], days: &[&str], expected: Expect) {
    let mut lines = String::new();
    for on in days {
        let _ = writeln!(lines, "{on} {}", told(facts, "BP.01.01", at(on), rules));
    }
    expected.assert_eq(&lines);
}

/// The same under rules that count the evidence of services on arrival.
pub(crate) fn check(facts: &[Fact], days: &[&str], expected: Expect) {
    check_under(&TRUSTING, facts, days, expected);
}

#[test]
fn evidence_counts_from_the_begin_of_its_work_to_the_end_of_its_window() {
    check(
        &[submitted("E1").worked_from("2026-02-01").on("2026-03-01")],
        &["2026-01-31", "2026-02-01", "2026-03-01", "2027-02-28", "2027-03-01", "2030-01-01"],
        expect![[r#"
            2026-01-31 unsupported
            2026-02-01 supported until 2027-03-01, items 1
            2026-03-01 supported until 2027-03-01, items 1
            2027-02-28 supported until 2027-03-01, items 1
            2027-03-01 lapsed since 2027-03-01
            2030-01-01 lapsed since 2027-03-01
        "#]],
    );
}

#[test]
fn each_kind_has_its_own_window_from_the_end_of_the_work_on() {
    let mut ends = String::new();
    for kind in Kind::ALL {
        let facts = [submitted("E1").of_kind(*kind).worked_from("2025-12-01").on("2026-01-31")];
        let _ = writeln!(ends, "{kind} {}", told(&facts, "BP.01.01", at("2026-01-31"), &TRUSTING));
    }
    expect![[r#"
        policy supported until 2028-01-31, items 1
        plan supported until 2027-01-31, items 1
        process-definition supported until 2028-01-31, items 1
        design supported until 2028-01-31, items 1
        analysis supported until 2027-01-31, items 1
        review-record supported until 2027-01-31, items 1
        test-result supported until 2026-05-01, items 1
        test-definition supported until 2028-01-31, items 1
        scan-report supported until 2026-05-01, items 1
        sbom supported until 2027-01-31, items 1
        provenance supported until 2027-01-31, items 1
        configuration supported until 2028-01-31, items 1
        change-record supported until 2027-01-31, items 1
        release supported until 2027-01-31, items 1
        advisory supported until 2027-01-31, items 1
        incident supported until 2026-07-30, items 1
        measurement supported until 2027-01-31, items 1
        training-record supported until 2027-01-31, items 1
        interview supported until 2027-01-31, items 1
        questionnaire supported until 2027-01-31, items 1
        agreement supported until 2028-01-31, items 1
        audit-report supported until 2027-01-31, items 1
        guidance supported until 2028-01-31, items 1
        document supported until 2027-01-31, items 1
    "#]]
    .assert_eq(&ends);
}

#[test]
fn a_month_is_a_month_of_the_calendar() {
    let text = STRICT_TEXT.replace("window = \"P1Y\"", "window = \"P1M\"");
    let rules = Rules::parse("made-up.toml", &text).unwrap();
    check_under(
        &rules,
        &[submitted("E1").on("2026-01-31"), accepted("E1")],
        &["2026-02-27", "2026-02-28"],
        expect![[r#"
            2026-02-27 supported until 2026-02-28, items 1
            2026-02-28 lapsed since 2026-02-28
        "#]],
    );
}

#[test]
fn the_end_of_validity_that_a_submitter_gave_shortens_the_window_and_never_lengthens_it() {
    check(
        &[submitted("E1").valid_until("2026-04-01")],
        &["2026-03-31", "2026-04-01"],
        expect![[r#"
            2026-03-31 supported until 2026-04-01, items 1
            2026-04-01 lapsed since 2026-04-01
        "#]],
    );
    check(
        &[submitted("E1").valid_until("2099-01-01")],
        &["2027-02-28", "2027-03-01"],
        expect![[r#"
            2027-02-28 supported until 2027-03-01, items 1
            2027-03-01 lapsed since 2027-03-01
        "#]],
    );
}

#[test]
fn renewed_evidence_holds_as_long_as_the_last_of_what_has_begun() {
    check(
        &[submitted("E1").on("2026-03-01"), submitted("E2").on("2026-09-01")],
        &["2026-08-31", "2026-09-01", "2027-03-01", "2027-08-31", "2027-09-01"],
        expect![[r#"
            2026-08-31 supported until 2027-03-01, items 1
            2026-09-01 supported until 2027-09-01, items 2
            2027-03-01 supported until 2027-09-01, items 1
            2027-08-31 supported until 2027-09-01, items 1
            2027-09-01 lapsed since 2027-09-01
        "#]],
    );
}

#[test]
fn a_gap_between_two_windows_is_lapsed_and_then_supported_again() {
    let scan = |name: &str, on: &str| submitted(name).of_kind(Kind::ScanReport).on(on);
    check(
        &[scan("E1", "2026-01-01"), scan("E2", "2026-07-01")],
        &["2026-03-31", "2026-04-01", "2026-06-30", "2026-07-01", "2026-09-29"],
        expect![[r#"
            2026-03-31 supported until 2026-04-01, items 1
            2026-04-01 lapsed since 2026-04-01
            2026-06-30 lapsed since 2026-04-01
            2026-07-01 supported until 2026-09-29, items 1
            2026-09-29 lapsed since 2026-09-29
        "#]],
    );
}

#[test]
fn evidence_weaker_than_the_rules_ask_for_neither_supports_nor_contradicts() {
    let weak = |outcome| submitted("E1").strength(Strength::Weak).outcome(outcome);
    check(
        &[weak(Outcome::Supports)],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 unsupported
    "#]],
    );
    check(
        &[weak(Outcome::Contradicts)],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 unsupported
    "#]],
    );
    check(
        &[submitted("E1").strength(Strength::Indirect)],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 supported until 2027-03-01, items 1
    "#]],
    );
    check_under(
        &TRUSTING.requiring(Strength::Direct),
        &[submitted("E1").strength(Strength::Indirect)],
        &["2026-03-01"],
        expect![[r#"
            2026-03-01 unsupported
        "#]],
    );
}

#[test]
fn valid_evidence_against_a_practice_outweighs_all_that_speaks_for_it() {
    let against = submitted("E2").of_kind(Kind::ScanReport).outcome(Outcome::Contradicts);
    check(
        &[submitted("E1").on("2026-01-01"), against.on("2026-03-01")],
        &["2026-02-28", "2026-03-01", "2026-05-29", "2026-05-30", "2027-01-01"],
        expect![[r#"
            2026-02-28 supported until 2027-01-01, items 1
            2026-03-01 contradicted, items 2
            2026-05-29 contradicted, items 2
            2026-05-30 supported until 2027-01-01, items 1
            2027-01-01 lapsed since 2027-01-01
        "#]],
    );
}

#[test]
fn inconclusive_evidence_speaks_for_nothing_and_against_nothing() {
    check(
        &[submitted("E1").outcome(Outcome::Inconclusive)],
        &["2026-03-01", "2028-01-01"],
        expect![[r#"
            2026-03-01 unsupported
            2028-01-01 unsupported
        "#]],
    );
}

#[test]
fn what_only_ever_contradicted_never_lapses() {
    check(
        &[submitted("E1").outcome(Outcome::Contradicts)],
        &["2026-03-01", "2027-03-01"],
        expect![[r#"
            2026-03-01 contradicted, items 1
            2027-03-01 unsupported
        "#]],
    );
}

#[test]
fn strict_rules_count_what_a_person_accepted_whenever_that_was() {
    let facts = [submitted("E1").on("2026-01-01"), accepted("E1").on("2026-05-01")];
    check_under(
        &STRICT,
        &facts,
        &["2025-12-31", "2026-01-01"],
        expect![[r#"
        2025-12-31 unsupported
        2026-01-01 supported until 2027-01-01, items 1
    "#]],
    );
    assert_eq!(told(&facts, "BP.01.01", known("2026-01-01", 1), &STRICT), "unsupported");
}

#[test]
fn trusting_rules_count_what_services_submit_until_a_person_decides() {
    let by_a_person = [submitted("E1").by("alice")];
    check(
        &by_a_person,
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 unsupported
    "#]],
    );
    check(
        &[submitted("E1"), rejected("E1")],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 unsupported
    "#]],
    );
    check(
        &[submitted("E1"), confirmed("E1")],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 supported until 2027-03-01, items 1
    "#]],
    );
    check_under(
        &STRICT,
        &[submitted("E1"), confirmed("E1")],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 unsupported
    "#]],
    );
}

#[test]
fn the_provider_that_nobody_knows_is_not_trusted() {
    let history = history(&[submitted("E1")]);
    let nobody = Registry::default();
    let point = at("2026-03-01");
    let support = support_and_items(&history, &target("BP.01.01"), point, &TRUSTING, &nobody);
    assert_eq!(support, (Support::Unsupported, 0));
}

#[test]
fn freshness_is_measured_from_the_date_asked() {
    let facts = [submitted("E1").of_kind(Kind::TestResult).on("2020-01-01")];
    check(
        &facts,
        &["2020-03-30", "2020-03-31", "2026-06-01"],
        expect![[r#"
        2020-03-30 supported until 2020-03-31, items 1
        2020-03-31 lapsed since 2020-03-31
        2026-06-01 lapsed since 2020-03-31
    "#]],
    );
}
