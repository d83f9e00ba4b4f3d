//! What one principal may have of the server, so that nobody is slowed by somebody else's haste.
//!
//! Each principal has an account: rates of calls, events and bytes, and places for calls and streams
//! that are under way. A call over a limit is refused with a time to come back; a stream of evidence
//! is slowed.
//!
//! Invariant: an account is forgotten only while it is as good as new.

mod at_once;
mod layer;
mod rate;
mod way;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gradus_log::clock::MonotonicClock;
use gradus_model::PrincipalId;
use gradus_service::turns::{Paced, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::settings::Limits;
use at_once::{AtOnce, Place};
pub(crate) use layer::Limited;
use rate::Rate;
use way::{Way, Ways};

/// Accounts that are kept without a look at who may be forgotten.
const MANY: usize = 1_024;
/// The largest call, in events.
const MOST_EVENTS: u32 = 1_000;
/// The largest call, in KiB.
const MOST_KIBIBYTES: u32 = 4 << 10;
/// Bytes of one principal's messages that wait for their sync: a quarter of the log's queue.
const SHARE: usize = 8 << 20;
/// What a message counts for at least, so that they are at most a quarter of the queue's calls.
pub(crate) const LEAST_SHARE: usize = 8 << 10;
/// The longest sleep of a stream that is slowed before it looks again.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);
/// How often a line of the log tells of the same limit of the same principal: each minute.
const TOLD_EACH: i64 = 60 * 1_000_000;

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// Its name in the settings.
    pub(crate) limit: &'static str,
    pub(crate) most: u32,
    /// When to come back.
    pub(crate) wait: Duration,
}

/// The accounts of all principals.
pub(crate) struct Gauge {
    limits: Limits,
    ways: Ways,
    clock: MonotonicClock,
    work: Arc<Work>,
    accounts: Mutex<BTreeMap<PrincipalId, Arc<Account>>>,
}

/// What one principal has of the server.
pub(crate) struct Account {
    principal: PrincipalId,
    reads: Rate,
    writes: Rate,
    events: Rate,
    kibibytes: Rate,
    reads_at_once: AtOnce,
    writes_at_once: AtOnce,
    streams_at_once: AtOnce,
    /// Bytes of messages that wait for their sync.
    share: Arc<Semaphore>,
    /// Messages that wait for their turn.
    turns: Arc<Semaphore>,
    silent_push: Option<Duration>,
    work: Arc<Work>,
    used: AtomicI64,
    clock: MonotonicClock,
    told: Mutex<BTreeMap<&'static str, Told>>,
}

/// What the log was told of a limit.
struct Told {
    at: i64,
    since: u64,
}

impl Gauge {
    /// # Errors
    ///
    /// When the description of the API that is built in cannot be read.
    pub(crate) fn new(limits: Limits, clock: MonotonicClock) -> Result<Self, prost::DecodeError> {
        let places = std::thread::available_parallelism().map_or(1, NonZero::get);
        let (ways, work) = (Ways::read()?, Work::new(places));
        Ok(Self { limits, ways, clock, work, accounts: Mutex::default() })
    }

    /// Holds a read that is no call of gRPC to the limits of its principal, until what is returned is
    /// dropped.
    ///
    /// # Errors
    ///
    /// The limit that it is over.
    pub(crate) async fn enter_read(&self, principal: PrincipalId) -> Result<Place, Over> {
        self.account(principal).enter(Way::Read).await
    }

    /// The account of a principal, which is begun if there is none.
    fn account(&self, principal: PrincipalId) -> Arc<Account> {
        let now = (self.clock)();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(&principal) {
            account.used.store(now, Ordering::Relaxed);
            return Arc::clone(account);
        }
        if accounts.len() >= MANY {
            accounts.retain(|_, account| !account.is_as_good_as_new(now));
        }
        let account = Arc::new(Account::new(principal, self));
        account.used.store(now, Ordering::Relaxed);
        accounts.insert(principal, Arc::clone(&account));
        account
    }
}

impl Account {
    fn new(principal: PrincipalId, gauge: &Gauge) -> Self {
        let Gauge { limits, clock, work, .. } = gauge;
        let rate = |name, per_second, largest| Rate::new(name, per_second, largest, clock);
        let bounded =
            |most: usize| if limits.writes_at_once == 0 { Semaphore::MAX_PERMITS } else { most };
        let turns = usize::try_from(limits.writes_at_once).unwrap_or(usize::MAX);
        let turns = bounded(turns.min(Semaphore::MAX_PERMITS));
        Self {
            principal,
            reads: rate("reads-per-second", limits.reads_per_second, 1),
            writes: rate("writes-per-second", limits.writes_per_second, 1),
            events: rate("events-per-second", limits.events_per_second, MOST_EVENTS),
            kibibytes: rate("kibibytes-per-second", limits.kibibytes_per_second, MOST_KIBIBYTES),
            reads_at_once: AtOnce::in_line("reads-at-once", limits.reads_at_once),
            writes_at_once: AtOnce::in_line("writes-at-once", limits.writes_at_once),
            streams_at_once: AtOnce::refusing("streams-at-once", limits.streams_at_once),
            share: Arc::new(Semaphore::new(bounded(SHARE))),
            turns: Arc::new(Semaphore::new(turns)),
            silent_push: limits.silent_push(),
            work: Arc::clone(work),
            used: AtomicI64::default(),
            clock: clock.clone(),
            told: Mutex::default(),
        }
    }

    /// Whether nobody would notice if it were begun anew.
    fn is_as_good_as_new(self: &Arc<Self>, now: i64) -> bool {
        let rates = [&self.reads, &self.writes, &self.events, &self.kibibytes];
        let longest = rates.map(Rate::refills_in).into_iter().max().unwrap_or_default();
        let idle = now.saturating_sub(self.used.load(Ordering::Relaxed)).max(0);
        // Whoever has a call or stream under way holds it, too.
        Arc::strong_count(self) == 1
            && Duration::from_micros(idle.unsigned_abs()) > longest.max(Duration::from_mins(1))
    }

    /// Takes a call, and waits for a place among those of its sort.
    async fn enter(&self, way: Way) -> Result<Place, Over> {
        let (rate, places) = match way {
            Way::Read => (&self.reads, &self.reads_at_once),
            Way::Write => (&self.writes, &self.writes_at_once),
            Way::Push => (&self.writes, &self.streams_at_once),
            Way::Follow => (&self.reads, &self.streams_at_once),
        };
        rate.take(1).map_err(|over| self.tell(over, "refused: over a limit"))?;
        places.enter().await.map_err(|over| self.tell(over, "refused: over a limit"))
    }

    /// Lets the steps of the principal's work take their places among those of all others.
    pub(crate) fn working<F: Future>(&self, work: F) -> Paced<F> {
        self.work.paced(self.principal, work)
    }

    /// Takes what a call is to append.
    ///
    /// # Errors
    ///
    /// The limit that it is over.
    pub(crate) fn charge(&self, events: usize, bytes: usize) -> Result<(), Over> {
        self.take(events, bytes).map_err(|over| self.tell(over, "refused: over a limit"))
    }

    fn take(&self, events: usize, bytes: usize) -> Result<(), Over> {
        self.kibibytes.take(bytes.div_ceil(1 << 10))?;
        self.events.take(events)
    }

    /// Takes what a message of a stream is to append, as soon as it may be taken.
    pub(crate) async fn paced(&self, events: usize, bytes: usize) {
        for (rate, number) in [(&self.kibibytes, bytes.div_ceil(1 << 10)), (&self.events, events)] {
            while let Err(over) = rate.take(number) {
                let wait = self.tell(over, "slowed: over a limit").wait;
                tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
            }
        }
    }

    /// Waits until a message of so many bytes fits into the principal's share of what waits for its
    /// sync; it holds its part until that is dropped.
    pub(crate) async fn share(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes.clamp(LEAST_SHARE, SHARE)).ok()?;
        Arc::clone(&self.share).acquire_many_owned(bytes).await.ok()
    }

    /// Waits until a message may get in line for its turn.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    /// How long a stream of evidence may say nothing.
    pub(crate) const fn silence(&self) -> Option<Duration> {
        self.silent_push
    }

    /// Tells the log of a limit, once a minute at most, and how often it was reached since.
    fn tell(&self, over: Over, what: &'static str) -> Over {
        let now = (self.clock)();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let known = told.entry(over.limit).or_insert(Told { at: i64::MIN, since: 0 });
        known.since += 1;
        let times = known.since;
        if now.saturating_sub(known.at) >= TOLD_EACH {
            *known = Told { at: now, since: 0 };
            drop(told);
            let Over { limit, most, .. } = over;
            tracing::warn!(principal = %self.principal, limit, most, times, "{what}");
        }
        over
    }
}

#[cfg(test)]
mod tests;
