//! Watching levels over gRPC: what is recorded, what time does, and where to go on.

use std::time::Duration;

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::Streaming;

use crate::running::{System, at, item, on, rating, submit, told};

/// Base practices of PA10 in the 2008 model.
const BASE: [&str; 7] =
    ["BP.10.01", "BP.10.02", "BP.10.03", "BP.10.04", "BP.10.05", "BP.10.06", "BP.10.07"];

type Changes = Streaming<wire::WatchLevelsResponse>;

async fn watch(system: &System, asked: wire::WatchLevelsRequest) -> Changes {
    system.operator.levels.clone().watch_levels(asked).await.unwrap().into_inner()
}

/// The next message with a change.
async fn moved(changes: &mut Changes) -> wire::WatchLevelsResponse {
    let next = async {
        loop {
            let next = changes.message().await.unwrap().expect("the stream goes on");
            if next.moved.is_some() {
                return next;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), next).await.expect("a change comes")
}

fn spoken(message: &wire::WatchLevelsResponse) -> String {
    let moved = message.moved.as_ref().unwrap();
    let state = |state: &Option<wire::AreaState>| match state {
        Some(state) => {
            format!("{}; {}", told(state.rated.as_ref()), told(state.ongoing.as_ref()))
        }
        None => "nothing".to_owned(),
    };
    let unit = &moved.unit.as_ref().unwrap().name;
    let area = moved.area.rsplit('/').next().unwrap();
    let by = if moved.position.is_some() { "by a record" } else { "by time" };
    format!("{unit} {area}: {} -> {} {by}", state(&moved.before), state(&moved.after))
}

/// A project whose tool covered all of PA10 and whose practices a person rated.
async fn rated_project(system: &System) {
    system.project("alpha").await;
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let every = wire::EvidenceItem {
        practices: BASE.iter().map(|practice| (*practice).to_owned()).collect(),
        ..item("p1")
    };
    tool.evidence.clone().submit_evidence(submit("alpha", vec![every])).await.unwrap();
}

async fn rate_all(system: &System) {
    let ratings =
        BASE.map(|practice| rating(practice, wire::Value::Satisfied, "2026-05-02T00:00:00Z"));
    system.rated("alpha", ratings.to_vec()).await;
}

#[tokio::test]
async fn a_watcher_hears_of_what_is_recorded_and_of_what_time_does() {
    let system = System::new().await;
    rated_project(&system).await;
    let asked = wire::WatchLevelsRequest { units: vec!["alpha".to_owned()], ..Default::default() };
    let mut changes = watch(&system, asked).await;
    rate_all(&system).await;
    let mut last = moved(&mut changes).await;
    expect!["alpha PA10: not rated; not rated -> 0 to 5, 34 open; 0 to 5, 34 open by a record"]
        .assert_eq(&spoken(&last));
    for _ in 1..BASE.len() {
        last = moved(&mut changes).await;
    }
    expect!["alpha PA10: 0 to 5, 29 open; 0 to 5, 29 open -> 1 to 5, 28 open; 1 to 5, 28 open by a record"]
        .assert_eq(&spoken(&last));
    // Nothing is renewed, and three years go by.
    system.advance(3 * 366 * 86_400);
    let system = system.restarted().await;
    let asked = wire::WatchLevelsRequest {
        from_size: Some(last.log_size),
        from_valid_at: last.valid_at,
        ..Default::default()
    };
    let fallen = moved(&mut watch(&system, asked).await).await;
    expect!["alpha PA10: 1 to 5, 28 open; 1 to 5, 28 open -> 1 to 5, 28 open; 0 by time"]
        .assert_eq(&spoken(&fallen));
    assert!(fallen.valid_at.unwrap().seconds * 1_000_000 < system.now().micros());
}

#[tokio::test]
async fn a_watch_resumed_from_any_message_tells_what_came_after_it() {
    let system = System::new().await;
    rated_project(&system).await;
    rate_all(&system).await;
    system.advance(3 * 366 * 86_400);
    let system = system.restarted().await;
    let from = |size, valid_at| wire::WatchLevelsRequest {
        from_size: Some(size),
        from_valid_at: valid_at,
        ..Default::default()
    };
    let mut changes = watch(&system, from(0, None)).await;
    let mut all = Vec::new();
    for _ in 0..=BASE.len() {
        all.push(moved(&mut changes).await);
    }
    let (whole, mut seen) = (all.iter().map(spoken).collect::<Vec<_>>(), Vec::new());
    assert!(whole.last().unwrap().ends_with("by time"), "{whole:?}");
    for message in &all {
        seen.push(spoken(message));
        if message == all.last().unwrap() {
            break;
        }
        let mut rest = watch(&system, from(message.log_size, message.valid_at)).await;
        let next = spoken(&moved(&mut rest).await);
        assert_eq!(next, whole[seen.len()], "after {}", spoken(message));
    }
}

#[tokio::test]
async fn a_watch_beyond_the_log_or_of_an_unknown_unit_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut levels = system.operator.levels.clone();
    let beyond = wire::WatchLevelsRequest { from_size: Some(1_000_000), ..Default::default() };
    let refused = levels.watch_levels(beyond).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::OutOfRange, "{refused}");
    let unknown =
        wire::WatchLevelsRequest { units: vec!["nobody".to_owned()], ..Default::default() };
    let refused = levels.watch_levels(unknown).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound, "{refused}");
}

#[tokio::test]
async fn a_late_fact_about_the_past_moves_nothing_now() {
    let system = System::new().await;
    rated_project(&system).await;
    rate_all(&system).await;
    let from = system.size().await;
    let mut changes =
        watch(&system, wire::WatchLevelsRequest { from_size: Some(from), ..Default::default() })
            .await;
    // What was over long ago is recorded only now; then something that counts today.
    let past = wire::EvidenceItem {
        work_to: on("2020-01-01T00:00:00Z"),
        valid_until: on("2020-02-01T00:00:00Z"),
        ..item("late")
    };
    system.submitted("alpha", vec![past]).await;
    let unsatisfied = rating("BP.10.01", wire::Value::NotSatisfied, "2026-05-03T00:00:00Z");
    system.rated("alpha", vec![unsatisfied]).await;
    let first = moved(&mut changes).await;
    assert!(spoken(&first).ends_with("-> 0; 0 by a record"), "{}", spoken(&first));
    assert!(at("2026-01-01T00:00:00Z") < system.now());
}
