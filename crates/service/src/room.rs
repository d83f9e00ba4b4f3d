//! Room that all principals share: nobody takes so much of it that another finds none.
//!
//! Whoever takes a part then holds no more than what is left (dynamic thresholds, Choudhury and
//! Hahne, 1998). So one alone has half of it at most, and there is always some left for the next: of n
//! who take all they get, and give it back now and then, each has one part of n + 1.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_model::PrincipalId;
use tokio::sync::oneshot;

use crate::ahead::Weight;
use crate::turns::line::{Line, Ticket};

/// What one call is counted with at most: a 16th of a room, so that large calls find theirs, too.
const LARGEST: usize = 16;

/// A bounded room.
pub(crate) struct Room {
    most: usize,
    held: Mutex<Held>,
}

struct Held {
    all: usize,
    by: BTreeMap<PrincipalId, usize>,
    /// Those who wait for a part.
    line: Line<PrincipalId, oneshot::Sender<Part>>,
}

/// A part of a room, given back when it is dropped.
pub(crate) struct Part {
    room: Arc<Room>,
    who: PrincipalId,
    size: usize,
}

impl Room {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let held = Held { all: 0, by: BTreeMap::new(), line: Line::new() };
        Arc::new(Self { most, held: Mutex::new(held) })
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
        held.has_room(self.most, who, size).then(|| self.give(&mut held, who, size))
    }

    fn give(self: &Arc<Self>, held: &mut Held, who: PrincipalId, size: usize) -> Part {
        held.all += size;
        *held.by.entry(who).or_default() += size;
        Part { room: Arc::clone(self), who, size }
    }

    /// Waits until a part of a size can be taken; it is counted with a 16th of the room at most.
    pub(crate) async fn part(self: &Arc<Self>, who: PrincipalId, size: usize) -> Part {
        let size = size.clamp(1, (self.most / LARGEST).max(1));
        loop {
            let mut waiting = {
                let mut held = self.held();
                // Nobody of the same principal came first and still waits for less.
                if held.has_room(self.most, who, size) && !held.line.has(&who) {
                    return self.give(&mut held, who, size);
                }
                let (hand, handed) = oneshot::channel();
                let cost = u64::try_from(size).unwrap_or(u64::MAX);
                let ticket = held.line.enter(who, cost, hand);
                InLine { room: self, who, ticket, handed }
            };
            if let Ok(part) = (&mut waiting.handed).await {
                return part;
            }
        }
    }

    /// Gives those who wait what there is room for.
    fn let_in(self: &Arc<Self>) {
        loop {
            let mut held = self.held();
            let Held { all, by, line } = &mut *held;
            let fits = |who: &PrincipalId, cost: u64| {
                let own = by.get(who).copied().unwrap_or_default();
                usize::try_from(cost).is_ok_and(|size| has_room(self.most, *all, own, size))
            };
            let Some((who, size, hand)) = line.next_with(fits) else {
                line.rest();
                return;
            };
            let part = self.give(&mut held, who, usize::try_from(size).unwrap_or(usize::MAX));
            drop(held);
            // Whoever is gone by now drops their part, which lets in the next.
            drop(hand.send(part));
        }
    }
}

impl Held {
    fn has_room(&self, most: usize, who: PrincipalId, size: usize) -> bool {
        let own = self.by.get(&who).copied().unwrap_or_default();
        has_room(most, self.all, own, size)
    }
}

/// Whether a part of a size leaves as much as its principal then holds.
fn has_room(most: usize, all: usize, own: usize, size: usize) -> bool {
    let left = all.checked_add(size).and_then(|all| most.checked_sub(all));
    left.is_some_and(|left| own.checked_add(size).is_some_and(|own| own <= left))
}

/// Who waits for a part, until they have it.
struct InLine<'a> {
    room: &'a Arc<Room>,
    who: PrincipalId,
    ticket: Ticket,
    handed: oneshot::Receiver<Part>,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        // Otherwise they were handed their part, which is given back as it is dropped unseen.
        self.room.held().line.leave(self.who, self.ticket);
    }
}

/// The records that wait in the log's queue or are written by it: whoever holds none of it waits for
/// these at most. Of fewer, groups are so small that what each costs is most of it.
const MOST_RECORDS: usize = 4_096;

/// What waits in the log's queue, or is written by it: the parts that principals have of its calls,
/// records and bytes.
///
/// Whoever has theirs waits before their turn, until the log has answered: so the queue, which
/// refuses when it is full, has room for whoever has none of it, and those behind it wait for less.
pub(crate) struct LogQueue {
    calls: Arc<Room>,
    records: Arc<Room>,
    bytes: Arc<Room>,
}

/// A call's part of the log's queue, until the log has answered.
pub(crate) struct InQueue {
    _parts: [Part; 3],
}

impl LogQueue {
    /// A queue that takes so many calls of so many bytes.
    pub(crate) fn new(calls: usize, bytes: usize) -> Self {
        let [calls, records, bytes] = [calls, MOST_RECORDS, bytes].map(Room::new);
        Self { calls, records, bytes }
    }

    /// Waits for the part of a call, as far as it is known how large it is.
    pub(crate) async fn enter(&self, who: PrincipalId, of: Weight) -> InQueue {
        let call = self.calls.part(who, 1).await;
        let bytes = self.bytes.part(who, of.bytes).await;
        InQueue { _parts: [call, bytes, self.records.part(who, of.items).await] }
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
        self.room.let_in();
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
        let of = Weight { items: 1, bytes: 10 };
        let mut held =
            vec![queue.enter(principal(1), of).await, queue.enter(principal(1), of).await];
        let waiting = Arc::clone(&queue);
        let waiting = tokio::spawn(async move { waiting.enter(principal(1), of).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        let vast = Weight { items: usize::MAX, bytes: usize::MAX };
        drop(queue.enter(principal(2), vast).await);
        held.pop();
        held.push(waiting.await.unwrap());
        drop(held);
        let taken = [&queue.calls, &queue.records, &queue.bytes].map(|room| room.taken());
        assert_eq!(taken, [0; 3]);
    }

    #[tokio::test]
    async fn room_that_is_given_back_goes_round_those_who_wait() {
        let room = Room::new(8);
        let noisy = room.part(principal(1), 1).await;
        let mut held = vec![room.part(principal(1), 1).await, room.part(principal(1), 1).await];
        held.push(room.part(principal(1), 1).await);
        held.push(room.part(principal(2), 1).await);
        held.push(room.part(principal(2), 1).await);
        let had = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = tokio::task::JoinSet::new();
        for number in [1, 1, 1, 2, 3] {
            let (room, had) = (Arc::clone(&room), Arc::clone(&had));
            waiting.spawn(async move {
                let part = room.part(principal(number), 1).await;
                had.lock().unwrap().push(number);
                drop(part);
            });
            tokio::task::yield_now().await;
        }
        assert_eq!(*had.lock().unwrap(), [3], "it has none, and there is some");
        drop((noisy, held));
        waiting.join_all().await;
        assert_eq!(room.taken(), 0);
        assert_eq!(*had.lock().unwrap(), [3, 1, 2, 1, 1]);
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_keeps_no_room() {
        let room = Room::new(2);
        let held = room.part(principal(1), 1).await;
        let mut first = Box::pin(room.part(principal(1), 1));
        let second = room.part(principal(1), 1);
        assert!(once(first.as_mut()).await.is_none());
        drop(held);
        // It was handed the part, and never looked.
        drop(first);
        drop(second.await);
        assert_eq!(room.taken(), 0);
    }

    async fn once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        use std::task::Poll;
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
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
