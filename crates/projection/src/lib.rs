//! Read models folded from the log, how far they have read, and the documents they were told of.
//!
//! They are views: delete them and they are folded again from position 0.

pub mod library;
pub mod views;

pub use library::Library;
pub use views::Views;
