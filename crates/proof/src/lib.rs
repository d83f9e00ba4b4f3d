//! RFC 6962 Merkle trees, and what anyone can check offline: proofs, checkpoints, witnesses.
//!
//! Everything here is a value: no input or output, no clock, no randomness. The formats are those
//! of [C2SP](https://c2sp.org): signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy,
//! tlog-proof, tlog-witness and tlog-tiles.

pub mod checkpoint;
pub mod consistency;
pub mod cosignature;
pub mod digest;
pub mod error;
pub mod handover;
pub mod inclusion;
pub mod key;
pub mod lanes;
pub mod note;
pub mod payload;
pub mod plan;
pub mod policy;
pub mod queries;
pub mod state;
pub mod text;
pub mod tiles;
pub mod tlog_proof;
pub mod tree;
pub mod witness;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use consistency::{consistency, verify_consistency};
pub use cosignature::Cosigner;
pub use digest::sha256;
pub use error::ProofError;
pub use handover::Handover;
pub use inclusion::{inclusion, verify_inclusion};
pub use key::{KeyType, NoteError, Signer, VerifierKey, key_id};
pub use note::{Note, Signature, signature_line};
pub use plan::{Hashes, Plan, Subtree};
pub use policy::{Policy, PolicyError, PolicyFormatError, Verdict};
pub use state::{Chain, Row, StateError};
pub use text::FormatError;
pub use tiles::{Tile, TileError, Tiles, VerifiedTiles};
pub use tlog_proof::{TlogProof, TlogProofError};
pub use tree::{LeafHashes, RightEdge, Tree, TreeError, empty_root, leaf_hash, node_hash, root};
pub use witness::{AddCheckpoint, WitnessError};
