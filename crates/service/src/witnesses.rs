//! Witnesses: others who keep the last checkpoint they saw of this log, and sign the next one if the
//! log only grew (C2SP tlog-witness).
//!
//! In each round all are asked for the same checkpoint, so that their signatures come together on it.
//! Nothing of an append waits for a witness. Who moves the bytes is not said here: [`Asked`] is what
//! is sent, [`Told`] what came back.
//!
//! Invariant: while a witness has seen another log than this one, no checkpoint is told.

mod heard;
mod remembered;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use gradus_log::Head;
use gradus_model::{Digest, Timestamp};
use gradus_proof::{AddCheckpoint, Note, Policy, VerifierKey, verify_consistency};
use tokio::sync::Notify;

use crate::checkpoints::Signed;
use crate::error::ServiceError;
use crate::service::Service;

pub use heard::{Next, Told};
pub(crate) use heard::{takes, united};

/// A witness that has seen another log than this one: it was rewritten, or put back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "witness `{witness}` has signed a checkpoint of {signed} records of this log{}, and it has {} \
     records now with root {}: the log was put back or rewritten, and no checkpoint is told; restore \
     the newest backup with `gradus restore`, or, if the witness is wrong, take it out of `witnesses` \
     in the settings",
    root.map(|root| format!(" with another root than {root}, which it has at that size"))
        .unwrap_or_default(),
    here.size, here.root
)]
pub struct Contradiction {
    /// The witness.
    pub witness: String,
    /// The size that it signed.
    pub signed: u64,
    /// The root that this log has at that size; none where it does not reach that.
    pub root: Option<Digest>,
    /// What this log has.
    pub here: Head,
}

/// What a witness said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not asked since the start, and did not contradict before.
    NotAsked,
    /// It signed.
    Signed,
    /// It did not sign, or could not be asked; in words.
    Failed(String),
    /// It has seen another log.
    Contradicts(Contradiction),
}

/// How it stands with a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// The size of the last checkpoint that it is known to have signed; 0 while none is.
    pub size: u64,
    /// When it signed that, by its own clock, in seconds since 1970.
    pub signed_at: Option<u64>,
    /// When it was asked last.
    pub asked_at: Option<Timestamp>,
    /// What it said then.
    pub outcome: Outcome,
}

/// What a witness is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub witness: String,
    /// The body of the request.
    pub request: AddCheckpoint,
    /// What the checkpoint in it covers.
    pub(crate) head: Head,
    /// The root of this log at the old size.
    pub(crate) old_root: Digest,
}

/// The witnesses, and what they were asked and said.
#[derive(Default)]
pub(crate) struct Witnesses {
    /// Whose signatures count; none until they are named, which may be never.
    policy: OnceLock<Policy>,
    round: Mutex<Round>,
    /// Told when a checkpoint was kept, which is to be signed soon.
    hurry: Notify,
}

#[derive(Default)]
struct Round {
    /// What all are asked to sign, with the signatures that came so far.
    target: Option<Signed>,
    /// The newest checkpoint that the policy takes.
    witnessed: Option<Signed>,
    standings: Vec<Standing>,
}

impl Round {
    fn standing(&mut self, witness: &str) -> Option<&mut Standing> {
        self.standings.iter_mut().find(|standing| standing.name == witness)
    }
}

impl Witnesses {
    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.policy.get()
    }

    /// Has a checkpoint that was kept just now signed soon.
    pub(crate) fn hasten(&self) {
        self.hurry.notify_one();
    }
}

/// A note that was made here, read again.
fn note_of(signed: &Signed) -> Result<Note, ServiceError> {
    Note::parse(signed.note.as_bytes())
        .map_err(|_| ServiceError::Fault("our own checkpoint cannot be read"))
}

/// A checkpoint with the signatures that are on a note of it.
fn signed_as(head: Head, note: &Note) -> Result<Signed, ServiceError> {
    let text = String::from_utf8(note.to_bytes());
    let text = text.map_err(|_| ServiceError::Fault("a checkpoint is no text"))?;
    Ok(Signed { head, note: text.into() })
}

impl Service {
    /// Names the witnesses, and whose signatures are enough; once, before any of them is asked.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for a policy that names logs, and not this one,
    /// [`ServiceError::Checkpoint`] where what they signed last is of another log than this one.
    pub async fn name_witnesses(&self, policy: Policy) -> Result<(), ServiceError> {
        let key = self.checkpoint_key()?;
        if !policy.logs().is_empty() && !policy.logs().iter().any(|log| log.key == key) {
            let reason = format!("the policy lists logs, and not this one: add `log {key}`");
            return Err(ServiceError::invalid("witnesses.policy", reason));
        }
        let standing = |witness: &gradus_proof::policy::Witness| Standing {
            name: witness.name.clone(),
            key: witness.key.clone(),
            size: 0,
            signed_at: None,
            asked_at: None,
            outcome: Outcome::NotAsked,
        };
        let mut standings: Vec<Standing> = policy.witnesses().map(standing).collect();
        self.recall_contradictions(&mut standings)?;
        let witnessed = self.checkpoints.kept().newest_taken_by(&policy)?;
        if let Some(signed) = &witnessed {
            let path = self.checkpoints.kept().path(signed.head.size);
            self.refuse_another(&path, signed.head).await?;
        }
        let named = self.witnesses.policy.set(policy);
        named.map_err(|_| ServiceError::Fault("the witnesses were named before"))?;
        let mut round = self.witnesses.round();
        (round.standings, round.witnessed) = (standings, witnessed);
        Ok(())
    }

    /// How it stands with the witnesses, in the order of the policy.
    #[must_use]
    pub fn witnesses(&self) -> Vec<Standing> {
        self.witnesses.round().standings.clone()
    }

    /// The newest checkpoint that enough witnesses signed.
    #[must_use]
    pub fn witnessed(&self) -> Option<Signed> {
        self.witnesses.round().witnessed.clone()
    }

    /// Refuses to tell a checkpoint while a witness has seen another log.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Contradicted`], with both values.
    pub fn uncontradicted(&self) -> Result<(), ServiceError> {
        let contradiction = self.witnesses.round().standings.iter().find_map(|standing| {
            if let Outcome::Contradicts(seen) = &standing.outcome {
                Some(seen.clone())
            } else {
                None
            }
        });
        match contradiction {
            Some(contradiction) => Err(ServiceError::Contradicted(Box::new(contradiction))),
            None => Ok(()),
        }
    }

    /// A checkpoint with all signatures that witnesses set on it so far.
    pub(crate) fn with_cosignatures(&self, signed: Signed) -> Signed {
        let round = self.witnesses.round();
        let mut known = round.target.iter().chain(&round.witnessed);
        known.find(|known| known.head == signed.head).cloned().unwrap_or(signed)
    }

    /// A checkpoint to prove by: the newest that enough witnesses signed if it covers `size`, else as
    /// [`Service::checkpoint_covering`].
    pub(crate) async fn checkpoint_to_prove_by(&self, size: u64) -> Result<Signed, ServiceError> {
        self.uncontradicted()?;
        match self.witnessed().filter(|witnessed| witnessed.head.size >= size) {
            Some(witnessed) => Ok(witnessed),
            None => self.checkpoint_covering(size).await,
        }
    }

    /// Begins a round, if there is a checkpoint that witnesses were not asked for: the one that was
    /// kept last, else the newest.
    pub fn begin_round(&self) -> Result<(), ServiceError> {
        let before = self.witnesses.round().target.as_ref().map_or(0, |target| target.head.size);
        let newest = self.checkpoint();
        if newest.head.size <= before {
            return Ok(());
        }
        let target = self.checkpoints.kept().newest()?;
        let target = target.filter(|kept| before < kept.head.size).unwrap_or(newest);
        self.witnesses.round().target = Some(target);
        Ok(())
    }

    /// Asks for the newest checkpoint from now on: somebody else had a witness sign one that came
    /// after the round's.
    fn raise_target(&self) {
        let newest = self.checkpoint();
        let mut round = self.witnesses.round();
        if round.target.as_ref().is_none_or(|target| target.head.size < newest.head.size) {
            round.target = Some(newest);
        }
    }

    /// Resolves once there is a newer checkpoint than the round's.
    pub async fn outgrown(&self) {
        let before = self.witnesses.round().target.as_ref().map_or(0, |target| target.head.size);
        let mut newest = self.checkpoints.subscribe();
        // It ends with the service.
        let _ = newest.wait_for(|newest| newest.head.size > before).await;
    }

    /// Resolves once a checkpoint was kept.
    pub async fn hastened(&self) {
        self.witnesses.hurry.notified().await;
    }

    /// What a witness is to be asked in this round; nothing where it has signed already.
    ///
    /// # Errors
    ///
    /// What the log refuses.
    pub async fn asking(&self, witness: &str) -> Result<Option<Asked>, ServiceError> {
        let (target, old) = {
            let mut round = self.witnesses.round();
            let Some(target) = round.target.clone() else { return Ok(None) };
            let Some(standing) = round.standing(witness) else { return Ok(None) };
            let note = note_of(&target)?;
            if standing.outcome == Outcome::Signed && standing.key.cosigned_at(&note).is_ok() {
                return Ok(None);
            }
            (target, standing.size)
        };
        let Head { size, root } = target.head;
        // A size past the target's is found out again: 0 has the witness say what it knows.
        let old = if old <= size { old } else { 0 };
        let old_root = self.log.root_at(old).await?;
        let proof = self.prove_consistency(old, size).await?;
        verify_consistency(old, &old_root, size, &root, &proof)
            .map_err(|_| ServiceError::Fault("our own proof of consistency does not hold"))?;
        let mut checkpoint = note_of(&target)?;
        let keys = self.log_keys()?;
        let is_ours =
            |name: &str, id| keys.iter().any(|key| name == key.name() && id == key.key_id());
        checkpoint.signatures.retain(|by| is_ours(&by.name, by.key_id));
        let now = self.now();
        if let Some(standing) = self.witnesses.round().standing(witness) {
            standing.asked_at = Some(now);
        }
        let request = AddCheckpoint { old, proof, checkpoint };
        Ok(Some(Asked { witness: witness.to_owned(), request, head: target.head, old_root }))
    }
}
