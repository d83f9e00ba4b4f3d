//! The contract on sled, and what only a log on disk can suffer.

use std::fs;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};

use tempfile::TempDir;

use super::*;
use crate::contract::{Clocks, QUEUE_CALLS, Stand, append, appended};

mod behind;
mod clock;
mod damage;
mod drill;
mod matrix;
mod start;
mod throughput;
mod undo;

/// A log in a temporary directory, with a clock and a disk in our hands.
struct OnDisk {
    log: Arc<dyn Log>,
    bench: Bench,
}

#[derive(Clone)]
struct Bench {
    directory: Arc<TempDir>,
    clocks: Clocks,
    disk: Arc<Disk>,
    fatal: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct Disk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Works,
    Hangs,
    Fails,
}

impl Disk {
    fn set(&self, state: State) {
        *self.state.lock().unwrap() = state;
        self.changed.notify_all();
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let state = self.state.lock().unwrap();
        let state = self.changed.wait_while(state, |state| *state == State::Hangs).unwrap();
        match *state {
            State::Fails => Err(io::Error::other("the disk is gone")),
            _ => file.sync_data(),
        }
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            directory: Arc::new(tempfile::tempdir().unwrap()),
            clocks: Clocks::default(),
            disk: Arc::default(),
            fatal: Arc::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn options(&self) -> Options {
        let (disk, fatal) = (self.disk.clone(), self.fatal.clone());
        Options {
            clock: self.clocks.wall(),
            monotonic: self.clocks.monotonic(),
            queue_calls: QUEUE_CALLS,
            index_runs: 8,
            boot: "this boot".to_owned(),
            on_fatal: Arc::new(move |error| fatal.lock().unwrap().push(error.to_string())),
            sync: Arc::new(move |file| disk.sync(file)),
            ..Options::default()
        }
    }

    fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        self.open_with(self.options())
    }

    fn open_with(&self, options: Options) -> Result<Arc<dyn Log>, LogError> {
        SledLog::open(&self.path(), options).map(|log| Arc::new(log) as Arc<dyn Log>)
    }

    fn refused(&self) -> LogError {
        self.open().err().unwrap()
    }

    /// The directory as a kill would leave it now, on a bench of its own.
    fn killed(&self) -> Self {
        let other = Self::new();
        copy(&self.path(), &other.path());
        other
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Stand for OnDisk {
    fn new() -> Self {
        let bench = Bench::new();
        Self { log: bench.open().unwrap(), bench }
    }

    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(&self.log)
    }

    fn hold(&self) {
        self.bench.disk.set(State::Hangs);
    }

    fn release(&self) {
        self.bench.disk.set(State::Works);
    }

    fn clocks(&self) -> &Clocks {
        &self.bench.clocks
    }
}

crate::contract!(OnDisk);

/// Appends groups of records to two streams and returns the head.
async fn filled(log: &Arc<dyn Log>) -> Head {
    for round in 0..20 {
        appended(log, append(1, round * 3, 3)).await.unwrap();
        appended(log, append(2, round * 2, 2)).await.unwrap();
    }
    log.head()
}

#[tokio::test]
async fn a_failed_sync_is_fatal_and_nobody_is_acknowledged() {
    let stand = OnDisk::new();
    let before = filled(&stand.log).await;
    stand.bench.disk.set(State::Hangs);
    let waiting: Vec<_> =
        (0..5).map(|round| stand.log.append(append(3, round, 1)).unwrap()).collect();
    stand.bench.disk.set(State::Fails);
    for acknowledgement in waiting {
        assert!(matches!(acknowledgement.await, Err(LogError::Closed)));
    }
    // The disk works again, the log does not: a sync is never tried twice.
    stand.bench.disk.set(State::Works);
    assert!(matches!(stand.log.append(append(3, 0, 1)), Err(LogError::Closed)));
    assert!(matches!(stand.log.close().await, Err(LogError::Closed)));
    assert_eq!(stand.log.head(), before);
    let told = stand.bench.fatal.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("cannot sync") && told[0].contains("the disk is gone"), "{told:?}");
}

/// A disk that never answers holds the writer for good: what tells of it must not be the writer.
#[tokio::test]
async fn a_sync_that_never_returns_is_fatal_after_its_time() {
    let bench = Bench::new();
    let (send, told) = std::sync::mpsc::channel();
    let most_stall = Duration::from_millis(200);
    let on_fatal: OnFatal = Arc::new(move |error| send.send(error.to_string()).unwrap());
    let log = bench.open_with(Options { most_stall, on_fatal, ..bench.options() }).unwrap();
    let stand = OnDisk { log, bench };
    let before = filled(&stand.log).await;
    stand.bench.disk.set(State::Hangs);
    let waiting = stand.log.append(append(3, 0, 1)).unwrap();
    let told = tokio::task::spawn_blocking(move || told.recv().unwrap()).await.unwrap();
    assert!(told.contains("not durable"), "{told}");
    assert!(matches!(stand.log.append(append(3, 1, 1)), Err(LogError::Closed)));
    assert_eq!(stand.log.head(), before);
    // The process is gone by now; here the writer has to come back for the test to end.
    stand.bench.disk.set(State::Fails);
    assert!(matches!(waiting.await, Err(LogError::Closed)));
}
