//! Inclusion proofs: that a leaf is in the tree, at its position (RFC 6962, section 2.1.1).

use gradus_model::Digest;

use crate::error::ProofError;
use crate::plan::{Hashes, Plan};
use crate::tree::node_hash;

/// The hashes that prove leaf `index` in the tree of the first `size` leaves: at most 64, from the
/// leaf's sibling up.
///
/// # Errors
///
/// [`ProofError::Outside`] for a leaf that is not below `size`, and what the reader returns.
pub fn inclusion<H>(index: u64, size: u64, reader: &H) -> Result<Vec<Digest>, H::Error>
where
    H: Hashes,
    H::Error: From<ProofError>,
{
    Plan::inclusion(index, size)?.assemble(reader)
}

/// Checks that the leaf with hash `leaf` is at `index` in the tree of `size` leaves with this
/// root (RFC 9162, section 2.1.3.2).
///
/// # Errors
///
/// [`ProofError`]: a leaf outside the tree, another number of hashes than the position calls for,
/// or another root.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let needed = path_length(index, size - 1);
    if proof.len() != needed {
        return Err(ProofError::Length { given: proof.len(), needed });
    }
    // The position of the node that is known, and that of the last node at its level.
    let (mut node, mut last, mut computed) = (index, size - 1, *leaf);
    for hash in proof {
        if node % 2 == 1 || node == last {
            computed = node_hash(hash, &computed);
            // A last node without a sibling to its right goes up as it is until it has one left.
            while node % 2 == 0 && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            computed = node_hash(&computed, hash);
        }
        (node, last) = (node / 2, last / 2);
    }
    same(size, computed, root)
}

/// The hashes beside the way from node `index` up to the root, where `last` is the last node at
/// its level.
pub(crate) const fn path_length(index: u64, last: u64) -> usize {
    // Below where the ways of both meet each step has a sibling; above it only those to the left.
    let below = u64::BITS - (index ^ last).leading_zeros();
    let above = match index.checked_shr(below) {
        Some(left) => left.count_ones(),
        None => 0,
    };
    (below + above) as usize
}

/// That a proof leads to the root it was to lead to.
pub(crate) fn same(size: u64, computed: Digest, claimed: &Digest) -> Result<(), ProofError> {
    if computed == *claimed {
        return Ok(());
    }
    Err(ProofError::Root { size, computed, claimed: *claimed })
}
