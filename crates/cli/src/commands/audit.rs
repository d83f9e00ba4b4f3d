//! `gradus audit`: what auditors ask of the log.

mod queries;
mod tiles;

use gradus_wire::v1;

use super::source::{NOTHING, supposed};
use crate::args::audit::{AuditCommand, GapsArgs, LateArgs, WithoutArgs};
use crate::error::CliError;
use crate::output::{View, gaps, late, message};
use crate::session::Session;

pub use queries::verify as verify_queries;
pub use tiles::verify;

/// Does what the command says.
pub async fn run(session: &Session, command: AuditCommand) -> Result<(), CliError> {
    match command {
        AuditCommand::Gaps(args) => find_gaps(session, args).await,
        AuditCommand::Export(args) => tiles::export(session, args).await,
        AuditCommand::Verify(args) => verify(&args, &session.output),
        AuditCommand::Late(args) => find_late(session, args).await,
        AuditCommand::Without(args) => without(session, args).await,
        AuditCommand::Queries(command) => queries::run(session, command).await,
    }
}

async fn find_gaps(session: &Session, args: GapsArgs) -> Result<(), CliError> {
    let coordinate = Some(args.holds.wire());
    let request = v1::FindGapsRequest { unit: args.unit, coordinate, min_size: 0 };
    let send = async |request| session.client.audit().find_gaps(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&gaps::view(&response)?)
}

async fn find_late(session: &Session, args: LateArgs) -> Result<(), CliError> {
    let LateArgs { unit, late_days, close_days, holds } = args;
    let coordinate = Some(holds.wire());
    let request = v1::FindLateRequest { unit, coordinate, late_days, close_days, min_size: 0 };
    let send = async |request| session.client.audit().find_late(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&late::view(&response)?)
}

async fn without(session: &Session, args: WithoutArgs) -> Result<(), CliError> {
    let (from, until) = args.interval.wire();
    let request = v1::SupposeWithoutRequest {
        unit: args.unit,
        suspect: Some(args.suspect.wire()),
        from,
        until,
        coordinate: Some(args.holds.wire()),
        min_size: 0,
    };
    let send = async |request| session.client.audit().suppose_without(request).await;
    let response = session.client.call(request, send).await?;
    let sheets = response.impact.as_ref().map(supposed).into_iter().flatten().collect();
    session.output.show(&View { document: message::json(&response)?, entries: None, sheets })?;
    let nothing = response.impact.as_ref().is_none_or(|impact| impact.items == 0);
    if nothing { session.output.note(NOTHING) } else { Ok(()) }
}
