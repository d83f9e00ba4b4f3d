//! `gradus conflict`: who has an interest of their own in a unit.

use gradus_wire::v1;

use crate::args::conflict::{ConflictCommand, DeclareArgs, ListArgs, WithdrawArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::duties;
use crate::output::json::{Json, object};
use crate::output::message;
use crate::select::Moment;
use crate::session::{Session, pages};

/// Does what the command says with conflicts of interest.
pub async fn run(session: &Session, command: ConflictCommand) -> Result<(), CliError> {
    match command {
        ConflictCommand::Declare(args) => declare(session, args).await,
        ConflictCommand::Withdraw(args) => withdraw(session, args).await,
        ConflictCommand::List(args) => list(session, args).await,
    }
}

async fn declare(session: &Session, args: DeclareArgs) -> Result<(), CliError> {
    let request = |append| v1::DeclareConflictRequest {
        append,
        unit: args.unit,
        principal: args.principal.unwrap_or_default(),
        from: args.from.and_then(Moment::wire),
        until: args.until.and_then(Moment::wire),
        reason: args.reason,
    };
    let send = async |request| session.client.duties().declare_conflict(request).await;
    session.record(&args.append, request, send).await
}

async fn withdraw(session: &Session, args: WithdrawArgs) -> Result<(), CliError> {
    let ending = args.ending;
    let (unit, principal) = (args.unit, args.principal);
    let question = format!("end the conflict of interest of `{principal}` on `{unit}`");
    session.confirm_final(&question, &ending.how).await?;
    let request = |append| v1::WithdrawConflictRequest {
        append,
        unit,
        principal,
        effective_at: ending.at.and_then(Moment::wire),
        reason: ending.how.reason,
    };
    let send = async |request| session.client.duties().withdraw_conflict(request).await;
    session.record(&ending.how.append, request, send).await
}

async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let coordinate = args.holds.wire();
    let conflicts = pages(None, async |page_token, page_size| {
        let request = v1::ListConflictsRequest {
            page_size,
            page_token,
            unit: args.unit.clone(),
            coordinate: Some(coordinate.clone()),
            min_size: 0,
        };
        let send = async |request| session.client.duties().list_conflicts(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.conflicts, response.next_page_token))
    })
    .await?;
    let entries = message::all(&conflicts)?;
    session.output.show(&View {
        document: object([("conflicts", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![duties::conflicts(&conflicts)],
    })
}
