//! `gradus erase`, `gradus retention` and `gradus hold`: texts that go, and texts that stay.

use gradus_wire::v1;
use gradus_wire::v1::erase_texts_request::Texts;
use tonic::Request;

use super::projections::last;
use crate::args::append::{AppendArgs, DryRun};
use crate::args::erase::{
    EraseCommand, ErasedAttachmentArgs, ErasingArgs, FieldArgs, HoldCommand, RetentionCommand,
    Whose, wire,
};
use crate::args::review::item;
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, time};
use crate::output::sheet::{Cell, Sheet};
use crate::session::Session;

/// Erases texts.
pub async fn erase(session: &Session, command: EraseCommand) -> Result<(), CliError> {
    match command {
        EraseCommand::Person(args) => {
            let (about, written) = match args.texts {
                Whose::About => (true, false),
                Whose::Written => (false, true),
                Whose::All => (true, true),
            };
            let question = match args.texts {
                Whose::About => format!("destroy the texts about {} for ever", args.person),
                Whose::Written => format!("destroy what {} wrote for ever", args.person),
                Whose::All => format!("destroy the texts about and by {} for ever", args.person),
            };
            let of = v1::TextsOf { principal: args.person, about, written };
            erase_texts(session, &question, Texts::Person(of), args.erasing).await
        }
        EraseCommand::Words(args) => {
            let question = format!("destroy every text with `{}` in it for ever", args.words);
            erase_texts(session, &question, Texts::Naming(args.words), args.erasing).await
        }
        EraseCommand::Field(args) => withhold(session, args).await,
        EraseCommand::Attachment(args) => attachments(session, args).await,
    }
}

async fn erase_texts(
    session: &Session,
    question: &str,
    texts: Texts,
    args: ErasingArgs,
) -> Result<(), CliError> {
    confirm(session, question, args.confirm.yes, args.plan).await?;
    let asked = v1::EraseTextsRequest {
        unit: args.project,
        texts: Some(texts),
        reason: args.reason,
        validate_only: args.plan,
    };
    let sent = session.client.erasure().erase_texts(Request::new(asked)).await;
    let last = last(session, sent, |of| (of.done, of.total)).await?;
    show(session, last.total, &last.erasure.unwrap_or_default())
}

/// Asks, unless nothing will be recorded.
async fn confirm(session: &Session, question: &str, yes: bool, plan: bool) -> Result<(), CliError> {
    let dry_run = plan.then_some(DryRun::Server);
    let append = AppendArgs { dry_run, ..AppendArgs::default() };
    session.confirm(question, yes, &append).await
}

async fn attachments(session: &Session, args: ErasedAttachmentArgs) -> Result<(), CliError> {
    let sha256: Vec<String> = args.digest.iter().map(ToString::to_string).collect();
    let question = format!("destroy the attachments {} for ever", sha256.join(", "));
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let (unit, reason) = (args.project, args.reason);
    let request = |append| v1::EraseAttachmentsRequest { append, unit, sha256, reason };
    let send = async |request| session.client.attachments().erase_attachments(request).await;
    session.record(&args.append, request, send).await
}

async fn withhold(session: &Session, args: FieldArgs) -> Result<(), CliError> {
    let evidence = Some(item(&args.item)?);
    let (named, fields) = (args.item.join(" "), args.field.join(", "));
    let question = format!("destroy the texts of {named}, and keep all but {fields} anew");
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let request = |append| v1::WithholdTextsRequest {
        append,
        unit: args.project,
        evidence,
        fields: args.field,
        reason: args.reason,
    };
    let send = async |request| session.client.erasure().withhold_texts(request).await;
    let parts = |of: &v1::WithholdTextsResponse| vec![("id", of.evidence.clone().into())];
    session.record_with(&args.append, request, send, parts).await
}

fn show(session: &Session, looked_at: u64, of: &v1::Erasure) -> Result<(), CliError> {
    let mut sheet = Sheet::new(&["stream", "records", "attachments", "held", "positions"]);
    for stream in &of.streams {
        let events = stream.receipts.iter().flat_map(|receipt| &receipt.events);
        let positions: Vec<String> = events.map(|event| event.position.to_string()).collect();
        let unit = stream.unit.as_ref().map(|unit| unit.name.clone());
        sheet.row(vec![
            unit.unwrap_or_else(|| format!("appraisal {}", stream.appraisal)).into(),
            stream.records.to_string().into(),
            stream.attachments.to_string().into(),
            stream.held.to_string().into(),
            positions.join(", ").into(),
        ]);
    }
    let result = if of.validated_only {
        "would be erased; nothing was recorded"
    } else if of.records == 0 {
        "nothing to erase"
    } else {
        "erased"
    };
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("result", result.into()),
        ("records", of.records.to_string().into()),
        ("attachments", of.attachments.to_string().into()),
        ("held", of.held.to_string().into()),
        ("holds", of.holds.join(", ").into()),
        ("looked_at", looked_at.to_string().into()),
    ];
    if of.unread > 0 {
        parts.push(("unread", format!("{}, which you may not read", of.unread).into()));
    }
    let mut sheets = vec![Sheet::record(parts)];
    if !of.streams.is_empty() {
        sheets.insert(0, sheet.titled("by stream"));
    }
    session.output.show(&View { document: message::json(of)?, entries: None, sheets })
}

/// Does what the command says with retention rules.
pub async fn retention(session: &Session, command: RetentionCommand) -> Result<(), CliError> {
    match command {
        RetentionCommand::Set(args) => {
            let request = |append| v1::SetRetentionRequest {
                append,
                unit: args.unit,
                class: wire(args.class),
                days: args.days,
                reason: args.reason,
            };
            let send = async |request| session.client.erasure().set_retention(request).await;
            session.record(&args.append, request, send).await
        }
        RetentionCommand::Remove(args) => {
            let request = |append| v1::RemoveRetentionRequest {
                append,
                unit: args.unit,
                class: wire(args.class),
                reason: args.reason,
            };
            let send = async |request| session.client.erasure().remove_retention(request).await;
            session.record(&args.append, request, send).await
        }
        RetentionCommand::List => list_rules(session).await,
        RetentionCommand::Run(args) => {
            let question = "destroy what the retention rules no longer keep for ever";
            confirm(session, question, args.confirm.yes, args.plan).await?;
            let asked = v1::RunRetentionRequest { unit: args.project, validate_only: args.plan };
            let sent = session.client.erasure().run_retention(Request::new(asked)).await;
            let last = last(session, sent, |of| (of.done, of.total)).await?;
            show(session, last.total, &last.erasure.unwrap_or_default())
        }
    }
}

async fn list_rules(session: &Session) -> Result<(), CliError> {
    let send = async |request| session.client.erasure().list_retention(request).await;
    let rules = session.client.call(v1::ListRetentionRequest {}, send).await?.rules;
    let mut sheet = Sheet::new(&["id", "unit", "class", "days"]);
    for rule in &rules {
        let class = match rule.class() {
            v1::PayloadClass::Unspecified => "all",
            v1::PayloadClass::Ordinary => "ordinary",
            v1::PayloadClass::Confidential => "confidential",
            v1::PayloadClass::Unattributed => "unattributed",
        };
        sheet.row(vec![
            rule.position.to_string().into(),
            rule.unit.clone().unwrap_or_default().name.into(),
            class.into(),
            rule.days.to_string().into(),
        ]);
    }
    let entries = message::all(&rules)?;
    session.output.show(&View {
        document: object([("rules", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

/// Does what the command says with legal holds.
pub async fn hold(session: &Session, command: HoldCommand) -> Result<(), CliError> {
    match command {
        HoldCommand::Place(args) => {
            let (first, last) = args.records.unwrap_or_default();
            let (hold, unit, reason) = (args.hold, args.unit, args.reason);
            let request = |append| v1::PlaceHoldRequest { append, hold, unit, first, last, reason };
            let send = async |request| session.client.erasure().place_hold(request).await;
            session.record(&args.append, request, send).await
        }
        HoldCommand::Lift(args) => {
            let question = format!("let be erased what the legal hold {} keeps", args.hold);
            session.confirm(&question, args.confirm.yes, &args.append).await?;
            let (hold, reason) = (args.hold, args.reason);
            let request = |append| v1::LiftHoldRequest { append, hold, reason };
            let send = async |request| session.client.erasure().lift_hold(request).await;
            session.record(&args.append, request, send).await
        }
        HoldCommand::List(args) => list_holds(session, args.include_lifted).await,
    }
}

async fn list_holds(session: &Session, include_lifted: bool) -> Result<(), CliError> {
    let send = async |request| session.client.erasure().list_holds(request).await;
    let holds = session.client.call(v1::ListHoldsRequest { include_lifted }, send).await?.holds;
    let mut sheet =
        Sheet::new(&["hold", "unit", "records", "placed_at", "by", "reason", "lifted_at"]);
    for hold in &holds {
        let placed = hold.placed.clone().unwrap_or_default();
        let lifted = hold.lifted.as_ref().and_then(|said| said.recorded_at.as_ref());
        let records = match (hold.first, hold.last) {
            (0, _) => "all, and below it".to_owned(),
            (first, 0) => format!("{first}-"),
            (first, last) => format!("{first}-{last}"),
        };
        sheet.row(vec![
            hold.hold.clone().into(),
            hold.unit.clone().unwrap_or_default().name.into(),
            records.into(),
            time(placed.recorded_at.as_ref()).into(),
            placed.by.unwrap_or_default().name.into(),
            placed.reason.into(),
            time(lifted).into(),
        ]);
    }
    let entries = message::all(&holds)?;
    session.output.show(&View {
        document: object([("holds", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}
