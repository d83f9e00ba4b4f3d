//! What seems to be missing from the log.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::running::{Principal, System, item, on, refusal};

/// An item of a source that numbers.
fn numbered(source: &str, number: u64) -> wire::EvidenceItem {
    wire::EvidenceItem {
        source: Some(wire::Source { name: source.to_owned(), id: number.to_string() }),
        producer_sequence: Some(number),
        ..item("")
    }
}

/// An item of a source, of work that ended on a day.
fn dated(source: &str, day: &str) -> wire::EvidenceItem {
    wire::EvidenceItem {
        source: Some(wire::Source { name: source.to_owned(), id: day.to_owned() }),
        work_to: on(day),
        ..item("")
    }
}

fn at(valid_at: &str, known: Option<Known>) -> wire::FindGapsRequest {
    wire::FindGapsRequest {
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), known, ..Default::default() }),
        ..Default::default()
    }
}

async fn check(by: &Principal, asked: wire::FindGapsRequest, expected: &Expect) {
    let answer = match by.audit.clone().find_gaps(asked).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return expected.assert_eq(&refusal(&status)),
    };
    let mut told = String::new();
    for source in &answer.numbered {
        let wire::NumberedSource { source, first, last, seen, missing, holes, holes_total } =
            source;
        write!(
            told,
            "{source}: {first} to {last}, {seen} seen, {missing} missing in {holes_total}:"
        )
        .unwrap();
        for hole in holes {
            write!(told, " {}-{}", hole.first, hole.last).unwrap();
        }
        told.push('\n');
    }
    for run in &answer.short_runs {
        let wire::ShortRun { source, run, announced, seen, .. } = run;
        writeln!(told, "run {run} of {source}: {seen} of {announced}").unwrap();
    }
    for silence in &answer.silences {
        let unit = silence.unit.as_ref().unwrap();
        let lasts = if silence.lasts { ", still" } else { "" };
        let (days, usual) = (silence.days, silence.usual_days);
        writeln!(told, "{} of {}: {days} days, usual {usual}{lasts}", silence.source, unit.name)
            .unwrap();
    }
    if answer.runs_announced > 0 {
        let (announced, short) = (answer.runs_announced, answer.short_runs_total);
        writeln!(told, "runs: {announced}, short: {short}").unwrap();
    }
    write!(told, "cadences: {}, silences: {}", answer.sources_with_cadence, answer.silences_total)
        .unwrap();
    expected.assert_eq(&told);
}

#[tokio::test]
async fn numbers_that_never_came_are_told_and_those_of_another_unit_are_found_there() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let of = |numbers: &[u64]| numbers.iter().map(|number| numbered("ci", *number)).collect();
    system.submitted("alpha", of(&[1, 2, 3, 7])).await;
    system.submitted("beta", of(&[4, 9])).await;
    let size = system.size().await;
    check(
        &system.operator,
        at("2026-06-01", None),
        &expect![[r#"
        ci: 1 to 9, 6 seen, 3 missing in 2: 5-6 8-8
        cadences: 0, silences: 0"#]],
    )
    .await;
    let of_alpha = || wire::FindGapsRequest { unit: "alpha".to_owned(), ..at("2026-06-01", None) };
    check(
        &system.operator,
        of_alpha(),
        &expect![[r#"
        ci: 1 to 9, 6 seen, 3 missing in 2: 5-6 8-8
        cadences: 0, silences: 0"#]],
    )
    .await;

    // Who does not see the other unit sees what is missing in theirs.
    let person = wire::PrincipalKind::Person;
    let auditor = system.with_role("auditor", person, (wire::Role::Auditor, "alpha")).await;
    check(
        &auditor,
        at("2026-06-01", None),
        &expect![[r#"
        ci: 1 to 7, 4 seen, 3 missing in 1: 4-6
        cadences: 0, silences: 0"#]],
    )
    .await;
    check(
        &auditor,
        wire::FindGapsRequest { unit: "beta".to_owned(), ..of_alpha() },
        &expect!["NotFound UNIT_UNKNOWN: unit `beta` is unknown"],
    )
    .await;
    let collector = system.with_role("collector", person, (wire::Role::Collector, "alpha")).await;
    check(&collector, of_alpha(), &expect!["PermissionDenied RIGHT_MISSING: this needs the right to read, which the role viewer, assessor, lead, sponsor, auditor or admin gives: ask an admin for it"]).await;

    // What came later does not fill the holes of before.
    system.submitted("alpha", of(&[5, 6])).await;
    check(
        &system.operator,
        at("2026-06-01", None),
        &expect![[r#"
        ci: 1 to 9, 8 seen, 1 missing in 1: 8-8
        cadences: 0, silences: 0"#]],
    )
    .await;
    check(
        &system.operator,
        at("2026-06-01", Some(Known::LogSize(size))),
        &expect![[r#"
        ci: 1 to 9, 6 seen, 3 missing in 2: 5-6 8-8
        cadences: 0, silences: 0"#]],
    )
    .await;
}

#[tokio::test]
async fn a_source_that_came_every_week_and_stopped_is_told_from_its_own_past() {
    let system = System::new().await;
    system.project("alpha").await;
    let weekly = ["03-02", "03-09", "03-16", "03-23", "03-30", "04-06"];
    let days = weekly.iter().map(|day| dated("scanner", &format!("2026-{day}")));
    system.submitted("alpha", days.collect()).await;
    system.submitted("alpha", vec![dated("wiki", "2026-03-02")]).await;
    let size = system.size().await;
    check(&system.operator, at("2026-04-20", None), &expect!["cadences: 1, silences: 0"]).await;
    check(
        &system.operator,
        at("2026-05-10", None),
        &expect![[r#"
        scanner of alpha: 34 days, usual 7, still
        cadences: 1, silences: 1"#]],
    )
    .await;
    system.submitted("alpha", vec![dated("scanner", "2026-05-11")]).await;
    // As of that day it was silent still; since then it has come again.
    check(
        &system.operator,
        at("2026-05-10", None),
        &expect![[r#"
        scanner of alpha: 34 days, usual 7, still
        cadences: 1, silences: 1"#]],
    )
    .await;
    check(
        &system.operator,
        at("2026-05-12", None),
        &expect![[r#"
        scanner of alpha: 35 days, usual 7
        cadences: 1, silences: 1"#]],
    )
    .await;
    check(
        &system.operator,
        at("2026-05-12", Some(Known::LogSize(size))),
        &expect![[r#"
        scanner of alpha: 36 days, usual 7, still
        cadences: 1, silences: 1"#]],
    )
    .await;
}

/// An item of a run, which may say how many the run sends.
fn of_run(run: &str, id: &str, announced: Option<i64>) -> wire::EvidenceItem {
    let announced = announced.map(|value| wire::Measure {
        name: "announced-items".to_owned(),
        value,
        decimals: 0,
        unit: "1".to_owned(),
    });
    wire::EvidenceItem {
        source: Some(wire::Source { name: "nightly".to_owned(), id: format!("{run}/{id}") }),
        subjects: vec![wire::Subject { kind: "run".to_owned(), id: run.to_owned() }],
        measures: announced.into_iter().collect(),
        ..item("")
    }
}

#[tokio::test]
async fn a_run_that_announced_more_items_than_came_is_told_until_they_come() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let whole = vec![of_run("40", "a", None), of_run("40", "b", Some(2))];
    system.submitted("alpha", whole).await;
    system.submitted("alpha", vec![of_run("41", "a", Some(3)), of_run("42", "a", None)]).await;
    // The same item again is no other item.
    system.submitted("alpha", vec![of_run("41", "a", Some(3))]).await;
    let of_alpha = || wire::FindGapsRequest { unit: "alpha".to_owned(), ..at("2026-06-01", None) };
    check(
        &system.operator,
        of_alpha(),
        &expect![[r#"
        run 41 of nightly: 1 of 3
        runs: 2, short: 1
        cadences: 0, silences: 0"#]],
    )
    .await;
    // What went to another unit came, too.
    system.submitted("beta", vec![of_run("41", "b", None)]).await;
    check(
        &system.operator,
        of_alpha(),
        &expect![[r#"
        run 41 of nightly: 2 of 3
        runs: 2, short: 1
        cadences: 0, silences: 0"#]],
    )
    .await;
    let size = system.size().await;
    system.submitted("beta", vec![of_run("41", "c", None)]).await;
    check(
        &system.operator,
        of_alpha(),
        &expect![[r#"
        runs: 2, short: 0
        cadences: 0, silences: 0"#]],
    )
    .await;
    let before = wire::FindGapsRequest {
        unit: "alpha".to_owned(),
        ..at("2026-06-01", Some(Known::LogSize(size)))
    };
    check(
        &system.operator,
        before,
        &expect![[r#"
        run 41 of nightly: 2 of 3
        runs: 2, short: 1
        cadences: 0, silences: 0"#]],
    )
    .await;
}
