//! `gradus replay`: a unit's history as a story.

use gradus_wire::v1;
use gradus_wire::v1::replay_unit_response::Told;
use tonic::{Request, Status};

use crate::args::replay::ReplayArgs;
use crate::error::CliError;
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
    if args.format.is_none() && output.format == Format::Jsonl {
        let mut flow = Flow::new(output)?;
        let show = |next| flow.show(output, &Sheet::default(), &[message::json(&next)?]);
        return each(session, request, show).await;
    }
    let told = whole(session, request).await?;
    match args.format {
        Some(_) => output.text(&story::markdown(&told)),
        None => output.show(&story::view(&told)?),
    }
}

/// A story from its beginning to its end.
pub async fn whole(
    session: &Session,
    request: v1::ReplayUnitRequest,
) -> Result<Vec<v1::ReplayUnitResponse>, CliError> {
    let mut told = Vec::new();
    let mut keep = |next| {
        told.push(next);
        Ok(())
    };
    each(session, request, &mut keep).await?;
    Ok(told)
}

/// Hands on what is told as it comes.
async fn each(
    session: &Session,
    request: v1::ReplayUnitRequest,
    mut hand_on: impl FnMut(v1::ReplayUnitResponse) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let error = |status| session.client.error(status);
    let sent = session.client.audit().replay_unit(Request::new(request)).await;
    let mut messages = sent.map_err(error)?.into_inner();
    let mut whole = false;
    while let Some(next) = messages.message().await.map_err(error)? {
        whole = matches!(next.told, Some(Told::End(_)));
        hand_on(next)?;
    }
    if whole {
        return Ok(());
    }
    Err(error(Status::unavailable("the story broke off before its end")))
}
