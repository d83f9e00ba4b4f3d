//! That no record of a unit is missing: what the client needs to check it.

use std::sync::Arc;

use gradus_log::LogError;
use gradus_model::{Digest, UnitId};
use gradus_projection::views::StateDigest;
use gradus_proof::state::prove_row;

use crate::access::Caller;
use crate::checkpoints::{Included, Signed};
use crate::coordinate::Known;
use crate::error::ServiceError;
use crate::service::Service;

/// How far a unit's stream had come at a size, and what proves it.
#[derive(Clone, Debug)]
pub struct OfUnit {
    /// The unit.
    pub unit: UnitId,
    /// The size that was asked about.
    pub size: u64,
    /// Whether no further record can come to lie within it.
    pub settled: bool,
    /// The stream's version there; 0 where there is no record below.
    pub version: u64,
    /// The last record below the size.
    pub last: Option<Included>,
    /// The digest that says where the stream had come to; none where there is none yet, or none that
    /// has the unit.
    pub whole: Option<Whole>,
    /// The checkpoint that everything is proved against.
    pub checkpoint: Signed,
}

/// The row of a stream in a state digest.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The digest.
    pub digest: StateDigest,
    /// Its record.
    pub record: Included,
    /// The row, as it is hashed.
    pub row: Vec<u8>,
    /// Its number among the rows, from 0.
    pub index: u64,
    /// That it is among them.
    pub proof: Vec<Digest>,
    /// The stream's version there.
    pub version: u64,
    /// The record that the log begins with, which names the organization.
    pub beginning: Included,
}

impl Service {
    /// The state digests of sizes below `before`, the newest first, at most `most` of them.
    pub async fn state_digests(
        &self,
        before: u64,
        most: usize,
    ) -> Result<Vec<StateDigest>, ServiceError> {
        self.caught_up(None).await?;
        let views = self.views();
        let below = views.state_digests.range(..before);
        Ok(below.rev().take(most).map(|(_, digest)| digest.clone()).collect())
    }

    /// How far a unit's stream had come at a size, with the row of the first state digest of at least
    /// that size; while there is none, of the last one before.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for a unit that is unknown or out of sight, [`LogError::Past`].
    pub async fn prove_unit(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        known: Known,
    ) -> Result<OfUnit, ServiceError> {
        self.caught_up(None).await?;
        let unit = self.unit(by, unit)?;
        let (size, settled) = self.size_of(known).await?;
        self.caught_up(Some(size)).await?;
        let version = self.version_at(unit, size).await?;
        let digest = self.digest_for(size);
        let covers = digest.as_ref().map_or(size, |digest| size.max(digest.position + 1));
        let checkpoint = self.checkpoint_to_prove_by(covers).await?;
        let last = match version {
            0 => None,
            _ => {
                let record = self.record_of(unit, version).await?;
                let position = record.recorded.place.position;
                Some(self.included(position, record.leaf, checkpoint.clone()).await?)
            }
        };
        let whole = match digest {
            Some(digest) => self.whole_of(unit, digest, &checkpoint).await?,
            None => None,
        };
        Ok(OfUnit { unit, size, settled, version, last, whole, checkpoint })
    }

    /// The size that a point of the log has, and whether no further record can come to lie within it.
    pub(super) async fn size_of(&self, known: Known) -> Result<(u64, bool), ServiceError> {
        let head = self.log.head().size;
        Ok(match known {
            Known::Head => (self.read_size(), true),
            Known::Size(asked) if asked > head => {
                return Err(LogError::Past { asked, size: head }.into());
            }
            Known::Size(asked) => (asked, true),
            Known::At(at) => {
                let known = self.log.known_at(at).await?;
                (known.size, known.settled)
            }
        })
    }

    /// The first digest of at least a size; while there is none, the last one before.
    pub(super) fn digest_for(&self, size: u64) -> Option<StateDigest> {
        let digests = &self.views().state_digests;
        let found = digests.range(size..).next();
        found.or_else(|| digests.range(..size).next_back()).map(|(_, digest)| digest.clone())
    }

    pub(super) async fn whole_of(
        self: &Arc<Self>,
        unit: UnitId,
        digest: StateDigest,
        checkpoint: &Signed,
    ) -> Result<Option<Whole>, ServiceError> {
        let rows = self.rows_of(&digest).await?;
        let found = (0..).zip(rows.iter()).find(|(_, row)| row.stream == unit);
        let Some((index, row)) = found else { return Ok(None) };
        let outside = |_| ServiceError::Fault("a row is not among its rows");
        let proof = prove_row(&rows, index).map_err(outside)?;
        let (version, row) = (row.version, row.to_bytes());
        let record = self.leaf_at(digest.position, checkpoint).await?;
        let beginning = self.leaf_at(0, checkpoint).await?;
        Ok(Some(Whole { digest, record, row, index, proof, version, beginning }))
    }
}
