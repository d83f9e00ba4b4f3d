//! The `.tlog-proof` file: one leaf, its place in a log, and the signed checkpoint (C2SP
//! tlog-proof).

use std::fmt;

use gradus_model::Digest;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::ProofError;
use crate::inclusion::verify_inclusion;
use crate::key::{NoteError, VerifierKey};
use crate::note::Note;
use crate::policy::{Policy, PolicyError, Verdict};
use crate::text::{Lines, base64, decimal, unbase64};
use crate::tree::leaf_hash;

const FORMAT: &str = "tlog-proof";
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most hashes that lead from a leaf to a root.
const MOST_HASHES: usize = 64;

/// The proof that a leaf is in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// What an application adds for itself; no signature covers it.
    pub extra: Option<Vec<u8>>,
    /// The position of the leaf, from 0.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling up.
    pub hashes: Vec<Digest>,
    /// The checkpoint, with the signatures of the log and of witnesses.
    pub checkpoint: Note,
}

/// Why a proof file does not prove its leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// The checkpoint is not one of the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not in the log.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The checkpoint is not one that the policy takes.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl TlogProof {
    /// Reads a file of at most 1 MiB.
    ///
    /// # Errors
    ///
    /// [`NoteError`]: the line that is not as tlog-proof says.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let mut lines = Lines::read(FORMAT, bytes)?;
        lines.read_next("`c2sp.org/tlog-proof@v1`", |line| (line == HEADER).then_some(()))?;
        let needed = "`index ` and a position in decimal";
        let mut line = lines.next(needed)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let decoded = unbase64(encoded);
            extra = Some(decoded.ok_or_else(|| lines.wrong(line, "`extra ` and base64"))?);
            line = lines.next(needed)?;
        }
        let index = line.strip_prefix("index ").and_then(decimal);
        let index = index.ok_or_else(|| lines.wrong(line, needed))?;
        let hashes = lines.hashes(MOST_HASHES)?;
        let checkpoint = Note::parse(lines.rest().as_bytes())?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.to_string().as_bytes(), &self.checkpoint.to_bytes()].concat()
    }

    /// Checks that `leaf` is at [`TlogProof::index`] in the log that has one of these keys, and
    /// returns the checkpoint that says so.
    ///
    /// # Errors
    ///
    /// [`TlogProofError`]: a checkpoint that is not the log's, or a leaf that is not in it.
    pub fn verify(&self, leaf: &[u8], keys: &[VerifierKey]) -> Result<Checkpoint, TlogProofError> {
        let checkpoint = Checkpoint::open_by(&self.checkpoint, keys)?;
        self.included(leaf, &checkpoint)?;
        Ok(checkpoint)
    }

    /// Checks that `leaf` is in a log of the policy, under a checkpoint that enough witnesses
    /// signed.
    ///
    /// # Errors
    ///
    /// [`TlogProofError`]: a checkpoint that the policy does not take, or a leaf that is not in it.
    pub fn verify_by(&self, leaf: &[u8], policy: &Policy) -> Result<Verdict, TlogProofError> {
        let verdict = policy.require(&self.checkpoint)?;
        self.included(leaf, &verdict.checkpoint)?;
        Ok(verdict)
    }

    fn included(&self, leaf: &[u8], checkpoint: &Checkpoint) -> Result<(), ProofError> {
        let Checkpoint { size, root, .. } = checkpoint;
        verify_inclusion(&leaf_hash(leaf), self.index, *size, &self.hashes, root)
    }
}

/// The lines before the checkpoint.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", base64(&hash.0))?;
        }
        writeln!(f)
    }
}
