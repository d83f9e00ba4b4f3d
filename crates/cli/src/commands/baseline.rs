//! `gradus baseline`: levels below which a unit's areas must not fall.

use gradus_wire::v1;

use super::unit::show;
use crate::args::baseline::{AskedFloor, BaselineCommand, RaiseArgs};
use crate::args::unit::ShowArgs;
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, time};
use crate::output::sheet::Sheet;
use crate::select::Moment;
use crate::session::Session;

/// Does what the command says.
pub async fn run(session: &Session, command: BaselineCommand) -> Result<(), CliError> {
    match command {
        BaselineCommand::Raise(args) => raise(session, args).await,
        BaselineCommand::Show(args) => show_floors(session, &args).await,
    }
}

async fn raise(session: &Session, args: RaiseArgs) -> Result<(), CliError> {
    let request = |append| v1::RaiseBaselineRequest {
        unit: args.unit,
        append,
        floors: args.floors.into_iter().map(AskedFloor::wire).collect(),
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().raise_baseline(request).await;
    session.record(&args.append, request, send).await
}

async fn show_floors(session: &Session, args: &ShowArgs) -> Result<(), CliError> {
    let response = show::get(session, args).await?;
    let floors = response.unit.clone().unwrap_or_default().floors;
    let mut sheet = Sheet::new(&["area", "level", "since"]);
    for floor in &floors {
        sheet.row(vec![
            floor.area.clone().into(),
            floor.level.to_string().into(),
            time(floor.since.as_ref()).into(),
        ]);
    }
    let entries = message::all(&floors)?;
    session.output.show(&View {
        document: object([
            ("floors", Json::List(entries.clone())),
            ("coordinate", message::json(&response.coordinate.unwrap_or_default())?),
        ]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}
