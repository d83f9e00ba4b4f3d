//! Whose signatures make a checkpoint count: logs, witnesses and a quorum (C2SP tlog-policy).

mod parse;

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::handover::Handover;
use crate::key::{NoteError, VerifierKey};
use crate::note::Note;

pub use parse::PolicyFormatError;

/// The most logs, witnesses and groups of a policy, of each.
pub const MOST_OF_EACH: usize = 256;

/// A trust policy.
///
/// Invariant: a group names only what stands before it, no name stands for two things, and each
/// is a member of one group at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    /// Witnesses and groups, in the order of their lines.
    named: Vec<Named>,
    /// Which of `named` has to have witnessed a checkpoint; none for `quorum none`.
    quorum: Option<usize>,
}

/// A log whose checkpoints count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key, whose name is the log's origin.
    pub key: VerifierKey,
    /// Where it is reached.
    pub url: Option<String>,
}

/// A witness that a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Where it is reached.
    pub url: Option<String>,
}

/// What a name in a policy stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Witness(Witness),
    Group { name: String, threshold: usize, members: Vec<usize> },
}

impl Named {
    fn name(&self) -> &str {
        match self {
            Self::Witness(Witness { name, .. }) | Self::Group { name, .. } => name,
        }
    }
}

/// What a policy says of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The key of the log that signed it; none if the policy lists no log.
    pub log: Option<VerifierKey>,
    /// The witnesses that signed it, in the order of the policy.
    pub witnesses: Vec<Cosigned>,
    /// The names of the witnesses that did not sign it, in the order of the policy.
    pub missing: Vec<String>,
    /// Whether those who signed are the quorum.
    pub quorum: bool,
}

/// A witness that signed a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// Its name in the policy.
    pub name: String,
    /// When it saw the checkpoint, by its own clock, in seconds since 1970.
    pub time: u64,
}

/// Why a policy does not take a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The checkpoint is not signed as it says.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint of a log that the policy does not list.
    #[error("the log `{0}` is not one of the policy")]
    UnknownLog(String),
    /// Too few witnesses signed.
    #[error(
        "the quorum `{quorum}` did not sign the checkpoint: signed by {}, not by {}",
        list(signed),
        list(missing)
    )]
    Quorum {
        /// The name of the quorum.
        quorum: String,
        /// The witnesses that signed.
        signed: Vec<String>,
        /// The witnesses that did not.
        missing: Vec<String>,
    },
}

/// Names in a sentence.
fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) }
}

impl Policy {
    /// The logs, in the order of their lines.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The same policy, which takes the keys that its logs handed over to, too. A key that a policy
    /// names no more is handed over by nothing.
    #[must_use]
    pub fn following(&self, handovers: &[Handover]) -> Self {
        let mut policy = self.clone();
        for handover in handovers {
            let names = |key: &VerifierKey| policy.logs.iter().any(|log| log.key == *key);
            let before = policy.logs.iter().find(|log| log.key == *handover.from());
            if let Some(url) = before.map(|log| log.url.clone())
                && !names(handover.to())
            {
                policy.logs.push(Log { key: handover.to().clone(), url });
            }
        }
        policy
    }

    /// The witnesses, in the order of their lines.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        self.named.iter().filter_map(|named| match named {
            Named::Witness(witness) => Some(witness),
            Named::Group { .. } => None,
        })
    }

    /// The name of the witness or group that has to have signed a checkpoint, if any has to.
    #[must_use]
    pub fn quorum(&self) -> Option<&str> {
        Some(self.named.get(self.quorum?)?.name())
    }

    /// Who signed a checkpoint, and whether they are the quorum.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: no checkpoint, one of a log that the policy does not list or did not
    /// sign, or a signature that names a key of the policy and is not of it.
    pub fn evaluate(&self, note: &Note) -> Result<Verdict, PolicyError> {
        let (checkpoint, log) = self.signed(note)?;
        let (mut witnesses, mut missing) = (Vec::new(), Vec::new());
        // What is witnessed: groups name only what stands before them.
        let mut so_far: Vec<bool> = Vec::with_capacity(self.named.len());
        for named in &self.named {
            let done = match named {
                Named::Witness(Witness { name, key, .. }) => match key.cosigned_at(note) {
                    Ok(time) => {
                        witnesses.push(Cosigned { name: name.clone(), time });
                        true
                    }
                    Err(NoteError::Unsigned { .. }) => {
                        missing.push(name.clone());
                        false
                    }
                    Err(forged) => return Err(CheckpointError::from(forged).into()),
                },
                Named::Group { threshold, members, .. } => {
                    let by = |at: &&usize| so_far.get(**at).copied().unwrap_or(false);
                    members.iter().filter(by).count() >= *threshold
                }
            };
            so_far.push(done);
        }
        let quorum = match self.quorum {
            Some(at) => so_far.get(at).copied().unwrap_or(false),
            None => true,
        };
        Ok(Verdict { checkpoint, log, witnesses, missing, quorum })
    }

    /// As [`Policy::evaluate`], and the quorum has to have signed.
    ///
    /// # Errors
    ///
    /// [`PolicyError`], [`PolicyError::Quorum`] where too few witnesses signed.
    pub fn require(&self, note: &Note) -> Result<Verdict, PolicyError> {
        let verdict = self.evaluate(note)?;
        if verdict.quorum {
            return Ok(verdict);
        }
        let quorum = self.quorum().unwrap_or_default().to_owned();
        let signed = verdict.witnesses.into_iter().map(|cosigned| cosigned.name).collect();
        Err(PolicyError::Quorum { quorum, signed, missing: verdict.missing })
    }

    /// The checkpoint, and the log's key that signed it.
    fn signed(&self, note: &Note) -> Result<(Checkpoint, Option<VerifierKey>), PolicyError> {
        let read = Checkpoint::read(note)?;
        if self.logs.is_empty() {
            return Ok((read, None));
        }
        let of_it = self.logs.iter().filter(|log| log.key.name() == read.origin);
        let mut unsigned = None;
        let mut signer = None;
        for Log { key, .. } in of_it {
            match key.verify(note) {
                Ok(()) => signer = signer.or_else(|| Some(key.clone())),
                Err(error @ NoteError::Unsigned { .. }) => unsigned = Some(error),
                Err(forged) => return Err(CheckpointError::from(forged).into()),
            }
        }
        match (signer, unsigned) {
            (Some(key), _) => Ok((read, Some(key))),
            (None, Some(error)) => Err(CheckpointError::from(error).into()),
            (None, None) => Err(PolicyError::UnknownLog(read.origin)),
        }
    }
}

/// The file, one definition a line.
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url =
            |url: &Option<String>| url.as_ref().map_or(String::new(), |url| format!(" {url}"));
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for named in &self.named {
            match named {
                Named::Witness(witness) => {
                    writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
                }
                Named::Group { name, threshold, members } => {
                    write!(f, "group {name} {threshold}")?;
                    for member in members.iter().filter_map(|at| self.named.get(*at)) {
                        write!(f, " {}", member.name())?;
                    }
                    writeln!(f)?;
                }
            }
        }
        writeln!(f, "quorum {}", self.quorum().unwrap_or("none"))
    }
}
