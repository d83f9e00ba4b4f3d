//! Areas by projects: the level today, and how many base practices valid evidence covers.

use std::fmt::Write as _;

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use crate::client::Client;
use crate::error::CliError;

/// The table, with a line above that says how to read it.
pub(crate) async fn areas_by_project(client: &Client, units: &[&str]) -> Result<String, CliError> {
    let mut columns = Vec::new();
    for unit in units {
        columns.push(levels(client, unit, None).await?);
    }
    let mut text = String::from(
        "\nOngoing level, and base practices with valid evidence of how many, as of today.\n\
         `1-5` is at least 1 and at most 5: nobody has judged the rest. `.` is not rated, which is \
         not level 0.\n\n",
    );
    let Some(first) = columns.first() else { return Ok(text) };
    let _ = write!(text, "{:6}{:48}", "", "");
    for unit in units {
        let _ = write!(text, "{unit:>10}");
    }
    text.push('\n');
    for (row, area) in first.areas.iter().enumerate() {
        let _ = write!(text, "{:6}{:48}", area.area, shortened(&area.title, 46));
        for column in &columns {
            let cell = column.areas.get(row).map(cell).unwrap_or_default();
            let _ = write!(text, "{cell:>10}");
        }
        text.push('\n');
    }
    text.push_str(
        "\nGit alone shows that practices left traces, never how well they are managed: from it no \
         level\nabove `at least 1` can follow, and most areas stay open. `sample` is made up: its \
         evidence was\nreviewed by one person and its practices rated by another, through a \
         whole life cycle.\n",
    );
    Ok(text)
}

fn cell(area: &v1::AreaLevel) -> String {
    let coverage = area.coverage.unwrap_or_default();
    let inherited = if area.inherited_from.is_some() { "^" } else { "" };
    let level = match area.ongoing.and_then(|answer| answer.answer) {
        Some(Answer::Range(v1::LevelRange { level: Some(level), .. })) => level.to_string(),
        Some(Answer::Range(range)) => format!("{}-{}", range.at_least, range.at_most),
        Some(Answer::None(none)) => match v1::NoLevel::try_from(none) {
            Ok(v1::NoLevel::NotApplicable) => return "n/a".to_owned(),
            Ok(v1::NoLevel::NotDeterminable) => "?".to_owned(),
            _ => ".".to_owned(),
        },
        None => String::new(),
    };
    format!("{inherited}{level} {}/{}", coverage.covered, coverage.practices_total)
}

fn shortened(title: &str, most: usize) -> String {
    if title.chars().count() <= most {
        return title.to_owned();
    }
    title.chars().take(most - 1).chain(['…']).collect()
}

/// The levels of a unit at a moment, or now.
pub(crate) async fn levels(
    client: &Client,
    unit: &str,
    valid_at: Option<prost_types::Timestamp>,
) -> Result<v1::QueryLevelsResponse, CliError> {
    let question = v1::QueryLevelsRequest {
        unit: unit.to_owned(),
        coordinate: Some(v1::Coordinate { valid_at, ..Default::default() }),
        ..Default::default()
    };
    let levels = client.levels();
    client.call(question, async |request| levels.clone().query_levels(request).await).await
}
