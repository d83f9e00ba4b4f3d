//! One unit's whole history, readable at any point of both times.
//!
//! A plain fold: nothing is thrown away, and every question filters by what was known. Invariant:
//! events are applied in the order of their positions.
//!
//! What a unit settled is always held. Its items and ratings are most of it: where they can be
//! recalled from the log they may be forgotten, and are recalled by whoever asks for them next. Of
//! what is forgotten it is still known which sources it came from, so that whoever adds an item from
//! another one asks for nothing.

mod by_id;
mod facts;
mod items;
mod links;
mod pieces;
mod recall;
mod seen;
mod told;
mod undecided;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use gradus_model::evidence::{Kind, Source};
use gradus_model::{Digest, Event, EvidenceId, PrincipalId, RatingId, Recorded, Target, UnitId};

use crate::registry::Distrust;
use crate::settings::Settings;
use crate::timeline::Stated;

use items::Items;
use recall::Recalled;

pub use facts::{Acceptance, EvidenceHistory, Happening, RatingHistory};
pub use links::{Kinds, Work};
pub use recall::{Forgotten, Recall, Remembered};
pub use seen::Seen;
pub use told::Told;

/// The fold of one unit's stream.
#[derive(Debug, Default)]
pub struct UnitHistory {
    /// The version of the stream, 0 while it is empty.
    pub version: u64,
    /// The size of the log at which the stream came to that version.
    pub since: u64,
    /// What the unit has settled.
    pub settings: Settings,
    /// Stream versions whose payload was erased, with the position that says so.
    pub erased: Vec<Stated<u64>>,
    /// Attachments that were erased, each with the position that first says so.
    pub erased_attachments: BTreeMap<Digest, u64>,
    /// Items and ratings, unless they are forgotten.
    items: OnceLock<Box<Items>>,
    /// The sources of all items that can be forgotten, where they were once counted up.
    seen: OnceLock<Seen>,
    /// From where they are recalled; what cannot be recalled is never forgotten.
    recalled: Option<Recalled>,
    /// Whether they were asked for since it was last found out.
    used: AtomicBool,
}

impl UnitHistory {
    /// The history of a unit of which nothing is recorded yet.
    #[must_use]
    pub fn recalled(unit: UnitId, from: Arc<dyn Recall>) -> Self {
        let recalled = Some(Recalled { unit, from });
        let (items, seen) = (Box::<Items>::default().into(), Seen::default().into());
        Self { items, seen, recalled, ..Self::default() }
    }

    /// Goes on from a version at a size of the log, with nothing held of what came before but what
    /// the unit settled.
    pub fn stand_at(&mut self, version: u64, since: u64) {
        (self.version, self.since) = (version, since);
        if self.recalled.is_some() {
            (self.items, self.seen) = (OnceLock::new(), OnceLock::new());
        }
    }

    /// Takes in one recorded event of the unit's stream; one that was taken in changes nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        if recorded.place.version <= self.version {
            return;
        }
        self.version = recorded.place.version;
        let (position, effective_at) = (recorded.place.position, recorded.effective_at);
        self.since = position + 1;
        if let Event::PayloadErased(erased) = &recorded.event {
            self.erased.push(Stated { position, effective_at, value: erased.version });
        }
        if let Event::PayloadsErased(erased) = &recorded.event {
            let stated = |value| Stated { position, effective_at, value };
            self.erased.extend(erased.versions().map(stated));
        }
        if let Event::AttachmentsErased(erased) = &recorded.event {
            for digest in &erased.digests {
                self.erased_attachments.entry(*digest).or_insert(position);
            }
        }
        // Events of the organization's stream change its registry, not its history.
        self.settings.evolve(position, effective_at, &recorded.event);
        if self.recalled.is_none() {
            self.items.get_or_init(Box::default);
        }
        // What is forgotten is recalled up to this version.
        if let Some(items) = self.items.get_mut() {
            items.take_in(recorded);
        }
        if let (Event::EvidenceSubmitted(item), Some(seen)) = (&recorded.event, self.seen.get_mut())
        {
            seen.add(&item.source);
        }
    }

    fn items(&self) -> &Items {
        self.asked();
        self.items.get_or_init(|| match &self.recalled {
            Some(recalled) => {
                let items = recalled.items(self.version);
                self.see(&items);
                items
            }
            None => Box::default(),
        })
    }

    /// Counts up the sources of all items, unless they are known.
    fn see(&self, items: &Items) {
        self.seen.get_or_init(|| items.sources().collect());
    }

    /// What is to be recalled before items and ratings can be told without a wait, if anything is.
    #[must_use]
    pub fn forgotten(&self) -> Option<Forgotten> {
        self.forgotten_but(Remembered::default())
    }

    fn forgotten_but(&self, known: Remembered) -> Option<Forgotten> {
        let recalled = self.recalled.clone().filter(|_| self.items.get().is_none())?;
        Some(Forgotten { recalled, known, version: self.version })
    }

    /// Takes what was recalled apart. If the stream has gone on since, nothing is taken, and what is
    /// to be recalled besides is returned.
    pub fn remember(&self, remembered: Remembered) -> Option<Forgotten> {
        if remembered.version != self.version {
            return self.forgotten_but(remembered);
        }
        self.see(&remembered.items);
        // Who was faster recalled the same.
        let _ = self.items.set(remembered.items);
        None
    }

    /// Notes that somebody asks for items or ratings, or soon will.
    pub fn asked(&self) {
        // Most often it is so already, and a shared line of memory is better left alone.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Lets somebody look at items and ratings who needs them but once: that does not count as
    /// asking for them. Whoever asks for them at that very moment may have to recall them again.
    pub fn looked_at<T>(&self, look: impl FnOnce(&Self) -> T) -> T {
        let was_used = self.is_used();
        let seen = look(self);
        self.used.store(was_used, Ordering::Relaxed);
        seen
    }

    /// Whether it is known without a wait from which sources items come.
    #[must_use]
    pub fn knows_sources(&self) -> bool {
        self.recalled.is_none() || self.seen.get().is_some()
    }

    /// The sources that items come from, where they are known without a wait.
    #[must_use]
    pub fn sources_seen(&self) -> Option<&Seen> {
        self.seen.get().filter(|_| self.recalled.is_some())
    }

    /// Takes in from which sources the items up to a version of the stream come. If the stream has gone
    /// on since, nothing is taken, and they are returned.
    #[must_use]
    pub fn recollect(&self, seen: Seen, version: u64) -> Option<Seen> {
        if version != self.version {
            return Some(seen);
        }
        // Who was faster recalled the same.
        self.seen.get_or_init(|| seen);
        None
    }

    /// A copy with what was recalled apart, which goes its own way; this one still holds nothing, but
    /// knows sources from now on, unless the stream has gone on since.
    #[must_use]
    pub fn with(&self, remembered: Remembered) -> Self {
        if remembered.version == self.version {
            self.see(&remembered.items);
        }
        self.holding(remembered.items)
    }

    fn holding(&self, items: Box<Items>) -> Self {
        Self {
            version: self.version,
            since: self.since,
            settings: self.settings.clone(),
            erased: self.erased.clone(),
            erased_attachments: self.erased_attachments.clone(),
            items: items.into(),
            seen: OnceLock::new(),
            recalled: None,
            used: AtomicBool::default(),
        }
    }

    /// Forgets items and ratings, if they can be recalled; what is to be dropped is returned, since
    /// that takes its time.
    pub fn forget(&mut self) -> Option<Remembered> {
        self.recalled.as_ref()?;
        Some(Remembered { version: self.version, items: self.items.take()? })
    }

    /// Whether items or ratings were asked for since [`Self::rest`].
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Begins anew to find out whether items or ratings are asked for.
    pub fn rest(&self) {
        self.used.store(false, Ordering::Relaxed);
    }

    /// About how many bytes forgetting would free.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let held = self.items.get().filter(|_| self.recalled.is_some());
        held.map_or(0, |items| items.bytes())
    }

    /// Every item known with `size` records, in the order of recording.
    #[must_use]
    pub fn evidence(&self, size: u64) -> impl DoubleEndedIterator<Item = &EvidenceHistory> {
        self.items().evidence(size)
    }

    /// The items from the position `from` on that nobody had decided on, as known with `size`
    /// records, of the providers and kinds that `wanted` lets through, in the order of recording.
    pub(crate) fn undecided(
        &self,
        size: u64,
        from: u64,
        wanted: impl Fn(PrincipalId, Kind) -> bool,
    ) -> Vec<&EvidenceHistory> {
        self.items().undecided(size, from, wanted)
    }

    /// An item by id.
    #[must_use]
    pub fn item(&self, id: EvidenceId) -> Option<&EvidenceHistory> {
        self.items().item(id)
    }

    /// Whether an item may come from this source: where this is false none does, which is known
    /// without asking for the items.
    #[must_use]
    pub fn may_have(&self, source: &Source) -> bool {
        self.seen.get().is_none_or(|seen| seen.may_have(source))
    }

    /// The item that comes from this source.
    #[must_use]
    pub fn item_from(&self, source: &Source) -> Option<EvidenceId> {
        self.may_have(source).then(|| self.items().item_from(source)).flatten()
    }

    /// The attachments that items of the unit name, by digest, each with these items in the order of
    /// recording.
    pub fn attachments(
        &self,
    ) -> impl Iterator<Item = (&Digest, impl Iterator<Item = &EvidenceHistory>)> {
        self.items().attachments()
    }

    /// The items that name an attachment, in the order of recording.
    pub fn naming(&self, digest: &Digest) -> impl Iterator<Item = &EvidenceHistory> {
        self.items().naming(digest)
    }

    /// Where it was recorded that an attachment was erased, if it was.
    #[must_use]
    pub fn attachment_erased(&self, digest: &Digest) -> Option<u64> {
        self.erased_attachments.get(digest).copied()
    }

    /// The attachments that go with the texts of these versions: every other item that names them is
    /// erased.
    #[must_use]
    pub fn attachments_with(&self, versions: &BTreeSet<u64>) -> Vec<Digest> {
        let erased: BTreeSet<u64> = self.erased.iter().map(|erased| erased.value).collect();
        let goes = |item: &EvidenceHistory| {
            versions.contains(&item.version) || erased.contains(&item.version)
        };
        let mut found = Vec::new();
        for (digest, naming) in self.attachments() {
            let naming: Vec<_> = naming.collect();
            let any = naming.iter().any(|item| versions.contains(&item.version));
            if any && naming.into_iter().all(goes) {
                found.push(*digest);
            }
        }
        found
    }

    /// Every rating known with `size` records, in the order of recording.
    #[must_use]
    pub fn ratings(&self, size: u64) -> impl DoubleEndedIterator<Item = &RatingHistory> {
        self.items().ratings(size)
    }

    /// A rating by id.
    #[must_use]
    pub fn rating(&self, id: RatingId) -> Option<&RatingHistory> {
        self.items().rating(id)
    }

    /// The ratings of one target, in the order of recording.
    pub fn ratings_of(&self, target: &Target) -> impl Iterator<Item = &RatingHistory> {
        self.items().ratings_of(target)
    }

    /// The items linked to a target, as known with `size` records, each once.
    pub fn evidence_for(
        &self,
        target: &Target,
        size: u64,
    ) -> impl Iterator<Item = &EvidenceHistory> {
        self.items().evidence_for(target, size)
    }

    /// The same items in runs, the last first; of each is known what work its items tell of.
    pub fn evidence_backwards(
        &self,
        target: &Target,
        size: u64,
    ) -> impl Iterator<Item = (Work, impl Iterator<Item = &EvidenceHistory>)> {
        self.items().evidence_backwards(target, size)
    }

    /// The practices an item is linked to, as known with `size` records, in order.
    #[must_use]
    pub fn practices_of(&self, id: EvidenceId, size: u64) -> Vec<&Target> {
        self.items().practices_of(id, size)
    }

    /// The practices for which the items that a distrust is about ever spoke, in order; none if it
    /// is about no item.
    ///
    /// What is forgotten is recalled, and kept only if there are such items: whoever asks all units
    /// fills no memory. Blocks then as [`Recall::recall`] does.
    #[must_use]
    pub fn suspected(&self, distrust: &Distrust) -> Vec<&Target> {
        if let Some(forgotten) = self.forgotten() {
            let remembered = forgotten.recall();
            if !remembered.is_suspected(distrust) {
                return Vec::new();
            }
            let _ = self.remember(remembered);
        }
        // Looked at, not used: what nobody else asks for may be forgotten again.
        let held = self.items.get();
        let items = held.map_or_else(|| self.items(), Box::as_ref);
        items.targets_of(|item| distrust.is_about(item)).into_iter().collect()
    }

    /// The targets that were ever linked or rated, in the order in which they first were.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.items().targets().map(|of| &of.target)
    }
}

impl Clone for UnitHistory {
    /// A copy that goes its own way: nothing of it is forgotten or recalled.
    fn clone(&self) -> Self {
        self.holding(Box::new(self.items().clone()))
    }
}
