//! Room that all principals share: nobody takes so much of it that another finds none.
//!
//! Whoever takes a part then holds no more than what is left (dynamic thresholds, Choudhury and
//! Hahne, 1998). So one alone has half of it at most, and there is always some left for the next: of n
//! who take all they get, and give it back now and then, each has one part of n + 1.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_model::PrincipalId;
use tokio::sync::Notify;

/// What one call is counted with at most: a 16th of a room, so that large calls find theirs, too.
const LARGEST: usize = 16;

/// A bounded room.
pub(crate) struct Room {
    most: usize,
    held: Mutex<Held>,
    /// Told when a part is given back.
    freed: Notify,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: BTreeMap<PrincipalId, usize>,
}

/// A part of a room, given back when it is dropped.
pub(crate) struct Part {
    room: Arc<Room>,
    who: PrincipalId,
    size: usize,
}

impl Room {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default(), freed: Notify::new() })
    }

    // A panic elsewhere leaves plain values behind.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much is held.
    pub(crate) fn taken(&self) -> usize {
        self.held().all
    }

    /// Takes a part of a size; none where it has no room, or would leave less than the principal
    /// then holds.
    pub(crate) fn take(self: &Arc<Self>, who: PrincipalId, size: usize) -> Option<Part> {
        let mut held = self.held();
        let own = held.by.get(&who).copied().unwrap_or_default().checked_add(size)?;
        let all = held.all.checked_add(size)?;
        if own > self.most.checked_sub(all)? {
            return None;
        }
        held.all = all;
        held.by.insert(who, own);
        Some(Part { room: Arc::clone(self), who, size })
    }

    /// Waits until a part of a size can be taken; it is counted with a 16th of the room at most.
    pub(crate) async fn part(self: &Arc<Self>, who: PrincipalId, size: usize) -> Part {
        let size = size.min((self.most / LARGEST).max(1));
        loop {
            // Asked for before the look, so that it hears of what is given back in between.
            let freed = self.freed.notified();
            if let Some(part) = self.take(who, size) {
                return part;
            }
            freed.await;
        }
    }
}

/// What waits in the log's queue, or is written by it: the parts that principals have of its calls
/// and bytes.
///
/// Whoever has theirs waits before their turn, until the log has answered: so the queue, which
/// refuses when it is full, has room for whoever has none of it, and those behind it wait for less.
pub(crate) struct LogQueue {
    calls: Arc<Room>,
    bytes: Arc<Room>,
}

/// A call's part of the log's queue, until the log has answered.
pub(crate) struct InQueue {
    _parts: (Part, Part),
}

impl LogQueue {
    /// A queue that takes so many calls of so many bytes.
    pub(crate) fn new(calls: usize, bytes: usize) -> Self {
        Self { calls: Room::new(calls), bytes: Room::new(bytes) }
    }

    /// Waits for the part of a call of some bytes, as far as that is known.
    pub(crate) async fn enter(&self, who: PrincipalId, bytes: usize) -> InQueue {
        let call = self.calls.part(who, 1).await;
        InQueue { _parts: (call, self.bytes.part(who, bytes).await) }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut held = self.room.held();
        held.all = held.all.saturating_sub(self.size);
        let own = held.by.get(&self.who).copied().unwrap_or_default();
        match own.saturating_sub(self.size) {
            0 => drop(held.by.remove(&self.who)),
            left => drop(held.by.insert(self.who, left)),
        }
        drop(held);
        self.room.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 100;

    fn principal(number: u8) -> PrincipalId {
        PrincipalId([number; 16])
    }

    /// Takes parts of one until no more are given.
    fn all_it_gets(room: &Arc<Room>, number: u8) -> Vec<Part> {
        std::iter::from_fn(|| room.take(principal(number), 1)).collect()
    }

    #[test]
    fn one_alone_has_half_of_it_and_gives_it_back() {
        let room = Room::new(MOST);
        let parts = all_it_gets(&room, 1);
        assert_eq!((parts.len(), room.taken()), (MOST / 2, MOST / 2));
        drop(parts);
        assert_eq!((room.taken(), room.held().by.len()), (0, 0));
        assert!(room.take(principal(1), MOST / 2 + 1).is_none());
        assert!(room.take(principal(1), usize::MAX).is_none());
        assert!(room.take(principal(1), MOST / 2).is_some());
    }

    #[tokio::test]
    async fn whoever_has_their_part_waits_until_some_is_given_back_and_others_do_not() {
        let queue = Arc::new(LogQueue::new(4, 1 << 20));
        let mut held =
            vec![queue.enter(principal(1), 10).await, queue.enter(principal(1), 10).await];
        let waiting = Arc::clone(&queue);
        let waiting = tokio::spawn(async move { waiting.enter(principal(1), 10).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(queue.enter(principal(2), usize::MAX).await);
        held.pop();
        held.push(waiting.await.unwrap());
        drop(held);
        assert_eq!((queue.calls.taken(), queue.bytes.taken()), (0, 0));
    }

    proptest! {
        #[test]
        fn whoever_holds_nothing_finds_room_however_much_others_take(
            tries in prop::collection::vec((0_u8..12, any::<bool>()), 0..1_000),
        ) {
            let room = Room::new(MOST);
            let mut parts: BTreeMap<u8, Vec<Part>> = BTreeMap::new();
            for (number, takes) in tries {
                let own = parts.entry(number).or_default();
                if takes {
                    own.extend(room.take(principal(number), 1));
                } else {
                    own.pop();
                }
                let held: usize = parts.values().map(Vec::len).sum();
                prop_assert_eq!(room.taken(), held);
                prop_assert!(held < MOST);
                prop_assert!(room.take(principal(99), 1).is_some());
            }
        }
    }
}
