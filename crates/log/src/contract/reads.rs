//! What every engine keeps of reading: roots, proofs, times, requests, streams, limits, the head.

use super::*;

pub async fn every_root_is_that_of_its_leaves(stand: &impl Stand) {
    let log = stand.log();
    let mut size = 0;
    while size < 600 {
        let count = 1 + usize::try_from(size).unwrap() % 97;
        let answer = appended(&log, append(1, size, count)).await.unwrap();
        size += count as u64;
        assert_eq!(answer.head, Head { size, ..log.head() });
    }
    let hashes: Vec<_> = all(&log).await.iter().map(|record| leaf_hash(&record.leaf)).collect();
    assert_eq!(log.head().root, root(&hashes));
    for at in (0..hashes.len()).step_by(41).chain([255, 256, 257, 512, hashes.len()]) {
        assert_eq!(log.root_at(at as u64).await.unwrap(), root(&hashes[..at]), "size {at}");
    }
    let past = log.root_at(size + 1).await.unwrap_err();
    assert_eq!(past.to_string(), format!("size {} is past the log's {size}", size + 1));
}

pub async fn proofs_lead_to_the_roots_of_the_log(stand: &impl Stand) {
    let log = stand.log();
    appended(&log, append(1, 0, 300)).await.unwrap();
    appended(&log, append(1, 300, 77)).await.unwrap();
    let hashes: Vec<_> = all(&log).await.iter().map(|record| leaf_hash(&record.leaf)).collect();
    for size in (1..=hashes.len()).step_by(47).chain([256, hashes.len()]) {
        let (new, new_root) = (size as u64, root(&hashes[..size]));
        for at in (0..size).step_by(29).chain([size - 1]) {
            let (old, old_root) = (at as u64, root(&hashes[..at]));
            let proof = log.prove(Plan::inclusion(old, new).unwrap()).await.unwrap();
            verify_inclusion(&hashes[at], old, new, &proof, &new_root).unwrap();
            let proof = log.prove(Plan::consistency(old, new).unwrap()).await.unwrap();
            verify_consistency(old, &old_root, new, &new_root, &proof).unwrap();
        }
    }
    let past = log.prove(Plan::inclusion(0, 378).unwrap()).await.unwrap_err();
    assert_eq!(past.to_string(), "size 378 is past the log's 377");
}

pub async fn known_at_counts_the_records_stamped_by_then(stand: &impl Stand) {
    let log = stand.log();
    let known = async |at: Timestamp| {
        let known = log.known_at(at).await.unwrap();
        (known.size, known.settled)
    };
    assert_eq!(known(noon().plus_micros(1)).await, (0, false), "the clock stands before");
    for second in 0..50 {
        stand.set_clock(noon().plus_micros(second * 1_000_000));
        appended(&log, append(1, 3 * second.unsigned_abs(), 3)).await.unwrap();
    }
    for (position, record) in all(&log).await.iter().enumerate() {
        let at = leaf(record).place.recorded_at;
        assert_eq!(known(at.plus_micros(-1)).await, (position as u64, true));
        if position < 149 {
            assert_eq!(known(at).await, (position as u64 + 1, true));
        }
    }
    assert_eq!(known(Timestamp::MIN).await, (0, true));
    assert_eq!(known(noon().plus_micros(50_000_000)).await, (150, false));
    stand.set_clock(noon().plus_micros(50_000_000));
    assert_eq!(known(noon().plus_micros(50_000_000)).await, (150, true));
}

pub async fn what_was_settled_stays_settled(stand: &impl Stand) {
    let log = stand.log();
    assert!(log.known_at(noon()).await.unwrap().settled);
    stand.set_clock(noon().plus_micros(-5_000_000));
    let placed = appended(&log, append(1, 0, 1)).await.unwrap().placed;
    assert!(placed[0].recorded_at > noon());
    assert_eq!(log.known_at(noon()).await.unwrap().size, 0);
}

pub async fn a_request_is_found_where_it_wrote(stand: &impl Stand) {
    let log = stand.log();
    let actor = PrincipalId([1; 16]);
    for (to, expected) in [(1, 0), (2, 0), (3, 0), (1, 3), (4, 0), (5, 0), (6, 0), (2, 3), (6, 3)] {
        appended(&log, append(to, expected, 3)).await.unwrap();
    }
    for (request, expected) in
        [(1, vec![0..3, 9..12]), (2, vec![3..6, 21..24]), (6, vec![18..21, 24..27]), (9, vec![])]
    {
        let found = log.find_request(actor, RequestId([request; 16])).await.unwrap();
        assert_eq!(found, expected, "request {request}");
    }
    let other = log.find_request(PrincipalId([2; 16]), RequestId([1; 16])).await.unwrap();
    assert!(other.is_empty(), "a request belongs to its principal");
}

pub async fn a_stream_is_read_across_others(stand: &impl Stand) {
    let log = stand.log();
    for round in 0..12 {
        appended(&log, append(1, round * 3, 3)).await.unwrap();
        appended(&log, append(2, round, 1)).await.unwrap();
    }
    for from in [0, 1, 2, 3, 4, 17, 35, 36, 37] {
        for most in [1, 2, 5, 100] {
            let read = log.read_stream(stream(1), from, ReadLimit::records(most)).await.unwrap();
            let versions: Vec<_> = read.iter().map(|record| leaf(record).place.version).collect();
            let expected: Vec<_> = (from.max(1)..=36).take(most).collect();
            assert_eq!(versions, expected, "from {from}, at most {most}");
            assert!(read.iter().all(|record| leaf(record).place.stream == stream(1)));
        }
    }
    assert!(log.read_stream(stream(3), 0, ReadLimit::records(9)).await.unwrap().is_empty());
}

pub async fn a_read_keeps_its_limits(stand: &impl Stand) {
    let log = stand.log();
    appended(&log, append(1, 0, 100)).await.unwrap();
    let stored = all(&log).await;
    let one = stored[0].bytes();
    for (records, bytes, expected) in [
        (0, usize::MAX, 0),
        (1, 0, 1),
        (7, usize::MAX, 7),
        (100, 3 * one, 3),
        (100, 4 * one - 1, 3),
    ] {
        let most = ReadLimit { records, bytes };
        let read = log.read(10, most).await.unwrap();
        assert_eq!(read, stored[10..10 + expected], "{most:?}");
        let read = log.read_stream(stream(1), 11, most).await.unwrap();
        assert_eq!(read, stored[10..10 + expected], "{most:?}");
    }
}

pub async fn a_read_past_the_end_is_empty(stand: &impl Stand) {
    let log = stand.log();
    let most = ReadLimit::records(10);
    assert!(log.read(0, most).await.unwrap().is_empty());
    appended(&log, append(1, 0, 2)).await.unwrap();
    for past in [2, 3, u64::MAX] {
        assert!(log.read(past, most).await.unwrap().is_empty());
        assert!(log.read_stream(stream(1), past.max(3), most).await.unwrap().is_empty());
    }
}

pub async fn the_head_is_watched(stand: &impl Stand) {
    let log = stand.log();
    let mut heads = log.watch();
    assert_eq!(*heads.borrow_and_update(), Head::empty());
    let answer = appended(&log, append(1, 0, 2)).await.unwrap();
    heads.changed().await.unwrap();
    assert_eq!(*heads.borrow_and_update(), answer.head);
    assert_eq!(answer.head, log.head());
    log.anchored(2).await.unwrap();
    assert!(matches!(log.anchored(3).await, Err(LogError::Past { asked: 3, size: 2 })));
}
