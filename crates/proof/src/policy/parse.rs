//! Reading a policy file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Log, MOST_OF_EACH, Named, Policy, Witness};
use crate::key::{KeyType, NoteError, VerifierKey};
use crate::text::{FormatError, Lines, decimal};

const FORMAT: &str = "policy";

/// The name that stands for no quorum.
const NONE: &str = "none";

/// Why a file is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFormatError {
    /// A line that is not as tlog-policy says.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A key that is none.
    #[error("line {line} of the policy: {error}")]
    Key {
        /// The line, from 1.
        line: u64,
        /// What is wrong with the key.
        error: NoteError,
    },
    /// A name that nothing before it has.
    #[error("line {line} of the policy names `{name}`, which no line before it defines")]
    Undefined {
        /// The line, from 1.
        line: u64,
        /// The name.
        name: String,
    },
    /// A name, a key, a membership or a quorum that is there already.
    #[error("line {line} of the policy: {what} `{name}` is there already")]
    Again {
        /// The line, from 1.
        line: u64,
        /// What is there already.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl Policy {
    /// Reads a policy file of at most 1 MiB, with at most [`MOST_OF_EACH`] logs, witnesses and
    /// groups each, in UTF-8.
    ///
    /// # Errors
    ///
    /// [`PolicyFormatError`]: the line that is not as tlog-policy says, and why.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyFormatError> {
        let mut reader = Reader::default();
        let mut lines = Lines::read(FORMAT, bytes)?;
        while !lines.rest().is_empty() {
            let text = lines.next("a line")?;
            if text.contains(|c: char| c.is_ascii_control() && c != '\t') {
                return Err(lines.wrong(text, "tabs and no other control characters").into());
            }
            reader.line += 1;
            // White space is spaces and tabs, whatever Unicode says.
            let words = text.split([' ', '\t']).filter(|word| !word.is_empty());
            let words: Vec<&str> = words.collect();
            if words.first().is_some_and(|word| !word.starts_with('#')) {
                reader.read(text, &words)?;
            }
        }
        if !reader.decided {
            let needed = "a line `quorum` and a name";
            return Err(FormatError::new(FORMAT, reader.line + 1, None, needed).into());
        }
        Ok(Self { logs: reader.logs, named: reader.named, quorum: reader.quorum })
    }
}

/// What the lines so far define.
#[derive(Default)]
struct Reader {
    line: u64,
    logs: Vec<Log>,
    named: Vec<Named>,
    /// Whether there was a quorum, which may be none.
    decided: bool,
    quorum: Option<usize>,
    /// Where in `named` each name is.
    names: BTreeMap<String, usize>,
    log_keys: BTreeSet<[u8; 32]>,
    witness_keys: BTreeSet<[u8; 32]>,
    members: BTreeSet<usize>,
}

impl Reader {
    fn read(&mut self, text: &str, words: &[&str]) -> Result<(), PolicyFormatError> {
        match words {
            ["log", key, rest @ ..] if rest.len() <= 1 => self.log(key, rest.first()),
            ["witness", name, key, rest @ ..] if rest.len() <= 1 => {
                self.witness(text, name, key, rest.first())
            }
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(text, name, threshold, members)
            }
            ["quorum", name] => self.decide(name),
            _ => {
                let needed = "`log KEY [URL]`, `witness NAME KEY [URL]`, \
                    `group NAME all|any|K NAME...` or `quorum NAME`";
                Err(self.wrong(text, needed))
            }
        }
    }

    fn log(&mut self, key: &str, url: Option<&&str>) -> Result<(), PolicyFormatError> {
        let key = self.key(key)?;
        if !self.log_keys.insert(*key.public()) {
            return Err(self.again("the key of log", key.name()));
        }
        self.logs.push(Log { key, url: url.map(ToString::to_string) });
        self.bound(self.logs.len())
    }

    fn witness(
        &mut self,
        text: &str,
        name: &str,
        key: &str,
        url: Option<&&str>,
    ) -> Result<(), PolicyFormatError> {
        let key = self.key(key)?;
        if key.kind() != KeyType::Cosignature {
            return Err(self.wrong(text, "a witness's key of type 0x04, which signs times"));
        }
        if !self.witness_keys.insert(*key.public()) {
            return Err(self.again("the key of witness", name));
        }
        let url = url.map(ToString::to_string);
        self.define(name, Named::Witness(Witness { name: name.to_owned(), key, url }))?;
        self.bound(self.witness_keys.len())
    }

    fn group(
        &mut self,
        text: &str,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), PolicyFormatError> {
        let needed = "a threshold: `all`, `any` or a number from 1 to that of the members";
        let threshold = match threshold {
            "all" => members.len(),
            "any" => 1,
            number => {
                let number = decimal(number).and_then(|number| usize::try_from(number).ok());
                let number = number.filter(|number| (1..=members.len()).contains(number));
                number.ok_or_else(|| self.wrong(text, needed))?
            }
        };
        let mut places = Vec::with_capacity(members.len());
        for member in members {
            let at = self.defined(member)?;
            if !self.members.insert(at) {
                return Err(self.again("a group with the member", member));
            }
            places.push(at);
        }
        let group = Named::Group { name: name.to_owned(), threshold, members: places };
        self.define(name, group)?;
        self.bound(self.named.len() - self.witness_keys.len())
    }

    fn decide(&mut self, name: &str) -> Result<(), PolicyFormatError> {
        if self.decided {
            return Err(self.again("a quorum besides", name));
        }
        self.decided = true;
        self.quorum = if name == NONE { None } else { Some(self.defined(name)?) };
        Ok(())
    }

    fn define(&mut self, name: &str, named: Named) -> Result<(), PolicyFormatError> {
        if name == NONE || self.names.contains_key(name) {
            return Err(self.again("the name", name));
        }
        self.names.insert(name.to_owned(), self.named.len());
        self.named.push(named);
        Ok(())
    }

    fn defined(&self, name: &str) -> Result<usize, PolicyFormatError> {
        let undefined = || PolicyFormatError::Undefined { line: self.line, name: name.to_owned() };
        self.names.get(name).copied().ok_or_else(undefined)
    }

    fn key(&self, text: &str) -> Result<VerifierKey, PolicyFormatError> {
        let line = self.line;
        VerifierKey::parse(text).map_err(|error| PolicyFormatError::Key { line, error })
    }

    fn bound(&self, many: usize) -> Result<(), PolicyFormatError> {
        if many <= MOST_OF_EACH {
            return Ok(());
        }
        Err(self.wrong(&many.to_string(), "at most 256 logs, witnesses and groups of each"))
    }

    fn wrong(&self, seen: &str, needed: &'static str) -> PolicyFormatError {
        FormatError::new(FORMAT, self.line, Some(seen), needed).into()
    }

    fn again(&self, what: &'static str, name: &str) -> PolicyFormatError {
        PolicyFormatError::Again { line: self.line, what, name: name.to_owned() }
    }
}
