//! Sets of instants as half-open spans that neither touch nor overlap.

use gradus_model::Timestamp;
use smallvec::SmallVec;

/// A set of instants.
///
/// Invariant: the spans ascend, none is empty, and between two of them lies at least an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<(Timestamp, Timestamp)>);

impl Spans {
    /// Adds the instants from `from` to just before `to`; an empty span adds nothing.
    ///
    /// Returns whether the set has changed.
    pub fn add(&mut self, from: Timestamp, to: Timestamp) -> bool {
        if from >= to {
            return false;
        }
        let first = self.0.partition_point(|(_, end)| *end < from);
        let past = self.0.partition_point(|(start, _)| *start <= to);
        let touched = self.0.get(first..past).unwrap_or_default();
        let start = touched.first().map_or(from, |(start, _)| (*start).min(from));
        let end = touched.last().map_or(to, |(_, end)| (*end).max(to));
        if touched == [(start, end)] {
            return false;
        }
        self.0.splice(first..past, [(start, end)]);
        true
    }

    /// Takes out the instants from `from` to just before `to`, if there are any.
    pub fn remove(&mut self, from: Timestamp, to: Timestamp) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|(_, end)| *end <= from);
        let past = self.0.partition_point(|(start, _)| *start < to);
        let Some(touched) = self.0.get(first..past).filter(|touched| !touched.is_empty()) else {
            return;
        };
        let before = touched.first().map(|(start, _)| (*start, from));
        let after = touched.last().map(|(_, end)| (to, *end));
        let left = [before, after].into_iter().flatten().filter(|(start, end)| start < end);
        let left: SmallVec<[_; 2]> = left.collect();
        self.0.splice(first..past, left);
    }

    /// From its first instant to just after its last one; none if it is empty.
    #[must_use]
    pub fn hull(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }

    /// The spans, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.0.iter().copied()
    }

    /// Whether an instant is in the set.
    #[must_use]
    pub fn contain(&self, instant: Timestamp) -> bool {
        let past = self.0.partition_point(|(start, _)| *start <= instant);
        let last = past.checked_sub(1).and_then(|last| self.0.get(last));
        last.is_some_and(|(_, end)| instant < *end)
    }

    /// Whether no instant is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every instant at which the set begins or ends, by turns and in order.
    pub fn edges(&self) -> impl Iterator<Item = Timestamp> {
        self.0.iter().flat_map(|(start, end)| [*start, *end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_taken_out_is_gone_and_nothing_else(
            changes in proptest::collection::vec((any::<bool>(), 0i64..40, 0i64..12), 0..16)
        ) {
            let mut spans = Spans::default();
            let mut has = [false; 60];
            for (adds, from, length) in changes {
                let (start, end) = (at(from), at(from + length));
                if adds {
                    spans.add(start, end);
                } else {
                    spans.remove(start, end);
                }
                for (instant, has) in (0..).zip(&mut has) {
                    if (from..from + length).contains(&instant) {
                        *has = adds;
                    }
                    prop_assert_eq!(spans.contain(at(instant)), *has);
                }
                let edges: Vec<_> = spans.edges().collect();
                prop_assert!(edges.is_sorted_by(|one, next| one < next), "{:?}", edges);
                let hull = edges.first().copied().zip(edges.last().copied());
                prop_assert_eq!(spans.hull(), hull);
            }
        }

        #[test]
        fn the_set_has_just_the_instants_that_were_added(
            added in proptest::collection::vec((0i64..40, 0i64..12), 0..12)
        ) {
            let mut spans = Spans::default();
            for (from, length) in &added {
                let before = spans.clone();
                let changed = spans.add(at(*from), at(from + length));
                prop_assert_eq!(changed, before != spans);
            }
            for instant in 0..60 {
                let within = |(from, length): &(i64, i64)| (*from..from + length).contains(&instant);
                prop_assert_eq!(spans.contain(at(instant)), added.iter().any(within));
            }
            let edges: Vec<_> = spans.edges().collect();
            prop_assert!(edges.is_sorted_by(|one, next| one < next), "{:?}", edges);
        }
    }
}
