//! The evidence for practices by process instance, in each form.

use gradus_wire::v1;

use super::View;
use super::headline;
use super::message::{self, text, time};
use super::sheet::{Cell, Sheet, Tone, without_model};
use crate::error::CliError;

/// How many process instances stand beside each other; of more, each has a line.
const BESIDE: usize = 6;
/// What the letters and signs of a cell mean.
const LEGEND: &str =
    "D direct, I indirect, W weak, S spoken, (D) no longer valid, ! against, ? waiting";

/// The evidence for practices: for people a matrix, for programs a row for each cell.
pub fn view(response: &v1::GetSufficiencyMatrixResponse, is_drawn: bool) -> Result<View, CliError> {
    let sheet = match (is_drawn, response.instances.len() <= BESIDE) {
        (false, _) => rows(response),
        (true, true) => matrix(response).titled(title(response)),
        (true, false) => lines(response).titled(title(response)),
    };
    Ok(View {
        document: message::json(response)?,
        entries: Some(message::all(&response.areas)?),
        sheets: vec![sheet],
    })
}

fn title(response: &v1::GetSufficiencyMatrixResponse) -> String {
    let mut parts = headline::parts(response.unit.as_ref(), response.coordinate.as_ref());
    for area in &response.areas {
        let id = without_model(&area.area);
        if area.tailored_out {
            parts.push(format!("{id} is tailored out"));
        }
        if let Some(unit) = &area.inherited_from {
            parts.push(format!("{id} is inherited from {}", unit.name));
        }
    }
    parts.push(LEGEND.to_owned());
    parts.join(" · ")
}

/// The practices that people want to see: base practices, and others of which something is known.
fn shown(
    response: &v1::GetSufficiencyMatrixResponse,
) -> impl Iterator<Item = &v1::PracticeSufficiency> {
    let practices = response.areas.iter().flat_map(|area| &area.practices);
    practices.filter(|practice| {
        let is_base = without_model(&practice.practice).starts_with("BP");
        is_base || !practice.cells.is_empty() || practice.appraised > 0
    })
}

/// A row for each practice, a column for each process instance.
fn matrix(response: &v1::GetSufficiencyMatrixResponse) -> Sheet {
    // A column's name lives as long as the process, which prints one such table.
    let named = response.instances.iter().map(|name| &*instance(name).to_owned().leak());
    let columns: Vec<&'static str> =
        ["practice", "title", "suffices"].into_iter().chain(named).collect();
    let mut sheet = Sheet::new(&columns);
    for practice in shown(response) {
        let mut row = start(practice);
        row.extend(response.instances.iter().map(|instance| {
            let cell = practice.cells.iter().find(|cell| cell.instance == *instance);
            cell.map(drawn).unwrap_or_default()
        }));
        sheet.row(row);
    }
    sheet
}

/// A row for each practice and process instance.
fn lines(response: &v1::GetSufficiencyMatrixResponse) -> Sheet {
    let mut sheet = Sheet::new(&["practice", "title", "suffices", "instance", "evidence"]);
    for practice in shown(response) {
        let mut row = start(practice);
        for cell in &practice.cells {
            row.extend([instance(&cell.instance).into(), drawn(cell)]);
            // The practice is named once.
            sheet.row(std::mem::replace(&mut row, vec![Cell::default(); 3]));
        }
        if practice.cells.is_empty() {
            row.extend([Cell::default(), Cell::default()]);
            sheet.row(row);
        }
    }
    sheet
}

fn start(practice: &v1::PracticeSufficiency) -> Vec<Cell> {
    vec![
        without_model(&practice.practice).into(),
        practice.title.as_str().into(),
        suffices(practice),
    ]
}

/// Whether the evidence suffices and until when, or what is missing.
fn suffices(practice: &v1::PracticeSufficiency) -> Cell {
    let day = |at: &prost_types::Timestamp| {
        let at = time(Some(at));
        at.split_once('T').map_or(at.clone(), |(day, _)| day.to_owned())
    };
    let tone = match practice.support() {
        v1::Support::Supported => Tone::Plain,
        v1::Support::Contradicted => Tone::Alarm,
        v1::Support::Lapsed | v1::Support::Unsupported | v1::Support::Unspecified => Tone::Notice,
    };
    let told = match &practice.valid_until {
        Some(until) => format!("until {}", day(until)),
        None => format!("no: {}", missing(practice).replace(' ', ", ")),
    };
    Cell::from(told).toned(tone)
}

fn missing(practice: &v1::PracticeSufficiency) -> String {
    let words = practice.missing.iter().map(|missing| text::<v1::Missing>(*missing));
    words.collect::<Vec<_>>().join(" ")
}

fn instance(name: &str) -> &str {
    if name.is_empty() { "no instance" } else { name }
}

/// The classes of a cell, each with its letter and name.
fn classes(cell: &v1::SufficiencyCell) -> [(&'static str, v1::FreshCount); 4] {
    let of = |count: &Option<v1::FreshCount>| (*count).unwrap_or_default();
    [
        ("D", of(&cell.direct)),
        ("I", of(&cell.indirect)),
        ("W", of(&cell.weak)),
        ("S", of(&cell.spoken)),
    ]
}

/// A cell in a few signs: `D2 S1 (D3) !1 ?4`.
fn drawn(cell: &v1::SufficiencyCell) -> Cell {
    let some = |sign: &str, count: u32| (count > 0).then(|| format!("{sign}{count}"));
    let fresh = classes(cell).into_iter().filter_map(|(sign, count)| some(sign, count.fresh));
    let stale = classes(cell).into_iter().filter_map(|(sign, count)| some(sign, count.stale));
    let stale: Vec<String> = stale.collect();
    let stale = (!stale.is_empty()).then(|| format!("({})", stale.join(" ")));
    let rest = [some("!", cell.contradicting), some("?", cell.waiting)];
    let parts: Vec<String> = fresh.chain(stale).chain(rest.into_iter().flatten()).collect();
    // What is there and says nothing is no gap either.
    let told = if parts.is_empty() { "·".to_owned() } else { parts.join(" ") };
    let tone = if cell.contradicting > 0 { Tone::Alarm } else { Tone::Plain };
    Cell::from(told).toned(tone)
}

/// Everything, a row for each cell; of a practice without items one with zeros.
fn rows(response: &v1::GetSufficiencyMatrixResponse) -> Sheet {
    let mut sheet = Sheet::new(&[
        "area",
        "practice",
        "title",
        "support",
        "until",
        "since",
        "missing",
        "appraised",
        "instance",
        "direct",
        "direct_stale",
        "indirect",
        "indirect_stale",
        "weak",
        "weak_stale",
        "spoken",
        "spoken_stale",
        "contradicting",
        "waiting",
        "silent",
    ]);
    for area in &response.areas {
        for practice in &area.practices {
            let nothing = [v1::SufficiencyCell::default()];
            let cells = if practice.cells.is_empty() { &nothing[..] } else { &practice.cells };
            for cell in cells {
                sheet.row(numbers(area, practice, cell));
            }
        }
    }
    sheet
}

fn numbers(
    area: &v1::AreaSufficiency,
    practice: &v1::PracticeSufficiency,
    cell: &v1::SufficiencyCell,
) -> Vec<Cell> {
    let mut row: Vec<Cell> = vec![
        without_model(&area.area).into(),
        practice.practice.as_str().into(),
        practice.title.as_str().into(),
        text::<v1::Support>(practice.support).into(),
        time(practice.valid_until.as_ref()).into(),
        time(practice.lapsed_at.as_ref()).into(),
        missing(practice).into(),
        practice.appraised.to_string().into(),
        cell.instance.as_str().into(),
    ];
    let counts = classes(cell).into_iter().flat_map(|(_, count)| [count.fresh, count.stale]);
    let counts = counts.chain([cell.contradicting, cell.waiting, cell.silent]);
    row.extend(counts.map(|count| Cell::from(count.to_string())));
    row
}

#[cfg(test)]
mod tests;
