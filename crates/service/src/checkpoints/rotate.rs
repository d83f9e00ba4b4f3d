//! Another key for the log's checkpoints.
//!
//! The new key is drawn and written beside the old one first (`checkpoint.key.next`). The event that
//! names it is signed over by the old key, which then signs one checkpoint more that covers the event,
//! and is kept. After that the new key takes the old one's file, and nothing is signed by the old one
//! again. A start goes on where a crash left off.

use std::io;
use std::sync::Arc;

use gradus_domain::Proposal;
use gradus_domain::access::Right;
use gradus_model::event::LogKeyRotated;
use gradus_model::{Digest, Event, RequestId};
use gradus_proof::{Checkpoint, Handover, KeyType, Note, Signer, VerifierKey};
use zeroize::Zeroizing;

use super::Signed;
use super::key::{self, KeyError};
use crate::access::Caller;
use crate::call::{Call, Receipt};
use crate::directory::folder::discard;
use crate::directory::{DirectoryError, FileError, Step};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;

impl Service {
    /// Makes a new key, which signs the log's checkpoints from the answer on.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer the organization, without a reason or
    /// for a machine. What is done is done although the caller leaves.
    pub async fn rotate_log_key(
        self: &Arc<Self>,
        call: Call,
        reason: String,
    ) -> Result<(Receipt, VerifierKey), ServiceError> {
        self.whole(&Caller { right: Right::Administer, ..call.caller() })?;
        let service = Arc::clone(self);
        // A caller who leaves must not leave a key behind that is named and not in force.
        let task = tokio::spawn(async move { service.rotate(&call, &reason).await });
        task.await.map_err(|_| ServiceError::Fault("the rotation of the log's key ended early"))?
    }

    async fn rotate(
        &self,
        call: &Call,
        reason: &str,
    ) -> Result<(Receipt, VerifierKey), ServiceError> {
        let _one_at_a_time = self.checkpoints.rotating.lock().await;
        self.caught_up(None).await?;
        self.take_over().await?;
        if let Some(request) = call.request {
            let found = self.log.find_request(call.actor.principal, request).await?;
            if let Some(position) = found.into_iter().flatten().next() {
                return self.rotated_before(call, (request, position), reason).await;
            }
        }
        let old = self.checkpoints.signer()?;
        let (new, text) = key::draw(old.verifier().name())?;
        if !call.validate_only {
            let path = self.directory.next_checkpoint_key();
            self.directory.write_secret(&path, &text).map_err(DirectoryError::from)?;
        }
        let to = *new.verifier().public();
        let handover = Handover::sign(&old, to)
            .map_err(|_| ServiceError::Fault("the log's origin is no name of a key"))?;
        let rotated = LogKeyRotated {
            from: Digest(*old.verifier().public()),
            to: Digest(to),
            signature: handover.signature().to_vec(),
        };
        let event = Event::LogKeyRotated(rotated);
        let proposal = Proposal::at(event, None, self.now()).with(reason_payload(reason));
        let receipt = self.append_to_organization(call, proposal).await;
        if matches!(receipt, Err(ServiceError::Refused { .. } | ServiceError::StaleVersion { .. }))
        {
            // Nobody was told of it; another rotation would overwrite it anyway.
            let _ = discard(&self.directory.next_checkpoint_key());
        }
        let receipt = receipt?;
        self.take_over().await?;
        Ok((receipt, new.verifier().clone()))
    }

    /// The answer of an earlier call with this id, if that was a rotation with the same reason: a key
    /// that is drawn now would be another one.
    async fn rotated_before(
        &self,
        call: &Call,
        (request, position): (RequestId, u64),
        reason: &str,
    ) -> Result<(Receipt, VerifierKey), ServiceError> {
        let record = self.record_at(position).await?;
        let Event::LogKeyRotated(rotated) = record.recorded.event else {
            return Err(ServiceError::RequestReused(request));
        };
        let key = VerifierKey::new(&self.origin(), KeyType::Note, rotated.to.0)
            .map_err(|_| ServiceError::Fault("the log's origin is no name of a key"))?;
        let proposal = Proposal::at(Event::LogKeyRotated(rotated), None, self.now());
        let proposal = proposal.with(reason_payload(reason));
        Ok((self.append_to_organization(call, proposal).await?, key))
    }

    /// Lets the key sign that the log names, if another one does yet; that one signs the event first.
    pub(super) async fn take_over(&self) -> Result<(), ServiceError> {
        let Some((position, to)) = self.key_to_come()? else { return Ok(()) };
        let path = self.directory.next_checkpoint_key();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyError::NotAKey(path).into());
            }
            Err(source) => {
                return Err(DirectoryError::from(FileError::new(Step::Read, &path, source)).into());
            }
        };
        let next = Signer::parse_private(text.trim_end())
            .map_err(|_| ServiceError::from(KeyError::NotAKey(path.clone())))?;
        if *next.verifier().public() != to.0 {
            return Err(KeyError::NotAKey(path).into());
        }
        self.publish_checkpoint().await?;
        let last = self.checkpoint();
        if last.head.size <= position {
            return Err(ServiceError::Fault("no checkpoint covers the rotation of the log's key"));
        }
        self.checkpoints.kept().keep(&last)?;
        let place = self.directory.checkpoint_key();
        std::fs::rename(&path, &place)
            .and_then(|()| std::fs::File::open(self.directory.path())?.sync_all())
            .map_err(|source| DirectoryError::from(FileError::new(Step::Rename, &place, source)))?;
        self.checkpoints.sign_with(next);
        Ok(())
    }

    /// The position at which the log names another key than the one that signs, and that key.
    fn key_to_come(&self) -> Result<Option<(u64, Digest)>, ServiceError> {
        let signs = *self.checkpoints.signer()?.verifier().public();
        let views = self.views();
        let last = views.registry.log_keys.last();
        let pending = last.filter(|(_, rotated)| rotated.from.0 == signs);
        Ok(pending.map(|(position, rotated)| (*position, rotated.to)))
    }

    /// What each key of the log said of the one after it, in order; those of an earlier origin are left out.
    #[must_use]
    pub fn handovers(&self) -> Vec<(u64, Handover)> {
        let origin = self.origin();
        let views = self.views();
        let read = |(position, of): &(u64, LogKeyRotated)| {
            let handover = Handover::read(&origin, (of.from.0, of.to.0), &of.signature).ok()?;
            Some((*position, handover))
        };
        views.registry.log_keys.iter().filter_map(read).collect()
    }

    /// The keys that signed or sign this log's checkpoints, the one in force first.
    pub(crate) fn log_keys(&self) -> Result<Vec<VerifierKey>, ServiceError> {
        let mut keys = vec![self.checkpoint_key()?];
        let rotated = self.views().registry.log_keys.clone();
        let origin = self.origin();
        for (_, of) in rotated {
            for public in [of.from.0, of.to.0] {
                let key = VerifierKey::new(&origin, KeyType::Note, public)
                    .map_err(|_| ServiceError::Fault("the log's origin is no name of a key"))?;
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        Ok(keys)
    }

    /// The key that a checkpoint of this log is signed with: of before a rotation, the one of then.
    pub fn key_of(&self, signed: &Signed) -> Result<VerifierKey, ServiceError> {
        let note = Note::parse(signed.note.as_bytes())
            .map_err(|_| ServiceError::Fault("a checkpoint is no note"))?;
        let opens = |key: &VerifierKey| Checkpoint::open(&note, key).is_ok();
        let keys = self.log_keys()?;
        // One that was kept before a fork is of another origin.
        let found = keys.iter().find(|key| opens(key)).cloned();
        found.map_or_else(|| self.checkpoint_key(), Ok)
    }
}
