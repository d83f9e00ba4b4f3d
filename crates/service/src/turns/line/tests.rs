//! Lines of a few parties, by example and at random.

use proptest::prelude::*;

use super::*;

/// Calls of a party get in line, each with its cost.
fn enter<const N: usize>(line: &mut Line<char, char>, party: char, costs: [u64; N]) {
    for cost in costs {
        line.enter(party, cost, party);
    }
}

/// Who is served, one after the other, until nobody is left.
fn rest<K: Copy + Ord, T>(line: &mut Line<K, T>) -> Vec<T> {
    std::iter::from_fn(|| line.next()).collect()
}

#[test]
fn calls_of_one_party_keep_their_order_and_parties_take_turns() {
    let mut line = Line::new();
    for who in ["a1", "a2", "a3", "b1", "c1", "b2"] {
        line.enter(who.chars().next(), 1, who);
    }
    assert_eq!(rest(&mut line), ["a1", "b1", "c1", "a2", "b2", "a3"]);
}

#[test]
fn a_large_call_counts_for_as_many_small_ones() {
    let mut line = Line::new();
    enter(&mut line, 'a', [3; 3]);
    enter(&mut line, 'b', [1; 9]);
    assert_eq!(String::from_iter(rest(&mut line)), "abbbabbbabbb");
}

#[test]
fn what_a_call_turned_out_to_be_counts_against_the_next_of_its_party() {
    let mut line = Line::new();
    enter(&mut line, 'a', [1; 3]);
    enter(&mut line, 'b', [1; 6]);
    assert_eq!(line.next(), Some('a'));
    line.count('a', 3);
    assert_eq!(String::from_iter(rest(&mut line)), "bbbbabab");
}

#[test]
fn a_party_that_was_not_there_has_saved_nothing_up() {
    let mut line = Line::new();
    enter(&mut line, 'a', [10; 5]);
    assert_eq!([line.next(), line.next(), line.next()], [Some('a'); 3]);
    enter(&mut line, 'b', [10; 3]);
    assert_eq!(String::from_iter(rest(&mut line)), "babab");
}

#[test]
fn parties_that_owe_nothing_are_forgotten() {
    let mut line = Line::new();
    for party in 0..10_000_u32 {
        line.enter(party, 1, party);
        line.enter(u32::MAX, 1, u32::MAX);
        line.next();
        line.next();
    }
    assert!(line.parties.len() < 4 * FEW, "{}", line.parties.len());
    assert_eq!(line.next(), None);
    line.rest();
    assert_eq!((line.parties.len(), line.now), (0, 0));
}

/// What happens to a line.
#[derive(Clone, Debug)]
enum Step {
    Enter(u8, u64),
    Next,
    /// Whoever has this ticket leaves, counted from the newest.
    Leave(usize),
    Count(u8, u64),
}

fn steps(parties: u8) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..parties, 0_u64..100).prop_map(|(party, cost)| Step::Enter(party, cost)),
        3 => Just(Step::Next),
        1 => (0_usize..20).prop_map(Step::Leave),
        1 => (0..parties, 0_u64..100).prop_map(|(party, cost)| Step::Count(party, cost)),
    ];
    prop::collection::vec(step, 0..200)
}

/// A line, and what has to be in it.
struct Held {
    line: Line<u8, Ticket>,
    /// Each party's, in their order.
    waiting: BTreeMap<u8, VecDeque<Ticket>>,
}

impl Held {
    fn new() -> Self {
        Self { line: Line::new(), waiting: BTreeMap::new() }
    }

    fn enter(&mut self, party: u8, cost: u64) -> Ticket {
        // Tickets are given in order.
        let to_be = Ticket(self.line.tickets + 1);
        let ticket = self.line.enter(party, cost, to_be);
        assert_eq!(ticket, to_be);
        self.waiting.entry(party).or_default().push_back(ticket);
        ticket
    }

    /// Serves the next one, who has to be the first of a party.
    fn next(&mut self) -> Option<(u8, Ticket)> {
        let next = self.line.next();
        let left = self.waiting.values().map(VecDeque::len).sum::<usize>();
        assert_eq!(next.is_some(), left > 0, "somebody is next while anybody waits");
        let ticket = next?;
        let first = |(_, waiting): &(&u8, &mut VecDeque<Ticket>)| waiting.front() == Some(&ticket);
        let (party, waiting) = self.waiting.iter_mut().find(first).expect("the first of a party");
        waiting.pop_front();
        Some((*party, ticket))
    }

    fn leave(&mut self, ticket: Ticket) {
        for (party, waiting) in &mut self.waiting {
            let at = waiting.iter().position(|one| *one == ticket);
            assert_eq!(self.line.leave(*party, ticket), at.is_some());
            if let Some(at) = at {
                waiting.remove(at);
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Enter(party, cost) => {
                self.enter(party, cost);
            }
            Step::Next => {
                self.next();
            }
            Step::Leave(back) => {
                let ticket = self.line.tickets.saturating_sub(back as u64);
                self.leave(Ticket(ticket));
            }
            Step::Count(party, cost) => self.line.count(party, cost),
        }
    }
}

proptest! {
    #[test]
    fn nobody_is_lost_and_parties_keep_their_order_whoever_leaves(steps in steps(4)) {
        let mut held = Held::new();
        for step in &steps {
            held.take(step);
        }
        while held.next().is_some() {}
        prop_assert!(held.line.firsts.is_empty());
        prop_assert!(held.waiting.values().all(VecDeque::is_empty));
    }

    #[test]
    fn whoever_comes_new_waits_for_one_call_of_each_other_party_at_most(steps in steps(5)) {
        let mut held = Held::new();
        for step in &steps {
            held.take(step);
        }
        let ticket = held.enter(99, 1);
        let mut before = BTreeMap::new();
        while let Some((party, served)) = held.next() && served != ticket {
            *before.entry(party).or_insert(0) += 1;
            // However fast they make more.
            held.enter(party, 1);
        }
        prop_assert!(before.values().all(|calls| *calls == 1), "{before:?}");
    }

    #[test]
    fn those_who_wait_all_the_time_get_the_same_work_done_up_to_a_call_of_each(
        costs in prop::collection::vec(prop::collection::vec(1_u64..1_000, 1..40), 2..6),
    ) {
        let mut line = Line::new();
        for (party, costs) in costs.iter().enumerate() {
            for cost in costs {
                line.enter(party, *cost, (party, *cost));
            }
        }
        let largest: Vec<u64> = costs.iter().filter_map(|costs| costs.iter().max().copied()).collect();
        let mut left: Vec<usize> = costs.iter().map(Vec::len).collect();
        let mut done = vec![0; costs.len()];
        while let Some((party, cost)) = line.next() {
            done[party] += cost;
            left[party] -= 1;
            if left[party] == 0 {
                break;
            }
            for (one, other) in (0..done.len()).flat_map(|one| (0..one).map(move |other| (one, other))) {
                prop_assert!(done[one].abs_diff(done[other]) <= largest[one] + largest[other]);
            }
        }
    }
}
