//! How much of the server one principal, one address and one connection may have.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

/// The limits that a server is started with; 0 is none, of each. They are explained, by their
/// consequences, in `config/gradus.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Calls a second of one principal that read.
    pub reads_per_second: u32,
    /// Calls a second of one principal that append; opening a stream is one.
    pub writes_per_second: u32,
    /// Events a second that one principal appends.
    pub events_per_second: u32,
    /// KiB a second that one principal appends.
    pub kibibytes_per_second: u32,
    /// Calls of one principal that read at the same time.
    pub reads_at_once: u32,
    /// Calls of one principal that append at the same time.
    pub writes_at_once: u32,
    /// Streams of one principal that are open at the same time.
    pub streams_at_once: u32,
    /// Connections of everybody.
    pub connections: u32,
    /// Connections of one address; of IPv6, of a /64 network.
    pub connections_per_address: u32,
    /// Seconds within which a new connection must have asked something.
    pub first_call_seconds: u32,
    /// Seconds after which a connection without a call is closed.
    pub idle_connection_seconds: u32,
    /// Seconds that a call may take that is no stream.
    pub call_seconds: u32,
    /// Seconds after which a stream of evidence ends that sends nothing.
    pub silent_push_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reads_per_second: 2_000,
            writes_per_second: 4_000,
            events_per_second: 10_000,
            kibibytes_per_second: 16 << 10,
            reads_at_once: 64,
            writes_at_once: 64,
            streams_at_once: 100,
            connections: 8_192,
            connections_per_address: 1_024,
            first_call_seconds: 10,
            idle_connection_seconds: 900,
            call_seconds: 30,
            silent_push_seconds: 300,
        }
    }
}

impl Limits {
    /// No limit of any kind.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            reads_per_second: 0,
            writes_per_second: 0,
            events_per_second: 0,
            kibibytes_per_second: 0,
            reads_at_once: 0,
            writes_at_once: 0,
            streams_at_once: 0,
            connections: 0,
            connections_per_address: 0,
            first_call_seconds: 0,
            idle_connection_seconds: 0,
            call_seconds: 0,
            silent_push_seconds: 0,
        }
    }

    /// These limits without those of a rate.
    #[must_use]
    pub const fn without_rates(self) -> Self {
        Self {
            reads_per_second: 0,
            writes_per_second: 0,
            events_per_second: 0,
            kibibytes_per_second: 0,
            ..self
        }
    }

    pub(crate) fn first_call(&self) -> Option<Duration> {
        seconds(self.first_call_seconds)
    }

    pub(crate) fn idle_connection(&self) -> Option<Duration> {
        seconds(self.idle_connection_seconds)
    }

    pub(crate) fn call(&self) -> Option<Duration> {
        seconds(self.call_seconds)
    }

    pub(crate) fn silent_push(&self) -> Option<Duration> {
        seconds(self.silent_push_seconds)
    }
}

fn seconds(number: u32) -> Option<Duration> {
    NonZeroU32::new(number).map(|number| Duration::from_secs(number.get().into()))
}
