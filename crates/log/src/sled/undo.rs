//! Holds aside what sled's recovery may overwrite, until the opened log was read and agreed.
//!
//! sled 0.34 takes a segment that it cannot *read* for one that is torn: it opens without what
//! follows, and writes zeros over it. So one failed read in its recovery would lose records for
//! good. What it reads and may overwrite are the segments from its newest snapshot on, the
//! snapshots, and the length of the file; they are copied here before, and put back where the start
//! did not end well: at once, or by the next start after a kill. What it wrote besides went into
//! segments that held nothing, which are emptied: were they left, two would have the same number,
//! and the library opens no such file.
//!
//! Only what was written since the newest snapshot is copied: what a run wrote, once. Nothing is
//! synced on the good way; every piece has a checksum, so that one that a power cut tore is not used.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::database::sync;
use super::survey::{SEGMENT, SEGMENT_HEADER, Survey, read_up_to, segment_number};
use crate::LogError;
use crate::error::Doing as _;

/// The folder within that of the database, so that who replaces the one removes the other.
const FOLDER: &str = "undo";
/// Written last: the length of `db` and the number of pieces.
const COMPLETE: &str = "complete";
/// What must stay free besides, at most.
const SPARE_BYTES: u64 = 64 << 20;
const SEGMENT_BYTES: u64 = SEGMENT as u64;
const PAGE: usize = 4 << 10;
const ZEROS: [u8; PAGE] = [0; PAGE];
/// How long a database that was dropped may hold its file.
const LETS_GO_WITHIN: Duration = Duration::from_secs(2);

/// What is held aside of a database.
pub(super) struct Undo {
    log: PathBuf,
    folder: PathBuf,
}

impl Undo {
    /// Holds aside what recovery may overwrite; `None` where there is no room for it, which is told.
    pub(super) fn hold(log: &Path, survey: &Survey) -> Result<Option<Self>, LogError> {
        let begun = Instant::now();
        let undo = Self::of(log);
        let small = small_files(log)?;
        let tail = read_by_recovery(&small, survey);
        if !has_room(log, tail.len() as u64 * SEGMENT_BYTES)? {
            tracing::warn!(
                "no room to hold the end of the log aside while it is opened: \
                 a read that fails meanwhile can damage it"
            );
            return Ok(None);
        }
        fs::create_dir(&undo.folder).doing("create", &undo.folder)?;
        for path in &small {
            let bytes = fs::read(path).doing("read", path)?;
            undo.keep(&path.file_name().unwrap_or_default().to_string_lossy(), bytes)?;
        }
        let db = log.join("db");
        let file = File::open(&db).doing("open", &db)?;
        for base in &tail {
            let length = SEGMENT_BYTES.min(survey.bytes.saturating_sub(*base));
            let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
            file.read_exact_at(&mut bytes, *base).doing("read", &db)?;
            undo.keep(&format!("at.{base:016x}"), bytes)?;
        }
        let complete = format!("{} {}\n", survey.bytes, small.len() + tail.len());
        undo.keep(COMPLETE, complete.into_bytes())?;
        let (bytes, took) = (tail.len() as u64 * SEGMENT_BYTES, begun.elapsed());
        tracing::info!(bytes, ?took, "held aside what recovery may overwrite");
        Ok(Some(undo))
    }

    /// Puts back what an earlier start held aside and did not forget: it did not end well.
    pub(super) fn of_earlier_start(log: &Path) -> Result<(), LogError> {
        let undo = Self::of(log);
        if undo.folder.exists() {
            undo.put_back()?;
            undo.forget()?;
        }
        Ok(())
    }

    fn of(log: &Path) -> Self {
        Self { log: log.to_owned(), folder: log.join(FOLDER) }
    }

    fn keep(&self, name: &str, mut bytes: Vec<u8>) -> Result<(), LogError> {
        let path = self.folder.join(name);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        fs::write(&path, bytes).doing("write", &path)
    }

    /// Makes the database what it was. What is held stays held.
    pub(super) fn put_back(&self) -> Result<(), LogError> {
        let Some((length, pieces)) = self.pieces()? else {
            // The recovery did not begin, or a power cut came: then its writes were in order.
            tracing::warn!("what was held aside of the log is not whole and is not used");
            return Ok(());
        };
        let db = self.log.join("db");
        let file = File::options().read(true).write(true).open(&db).doing("open", &db)?;
        self.wait_for(&file)?;
        for path in small_files(&self.log)? {
            fs::remove_file(&path).doing("remove", &path)?;
        }
        file.set_len(length).doing("set the length of", &db)?;
        empty_new_segments(&file, length, &pieces).doing("write", &db)?;
        for piece in &pieces {
            let bytes = whole(piece)?.unwrap_or_default();
            let name = piece.file_name().unwrap_or_default().to_string_lossy();
            if let Some(base) = base_of(piece) {
                file.write_all_at(&bytes, base).doing("write", &db)?;
            } else {
                let to = self.log.join(&*name);
                let mut small = File::create(&to).doing("create", &to)?;
                small.write_all(&bytes).and_then(|()| small.sync_all()).doing("write", &to)?;
            }
        }
        file.sync_all().doing("sync", &db)?;
        sync(&self.log)?;
        tracing::warn!("the log is put back to what it was before it was opened");
        Ok(())
    }

    /// Lets go of what is held: the log agreed, or is what it was.
    pub(super) fn forget(&self) -> Result<(), LogError> {
        // The mark first: the rest alone is not used.
        let complete = self.folder.join(COMPLETE);
        match fs::remove_file(&complete) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).doing("remove", &complete);
            }
            // A mark that a power cut brought back would put acknowledged records away.
            _ => sync(&self.folder)?,
        }
        fs::remove_dir_all(&self.folder).doing("remove", &self.folder)
    }

    /// Makes what is held durable, where it could not be put back.
    pub(super) fn make_durable(&self) -> Result<(), LogError> {
        for entry in fs::read_dir(&self.folder).doing("read", &self.folder)? {
            sync(&entry.doing("read", &self.folder)?.path())?;
        }
        sync(&self.folder)?;
        sync(&self.log)
    }

    /// The length of `db` and the pieces, if all are whole.
    fn pieces(&self) -> Result<Option<(u64, Vec<PathBuf>)>, LogError> {
        let complete = self.folder.join(COMPLETE);
        let mark = if complete.exists() { whole(&complete)? } else { None };
        let mark = mark.and_then(|mark| String::from_utf8(mark).ok()).unwrap_or_default();
        let Some((length, count)) = mark.trim_end().split_once(' ') else { return Ok(None) };
        let (Ok(length), Ok(count)) = (length.parse(), count.parse::<usize>()) else {
            return Ok(None);
        };
        let mut pieces = Vec::new();
        for entry in fs::read_dir(&self.folder).doing("read", &self.folder)? {
            let piece = entry.doing("read", &self.folder)?.path();
            if piece != complete {
                if whole(&piece)?.is_none() {
                    return Ok(None);
                }
                pieces.push(piece);
            }
        }
        Ok((pieces.len() == count).then_some((length, pieces)))
    }

    /// Waits until no database of this process holds the file.
    fn wait_for(&self, file: &File) -> Result<(), LogError> {
        let patience = Instant::now() + LETS_GO_WITHIN;
        while file.try_lock().is_err() {
            if Instant::now() > patience {
                return Err(LogError::Held { directory: self.log.clone() });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// Where in `db` the segment lies that a piece holds; `None` for another file.
fn base_of(piece: &Path) -> Option<u64> {
    u64::from_str_radix(piece.file_name()?.to_str()?.strip_prefix("at.")?, 16).ok()
}

/// Empties the segments that were not in use before, and are now.
///
/// All that had a number from the newest snapshot's on are held: what has one and is not held is new.
fn empty_new_segments(file: &File, length: u64, pieces: &[PathBuf]) -> io::Result<()> {
    let from = first_number_read(pieces);
    let held: HashSet<u64> = pieces.iter().filter_map(|piece| base_of(piece)).collect();
    let bases = (0..length).step_by(SEGMENT).filter(|base| !held.contains(base));
    let mut segment = vec![0; SEGMENT];
    for base in bases {
        let header = segment.get_mut(..SEGMENT_HEADER).unwrap_or_default();
        read_up_to(file, header, base)?;
        if segment_number(header).is_none_or(|number| number < from) {
            continue;
        }
        let read = read_up_to(file, &mut segment, base)?;
        // What is empty already may need room on a disk that has none.
        for (index, page) in segment.get(..read).unwrap_or_default().chunks(PAGE).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                let zeros = ZEROS.get(..page.len()).unwrap_or_default();
                file.write_all_at(zeros, base + (index * PAGE) as u64)?;
            }
        }
    }
    Ok(())
}

/// The content of a piece, if its checksum is right.
fn whole(piece: &Path) -> Result<Option<Vec<u8>>, LogError> {
    let mut bytes = fs::read(piece).doing("read", piece)?;
    let Some((content, checksum)) = bytes.split_last_chunk::<4>() else { return Ok(None) };
    let (length, right) = (content.len(), crc32fast::hash(content).to_le_bytes() == *checksum);
    bytes.truncate(length);
    Ok(right.then_some(bytes))
}

/// The files beside `db`: `conf` and the snapshots.
fn small_files(log: &Path) -> Result<Vec<PathBuf>, LogError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(log).doing("read", log)? {
        let path = entry.doing("read", log)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == "conf" || name.starts_with("snap.") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The log sequence number that the newest snapshot reaches to, which is its name; recovery reads
/// from there on.
fn newest_snapshot(small: &[PathBuf]) -> u64 {
    let number = |path: &PathBuf| u64::from_str_radix(path.extension()?.to_str()?, 16).ok();
    small.iter().filter_map(number).max().unwrap_or(0)
}

/// The number of the first segment that recovery reads.
fn first_number_read(small: &[PathBuf]) -> u64 {
    newest_snapshot(small) / SEGMENT_BYTES * SEGMENT_BYTES
}

/// Where the segments lie that recovery reads.
fn read_by_recovery(small: &[PathBuf], survey: &Survey) -> Vec<u64> {
    let from = first_number_read(small);
    let tail = survey.segments.iter().filter(|(_, number)| *number >= from);
    tail.map(|(base, _)| *base).collect()
}

/// The positions of the records that lie in segments which recovery reads: where these have moved, it
/// decides whether they are still found.
pub(super) fn in_doubt(log: &Path, survey: &Survey) -> Result<Vec<Range<u64>>, LogError> {
    let bases: HashSet<u64> = read_by_recovery(&small_files(log)?, survey).into_iter().collect();
    let mut found: Vec<Range<u64>> = Vec::new();
    for frame in survey
        .frames
        .iter()
        .filter(|frame| bases.contains(&(frame.at / SEGMENT_BYTES * SEGMENT_BYTES)))
    {
        match found.last_mut() {
            Some(last) if frame.first <= last.end => last.end = last.end.max(frame.end),
            _ => found.push(frame.first..frame.end),
        }
    }
    Ok(found)
}

fn has_room(log: &Path, bytes: u64) -> Result<bool, LogError> {
    let room = rustix::fs::statvfs(log).map_err(io::Error::from);
    let room = room.doing("ask for the free space of", log)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    Ok(free >= bytes.saturating_add(bytes.min(SPARE_BYTES)))
}
