//! Starting: open the directory, check it, fold the log, and write the first events of a new one.

use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use gradus_domain::registry::DocumentKind;
use gradus_log::{Log, Options, SledLog};
use gradus_model::{Digest, Event, LogId, Name};
use gradus_projection::store::OfLog;
use gradus_projection::{Library, Views};
use tokio::sync::{Notify, watch};

use crate::answers::{Answers, Told};
use crate::attachments::Attachments;
use crate::call::random_id;
use crate::checkpoints::Checkpoints;
use crate::directory::Directory;
use crate::documents::Documents;
use crate::error::ServiceError;
use crate::index::Index;
use crate::keys::KeyStore;
use crate::offline::discard_damaged;
use crate::queries::Queries;
use crate::recall::Streams;
use crate::records::ReadRecord;
use crate::room::{LogQueue, Room};
use crate::service::{Clock, Service};
use crate::states::States;
use crate::turns::Turns;
use crate::uses::Uses;
use crate::watch::Watchers;
use crate::witnesses::Witnesses;
use crate::writer::Writer;

mod begin;

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

/// The most calls that wait for their turn to be decided; more are refused, and so are those of a
/// principal who would have more of them than are left.
pub(crate) const MOST_WAITING: usize = 1_024;

/// How much memory is taken, by what can be read again.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Bytes of items and ratings that the views hold, about, besides those in constant use.
    pub history_bytes: usize,
    /// How long a unit is not asked for before its items and ratings may be forgotten.
    pub idle: Duration,
    /// Bytes of areas that the projector of levels holds between events, about.
    pub fold_bytes: usize,
    /// Records that units have in all whose streams are read at once, while the index of levels has yet
    /// to read some: what a start reads before it serves, and what one question reads. A read takes 6 µs.
    pub most_read: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            history_bytes: 64 << 20,
            idle: Duration::from_secs(10),
            fold_bytes: 96 << 20,
            most_read: 100_000,
        }
    }
}

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
        memory: Memory,
        options: Options,
    ) -> Result<Started, ServiceError> {
        let directory = Directory::open(path)?;
        directory.refuse_lost_log()?;
        let queue = LogQueue::new(options.queue_calls, options.queue_bytes);
        let log = SledLog::open(path, options)?;
        let documents = Documents::open(&directory.documents())?;
        let log: Arc<dyn Log> = Arc::new(log);
        let created = log.head().size == 0;
        let log_id = if created { LogId(random_id()?) } else { log_id(log.as_ref()).await? };
        let keys = KeyStore::open(&directory.keys(), log_id)?;
        let attachments = Attachments::open(&directory.attachments(), log_id)?;
        let head = log.head().size;
        let first_leaf = if head == 0 { Digest::ZERO } else { log.root_at(1).await? };
        discard_damaged(&directory.projections())?;
        let of_log = OfLog { first_leaf, size: head };
        let index = Index::open(&directory.projections(), of_log, memory.fold_bytes)?;
        let room = Arc::new(Notify::new());
        let streams = Arc::new(Streams::of(&log, &room));
        let views = Arc::new(RwLock::new(Views::recalling(streams)));
        let told = Told {
            write_side: Arc::new(Mutex::new(Writer::after(&views))),
            writer_is_stale: Arc::default(),
            refusals: watch::Sender::new(0),
            fresh: Arc::default(),
        };
        let service = Arc::new(Self {
            log,
            log_id,
            keys,
            checkpoints: Checkpoints::open(&directory)?,
            witnesses: Witnesses::default(),
            states: States::default(),
            queries: Queries::default(),
            documents,
            attachments,
            library: RwLock::new(Library::default()),
            views,
            memory,
            room,
            standing: Mutex::default(),
            known_sources: Arc::default(),
            people: RwLock::default(),
            index,
            cursor: watch::Sender::new(0),
            access: watch::Sender::new(()),
            hurry: Notify::new(),
            places: Room::new(MOST_WAITING),
            turns: Turns::new(),
            queue,
            under_way: Arc::default(),
            capsule: tokio::sync::Mutex::new(()),
            write_side: Arc::clone(&told.write_side),
            writer_is_stale: Arc::clone(&told.writer_is_stale),
            refusals: told.refusals.clone(),
            fresh: Arc::clone(&told.fresh),
            answers: Answers::start(told),
            watchers: Watchers::default(),
            uses: Uses::read(&directory.last_used()),
            clock,
            directory,
            alive: watch::Sender::new(()),
        });
        if created {
            service.begin(beginning).await?;
            service.index.begun(service.log.root_at(1).await?);
        }
        let begun = Instant::now();
        service.stand().await?;
        let (from, stood, begun) = (service.views().cursor, begun.elapsed(), Instant::now());
        service.fold().await?;
        let folded = begun.elapsed();
        tracing::info!(from, ?stood, ?folded, "read what stands, and folded what came after");
        service.open_known_sources().await?;
        service.open_queries()?;
        service.begin_checkpoints().await?;
        service.follow();
        service.follow_with_checkpoints();
        service.keep_room();
        service.keep_uses_now_and_then();
        service.keep_attachments_tidy();
        service.catch_up().await?;
        Ok(Started { service, created })
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
