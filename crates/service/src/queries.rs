//! What auditors ask, recorded so that nobody learns of it before their engagement is over, and
//! everybody who may afterwards, with proof that nothing is missing.
//!
//! Each question is kept in a file of the data directory, synced before it is answered
//! (`file`). Now and then the commitments to new rows are appended to the organization's stream by
//! `system` (`commit`), and once the engagement is over the rows themselves are, as texts (`open`).
//!
//! Invariant: a question that was answered is in the file, or in the log.

mod commit;
mod file;
mod open;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use gradus_model::{LogId, PrincipalId, Timestamp};
use gradus_proof::queries::{MOST_REQUEST_BYTES, QueryRow};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::call::random;
use crate::directory::folder::{FileError, Step, create_folder};
use crate::error::ServiceError;
use crate::service::Service;
use file::QueryFile;
pub(crate) use file::{Whose, examined};
pub use read::{EngagementTold, QueryTold, ToldQueries};

/// How long questions wait to be committed to, unless the settings say otherwise.
pub const EVERY: Duration = Duration::from_hours(1);

/// The most rows that wait to be committed to.
const MANY: u64 = 10_000;
/// Questions that wait to be kept; more are refused.
const WAITING: usize = 1_024;
/// The most bytes of an engagement's file.
const MOST_BYTES: u64 = 256 << 20;

/// A question on its way into the file.
struct Question {
    auditor: PrincipalId,
    /// The engagement that takes it in, as the log tells.
    number: u32,
    asked_at: Timestamp,
    log_size: u64,
    method: &'static str,
    request: Vec<u8>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Resolves once a question is kept, or why it is not.
pub struct Keeping(oneshot::Receiver<Result<(), String>>);

impl Keeping {
    /// Waits for the file's sync.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotRecorded`]: then the question is not to be answered.
    pub async fn kept(self) -> Result<(), ServiceError> {
        let kept = self.0.await.unwrap_or_else(|_| Err("the server stops".to_owned()));
        kept.map_err(ServiceError::NotRecorded)
    }
}

/// An engagement whose rows are kept here.
#[derive(Debug)]
struct Kept {
    file: QueryFile,
    /// Whether it takes in no more rows.
    closed: bool,
    /// When the oldest row was asked that is not committed to, as far as it is known.
    oldest: Option<Timestamp>,
}

/// The files of all engagements that are not opened.
#[derive(Debug, Default)]
struct Keeper {
    log: Option<LogId>,
    folder: PathBuf,
    engagements: BTreeMap<Whose, Kept>,
    /// The last engagement of each auditor whose file was opened and removed.
    past: BTreeMap<PrincipalId, u32>,
    /// Why nothing is kept any more: after a failed sync, what the system shows need not be on disk.
    failed: Option<String>,
}

impl Keeper {
    /// The last engagement of an auditor.
    fn last(&self, auditor: PrincipalId) -> Option<(Whose, &Kept)> {
        let (from, to) = (Whose { auditor, number: 0 }, Whose { auditor, number: u32::MAX });
        self.engagements.range(from..=to).next_back().map(|(whose, kept)| (*whose, kept))
    }

    /// The engagement that takes in a question, its file made if it has none.
    fn current(&mut self, auditor: PrincipalId, number: u32) -> Result<Whose, FileError> {
        let past = self.past.get(&auditor).map_or(0, |past| past.saturating_add(1));
        let number = match self.last(auditor) {
            Some((last, kept)) if last.number >= number => {
                if !kept.closed && kept.file.damaged.is_none() {
                    return Ok(last);
                }
                last.number.saturating_add(1)
            }
            _ => number.max(past),
        };
        let whose = Whose { auditor, number };
        let log = self.log.unwrap_or(LogId([0; 16]));
        create_folder(&self.folder)?;
        let file = QueryFile::create(&self.folder, log, whose)?;
        self.engagements.insert(whose, Kept { file, closed: false, oldest: None });
        Ok(whose)
    }

    /// Adds a question to its file, which is to be synced.
    fn add(&mut self, asked: &Question) -> Result<Whose, String> {
        if let Some(why) = &self.failed {
            return Err(why.clone());
        }
        let told = |error: FileError| error.to_string();
        let whose = self.current(asked.auditor, asked.number).map_err(told)?;
        let kept = self.engagements.get_mut(&whose).ok_or("its file is gone")?;
        let length = kept.file.length().saturating_add(asked.request.len() as u64);
        if length > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Err(format!(
                "{most} MiB of questions are kept of this engagement: end it, so that they are opened \
                 and another one begins"
            ));
        }
        let rows = asked.rows(kept.file.rows).map_err(|error| error.to_string())?;
        kept.file.add(&rows).map_err(told)?;
        kept.oldest.get_or_insert(asked.asked_at);
        Ok(whose)
    }
}

impl Question {
    fn rows(&self, first: u64) -> Result<Vec<QueryRow>, ServiceError> {
        let mut parts: Vec<&[u8]> = self.request.chunks(MOST_REQUEST_BYTES).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let last = parts.len() - 1;
        let numbered = (first..).zip(parts).enumerate();
        let row = |(at, (number, part)): (usize, (u64, &[u8]))| {
            Ok(QueryRow {
                number,
                asked_at: self.asked_at,
                log_size: self.log_size,
                method: self.method.to_owned(),
                request: part.to_vec(),
                more: at < last,
                salt: random()?,
            })
        };
        numbered.map(row).collect()
    }
}

/// What auditors ask.
pub(crate) struct Queries {
    keeper: Arc<Mutex<Keeper>>,
    line: OnceLock<mpsc::Sender<Question>>,
    /// Held by whoever commits, ends or opens.
    tending: tokio::sync::Mutex<()>,
    /// Told when there is something to do at once.
    due: Arc<Notify>,
    /// Seconds that questions wait to be committed to.
    every: AtomicU64,
}

impl Default for Queries {
    fn default() -> Self {
        Self {
            keeper: Arc::default(),
            line: OnceLock::new(),
            tending: tokio::sync::Mutex::default(),
            due: Arc::default(),
            every: AtomicU64::new(EVERY.as_secs()),
        }
    }
}

fn held(keeper: &Mutex<Keeper>) -> MutexGuard<'_, Keeper> {
    keeper.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps questions as they come: those that came together share a sync.
fn keep(keeper: &Mutex<Keeper>, mut line: mpsc::Receiver<Question>) {
    while let Some(first) = line.blocking_recv() {
        let mut together = vec![first];
        while let Ok(next) = line.try_recv() {
            together.push(next);
        }
        let mut keeper = held(keeper);
        let mut added: BTreeMap<Whose, Vec<oneshot::Sender<Result<(), String>>>> = BTreeMap::new();
        for asked in together {
            match keeper.add(&asked) {
                Ok(whose) => added.entry(whose).or_default().push(asked.done),
                Err(why) => refused(asked.done, &why),
            }
        }
        for (whose, waiting) in added {
            let synced = keeper.engagements.get(&whose).map_or(Ok(()), |kept| kept.file.sync());
            if let Err(error) = &synced {
                keeper.failed = Some(format!("{error}: start the server again"));
            }
            for done in waiting {
                match &synced {
                    // Whoever asked may have left.
                    Ok(()) => drop(done.send(Ok(()))),
                    Err(error) => refused(done, &error.to_string()),
                }
            }
        }
    }
}

fn refused(done: oneshot::Sender<Result<(), String>>, why: &str) {
    tracing::error!(why, "a question of an auditor is not recorded, and so not answered");
    let _ = done.send(Err(why.to_owned()));
}

impl Service {
    /// Opens what is kept of auditors' questions.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Directory`] where the folder cannot be read. A file that is damaged does not
    /// stop the start: no more is added to it.
    pub(crate) fn open_queries(&self) -> Result<(), ServiceError> {
        let mut keeper = held(&self.queries.keeper);
        keeper.folder = self.directory.queries();
        keeper.log = Some(self.log_id);
        for (whose, path) in files(&keeper.folder)? {
            let file = QueryFile::open(&path, self.log_id, whose)
                .map_err(crate::directory::DirectoryError::from)?;
            if let Some(at) = file.damaged {
                tracing::error!(path = %path.display(), at, "what an auditor asked is damaged");
            }
            let oldest = file.newest;
            keeper.engagements.insert(whose, Kept { file, closed: false, oldest });
        }
        // Of an auditor's engagements the last one goes on.
        let last: BTreeMap<PrincipalId, u32> =
            keeper.engagements.keys().map(|whose| (whose.auditor, whose.number)).collect();
        for (whose, kept) in &mut keeper.engagements {
            kept.closed = last.get(&whose.auditor) != Some(&whose.number);
        }
        drop(keeper);
        let (sender, line) = mpsc::channel(WAITING);
        let keeper = Arc::clone(&self.queries.keeper);
        let thread = std::thread::Builder::new().name("queries".to_owned());
        let started = thread.spawn(move || keep(&keeper, line));
        started.map_err(|_| ServiceError::Fault("no thread keeps what auditors ask"))?;
        // It is opened once.
        let _ = self.queries.line.set(sender);
        Ok(())
    }

    /// Takes down what an auditor asks: `method` without its package, `request` as protobuf.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotRecorded`] where too many wait; what else fails, the keeping tells.
    pub fn take_down(
        &self,
        auditor: PrincipalId,
        method: &'static str,
        request: Vec<u8>,
    ) -> Result<Keeping, ServiceError> {
        let number = self.views().registry.current_engagement(auditor);
        let (done, kept) = oneshot::channel();
        let (asked_at, log_size) = (self.now(), self.log.head().size);
        let asked = Question { auditor, number, asked_at, log_size, method, request, done };
        let line = self.queries.line.get();
        let line = line.ok_or(ServiceError::Fault("what auditors ask is not kept yet"))?;
        line.try_send(asked).map_err(|error| {
            let why = match error {
                mpsc::error::TrySendError::Full(_) => "too many wait",
                mpsc::error::TrySendError::Closed(_) => "the server stops",
            };
            ServiceError::NotRecorded(why.to_owned())
        })?;
        Ok(Keeping(kept))
    }
}

/// The files of engagements in a folder, if it is there.
pub(crate) fn files(folder: &std::path::Path) -> Result<Vec<(Whose, PathBuf)>, ServiceError> {
    let failed = |source| {
        let path = folder.to_owned();
        crate::directory::DirectoryError::from(FileError { step: Step::Read, path, source })
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source).into()),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let whose = path.file_name().and_then(|name| name.to_str()).and_then(Whose::of_name);
        found.extend(whose.map(|whose| (whose, path)));
    }
    Ok(found)
}
