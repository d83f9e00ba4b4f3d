//! Capsules of appraised units: what was sealed at their size stays withheld in them.

use gradus_service::capsule::{Trust, verify};
use gradus_wire::v1 as wire;
use wire::create_capsule_request::Known;

use super::{Cast, SECRET, cast};

async fn capsule(cast: &Cast, log_size: u64) -> Vec<u8> {
    let asked = wire::CreateCapsuleRequest {
        units: vec!["app".to_owned()],
        known: Some(Known::LogSize(log_size)),
        valid_at: crate::running::on("2026-06-01"),
        ..Default::default()
    };
    let mut proofs = cast.system.operator.proofs.clone();
    let mut pieces = proofs.create_capsule(asked).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        bytes.extend(piece.content);
    }
    bytes
}

fn tells(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}

#[tokio::test]
async fn what_was_sealed_then_is_withheld_for_ever_and_what_was_revealed_is_told() {
    let cast = Box::pin(cast()).await;
    for by in [&cast.leo, &cast.mia] {
        cast.rate(by, [wire::Value::Satisfied; 4]).await.unwrap();
    }
    let sealed = cast.system.size().await;
    let before = capsule(&cast, sealed).await;
    cast.reveal().await.unwrap();
    let revealed = cast.system.size().await;
    assert!(capsule(&cast, sealed).await == before, "the same bytes after it was revealed");
    let after = capsule(&cast, revealed).await;
    assert_eq!((tells(&before), tells(&after)), (false, true));
    for bytes in [before, after] {
        let streams = verify(&bytes, &Trust::default()).unwrap().manifest.members;
        let streams = streams.iter().filter(|member| member.name.starts_with("streams/"));
        assert_eq!(
            streams.count(),
            2,
            "the organization and the appraisal; the unit has no record"
        );
    }
}
