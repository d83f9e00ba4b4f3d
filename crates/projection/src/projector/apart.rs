//! Events of one unit, taken in with a history of it that was recalled apart from the views.

use std::collections::BTreeSet;
use std::sync::Arc;

use gradus_domain::world::World;
use gradus_domain::{Registry, Rules, UnitHistory};
use gradus_model::{Catalog, Digest, Event, Recorded, UnitId};

use super::{Parked, Projector, Tell};
use crate::views::stands;

impl Projector {
    /// Whether to take in these events of one unit, its items and ratings have to be asked for: some
    /// area may not be held, or an event is about an item or a rating of before.
    #[must_use]
    pub fn asks_history(&self, of_unit: &[&Recorded]) -> bool {
        of_unit.iter().any(|recorded| {
            is_of_before(&recorded.event) || self.is_lacking(&recorded.place.stream, recorded)
        })
    }

    /// The units of which these events are about an item or a rating of before: their histories will
    /// be asked for it, whatever is held of them.
    #[must_use]
    pub fn asking(&self, recorded: &[Recorded]) -> BTreeSet<UnitId> {
        let of_before = recorded.iter().filter(|recorded| is_of_before(&recorded.event));
        let units = of_before.map(|recorded| recorded.place.stream);
        units.filter(|unit| !self.parked.contains(unit)).collect()
    }

    /// The same as [`Self::apply`] for each of these events, which are of one unit and follow each other
    /// for all that bears on it; `history` is that unit's, as the world knows it.
    ///
    /// Where history is asked for, the unit is held whole first.
    pub fn apply_apart(
        &mut self,
        world: &dyn World,
        history: &UnitHistory,
        of_unit: &[&Recorded],
        tell: Tell<'_>,
    ) -> Vec<Parked> {
        let Some(first) = of_unit.first().map(|first| first.place) else { return Vec::new() };
        let lent = Lent { world, unit: first.stream, history };
        if of_unit.iter().any(|recorded| self.is_lacking(&first.stream, recorded)) {
            self.hold_whole(&lent, first.stream, history, first.position);
        }
        let apply = |recorded: &&Recorded| self.apply(&lent, recorded, &mut *tell);
        of_unit.iter().flat_map(apply).collect()
    }
}

/// Whether an event is about an item or a rating that was recorded before it.
const fn is_of_before(event: &Event) -> bool {
    !stands(event) && !matches!(event, Event::EvidenceSubmitted(_))
}

/// The world, with another history of one unit.
struct Lent<'a> {
    world: &'a dyn World,
    unit: UnitId,
    history: &'a UnitHistory,
}

impl World for Lent<'_> {
    fn registry(&self) -> &Registry {
        self.world.registry()
    }

    fn history(&self, unit: UnitId) -> Option<&UnitHistory> {
        if unit == self.unit { Some(self.history) } else { self.world.history(unit) }
    }

    fn model(&self, digest: &Digest) -> Option<Arc<Catalog>> {
        self.world.model(digest)
    }

    fn rules(&self, digest: &Digest) -> Option<Arc<Rules>> {
        self.world.rules(digest)
    }
}
