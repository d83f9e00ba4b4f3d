//! The threads of an open log, from start to stop.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::OnProgress;
use super::database::said;
use super::mark::Mark;
use super::shared::{Shared, locked};
use super::writer::Writer;
use crate::LogError;
use crate::anchor::AnchorFile;
use crate::error::Doing as _;

pub(super) struct Running {
    pub(super) shared: Arc<Shared>,
    threads: Mutex<Option<Threads>>,
    /// Held as long as the log is open.
    _lock: File,
}

struct Threads {
    writer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    index: JoinHandle<()>,
    watchdog: JoinHandle<()>,
    behind: Option<JoinHandle<()>>,
}

/// What the threads begin with.
pub(super) struct Begun {
    pub(super) anchor: AnchorFile,
    pub(super) boot: String,
    pub(super) most_stall: Duration,
    /// What was verified before, and is verified again.
    pub(super) behind: Option<Mark>,
    pub(super) on_progress: OnProgress,
}

impl Running {
    pub(super) fn start(
        shared: Shared,
        mut writer: Writer,
        begun: Begun,
        lock: File,
    ) -> Result<Self, LogError> {
        let Begun { anchor, boot, most_stall, behind, on_progress } = begun;
        let shared = Arc::new(shared);
        let head = *shared.head.borrow();
        let mut kept = shared.marking.kept;
        // All of it was verified just now.
        if behind.is_none() {
            writer.mark(&shared, 1);
        }
        let verify = |mark| {
            spawn("log-verify", &shared, move |shared| shared.verify_behind(&mark, &on_progress))
        };
        let threads = Threads {
            behind: behind.map(verify).transpose()?,
            index: spawn("log-index", &shared, move |shared| {
                shared.index.run(|mark| shared.keep_mark(mark, &mut kept))
            })?,
            keeper: spawn("log-anchor", &shared, move |shared| {
                shared.keeper.run(anchor, head, &boot, &shared.first_leaf, || shared.keep_note())
            })?,
            watchdog: spawn("log-watchdog", &shared, move |shared| {
                shared.watchdog.run(most_stall)
            })?,
            writer: spawn("log-writer", &shared, move |shared| writer.run(shared))?,
        };
        Ok(Self { shared, threads: Mutex::new(Some(threads)), _lock: lock })
    }

    /// Finishes what is queued and ends the threads; `clean` marks the anchor so.
    pub(super) fn stop(&self, clean: bool) -> Result<(), LogError> {
        self.shared.queue.close();
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Whoever comes second waits here for the first.
        let mut threads = locked(&self.threads);
        if let Some(Threads { writer, keeper, index, watchdog, behind }) = threads.take() {
            // The threads catch their own panics.
            let _ = writer.join();
            let _ = behind.map(JoinHandle::join);
            self.shared.watchdog.stop();
            let _ = watchdog.join();
            self.shared.index.stop();
            let _ = index.join();
            // The next start shall know how the clock was at the end.
            self.shared.read_clock();
            let failed = self.shared.failed.load(Ordering::SeqCst);
            self.shared.keeper.stop(clean && !failed);
            let _ = keeper.join();
        }
        if self.shared.failed.load(Ordering::SeqCst) { Err(LogError::Closed) } else { Ok(()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What failed was told when it did.
        let _ = self.stop(false);
    }
}

/// Starts a thread whose failure or panic is fatal to the log.
fn spawn(
    name: &str,
    shared: &Arc<Shared>,
    work: impl FnOnce(&Arc<Shared>) -> Result<(), LogError> + Send + 'static,
) -> Result<JoinHandle<()>, LogError> {
    let shared = Arc::clone(shared);
    let directory = shared.directory.clone();
    let run = move || {
        let done = catch_unwind(AssertUnwindSafe(|| work(&shared)));
        let done = done.unwrap_or_else(|panic| Err(LogError::Storage(said(panic.as_ref()))));
        if let Err(error) = done {
            shared.fatal(&error);
            // Whoever still waits is told that the log is closed.
            drop(shared.queue.take_now());
        }
    };
    Builder::new().name(name.to_owned()).spawn(run).doing("start a thread for", &directory)
}
