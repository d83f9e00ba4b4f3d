//! The index of levels: kept beside the views, written after them and read in place of a fold.
//!
//! It is derived. Where it fails, questions are answered by folding, which costs more and says the
//! same; the log of the process tells what to do.

mod ahead;
mod beside;
mod lag;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use gradus_capsule::state::Areas;
use gradus_domain::At;
use gradus_domain::course::OwnState;
use gradus_domain::fold::AreaCourse;
use gradus_model::catalog::Area;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Recorded, UnitId};
use gradus_projection::projector::{NAME, Parked, VERSION};
use gradus_projection::store::{IndexError, OfLog, Opened};
use gradus_projection::{Batch, IndexStore, Projector, Views};
use tokio::sync::watch;

use crate::error::ServiceError;
use crate::service::Service;

pub use beside::Outcome;

/// The index and who writes it.
pub(crate) struct Index {
    live: PathBuf,
    beside: PathBuf,
    log: Mutex<OfLog>,
    /// None while it is exchanged, or when it failed.
    store: RwLock<Option<IndexStore>>,
    /// Held while the index is written.
    projector: Mutex<Projector>,
    /// How many bytes it holds between events.
    most_bytes: usize,
    /// Held while it is rebuilt or verified, or catches up by a step.
    rebuilding: tokio::sync::Mutex<()>,
    /// Whether it has yet to read what the views have read; told when it has, and with each step.
    lags: watch::Sender<bool>,
}

/// The index cannot tell; a fold can.
pub(crate) struct NotTold;

/// A projection as it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its name.
    pub name: &'static str,
    /// The version of its code.
    pub version: u32,
    /// How far it has read, as a log size.
    pub cursor: u64,
    /// The digest of what it tells.
    pub digest: Digest,
    /// Its bytes on disk.
    pub bytes: u64,
    /// The units that it could not go on with.
    pub parked: Vec<Parked>,
}

impl Index {
    /// Opens the index of a log in `folder`, or begins it anew.
    pub(crate) fn open(folder: &Path, log: OfLog, most_bytes: usize) -> Result<Self, IndexError> {
        let (live, beside) = (folder.join(NAME), folder.join(format!("{NAME}.new")));
        let (store, opened) = IndexStore::open(&live, log)?;
        if let Opened::Anew(reason) = &opened {
            tracing::warn!(%reason, "the index of levels is built anew");
        }
        let projector = projector_of(&store, most_bytes);
        Ok(Self {
            live,
            beside,
            log: Mutex::new(log),
            store: RwLock::new(Some(store)),
            projector: Mutex::new(projector),
            most_bytes,
            rebuilding: tokio::sync::Mutex::default(),
            lags: watch::Sender::new(true),
        })
    }

    fn store(&self) -> RwLockReadGuard<'_, Option<IndexStore>> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn projector(&self) -> MutexGuard<'_, Projector> {
        self.projector.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The own course of an area; none where nothing is known of it.
    pub(crate) fn course(
        &self,
        views: &Views,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> Result<Option<Arc<AreaCourse>>, NotTold> {
        self.told(views, unit, size, |store| store.course(unit, area, size))
    }

    /// The own state of an area at a point; none where nothing is known of it.
    pub(crate) fn state(
        &self,
        views: &Views,
        unit: UnitId,
        area: &AreaRef,
        of_model: &Area,
        at: At,
    ) -> Result<Option<OwnState>, NotTold> {
        self.told(views, unit, at.size, |store| store.state(unit, area, of_model, at))
    }

    /// Whether it tells what is known of a unit with `size` records: all that bears on the unit up to
    /// there was read.
    fn tells(&self, views: &Views, unit: UnitId, size: u64) -> bool {
        let store = self.store();
        store.as_ref().is_some_and(|store| store.tells(unit, size, views.at_rest_since(unit)))
    }

    /// What the index tells of a unit at a size, if it can.
    fn told<T>(
        &self,
        views: &Views,
        unit: UnitId,
        size: u64,
        read: impl FnOnce(&IndexStore) -> Result<T, IndexError>,
    ) -> Result<T, NotTold> {
        let store = self.store();
        let tells = |store: &&IndexStore| store.tells(unit, size, views.at_rest_since(unit));
        let store = store.as_ref().filter(tells).ok_or(NotTold)?;
        read(store).map_err(|error| {
            tracing::error!(%error, "a level is folded in place of being read: \
                run `gradus projections rebuild`");
            NotTold
        })
    }

    /// Takes in records that the views know already.
    fn take(&self, service: &Service, records: &[Recorded]) -> Result<(), IndexError> {
        let mut projector = self.projector();
        self.take_with(service, &mut projector, records)
    }

    fn take_with(
        &self,
        service: &Service,
        projector: &mut Projector,
        records: &[Recorded],
    ) -> Result<(), IndexError> {
        let store = self.store();
        let Some(store) = store.as_ref() else { return Ok(()) };
        let first_leaf = self.log().first_leaf;
        let boundary = service.states.boundary(records, store.cursor());
        ahead::hold(service, projector, records, store.cursor());
        project(service, store, projector, records, first_leaf)?;
        if let Some(size) = boundary {
            service.states.cut(size);
        }
        Ok(())
    }

    /// What digests of projector 1 say of each unit before `size`, read from every row.
    pub(crate) fn unit_digests_at(
        &self,
        size: u64,
    ) -> Result<BTreeMap<UnitId, Digest>, ServiceError> {
        self.reading(size, |store| store.unit_digests_at(size))
    }

    /// What is told of the areas of one unit, or of all, before `size`.
    pub(crate) fn areas_at(&self, of: Option<UnitId>, size: u64) -> Result<Areas, ServiceError> {
        let mut areas = Areas::default();
        let tell = |unit, area: &AreaRef, course: &AreaCourse| {
            areas.tell(unit, area, &course.levels, &course.supports);
        };
        self.reading(size, |store| store.courses(of, size, tell))?;
        Ok(areas)
    }

    /// The own course of an area before `size`; none where nothing is told of it.
    pub(crate) fn course_at(
        &self,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> Result<Option<Arc<AreaCourse>>, ServiceError> {
        self.reading(size, |store| store.course(unit, area, size))
    }

    /// Reads what it tells of everything at a size, which it must have read.
    fn reading<T>(
        &self,
        size: u64,
        read: impl FnOnce(&IndexStore) -> Result<T, IndexError>,
    ) -> Result<T, ServiceError> {
        let store = self.store();
        let store = store.as_ref().ok_or(ServiceError::Fault("the index was given up"))?;
        if store.cursor() < size {
            return Err(ServiceError::Behind { read: store.cursor(), size });
        }
        Ok(read(store)?)
    }

    /// How far it has read, as a log size; all there is if it was given up.
    pub(crate) fn cursor(&self) -> u64 {
        self.store().as_ref().map_or(u64::MAX, IndexStore::cursor)
    }

    /// Takes in that the log has its first record now.
    pub(crate) fn begun(&self, first_leaf: Digest) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).first_leaf = first_leaf;
    }

    fn log(&self) -> OfLog {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what was written outlast the process.
    pub(crate) fn flush(&self) {
        if let Some(store) = self.store().as_ref()
            && let Err(error) = store.flush()
        {
            tracing::warn!(%error, "the index of levels is not flushed: it reads on at the start");
        }
    }

    /// Gives the index up until the next start: questions are folded.
    fn give_up(&self, error: &dyn std::error::Error) {
        tracing::error!(%error, "the index of levels is given up until the next start");
        self.replace(None);
        self.end_lag();
    }

    fn replace(&self, store: Option<IndexStore>) {
        let before = {
            let mut live = self.store.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *live, store)
        };
        // Closing a database takes its time; readers do not wait for it.
        drop(before);
    }
}

/// Tells an index of records from its cursor on.
fn project(
    service: &Service,
    store: &IndexStore,
    projector: &mut Projector,
    records: &[Recorded],
    first_leaf: Digest,
) -> Result<(), IndexError> {
    let from = store.cursor();
    let mut batch = Batch::default();
    let cursor;
    {
        let (views, library) = (service.views(), service.library());
        let world = views.with(&library);
        let known = records.partition_point(|recorded| recorded.place.position < from);
        let new = records.get(known..).unwrap_or_default();
        let parked = projector.apply_all(&world, new, &mut |revision| batch.add(revision));
        parked.iter().for_each(tell_parked);
        batch.park(parked);
        cursor = new.last().map_or(from, |recorded| recorded.place.position + 1);
    }
    if cursor == from { Ok(()) } else { store.write(batch, cursor, first_leaf) }
}

fn tell_parked(parked: &Parked) {
    tracing::error!(unit = %parked.unit, position = parked.position, reason = %parked.reason,
        "a unit is folded from now on: it was parked");
}

/// A projector that holds nothing yet, to go on with an index.
fn projector_of(store: &IndexStore, most_bytes: usize) -> Projector {
    let mut projector = Projector::new().within(most_bytes);
    projector.leave(store.parked().into_iter().map(|parked| parked.unit));
    projector
}

impl Service {
    /// Tells the index of records that the views have read, and lets readers see them. While it lags, or
    /// where it would keep them waiting for long, it comes to them by itself.
    pub(crate) async fn index(
        self: &Arc<Self>,
        records: Vec<Recorded>,
    ) -> Result<(), ServiceError> {
        if !self.index.lags() {
            let is_long = self.apart(move |service| {
                let is_long = service.reads_long_for(&records);
                if !is_long && let Err(error) = service.index.take(service, &records) {
                    service.index.give_up(&error);
                }
                Ok(is_long)
            });
            if is_long.await? {
                self.fall_behind();
            }
        }
        let cursor = self.views().cursor;
        self.cursor.send_replace(cursor);
        Ok(())
    }

    /// The projections as they stand.
    pub fn projections(&self) -> Result<Vec<Standing>, ServiceError> {
        let store = self.index.store();
        let Some(store) = store.as_ref() else { return Ok(Vec::new()) };
        Ok(vec![Standing {
            name: NAME,
            version: VERSION,
            cursor: store.cursor(),
            digest: store.digest(),
            bytes: store.bytes_on_disk()?,
            parked: store.parked(),
        }])
    }
}
