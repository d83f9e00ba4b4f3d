//! Subscriptions: everything from a size on, in order, then what is new.

use expect_test::expect;
use gradus_model::Digest;
use gradus_wire::v1 as wire;
use tokio_stream::StreamExt;
use tonic::{Code, Streaming};
use wire::subscribe_events_response::Update;

use crate::running::{System, item, refusal, submit};

type Updates = Streaming<wire::SubscribeEventsResponse>;

async fn subscribed(system: &System, asked: wire::SubscribeEventsRequest) -> Updates {
    system.operator.events.clone().subscribe_events(asked).await.unwrap().into_inner()
}

/// Reads until everything up to `size` has been sent.
async fn read_to(updates: &mut Updates, size: u64) -> Vec<wire::Event> {
    let mut events = Vec::new();
    loop {
        let reached = match updates.next().await.unwrap().unwrap().update.unwrap() {
            Update::Events(batch) => {
                assert!(!batch.events.is_empty() && batch.events.len() <= 1_000);
                events.extend(batch.events);
                batch.log_size
            }
            Update::Heartbeat(beat) => beat.log_size,
        };
        if reached >= size {
            return events;
        }
    }
}

fn positions(events: &[wire::Event]) -> Vec<u64> {
    events.iter().map(|event| event.position).collect()
}

#[tokio::test]
async fn a_subscription_sends_every_event_in_order_and_then_new_ones() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut receipts = Vec::new();
    for number in 0..20 {
        let asked = submit("alpha", vec![item(&format!("{number}")), item(&format!("{number}b"))]);
        let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
        receipts.extend(answer.into_inner().receipt.unwrap().events);
    }
    let size = system.size().await;
    let mut updates = subscribed(&system, wire::SubscribeEventsRequest::default()).await;
    let mut events = read_to(&mut updates, size).await;
    assert_eq!(positions(&events), (0..size).collect::<Vec<_>>());

    for number in 0..5 {
        let asked = submit("alpha", vec![item(&format!("new{number}"))]);
        let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
        let receipt = answer.into_inner().receipt.unwrap();
        let new = read_to(&mut updates, receipt.log_size).await;
        assert_eq!(positions(&new), [receipt.events[0].position]);
        receipts.extend(receipt.events);
        events.extend(new);
    }

    // Who folds the leaves alone comes to the server's own numbers.
    let hashes: Vec<Digest> =
        events.iter().map(|event| gradus_proof::leaf_hash(&event.leaf)).collect();
    for (event, hash) in events.iter().zip(&hashes) {
        assert_eq!(event.leaf_hash, hash.0);
    }
    for placed in receipts {
        let at = usize::try_from(placed.position).unwrap();
        assert_eq!(placed.leaf_hash, hashes[at].0);
        assert_eq!(Some(placed.recorded_at), Some(events[at].recorded_at));
    }
    let asked = wire::ListEventsRequest { page_size: 1, ..Default::default() };
    let listed = system.operator.events.clone().list_events(asked).await.unwrap().into_inner();
    assert_eq!(listed.log_size, hashes.len() as u64);
    assert_eq!(listed.root, gradus_proof::root(&hashes).0);
    let stamps: Vec<_> = events
        .iter()
        .map(|event| event.recorded_at.unwrap())
        .map(|at| (at.seconds, at.nanos))
        .collect();
    assert!(stamps.is_sorted_by(|one, next| one < next), "stamps strictly increase");
}

#[tokio::test]
async fn a_subscription_goes_on_from_any_size() {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a"), item("b"), item("c")]).await;
    let size = system.size().await;
    for from in 0..size {
        let asked = wire::SubscribeEventsRequest { from_size: from, ..Default::default() };
        let mut updates = subscribed(&system, asked).await;
        let events = read_to(&mut updates, size).await;
        assert_eq!(positions(&events), (from..size).collect::<Vec<_>>());
    }
    let asked = wire::SubscribeEventsRequest { from_size: size, ..Default::default() };
    let mut updates = subscribed(&system, asked).await;
    system.submitted("alpha", vec![item("d")]).await;
    assert_eq!(positions(&read_to(&mut updates, size + 1).await), [size], "only what is new");
}

#[tokio::test]
async fn a_filter_leaves_out_and_says_how_far_it_has_come() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    system.submitted("alpha", vec![item("a")]).await;
    system.submitted("beta", vec![item("b")]).await;
    let size = system.size().await;
    let nothing = wire::SubscribeEventsRequest {
        types: vec!["rating-ended".to_owned()],
        ..Default::default()
    };
    let mut updates = subscribed(&system, nothing).await;
    let Update::Heartbeat(beat) = updates.next().await.unwrap().unwrap().update.unwrap() else {
        panic!("no event fits");
    };
    assert_eq!(beat.log_size, size);

    let one = wire::SubscribeEventsRequest {
        unit: "alpha".to_owned(),
        types: vec!["evidence-submitted".to_owned()],
        view: wire::EventView::Leaf.into(),
        ..Default::default()
    };
    let mut updates = subscribed(&system, one).await;
    let events = read_to(&mut updates, size).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.position, size - 2);
    assert!(event.payload.is_empty() && event.body_json.is_empty() && event.unit.is_none());
    system.submitted("beta", vec![item("c")]).await;
    system.submitted("alpha", vec![item("d")]).await;
    assert_eq!(positions(&read_to(&mut updates, size + 2).await), [size + 1]);
}

#[tokio::test]
async fn catching_up_with_long_records_fits_into_messages() {
    let system = System::new().await;
    system.project("alpha").await;
    // Practices in full and subjects: leaves close to their bound, which are longer in words.
    let areas = 1..=13;
    let practices =
        areas.flat_map(|area| (1..=4).map(move |number| format!("BP.{area:02}.{number:02}")));
    let practices: Vec<String> = practices.collect();
    let measure = wire::Measure { name: "a".into(), value: 1, decimals: 0, unit: "1".into() };
    let subject = wire::Subject { kind: "k".to_owned(), id: "1".to_owned() };
    let items = |hundred: u32| -> Vec<wire::EvidenceItem> {
        let one = |number: u32| wire::EvidenceItem {
            practices: practices.clone(),
            measures: vec![measure.clone(); 32],
            subjects: vec![subject.clone(); 32],
            attachments: vec!["ab".repeat(32); 16],
            note: "n".repeat(1_500),
            ..item(&format!("{hundred}/{number}"))
        };
        (0..150).map(one).collect()
    };
    let from = system.size().await;
    for hundred in 0..3 {
        system.submitted("alpha", items(hundred)).await;
    }
    let asked = wire::SubscribeEventsRequest { from_size: from, ..Default::default() };
    let mut updates = subscribed(&system, asked).await;
    let events = read_to(&mut updates, from + 450).await;
    assert_eq!(positions(&events), (from..from + 450).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_subscribers_see_the_same_while_many_writers_write() {
    let system = System::new().await;
    system.project("alpha").await;
    let from = system.size().await;
    let mut readers = Vec::new();
    for _ in 0..4 {
        let asked = wire::SubscribeEventsRequest { from_size: from, ..Default::default() };
        let mut updates = subscribed(&system, asked).await;
        readers.push(tokio::spawn(async move { read_to(&mut updates, from + 100).await }));
    }
    let writers: Vec<_> = (0..10)
        .map(|writer| {
            let mut evidence = system.operator.evidence.clone();
            tokio::spawn(async move {
                for number in 0..10 {
                    let asked = submit("alpha", vec![item(&format!("{writer}/{number}"))]);
                    evidence.submit_evidence(asked).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for reader in readers {
        assert_eq!(positions(&reader.await.unwrap()), (from..from + 100).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_subscription_ends_with_a_reason_when_the_server_stops() {
    let mut system = System::new().await;
    let size = system.size().await;
    let mut updates = subscribed(&system, wire::SubscribeEventsRequest::default()).await;
    read_to(&mut updates, size).await;
    let stopped = tokio::spawn(system.stopping());
    let status = updates.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    expect!["Unavailable STOPPING: the log is closed"].assert_eq(&refusal(&status));
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_subscriber_of_a_unit_hears_how_far_it_is_and_of_nothing_that_happens_elsewhere() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let size = system.size().await;
    let asked = wire::SubscribeEventsRequest { unit: "beta".to_owned(), ..Default::default() };
    let mut updates = subscribed(&system, asked).await;
    let Update::Heartbeat(beat) = updates.next().await.unwrap().unwrap().update.unwrap() else {
        panic!("nothing happened to beta");
    };
    assert_eq!(beat.log_size, size);

    for number in 0..10 {
        system.submitted("alpha", vec![item(&format!("a{number}"))]).await;
    }
    system.submitted("beta", vec![item("b")]).await;
    let size = system.size().await;
    let Update::Events(batch) = updates.next().await.unwrap().unwrap().update.unwrap() else {
        panic!("what happens to alpha is not told");
    };
    assert_eq!((positions(&batch.events), batch.log_size), (vec![size - 1], size));
}
