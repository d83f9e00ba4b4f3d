//! Proofs over the log, each against a checkpoint.

use std::collections::BTreeMap;

use gradus_log::{Head, LogError};
use gradus_model::{Digest, Timestamp};
use gradus_proof::{Plan, leaf_hash};

use super::Signed;
use crate::access::Caller;
use crate::call::{Proved, Receipt};
use crate::coordinate::Known;
use crate::error::ServiceError;
use crate::service::Service;

/// A point of the log that a checkpoint covers.
#[derive(Clone, Debug)]
pub struct Point {
    /// The size and the root there.
    pub head: Head,
    /// Whether no further record can come to lie within it.
    pub settled: bool,
    /// That the checkpoint's log begins with it.
    pub consistency: Vec<Digest>,
    /// The checkpoint.
    pub checkpoint: Signed,
}

/// A record that is in the log of a checkpoint.
#[derive(Clone, Debug)]
pub struct Included {
    /// Its position.
    pub position: u64,
    /// Its leaf.
    pub leaf: Vec<u8>,
    /// The hash of that.
    pub leaf_hash: Digest,
    /// The hashes from the leaf up.
    pub proof: Vec<Digest>,
    /// The checkpoint.
    pub checkpoint: Signed,
}

/// What bounds the records that were known at an instant.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The point of the log, and the checkpoint that both records are proved against.
    pub point: Point,
    /// The last record that was stamped up to the instant; none where there is none.
    pub last: Option<Included>,
    /// The first record that was stamped after it.
    pub next: Included,
}

impl Service {
    /// The newest checkpoint that covers a point of the log, with a proof that it does; where it is to
    /// be `witnessed`, the newest that enough witnesses signed.
    ///
    /// # Errors
    ///
    /// [`LogError::Past`] for a size that the log does not have, [`ServiceError::NotWitnessed`] where
    /// no checkpoint that enough witnesses signed covers the point, [`ServiceError::Contradicted`].
    pub async fn checkpoint_of(
        &self,
        known: Known,
        witnessed: bool,
    ) -> Result<Point, ServiceError> {
        self.uncontradicted()?;
        let newest_witnessed = self.witnessed().filter(|_| witnessed);
        let (size, settled) = match known {
            Known::Head => {
                let newest = newest_witnessed.clone().unwrap_or_else(|| self.checkpoint());
                (newest.head.size, true)
            }
            Known::Size(asked) => {
                let size = self.log.head().size;
                if asked > size {
                    return Err(LogError::Past { asked, size }.into());
                }
                (asked, true)
            }
            Known::At(at) => {
                let known = self.log.known_at(at).await?;
                (known.size, known.settled)
            }
        };
        let checkpoint = if witnessed {
            let reached = newest_witnessed.as_ref().map(|signed| signed.head.size);
            let covers = newest_witnessed.filter(|signed| signed.head.size >= size);
            covers.ok_or(ServiceError::NotWitnessed { size, reached })?
        } else {
            self.with_cosignatures(self.checkpoint_covering(size).await?)
        };
        self.point(size, settled, checkpoint).await
    }

    async fn point(
        &self,
        size: u64,
        settled: bool,
        checkpoint: Signed,
    ) -> Result<Point, ServiceError> {
        let root = self.log.root_at(size).await?;
        let consistency = self.prove_consistency(size, checkpoint.head.size).await?;
        Ok(Point { head: Head { size, root }, settled, consistency, checkpoint })
    }

    /// That the log of `new` records begins with that of `old`.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] where `old` is larger than `new`, [`LogError::Past`] for a size that
    /// the log does not have.
    pub async fn prove_consistency(&self, old: u64, new: u64) -> Result<Vec<Digest>, ServiceError> {
        let size = self.log.head().size;
        if new > size {
            return Err(LogError::Past { asked: new, size }.into());
        }
        let plan = Plan::consistency(old, new).map_err(|_| {
            let reason = format!("{old} is larger than {new}: a log only grows");
            ServiceError::invalid("old_size", reason)
        })?;
        Ok(self.log.prove(plan).await?)
    }

    /// That a record is in the log, for whoever may read it.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for a position that is not there, or that the caller may not read.
    pub async fn prove_inclusion(
        &self,
        by: &Caller,
        position: u64,
    ) -> Result<Included, ServiceError> {
        let unknown = || ServiceError::not_found("position", position);
        if position >= self.log.head().size {
            return Err(unknown());
        }
        let record = self.record_at(position).await?;
        self.caught_up(None).await?;
        if !self.may(by, record.recorded.place.stream) {
            return Err(unknown());
        }
        let checkpoint = self.checkpoint_to_prove_by(position + 1).await?;
        self.included(position, record.leaf, checkpoint).await
    }

    pub(crate) async fn included(
        &self,
        position: u64,
        leaf: Vec<u8>,
        checkpoint: Signed,
    ) -> Result<Included, ServiceError> {
        let proof = self.inclusion(position, checkpoint.head.size).await?;
        Ok(Included { position, leaf_hash: leaf_hash(&leaf), leaf, proof, checkpoint })
    }

    pub(crate) async fn inclusion(
        &self,
        position: u64,
        size: u64,
    ) -> Result<Vec<Digest>, ServiceError> {
        let plan = Plan::inclusion(position, size)
            .map_err(|_| ServiceError::Fault("a checkpoint does not cover its record"))?;
        Ok(self.log.prove(plan).await?)
    }

    /// How many records the log held at an instant, by the two between which it lies.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotSettled`] while no record is stamped after it.
    pub async fn prove_known_at(&self, at: Timestamp) -> Result<Bound, ServiceError> {
        let known = self.log.known_at(at).await?;
        if known.size >= self.log.head().size {
            return Err(ServiceError::NotSettled { at, size: known.size });
        }
        let checkpoint = self.checkpoint_to_prove_by(known.size + 1).await?;
        let next = self.leaf_at(known.size, &checkpoint).await?;
        let last = match known.size.checked_sub(1) {
            Some(position) => Some(self.leaf_at(position, &checkpoint).await?),
            None => None,
        };
        let point = self.point(known.size, true, checkpoint).await?;
        Ok(Bound { point, last, next })
    }

    pub(crate) async fn leaf_at(
        &self,
        position: u64,
        checkpoint: &Signed,
    ) -> Result<Included, ServiceError> {
        let record = self.record_at(position).await?;
        self.included(position, record.leaf, checkpoint.clone()).await
    }

    /// The receipt, with a checkpoint that covers what was recorded and proofs to it if those are
    /// waited for.
    pub async fn awaited(
        &self,
        awaits: bool,
        mut receipt: Receipt,
    ) -> Result<Receipt, ServiceError> {
        let placed = receipt.items.iter().filter_map(|item| item.placed);
        let positions: Vec<u64> = placed.map(|placed| placed.position).collect();
        let Some(last) = positions.iter().max().filter(|_| awaits) else { return Ok(receipt) };
        if self.uncontradicted().is_err() {
            // It was recorded all the same.
            return Ok(receipt);
        }
        let checkpoint = self.checkpoint_covering(last + 1).await?;
        let mut inclusion = BTreeMap::new();
        for position in positions {
            inclusion.insert(position, self.inclusion(position, checkpoint.head.size).await?);
        }
        receipt.proved = Some(Proved { checkpoint, inclusion });
        Ok(receipt)
    }
}
