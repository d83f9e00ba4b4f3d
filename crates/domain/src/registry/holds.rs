//! Legal holds, which keep texts from being erased, and retention rules, by which they are.
//!
//! Both act from their record on: a hold on a unit and all below it, as the tree is then, or on some
//! records of the unit's own stream; a rule on a unit and all below it, of which the nearest counts.
//! Neither erases anything: that is said by an event of its own.

use std::collections::BTreeMap;

use gradus_model::event::{LegalHoldPlaced, RetentionSet, Run};
use gradus_model::payload::Class;
use gradus_model::{Event, Timestamp, UnitId};

use super::{Registry, decide};
use crate::evidence::bounded;
use crate::proposal::{Proposal, Verdict};
use crate::refusal::Refusal;
use crate::timeline::At;
use crate::unit::record_unless;

/// Legal holds that may be in force at once: each erasure is held against all of them.
pub const MOST_HOLDS: usize = 1_000;

/// The longest that a rule keeps texts, in days: a hundred years.
pub const MOST_DAYS: u32 = 36_525;

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Where it was recorded.
    pub position: u64,
    /// What it says.
    pub placed: LegalHoldPlaced,
    /// Where it was lifted, if it was.
    pub lifted: Option<u64>,
}

/// A retention rule in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Where it was recorded.
    pub position: u64,
    /// What it says.
    pub set: RetentionSet,
}

/// All holds in the order of recording, and the rules in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    holds: Vec<Hold>,
    rules: BTreeMap<(UnitId, Option<Class>), Retention>,
}

impl Kept {
    /// Takes in an event, if it is one of these.
    pub(super) fn evolve(&mut self, position: u64, event: &Event) {
        match event {
            Event::LegalHoldPlaced(placed) => {
                self.holds.push(Hold { position, placed: placed.clone(), lifted: None });
            }
            Event::LegalHoldLifted(of) => {
                let mut open = self.holds.iter_mut().filter(|hold| hold.lifted.is_none());
                if let Some(hold) = open.find(|hold| hold.placed.hold == of.hold) {
                    hold.lifted = Some(position);
                }
            }
            Event::RetentionSet(set) => {
                let rule = Retention { position, set: set.clone() };
                self.rules.insert((set.unit, set.class), rule);
            }
            Event::RetentionRemoved(of) => {
                self.rules.remove(&(of.unit, of.class));
            }
            _ => (),
        }
    }
}

impl Registry {
    /// Every legal hold, in the order of recording, those that were lifted too.
    #[must_use]
    pub fn holds(&self) -> impl DoubleEndedIterator<Item = &Hold> {
        self.kept.holds.iter()
    }

    /// The retention rules in force, by unit.
    pub fn retentions(&self) -> impl Iterator<Item = &Retention> {
        self.kept.rules.values()
    }

    /// The legal holds in force that keep records of a stream from being erased. `units` are those
    /// that the stream is about: the unit whose it is, or those in the scope of an appraisal.
    #[must_use]
    pub fn holds_on(&self, stream: UnitId, units: &[UnitId]) -> Vec<&Hold> {
        let now = At::with_everything(Timestamp::MAX);
        let above = |unit: &UnitId| self.lineage(*unit, now);
        let lineage: Vec<UnitId> = units.iter().flat_map(above).collect();
        let reaches = |hold: &&Hold| match hold.placed.records {
            Some(_) => hold.placed.unit == stream,
            None => lineage.contains(&hold.placed.unit),
        };
        self.holds().filter(|hold| hold.lifted.is_none()).filter(reaches).collect()
    }

    /// Refuses an erasure of what is under a legal hold; other events are none of its business.
    /// `naming` are the versions of the items that name an attachment which is to be erased.
    ///
    /// # Errors
    ///
    /// [`Refusal::UnderLegalHold`] with the hold and a record that it is about.
    pub fn frees(
        &self,
        (stream, units): (UnitId, &[UnitId]),
        event: &Event,
        naming: &[u64],
    ) -> Result<(), Refusal> {
        let one;
        let each: Vec<Run>;
        let runs = match event {
            Event::AttachmentsErased(_) => {
                each = naming.iter().map(|of| Run { first: *of, last: *of }).collect();
                &each
            }
            Event::PayloadErased(of) => {
                one = [Run { first: of.version, last: of.version }];
                &one[..]
            }
            Event::PayloadsErased(of) => &of.runs,
            _ => return Ok(()),
        };
        for hold in self.holds_on(stream, units) {
            let mut held = runs.iter().filter_map(|run| hold.first_of(*run));
            if let Some(version) = held.next() {
                let (name, position) = (hold.placed.hold.clone(), hold.position);
                return Err(Refusal::UnderLegalHold { hold: name, position, version });
            }
        }
        Ok(())
    }

    /// The retention rule for texts of a class in a unit: that of the nearest unit which has any for
    /// it, and there one for the class before one for all.
    #[must_use]
    pub fn retention(&self, unit: UnitId, class: Class) -> Option<&Retention> {
        let rules = &self.kept.rules;
        if rules.is_empty() {
            return None;
        }
        let lineage = self.lineage(unit, At::with_everything(Timestamp::MAX));
        lineage
            .into_iter()
            .find_map(|unit| rules.get(&(unit, Some(class))).or_else(|| rules.get(&(unit, None))))
    }
}

impl Hold {
    /// The first version of a run that it is about, in a stream that it reaches.
    fn first_of(&self, run: Run) -> Option<u64> {
        let records = self.placed.records.unwrap_or(Run { first: 1, last: u64::MAX });
        let first = run.first.max(records.first);
        (first <= run.last.min(records.last)).then_some(first)
    }

    /// Whether it is about a version of a stream that it reaches.
    #[must_use]
    pub fn has(&self, version: u64) -> bool {
        self.first_of(Run { first: version, last: version }).is_some()
    }
}

/// What the rules say to a hold or a retention rule.
pub(super) fn decide_on(registry: &Registry, proposal: &Proposal) -> Result<Verdict, Refusal> {
    if proposal.payload.is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    match &proposal.event {
        Event::LegalHoldPlaced(placed) => place(registry, placed),
        Event::LegalHoldLifted(of) => {
            let called = |hold: &&Hold| hold.placed.hold == of.hold;
            let last = registry.holds().rev().find(called);
            let last = last.ok_or_else(|| Refusal::HoldUnknown(of.hold.clone()))?;
            Ok(record_unless(last.lifted.is_some()))
        }
        Event::RetentionSet(set) => {
            decide::known(registry, set.unit)?;
            if !(1..=MOST_DAYS).contains(&set.days) {
                return Err(Refusal::RetentionDays(set.days));
            }
            let known = registry.kept.rules.get(&(set.unit, set.class));
            Ok(record_unless(known.is_some_and(|known| known.set == *set)))
        }
        Event::RetentionRemoved(of) => {
            decide::known(registry, of.unit)?;
            Ok(record_unless(!registry.kept.rules.contains_key(&(of.unit, of.class))))
        }
        // `decide` sends no other event here.
        _ => Ok(Verdict::Record),
    }
}

fn place(registry: &Registry, placed: &LegalHoldPlaced) -> Result<Verdict, Refusal> {
    decide::known(registry, placed.unit)?;
    if let Some(records) = placed.records
        && (records.first == 0 || records.is_empty())
    {
        return Err(Refusal::RunsUnordered(records.first));
    }
    let in_force = || registry.holds().filter(|hold| hold.lifted.is_none());
    if let Some(known) = in_force().find(|hold| hold.placed.hold == placed.hold) {
        return if known.placed == *placed {
            Ok(Verdict::AlreadySo)
        } else {
            Err(Refusal::HoldTaken(placed.hold.clone()))
        };
    }
    bounded("holds", in_force().count() + 1, MOST_HOLDS)?;
    Ok(Verdict::Record)
}

#[cfg(test)]
mod tests {
    use gradus_model::Name;

    use super::*;

    #[test]
    fn a_hold_on_records_is_about_those_alone() {
        let hold = |records| Hold {
            position: 0,
            placed: LegalHoldPlaced {
                hold: "case-7".parse::<Name>().unwrap(),
                unit: UnitId([1; 16]),
                records,
            },
            lifted: None,
        };
        let some = hold(Some(Run { first: 3, last: 5 }));
        let about = |version| some.has(version);
        assert_eq!([2, 3, 5, 6].map(about), [false, true, true, false]);
        assert_eq!(some.first_of(Run { first: 1, last: 9 }), Some(3));
        assert_eq!(some.first_of(Run { first: 6, last: 9 }), None);
        assert!(hold(None).has(1));
    }
}
