//! Capsules of appraised units: what was sealed at their size stays withheld in them.

use gradus_capsule::{Capsule, check, file};
use gradus_domain::At;
use gradus_service::capsule::{Finding, Trust, claims, verify};
use gradus_wire::v1 as wire;
use wire::create_capsule_request::Known;

use super::imported::{import, of_before};
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

#[tokio::test]
async fn a_capsule_without_the_stream_of_an_imported_appraisal_says_what_that_leaves_open() {
    let cast = Box::pin(cast()).await;
    let appraisal = import(&cast.sue, of_before()).await.unwrap().appraisal;
    let bytes = capsule(&cast, cast.system.size().await).await;
    let verified = verify(&bytes, &Trust::default()).unwrap();
    let of_appraisals = |found: &[Finding]| -> Vec<String> {
        let found = found.iter().filter(|finding| finding.name() == "appraisals");
        found.map(ToString::to_string).collect()
    };
    assert!(of_appraisals(&verified.not_proved).is_empty());
    // Whoever leaves it out claims what follows from the rest: that nothing was imported.
    let whole = Capsule::read(&bytes).unwrap();
    let checked = check(&whole, &Trust::default()).unwrap();
    let mut records = checked.records.clone();
    records.retain(|record| record.place.stream.to_string() != appraisal);
    let mut manifest = whole.manifest.clone();
    let at = At { valid_at: manifest.valid_at.0, size: manifest.log_size };
    let units = [manifest.units[0].unit.0];
    manifest.units = claims(&records, &checked.documents, (manifest.log.0, at), &units).unwrap();
    let members = whole.members().iter().filter(|member| !member.name.contains(&appraisal));
    let members: Vec<_> =
        members.map(|member| (member.name.clone(), member.bytes.to_vec())).collect();
    let without = verify(&file::write(manifest, &members), &Trust::default()).unwrap();
    assert_ne!(without.manifest.units, verified.manifest.units);
    let told = format!(
        "what was recorded of appraisals that ratings name, whose streams are not here: whether \
         ratings were brought in with them: {appraisal}"
    );
    assert_eq!(of_appraisals(&without.not_proved), [told]);
}
