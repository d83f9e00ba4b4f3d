//! Connections that hold on: silent, slow, half of a request, and thousands of them.

use std::time::Duration;

use gradus_server::settings::Limits;
use gradus_wire::v1 as wire;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE};
use super::frames::{call, ended, frame, next_of};
use super::{bearer, from};
use crate::running::{Principal, System, item, submit};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const SUBMIT: &str = "/gradus.v1.EvidenceService/SubmitEvidence";

/// A health check, whole: an empty message.
fn health() -> Vec<u8> {
    let head = frame(HEADERS, END_HEADERS, &call(HEALTH, &[]));
    [head, frame(DATA, END_STREAM, &[0, 0, 0, 0, 0])].concat()
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed_whatever_it_sends() {
    let limits = Limits { first_call_seconds: 1, ..Limits::none() };
    let system = System::with_limits(limits).await;
    let half = frame(HEADERS, END_HEADERS, &call(HEALTH, &[]));
    let without_end = frame(HEADERS, 0, &call(HEALTH, &[]));
    for begun in [
        Vec::new(),
        PREFACE[..11].to_vec(),
        PREFACE.to_vec(),
        [PREFACE, &half[..20]].concat(),
        [PREFACE, &without_end].concat(),
    ] {
        let mut stream = TcpStream::connect(system.address()).await.unwrap();
        stream.write_all(&begun).await.unwrap();
        ended(&mut stream).await;
    }
    // One that says again and again that it is there.
    let mut stream = TcpStream::connect(system.address()).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    let mut pings = 0;
    let (mut answers, mut asks) = stream.split();
    let mut often = tokio::time::interval(Duration::from_millis(50));
    let drips = async {
        while asks.write_all(&frame(PING, 0, &[0; 8])).await.is_ok() {
            pings += 1;
            often.tick().await;
        }
    };
    tokio::select! {
        () = drips => (),
        _ = ended(&mut answers) => (),
    }
    assert!(pings > 1);
    // Whoever has asked once may be silent for as long as they like: here is no limit for that.
    system.size().await;
}

#[tokio::test]
async fn a_connection_without_a_call_is_closed_after_a_while_and_one_with_an_open_stream_is_not() {
    let limits = Limits { idle_connection_seconds: 1, ..Limits::none() };
    let system = System::with_limits(limits).await;
    system.project("alpha").await;
    let asked = wire::SubscribeEventsRequest { unit: "alpha".to_owned(), ..Default::default() };
    let mut updates = system.operator.events.clone().subscribe_events(asked).await.unwrap();
    let mut stream = TcpStream::connect(system.address()).await.unwrap();
    stream.write_all(&[PREFACE, &health()].concat()).await.unwrap();
    let (kind, flags, _) = next_of(&mut stream, &[HEADERS]).await.unwrap();
    assert_eq!((kind, flags & END_STREAM), (HEADERS, 0), "it is answered");
    ended(&mut stream).await;
    // That took longer than the subscription was silent for.
    let mut again = TcpStream::connect(system.address()).await.unwrap();
    again.write_all(&[PREFACE, &health()].concat()).await.unwrap();
    ended(&mut again).await;
    system.submitted("alpha", vec![item("a")]).await;
    let size = system.size().await;
    let mut told = 0;
    while told < size {
        let update = updates.get_mut().message().await.unwrap().expect("the stream goes on");
        told = match update.update.unwrap() {
            wire::subscribe_events_response::Update::Events(batch) => batch.log_size,
            wire::subscribe_events_response::Update::Heartbeat(beat) => beat.log_size,
        };
    }
}

#[tokio::test]
async fn half_a_request_is_answered_when_its_time_is_over() {
    let limits = Limits { call_seconds: 1, ..Limits::none() };
    let system = System::with_limits(limits).await;
    system.project("alpha").await;
    let size = system.size().await;
    let bearer = bearer(&system);
    let head = call(SUBMIT, &[("authorization", bearer.as_bytes())]);
    // A message of 100 bytes is promised, and ten of them come.
    let begun = [&[0, 0, 0, 0, 100][..], &[0; 10]].concat();
    for sent in [Vec::new(), frame(DATA, 0, &begun)] {
        let mut stream = TcpStream::connect(system.address()).await.unwrap();
        let head = frame(HEADERS, END_HEADERS, &head);
        stream.write_all(&[PREFACE, &head, &sent].concat()).await.unwrap();
        let (_, flags, _) = next_of(&mut stream, &[HEADERS]).await.unwrap();
        assert_eq!(flags & END_STREAM, END_STREAM, "an answer of a status alone");
    }
    assert_eq!(system.size().await, size);
}

#[tokio::test]
async fn a_message_that_says_to_be_endless_is_refused_before_it_comes() {
    let system = System::new().await;
    let bearer = bearer(&system);
    let head = call(SUBMIT, &[("authorization", bearer.as_bytes())]);
    let mut stream = TcpStream::connect(system.address()).await.unwrap();
    let head = frame(HEADERS, END_HEADERS, &head);
    let begun = frame(DATA, 0, &[0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    stream.write_all(&[PREFACE, &head, &begun].concat()).await.unwrap();
    let (_, flags, _) = next_of(&mut stream, &[HEADERS]).await.unwrap();
    assert_eq!(flags & END_STREAM, END_STREAM);
}

/// How many connections may be tried: so many are asked for, and as many as the system has files.
fn many() -> usize {
    let asked = std::env::var("GRADUS_CONNECTIONS").ok().and_then(|asked| asked.parse().ok());
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let files = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    // A fifth of them is open on the other side, too, and other tests need some.
    asked.unwrap_or(2_000).min(files.unwrap_or(1_024).saturating_sub(512) * 2 / 3)
}

#[tokio::test]
async fn thousands_of_connections_of_one_address_keep_nobody_else_out() {
    let (all, most) = (many(), many() / 5);
    let limits = Limits {
        connections_per_address: u32::try_from(most).unwrap(),
        // However slow the machine is: none of them gives its seat back.
        first_call_seconds: 0,
        ..Limits::default().without_rates()
    };
    let system = System::with_limits(limits).await;
    system.project("alpha").await;
    let mut held = Vec::new();
    let mut refused = 0;
    for number in 0..all {
        let mut stream = from("127.0.0.2", &system).await;
        if number >= most {
            // Closed at once; one that was not reads nothing, and waits.
            assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or_default(), 0);
            refused += 1;
        } else {
            stream.write_all(PREFACE).await.unwrap();
            held.push(stream);
        }
        if number.is_multiple_of(100) {
            system.submitted("alpha", vec![item(&number.to_string())]).await;
        }
    }
    assert_eq!((held.len(), refused), (most, all - most));
    let address = format!("http://{}", system.address());
    let channel = tonic::transport::Channel::from_shared(address).unwrap().connect().await.unwrap();
    let bearer = bearer(&system);
    let newcomer = Principal::new(&channel, bearer.trim_start_matches("Bearer "));
    let asked = submit("alpha", vec![item("new")]);
    newcomer.evidence.clone().submit_evidence(asked).await.expect("another address is served");
}
