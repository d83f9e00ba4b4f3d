//! What the next start has to know of the clock: a small file, synced apart from the log.
//!
//! A file of two [`slots`](crate::slots), `GRADUSCL`. The mark says what is kept (0 exact, 1 a pause, 2
//! nothing); the content is, big-endian: told (8), expected (8), monotonic (8), ahead (8), past (8),
//! doubted (8), boot id (60), 24 zeros. Times are microseconds; where there is none, the least number.
//!
//! Invariants: nobody was told of a later time as settled than the newest slot says. A lost file
//! costs that promise, and a suspicion; no record.

use std::path::Path;

use gradus_model::Timestamp;

use crate::LogError;
use crate::slots::{CONTENT, SlotFile, Sort, next, next_boot, put_boot};

const NOTE: Sort = Sort { magic: b"GRADUSCL", format: 1, what: "file `clock`" };
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
    file: SlotFile,
    newest: Option<Note>,
}

impl NoteFile {
    /// Opens the file in `path`, created if it is not there, and reads the newest whole slot.
    pub(crate) fn open(path: &Path) -> Result<Self, LogError> {
        let (file, newest) = SlotFile::open(path, NOTE, read)?;
        file.reserve()?;
        Ok(Self { file, newest })
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
        let (kept, ahead) = match note.kept {
            Kept::Exact => (0, None),
            Kept::Pause { ahead } => (1, ahead),
            Kept::Nothing => (2, None),
        };
        let mut content = Vec::with_capacity(CONTENT);
        let micros = |at: Option<Timestamp>| at.map_or(NONE, Timestamp::micros);
        for number in [
            micros(note.told),
            note.expected.micros(),
            note.monotonic,
            ahead.unwrap_or(NONE),
            micros(note.past),
            micros(note.doubted),
        ] {
            content.extend_from_slice(&number.to_be_bytes());
        }
        put_boot(&mut content, &note.boot);
        self.file.write(kept, &content)?;
        self.newest = Some(note);
        Ok(())
    }
}

fn read(kept: u8, mut rest: &[u8]) -> Option<Note> {
    let mut number = || next(&mut rest).map(i64::from_be_bytes);
    let some = |micros: i64| Timestamp::from_micros(micros).ok();
    let told = some(number()?);
    let expected = some(number()?)?;
    let monotonic = number()?;
    let ahead = number().map(|ahead| Some(ahead).filter(|ahead| *ahead != NONE))?;
    let (past, doubted) = (some(number()?), some(number()?));
    let boot = next_boot(&mut rest)?;
    let kept = match kept {
        0 => Kept::Exact,
        1 => Kept::Pause { ahead },
        2 => Kept::Nothing,
        _ => return None,
    };
    Some(Note { told, expected, monotonic, boot, kept, past, doubted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::noon;
    use crate::slots::SLOT;

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
