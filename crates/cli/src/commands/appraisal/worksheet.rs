//! `gradus appraisal sheet merge` and `agree`.

use std::fs::File;

use gradus_wire::v1;

use super::sheet::{MOST_ROWS, bounded, each, lines, refuse};
use crate::appraisal::sheet;
use crate::appraisal::worksheet::{merge as side_by_side, off_record, read};
use crate::args::appraisal::{SheetAgreeArgs, SheetMergeArgs};
use crate::error::CliError;
use crate::session::Session;

/// Lays sheets side by side.
pub(super) fn merge(session: &Session, args: &SheetMergeArgs) -> Result<(), CliError> {
    let sheet::Sheets { ratings, problems, .. } = sheet::read(&args.sheets)?;
    refuse(&problems)?;
    let merged = match side_by_side(&ratings) {
        Ok(merged) => merged,
        Err(problems) => return refuse(&problems),
    };
    match &args.to {
        None => merged.write(anstream::stdout().lock())?,
        Some(path) => {
            let file = path.display().to_string();
            let out = File::create_new(path).map_err(|error| CliError::File { file, error })?;
            merged.write(out)?;
        }
    }
    let (rows, open) = merged.counts();
    session.output.note(&format!("{rows} practices side by side; {open} wait for a talk"))
}

/// Records what was agreed on.
pub(super) async fn agree(session: &Session, args: SheetAgreeArgs) -> Result<(), CliError> {
    let (rows, problems) = read(&args.file)?;
    refuse(&problems)?;
    let instead = "record some of them with a sheet of their own";
    bounded(rows.len(), MOST_ROWS, "consensus", instead)?;
    let told = super::told(session, args.appraisal.clone(), String::new()).await?;
    refuse(&off_record(&rows, &told))?;
    let request = |append, consensus| v1::ReachConsensusRequest {
        append,
        appraisal: args.appraisal.clone(),
        consensus,
    };
    let all = |append| request(append, rows.iter().map(|row| row.consensus.clone()).collect());
    let send = async |request| session.client.appraisals().reach_consensus(request).await;
    let parts = |_: &v1::ReachConsensusResponse| vec![("rows", rows.len().to_string().into())];
    match session.record_with(&args.append, all, send, parts).await {
        Err(refused @ CliError::Refused(_)) => {
            let rows = rows.iter().map(|row| (&row.place, vec![row.consensus.clone()]));
            refuse(&lines(each(session, &args.append, rows, request, send).await?))?;
            Err(refused)
        }
        other => other,
    }
}
