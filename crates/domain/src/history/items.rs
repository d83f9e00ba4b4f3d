//! What a unit's stream says of items of evidence and of ratings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_model::evidence::{Item, Kind, Source, Tool};
use gradus_model::name::ForeignId;
use gradus_model::rating::Rating;
use gradus_model::{Digest, Event, EvidenceId, PrincipalId, RatingId, Recorded, Target};
use smallvec::SmallVec;

use super::by_id::ById;
use super::facts::{EvidenceHistory, Happening, RatingHistory};
use super::links::{Link, Links, OPEN, OfTarget, Work};
use super::pieces::Pieces;
use super::seen::hash_of;
use super::undecided::Undecided;
use crate::evidence::Standing;

/// Items and ratings, each with all that happened to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    evidence: Pieces<EvidenceHistory>,
    ratings: Vec<RatingHistory>,
    evidence_by_id: ById,
    evidence_by_source: ById,
    ratings_by_id: ById,
    undecided: Undecided,
    /// The names of the systems that items come from, each once.
    source_names: BTreeSet<ForeignId>,
    /// The tools that made items, each once.
    tools: BTreeSet<Arc<Tool>>,
    targets: Vec<OfTarget>,
    targets_by_practice: ById,
    /// The numbers of the items that name an attachment.
    attachments: BTreeMap<Digest, SmallVec<[u32; 2]>>,
}

impl Items {
    /// About how many bytes a piece of evidence takes, with its links and where it is found.
    const BYTES_OF_EVIDENCE: usize = size_of::<EvidenceHistory>() + 160;
    /// The same of a rating.
    const BYTES_OF_RATING: usize = size_of::<RatingHistory>() + 160;
    /// The same of an attachment.
    const BYTES_OF_ATTACHMENT: usize = size_of::<(Digest, SmallVec<[u32; 2]>)>() + 16;

    /// About how many bytes all of it takes.
    pub(super) fn bytes(&self) -> usize {
        self.evidence.len() * Self::BYTES_OF_EVIDENCE
            + self.ratings.len() * Self::BYTES_OF_RATING
            + self.targets.len() * size_of::<OfTarget>()
            + self.attachments.len() * Self::BYTES_OF_ATTACHMENT
    }

    /// Takes in a recorded event on an item or a rating; any other changes nothing.
    pub(super) fn take_in(&mut self, recorded: &Recorded) {
        let (position, effective_at) = (recorded.place.position, recorded.effective_at);
        let mut stands = |id, standing| {
            self.happen(id, position, Happening::Stands(standing, recorded.actor, effective_at));
        };
        match &recorded.event {
            Event::EvidenceSubmitted(item) => self.submit(recorded, item),
            Event::EvidenceAccepted(of) => stands(of.evidence, Standing::Accepted),
            Event::EvidenceRejected(of) => stands(of.evidence, Standing::Rejected),
            Event::EvidenceWithdrawn(of) => stands(of.evidence, Standing::Withdrawn),
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
            Event::EvidenceInstanceLinked(links) => {
                let linked = Happening::InstanceLinked(links.instances.clone().into());
                self.happen(links.evidence, position, linked);
            }
            Event::EvidenceInstanceUnlinked(links) => {
                let unlinked = Happening::InstanceUnlinked(links.instances.clone().into());
                self.happen(links.evidence, position, unlinked);
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
            _ => (),
        }
    }

    fn submit(&mut self, recorded: &Recorded, item: &Item) {
        let position = recorded.place.position;
        let Ok(number) = u32::try_from(self.evidence.len()) else { return };
        self.evidence_by_id.add(item.evidence.0, number);
        self.evidence_by_source.add(id_of_source(&item.source), number);
        let tool = item.tool.as_ref().map(|tool| self.tool(tool));
        let source = Source { name: self.source_name(&item.source.name), ..item.source.clone() };
        self.evidence.push(EvidenceHistory::from(recorded, item, source, tool));
        for digest in &item.attachments {
            let naming = self.attachments.entry(*digest).or_default();
            if naming.last() != Some(&number) {
                naming.push(number);
            }
        }
        self.undecided.submit(number, recorded.actor, item.kind);
        for target in &item.practices {
            self.link_one(number, position, target);
        }
    }

    /// The name of a system, with the text of one that is known already where it is the same.
    fn source_name(&mut self, name: &ForeignId) -> ForeignId {
        if let Some(known) = self.source_names.get(name) {
            return known.clone();
        }
        self.source_names.insert(name.clone());
        name.clone()
    }

    /// A tool, as the one that is known already where it is the same.
    fn tool(&mut self, tool: &Tool) -> Arc<Tool> {
        if let Some(known) = self.tools.get(tool) {
            return Arc::clone(known);
        }
        let new = Arc::new(tool.clone());
        self.tools.insert(Arc::clone(&new));
        new
    }

    fn link(&mut self, id: EvidenceId, position: u64, practices: &[Target]) {
        let Some(evidence) = self.evidence_number(id) else { return };
        for target in practices {
            self.link_one(evidence, position, target);
        }
    }

    /// Links an item to a target, unless it is.
    fn link_one(&mut self, evidence: u32, position: u64, target: &Target) {
        let Some(number) = self.number(target) else { return };
        let Some(item) = self.evidence.get_mut(evidence) else { return };
        let Some(of_target) = self.targets.get_mut(number as usize) else { return };
        let is_new = !item.targets.contains(&number);
        if is_new {
            item.targets.push(number);
        }
        let open = |link: &Link| link.evidence == evidence && link.to == OPEN;
        if is_new || !of_target.links.iter().any(open) {
            of_target.links.push(Link { evidence, from: position, to: OPEN }, item);
        }
    }

    fn unlink(&mut self, id: EvidenceId, position: u64, practices: &[Target]) {
        let Some(evidence) = self.evidence_number(id) else { return };
        for target in practices {
            let number = self.target_number(target);
            let of_target = number.and_then(|number| self.targets.get_mut(number as usize));
            let links = of_target.into_iter().flat_map(|of_target| of_target.links.iter_mut());
            for link in links.filter(|link| link.evidence == evidence) {
                link.to = link.to.min(position);
            }
        }
    }

    fn evidence_number(&self, id: EvidenceId) -> Option<u32> {
        let has = |number| self.evidence.get(number).is_some_and(|item| item.id == id);
        self.evidence_by_id.number(id.0, has)
    }

    /// The number of a target, a new one if it has none.
    fn number(&mut self, target: &Target) -> Option<u32> {
        if let Some(number) = self.target_number(target) {
            return Some(number);
        }
        let number = u32::try_from(self.targets.len()).ok()?;
        self.targets_by_practice.add(id_of(target), number);
        let (links, ratings) = (Links::default(), Vec::new());
        self.targets.push(OfTarget { target: target.clone(), links, ratings });
        Some(number)
    }

    fn target_number(&self, target: &Target) -> Option<u32> {
        let is_it = |of: &Target| of.practice == target.practice && of.model == target.model;
        let has = |number| self.targets.get(number as usize).is_some_and(|of| is_it(&of.target));
        self.targets_by_practice.number(id_of(target), has)
    }

    /// What was ever said of a target.
    fn of_target(&self, target: &Target) -> Option<&OfTarget> {
        self.targets.get(self.target_number(target)? as usize)
    }

    fn happen(&mut self, id: EvidenceId, position: u64, happening: Happening) {
        let Some(number) = self.evidence_number(id) else { return };
        let Some(item) = self.evidence.get_mut(number) else { return };
        if let Happening::Stands(..) = happening {
            self.undecided.decide(position, number, (item.provider, item.kind));
        }
        let happened = std::mem::take(&mut item.happenings).into_iter();
        item.happenings = happened.chain([(position, happening)]).collect();
    }

    fn rate(&mut self, recorded: &Recorded, rating: &Rating) {
        let Ok(number) = u32::try_from(self.ratings.len()) else { return };
        self.ratings_by_id.add(rating.rating.0, number);
        let target = self.number(&rating.target);
        let mut rating = rating.clone();
        if let Some(of_target) = target.and_then(|target| self.targets.get_mut(target as usize)) {
            of_target.ratings.push(number);
            // The same, with the text that is kept already.
            rating.target = of_target.target.clone();
        }
        self.ratings.push(RatingHistory {
            rating,
            position: recorded.place.position,
            actor: recorded.actor,
            effective_at: recorded.effective_at,
            withdrawn: None,
            ends: Vec::new(),
        });
    }

    fn rating_number(&self, id: RatingId) -> Option<u32> {
        let has = |rating: &RatingHistory| rating.rating.rating == id;
        let has = |number| self.ratings.get(number as usize).is_some_and(has);
        self.ratings_by_id.number(id.0, has)
    }

    fn rating_mut(&mut self, id: RatingId) -> Option<&mut RatingHistory> {
        let number = self.rating_number(id)?;
        self.ratings.get_mut(number as usize)
    }

    /// Every item known with `size` records, in the order of recording.
    pub(super) fn evidence(&self, size: u64) -> impl DoubleEndedIterator<Item = &EvidenceHistory> {
        self.evidence.iter().filter(move |item| item.position < size)
    }

    /// The items from the position `from` on that nobody had decided on, as known with `size`
    /// records, of the providers and kinds that `wanted` lets through, in the order of recording.
    pub(super) fn undecided(
        &self,
        size: u64,
        from: u64,
        wanted: impl Fn(PrincipalId, Kind) -> bool,
    ) -> Vec<&EvidenceHistory> {
        let first = self.evidence.partition_point(|item| item.position < from);
        let Ok(first) = u32::try_from(first) else { return Vec::new() };
        let since = self.undecided.decided_since(size).filter(|number| *number >= first);
        let since = since.filter_map(|number| self.numbered(number));
        let since = since.filter(|item| wanted(item.provider, item.kind));
        let now = self.undecided.now(first, &wanted).filter_map(|number| self.numbered(number));
        let mut found: Vec<_> = now.chain(since).filter(|item| item.position < size).collect();
        found.sort_unstable_by_key(|item| item.position);
        found
    }

    /// An item by id.
    pub(super) fn item(&self, id: EvidenceId) -> Option<&EvidenceHistory> {
        self.evidence.get(self.evidence_number(id)?)
    }

    /// The sources that items come from.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.evidence.iter().map(|item| &item.source)
    }

    /// The item that comes from this source.
    pub(super) fn item_from(&self, source: &Source) -> Option<EvidenceId> {
        let item = |number: u32| self.evidence.get(number);
        let has = |number| item(number).is_some_and(|item| item.source == *source);
        let number = self.evidence_by_source.number(id_of_source(source), has)?;
        item(number).map(|item| item.id)
    }

    /// The attachments that items name, by digest, each with these items.
    pub(super) fn attachments(
        &self,
    ) -> impl Iterator<Item = (&Digest, impl Iterator<Item = &EvidenceHistory>)> {
        let all = self.attachments.iter();
        all.map(|(digest, naming)| (digest, naming.iter().filter_map(|of| self.numbered(*of))))
    }

    /// The items that name an attachment.
    pub(super) fn naming(&self, digest: &Digest) -> impl Iterator<Item = &EvidenceHistory> {
        let naming = self.attachments.get(digest).map_or(&[][..], SmallVec::as_slice);
        naming.iter().filter_map(|number| self.numbered(*number))
    }

    /// Every rating known with `size` records, in the order of recording.
    pub(super) fn ratings(&self, size: u64) -> impl DoubleEndedIterator<Item = &RatingHistory> {
        self.ratings.iter().filter(move |rating| rating.position < size)
    }

    /// A rating by id.
    pub(super) fn rating(&self, id: RatingId) -> Option<&RatingHistory> {
        self.ratings.get(self.rating_number(id)? as usize)
    }

    /// The ratings of one target, in the order of recording.
    pub(super) fn ratings_of(&self, target: &Target) -> impl Iterator<Item = &RatingHistory> {
        let numbers = self.of_target(target).map_or(&[][..], |of_target| &of_target.ratings);
        numbers.iter().filter_map(|number| self.ratings.get(*number as usize))
    }

    /// The items linked to a target, as known with `size` records, each once.
    pub(super) fn evidence_for(
        &self,
        target: &Target,
        size: u64,
    ) -> impl Iterator<Item = &EvidenceHistory> {
        let links = self.of_target(target).into_iter().flat_map(|of_target| of_target.links.iter());
        let linked = links.filter(move |link| link.holds(size));
        linked.filter_map(|link| self.evidence.get(link.evidence))
    }

    /// The same items in runs, the last first; of each is known what work its items tell of.
    pub(super) fn evidence_backwards(
        &self,
        target: &Target,
        size: u64,
    ) -> impl Iterator<Item = (Work, impl Iterator<Item = &EvidenceHistory>)> {
        let of_target = self.of_target(target).into_iter();
        of_target.flat_map(|of_target| of_target.links.backwards()).map(move |(work, links)| {
            let linked = links.filter(move |link| link.holds(size));
            (work, linked.filter_map(|link| self.evidence.get(link.evidence)))
        })
    }

    /// The practices an item is linked to, as known with `size` records, in order.
    pub(super) fn practices_of(&self, id: EvidenceId, size: u64) -> Vec<&Target> {
        let Some(evidence) = self.evidence_number(id) else { return Vec::new() };
        let Some(item) = self.evidence.get(evidence) else { return Vec::new() };
        let ever = item.targets.iter().filter_map(|number| self.targets.get(*number as usize));
        let linked = |of_target: &&OfTarget| of_target.holds(evidence, item.position, size);
        let mut practices: Vec<&Target> =
            ever.filter(linked).map(|of_target| &of_target.target).collect();
        practices.sort_unstable();
        practices
    }

    /// The targets that were ever linked or rated, in the order in which they first were.
    pub(super) fn targets(&self) -> impl Iterator<Item = &OfTarget> {
        self.targets.iter()
    }

    /// The practices for which an item, of those that `is_about` is said of, ever spoke.
    pub(super) fn targets_of(
        &self,
        is_about: impl Fn(&EvidenceHistory) -> bool,
    ) -> BTreeSet<&Target> {
        let items = self.evidence.iter().filter(|item| is_about(item));
        let numbers: BTreeSet<u32> = items.flat_map(|item| item.targets.iter().copied()).collect();
        let targets = numbers.iter().filter_map(|number| self.targets.get(*number as usize));
        targets.map(|of| &of.target).collect()
    }

    /// An item by its number.
    pub(super) fn numbered(&self, number: u32) -> Option<&EvidenceHistory> {
        self.evidence.get(number)
    }
}

/// What a target is found by: models share practices, so that it is not the target's alone.
const fn id_of(target: &Target) -> [u8; 16] {
    (target.practice.packed() as u128).to_be_bytes()
}

/// What an item is found by besides its id.
fn id_of_source(source: &Source) -> [u8; 16] {
    u128::from(hash_of(source)).to_be_bytes()
}
