//! Values over two times: when they take effect, and from which position on they are known.

use gradus_model::Timestamp;

/// A point in two times: a moment of the unit's life, and how much of the log is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The moment asked about.
    pub valid_at: Timestamp,
    /// How much of the log is known: positions 0 to `size - 1`.
    pub size: u64,
}

impl At {
    /// `valid_at`, with everything known.
    #[must_use]
    pub const fn with_everything(valid_at: Timestamp) -> Self {
        Self { valid_at, size: u64::MAX }
    }
}

/// A value that holds from a moment on until another takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated<T> {
    /// Where it was recorded.
    pub position: u64,
    /// The moment from which it holds.
    pub effective_at: Timestamp,
    /// The value.
    pub value: T,
}

/// What was stated of one thing, in the order of recording.
///
/// Of two statements for one moment the one recorded later holds; a statement recorded late but
/// effective early does not outlive one that takes effect after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline<T>(Vec<Stated<T>>);

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Timeline<T> {
    /// Adds a statement; positions only grow.
    pub fn state(&mut self, position: u64, effective_at: Timestamp, value: T) {
        self.0.push(Stated { position, effective_at, value });
    }

    /// The statement that holds at a point, if there is one.
    #[must_use]
    pub fn stated_at(&self, at: At) -> Option<&Stated<T>> {
        let known = |stated: &&Stated<T>| stated.position < at.size;
        self.0
            .iter()
            .filter(known)
            .filter(|stated| stated.effective_at <= at.valid_at)
            .max_by_key(|stated| (stated.effective_at, stated.position))
    }

    /// The value that holds at a point, if there is one.
    #[must_use]
    pub fn at(&self, at: At) -> Option<&T> {
        self.stated_at(at).map(|stated| &stated.value)
    }

    /// The moments from which statements hold, as known with `size` records.
    pub fn instants(&self, size: u64) -> impl Iterator<Item = Timestamp> {
        let known = move |stated: &&Stated<T>| stated.position < size;
        self.0.iter().filter(known).map(|stated| stated.effective_at)
    }

    /// Every statement, in the order of recording.
    pub fn iter(&self) -> std::slice::Iter<'_, Stated<T>> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a Timeline<T> {
    type Item = &'a Stated<T>;
    type IntoIter = std::slice::Iter<'a, Stated<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(day: i64) -> Timestamp {
        Timestamp::from_micros(day * 86_400_000_000).unwrap()
    }

    fn timeline(stated: &[(u64, i64, &'static str)]) -> Timeline<&'static str> {
        let mut timeline = Timeline::default();
        for (position, day, value) in stated {
            timeline.state(*position, on(*day), *value);
        }
        timeline
    }

    #[test]
    fn before_the_first_statement_nothing_holds() {
        let timeline = timeline(&[(3, 10, "a")]);
        assert_eq!(timeline.at(At { valid_at: on(9), size: 99 }), None);
        assert_eq!(timeline.at(At { valid_at: on(10), size: 3 }), None);
        assert_eq!(timeline.at(At { valid_at: on(10), size: 4 }), Some(&"a"));
    }

    #[test]
    fn of_two_statements_for_one_moment_the_later_recorded_holds() {
        let timeline = timeline(&[(1, 10, "a"), (2, 10, "b")]);
        assert_eq!(timeline.at(At { valid_at: on(10), size: 2 }), Some(&"a"));
        assert_eq!(timeline.at(At { valid_at: on(10), size: 3 }), Some(&"b"));
    }

    #[test]
    fn a_late_statement_does_not_outlive_one_that_takes_effect_after_it() {
        let timeline = timeline(&[(1, 20, "new"), (2, 10, "late")]);
        assert_eq!(timeline.at(At { valid_at: on(15), size: 9 }), Some(&"late"));
        assert_eq!(timeline.at(At { valid_at: on(15), size: 2 }), None);
        assert_eq!(timeline.at(At { valid_at: on(20), size: 9 }), Some(&"new"));
    }
}
