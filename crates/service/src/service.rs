//! The service: one log, its keys and documents, the write side and the views.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use gradus_log::Log;
use gradus_model::{LogId, Name, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_projection::{Library, Views};
use tokio::sync::{Notify, watch};

use crate::access::unknown;
use crate::answers::Answers;
use crate::attachments::Attachments;
use crate::call::{Call, Naming};
use crate::checkpoints::Checkpoints;
use crate::directory::Directory;
use crate::documents::Documents;
use crate::error::ServiceError;
use crate::fresh::Fresh;
use crate::index::Index;
use crate::keys::KeyStore;
use crate::known_sources::KnownSources;
use crate::queries::Queries;
use crate::room::{LogQueue, Room};
use crate::standing::Standing;
use crate::start::Memory;
use crate::states::States;
use crate::turns::Turns;
use crate::uses::Uses;
use crate::watch::Watchers;
use crate::witnesses::Witnesses;
use crate::writer::{RequestKey, Writer};

/// How long a read waits for the views to read what is durable.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(10);

/// Tells the time; a test brings its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// One log and all that is known of it. Methods are safe to call from many tasks at once.
pub struct Service {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) log_id: LogId,
    pub(crate) keys: KeyStore,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) witnesses: Witnesses,
    pub(crate) states: States,
    pub(crate) queries: Queries,
    pub(crate) documents: Documents,
    pub(crate) attachments: Attachments,
    pub(crate) library: RwLock<Library>,
    pub(crate) views: Arc<RwLock<Views>>,
    pub(crate) memory: Memory,
    /// Told when something was recalled.
    pub(crate) room: Arc<Notify>,
    /// What the next start reads in place of the log.
    pub(crate) standing: Mutex<Standing>,
    /// From which sources items come, as it is written down.
    pub(crate) known_sources: Arc<KnownSources>,
    /// Names of principals at the head; payload, so kept apart from the registry.
    pub(crate) people: RwLock<BTreeMap<PrincipalId, String>>,
    /// The index of levels, which reads after the views.
    pub(crate) index: Index,
    /// How far the views have read, and the index unless it lags: what readers may ask about.
    pub(crate) cursor: watch::Sender<u64>,
    /// Told when something changes who may do what.
    pub(crate) access: watch::Sender<()>,
    /// Told when somebody waits for the cursor.
    pub(crate) hurry: Notify,
    /// Places of calls that wait for their turn.
    pub(crate) places: Arc<Room>,
    /// Held by the call that is decided and sealed: it takes its time, and nobody blocks meanwhile.
    pub(crate) turns: Turns,
    /// Each principal's part of the log's queue.
    pub(crate) queue: LogQueue,
    /// Calls that are being made, so that a second one under the same id waits for the first.
    pub(crate) under_way: UnderWay,
    /// Held by the call that makes a capsule, which takes its memory.
    pub(crate) capsule: tokio::sync::Mutex<()>,
    pub(crate) write_side: Arc<Mutex<Writer>>,
    pub(crate) writer_is_stale: Arc<Notify>,
    /// How often the log refused what was queued.
    pub(crate) refusals: watch::Sender<u64>,
    /// What the views take without reading it from the log.
    pub(crate) fresh: Arc<Fresh>,
    /// Waits for the log's answers.
    pub(crate) answers: Answers,
    pub(crate) watchers: Watchers,
    /// When tokens were last used; no part of the log.
    pub(crate) uses: Uses,
    pub(crate) clock: Clock,
    /// Holds the directory against other processes for as long as the service lives.
    pub(crate) directory: Directory,
    /// Dropped last: whoever waits for the end of the service hears of it then.
    pub(crate) alive: watch::Sender<()>,
}

impl Drop for Service {
    /// Lets the tasks that wait for something to do see that there is nothing any more.
    fn drop(&mut self) {
        self.writer_is_stale.notify_one();
        self.room.notify_one();
    }
}

/// The claim on a request id until its call is answered by the log, whether or not anybody waits
/// for the answer; other calls under the id go on when it is dropped.
pub(crate) struct Claim {
    all: UnderWay,
    key: RequestKey,
    _under_way: watch::Sender<()>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        claims(&self.all).remove(&self.key);
    }
}

/// The calls that are being made.
pub(crate) type UnderWay = Arc<Mutex<BTreeMap<RequestKey, watch::Receiver<()>>>>;

// A lock of its own: nobody waits here for a call that is decided.
fn claims(all: &UnderWay) -> MutexGuard<'_, BTreeMap<RequestKey, watch::Receiver<()>>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

// A panic elsewhere leaves plain values behind; none of the locks guards a broken invariant.
fn locked(write_side: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    write_side.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// The server's clock; read once for a call.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The ids of one call.
    pub(crate) const fn naming(&self, call: &Call, request: RequestId) -> Naming {
        Naming::new(self.log_id, call.actor.principal, request)
    }

    /// The log's id.
    #[must_use]
    pub const fn log_id(&self) -> LogId {
        self.log_id
    }

    /// The log, for those who read records and follow its head.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        locked(&self.write_side)
    }

    pub(crate) fn writer(&self) -> Result<MutexGuard<'_, Writer>, ServiceError> {
        let writer = self.lock_writer();
        if writer.stale { Err(ServiceError::Recovering) } else { Ok(writer) }
    }

    pub(crate) fn replace_writer(&self, with: Writer) {
        *self.lock_writer() = with;
    }

    /// The held documents, read.
    pub fn library(&self) -> RwLockReadGuard<'_, Library> {
        self.library.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The views as far as they have read.
    pub fn views(&self) -> RwLockReadGuard<'_, Views> {
        self.views.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the views have read, and the index unless it lags, as a log size.
    #[must_use]
    pub fn read_size(&self) -> u64 {
        *self.cursor.borrow()
    }

    /// The name of a principal, if it was not erased.
    #[must_use]
    pub fn principal_name(&self, id: PrincipalId) -> Option<String> {
        self.people.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Waits until the views have read what is durable now, and at least `min_size`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Log`] with `Past` when the log has not reached `min_size`;
    /// [`ServiceError::Behind`] when the views need longer than 10 s.
    pub async fn caught_up(&self, min_size: Option<u64>) -> Result<(), ServiceError> {
        let size = self.log.head().size;
        if let Some(asked) = min_size.filter(|asked| *asked > size) {
            return Err(gradus_log::LogError::Past { asked, size }.into());
        }
        if self.read_size() >= size {
            return Ok(());
        }
        let mut cursor = self.cursor.subscribe();
        if *cursor.borrow() < size {
            self.hurry.notify_one();
        }
        let reached = cursor.wait_for(|cursor| *cursor >= size);
        match tokio::time::timeout(CATCH_UP, reached).await {
            Ok(reached) => reached.map(|_| ()).map_err(|_| gradus_log::LogError::Closed.into()),
            Err(_) => Err(ServiceError::Behind { read: self.read_size(), size }),
        }
    }

    /// Takes a request id for one call; waits while another call is under way with it.
    pub(crate) async fn claim(&self, key: RequestKey) -> Claim {
        loop {
            let mut waiting = match claims(&self.under_way).entry(key) {
                Entry::Occupied(under_way) => under_way.get().clone(),
                Entry::Vacant(free) => {
                    let (sender, receiver) = watch::channel(());
                    free.insert(receiver);
                    let all = Arc::clone(&self.under_way);
                    return Claim { all, key, _under_way: sender };
                }
            };
            // An error says that the claim was dropped, which is what is waited for.
            let _ = waiting.changed().await;
        }
    }

    /// Stops taking appends, finishes those in the queue and marks the log as cleanly closed.
    pub async fn close(&self) -> Result<(), ServiceError> {
        self.states.stop();
        self.index.look();
        if let Err(error) = self.keep_last_checkpoint().await {
            tracing::warn!(%error, "the last checkpoint is not kept");
        }
        self.log.close().await?;
        self.index.flush();
        self.keep_standing().await;
        self.keep_known_sources().await;
        self.keep_uses().await;
        Ok(())
    }

    /// Resolves when the service is gone and its directory is free again.
    pub fn gone(&self) -> impl Future<Output = ()> + use<> {
        let mut alive = self.alive.subscribe();
        async move { while alive.changed().await.is_ok() {} }
    }

    /// The path of the data directory.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// A unit by name, id, or resource name `units/…`.
pub(crate) fn unit_in(
    registry: &gradus_domain::Registry,
    text: &str,
) -> Result<UnitId, ServiceError> {
    let text = text.strip_prefix("units/").unwrap_or(text);
    // Ids first: a name of old may be written like one.
    let by_id = text.parse().ok().and_then(|id| registry.unit(id));
    let found = by_id.or_else(|| registry.unit_named(&text.parse::<Name>().ok()?));
    found.map(|unit| unit.id).ok_or_else(|| unknown(text))
}
