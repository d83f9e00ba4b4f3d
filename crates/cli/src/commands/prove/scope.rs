//! `gradus prove scope`: that the list of units is whole.

use std::collections::BTreeMap;

use gradus_model::{Event, Leaf, Recorded, UnitId};
use gradus_proof::Row;
use gradus_proof::state::{Chain, rows_root};
use gradus_wire::v1;
use gradus_wire::v1::prove_scope_request::Point;

use super::digest::{Described, described};
use super::{of_checkpoint, unit, wrong};
use crate::args::prove::ScopeArgs;
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::sheet::{Cell, Sheet};
use crate::seen::Seen;
use crate::select::Moment;
use crate::session::Session;

/// A unit that was registered: by which record, and as what.
struct Registered {
    unit: UnitId,
    position: u64,
    name: String,
}

/// Proves which units there were, and says what that rests on.
pub(super) async fn scope(session: &Session, args: ScopeArgs) -> Result<(), CliError> {
    let at = args.known_at.and_then(Moment::wire).map(Point::KnownAt);
    let point = args.log_size.map(Point::LogSize).or(at);
    let asked = v1::ProveScopeRequest { point, first_row: 0 };
    let send = async |request| session.client.proofs().prove_scope(request).await;
    let answer = session.client.call(asked, send).await?;
    let key = session.log_key().await?;
    let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.as_str());
    let checkpoint = Seen::open(key.clone(), note.unwrap_or_default())?;
    session.heed(&checkpoint.note).await?;
    let digest = described(answer.record.as_ref(), &key)?;
    let rows = all_rows(session, &digest, &answer).await?;
    let registered = registered(session, &digest, &rows).await?;
    let size = answer.log_size.min(digest.said.size);
    let units = in_rows(&rows, &registered)?;
    let known: Vec<&(&Registered, &Row)> =
        units.iter().filter(|(unit, _)| unit.position < size).collect();
    let appraisals = rows.len() - units.len();
    let (holds, not) = in_words(known.len(), appraisals, size, &answer);
    let mut sheet = Sheet::new(&["unit", "id", "registered", "records"]);
    let mut entries = Vec::new();
    for (unit, row) in known {
        let (id, version) = (unit.unit.to_string(), row.version);
        sheet.row(vec![
            unit.name.clone().into(),
            id.clone().into(),
            unit.position.to_string().into(),
            version.to_string().into(),
        ]);
        entries.push(object([
            ("unit", unit.name.as_str().into()),
            ("id", id.into()),
            ("registered", unit.position.into()),
            ("records", version.into()),
        ]));
    }
    let told = format!("of {} records, recorded at {}", digest.said.size, digest.place.position);
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("size", size.to_string().into()),
        ("state digest", told.into()),
        ("proved", holds.clone().into()),
        ("not proved", not.clone().into()),
    ];
    parts.extend(of_checkpoint(&checkpoint));
    let document = object([
        ("size", size.into()),
        ("described", digest.said.size.into()),
        ("position", digest.place.position.into()),
        ("proved", holds.into()),
        ("not_proved", not.into()),
        ("units", Json::List(entries.clone())),
    ]);
    let sheets = vec![Sheet::record(parts), sheet];
    session.output.show(&View { document, entries: Some(entries), sheets })
}

/// Every row of the digest, whose root it has.
async fn all_rows(
    session: &Session,
    digest: &Described,
    first: &v1::ProveScopeResponse,
) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    let read = |bytes: &Vec<u8>| Row::read(bytes).map_err(|error| CliError::proof(&error));
    let mut page = first.rows.clone();
    loop {
        rows.extend(page.iter().map(read).collect::<Result<Vec<Row>, _>>()?);
        let told = rows.len() as u64;
        if page.is_empty() || told >= digest.said.rows {
            break;
        }
        let point = Some(Point::LogSize(digest.said.size));
        let asked = v1::ProveScopeRequest { point, first_row: told };
        let send = async |request| session.client.proofs().prove_scope(request).await;
        page = session.client.call(asked, send).await?.rows;
    }
    if rows.len() as u64 != digest.said.rows || rows_root(&rows) != digest.said.root {
        return Err(wrong("the rows are not all those of the state digest"));
    }
    Ok(rows)
}

/// The units that the organization's stream registers below the digest's size. The stream is read here
/// from its first leaf to the one that its row says, so that no registration is missing.
async fn registered(
    session: &Session,
    digest: &Described,
    rows: &[Row],
) -> Result<Vec<Registered>, CliError> {
    let row = rows.first().ok_or_else(|| wrong("the state digest has no row"))?;
    if digest.place.stream != row.stream {
        return Err(wrong("the state digest is not of the organization's stream, its first row"));
    }
    let mut found = Vec::new();
    let mut opens = false;
    let mut chain = Chain::of(row.stream, [digest.said.size]);
    let stream = row.stream.to_string();
    unit::each_leaf(session, &stream, digest.said.size, |bytes| {
        chain.push(bytes).map_err(|error| CliError::proof(&error))?;
        let leaf = Leaf::read(bytes).map_err(|error| CliError::Answer(error.to_string()))?;
        let recorded = Recorded::from_leaf(&leaf);
        let recorded = recorded.map_err(|error| CliError::Answer(error.to_string()))?;
        let position = leaf.place.position;
        match recorded.event {
            Event::LogCreated(created) if position == 0 => {
                opens = created.organization == row.stream;
            }
            Event::UnitRegistered(of) => {
                found.push(Registered { unit: of.unit, position, name: of.name.to_string() });
            }
            _ => (),
        }
        Ok(())
    })
    .await?;
    chain.goes_through(digest.said.size, row).map_err(|error| CliError::proof(&error))?;
    if opens { Ok(found) } else { Err(wrong("the first row is not the stream that opens the log")) }
}

/// The units with their rows: the organization, and the others as they were registered.
fn in_rows<'a>(
    rows: &'a [Row],
    registered: &'a [Registered],
) -> Result<Vec<(&'a Registered, &'a Row)>, CliError> {
    let organization = rows.first().map(|row| row.stream);
    let is_first = |of: &&Registered| Some(of.unit) == organization;
    let first = registered.iter().filter(is_first).take(1);
    let others = registered.iter().filter(|of| !is_first(of));
    let ordered: Vec<&Registered> = first.chain(others).collect();
    let paired: Vec<(&Registered, &Row)> = ordered.iter().copied().zip(rows).collect();
    let fits =
        paired.len() == ordered.len() && paired.iter().all(|(of, row)| of.unit == row.stream);
    if !fits {
        return Err(wrong("the rows are not those of the units that the organization registered"));
    }
    let mut streams: BTreeMap<UnitId, u64> = BTreeMap::new();
    for row in rows {
        *streams.entry(row.stream).or_default() += 1;
    }
    if streams.len() < rows.len() {
        return Err(wrong("a stream has two rows"));
    }
    Ok(paired)
}

/// What was proved, and what was not.
fn in_words(
    units: usize,
    appraisals: usize,
    size: u64,
    answer: &v1::ProveScopeResponse,
) -> (String, String) {
    let holds = format!(
        "{units} units were registered below {size}, and no other: the organization's stream registers \
         each of them, none of its records is missing, and the state digest has a row of each, in that \
         order; its other rows, {appraisals}, are of no unit: of appraisals, by its rule"
    );
    let mut not = vec!["that somebody who should be a unit was registered as one".to_owned()];
    if answer.log_size > size {
        not.push(format!(
            "which units were registered from {size} to {}, until the next state digest",
            answer.log_size
        ));
    }
    if !answer.settled {
        not.push("what may still come to lie within the instant".to_owned());
    }
    (holds, not.join("; "))
}
