//! The hashes of a log's tree: those a [`Tree`] keeps, and the leaf hashes that were read for it.

use std::collections::BTreeMap;

use gradus_model::Digest;

use super::{RightEdge, Tree, TreeError, WIDTH, node_hashes, root};
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

    /// The hashes of its complete subtrees of [`WIDTH`] leaves, from left to right.
    #[must_use]
    pub fn subtrees(&self) -> &[Digest] {
        self.complete.first().map_or(&[], Vec::as_slice)
    }

    /// The hashes of the subtrees within its last [`WIDTH`] leaves, as far as those are not all
    /// there: with [`Tree::subtrees`] they are all that it takes to go on.
    #[must_use]
    pub fn rest(&self) -> &[Digest] {
        let many = (self.size() % WIDTH).count_ones() as usize;
        let peaks = &self.edge.peaks;
        peaks.get(peaks.len().saturating_sub(many)..).unwrap_or_default()
    }

    /// The tree of `size` leaves from what [`Tree::subtrees`] and [`Tree::rest`] told of it; `None`
    /// where they are not as many as such a tree has. Its root says whether they are the right ones.
    #[must_use]
    pub fn restored(size: u64, subtrees: Vec<Digest>, rest: &[Digest]) -> Option<Self> {
        let many = usize::try_from(size / WIDTH).ok()?;
        if subtrees.len() != many || rest.len() != (size % WIDTH).count_ones() as usize {
            return None;
        }
        let mut complete = Vec::new();
        let mut level = subtrees;
        while !level.is_empty() {
            let above = node_hashes(level.as_chunks::<2>().0.iter());
            complete.push(std::mem::replace(&mut level, above));
        }
        let alone = complete.iter().rev().filter(|level| level.len() % 2 == 1);
        let peaks = alone.filter_map(|level| level.last()).chain(rest).copied().collect();
        Some(Self { edge: RightEdge { size, peaks }, complete })
    }

    /// The hash of the complete subtree of 16·2^`level` leaves that is number `index`.
    fn kept(&self, level: u32, index: u64) -> Option<Digest> {
        let index = usize::try_from(index).ok()?;
        self.complete.get(level as usize)?.get(index).copied()
    }
}
