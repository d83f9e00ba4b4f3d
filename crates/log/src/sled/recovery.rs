//! Lets sled recover the log, and takes what it opens only if it holds what the files hold.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gradus_proof::Tree;

use super::index::Index;
use super::mark::Mark;
use super::read::Frames;
use super::scan::{Scanned, scan};
use super::startup::{Paths, compare};
use super::survey::Survey;
use super::undo::{Undo, in_doubt};
use super::{Options, database};
use crate::LogError;
use crate::anchor::Anchor;

/// Records that go to a core together.
const PART: usize = 65_536;

/// How often the log is opened: what is gone the first time and there the second was not read.
const MOST_TRIES: usize = 3;

/// An opened log, read and verified.
pub(super) struct Recovered {
    pub(super) frames: ::sled::Db,
    pub(super) index: Index,
    pub(super) scanned: Scanned,
    /// What was verified before, and is to be verified again while the log serves.
    pub(super) behind: Option<Mark>,
    /// Held until what was recovered is durable.
    pub(super) undo: Option<Undo>,
}

/// What earlier starts and runs verified, and which of it recovery may not find again.
pub(super) struct Before {
    mark: Mark,
    tree: Tree,
    in_doubt: Vec<Range<u64>>,
}

impl Before {
    /// What is noted of the log that the anchor is of; `None` if there is nothing.
    pub(super) fn read(
        paths: &Paths,
        survey: &Survey,
        anchor: &Anchor,
    ) -> Result<Option<Self>, LogError> {
        let of_log =
            |mark: &Mark| mark.first_leaf == anchor.log && mark.head.size <= anchor.head.size;
        let Some((mark, tree)) = Mark::read(&paths.index).filter(|(mark, _)| of_log(mark)) else {
            return Ok(None);
        };
        Ok(Some(Self { mark, tree, in_doubt: in_doubt(&paths.log, survey)? }))
    }
}

/// Opens the log, and puts back and tries again where it holds less than its files do.
///
/// Less is right only when it is the same twice, of files that could be read whole before each: a
/// group of records that a kill tore is dropped, and was acknowledged to nobody. A failed read is
/// not the same twice.
pub(super) fn recover(
    paths: &Paths,
    survey: &Survey,
    anchor: Option<&Anchor>,
    mut before: Option<Before>,
    options: &Options,
) -> Result<Recovered, LogError> {
    let undo = if paths.database.exists() { Undo::hold(&paths.log, survey)? } else { None };
    let (most, mut seen) = (survey.reaches(), None);
    let Some(undo) = undo else { return open(paths, anchor, None, options) };
    let mut tries = 0;
    loop {
        tries += 1;
        // A second time everything is read.
        let opened = open(paths, anchor, before.take(), options);
        let failed = match opened {
            Ok(recovered) => {
                let size = recovered.scanned.tree.size();
                if size >= most || seen == Some(size) {
                    return Ok(Recovered { undo: Some(undo), ..recovered });
                }
                tracing::warn!(size, most, "fewer records were opened than lie in the files");
                seen = Some(size);
                LogError::Unsteady { path: paths.database.clone(), size, most }
            }
            Err(error) => error,
        };
        put_back(&undo, &failed)?;
        // What cannot be read at all is told as such.
        Survey::of(&paths.log, &|_, _| ())?;
        if tries == MOST_TRIES || is_of_the_system(&failed) {
            undo.forget()?;
            return Err(failed);
        }
        tracing::warn!(error = %failed, "the log was put back and is opened again");
    }
}

/// Whether trying again at once is of no use.
const fn is_of_the_system(error: &LogError) -> bool {
    matches!(error, LogError::Held { .. } | LogError::NoAnchor { .. } | LogError::OtherLog { .. })
}

/// Puts the log back; where that fails, the next start does it.
fn put_back(undo: &Undo, failed: &LogError) -> Result<(), LogError> {
    undo.put_back().inspect_err(|error| {
        tracing::error!(%failed, %error, "the log cannot be put back now, the next start does it");
        if let Err(error) = undo.make_durable() {
            tracing::error!(%error, "what is held aside of the log may not outlast a power cut");
        }
    })
}

/// Opens the log, reads and verifies what was not verified before, and compares it with the anchor.
pub(super) fn open(
    paths: &Paths,
    anchor: Option<&Anchor>,
    before: Option<Before>,
    options: &Options,
) -> Result<Recovered, LogError> {
    let begun = Instant::now();
    let frames = database::open(&paths.log, options.log_cache_bytes)?;
    let (database, opened) = (begun.elapsed(), Instant::now());
    let size = anchor.map_or(0, |anchor| anchor.head.size);
    let (index, scanned, behind) = database::caught(&paths.log, || {
        let index = Index::open(&paths.index, options, &frames)?;
        let before = before.filter(|before| index.begins_at(&before.mark));
        let (scanned, behind) = match before {
            Some(Before { mark, tree, in_doubt }) => {
                all_found(&frames, &in_doubt, mark.head.size)?;
                (Scanned::marked(&mark, tree), Some(mark))
            }
            None => (Scanned::default(), None),
        };
        let scanned = scan(&frames, &index, scanned, size, &options.on_progress)?;
        Ok((index, scanned, behind))
    })?;
    compare(&paths.anchor, anchor, &scanned, options)?;
    let (verified, from) = (opened.elapsed(), behind.as_ref().map_or(0, Mark::size));
    tracing::info!(?database, ?verified, from, "opened and verified the log's database");
    Ok(Recovered { frames, index, scanned, behind, undo: None })
}

/// Reads the records of `ranges` below `size` through the library, each core its turn of them.
///
/// What it recovered is then found where it was before: a page that a failed read of recovery dropped
/// would not be.
fn all_found(frames: &::sled::Tree, ranges: &[Range<u64>], size: u64) -> Result<(), LogError> {
    let parts: Vec<Range<u64>> = ranges
        .iter()
        .flat_map(|range| {
            let end = range.end.min(size);
            let starts = (range.start..end).step_by(PART);
            starts.map(move |start| start..end.min(start + PART as u64))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut stored = Frames::new(frames);
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            stored.visit(part.start, part.end, |_| Ok(true))?;
        }
        Ok(())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            let done = worker.join();
            done.unwrap_or_else(|panic| Err(LogError::Storage(database::said(panic.as_ref()))))
        })
    })
}
