//! The file of one engagement: what an auditor asked, until it is opened.
//!
//! | bytes | content |
//! |---|---|
//! | 17 | `gradus/v1/queries` |
//! | 16 | id of the log |
//! | 16 | id of the auditor |
//! | 4 | number of the engagement |
//! | each row | its length (4), the first 8 bytes of its SHA-256, the row |
//!
//! Numbers are big-endian. Rows are added at the end and synced; a last one that is not whole is what a
//! crash left of one that nobody was answered on. Whatever else does not match is damage.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use gradus_model::{LogId, PrincipalId, Timestamp};
use gradus_proof::queries::QueryRow;
use gradus_proof::sha256;

use crate::directory::folder::{FileError, Step, parent, sync_folder};

const LABEL: &[u8] = b"gradus/v1/queries";
const HEAD: u64 = 17 + 16 + 16 + 4;
/// The most bytes of a row: its request, and what stands beside it.
const MOST_ROW: u32 = 4_096;
/// More than this was never written at once.
const MOST_TORN: u64 = 1 << 20;
/// The offset of each row with a number that this divides is held, to begin reading there.
const MARK: u64 = 1_000;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Whose {
    pub(crate) auditor: PrincipalId,
    pub(crate) number: u32,
}

impl Whose {
    /// The name of the file.
    pub(crate) fn file_name(self) -> String {
        format!("{}-{}", self.auditor, self.number)
    }

    /// Whose file has this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (auditor, number) = name.rsplit_once('-')?;
        let whose = Self { auditor: auditor.parse().ok()?, number: number.parse().ok()? };
        (whose.file_name() == name).then_some(whose)
    }

    fn head(self, log: LogId) -> Vec<u8> {
        let mut head = LABEL.to_vec();
        head.extend_from_slice(&log.0);
        head.extend_from_slice(&self.auditor.0);
        head.extend_from_slice(&self.number.to_be_bytes());
        head
    }
}

/// How a file ended when it was read.
enum End {
    Whole,
    /// What a crash left begins at this byte.
    Torn(u64),
    /// Something that was never written begins at this byte.
    Damaged(u64),
}

/// The file of one engagement, open for more.
#[derive(Debug)]
pub(crate) struct QueryFile {
    path: PathBuf,
    file: File,
    length: u64,
    marks: Vec<u64>,
    /// How many rows it has.
    pub(crate) rows: u64,
    /// When its newest row was asked.
    pub(crate) newest: Option<Timestamp>,
    /// The byte from which on it is damaged; nothing is added then.
    pub(crate) damaged: Option<u64>,
}

impl QueryFile {
    /// A file of which nothing but the head is known.
    fn unread(path: &Path, file: File) -> Self {
        let (path, marks) = (path.to_owned(), Vec::new());
        Self { path, file, length: HEAD, marks, rows: 0, newest: None, damaged: None }
    }

    /// Makes the file of an engagement, durably.
    pub(crate) fn create(folder: &Path, log: LogId, whose: Whose) -> Result<Self, FileError> {
        let path = folder.join(whose.file_name());
        let failed = |step| {
            let path = path.clone();
            move |source| FileError { step, path, source }
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let mut file = options.open(&path).map_err(failed(Step::Create))?;
        if let Err(source) = file.write_all(&whose.head(log)) {
            // Nobody was answered on it, and the next question makes it again.
            let _ = std::fs::remove_file(&path);
            return Err(failed(Step::Write)(source));
        }
        file.sync_all().map_err(failed(Step::Sync))?;
        sync_folder(parent(&path))?;
        Ok(Self::unread(&path, file))
    }

    /// Opens the file of an engagement; what a crash left at its end is cut off.
    pub(crate) fn open(path: &Path, log: LogId, whose: Whose) -> Result<Self, FileError> {
        let failed = |step| move |source| FileError { step, path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(failed(Step::Read))?;
        let mut opened = Self::unread(path, file);
        match opened.read(log, whose).map_err(failed(Step::Read))? {
            End::Whole => (),
            End::Damaged(at) => opened.damaged = Some(at),
            End::Torn(0) => {
                // A crash came before its first row.
                opened.file.set_len(0).map_err(failed(Step::Write))?;
                opened.file.seek(SeekFrom::Start(0)).map_err(failed(Step::Write))?;
                opened.file.write_all(&whose.head(log)).map_err(failed(Step::Write))?;
                opened.file.sync_all().map_err(failed(Step::Sync))?;
            }
            End::Torn(at) => {
                tracing::warn!(path = %path.display(), at, "a question that was not answered is cut off");
                opened.file.set_len(at).map_err(failed(Step::Write))?;
                opened.file.sync_all().map_err(failed(Step::Sync))?;
            }
        }
        Ok(opened)
    }

    fn read(&mut self, log: LogId, whose: Whose) -> io::Result<End> {
        let total = self.file.metadata()?.len();
        let mut reader = BufReader::new(&self.file);
        reader.seek(SeekFrom::Start(0))?;
        let mut head = Vec::new();
        reader.by_ref().take(HEAD).read_to_end(&mut head)?;
        if head != whose.head(log) {
            return Ok(if total < HEAD { End::Torn(0) } else { End::Damaged(0) });
        }
        let mut marks = Vec::new();
        let (mut at, mut rows, mut newest) = (HEAD, 0, None);
        let end = loop {
            if at == total {
                break End::Whole;
            }
            let Some((row, length)) = next(&mut reader)? else {
                let bad = at;
                break if ends_there(&self.file, bad, total)? {
                    End::Torn(bad)
                } else {
                    End::Damaged(bad)
                };
            };
            if row.number != rows {
                break End::Damaged(at);
            }
            if rows % MARK == 0 {
                marks.push(at);
            }
            newest = Some(row.asked_at);
            (at, rows) = (at + length, rows + 1);
        };
        (self.length, self.rows, self.marks, self.newest) = (at, rows, marks, newest);
        Ok(end)
    }

    /// Its bytes.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Adds rows, whose numbers follow; they are there after the next sync.
    pub(crate) fn add(&mut self, rows: &[QueryRow]) -> Result<(), FileError> {
        let mut bytes = Vec::new();
        let (mut at, mut marks) = (self.length, Vec::new());
        for row in rows {
            let row_bytes = row.to_bytes();
            if row.number % MARK == 0 {
                marks.push(at);
            }
            let length = u32::try_from(row_bytes.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(sha256(&row_bytes).0.first_chunk::<8>().unwrap_or(&[0; 8]));
            bytes.extend_from_slice(&row_bytes);
            at = self.length + bytes.len() as u64;
        }
        let written = self.file.seek(SeekFrom::Start(self.length));
        let written = written.and_then(|_| self.file.write_all(&bytes));
        if let Err(source) = written {
            // What is left of it would be taken for torn; a failure to cut it off changes nothing.
            let _ = self.file.set_len(self.length);
            return Err(FileError { step: Step::Write, path: self.path.clone(), source });
        }
        self.length = at;
        self.marks.append(&mut marks);
        self.rows += rows.len() as u64;
        self.newest = rows.last().map(|row| row.asked_at).or(self.newest);
        Ok(())
    }

    /// Makes all rows durable.
    pub(crate) fn sync(&self) -> Result<(), FileError> {
        let failed = |source| FileError { step: Step::Sync, path: self.path.clone(), source };
        self.file.sync_data().map_err(failed)
    }

    /// Where to read rows from.
    pub(crate) fn reader(&self, first: u64) -> RowsAt {
        let mark = usize::try_from(first / MARK).ok().and_then(|mark| self.marks.get(mark));
        RowsAt { path: self.path.clone(), at: mark.copied().unwrap_or(HEAD), first }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Rows of a file from a number on; read without the file's lock.
pub(crate) struct RowsAt {
    path: PathBuf,
    at: u64,
    first: u64,
}

impl RowsAt {
    /// Reads at most so many rows.
    pub(crate) fn read(&self, most: u64) -> Result<Vec<QueryRow>, FileError> {
        let failed = |source| FileError { step: Step::Read, path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        let mut reader = BufReader::new(file);
        let mut rows = Vec::new();
        while (rows.len() as u64) < most {
            match next(&mut reader).map_err(failed)? {
                Some((row, _)) if row.number >= self.first => rows.push(row),
                Some(_) => (),
                None => break,
            }
        }
        Ok(rows)
    }
}

/// The next row and the bytes that it takes; none at the end, or where there is no row.
fn next(reader: &mut impl io::Read) -> io::Result<Option<(QueryRow, u64)>> {
    let mut bytes = Vec::new();
    reader.take(12).read_to_end(&mut bytes)?;
    let Some((length, sum)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length);
    if sum.len() < 8 || length > MOST_ROW {
        return Ok(None);
    }
    let mut row = Vec::new();
    reader.take(u64::from(length)).read_to_end(&mut row)?;
    let whole = row.len() == length as usize && sha256(&row).0.starts_with(sum);
    let read = QueryRow::read_first(&row).ok().filter(|(_, rest)| whole && rest.is_empty());
    Ok(read.map(|(row, _)| (row, 12 + u64::from(length))))
}

/// Whether what begins at a byte can be what a crash left: rows that were not synced, of which none
/// whole one follows.
fn ends_there(mut file: &File, at: u64, total: u64) -> io::Result<bool> {
    if total - at > MOST_TORN {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(at))?;
    let mut rest = Vec::new();
    file.take(total - at).read_to_end(&mut rest)?;
    let mut follows = (1..rest.len()).filter_map(|from| rest.get(from..));
    Ok(!follows.any(|mut tail| matches!(next(&mut tail), Ok(Some(_)))))
}

/// What the file of an engagement is, for whoever examines the directory: its log, and how many rows
/// it has, or from which byte on it is damaged.
pub(crate) fn examined(path: &Path, log: LogId, whose: Whose) -> Result<u64, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut opened = QueryFile::unread(path, file);
    match opened.read(log, whose).map_err(|error| error.to_string())? {
        End::Damaged(at) => Err(format!("it is not as it was written from byte {at} on")),
        End::Whole | End::Torn(_) => Ok(opened.rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId([1; 16]);
    const WHOSE: Whose = Whose { auditor: PrincipalId([2; 16]), number: 3 };

    fn row(number: u64) -> QueryRow {
        QueryRow {
            number,
            asked_at: Timestamp::from_micros(1_000_000).unwrap(),
            log_size: 7,
            method: "LevelService/QueryLevels".to_owned(),
            request: vec![9; 20],
            more: false,
            salt: [5; 16],
        }
    }

    fn written(folder: &Path, rows: u64) -> PathBuf {
        let mut file = QueryFile::create(folder, LOG, WHOSE).unwrap();
        file.add(&(0..rows).map(row).collect::<Vec<_>>()).unwrap();
        file.sync().unwrap();
        file.path().to_owned()
    }

    #[test]
    fn rows_are_there_again_and_more_are_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), 2_500);
        let mut file = QueryFile::open(&path, LOG, WHOSE).unwrap();
        assert_eq!((file.rows, file.damaged), (2_500, None));
        file.add(&[row(2_500)]).unwrap();
        let tail = file.reader(2_499).read(10).unwrap();
        assert_eq!(tail, [row(2_499), row(2_500)]);
        assert_eq!(Whose::of_name(&WHOSE.file_name()), Some(WHOSE));
    }

    #[test]
    fn what_a_crash_left_at_the_end_is_cut_off_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), 3);
        let whole = std::fs::read(&path).unwrap();
        let third = whole.len() - (whole.len() - usize::try_from(HEAD).unwrap()) / 3;
        for cut in third + 1..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let file = QueryFile::open(&path, LOG, WHOSE).unwrap();
            assert_eq!((file.rows, file.damaged), (2, None), "{cut}");
            assert_eq!(std::fs::read(&path).unwrap().len(), third);
        }
    }

    #[test]
    fn a_file_without_its_first_row_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), 0);
        let head = std::fs::read(&path).unwrap();
        for cut in 0..head.len() {
            std::fs::write(&path, &head[..cut]).unwrap();
            assert_eq!(examined(&path, LOG, WHOSE), Ok(0));
            let file = QueryFile::open(&path, LOG, WHOSE).unwrap();
            assert_eq!((file.rows, file.damaged), (0, None), "{cut}");
            assert_eq!(std::fs::read(&path).unwrap(), head);
        }
    }

    #[test]
    fn damage_before_the_end_is_told_and_no_byte_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), 3);
        let whole = std::fs::read(&path).unwrap();
        let third = whole.len() - (whole.len() - usize::try_from(HEAD).unwrap()) / 3;
        for at in 0..third {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            let file = QueryFile::open(&path, LOG, WHOSE).unwrap();
            assert!(file.damaged.is_some() && file.rows < 3, "{at}");
            assert_eq!(std::fs::read(&path).unwrap(), damaged);
            assert!(examined(&path, LOG, WHOSE).is_err(), "{at}");
        }
    }
}
