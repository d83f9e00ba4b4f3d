//! A unit's history as a story.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_model::Timestamp;
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::coordinate::Known;
use wire::replay_unit_response::Told;

use crate::gap::rated_project;
use crate::running::{Principal, System, item, on, rating, refusal, submit, told};

const PERSON: wire::PrincipalKind = wire::PrincipalKind::Person;

fn until(valid_at: &str, known: Option<Known>) -> wire::ReplayUnitRequest {
    wire::ReplayUnitRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), known, ..Default::default() }),
        ..Default::default()
    }
}

async fn replayed(by: &Principal, asked: wire::ReplayUnitRequest) -> Result<Vec<Told>, Status> {
    let mut messages = by.audit.clone().replay_unit(asked).await?.into_inner();
    let mut story = Vec::new();
    while let Some(next) = messages.message().await? {
        story.extend(next.told);
    }
    Ok(story)
}

fn shown(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.unwrap();
    let micros = at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000;
    Timestamp::from_micros(micros).unwrap().to_string()
}

fn in_words(story: &[Told]) -> String {
    let mut words = String::new();
    for one in story {
        let line = match one {
            Told::Begin(begin) => format!("{} facts, {} movements", begin.facts, begin.moves),
            Told::Fact(fact) => {
                let who = fact.actor.as_ref().map_or("somebody", |actor| actor.name.as_str());
                let late = if fact.late { ", late" } else { "" };
                let at = shown(fact.effective_at.as_ref());
                let texts: Vec<&str> = fact.payload.values().map(String::as_str).collect();
                let texts = texts.join(", ");
                format!("{at} {who}: {}{late} [{texts}] {:?}", fact.said, fact.payload_state())
            }
            Told::Move(moved) => {
                let movement = moved.movement.as_ref().unwrap();
                let ends = |state: &Option<wire::AreaState>| {
                    state.as_ref().map_or_else(
                        || "none".to_owned(),
                        |state| {
                            format!(
                                "{}/{}",
                                told(state.rated.as_ref()),
                                told(state.ongoing.as_ref())
                            )
                        },
                    )
                };
                let (before, after) = (ends(&movement.before), ends(&movement.after));
                let cause = &movement.causes[0];
                let (at, by) = (shown(movement.valid_at.as_ref()), movement.causes.len());
                format!("{at} > {}: {before} -> {after} by {by} x {}", moved.area, cause.class)
            }
            Told::End(end) => {
                format!("{} facts, {} late, {} moves", end.facts, end.late, end.moves)
            }
        };
        writeln!(words, "{line}").unwrap();
    }
    words
}

fn digest(story: &[Told]) -> Vec<u8> {
    match story.last() {
        Some(Told::End(end)) => end.digest.clone(),
        other => panic!("a story ends with {other:?}"),
    }
}

#[tokio::test]
async fn a_story_tells_each_fact_in_the_order_of_truth_and_each_level_that_moved() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::NotSatisfied).await;
    system.rated("alpha", vec![rating("BP.10.07", wire::Value::Satisfied, "2026-05-20")]).await;
    let story = replayed(&system.operator, until("2028-06-01", None)).await.unwrap();
    expect![[r#"
        11 facts, 3 movements
        1990-01-01T00:00:00Z operator: its levels follow the rules trusted-tools, late [] None
        2026-01-01T00:00:00Z operator: the project alpha came to be under team, late [] None
        2026-05-01T00:00:00Z scanner-of-alpha: policy p1 of test speaks for BP.10.01, BP.10.02, BP.10.03, BP.10.04 and 3 more, direct, late [Policy p1] Readable
        2026-05-02T00:00:00Z operator: BP.10.01 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.02 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.03 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.04 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.05 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.06 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.07 was rated not-satisfied, late [] None
        2026-05-02T00:00:00Z > iso-21827-2008/PA10: not rated/not rated -> 0/0 by 7 x rated
        2026-05-20T00:00:00Z operator: BP.10.07 was rated satisfied, late [] None
        2026-05-20T00:00:00Z > iso-21827-2008/PA10: 0/0 -> 1 to 5, 28 open/1 to 5, 28 open by 1 x re-rated
        2028-05-01T00:00:00Z > iso-21827-2008/PA10: 1 to 5, 28 open/1 to 5, 28 open -> 1 to 5, 28 open/0 by 7 x expired
        11 facts, 11 late, 3 moves
    "#]].assert_eq(&in_words(&story));
    let again = replayed(&system.operator, until("2028-06-01", None)).await.unwrap();
    assert_eq!(story, again);
}

#[tokio::test]
async fn a_story_begins_and_ends_where_it_is_asked_to() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let whole = replayed(&system.operator, until("2026-05-10", None)).await.unwrap();
    let span = wire::ReplayUnitRequest {
        from: on("2026-05-02T00:00:00Z"),
        areas: vec!["PA10".to_owned()],
        ..until("2026-05-10", None)
    };
    let part = replayed(&system.operator, span.clone()).await.unwrap();
    expect![[r#"
        7 facts, 1 movements
        2026-05-02T00:00:00Z operator: BP.10.01 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.02 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.03 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.04 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.05 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.06 was rated satisfied, late [] None
        2026-05-02T00:00:00Z operator: BP.10.07 was rated satisfied, late [] None
        2026-05-02T00:00:00Z > iso-21827-2008/PA10: not rated/not rated -> 1 to 5, 28 open/1 to 5, 28 open by 7 x rated
        7 facts, 7 late, 1 moves
    "#]].assert_eq(&in_words(&part));
    assert_ne!(digest(&whole), digest(&part));
    let other = wire::ReplayUnitRequest { areas: vec!["PA01".to_owned()], ..span };
    let other = replayed(&system.operator, other).await.unwrap();
    assert!(!other.iter().any(|one| matches!(one, Told::Move(_))), "{}", in_words(&other));
}

#[tokio::test]
async fn what_was_recorded_later_is_in_no_story_of_before() {
    let system = System::new().await;
    rated_project(&system, "alpha", wire::Value::Satisfied).await;
    let size = system.size().await;
    let by_size = || until("2026-05-30", Some(Known::LogSize(size)));
    let before = replayed(&system.operator, by_size()).await.unwrap();
    let instant = on("2026-06-01T12:30:00Z").unwrap();
    system.advance(3_600);
    // True before, recorded now.
    system.rated("alpha", vec![rating("BP.10.07", wire::Value::NotSatisfied, "2026-05-03")]).await;
    system.submitted("alpha", vec![item("late")]).await;
    let then = replayed(&system.operator, by_size()).await.unwrap();
    assert_eq!(in_words(&before), in_words(&then));
    assert_eq!(digest(&before), digest(&then));
    let known = replayed(&system.operator, until("2026-05-30", Some(Known::KnownAt(instant))));
    assert_eq!(digest(&before), digest(&known.await.unwrap()));
    let now = replayed(&system.operator, until("2026-05-30", None)).await.unwrap();
    assert!(in_words(&now).contains("policy late of test"), "{}", in_words(&now));
    assert!(in_words(&now).contains("2026-05-03T00:00:00Z > iso-21827-2008/PA10"));
    let nothing = replayed(&system.operator, until("2026-05-30", Some(Known::LogSize(1)))).await;
    expect![[r"
        0 facts, 0 movements
        0 facts, 0 late, 0 moves
    "]]
    .assert_eq(&in_words(&nothing.unwrap()));
}

#[tokio::test]
async fn a_long_story_is_told_whole_and_in_order() {
    let system = System::new().await;
    system.project_since("alpha", on("2020-01-01")).await;
    // Recorded in another order than they were true, over several chunks.
    let items = (0..700_u32).map(|number| wire::EvidenceItem {
        work_to: on(&format!("2026-0{}-{:02}", 5 - number % 5, 28 - number % 28)),
        ..item(&number.to_string())
    });
    system.submitted("alpha", items.collect()).await;
    system.submitted("alpha", (700..1_300).map(|number| item(&number.to_string())).collect()).await;
    let story = replayed(&system.operator, until("2026-06-01", None)).await.unwrap();
    let order: Vec<(String, u64)> = story
        .iter()
        .filter_map(|one| match one {
            Told::Fact(fact) => Some((shown(fact.effective_at.as_ref()), fact.position)),
            _ => None,
        })
        .collect();
    assert_eq!(order.len(), 1_301);
    assert!(order.is_sorted());
}

#[tokio::test]
async fn everybody_hears_a_story_as_far_as_they_may_read_it() {
    let system = System::new().await;
    system.project_since("alpha", on("2026-01-01")).await;
    let tool = system.principal("tool", PERSON).await;
    let confidential = wire::AppendOptions {
        payload_class: wire::PayloadClass::Confidential.into(),
        ..Default::default()
    };
    let asked = submit("alpha", vec![item("secret")]);
    let asked = wire::SubmitEvidenceRequest { append: Some(confidential), ..asked };
    tool.evidence.clone().submit_evidence(asked).await.unwrap();
    let viewer = system.with_role("viewer", PERSON, (wire::Role::Viewer, "alpha")).await;
    let auditor = system.with_role("auditor", PERSON, (wire::Role::Auditor, "alpha")).await;
    let collector = system.with_role("collector", PERSON, (wire::Role::Collector, "alpha")).await;
    let stranger = system.with_role("stranger", PERSON, (wire::Role::Viewer, "team")).await;
    system.project("beta").await;
    let other = system.with_role("other", PERSON, (wire::Role::Auditor, "beta")).await;
    let mut seen = String::new();
    for (name, by) in [
        ("viewer", &viewer),
        ("auditor", &auditor),
        ("collector", &collector),
        ("of the team", &stranger),
        ("other", &other),
    ] {
        let told = match replayed(by, until("2026-05-30", None)).await {
            Ok(story) => in_words(&story),
            Err(status) => format!("{}\n", refusal(&status)),
        };
        write!(seen, "{name}: {told}").unwrap();
    }
    expect![[r#"
        viewer: 2 facts, 0 movements
        2026-01-01T00:00:00Z somebody: the project alpha came to be under another unit, late [] Withheld
        2026-05-01T00:00:00Z tool: policy secret of test speaks for BP.10.01, direct, late [] Withheld
        2 facts, 2 late, 0 moves
        auditor: 2 facts, 0 movements
        2026-01-01T00:00:00Z somebody: the project alpha came to be under another unit, late [] Withheld
        2026-05-01T00:00:00Z tool: policy secret of test speaks for BP.10.01, direct, late [confidential, Policy secret] Readable
        2 facts, 2 late, 0 moves
        collector: PermissionDenied RIGHT_MISSING: this needs the right to read, which the role viewer, assessor, lead, sponsor, auditor or admin gives: ask an admin for it
        of the team: 2 facts, 0 movements
        2026-01-01T00:00:00Z somebody: the project alpha came to be under team, late [] Withheld
        2026-05-01T00:00:00Z tool: policy secret of test speaks for BP.10.01, direct, late [] Withheld
        2 facts, 2 late, 0 moves
        other: NotFound UNIT_UNKNOWN: unit `alpha` is unknown
    "#]].assert_eq(&seen);
}

#[tokio::test]
async fn a_story_that_cannot_be_told_says_which_field_is_wrong() {
    let system = System::new().await;
    system.project_since("alpha", on("2026-01-01")).await;
    let mut seen = String::new();
    for asked in [
        wire::ReplayUnitRequest { unit: "omega".to_owned(), ..until("2026-05-30", None) },
        wire::ReplayUnitRequest { from: on("2026-06-30"), ..until("2026-05-30", None) },
        wire::ReplayUnitRequest { areas: vec!["PA77".to_owned()], ..until("2026-05-30", None) },
        wire::ReplayUnitRequest { areas: vec!["tea".to_owned()], ..until("2026-05-30", None) },
        until("2026-05-30", Some(Known::LogSize(1_000))),
    ] {
        let status = replayed(&system.operator, asked).await.unwrap_err();
        writeln!(seen, "{}", refusal(&status)).unwrap();
    }
    expect![[r#"
        NotFound UNIT_UNKNOWN: unit `omega` is unknown
        InvalidArgument INVALID_FIELD [from]: `from`: 2026-06-30T00:00:00Z is after 2026-05-30T00:00:00Z, where the story ends: let it begin before
        NotFound AREA_UNKNOWN: area `PA77` is unknown
        InvalidArgument INVALID_FIELD [areas[0]]: `areas[0]`: `tea` is no process area: write it like PA01
        OutOfRange BEYOND_HEAD: size 1000 is past the log's 21
    "#]].assert_eq(&seen);
}
