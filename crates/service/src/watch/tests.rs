//! What becomes of a reader that is slow, and of one that has nothing to read.

use gradus_model::unit::AreaRef;

use super::*;

const HERE: Stand = Stand { size: 0, valid_at: Timestamp::MIN };

/// A step at a log size, in which one area moved.
fn step(size: u64) -> Arc<Step> {
    let stand = Stand { size, ..HERE };
    let area = AreaRef { model: "m".parse().unwrap(), area: "PA01".parse().unwrap() };
    let unit = UnitId([1; 16]);
    let moved = Moved { unit, area, before: None, after: None, position: Some(size - 1), stand };
    Arc::new(Step { stand, moved: vec![moved] })
}

fn watcher() -> (Watcher, mpsc::Receiver<Result<Told, ServiceError>>) {
    let (telling, told) = mpsc::channel(UNREAD);
    (Watcher { within: Within::default(), reached: HERE, telling }, told)
}

#[tokio::test]
async fn a_reader_that_does_not_keep_up_is_cut_off_and_told_where_to_resume() {
    let (mut watcher, mut told) = watcher();
    let (steps, heard) = broadcast::channel(WAITING);
    let listening = tokio::spawn(async move {
        let ended = watcher.listen(heard).await;
        (ended, watcher.reached)
    });
    // Nobody reads: first the messages pile up to their bound, then the steps do.
    let most = u64::try_from(UNREAD + 2 * WAITING).unwrap();
    for size in 1..=most {
        steps.send(step(size)).unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(told.len(), UNREAD, "no more than this is ever kept for a reader");
    let mut last = HERE;
    while let Some(Ok(message)) = told.recv().await {
        assert!(message.resume >= last, "nothing is told twice");
        last = message.resume;
    }
    let (ended, reached) = listening.await.unwrap();
    assert!(matches!(ended, Err(ServiceError::TooSlow { resume }) if resume == reached));
    assert_eq!(reached, last, "whoever resumes there misses nothing");
    assert!(last.size < most);
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_whom_nothing_moves_gets_a_sign_of_life_every_15_seconds() {
    let (mut watcher, mut told) = watcher();
    let (_steps, heard) = broadcast::channel(WAITING);
    tokio::spawn(async move { watcher.listen(heard).await });
    let begun = tokio::time::Instant::now();
    for beats in 0..3 {
        let sign = told.recv().await.unwrap().unwrap();
        assert_eq!((sign.resume, sign.moved.is_none()), (HERE, true));
        assert_eq!(begun.elapsed(), HEARTBEAT * beats);
    }
}
