//! How many connections there are, of everybody and of one address.
//!
//! Invariant: an address is remembered only while it has a connection.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tokio::time::Instant;

use crate::settings::Limits;
use crate::throttle::network;

/// Files that the server needs besides its connections: the log, keys, documents, TLS.
const FILES: u64 = 256;
/// How often a line of the log tells that connections are refused.
const TOLD_EACH: Duration = Duration::from_mins(1);

/// Places for connections.
pub(crate) struct Seats {
    most: u32,
    most_of_one: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: u32,
    by: BTreeMap<IpAddr, u32>,
    told: Option<Instant>,
    refused: u64,
}

/// The place of one connection, given back when it is dropped.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    network: IpAddr,
}

impl Seats {
    /// At most as many as the system gives files for.
    pub(crate) fn new(limits: &Limits) -> Self {
        let bound = |most: u32| if most == 0 { u32::MAX } else { most };
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let room = u32::try_from(files.saturating_sub(FILES).max(1)).unwrap_or(u32::MAX);
        let asked = bound(limits.connections);
        if limits.connections > room {
            tracing::warn!(
                connections = asked,
                files,
                "the system allows fewer open files than `connections` asks for: at most {room} are \
                 taken; raise the limit (ulimit -n, LimitNOFILE), or lower the setting"
            );
        }
        let most_of_one = bound(limits.connections_per_address);
        Self { most: asked.min(room), most_of_one, taken: Mutex::default() }
    }

    /// A place for a connection from an address; none if there are too many.
    pub(crate) fn take(self: &Arc<Self>, address: SocketAddr) -> Option<Seat> {
        let network = network(Some(address.ip()));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = taken.by.get(&network).copied().unwrap_or_default();
        let (limit, most) = if taken.all >= self.most {
            ("connections", self.most)
        } else if of_one >= self.most_of_one {
            ("connections-per-address", self.most_of_one)
        } else {
            taken.all += 1;
            taken.by.insert(network, of_one + 1);
            return Some(Seat { seats: Arc::clone(self), network });
        };
        taken.refused += 1;
        if taken.told.is_none_or(|told| told.elapsed() >= TOLD_EACH) {
            let times = std::mem::take(&mut taken.refused);
            taken.told = Some(Instant::now());
            tracing::warn!(address = %network, limit, most, times, "connections are refused");
        }
        None
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        match taken.by.get_mut(&self.network) {
            Some(left) if *left > 1 => *left -= 1,
            _ => drop(taken.by.remove(&self.network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_are_counted_for_everybody_and_by_address() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let seats = Arc::new(Seats::new(&limits));
        let take = |address: &str| seats.take(address.parse().unwrap());
        let first = take("10.0.0.1:1");
        let second = take("[::ffff:10.0.0.1]:2");
        assert!(first.is_some() && second.is_some() && take("10.0.0.1:3").is_none());
        let third = take("[2001:db8::1]:1");
        assert!(third.is_some() && take("10.0.0.2:1").is_none(), "all are taken");
        drop(first);
        assert!(take("10.0.0.1:4").is_some(), "one was given back");
        drop((second, third));
        assert!(seats.taken.lock().unwrap().by.is_empty(), "nobody is remembered");
        assert_eq!(seats.taken.lock().unwrap().all, 0);
    }
}
