//! Why a use case failed.

use gradus_domain::Refusal;
use gradus_log::LogError;
use gradus_model::recorded::UnreadableLeaf;
use gradus_model::{Digest, RequestId, Timestamp};
use gradus_projection::library::DocumentError;
use gradus_projection::store::IndexError;
use gradus_projection::views::NoAnswer;
use gradus_projection::walk::Stand;

use crate::attachments::AttachmentError;
use crate::checkpoints::CheckpointError;
use crate::directory::{DirectoryError, FileError};
use crate::documents::DocumentError as HoldError;
use crate::keys::KeyError;
use crate::seal::SealError;

/// Why a use case failed; nothing was recorded then, unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The rules refused a proposal.
    #[error("{}{refusal}", item.map(|item| format!("item {item}: ")).unwrap_or_default())]
    Refused {
        /// The item of the call that was refused, from 0, if the call has several.
        item: Option<u32>,
        /// Why.
        refusal: Refusal,
    },
    /// What was asked for is unknown, or hidden: the two look the same.
    #[error("{what} `{name}` is unknown")]
    NotFound {
        /// What sort of thing it is.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A field of the call is wrong.
    #[error("`{field}`: {reason}")]
    Invalid {
        /// The field's name.
        field: String,
        /// What was seen and what would be right.
        reason: String,
    },
    /// A record is larger than the log takes.
    #[error(
        "item {item}: it takes {leaf} bytes in the log, {all} with its texts; at most {} and {} are \
         allowed: put long text into an attachment and name its digest",
        gradus_model::leaf::MOST_BYTES,
        gradus_model::leaf::MOST_RECORD_BYTES
    )]
    RecordTooLarge {
        /// The item of the call, from 0.
        item: u32,
        /// The bytes of its leaf.
        leaf: usize,
        /// The bytes of its leaf and its sealed texts.
        all: usize,
    },
    /// The token is none of this list with these arguments.
    #[error(
        "`page_token`: it is no token of this list with these arguments: ask for the first page again"
    )]
    PageTokenRefused,
    /// A check would pass whatever the levels are.
    #[error("there is nothing to check: {reason}")]
    NothingToCheck {
        /// Why.
        reason: String,
    },
    /// The unit's stream moved on.
    #[error("unit {unit} is at version {actual}, not at {expected}")]
    StaleVersion {
        /// The unit's name, or its id while it has none.
        unit: String,
        /// The version the caller saw.
        expected: u64,
        /// The version it has.
        actual: u64,
    },
    /// The request id was used before with other content.
    #[error("request id {0} was used before with other content")]
    RequestReused(RequestId),
    /// The request id was used before, and its answer held a secret that is shown once.
    #[error("request id {0} was used before; the secret of its answer is shown once")]
    SecretShown(RequestId),
    /// No level can be answered.
    #[error("{0}")]
    NoAnswer(#[from] NoAnswer),
    /// A held document cannot be used.
    #[error("{0}")]
    Content(#[from] DocumentError),
    /// The log failed or refused.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableLeaf),
    /// A payload cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key cannot be had or erased.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A document cannot be held or had.
    #[error(transparent)]
    Documents(#[from] HoldError),
    /// An attachment cannot be kept, had or erased.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// An attachment was erased.
    #[error(
        "attachment {digest} was erased at {at} by {by}, as position {position} of the log says"
    )]
    AttachmentErased {
        /// Which.
        digest: Digest,
        /// Where that was recorded.
        position: u64,
        /// When.
        at: Timestamp,
        /// Who erased it.
        by: String,
    },
    /// What only people may do, and why it is theirs follows from what it hands out.
    #[error("only a person may {0}: use the token of one")]
    Personal(&'static str),
    /// An archive cannot be read or written.
    #[error(transparent)]
    Archive(#[from] gradus_archive::ArchiveError),
    /// A directory is damaged, and not backed up.
    #[error(transparent)]
    Short(#[from] crate::backup::Short),
    /// A new directory cannot be made of another one or of an archive.
    #[error(transparent)]
    Remake(#[from] crate::restore::RemakeError),
    /// No token can be recovered for a principal.
    #[error(transparent)]
    Recover(#[from] crate::recover::RecoverError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The system gave no randomness.
    #[error("the system gave no randomness: {0}")]
    Randomness(String),
    /// As many calls wait for their turn as there are places, or their caller's part of them.
    #[error("{waiting} calls wait for their turn, and no more of this caller are taken now")]
    Crowded {
        /// Calls waiting.
        waiting: usize,
    },
    /// A log that is not the one that was signed, or a key that is not its own.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A witness has seen another log than this one.
    #[error(transparent)]
    Contradicted(Box<crate::witnesses::Contradiction>),
    /// No checkpoint that enough witnesses signed covers what was asked about.
    #[error(
        "no checkpoint that enough witnesses signed covers {size} records: {}",
        reached.map_or_else(
            || "none is signed by them yet; gradus checkpoint shows how it stands with them".to_owned(),
            |reached| format!("the newest is of {reached}; ask again after the next round")
        )
    )]
    NotWitnessed {
        /// The size that is to be covered.
        size: u64,
        /// The size of the newest one that they signed; none where there is none.
        reached: Option<u64>,
    },
    /// No state digest tells yet what was asked about.
    #[error(
        "no state digest of at most {size} records tells it: one is recorded every few thousand \
         records; ask again after the next one, or for a later point"
    )]
    NotDescribed {
        /// The size that was asked about.
        size: u64,
    },
    /// Nothing in the log bounds what was known at an instant yet.
    #[error(
        "no record is stamped after {at} yet, so that {size} records were known then cannot be \
         proved: ask again after the next one"
    )]
    NotSettled {
        /// The instant.
        at: Timestamp,
        /// The records that are known.
        size: u64,
    },
    /// A question of an auditor could not be recorded, and so is not answered.
    #[error(
        "what auditors ask is recorded, and this could not be, so that it is not answered: {0}"
    )]
    NotRecorded(String),
    /// What an auditor asked may not be known yet.
    #[error(
        "what was asked is not told before the engagement is over: {}",
        until.map_or_else(
            || "ask again once its auditor has ended it, or the role has".to_owned(),
            |until| format!("ask again after {until}, or once its auditor has ended it")
        )
    )]
    QueriesSealed {
        /// When it is over at the latest, if that is known.
        until: Option<Timestamp>,
    },
    /// The write side is being read again after a failed append.
    #[error("the write side is being read again: try again in a moment")]
    Recovering,
    /// The views have not read what is durable in time.
    #[error("the views have read {read} of {size} records: try again in a moment")]
    Behind {
        /// How far they have read.
        read: u64,
        /// What is durable.
        size: u64,
    },
    /// A watcher did not read what it was told.
    #[error(
        "the reader did not keep up: resume from size {} and {}", resume.size, resume.valid_at
    )]
    TooSlow {
        /// Where to resume: everything up to it was told.
        resume: Stand,
    },
    /// The index of levels failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A projection is being rebuilt or verified.
    #[error("a rebuild or verification is under way: wait until it has ended")]
    Rebuilding,
    /// No profile is adopted by the unit or those above it, and none was named.
    #[error("no profile is in force: name one, or adopt one")]
    NoProfile,
    /// A list or an answer would be longer than it may be.
    #[error("`{field}`: {seen} {what} would be told, at most {limit} are: ask for fewer")]
    TooMuch {
        /// The field that asks for so much.
        field: &'static str,
        /// What there is too much of.
        what: &'static str,
        /// How many there would be.
        seen: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An invariant of our own does not hold.
    #[error("{0}")]
    Fault(&'static str),
}

impl ServiceError {
    /// A wrong field.
    pub fn invalid(field: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid { field: field.into(), reason: reason.to_string() }
    }

    /// What the system refused, where that is all that failed: a key file or a document that could
    /// not be read, written or made durable.
    #[must_use]
    pub const fn refused_file(&self) -> Option<&FileError> {
        match self {
            Self::Key(KeyError::File(file))
            | Self::Attachment(
                AttachmentError::File(file) | AttachmentError::Key(KeyError::File(file)),
            )
            | Self::Documents(HoldError::File(file))
            | Self::Directory(DirectoryError::File(file)) => Some(file),
            _ => None,
        }
    }

    /// This error as that of one item of a call, if the call has several.
    pub(crate) fn of_item(self, item: u32, items: usize) -> Self {
        match self {
            Self::Refused { item: None, refusal } if items > 1 => {
                Self::Refused { item: Some(item), refusal }
            }
            other => other,
        }
    }

    /// Something unknown or hidden.
    pub fn not_found(what: &'static str, name: impl ToString) -> Self {
        Self::NotFound { what, name: name.to_string() }
    }
}

impl From<crate::checkpoints::KeyError> for ServiceError {
    fn from(error: crate::checkpoints::KeyError) -> Self {
        CheckpointError::from(error).into()
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { item: None, refusal }
    }
}
