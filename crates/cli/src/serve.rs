//! `gradus serve`: runs the server until it is told to stop.

use crate::args::serve::ServeArgs;
use crate::error::CliError;

/// Runs the server.
pub async fn run(args: ServeArgs) -> Result<(), CliError> {
    let data = args.data.display();
    Err(CliError::Serve(format!("this build holds no server: `{data}` was not opened")))
}
