//! Whole areas that reach some level, on either scale.

use gradus_domain::rules::Scheme;
use gradus_model::rating::{Rating, Scale, Value};

use super::*;

impl Story {
    /// Most often rules for which the scale of the ratings is their own.
    pub(super) fn rules(&mut self) -> Document {
        let of_scale = |scheme| match scheme {
            Scheme::SseCmm => Scale::Satisfaction,
            Scheme::Nplf33020(_) => Scale::Nplf,
        };
        let mut all = PUBLISHED.rules.clone();
        if self.dice.in_hundred(75) {
            all.retain(|(_, rules)| of_scale(rules.scheme) == self.scale);
        }
        self.dice.one_of(&all).0
    }

    pub(super) fn fulfil_or_achieve(&mut self) {
        match self.scale {
            Scale::Satisfaction => self.fulfil(),
            Scale::Nplf => self.achieve(),
        }
    }

    /// Every practice of some levels of an area is satisfied, and evidence says so.
    fn fulfil(&mut self) {
        let (unit, from) = (self.unit(), self.instant());
        let area = self.dice.one_of(&self.ground.areas);
        let highest = self.dice.weighted(&[(6, 1), (2, 2), (2, 3), (2, 4), (2, 5)]);
        for target in self.ground.practices_of(area, 1..=highest) {
            self.judge(unit, target, Value::Satisfied, from);
        }
        let next = self.ground.practices_of(area, highest + 1..=highest + 1).pop();
        if let Some(target) = next.filter(|_| self.dice.in_hundred(60)) {
            self.judge(unit, target, Value::NotSatisfied, from);
        }
        let covered = if self.dice.in_hundred(50) { highest } else { 1 };
        let practices = self.ground.practices_of(area, 1..=covered);
        self.submit_for(unit, practices, from);
    }

    fn judge(&mut self, unit: UnitId, target: Target, value: Value, from: Timestamp) {
        let rating = facts::judged(RatingId(self.draw()), target, value);
        self.ratings.push(Made { id: rating.rating, unit, from });
        self.tell(unit, who("alice"), from, Event::PracticeRated(rating));
    }

    /// Some levels of an area are achieved, by practices or by features as a whole, in one or more
    /// instances, and evidence says so.
    fn achieve(&mut self) {
        let (unit, from) = (self.unit(), self.instant());
        let area = self.dice.one_of(&self.ground.areas);
        let highest = self.dice.weighted(&[(3, 1), (2, 2), (2, 3), (2, 4), (2, 5)]);
        let instances = self.dice.weighted(&[
            (60, &[None] as &[_]),
            (20, &[Some("one"), Some("two")]),
            (20, &[None, Some("two")]),
        ]);
        let mut rated = Vec::new();
        for level in 1..=highest {
            let mut targets = self.ground.practices_of(area, level..=level);
            if level > 1 && self.dice.in_hundred(50) {
                targets = self.ground.features_of(area, level);
            }
            for target in &targets {
                for instance in instances {
                    let value = achieved(&mut self.dice, level == highest);
                    self.achieves(unit, target, *instance, value, from);
                }
            }
            rated.extend(targets);
        }
        self.submit_for(unit, rated, from);
    }

    fn achieves(
        &mut self,
        unit: UnitId,
        target: &Target,
        instance: Option<&str>,
        value: Value,
        from: Timestamp,
    ) {
        let id = RatingId(self.draw());
        let rating = facts::judged(id, target.clone(), value);
        let instance = instance.map(|name| name.parse().unwrap());
        self.ratings.push(Made { id, unit, from });
        let event = Event::PracticeRated(Rating { instance, ..rating });
        self.tell(unit, who("alice"), from, event);
    }
}

/// Enough for the highest level that is reached, or for one below it; seldom less.
fn achieved(dice: &mut Dice, highest: bool) -> Value {
    let all = if highest { [4, 30, 3, 20, 20, 23] } else { [1, 3, 1, 1, 3, 91] };
    let [partially, largely, low, high, higher, fully] = all;
    dice.weighted(&[
        (partially, Value::Partially),
        (largely, Value::Largely),
        (low, Value::PartiallyHigh),
        (high, Value::LargelyLow),
        (higher, Value::LargelyHigh),
        (fully, Value::Fully),
    ])
}
