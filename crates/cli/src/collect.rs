//! Bulk loads: what a collector made of a tool's output, pushed to a server.

pub mod history;
pub mod push;
pub mod steps;

pub use history::{History, Mapped};
pub use push::{Pushed, push};

/// The bundled mapping of git histories.
pub const GIT_MAPPING: &str = include_str!("../../../config/mappings/git.toml");
