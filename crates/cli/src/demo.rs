//! `gradus demo`: a server with the bundled histories, gone when it stops.

use crate::args::serve::DemoArgs;
use crate::error::CliError;

/// Runs the demonstration.
pub async fn run(args: DemoArgs) -> Result<(), CliError> {
    let address = args.listen;
    Err(CliError::Serve(format!("this build holds no server: nothing listens on {address}")))
}
