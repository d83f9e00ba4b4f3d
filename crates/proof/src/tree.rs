//! Merkle trees after RFC 6962, section 2.1: hashes, roots, and the tree of a growing log.
//!
//! Invariant: every way to a root here gives what [`root`] gives for the same leaf hashes.

use std::ops::Range;

use gradus_model::Digest;

use crate::digest::{sha256, sha256_of};

/// The leaves of a subtree whose hash a [`Tree`] keeps: a root at any size reads fewer leaf hashes
/// than these, and a tree takes 4 bytes of memory a leaf.
pub const WIDTH: u64 = 16;

/// The hash of a leaf's bytes, `H(0x00 ‖ leaf)`.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    sha256_of(&[&[0x00], leaf])
}

/// The hash of an inner node, `H(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256_of(&[&[0x01], &left.0, &right.0])
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
}

/// The tree of a growing log: every root it ever had, from 1/4 byte of memory per leaf and at most
/// 255 leaf hashes that the caller reads again.
#[derive(Clone, Debug, Default)]
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The inputs and roots of the certificate-transparency tests, sizes 1 to 8.
    const CLASSIC: [(&str, &str); 8] = [
        ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (
            "606162636465666768696a6b6c6d6e6f",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| hex[at..at + 2].parse::<Octet>().unwrap().0).collect()
    }

    struct Octet(u8);

    impl std::str::FromStr for Octet {
        type Err = std::num::ParseIntError;

        fn from_str(text: &str) -> Result<Self, Self::Err> {
            u8::from_str_radix(text, 16).map(Self)
        }
    }

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    fn grown(leaves: &[Digest]) -> Tree {
        let mut tree = Tree::new();
        for leaf in leaves {
            tree.push(*leaf);
        }
        tree
    }

    fn root_at(tree: &Tree, size: usize, all: &[Digest]) -> Result<Digest, TreeError> {
        tree.root_at(size as u64, |range| {
            assert!(range.end - range.start < WIDTH);
            let at = |position: u64| usize::try_from(position).unwrap();
            Ok(all[at(range.start)..at(range.end)].to_vec())
        })
    }

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(empty_root().to_string(), expected);
        assert_eq!(RightEdge::new().root(), empty_root());
    }

    #[test]
    fn the_classic_leaves_have_the_classic_roots() {
        let mut edge = RightEdge::new();
        let mut hashes = Vec::new();
        for (leaf, expected) in CLASSIC {
            let hash = leaf_hash(&bytes(leaf));
            hashes.push(hash);
            edge.push(hash);
            assert_eq!(root(&hashes).to_string(), expected);
            assert_eq!(edge.root().to_string(), expected);
        }
    }

    #[test]
    fn every_root_of_a_tree_is_the_root_of_its_prefix() {
        let all = leaves(532);
        let tree = grown(&all);
        for size in 0..=all.len() {
            assert_eq!(root_at(&tree, size, &all), Ok(root(&all[..size])), "size {size}");
        }
    }

    #[test]
    fn a_size_past_the_tree_is_refused() {
        let all = leaves(3);
        let refused = root_at(&grown(&all), 4, &all).unwrap_err();
        assert_eq!(refused.to_string(), "size 4 is past the tree's 3");
    }

    #[test]
    fn too_few_leaf_hashes_are_refused() {
        let tree = grown(&leaves(9));
        let refused = tree.root_at(5, |_| Ok::<_, TreeError>(leaves(4))).unwrap_err();
        assert_eq!(refused.to_string(), "4 leaf hashes were given where 5 are needed");
    }

    proptest! {
        #[test]
        fn the_right_edge_has_the_root_of_its_leaves(count in 0_usize..200) {
            let all = leaves(count);
            let mut edge = RightEdge::new();
            for leaf in &all {
                edge.push(*leaf);
            }
            prop_assert_eq!(edge.root(), root(&all));
            prop_assert_eq!(edge.size(), count as u64);
        }

        #[test]
        fn a_tree_knows_any_earlier_root(count in 0_usize..1_200, share in 0_usize..=100) {
            let all = leaves(count);
            let size = count * share / 100;
            prop_assert_eq!(root_at(&grown(&all), size, &all), Ok(root(&all[..size])));
        }
    }
}
