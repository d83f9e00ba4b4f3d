//! Capsules of logs that describe themselves: a state digest proves that no stream ends too soon.

use expect_test::expect;
use gradus_capsule::Capsule;
use gradus_capsule::file::write;
use gradus_service::capsule::Finding;
use gradus_wire::v1 as wire;
use wire::create_capsule_request::Known;

use super::{asked, by_key, check, created, key};
use crate::running::{System, item, submit};
use crate::state_digests::{describing, waited};

fn of(size: u64) -> wire::CreateCapsuleRequest {
    wire::CreateCapsuleRequest { known: Some(Known::LogSize(size)), ..asked("alpha") }
}

/// A server that describes itself at each 32 records, with two projects; the size that was described.
async fn given() -> (System, u64) {
    let system = describing(32).await;
    system.project("alpha").await;
    system.project("beta").await;
    for number in 0..12 {
        let unit = if number % 3 == 0 { "beta" } else { "alpha" };
        system.submitted(unit, vec![item(&number.to_string())]).await;
    }
    let (size, _) = waited(&system, 32).await;
    (system, size)
}

fn whole(found: &[Finding]) -> String {
    let all = found.iter().filter_map(|finding| match finding {
        Finding::Whole { streams, size, described, .. } => {
            Some(format!("{streams} streams up to {size} of {described}"))
        }
        _ => None,
    });
    all.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_itself_that_no_stream_of_a_capsule_ends_too_soon() {
    let (system, described) = given().await;
    let key = key(&system).await;
    // Streams went on between the capsule's size and the digest's, or not.
    for size in [1, described - 9, described - 1, described] {
        let bytes = created(&system.operator, of(size)).await;
        if size == 1 {
            // The unit did not exist; what is claimed of it is nothing.
            assert!(by_key(&bytes.unwrap(), &key).is_ok());
            continue;
        }
        let verified = by_key(&bytes.unwrap(), &key).unwrap();
        assert_eq!(verified.manifest.format, 2);
        let told = whole(&verified.proved);
        assert_eq!(told, format!("3 streams up to {size} of {described}"), "{size}");
        check(
            &verified,
            &expect!["proved signature records stream-heads texts levels; not witnesses"],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_digest_is_new_enough_that_is_said_and_the_next_one_proves_it() {
    let (system, described) = given().await;
    let key = key(&system).await;
    let size = system.size().await;
    assert!(size > described);
    let first = created(&system.operator, of(size)).await.unwrap();
    assert!(created(&system.operator, of(size)).await.unwrap() == first);
    let verified = by_key(&first, &key).unwrap();
    assert_eq!(whole(&verified.proved), format!("3 streams up to {described} of {described}"));
    let open = verified.not_proved.iter().find(|finding| finding.name() == "completeness").unwrap();
    assert!(
        open.to_string()
            .contains(&format!("newest state digest of the log was of its first {described}")),
        "{open}"
    );
    for number in 12..44 {
        let items = submit("alpha", vec![item(&number.to_string())]);
        system.operator.evidence.clone().submit_evidence(items).await.unwrap();
    }
    let (next, _) = waited(&system, described + 32).await;
    let then = created(&system.operator, of(size)).await.unwrap();
    let verified = by_key(&then, &key).unwrap();
    assert_eq!(whole(&verified.proved), format!("3 streams up to {size} of {next}"));
    check(&verified, &expect!["proved signature records stream-heads texts levels; not witnesses"]);
    let system = system.restarted().await;
    assert!(created(&system.operator, of(size)).await.unwrap() == then);
}

#[tokio::test(flavor = "multi_thread")]
async fn later_leaves_that_stand_in_another_order_than_rows_are_refused() {
    let (system, described) = given().await;
    let key = key(&system).await;
    let units = vec!["alpha".to_owned(), "beta".to_owned()];
    let asked = wire::CreateCapsuleRequest { units, ..of(described - 9) };
    let bytes = created(&system.operator, asked).await.unwrap();
    let capsule = Capsule::read(&bytes).unwrap();
    let mut members: Vec<(String, Vec<u8>)> =
        capsule.members().iter().map(|one| (one.name.clone(), one.bytes.to_vec())).collect();
    let is_later = |(name, _): &(String, Vec<u8>)| name.starts_with("heads/later/");
    let begin = members.iter().position(is_later).unwrap();
    let later = members.iter().filter(|one| is_later(one)).count();
    assert!(later > 1);
    members[begin..begin + later].reverse();
    let forged = write(capsule.manifest.clone(), &members);
    let refused = by_key(&forged, &key).unwrap_err().to_string();
    assert!(
        refused.ends_with("members `heads/later/…` stand in the order of `heads/rows`"),
        "{refused}"
    );
}
