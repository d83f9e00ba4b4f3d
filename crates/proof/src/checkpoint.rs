//! Checkpoints: the size and root of a log, as text to sign (C2SP tlog-checkpoint).

use std::fmt;

use gradus_model::Digest;

use crate::key::{NoteError, Signer, VerifierKey};
use crate::note::Note;
use crate::text::{FormatError, Lines, base64, decimal, hash};
use crate::tree::empty_root;

const FORMAT: &str = "checkpoint";

/// The size and root of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log: one line, never empty.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// Why a signed checkpoint is not one of a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is not signed by the log, or is no note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is no checkpoint.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A checkpoint without leaves whose root is not `H()`.
    #[error("the checkpoint has no leaves and the root {0}, which some leaves would have")]
    Empty(Digest),
    /// No key to verify with.
    #[error("no key of a log was given to verify the checkpoint with")]
    NoKey,
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log `{origin}`, not of `{wanted}`")]
    Origin {
        /// The log in the checkpoint.
        origin: String,
        /// The log that was to be proved.
        wanted: String,
    },
}

impl Checkpoint {
    /// Reads the text of a checkpoint.
    ///
    /// Extension lines are passed over: nobody vouches for them, and we write none. What is signed
    /// is the text that was read, never what [`Checkpoint::to_text`] makes of it.
    ///
    /// # Errors
    ///
    /// [`FormatError`]: the line that is not as tlog-checkpoint says.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let mut lines = Lines::new(FORMAT, text);
        let origin = lines.read_next("the origin, which is not empty", |line| {
            (!line.is_empty()).then(|| line.to_owned())
        })?;
        let size = lines.read_next("the size in decimal, without leading zeros", decimal)?;
        let root = lines.read_next("the root of the leaves, in base64", hash)?;
        while !lines.rest().is_empty() {
            lines.read_next("an extension, which is not empty", |line| {
                (!line.is_empty()).then_some(())
            })?;
        }
        Ok(Self { origin, size, root })
    }

    /// The text to sign.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// The checkpoint of a note that the log's key signed; the key's name is the log's origin.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`]: not signed by the key, no checkpoint, or that of another log.
    pub fn open(note: &Note, log: &VerifierKey) -> Result<Self, CheckpointError> {
        log.verify(note)?;
        let opened = Self::read(note)?;
        if opened.origin == log.name() {
            return Ok(opened);
        }
        let (origin, wanted) = (opened.origin, log.name().to_owned());
        Err(CheckpointError::Origin { origin, wanted })
    }

    /// The checkpoint of a note that one of the log's keys signed: a log has several when its key
    /// was rotated.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::open`]: of the first key that the note names, else of the first key.
    pub fn open_by(note: &Note, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let mut unsigned = None;
        for key in keys {
            match Self::open(note, key) {
                Err(error @ CheckpointError::Note(NoteError::Unsigned { .. })) => {
                    unsigned.get_or_insert(error);
                }
                opened => return opened,
            }
        }
        Err(unsigned.unwrap_or(CheckpointError::NoKey))
    }

    /// The checkpoint of a note, whoever signed it.
    pub(crate) fn read(note: &Note) -> Result<Self, CheckpointError> {
        let read = Self::parse(&note.text)?;
        if read.size == 0 && read.root != empty_root() {
            return Err(CheckpointError::Empty(read.root));
        }
        Ok(read)
    }

    /// The checkpoint as a note that the log's key signs.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] for an origin that is not the key's name.
    pub fn sign(&self, log: &Signer) -> Result<Note, CheckpointError> {
        let name = log.verifier().name();
        if self.origin != name {
            let (origin, wanted) = (self.origin.clone(), name.to_owned());
            return Err(CheckpointError::Origin { origin, wanted });
        }
        let mut note = Note::new(self.to_text())?;
        note.signatures.push(log.sign(&note.text));
        Ok(note)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, base64(&self.root.0))
    }
}
