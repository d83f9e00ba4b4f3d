//! `gradus watch`: changes of levels as they happen.

use gradus_wire::v1;
use tonic::{Request, Status};

use crate::args::watch::WatchArgs;
use crate::client::{RETRIES, wait_before};
use crate::error::{CliError, is_unreachable};
use crate::output::flow::Flow;
use crate::output::levels;
use crate::output::message::{self, time};
use crate::output::sheet::{Sheet, without_model};
use crate::select::Moment;
use crate::session::Session;

/// Follows changes until the limit or an interrupt. Where a stream breaks, or the server cuts off a
/// reader that did not keep up, another goes on.
pub async fn run(session: &Session, args: WatchArgs) -> Result<(), CliError> {
    let mut watch = Watch {
        size: args.from_size,
        valid_at: args.from_valid_at.and_then(Moment::wire),
        left: args.limit,
        flow: Flow::new(&session.output)?,
    };
    let mut retry = 0;
    while watch.left != Some(0) {
        let before = (watch.size, watch.valid_at);
        let Err(status) = watch.stream(session, &args).await? else { return Ok(()) };
        let cut_off = status.code() == tonic::Code::ResourceExhausted;
        if !cut_off && !is_unreachable(&status) {
            return Err(session.client.error(status));
        }
        retry = if (watch.size, watch.valid_at) == before { retry + 1 } else { 1 };
        if retry > RETRIES {
            return Err(session.client.error(status));
        }
        session.output.trace(&format!("going on from size {}", watch.size.unwrap_or_default()))?;
        wait_before(retry).await?;
    }
    Ok(())
}

/// How far a watch has come.
struct Watch {
    /// The size to go on from; none for now.
    size: Option<u64>,
    /// The moment to go on from.
    valid_at: Option<prost_types::Timestamp>,
    /// How many changes are still to be shown, if there is a limit.
    left: Option<usize>,
    /// What was shown.
    flow: Flow,
}

impl Watch {
    /// Shows the changes of one stream: until the limit, or the status that ended it.
    async fn stream(
        &mut self,
        session: &Session,
        args: &WatchArgs,
    ) -> Result<Result<(), Status>, CliError> {
        let request = v1::WatchLevelsRequest {
            units: args.units.clone(),
            areas: args.area.clone(),
            from_size: self.size,
            from_valid_at: self.valid_at,
        };
        let mut service = session.client.levels();
        let mut changes = match service.watch_levels(Request::new(request)).await {
            Ok(response) => response.into_inner(),
            Err(status) => return Ok(Err(status)),
        };
        loop {
            let told = match changes.message().await {
                Ok(Some(told)) => told,
                Ok(None) => return Ok(Err(Status::unavailable("the server ended the stream"))),
                Err(status) => return Ok(Err(status)),
            };
            if let Some(moved) = &told.moved {
                let mut sheet = columns();
                add(&mut sheet, moved);
                self.flow.show(&session.output, &sheet, &[message::json(&told)?])?;
                self.left = self.left.map(|left| left - 1);
            }
            (self.size, self.valid_at) = (Some(told.log_size), told.valid_at);
            if self.left == Some(0) {
                return Ok(Ok(()));
            }
        }
    }
}

fn columns() -> Sheet {
    Sheet::new(&["valid_at", "unit", "area", "rated", "ongoing", "by", "log_size"])
}

fn add(sheet: &mut Sheet, moved: &v1::LevelMoved) {
    let way = |of: fn(&v1::AreaState) -> Option<&v1::LevelAnswer>| {
        let side = |state: &Option<v1::AreaState>| {
            state.as_ref().map_or_else(|| "no such area".to_owned(), |it| levels::answer(of(it)))
        };
        let (before, after) = (side(&moved.before), side(&moved.after));
        if before == after { after } else { format!("{before} → {after}") }
    };
    let by = moved.position.map_or_else(|| "time".to_owned(), |at| format!("record {at}"));
    sheet.row(vec![
        time(moved.valid_at.as_ref()).into(),
        moved.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default().into(),
        without_model(&moved.area).into(),
        way(|state| state.rated.as_ref()).into(),
        way(|state| state.ongoing.as_ref()).into(),
        by.into(),
        moved.log_size.to_string().into(),
    ]);
}
