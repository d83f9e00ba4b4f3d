//! The bitemporal index as bytes: rows of revisions, and the blocks that long courses lie in.
//!
//! | row | what it holds |
//! |---|---|
//! | of a unit and an area, from a position | some revisions in order: the whole course after the first, then what each changed |
//! | a block | up to some hundred change points of one part of a course, named by its hash |
//!
//! The bytes follow from the revisions alone: the digest of what is told does not depend on how
//! revisions lie in rows. Reading never panics: what is not as it was written is a [`Fault`].

mod batch;
mod blocks;
mod bytes;
mod part;
mod row;

#[cfg(test)]
mod tests;

pub use batch::Batch;
pub(crate) use batch::{Chain, Leaf, leaf};
pub use blocks::BlockId;
pub(crate) use blocks::{Blocks, is_named};
pub(crate) use row::{End, Named, Row, changed, key_of, prefix_of, read_key};

/// Bytes that are not as they were written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// They cannot be read.
    #[error("{0}")]
    Damaged(&'static str),
    /// A block is not there.
    #[error("block {0} is missing")]
    Missing(BlockId),
    /// The storage failed.
    #[error("{0}")]
    Storage(String),
}

/// The fault of bytes that cannot be read, where there are none.
pub(crate) trait OrDamaged<T> {
    fn or_damaged(self, what: &'static str) -> Result<T, Fault>;
}

impl<T> OrDamaged<T> for Option<T> {
    fn or_damaged(self, what: &'static str) -> Result<T, Fault> {
        self.ok_or(Fault::Damaged(what))
    }
}
