//! `gradus review`: what becomes of evidence.

pub mod accept;
pub mod queue;
pub mod show;

use gradus_wire::v1;
use gradus_wire::v1::erase_payload_request::Record;
use gradus_wire::v1::evidence_ref::Ref;

use crate::args::review::{
    EndArgs, EraseArgs, LinkArgs, NoteArgs, ReasonArgs, ReviewCommand, SupersedeArgs, WithdrawArgs,
    item, items,
};
use crate::error::CliError;
use crate::select::Moment;
use crate::session::Session;

/// Does what the command says.
pub async fn run(session: &Session, command: ReviewCommand) -> Result<(), CliError> {
    match command {
        ReviewCommand::List(args) => show::list(session, args).await,
        ReviewCommand::Queue(args) => queue::list(session, args).await,
        ReviewCommand::Matrix(args) => queue::matrix(session, args).await,
        ReviewCommand::Show(args) => show::one(session, args).await,
        ReviewCommand::Accept(args) => accept::run(session, args).await,
        ReviewCommand::Reject(args) => reject(session, args).await,
        ReviewCommand::Withdraw(args) => withdraw(session, args).await,
        ReviewCommand::Confirm(args) => confirm(session, args).await,
        ReviewCommand::End(args) => end(session, args).await,
        ReviewCommand::Supersede(args) => supersede(session, args).await,
        ReviewCommand::Link(args) => link(session, args).await,
        ReviewCommand::Unlink(args) => unlink(session, args).await,
        ReviewCommand::Erase(args) => erase(session, args).await,
    }
}

async fn reject(session: &Session, args: ReasonArgs) -> Result<(), CliError> {
    let evidence = items(&args.items.items)?;
    let request = |append| v1::RejectEvidenceRequest {
        unit: args.items.project,
        append,
        evidence,
        reason: args.reason,
    };
    let send = async |request| session.client.evidence().reject_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn withdraw(session: &Session, args: WithdrawArgs) -> Result<(), CliError> {
    let evidence = items(&args.items.items)?;
    let question = format!("withdraw {} for ever", counted(evidence.len()));
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let request = |append| v1::WithdrawEvidenceRequest {
        unit: args.items.project,
        append,
        evidence,
        reason: args.reason,
    };
    let send = async |request| session.client.evidence().withdraw_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn confirm(session: &Session, args: NoteArgs) -> Result<(), CliError> {
    let evidence = items(&args.items.items)?;
    let request = |append| v1::ConfirmEvidenceRequest {
        unit: args.items.project,
        append,
        evidence,
        note: args.note,
    };
    let send = async |request| session.client.evidence().confirm_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn end(session: &Session, args: EndArgs) -> Result<(), CliError> {
    let evidence = items(&args.items.items)?;
    let request = |append| v1::EndEvidenceRequest {
        unit: args.items.project,
        append,
        evidence,
        at: args.at.and_then(Moment::wire),
        reason: args.reason,
    };
    let send = async |request| session.client.evidence().end_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn supersede(session: &Session, args: SupersedeArgs) -> Result<(), CliError> {
    let (evidence, by) = (item(&args.items.items)?, item(&args.by)?);
    let request = |append| v1::SupersedeEvidenceRequest {
        unit: args.items.project,
        append,
        evidence: Some(evidence),
        by: Some(by),
        effective_at: args.since.and_then(Moment::wire),
        reason: args.reason,
    };
    let send = async |request| session.client.evidence().supersede_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn link(session: &Session, args: LinkArgs) -> Result<(), CliError> {
    let evidence = item(&args.items.items)?;
    let request = |append| v1::LinkEvidenceRequest {
        unit: args.items.project,
        append,
        evidence: Some(evidence),
        practices: args.practice,
        note: args.note,
        instances: args.instance,
    };
    let send = async |request| session.client.evidence().link_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn unlink(session: &Session, args: LinkArgs) -> Result<(), CliError> {
    let evidence = item(&args.items.items)?;
    let request = |append| v1::UnlinkEvidenceRequest {
        unit: args.items.project,
        append,
        evidence: Some(evidence),
        practices: args.practice,
        reason: args.note,
        instances: args.instance,
    };
    let send = async |request| session.client.evidence().unlink_evidence(request).await;
    session.record(&args.append, request, send).await
}

async fn erase(session: &Session, args: EraseArgs) -> Result<(), CliError> {
    let record = match args.stream_version {
        Some(version) => Record::Version(version),
        None => Record::Evidence(item(&args.item)?),
    };
    let question = format!("destroy the texts of {} for ever", named(&record));
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let request = |append| v1::ErasePayloadRequest {
        unit: args.project,
        append,
        record: Some(record),
        reason: args.reason,
    };
    let send = async |request| session.client.evidence().erase_payload(request).await;
    session.record(&args.append, request, send).await
}

fn named(record: &Record) -> String {
    match record {
        Record::Version(version) => format!("the record with version {version}"),
        Record::Evidence(v1::EvidenceRef { r#ref: Some(Ref::Evidence(id)) }) => id.clone(),
        Record::Evidence(v1::EvidenceRef { r#ref: Some(Ref::Source(source)) }) => {
            format!("`{}` of `{}`", source.id, source.name)
        }
        Record::Evidence(v1::EvidenceRef { r#ref: None }) => "nothing".to_owned(),
    }
}

fn counted(items: usize) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}
