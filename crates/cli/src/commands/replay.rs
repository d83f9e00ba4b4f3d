//! `gradus replay`: a unit's history as a story.

use gradus_wire::v1;
use gradus_wire::v1::replay_unit_response::Told;
use tonic::{Request, Status};

use crate::args::replay::ReplayArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent};
use crate::output::flow::Flow;
use crate::output::sheet::Sheet;
use crate::output::{Format, Output, message, story};
use crate::select::Moment;
use crate::session::Session;

/// Tells a story; line by line as it comes where that is asked for.
pub async fn run(session: &Session, args: ReplayArgs) -> Result<(), CliError> {
    let unit = args.project.unit.clone();
    let request = v1::ReplayUnitRequest {
        unit: unit.clone(),
        coordinate: Some(args.end()?),
        from: args.from.map(Moment::instant),
        areas: args.area,
        min_size: args.coordinate.min_size,
    };
    let output = &session.output;
    if args.format.is_none() && output.format == Format::Jsonl {
        let mut flow = Flow::new(output)?;
        let show = |next| flow.show(output, &Sheet::default(), &[message::json(&next)?]);
        return warn(*output, &unit, &each(session, request, show).await?);
    }
    let (told, end) = whole(session, request).await?;
    match args.format {
        Some(_) => output.text(&story::markdown(&told)),
        None => output.show(&story::view(&told)?),
    }?;
    warn(*output, &unit, &end)
}

/// Warns of ratings in the story that stand under more than was asked of them.
fn warn(output: Output, unit: &str, end: &v1::ReplayEnd) -> Result<(), CliError> {
    let warning = duties::warning_of(unit, end.duties.as_ref(), Extent::Span);
    warning.map_or(Ok(()), |warning| output.note(&warning))
}

/// A story from its beginning to its end, which is told apart, too.
pub async fn whole(
    session: &Session,
    request: v1::ReplayUnitRequest,
) -> Result<(Vec<v1::ReplayUnitResponse>, v1::ReplayEnd), CliError> {
    let mut told = Vec::new();
    let mut keep = |next| {
        told.push(next);
        Ok(())
    };
    let end = each(session, request, &mut keep).await?;
    Ok((told, end))
}

/// Hands on what is told as it comes; what is handed on last is the end.
async fn each(
    session: &Session,
    request: v1::ReplayUnitRequest,
    mut hand_on: impl FnMut(v1::ReplayUnitResponse) -> Result<(), CliError>,
) -> Result<v1::ReplayEnd, CliError> {
    let error = |status| session.client.error(status);
    let sent = session.client.audit().replay_unit(Request::new(request)).await;
    let mut messages = sent.map_err(error)?.into_inner();
    let mut end = None;
    while let Some(next) = messages.message().await.map_err(error)? {
        end = match &next.told {
            Some(Told::End(end)) => Some(end.clone()),
            _ => None,
        };
        hand_on(next)?;
    }
    end.ok_or_else(|| error(Status::unavailable("the story broke off before its end")))
}
