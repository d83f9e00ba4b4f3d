//! What the next start has to know of the clock: a small file, synced apart from the log.
//!
//! Two slots of 160 bytes at 0 and 4,096 are written in turn, so that a torn write leaves the
//! other. A slot is, big-endian: `GRADUSCL`, format (2), kept (1: 0 exact, 1 a pause, 2 nothing),
//! 5 zeros, turn (8), told (8), expected (8), monotonic (8), ahead (8), past (8), doubted (8), boot
//! id (60), 24 zeros, CRC-32 (4). Times are microseconds; where there is none, the least number.
//!
//! Invariants: nobody was told of a later time as settled than the newest slot says. A lost file
//! costs that promise, and a suspicion; no record.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gradus_model::Timestamp;

use crate::LogError;
use crate::error::Doing as _;

const MAGIC: &[u8; 8] = b"GRADUSCL";
const FORMAT: u16 = 1;
const SLOT: usize = 160;
const SLOT_EVERY: u64 = 4_096;
const BOOT_ID: usize = 60;
const NONE: i64 = i64::MIN;

/// What was known of the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Somebody was told that nothing more is stamped up to here.
    pub(crate) told: Option<Timestamp>,
    /// Where the time was, or was at least.
    pub(crate) expected: Timestamp,
    /// Where the monotonic clock was then.
    pub(crate) monotonic: i64,
    /// The boot to which that belongs; empty where the system tells none.
    pub(crate) boot: String,
    /// How much of it is certain.
    pub(crate) kept: Kept,
    /// The last stamp when a clock was accepted: it may lie after what is expected.
    pub(crate) past: Option<Timestamp>,
    /// What the wall clock said then, if it was suspect.
    pub(crate) doubted: Option<Timestamp>,
}

/// How much is certain of the time that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// All of it.
    Exact,
    /// It is the earliest: the machine was off before.
    Pause {
        /// By how many microseconds the clock was ahead before that, if it was.
        ahead: Option<i64>,
    },
    /// It is the earliest, and no clock is believed until one is accepted.
    Nothing,
}

/// The open file, and what it says.
#[derive(Debug)]
pub(crate) struct NoteFile {
    file: File,
    path: PathBuf,
    turn: u64,
    newest: Option<Note>,
}

impl NoteFile {
    /// Opens the file in `path`, created if it is not there, and reads the newest whole slot.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).doing("open", path)?;
        let length = file.metadata().doing("read", path)?.len();
        if length == 0 {
            // So that no later write needs room on the disk.
            let both = usize::try_from(SLOT_EVERY).unwrap_or_default() + SLOT;
            file.write_all_at(&vec![0; both], 0).doing("write", path)?;
        }
        let mut opened = Self { file, path: path.to_owned(), turn: 0, newest: None };
        for slot in 0..2 {
            let mut bytes = [0; SLOT];
            if opened.file.read_exact_at(&mut bytes, slot * SLOT_EVERY).is_err() {
                continue;
            }
            match decode(&bytes)? {
                Some((turn, note)) if turn > opened.turn => {
                    (opened.turn, opened.newest) = (turn, Some(note));
                }
                _ => (),
            }
        }
        Ok(opened)
    }

    /// What the file says.
    pub(crate) const fn newest(&self) -> Option<&Note> {
        self.newest.as_ref()
    }

    /// The latest time that somebody was told of as settled.
    pub(crate) fn told(&self) -> Option<Timestamp> {
        self.newest()?.told
    }

    /// Writes and syncs a note in the older slot.
    pub(crate) fn write(&mut self, note: Note) -> Result<(), LogError> {
        let turn = self.turn + 1;
        let at = turn % 2 * SLOT_EVERY;
        self.file.write_all_at(&encode(turn, &note), at).doing("write", &self.path)?;
        self.file.sync_data().doing("sync", &self.path)?;
        (self.turn, self.newest) = (turn, Some(note));
        Ok(())
    }
}

fn encode(turn: u64, note: &Note) -> Vec<u8> {
    let (kept, ahead) = match note.kept {
        Kept::Exact => (0, None),
        Kept::Pause { ahead } => (1, ahead),
        Kept::Nothing => (2, None),
    };
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    bytes.push(kept);
    bytes.extend_from_slice(&[0; 5]);
    bytes.extend_from_slice(&turn.to_be_bytes());
    let micros = |at: Option<Timestamp>| at.map_or(NONE, Timestamp::micros);
    for number in [
        micros(note.told),
        note.expected.micros(),
        note.monotonic,
        ahead.unwrap_or(NONE),
        micros(note.past),
        micros(note.doubted),
    ] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend(note.boot.bytes().chain(std::iter::repeat(0)).take(BOOT_ID));
    bytes.resize(SLOT - 4, 0);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The turn and content of a slot; `None` when it is torn or was never written.
fn decode(bytes: &[u8; SLOT]) -> Result<Option<(u64, Note)>, LogError> {
    let Some((body, checksum)) = bytes.split_last_chunk::<4>() else { return Ok(None) };
    let Some((magic, mut rest)) = body.split_first_chunk::<8>() else { return Ok(None) };
    if magic != MAGIC || crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
        return Ok(None);
    }
    match next(&mut rest).map(u16::from_be_bytes) {
        Some(FORMAT) => Ok(fields(rest)),
        Some(seen) => Err(LogError::NewerFormat { what: "file `clock`", seen, known: FORMAT }),
        None => Ok(None),
    }
}

fn fields(mut rest: &[u8]) -> Option<(u64, Note)> {
    let [kept, ..] = next::<6>(&mut rest)?;
    let turn = next(&mut rest).map(u64::from_be_bytes)?;
    let mut number = || next(&mut rest).map(i64::from_be_bytes);
    let some = |micros: i64| Timestamp::from_micros(micros).ok();
    let told = some(number()?);
    let expected = some(number()?)?;
    let monotonic = number()?;
    let ahead = number().map(|ahead| Some(ahead).filter(|ahead| *ahead != NONE))?;
    let (past, doubted) = (some(number()?), some(number()?));
    let boot: [u8; BOOT_ID] = next(&mut rest)?;
    let boot = String::from_utf8_lossy(&boot).trim_end_matches('\0').to_owned();
    let kept = match kept {
        0 => Kept::Exact,
        1 => Kept::Pause { ahead },
        2 => Kept::Nothing,
        _ => return None,
    };
    Some((turn, Note { told, expected, monotonic, boot, kept, past, doubted }))
}

fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::noon;

    fn note(second: i64) -> Note {
        Note {
            told: Some(noon().plus_micros(second)),
            expected: noon(),
            monotonic: -second,
            boot: "0b0e1f7e-5a0b-4d8e-9d0f-3f1f6d2c7a11".to_owned(),
            kept: Kept::Pause { ahead: Some(second) },
            past: None,
            doubted: Some(Timestamp::MIN),
        }
    }

    fn read(path: &Path) -> Option<Note> {
        NoteFile::open(path).unwrap().newest().cloned()
    }

    #[test]
    fn the_newest_note_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clock");
        let mut file = NoteFile::open(&path).unwrap();
        assert_eq!(file.newest(), None);
        let certain = Note { kept: Kept::Exact, doubted: None, past: Some(noon()), ..note(4) };
        for note in [note(1), note(2), Note { kept: Kept::Nothing, ..note(3) }, certain] {
            file.write(note.clone()).unwrap();
            assert_eq!(read(&path), Some(note));
        }
    }

    #[test]
    fn a_torn_note_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clock");
        let mut file = NoteFile::open(&path).unwrap();
        file.write(note(1)).unwrap();
        file.write(note(2)).unwrap();
        for at in 0..SLOT {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[at] ^= 0x40;
            let torn = dir.path().join("torn");
            std::fs::write(&torn, bytes).unwrap();
            assert_eq!(read(&torn), Some(note(1)), "byte {at}");
        }
    }
}
