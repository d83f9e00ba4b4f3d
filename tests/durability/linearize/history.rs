//! What clients asked for, when, and what they were told; and what the log holds in the end.

/// A call of a client on one unit.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) asked: Asked,
    /// When it was sent, on a clock that never goes back and is the same for all clients.
    pub(crate) begun: u64,
    /// When its answer was there; an unknown outcome may come about at any time after it was sent.
    pub(crate) ended: u64,
    pub(crate) told: Told,
}

/// What a call asked for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Records those of the facts that the unit does not hold yet, all in one run, or none.
    Append { request: String, facts: Vec<String>, expected: Option<u64> },
    /// Reads a state of at least this size of the log.
    Read { min_size: u64 },
}

/// What a client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Appended(Receipt),
    /// Another version than the expected one.
    Stale {
        actual: u64,
    },
    Read(Seen),
    /// Refused with nothing done, for a reason that says nothing of the unit, such as a full queue.
    Refused,
    /// Refused without a reason that there could be.
    Wrong(String),
    /// No answer, or one that leaves open what was done.
    Unknown,
}

/// The answer to an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Version and position of each record, in order; none where all was so already.
    pub(crate) records: Vec<(u64, u64)>,
    /// The unit's version after it.
    pub(crate) version: u64,
    /// A size of the log that holds it.
    pub(crate) log_size: u64,
    /// Whether an earlier call under the same id did it.
    pub(crate) replayed: bool,
}

/// The answer to a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The size of the log that was read.
    pub(crate) log_size: u64,
    /// The unit's version, where it was asked for.
    pub(crate) version: Option<u64>,
    /// A fact that was asked for, and whether it was there.
    pub(crate) fact: Option<(String, bool)>,
}

/// A record of the unit's stream, as the log holds it in the end.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) position: u64,
    pub(crate) request: String,
    pub(crate) fact: String,
}

/// All that happened to a unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) calls: Vec<Call>,
    /// The stream; the first record has version 1.
    pub(crate) stream: Vec<Record>,
}
