//! `gradus trend`: how levels moved over a span of time.

use crate::args::trend::TrendArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent, name_of};
use crate::output::{Format, trend};
use crate::session::Session;

/// Shows how levels of units moved.
pub async fn run(session: &Session, args: TrendArgs) -> Result<(), CliError> {
    let request = args.request()?;
    let is_sampled = !request.step.is_empty();
    let send = async |request| session.client.levels().query_trend(request).await;
    let response = session.client.call(request, send).await?;
    if let Some(note) = trend::incomparable(&response) {
        session.output.note(&note)?;
    }
    let is_drawn = session.output.terminal && session.output.format == Format::Table;
    session.output.show(&trend::view(&response, is_sampled, is_drawn)?)?;
    for unit in &response.units {
        let name = name_of(unit.unit.as_ref());
        let warning = duties::warning_of(name, unit.duties.as_ref(), Extent::Span);
        // Of several units it is said of which.
        let told = warning.map(|warning| match response.units.len() {
            1 => warning,
            _ => warning.replacen("warning:", &format!("warning: {name}:"), 1),
        });
        told.map_or(Ok(()), |warning| session.output.note(&warning))?;
    }
    Ok(())
}
