//! Metadata that lies, is too long, or is meant to become something else.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::{Request, Status};
use wire::principal_service_client::PrincipalServiceClient;

use super::bearer;
use super::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, call, frame, next_of};
use crate::running::{System, item, on, refusal, submit};

const WHO: &str = "/gradus.v1.PrincipalService/WhoAmI";
/// `RST_STREAM` and `GOAWAY`.
const RESET: u8 = 3;
const GO_AWAY: u8 = 7;

/// Asks who it is, with metadata of its own.
async fn who(system: &System, put: impl FnOnce(&mut MetadataMap)) -> Result<String, Status> {
    let mut request = Request::new(wire::WhoAmIRequest::default());
    put(request.metadata_mut());
    let answer = PrincipalServiceClient::new(system.channel.clone()).who_am_i(request).await?;
    Ok(answer.into_inner().principal.unwrap().name)
}

fn ascii(text: &str) -> MetadataValue<Ascii> {
    text.parse().unwrap()
}

async fn told(system: &System, put: impl FnOnce(&mut MetadataMap)) -> String {
    who(system, put).await.unwrap_or_else(|status| refusal(&status))
}

#[tokio::test]
async fn two_tokens_in_one_call_are_refused_whichever_comes_first() {
    let system = System::new().await;
    let good = ascii(&bearer(&system));
    let wrong = ascii(&format!("Bearer gradus_person_{}", "0".repeat(64)));
    for pair in [[&good, &wrong], [&wrong, &good], [&good, &good]] {
        let answer = told(&system, |metadata| {
            for value in pair {
                metadata.append("authorization", value.clone());
            }
        });
        expect!["Unauthenticated TOKEN_REFUSED: `authorization` was sent more than once: send one bearer token"]
            .assert_eq(&answer.await);
    }
    assert_eq!(
        told(&system, |metadata| drop(metadata.insert("authorization", good))).await,
        "operator"
    );
}

#[tokio::test]
async fn a_time_that_is_none_is_refused_and_shown_without_what_it_hides() {
    let system = System::new().await;
    let good = ascii(&bearer(&system));
    for wrong in ["soon", "1", "-1S", "999999999S", "1s\u{9}grpc-status: 0"] {
        let answer = told(&system, |metadata| {
            metadata.insert("authorization", good.clone());
            metadata.insert("grpc-timeout", ascii(wrong));
        });
        let shown = wrong.escape_debug();
        assert_eq!(
            answer.await,
            format!(
                "InvalidArgument INVALID_FIELD [grpc-timeout]: `grpc-timeout`: `{shown}` is no time: send it once, as at most eight digits and one of H, M, S, m, u, n"
            )
        );
    }
}

#[tokio::test]
async fn no_header_says_where_a_call_comes_from() {
    let system = System::new().await;
    let mut answers = Vec::new();
    for number in 0..12 {
        let answer = told(&system, |metadata| {
            metadata.insert("authorization", ascii(&format!("Bearer gradus_person_{number:064}")));
            metadata.insert("x-forwarded-for", ascii(&format!("10.0.0.{number}")));
            metadata.insert("forwarded", ascii(&format!("for=10.0.0.{number}")));
            metadata.insert("x-real-ip", ascii(&format!("10.0.0.{number}")));
        });
        answers.push(answer.await.split(':').next().unwrap().to_owned());
    }
    assert!(answers[..10].iter().all(|told| told == "Unauthenticated TOKEN_REFUSED"));
    assert!(answers[10..].iter().all(|told| told == "ResourceExhausted TOO_MANY_FAILURES"));
}

#[tokio::test]
async fn metadata_of_more_than_16_kib_comes_to_no_handler() {
    let system = System::new().await;
    let good = bearer(&system);
    let mut answers = Vec::new();
    for bytes in [8 << 10, 17 << 10, 64 << 10] {
        let answer = who(&system, |metadata| {
            metadata.insert("authorization", ascii(&good));
            metadata.insert("x-long", ascii(&"x".repeat(bytes)));
        });
        answers.push(answer.await.is_ok());
    }
    assert_eq!(answers, [true, false, false]);
    let answer = told(&system, |metadata| drop(metadata.insert("authorization", ascii(&good))));
    assert_eq!(answer.await, "operator", "and the connection or the next one serves on");
}

#[tokio::test]
async fn bytes_that_no_header_may_have_end_the_call_and_nothing_else() {
    let system = System::new().await;
    let bearer = bearer(&system);
    let injected = format!("{bearer}\r\nx-more: 1");
    let zero = format!("{bearer}\0");
    for value in [injected.as_bytes(), zero.as_bytes(), b"Bearer \n"] {
        let head = frame(HEADERS, END_HEADERS, &call(WHO, &[("authorization", value)]));
        let message = frame(DATA, END_STREAM, &[0, 0, 0, 0, 0]);
        let mut stream = TcpStream::connect(system.address()).await.unwrap();
        stream.write_all(&[PREFACE, &head, &message].concat()).await.unwrap();
        let (kind, _, _) = next_of(&mut stream, &[HEADERS, RESET, GO_AWAY]).await.unwrap();
        assert_ne!(kind, HEADERS, "it is no call");
    }
    // Bytes above ASCII may be there, and are no token.
    let refused = told(&system, |metadata| {
        let bytes = [bearer.as_bytes(), "é".as_bytes()].concat();
        metadata.insert("authorization", MetadataValue::try_from(bytes.as_slice()).unwrap());
    });
    assert!(refused.await.starts_with("Unauthenticated TOKEN_REFUSED"));
}

#[tokio::test]
async fn the_request_id_of_another_principal_is_an_id_like_any_other() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let collector = (wire::Role::Collector, "alpha");
    let first = system.with_role("first", wire::PrincipalKind::Service, collector).await;
    let second = system.with_role("second", wire::PrincipalKind::Service, collector).await;
    let of_beta = (wire::Role::Collector, "beta");
    let outsider = system.with_role("outsider", wire::PrincipalKind::Service, of_beta).await;
    let request_id = "0b8f2c4e-77aa-4a5e-9d3b-6f1e2d3c4b5a".to_owned();
    let fresh = "1c9e3d5f-88bb-4b6f-8e4c-7a2f3e4d5c6b".to_owned();
    let asked = |id: &String, source: &str| wire::SubmitEvidenceRequest {
        append: Some(wire::AppendOptions { request_id: id.clone(), ..Default::default() }),
        ..submit("alpha", vec![item(source)])
    };
    let mine = first.evidence.clone().submit_evidence(asked(&request_id, "a")).await.unwrap();
    let mine = mine.into_inner();

    let other = second.evidence.clone().submit_evidence(asked(&request_id, "b")).await.unwrap();
    let other = other.into_inner();
    assert!(!other.receipt.as_ref().unwrap().replayed, "it is no replay of another's call");
    assert_ne!(other.items[0].evidence, mine.items[0].evidence);
    assert_ne!(other.receipt.unwrap().events, mine.receipt.as_ref().unwrap().events);

    let told = async |id: &String| {
        let answer = outsider.evidence.clone().submit_evidence(asked(id, "a")).await;
        refusal(&answer.unwrap_err())
    };
    assert_eq!(
        told(&request_id).await,
        told(&fresh).await,
        "used by others or not, it looks alike"
    );
    let again = first.evidence.clone().submit_evidence(asked(&request_id, "a")).await.unwrap();
    let again = again.into_inner().receipt.unwrap();
    assert!(again.replayed && again.events == mine.receipt.unwrap().events);
}

#[tokio::test]
async fn a_role_that_ended_a_second_ago_counts_for_nothing() {
    let system = System::new().await;
    system.project("alpha").await;
    let (viewer, unit) = (wire::PrincipalKind::Service, "organization");
    let eve = system.with_role("eve", viewer, (wire::Role::Viewer, unit)).await;
    let granted = wire::GrantRoleRequest {
        principal: "eve".to_owned(),
        role: wire::Role::Collector.into(),
        unit: "alpha".to_owned(),
        until: on("2026-06-01T13:00:00Z"),
        ..Default::default()
    };
    system.operator.roles.clone().grant_role(granted).await.unwrap();
    let submits = async |id: &str| {
        let answer = eve.evidence.clone().submit_evidence(submit("alpha", vec![item(id)])).await;
        answer.map_or_else(|status| status.code(), |_| tonic::Code::Ok)
    };
    system.advance(3_599);
    assert_eq!(submits("a").await, tonic::Code::Ok, "a second before");
    system.advance(2);
    let size = system.size().await;
    assert_eq!(submits("b").await, tonic::Code::PermissionDenied);
    assert_eq!(system.size().await, size);
}
