//! `gradus models`: the documents that levels are computed with.

use gradus_wire::v1;

use crate::args::models::{GetArgs, ListArgs, ModelsCommand, PublishArgs, ShowArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::{Cell, Sheet};
use crate::session::{Parts, Session, pages, warned};

/// Does what the command says.
pub async fn run(session: &Session, command: ModelsCommand) -> Result<(), CliError> {
    match command {
        ModelsCommand::List(args) => list(session, args).await,
        ModelsCommand::Show(args) => show(session, args).await,
        ModelsCommand::Get(args) => get(session, args).await,
        ModelsCommand::Publish(args) => publish(session, args).await,
    }
}

async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let documents = pages(None, async |page_token, page_size| {
        let kind = args.kind.map_or(0, i32::from);
        let request = v1::ListDocumentsRequest { page_size, page_token, kind };
        let send = async |request| session.client.models().list_documents(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.documents, response.next_page_token))
    });
    let documents = documents.await?;
    let mut sheet = Sheet::new(&["id", "kind", "title", "published_at", "digest"]);
    for document in &documents {
        sheet.row(vec![
            document.id.clone().into(),
            kind(document).into(),
            document.title.clone().into(),
            time(document.published_at.as_ref()).into(),
            document.digest.clone().into(),
        ]);
    }
    let entries = message::all(&documents)?;
    session.output.show(&View {
        document: object([("documents", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet.without(&["digest"])],
    })
}

fn kind(document: &v1::Document) -> String {
    text::<v1::DocumentKind>(document.kind)
}

async fn show(session: &Session, args: ShowArgs) -> Result<(), CliError> {
    let request = v1::GetModelRequest { model: args.model };
    let send = async |request| session.client.models().get_model(request).await;
    let response = session.client.call(request, send).await?;
    let model = response.model.unwrap_or_default();
    session.output.show(&View {
        document: message::json(&model)?,
        entries: None,
        sheets: vec![about(&model), practices(&model), dependencies(&model)],
    })
}

fn about(model: &v1::Model) -> Sheet {
    Sheet::record(vec![
        ("id", model.id.clone().into()),
        ("title", model.title.clone().into()),
        ("edition", model.edition.clone().into()),
        ("standard", model.standard.clone().into()),
        ("note", model.note.clone().into()),
        ("digest", model.digest.clone().into()),
    ])
}

/// Base practices by area, then generic practices by common feature.
fn practices(model: &v1::Model) -> Sheet {
    let mut sheet = Sheet::new(&["within", "of", "practice", "title", "check", "borrowed"]);
    let mut row = |within: &str, of: &str, practice: &str, title: &str, (check, borrowed)| {
        let check = text::<v1::Check>(check);
        let borrowed = if borrowed { "yes" } else { "" };
        let cells = [within, of, practice, title, check.as_str(), borrowed];
        sheet.row(cells.map(Cell::from).to_vec());
    };
    for area in &model.areas {
        for practice in &area.base_practices {
            let id = practice.practice.split_once('/').map_or("", |(_, id)| id);
            let marks = (practice.check, practice.borrowed);
            row(&area.id, &area.title, id, &practice.title, marks);
        }
        if area.base_practices.is_empty() {
            row(&area.id, &area.title, "", "", (0, false));
        }
    }
    for feature in &model.features {
        for practice in &feature.generic_practices {
            let marks = (practice.check, practice.borrowed);
            row(&feature.id, &feature.title, &practice.id, &practice.title, marks);
        }
    }
    sheet
}

/// Which area needs results of which.
fn dependencies(model: &v1::Model) -> Sheet {
    let mut sheet = Sheet::new(&["area", "needs", "basis", "reason"]);
    for one in &model.dependencies {
        let cells = [&one.area, &one.needs, &one.basis, &one.reason];
        sheet.row(cells.map(|text| Cell::from(text.clone())).to_vec());
    }
    sheet
}

async fn get(session: &Session, args: GetArgs) -> Result<(), CliError> {
    let kind = args.kind.map_or(0, i32::from);
    let request = v1::GetDocumentRequest { document: args.document, kind };
    let send = async |request| session.client.models().get_document(request).await;
    let response = session.client.call(request, send).await?;
    session.output.bytes(&response.content)
}

async fn publish(session: &Session, args: PublishArgs) -> Result<(), CliError> {
    let fail = |error| CliError::File { file: args.file.display().to_string(), error };
    let content = std::fs::read(&args.file).map_err(fail)?;
    match args.kind {
        v1::DocumentKind::Rules => {
            let request = |append| v1::PublishRulesRequest { append, content };
            let send = async |request| session.client.models().publish_rules(request).await;
            let parts = |done: &v1::PublishRulesResponse| published(done.document.as_ref());
            session.record_with(&args.append, request, send, parts).await
        }
        v1::DocumentKind::Profile => {
            let request = |append| v1::PublishProfileRequest { append, content };
            let send = async |request| session.client.models().publish_profile(request).await;
            let parts = |done: &v1::PublishProfileResponse| {
                let mut parts = published(done.document.as_ref());
                parts.extend(warned(&done.warnings));
                parts
            };
            session.record_with(&args.append, request, send, parts).await
        }
        v1::DocumentKind::Model | v1::DocumentKind::Unspecified => {
            let request = |append| v1::PublishModelRequest { append, content };
            let send = async |request| session.client.models().publish_model(request).await;
            let parts = |done: &v1::PublishModelResponse| published(done.document.as_ref());
            session.record_with(&args.append, request, send, parts).await
        }
    }
}

fn published(document: Option<&v1::Document>) -> Parts {
    let document = document.cloned().unwrap_or_default();
    vec![
        ("id", document.id.clone().into()),
        ("kind", kind(&document).into()),
        ("title", document.title.into()),
        ("digest", document.digest.into()),
    ]
}
