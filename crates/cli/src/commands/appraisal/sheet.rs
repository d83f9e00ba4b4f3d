//! `gradus appraisal sheet`.

use std::fs::File;

use gradus_wire::v1;
use tonic::{Request, Response, Status};

use crate::appraisal::sheet::{self, Given, Place};
use crate::args::append::{AppendArgs, DryRun};
use crate::args::appraisal::{SheetExportArgs, SheetImportArgs};
use crate::error::CliError;
use crate::output::message::Named;
use crate::output::receipt::Answer;
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
    let request = |append, ratings| v1::RateInAppraisalRequest {
        append,
        appraisal: args.appraisal.clone(),
        ratings,
    };
    let send = async |request| session.client.appraisals().rate_in_appraisal(request).await;
    if !problems.is_empty() {
        // What the server says of the rest is told with it, if it can be asked.
        for rows in [&unread, &ratings] {
            let more = each(session, &args.append, rows.iter().map(one), request, send).await;
            sheet::together(&mut problems, more.unwrap_or_default());
        }
        refuse(&problems)?;
    }
    refuse(&of_others(&ratings, &own(session).await?))?;
    bounded(ratings.len(), MOST_ROWS, "rating", "import the sheets one by one")?;
    let all = |append| request(append, ratings.iter().map(|given| given.rating.clone()).collect());
    match session.append(&args.append, all, send).await {
        Ok(Some(response)) => {
            session.done(&response, vec![("rows", ratings.len().to_string().into())])
        }
        Ok(None) => Ok(()),
        Err(refused @ CliError::Refused(_)) => {
            let said = each(session, &args.append, ratings.iter().map(one), request, send).await?;
            sheet::together(&mut problems, said);
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

/// What the server says to each row alone, of those that were refused together.
pub(super) async fn each<Q: Named + Clone, T, R: Answer>(
    session: &Session,
    append: &AppendArgs,
    rows: impl IntoIterator<Item = (&Place, T)>,
    request: impl Fn(Option<v1::AppendOptions>, T) -> Q,
    send: impl AsyncFn(Request<Q>) -> Result<Response<R>, Status>,
) -> Result<Vec<(Place, String)>, CliError> {
    let mut problems = Vec::new();
    let append = AppendArgs { dry_run: Some(DryRun::Server), request_id: None, ..append.clone() };
    for (place, row) in rows {
        match session.append(&append, |append| request(append, row), &send).await {
            Ok(_) => (),
            Err(CliError::Refused(status)) => {
                problems.push((place.clone(), status.message().to_owned()));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(problems)
}

/// What was said to rows alone, a line each.
pub(super) fn lines(said: Vec<(Place, String)>) -> Vec<String> {
    let mut lines = Vec::new();
    sheet::together(&mut lines, said);
    lines
}

/// A row as it is rated alone.
fn one(given: &Given) -> (&Place, Vec<v1::AppraisalRatingInput>) {
    (&given.place, vec![given.rating.clone()])
}

/// Refuses sheets of which no row has a value in a column, or too many have; `instead` is what to do then.
pub(super) fn bounded(
    rows: usize,
    most: usize,
    column: &str,
    instead: &str,
) -> Result<(), CliError> {
    if rows == 0 {
        let hint = format!("fill the column `{column}`; rows without one are left out");
        return Err(CliError::usage(format!("no row has a {column}"), hint));
    }
    if rows > most {
        let message = format!("{rows} rows have a {column}, at most {most} are taken");
        return Err(CliError::usage(message, instead));
    }
    Ok(())
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
