//! A history as a file gives it, and the steps that a mapping makes of it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use gradus_collect::{Collector, FactError, Mapping, Step, Summary, facts};

use super::GIT_MAPPING;
use crate::error::CliError;

/// The most bytes that a history may have once it is unpacked: 256 MiB.
const LONGEST: u64 = 256 << 20;

/// The bytes of a history, as far as they could be read.
#[derive(Debug)]
pub struct History {
    /// How the file is called in messages.
    pub file: String,
    /// What could be read.
    pub bytes: Vec<u8>,
    /// Why there is no more, if there should be.
    pub damage: Option<io::Error>,
}

/// A history as steps, up to the first line that is no fact.
#[derive(Debug)]
pub struct Mapped {
    /// What to send, in order.
    pub steps: Vec<Step>,
    /// What was read, and made of it.
    pub summary: Summary,
    /// Where reading had to stop.
    pub error: Option<FactError>,
}

impl History {
    /// Reads the file, or stdin where it is `-`. What is compressed with gzip is unpacked.
    pub fn open(file: &str) -> Result<Self, CliError> {
        let fail = |error| CliError::File { file: file.to_owned(), error };
        if file == "-" {
            return Self::read("stdin", io::stdin().lock());
        }
        Self::read(file, File::open(file).map_err(fail)?)
    }

    /// Reads what `from` gives; `file` is only used to say where an error is.
    pub fn read(file: &str, mut from: impl Read) -> Result<Self, CliError> {
        let fail = |error| CliError::File { file: file.to_owned(), error };
        let mut start = Vec::new();
        from.by_ref().take(2).read_to_end(&mut start).map_err(fail)?;
        let packed = start == [0x1f, 0x8b];
        let whole = start.as_slice().chain(from);
        let (bytes, damage) =
            if packed { drained(MultiGzDecoder::new(whole)) } else { drained(whole) };
        Ok(Self { file: file.to_owned(), bytes, damage })
    }

    /// The steps that the mapping makes of the lines before the first that is no fact.
    #[must_use]
    pub fn map(&self, mapping: &Mapping) -> Mapped {
        let mut collector = Collector::new(mapping);
        let mut steps = Vec::new();
        let mut taken = facts::read(&self.bytes).map(|fact| collector.take(&fact?));
        let error = loop {
            match taken.next() {
                Some(Ok(more)) => steps.extend(more),
                Some(Err(error)) => break Some(error),
                None => break None,
            }
        };
        drop(taken);
        Mapped { steps, summary: collector.summary().clone(), error }
    }

    /// The error to end with, if not all of the history was there to be sent.
    #[must_use]
    pub fn failure(self, mapped: Mapped) -> Option<CliError> {
        let Self { file, damage, .. } = self;
        // A damaged file ends in the middle of a line: the damage is the cause.
        match (damage, mapped.error) {
            (Some(error), _) => Some(CliError::File { file, error }),
            (None, Some(error)) => Some(CliError::History { file, error }),
            (None, None) => None,
        }
    }
}

/// Reads a mapping, or the bundled one.
pub fn mapping(file: Option<&Path>) -> Result<Mapping, CliError> {
    let Some(path) = file else {
        return Ok(Mapping::parse("config/mappings/git.toml", GIT_MAPPING)?);
    };
    let file = path.display().to_string();
    let fail = |error| CliError::File { file: file.clone(), error };
    let text = std::fs::read_to_string(path).map_err(fail)?;
    Ok(Mapping::parse(&file, &text)?)
}

/// All that can be read, and why not more.
fn drained(from: impl Read) -> (Vec<u8>, Option<io::Error>) {
    let mut bytes = Vec::new();
    let error = from.take(LONGEST + 1).read_to_end(&mut bytes).err();
    let longest = usize::try_from(LONGEST).unwrap_or(usize::MAX);
    if bytes.len() > longest {
        bytes.truncate(longest);
        return (bytes, Some(io::Error::other(format!("more than {LONGEST} bytes"))));
    }
    (bytes, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    const RUSTLS: &[u8] = include_bytes!("../../data/rustls.jsonl.gz");

    fn steps(bytes: &[u8]) -> (usize, u64, Option<String>) {
        let history = History::read("h", bytes).unwrap();
        let mapped = history.map(&mapping(None).unwrap());
        let (steps, read) = (mapped.steps.len(), mapped.summary.read);
        (steps, read, history.failure(mapped).map(|error| error.to_string()))
    }

    #[test]
    fn a_bundled_history_is_read_as_it_is_packed() {
        let (steps, read, error) = steps(RUSTLS);
        assert_eq!((read, error), (1_967, None));
        assert!(steps > 1_000);
    }

    #[test]
    fn what_stands_before_a_bad_line_is_kept() {
        let bytes = History::read("h", RUSTLS).unwrap().bytes;
        let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').take(3).collect();
        let mut cut = lines.join(&b'\n');
        cut.truncate(cut.len() - 40);
        let (_, read, error) = steps(&cut);
        assert_eq!(read, 2);
        let error = error.unwrap();
        assert!(error.starts_with("h: line 3: the JSON ends too early, at column"), "{error}");
    }

    #[test]
    fn what_could_be_unpacked_of_a_damaged_file_is_kept() {
        let (_, read, error) = steps(&RUSTLS[..RUSTLS.len() / 2]);
        assert!((900..1_200).contains(&read), "{read}");
        assert!(error.unwrap().starts_with("h: "));
    }

    #[test]
    fn an_empty_file_is_an_empty_history() {
        assert_eq!(steps(b""), (0, 0, None));
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(b"").unwrap();
        assert_eq!(steps(&gz.finish().unwrap()), (0, 0, None));
    }
}
