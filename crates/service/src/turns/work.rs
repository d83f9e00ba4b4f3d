//! Work: the processor goes round the principals, a step of a call at a time.
//!
//! A runtime polls whatever is ready in the order in which it became so; whoever has a hundred calls
//! in flight would put a hundred steps before everybody else's next one, and a call has several. Here
//! no more steps run at once than there are processors, and those that wait are let in as
//! [`Turns`](super::Turns) hand on the turn: by what the steps of each principal took so far.
//!
//! Invariants: a step that has its place runs and gives it back, also when it panics. A future that is
//! dropped leaves the line or hands on the place that it was handed.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use gradus_model::PrincipalId;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::line::{Line, Ticket};

/// The places of all that works.
pub struct Work(Mutex<State>);

struct State {
    /// Places that nobody has.
    free: usize,
    /// All there are.
    places: usize,
    line: Line<PrincipalId, oneshot::Sender<()>>,
}

/// A future whose steps take their places among those of all principals.
pub struct Paced<F> {
    work: Arc<Work>,
    who: PrincipalId,
    waits: Option<(Ticket, oneshot::Receiver<()>)>,
    work_of: Pin<Box<F>>,
}

impl Work {
    /// So many steps at once; one at least.
    #[must_use]
    pub fn new(places: usize) -> Arc<Self> {
        let places = places.max(1);
        Arc::new(Self(Mutex::new(State { free: places, places, line: Line::new() })))
    }

    /// Lets the steps of a principal's work take their places.
    pub fn paced<F: Future>(self: &Arc<Self>, who: PrincipalId, work: F) -> Paced<F> {
        Paced { work: Arc::clone(self), who, waits: None, work_of: Box::pin(work) }
    }

    // A panic elsewhere leaves plain values behind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place if one is free, or gets in line.
    fn waits(&self, who: PrincipalId) -> Option<(Ticket, oneshot::Receiver<()>)> {
        let mut state = self.state();
        if state.free > 0 {
            state.free -= 1;
            return None;
        }
        let (hand, handed) = oneshot::channel();
        Some((state.line.enter(who, 1, hand), handed))
    }

    /// Hands a place to whoever is next, after work of so many microseconds of a principal.
    fn hand_on(&self, done: Option<(PrincipalId, u64)>) {
        let mut state = self.state();
        if let Some((who, micros)) = done {
            state.line.count(who, micros);
        }
        let next = state.line.next();
        if next.is_none() {
            state.free += 1;
            if state.free == state.places {
                state.line.rest();
            }
        }
        drop(state);
        if let Some(next) = next {
            // Whoever is gone by now hands it on themselves: they are not in line any more.
            let _ = next.send(());
        }
    }
}

/// A place, until the step is done.
struct Placed<'a> {
    work: &'a Work,
    who: PrincipalId,
    since: Instant,
}

impl Drop for Placed<'_> {
    fn drop(&mut self) {
        let micros = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.work.hand_on(Some((self.who, micros)));
    }
}

impl<F: Future> Future for Paced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if self.waits.is_none() {
            self.waits = self.work.waits(self.who);
        }
        if let Some((_, handed)) = &mut self.waits {
            // What is not sent is not dropped either: the line keeps it until it is sent, or left.
            let _ = ready!(Pin::new(handed).poll(cx));
            self.waits = None;
        }
        let work = Arc::clone(&self.work);
        let _placed = Placed { work: &work, who: self.who, since: Instant::now() };
        self.work_of.as_mut().poll(cx)
    }
}

impl<F> Drop for Paced<F> {
    fn drop(&mut self) {
        if let Some((ticket, _)) = self.waits.take()
            && !self.work.state().line.leave(self.who, ticket)
        {
            // It was handed a place, and takes it no more.
            self.work.hand_on(None);
        }
    }
}

#[cfg(test)]
mod tests;
