//! Reading the log: into the views, the index, and whatever else an event says is to be done.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use gradus_domain::registry::DocumentKind;
use gradus_model::event::{Document, PayloadsErased};
use gradus_model::{Event, Recorded, UnitId};
use gradus_projection::views::stands;

use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;
use crate::writer::Writer;

/// How many records are folded at a time.
const CHUNK: usize = 4_096;
/// After how many records room is made while the log is read at the start.
const ROOM_EVERY: u64 = 50 * CHUNK as u64;
/// How many records the views take in before they let others on their thread, 2 ms at the most: who
/// lets others go first comes back behind all of them, and with 32 fell behind for good.
const AT_A_TIME: usize = 1_024;
/// How long the views wait for more to read while nobody waits for them.
const GATHERS: Duration = Duration::from_millis(50);

impl Service {
    /// Checks a document, writes it to the directory and reads it into the library.
    pub(crate) fn hold(
        &self,
        kind: DocumentKind,
        name: &str,
        bytes: &[u8],
    ) -> Result<Document, ServiceError> {
        let held = self.library().read(kind, name, bytes)?;
        let id = held.id().clone();
        let digest = self.documents.put(bytes)?;
        let mut library = self.library.write().unwrap_or_else(PoisonError::into_inner);
        library.keep(digest, held);
        Ok(Document { id, digest })
    }

    /// Reads the log into the views up to its head, from where they have come; the index comes after them.
    pub(crate) async fn fold(self: &Arc<Self>) -> Result<(), ServiceError> {
        let mut next = self.views().cursor;
        let size = self.log.head().size;
        let mut ahead = self.read_ahead(next);
        while next < size {
            let records =
                ahead.await.map_err(|_| ServiceError::Fault("reading ahead failed"))??;
            next = records.last().map_or(size, |last| last.recorded.place.position + 1);
            ahead = self.read_ahead(next);
            let read = self.read(records).await;
            if next % ROOM_EVERY < CHUNK as u64 {
                self.make_room();
            }
            if let Err(error) = read {
                // Whoever is refused finds the directory free.
                let _ = ahead.await;
                return Err(error);
            }
        }
        let _ = ahead.await;
        self.replace_writer(Writer::after(&self.views));
        self.cursor.send_replace(size);
        Ok(())
    }

    /// Reads records while those before them are folded.
    fn read_ahead(
        self: &Arc<Self>,
        from: u64,
    ) -> tokio::task::JoinHandle<Result<Vec<ReadRecord>, ServiceError>> {
        let service = Arc::clone(self);
        tokio::spawn(async move { service.records_from(from, CHUNK).await })
    }

    /// Takes durable records into the views and then into the index.
    async fn read(self: &Arc<Self>, records: Vec<ReadRecord>) -> Result<(), ServiceError> {
        for record in &records {
            self.heed(record).await?;
            self.take(&record.recorded, Some(record)).await?;
        }
        self.indexed(records.into_iter().map(|record| record.recorded).collect()).await
    }

    /// As [`Self::read`], for records that need not be read from the log.
    async fn read_fresh(self: &Arc<Self>, records: Vec<Recorded>) -> Result<(), ServiceError> {
        for (at, recorded) in records.iter().enumerate() {
            self.heed_event(recorded).await?;
            self.take(recorded, None).await?;
            if at % AT_A_TIME == AT_A_TIME - 1 {
                // Whoever calls meanwhile waits for these only.
                tokio::task::yield_now().await;
            }
        }
        self.indexed(records).await
    }

    /// Takes a record into the views, and into what stands if it is to stand.
    async fn take(
        &self,
        recorded: &Recorded,
        record: Option<&ReadRecord>,
    ) -> Result<(), ServiceError> {
        let position = recorded.place.position;
        let leaf = match record {
            _ if !stands(&recorded.event) => None,
            Some(record) => Some(record.leaf.clone()),
            None => Some(self.record_at(position).await?.leaf),
        };
        self.standing().take(position, leaf.as_deref());
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.apply(recorded);
        drop(views);
        self.tell_of_access(&recorded.event);
        Ok(())
    }

    /// Takes records that the views have read into the index, and does what is due then.
    async fn indexed(self: &Arc<Self>, records: Vec<Recorded>) -> Result<(), ServiceError> {
        let units: BTreeSet<UnitId> = records.iter().map(|read| read.place.stream).collect();
        self.index(records).await?;
        self.settle_written(&units);
        self.room.notify_one();
        self.renew_standing().await;
        self.renew_known_sources();
        Ok(())
    }

    /// Lets the write side go of what the views have read of these units.
    fn settle_written(&self, units: &BTreeSet<UnitId>) {
        let read: Vec<(UnitId, u64)> = {
            let views = self.views();
            let version = |unit: &UnitId| Some((*unit, views.history(*unit)?.version));
            units.iter().filter_map(version).collect()
        };
        // A write side that is stale begins anew.
        if let Ok(mut writer) = self.writer() {
            writer.settle(&read);
        }
    }

    /// Does what a durable record says has been done: a key that the log calls destroyed is destroyed
    /// here, whoever asked for it and wherever they have gone since.
    pub(crate) async fn heed(&self, record: &ReadRecord) -> Result<(), ServiceError> {
        self.heed_event(&record.recorded).await?;
        if let Event::PrincipalAdded(added) = &record.recorded.event
            && let Some(name) =
                self.open_payload(record)?.as_ref().and_then(|text| text.get("name"))
        {
            let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
            people.insert(added.principal, name.to_owned());
        }
        Ok(())
    }

    /// The same, as far as the event says it.
    pub(crate) async fn heed_event(&self, recorded: &Recorded) -> Result<(), ServiceError> {
        self.read_document(&recorded.event)?;
        if let Event::PayloadErased(erased) = &recorded.event {
            let unit = recorded.place.stream;
            self.keys.erase(unit, erased.version)?;
            self.forget(unit, erased.version).await?;
        }
        if let Event::PayloadsErased(erased) = &recorded.event {
            self.erase_keys(recorded.place.stream, erased).await?;
        }
        match &recorded.event {
            Event::EvidenceSubmitted(item) if !item.attachments.is_empty() => {
                self.attachments.settle(recorded.place.stream, &item.attachments)?;
            }
            Event::AttachmentsErased(erased) => {
                self.attachments.erase(&self.keys, recorded.place.stream, &erased.digests)?;
            }
            _ => (),
        }
        Ok(())
    }

    fn read_document(&self, event: &Event) -> Result<(), ServiceError> {
        let (kind, held) = match event {
            Event::ModelPublished(held) => (DocumentKind::Model, held),
            Event::RulesPublished(held) => (DocumentKind::Rules, held),
            Event::ProfilePublished(held) => (DocumentKind::Profile, held),
            _ => return Ok(()),
        };
        if self.library().holds(&held.digest) {
            return Ok(());
        }
        let bytes = self.documents.get(held.digest)?;
        let read = self.library().read(kind, held.id.as_str(), &bytes)?;
        let mut library = self.library.write().unwrap_or_else(PoisonError::into_inner);
        library.keep(held.digest, read);
        Ok(())
    }

    async fn erase_keys(
        &self,
        stream: UnitId,
        erased: &PayloadsErased,
    ) -> Result<(), ServiceError> {
        // A later record may have the version in a log that was forked; no writer names those.
        let gone = self.keys.erase_all(stream, erased.versions())?;
        tracing::debug!(%stream, gone, "keys erased");
        if self.views().registry.organization == Some(stream) {
            // Names are kept in memory.
            for version in erased.versions() {
                self.forget(stream, version).await?;
            }
        }
        Ok(())
    }

    /// Drops from memory what was read of a record's texts before they were erased.
    async fn forget(&self, unit: UnitId, version: u64) -> Result<(), ServiceError> {
        let record = self.record_of(unit, version).await?;
        if let Event::PrincipalAdded(added) = &record.recorded.event {
            let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
            people.remove(&added.principal);
        }
        Ok(())
    }

    /// Follows the log's head, and begins the write side again when it is stale.
    pub(crate) fn follow(self: &Arc<Self>) {
        let reader = Arc::downgrade(self);
        let mut head = self.log.watch();
        tokio::spawn(async move {
            while head.changed().await.is_ok() {
                let Some(service) = reader.upgrade() else { return };
                service.gathered().await;
                if let Err(error) = service.read_to_head().await {
                    tracing::error!(%error, "the views stopped reading");
                    return;
                }
            }
        });
        let folder = Arc::downgrade(self);
        let stale = Arc::clone(&self.writer_is_stale);
        tokio::spawn(async move {
            loop {
                // Nothing of the service is held while waiting, so that it can end.
                stale.notified().await;
                let Some(service) = folder.upgrade() else { return };
                match service.caught_up(None).await {
                    Ok(()) => service.replace_writer(Writer::after(&service.views)),
                    // The views are slow, and are waited for again.
                    Err(ServiceError::Behind { .. }) => stale.notify_one(),
                    Err(error) => tracing::error!(%error, "the write side cannot be read again"),
                }
            }
        });
    }

    /// Waits for more: many small groups cost the views more than a large one, unless somebody waits.
    async fn gathered(&self) {
        let _ = tokio::time::timeout(GATHERS, self.hurry.notified()).await;
    }

    async fn read_to_head(self: &Arc<Self>) -> Result<(), ServiceError> {
        let mut from = self.read_size();
        let size = self.log.head().size;
        while from < size {
            if self.fresh.may_bring(from) {
                // What is durable comes here when its caller is about to be answered.
                self.gathered().await;
                let _ = tokio::time::timeout(GATHERS, self.fresh.come(from)).await;
            }
            match self.fresh.take(from, CHUNK) {
                Ok(fresh) => self.read_fresh(fresh).await?,
                Err(left_out) => self.read(self.records_from(from, left_out).await?).await?,
            }
            from = self.read_size();
        }
        Ok(())
    }
}
