//! `gradus projections`: what queries read, how far it is, and building it again.

use gradus_model::ids::hex;
use gradus_wire::v1;
use indicatif::{ProgressBar, ProgressStyle};
use tonic::{Request, Status, Streaming};

use crate::args::projections::ProjectionsCommand;
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message;
use crate::output::sheet::Sheet;
use crate::session::Session;

/// Shows, rebuilds or verifies projections.
pub async fn run(session: &Session, command: ProjectionsCommand) -> Result<(), CliError> {
    match command {
        ProjectionsCommand::List => list(session).await,
        ProjectionsCommand::Rebuild { name } => {
            let asked = v1::RebuildProjectionRequest { name: name.clone() };
            let sent = session.client.projections().rebuild_projection(Request::new(asked)).await;
            let last = last(session, sent, |of| (of.done, of.total)).await?;
            show(session, &name, last.total, &last.digest, "rebuilt, and live now")
        }
        ProjectionsCommand::Verify { name } => {
            let asked = v1::VerifyProjectionRequest { name: name.clone() };
            let sent = session.client.projections().verify_projection(Request::new(asked)).await;
            let last = last(session, sent, |of| (of.done, of.total)).await?;
            show(session, &name, last.total, &last.digest, "equal to a fold of the log")
        }
    }
}

async fn list(session: &Session) -> Result<(), CliError> {
    let send = async |request| session.client.projections().list_projections(request).await;
    let response = session.client.call(v1::ListProjectionsRequest {}, send).await?;
    let names = ["name", "version", "cursor", "behind", "bytes", "parked", "digest"];
    let mut sheet = Sheet::new(&names);
    let mut parked = Sheet::new(&["parked unit", "position", "reason"]);
    for projection in &response.projections {
        sheet.row(vec![
            projection.name.clone().into(),
            projection.version.to_string().into(),
            projection.cursor.to_string().into(),
            projection.head_size.saturating_sub(projection.cursor).to_string().into(),
            projection.bytes.to_string().into(),
            projection.parked.len().to_string().into(),
            hex(&projection.digest).into(),
        ]);
        for unit in &projection.parked {
            parked.row(vec![
                unit.unit.clone().into(),
                unit.position.to_string().into(),
                unit.reason.clone().into(),
            ]);
        }
    }
    let log = response.log.unwrap_or_default();
    let again = Sheet::record(vec![("log", again(&log).into())]);
    let entries = message::all(&response.projections)?;
    let any = response.projections.iter().any(|projection| !projection.parked.is_empty());
    session.output.show(&View {
        document: object([
            ("projections", Json::List(entries.clone())),
            ("log", message::json(&log)?),
        ]),
        entries: Some(entries),
        sheets: if any { vec![again, sheet, parked] } else { vec![again, sheet] },
    })
}

/// How far the log is verified again.
fn again(log: &v1::LogVerification) -> String {
    use v1::LogVerificationState::{Done, Off, Running, Unspecified};
    let v1::LogVerification { verified, expected, .. } = log;
    match log.state() {
        Off => "verified whole before the server took calls".to_owned(),
        Running => format!("{verified} of {expected} records of before verified again so far"),
        Done => format!("all {expected} records of before verified again"),
        Unspecified => "the server is of before, and does not tell".to_owned(),
    }
}

/// The last message of a task that tells how far it is.
pub(super) async fn last<T>(
    session: &Session,
    sent: Result<tonic::Response<Streaming<T>>, Status>,
    far: impl Fn(&T) -> (u64, u64),
) -> Result<T, CliError> {
    let error = |status| session.client.error(status);
    let mut messages = sent.map_err(error)?.into_inner();
    let bar = bar(session);
    let mut last = None;
    while let Some(message) = messages.message().await.map_err(error)? {
        let (done, total) = far(&message);
        bar.set_length(total);
        bar.set_position(done);
        last = Some(message);
    }
    bar.finish_and_clear();
    last.ok_or_else(|| error(Status::unavailable("the server ended the stream")))
}

fn bar(session: &Session) -> ProgressBar {
    if !session.output.watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} records, {eta} left");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(
    session: &Session,
    name: &str,
    size: u64,
    digest: &[u8],
    outcome: &str,
) -> Result<(), CliError> {
    let sheet = Sheet::record(vec![
        ("projection", name.to_owned().into()),
        ("outcome", outcome.to_owned().into()),
        ("log size", size.to_string().into()),
        ("digest", hex(digest).into()),
    ]);
    session.output.show(&View {
        document: object([
            ("projection", name.into()),
            ("outcome", outcome.into()),
            ("log_size", size.into()),
            ("digest", hex(digest).into()),
        ]),
        entries: None,
        sheets: vec![sheet],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_the_log_is_verified_again_is_said_in_words() {
        use v1::LogVerificationState::{Done, Off, Running, Unspecified};
        for (state, verified, says) in [
            (Off, 0, "verified whole before the server took calls"),
            (Running, 40, "40 of 300 records of before verified again so far"),
            (Done, 300, "all 300 records of before verified again"),
            (Unspecified, 0, "the server is of before, and does not tell"),
        ] {
            let log = v1::LogVerification { state: state.into(), verified, expected: 300 };
            assert_eq!(again(&log), says);
        }
    }
}
