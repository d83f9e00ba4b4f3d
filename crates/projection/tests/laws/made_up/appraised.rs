//! Appraisals by chance, each in a stream of its own: from the opening to the approval unit by unit,
//! given up, or brought in when they are over.

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::appraisal::{
    Class, FindingKind, Independence, Input, Member, Method, Part, ScopedArea, Subject,
};
use gradus_model::event::{
    AppraisalClosed, AppraisalImported, AppraisalInput, ConsensusReached, FindingRecorded,
    IndividualRatingSealed, IndividualRatingsRevealed, OfAppraisal,
};
use gradus_model::rating::{Rating, Value};
use gradus_model::unit::AreaRef;
use gradus_model::{AppraisalId, Event, RatingId, Timestamp, UnitId};

use super::{Made, Story, facts};
use crate::world::who;

/// An appraisal that is not over.
pub(super) struct Work {
    id: AppraisalId,
    units: Vec<UnitId>,
    rated: BTreeSet<Subject>,
    agreed: BTreeMap<Subject, Value>,
    signed: Option<Timestamp>,
    closed: BTreeSet<UnitId>,
}

impl Story {
    fn of_appraisal(&mut self, id: AppraisalId, by: &str, at: Timestamp, event: Event) {
        self.tell(UnitId(id.0), who(by), at, event);
    }

    fn input(&mut self, units: Vec<UnitId>) -> Input {
        let model = self.ground.model.id.clone();
        let areas = self.ground.areas.iter();
        let scoped = |area| ScopedArea { area: AreaRef { model: model.clone(), area }, highest: 5 };
        let member = |name, part| Member { principal: who(name), part };
        let (sponsor, lead) = ("alice", "bob");
        let independence = self.dice.one_of(Independence::ALL);
        Input {
            units,
            areas: areas.map(|area| scoped(*area)).collect(),
            instances: ["one", "two"].map(|name| name.parse().unwrap()).to_vec(),
            sponsor: who(sponsor),
            team: vec![member(lead, Part::Lead)],
            method: Method {
                process: "SSAM 2.0".parse().unwrap(),
                class: self.dice.one_of(Class::ALL),
                body: independence,
                lead: independence,
                team: independence,
                rating: None,
                aggregation: None,
            },
            base: None,
        }
    }

    /// One of the appraisals goes on, or another one is opened.
    pub(super) fn appraise(&mut self) {
        if self.appraisals.is_empty() || self.dice.in_hundred(15) {
            return self.open_appraisal();
        }
        let at = usize::try_from(self.dice.below(self.appraisals.len() as u64)).unwrap();
        let mut work = self.appraisals.swap_remove(at);
        let is_over =
            if !work.closed.is_empty() || (work.signed.is_some() && self.dice.in_hundred(80)) {
                self.approve(&mut work)
            } else {
                self.work_on(&mut work)
            };
        if !is_over {
            self.appraisals.push(work);
        }
    }

    fn open_appraisal(&mut self) {
        let mut units = vec![self.unit()];
        if self.dice.in_hundred(30) {
            units.push(self.unit());
        }
        units.sort();
        units.dedup();
        let (appraisal, input) = (AppraisalId(self.draw()), self.input(units.clone()));
        let at = self.instant();
        let opened = AppraisalInput { appraisal, input };
        self.of_appraisal(appraisal, "alice", at, Event::AppraisalOpened(opened));
        let (rated, agreed, closed) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        self.appraisals.push(Work { id: appraisal, units, rated, agreed, signed: None, closed });
    }

    /// Most often several practices are agreed on at once; returns whether it was given up.
    fn work_on(&mut self, work: &mut Work) -> bool {
        let (appraisal, at) = (work.id, self.instant());
        let of = OfAppraisal { appraisal };
        match self.dice.below(100) {
            0..5 => {
                self.of_appraisal(appraisal, "alice", at, Event::AppraisalCancelled(of));
                return true;
            }
            5..15 => {
                let input = self.input(work.units.clone());
                let changed = Event::AppraisalChanged(AppraisalInput { appraisal, input });
                self.of_appraisal(appraisal, "alice", at, changed);
                work.signed = None;
            }
            15..25 => {
                let (unit, area, practice) = (None, None, Some(self.practice()));
                let kind = self.dice.one_of(FindingKind::ALL);
                let evidence = Vec::new();
                let found = FindingRecorded { appraisal, kind, unit, area, practice, evidence };
                self.of_appraisal(appraisal, "bob", at, Event::FindingRecorded(found));
                work.signed = None;
            }
            25..60 if !work.agreed.is_empty() => {
                self.of_appraisal(appraisal, "bob", at, Event::AppraisalSignedOff(of));
                work.signed = Some(at);
            }
            _ => {
                for _ in 0..=self.dice.below(3) {
                    self.agree(work, at);
                }
                work.signed = None;
            }
        }
        false
    }

    /// Something is rated, revealed and agreed on.
    fn agree(&mut self, work: &mut Work, at: Timestamp) {
        let appraisal = work.id;
        let unit = self.dice.one_of(&work.units);
        let target = self.practice();
        let rating = facts::rating(&mut self.dice, self.scale, RatingId([0; 16]), target);
        let subject = Subject { unit, target: rating.target, instance: rating.instance };
        if work.rated.insert(subject.clone()) {
            let (subject, evidence) = (subject.clone(), Vec::new());
            let sealed = IndividualRatingSealed { appraisal, subject: subject.clone(), evidence };
            self.of_appraisal(appraisal, "bob", at, Event::IndividualRatingSealed(sealed));
            let revealed = IndividualRatingsRevealed { appraisal, subjects: vec![subject] };
            self.of_appraisal(appraisal, "bob", at, Event::IndividualRatingsRevealed(revealed));
        }
        let value = Some(rating.value).filter(|_| !self.dice.in_hundred(10));
        match value {
            Some(value) => work.agreed.insert(subject.clone(), value),
            None => work.agreed.remove(&subject),
        };
        let (evidence, dissent) = (Vec::new(), Vec::new());
        let reached = ConsensusReached { appraisal, subject, value, evidence, dissent };
        self.of_appraisal(appraisal, "bob", at, Event::ConsensusReached(reached));
    }

    /// A unit is approved: what was agreed on for it is in force as was signed for. Returns whether
    /// that was the last one.
    fn approve(&mut self, work: &mut Work) -> bool {
        let Some(at) = work.signed else { return false };
        let open = |unit: &&UnitId| !work.closed.contains(*unit) && !self.archived.contains(*unit);
        // An archived unit is never approved.
        let Some(unit) = work.units.iter().find(open).copied() else { return true };
        let own = work.agreed.iter().filter(|(subject, _)| subject.unit == unit);
        let own: Vec<_> = own.map(|(subject, value)| (subject.clone(), *value)).collect();
        let (appraisal, ratings) = (work.id, own.len() as u64);
        let closed = Event::AppraisalClosed(AppraisalClosed { appraisal, unit, ratings });
        self.of_appraisal(appraisal, "alice", at, closed);
        self.take_effect(appraisal, own, at);
        work.closed.insert(unit);
        work.closed.len() == work.units.len()
    }

    fn take_effect(&mut self, of: AppraisalId, all: Vec<(Subject, Value)>, at: Timestamp) {
        for (Subject { unit, target, instance }, value) in all {
            let id = RatingId(self.draw());
            let rating = facts::judged(id, target, value);
            self.ratings.push(Made { id, unit, from: at });
            let rated = Event::PracticeRated(Rating { instance, appraisal: Some(of), ..rating });
            self.tell(unit, who("alice"), at, rated);
        }
    }

    /// An appraisal of before is brought in with its ratings.
    pub(super) fn bring_in(&mut self) {
        let (unit, from) = (self.unit(), self.instant());
        let at = self.instant_from(from);
        let mut rated = BTreeMap::new();
        for _ in 0..=self.dice.below(4) {
            let target = self.practice();
            let drawn = facts::rating(&mut self.dice, self.scale, RatingId([0; 16]), target);
            let subject = Subject { unit, target: drawn.target, instance: drawn.instance };
            rated.insert(subject, drawn.value);
        }
        let (appraisal, input) = (AppraisalId(self.draw()), self.input(vec![unit]));
        let imported = AppraisalImported {
            appraisal,
            input,
            conducted_from: from,
            conducted_until: from.plus_micros(1),
            ratings: rated.len() as u64,
        };
        self.of_appraisal(appraisal, "alice", at, Event::AppraisalImported(imported));
        self.take_effect(appraisal, rated.into_iter().collect(), at);
    }
}
