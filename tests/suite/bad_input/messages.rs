//! Messages that are no messages.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_wire::v1 as wire;
use prost::Message as _;

use super::check;
use crate::raw;
use crate::running::{System, item, refusal, submit};

const SUBMIT: &str = "/gradus.v1.EvidenceService/SubmitEvidence";

#[tokio::test]
async fn a_message_above_4_mib_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    let long = wire::EvidenceItem { note: "x".repeat(5 << 20), ..item("x") };
    let rows = vec![
        row!("5 MiB", system.operator.evidence, submit_evidence, submit("alpha", vec![long])),
        row!(
            "5 MiB of a document",
            system.operator.models,
            publish_rules,
            wire::PublishRulesRequest { append: None, content: vec![b'#'; 5 << 20] }
        ),
    ];
    check(&system, rows, &expect![[r#"
        5 MiB | OutOfRange : Error, decoded message length too large: found 5242944 bytes, the limit is: 4194304 bytes
        5 MiB of a document | OutOfRange : Error, decoded message length too large: found 5242885 bytes, the limit is: 4194304 bytes
    "#]]).await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    let token = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let good = submit("alpha", vec![item("a")]).encode_to_vec();
    let not_utf8 = |text: &str| {
        let at = good.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
        let mut bytes = good.clone();
        bytes[at] = 0xff;
        bytes
    };
    let size = system.size().await;
    let mut told = String::new();
    for (name, bytes) in [
        ("unit that is not UTF-8", not_utf8("alpha")),
        ("title that is not UTF-8", not_utf8("Policy a")),
        ("practice that is not UTF-8", not_utf8("BP.10.01")),
        ("truncated", good[..good.len() - 3].to_vec()),
        ("of another kind", vec![0xff; 64]),
    ] {
        let status = raw::call(&system.channel, Some(&bearer), SUBMIT, bytes).await.unwrap_err();
        writeln!(told, "{name} | {}", refusal(&status)).unwrap();
        assert_eq!(system.size().await, size, "{name}");
    }
    // tonic answers these, before any code of ours, and as gRPC asks for without details.
    expect![[r#"
        unit that is not UTF-8 | Internal : failed to decode Protobuf message: SubmitEvidenceRequest.unit: invalid string value: data is not UTF-8 encoded
        title that is not UTF-8 | Internal : failed to decode Protobuf message: EvidenceItem.title: SubmitEvidenceRequest.items: invalid string value: data is not UTF-8 encoded
        practice that is not UTF-8 | Internal : failed to decode Protobuf message: EvidenceItem.practices: SubmitEvidenceRequest.items: invalid string value: data is not UTF-8 encoded
        truncated | Internal : failed to decode Protobuf message: SubmitEvidenceRequest.items: buffer underflow
        of another kind | Internal : failed to decode Protobuf message: invalid varint
    "#]].assert_eq(&told);
    raw::call(&system.channel, Some(&bearer), SUBMIT, good).await.unwrap();
    assert_eq!(system.size().await, size + 1, "the whole message is taken");
}

#[tokio::test]
async fn an_unknown_field_is_ignored_and_an_unknown_method_is_told() {
    let system = System::new().await;
    system.project("alpha").await;
    let token = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let mut newer = submit("alpha", vec![item("a")]).encode_to_vec();
    // Field 99, a varint: what a client of a later version may send.
    newer.extend([0x98, 0x06, 0x01]);
    raw::call(&system.channel, Some(&bearer), SUBMIT, newer).await.unwrap();
    let path = "/gradus.v1.EvidenceService/ForgeEvidence";
    let status = raw::call(&system.channel, Some(&bearer), path, Vec::new()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unimplemented);
}
