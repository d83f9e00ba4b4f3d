//! `gradus audit`: what auditors ask of the log.

mod tiles;

use gradus_wire::v1;

use crate::args::audit::{AuditCommand, GapsArgs};
use crate::error::CliError;
use crate::output::gaps;
use crate::session::Session;

pub use tiles::verify;

/// Does what the command says.
pub async fn run(session: &Session, command: AuditCommand) -> Result<(), CliError> {
    match command {
        AuditCommand::Gaps(args) => find_gaps(session, args).await,
        AuditCommand::Export(args) => tiles::export(session, args).await,
        AuditCommand::Verify(args) => verify(&args, &session.output),
    }
}

async fn find_gaps(session: &Session, args: GapsArgs) -> Result<(), CliError> {
    let coordinate = Some(args.holds.wire());
    let request = v1::FindGapsRequest { unit: args.unit, coordinate, min_size: 0 };
    let send = async |request| session.client.audit().find_gaps(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&gaps::view(&response)?)
}
