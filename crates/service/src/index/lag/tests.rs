//! What is told while the index lags, and what it tells once it has caught up.

use std::fs;
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

use gradus_model::rating::Value;
use gradus_model::unit::{PrincipalKind, UnitKind};
use gradus_model::{Digest, Practice, RatingId};
use gradus_projection::projector::NAME;

use super::*;
use crate::append::tests::started_within;
use crate::call::Call;
use crate::coordinate::{Coordinate, Known};
use crate::evidence::AskedPractice;
use crate::levels::AskedLevels;
use crate::ratings::RatingInput;
use crate::recall::tests::{actor, item, stopped};
use crate::start::Memory;
use crate::units::Registration;
use crate::watch::AskedWatch;

const UNITS: [&str; 3] = ["firmware", "gateway", "portal"];
const NOTHING_FIRST: Memory = Memory {
    history_bytes: 1 << 20,
    idle: Duration::from_millis(100),
    fold_bytes: 1 << 20,
    most_read: 0,
};

async fn register(service: &Service, name: &str) {
    let unit = Registration {
        kind: UnitKind::Project,
        name: name.parse().unwrap(),
        parent: None,
        team: None,
        effective_at: None,
    };
    let call = Call::by(actor(service, PrincipalKind::Person));
    service.register_unit(&call, &unit).await.unwrap();
}

async fn push(service: &Service, unit: &str, numbers: std::ops::Range<u32>) {
    let call = Call::by(actor(service, PrincipalKind::Service));
    let items: Vec<_> = numbers.map(item).collect();
    service.push_evidence(&call, unit, &items).await.unwrap();
}

async fn rate(service: &Service, unit: &str, practice: &str, value: Value) -> RatingId {
    let call = Call::by(actor(service, PrincipalKind::Person));
    let rating = RatingInput {
        practice: AskedPractice {
            model: None,
            practice: Practice::Base(practice.parse().unwrap()),
        },
        value,
        effective_at: None,
        instance: None,
        rationale: "seen".to_owned(),
        evidence: Vec::new(),
    };
    let receipt = service.rate(&call, unit, &[rating]).await.unwrap();
    service.caught_up(None).await.unwrap();
    let views = service.views();
    let history = views.history(receipt.unit).unwrap();
    history.ratings(u64::MAX).next_back().unwrap().rating.rating
}

/// What levels a unit has as known with so many records, by what the answer is named with.
async fn levels(service: &Service, unit: &str, size: u64) -> Result<Digest, ServiceError> {
    let by = Call::by(actor(service, PrincipalKind::Person)).caller();
    let asked = Coordinate { known: Known::Size(size), ..Coordinate::default() };
    let answer = service.levels(&by, unit, &asked, &AskedLevels::default()).await?;
    assert!(!answer.areas.is_empty());
    Ok(answer.digest)
}

async fn all_levels(service: &Service, size: u64) -> Vec<Digest> {
    let mut all = Vec::new();
    for unit in UNITS {
        all.push(levels(service, unit, size).await.unwrap());
    }
    all
}

/// Whether the index is that of a fold of the log alone.
async fn is_true(service: &Arc<Service>) -> bool {
    let outcome = service.verify(NAME, watch::Sender::default()).await.unwrap();
    outcome.size == service.log.head().size && outcome.live == Ok(outcome.other)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A directory whose index is behind by changes of all sorts to two of three units; returned with the
/// size of the log and the levels there, as the index told them.
async fn behind(data: &Path) -> (u64, Vec<Digest>) {
    let service = started_within(data, Memory::default()).await;
    for unit in UNITS {
        register(&service, unit).await;
        push(&service, unit, 0..20).await;
        rate(&service, unit, "BP.10.01", Value::Satisfied).await;
    }
    let ended = rate(&service, "firmware", "BP.10.02", Value::Satisfied).await;
    stopped(service).await;
    let (live, kept) = (data.join("projections").join(NAME), data.with_extension("kept"));
    copy(&live, &kept);

    let service = started_within(data, Memory::default()).await;
    push(&service, "firmware", 20..25).await;
    push(&service, "gateway", 20..25).await;
    let call = Call::by(actor(&service, PrincipalKind::Person));
    service.withdraw_ratings(&call, "firmware", &[ended], "wrong").await.unwrap();
    rate(&service, "gateway", "BP.10.01", Value::NotSatisfied).await;
    rate(&service, "gateway", "BP.10.03", Value::Satisfied).await;
    service.caught_up(None).await.unwrap();
    let size = service.log.head().size;
    let told = all_levels(&service, size).await;
    stopped(service).await;
    fs::remove_dir_all(&live).unwrap();
    fs::rename(&kept, &live).unwrap();
    (size, told)
}

#[tokio::test]
async fn while_the_index_lags_levels_are_folded_and_are_those_that_it_tells_later() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (size, told) = behind(&data).await;
    // One unit may be read for a question, and both that have changed are too much for the start.
    let service = started_within(&data, Memory { most_read: 40, ..NOTHING_FIRST }).await;
    let pause = service.index.rebuilding.try_lock().unwrap();
    assert!(service.index.lags() && service.index.cursor() < size);
    assert_eq!(service.projections().unwrap()[0].cursor, service.index.cursor());
    assert_eq!(all_levels(&service, size).await, told);
    let portal = service.views().registry.unit_named(&"portal".parse().unwrap()).unwrap().id;
    assert!(service.index.tells(&service.views(), portal, size), "it has not changed");

    push(&service, "firmware", 25..30).await;
    rate(&service, "portal", "BP.10.01", Value::NotSatisfied).await;
    register(&service, "new").await;
    push(&service, "new", 0..5).await;
    service.caught_up(None).await.unwrap();
    let head = service.log.head().size;
    assert!(!service.index.tells(&service.views(), portal, head));
    let folded = all_levels(&service, head).await;
    assert_ne!(folded, told);
    drop(pause);
    service.index_caught_up().await.unwrap();
    assert!(is_true(&service).await);
    assert_eq!(all_levels(&service, size).await, told);
    assert_eq!(all_levels(&service, head).await, folded);

    // It follows the head from then on.
    push(&service, "gateway", 25..30).await;
    service.caught_up(None).await.unwrap();
    assert_eq!(service.index.cursor(), service.log.head().size);
    assert!(is_true(&service).await);
}

#[tokio::test]
async fn what_would_take_long_to_fold_waits_for_the_index_and_is_refused_while_it_does_not_come() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (size, told) = behind(&data).await;
    let service = started_within(&data, NOTHING_FIRST).await;
    let pause = service.index.rebuilding.try_lock().unwrap();
    let cursor = service.index.cursor();
    assert!(levels(&service, "firmware", cursor).await.is_ok());
    assert!(levels(&service, "portal", size).await.is_ok(), "it has not changed since");
    tokio::time::pause();
    let refused = levels(&service, "firmware", size).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Behind { read, .. } if read == cursor), "{refused}");
    let by = Call::by(actor(&service, PrincipalKind::Person)).caller();
    let refused = service.watch(&by, &AskedWatch::default()).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Behind { .. }), "{refused}");
    let of = |name: &str| service.views().registry.unit_named(&name.parse().unwrap()).unwrap().id;
    service.may_be_asked_on_the_way(&[of("portal")], size).await.unwrap();
    let refused = service.may_be_asked_on_the_way(&[of("gateway")], size).await.unwrap_err();
    assert!(matches!(refused, ServiceError::Behind { .. }), "{refused}");
    let refused = service.index.areas_at(None, size).unwrap_err();
    assert!(matches!(refused, ServiceError::Behind { .. }), "{refused}");
    tokio::time::resume();
    drop(pause);
    assert_eq!(all_levels(&service, size).await, told);
    service.watch(&by, &AskedWatch::default()).await.unwrap();
}

#[tokio::test]
async fn a_state_that_is_due_where_the_index_has_not_come_is_described_when_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (size, _) = behind(&data).await;
    let service = started_within(&data, NOTHING_FIRST).await;
    let pause = service.index.rebuilding.try_lock().unwrap();
    let (cursor, every) = (service.index.cursor(), NonZeroU64::new(4).unwrap());
    service.describe_states(every);
    let mut read = service.cursor.subscribe();
    let newest = || service.views().state_digests.keys().next_back().copied();
    let before = cursor / every * every.get();
    read.wait_for(|_| newest() == Some(before)).await.unwrap();
    // What was due since is not, until it can be.
    push(&service, "firmware", 25..30).await;
    service.caught_up(None).await.unwrap();
    assert_eq!(newest(), Some(before));
    drop(pause);
    read.wait_for(|_| newest() > Some(size)).await.unwrap();
    assert!(service.audit_state().await.unwrap().unwrap().agrees());
    let gateway = service.views().registry.unit_named(&"gateway".parse().unwrap()).unwrap().id;
    let read = service.views().history(gateway).unwrap().knows_sources();
    assert!(read, "whoever pushes to it next need not read it again");
    let sizes: Vec<u64> = service.views().state_digests.keys().copied().collect();
    assert!(sizes.iter().all(|size| *size % every == 0), "{sizes:?}");
    assert!(is_true(&service).await);
}

#[tokio::test]
async fn a_stop_while_the_index_lags_leaves_it_where_it_is_and_the_next_start_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (size, told) = behind(&data).await;
    let service = started_within(&data, NOTHING_FIRST).await;
    let pause = service.index.rebuilding.try_lock().unwrap();
    let cursor = service.index.cursor();
    let waiting = Arc::clone(&service);
    let waiting = tokio::spawn(async move { waiting.index_caught_up().await });
    tokio::task::yield_now().await;
    // In the middle of a step, nothing of it is kept.
    service.states.stop();
    let records = service.records_from(cursor, 100).await.unwrap();
    let records: Vec<Recorded> = records.into_iter().map(|record| record.recorded).collect();
    let ended = service.index_apart(&records).unwrap_err();
    assert!(matches!(ended, ServiceError::Log(LogError::Closed)), "{ended}");
    assert_eq!(service.index.cursor(), cursor);
    drop(pause);
    stopped(service).await;
    let ended = waiting.await.unwrap().unwrap_err();
    assert!(matches!(ended, ServiceError::Log(LogError::Closed)), "{ended}");

    let service = started_within(&data, Memory::default()).await;
    assert!(!service.index.lags(), "so little is read before anybody is served");
    assert!(is_true(&service).await);
    assert_eq!(all_levels(&service, size).await, told);
}

#[tokio::test]
async fn an_index_that_is_gone_is_built_while_levels_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let (size, told) = behind(&data).await;
    fs::remove_dir_all(data.join("projections")).unwrap();
    let service = started_within(&data, NOTHING_FIRST).await;
    let pause = service.index.rebuilding.try_lock().unwrap();
    assert_eq!((service.index.lags(), service.index.cursor()), (true, 0));
    push(&service, "firmware", 25..30).await;
    service.caught_up(None).await.unwrap();
    drop(pause);
    let head = service.log.head().size;
    service.index_caught_up().await.unwrap();
    assert_eq!(service.index.cursor(), head);
    assert!(is_true(&service).await);
    assert_eq!(all_levels(&service, size).await, told);
    push(&service, "gateway", 25..30).await;
    service.caught_up(None).await.unwrap();
    assert!(is_true(&service).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_while_the_index_catches_up_is_taken_in_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    behind(&data).await;
    let service = started_within(&data, NOTHING_FIRST).await;
    for number in (25..).take_while(|number| *number < 35 || service.index.lags()) {
        push(&service, UNITS[number as usize % UNITS.len()], number..number + 1).await;
    }
    service.caught_up(None).await.unwrap();
    service.index_caught_up().await.unwrap();
    assert_eq!(service.index.cursor(), service.log.head().size);
    assert!(is_true(&service).await);
}

/// A service on a log of 20 items in each unit, whose index has read all and holds no unit.
async fn at_rest(data: &Path, memory: Memory) -> Arc<Service> {
    let service = started_within(data, Memory::default()).await;
    for unit in UNITS {
        register(&service, unit).await;
        push(&service, unit, 0..20).await;
        rate(&service, unit, "BP.10.01", Value::Satisfied).await;
    }
    stopped(service).await;
    let service = started_within(data, memory).await;
    assert!(!service.index.lags());
    service
}

#[tokio::test]
async fn the_views_read_on_while_the_index_reads_units_anew_that_were_pushed_to() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory { history_bytes: 0, ..NOTHING_FIRST };
    let service = at_rest(&directory.path().join("data"), memory).await;
    let before = service.index.cursor();
    let pause = service.index.rebuilding.try_lock().unwrap();
    push(&service, "firmware", 20..40).await;
    // As long as this takes, nothing is held for those who read.
    service.caught_up(None).await.unwrap();
    let head = service.log.head().size;
    assert_eq!((service.views().cursor, service.index.cursor()), (head, before));
    assert!(service.index.lags());
    drop(pause);
    service.index_caught_up().await.unwrap();
    assert_eq!(service.index.cursor(), head);
    assert!(is_true(&service).await);

    // What it holds now is not read again: it follows the views.
    let _pause = service.index.rebuilding.try_lock().unwrap();
    push(&service, "firmware", 40..60).await;
    service.caught_up(None).await.unwrap();
    assert_eq!(service.index.cursor(), service.log.head().size);
}

#[tokio::test]
async fn what_is_soon_read_anew_the_index_tells_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory { history_bytes: 0, most_read: 50, ..NOTHING_FIRST };
    let service = at_rest(&directory.path().join("data"), memory).await;
    push(&service, "gateway", 20..25).await;
    service.caught_up(None).await.unwrap();
    assert!(!service.index.lags());
    assert_eq!(service.index.cursor(), service.log.head().size);
    assert!(is_true(&service).await);
}

#[tokio::test]
async fn who_watches_is_told_of_a_change_once_the_index_has_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let service = at_rest(&directory.path().join("data"), Memory::default()).await;
    let by = Call::by(actor(&service, PrincipalKind::Person)).caller();
    let mut watched = service.watch(&by, &AskedWatch::default()).await.unwrap();
    let pause = service.index.rebuilding.try_lock().unwrap();
    service.fall_behind();
    rate(&service, "portal", "BP.10.01", Value::NotSatisfied).await;
    let size = service.log.head().size;
    let quiet = tokio::time::timeout(Duration::from_secs(1), async {
        while watched.told.recv().await.unwrap().unwrap().moved.is_none() {}
    });
    assert!(quiet.await.is_err(), "it was told while the index had not read it");
    drop(pause);
    let moved = loop {
        if let Some(moved) = watched.told.recv().await.unwrap().unwrap().moved {
            break moved;
        }
    };
    assert_eq!(moved.position, Some(size - 1));
}

#[tokio::test]
async fn an_index_that_was_given_up_does_not_fall_behind() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory { history_bytes: 0, ..NOTHING_FIRST };
    let service = at_rest(&directory.path().join("data"), memory).await;
    service.index.give_up(&ServiceError::Fault("for this test"));
    let records = service.records_from(0, 100).await.unwrap();
    let records: Vec<Recorded> = records.into_iter().map(|record| record.recorded).collect();
    assert!(service.read_anew_for(&records) > 0 && !service.reads_long_for(&records));
    push(&service, "firmware", 20..25).await;
    service.caught_up(None).await.unwrap();
    assert!(!service.index.lags());
    let size = service.log.head().size;
    assert!(levels(&service, "firmware", size).await.is_ok());
}
