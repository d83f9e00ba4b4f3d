//! Who fails to authenticate too often is put off, and told of in the log without any secret.
//!
//! Only failures are put off: a good token is looked up and taken wherever it comes from, so that
//! nobody is locked out by a neighbour behind the same address or proxy. That lets whoever is put off
//! go on trying, and is no loss: a token has 256 random bits, which nobody guesses, and a look-up costs
//! less than reading the call. What cannot be a token is not looked up.
//!
//! Invariant: at most [`MOST_PEERS`] addresses are remembered, each for a minute or two.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gradus_log::clock::MonotonicClock;

/// Failures of one address within [`SPAN_MICROS`] that are answered as what they are.
pub(crate) const MOST_FAILURES: u32 = 10;
/// Addresses that are remembered, at most: 4,096 take some 300 KiB.
pub(crate) const MOST_PEERS: usize = 4_096;
/// How long failures are counted, and then put off: a minute.
const SPAN_MICROS: i64 = 60 * 1_000_000;

/// The failures of an address.
#[derive(Clone, Copy, Debug)]
struct Failures {
    /// When the first of them came, or when they became too many.
    since: i64,
    count: u32,
    /// Those of the span before, which were not told one by one.
    untold: u32,
}

/// What becomes of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is told as what it is.
    Told,
    /// It is put off for so long.
    PutOff(Duration),
}

/// Counts failures by address.
pub(crate) struct Throttle {
    clock: MonotonicClock,
    peers: Mutex<BTreeMap<IpAddr, Failures>>,
}

impl Throttle {
    pub(crate) fn new(clock: MonotonicClock) -> Self {
        Self { clock, peers: Mutex::default() }
    }

    /// Counts a failure of an address, logs it unless there are too many, and says what it is
    /// answered with. `reason` is a word that gives no secret away.
    pub(crate) fn failed(&self, address: Option<IpAddr>, reason: &'static str) -> Answer {
        let (now, address) = ((self.clock)(), network(address));
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if !peers.contains_key(&address) {
            make_room(&mut peers, now);
        }
        let new = Failures { since: now, count: 0, untold: 0 };
        let known = peers.entry(address).or_insert(new);
        if passed(known, now) {
            let untold = known.count.saturating_sub(MOST_FAILURES + 1);
            *known = Failures { untold, ..new };
        }
        known.count = known.count.saturating_add(1);
        if known.count == MOST_FAILURES + 1 {
            known.since = now;
        }
        let Failures { since, count, untold } = *known;
        drop(peers);
        if count <= MOST_FAILURES {
            tracing::warn!(%address, reason, failures = count, untold, "not authenticated");
            return Answer::Told;
        }
        if count == MOST_FAILURES + 1 {
            let failures = count;
            tracing::warn!(%address, reason, failures, "not authenticated too often: put off");
        }
        let left = SPAN_MICROS.saturating_sub(now.saturating_sub(since)).max(1);
        Answer::PutOff(Duration::from_micros(left.unsigned_abs()))
    }
}

fn passed(failures: &Failures, now: i64) -> bool {
    now.saturating_sub(failures.since) >= SPAN_MICROS
}

/// Forgets those whose span has passed, and if that is nobody, who came first.
fn make_room(peers: &mut BTreeMap<IpAddr, Failures>, now: i64) {
    if peers.len() < MOST_PEERS {
        return;
    }
    peers.retain(|_, failures| !passed(failures, now));
    if peers.len() >= MOST_PEERS {
        let first = peers.iter().min_by_key(|(_, failures)| failures.since);
        if let Some(first) = first.map(|(address, _)| *address) {
            peers.remove(&first);
        }
    }
}

/// What is counted together: an IPv4 address, or the /64 network that one host of IPv6 has.
pub(crate) fn network(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
        Some(address) => address,
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn throttle() -> (Throttle, Arc<AtomicI64>) {
        let clock = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&clock);
        (Throttle::new(Arc::new(move || told.load(Ordering::SeqCst))), clock)
    }

    fn pass(clock: &AtomicI64, seconds: i64) {
        clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// How many of `tries` failures were told.
    fn told(throttle: &Throttle, address: &str, tries: u32) -> u32 {
        let tell = |_: &u32| throttle.failed(peer(address), "unknown") == Answer::Told;
        u32::try_from((0..tries).filter(tell).count()).unwrap()
    }

    #[test]
    fn after_ten_failures_an_address_is_put_off_for_a_minute() {
        let (throttle, clock) = throttle();
        assert_eq!(told(&throttle, "10.0.0.1", 10), 10);
        pass(&clock, 30);
        let minute = Duration::from_mins(1);
        assert_eq!(throttle.failed(peer("10.0.0.1"), "unknown"), Answer::PutOff(minute));
        pass(&clock, 59);
        let second = Duration::from_secs(1);
        assert_eq!(throttle.failed(peer("10.0.0.1"), "unknown"), Answer::PutOff(second));
        pass(&clock, 1);
        assert_eq!(told(&throttle, "10.0.0.1", 20), 10, "then it begins anew");
    }

    #[test]
    fn failures_that_are_far_between_are_never_put_off() {
        let (throttle, clock) = throttle();
        for _ in 0..100 {
            assert_eq!(told(&throttle, "127.0.0.1", 5), 5);
            pass(&clock, 60);
        }
    }

    #[test]
    fn addresses_are_counted_apart_and_a_network_of_one_host_together() {
        let (throttle, _) = throttle();
        assert_eq!(told(&throttle, "10.0.0.1", 20), 10);
        assert_eq!(told(&throttle, "10.0.0.2", 20), 10);
        assert_eq!(told(&throttle, "::ffff:10.0.0.2", 20), 0, "it is the same address");
        assert_eq!(told(&throttle, "2001:db8::1", 20), 10);
        assert_eq!(told(&throttle, "2001:db8::2", 20), 0);
        assert_eq!(told(&throttle, "2001:db8:0:1::1", 20), 10);
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let (throttle, clock) = throttle();
        let all = u32::try_from(MOST_PEERS).unwrap() + 100;
        for number in 0..all {
            throttle.failed(Some(Ipv4Addr::from_bits(number).into()), "unknown");
            clock.fetch_add(1, Ordering::SeqCst);
        }
        let remembered = || throttle.peers.lock().unwrap().len();
        assert_eq!(remembered(), MOST_PEERS);
        assert!(!throttle.peers.lock().unwrap().contains_key(&IpAddr::from([0, 0, 0, 1])));
        pass(&clock, 61);
        throttle.failed(peer("10.0.0.1"), "unknown");
        assert_eq!(remembered(), 1, "who stopped is forgotten");
    }
}
