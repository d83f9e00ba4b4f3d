//! Why a Merkle proof proves nothing.

use gradus_model::Digest;

/// A proof that does not hold, or that cannot exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A leaf past the end.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    Outside {
        /// The leaf's position.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A tree that is said to have grown, but is smaller.
    #[error("a tree of {old} leaves cannot grow to {new}")]
    Shrunk {
        /// The size before.
        old: u64,
        /// The size after.
        new: u64,
    },
    /// More hashes, or fewer, than the sizes call for.
    #[error("the proof has {given} hashes, and {needed} are needed")]
    Length {
        /// The hashes that the proof has.
        given: usize,
        /// The hashes that a proof between these sizes has.
        needed: usize,
    },
    /// A root that is not what the proof leads to.
    #[error("the proof leads to root {computed} of {size} leaves, not to {claimed}")]
    Root {
        /// The size of the tree.
        size: u64,
        /// What the proof leads to.
        computed: Digest,
        /// What was to be proved.
        claimed: Digest,
    },
}
