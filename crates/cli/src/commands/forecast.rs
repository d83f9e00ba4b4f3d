//! `gradus forecast`: what moves and when if nothing is renewed.

use std::path::Path;

use gradus_wire::v1;

use crate::args::forecast::ForecastArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent, name_of};
use crate::output::{calendar, forecast};
use crate::select::Moment;
use crate::session::Session;

/// Shows what lies ahead of a unit, or writes it as a calendar.
pub async fn run(session: &Session, args: ForecastArgs) -> Result<(), CliError> {
    let request = v1::ForecastLevelsRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
        areas: args.area,
        until: args.until.and_then(Moment::wire),
        with_coverage: args.coverage,
    };
    let send = async |request| session.client.levels().forecast_levels(request).await;
    let response = session.client.call(request, send).await?;
    match &args.ics {
        Some(file) => write(session, file, &response),
        None => session.output.show(&forecast::view(&response)?),
    }?;
    let unit = name_of(response.unit.as_ref());
    let warning = duties::warning_of(unit, response.duties.as_ref(), Extent::Moment);
    warning.map_or(Ok(()), |warning| session.output.note(&warning))
}

fn write(
    session: &Session,
    file: &Path,
    response: &v1::ForecastLevelsResponse,
) -> Result<(), CliError> {
    let calendar = calendar::text(&forecast::events(response));
    if file == Path::new("-") {
        return session.output.bytes(calendar.as_bytes());
    }
    let named = |error| CliError::File { file: file.display().to_string(), error };
    std::fs::write(file, calendar).map_err(named)?;
    let changes = response.changes.len();
    session.output.note(&format!("{}: {changes} changes ahead", file.display()))
}
