//! Explanations: what is behind an area's levels, as it was known then.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::At;
use gradus_domain::cause::EndsBy;
use gradus_domain::explain::{
    Counts, Explanation, ItemBehind, PracticeBehind, RatingBehind, WhyNot, WhyPassedOver, explain,
};
use gradus_domain::history::UnitHistory;
use gradus_domain::level::{Question, levels};
use gradus_domain::lift::Need;
use gradus_domain::world::{NoAnswer, World, basis};
use gradus_model::evidence::{Outcome, Strength};
use gradus_model::rating::Value;
use gradus_model::unit::Inheritance;
use proptest::prelude::*;

use crate::difference::laws::{any_area, cases, coordinate, side, tale};
use crate::difference::{cause_in_words, state_in_words};
use crate::given::{
    Fact, accepted, day, document, ended, inheritance, name_of, rated, rating_ended,
    rating_withdrawn, rejected, shown, submitted, superseded, tailored_out, unit, withdrawn,
};
use crate::levels::{climbed, of_tiny, satisfied};
use crate::tale::{BEGUN, Tale, level_in_words, tiny_area};

/// PA01 of the made-up model, explained for a unit on a day with everything known.
fn explained(tale: &Tale, name: &str, on: &str) -> Explanation {
    let at = At { valid_at: day(on), size: tale.size() };
    explain(tale, unit(name), "PA01".parse().unwrap(), at, None).unwrap().unwrap()
}

fn ends_in_words(ends_by: &EndsBy) -> String {
    match ends_by {
        EndsBy::Window(window) => format!("by the window of {window}"),
        EndsBy::Given => "as given".to_owned(),
        EndsBy::Ended => "since it was ended".to_owned(),
        EndsBy::Superseded(by) => format!("in favour of {}", name_of(by.0)),
    }
}

fn counts_in_words(counts: Counts) -> String {
    match counts {
        Counts::For => "for".to_owned(),
        Counts::Against => "against".to_owned(),
        Counts::Not(WhyNot::Over { since }) => format!("over since {}", shown(since)),
        Counts::Not(why) => format!("not: {why:?}"),
    }
}

fn item_in_words(item: &ItemBehind) -> String {
    let age = item.age_in_days.map_or_else(String::new, |days| format!(", {days} days old"));
    format!(
        "{} #{} {} {} {}, {} to {} {}; {}{age}",
        name_of(item.evidence.0),
        item.position - BEGUN,
        item.standing.name(),
        item.strength,
        item.outcome,
        shown(item.work_from),
        shown(item.valid_until),
        ends_in_words(&item.ends_by),
        counts_in_words(item.counts),
    )
}

fn rating_in_words(rating: &RatingBehind) -> String {
    let instance = rating.instance.as_ref().map(|instance| format!(" of {instance}"));
    let by = match rating.by_rule {
        Some(basis) => format!("a rule at {}", basis.log_size),
        None => name_of(rating.actor.0),
    };
    let (name, position) = (name_of(rating.rating.0), rating.position - BEGUN);
    let since = shown(rating.effective_at);
    format!(
        "{name} #{position}{} {} by {by} since {since}",
        instance.unwrap_or_default(),
        rating.value
    )
}

fn passed_over_in_words(why: WhyPassedOver) -> String {
    match why {
        WhyPassedOver::NotRead => "not read".to_owned(),
        WhyPassedOver::Withdrawn => "withdrawn".to_owned(),
        WhyPassedOver::Ended { at } => format!("ended {}", shown(at)),
        WhyPassedOver::Replaced { by } => format!("replaced by #{}", by - BEGUN),
        WhyPassedOver::PersonWins => "a person's wins".to_owned(),
    }
}

fn practice_in_words(practice: &PracticeBehind) -> String {
    let mut lines = format!("{} {}\n", practice.target.practice, practice.support.name());
    for rating in &practice.ratings {
        let _ = writeln!(lines, "    {}", rating_in_words(rating));
    }
    for (rating, why) in &practice.passed_over {
        let why = passed_over_in_words(*why);
        let _ = writeln!(lines, "    passed over: {}: {why}", rating_in_words(rating));
    }
    for item in &practice.evidence {
        let _ = writeln!(lines, "    {}", item_in_words(item));
    }
    lines
}

/// Given the app's facts, what is behind BP.01.01 on a day.
fn check(facts: &[Fact], on: &str, expected: Expect) {
    let explanation = explained(&Tale::of_app(facts), "app", on);
    expected.assert_eq(&practice_in_words(&explanation.practices[0]));
}

fn one(name: &str) -> Fact {
    submitted(name).for_practices(&["tiny:BP.01.01"])
}

#[test]
fn every_item_says_whether_it_counts_and_why_not() {
    let facts = [
        one("E1"),
        one("E2").outcome(Outcome::Contradicts),
        one("E3").by("bob"),
        one("E4").by("bob"),
        accepted("E4"),
        one("E5"),
        rejected("E5"),
        one("E6"),
        withdrawn("E6"),
        one("E7").strength(Strength::Weak),
        one("E8").outcome(Outcome::Inconclusive),
        one("E9").worked_from("2026-04-01").on("2026-05-01"),
        one("E10").on("2025-01-01"),
    ];
    check(
        &facts,
        "2026-03-11",
        expect![[r#"
        BP.01.01 contradicted
            E1 #0 submitted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; for, 10 days old
            E2 #1 submitted direct contradicts, 2026-03-01 to 2027-03-01 by the window of P1Y; against, 10 days old
            E3 #2 submitted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; not: NotAccepted, 10 days old
            E4 #3 accepted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; for, 10 days old
            E5 #5 rejected direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; not: Rejected, 10 days old
            E6 #7 withdrawn direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; not: Withdrawn, 10 days old
            E7 #9 submitted weak supports, 2026-03-01 to 2027-03-01 by the window of P1Y; not: TooWeak, 10 days old
            E8 #10 submitted direct inconclusive, 2026-03-01 to 2027-03-01 by the window of P1Y; not: Inconclusive, 10 days old
            E9 #11 submitted direct supports, 2026-04-01 to 2027-05-01 by the window of P1Y; not: NotBegun
            E10 #12 submitted direct supports, 2025-01-01 to 2026-01-01 by the window of P1Y; over since 2026-01-01, 434 days old
    "#]],
    );
}

#[test]
fn every_item_says_when_it_ends_and_why_then() {
    let facts = [
        one("E1"),
        one("E2").valid_until("2026-12-31"),
        one("E3").valid_until("2028-01-01"),
        one("E4"),
        ended("E4").on("2026-06-01"),
        one("E5"),
        superseded("E5", "E1").on("2026-05-01"),
        one("E6"),
        ended("E6").on("2026-07-01"),
        superseded("E6", "E1").on("2026-06-01"),
    ];
    check(
        &facts,
        "2026-05-31",
        expect![[r#"
        BP.01.01 supported
            E1 #0 submitted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; for, 91 days old
            E2 #1 submitted direct supports, 2026-03-01 to 2026-12-31 as given; for, 91 days old
            E3 #2 submitted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; for, 91 days old
            E4 #3 submitted direct supports, 2026-03-01 to 2026-06-01 since it was ended; for, 91 days old
            E5 #5 submitted direct supports, 2026-03-01 to 2026-05-01 in favour of E1; over since 2026-05-01, 91 days old
            E6 #7 submitted direct supports, 2026-03-01 to 2026-06-01 in favour of E1; for, 91 days old
    "#]],
    );
}

#[test]
fn age_is_counted_from_the_moment_asked_about() {
    let facts = [one("E1").on("2026-03-01").worked_from("2026-01-01")];
    let age = |on: &str| {
        let explanation = explained(&Tale::of_app(&facts), "app", on);
        explanation.practices[0].evidence[0].age_in_days
    };
    let ages = ["2026-02-01", "2026-03-01", "2026-03-02T23:59:59Z", "2027-03-01"].map(age);
    assert_eq!(ages, [None, Some(0), Some(1), Some(365)]);
}

#[test]
fn ratings_in_force_are_told_by_instance_and_those_passed_over_with_the_reason() {
    let practice = "tiny:BP.01.01";
    let facts = [
        rated("R1", practice, Value::Satisfied).by_rule(),
        rated("R2", practice, Value::NotSatisfied).on("2025-01-01"),
        rated("R3", practice, Value::Satisfied).of_instance("a").on("2025-06-01"),
        rated("R4", practice, Value::Satisfied),
        rated("R5", practice, Value::Largely),
        rated("R6", practice, Value::NotSatisfied).of_instance("b"),
        rating_ended("R6").on("2026-03-05"),
        rated("R7", practice, Value::NotSatisfied),
        rating_withdrawn("R7"),
        rated("R8", practice, Value::NotSatisfied).on("2026-04-01"),
    ];
    check(
        &facts,
        "2026-03-11",
        expect![[r#"
        BP.01.01 unsupported
            R4 #3 satisfied by alice since 2026-03-01
            R3 #2 of a satisfied by alice since 2025-06-01
            passed over: R1 #0 satisfied by a rule at 9 since 2026-03-01: a person's wins
            passed over: R2 #1 not-satisfied by alice since 2025-01-01: replaced by #3
            passed over: R5 #4 L by alice since 2026-03-01: not read
            passed over: R6 #5 of b not-satisfied by alice since 2026-03-01: ended 2026-03-05
            passed over: R7 #7 not-satisfied by alice since 2026-03-01: withdrawn
    "#]],
    );
    check(
        &facts[..1],
        "2026-03-11",
        expect![[r#"
        BP.01.01 unsupported
            R1 #0 satisfied by a rule at 9 since 2026-03-01
    "#]],
    );
}

#[test]
fn what_is_explained_is_what_was_known_then() {
    let tale = Tale::of_app(&[one("E1"), satisfied("tiny:BP.01.01"), withdrawn("E1"), one("E2")]);
    let told = |known| {
        let at = At { valid_at: day("2026-03-11"), size: BEGUN + known };
        let area = "PA01".parse().unwrap();
        let explanation = explain(&tale, unit("app"), area, at, None).unwrap().unwrap();
        practice_in_words(&explanation.practices[0])
    };
    expect![[r#"
        BP.01.01 supported
            E1 #0 submitted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; for, 10 days old
        ---
        BP.01.01 supported
            BP.01.01 #1 satisfied by alice since 2026-03-01
            E1 #0 submitted direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; for, 10 days old
        ---
        BP.01.01 unsupported
            BP.01.01 #1 satisfied by alice since 2026-03-01
            E1 #0 withdrawn direct supports, 2026-03-01 to 2027-03-01 by the window of P1Y; not: Withdrawn, 10 days old
    "#]].assert_eq(&[1, 2, 3].map(told).join("---\n"));
}

#[test]
fn it_says_who_answers_and_since_when_an_area_does_not_apply() {
    let tale = climbed(2).into_iter().fold(Tale::begun(), |tale, fact| tale.with("team", fact));
    let tale = tale
        .with("app", of_tiny(inheritance("PA01", Inheritance::Inherited)).on("2026-01-01"))
        .with("app", of_tiny(tailored_out("PA01")).on("2026-05-01"));
    let told = |on: &str| {
        let explanation = explained(&tale, "app", on);
        let out = explanation.tailored_out;
        let out =
            out.map(|out| format!(", out #{} since {}", out.position - BEGUN, shown(out.since)));
        let (rated, by) = (explanation.answer.rated, name_of(explanation.answered_by.0));
        let items = explanation.practices[0].evidence.len();
        format!(
            "{on} {} by {by}, {items} items{}\n",
            level_in_words(rated),
            out.unwrap_or_default()
        )
    };
    expect![[r#"
        2026-03-01 1-5 by team, 1 items
        2026-05-01 not applicable by app, 0 items, out #4 since 2026-05-01
    "#]]
    .assert_eq(&["2026-03-01", "2026-05-01"].map(told).concat());
}

#[test]
fn it_tells_the_derivation_what_would_lift_the_levels_and_what_falls_next() {
    let mut facts = climbed(3);
    facts[0] = submitted("E1").for_practices(&["tiny:BP.01.01", "tiny:PA01/GP 2.1.1"]);
    let explanation = explained(&Tale::of_app(&facts), "app", "2026-03-11");
    let mut lines = String::new();
    for step in &explanation.derivation {
        let _ = writeln!(lines, "level {}: {:?}/{:?}", step.level, step.rated, step.ongoing);
    }
    let needs = |needs: &Option<Vec<Need>>| {
        let needs = needs.iter().flatten().map(|need| {
            let rate = need.rate.as_ref().map_or("", |_| " rate");
            let support = if need.support { " support" } else { "" };
            format!("{}{rate}{support}", need.target.practice)
        });
        needs.collect::<Vec<_>>().join(", ")
    };
    let _ = writeln!(lines, "lift rated: {}", needs(&explanation.lift_rated));
    let _ = writeln!(lines, "lift ongoing: {}", needs(&explanation.lift_ongoing));
    let next = explanation.falls_next.map(|next| next.instant);
    let _ = writeln!(lines, "falls next: {next:?}");
    expect![[r#"
        level 1: Yes/No
        level 2: Yes/No
        level 3: Open/No
        level 4: Open/No
        level 5: Open/No
        lift rated: PA01/GP 3.1.1 rate
        lift ongoing: BP.01.02 support
        falls next: None
    "#]]
    .assert_eq(&lines);

    let next = explained(&Tale::of_app(&climbed(3)), "app", "2026-03-11").falls_next.unwrap();
    let causes: Vec<String> = next.causes.iter().map(cause_in_words).collect();
    let (before, after) = (state_in_words(next.before), state_in_words(next.after));
    let told = format!("{} {before} -> {after}: {}\n", shown(next.instant), causes.join(", "));
    expect![[r#"
        2027-03-01 2-5 -> 2-5/0: expired E1 for BP.01.01 by P1Y #0, expired E1 for BP.01.02 by P1Y #0, expired E1 for PA01/GP 2.1.1 by P1Y #0
    "#]].assert_eq(&told);
}

#[test]
fn other_rules_explain_otherwise() {
    let tale = Tale::of_app(&[one("E1")]);
    let at = At { valid_at: day("2026-03-11"), size: tale.size() };
    let strict = document("strict");
    let area = "PA01".parse().unwrap();
    let explanation = explain(&tale, unit("app"), area, at, Some(&strict)).unwrap().unwrap();
    assert_eq!(explanation.basis.rules, strict);
    assert_eq!(explanation.practices[0].evidence[0].counts, Counts::Not(WhyNot::NotAccepted));
}

#[test]
fn an_area_that_the_model_has_not_is_none_and_an_unknown_unit_an_error() {
    let tale = Tale::begun();
    let at = At { valid_at: day("2026-03-11"), size: tale.size() };
    let asked =
        |name: &str, area: &str, at| explain(&tale, unit(name), area.parse().unwrap(), at, None);
    assert_eq!(asked("app", "PA44", at), Ok(None));
    assert_eq!(asked("nobody", "PA01", at), Err(NoAnswer::UnitUnknown));
    assert_eq!(asked("app", "PA01", At { size: 3, ..at }), Err(NoAnswer::UnitUnknown));
    assert_eq!(asked("app", "PA01", At { size: 4, ..at }), Err(NoAnswer::NoModel));
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn an_explanation_holds_the_answer_and_just_the_items_that_count(
        tale in tale(),
        area in any_area(),
        at in coordinate(),
    ) {
        let side = side(&tale, at);
        let (at, rules, area) = (side.at, side.rules.as_ref(), tiny_area(area).area);
        let explanation = explain(&tale, side.unit, area, at, rules).unwrap();
        let basis = basis(&tale, side.unit, at, rules).unwrap();
        let nothing = UnitHistory::default();
        let lineage = tale.registry().lineage(side.unit, at);
        let lineage: Vec<_> = lineage
            .into_iter()
            .map(|unit| (unit, tale.history(unit).unwrap_or(&nothing)))
            .collect();
        let (rules, model) = (&*basis.read_rules, &*basis.catalog);
        let answers = levels(&Question { at, rules, model, providers: tale.registry() }, &lineage);
        let answer = answers.into_iter().find(|answer| answer.area == area);
        prop_assert_eq!(explanation.as_ref().map(|one| &one.answer), answer.as_ref());
        let Some(explanation) = explanation else { return Ok(()) };
        prop_assert_eq!(explanation.answer.practices.len(), explanation.practices.len());
        for (answer, behind) in explanation.answer.practices.iter().zip(&explanation.practices) {
            let counts = |item: &&ItemBehind| matches!(item.counts, Counts::For | Counts::Against);
            let items = behind.evidence.iter().filter(counts).count();
            let passed_over = behind.passed_over.iter().map(|(rating, _)| rating);
            let speaks = |rating: &&RatingBehind| {
                rating.speaks_until.is_some_and(|until| at.valid_at < until)
            };
            let appraised = behind.ratings.iter().chain(passed_over).filter(speaks).count();
            prop_assert_eq!(items + appraised, answer.items as usize);
            prop_assert_eq!(behind.ratings.len(), answer.reading.values.len());
        }
        if let Some(next) = &explanation.falls_next {
            prop_assert!(at.valid_at < next.instant && next.falls() && !next.causes.is_empty());
        }
    }
}
