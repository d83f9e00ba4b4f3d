//! An explanation as a tree: each level, its practices, and the evidence behind them.

mod practice;
mod summary;

use std::fmt::Write as _;

use comfy_table::Table;
use gradus_wire::v1;

use super::super::fold::{MORE, folded, lines_of};
use super::super::message::text;
use super::super::sheet::visible;
use crate::select::unwire;

/// Columns where the terminal does not tell.
const WIDTH: usize = 100;

/// The columns of this terminal.
#[must_use]
pub fn width() -> usize {
    Table::new().width().map_or(WIDTH, usize::from)
}

/// How much is drawn.
#[derive(Clone, Copy)]
struct Extent {
    /// Whether everything is, or what says nothing is folded.
    all: bool,
    /// Whether the evidence behind practices is: of the lowest level that is not reached, which
    /// decides.
    detail: bool,
    /// The columns that may be used; ids and dates are never cut.
    width: usize,
}

/// A line of the tree, with what hangs below it.
struct Node {
    line: String,
    /// Further lines of the same thing.
    more: Vec<String>,
    below: Vec<Node>,
}

impl Node {
    fn leaf(line: String) -> Self {
        Self { line, more: Vec::new(), below: Vec::new() }
    }

    /// Writes what hangs below with the strokes that lead there.
    fn draw(&self, stem: &str, width: usize, out: &mut Vec<String>) {
        let last = self.below.len().saturating_sub(1);
        for (at, node) in self.below.iter().enumerate() {
            let (stroke, next) = if at == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let next = format!("{stem}{next}");
            let bare = if node.below.is_empty() { "  " } else { "│ " };
            let room = width.saturating_sub(next.chars().count());
            let mut told =
                folded(&node.line, room, room.saturating_sub(MORE.len() + 2)).into_iter();
            out.push(format!("{stem}{stroke}{}", told.next().unwrap_or_default()));
            out.extend(told.map(|rest| format!("{next}{bare}{MORE}{rest}")));
            for line in &node.more {
                let lines = folded(line, room.saturating_sub(2), room.saturating_sub(2));
                out.extend(lines.into_iter().map(|line| format!("{next}{bare}{line}")));
            }
            node.draw(&next, width, out);
        }
    }
}

/// The explanation for people. Unless `all` is asked for, practices that nobody has rated are
/// counted instead of listed, and evidence is told of the level that decides only.
#[must_use]
pub fn drawn(response: &v1::ExplainLevelResponse, all: bool, width: usize) -> String {
    let extent = Extent { all, detail: all, width };
    let lines = summary::head(response);
    let undecided = response.steps.iter().find(|step| step.ongoing() != v1::Reached::Yes);
    let decides = undecided.map(|step| step.level);
    let draw = |step: &v1::LevelStep| {
        let told = Extent { detail: all || decides == Some(step.level), ..extent };
        level(response, step, told)
    };
    let below = response.steps.iter().map(draw).collect();
    let plain = |lines: &[String]| -> Vec<String> {
        lines.iter().flat_map(|line| lines_of(line, width)).collect()
    };
    let mut lines = plain(&lines);
    Node { line: String::new(), more: Vec::new(), below }.draw("", width, &mut lines);
    lines.push(String::new());
    lines.extend(plain(&summary::ahead(response, extent)));
    let lines: Vec<String> = lines.iter().map(|line| visible(line).trim_end().to_owned()).collect();
    lines.join("\n") + "\n"
}

fn level(response: &v1::ExplainLevelResponse, step: &v1::LevelStep, extent: Extent) -> Node {
    let (rated, ongoing) = (reached(step.rated()), reached(step.ongoing()));
    let practices: Vec<&v1::ExplainedPractice> =
        response.practices.iter().filter(|one| one.level == step.level).collect();
    let mut below = Vec::new();
    if response.scheme != "sse-cmm" {
        below.extend(step.features.iter().filter(|one| extent.all || !is_open(one)).map(feature));
    }
    let folded = |one: &&v1::ExplainedPractice| !extent.all && practice::says_nothing(one);
    let told: Vec<&v1::ExplainedPractice> =
        practices.iter().copied().filter(|one| !folded(one)).collect();
    let widest = told.iter().map(|one| practice::name(one).chars().count()).max().unwrap_or(0);
    below.extend(told.iter().map(|one| practice::node(one, widest, extent)));
    let hidden = practices.len() - told.len();
    if hidden > 0 && !below.is_empty() {
        below.push(Node::leaf(format!("{} nobody has rated", count(hidden, "practice"))));
    }
    let line =
        format!("level {}: rated {rated}, ongoing {ongoing} · {}", step.level, practices_of(step));
    Node { line, more: Vec::new(), below }
}

/// How many practices of a level are met: `8 practices, 8 met as rated, 6 still supported`.
fn practices_of(step: &v1::LevelStep) -> String {
    let total = count(step.practices.try_into().unwrap_or(usize::MAX), "practice");
    if step.open == step.practices {
        return format!("{total}, nobody has rated any");
    }
    let mut text = format!("{total}, {} met", step.met_rated);
    if step.met_ongoing < step.met_rated {
        // Writing to a String cannot fail.
        let _ = write!(text, ", {} still supported", step.met_ongoing);
    }
    let not_met = step.practices.saturating_sub(step.met_rated + step.open);
    for (number, what) in [(not_met, "not met"), (step.open, "open")] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    text
}

fn is_open(of: &v1::FeatureStep) -> bool {
    of.open > 0
        && of.rated_at_least != of.rated_at_most
        && of.ongoing_at_least != of.ongoing_at_most
}

/// `feature 2.1: rated largely, ongoing not to largely, 2 open`.
fn feature(of: &v1::FeatureStep) -> Node {
    let between = |least: i32, most: i32| {
        let (least, most) = (text::<v1::Value>(least), text::<v1::Value>(most));
        if least == most { least } else { format!("{least} to {most}") }
    };
    let rated = between(of.rated_at_least, of.rated_at_most);
    let ongoing = between(of.ongoing_at_least, of.ongoing_at_most);
    let mut line = format!("feature {}: rated {rated}, ongoing {ongoing}", of.feature);
    if of.open > 0 {
        let _ = write!(line, ", {} open", of.open);
    }
    if of.as_a_whole {
        line.push_str(", rated as a whole");
    }
    Node::leaf(line)
}

const fn reached(of: v1::Reached) -> &'static str {
    match of {
        v1::Reached::Yes => "yes",
        v1::Reached::No => "no",
        v1::Reached::Open => "open",
        v1::Reached::Unspecified => "unknown",
    }
}

/// `1 item`, `2 items`.
fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The day of an instant.
fn day(at: Option<&prost_types::Timestamp>) -> String {
    let text = instant(at);
    text.split_once('T').map_or(text.clone(), |(day, _)| day.to_owned())
}

/// An instant as short as it can be told: a day, with the minute unless that is its first.
fn instant(at: Option<&prost_types::Timestamp>) -> String {
    let text = at.and_then(unwire).map(|at| at.to_string()).unwrap_or_default();
    match text.split_once('T') {
        Some((day, "00:00:00Z")) => day.to_owned(),
        Some((day, time)) => format!("{day}T{}Z", time.get(..5).unwrap_or(time)),
        None => text,
    }
}

#[cfg(test)]
mod tests;
