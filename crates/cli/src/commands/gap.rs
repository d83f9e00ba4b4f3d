//! `gradus gap`: what a profile aims at against the levels.

use gradus_wire::v1;

use crate::args::gap::GapArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent, name_of};
use crate::output::gap;
use crate::session::Session;

/// Shows the gap of a unit, and warns where an area is asked for more than one that it needs.
pub async fn run(session: &Session, args: GapArgs) -> Result<(), CliError> {
    let request = v1::QueryGapRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
        profile: args.profile.unwrap_or_default(),
        areas: args.area,
        with_blockers: args.blockers,
    };
    let send = async |request| session.client.levels().query_gap(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&gap::view(&response, args.blockers)?)?;
    for warning in &response.warnings {
        session.output.note(&format!("warning: {warning}"))?;
    }
    let unit = name_of(response.unit.as_ref());
    let warning = duties::warning_of(unit, response.duties.as_ref(), Extent::Moment);
    warning.map_or(Ok(()), |warning| session.output.note(&warning))
}
