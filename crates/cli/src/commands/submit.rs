//! `gradus submit`: puts evidence forward.

use std::io::Read as _;

use gradus_wire::v1;

use crate::args::submit::SubmitArgs;
use crate::commands::attachment::attached;
use crate::error::CliError;
use crate::items;
use crate::session::{Parts, Session};

/// Puts evidence forward, all or none.
pub async fn run(session: &Session, args: &SubmitArgs) -> Result<(), CliError> {
    let items = match &args.file {
        Some(file) => in_file(file)?,
        None => {
            let (files, upload) = (&args.item.attach, args.append.dry_run.is_none());
            vec![args.item.item(attached(session, &args.project, files, upload).await?)]
        }
    };
    let request = |append| v1::SubmitEvidenceRequest { unit: args.project.clone(), append, items };
    let send = async |request| session.client.evidence().submit_evidence(request).await;
    session.record_with(&args.append, request, send, submitted).await
}

/// What became of the items put forward, in words.
pub(super) fn submitted(response: &v1::SubmitEvidenceResponse) -> Parts {
    let known = response.items.iter().filter(|item| item.duplicate).count();
    let new = response.items.len() - known;
    let ids: Vec<_> = response.items.iter().map(|item| item.evidence.as_str()).collect();
    vec![
        ("evidence", ids.join(" ").into()),
        ("new", new.to_string().into()),
        ("known", known.to_string().into()),
    ]
}

fn in_file(file: &str) -> Result<Vec<v1::EvidenceItem>, CliError> {
    let fail = |error| CliError::File { file: file.to_owned(), error };
    let (name, text) = if file == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(fail)?;
        ("stdin", text)
    } else {
        (file, std::fs::read_to_string(file).map_err(fail)?)
    };
    let items = items::read(name, &text)?;
    if items.is_empty() || items.len() > items::MOST {
        let seen = format!("{name}: {} items, but a call has 1 to {}", items.len(), items::MOST);
        return Err(CliError::usage(seen, "split the file: each call is recorded as a whole"));
    }
    Ok(items)
}
