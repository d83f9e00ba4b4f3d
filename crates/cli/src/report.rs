//! Reports: pages of HTML that need nothing else, neither a server nor a script.
//!
//! Invariant: a page tells nothing of when or where it was made, so that the same coordinate gives
//! the same bytes. Its figures are those of the tables that the commands print.

pub mod course;
pub mod facts;
pub mod profile;

use askama::Template;
use gradus_wire::v1;

use crate::error::CliError;
use crate::output::sheet::{Cell, Sheet, Tone};
use facts::Fact;

/// A report.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Page {
    /// What it reports.
    pub title: &'static str,
    /// On which unit.
    pub unit: String,
    /// As of when, and computed with what.
    pub facts: Vec<Fact>,
    /// What is to be known before anything else is read.
    pub warnings: Vec<String>,
    /// What it tells.
    pub sections: Vec<Section>,
}

impl Page {
    /// The same page, which warns where a later record may still change what it tells.
    #[must_use]
    pub fn settled(mut self, at: Option<&v1::ResolvedCoordinate>) -> Self {
        if at.is_some_and(|at| at.known_at.is_some() && !at.settled) {
            self.warnings.push("not settled: more may be recorded up to the date asked".to_owned());
        }
        self
    }

    /// The page as it is written.
    ///
    /// # Errors
    ///
    /// [`CliError::Output`] if the template cannot be filled in.
    pub fn html(&self) -> Result<String, CliError> {
        self.render().map_err(|error| CliError::Output(std::io::Error::other(error)))
    }

    /// A fact by its name.
    fn fact(&self, name: &str) -> &str {
        let named = self.facts.iter().find(|fact| fact.name == name);
        named.map(|fact| fact.text.as_str()).unwrap_or_default()
    }
}

/// A part of a report: a chart, a table, or both.
#[derive(Default)]
pub struct Section {
    heading: String,
    notes: Vec<String>,
    chart: Option<Chart>,
    table: Option<Sheet>,
    /// What is told where the table has no row.
    nothing: &'static str,
}

impl Section {
    /// A part with a table.
    #[must_use]
    pub fn of(heading: impl Into<String>, table: Option<Sheet>) -> Self {
        Self { heading: heading.into(), table, ..Self::default() }
    }

    /// The same with a chart above the table.
    #[must_use]
    pub fn with(self, chart: Option<Chart>) -> Self {
        Self { chart, ..self }
    }

    /// The same with notes below its heading.
    #[must_use]
    pub fn told(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// The same with what is told in place of an empty table.
    #[must_use]
    pub fn or(self, nothing: &'static str) -> Self {
        Self { nothing, ..self }
    }

    /// Whether there is anything to tell.
    fn tells(&self) -> bool {
        self.chart.is_some() || self.rows().next().is_some() || !self.nothing.is_empty()
    }

    fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.table.iter().flat_map(Sheet::columns)
    }

    fn rows(&self) -> impl Iterator<Item = Vec<(&'static str, &Cell)>> {
        self.table.iter().flat_map(Sheet::rows)
    }
}

/// A drawing.
pub enum Chart {
    /// Levels beside targets.
    Profile(profile::Profile),
    /// Levels over time.
    Course(course::Courses),
}

/// The text of a cell as a page shows it: all of what a terminal shortens.
fn shown<'a>((column, cell): &(&str, &'a Cell)) -> &'a str {
    if matches!(*column, "because" | "why") { &cell.plain } else { &cell.shown }
}

/// The name of a column as people read it.
fn heading(column: &str) -> String {
    column.replace('_', " ")
}

/// Whether a cell is never broken into lines: one without spaces is an id or a date.
fn firm(cell: &Cell) -> bool {
    !cell.shown.contains(' ')
}

/// How a cell stands out, as the name of a style.
fn style(cell: &Cell) -> &'static str {
    match cell.tone {
        Tone::Plain if firm(cell) => "firm",
        Tone::Plain => "",
        Tone::Faint => "faint",
        Tone::Notice => "notice",
        Tone::Alarm => "alarm",
    }
}
