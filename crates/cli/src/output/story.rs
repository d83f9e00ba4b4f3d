//! A unit's history as a story, in each form.

use std::fmt::Write as _;

use gradus_wire::v1;
use gradus_wire::v1::replay_unit_response::Told;

use super::View;
use super::cause::said;
use super::headline;
use super::json::{Json, object};
use super::message::{self, time};
use super::sheet::{Cell, Sheet, Tone, visible, without_model};
use super::state::{ongoing, rated};
use crate::error::CliError;

/// Practices that a line names before it counts the others.
const NAMED: usize = 3;
const SECONDS_A_DAY: u64 = 86_400;
/// Columns of a story.
const COLUMNS: [&str; 7] = ["when", "recorded_at", "late", "who", "position", "what", "because"];

/// A story as a table; programs get each message.
pub fn view(told: &[v1::ReplayUnitResponse]) -> Result<View, CliError> {
    let entries = message::all(told)?;
    let mut sheet = Sheet::new(&COLUMNS);
    let asked = begin(told).and_then(|begin| begin.unit.as_ref());
    for one in told {
        match &one.told {
            Some(Told::Fact(fact)) => sheet.row(of_fact(fact)),
            Some(Told::Move(moved)) => sheet.row(of_move(moved, asked)),
            // A newer server may tell more.
            Some(Told::Begin(_) | Told::End(_)) | None => (),
        }
    }
    let document = object([("story", Json::List(entries.clone()))]);
    Ok(View { document, entries: Some(entries), sheets: vec![sheet.titled(title(told))] })
}

fn begin(told: &[v1::ReplayUnitResponse]) -> Option<&v1::ReplayBegin> {
    told.iter().find_map(|one| match &one.told {
        Some(Told::Begin(begin)) => Some(begin),
        _ => None,
    })
}

fn end(told: &[v1::ReplayUnitResponse]) -> Option<&v1::ReplayEnd> {
    told.iter().find_map(|one| match &one.told {
        Some(Told::End(end)) => Some(end),
        _ => None,
    })
}

/// Whose story it is, over which time and as known when, and how much it tells.
fn title(told: &[v1::ReplayUnitResponse]) -> String {
    let mut parts = begin(told).map_or_else(Vec::new, |begin| {
        let mut parts = headline::parts(begin.unit.as_ref(), begin.coordinate.as_ref());
        if let Some(from) = &begin.from {
            parts.push(format!("from {}", time(Some(from))));
        }
        parts
    });
    parts.extend(end(told).map(counted));
    parts.join(" · ")
}

/// `7 facts, 2 of them late, 3 movements`.
fn counted(end: &v1::ReplayEnd) -> String {
    let number = |count: u64, of: &str| {
        if count == 1 { format!("one {of}") } else { format!("{count} {of}s") }
    };
    let late = match end.late {
        0 => String::new(),
        late => format!(", {late} late"),
    };
    format!("{}{late}, {}", number(end.facts, "fact"), number(end.moves, "movement"))
}

fn of_fact(fact: &v1::ReplayFact) -> Vec<Cell> {
    let late = late(fact).unwrap_or_default();
    vec![
        time(fact.effective_at.as_ref()).into(),
        time(fact.recorded_at.as_ref()).into(),
        Cell::from(late).toned(Tone::Notice),
        fact.actor.as_ref().map(|actor| actor.name.clone()).unwrap_or_default().into(),
        fact.position.to_string().into(),
        what(fact).into(),
        why(fact).unwrap_or_default().into(),
    ]
}

fn of_move(moved: &v1::ReplayMove, asked: Option<&v1::UnitRef>) -> Vec<Cell> {
    let movement = moved.movement.clone().unwrap_or_default();
    let because = |named| said(&movement.causes, asked, &moved.area, named).join("; ");
    vec![
        time(movement.valid_at.as_ref()).into(),
        Cell::default(),
        Cell::default(),
        Cell::default(),
        Cell::default(),
        format!("{} {}", without_model(&moved.area), way(&movement)).into(),
        Cell::drawn(because(NAMED), because(usize::MAX)),
    ]
}

/// By how many whole days it came late, if it did.
fn late(fact: &v1::ReplayFact) -> Option<String> {
    let days = fact.delay_seconds / SECONDS_A_DAY;
    let days = || if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    fact.late.then(days)
}

fn text<'a>(fact: &'a v1::ReplayFact, name: &str) -> Option<&'a str> {
    fact.payload.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// Why, in the words of who said so.
fn why(fact: &v1::ReplayFact) -> Option<&str> {
    ["reason", "rationale", "note"].into_iter().find_map(|name| text(fact, name))
}

/// What happened, with the title where it has one that may be read.
fn what(fact: &v1::ReplayFact) -> String {
    let title = text(fact, "title").map(|title| format!(": {title}"));
    let kept = match fact.payload_state() {
        v1::PayloadState::Erased => ", its texts erased",
        _ => "",
    };
    format!("{}{}{kept}", fact.said, title.unwrap_or_default())
}

/// `rated 1 → 2, ongoing 1 → 2`.
fn way(movement: &v1::Movement) -> String {
    let ends = |of: fn(&v1::AreaState) -> String| {
        let end = |state: Option<&v1::AreaState>| state.map_or_else(|| "nothing".to_owned(), of);
        let (before, after) = (end(movement.before.as_ref()), end(movement.after.as_ref()));
        if before == after { after } else { format!("{before} → {after}") }
    };
    format!("rated {}, ongoing {}", ends(rated), ends(ongoing))
}

/// A story in Markdown, day by day. What people wrote stands there as text: nothing of it is taken
/// for marks, links or HTML.
#[must_use]
pub fn markdown(told: &[v1::ReplayUnitResponse]) -> String {
    let unit = begin(told).and_then(|begin| begin.unit.as_ref());
    let name = unit.map(|unit| unit.name.as_str()).unwrap_or_default();
    // Writing to a String cannot fail.
    let mut page = format!("# The story of {}\n\n{}\n", escaped(name), escaped(&title(told)));
    let mut day = String::new();
    for one in told {
        let (at, line) = match &one.told {
            Some(Told::Fact(fact)) => (fact.effective_at.as_ref(), fact_in_markdown(fact)),
            Some(Told::Move(moved)) => {
                let at = moved.movement.as_ref().and_then(|movement| movement.valid_at.as_ref());
                (at, move_in_markdown(moved, unit))
            }
            Some(Told::Begin(_) | Told::End(_)) | None => continue,
        };
        let at = time(at);
        let (date, clock) = at.split_once('T').unwrap_or((&at, ""));
        if date != day {
            date.clone_into(&mut day);
            let _ = write!(page, "\n## {date}\n\n");
        }
        let _ = writeln!(page, "- {clock} {line}");
    }
    if let Some(end) = end(told) {
        let digest = gradus_model::ids::hex(&end.digest);
        let _ = write!(page, "\nDigest over question and facts: `{digest}`\n");
    }
    page
}

fn fact_in_markdown(fact: &v1::ReplayFact) -> String {
    let mut line = escaped(&what(fact));
    if let Some(reason) = why(fact) {
        let _ = write!(line, ", because {}", escaped(reason));
    }
    if let Some(actor) = &fact.actor {
        let _ = write!(line, ", said by {}", escaped(&actor.name));
    }
    if let Some(late) = late(fact) {
        let _ = write!(line, ", **recorded {late} late**, {}", time(fact.recorded_at.as_ref()));
    }
    let _ = write!(line, " ({})", fact.position);
    line
}

fn move_in_markdown(moved: &v1::ReplayMove, unit: Option<&v1::UnitRef>) -> String {
    let movement = moved.movement.clone().unwrap_or_default();
    let area = format!("{} {}", without_model(&moved.area), moved.title);
    let because = said(&movement.causes, unit, &moved.area, NAMED).join("; ");
    format!("**{}**: {}, by {}", escaped(&area), escaped(&way(&movement)), escaped(&because))
}

/// A text on one line in which Markdown sees no marks.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
