//! Request ids, expected versions, verdicts and batches.

use expect_test::expect;
use gradus_wire::v1 as wire;

use crate::running::{System, item, levels_of, rating, refusal, submit};

const ID: &str = "0b8f2c4e-77aa-4a5e-9d3b-6f1e2d3c4b5a";

fn under(id: &str) -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { request_id: id.to_owned(), ..Default::default() })
}

fn expecting(version: u64) -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { expected_version: Some(version), ..Default::default() })
}

#[tokio::test]
async fn the_same_request_again_gets_its_first_answer_even_after_a_restart() {
    let system = System::new().await;
    system.project("alpha").await;
    let request =
        wire::SubmitEvidenceRequest { append: under(ID), ..submit("alpha", vec![item("a")]) };
    let mut evidence = system.operator.evidence.clone();
    let first = evidence.submit_evidence(request.clone()).await.unwrap().into_inner();
    let again = evidence.submit_evidence(request.clone()).await.unwrap().into_inner();
    let (one, other) = (first.receipt.unwrap(), again.receipt.unwrap());
    assert!(!one.replayed && other.replayed);
    assert_eq!((one.events, first.items.clone()), (other.events, again.items));

    let system = system.restarted().await;
    let mut evidence = system.operator.evidence.clone();
    let later = evidence.submit_evidence(request).await.unwrap().into_inner();
    assert!(later.receipt.unwrap().replayed);
    assert_eq!(later.items, first.items);
}

#[tokio::test]
async fn the_same_request_id_with_other_content_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut evidence = system.operator.evidence.clone();
    let request =
        wire::SubmitEvidenceRequest { append: under(ID), ..submit("alpha", vec![item("a")]) };
    evidence.submit_evidence(request.clone()).await.unwrap();
    let mut other = request.clone();
    other.items[0].title = "Another title".to_owned();
    let mut fewer = request.clone();
    fewer.items[0].source.as_mut().unwrap().id = "b".to_owned();
    let mut more = request;
    more.items.push(item("c"));
    for changed in [other, fewer, more] {
        let status = evidence.submit_evidence(changed).await.unwrap_err();
        expect!["AlreadyExists REQUEST_ID_REUSED: request id 0b8f2c4e-77aa-4a5e-9d3b-6f1e2d3c4b5a was used before with other content"]
            .assert_eq(&refusal(&status));
    }
}

#[tokio::test]
async fn a_call_without_dates_made_again_is_the_same_call() {
    let system = System::new().await;
    let register = wire::RegisterUnitRequest {
        append: under(ID),
        kind: wire::UnitKind::Project.into(),
        name: "alpha".to_owned(),
        team: "team".to_owned(),
        ..Default::default()
    };
    let mut units = system.operator.units.clone();
    let first = units.register_unit(register.clone()).await.unwrap().into_inner();
    let system = system.restarted().await;
    let mut units = system.operator.units.clone();
    let again = units.register_unit(register).await.unwrap().into_inner();
    assert_eq!(first.unit, again.unit);
    assert_eq!(first.team, again.team);
    assert!(again.receipt.unwrap().replayed);
}

#[tokio::test]
async fn two_calls_under_one_request_id_at_once_record_once() {
    let system = System::new().await;
    system.project("alpha").await;
    let request =
        wire::SubmitEvidenceRequest { append: under(ID), ..submit("alpha", vec![item("a")]) };
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (mut evidence, request) = (system.operator.evidence.clone(), request.clone());
            tokio::spawn(async move { evidence.submit_evidence(request).await })
        })
        .collect();
    let mut recorded = 0;
    for call in calls {
        let answer = call.await.unwrap().unwrap().into_inner();
        recorded += usize::from(!answer.receipt.unwrap().replayed);
    }
    assert_eq!(recorded, 1);
}

#[tokio::test]
async fn an_item_with_a_known_source_is_the_same_item_and_other_content_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut evidence = system.operator.evidence.clone();
    let first = evidence.submit_evidence(submit("alpha", vec![item("a")])).await.unwrap();
    let batch = submit("alpha", vec![item("a"), item("b"), item("b")]);
    let again = evidence.submit_evidence(batch).await.unwrap().into_inner();
    let duplicates: Vec<bool> = again.items.iter().map(|item| item.duplicate).collect();
    assert_eq!(duplicates, [true, false, true]);
    assert_eq!(again.items[0].evidence, first.into_inner().items[0].evidence);

    let mut other = item("a");
    other.strength = wire::Strength::Weak.into();
    let status = evidence.submit_evidence(submit("alpha", vec![other])).await.unwrap_err();
    let told = refusal(&status);
    assert!(told.starts_with("AlreadyExists SOURCE_ID_REUSED: "), "{told}");
    assert!(
        told.contains("source id `a` of source `test` was used before with other content"),
        "{told}"
    );
}

#[tokio::test]
async fn a_stale_version_is_refused_and_of_two_writers_one_wins() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut evidence = system.operator.evidence.clone();
    evidence.submit_evidence(submit("alpha", vec![item("a")])).await.unwrap();
    let stale =
        wire::SubmitEvidenceRequest { append: expecting(0), ..submit("alpha", vec![item("b")]) };
    let status = evidence.submit_evidence(stale).await.unwrap_err();
    let told = refusal(&status);
    assert!(told.starts_with("Aborted STALE_VERSION: unit "), "{told}");
    assert!(told.ends_with(" is at version 1, not at 0"), "{told}");

    let writers: Vec<_> = (0..8)
        .map(|number| {
            let mut evidence = system.operator.evidence.clone();
            let items = vec![item(&format!("w{number}"))];
            let request =
                wire::SubmitEvidenceRequest { append: expecting(1), ..submit("alpha", items) };
            tokio::spawn(async move { evidence.submit_evidence(request).await.is_ok() })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        won += usize::from(writer.await.unwrap());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_verdict_tells_the_levels_that_would_change_and_records_nothing() {
    let system = System::new().await;
    system.project("alpha").await;
    let before = size(&system).await;
    let request = wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: Some(wire::AppendOptions { validate_only: true, ..Default::default() }),
        ratings: vec![rating("BP.10.01", wire::Value::NotSatisfied, "2026-05-01T00:00:00Z")],
    };
    let answer = system.operator.ratings.clone().rate_practices(request).await.unwrap();
    let receipt = answer.into_inner().receipt.unwrap();
    assert!(receipt.validated_only && receipt.events.is_empty());
    let [change] = receipt.level_changes.as_slice() else { panic!("one area changes") };
    assert_eq!(change.area, "PA10");
    assert_eq!(crate::running::told(change.rated_before.as_ref()), "not rated");
    assert_eq!(crate::running::told(change.rated_after.as_ref()), "0");
    assert_eq!(size(&system).await, before);
}

#[tokio::test]
async fn a_batch_with_one_bad_item_writes_nothing() {
    let system = System::new().await;
    system.project("alpha").await;
    let before = size(&system).await;
    let mut bad = item("b");
    bad.practices = vec!["BP.10.99".to_owned()];
    let request = submit("alpha", vec![item("a"), bad, item("c")]);
    let status = system.operator.evidence.clone().submit_evidence(request).await.unwrap_err();
    expect!["NotFound PRACTICE_UNKNOWN: item 1: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted"]
        .assert_eq(&refusal(&status));
    assert_eq!(size(&system).await, before);
}

async fn size(system: &System) -> u64 {
    let answer =
        system.operator.levels.clone().query_levels(levels_of("alpha", "2026-06-01")).await;
    answer.unwrap().into_inner().coordinate.unwrap().log_size
}

#[tokio::test]
async fn a_call_whose_client_went_away_is_the_same_call_when_it_is_made_again() {
    let system = System::new().await;
    system.project("alpha").await;
    for number in 0..40_u32 {
        let marker = wire::PlaceMarkerRequest {
            unit: "alpha".to_owned(),
            append: under(&format!("00000000-0000-4000-8000-{number:012}")),
            kind: wire::MarkerKind::Milestone.into(),
            label: format!("marker {number}"),
            effective_at: None,
        };
        let mut units = system.operator.units.clone();
        let patience = std::time::Duration::from_micros(u64::from(number) * 50);
        // Given up at some point of its way, mostly before the sync.
        let _ = tokio::time::timeout(patience, units.place_marker(marker.clone())).await;
        // Another clock: were it another call, it would be another marker.
        system.advance(1);
        system.operator.units.clone().place_marker(marker).await.unwrap();
    }
    let asked = wire::GetUnitRequest { unit: "alpha".to_owned(), ..Default::default() };
    let unit = system.operator.units.clone().get_unit(asked).await.unwrap().into_inner().unit;
    assert_eq!(unit.unwrap().markers.len(), 40);
}
