//! Trends: how the state of an area went over a span of valid time.
//!
//! A trend is read from a course as known at one size, or from what was reported at the time: the
//! diagonal, where each moment is read as known at that moment. Both are told as change points, or
//! as samples at calendar steps counted from the span's begin; today plays no part.

use std::num::NonZeroU32;

use gradus_model::unit::Phase;
use gradus_model::{Interval, Period, Timestamp};

use crate::course::AreaState;
use crate::settings::{Marker, Settings};
use crate::steps::Steps;
use crate::timeline::{At, Stated, Timeline};

/// A trend that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrendError {
    /// A span without an instant.
    #[error("the span from {from} to {to} is empty: let it end after it begins")]
    EmptySpan {
        /// Where it begins.
        from: Timestamp,
        /// Where it ends.
        to: Timestamp,
    },
    /// More samples than may be asked for at once.
    #[error(
        "{asked} samples at steps of {step} are more than {limit}: {}end the span by {end}",
        or_use(fitting.as_ref())
    )]
    TooManySamples {
        /// The samples in the span.
        asked: u32,
        /// The samples that may be asked for.
        limit: NonZeroU32,
        /// The step asked for.
        step: Period,
        /// The shortest multiple of the step that fits, if it is a period.
        fitting: Option<Period>,
        /// The latest end of the span that fits with the step asked for.
        end: Timestamp,
    },
}

fn or_use(fitting: Option<&Period>) -> String {
    fitting.map_or_else(String::new, |step| format!("use steps of {step}, or "))
}

/// A span of valid time, `[from, to)`, with at least an instant in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    /// The span from `from` to just before `to`.
    ///
    /// # Errors
    ///
    /// [`TrendError::EmptySpan`] when `to` is not after `from`.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, TrendError> {
        if from < to { Ok(Self { from, to }) } else { Err(TrendError::EmptySpan { from, to }) }
    }

    /// The first instant inside.
    #[must_use]
    pub const fn from(self) -> Timestamp {
        self.from
    }

    /// The first instant after.
    #[must_use]
    pub const fn to(self) -> Timestamp {
        self.to
    }

    /// The instants of samples: the begin, then one step after it, two steps after it and so on,
    /// as long as they lie in the span.
    ///
    /// Steps are counted from the begin: P1M from the last of January gives the last of February
    /// and the last of March.
    ///
    /// # Errors
    ///
    /// [`TrendError::TooManySamples`] when there are more than `limit`, with what would fit.
    pub fn every(self, step: &Period, limit: NonZeroU32) -> Result<Vec<Timestamp>, TrendError> {
        let asked = self.samples(step);
        if asked <= limit.get() {
            return Ok((0..asked).map(|number| step.after_times(self.from, number)).collect());
        }
        Err(TrendError::TooManySamples {
            asked,
            limit,
            step: step.clone(),
            fitting: step.times(asked.div_ceil(limit.get())),
            end: step.after_times(self.from, limit.get()),
        })
    }

    /// How many samples lie in the span; found by halving, as there may be millions.
    fn samples(self, step: &Period) -> u32 {
        let is_past = |number: u32| step.after_times(self.from, number) >= self.to;
        let (mut inside, mut past) = (0, 1_u32);
        while !is_past(past) {
            inside = past;
            past = past.saturating_mul(2);
        }
        while inside + 1 < past {
            let middle = inside + (past - inside) / 2;
            if is_past(middle) {
                past = middle;
            } else {
                inside = middle;
            }
        }
        past
    }

    fn contains(self, instant: Timestamp) -> bool {
        self.from <= instant && instant < self.to
    }
}

/// The state of an area at an instant; none where the unit's model has no such area.
pub type Point = (Timestamp, Option<AreaState>);

/// Which changes of an area's state a trend tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Changes of a level, or of who answers; the coverage told is that of those instants.
    LevelsOnly,
    /// Changes of coverage besides.
    WithCoverage,
}

impl What {
    fn has_changed(self, was: Option<AreaState>, is: Option<AreaState>) -> bool {
        match self {
            Self::LevelsOnly => {
                let told = |state: AreaState| (state.rated, state.ongoing, state.inherited_from);
                was.map(told) != is.map(told)
            }
            Self::WithCoverage => was != is,
        }
    }
}

/// The state where the span begins, then each change inside it.
#[must_use]
pub fn change_points(course: &Steps<Option<AreaState>>, span: Span, what: What) -> Vec<Point> {
    let mut told = *course.at(span.from);
    let mut points = vec![(span.from, told)];
    let inside = course.after(span.from).iter().take_while(|(instant, _)| *instant < span.to);
    for (instant, state) in inside {
        if what.has_changed(told, *state) {
            told = *state;
            points.push((*instant, told));
        }
    }
    points
}

/// The state at each of these instants, which [`Span::every`] gives.
#[must_use]
pub fn samples(course: &Steps<Option<AreaState>>, instants: &[Timestamp]) -> Vec<Point> {
    instants.iter().map(|instant| (*instant, *course.at(*instant))).collect()
}

/// The state as it was reported at each of these instants, with the point that was read.
///
/// `size_at` tells how many records the log held at an instant; `state` gives the state at a point.
pub fn diagonal(
    instants: &[Timestamp],
    size_at: impl Fn(Timestamp) -> u64,
    state: impl Fn(At) -> Option<AreaState>,
) -> Vec<(At, Option<AreaState>)> {
    let points = instants.iter().map(|at| At { valid_at: *at, size: size_at(*at) });
    points.map(|at| (at, state(at))).collect()
}

/// What was reported at every moment: at each the course that was known then, read then.
///
/// It changes where something became known, and where time made what was known change. `revisions`
/// are the courses in the order in which they became known, each with the stamp of the record that
/// gave it; before the first one nothing was known, which is the default value.
pub fn reported<'a, T: Clone + Default + PartialEq + 'a>(
    revisions: impl IntoIterator<Item = (Timestamp, &'a Steps<T>)>,
) -> Steps<T> {
    let mut reported = Steps::default();
    let mut revisions = revisions.into_iter().peekable();
    while let Some((recorded_at, course)) = revisions.next() {
        let replaced_at = revisions.peek().map(|(stamp, _)| *stamp);
        reported.then(recorded_at, course.at(recorded_at).clone());
        let known = |(instant, _): &&(Timestamp, T)| replaced_at.is_none_or(|end| *instant < end);
        for (instant, value) in course.after(recorded_at).iter().take_while(known) {
            reported.then(*instant, value.clone());
        }
    }
    reported
}

/// What else happened to a unit during a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landmarks {
    /// Phases that were open at some instant of the span, each over all the time it was open,
    /// which may reach beyond the span; by begin, then in the order of the life cycle.
    pub phases: Vec<(Phase, Interval)>,
    /// Markers placed in the span, by instant, then in the order of recording.
    pub markers: Vec<Stated<Marker>>,
}

/// The phases and markers of a unit that fall in a span, as known with `size` records.
#[must_use]
pub fn landmarks(settings: &Settings, size: u64, span: Span) -> Landmarks {
    let phases = settings.phases.iter().flat_map(|(phase, timeline)| {
        open(timeline, size).into_iter().map(move |interval| (*phase, interval))
    });
    let touches = |(_, interval): &(Phase, Interval)| {
        interval.from < span.to && interval.to.is_none_or(|to| span.from < to)
    };
    let mut phases: Vec<(Phase, Interval)> = phases.filter(touches).collect();
    phases.sort_by_key(|(phase, interval)| (interval.from, *phase));
    let inside =
        |marker: &&Stated<Marker>| marker.position < size && span.contains(marker.effective_at);
    let mut markers: Vec<Stated<Marker>> =
        settings.markers.iter().filter(inside).cloned().collect();
    markers.sort_by_key(|marker| (marker.effective_at, marker.position));
    Landmarks { phases, markers }
}

/// The times during which a phase was open, as known with `size` records.
fn open(timeline: &Timeline<bool>, size: u64) -> Vec<Interval> {
    let is_open = Steps::over(timeline.instants(size).collect(), |valid_at| {
        timeline.at(At { valid_at, size }).copied().unwrap_or(false)
    });
    let first = std::iter::once((Timestamp::MIN, *is_open.first()));
    let changes = first.chain(is_open.changes().iter().copied());
    let ends = is_open.instants().map(Some).chain([None]);
    let stretches = changes.zip(ends).filter(|((_, is_open), _)| *is_open);
    stretches.map(|((from, _), to)| Interval { from, to }).collect()
}
