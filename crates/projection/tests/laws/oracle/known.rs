//! Single facts of the log, each looked up from the first record on.

use gradus_model::event::Document;
use gradus_model::evidence::Item;
use gradus_model::rating::Rating;
use gradus_model::suspect::Suspect;
use gradus_model::unit::{AreaRef, Inheritance, PrincipalKind};
use gradus_model::{Event, EvidenceId, PrincipalId, RatingId, Recorded, Target, Timestamp, UnitId};

/// What the log held, seen from a moment.
pub(super) struct Known<'a> {
    /// In the order of their positions.
    pub(super) events: Vec<&'a Recorded>,
    pub(super) at: Timestamp,
}

impl Known<'_> {
    pub(super) fn is_registered(&self, asked: UnitId) -> bool {
        self.events.iter().any(
            |recorded| matches!(&recorded.event, Event::UnitRegistered(new) if new.unit == asked),
        )
    }

    /// The value that takes effect last, but not after the moment; of one instant, the one
    /// recorded last.
    fn latest<T>(&self, read: impl Fn(&Recorded) -> Option<T>) -> Option<T> {
        let mut latest: Option<(Timestamp, T)> = None;
        for recorded in &self.events {
            let from = recorded.effective_at;
            let is_later = latest.as_ref().is_none_or(|(before, _)| *before <= from);
            if from <= self.at && is_later {
                latest = read(recorded).map(|value| (from, value)).or(latest);
            }
        }
        latest.map(|(_, value)| value)
    }

    fn parent(&self, of: UnitId) -> Option<UnitId> {
        let now = self.latest(|recorded| placed(of, &recorded.event));
        // Before its registration took effect, a unit stands where it was registered.
        let first = || self.events.iter().find_map(|recorded| placed(of, &recorded.event));
        now.or_else(first)?.under
    }

    /// Whether the unit has come to be by the moment, and has not been archived.
    pub(super) fn lives(&self, unit: UnitId) -> bool {
        let happened = |is_it: &dyn Fn(&Event) -> bool| {
            self.events.iter().any(|one| one.effective_at <= self.at && is_it(&one.event))
        };
        happened(&|event| matches!(event, Event::UnitRegistered(new) if new.unit == unit))
            && !happened(&|event| matches!(event, Event::UnitArchived(of) if of.unit == unit))
    }

    /// The unit and those above it; a circle ends where it began.
    pub(super) fn lineage(&self, unit: UnitId) -> Vec<UnitId> {
        let mut lineage = vec![unit];
        let mut last = unit;
        while let Some(parent) = self.parent(last) {
            if lineage.contains(&parent) {
                break;
            }
            lineage.push(parent);
            last = parent;
        }
        lineage
    }

    /// What the nearest unit of the lineage that has adopted something has adopted.
    pub(super) fn adopted(
        &self,
        lineage: &[UnitId],
        read: impl Fn(&Event) -> Option<Document>,
    ) -> Option<Document> {
        let by = |unit: UnitId| {
            let own = |recorded: &Recorded| recorded.place.stream == unit;
            self.latest(|recorded| read(&recorded.event).filter(|_| own(recorded)))
        };
        lineage.iter().find_map(|unit| by(*unit))
    }

    pub(super) fn is_tailored_out(&self, unit: UnitId, area: &AreaRef) -> bool {
        let out = self.latest(|recorded| match &recorded.event {
            _ if recorded.place.stream != unit => None,
            Event::AreaTailoredOut(of) if of.area == *area => Some(true),
            Event::AreaTailoredIn(of) if of.area == *area => Some(false),
            _ => None,
        });
        out == Some(true)
    }

    pub(super) fn inheritance(&self, unit: UnitId, area: &AreaRef) -> Inheritance {
        let set = self.latest(|recorded| match &recorded.event {
            Event::AreaInheritanceSet(set)
                if recorded.place.stream == unit && set.area == *area =>
            {
                Some(set.inheritance)
            }
            _ => None,
        });
        set.unwrap_or(Inheritance::ByRules)
    }

    pub(super) fn kind_of(&self, principal: PrincipalId) -> Option<PrincipalKind> {
        let added = |recorded: &&Recorded| match &recorded.event {
            Event::PrincipalAdded(added) if added.principal == principal => Some(added.kind),
            _ => None,
        };
        self.events.iter().find_map(added)
    }

    /// Whether the source of an item is distrusted by a record that none took back.
    pub(super) fn is_distrusted(&self, submitted: &Recorded, item: &Item) -> bool {
        let taken_back = |position: u64| {
            self.events.iter().any(
                |one| matches!(&one.event, Event::SourceRestored(of) if of.distrust == position),
            )
        };
        self.events.iter().any(|one| match &one.event {
            Event::SourceDistrusted(of) => {
                let stamp = submitted.place.recorded_at;
                let before = of.from.is_some_and(|from| stamp < from);
                let after = of.until.is_some_and(|until| stamp >= until);
                let made = is_made_by(&of.suspect, submitted.actor, item);
                made && !before && !after && !taken_back(one.place.position)
            }
            _ => false,
        })
    }

    /// The last that was recorded of something in a unit's stream, whatever its date.
    fn last_said<T>(&self, unit: UnitId, read: impl Fn(&Recorded) -> Option<T>) -> Option<T> {
        let own = self.events.iter().rev().filter(|recorded| recorded.place.stream == unit);
        own.copied().find_map(read)
    }

    pub(super) fn is_linked(&self, unit: UnitId, item: &Item, target: &Target) -> bool {
        let relinked = self.last_said(unit, |recorded| match &recorded.event {
            Event::EvidenceLinked(links)
                if links.evidence == item.evidence && links.practices.contains(target) =>
            {
                Some(true)
            }
            Event::EvidenceUnlinked(links)
                if links.evidence == item.evidence && links.practices.contains(target) =>
            {
                Some(false)
            }
            _ => None,
        });
        relinked.unwrap_or(item.practices.contains(target))
    }

    /// Whether the last decision on an item was that it counts, if anything was decided.
    pub(super) fn decision(&self, unit: UnitId, item: EvidenceId) -> Option<bool> {
        self.last_said(unit, |recorded| match &recorded.event {
            Event::EvidenceAccepted(of) if of.evidence == item => Some(true),
            Event::EvidenceRejected(of) | Event::EvidenceWithdrawn(of) if of.evidence == item => {
                Some(false)
            }
            _ => None,
        })
    }

    pub(super) fn ended(&self, unit: UnitId, item: EvidenceId) -> Option<Timestamp> {
        self.last_said(unit, |recorded| match &recorded.event {
            Event::EvidenceEnded(of) if of.evidence == item => Some(recorded.effective_at),
            _ => None,
        })
    }

    pub(super) fn superseded(&self, unit: UnitId, item: EvidenceId) -> Option<Timestamp> {
        self.last_said(unit, |recorded| match &recorded.event {
            Event::EvidenceSuperseded(of) if of.evidence == item => Some(recorded.effective_at),
            _ => None,
        })
    }

    pub(super) fn is_withdrawn(&self, unit: UnitId, rating: RatingId) -> bool {
        let withdrawn = self.last_said(unit, |recorded| match &recorded.event {
            Event::RatingWithdrawn(of) if of.rating == rating => Some(()),
            _ => None,
        });
        withdrawn.is_some()
    }

    pub(super) fn rating_ended(&self, unit: UnitId, rating: RatingId) -> Option<Timestamp> {
        self.last_said(unit, |recorded| match &recorded.event {
            Event::RatingEnded(of) if of.rating == rating => Some(recorded.effective_at),
            _ => None,
        })
    }

    /// The ratings of a practice that took effect and were not withdrawn, in order of position.
    pub(super) fn ratings(&self, unit: UnitId, target: &Target) -> Vec<Rated<'_>> {
        let mut ratings = Vec::new();
        for recorded in &self.events {
            if let Event::PracticeRated(rating) = &recorded.event
                && recorded.place.stream == unit
                && rating.target == *target
                && recorded.effective_at <= self.at
                && !self.is_withdrawn(unit, rating.rating)
            {
                let (from, to) = (recorded.effective_at, self.rating_ended(unit, rating.rating));
                ratings.push(Rated { rating, from, to });
            }
        }
        ratings
    }
}

fn is_made_by(suspect: &Suspect, provider: PrincipalId, item: &Item) -> bool {
    let tool = item.tool.as_ref();
    let version = tool.and_then(|tool| tool.version.as_ref());
    let (name, asked) = match suspect {
        Suspect::Principal(id) => return *id == provider,
        Suspect::Source(name) => return *name == item.source.name,
        Suspect::Tool(of) => {
            (tool.map(|tool| tool.name.to_string()) == Some(of.name.to_string()), of)
        }
        Suspect::Mapping(of) => {
            let mapping = tool.and_then(|tool| tool.mapping.as_ref()).map(ToString::to_string);
            let whole = mapping.as_deref().and_then(|mapping| mapping.split('/').next());
            let name = Some(of.name.as_str());
            (mapping.as_deref() == name || whole == name, of)
        }
    };
    name && (asked.version.is_none() || asked.version.as_ref() == version)
}

/// Where a fact places a unit.
fn placed(unit: UnitId, event: &Event) -> Option<Placed> {
    match event {
        Event::UnitRegistered(new) if new.unit == unit => Some(Placed { under: new.parent }),
        Event::UnitMoved(moved) if moved.unit == unit => Some(Placed { under: Some(moved.parent) }),
        _ => None,
    }
}

/// A unit's place in the tree.
struct Placed {
    under: Option<UnitId>,
}

/// A rating, and over which time it holds by itself.
pub(super) struct Rated<'a> {
    pub(super) rating: &'a Rating,
    pub(super) from: Timestamp,
    pub(super) to: Option<Timestamp>,
}
