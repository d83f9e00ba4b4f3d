//! What would be without a source, which nobody distrusts.

use expect_test::expect;
use gradus_wire::v1 as wire;
use wire::coordinate::Known;
use wire::suspect::Suspect;

use super::{collector, impact, principal, rated};
use crate::running::{Principal, System, on, refusal};

async fn supposed(by: &Principal, asked: wire::SupposeWithoutRequest) -> String {
    match by.audit.clone().suppose_without(asked).await {
        Ok(answer) => impact(answer.into_inner().impact.as_ref()),
        Err(status) => refusal(&status),
    }
}

/// Without what comes from a system, on 25 May 2026.
fn source(name: &str) -> wire::SupposeWithoutRequest {
    let coordinate = wire::Coordinate { valid_at: on("2026-05-25"), ..Default::default() };
    let suspect = Some(wire::Suspect { suspect: Some(Suspect::Source(name.to_owned())) });
    wire::SupposeWithoutRequest { suspect, coordinate: Some(coordinate), ..Default::default() }
}

#[tokio::test]
async fn the_levels_that_rest_on_a_source_are_told_to_an_auditor_and_nothing_is_recorded() {
    let system = System::new().await;
    rated(&system, "alpha").await;
    rated(&system, "beta").await;
    let empty = system.size().await;
    collector(&system, "scanner", "alpha", 1).await;
    collector(&system, "good", "beta", 1).await;
    let person = wire::PrincipalKind::Person;
    let auditor = system.with_role("auditor", person, (wire::Role::Auditor, "alpha")).await;
    let size = system.size().await;
    let would_fall = expect![[r"
        5 items in 1 units
        alpha: 5
        1 levels
        alpha iso-21827-2008/PA11: rated 1 to 5, 28 open -> 1 to 5, 28 open, ongoing 1 to 5, 28 open -> 0, now true, since 2026-05-20T00:00:00Z
    "]];
    would_fall.assert_eq(&supposed(&auditor, source("scanner")).await);
    let by_name = wire::SupposeWithoutRequest { suspect: principal("scanner"), ..source("") };
    would_fall.assert_eq(&supposed(&auditor, by_name).await);
    assert_eq!(system.size().await, size);

    // What is out of sight is not told, nor what was not recorded yet, or only later.
    let nothing = "0 items in 0 units\n0 levels\n";
    assert_eq!(supposed(&auditor, source("good")).await, nothing);
    let begins = wire::SupposeWithoutRequest { from: on("2026-06-02"), ..source("scanner") };
    assert_eq!(supposed(&auditor, begins).await, nothing);
    let then = wire::Coordinate {
        valid_at: on("2026-05-25"),
        known: Some(Known::LogSize(empty)),
        ..Default::default()
    };
    let before = wire::SupposeWithoutRequest { coordinate: Some(then), ..source("scanner") };
    assert_eq!(supposed(&auditor, before).await, nothing);
    let pinned = wire::Coordinate {
        valid_at: on("2026-05-25"),
        known: Some(Known::LogSize(size)),
        ..Default::default()
    };
    // As known then, whatever is recorded afterwards.
    let reason = "its token leaked".to_owned();
    let distrust = wire::DistrustSourceRequest {
        suspect: source("scanner").suspect,
        reason,
        ..Default::default()
    };
    system.operator.sources.clone().distrust_source(distrust).await.unwrap();
    let there = wire::SupposeWithoutRequest { coordinate: Some(pinned), ..source("scanner") };
    would_fall.assert_eq(&supposed(&auditor, there).await);
    // Already distrusted, so that nothing rests on it.
    let now = supposed(&auditor, source("scanner")).await;
    assert_eq!(now, "5 items in 1 units\nalpha: 5\n0 levels\n");

    let other = wire::SupposeWithoutRequest { unit: "beta".into(), ..source("scanner") };
    expect!["NotFound UNIT_UNKNOWN: unit `beta` is unknown"]
        .assert_eq(&supposed(&auditor, other).await);
    let (from, until) = (on("2026-05-02"), on("2026-05-01"));
    let turned = wire::SupposeWithoutRequest { from, until, ..source("scanner") };
    expect!["InvalidArgument INVALID_FIELD [until]: `until`: 2026-05-01T00:00:00Z is not after 2026-05-02T00:00:00Z, where the interval begins"].assert_eq(&supposed(&auditor, turned).await);
    let rules = wire::Coordinate { rules: "strict".into(), ..Default::default() };
    let by_strict = wire::SupposeWithoutRequest { coordinate: Some(rules), ..source("scanner") };
    expect!["InvalidArgument INVALID_FIELD [coordinate.rules]: `coordinate.rules`: levels are told by the rules in force: leave it out"].assert_eq(&supposed(&auditor, by_strict).await);
}
