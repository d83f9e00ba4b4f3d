//! What was recorded long after it was true, and how close that was to a milestone.
//!
//! Both times of a record are read, nothing else: a report of June that came in December, two days
//! before the appraisal, looks like one that was written for it. It proves nothing; it says where to
//! look.

use std::collections::BTreeMap;

use gradus_model::{Event, Recorded, Timestamp};

use crate::settings::Settings;
use crate::story::delay;
use crate::trend::{Span, landmarks};

/// A day, in microseconds.
pub const DAY: i64 = 86_400_000_000;

/// An instant that records may be made for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milestone {
    /// When it is.
    pub at: Timestamp,
    /// What it stands for: the kind of a marker, `phase` or `appraisal`.
    pub kind: &'static str,
    /// Its name.
    pub label: String,
}

/// The milestones of a unit's own settings, as known with `size` records: its markers, and the
/// begin of each phase.
#[must_use]
pub fn milestones(settings: &Settings, size: u64) -> Vec<Milestone> {
    let Ok(all) = Span::new(Timestamp::MIN, Timestamp::MAX) else { return Vec::new() };
    let found = landmarks(settings, size, all);
    let phases = found.phases.into_iter().map(|(phase, open)| Milestone {
        at: open.from,
        kind: "phase",
        label: phase.name().to_owned(),
    });
    let markers = found.markers.into_iter().map(|marker| Milestone {
        at: marker.effective_at,
        kind: marker.value.kind.name(),
        label: marker.value.label.to_string(),
    });
    let mut milestones: Vec<Milestone> = phases.chain(markers).collect();
    milestones.sort();
    milestones
}

/// What makes a record late, and close to a milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The days past which a record is late; at least 1, as in a story.
    pub days: u32,
    /// The days before and after a milestone within which a record is close to it.
    pub close: u32,
}

impl Default for Measure {
    /// Late after a day, by the rule of stories; close within two weeks.
    fn default() -> Self {
        Self { days: 1, close: 14 }
    }
}

/// A record that came late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// Its position in the log.
    pub position: u64,
    /// Its type.
    pub event: &'static str,
    /// When it was true.
    pub effective_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// How long after, in microseconds.
    pub delay: i64,
    /// The number of the milestone that it is closest to, if it is close to one.
    pub near: Option<usize>,
}

/// How late the records of a unit were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// The records that were looked at.
    pub facts: u64,
    /// Those that were late, in the order of recording.
    pub late: Vec<Late>,
    milestones: Vec<Milestone>,
    measure: Measure,
}

impl Lateness {
    /// Of a unit with these milestones, in order of time; nothing was looked at yet.
    #[must_use]
    pub fn of(mut milestones: Vec<Milestone>, measure: Measure) -> Self {
        milestones.sort();
        Self { milestones, measure, ..Self::default() }
    }

    /// Takes in a record of the unit. What places a milestone is none that was made for one, and what
    /// holds since ever was true at no date.
    pub fn take(&mut self, recorded: &Recorded) {
        let is_milestone = matches!(
            recorded.event,
            Event::MarkerPlaced(_) | Event::PhaseEntered(_) | Event::PhaseLeft(_)
        );
        if is_milestone || recorded.effective_at == Timestamp::MIN {
            return;
        }
        self.facts += 1;
        let delay = delay(recorded);
        if delay <= i64::from(self.measure.days.max(1)).saturating_mul(DAY) {
            return;
        }
        let (effective_at, recorded_at) = (recorded.effective_at, recorded.place.recorded_at);
        self.late.push(Late {
            position: recorded.place.position,
            event: recorded.event.name(),
            effective_at,
            recorded_at,
            delay,
            near: self.near(effective_at, recorded_at),
        });
    }

    /// The milestone that a record was made closest to, of those that it might have been made for:
    /// what it says was true before. Of two as close the earlier one.
    fn near(&self, effective_at: Timestamp, recorded_at: Timestamp) -> Option<usize> {
        let distance = |at: Timestamp| at.micros().saturating_sub(recorded_at.micros()).abs();
        let close = i64::from(self.measure.close).saturating_mul(DAY);
        let all = self.milestones.iter().enumerate();
        let may = all.filter(|(_, milestone)| {
            effective_at < milestone.at && distance(milestone.at) <= close
        });
        may.min_by_key(|(_, milestone)| distance(milestone.at)).map(|(number, _)| number)
    }

    /// A milestone by its number.
    #[must_use]
    pub fn milestone(&self, number: usize) -> Option<&Milestone> {
        self.milestones.get(number)
    }

    /// The delay that half of those that were late did not exceed, and the longest; in microseconds.
    #[must_use]
    pub fn delays(&self) -> Option<(i64, i64)> {
        let mut all: Vec<i64> = self.late.iter().map(|late| late.delay).collect();
        all.sort_unstable();
        Some((*all.get((all.len().checked_sub(1)?) / 2)?, *all.last()?))
    }

    /// For each milestone that late records are close to, how many came before it and how many after.
    #[must_use]
    pub fn around(&self) -> Vec<(&Milestone, u64, u64)> {
        let mut counted: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for late in &self.late {
            let Some(number) = late.near else { continue };
            let Some(milestone) = self.milestones.get(number) else { continue };
            let (before, after) = counted.entry(number).or_default();
            *(if late.recorded_at < milestone.at { before } else { after }) += 1;
        }
        let told = counted.into_iter();
        told.filter_map(|(number, (before, after))| {
            Some((self.milestones.get(number)?, before, after))
        })
        .collect()
    }
}
