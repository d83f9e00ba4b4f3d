//! Who is next: a queue for each party, and turns that go round the parties by what they cost.
//!
//! This is start-time fair queueing (Goyal, Vin, Cheng, 1996). A clock of work stands where the call
//! that is served began; a party's next call begins where its last one ended, or now if the party had
//! none to make, and the one that begins first is next.
//!
//! Invariants: of one party, whoever came first is first. Whoever waits for the first call of a party
//! that owes nothing waits for one call of each other party at most. Of two parties that wait all the
//! time, neither gets more work done than the other by more than the largest call of each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Parties that are kept without a look at who may be forgotten.
const FEW: usize = 64;

/// Says which of those who wait is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// Those who wait, by party.
pub(crate) struct Line<K, T> {
    parties: BTreeMap<K, Party<T>>,
    /// The first of each party: where its call begins, and its ticket.
    firsts: BTreeSet<(u64, Ticket, K)>,
    /// Where the call that is served began.
    now: u64,
    tickets: u64,
    /// So many parties are looked through for some to forget.
    many: usize,
}

/// One party's calls.
struct Party<T> {
    /// Where the next one begins.
    begins: u64,
    waiting: VecDeque<Waiting<T>>,
}

struct Waiting<T> {
    ticket: Ticket,
    cost: u64,
    who: T,
}

impl<K: Copy + Ord, T> Line<K, T> {
    pub(crate) const fn new() -> Self {
        Self { parties: BTreeMap::new(), firsts: BTreeSet::new(), now: 0, tickets: 0, many: FEW }
    }

    /// Gets in line behind those of the same party.
    pub(crate) fn enter(&mut self, party: K, cost: u64, who: T) -> Ticket {
        self.tickets += 1;
        let (ticket, now) = (Ticket(self.tickets), self.now);
        let of = self.party(party);
        let is_first = of.waiting.is_empty();
        of.begins = of.begins.max(now);
        let begins = of.begins;
        of.waiting.push_back(Waiting { ticket, cost: cost.max(1), who });
        if is_first {
            self.firsts.insert((begins, ticket, party));
        }
        ticket
    }

    /// Takes whoever is next out of the line.
    pub(crate) fn next(&mut self) -> Option<T> {
        self.next_with(|_, _| true).map(|(_, _, who)| who)
    }

    /// Takes whoever is next out of the line, of those who are let in at their cost; with both.
    pub(crate) fn next_with(&mut self, may: impl Fn(&K, u64) -> bool) -> Option<(K, u64, T)> {
        let cost = |party: &K| self.parties.get(party)?.waiting.front().map(|first| first.cost);
        let is_let_in = |party: &K| cost(party).is_some_and(|cost| may(party, cost));
        let first = *self.firsts.iter().find(|(_, _, party)| is_let_in(party))?;
        self.firsts.remove(&first);
        let (begins, _, party) = first;
        self.now = self.now.max(begins);
        let of = self.parties.get_mut(&party)?;
        let Waiting { cost, who, .. } = of.waiting.pop_front()?;
        of.begins = begins.saturating_add(cost);
        if let Some(first) = of.waiting.front() {
            self.firsts.insert((of.begins, first.ticket, party));
        }
        Some((party, cost, who))
    }

    /// Whether some of a party wait.
    pub(crate) fn has(&self, party: &K) -> bool {
        self.parties.get(party).is_some_and(|of| !of.waiting.is_empty())
    }

    /// Lets somebody go who waits no longer; false if they are not in line.
    pub(crate) fn leave(&mut self, party: K, ticket: Ticket) -> bool {
        let Some(of) = self.parties.get_mut(&party) else { return false };
        let Ok(at) = of.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket) else {
            return false;
        };
        of.waiting.remove(at);
        if at == 0 {
            self.firsts.remove(&(of.begins, ticket, party));
            if let Some(first) = of.waiting.front() {
                self.firsts.insert((of.begins, first.ticket, party));
            }
        }
        true
    }

    /// Counts work that a party had done: its next call begins later by so much.
    pub(crate) fn count(&mut self, party: K, cost: u64) {
        let now = self.now;
        let of = self.party(party);
        let (before, first) = (of.begins, of.waiting.front().map(|waiting| waiting.ticket));
        of.begins = before.max(now).saturating_add(cost);
        let begins = of.begins;
        if let Some(first) = first {
            self.firsts.remove(&(before, first, party));
            self.firsts.insert((begins, first, party));
        }
    }

    /// Forgets what was done where nobody waits for anything.
    pub(crate) fn rest(&mut self) {
        if self.firsts.is_empty() {
            self.parties.clear();
            (self.now, self.many) = (0, FEW);
        }
    }

    fn party(&mut self, party: K) -> &mut Party<T> {
        if self.parties.len() >= self.many {
            let now = self.now;
            // Those that owe nothing are as good as new.
            self.parties.retain(|_, of| !of.waiting.is_empty() || of.begins > now);
            self.many = FEW + 2 * self.parties.len();
        }
        let begins = self.now;
        self.parties.entry(party).or_insert(Party { begins, waiting: VecDeque::new() })
    }
}

#[cfg(test)]
mod tests;
