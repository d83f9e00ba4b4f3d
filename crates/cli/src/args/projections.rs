//! `gradus projections`.

use clap::Subcommand;

/// Show, rebuild and verify what queries read.
#[derive(Debug, Subcommand)]
pub enum ProjectionsCommand {
    /// List the projections, how far they have read, and how far the log is verified again
    #[command(after_help = "Example: gradus projections list --output json
A server of a long log takes calls before it has hashed the records that an earlier start verified,
and verifies these meanwhile; the line `log` tells how far it is. In JSON, `log.state` is `off` (all
was verified before the server took calls), `running` or `done`, with `verified` and `expected`.
A record that is not as it was ends the server.")]
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
