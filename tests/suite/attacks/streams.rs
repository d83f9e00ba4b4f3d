//! Streams that never end: without reading the answers, and without saying anything.

use expect_test::expect;
use gradus_server::settings::Limits;
use gradus_wire::v1 as wire;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use wire::evidence_step::Step;

use crate::running::{System, item, refusal};

fn message(number: u64) -> wire::PushEvidenceRequest {
    let step = wire::EvidenceStep { step: Some(Step::Submit(item(&number.to_string()))) };
    wire::PushEvidenceRequest { unit: "alpha".to_owned(), append: None, steps: vec![step] }
}

#[tokio::test]
async fn a_stream_whose_answers_nobody_reads_takes_no_room_of_the_principals_others() {
    let limits = Limits { streams_at_once: 0, ..Limits::default().without_rates() };
    let system = System::with_limits(limits).await;
    system.project("alpha").await;
    let mut stuck = Vec::new();
    for _ in 0..3 {
        let (sender, sent) = mpsc::channel(1);
        let mut evidence = system.operator.evidence.clone();
        let answers = evidence.push_evidence(ReceiverStream::new(sent)).await.unwrap();
        let pushing = tokio::spawn(async move {
            for number in 0.. {
                if sender.send(message(number)).await.is_err() {
                    return;
                }
            }
        });
        stuck.push((answers, pushing));
    }
    let mut evidence = system.operator.evidence.clone();
    let messages = tokio_stream::iter((10_000..10_400).map(message));
    let answers = evidence.push_evidence(messages).await.unwrap().into_inner();
    let answered = answers.filter(Result::is_ok).fold(0, |count, _| count + 1).await;
    assert_eq!(answered, 400);
    for (answers, pushing) in stuck {
        drop(answers);
        pushing.await.unwrap();
    }
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
