//! Read models folded from the log, how far they have read, and the documents they were told of.
//!
//! They are views: delete them and they are folded again from position 0.

#![deny(clippy::float_arithmetic, clippy::iter_over_hash_type)]

pub mod library;
pub mod views;
pub mod walk;

// The bitemporal index: which courses change, their bytes, the database, the rebuild.
mod index;
pub mod projector;
pub mod rebuild;
pub mod store;

pub use index::{Batch, BlockId};
pub use library::Library;
pub use projector::Projector;
pub use store::IndexStore;
pub use views::Views;
