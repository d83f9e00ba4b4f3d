//! What falls when, if nothing is renewed: the course of an area past a moment.
//!
//! Validity is data, so the future is read like the past: "if nothing is renewed, PA11 falls from 3
//! to 2 on 2027-03-01".

use gradus_model::Timestamp;

use crate::cause::{Asked, Cause, Earlier};
use crate::course::AreaState;
use crate::difference::{Way, levels};
use crate::sse_cmm::LevelAnswer;
use crate::steps::Steps;

/// A change that lies ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first instant of what comes after.
    pub instant: Timestamp,
    /// What is said of the area before; none where nothing is in force for it.
    pub before: Option<AreaState>,
    /// What is said of the area from then on.
    pub after: Option<AreaState>,
    /// Why: which practices lapse because which items expire, by which window. At least one.
    pub causes: Vec<Cause>,
}

impl Change {
    /// Whether only the coverage changes, or who answers, and no level.
    #[must_use]
    pub fn is_of_coverage_only(&self) -> bool {
        levels(self.before) == levels(self.after)
    }

    /// Whether a level falls: see [`falls`].
    #[must_use]
    pub fn falls(&self) -> bool {
        self.before.zip(self.after).is_some_and(|(before, after)| falls(&before, &after))
    }
}

/// Whether the rated or the ongoing level falls: its lower bound sinks, or a level above 0 is no
/// longer rated. An area that is tailored out does not fall.
#[must_use]
pub fn falls(before: &AreaState, after: &AreaState) -> bool {
    let sinks = |before: LevelAnswer, after: LevelAnswer| {
        let at_least = |answer| match answer {
            LevelAnswer::Range { at_least, .. } => Some(at_least),
            LevelAnswer::NotRated => Some(0),
            LevelAnswer::NotApplicable | LevelAnswer::NotDeterminable => None,
        };
        at_least(before).zip(at_least(after)).is_some_and(|(before, after)| after < before)
    };
    sinks(before.rated, after.rated) || sinks(before.ongoing, after.ongoing)
}

/// Every change after `from` and before `until`, as known with `size` records.
///
/// `course` is the area's own, as [`course`](crate::course::course) gives it for the same question.
#[must_use]
pub fn forecast(
    asked: &Asked<'_>,
    size: u64,
    course: &Steps<Option<AreaState>>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<Change> {
    let ahead = course.after(from).iter().take_while(|(instant, _)| *instant < until);
    ahead.filter_map(|(instant, _)| change(asked, size, *instant)).collect()
}

/// The first change after `from` at which a level falls, as known with `size` records.
#[must_use]
pub fn falls_next(
    asked: &Asked<'_>,
    size: u64,
    course: &Steps<Option<AreaState>>,
    from: Timestamp,
) -> Option<Change> {
    let mut before = course.at(from);
    for (instant, after) in course.after(from) {
        let (was, is) = (before.as_ref(), after.as_ref());
        if was.zip(is).is_some_and(|(was, is)| falls(was, is)) {
            return change(asked, size, *instant);
        }
        before = after;
    }
    None
}

/// What changes at an instant, and why.
fn change(asked: &Asked<'_>, size: u64, instant: Timestamp) -> Option<Change> {
    let of = |with_coverage| {
        Way { asked: *asked, earlier: Earlier::default(), with_coverage }.passed(instant, size)
    };
    // What only moves the coverage is no cause of a level's change.
    let movement = of(false).or_else(|| of(true))?;
    let (before, after, causes) = (movement.before, movement.after, movement.causes);
    Some(Change { instant, before, after, causes })
}
