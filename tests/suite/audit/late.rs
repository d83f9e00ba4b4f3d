//! What was recorded long after it was true.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::running::{Principal, System, item, on, rating, refusal};

fn dated(id: &str, day: &str) -> wire::EvidenceItem {
    wire::EvidenceItem { work_to: on(day), ..item(id) }
}

fn asked(unit: &str) -> wire::FindLateRequest {
    wire::FindLateRequest { unit: unit.to_owned(), ..Default::default() }
}

async fn check(by: &Principal, asked: wire::FindLateRequest, expected: &Expect) {
    let answer = match by.audit.clone().find_late(asked).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return expected.assert_eq(&refusal(&status)),
    };
    let days = |seconds: u64| seconds / 86_400;
    let name = |unit: &Option<wire::UnitRef>| unit.as_ref().unwrap().name.clone();
    let mut told = format!(
        "{} late of {} in {} units\n",
        answer.late_total, answer.facts_total, answer.units_total
    );
    for unit in &answer.units {
        let (median, longest) = (days(unit.median_seconds), days(unit.longest_seconds));
        write!(told, "{}: {}/{}, {median} to {longest}", name(&unit.unit), unit.late, unit.facts)
            .unwrap();
        for around in &unit.milestones {
            let of = around.milestone.as_ref().unwrap();
            write!(told, "; {} {} {}+{}", of.kind, of.label, around.before, around.after).unwrap();
        }
        told.push('\n');
    }
    for fact in &answer.facts {
        let near = fact.milestone.as_ref().map_or("none", |of| of.label.as_str());
        let (unit, after) = (name(&fact.unit), days(fact.delay_seconds));
        writeln!(told, "{unit} {} after {after} days, {near}", fact.r#type).unwrap();
    }
    expected.assert_eq(told.trim_end());
}

/// A server at noon of 1 June 2026 with two projects: one was audited a week later.
async fn audited() -> System {
    let system = System::alone().await;
    system.project("alpha").await;
    system.project("beta").await;
    let marker = wire::PlaceMarkerRequest {
        unit: "alpha".to_owned(),
        kind: wire::MarkerKind::Audit.into(),
        label: "Q2".to_owned(),
        effective_at: on("2026-06-08"),
        ..Default::default()
    };
    system.operator.units.clone().place_marker(marker).await.unwrap();
    let old = ["2026-01-01", "2026-03-01", "2026-05-31T23:00:00Z"];
    system.submitted("alpha", old.map(|day| dated(day, day)).to_vec()).await;
    system.submitted("beta", vec![dated("b", "2026-02-01")]).await;
    system.advance(10 * 86_400);
    // After the audit, of before it and of after it.
    system.rated("alpha", vec![rating("BP.10.01", wire::Value::Satisfied, "2026-06-05")]).await;
    system.submitted("alpha", vec![dated("new", "2026-06-09")]).await;
    system
}

#[tokio::test]
async fn late_facts_are_counted_by_unit_and_by_the_milestone_that_they_are_close_to() {
    let system = audited().await;
    check(
        &system.operator,
        asked(""),
        &expect![[r#"
            6 late of 25 in 3 units
            beta: 1/1, 120 to 120
            alpha: 4/5, 6 to 151; audit Q2 2+1
            organization: 1/19, 13300 to 13300
            organization rules-adopted after 13300 days, none
            alpha evidence-submitted after 151 days, Q2
            beta evidence-submitted after 120 days, none
            alpha evidence-submitted after 92 days, Q2
            alpha practice-rated after 6 days, Q2
            alpha evidence-submitted after 2 days, none"#]],
    )
    .await;
    let month = wire::FindLateRequest { late_days: 100, close_days: 3, ..asked("alpha") };
    check(
        &system.operator,
        month,
        &expect![[r#"
        1 late of 5 in 1 units
        alpha: 1/5, 151 to 151
        alpha evidence-submitted after 151 days, none"#]],
    )
    .await;
    // As known before the second half, and of what was true by then.
    let then = wire::Coordinate {
        valid_at: on("2026-02-15"),
        known: Some(Known::KnownAt(on("2026-06-02").unwrap())),
        ..Default::default()
    };
    let then = wire::FindLateRequest { coordinate: Some(then), ..asked("") };
    check(
        &system.operator,
        then,
        &expect![[r#"
            3 late of 3 in 3 units
            alpha: 1/1, 151 to 151; audit Q2 1+0
            beta: 1/1, 120 to 120
            organization: 1/1, 13300 to 13300
            organization rules-adopted after 13300 days, none
            alpha evidence-submitted after 151 days, Q2
            beta evidence-submitted after 120 days, none"#]],
    )
    .await;
}

#[tokio::test]
async fn who_sees_one_unit_learns_nothing_of_others() {
    let system = audited().await;
    let person = wire::PrincipalKind::Person;
    let auditor = system.with_role("auditor", person, (wire::Role::Auditor, "beta")).await;
    check(
        &auditor,
        asked(""),
        &expect![[r#"
        1 late of 1 in 1 units
        beta: 1/1, 120 to 120
        beta evidence-submitted after 120 days, none"#]],
    )
    .await;
    check(&auditor, asked("alpha"), &expect!["NotFound UNIT_UNKNOWN: unit `alpha` is unknown"])
        .await;
    let long = wire::FindLateRequest { late_days: 40_000, ..asked("beta") };
    check(&auditor, long, &expect!["InvalidArgument INVALID_FIELD [late_days]: `late_days`: 40000 days are more than 36525, which is 100 years"]).await;
}
