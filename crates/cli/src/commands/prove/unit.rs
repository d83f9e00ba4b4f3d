//! `gradus prove unit` and `gradus prove digests`: that no record of a unit is missing.

use gradus_model::UnitId;
use gradus_model::event::StateDigestRecorded;
use gradus_proof::state::{Chain, Reached, verify_row};
use gradus_proof::{VerifierKey, leaf_hash};
use gradus_wire::v1;
use gradus_wire::v1::prove_unit_request::Point;

use super::digest::{Described, included, of_row};
use super::{of_checkpoint, read, wrong};
use crate::args::prove::{DigestsArgs, UnitArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::object;
use crate::output::message::{self, time};
use crate::output::sheet::{Cell, Sheet};
use crate::seen::{self, Seen};
use crate::select::Moment;
use crate::session::Session;

/// Leaves that are read at a time.
const PAGE: u32 = 1_000;

/// What was found to hold.
struct Proved {
    size: u64,
    reached: Reached,
    /// The state digest that says where the stream had come to, and where it was recorded.
    digest: Option<(u64, StateDigestRecorded)>,
}

/// Proves that no record of a unit is missing, and says what that rests on.
pub(super) async fn unit(session: &Session, args: UnitArgs) -> Result<(), CliError> {
    let at = args.known_at.and_then(Moment::wire).map(Point::KnownAt);
    let point = args.log_size.map(Point::LogSize).or(at);
    let by_time = matches!(point, Some(Point::KnownAt(_)));
    let asked = v1::ProveUnitRequest { unit: args.unit.clone(), point };
    let send = async |request| session.client.proofs().prove_unit(request).await;
    let answer = session.client.call(asked, send).await?;
    let key = session.log_key().await?;
    let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.as_str());
    let checkpoint = Seen::open(key.clone(), note.unwrap_or_default())?;
    session.heed(&checkpoint.note).await?;
    let proved = check(session, &answer, &key).await?;
    let (holds, rests_on) = in_words(&proved, by_time && !answer.settled, by_time);
    let of_unit = answer.unit.clone().unwrap_or_default();
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("unit", of_unit.name.into()),
        ("stream", of_unit.id.into()),
        ("size", proved.size.to_string().into()),
        ("version", proved.reached.version.to_string().into()),
    ];
    if let Some((position, digest)) = &proved.digest {
        let told = format!("of {} records, recorded at {position}", digest.size);
        parts.push(("state digest", told.into()));
    }
    parts.push(("proved", holds.clone().into()));
    parts.push(("rests on", rests_on.clone().into()));
    parts.extend(of_checkpoint(&checkpoint));
    let document = object([
        ("proved", holds.into()),
        ("rests_on", rests_on.into()),
        ("proof", message::json(&answer)?),
    ]);
    session.output.show(&View { document, entries: None, sheets: vec![Sheet::record(parts)] })
}

/// Checks everything that was answered, and every leaf of the stream.
async fn check(
    session: &Session,
    answer: &v1::ProveUnitResponse,
    key: &VerifierKey,
) -> Result<Proved, CliError> {
    let size = answer.log_size;
    let named = answer.unit.clone().unwrap_or_default();
    let stream: UnitId = named.id.parse().map_err(|_| wrong("the unit's id is none"))?;
    let mut sizes = vec![size];
    let mut row = None;
    let mut digest = None;
    if let Some(whole) = &answer.whole {
        let Described { place, said } = of_row(whole, key)?;
        let hashes = seen::digests(&whole.hashes)?;
        let found = verify_row(&said, stream, &whole.row, whole.index, &hashes)
            .map_err(|error| CliError::proof(&error))?;
        sizes.push(said.size);
        row = Some((said.size, found));
        digest = Some((place.position, said));
    }
    let chain = leaves(session, &named.id, stream, &sizes).await?;
    let reached = chain.below(size).unwrap_or_default();
    match &answer.last {
        Some(last) => {
            included(last, last.position, key)?;
            let position = read(&last.leaf)?.place.position;
            if leaf_hash(&last.leaf) != reached.head || position != last.position {
                return Err(wrong("the last record below the size is not the one that was told"));
            }
        }
        None if reached.version > 0 => return Err(wrong("a record below the size was not told")),
        None => (),
    }
    if answer.version != reached.version {
        let (told, seen) = (answer.version, reached.version);
        return Err(CliError::Proof(format!("the stream has version {seen}, and {told} was told")));
    }
    if let Some((of, row)) = row {
        chain.goes_through(of, &row).map_err(|error| CliError::proof(&error))?;
    }
    Ok(Proved { size, reached, digest })
}

/// Reads the leaves of a stream below the largest of some sizes, each linked to the one before.
async fn leaves(
    session: &Session,
    unit: &str,
    stream: UnitId,
    sizes: &[u64],
) -> Result<Chain, CliError> {
    let end = sizes.iter().copied().max().unwrap_or_default();
    let mut chain = Chain::of(stream, sizes.iter().copied());
    let push = |leaf: &[u8]| chain.push(leaf).map_err(|error| CliError::proof(&error));
    each_leaf(session, unit, end, push).await?;
    Ok(chain)
}

/// Reads the leaves of a stream below a size, one after the other.
pub(super) async fn each_leaf(
    session: &Session,
    unit: &str,
    end: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut page_token = String::new();
    loop {
        let request = v1::ListEventsRequest {
            page_size: PAGE,
            page_token,
            unit: unit.to_owned(),
            view: v1::EventView::Leaf.into(),
            ..Default::default()
        };
        let send = async |request| session.client.events().list_events(request).await;
        let page = session.client.call(request, send).await?;
        for event in &page.events {
            if read(&event.leaf)?.place.position >= end {
                return Ok(());
            }
            take(&event.leaf)?;
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = page.next_page_token;
    }
}

/// What was proved, and on what it rests.
fn in_words(proved: &Proved, open: bool, by_time: bool) -> (String, String) {
    let Proved { size, reached: Reached { version, .. }, digest } = proved;
    let all = match version {
        0 => "it has none".to_owned(),
        1 => "it is one, which is in the log".to_owned(),
        _ => format!("they are versions 1 to {version}, linked without a gap, in the log"),
    };
    let (holds, mut rests_on) = match digest {
        Some((_, digest)) if digest.size >= *size => (
            format!("no record of the unit below {size} is missing: {all}"),
            format!(
                "the state digest of {} records, which the log's key signed as part of the log: what \
                 the server left out before it recorded that, it would have had to leave out for \
                 everybody",
                digest.size
            ),
        ),
        Some((_, digest)) => (
            format!("no record of the unit below {} is missing; below {size}, {all}", digest.size),
            format!(
                "the state digest of {} records; that nothing was left out at the end, of what was \
                 recorded from there to {size}, rests on the server until the next one",
                digest.size
            ),
        ),
        None => (
            format!("below {size}, {all}"),
            "no state digest has the unit yet: that nothing was left out at the end rests on the \
             server"
                .to_owned(),
        ),
    };
    if by_time {
        rests_on.push_str("; that so many records were known then: gradus prove known-at");
    }
    if open {
        rests_on.push_str("; more may come to lie within the instant");
    }
    (holds, rests_on)
}

/// Lists the state digests.
pub(super) async fn digests(session: &Session, args: DigestsArgs) -> Result<(), CliError> {
    let mut audit = None;
    let mut all: Vec<v1::StateDigest> = Vec::new();
    let most = args.limit.unwrap_or(usize::MAX);
    while all.len() < most {
        let page_size = u32::try_from(most - all.len()).unwrap_or(PAGE).min(PAGE);
        let before_size = all.last().map(|last| last.log_size);
        let asked = v1::ListStateDigestsRequest { page_size, before_size };
        let send = async |request| session.client.proofs().list_state_digests(request).await;
        let page = session.client.call(asked, send).await?;
        audit = audit.or(page.audit);
        if page.digests.is_empty() {
            break;
        }
        all.extend(page.digests);
    }
    let mut sheet = Sheet::new(&["size", "root", "rows", "position", "recorded_at"]);
    for digest in &all {
        sheet.row(vec![
            digest.log_size.to_string().into(),
            seen::digest(&digest.root)?.to_string().into(),
            digest.rows.to_string().into(),
            digest.position.to_string().into(),
            time(digest.recorded_at.as_ref()).into(),
        ]);
    }
    if let Some(audit) = audit.as_ref().filter(|audit| !audit.agrees) {
        let (size, at) = (audit.log_size, time(audit.at.as_ref()));
        session.output.note(&format!(
            "THE SERVER'S OWN AUDIT of {at} FOUND THE DIGEST OF {size} RECORDS WRONG"
        ))?;
    }
    let entries = message::all(&all)?;
    let answer = v1::ListStateDigestsResponse { digests: all, audit };
    let document = message::json(&answer)?;
    session.output.show(&View { document, entries: Some(entries), sheets: vec![sheet] })
}
