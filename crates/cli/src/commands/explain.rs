//! `gradus explain`: why an area stands at its levels.

use gradus_wire::v1;

use crate::args::explain::ExplainArgs;
use crate::error::CliError;
use crate::output::{Format, explain};
use crate::session::Session;

/// Explains the levels of an area: as a tree on a terminal.
pub async fn run(session: &Session, args: ExplainArgs) -> Result<(), CliError> {
    let request = v1::ExplainLevelRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
        area: args.area,
    };
    let send = async |request| session.client.levels().explain_level(request).await;
    let response = session.client.call(request, send).await?;
    if session.output.terminal && session.output.format == Format::Table {
        let width = explain::tree::width();
        return session.output.text(&explain::tree::drawn(&response, args.all, width));
    }
    session.output.show(&explain::view(&response)?)
}
