//! `gradus projections`.

use clap::Subcommand;

/// Show, rebuild and verify what queries read.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// List the projections, how far they have read, and their digests
    List,
    /// Build a projection again from the log and switch over if both agree
    Rebuild {
        /// The projection
        #[arg(default_value = "levels")]
        name: String,
    },
    /// Fold a projection again without writing, and compare the digests
    Verify {
        /// The projection
        #[arg(default_value = "levels")]
        name: String,
    },
}
