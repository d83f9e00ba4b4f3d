//! The causes of a movement where time passes an instant: the facts that begin or end there.

use gradus_model::Timestamp;
use gradus_model::evidence::Outcome;

use super::learnt::rated;
use super::matter::Turned;
use super::{Between, Cause, Class, EndsBy};
use crate::coverage::{Testimony, testimonies};
use crate::history::{EvidenceHistory, RatingHistory, UnitHistory};

impl Between<'_, '_> {
    pub(super) fn happened(&self, turned: &Turned<'_>) -> Vec<Cause> {
        let mut causes = self.ratings(turned);
        for cause in self.evidence(turned) {
            // The rating of a closed appraisal is evidence too.
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        causes
    }

    /// Everything known at the later point that ever speaks for or against a practice.
    pub(super) fn heard(&self, turned: &Turned<'_>) -> Vec<Testimony> {
        let (history, basis) = (self.history(turned), self.after.basis.as_ref());
        let Some((history, basis)) = history.zip(basis) else { return Vec::new() };
        let providers = self.asked.world.registry();
        let (target, size) = (&turned.after.target, self.after.at.size);
        let heard = testimonies(history, target, size, &basis.read_rules, providers);
        heard.filter(|testimony| testimony.from < testimony.until).collect()
    }

    fn history(&self, turned: &Turned<'_>) -> Option<&UnitHistory> {
        self.asked.world.history(turned.unit)
    }

    /// The ratings that came into force or ended at the instant.
    fn ratings(&self, turned: &Turned<'_>) -> Vec<Cause> {
        let (instant, size) = (self.after.at.valid_at, self.after.at.size);
        let (was, is) = (&turned.before.in_force, &turned.after.in_force);
        let is_among = |one: &RatingHistory, others: &[&RatingHistory]| {
            others.iter().any(|other| other.position == one.position)
        };
        // One that had begun before, and is uncovered now, is explained by the end of another.
        let begun =
            |rating: &&&RatingHistory| rating.effective_at == instant && !is_among(rating, was);
        let begun: Vec<&RatingHistory> = is.iter().filter(begun).copied().collect();
        let replaced = |rating: &RatingHistory| {
            begun.iter().any(|new| new.rating.instance == rating.rating.instance)
        };
        let ended = |rating: &&&RatingHistory| {
            rating.ended_at(size) == Some(instant) && !is_among(rating, is) && !replaced(rating)
        };
        let ended = was.iter().filter(ended);
        let begins = begun.iter().map(|one| {
            let target = &turned.after.target;
            let cause = Cause::of_rating(rated(turned, one), turned.unit, target, one);
            cause.late_if(self.earlier.missed(one.position, instant))
        });
        begins.chain(ended.map(|one| self.rating_ended(turned, one))).collect()
    }

    /// The evidence that began or ceased to speak at the instant, so that the support changed.
    fn evidence(&self, turned: &Turned<'_>) -> Vec<Cause> {
        let heard = self.heard(turned);
        let (before, instant) = (self.before.at.valid_at, self.after.at.valid_at);
        let holds = |outcome: Outcome, at: Timestamp| {
            let speaks =
                |one: &Testimony| one.outcome == outcome && one.from <= at && at < one.until;
            heard.iter().any(speaks)
        };
        let mut causes = Vec::new();
        for outcome in [Outcome::Contradicts, Outcome::Supports] {
            let is = holds(outcome, instant);
            if holds(outcome, before) == is {
                continue;
            }
            let of_outcome = heard.iter().filter(|one| one.outcome == outcome);
            causes.extend(of_outcome.filter_map(|one| {
                if is && one.from == instant {
                    self.begins(turned, one, &heard)
                } else if !is && one.until == instant {
                    self.ends(turned, one)
                } else {
                    None
                }
            }));
            if holds(Outcome::Contradicts, instant) {
                // Whatever supports what is contradicted changes nothing.
                break;
            }
        }
        causes
    }

    fn begins(&self, turned: &Turned<'_>, one: &Testimony, heard: &[Testimony]) -> Option<Cause> {
        let target = &turned.after.target;
        let (cause, effective_at) = match self.speaker(turned, one)? {
            Speaker::Rating(rating) => {
                let class = rated(turned, rating);
                (Cause::of_rating(class, turned.unit, target, rating), rating.effective_at)
            }
            Speaker::Item(item) => {
                let class = match one.outcome {
                    Outcome::Contradicts => Class::Contradicted,
                    Outcome::Supports if renews(one, heard) => Class::Renewed,
                    Outcome::Supports | Outcome::Inconclusive => Class::NewEvidence,
                };
                // Work that still went on could not have been told.
                (Cause::of_item(class, turned.unit, target, item), item.work_to)
            }
        };
        Some(cause.late_if(self.earlier.missed(one.position, effective_at)))
    }

    fn ends(&self, turned: &Turned<'_>, one: &Testimony) -> Option<Cause> {
        let rules = &self.after.basis.as_ref()?.read_rules;
        let (target, size) = (&turned.after.target, self.after.at.size);
        match self.speaker(turned, one)? {
            Speaker::Item(item) => {
                let ends_by = EndsBy::of(item, target, size, rules);
                let cause = Cause::of_item(ends_by.class(), turned.unit, target, item);
                let cause = Cause { ends_by: Some(ends_by), ..cause };
                let told = cause.class != Class::Expired;
                let Some(position) = item.end_recorded_at(size).filter(|_| told) else {
                    return Some(cause);
                };
                let late = self.earlier.missed(position, one.until);
                Some(cause.recorded_at(position).late_if(late))
            }
            Speaker::Rating(rating) if rating.ended_at(size) == Some(one.until) => {
                Some(self.rating_ended(turned, rating))
            }
            Speaker::Rating(rating) => {
                let ends_by = rules.appraisal_window().cloned().map(EndsBy::Window);
                let cause = Cause::of_rating(Class::Expired, turned.unit, target, rating);
                Some(Cause { ends_by, ..cause })
            }
        }
    }

    fn rating_ended(&self, turned: &Turned<'_>, rating: &RatingHistory) -> Cause {
        let target = &turned.after.target;
        let position = rating.end_recorded_at(self.after.at.size).unwrap_or(rating.position);
        let late = self.earlier.missed(position, self.after.at.valid_at);
        let cause = Cause::of_rating(Class::RatingEnded, turned.unit, target, rating);
        cause.recorded_at(position).late_if(late)
    }

    /// The item or rating that gives a testimony.
    fn speaker(&self, turned: &Turned<'_>, one: &Testimony) -> Option<Speaker<'_>> {
        let (history, target) = (self.history(turned)?, &turned.after.target);
        let mut items = history.evidence_for(target, self.after.at.size);
        let item = items.find(|item| item.position == one.position).map(Speaker::Item);
        item.or_else(|| {
            let mut ratings = history.ratings_of(target);
            ratings.find(|rating| rating.position == one.position).map(Speaker::Rating)
        })
    }
}

/// What gives a testimony: an item of evidence, or the rating of a closed appraisal.
#[derive(Clone, Copy)]
enum Speaker<'a> {
    Item(&'a EvidenceHistory),
    Rating(&'a RatingHistory),
}

/// Whether other evidence spoke for the practice before this does.
pub(super) fn renews(one: &Testimony, heard: &[Testimony]) -> bool {
    let before = |other: &Testimony| {
        other.outcome == Outcome::Supports
            && other.position != one.position
            && other.from < one.from
    };
    heard.iter().any(before)
}
