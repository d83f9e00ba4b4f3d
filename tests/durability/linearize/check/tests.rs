//! Wrong histories are refused, right ones are not, and a search through all orders agrees.

use super::*;
use crate::random::Random;

fn appended(versions: std::ops::Range<u64>, replayed: bool) -> Told {
    let records = versions.clone().map(|version| (version, version - 1)).collect();
    let version = versions.end - 1;
    Told::Appended(Receipt { records, version, log_size: version, replayed })
}

fn append(request: &str, expected: Option<u64>, (begun, ended): (u64, u64), told: Told) -> Call {
    let facts = vec![format!("{request}/0")];
    Call {
        asked: Asked::Append { request: request.to_owned(), facts, expected },
        begun,
        ended,
        told,
    }
}

fn read(min_size: u64, (begun, ended): (u64, u64), log_size: u64) -> Call {
    let told = Told::Read(Seen { log_size, version: Some(log_size), fact: None });
    Call { asked: Asked::Read { min_size }, begun, ended, told }
}

/// A log of this unit alone.
fn stream(requests: &[&str]) -> Vec<Record> {
    let record = |(position, request): (usize, &&str)| Record {
        position: position as u64,
        request: (*request).to_owned(),
        fact: format!("{request}/0"),
    };
    requests.iter().enumerate().map(record).collect()
}

/// Whether the history is explained, which the search must say, too.
fn check(requests: &[&str], calls: Vec<Call>) -> String {
    let history = History { calls, stream: stream(requests) };
    let verdict = explained(&history);
    assert_eq!(verdict.is_ok(), search(&history), "{verdict:?}\n{history:#?}");
    verdict.err().unwrap_or_default()
}

fn refused(requests: &[&str], calls: Vec<Call>, why: &str) {
    let said = check(requests, calls);
    assert!(said.contains(why), "{said:?} does not say {why:?}");
}

#[test]
fn what_happened_in_order_is_explained() {
    let calls = vec![
        append("a", Some(0), (0, 10), appended(1..2, false)),
        append("a", Some(0), (5, 20), appended(1..2, true)),
        append("x", Some(0), (5, 20), Told::Stale { actual: 1 }),
        append("b", None, (21, 30), appended(2..3, false)),
        read(2, (31, 40), 2),
        append("c", Some(2), (41, 50), Told::Unknown),
        append("d", Some(3), (51, 60), Told::Unknown),
        append("e", Some(2), (61, 70), appended(3..4, false)),
    ];
    assert_eq!(check(&["a", "b", "e"], calls), "");
}

#[test]
fn what_has_no_answer_may_have_been_done_at_any_time_since() {
    let late = vec![
        append("a", None, (0, 10), Told::Unknown),
        append("b", Some(0), (20, 30), appended(1..2, false)),
        append("a", None, (40, 50), appended(2..3, true)),
    ];
    assert_eq!(check(&["b", "a"], late), "");
}

#[test]
fn a_lost_update_is_refused() {
    let both_at_one_version = vec![
        append("a", Some(0), (0, 10), appended(1..2, false)),
        append("b", Some(0), (0, 10), appended(2..3, false)),
    ];
    refused(&["a", "b"], both_at_one_version, "a stale call was recorded");
    let gone = vec![
        append("a", Some(0), (0, 10), appended(1..2, false)),
        append("b", Some(0), (20, 30), appended(1..2, false)),
    ];
    refused(&["b"], gone, "an acknowledged call is lost");
}

#[test]
fn a_stale_read_is_refused() {
    let wrote = || append("a", None, (0, 10), appended(1..2, false));
    refused(&["a"], vec![wrote(), read(0, (20, 30), 0)], "stands before it");
    refused(&["a"], vec![wrote(), read(1, (5, 30), 0)], "the log says version 0 at that size");
    let back = vec![wrote(), read(0, (1, 3), 1), read(0, (4, 9), 0)];
    refused(&["a"], back, "stands before it");
}

#[test]
fn a_double_effect_of_one_request_id_is_refused() {
    let twice = |told| {
        vec![append("a", None, (0, 10), appended(1..2, false)), append("a", None, (20, 30), told)]
    };
    refused(&["a", "a"], twice(appended(2..3, false)), "is there twice");
    refused(&["a"], twice(appended(1..2, false)), "two calls under one id");
    refused(&["a"], twice(Told::Stale { actual: 1 }), "a version was called stale that was not");
    let other = vec![
        append("a", Some(0), (0, 10), appended(1..2, false)),
        append("a", Some(0), (20, 30), Told::Stale { actual: 1 }),
    ];
    refused(&["a"], other, "the same request id has another answer");
}

#[test]
fn an_order_against_real_time_is_refused() {
    let against = vec![
        append("a", None, (20, 30), appended(1..2, false)),
        append("b", None, (0, 10), appended(2..3, false)),
    ];
    refused(&["a", "b"], against, "stands before it");
    let before_it_was_there = vec![
        append("a", Some(9), (0, 10), Told::Stale { actual: 1 }),
        append("b", None, (20, 30), appended(1..2, false)),
    ];
    refused(&["b"], before_it_was_there, "stands before it");
    let never = vec![append("a", Some(9), (0, 10), Told::Stale { actual: 7 })];
    refused(&[], never, "or never was");
}

#[test]
fn what_was_so_already_must_be_so() {
    let again = |told| {
        let asked =
            Asked::Append { request: "b".into(), facts: vec!["a/0".into()], expected: None };
        vec![
            append("a", None, (0, 30), appended(1..2, false)),
            Call { asked, begun: 0, ended: 10, told },
        ]
    };
    let so = |version, log_size| {
        Told::Appended(Receipt { records: Vec::new(), version, log_size, replayed: false })
    };
    assert_eq!(check(&["a"], again(so(1, 1))), "");
    refused(&["a"], again(so(0, 0)), "was not");
    refused(&["a"], again(so(1, 0)), "does not hold the call");
}

#[test]
fn parts_of_a_call_are_refused() {
    let facts = vec!["a/0".to_owned(), "a/1".to_owned()];
    let asked = Asked::Append { request: "a".into(), facts, expected: None };
    let calls = vec![Call { asked, begun: 0, ended: 10, told: Told::Unknown }];
    refused(&["a"], calls, "or parts of it");
}

/// Tries all orders: the specification, and nothing else.
fn search(history: &History) -> bool {
    let all: Vec<&Call> = history.calls.iter().collect();
    goes_on(&all, &mut Vec::new(), history)
}

/// Whether the calls that are left can follow what was done.
fn goes_on(left: &[&Call], done: &mut Vec<(String, String)>, history: &History) -> bool {
    let unknown = |call: &&Call| call.told == Told::Unknown;
    let same = |(record, (request, fact)): (&Record, &(String, String))| {
        record.request == *request && record.fact == *fact
    };
    if left.iter().all(unknown)
        && done.len() == history.stream.len()
        && history.stream.iter().zip(&*done).all(same)
    {
        return true;
    }
    let ends = |call: &&Call| if unknown(call) { u64::MAX } else { call.ended };
    let first = left.iter().map(ends).min().unwrap_or(u64::MAX);
    left.iter().enumerate().filter(|(_, call)| call.begun <= first).any(|(number, call)| {
        let mut rest = left.to_vec();
        rest.remove(number);
        let before = done.len();
        let goes = takes_place(call, done) && goes_on(&rest, done, history);
        done.truncate(before);
        goes
    })
}

/// Does a call on the state as it is; whether the answer is right.
fn takes_place(call: &Call, done: &mut Vec<(String, String)>) -> bool {
    let version = done.len() as u64;
    let (request, facts, expected) = match (&call.asked, &call.told) {
        (_, Told::Refused) => return true,
        (Asked::Read { min_size }, Told::Read(seen)) => {
            let fact = |(fact, there): &(String, bool)| {
                done.iter().any(|(_, known)| known == fact) == *there
            };
            return seen.log_size == version
                && version >= *min_size
                && seen.version.is_none_or(|told| told == version)
                && seen.fact.as_ref().is_none_or(fact);
        }
        (Asked::Append { request, facts, expected }, _) => (request, facts, expected),
        (Asked::Read { .. }, _) => return call.told == Told::Unknown,
    };
    let numbers = (1..).zip(&*done).filter(|(_, (by, _))| by == request);
    let recorded: Vec<(u64, u64)> = numbers.map(|(version, _)| (version, version - 1)).collect();
    let answer = if let Some((last, _)) = recorded.last().copied() {
        Receipt { records: recorded, version: last, log_size: version, replayed: true }
    } else if expected.is_some_and(|expected| expected != version) {
        return matches!(call.told, Told::Unknown) || call.told == Told::Stale { actual: version };
    } else {
        let known = |fact: &&String| !done.iter().any(|(_, known)| known == *fact);
        let new: Vec<String> = facts.iter().filter(known).cloned().collect();
        let records = (version + 1..).zip(&new).map(|(version, _)| (version, version - 1));
        let records: Vec<(u64, u64)> = records.collect();
        done.extend(new.into_iter().map(|fact| (request.clone(), fact)));
        let version = done.len() as u64;
        Receipt { records, version, log_size: version, replayed: false }
    };
    match &call.told {
        Told::Unknown => true,
        Told::Appended(told) => {
            told.log_size >= answer.version
                && Receipt { log_size: answer.log_size, ..told.clone() } == answer
        }
        _ => false,
    }
}

/// A few calls that were made at once, in an order of their own, with at most one lie.
fn made_up(random: &mut Random) -> History {
    let mut begun: Vec<u64> = (0..2 + random.below(5)).map(|_| random.below(60)).collect();
    begun.sort_unstable();
    let mut done = Vec::new();
    let mut calls: Vec<Call> = Vec::new();
    for begun in begun {
        let request = (*random.of(&["a", "b", "c", "d"])).to_owned();
        let earlier = calls.iter().find_map(|call| match &call.asked {
            Asked::Append { request: by, .. } if *by == request => Some(call.asked.clone()),
            _ => None,
        });
        let asked = if random.percent(25) {
            Asked::Read { min_size: 0 }
        } else {
            let fact = random.of(&["x", "y", "z", "w"]);
            let facts = match random.below(3) {
                0 => vec![format!("{request}/0"), format!("{request}/1")],
                1 => vec![(*fact).to_owned()],
                _ => vec![format!("{request}/0")],
            };
            let expected = random.percent(50).then(|| random.below(3));
            earlier.unwrap_or(Asked::Append { request, facts, expected })
        };
        let told = answers(&asked, &mut done);
        let told = if random.percent(20) { Told::Unknown } else { told };
        calls.push(Call { asked, begun, ended: begun + random.below(30), told });
    }
    let record = |(position, (request, fact)): (u64, &(String, String))| Record {
        position,
        request: request.clone(),
        fact: fact.clone(),
    };
    let stream = (0..).zip(&done).map(record).collect();
    let mut history = History { calls, stream };
    if random.percent(70) {
        lie(&mut history, random);
    }
    history
}

/// The right answer to a call, which takes place now.
fn answers(asked: &Asked, done: &mut Vec<(String, String)>) -> Told {
    let size = done.len() as u64;
    let stale = Told::Stale { actual: size };
    let seen = Told::Read(Seen { log_size: size, version: Some(size), fact: None });
    let mut possible = vec![seen, stale];
    for replayed in [false, true] {
        for first in 0..=size {
            for last in first..=size + 2 {
                let records = (first + 1..=last).map(|version| (version, version - 1)).collect();
                let receipt = Receipt { records, version: last, log_size: last, replayed };
                possible.push(Told::Appended(receipt));
            }
        }
    }
    let right = |told: &Told| {
        let mut after = done.clone();
        let call = Call { asked: asked.clone(), begun: 0, ended: 0, told: told.clone() };
        takes_place(&call, &mut after).then_some(after)
    };
    let (told, after) =
        possible.iter().find_map(|told| Some((told.clone(), right(told)?))).unwrap();
    *done = after;
    told
}

fn lie(history: &mut History, random: &mut Random) {
    let among = usize::try_from(random.below(history.calls.len() as u64)).unwrap();
    let call = &mut history.calls[among];
    match (&mut call.told, random.below(4)) {
        (_, 0) => {
            let moved = random.below(80);
            (call.begun, call.ended) = (moved, moved + random.below(20));
        }
        (_, 1) if !history.stream.is_empty() => {
            let gone = usize::try_from(random.below(history.stream.len() as u64)).unwrap();
            history.stream.remove(gone);
            for (position, record) in (0..).zip(&mut history.stream) {
                record.position = position;
            }
        }
        (Told::Appended(receipt), 2) => receipt.replayed = !receipt.replayed,
        (Told::Appended(receipt), _) => receipt.log_size = random.below(4),
        (Told::Stale { actual }, _) => *actual = random.below(4),
        (Told::Read(seen), _) => {
            seen.log_size = random.below(4);
            seen.version = Some(seen.log_size);
        }
        (told, _) => *told = Told::Refused,
    }
}

#[test]
fn a_search_through_all_orders_says_the_same() {
    let (mut right, mut wrong) = (0, 0);
    for number in 0..5_000 {
        let history = made_up(&mut Random::branch(7, number));
        let verdict = explained(&history);
        assert_eq!(verdict.is_ok(), search(&history), "{number}: {verdict:?}\n{history:#?}");
        match verdict {
            Ok(()) => right += 1,
            Err(_) => wrong += 1,
        }
    }
    assert!(right > 1_000 && wrong > 1_000, "{right} right, {wrong} wrong");
}
