//! Starting: open the directory, check it, fold the log, and write the first events of a new one.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gradus_domain::registry::DocumentKind;
use gradus_domain::{Actor, Proposal};
use gradus_log::{Log, Options, SledLog};
use gradus_model::event::{Document, LogCreated, PrincipalAdded, TokenIssued, UnitRegistered};
use gradus_model::unit::{Grade, PrincipalKind, UnitKind};
use gradus_model::{
    Digest, Event, LogId, Name, Payload, PrincipalId, RequestId, Timestamp, TokenId, UnitId,
};
use gradus_projection::store::OfLog;
use gradus_projection::{Library, Views};
use tokio::sync::{Notify, Semaphore, watch};

use crate::call::{Call, Numbered, random_id};
use crate::directory::Directory;
use crate::documents::Documents;
use crate::error::ServiceError;
use crate::identity::{Secret, secret};
use crate::index::Index;
use crate::keys::KeyStore;
use crate::offline::discard_damaged;
use crate::records::ReadRecord;
use crate::service::{Clock, Service};
use crate::watch::Watchers;
use crate::writer::{PlannedPart, Writer};

/// What a new log begins with.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The organization's name.
    pub organization: Name,
    /// Documents to publish, in this order: what borrows comes after its lender.
    pub documents: Vec<Shipped>,
    /// The id of the model that the organization adopts, since ever.
    pub model: Name,
    /// The id of the rules that the organization adopts, since ever.
    pub rules: Name,
}

/// A document that ships with the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// Its file name, for errors.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// What a start came to.
pub struct Started {
    /// The service.
    pub service: Arc<Service>,
    /// Whether the log was made just now.
    pub created: bool,
}

/// How many records are folded at a time.
const CHUNK: usize = 4_096;
/// The most calls that wait for their turn to be decided; more are refused.
pub(crate) const MOST_WAITING: usize = 1_024;
/// How long the views wait for more to read while nobody waits for them.
const GATHERS: Duration = Duration::from_millis(20);

impl Service {
    /// Opens a data directory, making it if it is new, and follows its log until it is closed.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] on any doubt about what is there; the directory is left as it is.
    pub async fn start(
        path: &Path,
        beginning: &Beginning,
        clock: Clock,
        options: Options,
    ) -> Result<Started, ServiceError> {
        let directory = Directory::open(path)?;
        directory.refuse_lost_log()?;
        let log = SledLog::open(path, options)?;
        let documents = Documents::open(&directory.documents())?;
        let log: Arc<dyn Log> = Arc::new(log);
        let created = log.head().size == 0;
        let log_id = if created { LogId(random_id()?) } else { log_id(log.as_ref()).await? };
        let keys = KeyStore::open(&directory.keys(), log_id)?;
        let head = log.head().size;
        let first_leaf = if head == 0 { Digest::ZERO } else { log.root_at(1).await? };
        discard_damaged(&directory.projections())?;
        let index = Index::open(&directory.projections(), OfLog { first_leaf, size: head })?;
        let service = Arc::new(Self {
            log,
            log_id,
            keys,
            documents,
            library: RwLock::new(Library::default()),
            views: RwLock::new(Views::default()),
            people: RwLock::default(),
            index,
            cursor: watch::Sender::new(0),
            hurry: Notify::new(),
            places: Semaphore::new(MOST_WAITING),
            turn: tokio::sync::Mutex::new(()),
            write_side: Arc::default(),
            writer_is_stale: Arc::default(),
            refusals: watch::Sender::new(0),
            watchers: Watchers::default(),
            clock,
            directory,
            alive: watch::Sender::new(()),
        });
        if created {
            service.begin(beginning).await?;
            service.index.begun(service.log.root_at(1).await?);
        }
        service.fold().await?;
        service.follow();
        Ok(Started { service, created })
    }

    /// Writes the first events, in one atomic append, and the admin's token before them.
    async fn begin(&self, beginning: &Beginning) -> Result<(), ServiceError> {
        let organization = UnitId(random_id()?);
        let (system, operator) = (PrincipalId(random_id()?), PrincipalId(random_id()?));
        let Secret { text, hash } = secret()?;
        self.directory
            .write_secret(&self.directory.admin_token(), &format!("{}\n", text.as_str()))
            .map_err(crate::directory::DirectoryError::from)?;
        let now = self.now();
        let created = LogCreated {
            log: self.log_id,
            organization,
            origin: format!("gradus/{}", self.log_id)
                .parse()
                .map_err(|error| ServiceError::invalid("origin", error))?,
        };
        let mut proposals = vec![
            Proposal::new(Event::LogCreated(created), now),
            added(system, PrincipalKind::System, "system", now),
            added(operator, PrincipalKind::Person, "operator", now),
            Proposal::new(
                Event::TokenIssued(TokenIssued {
                    token: TokenId(random_id()?),
                    principal: operator,
                    hash,
                    expires_at: None,
                }),
                now,
            ),
        ];
        proposals.extend(self.publications(beginning, now)?);
        let registered = UnitRegistered {
            unit: organization,
            kind: UnitKind::Organization,
            parent: None,
            name: beginning.organization.clone(),
        };
        // Settled since ever, so that histories older than the log can be read.
        proposals.push(Proposal::new(Event::UnitRegistered(registered), Timestamp::MIN));
        let adopted = |kind: DocumentKind, id: &Name| {
            let published = proposals.iter().find_map(|proposal| {
                match &proposal.event {
                    Event::ModelPublished(held) if kind == DocumentKind::Model => Some(held),
                    Event::RulesPublished(held) if kind == DocumentKind::Rules => Some(held),
                    _ => None,
                }
                .filter(|held| held.id == *id)
            });
            published.cloned().ok_or_else(|| ServiceError::not_found(kind.name(), id))
        };
        let model = adopted(DocumentKind::Model, &beginning.model)?;
        let rules = adopted(DocumentKind::Rules, &beginning.rules)?;
        proposals.push(Proposal::new(Event::ModelAdopted(model), Timestamp::MIN));
        proposals.push(Proposal::new(Event::RulesAdopted(rules), Timestamp::MIN));
        let actor =
            Actor { principal: system, kind: PrincipalKind::System, grade: Grade::Internal };
        let number = |(item, proposal)| Numbered { item, proposal: Arc::new(proposal) };
        let records = (0..).zip(proposals).map(number).collect();
        let part = PlannedPart { stream: organization, version: 0, records };
        let parts = self.sealed(&Call::by(actor), RequestId(random_id()?), &[part])?;
        self.log.append(gradus_log::Append { parts })?.await?;
        Ok(())
    }

    fn publications(
        &self,
        beginning: &Beginning,
        now: Timestamp,
    ) -> Result<Vec<Proposal>, ServiceError> {
        let mut proposals = Vec::new();
        for shipped in &beginning.documents {
            let held = self.hold(shipped.kind, shipped.file, shipped.text.as_bytes())?;
            let event = match shipped.kind {
                DocumentKind::Model => Event::ModelPublished(held),
                DocumentKind::Rules => Event::RulesPublished(held),
                DocumentKind::Profile => Event::ProfilePublished(held),
            };
            proposals.push(Proposal::new(event, now));
        }
        Ok(proposals)
    }

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

    /// Folds the log from position 0 into the write side and the views.
    async fn fold(self: &Arc<Self>) -> Result<(), ServiceError> {
        let writer = self.folded_writer(true).await?;
        self.replace_writer(writer);
        Ok(())
    }

    async fn folded_writer(self: &Arc<Self>, views_too: bool) -> Result<Writer, ServiceError> {
        let mut writer = Writer::default();
        let size = self.log.head().size;
        let mut ahead = self.read_ahead(writer.next);
        while writer.next < size {
            let records =
                ahead.await.map_err(|_| ServiceError::Fault("reading ahead failed"))??;
            let next = records.last().map_or(size, |last| last.recorded.place.position + 1);
            ahead = self.read_ahead(next);
            for record in &records {
                writer.evolve(&record.recorded);
            }
            if views_too && let Err(error) = self.read(records).await {
                // Whoever is refused finds the directory free.
                let _ = ahead.await;
                return Err(error);
            }
        }
        let _ = ahead.await;
        Ok(writer)
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
            self.read_into_views(record).await?;
        }
        self.index(records).await
    }

    /// Takes in a durable record, and does what it says has been done: a key that the log calls
    /// destroyed is destroyed here, whoever asked for it and wherever they have gone since.
    async fn read_into_views(&self, record: &ReadRecord) -> Result<(), ServiceError> {
        self.read_document(&record.recorded.event)?;
        if let Event::PayloadErased(erased) = &record.recorded.event {
            let unit = record.recorded.place.stream;
            self.keys.erase(unit, erased.version)?;
            self.forget(unit, erased.version).await?;
        }
        if let Event::PrincipalAdded(added) = &record.recorded.event
            && let Some(name) =
                self.open_payload(record)?.as_ref().and_then(|text| text.get("name"))
        {
            let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
            people.insert(added.principal, name.to_owned());
        }
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.apply(&record.recorded);
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

    /// Drops from memory what was read of a record's texts before they were erased.
    async fn forget(&self, unit: UnitId, version: u64) -> Result<(), ServiceError> {
        let record = self.record_of(unit, version).await?;
        if let Event::PrincipalAdded(added) = &record.recorded.event {
            let mut people = self.people.write().unwrap_or_else(PoisonError::into_inner);
            people.remove(&added.principal);
        }
        Ok(())
    }

    /// Follows the log's head, and folds the write side again when it is stale.
    fn follow(self: &Arc<Self>) {
        let reader = Arc::downgrade(self);
        let mut head = self.log.watch();
        tokio::spawn(async move {
            while head.changed().await.is_ok() {
                let Some(service) = reader.upgrade() else { return };
                // Many small groups cost the views more than a large one, unless somebody waits.
                let _ = tokio::time::timeout(GATHERS, service.hurry.notified()).await;
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
                match service.folded_writer(false).await {
                    Ok(writer) => service.replace_writer(writer),
                    Err(error) => tracing::error!(%error, "the write side cannot be read again"),
                }
            }
        });
    }

    async fn read_to_head(self: &Arc<Self>) -> Result<(), ServiceError> {
        let mut from = self.read_size();
        let size = self.log.head().size;
        while from < size {
            let records = self.records_from(from, CHUNK).await?;
            self.read(records).await?;
            from = self.read_size();
        }
        Ok(())
    }
}

async fn log_id(log: &dyn Log) -> Result<LogId, ServiceError> {
    let first = log.read(0, gradus_log::ReadLimit::records(1)).await?.into_iter().next();
    let first = first.ok_or(ServiceError::Fault("the log has no first event"))?;
    match ReadRecord::read(first)?.recorded.event {
        Event::LogCreated(created) => Ok(created.log),
        _ => Err(ServiceError::Fault("the log does not begin with `log-created`")),
    }
}

fn added(principal: PrincipalId, kind: PrincipalKind, name: &str, now: Timestamp) -> Proposal {
    Proposal::new(Event::PrincipalAdded(PrincipalAdded { principal, kind }), now)
        .with(Payload::empty().with("name", name))
}
