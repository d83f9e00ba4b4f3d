//! Builds the index anew beside the live one, and puts it in its place when both tell the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use gradus_domain::history::Recall;
use gradus_model::{Digest, Recorded, UnitId};

use crate::index::{Batch, Chain};
use crate::library::Library;
use crate::projector::{self, Projector, Revision};
use crate::store::{IndexError, IndexStore, OfLog};
use crate::views::Views;

/// Events that are taken in together: those of each unit then follow each other.
pub const EVENTS_AT_ONCE: usize = 400_000;

/// The same beside a server that is at work.
pub const FEWER_AT_ONCE: usize = 20_000;

/// How much memory a rebuild takes, about.
#[derive(Clone, Debug)]
pub struct Within {
    /// From where items and ratings are read again; without it none are forgotten.
    pub recall: Option<Arc<dyn Recall>>,
    /// Bytes of items and ratings, where they may be forgotten.
    pub history_bytes: usize,
    /// Bytes of the areas that are held between events.
    pub fold_bytes: usize,
    /// Events that are taken in together.
    pub at_once: usize,
}

impl Within {
    /// Nothing is forgotten, and all areas are held that may ever be.
    #[must_use]
    pub const fn ample() -> Self {
        Self {
            recall: None,
            history_bytes: usize::MAX,
            fold_bytes: projector::MOST_BYTES,
            at_once: EVENTS_AT_ONCE,
        }
    }
}

/// What came of a rebuild, or of computing digests again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The size of the log at which both were read.
    pub size: u64,
    /// The digest of what stood there.
    pub live: Result<Digest, String>,
    /// The digest of what was built anew, or was kept as the index grew.
    pub other: Digest,
}

impl Compared {
    /// Whether both tell the same.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.live.as_ref() == Ok(&self.other)
    }
}

/// Folds events from position 0 into an empty index, up to its log's size.
///
/// Nothing but the events and the documents that they name is read: views are folded on the way.
/// `progress` is told events done. Blocks.
///
/// # Errors
///
/// What the index's database says.
pub fn fill(
    store: &IndexStore,
    log: OfLog,
    library: &Library,
    within: Within,
    events: impl IntoIterator<Item = Recorded>,
    mut progress: impl FnMut(u64),
) -> Result<(), IndexError> {
    let mut projector = Projector::new().within(within.fold_bytes);
    let mut views = within.recall.map_or_else(Views::default, Views::recalling);
    let known = |recorded: &Recorded| recorded.place.position < log.size;
    let mut events = events.into_iter().take_while(known);
    let mut batch = Batch::default();
    loop {
        let some: Vec<Recorded> = events.by_ref().take(within.at_once).collect();
        let parked =
            projector.fold(&mut views, library, &some, &mut |revision| batch.add(revision));
        batch.park(parked);
        if some.is_empty() {
            batch.close();
        }
        store.write_unread(&mut batch, views.cursor, log.first_leaf)?;
        views.make_room(within.history_bytes);
        progress(views.cursor);
        if some.is_empty() {
            return store.flush();
        }
    }
}

/// What was told of each unit of a log, and the views, by a fold over its events that keeps nothing
/// else: no index is read or written. `tell` is told each revision, and `park` each unit of which
/// nothing is told any more. Blocks.
#[must_use]
pub fn folded(
    library: &Library,
    within: Within,
    events: impl IntoIterator<Item = Recorded>,
    mut tell: impl FnMut(&Revision<'_>),
    mut park: impl FnMut(UnitId),
) -> (Views, BTreeMap<UnitId, Digest>) {
    let mut projector = Projector::new().within(within.fold_bytes);
    let mut views = within.recall.map_or_else(Views::default, Views::recalling);
    let mut events = events.into_iter();
    let mut chains: BTreeMap<UnitId, Chain> = BTreeMap::new();
    let mut parked = BTreeSet::new();
    loop {
        let some: Vec<Recorded> = events.by_ref().take(within.at_once).collect();
        if some.is_empty() {
            let told = chains.into_iter().filter(|(unit, _)| !parked.contains(unit));
            return (views, told.map(|(unit, chain)| (unit, Digest(chain.0))).collect());
        }
        let mut batch = Batch::default();
        let ended = projector.fold(&mut views, library, &some, &mut |revision| {
            tell(revision);
            batch.add(revision);
        });
        for ended in ended {
            park(ended.unit);
            parked.insert(ended.unit);
        }
        for (unit, leaves) in &batch.leaves {
            let chain = chains.entry(*unit).or_default();
            for leaf in leaves {
                chain.add(leaf);
            }
        }
        views.make_room(within.history_bytes);
    }
}

/// Builds an index anew in `beside` and compares it with the live one at the log's size, which the
/// live one must have reached.
///
/// Neither is removed: when both agree, [`switch`] puts the new one in place of the live one.
///
/// # Errors
///
/// What the new index's database says; damage of the live one is part of the comparison.
pub fn rebuild(
    live: &IndexStore,
    beside: &Path,
    log: OfLog,
    library: &Library,
    within: Within,
    events: impl IntoIterator<Item = Recorded>,
    progress: impl FnMut(u64),
) -> Result<Compared, IndexError> {
    crate::store::remove(beside)?;
    let (store, _) = IndexStore::open(beside, log)?;
    fill(&store, log, library, within, events, progress)?;
    let live = live.recomputed(log.size).map_err(|error| error.to_string());
    Ok(Compared { size: log.size, live, other: store.digest() })
}

/// Computes the digest of every row again and compares it with the one that was kept as they grew.
///
/// # Errors
///
/// None of its own: damage is part of the comparison. What is written meanwhile may make it
/// disagree; verify while nothing is written.
#[must_use]
pub fn verify(store: &IndexStore) -> Compared {
    let (size, other) = (store.cursor(), store.digest());
    let live = store.recomputed(size).map_err(|error| error.to_string());
    Compared { size, live, other }
}

/// Puts the index in `beside` in place of the one in `live`, which is removed; both are closed.
///
/// # Errors
///
/// [`IndexError::Io`]; the index is then built anew when it is opened next.
pub fn switch(live: &Path, beside: &Path) -> Result<(), IndexError> {
    crate::store::remove(live)?;
    crate::store::rename(beside, live)
}

/// Removes what was built in `beside` and not put in place.
///
/// # Errors
///
/// [`IndexError::Io`].
pub fn discard(beside: &Path) -> Result<(), IndexError> {
    crate::store::remove(beside)
}
