//! Accepting items: those named, or all that were not reviewed.

use gradus_wire::v1;
use gradus_wire::v1::evidence_ref::Ref;

use super::counted;
use super::show::found;
use crate::args::review::{AcceptArgs, items};
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::{View, message, receipt};
use crate::session::Session;

/// The most items that a call may have.
const MOST: usize = 1_000;

/// Accepts items.
pub async fn run(session: &Session, args: AcceptArgs) -> Result<(), CliError> {
    let evidence = if args.all || args.all_from.is_some() {
        let found = submitted(session, &args).await?;
        let from = args.all_from.as_ref().map(|from| format!(" from `{from}`"));
        let what = format!("{}{}", counted(found.len()), from.unwrap_or_default());
        if found.is_empty() {
            return session.output.note(&format!("{what} to accept"));
        }
        session.confirm(&format!("accept {what}"), args.confirm.yes, &args.append).await?;
        found
    } else {
        items(&args.items)?
    };
    let once = args.append.request_id.is_some() || args.append.expected_version.is_some();
    if once && evidence.len() > MOST {
        return Err(CliError::usage(
            format!("{} items need more than one call", evidence.len()),
            "leave --request-id and --expected-version out: they are about one call",
        ));
    }
    let mut responses = Vec::new();
    for batch in evidence.chunks(MOST) {
        let request = |append| v1::AcceptEvidenceRequest {
            unit: args.project.clone(),
            append,
            evidence: batch.to_vec(),
            note: args.note.clone(),
        };
        let send = async |request| session.client.evidence().accept_evidence(request).await;
        responses.extend(session.append(&args.append, request, send).await?);
    }
    show(session, &responses)
}

/// Prints what one call did, or what several did in one document.
fn show(session: &Session, responses: &[v1::AcceptEvidenceResponse]) -> Result<(), CliError> {
    match responses {
        [] => Ok(()),
        [response] => session.done(response, Vec::new()),
        several => {
            let receipts = several.iter().filter_map(|response| response.receipt.as_ref());
            let entries = message::all(several)?;
            session.output.show(&View {
                document: object([("responses", Json::List(entries.clone()))]),
                entries: Some(entries),
                sheets: vec![receipt::table(receipts)],
            })
        }
    }
}

/// What was submitted and not reviewed.
async fn submitted(session: &Session, args: &AcceptArgs) -> Result<Vec<v1::EvidenceRef>, CliError> {
    let request = v1::ListEvidenceRequest {
        unit: args.project.clone(),
        standings: vec![v1::Standing::Submitted.into()],
        source: args.all_from.clone().unwrap_or_default(),
        ..v1::ListEvidenceRequest::default()
    };
    let (items, _) = found(session, &request, None).await?;
    let named = |item: v1::Evidence| v1::EvidenceRef { r#ref: Some(Ref::Evidence(item.id)) };
    Ok(items.into_iter().map(named).collect())
}
