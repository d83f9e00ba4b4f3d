//! What a caller wants recorded, and what the rules say to it.

use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Event, Payload, PrincipalId, Timestamp};

/// Work and ratings dated later than this after the server's clock are refused: 5 minutes.
pub const MOST_AHEAD_MICROS: i64 = 5 * 60 * 1_000_000;

/// A fact that someone wants recorded.
///
/// Ids in it are derived from the call, so that the same call proposes the same bytes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The event.
    pub event: Event,
    /// When it is true, in the unit's life.
    pub effective_at: Timestamp,
    /// Whether the caller gave no effective time, so that it is the server's clock. The same call
    /// made again has another clock and is the same call all the same.
    pub by_clock: bool,
    /// Free text and anything personal.
    pub payload: Payload,
}

impl Proposal {
    /// A proposal without payload.
    #[must_use]
    pub const fn new(event: Event, effective_at: Timestamp) -> Self {
        Self { event, effective_at, by_clock: false, payload: Payload::empty() }
    }

    /// A proposal without payload, effective at the time given, or else now.
    #[must_use]
    pub fn at(event: Event, given: Option<Timestamp>, now: Timestamp) -> Self {
        let by_clock = given.is_none();
        Self { by_clock, ..Self::new(event, given.unwrap_or(now)) }
    }

    /// Whether it says again what was said for the moment `before`; who names no moment means "now
    /// or since before".
    pub(crate) fn repeats(&self, before: Timestamp) -> bool {
        before == self.effective_at || (self.by_clock && before < self.effective_at)
    }

    /// This proposal with `payload`.
    #[must_use]
    pub fn with(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }
}

/// Who acts, as their credential says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The principal.
    pub principal: PrincipalId,
    /// Person, service or Gradus itself.
    pub kind: PrincipalKind,
    /// How they proved it.
    pub grade: Grade,
}

/// Who proposes, and when the server took the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// Who acts.
    pub actor: Actor,
    /// The server's clock, read once for the call.
    pub now: Timestamp,
}

impl Occasion {
    /// Whether `at` lies further ahead than clocks may differ.
    #[must_use]
    pub fn is_ahead(&self, at: Timestamp) -> bool {
        at > self.now.plus_micros(MOST_AHEAD_MICROS)
    }
}

/// What the rules say to a proposal that they do not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is to be recorded.
    Record,
    /// It is so already: nothing is recorded, which makes a retry harmless.
    AlreadySo,
}
