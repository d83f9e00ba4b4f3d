//! Levels explained, over gRPC.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;

use crate::running::{System, by_id, item, levels_of, on, rating, refusal, submit, told};

/// Base practices of PA11 in the 2008 model.
const BASE: [&str; 5] = ["BP.11.01", "BP.11.02", "BP.11.03", "BP.11.04", "BP.11.05"];

/// Evidence for a practice, of work that ended on a day.
fn evidence(practice: &str, kind: wire::Kind, on_day: &str) -> wire::EvidenceItem {
    wire::EvidenceItem {
        kind: kind.into(),
        practices: vec![practice.to_owned()],
        work_to: on(on_day),
        ..item(&format!("{practice} of {on_day}"))
    }
}

async fn accepted(system: &System, items: Vec<wire::EvidenceItem>) -> Vec<String> {
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let submitted = tool.evidence.clone().submit_evidence(submit("alpha", items)).await;
    let submitted = submitted.unwrap().into_inner().items;
    let ids: Vec<String> = submitted.into_iter().map(|item| item.evidence).collect();
    accept(system, &ids).await;
    ids
}

async fn accept(system: &System, ids: &[String]) {
    let asked = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: ids.iter().map(|id| by_id(id)).collect(),
        ..Default::default()
    };
    system.operator.evidence.clone().accept_evidence(asked).await.unwrap();
}

/// A project whose PA11 was judged satisfied, with all sorts of evidence behind it.
async fn mixed(system: &System) {
    system.project_since("alpha", on("2026-01-01")).await;
    let review = wire::Kind::ReviewRecord;
    let contradicting = wire::EvidenceItem {
        outcome: wire::Outcome::Contradicts.into(),
        ..evidence("BP.11.03", review, "2026-05-10")
    };
    let weak = wire::EvidenceItem {
        strength: wire::Strength::Weak.into(),
        ..evidence("BP.11.05", review, "2026-05-11")
    };
    accepted(
        system,
        vec![
            evidence("BP.11.01", review, "2026-05-01"),
            evidence("BP.11.02", wire::Kind::ScanReport, "2026-02-01"),
            contradicting,
            weak,
        ],
    )
    .await;
    let tool = system.principal("another", wire::PrincipalKind::Service).await;
    let waiting = submit("alpha", vec![evidence("BP.11.04", review, "2026-05-12")]);
    tool.evidence.clone().submit_evidence(waiting).await.unwrap();
    let satisfied = BASE.map(|practice| rating(practice, wire::Value::Satisfied, "2026-05-20"));
    system.rated("alpha", satisfied.to_vec()).await;
}

fn asked(valid_at: &str) -> wire::ExplainLevelRequest {
    wire::ExplainLevelRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() }),
        area: "PA11".to_owned(),
        ..Default::default()
    }
}

async fn explained(
    system: &System,
    asked: wire::ExplainLevelRequest,
) -> wire::ExplainLevelResponse {
    system.operator.levels.clone().explain_level(asked).await.unwrap().into_inner()
}

fn needs(lift: Option<&wire::Lift>) -> String {
    let lift = lift.unwrap();
    let need = |need: &wire::Need| {
        let rate = if need.rate == 0 { "" } else { need.rate().as_str_name() };
        let evidence = if need.evidence { "evidence" } else { "" };
        let practice = need.practice.split_once('/').unwrap().1;
        [practice, rate, evidence].join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let needs: Vec<String> = lift.needs.iter().map(need).collect();
    format!("to {}: {}", lift.to_level, needs.join("; "))
}

fn in_words(answer: &wire::ExplainLevelResponse) -> String {
    let area = answer.area.as_ref().unwrap();
    let mut words =
        format!("rated {}; ongoing {}\n", told(area.rated.as_ref()), told(area.ongoing.as_ref()));
    for practice in answer.practices.iter().filter(|practice| !practice.ratings.is_empty()) {
        let state = practice.state.as_ref().unwrap();
        writeln!(
            words,
            "{} {:?}/{:?} {:?}",
            state.practice.split_once('/').unwrap().1,
            practice.rated(),
            practice.ongoing(),
            state.support()
        )
        .unwrap();
        for item in &practice.evidence {
            let age = item.age_days.map_or_else(|| "no age".to_owned(), |days| days.to_string());
            let verdict = if item.counts { "counts" } else { item.why_not.as_str() };
            writeln!(
                words,
                "  {} {} {}; {age} days; {} {} {verdict}",
                item.kind, item.outcome, item.strength, item.ends_by, item.window
            )
            .unwrap();
        }
    }
    words
}

async fn check(system: &System, asked: wire::ExplainLevelRequest, expected: &Expect) {
    let words = match system.operator.levels.clone().explain_level(asked).await {
        Ok(answer) => in_words(&answer.into_inner()),
        Err(status) => refusal(&status),
    };
    expected.assert_eq(&words);
}

#[tokio::test]
async fn an_explanation_says_of_each_item_whether_it_counts_and_why_not() {
    let system = System::alone().await;
    mixed(&system).await;
    check(
        &system,
        asked("2026-06-01"),
        &expect![[r#"
        rated 1 to 5, 28 open; ongoing 0
        BP.11.01 Yes/Yes Supported
          review-record supports direct; 31 days; window P1Y counts
        BP.11.02 Yes/No Lapsed
          scan-report supports direct; 120 days; window P90D over
        BP.11.03 Yes/No Contradicted
          review-record contradicts direct; 22 days; window P1Y counts
        BP.11.04 Yes/No Unsupported
          review-record supports direct; 20 days; window P1Y not-reviewed
        BP.11.05 Yes/No Unsupported
          review-record supports weak; 21 days; window P1Y too-weak
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_step_of_the_derivation_counts_the_practices_of_its_level() {
    let system = System::alone().await;
    mixed(&system).await;
    let answer = explained(&system, asked("2026-06-01")).await;
    let step = |step: &wire::LevelStep| {
        format!(
            "{}: {:?}/{:?}, {} practices, {}/{} met, {} open",
            step.level,
            step.rated(),
            step.ongoing(),
            step.practices,
            step.met_rated,
            step.met_ongoing,
            step.open
        )
    };
    let steps: Vec<String> = answer.steps.iter().map(step).collect();
    expect![[r#"
        1: Yes/No, 5 practices, 5/1 met, 0 open
        2: Open/No, 12 practices, 0/0 met, 12 open
        3: Open/No, 8 practices, 0/0 met, 8 open
        4: Open/No, 3 practices, 0/0 met, 3 open
        5: Open/No, 5 practices, 0/0 met, 5 open"#]]
    .assert_eq(&steps.join("\n"));
    let practices: u32 = answer.steps.iter().map(|step| step.practices).sum();
    assert_eq!(usize::try_from(practices).unwrap(), answer.practices.len());
}

#[tokio::test]
async fn what_would_lift_the_ongoing_level_lifts_it_when_it_is_done() {
    let system = System::alone().await;
    mixed(&system).await;
    let before = explained(&system, asked("2026-06-01")).await;
    expect!["to 1: BP.11.02 evidence; BP.11.03 evidence; BP.11.04 evidence; BP.11.05 evidence"]
        .assert_eq(&needs(before.lift_ongoing.as_ref()));
    let lift = before.lift_ongoing.unwrap();
    let practice = |need: &wire::Need| need.practice.split_once('/').unwrap().1.to_owned();
    let lacking: Vec<&wire::Need> = lift.needs.iter().filter(|need| need.evidence).collect();
    // What speaks against a practice has to go, for new evidence does not outweigh it.
    let contradicted = before.practices.iter().flat_map(|practice| &practice.evidence);
    let against: Vec<wire::EvidenceRef> = contradicted
        .filter(|item| item.counts && item.outcome == "contradicts")
        .map(|item| by_id(&item.evidence))
        .collect();
    let withdraw = wire::WithdrawEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: against,
        reason: "looked at the wrong branch".to_owned(),
        ..Default::default()
    };
    system.operator.evidence.clone().withdraw_evidence(withdraw).await.unwrap();
    let renewed = lacking
        .iter()
        .map(|need| evidence(&practice(need), wire::Kind::ReviewRecord, "2026-05-28"))
        .collect();
    let tool = system.principal("renewer", wire::PrincipalKind::Service).await;
    let submitted = tool.evidence.clone().submit_evidence(submit("alpha", renewed)).await.unwrap();
    let ids: Vec<String> =
        submitted.into_inner().items.into_iter().map(|item| item.evidence).collect();
    accept(&system, &ids).await;
    let after = explained(&system, asked("2026-06-01")).await;
    assert!(after.steps[0].ongoing() == wire::Reached::Yes, "{}", in_words(&after));
    assert_eq!(lift.to_level, 1);
    assert_eq!(after.lift_ongoing.unwrap().to_level, 2);

    let next = after.lift_rated.as_ref().unwrap();
    let ratings = next.needs.iter().map(|need| rating(&practice(need), need.rate(), "2026-05-20"));
    system.rated("alpha", ratings.collect()).await;
    let lifted = explained(&system, asked("2026-06-01")).await;
    assert_eq!(lifted.steps[1].rated(), wire::Reached::Yes);
}

#[tokio::test]
async fn what_falls_next_is_what_the_levels_say_at_that_moment() {
    let system = System::alone().await;
    system.project("alpha").await;
    let items = BASE.map(|practice| evidence(practice, wire::Kind::ReviewRecord, "2026-05-01"));
    accepted(&system, items.to_vec()).await;
    let satisfied = BASE.map(|practice| rating(practice, wire::Value::Satisfied, "2026-05-20"));
    system.rated("alpha", satisfied.to_vec()).await;
    let answer = explained(&system, asked("2026-06-01")).await;
    let falls = answer.falls_next.unwrap();
    let cause = &falls.causes[0];
    assert_eq!((cause.class.as_str(), cause.window.as_str()), ("expired", "P1Y"));
    assert_eq!(falls.causes.len(), BASE.len());
    assert_eq!(falls.valid_at, on("2027-05-01"));
    let mut question = levels_of("alpha", "2027-05-01");
    for (second_before, expected) in [(false, &falls.after), (true, &falls.before)] {
        let at = falls.valid_at.map(|mut at| {
            at.seconds -= i64::from(second_before);
            at
        });
        question.coordinate.as_mut().unwrap().valid_at = at;
        let levels = system.levels(question.clone()).await;
        let area = levels.areas.iter().find(|area| area.area == "PA11").unwrap();
        let expected = expected.as_ref().unwrap();
        assert_eq!((area.rated, area.ongoing), (expected.rated, expected.ongoing));
    }
}

#[tokio::test]
async fn an_explanation_has_the_levels_of_the_answer_and_its_digest_does_not_change() {
    let system = System::alone().await;
    mixed(&system).await;
    let first = explained(&system, asked("2026-06-01")).await;
    let levels = system.levels(levels_of("alpha", "2026-06-01")).await;
    let area = levels.areas.iter().find(|area| area.area == "PA11").unwrap();
    let told = first.area.as_ref().unwrap();
    assert_eq!((area.rated, area.ongoing), (told.rated, told.ongoing));
    let size = first.coordinate.as_ref().unwrap().log_size;
    system.rated("alpha", vec![rating("BP.11.01", wire::Value::NotSatisfied, "2026-05-25")]).await;
    let mut pinned = asked("2026-06-01");
    let known = Some(wire::coordinate::Known::LogSize(size));
    pinned.coordinate.as_mut().unwrap().known = known;
    assert_eq!(explained(&system, pinned).await.digest, first.digest);
    let now = explained(&system, asked("2026-06-01")).await;
    assert_ne!(now.digest, first.digest);
    let ratings = &now.practices[0].ratings;
    assert_eq!(ratings.len(), 2);
    let why = |rating: &wire::ExplainedRating| (rating.counts, rating.why_not.clone());
    assert_eq!(why(&ratings[0]), (true, String::new()));
    assert_eq!(why(&ratings[1]), (false, "replaced".to_owned()));
    assert_eq!(ratings[1].replaced_by, ratings[0].rating.as_ref().map(|rating| rating.position));
}

#[tokio::test]
async fn an_area_that_was_tailored_out_or_inherited_says_so() {
    let system = System::alone().await;
    mixed(&system).await;
    let tailor = wire::TailorAreaRequest {
        unit: "alpha".to_owned(),
        area: "PA11".to_owned(),
        applicable: Some(false),
        reason: "nothing is built here".to_owned(),
        effective_at: on("2026-05-25"),
        ..Default::default()
    };
    system.operator.units.clone().tailor_area(tailor).await.unwrap();
    let answer = explained(&system, asked("2026-06-01")).await;
    assert_eq!(answer.tailored_out.unwrap().since, on("2026-05-25"));
    assert_eq!(told(answer.area.unwrap().rated.as_ref()), "not applicable");
    assert_eq!(explained(&system, asked("2026-05-24")).await.tailored_out, None);

    system
        .rated("organization", vec![rating("BP.17.01", wire::Value::NotSatisfied, "2026-05-01")])
        .await;
    let inherited = wire::ExplainLevelRequest { area: "PA17".to_owned(), ..asked("2026-06-01") };
    let inherited = explained(&system, inherited).await;
    assert_eq!(inherited.area.unwrap().inherited_from.unwrap().name, "organization");
    assert_eq!(inherited.practices[0].rated(), wire::Reached::No);
}

#[tokio::test]
async fn what_cannot_be_explained_says_why() {
    let system = System::alone().await;
    system.project("alpha").await;
    let of = |unit: &str, area: &str| wire::ExplainLevelRequest {
        unit: unit.to_owned(),
        area: area.to_owned(),
        ..Default::default()
    };
    check(
        &system,
        of("nobody", "PA11"),
        &expect!["NotFound UNIT_UNKNOWN: unit `nobody` is unknown"],
    )
    .await;
    check(&system, of("alpha", "PA99"), &expect!["NotFound AREA_UNKNOWN: area `PA99` is unknown"])
        .await;
    check(&system, of("alpha", "PA1"), &expect!["InvalidArgument INVALID_FIELD [area]: `area`: `PA1` is no process area: write it like PA01"]).await;
    check(&system, of("alpha", ""), &expect!["InvalidArgument INVALID_FIELD [area]: `area`: `` is no process area: write it like PA01"]).await;
    check(
        &system,
        of("alpha", "sse-cmm-1997/PA11"),
        &expect!["NotFound AREA_UNKNOWN: area `sse-cmm-1997/PA11` is unknown"],
    )
    .await;
    let early =
        wire::Coordinate { known: Some(wire::coordinate::Known::LogSize(1)), ..Default::default() };
    let early = wire::ExplainLevelRequest { coordinate: Some(early), ..of("alpha", "PA11") };
    check(&system, early, &expect!["NotFound UNIT_UNKNOWN: the unit is unknown"]).await;
    let rules = wire::Coordinate { rules: "lenient".to_owned(), ..Default::default() };
    let rules = wire::ExplainLevelRequest { coordinate: Some(rules), ..of("alpha", "PA11") };
    check(&system, rules, &expect!["NotFound DOCUMENT_UNKNOWN: rules `lenient` is unknown"]).await;
    let nothing = explained(&system, of("alpha", "PA11")).await;
    assert_eq!(told(nothing.area.unwrap().rated.as_ref()), "not rated");
    assert_eq!(nothing.falls_next, None);
    assert_eq!(nothing.lift_rated.unwrap().needs.len(), 5);
}
