//! The log as static files (C2SP tlog-tiles): the bytes of one tile, made from what the log holds.
//!
//! There are no files behind it: hashes come from the tree that proofs come from, and leaves from the
//! records, so that a tile cannot say another thing than a proof. What is past the newest checkpoint
//! is not there.

use gradus_log::ReadLimit;
use gradus_proof::tiles::{Kind, add_entry, hash_bytes};
use gradus_proof::{Plan, Tile};

use crate::checkpoints::Signed;
use crate::error::ServiceError;
use crate::service::Service;

impl Service {
    /// The checkpoint that tiles are read under: the newest that enough witnesses signed, or else,
    /// where there is none, the newest.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Contradicted`] while a witness has seen another log.
    pub fn checkpoint_of_tiles(&self) -> Result<Signed, ServiceError> {
        self.uncontradicted()?;
        Ok(self.witnessed().unwrap_or_else(|| self.checkpoint()))
    }

    /// The bytes of a tile. Who may have it is for the caller to judge: entries are leaves of all
    /// units ([`Service::whole`]).
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for a tile that the log of the newest checkpoint does not have,
    /// [`ServiceError::Contradicted`] while a witness has seen another log.
    pub async fn tile(&self, tile: Tile) -> Result<Vec<u8>, ServiceError> {
        self.uncontradicted()?;
        let (leaves, size) = (tile.leaves(), self.checkpoint().head.size);
        if leaves.is_empty() || leaves.end > size {
            return Err(ServiceError::not_found("tile", tile));
        }
        if let Kind::Hashes(_) = tile.kind() {
            return Ok(hash_bytes(&self.log.prove(Plan::tile(tile)).await?));
        }
        let (mut bundle, mut position) = (Vec::new(), leaves.start);
        while position < leaves.end {
            let wanted = usize::try_from(leaves.end - position).unwrap_or(usize::MAX);
            let records = self.log.read(position, ReadLimit::records(wanted)).await?;
            if records.is_empty() {
                return Err(ServiceError::Fault("the log ended before its size"));
            }
            position += records.len() as u64;
            for record in records {
                add_entry(&mut bundle, &record.leaf)
                    .map_err(|_| ServiceError::Fault("a leaf is longer than an entry may be"))?;
            }
        }
        Ok(bundle)
    }
}
