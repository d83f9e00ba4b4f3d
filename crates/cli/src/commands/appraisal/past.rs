//! `gradus appraisal sheet import-past`.

use gradus_wire::v1;

use super::sheet::{bounded, each, lines, refuse};
use crate::appraisal::sheet;
use crate::appraisal::{input, past};
use crate::args::appraisal::SheetImportPastArgs;
use crate::error::CliError;
use crate::session::Session;

/// The most ratings that one appraisal brings in.
const MOST_ROWS: usize = 900;

/// Brings in an appraisal of before.
pub(super) async fn import(session: &Session, args: SheetImportPastArgs) -> Result<(), CliError> {
    let input = input::read(&args.file)?;
    let sheet::Sheets { ratings: rows, problems, .. } = sheet::read(&args.sheets)?;
    refuse(&problems)?;
    let (ratings, problems) = past::ratings(&rows);
    refuse(&problems)?;
    let instead = "bring some areas in as an appraisal of their own";
    bounded(ratings.len(), MOST_ROWS, "rating", instead)?;
    let request = |append, ratings| v1::ImportAppraisalRequest {
        append,
        input: Some(input.clone()),
        conducted_from: args.conducted_from.wire(),
        conducted_until: args.conducted_until.wire(),
        effective_at: args.effective_at.wire(),
        ratings,
        statement: args.statement.clone(),
    };
    let send = async |request| session.client.appraisals().import_appraisal(request).await;
    let parts = |response: &v1::ImportAppraisalResponse| {
        vec![
            ("appraisal", response.appraisal.clone().into()),
            ("ratings", response.ratings.to_string().into()),
        ]
    };
    let all = |append| request(append, ratings.clone());
    match session.record_with(&args.append, all, send, parts).await {
        Err(refused @ CliError::Refused(_)) => {
            let rows = rows.iter().map(|row| &row.place);
            let rows = rows.zip(ratings.iter().map(|rating| vec![rating.clone()]));
            let problems = lines(each(session, &args.append, rows, request, send).await?);
            // What every row alone is refused for is not about the rows.
            if problems.len() < ratings.len() || ratings.len() == 1 {
                refuse(&problems)?;
            }
            Err(refused)
        }
        other => other,
    }
}
