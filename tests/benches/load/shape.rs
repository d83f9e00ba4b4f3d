//! The shapes of load.

/// A shape of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One client, one event at a time.
    One,
    /// 64 calls of one event in flight, over 4 connections.
    Many,
    /// One client, calls of 100 events.
    Batches,
    /// Eight clients, calls of 100 events.
    ManyBatches,
    /// One stream both ways, one event a message, 1,000 messages in flight.
    Stream,
    /// One stream both ways, messages as collectors send them, 64 in flight.
    Mixed,
}

impl Shape {
    pub(crate) const ALL: [Self; 6] =
        [Self::One, Self::Many, Self::Batches, Self::ManyBatches, Self::Stream, Self::Mixed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "s1",
            Self::Many => "s2",
            Self::Batches => "s3",
            Self::ManyBatches => "s3c",
            Self::Stream => "stream",
            Self::Mixed => "mixed",
        }
    }

    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::One => "one at a time",
            Self::Many => "64 in flight",
            Self::Batches => "batches of 100",
            Self::ManyBatches => "8 x batches of 100",
            Self::Stream => "one stream, window 1,000",
            Self::Mixed => "mixed messages, window 64",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// Calls in flight, and events of each; of streams, messages in flight.
    pub(crate) const fn calls(self) -> (usize, u64) {
        match self {
            Self::One => (1, 1),
            Self::Many => (64, 1),
            Self::Batches => (1, 100),
            Self::ManyBatches => (8, 100),
            Self::Stream => (1_000, 1),
            Self::Mixed => (64, 0),
        }
    }

    pub(crate) const fn is_stream(self) -> bool {
        matches!(self, Self::Stream | Self::Mixed)
    }
}
