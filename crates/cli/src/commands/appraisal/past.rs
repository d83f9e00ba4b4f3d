//! `gradus appraisal sheet import-past`.

use gradus_wire::v1;

use super::sheet::refuse;
use crate::appraisal::sheet::{self, Given};
use crate::appraisal::{input, past};
use crate::args::append::DryRun;
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
    if ratings.is_empty() {
        let hint = "fill the column `rating`; rows without one are left out";
        return Err(CliError::usage("no row has a rating", hint));
    }
    if ratings.len() > MOST_ROWS {
        let message =
            format!("{} rows have a rating, at most {MOST_ROWS} are taken", ratings.len());
        return Err(CliError::usage(message, "bring some areas in as an appraisal of their own"));
    }
    let request = |append, ratings: &[v1::ImportedRatingInput]| v1::ImportAppraisalRequest {
        append,
        input: Some(input.clone()),
        conducted_from: args.conducted_from.wire(),
        conducted_until: args.conducted_until.wire(),
        effective_at: args.effective_at.wire(),
        ratings: ratings.to_vec(),
        statement: args.statement.clone(),
    };
    let send = async |request| session.client.appraisals().import_appraisal(request).await;
    let parts = |response: &v1::ImportAppraisalResponse| {
        vec![
            ("appraisal", response.appraisal.clone().into()),
            ("ratings", response.ratings.to_string().into()),
        ]
    };
    let all = |append| request(append, &ratings);
    match session.record_with(&args.append, all, send, parts).await {
        Err(refused @ CliError::Refused(_)) => {
            let mut problems = Vec::new();
            let mut append = args.append.clone();
            (append.dry_run, append.request_id) = (Some(DryRun::Server), None);
            for (Given { place, .. }, rating) in rows.iter().zip(&ratings) {
                let alone = |append| request(append, std::slice::from_ref(rating));
                match session.append(&append, alone, send).await {
                    Ok(_) => (),
                    Err(CliError::Refused(status)) => {
                        problems.push(format!("{place}: {}", status.message()));
                    }
                    Err(other) => return Err(other),
                }
            }
            // What every row alone is refused for is not about the rows.
            if problems.len() < ratings.len() || ratings.len() == 1 {
                refuse(&problems)?;
            }
            Err(refused)
        }
        other => other,
    }
}
