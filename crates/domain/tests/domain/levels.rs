//! Levels: rated and ongoing, inherited or the unit's own, at any date, as known at any size.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::level::{AreaAnswer, Question, levels};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::{At, UnitHistory};
use gradus_model::evidence::Outcome;
use gradus_model::rating::Value;
use gradus_model::{Catalog, Event, UnitId};

use crate::given::{
    DRAFT_OF_1997, DRAFT_TEXT, Everyone, Fact, ISO, TRUSTING, at, ended, history, known, name_of,
    of_1997, rated, rating_ended, submitted, tailored_in, tailored_out, target, unit,
};
use crate::made_up::TINY;

/// The practices of PA01 of the made-up model, each alone on its level but the two of level 1.
const LADDER: [&str; 6] = [
    "tiny:BP.01.01",
    "tiny:BP.01.02",
    "tiny:PA01/GP 2.1.1",
    "tiny:PA01/GP 3.1.1",
    "tiny:PA01/GP 4.1.1",
    "tiny:PA01/GP 5.1.1",
];

fn in_words(answer: LevelAnswer) -> String {
    match answer {
        LevelAnswer::Range { at_least, at_most, open } if at_least < at_most => {
            format!("{at_least} to {at_most}, {open} open")
        }
        LevelAnswer::Range { at_least, .. } => at_least.to_string(),
        LevelAnswer::NotRated => "not rated".to_owned(),
        LevelAnswer::NotApplicable => "not applicable".to_owned(),
        LevelAnswer::NotDeterminable => "not determinable".to_owned(),
    }
}

fn told(answer: &AreaAnswer) -> String {
    let (rated, ongoing) = (in_words(answer.rated), in_words(answer.ongoing));
    let from = answer.inherited_from.map(|unit| format!(", from {}", name_of(unit.0)));
    format!("{} {rated}; ongoing {ongoing}{}", answer.area, from.unwrap_or_default())
}

fn answers(model: &Catalog, lineage: &[(&str, &[Fact])], at: At) -> Vec<AreaAnswer> {
    let histories: Vec<(UnitId, UnitHistory)> =
        lineage.iter().map(|(name, facts)| (unit(name), history(facts))).collect();
    let lineage: Vec<(UnitId, &UnitHistory)> =
        histories.iter().map(|(unit, history)| (*unit, history)).collect();
    levels(&Question { at, rules: &TRUSTING, model, providers: &Everyone }, &lineage)
}

pub(crate) fn answer(model: &Catalog, lineage: &[(&str, &[Fact])], area: &str, at: At) -> String {
    let answers = answers(model, lineage, at);
    told(answers.iter().find(|answer| answer.area.to_string() == area).unwrap())
}

/// Given a unit's `facts`, when PA01 of the made-up model is asked for on `days`, then `expected`.
fn check(facts: &[Fact], days: &[&str], expected: Expect) {
    let mut lines = String::new();
    for on in days {
        let _ = writeln!(lines, "{on} {}", answer(&TINY, &[("app", facts)], "PA01", at(on)));
    }
    expected.assert_eq(&lines);
}

pub(crate) fn satisfied(practice: &str) -> Fact {
    rated(practice.trim_start_matches("tiny:"), practice, Value::Satisfied)
}

/// The first `practices` of the ladder satisfied, and evidence for all of it.
pub(crate) fn climbed(practices: usize) -> Vec<Fact> {
    let rungs = LADDER.iter().take(practices).map(|practice| satisfied(practice));
    [submitted("E1").for_practices(&LADDER)].into_iter().chain(rungs).collect()
}

/// The same fact on an area of the made-up model.
pub(crate) fn of_tiny(mut fact: Fact) -> Fact {
    let area = match &mut fact.proposal.event {
        Event::AreaTailoredOut(of) | Event::AreaTailoredIn(of) => &mut of.area,
        Event::AreaInheritanceSet(of) => &mut of.area,
        other => panic!("{} has no area", other.name()),
    };
    area.model = TINY.id().clone();
    fact
}

#[test]
fn what_nobody_judged_is_not_rated_and_not_level_0() {
    check(
        &[],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 PA01 not rated; ongoing not rated
    "#]],
    );
    check(
        &[submitted("E1").for_practices(&LADDER)],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 PA01 not rated; ongoing not rated
    "#]],
    );
    check(
        &climbed(6),
        &["2026-02-28", "1900-01-01"],
        expect![[r#"
        2026-02-28 PA01 not rated; ongoing not rated
        1900-01-01 PA01 not rated; ongoing not rated
    "#]],
    );
}

#[test]
fn each_level_needs_every_practice_up_to_it() {
    let mut lines = String::new();
    for practices in 1..=LADDER.len() {
        let facts = climbed(practices);
        let told = answer(&TINY, &[("app", &facts)], "PA01", at("2026-03-01"));
        let _ = writeln!(lines, "{practices} satisfied: {told}");
    }
    expect![[r#"
        1 satisfied: PA01 0 to 5, 5 open; ongoing 0 to 5, 5 open
        2 satisfied: PA01 1 to 5, 4 open; ongoing 1 to 5, 4 open
        3 satisfied: PA01 2 to 5, 3 open; ongoing 2 to 5, 3 open
        4 satisfied: PA01 3 to 5, 2 open; ongoing 3 to 5, 2 open
        5 satisfied: PA01 4 to 5, 1 open; ongoing 4 to 5, 1 open
        6 satisfied: PA01 5; ongoing 5
    "#]]
    .assert_eq(&lines);
}

#[test]
fn one_practice_that_is_not_satisfied_bounds_the_level_whatever_is_unknown() {
    let with = |practice: &str| {
        let no = rated("R9", practice, Value::NotSatisfied);
        answer(&TINY, &[("app", &[no])], "PA01", at("2026-03-01"))
    };
    assert_eq!(with("tiny:BP.01.01"), "PA01 0; ongoing 0");
    assert_eq!(with("tiny:PA01/GP 3.1.1"), "PA01 0 to 2, 3 open; ongoing 0 to 2, 3 open");
}

#[test]
fn the_ongoing_level_falls_when_evidence_ages_and_recovers_when_it_is_renewed() {
    let mut facts = climbed(3);
    facts.push(submitted("E2").on("2028-01-01").for_practices(&LADDER));
    check(
        &facts,
        &["2026-03-01", "2027-02-28", "2027-03-01", "2028-01-01"],
        expect![[r#"
        2026-03-01 PA01 2 to 5, 3 open; ongoing 2 to 5, 3 open
        2027-02-28 PA01 2 to 5, 3 open; ongoing 2 to 5, 3 open
        2027-03-01 PA01 2 to 5, 3 open; ongoing 0
        2028-01-01 PA01 2 to 5, 3 open; ongoing 2 to 5, 3 open
    "#]],
    );
}

#[test]
fn the_ongoing_level_is_as_high_as_the_evidence_of_each_level() {
    let mut facts: Vec<Fact> = LADDER.iter().take(4).map(|practice| satisfied(practice)).collect();
    facts.push(submitted("E1").for_practices(&LADDER[..3]));
    check(
        &facts,
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 PA01 3 to 5, 2 open; ongoing 2
    "#]],
    );
    let against = submitted("E2").for_practices(&LADDER[1..2]).outcome(Outcome::Contradicts);
    facts.push(against.on("2026-05-01"));
    check(
        &facts,
        &["2026-04-30", "2026-05-01"],
        expect![[r#"
        2026-04-30 PA01 3 to 5, 2 open; ongoing 2
        2026-05-01 PA01 3 to 5, 2 open; ongoing 0
    "#]],
    );
}

#[test]
fn ratings_without_evidence_are_a_rated_level_and_no_ongoing_one() {
    check(
        &climbed(2)[1..],
        &["2026-03-01"],
        expect![[r#"
        2026-03-01 PA01 1 to 5, 4 open; ongoing 0
    "#]],
    );
}

#[test]
fn a_rating_that_ended_leaves_its_practice_open_again() {
    let mut facts = climbed(2);
    facts.push(rating_ended("BP.01.02").on("2026-05-01"));
    check(
        &facts,
        &["2026-04-30", "2026-05-01"],
        expect![[r#"
        2026-04-30 PA01 1 to 5, 4 open; ongoing 1 to 5, 4 open
        2026-05-01 PA01 0 to 5, 5 open; ongoing 0 to 5, 5 open
    "#]],
    );
}

#[test]
fn an_area_that_was_tailored_out_is_not_applicable_from_then_on() {
    let mut facts = climbed(2);
    facts.extend([
        of_tiny(tailored_out("PA01")).on("2026-04-01"),
        of_tiny(tailored_in("PA01")).on("2026-05-01"),
    ]);
    check(
        &facts,
        &["2026-03-31", "2026-04-01", "2026-05-01"],
        expect![[r#"
        2026-03-31 PA01 1 to 5, 4 open; ongoing 1 to 5, 4 open
        2026-04-01 PA01 not applicable; ongoing not applicable
        2026-05-01 PA01 1 to 5, 4 open; ongoing 1 to 5, 4 open
    "#]],
    );
    let as_known = answer(&TINY, &[("app", &facts)], "PA01", known("2026-04-01", 3));
    assert_eq!(as_known, "PA01 1 to 5, 4 open; ongoing 1 to 5, 4 open");
}

#[test]
fn no_level_follows_where_the_model_lists_no_practices() {
    let facts = [rated("R1", "tiny:PA03/GP 2.1.1", Value::Satisfied)];
    let told = answer(&TINY, &[("app", &facts)], "PA03", at("2026-03-01"));
    assert_eq!(told, "PA03 not determinable; ongoing not determinable");
    let out = [of_tiny(tailored_out("PA03"))];
    let told = answer(&TINY, &[("app", &out)], "PA03", at("2026-03-01"));
    assert_eq!(told, "PA03 not applicable; ongoing not applicable");
}

#[test]
fn every_area_of_the_model_is_answered_in_its_order() {
    for model in [&*ISO, &*DRAFT_OF_1997, &*TINY] {
        let answers = answers(model, &[("app", &[])], at("2026-03-01"));
        let areas: Vec<_> = answers.iter().map(|answer| answer.area).collect();
        let expected: Vec<_> = model.areas().iter().map(|area| area.id).collect();
        assert_eq!(areas, expected);
    }
    assert_eq!(answers(&TINY, &[], at("2026-03-01"))[0].rated, LevelAnswer::NotRated);
}

#[test]
fn an_item_behind_several_practices_is_counted_once_for_the_area() {
    let facts = [
        submitted("E1").for_practices(&LADDER),
        submitted("E2").for_practices(&LADDER[..1]),
        submitted("E3").for_practices(&LADDER[1..2]).outcome(Outcome::Contradicts),
        submitted("E4").for_practices(&LADDER[2..3]),
        submitted("E5").for_practices(&LADDER[..2]),
        ended("E5"),
    ];
    let answers = answers(&TINY, &[("app", &facts)], at("2026-03-01"));
    let (coverage, practices) = (answers[0].coverage, &answers[0].practices);
    assert_eq!((coverage.practices, coverage.supported, coverage.contradicted), (2, 1, 1));
    assert_eq!((coverage.lapsed, answers[0].items), (0, 3));
    let items: Vec<u32> = practices.iter().map(|practice| practice.items).collect();
    assert_eq!(items, [2, 2, 2, 1, 1, 1]);
}

#[test]
fn practices_that_the_1997_edition_borrows_are_rated_under_the_model_that_lends_them() {
    let pa11 = DRAFT_OF_1997.area("PA11".parse().unwrap()).unwrap();
    assert!(pa11.base_practices.iter().all(|practice| practice.borrowed));
    let mut facts: Vec<Fact> = (0..)
        .zip(&pa11.base_practices)
        .map(|(number, practice)| {
            rated(&format!("R{number}"), "BP.12.01", Value::Satisfied)
                .rated_as(|rating| rating.target = practice.target.clone())
        })
        .collect();
    let answer =
        |facts: &[Fact]| answer(&DRAFT_OF_1997, &[("app", facts)], "PA11", at("2026-03-01"));
    let generic = ISO.generic_practices().iter().filter(|practice| practice.id.feature.level > 1);
    let open = generic.count();
    assert_eq!(answer(&facts), format!("PA11 1 to 5, {open} open; ongoing 0"));

    // A generic practice says how an area of this model is done: the lender's own says nothing here.
    facts.push(rated("G1", "PA12/GP 2.1.1", Value::NotSatisfied));
    assert_eq!(answer(&facts), format!("PA11 1 to 5, {open} open; ongoing 0"));
    facts.push(rated("G2", "sse-cmm-1997:PA11/GP 2.1.1", Value::NotSatisfied));
    assert_eq!(answer(&facts), "PA11 1; ongoing 0");
}

#[test]
fn base_practices_of_one_edition_say_nothing_about_the_other() {
    let facts = [rated("R1", "BP.01.01", Value::NotSatisfied)];
    assert_eq!(target("BP.01.01").practice, target("sse-cmm-1997:BP.01.01").practice);
    let answers = answers(&DRAFT_OF_1997, &[("app", &facts)], at("2026-03-01"));
    let rated: Vec<String> =
        answers.iter().filter(|area| area.rated != LevelAnswer::NotRated).map(told).collect();
    assert_eq!(rated, Vec::<String>::new());
}

#[test]
fn an_area_of_the_1997_edition_that_nothing_lends_practices_to_is_not_determinable() {
    let text = DRAFT_TEXT.replacen(
        "from = \"PA11\"\nto = \"PA12\"\nrelation = \"renumbered\"",
        "from = \"PA11\"\nto = \"PA12\"\nrelation = \"merged\"",
        1,
    );
    assert_ne!(text, DRAFT_TEXT);
    let undetermined = |model: &Catalog| {
        let answers = answers(model, &[("app", &[])], at("2026-03-01"));
        let undetermined = answers.iter().filter(|area| area.rated == LevelAnswer::NotDeterminable);
        undetermined.map(told).collect::<Vec<_>>()
    };
    assert_eq!(undetermined(&of_1997(&text)), ["PA11 not determinable; ongoing not determinable"]);
    assert_eq!(undetermined(&DRAFT_OF_1997), Vec::<String>::new());
}

/// Each row is a date asked about, each column a size of the log.
#[test]
fn what_was_reported_at_a_time_stays_what_was_reported_then() {
    let facts = [
        rated("R1", "tiny:BP.02.01", Value::Satisfied).on("2026-01-01"),
        rated("R2", "tiny:BP.02.01", Value::NotSatisfied).on("2026-03-01"),
        rated("R3", "tiny:BP.02.01", Value::NotSatisfied).on("2025-12-01"),
        rated("R4", "tiny:BP.02.01", Value::Satisfied).on("2026-03-01"),
    ];
    let mut table = String::new();
    for on in ["2025-11-30", "2025-12-01", "2026-01-01", "2026-03-01"] {
        let known_at = |size| {
            let answers = answers(&TINY, &[("app", &facts)], known(on, size));
            in_words(answers[1].rated)
        };
        let row: Vec<String> = (0..=4).map(known_at).collect();
        let _ = writeln!(table, "{on} {}", row.join(" | "));
    }
    expect![[r#"
        2025-11-30 not rated | not rated | not rated | not rated | not rated
        2025-12-01 not rated | not rated | not rated | 0 | 0
        2026-01-01 not rated | 1 to 5, 4 open | 1 to 5, 4 open | 1 to 5, 4 open | 1 to 5, 4 open
        2026-03-01 not rated | 1 to 5, 4 open | 0 | 0 | 1 to 5, 4 open
    "#]]
    .assert_eq(&table);
}
