//! Lets sled recover the log, and takes what it opens only if it holds what the files hold.

use super::index::Index;
use super::scan::{Scanned, scan};
use super::startup::{Paths, compare};
use super::survey::Survey;
use super::undo::Undo;
use super::{Options, database};
use crate::LogError;
use crate::anchor::Anchor;

/// How often the log is opened: what is gone the first time and there the second was not read.
const MOST_TRIES: usize = 3;

/// An opened log, read and verified.
pub(super) struct Recovered {
    pub(super) frames: ::sled::Db,
    pub(super) index: Index,
    pub(super) scanned: Scanned,
    /// Held until what was recovered is durable.
    pub(super) undo: Option<Undo>,
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
    options: &Options,
) -> Result<Recovered, LogError> {
    let undo = if paths.database.exists() { Undo::hold(&paths.log, survey)? } else { None };
    let (most, mut seen) = (survey.reaches(), None);
    let Some(undo) = undo else { return open(paths, anchor, options) };
    let mut tries = 0;
    loop {
        tries += 1;
        let opened = open(paths, anchor, options);
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

/// Opens the log, reads and verifies all of it, and compares it with the anchor.
pub(super) fn open(
    paths: &Paths,
    anchor: Option<&Anchor>,
    options: &Options,
) -> Result<Recovered, LogError> {
    let frames = database::open(&paths.log, options.log_cache_bytes)?;
    let size = anchor.map_or(0, |anchor| anchor.head.size);
    let (index, scanned) = database::caught(&paths.log, || {
        let index = Index::open(&paths.index, options, &frames)?;
        let scanned = scan(&frames, &index, size, &options.on_progress)?;
        Ok((index, scanned))
    })?;
    compare(&paths.anchor, anchor, &scanned, options)?;
    Ok(Recovered { frames, index, scanned, undo: None })
}
