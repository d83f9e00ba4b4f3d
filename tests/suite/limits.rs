//! Limits of one principal and of connections: what a caller sees of each, and that others do not.

use std::time::Duration;

use expect_test::expect;
use gradus_server::settings::Limits;
use gradus_wire::v1 as wire;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;
use wire::evidence_step::Step;

use crate::running::{Principal, System, item, refusal, submit};

const SERVICE: wire::PrincipalKind = wire::PrincipalKind::Service;
const COLLECTOR: wire::Role = wire::Role::Collector;

/// A server with a limit, a project and two tools.
async fn given(limits: Limits) -> (System, Principal, Principal) {
    let system = System::with_limits(limits).await;
    system.project("alpha").await;
    system.advance(3_600);
    let noisy = system.with_role("noisy", SERVICE, (COLLECTOR, "alpha")).await;
    let calm = system.with_role("calm", SERVICE, (COLLECTOR, "alpha")).await;
    system.advance(3_600);
    (system, noisy, calm)
}

async fn submits(who: &Principal, ids: &[String]) -> Result<(), Status> {
    let items = ids.iter().map(|id| item(id)).collect();
    who.evidence.clone().submit_evidence(submit("alpha", items)).await.map(drop)
}

fn ids(of: &str, many: u32) -> Vec<String> {
    (0..many).map(|number| format!("{of}{number}")).collect()
}

fn message(steps: &[String]) -> wire::PushEvidenceRequest {
    let step = |id: &String| wire::EvidenceStep { step: Some(Step::Submit(item(id))) };
    wire::PushEvidenceRequest {
        unit: "alpha".to_owned(),
        append: None,
        steps: steps.iter().map(step).collect(),
    }
}

#[tokio::test]
async fn whoever_is_over_a_rate_is_told_which_and_when_to_come_back_and_others_are_not() {
    let limits = Limits { writes_per_second: 20, ..Limits::none() };
    let (system, noisy, calm) = given(limits).await;
    for number in 0..20 {
        submits(&noisy, &ids(&format!("n{number}/"), 1)).await.unwrap();
    }
    let size = system.size().await;
    let status = submits(&noisy, &ids("late", 1)).await.unwrap_err();
    expect!["ResourceExhausted RATE_LIMITED: `writes-per-second` of one principal is 20, and that many are used: come again in 50 ms"]
        .assert_eq(&refusal(&status));
    let details = status.get_error_details();
    let retry = details.retry_info().unwrap().retry_delay.unwrap();
    assert_eq!(retry, Duration::from_millis(50));
    let quota = &details.quota_failure().unwrap().violations[0];
    assert_eq!(quota.subject, "writes-per-second");
    assert_eq!(quota.description, "`writes-per-second` is 20 for each principal");
    assert_eq!(details.error_info().unwrap().metadata["most"], "20");
    assert_eq!(system.size().await, size, "nothing of it was recorded");
    let asked = wire::WhoAmIRequest::default();
    noisy.principals.clone().who_am_i(asked).await.expect("reading is another limit");
    submits(&calm, &ids("c", 1)).await.expect("it is not the calm one's limit");
    system.advance(1);
    submits(&noisy, &ids("late", 1)).await.unwrap();
}

#[tokio::test]
async fn what_reads_has_a_rate_of_its_own() {
    let limits = Limits { reads_per_second: 10, ..Limits::none() };
    let (system, noisy, calm) = given(limits).await;
    let who = async |principal: &Principal| {
        principal.principals.clone().who_am_i(wire::WhoAmIRequest::default()).await.map(drop)
    };
    for _ in 0..10 {
        who(&noisy).await.unwrap();
    }
    let status = who(&noisy).await.unwrap_err();
    assert!(refusal(&status).contains("RATE_LIMITED: `reads-per-second` of one principal is 10"));
    who(&calm).await.unwrap();
    submits(&noisy, &ids("n", 1)).await.unwrap();
    system.advance(1);
    who(&noisy).await.unwrap();
}

#[tokio::test]
async fn events_and_bytes_are_counted_and_a_call_over_them_records_nothing() {
    let limits = Limits { events_per_second: 100, ..Limits::none() };
    let (system, noisy, calm) = given(limits).await;
    submits(&noisy, &ids("a", 600)).await.unwrap();
    let size = system.size().await;
    let status = submits(&noisy, &ids("b", 600)).await.unwrap_err();
    expect!["ResourceExhausted RATE_LIMITED: `events-per-second` of one principal is 100, and that many are used: come again in 2000 ms"]
        .assert_eq(&refusal(&status));
    assert_eq!(system.size().await, size);
    submits(&calm, &ids("c", 600)).await.unwrap();
    system.advance(2);
    submits(&noisy, &ids("b", 600)).await.unwrap();

    let limits = Limits { kibibytes_per_second: 1, ..Limits::none() };
    let (_system, noisy, _) = given(limits).await;
    let long = |id: String| wire::EvidenceItem { note: "n".repeat(3_000), ..item(&id) };
    let items = |of: &str| ids(of, 900).into_iter().map(long).collect::<Vec<_>>();
    noisy.evidence.clone().submit_evidence(submit("alpha", items("a"))).await.unwrap();
    let again = noisy.evidence.clone().submit_evidence(submit("alpha", items("b"))).await;
    let told = refusal(&again.unwrap_err());
    assert!(told.contains("`kibibytes-per-second` of one principal is 1"), "{told}");
}

#[tokio::test]
async fn a_stream_of_evidence_is_slowed_and_not_refused() {
    let limits = Limits { events_per_second: 100, ..Limits::none() };
    let (system, noisy, calm) = given(limits).await;
    let messages: Vec<_> = (0..12).map(|at| message(&ids(&format!("{at}/"), 100))).collect();
    let (sender, sent) = mpsc::channel(64);
    let answers = noisy.evidence.clone().push_evidence(ReceiverStream::new(sent)).await;
    let mut answers = answers.unwrap().into_inner();
    for message in messages {
        sender.send(message).await.unwrap();
    }
    drop(sender);
    for number in 0..10 {
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!((answer.message, answer.submitted), (number, 100));
    }
    // However long it waits: the clock stands still.
    let early = tokio::time::timeout(Duration::from_millis(300), answers.next()).await;
    assert!(early.is_err(), "{early:?}");
    submits(&calm, &ids("c", 1)).await.unwrap();
    for number in 10..12 {
        system.advance(1);
        let answer = answers.next().await.unwrap().unwrap();
        assert_eq!((answer.message, answer.submitted), (number, 100));
    }
    assert!(answers.next().await.is_none(), "all is answered");
}

#[tokio::test]
async fn a_server_stops_while_a_stream_is_slowed() {
    let limits = Limits { events_per_second: 1, ..Limits::none() };
    let (mut system, noisy, _) = given(limits).await;
    let (sender, sent) = mpsc::channel(64);
    let answers = noisy.evidence.clone().push_evidence(ReceiverStream::new(sent)).await;
    let mut answers = answers.unwrap().into_inner();
    sender.send(message(&ids("a", 1_000))).await.unwrap();
    sender.send(message(&ids("b", 1_000))).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap().submitted, 1_000);
    let stopped = tokio::spawn(system.stopping());
    let status = answers.next().await.unwrap().unwrap_err();
    expect!["Unavailable STOPPING: the log is closed"].assert_eq(&refusal(&status));
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_slowed_ends_with_its_right_and_records_nothing_more() {
    let limits = Limits { events_per_second: 1, ..Limits::none() };
    let (system, noisy, _) = given(limits).await;
    let (sender, sent) = mpsc::channel(64);
    let answers = noisy.evidence.clone().push_evidence(ReceiverStream::new(sent)).await;
    let mut answers = answers.unwrap().into_inner();
    sender.send(message(&ids("a", 1_000))).await.unwrap();
    sender.send(message(&ids("b", 1_000))).await.unwrap();
    assert_eq!(answers.next().await.unwrap().unwrap().submitted, 1_000);
    system.end_role("noisy", COLLECTOR, "alpha").await;
    let size = system.size().await;
    let status = answers.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), tonic::Code::PermissionDenied);
    system.advance(10_000);
    assert_eq!(system.size().await, size);
}

#[tokio::test]
async fn open_streams_of_one_principal_are_bounded_and_one_that_ends_gives_its_place_back() {
    let limits = Limits { streams_at_once: 2, ..Limits::none() };
    let (_system, noisy, calm) = given(limits).await;
    let watch = async |who: &Principal| {
        let asked = wire::WatchLevelsRequest { units: vec!["alpha".into()], ..Default::default() };
        who.levels.clone().watch_levels(asked).await.map(tonic::Response::into_inner)
    };
    let first = watch(&noisy).await.unwrap();
    let (_sender, sent) = mpsc::channel(1);
    let pushes = noisy.evidence.clone().push_evidence(ReceiverStream::new(sent)).await.unwrap();
    let status = watch(&noisy).await.err().unwrap();
    expect!["ResourceExhausted RATE_LIMITED: `streams-at-once` of one principal is 2, and that many are used: come again in 250 ms"]
        .assert_eq(&refusal(&status));
    watch(&calm).await.unwrap();
    submits(&noisy, &ids("n", 1)).await.expect("a plain call is no stream");
    drop(first);
    // The server hears of it in a moment.
    while watch(&noisy).await.is_err() {
        tokio::task::yield_now().await;
    }
    drop(pushes);
}

#[tokio::test]
async fn calls_at_once_of_one_principal_keep_no_others_out() {
    let limits = Limits { writes_at_once: 4, ..Limits::none() };
    let (_system, noisy, calm) = given(limits).await;
    let flood: Vec<_> = (0..180)
        .map(|number| {
            let noisy = noisy.clone();
            tokio::spawn(async move { submits(&noisy, &ids(&format!("n{number}/"), 20)).await })
        })
        .collect();
    for number in 0..20 {
        submits(&calm, &ids(&format!("c{number}/"), 1)).await.expect("the calm one is served");
    }
    let (mut taken, mut refused) = (0, 0);
    for call in flood {
        match call.await.unwrap() {
            Ok(()) => taken += 1,
            Err(status) => {
                let told = refusal(&status);
                assert!(told.contains("RATE_LIMITED: `writes-at-once` of one principal is 4"));
                refused += 1;
            }
        }
    }
    assert!(taken >= 20, "those in line are served: {taken} of {}", taken + refused);
}

async fn connected(system: &System) -> Result<Channel, tonic::transport::Error> {
    let address = format!("http://{}", system.address());
    Channel::from_shared(address).unwrap().connect().await
}

#[tokio::test]
async fn connections_of_one_address_are_bounded_and_other_addresses_get_theirs() {
    // One is the operator's.
    let limits = Limits { connections_per_address: 3, ..Limits::none() };
    let system = System::with_limits(limits).await;
    let token = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    let works = async |channel: &Channel| {
        let who = Principal::new(channel, token.trim());
        who.principals.clone().who_am_i(wire::WhoAmIRequest::default()).await.is_ok()
    };
    let one = connected(&system).await.unwrap();
    let other = connected(&system).await.unwrap();
    assert!(works(&one).await && works(&other).await);
    let mut refused = TcpStream::connect(system.address()).await.unwrap();
    assert_eq!(refused.read(&mut [0; 9]).await.unwrap_or_default(), 0, "it is closed at once");
    let mut elsewhere = crate::attacks::from("127.0.0.2", &system).await;
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    tokio::io::AsyncWriteExt::write_all(&mut elsewhere, hello).await.unwrap();
    assert_ne!(elsewhere.read(&mut [0; 9]).await.unwrap(), 0, "another address is served");
    drop(one);
    // The server hears of it in a moment.
    loop {
        match connected(&system).await {
            Ok(channel) if works(&channel).await => break,
            _ => tokio::task::yield_now().await,
        }
    }
}
