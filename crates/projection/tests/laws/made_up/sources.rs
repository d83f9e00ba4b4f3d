//! Sources that are distrusted and restored, by chance.

use gradus_model::event::SourceRestored;
use gradus_model::{Event, Recorded, Timestamp};

use super::{History, Story, facts, organization, stamp};
use crate::world::first_day;

impl History {
    /// Gives every record another stamp; intervals between stamps go with them.
    pub(crate) fn stamp(&mut self, stamps: &[Timestamp]) {
        let moved = |old: &mut Timestamp| {
            let place = old.micros() - first_day().micros();
            let new = usize::try_from(place).ok().and_then(|place| stamps.get(place));
            let last = stamps.last().copied().unwrap_or_else(first_day);
            *old = new.copied().unwrap_or_else(|| last.plus_micros(place));
        };
        for (recorded, stamp) in self.events.iter_mut().zip(stamps) {
            recorded.place.recorded_at = *stamp;
            if let Event::SourceDistrusted(of) = &mut recorded.event {
                of.from.iter_mut().chain(&mut of.until).for_each(moved);
            }
        }
    }
}

impl Story {
    /// The stamp of a record, or of one that is yet to come.
    fn stamp(&mut self) -> Option<Timestamp> {
        let most = self.events.len() as u64 + 20;
        let position = self.dice.below(most);
        let stamp = stamp(position);
        self.dice.in_hundred(50).then_some(stamp)
    }

    pub(super) fn distrust(&mut self) {
        let suspect = self.anyone();
        let (one, other) = (self.stamp(), self.stamp());
        let (from, until) = match one.zip(other) {
            Some((one, other)) => (Some(one.min(other)), Some(one.max(other))),
            None => (one, other),
        };
        let event = facts::distrusted(&mut self.dice, suspect, from, until);
        let (by, at) = (self.person(), self.instant());
        self.tell(organization(), by, at, event);
    }

    /// Takes back any of the distrusts, one that was taken back already too.
    pub(super) fn restore(&mut self) {
        let distrusts = self.events.iter().filter(|of| is_distrust(of));
        let positions: Vec<u64> = distrusts.map(|of| of.place.position).collect();
        if positions.is_empty() {
            return self.distrust();
        }
        let distrust = self.dice.one_of(&positions);
        let (by, at) = (self.person(), self.instant());
        let event = Event::SourceRestored(SourceRestored { distrust });
        self.tell(organization(), by, at, event);
    }
}

fn is_distrust(of: &Recorded) -> bool {
    matches!(of.event, Event::SourceDistrusted(_))
}
