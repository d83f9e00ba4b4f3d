//! The hashes of a log's tree: those a [`Tree`] keeps, and the leaf hashes that were read for it.

use std::collections::BTreeMap;

use gradus_model::Digest;

use super::{Tree, TreeError, WIDTH, root};
use crate::plan::{Hashes, Plan, Subtree};

/// Leaf hashes that were read, by their positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafHashes(BTreeMap<u64, Digest>);

impl LeafHashes {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds the hashes of the leaves from position `first` on.
    pub fn add(&mut self, first: u64, hashes: impl IntoIterator<Item = Digest>) {
        self.0.extend((first..).zip(hashes));
    }
}

/// A tree with the leaf hashes that a proof takes besides.
#[derive(Clone, Copy, Debug)]
pub struct WithLeaves<'a> {
    tree: &'a Tree,
    leaves: &'a LeafHashes,
}

impl Hashes for WithLeaves<'_> {
    type Error = TreeError;

    fn subtree(&self, level: u32, index: u64) -> Result<Digest, TreeError> {
        let leaves = Subtree { level, index }.leaves();
        if leaves.is_empty() || leaves.end > self.tree.size() {
            return Err(TreeError::Past { asked: leaves.end, size: self.tree.size() });
        }
        if let Some(kept) = level.checked_sub(WIDTH.ilog2()) {
            let past = TreeError::Past { asked: leaves.end, size: self.tree.size() };
            return self.tree.kept(kept, index).ok_or(past);
        }
        let read = |position| self.leaves.0.get(&position).copied().ok_or(position);
        let hashes: Result<Vec<Digest>, u64> = leaves.map(read).collect();
        Ok(root(&hashes.map_err(|position| TreeError::Leaf { position })?))
    }
}

impl Tree {
    /// This tree with leaf hashes that were read for it.
    #[must_use]
    pub const fn with<'a>(&'a self, leaves: &'a LeafHashes) -> WithLeaves<'a> {
        WithLeaves { tree: self, leaves }
    }

    /// The proof that was planned; `leaves` holds the hashes of [`Plan::leaves`].
    ///
    /// # Errors
    ///
    /// [`TreeError`] for a size not reached, or a leaf hash that was not read.
    pub fn prove(&self, plan: &Plan, leaves: &LeafHashes) -> Result<Vec<Digest>, TreeError> {
        plan.assemble(&self.with(leaves))
    }

    /// The hash of the complete subtree of 16·2^`level` leaves that is number `index`.
    fn kept(&self, level: u32, index: u64) -> Option<Digest> {
        let index = usize::try_from(index).ok()?;
        self.complete.get(level as usize)?.get(index).copied()
    }
}
