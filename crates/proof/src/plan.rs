//! What a proof is put together from, named before anything is read.
//!
//! A [`Plan`] is the shape of one proof: it names the complete subtrees whose hashes it takes, and
//! so the leaf hashes that a [`Tree`](crate::Tree) does not keep. Whoever has to wait for its log
//! reads those first, and then puts the proof together without waiting.

use std::ops::Range;

use gradus_model::Digest;

use crate::error::ProofError;
use crate::tiles::Tile;
use crate::tree::{WIDTH, empty_root, node_hash};

/// A complete subtree: the leaves `[index·2^level, (index+1)·2^level)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    /// Its height: 0 is a leaf.
    pub level: u32,
    /// Its number among the subtrees of its height, from 0.
    pub index: u64,
}

impl Subtree {
    /// The leaves below it; none where they could not be counted.
    #[must_use]
    pub fn leaves(self) -> Range<u64> {
        let end = |index: u64| index.checked_mul(1_u64.checked_shl(self.level)?);
        match (end(self.index), self.index.checked_add(1).and_then(end)) {
            (Some(start), Some(end)) => start..end,
            _ => 0..0,
        }
    }
}

/// Who knows the hashes of a log's tree.
pub trait Hashes {
    /// What can go wrong in reading.
    type Error;

    /// The hash of the complete subtree of 2^`level` leaves that is number `index` at its height.
    ///
    /// # Errors
    ///
    /// Where the subtree is not complete yet, or cannot be read.
    fn subtree(&self, level: u32, index: u64) -> Result<Digest, Self::Error>;
}

/// The shape of one proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each hash of the proof, the complete subtrees that it joins, from left to right.
    hashes: Vec<Vec<Subtree>>,
}

impl Plan {
    /// The proof that leaf `index` is in the tree of `size` leaves (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    ///
    /// [`ProofError::Outside`] for a leaf that is not below `size`.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::Outside { index, size });
        }
        let (mut start, mut end) = (0, size);
        let mut hashes = Vec::new();
        while end - start > 1 {
            let middle = start + half(end - start);
            if index < middle {
                hashes.push(joined(middle, end));
                end = middle;
            } else {
                hashes.push(joined(start, middle));
                start = middle;
            }
        }
        hashes.reverse();
        Ok(Self { hashes })
    }

    /// The proof that the tree of `new` leaves begins with that of `old` (RFC 6962, section
    /// 2.1.2); without a hash where `old` is 0 or both are one tree.
    ///
    /// # Errors
    ///
    /// [`ProofError::Shrunk`] where `new` is below `old`.
    pub fn consistency(old: u64, new: u64) -> Result<Self, ProofError> {
        if old > new {
            return Err(ProofError::Shrunk { old, new });
        }
        let mut hashes = Vec::new();
        if old == 0 {
            return Ok(Self { hashes });
        }
        let (mut start, mut end) = (0, new);
        while end != old {
            let middle = start + half(end - start);
            if old <= middle {
                hashes.push(joined(middle, end));
                end = middle;
            } else {
                hashes.push(joined(start, middle));
                start = middle;
            }
        }
        // Where nothing lies to its left it is the old tree itself, whose root is known.
        if start > 0 {
            hashes.push(joined(start, end));
        }
        hashes.reverse();
        Ok(Self { hashes })
    }

    /// The root of the tree of `size` leaves, as a proof of one hash.
    #[must_use]
    pub fn root(size: u64) -> Self {
        Self { hashes: vec![joined(0, size)] }
    }

    /// The hashes of a tile, of leaves for a bundle, in place of a proof: 1 to 256.
    #[must_use]
    pub fn tile(tile: Tile) -> Self {
        Self { hashes: (0..tile.width()).map(|place| vec![tile.subtree(place)]).collect() }
    }

    /// The complete subtrees whose hashes the proof takes: at most 128, or those of a tile.
    pub fn needed(&self) -> impl Iterator<Item = Subtree> {
        self.hashes.iter().flatten().copied()
    }

    /// The positions of the leaves whose hashes a [`Tree`](crate::Tree) does not keep: at most 31,
    /// in order, in at most three ranges that do not touch each other; for a tile at level 0, its own.
    #[must_use]
    pub fn leaves(&self) -> Vec<Range<u64>> {
        let low = self.needed().filter(|subtree| subtree.level < WIDTH.ilog2());
        let mut low: Vec<Range<u64>> = low.map(Subtree::leaves).collect();
        low.sort_by_key(|leaves| leaves.start);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for leaves in low {
            match ranges.last_mut() {
                Some(last) if last.end >= leaves.start => last.end = last.end.max(leaves.end),
                _ => ranges.push(leaves),
            }
        }
        ranges
    }

    /// Puts the proof together.
    ///
    /// # Errors
    ///
    /// What the reader returns.
    pub fn assemble<H: Hashes>(&self, reader: &H) -> Result<Vec<Digest>, H::Error> {
        let mut proof = Vec::with_capacity(self.hashes.len());
        for joined in &self.hashes {
            let mut right = None;
            for Subtree { level, index } in joined.iter().rev().copied() {
                let left = reader.subtree(level, index)?;
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
            }
            proof.push(right.unwrap_or_else(empty_root));
        }
        Ok(proof)
    }
}

/// The leaves to the left of where a tree of `size` leaves, at least 2, is split: the largest power
/// of two below it.
const fn half(size: u64) -> u64 {
    match size.saturating_sub(1).checked_ilog2() {
        Some(bit) => 1 << bit,
        None => 0,
    }
}

/// The complete subtrees that the leaves `[start, end)` of a node are joined from.
fn joined(start: u64, end: u64) -> Vec<Subtree> {
    let (mut start, mut joined) = (start, Vec::new());
    while let Some(level) = end.saturating_sub(start).checked_ilog2() {
        joined.push(Subtree { level, index: start >> level });
        start += 1 << level;
    }
    joined
}
