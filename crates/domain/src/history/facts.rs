//! Items of evidence and ratings, each with all that happened to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength, Tool};
use gradus_model::rating::Rating;
use gradus_model::{EvidenceId, Label, PrincipalId, Recorded, Timestamp};
use smallvec::SmallVec;

use crate::evidence::Standing;
use crate::timeline::At;

/// What happened to an item after it was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It was accepted, rejected or withdrawn: by whom, and from when on that is said to be so.
    Stands(Standing, PrincipalId, Timestamp),
    /// It counts until then.
    Ended(Timestamp),
    /// Another item took its place from then on.
    Superseded(EvidenceId, Timestamp),
    /// Someone else vouched for it.
    Confirmed(PrincipalId),
    /// It belongs to further process instances.
    InstanceLinked(Box<[Label]>),
    /// It no longer belongs to these process instances.
    InstanceUnlinked(Box<[Label]>),
}

/// An item was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// By whom.
    pub by: PrincipalId,
    /// When.
    pub effective_at: Timestamp,
    /// Where it was recorded.
    pub position: u64,
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
    /// When its submission was recorded.
    pub recorded_at: Timestamp,
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
    /// The tool that made it; what many items share is held once.
    pub tool: Option<Arc<Tool>>,
    /// The process instance that its submitter named.
    pub(super) instance: Option<Label>,
    /// None happens to most items: a list that is empty takes no room.
    pub(super) happenings: Box<[(u64, Happening)]>,
    /// The numbers of the targets that it was ever linked to.
    pub(super) targets: SmallVec<[u32; 4]>,
}

impl EvidenceHistory {
    /// An item as its submission records it.
    #[must_use]
    pub fn submitted(recorded: &Recorded, item: &Item) -> Self {
        Self::from(recorded, item, item.source.clone(), item.tool.clone().map(Arc::new))
    }

    /// The same, with texts that are held already.
    pub(super) fn from(
        recorded: &Recorded,
        item: &Item,
        source: Source,
        tool: Option<Arc<Tool>>,
    ) -> Self {
        Self {
            id: item.evidence,
            position: recorded.place.position,
            version: recorded.place.version,
            recorded_at: recorded.place.recorded_at,
            provider: recorded.actor,
            kind: item.kind,
            outcome: item.outcome,
            strength: item.strength,
            work_from: item.work_from.unwrap_or(recorded.effective_at),
            work_to: recorded.effective_at,
            valid_until: item.valid_until,
            source,
            tool,
            instance: item.instance.clone(),
            happenings: Box::default(),
            targets: SmallVec::new(),
        }
    }

    fn known(&self, size: u64) -> impl DoubleEndedIterator<Item = &Happening> {
        let known = move |(position, _): &&(u64, Happening)| *position < size;
        self.happenings.iter().filter(known).map(|(_, happening)| happening)
    }

    /// What was last decided on it, as known with `size` records: the last position wins.
    #[must_use]
    pub fn standing(&self, size: u64) -> Standing {
        let decided = |happening: &Happening| match happening {
            Happening::Stands(standing, ..) => Some(*standing),
            _ => None,
        };
        self.known(size).rev().find_map(decided).unwrap_or(Standing::Submitted)
    }

    /// Where the last decision on it was recorded, if there was one.
    #[must_use]
    pub fn decided_at(&self, size: u64) -> Option<u64> {
        let mut known = self.happenings.iter().rev().filter(|(position, _)| *position < size);
        let decided = |(position, happening): &(u64, Happening)| {
            matches!(happening, Happening::Stands(..)).then_some(*position)
        };
        known.find_map(decided)
    }

    /// Who accepted it and where that was recorded, if that was the last decision on it.
    #[must_use]
    pub fn accepted_by(&self, size: u64) -> Option<Acceptance> {
        let mut known = self.happenings.iter().rev().filter(|(position, _)| *position < size);
        let decided = known.find_map(|(position, happening)| match happening {
            Happening::Stands(standing, by, at) => Some((*standing, *by, *at, *position)),
            _ => None,
        });
        let (standing, by, effective_at, position) = decided?;
        (standing == Standing::Accepted).then_some(Acceptance { by, effective_at, position })
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
                _ => (),
            }
        }
        [ended, superseded].into_iter().flatten().min()
    }

    /// The end that was stated last, whatever else took it out.
    pub(crate) fn last_end(&self) -> Option<Timestamp> {
        self.known(u64::MAX).rev().find_map(|happening| match happening {
            Happening::Ended(at) => Some(*at),
            _ => None,
        })
    }

    /// The item that took its place, and from when on.
    #[must_use]
    pub fn superseded_by(&self, size: u64) -> Option<(EvidenceId, Timestamp)> {
        self.known(size).rev().find_map(|happening| match happening {
            Happening::Superseded(by, at) => Some((*by, *at)),
            _ => None,
        })
    }

    /// The process instances that it belongs to, as known with `size` records, in order; of what was said
    /// of one, the last position wins.
    #[must_use]
    pub fn instances(&self, size: u64) -> BTreeSet<&Label> {
        let mut instances: BTreeSet<&Label> = self.instance.iter().collect();
        for happening in self.known(size) {
            match happening {
                Happening::InstanceLinked(linked) => instances.extend(linked),
                Happening::InstanceUnlinked(unlinked) => {
                    instances.retain(|instance| !unlinked.contains(*instance));
                }
                _ => (),
            }
        }
        instances
    }

    /// Who vouched for it besides its provider.
    pub fn confirmed_by(&self, size: u64) -> impl Iterator<Item = PrincipalId> {
        self.known(size).filter_map(|happening| match happening {
            Happening::Confirmed(by) => Some(*by),
            _ => None,
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
    pub(super) withdrawn: Option<u64>,
    pub(super) ends: Vec<(u64, Timestamp)>,
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
