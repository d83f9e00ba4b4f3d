//! What a log asks a witness for: its cosignature on a checkpoint (C2SP tlog-witness).

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::consistency::verify_consistency;
use crate::error::ProofError;
use crate::key::{NoteError, VerifierKey};
use crate::note::Note;
use crate::text::{Lines, base64, decimal};
use crate::tree::empty_root;
use gradus_model::Digest;

/// The most hashes that a witness takes.
pub const MOST_HASHES: usize = 63;

/// The body of an `add-checkpoint` request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the last checkpoint that the witness signed; 0 for none.
    pub old: u64,
    /// That the log only grew since then; empty from 0 on.
    pub proof: Vec<Digest>,
    /// The checkpoint, signed by the log.
    pub checkpoint: Note,
}

/// Why a witness does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// The checkpoint is not one of the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The request goes on from another size than that which was signed last.
    #[error("the request goes on from size {old}, and size {last} was signed last")]
    Stale {
        /// The size in the request.
        old: u64,
        /// The size that was signed last.
        last: u64,
    },
    /// The log did not only grow.
    #[error(transparent)]
    Inconsistent(#[from] ProofError),
}

impl WitnessError {
    /// The HTTP status that a witness answers with; with 409, the last size is the body.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Checkpoint(
                CheckpointError::Note(NoteError::Format(_)) | CheckpointError::Format(_),
            )
            | Self::Inconsistent(ProofError::Shrunk { .. }) => 400,
            Self::Checkpoint(CheckpointError::Note(_) | CheckpointError::NoKey) => 403,
            Self::Checkpoint(CheckpointError::Origin { .. }) => 404,
            Self::Stale { .. } => 409,
            Self::Inconsistent(_) | Self::Checkpoint(CheckpointError::Empty(_)) => 422,
        }
    }
}

impl AddCheckpoint {
    /// Reads a request of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`NoteError`]: the line that is not as tlog-witness says.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let mut lines = Lines::read("add-checkpoint request", bytes)?;
        let old = lines.read_next("`old ` and a size in decimal", |line| {
            decimal(line.strip_prefix("old ")?)
        })?;
        let proof = lines.hashes(MOST_HASHES)?;
        let checkpoint = Note::parse(lines.rest().as_bytes())?;
        Ok(Self { old, proof, checkpoint })
    }

    /// The body as it is sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.to_string().as_bytes(), &self.checkpoint.to_bytes()].concat()
    }

    /// What a witness checks before it signs: the signature of the log's key, and that the log
    /// only grew since `last`, the checkpoint it signed last. The checkpoint becomes its last one.
    ///
    /// # Errors
    ///
    /// [`WitnessError`], in the order of checks that tlog-witness gives.
    pub fn check(
        &self,
        log: &VerifierKey,
        last: Option<&Checkpoint>,
    ) -> Result<Checkpoint, WitnessError> {
        let new = Checkpoint::open(&self.checkpoint, log)?;
        if self.old > new.size {
            return Err(ProofError::Shrunk { old: self.old, new: new.size }.into());
        }
        let (last, root) = last.map_or((0, empty_root()), |last| (last.size, last.root));
        if self.old != last {
            return Err(WitnessError::Stale { old: self.old, last });
        }
        verify_consistency(last, &root, new.size, &new.root, &self.proof)?;
        Ok(new)
    }
}

/// The lines before the checkpoint.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", base64(&hash.0))?;
        }
        writeln!(f)
    }
}
