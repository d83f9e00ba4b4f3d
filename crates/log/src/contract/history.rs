//! What every engine keeps over a whole history: that of a model.

use super::*;

/// Appends to four streams, right and stale, in groups as they come, and compares every read.
pub async fn a_random_history_agrees_with_a_model(stand: &impl Stand) {
    let log = stand.log();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % below
    };
    let mut versions = BTreeMap::<u8, u64>::new();
    let mut model: Vec<(u8, u64, u8)> = Vec::new();
    for _ in 0..60 {
        let mut waiting = Vec::new();
        for _ in 0..=draw(6) {
            let to = u8::try_from(draw(4)).unwrap();
            let request = u8::try_from(draw(30)).unwrap();
            let version = versions.entry(to).or_default();
            let right = draw(5) > 0;
            let expected = if right { *version } else { *version + 1 };
            let count = 1 + draw(9);
            let records = (0..count).map(|item| record(request, &item.to_be_bytes())).collect();
            waiting.push((right, log.append(Append::to(stream(to), expected, records)).unwrap()));
            if right {
                model.extend((1..=count).map(|item| (to, *version + item, request)));
                *version += count;
            }
        }
        for (right, acknowledgement) in waiting {
            assert_eq!(acknowledgement.await.is_ok(), right);
        }
    }
    let stored = all(&log).await;
    let places = stored
        .iter()
        .map(leaf)
        .map(|leaf| (leaf.place.stream.0[0], leaf.place.version, leaf.draft.request.0[0]));
    assert_eq!(places.collect::<Vec<_>>(), model);
    for to in 0..4 {
        let read = log.read_stream(stream(to), 1, ReadLimit::records(10_000)).await.unwrap();
        let expected: Vec<_> =
            stored.iter().filter(|record| leaf(record).place.stream == stream(to)).collect();
        assert_eq!(read.iter().collect::<Vec<_>>(), expected);
    }
    for request in 0..30 {
        let found = log.find_request(PrincipalId([1; 16]), RequestId([request; 16])).await.unwrap();
        let expected: Vec<_> = (0_u64..)
            .zip(&model)
            .filter(|(_, (_, _, by))| *by == request)
            .map(|(position, _)| position)
            .collect();
        assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), expected);
    }
}
