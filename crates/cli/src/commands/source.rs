//! `gradus source`: sources of evidence that are not to be believed.

use gradus_wire::v1;
use gradus_wire::v1::suspect::Suspect;

use crate::args::append::{AppendArgs, DryRun};
use crate::args::source::{DistrustArgs, ListArgs, RestoreArgs, SourceCommand};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::levels::answer;
use crate::output::message::{self, time};
use crate::output::receipt::{self, Answer};
use crate::output::sheet::{Cell, Sheet};
use crate::session::{Session, pages};

/// Does what the command says with sources.
pub async fn run(session: &Session, command: SourceCommand) -> Result<(), CliError> {
    match command {
        SourceCommand::Distrust(args) => distrust(session, args).await,
        SourceCommand::Restore(args) => restore(session, args).await,
        SourceCommand::List(args) => list(session, &args).await,
    }
}

async fn distrust(session: &Session, args: DistrustArgs) -> Result<(), CliError> {
    let (append, suspect) = (args.preview.append(), args.suspect.wire());
    let (from, until) = args.interval.wire();
    let over = interval(from.as_ref(), until.as_ref());
    let source = named(&suspect, None);
    let reason = args.reason;
    let request = |append| {
        let suspect = Some(suspect.clone());
        v1::DistrustSourceRequest { append, suspect, from, until, reason: reason.clone() }
    };
    let send = async |request| session.client.sources().distrust_source(request).await;
    if append.dry_run.is_none() && !args.in_advance {
        let look = AppendArgs { dry_run: Some(DryRun::Server), request_id: None, ..append.clone() };
        let seen = session.append(&look, request, send).await?;
        if seen.and_then(|seen| seen.impact).is_some_and(|impact| impact.items == 0) {
            let hint = "look how the name is spelt (gradus review list shows whom items come from), \
                        or say --in-advance to distrust what will come from it";
            let always = from.is_none() && until.is_none();
            let over = if always { String::new() } else { format!(", recorded {over}") };
            return Err(CliError::usage(format!("nothing comes from {source}{over}"), hint));
        }
    }
    let question = format!("distrust what comes from {source}, recorded {over}");
    session.confirm(&question, args.preview.confirm.yes, &append).await?;
    match session.append(&append, request, send).await? {
        Some(response) => told(session, &response, response.impact.as_ref()),
        None => Ok(()),
    }
}

async fn restore(session: &Session, args: RestoreArgs) -> Result<(), CliError> {
    let append = args.preview.append();
    let question = format!("let count again what the distrust {} is about", args.distrust);
    session.confirm(&question, args.preview.confirm.yes, &append).await?;
    let (distrust, reason) = (args.distrust, args.reason);
    let request = |append| v1::RestoreSourceRequest { append, distrust, reason };
    let send = async |request| session.client.sources().restore_source(request).await;
    match session.append(&append, request, send).await? {
        Some(response) => told(session, &response, response.impact.as_ref()),
        None => Ok(()),
    }
}

/// Prints what was recorded, or what would follow.
fn told<R: Answer>(
    session: &Session,
    response: &R,
    impact: Option<&v1::SourceImpact>,
) -> Result<(), CliError> {
    let receipt = response.receipt().cloned().unwrap_or_default();
    let mut sheets = Vec::new();
    let mut parts = Vec::new();
    if let Some(impact) = impact {
        sheets.extend(supposed(impact));
        parts.push(("items", impact.items.to_string().into()));
        parts.push(("units", impact.units_total.to_string().into()));
        parts.push(("levels", impact.levels_total.to_string().into()));
    } else if let [event] = &receipt.events[..] {
        parts.push(("id", event.position.to_string().into()));
    }
    sheets.extend(receipt::sheets(&receipt, parts));
    session.output.show(&View { document: message::json(response)?, entries: None, sheets })?;
    if impact.is_some_and(|impact| impact.items == 0) {
        return session.output.note(NOTHING);
    }
    Ok(())
}

/// What is said where nothing comes from a source.
pub(super) const NOTHING: &str =
    "Nothing comes from it: nothing would change. Look how the name is spelt.";

/// What would follow: the items by unit, and the levels.
pub(super) fn supposed(impact: &v1::SourceImpact) -> [Sheet; 2] {
    [units(impact), levels(impact)]
}

fn units(of: &v1::SourceImpact) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "items", "first", "last"]);
    for reached in &of.units {
        sheet.row(vec![
            reached.unit.clone().unwrap_or_default().name.into(),
            reached.items.to_string().into(),
            time(reached.first.as_ref()).into(),
            time(reached.last.as_ref()).into(),
        ]);
    }
    sheet.titled(titled("units with such items", of.units.len(), of.units_total))
}

fn levels(of: &v1::SourceImpact) -> Sheet {
    let columns = ["unit", "area", "rated", "would be", "ongoing", "would become", "now", "since"];
    let mut sheet = Sheet::new(&columns);
    for moved in &of.levels {
        sheet.row(vec![
            moved.unit.clone().unwrap_or_default().name.into(),
            moved.area.clone().into(),
            answer(moved.rated_before.as_ref()).into(),
            answer(moved.rated_after.as_ref()).into(),
            answer(moved.ongoing_before.as_ref()).into(),
            answer(moved.ongoing_after.as_ref()).into(),
            if moved.now { "yes" } else { "no" }.into(),
            time(moved.since.as_ref()).into(),
        ]);
    }
    sheet.titled(titled(
        "levels that would move, now or at other moments",
        of.levels.len(),
        of.levels_total,
    ))
}

/// A title that says so where not everything is told.
fn titled(title: &str, told: usize, all: u64) -> String {
    if told as u64 == all { title.to_owned() } else { format!("{title}: {told} of {all}") }
}

/// `principal ci-theta`, `tool lint@2`.
fn named(suspect: &v1::Suspect, principal: Option<&v1::PrincipalRef>) -> String {
    let versioned = |of: &v1::VersionedName| match of.version.as_str() {
        "" => of.name.clone(),
        version => format!("{}@{version}", of.name),
    };
    match &suspect.suspect {
        Some(Suspect::Principal(id)) => {
            let name = principal.map(|of| of.name.as_str()).filter(|name| !name.is_empty());
            format!("principal {}", name.unwrap_or(id))
        }
        Some(Suspect::Tool(of)) => format!("tool {}", versioned(of)),
        Some(Suspect::Mapping(of)) => format!("mapping {}", versioned(of)),
        Some(Suspect::Source(name)) => format!("source {name}"),
        // A newer server may know more.
        None => String::new(),
    }
}

fn interval(
    from: Option<&prost_types::Timestamp>,
    until: Option<&prost_types::Timestamp>,
) -> String {
    match (from, until) {
        (None, None) => "at any time, also from now on".to_owned(),
        (Some(from), None) => format!("since {}, also from now on", time(Some(from))),
        (None, Some(until)) => format!("before {}", time(Some(until))),
        (Some(from), Some(until)) => {
            format!("from {} to before {}", time(Some(from)), time(Some(until)))
        }
    }
}

async fn list(session: &Session, args: &ListArgs) -> Result<(), CliError> {
    let include_restored = args.include_restored;
    let distrusts = pages(None, async |page_token, page_size| {
        let request = v1::ListDistrustedRequest { page_size, page_token, include_restored };
        let send = async |request| session.client.sources().list_distrusted(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.distrusts, response.next_page_token))
    })
    .await?;
    let columns =
        ["id", "suspect", "from", "until", "distrusted_at", "by", "reason", "restored_at"];
    let mut sheet = Sheet::new(&columns);
    for known in &distrusts {
        let said = known.distrusted.clone().unwrap_or_default();
        let restored = known.restored.as_ref().and_then(|said| said.recorded_at.as_ref());
        let suspect = known.suspect.clone().unwrap_or_default();
        sheet.row(vec![
            known.position.to_string().into(),
            named(&suspect, known.principal.as_ref()).into(),
            time(known.from.as_ref()).into(),
            time(known.until.as_ref()).into(),
            time(said.recorded_at.as_ref()).into(),
            Cell::from(said.by.unwrap_or_default().name),
            said.reason.into(),
            time(restored).into(),
        ]);
    }
    let entries = message::all(&distrusts)?;
    session.output.show(&View {
        document: object([("distrusts", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}
