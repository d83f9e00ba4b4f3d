//! Steps that are taken in turns, and given up.

use std::pin::pin;
use std::task::Waker;
use std::time::Duration;

use proptest::prelude::*;
use tokio::task::{JoinSet, yield_now};

use super::*;

fn principal(number: u8) -> PrincipalId {
    PrincipalId([number; 16])
}

/// A step that takes a millisecond by the clock of the test, and goes on at once: what it waits for is
/// there.
async fn step() {
    let mut passes = pin!(tokio::time::advance(Duration::from_millis(1)));
    let mut is_over = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        // The clock moves with the first poll; what would come after it, it yields at its leisure.
        let _ = passes.as_mut().poll(context);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn is_at_rest(work: &Work) -> bool {
    let mut state = work.state();
    state.free == state.places && state.line.next().is_none()
}

// Its time is paused: a step that a busy machine interrupts would count as a longer one.
#[tokio::test(start_paused = true)]
async fn steps_of_a_calm_principal_go_between_those_of_a_noisy_one() {
    let work = Work::new(1);
    let taken = Arc::new(Mutex::new(Vec::new()));
    // Somebody else has the place while the calls come.
    assert!(work.waits(principal(9)).is_none());
    let mut calls = JoinSet::new();
    for who in [1, 1, 1, 1, 2] {
        let taken = Arc::clone(&taken);
        calls.spawn(work.paced(principal(who), async move {
            for _ in 0..2 {
                taken.lock().unwrap().push(who);
                step().await;
            }
        }));
    }
    for _ in 0..10 {
        yield_now().await;
    }
    work.hand_on(None);
    calls.join_all().await;
    let taken = taken.lock().unwrap();
    let calm: Vec<_> = taken.iter().enumerate().filter(|(_, who)| **who == 2).collect();
    assert!(calm.iter().all(|(at, _)| *at <= 4), "behind a step each, of all: {taken:?}");
    assert!(is_at_rest(&work));
}

#[tokio::test]
async fn a_place_is_given_back_by_whoever_panics_with_it() {
    let work = Work::new(1);
    let panics = tokio::spawn(work.paced(principal(1), async { panic!("as a test of it") }));
    assert!(panics.await.is_err());
    assert_eq!(work.paced(principal(2), async { 7 }).await, 7);
    assert!(is_at_rest(&work));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_steps_run_at_once_than_there_are_places() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (work, running) = (Work::new(2), Arc::new(AtomicUsize::new(0)));
    let mut calls = JoinSet::new();
    for who in 0..40 {
        let running = Arc::clone(&running);
        calls.spawn(work.paced(principal(who % 3), async move {
            for _ in 0..50 {
                assert!(running.fetch_add(1, Ordering::SeqCst) < 2);
                std::hint::black_box(vec![0_u8; 4_096]);
                running.fetch_sub(1, Ordering::SeqCst);
                yield_now().await;
            }
        }));
    }
    calls.join_all().await;
    assert!(is_at_rest(&work));
}

proptest! {
    #[test]
    fn whoever_gives_up_leaves_no_place_taken(
        places in 1_usize..4,
        steps in prop::collection::vec((0_u8..3, 0_usize..4, any::<prop::sample::Index>()), 0..60),
    ) {
        let work = Work::new(places);
        let mut waker = Context::from_waker(Waker::noop());
        let mut under_way: Vec<Pin<Box<Paced<_>>>> = Vec::new();
        // Places that somebody outside has, so that others have to wait.
        let mut outside = 0;
        for (who, what, which) in steps {
            match what {
                0 => under_way.push(Box::pin(work.paced(principal(who), yield_now()))),
                1 if outside < places && work.state().free > 0 => {
                    assert!(work.waits(principal(9)).is_none());
                    outside += 1;
                }
                1 if outside > 0 => {
                    work.hand_on(None);
                    outside -= 1;
                }
                2 if !under_way.is_empty() => drop(under_way.swap_remove(which.index(under_way.len()))),
                _ if !under_way.is_empty() => {
                    let at = which.index(under_way.len());
                    if under_way[at].as_mut().poll(&mut waker).is_ready() {
                        drop(under_way.swap_remove(at));
                    }
                }
                _ => (),
            }
        }
        drop(under_way);
        (0..outside).for_each(|_| work.hand_on(None));
        prop_assert!(is_at_rest(&work));
    }
}
