//! What was promised, and whether a log that came back keeps it.

use std::collections::{HashMap, HashSet};

use gradus_wire::v1 as wire;

use crate::client::Call;
use crate::held::Held;

/// A promise: a call that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) call: Call,
    pub(crate) receipt: wire::Receipt,
    /// How far the world had come when the answer was here; what that counts is the harness's own.
    pub(crate) seen_at: u64,
}

/// A record whose payload can be erased.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) unit: String,
    pub(crate) version: u64,
    pub(crate) position: u64,
}

/// All that was asked for and all that was answered.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The records of every call that was ever sent, by request id.
    asked: HashMap<String, usize>,
    pub(crate) acks: Vec<Ack>,
    /// Calls without an answer, to be sent again.
    pub(crate) open: Vec<Call>,
    /// The names of units that are there.
    pub(crate) units: Vec<String>,
    pub(crate) sealed: Vec<Sealed>,
    /// Positions whose erasure was asked for.
    erasing: HashMap<String, u64>,
    /// How often which status refused a call.
    pub(crate) refusals: HashMap<String, u64>,
}

/// Which acknowledgements must be kept, of those in the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// All from this number on; those before were checked.
    From(usize),
    /// Those that were here before the world had come so far.
    Before(u64),
}

impl Ledger {
    /// Notes that a call is about to be sent.
    pub(crate) fn asks(&mut self, call: &Call) {
        self.asked.insert(call.id().to_owned(), call.records());
    }

    /// Notes that the payload at a position is about to be erased by a call.
    pub(crate) fn erases(&mut self, call: &Call, position: u64) {
        self.erasing.insert(call.id().to_owned(), position);
    }

    /// Notes an answer.
    pub(crate) fn acknowledged(&mut self, call: Call, receipt: wire::Receipt, seen_at: u64) {
        match &call {
            Call::Register(asked) => self.units.push(asked.name.clone()),
            Call::Submit(wire::SubmitEvidenceRequest { unit, .. })
            | Call::Push(wire::PushEvidenceRequest { unit, .. }) => {
                self.sealed.extend(receipt.events.iter().map(|placed| Sealed {
                    unit: unit.clone(),
                    version: placed.version,
                    position: placed.position,
                }));
            }
            Call::Reject(_) | Call::Rate(_) | Call::Erase(_) => (),
        }
        self.acks.push(Ack { call, receipt, seen_at });
    }

    /// Counts a refusal.
    pub(crate) fn refused(&mut self, code: String) {
        *self.refusals.entry(code).or_default() += 1;
    }

    /// How many records the acknowledged calls wrote.
    pub(crate) fn records(&self) -> usize {
        self.acks.iter().map(|ack| ack.receipt.events.len()).sum()
    }

    /// The first promise that is not kept, if any.
    pub(crate) fn check(&self, held: &Held, due: Due) -> Result<(), String> {
        let acks = match due {
            Due::From(first) => self.acks.get(first..).unwrap_or_default(),
            Due::Before(_) => &self.acks,
        };
        let mut erased = HashSet::new();
        for ack in acks {
            if matches!(due, Due::Before(end) if ack.seen_at >= end) {
                continue;
            }
            Self::kept(ack, held)?;
            erased.extend(self.erasing.get(ack.call.id()).filter(|_| is_erasure(&ack.call)));
        }
        self.whole(held)?;
        self.readable(held, &erased)
    }

    /// The records of an acknowledged call lie where it was told, under the root it was told.
    fn kept(ack: &Ack, held: &Held) -> Result<(), String> {
        let id = ack.call.id();
        let receipt = &ack.receipt;
        if receipt.log_size > held.size() {
            let size = held.size();
            return Err(format!("{id} was told size {}, the log has {size}", receipt.log_size));
        }
        let root = held.root_at(receipt.log_size);
        if receipt.root != root {
            return Err(format!("{id} was told another root at size {}", receipt.log_size));
        }
        for placed in &receipt.events {
            let there = held.record(placed.position);
            if there.is_none_or(|there| there.request != id || placed.leaf_hash != there.hash.0) {
                return Err(format!("{id} is not at position {}: {there:?}", placed.position));
            }
        }
        let records = ack.call.records();
        // What is so already is not recorded again.
        let so_already =
            receipt.events.is_empty() && matches!(ack.call, Call::Reject(_) | Call::Rate(_));
        if receipt.events.len() == records || so_already {
            return Ok(());
        }
        Err(format!("{id} asked for {records} records and was told {}", receipt.events.len()))
    }

    /// Every call, answered or not, is there with all of its records or none, in one run.
    fn whole(&self, held: &Held) -> Result<(), String> {
        for (id, positions) in held.requests() {
            let Some(&asked) = self.asked.get(id) else { continue };
            let run = positions.windows(2).all(|pair| pair[0] + 1 == pair[1]);
            if positions.len() != asked || !run {
                let seen = positions.len();
                return Err(format!("{id} asked for {asked} records, {seen} are there"));
            }
        }
        Ok(())
    }

    /// Every payload can be read and is what was sent, but for those that were erased.
    fn readable(&self, held: &Held, erased: &HashSet<u64>) -> Result<(), String> {
        let erasing: HashSet<u64> = self.erasing.values().copied().collect();
        for record in held.fresh() {
            let position = record.position;
            match record.state {
                wire::PayloadState::Erased if erasing.contains(&position) => (),
                state if erased.contains(&position) => {
                    return Err(format!("position {position} was erased and is {state:?}"));
                }
                wire::PayloadState::Readable | wire::PayloadState::None => {
                    let sent = self.asked.contains_key(&record.request);
                    if sent && record.is_evidence && !record.says_what_was_sent {
                        return Err(format!("the payload at {position} is not what was sent"));
                    }
                }
                state => return Err(format!("the payload at {position} is {state:?}")),
            }
        }
        Ok(())
    }
}

fn is_erasure(call: &Call) -> bool {
    matches!(call, Call::Erase(_))
}
