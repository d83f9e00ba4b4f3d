//! The first thing in a capsule that is not as it must be.

use std::fmt;

use gradus_model::UnitId;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The member of the file.
    pub member: String,
    /// The version in the member's stream, from 1, if it is about one record.
    pub version: Option<u64>,
    /// The position of that record in the log, where it is known.
    pub position: Option<u64>,
    /// What was seen, and what would be right.
    pub what: String,
}

impl Fault {
    /// Something wrong with a member.
    #[must_use]
    pub fn new(member: &str, what: impl ToString) -> Self {
        Self { member: member.to_owned(), version: None, position: None, what: what.to_string() }
    }

    /// The same, about one record.
    #[must_use]
    pub fn at(self, version: u64, position: Option<u64>) -> Self {
        Self { version: Some(version), position, ..self }
    }

    /// The same, about a record whose version is not what matters.
    #[must_use]
    pub fn at_position(self, position: u64) -> Self {
        Self { position: Some(position), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.member)?;
        if let Some(version) = self.version {
            write!(f, ", version {version}")?;
        }
        if let Some(position) = self.position {
            write!(f, ", position {position}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Fault {}

/// The member with the leaves of a stream.
#[must_use]
pub fn stream_member(stream: UnitId) -> String {
    format!("streams/{stream}")
}
