//! Turns that are taken, waited for, and given up.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;

fn principal(number: u8) -> PrincipalId {
    PrincipalId([number; 16])
}

fn is_at_rest(turns: &Turns) -> bool {
    let mut state = turns.state();
    !state.taken && state.line.next().is_none()
}

#[tokio::test]
async fn a_calm_principal_waits_for_one_call_of_a_noisy_one() {
    let turns = Arc::new(Turns::new());
    let first = turns.turn(principal(1), 20).await;
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut calls = JoinSet::new();
    for who in [1, 1, 1, 1, 2] {
        let (turns, served) = (Arc::clone(&turns), Arc::clone(&served));
        calls.spawn(async move {
            let _turn = turns.turn(principal(who), 20).await;
            served.lock().unwrap().push(who);
        });
        // It gets in line before the next one comes.
        tokio::task::yield_now().await;
    }
    drop(first);
    calls.join_all().await;
    assert_eq!(*served.lock().unwrap(), [2, 1, 1, 1, 1]);
    assert!(is_at_rest(&turns));
}

#[tokio::test]
async fn the_turn_is_handed_on_by_whoever_panics_with_it() {
    let turns = Arc::new(Turns::new());
    let held = Arc::clone(&turns);
    let panics = tokio::spawn(async move {
        let _turn = held.turn(principal(1), 1).await;
        panic!("as a test of it");
    });
    assert!(panics.await.is_err());
    drop(turns.turn(principal(2), 1).await);
    assert!(is_at_rest(&turns));
}

/// What happens to calls.
#[derive(Clone, Debug)]
enum Step {
    /// A call of a principal comes, and looks whether it has the turn.
    Call(u8, usize),
    /// A call looks again.
    Look(usize),
    /// A call is given up.
    GiveUp(usize),
    /// Whoever has the turn is done, after so many items.
    Done(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u8..4, 0_usize..30).prop_map(|(who, items)| Step::Call(who, items)),
        2 => any::<usize>().prop_map(Step::Look),
        2 => any::<usize>().prop_map(Step::GiveUp),
        3 => (0_usize..60).prop_map(Step::Done),
    ];
    prop::collection::vec(step, 0..100)
}

type Coming<'a> = Pin<Box<dyn Future<Output = Turn<'a>> + 'a>>;

/// Looks whether a call has its turn; of all of them one at most has it.
fn look<'a>(coming: &mut Vec<Coming<'a>>, at: usize, has: &mut Option<Turn<'a>>) {
    let mut context = Context::from_waker(Waker::noop());
    if let Some(call) = coming.get_mut(at)
        && let Poll::Ready(turn) = call.as_mut().poll(&mut context)
    {
        assert!(has.replace(turn).is_none(), "two have the turn");
        drop(coming.remove(at));
    }
}

proptest! {
    #[test]
    fn one_at_most_has_the_turn_and_nobody_is_lost_whoever_gives_up(steps in steps()) {
        let turns = Turns::new();
        let (mut coming, mut has) = (Vec::<Coming<'_>>::new(), None);
        for step in steps {
            let some = |number: usize| number % coming.len().max(1);
            match step {
                Step::Call(who, items) => {
                    coming.push(Box::pin(turns.turn(principal(who), items)));
                    let newest = coming.len() - 1;
                    look(&mut coming, newest, &mut has);
                }
                Step::Look(number) => {
                    let at = some(number);
                    look(&mut coming, at, &mut has);
                }
                Step::GiveUp(number) if !coming.is_empty() => {
                    let at = some(number);
                    drop(coming.remove(at));
                }
                Step::GiveUp(_) => (),
                Step::Done(items) => {
                    if let Some(mut turn) = has.take() {
                        turn.is_of(items);
                    }
                }
            }
        }
        // All that are left have their turns, one after the other.
        has = None;
        while !coming.is_empty() {
            let left = coming.len();
            (0..left).rev().for_each(|at| if has.is_none() { look(&mut coming, at, &mut has) });
            prop_assert!(coming.len() < left, "{} calls wait for ever", left);
            has = None;
        }
        drop(has);
        prop_assert!(is_at_rest(&turns));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_take_turns_and_give_up_and_everybody_left_is_served() {
    const CALLS: usize = 4_000;
    let turns = Arc::new(Turns::new());
    let (alone, served) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let (turns, alone, served) = (Arc::clone(&turns), Arc::clone(&alone), Arc::clone(&served));
        calls.spawn(async move {
            let who = principal(u8::try_from(number % 5).unwrap());
            let mut turn = tokio::select! {
                biased;
                turn = turns.turn(who, 1 + number % 7) => turn,
                // Some give up after a while, at any point of being handed the turn.
                () = yields(number % 11), if number % 3 == 0 => return,
            };
            assert!(alone.swap(false, Ordering::SeqCst), "two have the turn");
            if number % 13 == 0 {
                tokio::task::yield_now().await;
            }
            turn.is_of(number % 50);
            assert!(!alone.swap(true, Ordering::SeqCst));
            drop(turn);
            served.fetch_add(1, Ordering::SeqCst);
        });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
    }
    assert!(served.load(Ordering::SeqCst) >= CALLS - CALLS.div_ceil(3));
    assert!(is_at_rest(&turns));
}

async fn yields(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
