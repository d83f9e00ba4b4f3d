//! Facts of a project's git history: one JSON object a line, oldest first.
//!
//! Reading is strict: a line that is not exactly a fact is refused with its number, the field,
//! what was seen and what would be right. Nothing is guessed, skipped or cut.

use std::fmt;
use std::str::FromStr;

use gradus_model::name::BadText;
use gradus_model::time::TimeError;
use gradus_model::words::UnknownWord;
use gradus_model::{Edge, Label, Timestamp};

use crate::json::Json;

/// The most bytes that a line may have, without its line end.
pub const LONGEST_LINE: usize = 64 * 1024;

const KEYS: [&str; 7] = ["project", "occurred_at", "kind", "subject", "uri", "digest", "title"];

/// Something that a history shows to have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The line it was read from, from 1.
    pub line: u64,
    /// The project whose history it is.
    pub project: Label,
    /// When git recorded it, which is no proof of when it happened.
    pub occurred_at: Timestamp,
    /// What happened.
    pub kind: FactKind,
    /// To what: a path, tag, check, advisory, dependency, count or reverted commit; never empty.
    pub subject: String,
    /// The address of the commit.
    pub uri: String,
    /// The commit, as the address names it.
    pub commit: ObjectId,
    /// The git object that is the evidence: a blob, a tag, or the commit itself.
    pub digest: ObjectId,
    /// One line for people.
    pub title: String,
}

macro_rules! fact_kinds {
    ($( $(#[$meta:meta])* $word:literal $variant:ident, )+) => {
        /// What happened; the part of its name before the dot is its family.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKind { $( $(#[$meta])* $variant, )+ }

        impl FactKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The name that a history and a mapping write.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }
    };
}

fact_kinds! {
    /// A file came.
    "file.added" FileAdded,
    /// A file was changed.
    "file.changed" FileChanged,
    /// A file went.
    "file.removed" FileRemoved,
    /// CI began to name a check.
    "check.enabled" CheckEnabled,
    /// CI no longer names a check.
    "check.disabled" CheckDisabled,
    /// The number of test files passed a round number, which is the subject.
    "tests.count" TestsCount,
    /// A signed tag was made.
    "tag.signed" TagSigned,
    /// A tag with a message, but no signature, was made.
    "tag.annotated" TagAnnotated,
    /// A tag that is a mere name was made; it bears its commit's date.
    "tag.lightweight" TagLightweight,
    /// A commit says that it fixes an advisory.
    "fix.advisory" FixAdvisory,
    /// A commit names an advisory.
    "advisory.mentioned" AdvisoryMentioned,
    /// A dependency was moved to another version.
    "dependency.bumped" DependencyBumped,
    /// A submodule was moved to another commit.
    "submodule.changed" SubmoduleChanged,
    /// The copy of a component that is kept in the tree was changed.
    "vendored.changed" VendoredChanged,
    /// A commit was undone.
    "change.reverted" ChangeReverted,
}

impl FactKind {
    /// What the subject is an instance of: `file`, `check`, `tests`, `tag`, …
    ///
    /// Facts of one family and subject are about the same thing.
    #[must_use]
    pub fn family(self) -> &'static str {
        self.name().split('.').next().unwrap_or_default()
    }
}

/// The name of a git object: lower-case hexadecimal digits, 40 for SHA-1, 64 for SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    /// The digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// `sha1` or `sha256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        if self.0.len() == 40 { "sha1" } else { "sha256" }
    }
}

/// A line that is no fact, or does not belong where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FactError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: FactProblem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactProblem {
    /// Nothing on the line.
    #[error("the line is empty: each line holds one JSON object")]
    Empty,
    /// More bytes than [`LONGEST_LINE`].
    #[error("the line has {0} bytes, at most {LONGEST_LINE} are allowed")]
    TooLong(usize),
    /// Bytes that are no text.
    #[error("byte {0} of the line is not UTF-8")]
    NotUtf8(usize),
    /// JSON that ends before it is complete.
    #[error("the JSON ends too early, at column {0}: the line was cut short")]
    CutShort(usize),
    /// Not JSON.
    #[error("column {column} is not JSON: {reason}")]
    NotJson {
        /// Where, in bytes from 1.
        column: usize,
        /// The parser's reason.
        reason: String,
    },
    /// JSON, but no object.
    #[error("the line is {0}: write a JSON object with the keys {keys}", keys = KEYS.join(", "))]
    NotAnObject(&'static str),
    /// A key that facts do not have.
    #[error("unknown key `{0}`: the keys are {keys}", keys = KEYS.join(", "))]
    UnknownKey(String),
    /// A key that was given more than once.
    #[error("the key `{0}` is given twice")]
    Twice(String),
    /// A key that is not there.
    #[error("the key `{0}` is missing")]
    Missing(&'static str),
    /// A value that does not fit its key.
    #[error("`{field}` is {seen}: {right}")]
    Wrong {
        /// The key.
        field: &'static str,
        /// What was seen, cut to 80 characters.
        seen: String,
        /// What would be right.
        right: &'static str,
    },
    /// A kind that does not exist.
    #[error("`kind`: {0}")]
    Kind(UnknownWord),
    /// A date that cannot be recorded.
    #[error("`occurred_at`: {0}")]
    Time(TimeError),
    /// A text that cannot be stored.
    #[error("`{field}`: {error}")]
    Text {
        /// The key.
        field: &'static str,
        /// Why not.
        error: BadText,
    },
    /// A fact that is older than the one before.
    #[error("`occurred_at` is {seen}, earlier than {before} on the line before: oldest first")]
    OutOfOrder {
        /// The fact's date.
        seen: Timestamp,
        /// The date before.
        before: Timestamp,
    },
    /// A fact of another project than the first.
    #[error("`project` is `{seen}`, but the history began with `{first}`: one project a file")]
    OtherProject {
        /// The fact's project.
        seen: Label,
        /// The history's project.
        first: Label,
    },
}

/// Reads a history line by line; a last line end may be there or not.
pub fn read(history: &[u8]) -> impl Iterator<Item = Result<Fact, FactError>> + '_ {
    let lines = history.strip_suffix(b"\n").unwrap_or(history).split(|byte| *byte == b'\n');
    (1..).zip(lines).filter(|_| !history.is_empty()).map(|(number, line)| Fact::parse(number, line))
}

impl Fact {
    /// Reads the fact on one line, given without its line end.
    pub fn parse(line: u64, bytes: &[u8]) -> Result<Self, FactError> {
        fields(bytes)
            .and_then(|fields| Self::checked(line, &fields))
            .map_err(|problem| FactError { line, problem })
    }

    fn checked(line: u64, fields: &[(String, Json)]) -> Result<Self, FactProblem> {
        for (at, (key, _)) in fields.iter().enumerate() {
            if !KEYS.contains(&key.as_str()) {
                return Err(FactProblem::UnknownKey(shown(key)));
            }
            if fields.iter().take(at).any(|(earlier, _)| earlier == key) {
                return Err(FactProblem::Twice(shown(key)));
            }
        }
        if let Some(key) = KEYS.iter().find(|key| fields.iter().all(|(name, _)| name != *key)) {
            return Err(FactProblem::Missing(key));
        }
        let kind = text(fields, "kind")?.parse().map_err(FactProblem::Kind)?;
        let uri = text(fields, "uri")?;
        Ok(Self {
            line,
            project: project(text(fields, "project")?)?,
            occurred_at: instant(text(fields, "occurred_at")?)?,
            kind,
            subject: subject(kind, text(fields, "subject")?)?,
            uri: uri.to_owned(),
            commit: commit_of(uri)?,
            digest: digest(value(fields, "digest")?)?,
            title: text(fields, "title")?.to_owned(),
        })
    }
}

fn fields(bytes: &[u8]) -> Result<Vec<(String, Json)>, FactProblem> {
    if bytes.len() > LONGEST_LINE {
        return Err(FactProblem::TooLong(bytes.len()));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(FactProblem::Empty);
    }
    let line = str::from_utf8(bytes).map_err(|e| FactProblem::NotUtf8(e.valid_up_to() + 1))?;
    match serde_json::from_str(line) {
        Ok(Json::Object(fields)) => Ok(fields),
        Ok(Json::Text(_)) => Err(FactProblem::NotAnObject("a text")),
        Ok(Json::Other(what)) => Err(FactProblem::NotAnObject(what)),
        Err(error) if error.is_eof() => Err(FactProblem::CutShort(error.column())),
        Err(error) => Err(not_json(&error)),
    }
}

/// Keeps the parser's reason without its place, which is told as ours.
fn not_json(error: &serde_json::Error) -> FactProblem {
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
    FactProblem::NotJson { column: error.column(), reason }
}

fn value<'f>(fields: &'f [(String, Json)], key: &'static str) -> Result<&'f Json, FactProblem> {
    let found = fields.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value).ok_or(FactProblem::Missing(key))
}

fn text<'f>(fields: &'f [(String, Json)], key: &'static str) -> Result<&'f str, FactProblem> {
    let seen = match value(fields, key)? {
        Json::Text(text) if text.is_empty() => "empty",
        Json::Text(text) => return Ok(text),
        Json::Object(_) => "an object",
        Json::Other(what) => what,
    };
    Err(FactProblem::Wrong { field: key, seen: seen.to_owned(), right: "write a text" })
}

fn project(text: &str) -> Result<Label, FactProblem> {
    text.parse().map_err(|error| FactProblem::Text { field: "project", error })
}

fn instant(text: &str) -> Result<Timestamp, FactProblem> {
    let right = "write a date-time with offset, such as 2026-03-01T12:00:00Z";
    // A bare date would stand for some instant of its day, which nothing here says.
    if text.len() == 10 {
        return Err(wrong("occurred_at", text, right));
    }
    Timestamp::parse(text, Edge::Start).map_err(|error| match error {
        TimeError::NotADate(_) => wrong("occurred_at", text, right),
        error => FactProblem::Time(error),
    })
}

fn subject(kind: FactKind, text: &str) -> Result<String, FactProblem> {
    if kind == FactKind::TestsCount && text.parse::<u32>().is_err() {
        return Err(wrong("subject", text, "of tests.count it is a whole number"));
    }
    Ok(text.to_owned())
}

fn commit_of(uri: &str) -> Result<ObjectId, FactProblem> {
    let whole = uri.starts_with("https://") && !uri.contains(|c: char| c <= ' ' || c.is_control());
    let hash = uri.rsplit_once("/commit/").map(|(_, hash)| hash).filter(|_| whole);
    hash.and_then(object_id).ok_or_else(|| {
        wrong("uri", uri, "write https://…/commit/ and 40 or 64 lower-case hexadecimal digits")
    })
}

fn object_id(hex: &str) -> Option<ObjectId> {
    let digits = hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    (digits && matches!(hex.len(), 40 | 64)).then(|| ObjectId(hex.to_owned()))
}

fn digest(value: &Json) -> Result<ObjectId, FactProblem> {
    let right = "write {\"sha1\": 40 lower-case hexadecimal digits} or {\"sha256\": 64 of them}";
    let Json::Object(entries) = value else {
        let seen = if let Json::Other(what) = value { what } else { "a text" };
        return Err(FactProblem::Wrong { field: "digest", seen: seen.to_owned(), right });
    };
    let seen = match entries.as_slice() {
        [(algorithm, Json::Text(hex))] => match object_id(hex) {
            Some(id) if id.algorithm() == algorithm => return Ok(id),
            _ => format!("`{}: {}`", shown(algorithm), shown(hex)),
        },
        [(algorithm, _)] => format!("no text under `{}`", shown(algorithm)),
        _ => format!("an object with {} keys", entries.len()),
    };
    Err(FactProblem::Wrong { field: "digest", seen, right })
}

fn wrong(field: &'static str, seen: &str, right: &'static str) -> FactProblem {
    FactProblem::Wrong { field, seen: format!("`{}`", shown(seen)), right }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for FactKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or_else(|| UnknownWord {
            seen: shown(text),
            vocabulary: "kind of fact",
            known: Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl<'de> serde::Deserialize<'de> for FactKind {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
