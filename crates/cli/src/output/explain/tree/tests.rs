//! The tree as a reader sees it.

use expect_test::{Expect, expect};
use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::drawn;
use crate::select::{start, wire};

fn at(day: &str) -> Option<prost_types::Timestamp> {
    Some(wire(start(day).unwrap()))
}

fn level(level: u32) -> Option<v1::LevelAnswer> {
    let range = v1::LevelRange { at_least: level, at_most: level, open: 0, level: Some(level) };
    Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) })
}

fn rating(position: u64) -> v1::PracticeRating {
    v1::PracticeRating {
        rating: format!("rating-{position}"),
        value: v1::Value::Satisfied.into(),
        rated_by: Some(v1::PrincipalRef { id: "p1".into(), name: "alice".into() }),
        effective_at: at("2026-05-02"),
        position,
        ..v1::PracticeRating::default()
    }
}

fn item(position: u64, why_not: &str) -> v1::ExplainedEvidence {
    v1::ExplainedEvidence {
        evidence: format!("evidence-{position}"),
        position,
        kind: "policy".into(),
        outcome: if why_not == "against" { "contradicts" } else { "supports" }.into(),
        strength: "direct".into(),
        work_to: at("2026-05-01"),
        valid_until: if why_not == "over" { at("2026-05-20") } else { at("2028-05-01") },
        ends_by: "window".into(),
        window: if why_not == "over" { "P19D" } else { "P2Y" }.into(),
        counts: matches!(why_not, "" | "against"),
        why_not: if why_not == "against" { "" } else { why_not }.into(),
        age_days: Some(31),
        ..v1::ExplainedEvidence::default()
    }
}

fn practice(number: u32, support: v1::Support, why_not: &str) -> v1::ExplainedPractice {
    let is_met = support == v1::Support::Supported;
    let reached = |is| if is { v1::Reached::Yes } else { v1::Reached::No };
    let position = u64::from(number);
    v1::ExplainedPractice {
        state: Some(v1::PracticeState {
            practice: format!("iso-21827-2008/BP.11.0{number}"),
            title: format!("Title {number} that is longer than what is left of the line"),
            rating: Some(rating(20 + position)),
            support: support.into(),
            valid_until: if is_met { at("2028-05-01") } else { None },
            lapsed_at: at("2026-05-20"),
            ..v1::PracticeState::default()
        }),
        level: 1,
        rated: v1::Reached::Yes.into(),
        ongoing: reached(is_met).into(),
        ratings: vec![v1::ExplainedRating {
            rating: Some(rating(20 + position)),
            counts: true,
            ..v1::ExplainedRating::default()
        }],
        evidence: vec![item(position, why_not), item(10 + position, "not-begun")],
        feature: "1.1".into(),
        is_feature: false,
    }
}

fn answer_of_a_server() -> v1::ExplainLevelResponse {
    let unit = Some(v1::UnitRef { id: "u1".into(), name: "alpha".into() });
    let need = |practice: &str| v1::Need {
        practice: format!("iso-21827-2008/{practice}"),
        evidence: true,
        ..v1::Need::default()
    };
    let state = |ongoing| v1::AreaState {
        rated: level(1),
        ongoing: level(ongoing),
        ..v1::AreaState::default()
    };
    let step = |level, reached: v1::Reached, practices, met, still| v1::LevelStep {
        level,
        rated: reached.into(),
        ongoing: v1::Reached::No.into(),
        practices,
        met_rated: met,
        met_ongoing: still,
        open: practices - met,
        features: Vec::new(),
    };
    v1::ExplainLevelResponse {
        unit: unit.clone(),
        coordinate: Some(v1::ResolvedCoordinate {
            valid_at: at("2026-06-01"),
            log_size: 40,
            head_size: 40,
            rules_name: "strict".into(),
            model: "iso-21827-2008".into(),
            ..v1::ResolvedCoordinate::default()
        }),
        scheme: "sse-cmm".into(),
        area: Some(v1::AreaLevel {
            area: "iso-21827-2008/PA11".into(),
            title: "Verify and Validate".into(),
            rated: level(1),
            ongoing: level(0),
            coverage: Some(v1::Coverage {
                practices_total: 4,
                covered: 1,
                contradicted: 1,
                lapsed: 1,
                items_valid: Some(2),
            }),
            ..v1::AreaLevel::default()
        }),
        steps: vec![step(1, v1::Reached::Yes, 4, 4, 1), step(2, v1::Reached::Open, 12, 0, 0)],
        practices: vec![
            practice(1, v1::Support::Supported, ""),
            practice(2, v1::Support::Lapsed, "over"),
            practice(3, v1::Support::Contradicted, "against"),
            practice(4, v1::Support::Unsupported, "not-reviewed"),
        ],
        lift_ongoing: Some(v1::Lift {
            to_level: 1,
            needs: vec![need("BP.11.02"), need("BP.11.03"), need("BP.11.04")],
        }),
        falls_next: Some(v1::Movement {
            valid_at: at("2028-05-01"),
            before: Some(state(1)),
            after: Some(state(0)),
            causes: vec![v1::Cause {
                class: "expired".into(),
                position: Some(1),
                practice: "iso-21827-2008/BP.11.01".into(),
                unit,
                ends_by: "window".into(),
                window: "P2Y".into(),
                ..v1::Cause::default()
            }],
            ..v1::Movement::default()
        }),
        ..v1::ExplainLevelResponse::default()
    }
}

fn check(response: &v1::ExplainLevelResponse, all: bool, seen: &Expect) {
    seen.assert_eq(&drawn(response, all, 100));
}

#[test]
fn in_a_narrow_terminal_lines_are_folded_between_their_parts() {
    let seen = drawn(&answer_of_a_server(), true, 72);
    let widest = seen.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(72), "{seen}");
    let words = |text: &str| {
        let plain = text.replace(['│', '├', '─', '└', '·'], " ");
        plain.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let wide = drawn(&answer_of_a_server(), true, 1_000);
    assert_eq!(words(&seen).concat(), words(&wide).concat(), "nothing is lost");
}

#[test]
fn a_reader_sees_why_the_ongoing_level_is_lower() {
    check(
        &answer_of_a_server(),
        false,
        &expect![[r#"
            alpha at 2026-06-01T00:00:00Z · log size 40 of 40 · rules strict · model iso-21827-2008
            PA11 Verify and Validate
            rated 1 · ongoing 0 · 1 of 4 base practices covered, 1 contradicted, 1 lapsed · 2 valid items
            ├─ level 1: rated yes, ongoing no · 4 practices, 4 met, 1 still supported
            │  ├─ BP.11.01  met          satisfied by alice 2026-05-02 #21; supported until 2028-05-01
            │  │  ├─ #1 policy supports (direct) · 2026-05-01, 31 days · until 2028-05-01, window P2Y
            │  │  └─ 1 later item had not begun
            │  ├─ BP.11.02  unsupported  satisfied by alice 2026-05-02 #22; lapsed since 2026-05-20
            │  │  │ Title 2 that is longer than what is left of the line
            │  │  ├─ #2 policy supports (direct) · 2026-05-01, 31 days · over since 2026-05-20, window P19D
            │  │  └─ 1 later item had not begun
            │  ├─ BP.11.03  unsupported  satisfied by alice 2026-05-02 #23; contradicted
            │  │  │ Title 3 that is longer than what is left of the line
            │  │  ├─ #3 policy contradicts (direct) · 2026-05-01, 31 days · until 2028-05-01, window P2Y
            │  │  └─ 1 later item had not begun
            │  └─ BP.11.04  unsupported  satisfied by alice 2026-05-02 #24; no evidence that counts
            │     │ Title 4 that is longer than what is left of the line
            │     ├─ #4 policy supports (direct) · 2026-05-01, 31 days · does not count: nobody accepted it
            │     └─ 1 later item had not begun
            └─ level 2: rated open, ongoing no · 12 practices, nobody has rated any

            Lifts ongoing to 1: settle what contradicts BP.11.03; renew evidence for BP.11.02, BP.11.04
            Falls next: 2028-05-01T00:00:00Z, ongoing 1 to 0: expired by window P2Y: BP.11.01 #1
        "#]],
    );
}

#[test]
fn everything_is_told_when_all_is_asked_for() {
    let mut one = answer_of_a_server();
    one.practices.truncate(1);
    let replaced = v1::ExplainedRating {
        rating: Some(rating(7)),
        instance: "web".into(),
        why_not: "replaced".into(),
        replaced_by: Some(21),
        ..v1::ExplainedRating::default()
    };
    one.practices[0].ratings.push(replaced);
    check(
        &one,
        true,
        &expect![[r#"
        alpha at 2026-06-01T00:00:00Z · log size 40 of 40 · rules strict · model iso-21827-2008
        PA11 Verify and Validate
        rated 1 · ongoing 0 · 1 of 4 base practices covered, 1 contradicted, 1 lapsed · 2 valid items
        ├─ level 1: rated yes, ongoing no · 4 practices, 4 met, 1 still supported
        │  └─ BP.11.01  met          satisfied by alice 2026-05-02 #21; supported until 2028-05-01
        │     │ Title 1 that is longer than what is left of the line
        │     ├─ satisfied by alice 2026-05-02 #7, instance web · does not count: replaced by #21
        │     ├─ #1 policy supports (direct) · 2026-05-01, 31 days · until 2028-05-01, window P2Y
        │     └─ #11 policy supports (direct) · 2026-05-01, 31 days · does not count: the work had not begun
        └─ level 2: rated open, ongoing no · 12 practices, nobody has rated any

        Lifts ongoing to 1: renew evidence for BP.11.02, BP.11.03, BP.11.04
        Falls next: 2028-05-01T00:00:00Z, ongoing 1 to 0: expired by window P2Y: BP.11.01 #1
    "#]],
    );
}

#[test]
fn an_area_that_does_not_apply_says_since_when() {
    let mut out = answer_of_a_server();
    out.tailored_out = Some(v1::TailoredOut { since: at("2026-05-25"), position: 31 });
    out.steps.truncate(1);
    out.practices.truncate(1);
    out.lift_ongoing = None;
    out.falls_next = None;
    check(
        &out,
        false,
        &expect![[r#"
            alpha at 2026-06-01T00:00:00Z · log size 40 of 40 · rules strict · model iso-21827-2008
            PA11 Verify and Validate
            rated 1 · ongoing 0 · 1 of 4 base practices covered, 1 contradicted, 1 lapsed · 2 valid items
            It does not apply since 2026-05-25 #31: below is what would count if it did.
            └─ level 1: rated yes, ongoing no · 4 practices, 4 met, 1 still supported
               └─ BP.11.01  met          satisfied by alice 2026-05-02 #21; supported until 2028-05-01
                  ├─ #1 policy supports (direct) · 2026-05-01, 31 days · until 2028-05-01, window P2Y
                  └─ 1 later item had not begun

            Falls next: nothing does by the passing of time
        "#]],
    );
}

#[test]
fn duties_in_one_hand_and_a_conflict_of_interest_are_told_with_the_rating_and_why() {
    let mut one = answer_of_a_server();
    one.steps.truncate(1);
    one.practices.truncate(1);
    one.lift_ongoing = None;
    one.falls_next = None;
    let relaxed = |pair: &str| v1::RelaxedDuty {
        pair: pair.into(),
        rules: "solo".into(),
        reason: "one person alone".into(),
        evidence: "evidence-1".into(),
    };
    let rating = &mut one.practices[0].ratings[0];
    rating.relaxed = vec![relaxed("provider-rates"), relaxed("reviewer-rates")];
    rating.conflict = Some(v1::Conflict {
        principal: Some(v1::PrincipalRef { id: "p1".into(), name: "alice".into() }),
        since: at("2026-04-01"),
        position: 17,
        ..v1::Conflict::default()
    });
    check(
        &one,
        false,
        &expect![[r#"
        alpha at 2026-06-01T00:00:00Z · log size 40 of 40 · rules strict · model iso-21827-2008
        PA11 Verify and Validate
        rated 1 · ongoing 0 · 1 of 4 base practices covered, 1 contradicted, 1 lapsed · 2 valid items
        └─ level 1: rated yes, ongoing no · 4 practices, 4 met, 1 still supported
           └─ BP.11.01  met          satisfied by alice 2026-05-02 #21; supported until 2028-05-01
              │ #21 in one hand: provider-rates, reviewer-rates (rules solo)
              │ #21 conflict of interest of alice since 2026-04-01T00:00:00Z #17
              ├─ #1 policy supports (direct) · 2026-05-01, 31 days · until 2028-05-01, window P2Y
              └─ 1 later item had not begun

        Falls next: nothing does by the passing of time
        Rules solo relax provider-rates: one person alone
        Rules solo relax reviewer-rates: one person alone
    "#]],
    );
}
