//! What is known of sources after a start, and that nothing else is.

use std::fs;

use gradus_model::unit::PrincipalKind;

use super::*;
use crate::append::tests::started_within;
use crate::call::Call;
use crate::recall::tests::{UNIT, actor, item, source, started_again, stopped};
use crate::start::Memory;

const HOLDS_NOTHING: Memory = Memory {
    history_bytes: 0,
    idle: std::time::Duration::from_secs(10),
    fold_bytes: 1 << 20,
    most_read: 100_000,
};

async fn push(service: &Service, numbers: Range<u32>) -> UnitId {
    let call = Call::by(actor(service, PrincipalKind::Service));
    let items: Vec<_> = numbers.map(item).collect();
    let unit = service.push_evidence(&call, UNIT, &items).await.unwrap().unit;
    service.caught_up(None).await.unwrap();
    unit
}

/// Whether items from these sources may be there, of which that is known without a wait.
fn may_have(service: &Service, unit: UnitId, numbers: Range<u32>) -> Vec<bool> {
    let views = service.views();
    let history = views.history(unit).unwrap();
    assert!(history.knows_sources() && history.forgotten().is_some());
    numbers.map(|number| history.may_have(&source(number))).collect()
}

/// A directory with a log of items 0 to 29 of one unit, after a stop.
async fn filled(data: &Path) -> UnitId {
    let service = started_again(data).await;
    let unit = push(&service, 0..30).await;
    stopped(service).await;
    unit
}

#[tokio::test]
async fn after_a_start_sources_are_known_without_the_stream_being_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let unit = filled(&data).await;
    let service = started_within(&data, HOLDS_NOTHING).await;
    assert!(!service.views().history(unit).unwrap().knows_sources());
    service.recollect(unit).await.unwrap();
    let known = may_have(&service, unit, 0..60);
    assert!(known[..30].iter().all(|known| *known) && !known[30..].contains(&true));
    // An item that was submitted before is found, and changes nothing.
    let size = service.log.head().size;
    push(&service, 7..8).await;
    assert_eq!(service.log.head().size, size);
    push(&service, 30..31).await;
    assert_eq!(service.log.head().size, size + 1);
}

#[tokio::test]
async fn what_came_since_it_was_written_is_read_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let unit = filled(&data).await;
    let path = data.join("projections").join(FILE);
    let before = fs::read(&path).unwrap();
    let service = started_within(&data, HOLDS_NOTHING).await;
    push(&service, 30..50).await;
    stopped(service).await;
    assert_ne!(fs::read(&path).unwrap(), before);
    fs::write(&path, &before).unwrap();
    let service = started_within(&data, HOLDS_NOTHING).await;
    service.recollect(unit).await.unwrap();
    let known = may_have(&service, unit, 0..100);
    assert!(known[..50].iter().all(|known| *known) && !known[50..].contains(&true));
}

#[tokio::test]
async fn of_units_that_nobody_pushes_to_what_was_written_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let unit = filled(&data).await;
    let service = started_within(&data, HOLDS_NOTHING).await;
    let call = Call::by(actor(&service, PrincipalKind::Person));
    service.rename_unit(&call, UNIT, &"other".parse().unwrap(), None).await.unwrap();
    assert!(!service.views().history(unit).unwrap().knows_sources());
    stopped(service).await;
    let service = started_within(&data, HOLDS_NOTHING).await;
    service.recollect(unit).await.unwrap();
    assert!(may_have(&service, unit, 0..30).into_iter().all(|known| known));
}

#[tokio::test]
async fn no_changed_byte_makes_a_source_known_or_unknown_that_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let unit = filled(&data).await;
    let path = data.join("projections").join(FILE);
    let whole = Kept::open(&path).unwrap();
    let right = whole.read(unit).unwrap();
    assert_eq!(right.0.len(), 31 * 5 - 5, "30 items");
    let bytes = fs::read(&path).unwrap();
    let other = directory.path().join("changed");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&other, &changed).unwrap();
        let Some(kept) = Kept::open(&other) else { continue };
        assert!(at >= LABEL.len(), "byte {at}");
        assert_eq!((kept.size, kept.root), (whole.size, whole.root), "byte {at}");
        assert!(kept.read(unit).is_none_or(|read| read == right), "byte {at}");
    }
    for length in 0..bytes.len() {
        fs::write(&other, &bytes[..length]).unwrap();
        assert!(Kept::open(&other).is_none(), "{length} bytes");
    }
}

#[tokio::test]
async fn what_was_written_of_another_log_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let (data, other) = (directory.path().join("data"), directory.path().join("other"));
    let unit = filled(&data).await;
    filled(&other).await;
    let file = |data: &Path| data.join("projections").join(FILE);
    fs::copy(file(&other), file(&data)).unwrap();
    let service = started_within(&data, HOLDS_NOTHING).await;
    assert!(service.known_sources.kept().is_none());
    service.recollect(unit).await.unwrap();
    assert!(!service.views().history(unit).unwrap().knows_sources());
    push(&service, 30..31).await;
    assert!(may_have(&service, unit, 0..31).into_iter().all(|known| known));
}

#[tokio::test]
async fn what_cannot_be_written_is_not_tried_again_before_there_is_more_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    filled(&data).await;
    let service = started_within(&data, HOLDS_NOTHING).await;
    let unit = push(&service, 30..31).await;
    let size = service.views().cursor;
    let before = service.known_sources.kept().unwrap().size;
    assert!(before < size && service.known_sources.is_due(before + EVERY));
    // Its new content has no place.
    let new = data.join("projections").join("sources.new");
    fs::create_dir_all(new.join("in the way")).unwrap();
    service.keep_known_sources().await;
    assert_eq!(service.known_sources.kept().unwrap().size, before);
    assert!(!service.known_sources.is_due(before + EVERY));
    assert!(service.known_sources.is_due(size + EVERY));
    fs::remove_dir_all(new).unwrap();
    service.keep_known_sources().await;
    assert_eq!(service.known_sources.kept().unwrap().size, size);
    assert!(service.known_sources.kept().unwrap().read(unit).is_some());
}
