//! Streams that never end: without reading the answers, and without saying anything.

use std::time::Duration;

use expect_test::expect;
use gradus_server::settings::Limits;
use gradus_wire::v1 as wire;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use wire::evidence_step::Step;

use crate::running::{Principal, System, item, refusal};

fn message(number: u64) -> wire::PushEvidenceRequest {
    let step = wire::EvidenceStep { step: Some(Step::Submit(item(&number.to_string()))) };
    wire::PushEvidenceRequest { unit: "alpha".to_owned(), append: None, steps: vec![step] }
}

/// The operator on a connection whose client has little room for what it does not read.
async fn narrow(system: &System) -> Principal {
    let endpoint = Endpoint::from_shared(format!("http://{}", system.address())).unwrap();
    let endpoint = endpoint.initial_stream_window_size(1 << 16);
    let channel = endpoint.connect().await.unwrap();
    Principal::new(&channel, super::bearer(system).trim_start_matches("Bearer "))
}

#[tokio::test]
async fn a_stream_whose_answers_nobody_reads_is_read_no_further_and_holds_up_no_other() {
    let system = System::new().await;
    system.project("alpha").await;
    let before = system.size().await;
    let (sender, sent) = mpsc::channel(1);
    let mut evidence = narrow(&system).await.evidence;
    let stuck = evidence.push_evidence(ReceiverStream::new(sent)).await.unwrap();
    let mut stuck = stuck.into_inner();
    let all = 6_000;
    let pushing = tokio::spawn(async move {
        for number in 0..all {
            sender.send(message(number)).await.unwrap();
        }
    });
    // Until nothing moves any more: a slow machine may take more rounds, and records no more.
    let mut recorded = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let size = system.size().await - before;
        if size > 0 && size == recorded {
            break;
        }
        recorded = size;
    }
    assert!(recorded < all, "{recorded} of {all} are recorded, and no answer was read");

    let mut other = system.operator.evidence.clone();
    let messages = tokio_stream::iter((all..all + 1_500).map(message));
    let answers = other.push_evidence(messages).await.unwrap().into_inner();
    let answered = answers.filter(Result::is_ok).fold(0, |count, _| count + 1).await;
    assert_eq!(answered, 1_500, "another stream of the same principal has room");

    for number in 0..all {
        assert_eq!(stuck.next().await.unwrap().unwrap().message, number);
    }
    pushing.await.unwrap();
    assert_eq!(system.size().await - before, all + 1_500, "once they are read, it goes on");
}

#[tokio::test]
async fn a_stream_of_evidence_that_says_nothing_ends() {
    let limits = Limits { silent_push_seconds: 1, ..Limits::none() };
    let system = System::with_limits(limits).await;
    system.project("alpha").await;
    let (sender, sent) = mpsc::channel(1);
    let mut evidence = system.operator.evidence.clone();
    let mut answers = evidence.push_evidence(ReceiverStream::new(sent)).await.unwrap().into_inner();
    sender.send(message(0)).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap().submitted, 1);
    let status = answers.next().await.unwrap().unwrap_err();
    expect![
        "DeadlineExceeded SILENT: no message came for 1 s: open another stream when there is one"
    ]
    .assert_eq(&refusal(&status));
}
