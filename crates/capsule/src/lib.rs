//! What an auditor holds offline: claims, which pin answers, and capsules, which prove them.
//!
//! A capsule is one file: the leaves of some streams up to a size of the log, proofs that lead to a
//! signed checkpoint, the texts or their commitments, the documents that levels are computed with,
//! and the levels that it claims. What is checked here needs no fold; that the levels follow from
//! the records is checked by whoever has one.
//!
//! Invariant: a capsule has one form only, so that each of its bytes is checked.

pub mod claim;
pub mod state;

pub mod check;
pub mod fault;
pub mod file;
pub mod heads;
pub mod known_at;
pub mod manifest;
pub mod shown;
pub mod stream;
pub mod summary;
pub mod texts;
pub mod ustar;

pub use check::{Checked, Trust, check};
pub use fault::Fault;
pub use file::{Capsule, Unread};
pub use heads::Heads;
pub use manifest::Manifest;
pub use summary::Summary;
