//! The queue under the interleavings of its threads, as `loom` tries them.
//!
//! `RUSTFLAGS="--cfg gradus_loom" CARGO_TARGET_DIR=target/loom cargo test -p gradus-log --lib
//! interleavings`. The name is ours, since tokio is built otherwise under `cfg(loom)`.
//!
//! Modelled are the lock, the condition and all that they guard: what waits, its bytes, whether the
//! queue is closed. A wake-up that gets lost ends as a deadlock, which is told. Not modelled are
//! the channels of the answers, which are tokio's and are read when the threads have ended, and the
//! writer behind the queue. Switches between threads are bounded, which keeps it to seconds.

use std::task::{Context, Poll, Waker};

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::contract;
use crate::record::Head;

/// One call of a caller, told apart by its stream and number.
fn call(caller: u8, number: u64) -> Append {
    contract::append(caller, number, 1)
}

fn queue(calls: usize) -> Arc<Queue> {
    Arc::new(Queue::new(QueueLimit { calls, bytes: 1 << 20 }))
}

const ALL: QueueLimit = QueueLimit { calls: usize::MAX, bytes: usize::MAX };

/// Takes until the queue is closed and empty, answers every call, and tells who called.
fn served(queue: &Queue, most: QueueLimit) -> Vec<(u8, u64)> {
    let mut taken = Vec::new();
    while let Some(calls) = queue.take(most) {
        assert!(!calls.is_empty() && calls.len() <= most.calls);
        for Call { append, reply, .. } in calls {
            taken.extend(append.parts.iter().map(|part| (part.stream.0[0], part.expected)));
            // A caller that went away needs no answer.
            let _ = reply.send(Ok(Appended { placed: Vec::new(), head: Head::empty() }));
        }
    }
    taken
}

/// Tries every interleaving with at most three switches away from a thread that could go on.
fn tried(model: impl Fn() + Sync + Send + 'static) {
    let mut tried = loom::model::Builder::new();
    tried.preemption_bound = Some(3);
    tried.check(model);
}

/// The answer, which must be there.
fn answer(mut acknowledgement: Acknowledgement) -> Result<Appended, LogError> {
    match acknowledgement.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a call was taken or dropped, and has no answer"),
    }
}

#[test]
fn every_call_is_taken_once_and_those_of_a_caller_in_order() {
    tried(|| {
        let queue = queue(8);
        let caller = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || [0, 1].map(|number| queue.push(call(1, number), None).unwrap()))
        };
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || served(&queue, QueueLimit { calls: 2, ..ALL }))
        };
        let own = queue.push(call(2, 0), None).unwrap();
        let answers = caller.join().unwrap();
        queue.close();
        let taken = writer.join().unwrap();
        let of = |name| taken.iter().filter(move |(caller, _)| *caller == name).copied();
        assert_eq!(of(1).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
        assert_eq!(of(2).collect::<Vec<_>>(), [(2, 0)]);
        assert_eq!(taken.len(), 3);
        for acknowledgement in answers.into_iter().chain([own]) {
            answer(acknowledgement).unwrap();
        }
    });
}

#[test]
fn calls_that_were_pushed_quietly_are_taken_by_a_writer_that_is_woken_once() {
    tried(|| {
        let queue = queue(8);
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.take(ALL).map(|calls| calls.len()))
        };
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(call(2, 0), None).is_ok())
        };
        let quietly = [0, 1].map(|number| queue.push_quietly(call(1, number), None).is_ok());
        queue.wake();
        assert!(other.join().unwrap() && quietly == [true; 2]);
        let taken = writer.join().unwrap().unwrap();
        assert!((1..=3).contains(&taken));
        assert_eq!(taken + queue.take_now().len(), 3);
    });
}

#[test]
fn a_call_beside_the_closing_is_refused_or_answered() {
    tried(|| {
        let queue = queue(8);
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || served(&queue, ALL))
        };
        let caller = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || [0, 1].map(|number| queue.push(call(1, number), None)))
        };
        queue.close();
        let taken = writer.join().unwrap();
        let pushed = caller.join().unwrap();
        let [first, second] = pushed.map(|pushed| match pushed {
            Ok(acknowledgement) => answer(acknowledgement).is_ok(),
            Err(error) => {
                assert!(matches!(error, LogError::Closed), "{error}");
                false
            }
        });
        assert!(first || !second, "a closed queue took a call");
        assert_eq!(taken.len(), usize::from(first) + usize::from(second));
        assert!(matches!(queue.push(call(1, 9), None), Err(LogError::Closed)));
    });
}

#[test]
fn a_full_queue_refuses_and_takes_again_when_there_is_room() {
    tried(|| {
        let queue = queue(1);
        let caller = |name: u8| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(call(name, 0), None))
        };
        let callers = [caller(1), caller(2)];
        let at_once = queue.take_now();
        assert!(at_once.len() <= 1, "more waits than there is room for");
        let pushed = callers.map(|caller| caller.join().unwrap());
        let refused = pushed.iter().filter(|pushed| match pushed {
            Ok(_) => false,
            Err(LogError::Full { calls, .. }) => {
                assert_eq!(*calls, 1);
                true
            }
            Err(error) => panic!("{error}"),
        });
        let refused = refused.count();
        assert!(refused <= 1, "a queue with room refused a call");
        let left = queue.take_now();
        assert_eq!(at_once.len() + left.len() + refused, 2);
        assert!(queue.push(call(3, 0), None).is_ok(), "there is room again");
    });
}

#[test]
fn a_writer_that_ends_leaves_nobody_waiting() {
    tried(|| {
        let queue = queue(8);
        let caller = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(call(1, 0), None))
        };
        let writer = {
            let queue = Arc::clone(&queue);
            // As a writer whose disk failed: it takes a group and is gone.
            thread::spawn(move || drop(queue.take(ALL)))
        };
        let acknowledgement = caller.join().unwrap().unwrap();
        writer.join().unwrap();
        assert!(matches!(answer(acknowledgement), Err(LogError::Closed)));
    });
}
