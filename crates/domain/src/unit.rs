//! One unit as the writer sees it: decide on what is proposed, evolve by what is recorded.
//!
//! A call's proposals are decided in order against a [`Draft`], which sees the effect of those
//! before them; only when all of them pass does the draft become part of the state. So a batch
//! with one bad item changes nothing.
//!
//! What readers have taken in need not be held twice: a draft may rest on the unit's history, and
//! the state then holds what came after it.

mod decide;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use gradus_model::evidence::Source;
use gradus_model::{
    AppraisalId, Digest, Event, EvidenceId, PrincipalId, RatingId, Target, Timestamp,
};

use crate::duties::Under;
use crate::evidence::{self, Held};
use crate::history::UnitHistory;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::rating::{self, Rated};
use crate::refusal::Refusal;
use crate::settings::Settings;

pub(crate) use decide::{by_a_person, known_area, known_practice, record_unless};

/// The write state of one unit's stream.
#[derive(Clone, Debug, Default)]
pub struct UnitState {
    /// The version of the stream, 0 while it is empty.
    pub version: u64,
    /// What the unit has settled.
    pub settings: Settings,
    pub(crate) evidence: BTreeMap<EvidenceId, Held>,
    pub(crate) sources: BTreeMap<Source, EvidenceId>,
    pub(crate) ratings: BTreeMap<RatingId, Rated>,
    pub(crate) erased: BTreeSet<u64>,
    pub(crate) erased_attachments: BTreeSet<Digest>,
}

impl UnitState {
    /// Takes in one recorded event of the unit's stream.
    pub fn evolve(&mut self, actor: PrincipalId, effective_at: Timestamp, event: &Event) {
        let mut draft = Draft::of(self);
        draft.evolve(actor, effective_at, event);
        let change = draft.finish();
        self.absorb(change);
    }

    /// The state that goes on from a history.
    #[must_use]
    pub fn after(history: &UnitHistory) -> Self {
        let (version, settings) = (history.version, history.settings.clone());
        Self { version, settings, ..Self::default() }
    }

    /// Lets go of what did not change after a version, which a history tells from now on.
    pub fn settle(&mut self, version: u64) {
        if self.evidence.is_empty() && self.ratings.is_empty() {
            return;
        }
        let Self { evidence, sources, ratings, .. } = self;
        evidence.retain(|_, held| held.changed > version);
        sources.retain(|_, item| evidence.contains_key(item));
        ratings.retain(|_, rated| rated.changed > version);
    }

    /// Makes a finished draft part of the state.
    pub fn absorb(&mut self, change: Change) {
        self.version = change.version;
        if let Some(settings) = change.settings {
            self.settings = settings;
        }
        self.evidence.extend(change.evidence);
        self.sources.extend(change.sources);
        self.ratings.extend(change.ratings);
        self.erased.extend(change.erased);
        self.erased_attachments.extend(change.erased_attachments);
    }
}

/// What a draft adds to its state.
#[derive(Debug, Default)]
pub struct Change {
    version: u64,
    settings: Option<Settings>,
    evidence: BTreeMap<EvidenceId, Held>,
    sources: BTreeMap<Source, EvidenceId>,
    ratings: BTreeMap<RatingId, Rated>,
    erased: BTreeSet<u64>,
    erased_attachments: BTreeSet<Digest>,
}

/// A state with changes that are not part of it yet.
#[derive(Debug)]
pub struct Draft<'a> {
    base: &'a UnitState,
    pub(crate) past: Option<&'a UnitHistory>,
    /// Orders what is settled: the position of the next record, where that is known.
    next: u64,
    /// The appraisal whose ratings may be recorded, since they follow from its closing.
    pub closing: Option<AppraisalId>,
    change: Change,
}

impl<'a> Draft<'a> {
    /// A draft without changes.
    #[must_use]
    pub fn of(base: &'a UnitState) -> Self {
        let change = Change { version: base.version, ..Change::default() };
        // Within one stream, versions order as positions do.
        Self { base, past: None, next: base.version + 1, closing: None, change }
    }

    /// A draft without changes on a state that came after a history; `next` is the position of the
    /// record that comes next.
    #[must_use]
    pub fn after(past: Option<&'a UnitHistory>, base: &'a UnitState, next: u64) -> Self {
        Self { past, next, ..Self::of(base) }
    }

    /// The version of the stream after the changes.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.change.version
    }

    /// The settings with the changes.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.change.settings.as_ref().unwrap_or(&self.base.settings)
    }

    /// The item with this source, if there is one.
    #[must_use]
    pub fn item_from(&self, source: &Source) -> Option<EvidenceId> {
        let newer = self.change.sources.get(source).or_else(|| self.base.sources.get(source));
        newer.copied().or_else(|| self.past?.item_from(source))
    }

    /// The stream version at which an item was submitted.
    #[must_use]
    pub fn submitted_as(&self, evidence: EvidenceId) -> Option<u64> {
        let newer = self.newer(evidence).map(|held| held.version);
        newer.or_else(|| self.past?.item(evidence).map(|item| item.version))
    }

    /// The items that changed since the history.
    pub(crate) fn unread(&self) -> impl Iterator<Item = (&EvidenceId, &Held)> {
        let base = self.base.evidence.iter();
        let base = base.filter(|(id, _)| !self.change.evidence.contains_key(id));
        self.change.evidence.iter().chain(base)
    }

    pub(crate) fn newer(&self, id: EvidenceId) -> Option<&Held> {
        self.change.evidence.get(&id).or_else(|| self.base.evidence.get(&id))
    }

    pub(crate) fn held(&self, id: EvidenceId) -> Option<Cow<'_, Held>> {
        let newer = self.newer(id).map(Cow::Borrowed);
        newer.or_else(|| Held::of(self.past?, id).map(Cow::Owned))
    }

    pub(crate) fn knows(&self, id: EvidenceId) -> bool {
        self.submitted_as(id).is_some()
    }

    pub(crate) fn held_mut(&mut self, id: EvidenceId) -> Option<&mut Held> {
        if !self.change.evidence.contains_key(&id) {
            let held = self.held(id)?.into_owned();
            self.change.evidence.insert(id, held);
        }
        let held = self.change.evidence.get_mut(&id)?;
        held.changed = self.change.version;
        Some(held)
    }

    pub(crate) fn rated(&self, id: RatingId) -> Option<Cow<'_, Rated>> {
        let newer = self.change.ratings.get(&id).or_else(|| self.base.ratings.get(&id));
        newer.map(Cow::Borrowed).or_else(|| Rated::of(self.past?, id).map(Cow::Owned))
    }

    /// The ratings of a target, as known now, whoever gave them.
    pub(crate) fn ratings_of(&self, target: &Target) -> Vec<Rated> {
        let is_newer = |id: &RatingId| {
            self.change.ratings.contains_key(id) || self.base.ratings.contains_key(id)
        };
        let past = self.past.into_iter().flat_map(|past| {
            let told = past.ratings_of(target).map(|rating| rating.rating.rating);
            told.filter(|id| !is_newer(id)).filter_map(|id| Rated::of(past, id))
        });
        let base = self.base.ratings.iter().filter(|(id, _)| !self.change.ratings.contains_key(id));
        let newer = base.chain(&self.change.ratings).map(|(_, rated)| rated);
        past.chain(newer.filter(|rated| rated.rating.target == *target).cloned()).collect()
    }

    /// The targets of the ratings that cite an item.
    pub(crate) fn cited_for(&self, evidence: EvidenceId) -> Vec<Target> {
        let past = self.past.into_iter().flat_map(|past| past.ratings(u64::MAX));
        let newer = self.base.ratings.values().chain(self.change.ratings.values());
        let all = past.map(|rating| &rating.rating).chain(newer.map(|rated| &rated.rating));
        let citing = all.filter(|rating| rating.evidence.contains(&evidence));
        citing.map(|rating| rating.target.clone()).collect()
    }

    pub(crate) fn hold(&mut self, id: EvidenceId, source: Source, held: Held) {
        self.change.sources.insert(source, id);
        self.change.evidence.insert(id, held);
    }

    pub(crate) fn rate(&mut self, id: RatingId, rated: Rated) {
        self.change.ratings.insert(id, rated);
    }

    pub(crate) fn is_erased(&self, version: u64) -> bool {
        let before = || self.past?.erased.iter().find(|erased| erased.value == version);
        self.change.erased.contains(&version)
            || self.base.erased.contains(&version)
            || before().is_some()
    }

    /// Whether every one of these versions, in ascending order, is erased.
    pub(crate) fn are_erased(&self, mut versions: impl Iterator<Item = u64>) -> bool {
        // A history may name very many, in the order in which they were erased.
        let past = self.past.into_iter().flat_map(|past| &past.erased);
        let past: BTreeSet<u64> = past.map(|erased| erased.value).collect();
        versions.all(|version| {
            self.change.erased.contains(&version)
                || self.base.erased.contains(&version)
                || past.contains(&version)
        })
    }

    pub(crate) fn erase(&mut self, version: u64) {
        self.change.erased.insert(version);
    }

    pub(crate) fn is_attachment_erased(&self, digest: &Digest) -> bool {
        self.change.erased_attachments.contains(digest)
            || self.base.erased_attachments.contains(digest)
            || self.past.is_some_and(|past| past.attachment_erased(digest).is_some())
    }

    pub(crate) fn erase_attachments(&mut self, digests: &[Digest]) {
        self.change.erased_attachments.extend(digests);
    }

    /// Decides on a proposal and, if it is to be recorded, lets later ones see its effect.
    ///
    /// `under` is what is in force for the unit at the proposal's effective time.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; the whole draft is to be dropped then.
    pub fn propose(
        &mut self,
        occasion: &Occasion,
        under: &Under<'_>,
        proposal: &Proposal,
    ) -> Result<Verdict, Refusal> {
        let verdict = decide::decide(self, occasion, under, proposal)?;
        if verdict == Verdict::Record {
            self.evolve(occasion.actor.principal, proposal.effective_at, &proposal.event);
        }
        Ok(verdict)
    }

    /// Counts an event of this stream that changes something else: the registry's own.
    pub fn count(&mut self) {
        self.change.version += 1;
        self.next += 1;
    }

    fn evolve(&mut self, actor: PrincipalId, effective_at: Timestamp, event: &Event) {
        let position = self.next;
        self.count();
        let version = self.change.version;
        if evidence::evolve(self, version, actor, effective_at, event)
            || rating::evolve(self, position, actor, effective_at, event)
            || !is_setting(event)
        {
            return;
        }
        let settings = self.change.settings.get_or_insert_with(|| self.base.settings.clone());
        settings.evolve(position, effective_at, event);
    }

    /// The changes, to be absorbed by the state they were drafted on.
    #[must_use]
    pub fn finish(self) -> Change {
        self.change
    }
}

fn is_setting(event: &Event) -> bool {
    (100..200).contains(&event.event_type())
}
