//! `gradus levels`: capability levels at a coordinate.

use gradus_wire::v1;

use crate::args::levels::LevelsArgs;
use crate::error::CliError;
use crate::output::{duties, levels};
use crate::session::Session;

/// Shows the levels of a unit.
pub async fn run(session: &Session, args: LevelsArgs) -> Result<(), CliError> {
    let request = v1::QueryLevelsRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
        areas: args.area,
        with_practices: args.practices,
    };
    let send = async |request| session.client.levels().query_levels(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&levels::view(&response)?)?;
    match duties::warning(&response) {
        Some(warning) => session.output.note(&warning),
        None => Ok(()),
    }
}
