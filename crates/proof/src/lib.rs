//! RFC 6962 Merkle trees: leaf and node hashes, roots, and the right edge of a growing log.
//!
//! Everything here is a value: no input or output, no clock, no randomness.

pub mod digest;
pub mod lanes;
pub mod payload;
pub mod tree;

pub use digest::sha256;
pub use tree::{RightEdge, Tree, TreeError, empty_root, leaf_hash, node_hash, root};
