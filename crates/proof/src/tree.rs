//! Merkle trees after RFC 6962, section 2.1: hashes, roots, and the tree of a growing log.
//!
//! Invariant: every way to a root here gives what [`root`] gives for the same leaf hashes.

use std::ops::Range;

use gradus_model::Digest;

use crate::digest::{sha256, sha256_of};
use crate::error::ProofError;
use crate::lanes::{Lanes, Start};

mod kept;

pub use kept::{LeafHashes, WithLeaves};

/// The leaves of a subtree whose hash a [`Tree`] keeps: a root at any size reads fewer leaf hashes
/// than these, and a tree takes 4 bytes of memory a leaf.
pub const WIDTH: u64 = 16;

/// The hash of a leaf's bytes, `H(0x00 ‖ leaf)`.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    sha256_of(&[&[0x00], leaf])
}

/// The hashes of many leaves, side by side.
#[must_use]
pub fn leaf_hashes(leaves: &[&[u8]]) -> Vec<Digest> {
    if let [leaf] = leaves {
        return vec![leaf_hash(leaf)];
    }
    let longest = leaves.iter().map(|leaf| leaf.len()).max().unwrap_or_default();
    let mut lanes = Lanes::with_room(leaves.len(), 1 + longest);
    for leaf in leaves {
        lanes.add(&Start::ANEW, &[&[0x00], leaf]);
    }
    lanes.digests()
}

/// The hash of an inner node, `H(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256_of(&[&[0x01], &left.0, &right.0])
}

/// The hashes of many inner nodes, side by side.
fn node_hashes<'a>(nodes: impl ExactSizeIterator<Item = &'a [Digest; 2]>) -> Vec<Digest> {
    let mut lanes = Lanes::with_room(nodes.len(), 1 + 2 * 32);
    for [left, right] in nodes {
        lanes.add(&Start::ANEW, &[&[0x01], &left.0, &right.0]);
    }
    lanes.digests()
}

/// The root of the tree without leaves, `H()`.
#[must_use]
pub fn empty_root() -> Digest {
    sha256(&[])
}

/// The root over leaf hashes, by the definition of the RFC.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            // The largest power of two below the number of leaves.
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

/// The roots over the leaf hashes of many trees, side by side.
#[must_use]
pub fn roots(mut trees: Vec<Vec<Digest>>) -> Vec<Digest> {
    // From the bottom up: neighbours become nodes, and one without a neighbour goes up as it is.
    while trees.iter().any(|tree| tree.len() > 1) {
        let pairs: Vec<[Digest; 2]> =
            trees.iter().flat_map(|tree| tree.as_chunks::<2>().0).copied().collect();
        let mut hashes = node_hashes(pairs.iter()).into_iter();
        for tree in &mut trees {
            let (pairs, alone) = tree.as_chunks::<2>();
            *tree = hashes.by_ref().take(pairs.len()).chain(alone.iter().copied()).collect();
        }
    }
    trees.iter().map(|tree| tree.first().copied().unwrap_or_else(empty_root)).collect()
}

/// The hashes along the right edge of a tree: enough to add leaves and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RightEdge {
    size: u64,
    /// The complete subtrees from left to right, one for each bit set in `size`.
    peaks: Vec<Digest>,
}

impl RightEdge {
    /// The edge of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of the next leaf; one node is hashed per leaf on average.
    pub fn push(&mut self, leaf: Digest) {
        self.join(leaf, |_, _| ());
    }

    /// The root of all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }

    /// Adds a leaf and tells of each subtree that it completes: its height from 1, and its hash.
    fn join(&mut self, leaf: Digest, mut completed: impl FnMut(u32, Digest)) {
        let mut hash = leaf;
        for height in 1..=self.size.trailing_ones() {
            // There is a peak for every bit set, so the fallback is never used.
            let left = self.peaks.pop().unwrap_or(Digest::ZERO);
            hash = node_hash(&left, &hash);
            completed(height, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }
}

/// What a [`Tree`] cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A size the tree has not reached.
    #[error("size {asked} is past the tree's {size}")]
    Past {
        /// The size asked for.
        asked: u64,
        /// The size the tree has.
        size: u64,
    },
    /// The caller gave another number of leaf hashes than it was asked for.
    #[error("{given} leaf hashes were given where {needed} are needed")]
    Leaves {
        /// How many came.
        given: usize,
        /// How many were asked for.
        needed: u64,
    },
    /// A leaf hash that a proof takes and the caller did not read.
    #[error("the hash of leaf {position} is needed and was not read")]
    Leaf {
        /// The leaf's position.
        position: u64,
    },
    /// A proof that cannot exist.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// The tree of a growing log: every root it ever had, from 1/4 byte of memory per leaf and at most
/// 255 leaf hashes that the caller reads again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    edge: RightEdge,
    /// `complete[k][i]` is the hash of the leaves `[i·256·2^k, (i+1)·256·2^k)`.
    complete: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { edge: RightEdge::new(), complete: Vec::new() }
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root of all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.edge.root()
    }

    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        let complete = &mut self.complete;
        self.edge.join(leaf, |height, hash| {
            let Some(level) = height.checked_sub(WIDTH.ilog2()) else { return };
            match complete.get_mut(level as usize) {
                Some(hashes) => hashes.push(hash),
                // Subtrees complete from the bottom up, so the next level is the only new one.
                None => complete.push(vec![hash]),
            }
        });
    }

    /// Adds the hashes of the next leaves, level by level and each level side by side.
    pub fn extend(&mut self, leaves: Vec<Digest>) {
        let RightEdge { size, peaks } = &mut self.edge;
        let (mut level, before) = (leaves, *size);
        *size += level.len() as u64;
        // What is left over at each level, from the bottom up.
        let mut alone = Vec::new();
        for height in 0..u64::BITS {
            if before >> height & 1 == 1 && !level.is_empty() {
                // There is a peak for every bit set, so the fallback is never used.
                level.insert(0, peaks.pop().unwrap_or(Digest::ZERO));
            }
            if level.len() % 2 == 1 {
                alone.extend(level.pop());
            }
            if level.is_empty() {
                break;
            }
            level = node_hashes(level.as_chunks::<2>().0.iter());
            let Some(at) = (height + 1).checked_sub(WIDTH.ilog2()) else { continue };
            match self.complete.get_mut(at as usize) {
                Some(hashes) => hashes.extend_from_slice(&level),
                // Subtrees complete from the bottom up, so the next level is the only new one.
                None => self.complete.push(level.clone()),
            }
        }
        peaks.extend(alone.into_iter().rev());
    }

    /// The leaves past the last complete subtree of a tree of `size`: at most 15.
    #[must_use]
    pub const fn loose(size: u64) -> Range<u64> {
        size - size % WIDTH..size
    }

    /// The root this tree had at `size`; `leaves` reads the leaf hashes of [`Tree::loose`].
    ///
    /// # Errors
    ///
    /// [`TreeError`] for a size not reached or a wrong number of leaf hashes, and what `leaves`
    /// returns.
    pub fn root_at<E: From<TreeError>>(
        &self,
        size: u64,
        leaves: impl FnOnce(Range<u64>) -> Result<Vec<Digest>, E>,
    ) -> Result<Digest, E> {
        if size == self.size() {
            return Ok(self.root());
        }
        let past = || TreeError::Past { asked: size, size: self.size() };
        if size > self.size() {
            return Err(past().into());
        }
        let loose = Self::loose(size);
        let needed = loose.end - loose.start;
        let mut edge = RightEdge { size: loose.start, peaks: Vec::new() };
        let subtrees = loose.start / WIDTH;
        for level in (0..u64::BITS).rev().filter(|level| subtrees >> level & 1 == 1) {
            // The bits above `level` say how many subtrees of that level lie to the left.
            let left = usize::try_from((subtrees >> level) - 1).unwrap_or(usize::MAX);
            let hash = self.complete.get(level as usize).and_then(|hashes| hashes.get(left));
            edge.peaks.push(*hash.ok_or_else(past)?);
        }
        if needed > 0 {
            let hashes = leaves(loose)?;
            if hashes.len() as u64 != needed {
                return Err(TreeError::Leaves { given: hashes.len(), needed }.into());
            }
            for hash in hashes {
                edge.push(hash);
            }
        }
        Ok(edge.root())
    }
}

#[cfg(test)]
mod tests;
