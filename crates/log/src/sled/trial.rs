//! Tries on a copy what opening would do, when the files show a place that is not as it was
//! written.
//!
//! sled's recovery writes: it zeroes what it takes for torn, and drops what follows. So where there
//! is doubt, a copy is opened and verified first, and the directory is touched only if every record
//! that was anchored came out of the copy whole. A refused start leaves the directory as it is.

use std::fs;
use std::path::Path;

use super::startup::Paths;
use super::survey::{Spot, Survey};
use super::{Options, aside, recovery};
use crate::LogError;
use crate::anchor::Anchor;
use crate::error::Doing as _;

/// Where the copy lies while it is tried.
const TRIAL: &str = "log.trial";

/// Refuses a log that cannot be opened with all that was anchored, before anything is changed.
pub(super) fn refuse_damage(
    directory: &Path,
    anchor: Option<&Anchor>,
    survey: &Survey,
    options: &Options,
) -> Result<(), LogError> {
    let trial = directory.join(TRIAL);
    remove(&trial)?;
    let copy = Paths::of(&trial);
    fs::create_dir(&trial).doing("create", &trial)?;
    let tried = aside::copy_log(&directory.join("log"), &copy.log, &options.on_progress)
        .and_then(|_| mend(&copy.log, &survey.spots))
        .and_then(|()| recovery::open(&copy, anchor, None, options).map(drop));
    remove(&trial)?;
    tried.map_err(|error| name_the_place(error, survey))
}

/// Removes a copy that an earlier start left.
pub(super) fn clear(directory: &Path) -> Result<(), LogError> {
    remove(&directory.join(TRIAL))
}

/// Removes damaged files that the library makes again from the others.
pub(super) fn mend(log: &Path, spots: &[Spot]) -> Result<(), LogError> {
    for spot in spots.iter().filter(|spot| spot.derived) {
        let path = log.join(spot.path.file_name().unwrap_or_default());
        tracing::warn!(path = %path.display(), what = spot.what, "made again from the database");
        fs::remove_file(&path).doing("remove", &path)?;
    }
    Ok(())
}

/// Puts the first damaged place before what the log said of it.
fn name_the_place(error: LogError, survey: &Survey) -> LogError {
    let truth = survey
        .spots
        .iter()
        .find(|spot| !spot.derived)
        .or(survey.tail.as_ref().filter(|_| survey.torn));
    let Some(spot) = truth else { return error };
    let meaning = match &error {
        LogError::BehindAnchor { anchor, log } if log.size < anchor.size => {
            format!("{} of {} acknowledged records can be read", log.size, anchor.size)
        }
        LogError::Damaged { position, what } => format!("position {position}: {what}"),
        // Where the copy lay helps nobody.
        LogError::Unopenable { reason, .. } | LogError::Storage(reason) => reason.clone(),
        _ => return error,
    };
    LogError::DamagedFile { path: spot.path.clone(), at: spot.at, what: spot.what.clone(), meaning }
}

fn remove(path: &Path) -> Result<(), LogError> {
    if path.exists() { fs::remove_dir_all(path).doing("remove", path) } else { Ok(()) }
}
