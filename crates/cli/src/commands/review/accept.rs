//! Accepting items: those named, or all that were not reviewed.

use gradus_wire::v1;
use gradus_wire::v1::evidence_ref::Ref;

use super::{counted, show};
use crate::args::review::{AcceptArgs, items};
use crate::error::CliError;
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
        session.confirm_append(&format!("accept {what}"), args.confirm.yes, &args.append)?;
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
    for batch in evidence.chunks(MOST) {
        let request = |append| v1::AcceptEvidenceRequest {
            unit: args.project.clone(),
            append,
            evidence: batch.to_vec(),
            note: args.note.clone(),
        };
        let send = async |request| session.client.evidence().accept_evidence(request).await;
        if let Some(response) = session.append(&args.append, request, send).await? {
            let parts = vec![("items", batch.len().to_string().into())];
            session.done(&response, response.receipt.as_ref(), parts)?;
        }
    }
    Ok(())
}

/// What was submitted and not reviewed.
async fn submitted(session: &Session, args: &AcceptArgs) -> Result<Vec<v1::EvidenceRef>, CliError> {
    let request = v1::ListEvidenceRequest {
        unit: args.project.clone(),
        standings: vec![v1::Standing::Submitted.into()],
        source: args.all_from.clone().unwrap_or_default(),
        ..v1::ListEvidenceRequest::default()
    };
    let (found, _) = show::found(session, &request, None).await?;
    let named = |item: v1::Evidence| v1::EvidenceRef { r#ref: Some(Ref::Evidence(item.id)) };
    Ok(found.into_iter().map(named).collect())
}
