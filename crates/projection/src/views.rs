//! Everything that queries read: the organization and each unit's history, folded from the log.
//!
//! Invariant: applying an event below the cursor changes nothing, and a rebuild from position 0
//! gives the same views.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::appraisal::Said;
use gradus_domain::history::{Recall, Remembered};
use gradus_domain::level::{AreaAnswer, Question, levels};
pub use gradus_domain::world::{Basis, NoAnswer};
use gradus_domain::world::{World, basis};
use gradus_domain::{Appraisals, At, Registry, Rules, UnitHistory};
use gradus_model::event::{Document, StateDigestRecorded};
use gradus_model::unit::Grade;
use gradus_model::{Catalog, Digest, Event, Recorded, Timestamp, UnitId};

use crate::library::Library;
use crate::projector::touches_others;

/// The read models and how far they have read.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// How far the views have read, as a log size.
    pub cursor: u64,
    /// The organization.
    pub registry: Registry,
    /// All appraisals.
    pub appraisals: Appraisals,
    /// The state digests that were recorded, by the size that they describe.
    pub state_digests: BTreeMap<u64, StateDigest>,
    /// The stamp of the last record that was read.
    stamped: Option<Timestamp>,
    /// The size at which the last record came that bears on the levels of units besides its own.
    bore_on_others: u64,
    units: BTreeMap<UnitId, UnitHistory>,
    /// From where items and ratings of a unit are read again that were forgotten.
    recall: Option<Arc<dyn Recall>>,
}

/// A state digest as it was recorded; no level rests on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDigest {
    /// Where it was recorded.
    pub position: u64,
    /// When it was.
    pub recorded_at: Timestamp,
    /// What it says.
    pub said: StateDigestRecorded,
}

/// How far a unit's stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The unit.
    pub unit: UnitId,
    /// The version of its stream.
    pub version: u64,
    /// The size of the log at which it came to that.
    pub since: u64,
}

/// The views and the documents together: everything that levels are computed from.
#[derive(Clone, Copy)]
pub struct Whole<'a> {
    /// The views.
    pub views: &'a Views,
    /// The documents.
    pub library: &'a Library,
}

impl World for Whole<'_> {
    fn registry(&self) -> &Registry {
        &self.views.registry
    }

    fn history(&self, unit: UnitId) -> Option<&UnitHistory> {
        self.views.history(unit)
    }

    fn model(&self, digest: &Digest) -> Option<Arc<Catalog>> {
        self.library.model(digest)
    }

    fn rules(&self, digest: &Digest) -> Option<Arc<Rules>> {
        self.library.rules(digest)
    }
}

impl Views {
    /// Views that may forget items and ratings, since they can be recalled.
    #[must_use]
    pub fn recalling(from: Arc<dyn Recall>) -> Self {
        Self { recall: Some(from), ..Self::default() }
    }

    /// Views of a log of `size` records that hold no items and ratings; `events` are all those that
    /// settle something, and `reached` tells how far each stream has come.
    #[must_use]
    pub fn standing(
        from: Arc<dyn Recall>,
        size: u64,
        events: &[Recorded],
        reached: &[Reached],
    ) -> Self {
        let mut views = Self::recalling(from);
        for event in events {
            views.apply(event);
        }
        for Reached { unit, version, since } in reached {
            views.unit(*unit).stand_at(*version, *since);
        }
        views.cursor = size;
        views
    }

    /// How far each stream has come.
    pub fn reached(&self) -> impl Iterator<Item = Reached> {
        self.histories().map(|(unit, history)| {
            let (version, since) = (history.version, history.since);
            Reached { unit, version, since }
        })
    }

    /// From which size on the levels of a unit cannot have changed by what was recorded, at any date:
    /// no later record is of its stream, or bears on units besides its own.
    #[must_use]
    pub fn at_rest_since(&self, unit: UnitId) -> u64 {
        let since = self.history(unit).map_or(0, |history| history.since);
        since.max(self.bore_on_others)
    }

    /// The moment at which rights are judged: a clock that was set back takes nobody's away.
    #[must_use]
    pub fn moment(&self, now: Timestamp) -> Timestamp {
        self.stamped.map_or(now, |stamped| now.max(stamped))
    }

    /// Takes in one recorded event.
    pub fn apply(&mut self, recorded: &Recorded) {
        let position = recorded.place.position;
        if position < self.cursor {
            return;
        }
        self.cursor = position + 1;
        self.stamped = self.stamped.max(Some(recorded.place.recorded_at));
        self.evolve(recorded);
        self.unit(recorded.place.stream).apply(recorded);
    }

    /// Takes in what an event says of the organization and of appraisals.
    fn evolve(&mut self, recorded: &Recorded) {
        let Recorded { place, effective_at, event, .. } = recorded;
        if touches_others(recorded) {
            self.bore_on_others = place.position + 1;
        }
        self.registry.evolve(place.position, *effective_at, event);
        if let (Event::TokenIssued(issued), Grade::Internal) = (event, recorded.grade) {
            self.registry.issued_by_itself(issued.token);
        }
        self.appraisals.evolve(place.stream, Said::by(recorded), event);
        if let Event::StateDigestRecorded(said) = event {
            let (position, recorded_at) = (place.position, place.recorded_at);
            let digest = StateDigest { position, recorded_at, said: said.clone() };
            self.state_digests.insert(said.size, digest);
        }
    }

    fn unit(&mut self, id: UnitId) -> &mut UnitHistory {
        self.units.entry(id).or_insert_with(|| match &self.recall {
            Some(from) => UnitHistory::recalled(id, Arc::clone(from)),
            None => UnitHistory::default(),
        })
    }

    /// Forgets items and ratings of units that nobody asked for since this was last done, until
    /// what is held takes about `most_bytes` or less.
    ///
    /// What is asked for again and again stays, however much it is: to read it again each time
    /// would cost far more than its room. What is forgotten is returned, to be dropped where nobody
    /// waits for that.
    pub fn make_room(&mut self, most_bytes: usize) -> Vec<Remembered> {
        let forgotten = self.forget_unused(most_bytes);
        self.histories().for_each(|(_, history)| history.rest());
        forgotten
    }

    /// The same, while it is found out what else is asked for.
    pub fn forget_unused(&mut self, most_bytes: usize) -> Vec<Remembered> {
        let mut forgotten = Vec::new();
        let mut held = self.held_bytes();
        if held <= most_bytes {
            return forgotten;
        }
        // Somewhat less, so that it need not be done again at once.
        let enough = most_bytes - most_bytes / 4;
        for history in self.units.values_mut() {
            if held > enough && !history.is_used() {
                held -= history.bytes();
                forgotten.extend(history.forget());
            }
        }
        forgotten
    }

    /// Forgets these units' items and ratings, unless somebody asked for them lately, where more is
    /// held than `most_bytes`.
    pub fn forget_unasked(&mut self, units: &[UnitId], most_bytes: usize) -> Vec<Remembered> {
        if self.held_bytes() <= most_bytes {
            return Vec::new();
        }
        let mut forget = |unit: &UnitId| {
            let history = self.units.get_mut(unit).filter(|history| !history.is_used());
            history.and_then(UnitHistory::forget)
        };
        units.iter().filter_map(&mut forget).collect()
    }

    /// About how many bytes of items and ratings are held that can be recalled.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.units.values().map(UnitHistory::bytes).sum()
    }

    /// Every unit of which something is recorded, in the order of ids.
    pub fn histories(&self) -> impl Iterator<Item = (UnitId, &UnitHistory)> {
        self.units.iter().map(|(id, history)| (*id, history))
    }

    /// Takes in recorded events, those of each unit together: it comes to the same as one by one.
    ///
    /// After each unit's, `each` is told of them.
    pub(crate) fn apply_by_unit(
        &mut self,
        recorded: &[Recorded],
        mut each: impl FnMut(&Self, &[&Recorded]),
    ) {
        let known = recorded.partition_point(|recorded| recorded.place.position < self.cursor);
        let new = recorded.get(known..).unwrap_or_default();
        for recorded in new {
            self.cursor = recorded.place.position + 1;
            self.evolve(recorded);
        }
        for of_unit in by_unit(new).chunk_by(|one, next| one.place.stream == next.place.stream) {
            let Some(first) = of_unit.first() else { continue };
            let history = self.unit(first.place.stream);
            for recorded in of_unit {
                history.apply(recorded);
            }
            each(self, of_unit);
        }
    }

    /// Whether a unit was registered within the first `size` records.
    #[must_use]
    pub fn knows(&self, unit: UnitId, size: u64) -> bool {
        self.registry.unit(unit).is_some_and(|unit| unit.position < size)
    }

    /// A unit's history.
    #[must_use]
    pub fn history(&self, unit: UnitId) -> Option<&UnitHistory> {
        self.units.get(&unit)
    }

    /// These views with the documents they were told of.
    #[must_use]
    pub const fn with<'a>(&'a self, library: &'a Library) -> Whole<'a> {
        Whole { views: self, library }
    }

    /// The model and rules in force for a unit at a point, or with `rules` in place of those.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] where nothing was adopted.
    pub fn basis(
        &self,
        library: &Library,
        unit: UnitId,
        at: At,
        rules: Option<Document>,
    ) -> Result<Basis, NoAnswer> {
        basis(&self.with(library), unit, at, rules.as_ref())
    }

    /// The levels of every area of a unit at a point, with every practice.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::UnitUnknown`] for a unit that is not there.
    pub fn levels(&self, basis: &Basis, unit: UnitId, at: At) -> Result<Vec<AreaAnswer>, NoAnswer> {
        self.levels_with(basis, unit, at, None)
    }

    /// The levels of a unit at a point, were `own` its history.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::UnitUnknown`] for a unit that is not there.
    pub fn levels_with(
        &self,
        basis: &Basis,
        unit: UnitId,
        at: At,
        own: Option<&UnitHistory>,
    ) -> Result<Vec<AreaAnswer>, NoAnswer> {
        self.registry.unit(unit).ok_or(NoAnswer::UnitUnknown)?;
        let nothing = UnitHistory::default();
        let lineage: Vec<(UnitId, &UnitHistory)> = self
            .registry
            .answering(unit, at)
            .into_iter()
            .map(|id| {
                let instead = own.filter(|_| id == unit);
                (id, instead.or_else(|| self.units.get(&id)).unwrap_or(&nothing))
            })
            .collect();
        let (rules, model) = (&*basis.read_rules, &*basis.catalog);
        let question = Question { at, rules, model, providers: &self.registry };
        Ok(levels(&question, &lineage))
    }
}

/// Whether an event says anything but of items (200 to 299) and ratings (300 to 399): those that do
/// not are recalled.
#[must_use]
pub const fn stands(event: &Event) -> bool {
    let number = event.event_type();
    let erases = matches!(
        event,
        Event::PayloadErased(_) | Event::PayloadsErased(_) | Event::AttachmentsErased(_)
    );
    number < 200 || 400 <= number || erases
}

/// Events by unit, those of one in the order of their positions.
pub(crate) fn by_unit(recorded: &[Recorded]) -> Vec<&Recorded> {
    let mut by_unit: Vec<&Recorded> = recorded.iter().collect();
    by_unit.sort_by_cached_key(|recorded| recorded.place.stream);
    by_unit
}
