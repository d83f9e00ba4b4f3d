//! Bulk loads over streams that break.

use std::time::Duration;

use gradus_cli::collect::history::mapping;
use gradus_cli::collect::{History, Pushed, push};
use gradus_cli::error::CliError;
use gradus_cli::exit::Exit;
use gradus_collect::Step;

use crate::flaky::{Fault, Flaky};

const LONG: Duration = Duration::from_secs(30);

fn steps() -> Vec<Step> {
    let bytes: &[u8] = include_bytes!("../../data/rustls.jsonl.gz");
    History::read("rustls", bytes).unwrap().map(&mapping(None).unwrap()).steps
}

/// Pushes the history of rustls in messages of 100 steps, 21 in all.
async fn load(flaky: &Flaky, client: &gradus_cli::client::Client) -> Result<Pushed, CliError> {
    let steps = steps();
    let mut last = 0;
    let progress = |pushed: &Pushed| {
        assert!(pushed.steps > last, "progress goes forward");
        last = pushed.steps;
    };
    let pushed = push(client, "rustls", &steps, 100, progress).await?;
    assert_eq!(pushed.steps, steps.len() as u64);
    assert_eq!(flaky.counts(), (1_757, 318), "each item is there once");
    Ok(pushed)
}

#[tokio::test]
async fn whatever_breaks_every_item_arrives_once() {
    use Fault::{BreakAfter, BreakBefore, Busy};
    for faults in [
        &[][..],
        &[(0, BreakBefore)],
        &[(0, BreakAfter)],
        &[(20, BreakAfter)],
        &[(5, Busy)],
        &[(3, BreakAfter), (4, BreakAfter), (7, BreakBefore), (30, Busy)],
        &[(0, BreakBefore), (1, BreakBefore), (2, BreakBefore), (3, BreakBefore)],
    ] {
        let (flaky, client) = Flaky::start(faults, LONG).await;
        let pushed = load(&flaky, &client).await.unwrap();
        assert_eq!((pushed.submitted, pushed.known), (1_757, 0), "{faults:?}");
        assert_eq!((pushed.ended, pushed.ended_before), (318, 0), "{faults:?}");
    }
}

#[tokio::test]
async fn a_second_load_adds_nothing() {
    let (flaky, client) = Flaky::start(&[(30, Fault::BreakAfter)], LONG).await;
    load(&flaky, &client).await.unwrap();
    let again = load(&flaky, &client).await.unwrap();
    assert_eq!((again.submitted, again.known), (0, 1_757));
    assert_eq!((again.ended, again.ended_before), (0, 318));
}

#[tokio::test]
async fn a_refused_message_ends_the_load_with_its_reason() {
    let (flaky, client) = Flaky::start(&[(2, Fault::Refuse)], LONG).await;
    let error = load(&flaky, &client).await.unwrap_err();
    assert_eq!((error.reason().as_str(), error.exit()), ("NO_MODEL", Exit::Failed));
    assert_eq!(flaky.log.lock().unwrap().streams, 1, "what is refused is not tried again");
}

#[tokio::test]
async fn a_server_that_never_takes_anything_is_given_up() {
    let faults: Vec<_> = (0..100).map(|message| (message, Fault::BreakBefore)).collect();
    let (flaky, client) = Flaky::start(&faults, LONG).await;
    let error = load(&flaky, &client).await.unwrap_err();
    assert_eq!(error.exit(), Exit::Unreachable);
    assert_eq!(flaky.log.lock().unwrap().streams, 5);
}

#[tokio::test]
async fn a_message_without_answer_is_sent_again_in_time() {
    let (flaky, client) = Flaky::start(&[(1, Fault::Silence)], Duration::from_millis(500)).await;
    load(&flaky, &client).await.unwrap();
    assert_eq!(flaky.log.lock().unwrap().streams, 2);
}
