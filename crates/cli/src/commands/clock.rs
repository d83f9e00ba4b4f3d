//! `gradus clock`: what the server's clock says, and that it is right.

use gradus_wire::v1;

use crate::args::clock::{AcceptArgs, ClockArgs, ClockCommand};
use crate::error::CliError;
use crate::output::View;
use crate::output::message::{self, time};
use crate::output::sheet::Sheet;
use crate::session::Session;

/// Shows the clock, or accepts it.
pub async fn run(session: &Session, args: ClockArgs) -> Result<(), CliError> {
    match args.command {
        None => show(session).await,
        Some(ClockCommand::Accept(args)) => accept(session, args).await,
    }
}

async fn ask(session: &Session) -> Result<v1::GetClockResponse, CliError> {
    let send = async |request| session.client.clock().get_clock(request).await;
    session.client.call(v1::GetClockRequest {}, send).await
}

async fn show(session: &Session) -> Result<(), CliError> {
    let clock = ask(session).await?;
    let state = if clock.suspect { "suspect: appends are refused" } else { "believed" };
    let last = clock.last_recorded_at.as_ref();
    let sheet = Sheet::record(vec![
        ("clock", time(clock.wall.as_ref()).into()),
        ("expected", time(clock.expected.as_ref()).into()),
        ("last record", time(last).into()),
        ("off by", off(&clock).into()),
        ("state", state.to_owned().into()),
    ]);
    session.output.show(&View {
        document: message::json(&clock)?,
        entries: None,
        sheets: vec![sheet],
    })
}

async fn accept(session: &Session, args: AcceptArgs) -> Result<(), CliError> {
    if !args.confirm.yes && args.append.dry_run.is_none() {
        let clock = ask(session).await?;
        let (wall, off) = (time(clock.wall.as_ref()), off(&clock));
        let question = format!("take {wall} for the right time, {off}");
        session.confirm(&question, false, &args.append).await?;
    }
    let request = |append| v1::AcceptClockRequest { append, reason: args.reason };
    let send = async |request| session.client.clock().accept_clock(request).await;
    session.record(&args.append, request, send).await
}

/// How far the clock is from what is expected, in its largest unit.
fn off(clock: &v1::GetClockResponse) -> String {
    let seconds = |at: &Option<prost_types::Timestamp>| at.as_ref().map_or(0, |at| at.seconds);
    let off = seconds(&clock.wall) - seconds(&clock.expected);
    let side = if off < 0 { "behind" } else { "ahead" };
    let units = [("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)];
    let fits = |(_, length): &&(&str, i64)| off.abs() >= 2 * length;
    let (unit, length) = units.iter().find(fits).copied().unwrap_or(("seconds", 1));
    format!("{} {unit} {side}", off.abs() / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_clock_is_off_is_told_in_the_largest_unit_that_it_fills_twice() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        for (seconds, told) in [
            (315_360_000, "3650 days ahead"),
            (-90_000, "25 hours behind"),
            (3_600, "60 minutes ahead"),
            (-61, "61 seconds behind"),
            (0, "0 seconds ahead"),
        ] {
            let clock =
                v1::GetClockResponse { wall: at(seconds), expected: at(0), ..Default::default() };
            assert_eq!(off(&clock), told);
        }
    }
}
