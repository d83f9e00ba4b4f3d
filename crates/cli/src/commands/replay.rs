//! `gradus replay`: a unit's history as a story.

use gradus_wire::v1;
use gradus_wire::v1::replay_unit_response::Told;
use tonic::{Request, Status};

use crate::args::replay::ReplayArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent};
use crate::output::flow::Flow;
use crate::output::sheet::Sheet;
use crate::output::{Format, message, story};
use crate::select::Moment;
use crate::session::Session;

/// Tells a story; line by line as it comes where that is asked for.
pub async fn run(session: &Session, args: ReplayArgs) -> Result<(), CliError> {
    let request = v1::ReplayUnitRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.end()?),
        from: args.from.map(Moment::instant),
        areas: args.area,
        min_size: args.coordinate.min_size,
    };
    let output = &session.output;
    let by_line = args.format.is_none() && output.format == Format::Jsonl;
    let mut flow = by_line.then(|| Flow::new(output)).transpose()?;
    let error = |status| session.client.error(status);
    let sent = session.client.audit().replay_unit(Request::new(request)).await;
    let mut messages = sent.map_err(error)?.into_inner();
    let (mut told, mut whole) = (Vec::new(), false);
    let mut warning = None;
    while let Some(next) = messages.message().await.map_err(error)? {
        whole = matches!(next.told, Some(Told::End(_)));
        if let Some(Told::End(end)) = &next.told {
            let unit = args.project.unit.as_str();
            warning = duties::warning_of(unit, end.duties.as_ref(), Extent::Span);
        }
        match &mut flow {
            Some(flow) => flow.show(output, &Sheet::default(), &[message::json(&next)?])?,
            None => told.push(next),
        }
    }
    if !whole {
        return Err(error(Status::unavailable("the story broke off before its end")));
    }
    match (flow, args.format) {
        (Some(_), _) => Ok(()),
        (None, Some(_)) => output.text(&story::markdown(&told)),
        (None, None) => output.show(&story::view(&told)?),
    }?;
    warning.map_or(Ok(()), |warning| output.note(&warning))
}
