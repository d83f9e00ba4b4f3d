//! Making a state digest: rows of one size, their root, and the event that records it.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gradus_capsule::state::{rows, streams};
use gradus_domain::{Actor, Proposal};
use gradus_log::LogError;
use gradus_model::event::StateDigestRecorded;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Digest, Event, RequestId, UnitId};
use gradus_proof::Row;
use gradus_proof::digest::sha256_of;
use gradus_proof::state::areas::BY_AREA;
use gradus_proof::state::rows_root;

use super::{PROJECTOR, is_beside};
use crate::append::organization;
use crate::call::{Batch, Call};
use crate::error::ServiceError;
use crate::service::Service;

/// How long a digest that could not be recorded waits for the next try.
const AGAIN: Duration = Duration::from_mins(1);

impl Service {
    /// Records a state digest at each multiple of `every` that the log passes from now on, and at the
    /// last one before, if it has none.
    ///
    /// Where sizes are passed faster than they can be described, the newest one is.
    pub fn describe_states(self: &Arc<Self>, every: NonZeroU64) {
        self.states.every.store(every.get(), Ordering::Relaxed);
        self.audit_states();
        let mut cut = self.states.cut.subscribe();
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let Some(service) = service.upgrade() else { return };
                let newest = *cut.borrow_and_update();
                let recorded = service.record_state(newest).await;
                drop(service);
                match recorded {
                    Ok(()) => {
                        if cut.changed().await.is_err() {
                            return;
                        }
                    }
                    Err(ServiceError::Log(LogError::Closed)) => return,
                    Err(error) => {
                        tracing::warn!(%error, "a state digest is not recorded yet");
                        let _ = tokio::time::timeout(AGAIN, cut.changed()).await;
                    }
                }
            }
        });
    }

    /// Records the state at the last size that is to be described, if it was not.
    pub(super) async fn record_state(
        self: &Arc<Self>,
        cut: Option<u64>,
    ) -> Result<(), ServiceError> {
        // What was cut is told before readers may ask about it; while the index lags, after that.
        let passed = self.states.passed(self.read_size().min(self.index.cursor()));
        let Some(mut size) = passed.max(cut) else { return Ok(()) };
        let newest = self.views().state_digests.keys().next_back().copied();
        // What is said of the log itself may follow a size that is to be described, and hides it.
        while newest < Some(size)
            && cut != Some(size)
            && is_beside(&self.record_at(size - 1).await?.recorded.event)
        {
            let Some(before) = self.states.passed(size - 1) else { return Ok(()) };
            size = before;
        }
        if newest >= Some(size) {
            return Ok(());
        }
        let rows = self.rows_again(size, PROJECTOR).await?;
        let root = rows_root(&rows);
        let count = rows.len() as u64;
        self.keep_rows(size, rows).await;
        let said = StateDigestRecorded { size, root, rows: count, projector: PROJECTOR };
        self.append_state(said).await
    }

    /// The rows of a size, with what the projector told of each unit there.
    async fn rows_at(
        self: &Arc<Self>,
        size: u64,
        projected: &BTreeMap<UnitId, Digest>,
    ) -> Result<Vec<Row>, ServiceError> {
        let streams = {
            let views = self.views();
            streams(&views.registry, &views.appraisals, size)
        };
        let heads = self.reached_at(&streams, size).await?;
        Ok(rows(&streams, &heads, projected))
    }

    /// The same, at any time after, as a version of the projector says it: that is read from the index.
    pub(super) async fn rows_again(
        self: &Arc<Self>,
        size: u64,
        projector: u32,
    ) -> Result<Vec<Row>, ServiceError> {
        self.index_reached(size).await?;
        let projected = self.apart(move |service| {
            if projector < BY_AREA {
                return service.index.unit_digests_at(size);
            }
            service.index.areas_at(None, size).map(|areas| areas.projections())
        });
        let projected = projected.await?;
        self.rows_at(size, &projected).await
    }

    pub(super) async fn append_state(&self, said: StateDigestRecorded) -> Result<(), ServiceError> {
        let system = {
            let views = self.views();
            let mut all = views.registry.principals();
            all.find(|one| one.kind == PrincipalKind::System).map(|one| one.id)
        };
        let principal = system.ok_or(ServiceError::Fault("the log has no principal `system`"))?;
        let (kind, grade) = (PrincipalKind::System, Grade::Internal);
        // Named by its size, so that it is recorded once, however often it is tried.
        let named: [&[u8]; 3] =
            [b"gradus/v1/state-digest/", &self.log_id.0, &said.size.to_be_bytes()];
        let Digest(named) = sha256_of(&named);
        let (request, _) = named.split_first_chunk().ok_or(ServiceError::Fault("a short hash"))?;
        let call = Call {
            request: Some(RequestId(*request)),
            ..Call::by(Actor { principal, kind, grade })
        };
        let proposal = Proposal::at(Event::StateDigestRecorded(said), None, self.now());
        self.append(
            &call,
            |writer, _| organization(&writer.registry),
            |writer, _| {
                Ok(vec![Batch::new(organization(&writer.registry)?, vec![proposal.clone()])])
            },
        )
        .await?;
        Ok(())
    }
}
