//! Units in time: what their work goes on in, what they are called by, and how low they may fall.

use expect_test::expect;
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::running::{System, on, refusal, without_ids};

/// A unit at a moment, with all that is known.
async fn unit(system: &System, unit: &str, valid_at: &str) -> wire::Unit {
    known(system, unit, valid_at, None).await
}

/// A unit at a moment, as known with so many records.
async fn known(system: &System, unit: &str, valid_at: &str, size: Option<u64>) -> wire::Unit {
    let known = size.map(Known::LogSize);
    let asked = wire::GetUnitRequest {
        unit: unit.to_owned(),
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), known, ..Default::default() }),
        min_size: 0,
    };
    system.operator.units.clone().get_unit(asked).await.unwrap().into_inner().unit.unwrap()
}

/// Units before or after another one, in words.
fn names(successions: &[wire::Succession]) -> String {
    let name = |succession: &wire::Succession| {
        format!("{} since {}", succession.unit.as_ref().unwrap().name, day(succession.since))
    };
    let mut names: Vec<String> = successions.iter().map(name).collect();
    // Ids are drawn at random, and so is their order.
    names.sort();
    names.join(", ")
}

fn day(at: Option<prost_types::Timestamp>) -> String {
    let at = at.unwrap();
    let micros = at.seconds * 1_000_000 + i64::from(at.nanos / 1_000);
    let at = gradus_model::Timestamp::from_micros(micros).unwrap().to_string();
    at.trim_end_matches("T00:00:00Z").to_owned()
}

fn floors(unit: &wire::Unit) -> String {
    let floor = |floor: &wire::Floor| {
        let (_, area) = floor.area.rsplit_once('/').unwrap();
        format!("{area}={} since {}", floor.level, day(floor.since))
    };
    unit.floors.iter().map(floor).collect::<Vec<_>>().join(", ")
}

fn succeeded(unit: &str, by: &[&str], from: &str) -> wire::SucceedUnitRequest {
    wire::SucceedUnitRequest {
        unit: unit.to_owned(),
        append: None,
        successors: by.iter().map(ToString::to_string).collect(),
        effective_at: on(from),
    }
}

fn labelled(labels: &[&str], from: &str) -> wire::LabelUnitRequest {
    wire::LabelUnitRequest {
        unit: "alpha".to_owned(),
        append: None,
        labels: labels.iter().map(ToString::to_string).collect(),
        effective_at: on(from),
    }
}

fn raised(floors: &[(&str, u32)], from: &str) -> wire::RaiseBaselineRequest {
    let floor =
        |(area, level): &(&str, u32)| wire::FloorInput { area: (*area).to_owned(), level: *level };
    wire::RaiseBaselineRequest {
        unit: "alpha".to_owned(),
        append: None,
        floors: floors.iter().map(floor).collect(),
        effective_at: on(from),
    }
}

fn under(request_id: &str) -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { request_id: request_id.to_owned(), ..Default::default() })
}

const REQUEST: &str = "0b9f6f1e-53a4-4b8e-9d55-0d4b1f7f6a01";

#[tokio::test]
async fn the_work_of_a_split_unit_goes_on_in_several_and_of_merged_ones_in_one() {
    let system = System::new().await;
    for name in ["alpha", "beta", "gamma"] {
        system.project(name).await;
    }
    let mut units = system.operator.units.clone();
    let split = succeeded("alpha", &["gamma", "beta", "gamma"], "2026-02-01");
    let receipt = units.succeed_unit(split.clone()).await.unwrap().into_inner().receipt.unwrap();
    assert_eq!(receipt.events.len(), 1);
    let before_merge = system.size().await;
    units.succeed_unit(succeeded("alpha", &["gamma"], "2026-04-01")).await.unwrap();
    units.succeed_unit(succeeded("beta", &["gamma"], "2026-04-01")).await.unwrap();

    let system = system.restarted().await;
    for (name, valid_at, before, after) in [
        ("alpha", "2026-01-31", "", ""),
        ("alpha", "2026-02-01", "", "beta since 2026-02-01, gamma since 2026-02-01"),
        ("alpha", "2026-04-01", "", "gamma since 2026-04-01"),
        ("beta", "2026-02-01", "alpha since 2026-02-01", ""),
        ("beta", "2026-04-01", "", "gamma since 2026-04-01"),
        ("gamma", "2026-03-31", "alpha since 2026-02-01", ""),
        ("gamma", "2026-04-01", "alpha since 2026-04-01, beta since 2026-04-01", ""),
    ] {
        let unit = unit(&system, name, valid_at).await;
        assert_eq!(names(&unit.predecessors), before, "before {name} on {valid_at}");
        assert_eq!(names(&unit.successors), after, "after {name} on {valid_at}");
    }
    let then = known(&system, "gamma", "2026-04-01", Some(before_merge)).await;
    assert_eq!(names(&then.predecessors), "alpha since 2026-02-01", "the merge was not known yet");
    let mut units = system.operator.units.clone();
    let again = units.succeed_unit(split).await.unwrap().into_inner().receipt.unwrap();
    assert!(again.events.is_empty(), "it is so already");
}

#[tokio::test]
async fn a_unit_that_is_gone_keeps_its_history_and_says_where_its_work_went() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let mut units = system.operator.units.clone();
    units.label_unit(labelled(&["critical"], "2026-01-01")).await.unwrap();
    let archive = wire::ArchiveUnitRequest { unit: "alpha".to_owned(), ..Default::default() };
    units.archive_unit(archive).await.unwrap();
    units.succeed_unit(succeeded("alpha", &["beta"], "2026-06-01")).await.unwrap();
    let alpha = unit(&system, "alpha", "2026-06-02").await;
    assert_eq!(names(&alpha.successors), "beta since 2026-06-01");
    assert_eq!(alpha.labels, ["critical"]);
    assert!(alpha.archived_at.is_some());
    assert!(unit(&system, "beta", "2026-06-02").await.labels.is_empty(), "a history of its own");
}

#[tokio::test]
async fn labels_are_those_of_the_date_and_lists_can_ask_for_one() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let mut units = system.operator.units.clone();
    let first = labelled(&["tier 1", "critical", "tier 1"], "2026-02-01");
    units.label_unit(first.clone()).await.unwrap();
    units.label_unit(labelled(&["critical"], "2026-04-01")).await.unwrap();
    units.label_unit(labelled(&[], "2026-05-01")).await.unwrap();
    for (valid_at, labels, with_critical, with_tier) in [
        ("2026-01-31", &[][..], 0, 0),
        ("2026-02-01", &["critical", "tier 1"][..], 1, 1),
        ("2026-04-01", &["critical"][..], 1, 0),
        ("2026-05-01", &[][..], 0, 0),
    ] {
        assert_eq!(unit(&system, "alpha", valid_at).await.labels, labels, "{valid_at}");
        for (label, there) in [("critical", with_critical), ("tier 1", with_tier)] {
            let asked = wire::ListUnitsRequest {
                coordinate: Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() }),
                label: label.to_owned(),
                ..Default::default()
            };
            let listed = units.list_units(asked).await.unwrap().into_inner().units;
            assert_eq!(listed.len(), there, "{label} on {valid_at}");
        }
    }
    let again = units.label_unit(first).await.unwrap().into_inner().receipt.unwrap();
    assert!(again.events.is_empty(), "it is so already");
}

#[tokio::test]
async fn a_baseline_rises_and_leaves_out_what_is_so_already() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut units = system.operator.units.clone();
    let first = wire::RaiseBaselineRequest {
        append: under(REQUEST),
        ..raised(&[("PA11", 2), ("PA05", 1)], "2026-02-01")
    };
    let receipt = units.raise_baseline(first.clone()).await.unwrap().into_inner().receipt.unwrap();
    assert_eq!(receipt.events.len(), 2, "a record for each floor");
    let then = system.size().await;
    let second = raised(&[("PA11", 2), ("iso-21827-2008/PA05", 3)], "2026-04-01");
    let receipt = units.raise_baseline(second.clone()).await.unwrap().into_inner().receipt.unwrap();
    assert_eq!(receipt.events.len(), 1, "the other one is so already");

    let system = system.restarted().await;
    let mut units = system.operator.units.clone();
    for (valid_at, expected) in [
        ("2026-01-31", ""),
        ("2026-02-01", "PA05=1 since 2026-02-01, PA11=2 since 2026-02-01"),
        ("2026-04-01", "PA05=3 since 2026-04-01, PA11=2 since 2026-02-01"),
    ] {
        assert_eq!(floors(&unit(&system, "alpha", valid_at).await), expected, "{valid_at}");
    }
    let as_known = known(&system, "alpha", "2026-04-01", Some(then)).await;
    assert_eq!(floors(&as_known), "PA05=1 since 2026-02-01, PA11=2 since 2026-02-01");
    let again = units.raise_baseline(second).await.unwrap().into_inner().receipt.unwrap();
    assert!(again.events.is_empty(), "it is so already");
    let replayed = units.raise_baseline(first.clone()).await.unwrap().into_inner().receipt.unwrap();
    assert!(replayed.replayed && replayed.events.len() == 2, "the same call, long after");
    let other = wire::RaiseBaselineRequest {
        append: under(REQUEST),
        ..raised(&[("PA11", 3)], "2026-02-01")
    };
    let status = units.raise_baseline(other).await.unwrap_err();
    assert!(refusal(&status).starts_with("AlreadyExists REQUEST_ID_REUSED"));
}

#[tokio::test]
async fn a_lower_floor_is_refused_with_both_values_and_nothing_of_the_call_is_recorded() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut units = system.operator.units.clone();
    units.raise_baseline(raised(&[("PA11", 3)], "2026-07-01")).await.unwrap();
    let size = system.size().await;
    for (from, told) in [
        (
            "2026-08-01",
            expect![
                "FailedPrecondition BASELINE_LOWER: item 1: the floor of `PA11` is 3 from 2026-07-01T00:00:00Z on, and 2 is lower: it only rises"
            ],
        ),
        (
            "2026-02-01",
            expect![
                "FailedPrecondition BASELINE_LOWER: item 1: the floor of `PA11` is 3 from 2026-07-01T00:00:00Z on, and 2 is lower: it only rises"
            ],
        ),
    ] {
        let lower = raised(&[("PA05", 1), ("PA11", 2)], from);
        told.assert_eq(&refusal(&units.raise_baseline(lower).await.unwrap_err()));
    }
    assert_eq!(system.size().await, size);
}

#[tokio::test]
async fn a_reader_of_the_log_sees_the_new_facts_in_words() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let from = system.size().await;
    let mut units = system.operator.units.clone();
    units.succeed_unit(succeeded("alpha", &["beta"], "2026-02-01")).await.unwrap();
    units.label_unit(labelled(&["critical"], "2026-02-01")).await.unwrap();
    units.raise_baseline(raised(&[("PA11", 2)], "2026-02-01")).await.unwrap();
    let mut told = Vec::new();
    for position in from..system.size().await {
        let asked = wire::GetEventRequest { position };
        let event = system.operator.events.clone().get_event(asked).await.unwrap().into_inner();
        let event = event.event.unwrap();
        told.push(format!("{} {}", event.r#type, without_ids(&event.body_json)));
    }
    expect![[r#"
        unit-succeeded {"successors":["ID"],"unit":"ID"}
        unit-labelled {"labels":["critical"]}
        baseline-raised {"floors":[{"area":"iso-21827-2008/PA11","level":2}]}"#]]
    .assert_eq(&told.join("\n"));
}
