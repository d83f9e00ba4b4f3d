//! The review queue: what waits, where, for how long, and for whom to see.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use tonic::Code;

use crate::running::{Principal, System, by_id, item, on, refusal, submit};

fn scan(id: &str) -> wire::EvidenceItem {
    wire::EvidenceItem {
        kind: wire::Kind::ScanReport.into(),
        practices: vec!["BP.05.01".to_owned()],
        source: Some(wire::Source { name: "scanner".to_owned(), id: id.to_owned() }),
        ..item(id)
    }
}

async fn submitted_by(who: &Principal, unit: &str, item: wire::EvidenceItem) -> String {
    let answer = who.evidence.clone().submit_evidence(submit(unit, vec![item])).await;
    answer.unwrap().into_inner().items.remove(0).evidence
}

async fn accept(who: &Principal, unit: &str, evidence: &str) {
    let asked = wire::AcceptEvidenceRequest {
        unit: unit.to_owned(),
        evidence: vec![by_id(evidence)],
        ..Default::default()
    };
    who.evidence.clone().accept_evidence(asked).await.unwrap();
}

async fn unit(system: &System, kind: wire::UnitKind, name: &str, parent: &str) {
    let asked = wire::RegisterUnitRequest {
        kind: kind.into(),
        name: name.to_owned(),
        parent: parent.to_owned(),
        effective_at: on("2025-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().register_unit(asked).await.unwrap();
}

/// Two teams with a project each. A tool and the operator supply evidence, a day between the items;
/// `web` trusts its tool. On day 6 the operator's first item in `app` is accepted by another.
async fn given() -> (System, Vec<String>) {
    let system = System::new().await;
    for (team, project) in [("alfa", "app"), ("beta", "web")] {
        unit(&system, wire::UnitKind::Team, team, "organization").await;
        unit(&system, wire::UnitKind::Project, project, team).await;
    }
    system.trust_tools("web").await;
    let collector = (wire::Role::Collector, "organization");
    let tool = system.with_role("tool", wire::PrincipalKind::Service, collector).await;
    let chief = system.principal("chief", wire::PrincipalKind::Person).await;
    let mut ids = Vec::new();
    for (at, place) in ["app", "web", "alfa", "app", "web", "app"].into_iter().enumerate() {
        let id = format!("{at}");
        ids.push(if at % 2 == 0 {
            submitted_by(&system.operator, place, item(&id)).await
        } else {
            submitted_by(&tool, place, scan(&id)).await
        });
        system.advance(86_400);
    }
    accept(&chief, "app", &ids[0]).await;
    (system, ids)
}

async fn queue(
    who: &Principal,
    asked: wire::ListReviewQueueRequest,
) -> wire::ListReviewQueueResponse {
    who.evidence.clone().list_review_queue(asked).await.unwrap().into_inner()
}

/// An answer in words: what waits in each unit, then each item.
fn told(answer: &wire::ListReviewQueueResponse) -> String {
    let mut told = String::new();
    for unit in &answer.units {
        let (name, seconds) = (&unit.unit.as_ref().unwrap().name, unit.oldest_waits_seconds);
        let _ = writeln!(told, "{name}: {}, the oldest for {seconds} s", unit.waiting);
    }
    for waiting in &answer.items {
        let evidence = waiting.evidence.as_ref().unwrap();
        let (unit, by) = (evidence.unit.as_ref().unwrap(), evidence.submitted_by.as_ref().unwrap());
        let title = &evidence.item.as_ref().unwrap().title;
        let own = if waiting.own { ", own" } else { "" };
        let _ = writeln!(
            told,
            "{title} in {} by {}{own}, {} s: {}",
            unit.name,
            by.name,
            waiting.waits_seconds,
            evidence.practices.join(" ")
        );
    }
    told
}

async fn check(who: &Principal, asked: wire::ListReviewQueueRequest, expected: Expect) {
    expected.assert_eq(&told(&queue(who, asked).await));
}

fn everywhere() -> wire::ListReviewQueueRequest {
    wire::ListReviewQueueRequest::default()
}

#[tokio::test]
async fn what_waits_is_listed_oldest_first_with_its_age_and_without_what_is_trusted() {
    let (system, _) = given().await;
    // What the tool supplied to `web` is trusted there; in `app` it waits.
    check(
        &system.operator,
        everywhere(),
        expect![[r#"
        alfa: 1, the oldest for 345600 s
        app: 2, the oldest for 259200 s
        web: 1, the oldest for 172800 s
        Policy 2 in alfa by operator, own, 345600 s: iso-21827-2008/BP.10.01
        Policy 3 in app by tool, 259200 s: iso-21827-2008/BP.05.01
        Policy 4 in web by operator, own, 172800 s: iso-21827-2008/BP.10.01
        Policy 5 in app by tool, 86400 s: iso-21827-2008/BP.05.01
    "#]],
    )
    .await;
}

#[tokio::test]
async fn filters_narrow_items_and_counts_alike() {
    let (system, _) = given().await;
    let operator = &system.operator;
    let mut seen = String::new();
    for (what, asked) in [
        ("app", wire::ListReviewQueueRequest { unit: "app".into(), ..everywhere() }),
        ("alfa alone", wire::ListReviewQueueRequest { unit: "alfa".into(), ..everywhere() }),
        (
            "alfa and below",
            wire::ListReviewQueueRequest {
                unit: "alfa".into(),
                include_below: true,
                ..everywhere()
            },
        ),
        ("for days", wire::ListReviewQueueRequest { longer_than: "P2D".into(), ..everywhere() }),
        (
            "since before",
            wire::ListReviewQueueRequest { recorded_before: on("2026-06-04"), ..everywhere() },
        ),
        (
            "kind",
            wire::ListReviewQueueRequest {
                kinds: vec![wire::Kind::ScanReport.into()],
                ..everywhere()
            },
        ),
        ("source", wire::ListReviewQueueRequest { source: "test".into(), ..everywhere() }),
        ("practice", wire::ListReviewQueueRequest { practice: "BP.05.01".into(), ..everywhere() }),
        ("area", wire::ListReviewQueueRequest { area: "PA10".into(), ..everywhere() }),
    ] {
        let answer = queue(operator, asked).await;
        let counted: u64 = answer.units.iter().map(|unit| unit.waiting).sum();
        assert_eq!(counted, answer.items.len() as u64, "{what}");
        let titles: Vec<&str> = answer
            .items
            .iter()
            .map(|waiting| {
                let item = waiting.evidence.as_ref().unwrap().item.as_ref().unwrap();
                item.title.as_str().trim_start_matches("Policy ")
            })
            .collect();
        let _ = writeln!(seen, "{what}: {}", titles.join(" "));
    }
    expect![[r#"
        app: 3 5
        alfa alone: 2
        alfa and below: 2 3 5
        for days: 2 3
        since before: 2
        kind: 3 5
        source: 2 4
        practice: 3 5
        area: 2 4
    "#]]
    .assert_eq(&seen);
}

#[tokio::test]
async fn an_assessor_of_one_team_sees_no_trace_of_others() {
    let (system, _) = given().await;
    let person = wire::PrincipalKind::Person;
    let assessor = system.with_role("ann", person, (wire::Role::Assessor, "alfa")).await;
    let before = queue(&assessor, everywhere()).await;
    expect![[r#"
        alfa: 1, the oldest for 345600 s
        app: 2, the oldest for 259200 s
        Policy 2 in alfa by operator, 345600 s: iso-21827-2008/BP.10.01
        Policy 3 in app by tool, 259200 s: iso-21827-2008/BP.05.01
        Policy 5 in app by tool, 86400 s: iso-21827-2008/BP.05.01
    "#]]
    .assert_eq(&told(&before));
    // What happens in the other team changes no byte of what is facts of the answer.
    let size = before.coordinate.as_ref().unwrap().log_size;
    system.submitted("web", vec![item("more")]).await;
    let pin = wire::Coordinate {
        valid_at: before.coordinate.as_ref().unwrap().valid_at,
        ..Default::default()
    };
    let after = wire::ListReviewQueueRequest { coordinate: Some(pin), ..everywhere() };
    let after = queue(&assessor, after).await;
    assert_eq!((&after.items, &after.units), (&before.items, &before.units));
    assert!(after.coordinate.unwrap().log_size > size);

    for hidden in ["beta", "web", "organization"] {
        for include_below in [false, true] {
            let unit = hidden.to_owned();
            let asked = wire::ListReviewQueueRequest { unit, include_below, ..everywhere() };
            let refused = assessor.evidence.clone().list_review_queue(asked).await.unwrap_err();
            assert_eq!(
                refusal(&refused),
                format!("NotFound UNIT_UNKNOWN: unit `{hidden}` is unknown")
            );
        }
    }
    // Who may see but not review has no queue; who may review nothing is told so.
    let viewer = system.with_role("vic", person, (wire::Role::Viewer, "alfa")).await;
    let refused = viewer.evidence.clone().list_review_queue(everywhere()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    system.grant("vic", wire::Role::Assessor, "beta").await;
    let asked = wire::ListReviewQueueRequest { unit: "app".into(), ..everywhere() };
    let refused = viewer.evidence.clone().list_review_queue(asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let answer = queue(&viewer, everywhere()).await;
    let units: Vec<_> = answer.units.into_iter().map(|unit| unit.unit.unwrap().name).collect();
    assert_eq!(units, ["web"]);
}

#[tokio::test]
async fn pages_are_of_one_size_of_the_log_and_count_once() {
    let (system, ids) = given().await;
    let whole = queue(&system.operator, everywhere()).await;
    let mut asked = wire::ListReviewQueueRequest { page_size: 1, ..everywhere() };
    let mut seen = Vec::new();
    for page in 0..4 {
        let answer = queue(&system.operator, asked.clone()).await;
        assert_eq!(answer.units, if page == 0 { whole.units.clone() } else { Vec::new() });
        let of = |answer: &wire::ListReviewQueueResponse| {
            let at = answer.coordinate.clone().unwrap();
            (at.log_size, at.root, at.valid_at)
        };
        assert_eq!(of(&answer), of(&whole), "page {page}");
        seen.extend(answer.items);
        asked.page_token = answer.next_page_token;
        // What happens between the pages changes none of them.
        if page < 3 {
            let chief = if page == 0 { &ids[2] } else { &ids[3] };
            let place = if page == 0 { "alfa" } else { "app" };
            let other = system.principal(&format!("p{page}"), wire::PrincipalKind::Person).await;
            accept(&other, place, chief).await;
            system.submitted("alfa", vec![item(&format!("later{page}"))]).await;
            system.advance(60);
        }
        if asked.page_token.is_empty() {
            break;
        }
    }
    let id = |waiting: &wire::WaitingEvidence| waiting.evidence.as_ref().unwrap().id.clone();
    assert_eq!(
        seen.iter().map(id).collect::<Vec<_>>(),
        whole.items.iter().map(id).collect::<Vec<_>>()
    );
    let ages = |items: &[wire::WaitingEvidence]| -> Vec<u64> {
        items.iter().map(|waiting| waiting.waits_seconds).collect()
    };
    assert_eq!(ages(&seen), ages(&whole.items), "and each is as old as on the first page");
    assert!(asked.page_token.is_empty());

    // The pinned question has the same answer, also after a restart.
    let seen = whole.coordinate.clone().unwrap();
    let coordinate = Some(wire::Coordinate {
        valid_at: seen.valid_at,
        known: Some(wire::coordinate::Known::LogSize(seen.log_size)),
        ..Default::default()
    });
    let pinned = wire::ListReviewQueueRequest { coordinate, ..everywhere() };
    assert_eq!(queue(&system.operator, pinned.clone()).await.digest, whole.digest);
    let system = system.restarted().await;
    let again = queue(&system.operator, pinned).await;
    assert_eq!((&again.digest, told(&again)), (&whole.digest, told(&whole)));
}

#[tokio::test]
async fn the_queue_of_a_date_is_what_waited_then() {
    let (system, _) = given().await;
    let known = |at: &str| {
        let known = on(at).map(wire::coordinate::Known::KnownAt);
        Some(wire::Coordinate { valid_at: on(at), known, ..Default::default() })
    };
    let asked = |at| wire::ListReviewQueueRequest {
        coordinate: known(at),
        unit: "app".into(),
        ..everywhere()
    };
    check(
        &system.operator,
        asked("2026-06-05"),
        expect![[r#"
        app: 2, the oldest for 302399 s
        Policy 0 in app by operator, own, 302399 s: iso-21827-2008/BP.10.01
        Policy 3 in app by tool, 43200 s: iso-21827-2008/BP.05.01
    "#]],
    )
    .await;
}

#[tokio::test]
async fn wrong_filters_are_refused_with_what_would_be_right() {
    let (system, _) = given().await;
    let mut seen = String::new();
    for asked in [
        wire::ListReviewQueueRequest { longer_than: "a week".into(), ..everywhere() },
        wire::ListReviewQueueRequest { practice: "BP.99.01".into(), ..everywhere() },
        wire::ListReviewQueueRequest { area: "PA99".into(), ..everywhere() },
        wire::ListReviewQueueRequest { kinds: vec![99], ..everywhere() },
        wire::ListReviewQueueRequest { page_token: "x".into(), ..everywhere() },
    ] {
        let refused = system.operator.evidence.clone().list_review_queue(asked).await.unwrap_err();
        let _ = writeln!(seen, "{}", refusal(&refused));
    }
    expect![[r#"
        InvalidArgument INVALID_FIELD [longer_than]: `longer_than`: `a week` is no period: write ISO 8601, for example P90D, P6M or P1Y
        NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.99.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        NotFound AREA_UNKNOWN: area `PA99` is unknown
        InvalidArgument INVALID_FIELD [kinds]: `kinds`: 99 is no value of this enumeration
        InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
    "#]].assert_eq(&seen);
}
