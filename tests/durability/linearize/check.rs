//! Whether there is an order of a unit's calls that explains every answer.
//!
//! A unit is a version and a list of records, each a fact. An append records those of its facts
//! that are not there, if the version is the expected one; under one request id it does so once,
//! and answers the same each time. A read sees the log at a size, no smaller than it asked for.
//!
//! Answers carry versions and positions, and the last read tells the whole stream, so the order is
//! given but for what may stand between two records: each append is at the version that it made,
//! each other call at the version that it saw. Calls at one version change nothing and can stand in
//! the order of their times. So there is an order exactly if every answer is right at its version,
//! and no call ended before another one began that stands before it. Of a call without an answer
//! the stream tells whether it took place; nothing has to be tried out.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{Asked, Call, History, Receipt, Record, Seen, Told};

/// A call at its place in the order: a version, or a size of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    /// Where it stands; what makes a version stands before what sees it.
    pub(crate) place: (u64, Role),
    pub(crate) begun: u64,
    pub(crate) ended: u64,
}

/// What a call has to do with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Makes,
    Sees,
}

/// The calls under one request id.
#[derive(Default)]
struct Attempts<'a> {
    calls: Vec<&'a Call>,
    /// The numbers of its records in the stream.
    records: Vec<usize>,
}

/// The first answer of a unit's history that no order explains, if any.
pub(crate) fn explained(history: &History) -> Result<(), String> {
    let stream = Stream::of(history)?;
    let mut points = Vec::new();
    for call in &history.calls {
        points.extend(stream.seen_by(call)?);
    }
    points.extend(stream.made()?);
    in_real_time(points)
}

/// What makes records and what reads, placed in the order of the whole log.
///
/// Histories that are explained one by one are so together; that positions are their common order
/// is more than that.
pub(crate) fn in_log_order<'a>(histories: impl Iterator<Item = &'a History>) -> Result<(), String> {
    let mut points = Vec::new();
    for history in histories {
        let stream = Stream::of(history)?;
        let size = |version: u64| stream.size_at(version);
        points.extend(
            stream
                .made()?
                .into_iter()
                .map(|made| Point { place: (size(made.place.0), made.place.1), ..made }),
        );
        points.extend(history.calls.iter().filter_map(|call| match &call.told {
            Told::Read(seen) => Some(point((seen.log_size, Role::Sees), call)),
            _ => None,
        }));
    }
    in_real_time(points)
}

/// No call ended before another one began that stands before it.
pub(crate) fn in_real_time(mut points: Vec<Point>) -> Result<(), String> {
    points.sort_by_key(|point| point.place);
    let mut latest: Option<Point> = None;
    let mut group: Option<Point> = None;
    for now in points {
        if now.begun > now.ended {
            return Err(format!("{now:?} was told before the call that did it had begun"));
        }
        if group.is_some_and(|group| group.place != now.place) {
            latest = later(latest, group.take());
        }
        if let Some(before) = latest.filter(|before| before.begun > now.ended) {
            return Err(format!("{now:?} had ended when {before:?} began, which stands before it"));
        }
        group = later(group, Some(now));
    }
    Ok(())
}

/// The one that began later.
fn later(one: Option<Point>, other: Option<Point>) -> Option<Point> {
    [one, other].into_iter().flatten().max_by_key(|point| point.begun)
}

fn point(place: (u64, Role), call: &Call) -> Point {
    Point { place, begun: call.begun, ended: call.ended }
}

/// A unit's stream with the calls that made it.
struct Stream<'a> {
    records: &'a [Record],
    requests: BTreeMap<&'a str, Attempts<'a>>,
    /// The version after each call that recorded something, and 0.
    whole: BTreeSet<u64>,
    facts: BTreeMap<&'a str, u64>,
}

impl<'a> Stream<'a> {
    fn of(history: &'a History) -> Result<Self, String> {
        let mut requests: BTreeMap<&str, Attempts> = BTreeMap::new();
        for call in &history.calls {
            if let Asked::Append { request, .. } = &call.asked {
                requests.entry(request).or_default().calls.push(call);
            }
        }
        let mut facts = BTreeMap::new();
        for (number, record) in history.stream.iter().enumerate() {
            let Some(attempts) = requests.get_mut(record.request.as_str()) else {
                return Err(format!("{record:?} is there and nobody asked for it"));
            };
            attempts.records.push(number);
            if let Some(first) = facts.insert(record.fact.as_str(), number as u64 + 1) {
                return Err(format!("{record:?} is there twice, first as version {first}"));
            }
        }
        let ends = requests.values().filter_map(|attempts| attempts.records.last());
        let whole = ends.map(|last| *last as u64 + 1).chain([0]).collect();
        Ok(Self { records: &history.stream, requests, whole, facts })
    }

    /// The size of the smallest log that holds the unit at a version.
    fn size_at(&self, version: u64) -> u64 {
        let last = usize::try_from(version).ok().and_then(|version| version.checked_sub(1));
        last.and_then(|last| self.records.get(last)).map_or(0, |record| record.position + 1)
    }

    /// The unit's version in a log of this size.
    fn version_at(&self, log_size: u64) -> u64 {
        self.records.partition_point(|record| record.position < log_size) as u64
    }

    fn holds(&self, fact: &str, version: u64) -> bool {
        self.facts.get(fact).is_some_and(|at| *at <= version)
    }

    /// The place of a call that saw a version, if its answer is right there.
    fn seen_by(&self, call: &Call) -> Result<Option<Point>, String> {
        let wrong = |why: &str| Err(format!("{why}: {call:?}"));
        let version = match (&call.asked, &call.told) {
            (_, Told::Unknown | Told::Refused) => return Ok(None),
            (_, Told::Wrong(_)) => return wrong("a right call was refused"),
            (Asked::Append { expected, .. }, Told::Stale { actual }) => {
                if expected.is_none_or(|expected| expected == *actual) {
                    return wrong("a version was called stale that was not");
                }
                *actual
            }
            (Asked::Append { facts, expected, .. }, Told::Appended(receipt)) => {
                if self.size_at(receipt.version) > receipt.log_size {
                    return wrong("the log at the size of the receipt does not hold the call");
                }
                if !receipt.records.is_empty() {
                    // It is placed with the other attempts under its id.
                    return Ok(None);
                }
                if receipt.replayed {
                    return wrong("a call that recorded nothing was replayed");
                }
                if expected.is_some_and(|expected| expected != receipt.version) {
                    return wrong("a stale call was answered");
                }
                if !facts.iter().all(|fact| self.holds(fact, receipt.version)) {
                    return wrong("it was told to be so already, and was not");
                }
                receipt.version
            }
            (Asked::Read { min_size }, Told::Read(seen)) => self.read(*min_size, seen, call)?,
            _ => return wrong("the answer is of another call"),
        };
        if !self.whole.contains(&version) {
            return wrong("a version was seen that stands inside a call, or never was");
        }
        Ok(Some(point((version, Role::Sees), call)))
    }

    fn read(&self, min_size: u64, seen: &Seen, call: &Call) -> Result<u64, String> {
        let version = self.version_at(seen.log_size);
        let too_early = seen.log_size < min_size;
        let other_version = seen.version.is_some_and(|told| told != version);
        let fact = seen.fact.as_ref();
        let other_fact = fact.is_some_and(|(fact, there)| self.holds(fact, version) != *there);
        if too_early || other_version || other_fact {
            return Err(format!("the log says version {version} at that size: {call:?}"));
        }
        Ok(version)
    }

    /// The place of every call that recorded something, if its answers are right.
    fn made(&self) -> Result<Vec<Point>, String> {
        let mut points = Vec::new();
        for (request, attempts) in &self.requests {
            let wrong = |why: &str| format!("{why}: {request}, {:?}", attempts.calls);
            let answers = || attempts.calls.iter().filter_map(|call| receipt_of(call));
            let (Some(first), Some(last)) = (attempts.records.first(), attempts.records.last())
            else {
                if answers().any(|(_, receipt)| !receipt.records.is_empty()) {
                    return Err(wrong("an acknowledged call is lost"));
                }
                continue;
            };
            let (before, after) = (*first as u64, *last as u64 + 1);
            self.is_whole(attempts, before).map_err(wrong)?;
            let there =
                |number: &usize| Some((*number as u64 + 1, self.records.get(*number)?.position));
            let records: Vec<(u64, u64)> = attempts.records.iter().filter_map(there).collect();
            for (_, told) in answers().filter(|(_, told)| !told.records.is_empty()) {
                if told.records != records || told.version != after {
                    return Err(wrong("an answer names other records than the log"));
                }
            }
            let fresh = || answers().filter(|(_, told)| !told.replayed && !told.records.is_empty());
            if fresh().count() > 1 {
                return Err(wrong("two calls under one id were told to have done it"));
            }
            let unknown = attempts.calls.iter().filter(|call| call.told == Told::Unknown);
            let did = fresh().map(|(call, _)| call).next();
            let Some(did) = did.or(unknown.copied().min_by_key(|call| call.begun)) else {
                return Err(wrong("records are there of which every call was told otherwise"));
            };
            Self::is_told_so(attempts, before).map_err(wrong)?;
            let known = answers().filter(|(_, told)| !told.records.is_empty());
            let ended = known.map(|(call, _)| call.ended).min().unwrap_or(u64::MAX);
            points.push(Point { place: (after, Role::Makes), begun: did.begun, ended });
        }
        Ok(points)
    }

    /// What recorded something is never told anything else afterwards.
    fn is_told_so(attempts: &Attempts, before: u64) -> Result<(), &'static str> {
        let otherwise = |call: &&Call| match &call.told {
            Told::Appended(receipt) => receipt.records.is_empty(),
            Told::Stale { actual } => *actual > before,
            Told::Read(_) | Told::Refused | Told::Wrong(_) | Told::Unknown => false,
        };
        if attempts.calls.iter().any(otherwise) {
            return Err("the same request id has another answer");
        }
        Ok(())
    }

    /// A call recorded, in one run, all of its facts that were not there, at the expected version.
    fn is_whole(&self, attempts: &Attempts, before: u64) -> Result<(), &'static str> {
        let Some(Asked::Append { facts, expected, .. }) =
            attempts.calls.first().map(|call| &call.asked)
        else {
            return Err("no call asked for it");
        };
        if expected.is_some_and(|expected| expected != before) {
            return Err("a stale call was recorded");
        }
        let asked = facts.iter().map(String::as_str).filter(|fact| !self.holds(fact, before));
        let run = self.records.iter().skip(usize::try_from(before).unwrap_or(usize::MAX));
        let run = run.take(attempts.records.len());
        let same = |record: &Record| attempts.calls.first().is_some_and(|call| is_of(call, record));
        if !run.clone().all(same) || !asked.eq(run.map(|record| record.fact.as_str())) {
            return Err("the log holds other facts of a call than it asked for, or parts of it");
        }
        Ok(())
    }
}

fn is_of(call: &Call, record: &Record) -> bool {
    matches!(&call.asked, Asked::Append { request, .. } if *request == record.request)
}

fn receipt_of(call: &Call) -> Option<(&Call, &Receipt)> {
    match &call.told {
        Told::Appended(receipt) => Some((call, receipt)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
