//! One unit's whole history, readable at any point of both times.
//!
//! A plain fold: nothing is thrown away, and every question filters by what was known. Invariant:
//! events are applied in the order of their positions.

mod told;

use std::collections::BTreeMap;

use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength};
use gradus_model::rating::Rating;
use gradus_model::{Event, EvidenceId, Label, PrincipalId, RatingId, Recorded, Target, Timestamp};

use crate::evidence::Standing;
use crate::settings::Settings;
use crate::timeline::{At, Stated};

pub use told::Told;

/// What happened to an item after it was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was accepted, rejected or withdrawn.
    Stands(Standing),
    /// It counts until then.
    Ended(Timestamp),
    /// Another item took its place from then on.
    Superseded(EvidenceId, Timestamp),
    /// Someone else vouched for it.
    Confirmed(PrincipalId),
}

/// An item of evidence with all that happened to it.
#[derive(Clone, Debug)]
pub struct EvidenceHistory {
    /// The item's id.
    pub id: EvidenceId,
    /// Where its submission was recorded.
    pub position: u64,
    /// The version of the stream at its submission.
    pub version: u64,
    /// Who submitted it.
    pub provider: PrincipalId,
    /// What sort of evidence it is.
    pub kind: Kind,
    /// Which way it speaks.
    pub outcome: Outcome,
    /// How closely it is tied to its practices.
    pub strength: Strength,
    /// When the work began.
    pub work_from: Timestamp,
    /// When the work ended.
    pub work_to: Timestamp,
    /// The end of its validity that the submitter gave.
    pub valid_until: Option<Timestamp>,
    /// Where it came from.
    pub source: Source,
    /// The process instance it belongs to.
    pub instance: Option<Label>,
    happenings: Vec<(u64, Happening)>,
}

impl EvidenceHistory {
    fn known(&self, size: u64) -> impl DoubleEndedIterator<Item = &Happening> {
        let known = move |(position, _): &&(u64, Happening)| *position < size;
        self.happenings.iter().filter(known).map(|(_, happening)| happening)
    }

    /// What was last decided on it, as known with `size` records: the last position wins.
    #[must_use]
    pub fn standing(&self, size: u64) -> Standing {
        let decided = |happening: &Happening| match happening {
            Happening::Stands(standing) => Some(*standing),
            Happening::Ended(_) | Happening::Superseded(..) | Happening::Confirmed(_) => None,
        };
        self.known(size).rev().find_map(decided).unwrap_or(Standing::Submitted)
    }

    /// Where the last decision on it was recorded, if there was one.
    #[must_use]
    pub fn decided_at(&self, size: u64) -> Option<u64> {
        let mut known = self.happenings.iter().rev().filter(|(position, _)| *position < size);
        let decided = |(position, happening): &(u64, Happening)| {
            matches!(happening, Happening::Stands(_)).then_some(*position)
        };
        known.find_map(decided)
    }

    /// When it ceased to count, by an end or because another item took its place.
    #[must_use]
    pub fn ended_at(&self, size: u64) -> Option<Timestamp> {
        let mut ended = None;
        let mut superseded = None;
        for happening in self.known(size) {
            match happening {
                Happening::Ended(at) => ended = Some(*at),
                Happening::Superseded(_, at) => superseded = Some(*at),
                Happening::Stands(_) | Happening::Confirmed(_) => (),
            }
        }
        [ended, superseded].into_iter().flatten().min()
    }

    /// The item that took its place, and from when on.
    #[must_use]
    pub fn superseded_by(&self, size: u64) -> Option<(EvidenceId, Timestamp)> {
        self.known(size).rev().find_map(|happening| match happening {
            Happening::Superseded(by, at) => Some((*by, *at)),
            Happening::Stands(_) | Happening::Ended(_) | Happening::Confirmed(_) => None,
        })
    }

    /// Who vouched for it besides its provider.
    pub fn confirmed_by(&self, size: u64) -> impl Iterator<Item = PrincipalId> {
        self.known(size).filter_map(|happening| match happening {
            Happening::Confirmed(by) => Some(*by),
            Happening::Stands(_) | Happening::Ended(_) | Happening::Superseded(..) => None,
        })
    }
}

/// A rating with all that happened to it.
#[derive(Clone, Debug)]
pub struct RatingHistory {
    /// The rating.
    pub rating: Rating,
    /// Where it was recorded.
    pub position: u64,
    /// Who rated, or for whose rules.
    pub actor: PrincipalId,
    /// From when it is in force.
    pub effective_at: Timestamp,
    withdrawn: Option<u64>,
    ends: Vec<(u64, Timestamp)>,
}

impl RatingHistory {
    /// Whether it is in force at a point, as far as it alone says; another one may have replaced it
    /// ([`in_force`](crate::in_force::in_force)).
    #[must_use]
    pub fn is_in_force(&self, at: At) -> bool {
        self.ever_in_force(at.size)
            && self.effective_at <= at.valid_at
            && self.ended_at(at.size).is_none_or(|end| at.valid_at < end)
    }

    /// Whether it was in force at any moment, as known with `size` records; what ended where it
    /// began never was.
    #[must_use]
    pub fn ever_in_force(&self, size: u64) -> bool {
        self.position < size
            && !self.is_withdrawn(size)
            && self.ended_at(size).is_none_or(|end| self.effective_at < end)
    }

    /// Until when it was in force, as known with `size` records.
    #[must_use]
    pub fn ended_at(&self, size: u64) -> Option<Timestamp> {
        let known = |(position, _): &&(u64, Timestamp)| *position < size;
        self.ends.iter().rev().find(known).map(|(_, end)| *end)
    }

    /// Whether it was withdrawn, as known with `size` records.
    #[must_use]
    pub fn is_withdrawn(&self, size: u64) -> bool {
        self.withdrawn.is_some_and(|position| position < size)
    }
}

/// An item speaks for a target from the position `from` to the position `to`; links of one item to
/// one target never overlap.
#[derive(Clone, Copy, Debug)]
struct Link {
    evidence: u32,
    from: u64,
    to: Option<u64>,
}

impl Link {
    fn holds(&self, size: u64) -> bool {
        self.from < size && self.to.is_none_or(|to| size <= to)
    }
}

/// The fold of one unit's stream.
#[derive(Clone, Debug, Default)]
pub struct UnitHistory {
    /// The version of the stream, 0 while it is empty.
    pub version: u64,
    /// What the unit has settled.
    pub settings: Settings,
    evidence: Vec<EvidenceHistory>,
    ratings: Vec<RatingHistory>,
    evidence_by_id: BTreeMap<EvidenceId, u32>,
    ratings_by_id: BTreeMap<RatingId, u32>,
    links: BTreeMap<Target, Vec<Link>>,
    rated: BTreeMap<Target, Vec<u32>>,
    /// Stream versions whose payload was erased, with the position that says so.
    pub erased: Vec<Stated<u64>>,
}

impl UnitHistory {
    /// Takes in one recorded event of the unit's stream; one that was taken in changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        if recorded.place.version <= self.version {
            return;
        }
        self.version = recorded.place.version;
        let (position, effective_at) = (recorded.place.position, recorded.effective_at);
        match &recorded.event {
            Event::EvidenceSubmitted(item) => self.submit(recorded, item),
            Event::EvidenceAccepted(of) => {
                self.happen(of.evidence, position, Happening::Stands(Standing::Accepted));
            }
            Event::EvidenceRejected(of) => {
                self.happen(of.evidence, position, Happening::Stands(Standing::Rejected));
            }
            Event::EvidenceWithdrawn(of) => {
                self.happen(of.evidence, position, Happening::Stands(Standing::Withdrawn));
            }
            Event::EvidenceEnded(of) => {
                self.happen(of.evidence, position, Happening::Ended(effective_at));
            }
            Event::EvidenceSuperseded(of) => {
                let happening = Happening::Superseded(of.by, effective_at);
                self.happen(of.evidence, position, happening);
            }
            Event::EvidenceConfirmed(of) => {
                self.happen(of.evidence, position, Happening::Confirmed(recorded.actor));
            }
            Event::EvidenceLinked(links) => {
                self.link(links.evidence, position, &links.practices);
            }
            Event::EvidenceUnlinked(links) => {
                self.unlink(links.evidence, position, &links.practices);
            }
            Event::PayloadErased(erased) => {
                self.erased.push(Stated { position, effective_at, value: erased.version });
            }
            Event::PracticeRated(rating) => self.rate(recorded, rating),
            Event::RatingWithdrawn(of) => {
                if let Some(rating) = self.rating_mut(of.rating) {
                    rating.withdrawn.get_or_insert(position);
                }
            }
            Event::RatingEnded(of) => {
                if let Some(rating) = self.rating_mut(of.rating) {
                    rating.ends.push((position, effective_at));
                }
            }
            other => {
                // Events of the organization's stream change its registry, not its history.
                self.settings.evolve(position, effective_at, other);
            }
        }
    }

    fn submit(&mut self, recorded: &Recorded, item: &Item) {
        let Ok(number) = u32::try_from(self.evidence.len()) else { return };
        self.evidence.push(EvidenceHistory {
            id: item.evidence,
            position: recorded.place.position,
            version: recorded.place.version,
            provider: recorded.actor,
            kind: item.kind,
            outcome: item.outcome,
            strength: item.strength,
            work_from: item.work_from.unwrap_or(recorded.effective_at),
            work_to: recorded.effective_at,
            valid_until: item.valid_until,
            source: item.source.clone(),
            instance: item.instance.clone(),
            happenings: Vec::new(),
        });
        self.evidence_by_id.insert(item.evidence, number);
        for target in &item.practices {
            let links = self.links.entry(target.clone()).or_default();
            // The item is new: only its own practices, named twice, could have linked it.
            if links.last().is_none_or(|link| link.evidence != number) {
                links.push(Link { evidence: number, from: recorded.place.position, to: None });
            }
        }
    }

    fn link(&mut self, id: EvidenceId, position: u64, practices: &[Target]) {
        let Some(evidence) = self.evidence_by_id.get(&id).copied() else { return };
        for target in practices {
            let links = self.links.entry(target.clone()).or_default();
            if !links.iter().any(|link| link.evidence == evidence && link.to.is_none()) {
                links.push(Link { evidence, from: position, to: None });
            }
        }
    }

    fn unlink(&mut self, id: EvidenceId, position: u64, practices: &[Target]) {
        let Some(evidence) = self.evidence_by_id.get(&id).copied() else { return };
        for target in practices {
            let links = self.links.get_mut(target).into_iter().flatten();
            for link in links.filter(|link| link.evidence == evidence) {
                link.to.get_or_insert(position);
            }
        }
    }

    fn happen(&mut self, id: EvidenceId, position: u64, happening: Happening) {
        let number = self.evidence_by_id.get(&id).copied();
        let item = number.and_then(|number| self.evidence.get_mut(number as usize));
        if let Some(item) = item {
            item.happenings.push((position, happening));
        }
    }

    fn rate(&mut self, recorded: &Recorded, rating: &Rating) {
        let Ok(number) = u32::try_from(self.ratings.len()) else { return };
        self.ratings_by_id.insert(rating.rating, number);
        self.rated.entry(rating.target.clone()).or_default().push(number);
        self.ratings.push(RatingHistory {
            rating: rating.clone(),
            position: recorded.place.position,
            actor: recorded.actor,
            effective_at: recorded.effective_at,
            withdrawn: None,
            ends: Vec::new(),
        });
    }

    fn rating_mut(&mut self, id: RatingId) -> Option<&mut RatingHistory> {
        let number = self.ratings_by_id.get(&id).copied()?;
        self.ratings.get_mut(number as usize)
    }

    /// Every item known with `size` records, in the order of recording.
    #[must_use]
    pub fn evidence(&self, size: u64) -> impl DoubleEndedIterator<Item = &EvidenceHistory> {
        self.evidence.iter().filter(move |item| item.position < size)
    }

    /// An item by id.
    #[must_use]
    pub fn item(&self, id: EvidenceId) -> Option<&EvidenceHistory> {
        self.evidence.get(*self.evidence_by_id.get(&id)? as usize)
    }

    /// Every rating known with `size` records, in the order of recording.
    #[must_use]
    pub fn ratings(&self, size: u64) -> impl DoubleEndedIterator<Item = &RatingHistory> {
        self.ratings.iter().filter(move |rating| rating.position < size)
    }

    /// A rating by id.
    #[must_use]
    pub fn rating(&self, id: RatingId) -> Option<&RatingHistory> {
        self.ratings.get(*self.ratings_by_id.get(&id)? as usize)
    }

    /// The ratings of one target, in the order of recording.
    pub fn ratings_of(&self, target: &Target) -> impl Iterator<Item = &RatingHistory> {
        let numbers = self.rated.get(target).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.ratings.get(*number as usize))
    }

    /// The items linked to a target, as known with `size` records, each once.
    pub fn evidence_for(
        &self,
        target: &Target,
        size: u64,
    ) -> impl Iterator<Item = &EvidenceHistory> {
        let links = self.links.get(target).map_or(&[][..], Vec::as_slice);
        let linked = links.iter().filter(move |link| link.holds(size));
        linked.filter_map(|link| self.evidence.get(link.evidence as usize))
    }

    /// The practices an item is linked to, as known with `size` records.
    #[must_use]
    pub fn practices_of(&self, id: EvidenceId, size: u64) -> Vec<&Target> {
        let Some(number) = self.evidence_by_id.get(&id) else { return Vec::new() };
        let linked = |links: &&Vec<Link>| {
            links.iter().any(|link| link.evidence == *number && link.holds(size))
        };
        self.links.iter().filter(|(_, links)| linked(links)).map(|(target, _)| target).collect()
    }

    /// The targets that were ever linked or rated.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.links
            .keys()
            .chain(self.rated.keys().filter(|target| !self.links.contains_key(*target)))
    }
}
