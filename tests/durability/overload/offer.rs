//! A load of small calls, closed or open, and what became of each.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{CONNECTIONS, OF_A_CONNECTION};
use crate::client::{Call, Client};
use crate::load::{self, Load};
use crate::random::Random;

/// How often calls are sent that have become due.
const TICK: Duration = Duration::from_millis(5);
/// How long the last calls may take.
const ENDS_WITHIN: Duration = Duration::from_mins(2);

/// Who offers.
pub(super) struct Offer {
    load: Load,
    clients: Vec<Client>,
    units: Vec<String>,
}

/// What became of calls.
#[derive(Debug, Default)]
pub(super) struct Offered {
    took: Duration,
    accepted: Vec<Duration>,
    /// How long refusals took.
    turned_away: Vec<Duration>,
    refused: HashSet<String>,
    /// How often which refusal without a word on when to come back, or with a wrong code.
    wrong: BTreeMap<String, u64>,
    /// Calls that were due and had no connection to go by.
    held_back: u64,
}

impl Offered {
    fn took(&mut self, call: &Call, result: &Result<(), Status>, time: Duration) {
        let Err(status) = result else { return self.accepted.push(time) };
        self.turned_away.push(time);
        let right = matches!(status.code(), Code::ResourceExhausted | Code::Unavailable);
        if right && status.get_error_details().retry_info().is_some() {
            self.refused.insert(call.id().to_owned());
        } else {
            let told = format!("{:?}: {}", status.code(), status.message());
            *self.wrong.entry(told).or_default() += 1;
        }
    }

    /// Accepted calls a second.
    pub(super) fn per_second(&self) -> u64 {
        a_second(self.accepted.len(), self.took)
    }

    /// Answers a second, of whatever kind.
    pub(super) fn answers_per_second(&self) -> u64 {
        a_second(self.accepted.len() + self.turned_away.len(), self.took)
    }

    /// How long the slowest accepted call took.
    pub(super) fn slowest(&self) -> Duration {
        self.accepted.iter().max().copied().unwrap_or_default()
    }

    /// The ids of the calls that were refused.
    pub(super) fn refused(&self) -> impl Iterator<Item = &String> {
        self.refused.iter()
    }

    /// The refusals that no client can do anything with.
    pub(super) fn wrong(&self) -> Vec<String> {
        let told = |(told, times): (&String, &u64)| format!("{times} calls were told {told}");
        self.wrong.iter().map(told).collect()
    }
}

impl fmt::Display for Offered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, accepted) = (self.per_second(), self.accepted.len());
        write!(out, "{accepted} accepted, {rate} a second ({})", Spread(&self.accepted))?;
        let refused = self.refused.len();
        write!(out, "; {refused} refused ({})", Spread(&self.turned_away))?;
        write!(out, "; {} held back", self.held_back)
    }
}

fn a_second(count: usize, took: Duration) -> u64 {
    count as u64 * 1_000 / millis(took).max(1)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How times are spread.
struct Spread<'a>(&'a [Duration]);

impl fmt::Display for Spread<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.to_vec();
        sorted.sort_unstable();
        let at = |hundredth: usize| {
            let number = (sorted.len() * hundredth / 100).min(sorted.len().saturating_sub(1));
            sorted.get(number).map_or(0, Duration::as_millis)
        };
        write!(out, "p50 {} ms, p99 {} ms, max {} ms", at(50), at(99), at(100))
    }
}

impl Offer {
    pub(super) fn new(load: Load, clients: Vec<Client>, units: Vec<String>) -> Self {
        Self { load, clients, units }
    }

    pub(super) fn units(&self) -> Vec<String> {
        self.units.clone()
    }

    fn call(&self, random: &mut Random) -> Call {
        let unit = random.of(&self.units).clone();
        let items = if random.percent(15) { 2 + random.below(11) } else { 1 };
        load::submit(random, unit, items, 40)
    }

    /// What so many clients get done, each of which sends a call when the one before is answered.
    pub(super) async fn sustained(
        &self,
        random: &mut Random,
        clients: usize,
        seconds: u64,
    ) -> Offered {
        let offered = Arc::new(Mutex::new(Offered::default()));
        let begun = Instant::now();
        let until = begun + Duration::from_secs(seconds);
        let mut working = Vec::new();
        for number in 0..clients {
            let client = self.clients[number % self.clients.len()].clone();
            let mut random = Random::new(random.next());
            let own = Self { load: self.load.clone(), clients: vec![client], units: self.units() };
            let offered = Arc::clone(&offered);
            working.push(tokio::spawn(async move {
                while Instant::now() < until {
                    let call = own.call(&mut random);
                    send(&own.load, &own.clients[0], call, &offered).await;
                }
            }));
        }
        for one in working {
            one.await.expect("a client");
        }
        done(&offered, begun.elapsed())
    }

    /// Sends so many calls a second, whatever becomes of them.
    pub(super) async fn open(&self, random: &mut Random, rate: u64, time: Duration) -> Offered {
        let offered = Arc::new(Mutex::new(Offered::default()));
        let under_way = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut sent = 0_u64;
        while begun.elapsed() < time {
            ticks.tick().await;
            let due = millis(begun.elapsed()) * rate / 1_000;
            for number in sent..due {
                if under_way.load(Ordering::Relaxed) >= CONNECTIONS * OF_A_CONNECTION {
                    held(&offered).held_back += due - number;
                    break;
                }
                under_way.fetch_add(1, Ordering::Relaxed);
                let among = usize::try_from(number).unwrap_or_default() % self.clients.len();
                let (load, client) = (self.load.clone(), self.clients[among].clone());
                let (call, offered) = (self.call(random), Arc::clone(&offered));
                let under_way = Arc::clone(&under_way);
                tokio::spawn(async move {
                    send(&load, &client, call, &offered).await;
                    under_way.fetch_sub(1, Ordering::Relaxed);
                });
            }
            sent = due;
        }
        let last = Instant::now() + ENDS_WITHIN;
        while under_way.load(Ordering::Relaxed) > 0 && Instant::now() < last {
            tokio::time::sleep(TICK).await;
        }
        let left = under_way.load(Ordering::Relaxed) as u64;
        if left > 0 {
            held(&offered).wrong.insert("nothing at all".to_owned(), left);
        }
        done(&offered, begun.elapsed())
    }
}

fn held(offered: &Mutex<Offered>) -> MutexGuard<'_, Offered> {
    offered.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that came of it, and how long it took.
fn done(offered: &Mutex<Offered>, took: Duration) -> Offered {
    Offered { took, ..std::mem::take(&mut *held(offered)) }
}

/// Sends a call and takes in what came of it.
async fn send(load: &Load, client: &Client, call: Call, offered: &Mutex<Offered>) {
    load.ledger().asks(&call);
    let begun = Instant::now();
    let answer = call.send(client).await;
    let took = begun.elapsed();
    let result = answer.as_ref().map(|_| ()).map_err(Clone::clone);
    held(offered).took(&call, &result, took);
    match answer {
        Ok(receipt) => load.ledger().acknowledged(call, receipt, 0),
        Err(status) => {
            let mut ledger = load.ledger();
            // What was refused for want of a place was not recorded, and is not sent again.
            if status.code() != Code::ResourceExhausted {
                ledger.open.push(call);
            }
        }
    }
}
