//! The index over gRPC: it says what a fold says, is rebuilt, verified, and built anew when lost.

use gradus_wire::v1 as wire;
use gradus_wire::v1::projection_service_client::ProjectionServiceClient;

use crate::running::{Line, System, area, item, levels_of, rating, submit};

fn projections(system: &System) -> ProjectionServiceClient<Line> {
    system.operator.projections.clone()
}

/// A project with evidence and ratings.
async fn project(system: &System) {
    system.project("alpha").await;
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let items = (0..5).map(|number| item(&format!("p{number}"))).collect();
    tool.evidence.clone().submit_evidence(submit("alpha", items)).await.unwrap();
    let satisfied = rating("BP.10.01", wire::Value::Satisfied, "2026-05-02T00:00:00Z");
    system.rated("alpha", vec![satisfied]).await;
}

async fn listed(system: &System) -> wire::Projection {
    // A read waits until what is durable was indexed.
    answer(system).await;
    let list = projections(system).list_projections(wire::ListProjectionsRequest {}).await;
    list.unwrap().into_inner().projections.remove(0)
}

/// How far the log is verified again.
async fn again(system: &System) -> wire::LogVerification {
    let list = projections(system).list_projections(wire::ListProjectionsRequest {}).await;
    list.unwrap().into_inner().log.unwrap()
}

/// The levels of PA10 as the index has them, and the digest of the answer.
async fn answer(system: &System) -> (String, Vec<u8>) {
    let question = levels_of("alpha", "2026-06-01T00:00:00Z");
    let answer = system.operator.levels.clone().query_levels(question).await.unwrap().into_inner();
    (area(&answer, "PA10"), answer.digest)
}

#[tokio::test]
async fn a_rebuild_takes_the_place_of_the_live_one_and_says_the_same() {
    let system = System::new().await;
    project(&system).await;
    let (before, said) = (listed(&system).await, answer(&system).await);
    assert_eq!(before.cursor, before.head_size);
    let asked = wire::RebuildProjectionRequest { name: "levels".to_owned() };
    let mut told = projections(&system).rebuild_projection(asked).await.unwrap().into_inner();
    let mut last = None;
    while let Some(message) = told.message().await.unwrap() {
        last = Some(message);
    }
    let last = last.unwrap();
    assert!(last.switched);
    assert_eq!((last.done, last.digest), (before.cursor, before.digest));
    assert_eq!(answer(&system).await, said);
    // It goes on with what comes.
    let unsatisfied = rating("BP.10.01", wire::Value::NotSatisfied, "2026-05-03T00:00:00Z");
    system.rated("alpha", vec![unsatisfied]).await;
    assert_ne!(answer(&system).await, said);
    assert_eq!(listed(&system).await.cursor, before.cursor + 1);
}

#[tokio::test]
async fn a_verification_folds_the_log_again_and_agrees() {
    let system = System::new().await;
    project(&system).await;
    let asked = wire::VerifyProjectionRequest { name: "levels".to_owned() };
    let mut told = projections(&system).verify_projection(asked).await.unwrap().into_inner();
    let mut last = None;
    while let Some(message) = told.message().await.unwrap() {
        last = Some(message);
    }
    let last = last.unwrap();
    assert!(last.equal);
    assert_eq!(last.digest, listed(&system).await.digest);
}

#[tokio::test]
async fn an_index_that_was_removed_is_built_anew_at_the_start() {
    let system = System::new().await;
    project(&system).await;
    let (before, said) = (listed(&system).await, answer(&system).await);
    let directory = system.stopped().await;
    std::fs::remove_dir_all(directory.path().join("data/projections")).unwrap();
    let system = System::in_directory(directory, "2026-06-01T12:00:10Z").await;
    assert_eq!(listed(&system).await.digest, before.digest);
    assert_eq!(answer(&system).await, said);
}

#[tokio::test]
async fn an_index_goes_on_after_a_restart_where_it_was() {
    let system = System::new().await;
    project(&system).await;
    let (before, said) = (listed(&system).await, answer(&system).await);
    let system = system.restarted().await;
    assert_eq!(listed(&system).await.digest, before.digest);
    assert_eq!(answer(&system).await, said);
}

#[tokio::test]
async fn an_unknown_projection_is_not_found() {
    let system = System::new().await;
    let asked = wire::VerifyProjectionRequest { name: "nothing".to_owned() };
    let mut told = projections(&system).verify_projection(asked).await.unwrap().into_inner();
    let mut refused = None;
    while refused.is_none() {
        refused = told.message().await.err();
    }
    assert_eq!(refused.unwrap().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn the_list_tells_how_far_a_log_that_started_by_its_mark_is_verified_again() {
    use wire::LogVerificationState::{Done, Off, Running};
    let small = |settings: &mut gradus_server::Settings| settings.verify_whole_below = 10;
    let system = System::with_settings(tempfile::tempdir().unwrap(), small).await;
    let first = again(&system).await;
    assert_eq!((first.state(), first.verified, first.expected), (Off, 0, 0));
    project(&system).await;
    let size = system.size().await;
    let system = System::with_settings(system.stopped().await, small).await;
    let mut seen = again(&system).await;
    while seen.state() == Running {
        assert!(seen.verified <= seen.expected && seen.expected > 0);
        tokio::task::yield_now().await;
        seen = again(&system).await;
    }
    assert_eq!((seen.state(), seen.verified, seen.expected), (Done, size, size));
    // Of one that is not so long, all is verified first.
    let system = System::in_directory(system.stopped().await, "2026-06-01T12:00:00Z").await;
    assert_eq!(again(&system).await.state(), Off);
}
