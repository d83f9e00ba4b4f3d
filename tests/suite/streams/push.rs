//! Bulk push: one answer a message, in order, and whole messages only.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use wire::evidence_step::Step;
use wire::push_evidence_response::Result as Answer;

use crate::running::{System, item, on, refusal, without_ids};

fn submit(id: &str) -> wire::EvidenceStep {
    wire::EvidenceStep { step: Some(Step::Submit(item(id))) }
}

fn end(id: &str, at: &str) -> wire::EvidenceStep {
    let source = wire::Source { name: "test".to_owned(), id: id.to_owned() };
    let source = wire::evidence_ref::Ref::Source(source);
    let end = wire::EndStep {
        evidence: Some(wire::EvidenceRef { r#ref: Some(source) }),
        at: on(at),
        reason: String::new(),
    };
    wire::EvidenceStep { step: Some(Step::End(end)) }
}

fn message(unit: &str, steps: Vec<wire::EvidenceStep>) -> wire::PushEvidenceRequest {
    wire::PushEvidenceRequest { unit: unit.to_owned(), append: None, steps }
}

/// Pushes messages and closes; what came back.
async fn pushed(
    system: &System,
    messages: Vec<wire::PushEvidenceRequest>,
) -> Vec<wire::PushEvidenceResponse> {
    let mut evidence = system.operator.evidence.clone();
    let answers = evidence.push_evidence(tokio_stream::iter(messages)).await.unwrap().into_inner();
    answers.map(Result::unwrap).collect().await
}

/// An answer in a line.
fn told(answer: &wire::PushEvidenceResponse) -> String {
    let result = match answer.result.as_ref().unwrap() {
        Answer::Receipt(receipt) => format!("{} events", receipt.events.len()),
        Answer::Error(error) => {
            let field = error.metadata.get("field").map(|field| format!(" [{field}]"));
            let field = field.unwrap_or_default();
            format!("{} {}{field}: {}", error.code, error.reason, error.message)
        }
    };
    let wire::PushEvidenceResponse { message, submitted, duplicates, ended, .. } = answer;
    without_ids(&format!("{message}: {submitted} new, {duplicates} known, {ended} ended; {result}"))
}

fn all(answers: &[wire::PushEvidenceResponse]) -> String {
    answers.iter().map(told).collect::<Vec<_>>().join("\n")
}

/// How many items the unit has.
async fn items(system: &System, unit: &str) -> usize {
    let asked =
        wire::ListEvidenceRequest { unit: unit.to_owned(), page_size: 1_000, ..Default::default() };
    let listed = system.operator.evidence.clone().list_evidence(asked).await.unwrap();
    listed.into_inner().evidence.len()
}

#[tokio::test]
async fn every_message_is_answered_once_and_in_order() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let unit = |number: usize| if number.is_multiple_of(2) { "alpha" } else { "beta" };
    let messages: Vec<_> =
        (0..200).map(|number| message(unit(number), vec![submit(&format!("m{number}"))])).collect();
    let answers = pushed(&system, messages).await;
    let numbers: Vec<u64> = answers.iter().map(|answer| answer.message).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    let mut positions = Vec::new();
    for answer in &answers {
        let Some(Answer::Receipt(receipt)) = &answer.result else { panic!("{answer:?}") };
        assert!(receipt.log_size > receipt.events[0].position);
        positions.push(receipt.events[0].position);
    }
    assert!(positions.is_sorted(), "messages are recorded in their order");
    assert_eq!((items(&system, "alpha").await, items(&system, "beta").await), (100, 100));
}

#[tokio::test]
async fn a_bad_message_gets_an_error_writes_nothing_and_the_stream_goes_on() {
    let system = System::new().await;
    system.project("alpha").await;
    let size = system.size().await;
    let bad = |item: wire::EvidenceItem| wire::EvidenceStep { step: Some(Step::Submit(item)) };
    let unknown = wire::EvidenceItem { practices: vec!["BP.10.99".to_owned()], ..item("x") };
    let ahead = wire::EvidenceItem { work_to: on("2026-07-01"), ..item("x") };
    let long = wire::EvidenceItem { title: "x".repeat(513), ..item("x") };
    let large = wire::EvidenceItem { note: "x".repeat(4_096), uri: "x".repeat(2_048), ..item("x") };
    let other = wire::EvidenceItem { strength: wire::Strength::Weak.into(), ..item("a") };
    let stale = wire::AppendOptions { expected_version: Some(7), ..Default::default() };
    let answers = pushed(
        &system,
        vec![
            message("alpha", vec![submit("a")]),
            message("alpha", vec![submit("b"), bad(unknown)]),
            message("alpha", vec![bad(ahead.clone())]),
            message("alpha", vec![submit("b"), bad(ahead)]),
            message("alpha", vec![submit("b"), bad(long)]),
            message("alpha", vec![submit("b"), bad(large)]),
            message("alpha", vec![submit("b"), wire::EvidenceStep::default()]),
            message("alpha", vec![submit("b"), bad(other)]),
            message("alpha", vec![submit("b"), end("nobody", "2026-05-20")]),
            message("alpha", vec![submit("b"), end("b", "2026-04-20")]),
            message("alpha", vec![]),
            message("nobody", vec![submit("b")]),
            wire::PushEvidenceRequest {
                append: Some(stale),
                ..message("alpha", vec![submit("b")])
            },
            message("alpha", vec![submit("c")]),
        ],
    )
    .await;
    expect![[r#"
        0: 1 new, 0 known, 0 ended; 1 events
        1: 0 new, 0 known, 0 ended; NOT_FOUND PRACTICE_UNKNOWN [steps[1].submit]: item 1: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        2: 0 new, 0 known, 0 ended; INVALID_ARGUMENT IN_THE_FUTURE [steps[0].submit.work_to]: `work_to` is 2026-07-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        3: 0 new, 0 known, 0 ended; INVALID_ARGUMENT IN_THE_FUTURE [steps[1].submit.work_to]: item 1: `work_to` is 2026-07-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        4: 0 new, 0 known, 0 ended; INVALID_ARGUMENT INVALID_FIELD [steps[1].submit.title]: `steps[1].submit.title`: it has 513 bytes, at most 512 are allowed
        5: 0 new, 0 known, 0 ended; INVALID_ARGUMENT RECORD_TOO_LARGE [steps[1].submit]: item 1: it takes 238 bytes in the log, 6492 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        6: 0 new, 0 known, 0 ended; INVALID_ARGUMENT INVALID_FIELD [steps[1]]: `steps[1]`: it is missing and must be given
        7: 0 new, 0 known, 0 ended; ALREADY_EXISTS SOURCE_ID_REUSED [steps[1].submit]: item 1: source id `a` of source `test` was used before with other content, as evidence `ID`
        8: 0 new, 0 known, 0 ended; NOT_FOUND EVIDENCE_UNKNOWN [steps[1].end]: item 1: evidence `nobody of source test` is unknown in this unit
        9: 0 new, 0 known, 0 ended; INVALID_ARGUMENT END_BEFORE_START [steps[1].end.at]: item 1: `at` is 2026-04-20T00:00:00Z, which is not after 2026-05-01T00:00:00Z
        10: 0 new, 0 known, 0 ended; INVALID_ARGUMENT INVALID_FIELD [steps]: `steps`: it is empty, at least one entry must be given
        11: 0 new, 0 known, 0 ended; NOT_FOUND UNIT_UNKNOWN: unit `nobody` is unknown
        12: 0 new, 0 known, 0 ended; ABORTED STALE_VERSION: unit alpha is at version 1, not at 7
        13: 1 new, 0 known, 0 ended; 1 events"#]].assert_eq(&all(&answers));
    assert_eq!(system.size().await, size + 2);
    assert_eq!(items(&system, "alpha").await, 2, "a and c, and nothing of the rest");
}

#[tokio::test]
async fn a_second_run_finds_everything_there() {
    let system = System::new().await;
    system.project("alpha").await;
    let messages = || {
        vec![
            message("alpha", vec![submit("a"), submit("b"), end("a", "2026-05-20")]),
            message("alpha", vec![submit("c"), end("b", "2026-05-21")]),
        ]
    };
    let first = pushed(&system, messages()).await;
    let size = system.size().await;
    let second = pushed(&system, messages()).await;
    expect![[r#"
        0: 2 new, 0 known, 1 ended; 3 events
        1: 1 new, 0 known, 1 ended; 2 events
        again
        0: 0 new, 2 known, 0 ended; 0 events
        1: 0 new, 1 known, 0 ended; 0 events"#]]
    .assert_eq(&format!("{}\nagain\n{}", all(&first), all(&second)));
    assert_eq!(system.size().await, size, "nothing is recorded twice");
    let system = system.restarted().await;
    let third = pushed(&system, messages()).await;
    assert_eq!(all(&third), all(&second));
    assert_eq!(system.size().await, size);
}

#[tokio::test]
async fn an_item_can_be_submitted_and_ended_in_one_message() {
    let system = System::new().await;
    system.project("alpha").await;
    let one = message("alpha", vec![submit("a"), end("a", "2026-05-20")]);
    let answers = pushed(&system, vec![one]).await;
    expect!["0: 1 new, 0 known, 1 ended; 2 events"].assert_eq(&all(&answers));
    let asked = wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let listed = system.operator.evidence.clone().list_evidence(asked).await.unwrap().into_inner();
    assert_eq!(listed.evidence[0].ended_at, on("2026-05-20"));
}

/// An open stream: where messages go in, and where answers come out.
#[tokio::test]
async fn a_message_that_repeats_one_in_flight_is_answered_by_what_that_one_recorded() {
    let system = System::new().await;
    system.project("alpha").await;
    let request_id = "5b0c0f5e-3f0a-4a52-9d0c-1f6f0a1b2c3d".to_owned();
    let append = Some(wire::AppendOptions { request_id, ..Default::default() });
    let named = wire::PushEvidenceRequest { append, ..message("alpha", vec![submit("a")]) };
    let same_item = message("alpha", vec![submit("a")]);
    let answers = pushed(&system, vec![named.clone(), same_item, named]).await;
    expect![[r#"
        0: 1 new, 0 known, 0 ended; 1 events
        1: 0 new, 1 known, 0 ended; 0 events
        2: 1 new, 0 known, 0 ended; 1 events"#]]
    .assert_eq(&all(&answers));
    let replayed = answers.iter().map(|answer| match answer.result.as_ref().unwrap() {
        Answer::Receipt(receipt) => receipt.replayed,
        Answer::Error(error) => panic!("{error:?}"),
    });
    assert_eq!(replayed.collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(items(&system, "alpha").await, 1);
}

async fn open(
    system: &System,
) -> (mpsc::Sender<wire::PushEvidenceRequest>, Streaming<wire::PushEvidenceResponse>) {
    let (sender, messages) = mpsc::channel(64);
    let mut evidence = system.operator.evidence.clone();
    let answers = evidence.push_evidence(ReceiverStream::new(messages)).await.unwrap();
    (sender, answers.into_inner())
}

#[tokio::test]
async fn a_client_that_vanishes_leaves_whole_messages_only() {
    let system = System::new().await;
    system.project("alpha").await;
    let (sender, mut answers) = open(&system).await;
    for number in 0..40 {
        let steps = ["x", "y", "z"].map(|part| submit(&format!("{number}{part}")));
        sender.send(message("alpha", steps.to_vec())).await.unwrap();
    }
    let first = answers.next().await.unwrap().unwrap();
    assert_eq!(first.message, 0);
    drop((sender, answers));
    // The restart waits for what the server had begun.
    let system = system.restarted().await;
    let there = items(&system, "alpha").await;
    assert!(there >= 3 && there % 3 == 0, "{there} items are no whole messages");
}

#[tokio::test]
async fn the_stream_ends_well_when_the_client_closes_and_with_a_reason_when_the_server_stops() {
    let mut system = System::new().await;
    system.project("alpha").await;
    let (sender, mut answers) = open(&system).await;
    sender.send(message("alpha", vec![submit("a")])).await.unwrap();
    answers.next().await.unwrap().unwrap();
    drop(sender);
    assert!(answers.next().await.is_none(), "closed and all answered: the stream ends with OK");

    let (_sender, mut answers) = open(&system).await;
    let stopped = tokio::spawn(system.stopping());
    let status = answers.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    expect!["Unavailable STOPPING: the log is closed"].assert_eq(&refusal(&status));
    stopped.await.unwrap();
}
