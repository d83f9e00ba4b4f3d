//! What a connection was used for so far, and when it ends if it is not used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a connection may go without a call; none is for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Before the first one.
    pub(crate) first: Option<Duration>,
    /// Afterwards.
    pub(crate) idle: Option<Duration>,
}

/// The use of a connection.
pub(crate) struct Course {
    times: Times,
    state: Mutex<State>,
}

struct State {
    asked: bool,
    calls: u32,
    quiet_since: Instant,
}

/// A call that is under way on a connection.
pub(crate) struct Busy(Arc<Course>);

impl Course {
    pub(crate) fn new(times: Times) -> Self {
        let state = State { asked: false, calls: 0, quiet_since: Instant::now() };
        Self { times, state: Mutex::new(state) }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A call came.
    pub(crate) fn asked(&self) {
        self.with(|state| {
            state.asked = true;
            state.quiet_since = Instant::now();
        });
    }

    /// A call is under way, until what is returned is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.with(|state| state.calls += 1);
        Busy(Arc::clone(self))
    }

    /// When the connection ends if nothing happens, or when that may be asked again.
    pub(crate) fn ends(&self) -> Option<Instant> {
        let Times { first, idle } = self.times;
        self.with(|state| match (state.calls, state.asked) {
            (0, false) => first.or(idle).map(|time| state.quiet_since + time),
            (0, true) => idle.map(|time| state.quiet_since + time),
            _ => idle.map(|time| Instant::now() + time),
        })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.with(|state| {
            state.calls = state.calls.saturating_sub(1);
            state.quiet_since = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_when_it_was_without_a_call_for_long() {
        let [second, minute] = [1, 60].map(Duration::from_secs);
        let course = Arc::new(Course::new(Times { first: Some(second), idle: Some(minute) }));
        let begun = Instant::now();
        assert_eq!(course.ends(), Some(begun + second));
        course.asked();
        assert_eq!(course.ends(), Some(begun + minute));
        let busy = course.busy();
        tokio::time::advance(minute * 2).await;
        assert!(course.ends() > Some(Instant::now()), "not while a call is under way");
        drop(busy);
        assert_eq!(course.ends(), Some(begun + minute * 3));
        let never = Course::new(Times { first: Some(second), idle: None });
        never.asked();
        assert_eq!(never.ends(), None);
    }
}
