//! `gradus attachment`: files that items name, uploaded, had and listed.

use std::path::Path;

use gradus_model::evidence::Item;
use gradus_wire::v1;

use crate::args::attachment::{AttachmentCommand, GetArgs, ListArgs, PutArgs};
use crate::attachment::{get, hashed, put};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, time};
use crate::output::sheet::Sheet;
use crate::session::{Session, pages};

/// Does what the command says with attachments.
pub async fn run(session: &Session, command: AttachmentCommand) -> Result<(), CliError> {
    match command {
        AttachmentCommand::Put(args) => upload(session, &args).await,
        AttachmentCommand::Get(args) => download(session, &args).await,
        AttachmentCommand::List(args) => list(session, &args).await,
    }
}

async fn upload(session: &Session, args: &PutArgs) -> Result<(), CliError> {
    let mut sheet = Sheet::new(&["file", "attachment", "bytes"]);
    let mut kept = Vec::new();
    for path in &args.files {
        let held = put(session, &args.project, path).await?;
        let size = held.size.to_string();
        sheet.row(vec![path.display().to_string().into(), held.sha256.clone().into(), size.into()]);
        kept.push(held);
    }
    let entries = message::all(&kept)?;
    session.output.show(&View {
        document: object([("attachments", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

async fn download(session: &Session, args: &GetArgs) -> Result<(), CliError> {
    let size = get(session, (&args.project, args.digest), &args.save).await?;
    if args.save == Path::new("-") {
        return Ok(());
    }
    let (file, digest) = (args.save.display().to_string(), args.digest.to_string());
    session.output.show(&View {
        document: object([
            ("file", file.as_str().into()),
            ("attachment", digest.as_str().into()),
            ("bytes", size.into()),
        ]),
        entries: None,
        sheets: vec![Sheet::record(vec![
            ("file", file.into()),
            ("attachment", digest.into()),
            ("bytes", format!("{size}, which hash to it").into()),
        ])],
    })
}

async fn list(session: &Session, args: &ListArgs) -> Result<(), CliError> {
    let page = async |page_token: String, page_size: u32| {
        let unit = args.project.clone();
        let asked = v1::ListAttachmentsRequest { unit, page_size, page_token };
        let send = async |asked| session.client.attachments().list_attachments(asked).await;
        let page = session.client.call(asked, send).await?;
        Ok((page.attachments, page.next_page_token))
    };
    let all = pages(args.limit, page).await?;
    let mut sheet =
        Sheet::new(&["attachment", "state", "bytes", "evidence", "erased_at", "by", "reason"]);
    for of in &all {
        let (erased, held) = (of.erased.clone(), of.state() == v1::AttachmentState::Held);
        let at = erased.as_ref().and_then(|erased| erased.recorded_at.as_ref());
        let size = if held { of.size.to_string() } else { String::new() };
        let by = erased.as_ref().and_then(|erased| erased.by.clone()).unwrap_or_default();
        sheet.row(vec![
            of.sha256.clone().into(),
            message::text::<v1::AttachmentState>(of.state).into(),
            size.into(),
            of.evidence.join(" ").into(),
            time(at).into(),
            by.name.into(),
            erased.map(|erased| erased.reason).unwrap_or_default().into(),
        ]);
    }
    let entries = message::all(&all)?;
    session.output.show(&View {
        document: object([("attachments", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

/// Uploads the files of an item, if anything is to be recorded; their digests.
pub(super) async fn attached(
    session: &Session,
    unit: &str,
    files: &[std::path::PathBuf],
    upload: bool,
) -> Result<Vec<String>, CliError> {
    let (.., most) = Item::MOST;
    if files.len() > most {
        let seen = format!("{} files, but an item has at most {most} attachments", files.len());
        return Err(CliError::usage(seen, "put them into one archive, or into several items"));
    }
    let mut digests = Vec::new();
    for path in files {
        digests.push(if upload {
            put(session, unit, path).await?.sha256
        } else {
            hashed(path)?.0.to_string()
        });
    }
    Ok(digests)
}
