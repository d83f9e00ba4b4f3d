//! Step functions over valid time: a value that holds from an instant until the next change.

use gradus_model::Timestamp;

/// A value at every instant, changing at finitely many.
///
/// Invariant: the changes ascend strictly, and each value differs from the one before it; so equal
/// functions are equal values.
#[derive(Debug, PartialEq, Eq)]
pub struct Steps<T> {
    first: T,
    changes: Vec<(Timestamp, T)>,
}

impl<T: Clone> Clone for Steps<T> {
    fn clone(&self) -> Self {
        Self { first: self.first.clone(), changes: self.changes.clone() }
    }

    /// Uses again the room that the function before took.
    fn clone_from(&mut self, source: &Self) {
        self.first.clone_from(&source.first);
        self.changes.clone_from(&source.changes);
    }
}

impl<T: Default> Default for Steps<T> {
    fn default() -> Self {
        Self::always(T::default())
    }
}

impl<T> Steps<T> {
    /// The same value at every instant.
    #[must_use]
    pub const fn always(value: T) -> Self {
        Self { first: value, changes: Vec::new() }
    }

    /// The value before every change.
    #[must_use]
    pub const fn first(&self) -> &T {
        &self.first
    }

    /// Every change: the instant, and the value from then on.
    #[must_use]
    pub fn changes(&self) -> &[(Timestamp, T)] {
        &self.changes
    }

    /// The value at an instant.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> &T {
        self.from(instant).0
    }

    /// The changes after an instant.
    #[must_use]
    pub fn after(&self, instant: Timestamp) -> &[(Timestamp, T)] {
        self.from(instant).1
    }

    /// The value at an instant, and the changes after it.
    #[must_use]
    pub fn from(&self, instant: Timestamp) -> (&T, &[(Timestamp, T)]) {
        let begun = self.changes.partition_point(|(from, _)| *from <= instant);
        let (begun, after) = self.changes.split_at_checked(begun).unwrap_or_default();
        (begun.last().map_or(&self.first, |(_, value)| value), after)
    }

    /// The instants of change.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.changes.iter().map(|(from, _)| *from)
    }
}

impl<T: PartialEq> Steps<T> {
    /// Where two functions differ: from the first instant at which they do to just before one from
    /// which on they are the same for good, if there is one.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<(Timestamp, Option<Timestamp>)> {
        let (ours, theirs) = (self.changes.as_slice(), other.changes.as_slice());
        let alike = |(one, next): &(&(Timestamp, T), &(Timestamp, T))| one == next;
        let before = ours.iter().zip(theirs).take_while(alike).count();
        let begins_alike = self.first == other.first;
        if begins_alike && before == ours.len() && before == theirs.len() {
            return None;
        }
        let (ours, theirs) =
            (ours.get(before..).unwrap_or_default(), theirs.get(before..).unwrap_or_default());
        let next = |changes: &[(Timestamp, T)]| changes.first().map(|(instant, _)| *instant);
        let first = [next(ours), next(theirs)].into_iter().flatten().min();
        let from = if begins_alike { first.unwrap_or(Timestamp::MIN) } else { Timestamp::MIN };
        let after = ours.iter().rev().zip(theirs.iter().rev()).take_while(alike).count();
        let same_again = ours.get(ours.len() - after).map(|(instant, _)| *instant);
        let last = |steps: &Self| steps.changes.last().map(|(instant, _)| *instant);
        let same_at_last = || {
            let (one, next) = (last(self), last(other));
            (self.last() == other.last()).then(|| one.max(next)).flatten()
        };
        Some((from, same_again.or_else(same_at_last)))
    }

    /// The value after every change.
    #[must_use]
    pub fn last(&self) -> &T {
        self.changes.last().map_or(&self.first, |(_, value)| value)
    }

    /// The function of the values that two functions have at each instant.
    pub fn with<U, V: PartialEq>(
        &self,
        other: &Steps<U>,
        mut value: impl FnMut(&T, &U) -> V,
    ) -> Steps<V> {
        let mut both = Steps::always(value(&self.first, &other.first));
        let (mut ours, mut theirs) =
            (self.changes.iter().peekable(), other.changes.iter().peekable());
        let (mut one, mut next) = (&self.first, &other.first);
        while let Some(instant) = [ours.peek().map(|(at, _)| *at), theirs.peek().map(|(at, _)| *at)]
            .into_iter()
            .flatten()
            .min()
        {
            if let Some((_, changed)) = ours.next_if(|(at, _)| *at == instant) {
                one = changed;
            }
            if let Some((_, changed)) = theirs.next_if(|(at, _)| *at == instant) {
                next = changed;
            }
            both.then(instant, value(one, next));
        }
        both
    }

    /// The value from an instant on; instants never descend, and the last value of one holds.
    pub fn then(&mut self, from: Timestamp, value: T) {
        while self.changes.last().is_some_and(|(last, _)| *last >= from) {
            self.changes.pop();
        }
        let before = self.changes.last().map_or(&self.first, |(_, value)| value);
        if *before != value {
            self.changes.push((from, value));
        }
    }

    /// The function with these instants of change at most; `value` is asked of each once.
    ///
    /// The instants may come in any order and more than once. The value before all of them is that
    /// of [`Timestamp::MIN`], which is earlier than any recorded instant or equal to it.
    pub fn over(mut instants: Vec<Timestamp>, mut value: impl FnMut(Timestamp) -> T) -> Self {
        instants.sort_unstable();
        instants.dedup();
        let mut steps = Self::always(value(Timestamp::MIN));
        for instant in instants.into_iter().filter(|instant| *instant > Timestamp::MIN) {
            let next = value(instant);
            steps.then(instant, next);
        }
        steps
    }
}

impl<T: PartialEq + Clone> Steps<T> {
    /// Is another function from an instant on.
    pub fn follow(&mut self, from: Timestamp, next: &Self) {
        if from <= Timestamp::MIN {
            self.clone_from(next);
            return;
        }
        self.then(from, next.at(from).clone());
        for (instant, value) in next.after(from) {
            self.then(*instant, value.clone());
        }
    }

    /// Is another function from an instant on to just before `to`, and what it was from there on;
    /// the part's changes lie between the two. Returns whether anything has changed.
    pub fn replace(&mut self, from: Timestamp, to: Option<Timestamp>, part: Self) -> bool {
        let begun = self.changes.partition_point(|(instant, _)| *instant <= from);
        let before = |to| self.changes.partition_point(|(instant, _)| *instant < to);
        let within = self.changes.get(begun..to.map_or(self.changes.len(), before));
        if *self.at(from) == part.first && within == Some(part.changes.as_slice()) {
            return false;
        }
        let resuming = to.map(|to| (to, self.at(to).clone()));
        let resumed_by = |to| self.changes.partition_point(|(instant, _)| *instant <= to);
        let later = self.changes.split_off(to.map_or(self.changes.len(), resumed_by));
        self.changes.truncate(self.changes.partition_point(|(instant, _)| *instant < from));
        if from <= Timestamp::MIN {
            self.first = part.first;
        } else {
            self.then(from, part.first);
        }
        for (instant, value) in part.changes.into_iter().chain(resuming) {
            self.then(instant, value);
        }
        self.changes.extend(later);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A function whose value is 0 at first and changes on some days.
    fn any_steps() -> impl Strategy<Value = Steps<u8>> {
        let changes = prop::collection::btree_map(1_i64..20, 0_u8..3, 0..8);
        (0_u8..3, changes).prop_map(|(first, changes)| {
            let mut steps = Steps::always(first);
            for (day, value) in changes {
                steps.then(on(day), value);
            }
            steps
        })
    }

    proptest! {
        #[test]
        fn two_functions_differ_only_where_their_difference_says(
            one in any_steps(), other in any_steps(),
        ) {
            let difference = one.difference(&other);
            prop_assert_eq!(difference.is_none(), one == other);
            let days = (-1..25).map(on);
            for day in days.filter(|day| one.at(*day) != other.at(*day)) {
                let (from, to) = difference.unwrap();
                prop_assert!(from <= day && to.is_none_or(|to| day < to), "{:?}", difference);
            }
            let Some((from, to)) = difference else { return Ok(()) };
            let mut part = Steps::always(*other.at(from));
            for (instant, value) in other.after(from) {
                if to.is_none_or(|to| *instant < to) {
                    part.then(*instant, *value);
                }
            }
            let mut replaced = one.clone();
            replaced.replace(from, to, part);
            prop_assert_eq!(replaced, other);
        }

        #[test]
        fn functions_are_joined_instant_by_instant(
            one in any_steps(), other in any_steps(), from in 0_i64..20,
        ) {
            let mut joined = one.clone();
            joined.follow(on(from), &other);
            let both = one.with(&other, |one, other| (*one, *other));
            for day in -1..25 {
                let after = if day < from { &one } else { &other };
                prop_assert_eq!(joined.at(on(day)), after.at(on(day)));
                prop_assert_eq!(*both.at(on(day)), (*one.at(on(day)), *other.at(on(day))));
            }
        }
    }

    fn on(day: i64) -> Timestamp {
        Timestamp::from_micros(day * 86_400_000_000).unwrap()
    }

    #[test]
    fn a_change_holds_from_its_instant_on() {
        let mut steps = Steps::always(0);
        steps.then(on(10), 1);
        steps.then(on(20), 0);
        assert_eq!([9, 10, 19, 20, 99].map(|day| *steps.at(on(day))), [0, 1, 1, 0, 0]);
        assert_eq!(steps.after(on(10)), [(on(20), 0)]);
    }

    #[test]
    fn what_changes_nothing_is_no_change() {
        let mut steps = Steps::always(0);
        steps.then(on(10), 0);
        steps.then(on(20), 1);
        steps.then(on(20), 0);
        assert_eq!(steps, Steps::always(0));
    }

    #[test]
    fn instants_may_come_in_any_order() {
        let steps = Steps::over(vec![on(20), on(10), on(20)], |at| at >= on(20));
        assert_eq!(steps.changes(), [(on(20), true)]);
    }
}
