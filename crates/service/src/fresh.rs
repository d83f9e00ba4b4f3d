//! Records that became durable a moment ago, as they were decided: the views take them from here
//! and need not read them from the log.
//!
//! Invariant: what is here is durable, and says what the log would say of it but for the link to
//! the leaf before, which no view looks at. What never comes is read from the log: names of
//! principals, what the log wrote by itself, and what had no room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_log::Placed;
use gradus_model::leaf::Place;
use gradus_model::{Digest, Event, Recorded, RequestId, UnitId};
use tokio::sync::Notify;

use crate::call::{Call, Numbered};

/// The most records that wait for the views; what comes then is left to the log.
const MOST: usize = 16_384;

/// What a call records, until it is known where.
pub(crate) struct Facts {
    call: Call,
    request: RequestId,
    records: Vec<(UnitId, Numbered)>,
}

impl Facts {
    pub(crate) const fn new(
        call: Call,
        request: RequestId,
        records: Vec<(UnitId, Numbered)>,
    ) -> Self {
        Self { call, request, records }
    }

    /// The records at the places that the log gave them, in the same order.
    fn at(self, placed: &[Placed]) -> Vec<Recorded> {
        let Self { call, request, records } = self;
        let recorded = |((stream, Numbered { item, proposal }), placed): (_, &Placed)| {
            let (effective_at, event) = match Arc::try_unwrap(proposal) {
                Ok(proposal) => (proposal.effective_at, proposal.event),
                Err(shared) => (shared.effective_at, shared.event.clone()),
            };
            let place = Place {
                position: placed.position,
                recorded_at: placed.recorded_at,
                stream,
                version: placed.version,
                previous: Digest::ZERO,
            };
            let (actor, grade) = (call.actor.principal, call.actor.grade);
            Recorded { place, effective_at, actor, grade, request, item, event }
        };
        records.into_iter().zip(placed).map(recorded).collect()
    }
}

/// Records by the position of the first; each entry holds consecutive ones.
#[derive(Default)]
pub(crate) struct Fresh {
    waiting: Mutex<Waiting>,
    /// Told with each answer.
    answered: Notify,
}

#[derive(Default)]
struct Waiting {
    calls: BTreeMap<u64, Vec<Recorded>>,
    records: usize,
    /// Calls that the log has not answered yet.
    asked: usize,
    /// Answers come in the order of the log: what lies before this and is not here never comes.
    answered_to: u64,
}

impl Waiting {
    /// Whether the record at a position, which is not here, may come with an answer.
    fn may_bring(&self, position: u64) -> bool {
        self.asked > 0 && position >= self.answered_to && !self.calls.contains_key(&position)
    }
}

impl Fresh {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log is asked to record something: it answers each call once, in the order of the calls.
    pub(crate) fn ask(&self) {
        self.waiting().asked += 1;
    }

    /// What was asked was refused.
    pub(crate) fn refuse(&self) {
        self.waiting().asked -= 1;
        self.answered.notify_waiters();
    }

    /// Keeps what a call recorded, now that it is durable.
    pub(crate) fn add(&self, facts: Facts, placed: &[Placed]) {
        // A principal's name is in the payload, which is only in the log.
        let named =
            |(_, one): &(_, Numbered)| matches!(one.proposal.event, Event::PrincipalAdded(_));
        let is_whole = facts.records.len() == placed.len() && !facts.records.iter().any(named);
        let records = if is_whole { facts.at(placed) } else { Vec::new() };
        let mut waiting = self.waiting();
        waiting.asked -= 1;
        if let Some(last) = placed.last() {
            waiting.answered_to = waiting.answered_to.max(last.position + 1);
        }
        if let Some(first) = records.first().map(|first| first.place.position)
            && waiting.records + records.len() <= MOST
        {
            waiting.records += records.len();
            waiting.calls.insert(first, records);
        }
        drop(waiting);
        self.answered.notify_waiters();
    }

    /// Whether the record at a position, which is not here yet, may come with an answer.
    pub(crate) fn may_bring(&self, position: u64) -> bool {
        self.waiting().may_bring(position)
    }

    /// Waits until the record at a position has come, or never will.
    pub(crate) async fn come(&self, position: u64) {
        loop {
            let answered = self.answered.notified();
            tokio::pin!(answered);
            // What is told from here on is heard.
            answered.as_mut().enable();
            if !self.waiting().may_bring(position) {
                return;
            }
            answered.await;
        }
    }

    /// Takes records from a position on, some more than `most` at the most.
    ///
    /// # Errors
    ///
    /// Where the one there is not here: how many are to be read from the log, `most` at the most.
    pub(crate) fn take(&self, from: u64, most: usize) -> Result<Vec<Recorded>, usize> {
        let mut waiting = self.waiting();
        // What the views read from the log meanwhile is let go.
        while let Some(entry) = waiting.calls.first_entry().filter(|entry| *entry.key() < from) {
            let known = entry.remove();
            waiting.records -= known.len();
        }
        let first = waiting.calls.first_key_value().map(|(first, _)| first - from);
        let left_out = first.map_or(most, |count| usize::try_from(count).unwrap_or(most).min(most));
        if left_out > 0 {
            return Err(left_out);
        }
        // They are large: so there is room for exactly those that follow each other.
        let mut room = 0;
        for (first, records) in &waiting.calls {
            if *first != from + room as u64 || room >= most {
                break;
            }
            room += records.len();
        }
        let mut taken: Vec<Recorded> = Vec::with_capacity(room);
        while taken.len() < room
            && let Some((_, records)) = waiting.calls.pop_first()
        {
            taken.extend(records);
        }
        waiting.records -= taken.len();
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use gradus_domain::{Actor, Proposal};
    use gradus_model::event::{OfEvidence, PrincipalAdded};
    use gradus_model::unit::{Grade, PrincipalKind};
    use gradus_model::{EvidenceId, PrincipalId, Timestamp};

    use super::*;

    const UNIT: UnitId = UnitId([1; 16]);

    fn at(position: u64) -> Placed {
        let recorded_at = Timestamp::MIN.plus_micros(position.cast_signed());
        Placed { position, version: position + 1, leaf_hash: Digest::ZERO, recorded_at }
    }

    fn facts(events: Vec<Event>) -> Facts {
        let principal = PrincipalId([2; 16]);
        let actor = Actor { principal, kind: PrincipalKind::Service, grade: Grade::Token };
        let numbered = |(item, event)| {
            let proposal = Arc::new(Proposal::new(event, Timestamp::MIN));
            (UNIT, Numbered { item, proposal })
        };
        let records = (0..).zip(events).map(numbered).collect();
        Facts::new(Call::by(actor), RequestId([3; 16]), records)
    }

    /// Adds a call of `count` records that begins at a position.
    fn add(fresh: &Fresh, first: u64, count: u64) {
        let evidence = EvidenceId([4; 16]);
        let events = (0..count).map(|_| Event::EvidenceAccepted(OfEvidence { evidence })).collect();
        let placed: Vec<Placed> = (first..first + count).map(at).collect();
        fresh.ask();
        fresh.add(facts(events), &placed);
    }

    /// The positions of what is taken, or how many are left to the log.
    fn taken(fresh: &Fresh, from: u64, most: usize) -> Result<Vec<u64>, usize> {
        let taken = fresh.take(from, most)?;
        Ok(taken.iter().map(|recorded| recorded.place.position).collect())
    }

    #[test]
    fn records_are_taken_in_order_however_their_calls_were_answered() {
        let fresh = Fresh::default();
        add(&fresh, 7, 1);
        add(&fresh, 5, 2);
        assert_eq!(taken(&fresh, 5, 100), Ok(vec![5, 6, 7]));
        assert_eq!(taken(&fresh, 8, 100), Err(100));
    }

    #[test]
    fn nothing_is_taken_past_a_record_that_is_missing() {
        let fresh = Fresh::default();
        add(&fresh, 5, 1);
        add(&fresh, 7, 1);
        assert_eq!(taken(&fresh, 4, 100), Err(1));
        assert_eq!(taken(&fresh, 5, 100), Ok(vec![5]));
        add(&fresh, 6, 1);
        assert_eq!(taken(&fresh, 6, 1), Ok(vec![6]));
        assert_eq!(taken(&fresh, 7, 1), Ok(vec![7]));
    }

    #[test]
    fn what_was_read_from_the_log_is_let_go() {
        let fresh = Fresh::default();
        add(&fresh, 0, 3);
        add(&fresh, 3, 1);
        assert_eq!(taken(&fresh, 2, 100), Err(1), "2 was in a call that was read in part");
        assert_eq!(fresh.waiting().records, 1);
        assert_eq!(taken(&fresh, 3, 100), Ok(vec![3]));
    }

    #[test]
    fn names_of_principals_are_left_to_the_log() {
        let fresh = Fresh::default();
        let (principal, kind) = (PrincipalId([9; 16]), PrincipalKind::Person);
        fresh.ask();
        fresh.add(
            facts(vec![Event::PrincipalAdded(PrincipalAdded { principal, kind, by: None })]),
            &[at(0)],
        );
        assert_eq!(taken(&fresh, 0, 100), Err(100));
    }

    #[test]
    fn what_comes_when_there_is_no_room_is_left_to_the_log() {
        let (fresh, most) = (Fresh::default(), MOST as u64);
        add(&fresh, 0, most);
        add(&fresh, most, 2);
        assert_eq!(taken(&fresh, 0, MOST).unwrap().len(), MOST);
        add(&fresh, most + 2, 1);
        assert_eq!(taken(&fresh, most, 100), Err(2));
        assert_eq!(taken(&fresh, most + 2, 100), Ok(vec![most + 2]));
    }

    /// Whether a record is still waited for.
    fn is_awaited(fresh: &Fresh, position: u64) -> bool {
        use std::task::{Context, Waker};
        let come = std::pin::pin!(fresh.come(position));
        come.poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    #[test]
    fn a_record_is_waited_for_while_an_answer_may_bring_it() {
        let fresh = Fresh::default();
        assert!(!is_awaited(&fresh, 0), "nothing was asked");
        fresh.ask();
        fresh.ask();
        assert!(is_awaited(&fresh, 0));
        add(&fresh, 0, 2);
        assert!(!is_awaited(&fresh, 0), "it is here");
        assert!(!is_awaited(&fresh, 1), "answers that come later do not bring it");
        assert!(is_awaited(&fresh, 2));
        fresh.refuse();
        assert!(is_awaited(&fresh, 2), "the other one may");
        fresh.refuse();
        assert!(!is_awaited(&fresh, 2));
    }
}
