//! The server's own audit: once a day the newest state digest is made again from the leaves alone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use gradus_capsule::state::{Areas, rows, streams};
use gradus_log::LogError;
use gradus_model::{Digest, Recorded, Timestamp};
use gradus_projection::projector::Revision;
use gradus_projection::rebuild::{FEWER_AT_ONCE, Within, folded};
use gradus_projection::views::StateDigest;
use gradus_proof::leaf_hash;
use gradus_proof::state::areas::BY_AREA;
use gradus_proof::state::{Reached, rows_root};
use tokio::runtime::Handle;

use super::PROJECTOR;
use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;

/// How long after a start the first audit is due, and then each.
const FIRST: Duration = Duration::from_hours(1);
const DAILY: Duration = Duration::from_hours(24);
/// How many records are read at a time.
const CHUNK: usize = 4_096;
/// Bytes of areas that the fold holds between events, about.
const FOLD_BYTES: usize = 96 << 20;

/// What an audit of the newest state digest came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audited {
    /// When it was done.
    pub at: Timestamp,
    /// The size that the digest describes.
    pub size: u64,
    /// The root that was recorded.
    pub recorded: Digest,
    /// The root that the leaves lead to.
    pub computed: Digest,
}

impl Audited {
    /// Whether the log says what the digest does.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.recorded == self.computed
    }
}

impl Service {
    /// What the last audit since the start came to, if there was one.
    #[must_use]
    pub fn audited(&self) -> Option<Audited> {
        *self.states.audited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Audits the newest digest now and then.
    pub(super) fn audit_states(self: &Arc<Self>) {
        let service = Arc::downgrade(self);
        let mut stopped = self.states.cut.subscribe();
        tokio::spawn(async move {
            let mut due = FIRST;
            loop {
                let ended = async { while stopped.changed().await.is_ok() {} };
                if tokio::time::timeout(due, ended).await.is_ok() {
                    return;
                }
                due = DAILY;
                let Some(service) = service.upgrade() else { return };
                match service.audit_state().await {
                    Ok(_) => (),
                    Err(ServiceError::Log(LogError::Closed)) => return,
                    Err(error) => tracing::error!(%error, "the state digests are not audited"),
                }
            }
        });
    }

    /// Makes the newest state digest again, from nothing but the leaves of the log and
    /// the documents that they name, and compares; none where there is none.
    ///
    /// It takes as long as a rebuild of the index, on a thread of its own.
    pub async fn audit_state(self: &Arc<Self>) -> Result<Option<Audited>, ServiceError> {
        self.caught_up(None).await?;
        let newest = {
            let views = self.views();
            let mut all = views.state_digests.values().rev();
            all.find(|digest| digest.said.projector <= PROJECTOR).cloned()
        };
        let Some(StateDigest { said, .. }) = newest else { return Ok(None) };
        let (size, projector) = (said.size, said.projector);
        let computed = self.apart(move |service| service.root_from_leaves(size, projector)).await?;
        let audited = Audited { at: self.now(), size, recorded: said.root, computed };
        if !audited.agrees() {
            tracing::error!(
                size, recorded = %said.root, %computed,
                "THE LOG DOES NOT SAY WHAT ITS STATE DIGEST SAYS: keep the data directory as it is, \
                 and run `gradus doctor`"
            );
        }
        *self.states.audited.lock().unwrap_or_else(PoisonError::into_inner) = Some(audited);
        Ok(Some(audited))
    }

    fn root_from_leaves(&self, size: u64, projector: u32) -> Result<Digest, ServiceError> {
        let within = Within {
            recall: Some(self.streams()),
            history_bytes: self.memory.history_bytes,
            fold_bytes: FOLD_BYTES,
            at_once: FEWER_AT_ONCE,
        };
        let library = self.library().clone();
        let mut heads = BTreeMap::new();
        let mut fault = None;
        let mut next = 0;
        let chunks = std::iter::from_fn(|| {
            if next >= size || fault.is_some() {
                return None;
            }
            let read = if self.states.stopped() {
                Err(LogError::Closed.into())
            } else {
                Handle::current().block_on(self.records_from(next, CHUNK))
            };
            let mut records: Vec<ReadRecord> = read.map_err(|error| fault = Some(error)).ok()?;
            next += records.len() as u64;
            records.retain(|record| record.recorded.place.position < size);
            for record in &records {
                let place = record.recorded.place;
                let reached = Reached { version: place.version, head: leaf_hash(&record.leaf) };
                heads.insert(place.stream, reached);
            }
            Some(records.into_iter().map(|record| record.recorded).collect::<Vec<Recorded>>())
        });
        let areas = RefCell::new(Areas::default());
        let tell = |revision: &Revision<'_>| {
            let course = revision.course;
            let (levels, supports) = (course.levels(), course.supports());
            areas.borrow_mut().tell(revision.unit, revision.area, levels, supports);
        };
        let park = |unit| areas.borrow_mut().forget(unit);
        let (views, chained) = folded(&library, within, chunks.flatten(), tell, park);
        if let Some(fault) = fault {
            return Err(fault);
        }
        let projected =
            if projector < BY_AREA { chained } else { areas.into_inner().projections() };
        let streams = streams(&views.registry, &views.appraisals, size);
        Ok(rows_root(&rows(&streams, &heads, &projected)))
    }
}
