//! Building the index anew beside the live one, from the log alone, and comparing both.

use std::sync::Arc;

use gradus_log::LogError;
use gradus_model::Digest;
use gradus_projection::IndexStore;
use gradus_projection::projector::NAME;
use gradus_projection::rebuild::{Compared, Within, discard, rebuild, switch, verify};
use gradus_projection::store::OfLog;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::{project, projector_of};
use crate::error::ServiceError;
use crate::service::Service;

/// How many records are read at a time.
const CHUNK: usize = 4_096;

/// What came of a rebuild or a verification.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The size of the log at which both were read.
    pub size: u64,
    /// The digest of the live one, or why it cannot be computed.
    pub live: Result<Digest, String>,
    /// The digest that it was compared with.
    pub other: Digest,
    /// Whether the rebuilt one took its place.
    pub switched: bool,
}

impl Service {
    /// Builds a projection anew beside the live one, and lets it take its place if both agree.
    ///
    /// `progress` is told records done and to do.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown name, [`ServiceError::Rebuilding`] while another
    /// one is under way.
    pub async fn rebuild(
        self: &Arc<Self>,
        name: &str,
        progress: watch::Sender<(u64, u64)>,
    ) -> Result<Outcome, ServiceError> {
        let (_alone, size) = self.alone(name).await?;
        self.apart(move |service| {
            let compared = service.beside(size, service.ample(), &progress)?;
            let switched = compared.agree();
            if switched {
                service.exchange(size)?;
            }
            Ok(told(compared, switched))
        })
        .await
    }

    /// Folds a projection again beside the live one and compares the digests; nothing is exchanged.
    ///
    /// # Errors
    ///
    /// As [`Self::rebuild`].
    pub async fn verify(
        self: &Arc<Self>,
        name: &str,
        progress: watch::Sender<(u64, u64)>,
    ) -> Result<Outcome, ServiceError> {
        let (_alone, size) = self.alone(name).await?;
        self.apart(move |service| {
            let index = &service.index;
            // What was kept as the rows grew must be what the rows say.
            let grown = {
                let _still = index.projector();
                index.store().as_ref().map(verify)
            };
            if let Some(grown) = grown.filter(|grown| !grown.agree()) {
                return Ok(told(grown, false));
            }
            let compared = service.beside(size, service.ample(), &progress)?;
            discard(&index.beside)?;
            Ok(told(compared, false))
        })
        .await
    }

    /// Keeps others from rebuilding or verifying a projection, once it has caught up after a start, and
    /// tells how far it has read.
    async fn alone(
        &self,
        name: &str,
    ) -> Result<(tokio::sync::MutexGuard<'_, ()>, u64), ServiceError> {
        if name != NAME {
            return Err(ServiceError::not_found("projection", name));
        }
        self.index_caught_up().await?;
        let alone = self.index.rebuilding.try_lock().map_err(|_| ServiceError::Rebuilding)?;
        self.caught_up(None).await?;
        // It may have fallen behind again, and comes no further meanwhile.
        Ok((alone, self.read_size().min(self.index.cursor())))
    }

    /// The room of a rebuild that somebody asked for.
    fn ample(&self) -> Within {
        Within {
            recall: Some(self.streams()),
            history_bytes: self.memory.history_bytes,
            ..Within::ample()
        }
    }

    /// Builds the index of a log up to a size beside the live one, from the log alone.
    pub(super) fn beside(
        &self,
        size: u64,
        within: Within,
        progress: &watch::Sender<(u64, u64)>,
    ) -> Result<Compared, ServiceError> {
        let log = OfLog { size, ..self.index.log() };
        let library = self.library().clone();
        let mut fault = None;
        let mut next = 0;
        let chunks = std::iter::from_fn(|| {
            if next >= log.size || fault.is_some() {
                return None;
            }
            let read = if self.states.stopped() {
                Err(LogError::Closed.into())
            } else {
                Handle::current().block_on(self.records_from(next, CHUNK))
            };
            match read {
                Ok(records) => {
                    next += records.len() as u64;
                    Some(records.into_iter().map(|record| record.recorded).collect::<Vec<_>>())
                }
                Err(error) => {
                    fault = Some(error);
                    None
                }
            }
        });
        let store = self.index.store();
        let live = store.as_ref().ok_or(ServiceError::Fault("the index was given up"))?;
        let compared =
            rebuild(live, &self.index.beside, log, &library, within, chunks.flatten(), |done| {
                progress.send_replace((done, log.size));
            })?;
        match fault {
            Some(fault) => Err(fault),
            None => Ok(compared),
        }
    }

    /// Puts the index that was built beside up to `size` in the place of the live one.
    pub(super) fn exchange(&self, size: u64) -> Result<(), ServiceError> {
        let index = &self.index;
        // Nothing is written to either while they change places.
        let mut projector = index.projector();
        // One that is built anew after a start may be far behind.
        let cursor = index.store().as_ref().map_or(size, IndexStore::cursor).max(size);
        let mut tail = Vec::new();
        while size + (tail.len() as u64) < cursor {
            let from = size + tail.len() as u64;
            let records = Handle::current().block_on(self.records_from(from, CHUNK))?;
            tail.extend(records.into_iter().map(|record| record.recorded));
        }
        tail.retain(|recorded| recorded.place.position < cursor);
        // Questions are folded meanwhile.
        index.replace(None);
        switch(&index.live, &index.beside)?;
        let log = OfLog { size: cursor, ..index.log() };
        let (rebuilt, _) = IndexStore::open(&index.live, log)?;
        *projector = projector_of(&rebuilt, index.most_bytes);
        project(self, &rebuilt, &mut projector, &tail, log.first_leaf)?;
        index.replace(Some(rebuilt));
        Ok(())
    }
}

fn told(compared: Compared, switched: bool) -> Outcome {
    Outcome { size: compared.size, live: compared.live, other: compared.other, switched }
}
