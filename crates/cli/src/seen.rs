//! The last checkpoint that was seen of each server's log, so that every client is a witness.
//!
//! Each is a file of the user's state directory: the log's key on a line, and the signed note. What a
//! server says next must be the same log, grown: else the run ends with exit code 11.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use gradus_model::Digest;
use gradus_proof::handover::followed;
use gradus_proof::{Checkpoint, Handover, Note, VerifierKey, verify_consistency};
use gradus_wire::v1;
use tonic::Code;

use crate::error::CliError;
use crate::login::replace;
use crate::session::Session;

/// A log as it was seen last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The log's key.
    pub key: VerifierKey,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Its signed note.
    pub note: String,
}

impl Seen {
    /// What a note says, if the key signed it.
    pub fn open(key: VerifierKey, note: &str) -> Result<Self, CliError> {
        let read = Note::parse(note.as_bytes()).map_err(|error| CliError::proof(&error))?;
        let checkpoint = Checkpoint::open(&read, &key).map_err(|error| CliError::proof(&error))?;
        Ok(Self { key, checkpoint, note: note.to_owned() })
    }

    /// What is kept in the file at `path`; nothing where there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, CliError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CliError::File { file: path.display().to_string(), error }),
        };
        let damaged = || CliError::Config {
            path: path.to_owned(),
            problem: "it is no checkpoint: take it away with gradus checkpoint forget".to_owned(),
        };
        let (key, note) = text.split_once('\n').ok_or_else(damaged)?;
        let key = key.parse().map_err(|_| damaged())?;
        Self::open(key, note).map(Some).map_err(|_| damaged())
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        replace(path, format!("{}\n{}", self.key, self.note).as_bytes())
    }
}

/// Where the checkpoints of a server are kept; nowhere without a home.
#[must_use]
pub fn path(server: &str) -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c } else { '_' };
    let name: String = server.trim_end_matches('/').chars().map(plain).collect();
    Some(folder.join("gradus").join("checkpoints").join(name))
}

impl Session {
    /// Holds a checkpoint that the server told against the last one that was seen of it.
    ///
    /// # Errors
    ///
    /// [`CliError::Proof`] where the two are not one log that grew.
    pub async fn heed(&self, note: &str) -> Result<(), CliError> {
        let server = self.client.server();
        let Some(path) = path(server).filter(|_| !note.is_empty()) else { return Ok(()) };
        let Some(before) = Seen::read(&path)? else {
            let told = self.checkpoint(None).await?;
            let first = Seen::open(key_of(&told)?, note)?;
            self.output.trace(&format!("the log's key is {}", first.key))?;
            return self.keep(&first, &path);
        };
        let read = Note::parse(note.as_bytes()).map_err(|error| CliError::proof(&error))?;
        let now = match Checkpoint::open(&read, &before.key) {
            Ok(checkpoint) => Seen { key: before.key.clone(), checkpoint, note: note.to_owned() },
            Err(_) => match self.handed_over(&before, note).await? {
                Some(now) => now,
                None => return self.another(&before, &path).await,
            },
        };
        self.grown(&before.checkpoint, &now.checkpoint).await?;
        if now.checkpoint.size > before.checkpoint.size { self.keep(&now, &path) } else { Ok(()) }
    }

    /// Checks that of two checkpoints of a log one is the beginning of the other.
    pub async fn grown(&self, before: &Checkpoint, now: &Checkpoint) -> Result<(), CliError> {
        let (old, new) = if before.size <= now.size { (before, now) } else { (now, before) };
        let hashes = if old.size == new.size || old.size == 0 {
            Vec::new()
        } else {
            let asked =
                v1::ProveConsistencyRequest { old_size: old.size, new_size: Some(new.size) };
            let send = async |request| self.client.proofs().prove_consistency(request).await;
            let answer = self.client.call(asked, send).await.map_err(|error| match error {
                CliError::Refused(status) if status.code() == Code::OutOfRange => {
                    let (size, root) = (new.size, new.root);
                    CliError::Proof(format!("{size} records with root {root} were signed before"))
                }
                other => other,
            })?;
            digests(&answer.hashes)?
        };
        verify_consistency(old.size, &old.root, new.size, &new.root, &hashes)
            .map_err(|error| CliError::proof(&error))
    }

    /// What the server answers of its checkpoint, for a point of the log if one is given.
    pub async fn checkpoint(
        &self,
        point: Option<v1::get_checkpoint_request::Point>,
    ) -> Result<v1::GetCheckpointResponse, CliError> {
        let send = async |request| self.client.proofs().get_checkpoint(request).await;
        let asked = v1::GetCheckpointRequest { point, witnessed: false };
        self.client.call(asked, send).await
    }

    /// What a note says, if it is signed by a key that the one which was seen handed over to.
    async fn handed_over(&self, before: &Seen, note: &str) -> Result<Option<Seen>, CliError> {
        let told = self.checkpoint(None).await?;
        let handovers = told.handovers.iter().map(handover).collect::<Result<Vec<_>, _>>()?;
        let mut keys = followed(std::slice::from_ref(&before.key), &handovers);
        // Of before a rotation that was seen, checkpoints are told, too.
        for handover in handovers.iter().rev() {
            if keys.contains(handover.to()) && !keys.contains(handover.from()) {
                keys.push(handover.from().clone());
            }
        }
        let now = keys.into_iter().skip(1).find_map(|key| Seen::open(key, note).ok());
        if let Some(now) = now.as_ref().filter(|now| now.checkpoint.size > before.checkpoint.size) {
            self.output.note(&format!("the log's key was rotated, and is {} now", now.key))?;
        }
        Ok(now)
    }

    /// Another log answers than before: on this machine that is another demonstration, elsewhere it
    /// is not to be passed over.
    async fn another(&self, before: &Seen, path: &Path) -> Result<(), CliError> {
        let told = self.checkpoint(None).await?;
        let note = told.checkpoint.as_ref().map(|checkpoint| checkpoint.note.clone());
        let now = Seen::open(key_of(&told)?, &note.unwrap_or_default())?;
        if now.key == before.key {
            return Err(CliError::Proof("a checkpoint was not signed by the log's key".to_owned()));
        }
        if self.client.is_local() && now.checkpoint.origin != before.checkpoint.origin {
            self.output.trace(&format!("another log answers here now: {}", now.key))?;
            return self.keep(&now, path);
        }
        Err(CliError::Proof(format!(
            "{} answers with the log `{}`, and had `{}` before",
            self.client.server(),
            now.key,
            before.key
        )))
    }

    /// Keeps what was seen; where that cannot be, the next run begins anew.
    fn keep(&self, seen: &Seen, path: &Path) -> Result<(), CliError> {
        match seen.write(path) {
            Ok(()) => Ok(()),
            Err(error) => self
                .output
                .trace(&format!("{}: {error}: the checkpoint is not kept", path.display())),
        }
    }
}

/// The log's key, as the server tells it.
pub fn key_of(told: &v1::GetCheckpointResponse) -> Result<VerifierKey, CliError> {
    told.key.parse().map_err(|error| CliError::proof(&error))
}

/// What the server tells that a key of the log said of the next one, if that key signed it.
fn handover(told: &v1::KeyHandover) -> Result<Handover, CliError> {
    let key = |text: &str| text.parse::<VerifierKey>().map_err(|error| CliError::proof(&error));
    let (from, to) = (key(&told.from)?, key(&told.to)?);
    Handover::read(from.name(), (*from.public(), *to.public()), &told.signature)
        .map_err(|error| CliError::proof(&error))
}

/// The hashes of a proof.
pub fn digests(hashes: &[Vec<u8>]) -> Result<Vec<Digest>, CliError> {
    hashes.iter().map(|hash| digest(hash)).collect()
}

/// A hash.
pub fn digest(bytes: &[u8]) -> Result<Digest, CliError> {
    let wrong = || CliError::Answer(format!("a hash has {} bytes, not 32", bytes.len()));
    bytes.try_into().map(Digest).map_err(|_| wrong())
}
