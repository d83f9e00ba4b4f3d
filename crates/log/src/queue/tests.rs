//! What is pushed quietly, and when the writer takes it.

use super::*;
use crate::contract::append;

const ALL: QueueLimit = QueueLimit { calls: usize::MAX, bytes: usize::MAX };

fn queue() -> Queue {
    Queue::new(QueueLimit { calls: 8, bytes: 1 << 20 })
}

fn taken(queue: &Queue, most: usize) -> Option<usize> {
    queue.take(QueueLimit { calls: most, ..ALL }).map(|calls| calls.len())
}

#[test]
fn calls_that_were_pushed_quietly_are_taken_together_once_the_writer_is_woken() {
    let queue = queue();
    let quietly = [0, 1].map(|number| queue.push_quietly(append(1, number, 1), None).is_ok());
    assert_eq!(quietly, [true; 2]);
    queue.wake();
    assert_eq!(taken(&queue, usize::MAX), Some(2));
}

#[test]
fn a_call_that_nobody_wakes_the_writer_for_is_taken_after_a_while() {
    let queue = queue();
    assert!(queue.push_quietly(append(1, 0, 1), None).is_ok());
    assert_eq!(taken(&queue, usize::MAX), Some(1));
}

#[test]
fn what_is_left_of_woken_calls_is_taken_without_another_word() {
    let queue = queue();
    let pushed = [0, 1, 2].map(|number| queue.push_quietly(append(1, number, 1), None).is_ok());
    assert_eq!(pushed, [true; 3]);
    queue.wake();
    assert_eq!(queue.waiting().released, 3);
    assert_eq!(taken(&queue, 2), Some(2));
    assert_eq!(queue.waiting().released, 1);
    assert_eq!(taken(&queue, 2), Some(1));
    assert_eq!(queue.waiting().released, 0);
}

#[test]
fn a_closed_queue_gives_out_what_was_pushed_quietly_and_then_ends() {
    let queue = queue();
    assert!(queue.push_quietly(append(1, 0, 1), None).is_ok());
    queue.close();
    assert_eq!(taken(&queue, usize::MAX), Some(1));
    assert_eq!(taken(&queue, usize::MAX), None);
}
