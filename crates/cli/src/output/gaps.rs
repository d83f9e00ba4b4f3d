//! What seems to be missing from the log, in each form.

use gradus_wire::v1;

use super::View;
use super::message::{self, day};
use super::sheet::{Cell, Sheet, Tone};
use crate::error::CliError;

/// Missing numbers, items that runs announced, and silences in one table.
pub fn view(response: &v1::FindGapsResponse) -> Result<View, CliError> {
    let mut sheet = Sheet::new(&["gap", "unit", "source", "from", "to", "missing", "usual"]);
    for numbered in &response.numbered {
        for hole in &numbered.holes {
            sheet.row(vec![
                "numbers".into(),
                Cell::default(),
                numbered.source.clone().into(),
                hole.first.to_string().into(),
                hole.last.to_string().into(),
                (hole.last - hole.first).saturating_add(1).to_string().into(),
                Cell::default(),
            ]);
        }
    }
    for run in &response.short_runs {
        sheet.row(vec![
            "run".into(),
            Cell::default(),
            run.source.clone().into(),
            run.run.clone().into(),
            Cell::default(),
            run.announced.saturating_sub(run.seen).to_string().into(),
            format!("{} announced", run.announced).into(),
        ]);
    }
    for silence in &response.silences {
        let gap = if silence.lasts { "silent, still" } else { "silent" };
        let tone = if silence.lasts { Tone::Notice } else { Tone::Plain };
        sheet.row(vec![
            Cell::from(gap).toned(tone),
            silence.unit.clone().unwrap_or_default().name.into(),
            silence.source.clone().into(),
            day(silence.from.as_ref()).into(),
            day(silence.to.as_ref()).into(),
            format!("{} days", silence.days).into(),
            format!("{} days", silence.usual_days).into(),
        ]);
    }
    let document = message::json(response)?;
    Ok(View { document, entries: None, sheets: vec![sheet.titled(title(response))] })
}

/// What was looked at, and how much of the gaps is shown.
fn title(response: &v1::FindGapsResponse) -> String {
    let holes: u64 = response.numbered.iter().map(|one| one.holes_total).sum();
    let shown: usize = response.numbered.iter().map(|one| one.holes.len()).sum();
    let part = |shown: usize, all: u64| {
        if shown as u64 == all { String::new() } else { format!(", {shown} shown") }
    };
    format!(
        "sources that number: {}, with holes: {holes}{} · runs that announced: {}, short: {}{} · \
         sources with a cadence: {}, silences: {}{}",
        response.numbered.len(),
        part(shown, holes),
        response.runs_announced,
        response.short_runs_total,
        part(response.short_runs.len(), response.short_runs_total),
        response.sources_with_cadence,
        response.silences_total,
        part(response.silences.len(), response.silences_total)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use crate::select::{start, wire};
    use expect_test::expect;

    #[test]
    fn missing_numbers_short_runs_and_silences_stand_in_one_table() {
        let on = |day: &str| Some(wire(start(day).unwrap()));
        let hole = v1::MissingNumbers { first: 4, last: 6, after_position: 9, before_position: 12 };
        let response = v1::FindGapsResponse {
            numbered: vec![v1::NumberedSource {
                source: "git:theta".into(),
                first: 1,
                last: 9,
                seen: 6,
                missing: 3,
                holes: vec![hole],
                holes_total: 1,
            }],
            short_runs: vec![v1::ShortRun {
                source: "nightly".into(),
                run: "41".into(),
                announced: 12,
                seen: 10,
                last_position: 31,
            }],
            short_runs_total: 1,
            runs_announced: 4,
            silences: vec![v1::SourceSilence {
                unit: Some(v1::UnitRef { id: "u1".into(), name: "theta".into() }),
                source: "scanner".into(),
                from: on("2026-05-04"),
                to: on("2026-06-01"),
                days: 28,
                usual_days: 7,
                lasts: true,
            }],
            silences_total: 2,
            sources_with_cadence: 3,
            ..v1::FindGapsResponse::default()
        };
        let output = Output { format: Format::Table, terminal: true, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(&response).unwrap(), &mut stripped).unwrap();
        expect![[r#"
            sources that number: 1, with holes: 1 · runs that announced: 4, short: 1 · sources with a cadence: 3, silences: 2, 1 shown
            gap            unit   source     from        to          missing  usual         
            numbers               git:theta  4           6           3
            run                   nightly    41                      2        12 announced
            silent, still  theta  scanner    2026-05-04  2026-06-01  28 days  7 days
        "#]]
        .assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }
}
