//! `gradus audit`: what auditors ask of the log.

use gradus_wire::v1;

use crate::args::audit::{AuditCommand, GapsArgs};
use crate::error::CliError;
use crate::output::gaps;
use crate::session::Session;

/// Does what the command says.
pub async fn run(session: &Session, command: AuditCommand) -> Result<(), CliError> {
    match command {
        AuditCommand::Gaps(args) => find_gaps(session, args).await,
    }
}

async fn find_gaps(session: &Session, args: GapsArgs) -> Result<(), CliError> {
    let coordinate = Some(args.holds.wire());
    let request = v1::FindGapsRequest { unit: args.unit, coordinate, min_size: 0 };
    let send = async |request| session.client.audit().find_gaps(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&gaps::view(&response)?)
}
