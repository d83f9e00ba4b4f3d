//! Opens a log directory. Doubt stops the start: each refusal says what was seen and what to do.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::time::Instant;

use gradus_model::{Digest, Timestamp};
use tokio::sync::watch;

use super::keeper::Keeper;
use super::mark::Mark;
use super::recovery::{Before, Recovered, recover};
use super::running::{Begun, Running};
use super::scan::Scanned;
use super::shared::{Marking, Moment, Shared};
use super::survey::Survey;
use super::undo::Undo;
use super::watchdog::Watchdog;
use super::writer::Writer;
use super::{Options, Progress, VerifiedAgain, aside, database, trial};
use crate::anchor::{Anchor, AnchorFile};
use crate::clock::note::NoteFile;
use crate::clock::{Clock, Machine};
use crate::error::Doing as _;
use crate::queue::{Queue, QueueLimit};
use crate::{Head, LogError};

pub(super) struct Paths {
    directory: PathBuf,
    pub(super) log: PathBuf,
    pub(super) database: PathBuf,
    pub(super) index: PathBuf,
    pub(super) anchor: PathBuf,
    clock: PathBuf,
}

impl Paths {
    pub(super) fn of(directory: &Path) -> Self {
        let log = directory.join("log");
        Self {
            directory: directory.to_owned(),
            database: log.join("db"),
            log,
            index: directory.join("index"),
            anchor: directory.join("anchor"),
            clock: directory.join("clock"),
        }
    }
}

pub(super) fn open(directory: &Path, options: Options) -> Result<Running, LogError> {
    create(directory)?;
    let paths = Paths::of(directory);
    let lock = hold(directory)?;
    let (mut anchor_file, anchor) = AnchorFile::open(&paths.anchor)?;
    trial::clear(directory)?;
    Undo::of_earlier_start(&paths.log)?;
    let (survey, before) = before_recovery(&paths, anchor.as_ref(), &options)?;

    (options.on_progress)(Progress::Opening);
    database::sync_names_at_once(&paths.log)?;
    let recovered = recover(&paths, &survey, anchor.as_ref(), before, &options)?;
    drop(survey);
    let file = make_durable(&paths, &options)?;
    let Recovered { frames, index, scanned, behind, undo } = recovered;
    if let Some(undo) = undo {
        undo.forget()?;
    }

    let head = Head { size: scanned.tree.size(), root: scanned.tree.root() };
    let log = scanned.first_leaf.unwrap_or(Digest::ZERO);
    anchor_file.write(&Anchor { head, log, boot: options.boot.clone(), clean: false })?;
    let note = NoteFile::open(&paths.clock)?;
    aside::opened(directory)?;
    database::sync(directory)?;
    tracing::info!(size = head.size, root = %head.root, "opened the log");

    let (last, told) = (scanned.sequencer.last(), note.told());
    let (boot, monotonic) = (options.boot.clone(), options.monotonic);
    let machine = Machine { wall: options.clock, monotonic, boot };
    let most_pause = options.most_pause.map(|most| i64::try_from(most.as_micros()));
    let most_pause = most_pause.map(|most| most.unwrap_or(i64::MAX));
    let clock = Clock::start(machine, last.max(told), note.newest(), most_pause);
    let limit = QueueLimit { calls: options.queue_calls, bytes: options.queue_bytes };
    let kept = behind.as_ref().map_or(0, Mark::size);
    let marking = Marking { from: options.whole_below.max(1), every: options.mark_every, kept };
    let shared = Shared {
        directory: paths.directory,
        frames,
        index,
        queue: Queue::new(limit),
        clock,
        note: Mutex::new(note),
        promised: AtomicI64::new(told.map_or(i64::MIN, Timestamp::micros)),
        keeper: Keeper::new(head.size),
        watchdog: Watchdog::default(),
        head: watch::Sender::new(head),
        tree: Mutex::new(scanned.tree),
        loose: Mutex::default(),
        roots: Mutex::default(),
        first_leaf: scanned.first_leaf.map(Into::into).unwrap_or_default(),
        moment: Mutex::new(Moment { size: head.size, last, in_flight: false, settled: told }),
        failed: AtomicBool::new(false),
        stopping: AtomicBool::new(false),
        doubted: AtomicBool::new(false),
        again: Mutex::new(behind.as_ref().map_or(VerifiedAgain::Off, |mark| {
            VerifiedAgain::Running { records: 0, expected: mark.size() }
        })),
        marking,
        on_fatal: options.on_fatal,
    };
    shared.keep_note()?;
    let reading = shared.read_clock();
    if reading.suspect {
        let (wall, expected) = (reading.wall, reading.expected);
        tracing::warn!(%wall, %expected, "the clock is suspect: no append is taken until it is right, or accepted");
    }
    let writer = Writer::new(scanned.sequencer, file, options.sync, kept);
    let begun = Begun {
        anchor: anchor_file,
        boot: options.boot,
        most_stall: options.most_stall,
        behind,
        on_progress: options.on_progress,
    };
    Running::start(shared, writer, begun, lock)
}

/// Creates the directory, and makes its name durable where it is new.
fn create(directory: &Path) -> Result<(), LogError> {
    let new: Vec<_> = directory.ancestors().take_while(|above| !above.exists()).collect();
    fs::create_dir_all(directory).doing("create", directory)?;
    for parent in new.into_iter().filter_map(Path::parent) {
        let named = !parent.as_os_str().is_empty();
        database::sync(if named { parent } else { Path::new(".") })?;
    }
    Ok(())
}

/// Takes the directory for this process, before anything in it is touched.
fn hold(directory: &Path) -> Result<File, LogError> {
    let path = directory.join("lock");
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.doing("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::Held { directory: directory.to_owned() }),
        Err(TryLockError::Error(error)) => Err(error).doing("lock", &path),
    }
}

/// What must be done before sled changes anything: refuse a log that is gone, keep a copy. Tells what
/// need not be verified before the log serves, too: nothing where there is any doubt.
fn before_recovery(
    paths: &Paths,
    anchor: Option<&Anchor>,
    options: &Options,
) -> Result<(Survey, Option<Before>), LogError> {
    if !paths.database.exists() {
        let anchor = anchor.map_or_else(Head::empty, |anchor| anchor.head);
        if anchor.size > 0 {
            return Err(LogError::BehindAnchor { anchor, log: Head::empty() });
        }
        return Ok((Survey::default(), None));
    }
    database::refuse_blobs(&paths.log)?;
    let same_boot =
        anchor.is_some_and(|anchor| !anchor.boot.is_empty() && anchor.boot == options.boot);
    let clean = anchor.is_some_and(|anchor| anchor.clean);
    let survey = survey(&paths.log, options)?;
    if anchor.is_none() && !survey.frames.is_empty() && !options.accept_missing_anchor {
        return Err(LogError::NoAnchor { anchor: paths.anchor.clone(), size: survey.reaches() });
    }
    let doubt =
        !survey.spots.is_empty() || survey.reaches() < anchor.map_or(0, |anchor| anchor.head.size);
    if doubt {
        trial::refuse_damage(&paths.directory, anchor, &survey, options)?;
        for spot in &survey.spots {
            let (path, at, what) = (spot.path.display(), spot.at, &spot.what);
            tracing::warn!(%path, at, what, "damage that no record is lost by: see gradus doctor");
        }
    }
    let unclean = !clean && !same_boot;
    if unclean {
        tracing::warn!("the machine stopped while the log was open");
    }
    if unclean || doubt {
        aside::keep(&paths.directory, (options.clock)(), &options.on_progress)?;
    }
    trial::mend(&paths.log, &survey.spots)?;
    // After a power cut: the index was never synced; what it lost, nobody would notice.
    if paths.index.exists() && (unclean || is_damaged(&paths.index)?) {
        fs::remove_dir_all(&paths.index).doing("remove", &paths.index)?;
    }
    let before = match anchor {
        Some(anchor) if !doubt && !unclean && anchor.head.size >= options.whole_below => {
            Before::read(paths, &survey, anchor)?
        }
        _ => None,
    };
    Ok((survey, before))
}

/// Reads the log's files as they lie there.
fn survey(log: &Path, options: &Options) -> Result<Survey, LogError> {
    let begun = Instant::now();
    let on_read = |done, total| (options.on_progress)(Progress::Reading { done, total });
    let survey = Survey::of(log, &on_read)?;
    tracing::info!(bytes = survey.bytes, took = ?begun.elapsed(), "read the log's files");
    Ok(survey)
}

/// Whether a database that is derived shows damage, which is then told.
fn is_damaged(folder: &Path) -> Result<bool, LogError> {
    let survey = Survey::of(folder, &|_, _| ())?;
    if let Some(spot) = survey.spots.first() {
        let (path, at, what) = (spot.path.display(), spot.at, &spot.what);
        tracing::warn!(%path, at, what, "damaged, and made again from the log");
    }
    Ok(!survey.spots.is_empty())
}

/// Makes what sled recovered durable, and returns our own descriptor of its file.
fn make_durable(paths: &Paths, options: &Options) -> Result<File, LogError> {
    let file = File::open(&paths.database).doing("open", &paths.database)?;
    (options.sync)(&file).doing("sync", &paths.database)?;
    database::sync(&paths.log.join("conf"))?;
    database::sync(&paths.log)?;
    database::sync(&paths.directory)?;
    Ok(file)
}

/// Refuses a log that is not what the anchor says was durable.
pub(super) fn compare(
    anchor_file: &Path,
    anchor: Option<&Anchor>,
    scanned: &Scanned,
    options: &Options,
) -> Result<(), LogError> {
    let size = scanned.tree.size();
    let Some(anchor) = anchor else {
        if size == 0 || options.accept_missing_anchor {
            return Ok(());
        }
        return Err(LogError::NoAnchor { anchor: anchor_file.to_owned(), size });
    };
    let first = scanned.first_leaf.unwrap_or(Digest::ZERO);
    if anchor.head.size > 0 && size > 0 && anchor.log != first {
        return Err(LogError::OtherLog { anchor: anchor.log, log: first });
    }
    let there = scanned.then.unwrap_or(Head { size, root: scanned.tree.root() });
    if there != anchor.head {
        return Err(LogError::BehindAnchor { anchor: anchor.head, log: there });
    }
    Ok(())
}
