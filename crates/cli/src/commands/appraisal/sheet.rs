//! `gradus appraisal sheet`.

use std::fs::File;

use gradus_wire::v1;

use crate::appraisal::sheet::{self, Given, Place};
use crate::args::append::DryRun;
use crate::args::appraisal::{SheetExportArgs, SheetImportArgs};
use crate::error::CliError;
use crate::session::Session;

/// The most rows that are rated in one call.
pub(super) const MOST_ROWS: usize = 1_000;

/// Writes a sheet.
pub(super) async fn export(session: &Session, args: SheetExportArgs) -> Result<(), CliError> {
    let told = super::told(session, args.appraisal, args.carry.carry_from).await?;
    let own = own(session).await?;
    let rows = sheet::rows(&told, &own);
    match &args.to {
        None => sheet::write(&rows, anstream::stdout().lock()),
        Some(path) => {
            let file = path.display().to_string();
            let out = File::create_new(path).map_err(|error| CliError::File { file, error })?;
            sheet::write(&rows, out)
        }
    }
}

/// Rates by filled sheets.
pub(super) async fn import(session: &Session, args: SheetImportArgs) -> Result<(), CliError> {
    let sheet::Sheets { ratings, mut problems, unread } = sheet::read(&args.files)?;
    if !problems.is_empty() {
        // What the server says of the rest is told with it, if it can be asked.
        for rows in [&unread, &ratings] {
            let more = each(session, &args, rows).await;
            sheet::together(&mut problems, more.unwrap_or_default());
        }
        refuse(&problems)?;
    }
    refuse(&of_others(&ratings, &own(session).await?))?;
    if ratings.is_empty() {
        let hint = "fill the column `rating`; rows without one are left out";
        return Err(CliError::usage("no row has a rating", hint));
    }
    if ratings.len() > MOST_ROWS {
        let message =
            format!("{} rows have a rating, at most {MOST_ROWS} are taken", ratings.len());
        return Err(CliError::usage(message, "import the sheets one by one"));
    }
    let request = |append| v1::RateInAppraisalRequest {
        append,
        appraisal: args.appraisal.clone(),
        ratings: ratings.iter().map(|given| given.rating.clone()).collect(),
    };
    let send = async |request| session.client.appraisals().rate_in_appraisal(request).await;
    match session.append(&args.append, request, send).await {
        Ok(Some(response)) => {
            session.done(&response, vec![("rows", ratings.len().to_string().into())])
        }
        Ok(None) => Ok(()),
        Err(refused @ CliError::Refused(_)) => {
            sheet::together(&mut problems, each(session, &args, &ratings).await?);
            refuse(&problems)?;
            Err(refused)
        }
        Err(other) => Err(other),
    }
}

/// Whoever asks.
async fn own(session: &Session) -> Result<v1::PrincipalRef, CliError> {
    let send = async |request| session.client.principals().who_am_i(request).await;
    let told = session.client.call(v1::WhoAmIRequest::default(), send).await?;
    let own = told.principal.unwrap_or_default();
    Ok(v1::PrincipalRef { id: own.id, name: own.name })
}

/// The rows that are somebody else's.
fn of_others(ratings: &[Given], own: &v1::PrincipalRef) -> Vec<String> {
    let is_own = |rater: &str| rater.is_empty() || rater == own.name || rater == own.id;
    let others = ratings.iter().filter(|given| !is_own(&given.rater));
    let problem = |Given { place, rater, .. }: &Given| {
        format!(
            "{place}: rater: it is the sheet of `{rater}`, and you are `{}`: everybody imports their \
             own, and `sheet merge` lays them side by side",
            own.name
        )
    };
    others.map(problem).collect()
}

/// What the server says to each row alone.
async fn each(
    session: &Session,
    args: &SheetImportArgs,
    ratings: &[Given],
) -> Result<Vec<(Place, String)>, CliError> {
    let mut problems = Vec::new();
    let mut append = args.append.clone();
    (append.dry_run, append.request_id) = (Some(DryRun::Server), None);
    for Given { place, rating, .. } in ratings {
        let request = |append| v1::RateInAppraisalRequest {
            append,
            appraisal: args.appraisal.clone(),
            ratings: vec![rating.clone()],
        };
        let send = async |request| session.client.appraisals().rate_in_appraisal(request).await;
        match session.append(&append, request, send).await {
            Ok(_) => (),
            Err(CliError::Refused(status)) => {
                problems.push((place.clone(), status.message().to_owned()));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(problems)
}

pub(super) fn refuse(problems: &[String]) -> Result<(), CliError> {
    if problems.is_empty() {
        return Ok(());
    }
    let rows = if problems.len() == 1 { "1 row is" } else { "rows are" };
    let count = if problems.len() == 1 { String::new() } else { format!("{} ", problems.len()) };
    let message =
        format!("{count}{rows} wrong, and nothing was recorded:\n{}", problems.join("\n"));
    Err(CliError::usage(message, "mend them and import the sheet again"))
}
