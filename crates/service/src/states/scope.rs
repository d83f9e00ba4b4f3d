//! The list of units by a state digest: that nobody was left out of it.

use std::sync::Arc;

use gradus_projection::views::StateDigest;
use gradus_proof::Row;

use crate::access::Caller;
use crate::checkpoints::{Included, Signed};
use crate::coordinate::Known;
use crate::error::ServiceError;
use crate::service::Service;

/// Rows that are told at a time at most.
pub const MOST_ROWS: usize = 10_000;

/// All rows of a state digest.
#[derive(Clone, Debug)]
pub struct OfScope {
    /// The size that was asked about.
    pub size: u64,
    /// Whether no further record can come to lie within it.
    pub settled: bool,
    /// The digest.
    pub digest: StateDigest,
    /// Its record.
    pub record: Included,
    /// Its rows: the organization, the other units as they were registered, and appraisals.
    pub rows: Arc<Vec<Row>>,
    /// The checkpoint that everything is proved against.
    pub checkpoint: Signed,
}

impl Service {
    /// The rows of the first state digest of at least what was known; while there is none, of the last
    /// one before. For those who may prove all of the log, since it tells of every unit.
    ///
    /// # Errors
    ///
    /// A refusal without that right, [`ServiceError::NotDescribed`] while there is no digest.
    pub async fn prove_scope(
        self: &Arc<Self>,
        by: &Caller,
        known: Known,
    ) -> Result<OfScope, ServiceError> {
        self.whole(by)?;
        self.caught_up(None).await?;
        let (size, settled) = self.size_of(known).await?;
        self.caught_up(Some(size)).await?;
        let digest = self.digest_for(size).ok_or(ServiceError::NotDescribed { size })?;
        let checkpoint = self.checkpoint_to_prove_by(digest.position + 1).await?;
        let rows = self.rows_of(&digest).await?;
        let record = self.record_at(digest.position).await?;
        let record = self.included(digest.position, record.leaf, checkpoint.clone()).await?;
        Ok(OfScope { size, settled, digest, record, rows, checkpoint })
    }
}
