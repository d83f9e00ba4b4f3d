//! Checkpoints: what the log's key has signed, a size and its root.
//!
//! One is published within 200 ms after records are durable, or at once when somebody waits. The
//! anchor holds its size before it is signed, so that no start comes up with less than was signed.
//!
//! Some are kept as files: the first of each hour, the last before a stop, and those that somebody
//! builds on. A start that
//! finds one of them past the log's end, or with another root, refuses: the log was put back.
//!
//! Invariant: no two checkpoints of one origin and size have different roots.

mod kept;
mod key;
mod prove;
mod rotate;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gradus_log::{Head, LogError};
use gradus_model::{Digest, Timestamp};
use gradus_proof::{Checkpoint, Note, Signer, VerifierKey};
use tokio::sync::{Notify, watch};

use crate::directory::{Directory, DirectoryError};
use crate::error::ServiceError;
use crate::service::Service;

pub use key::KeyError;
pub use prove::{Bound, Included, Point};

pub(crate) use kept::Kept;

/// How long a checkpoint waits for more records to cover.
const EVERY: Duration = Duration::from_millis(200);
/// Microseconds in which one checkpoint at least is kept, where the log grew.
const KEPT_EVERY: i64 = 3_600 * 1_000_000;

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it covers.
    pub head: Head,
    /// The C2SP signed note.
    pub note: Arc<str>,
}

/// The log's key, and what it signed last.
pub(crate) struct Checkpoints {
    /// None until the start is over.
    signer: Mutex<Option<Arc<Signer>>>,
    newest: watch::Sender<Signed>,
    kept: Mutex<Kept>,
    /// When the last one was kept.
    kept_at: Mutex<Option<Timestamp>>,
    /// Told when somebody waits for a checkpoint.
    hurry: Notify,
    /// Held while the log's key is rotated.
    rotating: tokio::sync::Mutex<()>,
}

/// Refuses a log that is not the one that was signed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The log has less than was signed, or other records.
    #[error(
        "`{path}` says that the log had {signed} records with root {root}, and it has {size} now{}: \
         the directory was put back or changed; restore the newest backup with `gradus restore`, or \
         take the file away to go on without what is missing, which auditors will see",
        seen.map(|seen| format!(" with root {seen} at that size")).unwrap_or_default()
    )]
    NotThisLog {
        /// The checkpoint's file.
        path: String,
        /// The size that was signed.
        signed: u64,
        /// The root that was signed.
        root: Digest,
        /// The size the log has.
        size: u64,
        /// The root it had at the signed size, if it reaches that.
        seen: Option<Digest>,
    },
    /// A kept checkpoint is none.
    #[error("`{path}` is damaged: {reason}; take it away, or restore it from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file of the log's key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Checkpoints {
    pub(crate) fn open(directory: &Directory) -> Result<Self, ServiceError> {
        let kept = Kept::open(&directory.checkpoints()).map_err(DirectoryError::from)?;
        Ok(Self {
            signer: Mutex::default(),
            newest: watch::Sender::new(Signed { head: Head::empty(), note: "".into() }),
            kept: Mutex::new(kept),
            kept_at: Mutex::default(),
            hurry: Notify::new(),
            rotating: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest one, as it changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Signed> {
        self.newest.subscribe()
    }

    fn signer(&self) -> Result<Arc<Signer>, ServiceError> {
        let signer = self.signer.lock().unwrap_or_else(PoisonError::into_inner);
        signer.clone().ok_or(ServiceError::Fault("the log's key was not read yet"))
    }

    fn sign_with(&self, signer: Signer) {
        *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(signer));
    }

    fn sign(&self, origin: &str, head: Head) -> Result<Signed, ServiceError> {
        let text = Checkpoint { origin: origin.to_owned(), size: head.size, root: head.root };
        let mut note = Note::new(text.to_text())
            .map_err(|_| ServiceError::Fault("the log's origin is no line of a checkpoint"))?;
        let signature = self.signer()?.sign(&note.text);
        note.signatures.push(signature);
        let note = String::from_utf8(note.to_bytes())
            .map_err(|_| ServiceError::Fault("a checkpoint is no text"))?;
        Ok(Signed { head, note: note.into() })
    }
}

impl Service {
    /// The newest checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Signed {
        self.checkpoints.newest.borrow().clone()
    }

    /// The key that verifies the log's checkpoints.
    pub fn checkpoint_key(&self) -> Result<VerifierKey, ServiceError> {
        Ok(self.checkpoints.signer()?.verifier().clone())
    }

    /// A checkpoint of at least `size`, once there is one: within 200 ms after that is durable.
    pub async fn checkpoint_covering(&self, size: u64) -> Result<Signed, ServiceError> {
        let mut newest = self.checkpoints.newest.subscribe();
        if newest.borrow_and_update().head.size < size {
            self.checkpoints.hurry.notify_one();
        }
        let reached = newest.wait_for(|signed| signed.head.size >= size).await;
        Ok(reached.map_err(|_| LogError::Closed)?.clone())
    }

    /// The first checkpoint that is kept, covers `size` and is signed by enough witnesses; else the
    /// first that is kept and covers it. From the first question on it is the same one for ever,
    /// except that witnesses may sign later.
    pub async fn kept_checkpoint(&self, size: u64) -> Result<Signed, ServiceError> {
        self.uncontradicted()?;
        if let Some(kept) = self.kept_covering(size)? {
            return Ok(kept);
        }
        let signed = self.checkpoint_covering(size).await?;
        // Another may have been kept meanwhile.
        if let Some(kept) = self.kept_covering(size)? {
            return Ok(kept);
        }
        self.checkpoints.kept().keep(&signed)?;
        self.witnesses.hasten();
        Ok(signed)
    }

    fn kept_covering(&self, size: u64) -> Result<Option<Signed>, ServiceError> {
        let mut kept = self.checkpoints.kept();
        if let Some(policy) = self.witnesses.policy()
            && let Some(witnessed) = kept.witnessed_covering(size, policy)?
        {
            // It may have been kept for a while only.
            kept.keep(&witnessed)?;
            return Ok(Some(witnessed));
        }
        kept.covering(size)
    }

    /// Reads or makes the log's key, compares what it signed before with the log, and signs the
    /// head.
    pub(crate) async fn begin_checkpoints(&self) -> Result<(), ServiceError> {
        let origin = self.origin();
        let signer = key::read_or_make(&self.directory, &origin, &self.earlier_origins())?;
        self.checkpoints.sign_with(signer);
        let keys = self.log_keys()?;
        let last = self.checkpoints.kept().last(&origin, &keys)?;
        if let Some((path, last)) = last {
            self.refuse_another(&path, Head { size: last.size, root: last.root }).await?;
        }
        self.publish_checkpoint().await?;
        self.take_over().await
    }

    /// Refuses a log that is not the one of a checkpoint that was kept.
    pub(crate) async fn refuse_another(&self, path: &Path, kept: Head) -> Result<(), ServiceError> {
        let size = self.log.head().size;
        let reached = kept.size <= size;
        let seen = if reached { Some(self.log.root_at(kept.size).await?) } else { None };
        if seen == Some(kept.root) {
            return Ok(());
        }
        let (path, signed, root) = (path.display().to_string(), kept.size, kept.root);
        Err(CheckpointError::NotThisLog { path, signed, root, size, seen }.into())
    }

    /// Keeps a checkpoint of all there is, so that the next start is held against it.
    pub(crate) async fn keep_last_checkpoint(&self) -> Result<(), ServiceError> {
        self.publish_checkpoint().await?;
        let newest = self.checkpoint();
        self.checkpoints.kept().keep(&newest)
    }

    /// Signs what is durable, and keeps the first of each hour.
    async fn publish_checkpoint(&self) -> Result<(), ServiceError> {
        let head = self.log.head();
        if self.checkpoint().head.size == head.size {
            return Ok(());
        }
        self.log.anchored(head.size).await?;
        // What is signed may say that the log was forked, and has another origin then.
        self.caught_up(None).await?;
        let origin = self.origin();
        if self.checkpoints.signer()?.verifier().name() != origin {
            // The log was forked just now: the key of where it came from signs nothing more.
            let earlier = self.earlier_origins();
            self.checkpoints.sign_with(key::read_or_make(&self.directory, &origin, &earlier)?);
        }
        let signed = self.checkpoints.sign(&origin, head)?;
        // The one that is signed at a stop may be overtaken: what was told never goes back.
        self.checkpoints.newest.send_if_modified(|newest| {
            let is_later = signed.head.size > newest.head.size;
            if is_later {
                newest.clone_from(&signed);
            }
            is_later
        });
        let now = self.now();
        let due = {
            let kept_at = self.checkpoints.kept_at.lock().unwrap_or_else(PoisonError::into_inner);
            kept_at.is_none_or(|at| now.micros() >= at.micros().saturating_add(KEPT_EVERY))
        };
        if due {
            self.checkpoints.kept().keep(&signed)?;
            self.witnesses.hasten();
            *self.checkpoints.kept_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        Ok(())
    }

    /// Signs what becomes durable, until the log is closed.
    pub(crate) fn follow_with_checkpoints(self: &Arc<Self>) {
        let (publisher, mut head) = (Arc::downgrade(self), self.log.watch());
        tokio::spawn(async move {
            while head.changed().await.is_ok() {
                let Some(service) = publisher.upgrade() else { return };
                // Many small groups cost more signatures than a large one, unless somebody waits.
                let _ = tokio::time::timeout(EVERY, service.checkpoints.hurry.notified()).await;
                loop {
                    match service.publish_checkpoint().await {
                        Ok(()) => break,
                        // The views are slow, and are waited for again.
                        Err(ServiceError::Behind { .. }) => (),
                        Err(ServiceError::Log(LogError::Closed)) => return,
                        Err(error) => {
                            tracing::error!(%error, "a checkpoint was not signed or kept");
                            break;
                        }
                    }
                }
            }
        });
    }
}
