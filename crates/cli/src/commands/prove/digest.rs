//! Records and state digests that are in the log.

use gradus_model::event::StateDigestRecorded;
use gradus_model::leaf::Place;
use gradus_proof::state::{read_digest, verify_own};
use gradus_proof::{VerifierKey, leaf_hash, verify_inclusion};
use gradus_wire::v1;

use super::wrong;
use crate::error::CliError;
use crate::seen::{Seen, digests};

/// The checkpoint that a record is proved in.
pub(super) fn included(
    answer: &v1::ProveInclusionResponse,
    position: u64,
    key: &VerifierKey,
) -> Result<Seen, CliError> {
    let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.as_str());
    let seen = Seen::open(key.clone(), note.unwrap_or_default())?;
    let proof = digests(answer.proof.as_ref().map_or(&[][..], |proof| &proof.hashes))?;
    let (size, root) = (seen.checkpoint.size, &seen.checkpoint.root);
    verify_inclusion(&leaf_hash(&answer.leaf), position, size, &proof, root)
        .map_err(|error| CliError::proof(&error))?;
    Ok(seen)
}

/// A state digest that is in the log.
pub(super) struct Described {
    /// Where it was recorded.
    pub(super) place: Place,
    pub(super) said: StateDigestRecorded,
}

/// The state digest that a record is, once its proof was checked.
pub(super) fn described(
    record: Option<&v1::ProveInclusionResponse>,
    key: &VerifierKey,
) -> Result<Described, CliError> {
    let record = record.ok_or_else(|| wrong("the digest has no record"))?;
    included(record, record.position, key)?;
    let (place, said) = read_digest(&record.leaf).map_err(|error| CliError::proof(&error))?;
    if place.position != record.position {
        return Err(wrong("the digest's leaf names another position"));
    }
    Ok(Described { place, said })
}

/// The state digest that a row is of, which has to stand in the organization's stream.
pub(super) fn of_row(row: &v1::ProvedRow, key: &VerifierKey) -> Result<Described, CliError> {
    let digest = described(row.record.as_ref(), key)?;
    let first = row.beginning.as_ref();
    let first = first.ok_or_else(|| wrong("the log's first record is not there"))?;
    included(first, 0, key)?;
    verify_own(&first.leaf, &digest.place).map_err(|error| CliError::proof(&error))?;
    Ok(digest)
}
