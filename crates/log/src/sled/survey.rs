//! Reads a database's files as they lie on the disk, without the storage library and without a
//! change to them.
//!
//! sled 0.34 keeps one file `db` of segments of 512 KiB. A segment begins with a header (CRC-32,
//! log sequence number, the highest stable one; the last two exclusive-or'ed), and holds messages
//! (CRC-32, kind, length, segment number, page) one after the other up to a cap or its end. Beside
//! it lie `conf` and `snap.<number>`, both with a CRC-32 at their end, and both derived.
//!
//! The library itself takes a message that does not match its checksum for the end of its segment
//! and says nothing; here the place is named. Frames carry a checksum of their own, and are found
//! wherever they lie, also where nothing around them can be read any more.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::carve::{Carved, carve};
use super::shared::locked;
use crate::LogError;
use crate::error::Doing as _;

/// The bytes of a segment.
pub(super) const SEGMENT: usize = 512 << 10;
pub(super) const SEGMENT_HEADER: usize = 20;
/// No message begins in the last bytes of a segment.
const RED_ZONE: usize = 32;
/// What follows the content of a snapshot: its length and its checksum.
const SNAPSHOT_END: usize = 12;
const CAP: u8 = 2;
const KINDS: Range<u8> = 1..12;

/// A place in a file that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The file.
    pub path: PathBuf,
    /// The first byte concerned, from 0.
    pub at: u64,
    /// What is wrong there.
    pub what: String,
    /// Whether the file can be made again from the others.
    pub derived: bool,
}

/// What lies in a database's folder.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What is damaged, by file and place.
    pub(super) spots: Vec<Spot>,
    /// Where the segment that was written last cannot be read any more; usually its end.
    pub(super) tail: Option<Spot>,
    /// Whether something that is no whole message begins at the tail: torn, damaged, or left over.
    pub(super) torn: bool,
    /// Every frame that verifies, by first position and place.
    pub(super) frames: Vec<Carved>,
    /// Where segments that are in use lie, with their log sequence numbers.
    pub(super) segments: Vec<(u64, u64)>,
    /// The bytes of `db`.
    pub(super) bytes: u64,
}

/// One segment as it lies there.
struct Segment {
    base: u64,
    /// Its log sequence number; `None` when nothing is written there.
    number: Option<u64>,
    /// Where its messages end, and whether in order.
    end: usize,
    capped: bool,
    /// Whether anything but zeros follows the messages.
    goes_on: bool,
    spot: Option<&'static str>,
    frames: Vec<Carved>,
}

impl Survey {
    /// Reads everything in `folder`; `on_read` is told the bytes read and those to read.
    pub(super) fn of(folder: &Path, on_read: &(dyn Fn(u64, u64) + Sync)) -> Result<Self, LogError> {
        let mut survey = Self::default();
        let db = folder.join("db");
        if db.exists() {
            survey.read_segments(&db, on_read)?;
        }
        survey.spots.extend(damaged_small_files(folder)?);
        survey.spots.sort();
        Ok(survey)
    }

    fn read_segments(
        &mut self,
        db: &Path,
        on_read: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), LogError> {
        let file = File::open(db).doing("open", db)?;
        self.bytes = file.metadata().doing("read", db)?.len();
        let mut segments = segments(&file, self.bytes, on_read).doing("read", db)?;
        segments.sort_by_key(|segment| segment.base);
        if segments.is_empty() {
            let what = "the file is empty".to_owned();
            self.torn = true;
            self.tail = Some(Spot { path: db.to_owned(), at: 0, what, derived: false });
        }
        let last = segments.iter().filter_map(|segment| segment.number).max();
        for segment in segments {
            self.segments.extend(segment.number.map(|number| (segment.base, number)));
            self.frames.extend(&segment.frames);
            let at = segment.base + segment.end as u64;
            let spot = |what: &str| Spot {
                path: db.to_owned(),
                at,
                what: what.to_owned(),
                derived: false,
            };
            match segment.spot {
                Some(what) => self.spots.push(spot(what)),
                None if segment.number.is_some() && segment.number == last => {
                    self.torn = segment.goes_on;
                    self.tail = Some(spot("the log ends there"));
                }
                None if segment.number.is_some() && !segment.capped => {
                    self.spots.push(spot("a block does not match its checksum"));
                }
                None => (),
            }
        }
        self.frames.sort();
        Ok(())
    }

    /// How many records lie there in whole messages, from position 0 on without a gap.
    pub(super) fn reaches(&self) -> u64 {
        let mut end = 0;
        for frame in self.frames.iter().filter(|frame| frame.whole) {
            if frame.first > end {
                break;
            }
            end = end.max(frame.end);
        }
        end
    }
}

/// Reads all segments, each core its turn of them.
fn segments(
    file: &File,
    bytes: u64,
    on_read: &(dyn Fn(u64, u64) + Sync),
) -> io::Result<Vec<Segment>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let read = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let work = || {
            let mut buffer = vec![0; SEGMENT];
            loop {
                let base = next.fetch_add(1, Ordering::Relaxed) * SEGMENT as u64;
                if base >= bytes {
                    return Ok(());
                }
                let length = read_up_to(file, &mut buffer, base)?;
                let segment = Segment::read(buffer.get(..length).unwrap_or_default(), base);
                locked(&read).push(segment);
                on_read(bytes.min(base + SEGMENT as u64), bytes);
            }
        };
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(io::Error::other("a reading thread panicked")))
        })
    })?;
    Ok(read.into_inner().unwrap_or_default())
}

/// Reads until the buffer is full or the file ends; returns the bytes read.
pub(super) fn read_up_to(file: &File, buffer: &mut [u8], from: u64) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + length as u64) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

impl Segment {
    fn read(bytes: &[u8], base: u64) -> Self {
        let number = segment_number(bytes);
        let mut segment = Self {
            base,
            number,
            end: 0,
            capped: false,
            goes_on: false,
            spot: None,
            frames: Vec::new(),
        };
        let Some(number) = number else {
            // What recovery or the file system left empty holds nothing.
            if bytes.iter().any(|byte| *byte != 0) && bytes.len() >= SEGMENT_HEADER {
                segment.spot = Some("a segment's header does not match its checksum");
            }
            segment.frames = carve(bytes, base, 0..0);
            return segment;
        };
        (segment.end, segment.capped) = messages(bytes, number / SEGMENT as u64);
        let after = bytes.get(segment.end..).unwrap_or_default();
        segment.goes_on = after.iter().take(RED_ZONE).any(|byte| *byte != 0);
        segment.frames = carve(bytes, base, SEGMENT_HEADER..segment.end);
        segment
    }
}

/// The log sequence number of a segment whose header verifies.
pub(super) fn segment_number(bytes: &[u8]) -> Option<u64> {
    const MASK: u64 = i64::MAX as u64;
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let covered = rest.get(..SEGMENT_HEADER - 4)?;
    let (number, _) = covered.split_first_chunk::<8>()?;
    (crc32fast::hash(covered) == !u32::from_le_bytes(*checksum))
        .then(|| u64::from_le_bytes(*number) ^ MASK)
}

/// Where whole messages end, and whether that is at the segment's end or its cap.
fn messages(bytes: &[u8], segment: u64) -> (usize, bool) {
    let mut at = SEGMENT_HEADER;
    while at + RED_ZONE < SEGMENT {
        let Some((kind, length)) = bytes.get(at..).and_then(|rest| message(rest, segment)) else {
            return (at, false);
        };
        at += length;
        if kind == CAP {
            return (at, true);
        }
    }
    (at, true)
}

/// Kind and length of the message at the start of `bytes`, if it verifies.
fn message(bytes: &[u8], segment: u64) -> Option<(u8, usize)> {
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, mut rest) = rest.split_first()?;
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let of_segment = number(&mut rest)?;
    number(&mut rest)?;
    let header = bytes.len() - rest.len();
    let body = rest.get(..length)?;
    let mut hash = crc32fast::Hasher::new();
    hash.update(body);
    hash.update(bytes.get(4..header)?);
    let whole = !hash.finalize() == u32::from_le_bytes(*checksum)
        && of_segment == segment
        && KINDS.contains(kind);
    whole.then_some((*kind, header + length))
}

/// A number as sled writes it: 1 to 9 bytes.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let (first, after) = rest.split_first()?;
    let (value, length) = match first {
        0..=240 => (u64::from(*first), 0),
        241..=248 => {
            let low = u64::from(*after.first()?);
            (240 + 256 * (u64::from(*first) - 241) + low, 1)
        }
        249 => {
            let [high, low, ..] = after else { return None };
            (2_288 + 256 * u64::from(*high) + u64::from(*low), 2)
        }
        _ => {
            let length = usize::from(*first) - 247;
            let mut bytes = [0; 8];
            bytes.get_mut(..length)?.copy_from_slice(after.get(..length)?);
            (u64::from_le_bytes(bytes), length)
        }
    };
    *rest = after.get(length..)?;
    Some(value)
}

/// What is wrong with `conf` and the newest snapshot.
fn damaged_small_files(folder: &Path) -> Result<Vec<Spot>, LogError> {
    let mut found = Vec::new();
    let mut newest: Option<PathBuf> = None;
    for entry in fs::read_dir(folder).doing("read", folder)? {
        let path = entry.doing("read", folder)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "conf" && !ends_with_checksum(&path, 4)? {
            found.push(path);
        } else if name.starts_with("snap.") && path.extension().is_some_and(|end| end.len() == 16) {
            newest = newest.max(Some(path));
        }
    }
    if let Some(path) = newest
        && !ends_with_checksum(&path, SNAPSHOT_END)?
    {
        found.push(path);
    }
    let what = "its content does not match its checksum";
    let spot = |path| Spot { path, at: 0, what: what.to_owned(), derived: true };
    Ok(found.into_iter().map(spot).collect())
}

/// Whether the last four bytes of a file are the checksum of all but the last `end` bytes.
fn ends_with_checksum(path: &Path, end: usize) -> Result<bool, LogError> {
    let bytes = fs::read(path).doing("read", path)?;
    let content = bytes.len().checked_sub(end).and_then(|length| bytes.get(..length));
    let content = content.filter(|content| !content.is_empty());
    Ok(content.zip(bytes.last_chunk::<4>()).is_some_and(|(content, checksum)| {
        crc32fast::hash(content) == u32::from_le_bytes(*checksum)
    }))
}
