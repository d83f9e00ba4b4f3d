//! How far streams had come is told of each size of a log.

use std::cell::Cell;
use std::collections::BTreeSet;

use gradus_model::unit::PrincipalKind;

use super::*;
use crate::call::Call;
use crate::recall::tests::{UNIT, actor, item, started_again};

#[test]
fn the_last_version_that_was_there_is_found_wherever_it_is() {
    for newest in 1..70 {
        for last in 0..newest {
            let found = last_before(newest, |version| {
                assert!((1..newest).contains(&version), "{version} need not be looked at");
                Ok(version <= last)
            });
            assert_eq!(found.unwrap(), last);
        }
    }
}

#[test]
fn what_is_near_the_end_of_a_long_stream_is_found_by_a_few_looks() {
    for since in 1..=8 {
        let (newest, looks) = (1_000_000, Cell::new(0));
        let found = last_before(newest, |version| {
            looks.set(looks.get() + 1);
            Ok(version <= newest - since)
        });
        assert_eq!(found.unwrap(), newest - since);
        assert!(looks.get() <= 8, "{} looks for {since}", looks.get());
    }
}

#[tokio::test]
async fn streams_had_come_as_far_as_their_records_say() {
    let directory = tempfile::tempdir().unwrap();
    let service = started_again(&directory.path().join("data")).await;
    let call = || Call::by(actor(&service, PrincipalKind::Service));
    for number in 2..12 {
        let steps = [item(2 * number), item(2 * number + 1)];
        service.push_evidence(&call(), UNIT, &steps).await.unwrap();
    }
    service.caught_up(None).await.unwrap();
    let head = service.views().cursor;
    let records = service.records_from(0, usize::try_from(head).unwrap()).await.unwrap();
    let streams: BTreeSet<UnitId> =
        records.iter().map(|record| record.recorded.place.stream).collect();
    let streams: Vec<UnitId> = streams.into_iter().collect();
    assert_eq!(streams.len(), 2);
    for size in 0..=head {
        let mut expected = BTreeMap::new();
        for record in records.iter().filter(|record| record.position() < size) {
            let Place { stream, version, .. } = record.recorded.place;
            expected.insert(stream, Reached { version, head: leaf_hash(&record.leaf) });
        }
        assert_eq!(service.reached_at(&streams, size).await.unwrap(), expected);
        for stream in &streams {
            let version = expected.get(stream).map_or(0, |reached| reached.version);
            assert_eq!(service.version_at(*stream, size).await.unwrap(), version);
        }
    }
}
