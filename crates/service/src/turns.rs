//! Turns: one call at a time is decided, and the turn goes round the principals.
//!
//! Whoever comes while a call is decided gets in line behind the calls of the same principal, and
//! the turn is handed from call to call; so nobody has to wait for all that another principal has in
//! flight, but for the call that is decided and one of each other principal.
//!
//! Invariants: one at most has the turn. It is handed on when it is dropped, and when whoever was
//! handed it is gone before they took it; whoever gives up leaves the line.

pub(crate) mod line;
mod work;

use std::sync::{Mutex, MutexGuard, PoisonError};

use gradus_model::PrincipalId;
use tokio::sync::oneshot;

use line::{Line, Ticket};
pub use work::{Paced, Work};

/// The turns of all calls.
pub(crate) struct Turns(Mutex<State>);

struct State {
    /// Whether somebody has the turn.
    taken: bool,
    line: Line<PrincipalId, oneshot::Sender<()>>,
}

/// The turn, until it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    who: PrincipalId,
    /// Items that the turn was taken for, and those that are known to be no fewer.
    items: u64,
    more: u64,
}

impl Turns {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State { taken: false, line: Line::new() }))
    }

    // A panic elsewhere leaves plain values behind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of a principal's call, which is of so many items as far as that is known.
    pub(crate) async fn turn(&self, who: PrincipalId, items: usize) -> Turn<'_> {
        let items = u64::try_from(items).unwrap_or(u64::MAX).max(1);
        if let Some(mut waiting) = self.waits(who, items) {
            // What is not sent is not dropped either: the line keeps it until it is sent, or left.
            let _ = (&mut waiting.handed).await;
            waiting.has_it = true;
        }
        Turn { turns: self, who, items, more: 0 }
    }

    /// Takes the turn if nobody has it, or gets in line.
    fn waits(&self, who: PrincipalId, items: u64) -> Option<Waiting<'_>> {
        let mut state = self.state();
        if !state.taken {
            state.taken = true;
            state.line.count(who, items);
            return None;
        }
        let (hand, handed) = oneshot::channel();
        let ticket = state.line.enter(who, items, hand);
        Some(Waiting { turns: self, who, ticket, handed, has_it: false })
    }

    /// Hands the turn to whoever is next.
    fn hand_on(&self) {
        let mut state = self.state();
        let next = state.line.next();
        if next.is_none() {
            state.taken = false;
            state.line.rest();
        }
        drop(state);
        if let Some(next) = next {
            // Whoever is gone by now hands it on themselves: they are not in line any more.
            let _ = next.send(());
        }
    }
}

impl Turn<'_> {
    /// Says that the call turned out to be of so many items.
    pub(crate) fn is_of(&mut self, items: usize) {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.more = self.more.max(items.saturating_sub(self.items));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.more > 0 {
            self.turns.state().line.count(self.who, self.more);
        }
        self.turns.hand_on();
    }
}

/// A place in the line.
struct Waiting<'a> {
    turns: &'a Turns,
    who: PrincipalId,
    ticket: Ticket,
    handed: oneshot::Receiver<()>,
    has_it: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.has_it && !self.turns.state().line.leave(self.who, self.ticket) {
            // It was handed the turn, and takes it no more.
            self.turns.hand_on();
        }
    }
}

#[cfg(test)]
mod tests;
