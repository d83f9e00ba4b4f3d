//! Makes a new data directory of what verifies in a damaged one, which is not changed.

use std::fs;
use std::path::Path;

use gradus_model::{Digest, UnitId};
use gradus_proof::sha256;

use crate::backup::held_attachments;
use crate::directory::CHECKPOINT_KEY;
use crate::error::ServiceError;
use crate::offline::{Offline, OnStep, Step, key_tree, read_secret};
use crate::restore::{Fork, Making, New, Place, RemakeError, open_once};

/// What was recovered, and what was not.
#[derive(Clone, Debug)]
pub struct Rescued {
    /// The records that were recovered, from the beginning on.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// The records that were acknowledged at least, after the anchor.
    pub anchored: Option<u64>,
    /// Records past a gap: whole, and of no use without those before.
    pub beyond: u64,
    /// Units whose keys are lost: their texts stay sealed.
    pub lost_keys: Vec<UnitId>,
    /// Documents that are lost.
    pub lost_documents: Vec<Digest>,
    /// The size of the new log with the event that it was forked; `None` when it cannot be opened
    /// until lost keys and documents are put in their place.
    pub opened: Option<u64>,
}

impl Rescued {
    /// Whether records that were acknowledged are lost.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.anchored.is_none_or(|anchored| self.size < anchored) || self.beyond > 0
    }
}

/// Recovers what verifies in `from` into the new directory `to`.
///
/// Records are taken from the log and from the copies that starts set aside; documents that ship
/// with the program are taken from there where they are lost.
///
/// # Errors
///
/// [`RemakeError`] when `to` holds files or nothing verifies; `to` is not made then.
pub async fn rescue(
    from: &Path,
    to: &Path,
    making: Making<'_>,
    on_step: OnStep<'_>,
) -> Result<Rescued, ServiceError> {
    let mut offline = Offline::open(from, on_step)?;
    offline.log = offline.log.with_copies()?;
    let anchored = offline.log.anchored().map(|(head, _)| head.size);
    let place = Place::new(to)?;
    let mut new = New::begin(&place, &making.options)?;
    let verified = offline.log.visit(|record| {
        let position = record.leaf.place.position;
        if position.is_multiple_of(1_024) {
            on_step(Step::Writing, position, anchored.unwrap_or_default().max(position));
        }
        new.push(record.bytes, record.payload)?;
        Ok::<_, ServiceError>(true)
    })?;
    if verified.head.size == 0 || new.named.log.is_none() {
        return Err(RemakeError::NothingVerifies.into());
    }
    let mut rescued = Rescued {
        size: verified.head.size,
        root: verified.head.root,
        anchored,
        beyond: verified.beyond.iter().map(|range| range.end - range.start).sum(),
        lost_keys: Vec::new(),
        lost_documents: documents(&offline, &new, &making)?,
        opened: None,
    };
    rescued.lost_keys = keys(&offline, &new)?;
    for (unit, digest) in held_attachments(&offline, &new.named) {
        // Damaged or whole: what can be read of it is told as it always is.
        new.attachment(unit, digest, &offline.attachment(unit, digest))?;
    }
    if let Ok(Some(token)) = read_secret(&from.join("admin.token")) {
        new.secret("admin.token", &token)?;
    }
    let made = new.finish()?;
    if rescued.lost_keys.is_empty() && rescued.lost_documents.is_empty() {
        let forked = rescued.is_short().then_some(Fork { known_size: anchored });
        rescued.opened = Some(open_once(&place.beside, made, forked, making).await?);
    }
    place.name()?;
    Ok(rescued)
}

/// Takes over the documents that hash to their names, or ship with the program; the others.
fn documents(
    offline: &Offline,
    new: &New,
    making: &Making<'_>,
) -> Result<Vec<Digest>, ServiceError> {
    let mut lost = Vec::new();
    for digest in &new.named.documents {
        let there = fs::read(offline.document(*digest)).ok();
        let shipped = making.beginning.documents.iter().map(|held| held.text.as_bytes().to_vec());
        let mut candidates = there.into_iter().chain(shipped);
        match candidates.find(|bytes| sha256(bytes) == *digest) {
            Some(bytes) => new.document(*digest, &bytes)?,
            None => lost.push(*digest),
        }
    }
    Ok(lost)
}

/// Takes over the key files that can be read; the units of the others.
fn keys(offline: &Offline, new: &New) -> Result<Vec<UnitId>, ServiceError> {
    let mut lost = Vec::new();
    let Some(log) = new.named.log else { return Ok(lost) };
    for unit in new.named.units.keys() {
        match key_tree(&offline.key_file(*unit), log, *unit) {
            Ok(tree) => new.key_tree(log, *unit, tree)?,
            Err(_) => lost.push(*unit),
        }
    }
    // Where it is lost, the next start makes another one.
    if let Ok(signer) = std::fs::read(offline.checkpoint_key()).map(zeroize::Zeroizing::new) {
        new.secret(CHECKPOINT_KEY, &signer)?;
    }
    Ok(lost)
}
