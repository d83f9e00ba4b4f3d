//! Consistency proofs: that a tree only grew (RFC 6962, section 2.1.2).

use gradus_model::Digest;

use crate::error::ProofError;
use crate::inclusion::{path_length, same};
use crate::plan::{Hashes, Plan};
use crate::tree::{empty_root, node_hash};

/// The hashes that prove that the tree of `new` leaves begins with that of `old`: none where `old`
/// is 0 or both are one tree, else at most 65.
///
/// # Errors
///
/// [`ProofError::Shrunk`] where `new` is below `old`, and what the reader returns.
pub fn consistency<H>(old: u64, new: u64, reader: &H) -> Result<Vec<Digest>, H::Error>
where
    H: Hashes,
    H::Error: From<ProofError>,
{
    Plan::consistency(old, new)?.assemble(reader)
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves, both by their roots
/// (RFC 9162, section 2.1.4.2).
///
/// The tree without leaves is the beginning of every tree, and an empty proof says so (C2SP
/// tlog-witness).
///
/// # Errors
///
/// [`ProofError`]: a tree that shrank, another number of hashes than the sizes call for, or
/// another root of either tree.
pub fn verify_consistency(
    old: u64,
    old_root: &Digest,
    new: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    let needed = length(old, new);
    if proof.len() != needed {
        return Err(ProofError::Length { given: proof.len(), needed });
    }
    if old == new {
        return same(new, *old_root, new_root);
    }
    if old == 0 {
        return same(0, empty_root(), old_root);
    }
    // The last complete subtree of the old tree: where it is the whole tree, its root is known.
    let step = old.trailing_zeros();
    let (known, proof) = match proof.split_first() {
        Some((first, rest)) if !old.is_power_of_two() => (*first, rest),
        _ => (*old_root, proof),
    };
    let (mut node, mut last) = ((old - 1) >> step, (new - 1) >> step);
    let (mut before, mut after) = (known, known);
    for hash in proof {
        if node % 2 == 1 || node == last {
            before = node_hash(hash, &before);
            after = node_hash(hash, &after);
            while node % 2 == 0 && node != 0 {
                (node, last) = (node / 2, last / 2);
            }
        } else {
            // What lies to the right came later.
            after = node_hash(&after, hash);
        }
        (node, last) = (node / 2, last / 2);
    }
    same(old, before, old_root)?;
    same(new, after, new_root)
}

/// The hashes of the proof between two sizes.
const fn length(old: u64, new: u64) -> usize {
    if old == 0 || old == new {
        return 0;
    }
    let step = old.trailing_zeros();
    let path = path_length((old - 1) >> step, (new - 1) >> step);
    if old.is_power_of_two() { path } else { path + 1 }
}
