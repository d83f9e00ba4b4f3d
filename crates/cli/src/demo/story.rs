//! A line per project: how coverage and levels moved over the years.

use std::fmt::Write as _;

use gradus_model::{Edge, Timestamp};
use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::histories::Loaded;
use super::sample;
use super::table::levels;
use crate::client::Client;
use crate::error::CliError;
use crate::select::wire;

const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The lines of the real projects and of the made-up one.
pub(crate) async fn lines(client: &Client, units: &[Loaded]) -> Result<String, CliError> {
    let mut text = String::from(
        "How it went, at each year's end: base practices with valid evidence, as a bar a year.\n\n",
    );
    for unit in units {
        let mut years = Vec::new();
        for year in unit.first_year..=unit.last_year {
            years.push(year_of(client, unit.name, year).await?);
        }
        let bars: String = years.iter().map(Year::bar).collect();
        let best = years.iter().max_by_key(|year| year.covered);
        let best = best.map_or(String::new(), |best| {
            format!("most {} of {} in {}", best.covered, best.practices, best.number)
        });
        let _ = writeln!(
            text,
            "{:8}{}–{}  {:28} {best}, {}; {} facts",
            unit.name,
            unit.first_year,
            unit.last_year,
            bars,
            risen(&years),
            unit.facts
        );
    }
    text.push_str(&sample_line(client).await?);
    Ok(text)
}

struct Year {
    number: i16,
    covered: u32,
    practices: u32,
    at_least_one: Vec<String>,
}

impl Year {
    fn bar(&self) -> char {
        // An eighth of the bar for each eighth of the practices, rounded up.
        let eighths = (self.covered * 8).div_ceil(self.practices.max(1));
        BARS.get(eighths as usize).copied().unwrap_or('█')
    }
}

async fn year_of(client: &Client, unit: &str, year: i16) -> Result<Year, CliError> {
    let end = Timestamp::parse(&format!("{year}-12-31"), Edge::Question)?;
    // A year that is not over is told as it stands.
    let over = end.micros() / 1_000_000 < crate::select::clock().seconds;
    let answer = levels(client, unit, over.then(|| wire(end))).await?;
    let coverage = answer.areas.iter().filter_map(|area| area.coverage);
    let (covered, practices) = coverage.fold((0, 0), |(covered, practices), area| {
        (covered + area.covered, practices + area.practices_total)
    });
    let performed = |area: &&v1::AreaLevel| match area.ongoing.and_then(|answer| answer.answer) {
        Some(Answer::Range(range)) => range.at_least > 0,
        Some(Answer::None(_)) | None => false,
    };
    let at_least_one = answer.areas.iter().filter(performed).map(|area| area.area.clone());
    Ok(Year { number: year, covered, practices, at_least_one: at_least_one.collect() })
}

/// The areas that ever reached at least level 1, and since when.
fn risen(years: &[Year]) -> String {
    let mut seen: Vec<(String, i16)> = Vec::new();
    for year in years {
        for area in &year.at_least_one {
            if !seen.iter().any(|(known, _)| known == area) {
                seen.push((area.clone(), year.number));
            }
        }
    }
    if seen.is_empty() {
        return "no area ever at level 1".to_owned();
    }
    let since: Vec<String> =
        seen.iter().map(|(area, year)| format!("{area} at least 1 from {year}")).collect();
    since.join(", ")
}

async fn sample_line(client: &Client) -> Result<String, CliError> {
    let mut text = format!("{:8}2021–2026  ongoing level of ", sample::NAME);
    let mut parts = Vec::new();
    for area in sample::AREAS {
        let mut steps = Vec::new();
        for moment in sample::MOMENTS {
            let at = Timestamp::parse(moment, Edge::Question)?;
            let answer = levels(client, sample::NAME, Some(wire(at))).await?;
            let found = answer.areas.iter().find(|found| found.area == area);
            steps.push(crate::output::levels::answer(found.and_then(|area| area.ongoing.as_ref())));
        }
        parts.push(format!("{area} {}", steps.join("→")));
    }
    let _ = writeln!(text, "{} (made up)", parts.join(", "));
    Ok(text)
}
