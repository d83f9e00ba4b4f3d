//! The engine in memory: for tests, and for what need not outlive the process.
//!
//! It keeps the contract but for durability: "durable" is what it has taken from its queue.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_model::{Digest, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::tree::LeafHashes;
use gradus_proof::{Plan, Tree};
use tokio::sync::watch;

use crate::clock::{Clock, Machine, MonotonicClock, Reading, WallClock};
use crate::queue::{Call, Queue, QueueLimit};
use crate::record::Gathered;
use crate::runs::{Runs, joined};
use crate::sequence::{Sequenced, Sequencer};
use crate::{
    Acknowledgement, Append, Appended, BoxFuture, Head, KnownAt, Log, LogError, ReadLimit,
    StoredRecord,
};

/// A log in memory.
#[derive(Clone)]
pub struct MemoryLog(Arc<Inner>);

struct Inner {
    queue: Queue,
    clock: Clock,
    state: Mutex<State>,
    head: watch::Sender<Head>,
}

#[derive(Default)]
struct State {
    held: bool,
    sequencer: Sequencer,
    floor: Option<Timestamp>,
    records: Vec<Kept>,
    leaves: Vec<Digest>,
    tree: Tree,
    runs: Runs,
}

struct Kept {
    recorded_at: Timestamp,
    leaf: Vec<u8>,
    payload: Vec<u8>,
}

impl MemoryLog {
    /// An empty log with room for `calls` waiting appends.
    #[must_use]
    pub fn new(wall: WallClock, monotonic: MonotonicClock, calls: usize) -> Self {
        let machine = Machine { wall, monotonic, boot: String::new() };
        let limit = QueueLimit { calls, bytes: 32 << 20 };
        Self(Arc::new(Inner {
            queue: Queue::new(limit),
            clock: Clock::start(machine, None, None, None),
            state: Mutex::default(),
            head: watch::Sender::new(Head::empty()),
        }))
    }

    /// Leaves appends in the queue from now on, as a slow disk would.
    pub fn hold(&self) {
        self.0.state().held = true;
    }

    /// Takes what waits, and from now on every append at once.
    pub fn release(&self) {
        self.0.state().held = false;
        self.0.take();
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the calls that wait, unless the log is held.
    fn take(&self) {
        let mut state = self.state();
        if state.held {
            return;
        }
        let answers: Vec<_> = self
            .queue
            .take_now()
            .into_iter()
            .map(|Call { append, reply, accepts, .. }| {
                (reply, state.append(append, accepts, &self.clock))
            })
            .collect();
        let head = state.head();
        if head.size > self.head.borrow().size {
            self.head.send_replace(head);
        }
        drop(state);
        for (reply, placed) in answers {
            // A caller that went away needs no answer.
            let _ = reply.send(placed.map(|placed| Appended { placed, head }));
        }
    }
}

impl State {
    fn head(&self) -> Head {
        Head { size: self.tree.size(), root: self.tree.root() }
    }

    fn append(
        &mut self,
        append: Append,
        accepts: Option<Timestamp>,
        clock: &Clock,
    ) -> Result<Vec<crate::Placed>, LogError> {
        let reading = clock.read();
        let now = match accepts {
            Some(wall) => reading.acceptable(wall).map(|()| reading.wall)?,
            None => reading.believed()?,
        };
        let now = self.floor.map_or(now, |floor| now.max(floor.plus_micros(1)));
        let mut records = Vec::new();
        let placed = self.sequencer.place(append, now, &mut records)?;
        for Sequenced { placed, origin, leaf, payload } in records {
            self.tree.push(placed.leaf_hash);
            self.leaves.push(placed.leaf_hash);
            self.runs.add(placed.position, placed.version, &origin);
            self.records.push(Kept { recorded_at: placed.recorded_at, leaf, payload });
        }
        if accepts.is_some() {
            clock.accept(reading, self.sequencer.last());
        }
        Ok(placed)
    }

    fn from(&self, position: u64) -> &[Kept] {
        let at = usize::try_from(position).unwrap_or(usize::MAX);
        self.records.get(at..).unwrap_or_default()
    }

    fn root_at(&self, size: u64) -> Result<Digest, LogError> {
        self.tree.root_at(size, |Range { start, end }| {
            let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
            let leaves = range.and_then(|(start, end)| self.leaves.get(start..end));
            Ok(leaves.unwrap_or_default().to_vec())
        })
    }

    fn prove(&self, plan: &Plan) -> Result<Vec<Digest>, LogError> {
        LogError::refuse_past(plan, self.tree.size())?;
        let mut read = LeafHashes::new();
        read.add(0, self.leaves.iter().copied());
        Ok(self.tree.prove(plan, &read)?)
    }

    fn known_at(&mut self, at: Timestamp, now: Option<Timestamp>) -> KnownAt {
        let size = self.records.partition_point(|record| record.recorded_at <= at);
        let passed = now.is_some_and(|now| now >= at);
        if passed {
            self.floor = self.floor.max(Some(at));
        }
        KnownAt { size: size as u64, settled: passed || size < self.records.len() }
    }

    fn read_stream(&self, stream: UnitId, from: u64, most: ReadLimit) -> Vec<StoredRecord> {
        let mut gathered = Gathered::new(most);
        for run in self.runs.stream(stream, from) {
            let skipped = from.saturating_sub(run.version);
            let left = usize::try_from(run.count - skipped).unwrap_or(usize::MAX);
            for record in self.from(run.position + skipped).iter().take(left) {
                if !gathered.add(&record.leaf, &record.payload) {
                    return gathered.records;
                }
            }
        }
        gathered.records
    }
}

fn ready<T: Send + 'static>(value: T) -> BoxFuture<T> {
    Box::pin(std::future::ready(value))
}

impl Log for MemoryLog {
    fn append(&self, append: Append) -> Result<Acknowledgement, LogError> {
        let acknowledgement = self.0.queue.push(append, None)?;
        self.0.take();
        Ok(acknowledgement)
    }

    fn head(&self) -> Head {
        *self.0.head.borrow()
    }

    fn watch(&self) -> watch::Receiver<Head> {
        self.0.head.subscribe()
    }

    fn root_at(&self, size: u64) -> BoxFuture<Result<Digest, LogError>> {
        ready(self.0.state().root_at(size))
    }

    fn prove(&self, plan: Plan) -> BoxFuture<Result<Vec<Digest>, LogError>> {
        ready(self.0.state().prove(&plan))
    }

    fn known_at(&self, at: Timestamp) -> BoxFuture<Result<KnownAt, LogError>> {
        ready(Ok(self.0.state().known_at(at, self.0.clock.read().believed().ok())))
    }

    fn read(&self, from: u64, most: ReadLimit) -> BoxFuture<Result<Vec<StoredRecord>, LogError>> {
        let mut gathered = Gathered::new(most);
        let state = self.0.state();
        let more = |record: &&Kept| gathered.add(&record.leaf, &record.payload);
        let _ = state.from(from).iter().take_while(more).count();
        ready(Ok(gathered.records))
    }

    fn read_stream(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> BoxFuture<Result<Vec<StoredRecord>, LogError>> {
        ready(self.read_stream_here(stream, from, most))
    }

    fn read_stream_here(
        &self,
        stream: UnitId,
        from: u64,
        most: ReadLimit,
    ) -> Result<Vec<StoredRecord>, LogError> {
        Ok(self.0.state().read_stream(stream, from, most))
    }

    fn find_request(
        &self,
        actor: PrincipalId,
        request: RequestId,
    ) -> BoxFuture<Result<Vec<Range<u64>>, LogError>> {
        ready(Ok(joined(self.0.state().runs.request(&(actor, request)).to_vec())))
    }

    fn anchored(&self, size: u64) -> BoxFuture<Result<(), LogError>> {
        let head = self.head().size;
        ready(if size <= head { Ok(()) } else { Err(LogError::Past { asked: size, size: head }) })
    }

    fn clock(&self) -> Reading {
        self.0.clock.read()
    }

    fn append_accepting(
        &self,
        append: Append,
        wall: Timestamp,
    ) -> Result<Acknowledgement, LogError> {
        let acknowledgement = self.0.queue.push(append, Some(wall))?;
        self.0.take();
        Ok(acknowledgement)
    }

    fn close(&self) -> BoxFuture<Result<(), LogError>> {
        self.0.queue.close();
        self.release();
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Clocks, QUEUE_CALLS, Stand};

    struct Memory {
        log: MemoryLog,
        clocks: Clocks,
    }

    impl Stand for Memory {
        fn new() -> Self {
            let clocks = Clocks::default();
            let log = MemoryLog::new(clocks.wall(), clocks.monotonic(), QUEUE_CALLS);
            Self { log, clocks }
        }

        fn log(&self) -> Arc<dyn Log> {
            Arc::new(self.log.clone())
        }

        fn hold(&self) {
            self.log.hold();
        }

        fn release(&self) {
            self.log.release();
        }

        fn clocks(&self) -> &Clocks {
            &self.clocks
        }
    }

    crate::contract!(Memory);
}
