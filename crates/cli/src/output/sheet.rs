//! Tables for people, and the same rows for spreadsheets and pipes.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell as Drawn, Color, ColumnConstraint, ContentArrangement, Table};

use super::fold::lines_of;

/// Columns of texts, which may be broken into lines.
const WRAPPED: &[&str] =
    &["title", "of", "meaning", "rationale", "practices", "because", "why", "reason", "what"];

/// The least width to break a text into; a terminal with less room breaks lines by itself.
const LEAST: usize = 12;

/// Spaces between columns.
const GAP: u16 = 2;

/// How a cell stands out, on a terminal only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Not at all.
    #[default]
    Plain,
    /// Steps back.
    Faint,
    /// Worth a look.
    Notice,
    /// Speaks against something.
    Alarm,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What people see on a terminal.
    pub shown: String,
    /// What a program reads.
    pub plain: String,
    /// How it stands out.
    pub tone: Tone,
}

impl Cell {
    /// A cell that shows people more than a program reads.
    pub fn drawn(shown: impl Into<String>, plain: impl Into<String>) -> Self {
        Self { shown: shown.into(), plain: plain.into(), tone: Tone::Plain }
    }

    /// The same cell in another tone.
    #[must_use]
    pub fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn draw(&self) -> Drawn {
        let cell = Drawn::new(visible(&self.shown));
        match self.tone {
            Tone::Plain => cell,
            Tone::Faint => cell.add_attribute(Attribute::Dim),
            Tone::Notice => cell.fg(Color::DarkYellow),
            Tone::Alarm => cell.fg(Color::DarkRed),
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = text.into();
        Self { shown: text.clone(), plain: text, tone: Tone::Plain }
    }
}

/// A table, or one thing with named parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// A line above it, on a terminal only.
    pub title: Option<String>,
    columns: Vec<&'static str>,
    behind: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
    record: bool,
}

impl Sheet {
    /// An empty table.
    #[must_use]
    pub fn new(columns: &[&'static str]) -> Self {
        Self { title: None, columns: columns.to_vec(), ..Self::default() }
    }

    /// One thing: on a terminal its parts stand below each other, those that say something.
    #[must_use]
    pub fn record(parts: Vec<(&'static str, Cell)>) -> Self {
        let (columns, row) = parts.into_iter().unzip();
        Self { columns, rows: vec![row], record: true, ..Self::default() }
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The same table below a title.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: Some(title.into()), ..self }
    }

    /// The same table, in which only programs get these columns.
    #[must_use]
    pub fn without(self, behind: &'static [&'static str]) -> Self {
        Self { behind, ..self }
    }

    /// Draws it for a terminal.
    pub fn draw(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(title) = &self.title {
            let width = usize::from(Table::new().width().unwrap_or(u16::MAX));
            for line in lines_of(&visible(title), width) {
                writeln!(out, "{line}")?;
            }
        }
        if self.rows.is_empty() {
            return writeln!(out, "none");
        }
        let mut table = if self.record { self.parts() } else { self.lines() };
        // The stream drops colours where they do not belong.
        table.load_style(NOTHING).enforce_styling();
        self.fit(&mut table);
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn parts(&self) -> Table {
        let mut table = Table::new();
        let parts = self.columns.iter().zip(self.rows.iter().flatten());
        for (name, cell) in parts.filter(|(_, cell)| !cell.shown.is_empty()) {
            table.add_row(vec![Drawn::new(name).add_attribute(Attribute::Dim), cell.draw()]);
        }
        table
    }

    fn lines(&self) -> Table {
        let mut table = Table::new();
        let shown = |(name, _): &(&&str, &Cell)| !self.behind.contains(name);
        table.set_header(self.shown().map(|name| Drawn::new(name).add_attribute(Attribute::Bold)));
        for row in &self.rows {
            let cells = self.columns.iter().zip(row).filter(shown);
            table.add_row(cells.map(|(_, cell)| cell.draw()));
        }
        table
    }

    fn shown(&self) -> impl Iterator<Item = &&'static str> {
        self.columns.iter().filter(|name| !self.behind.contains(name))
    }

    /// Breaks texts into lines where the terminal leaves room for that. Ids and dates are never
    /// broken, so that they can be copied.
    fn fit(&self, table: &mut Table) {
        let wraps: Vec<bool> = if self.record {
            vec![false, true]
        } else {
            self.shown().map(|name| WRAPPED.contains(name)).collect()
        };
        let widths = table.column_max_content_widths();
        let firm = wraps.iter().zip(&widths).filter(|(wraps, _)| !**wraps);
        let firm: usize = firm.map(|(_, width)| usize::from(width + GAP)).sum();
        let soft = wraps.iter().filter(|wraps| **wraps).count();
        let room = usize::from(table.width().unwrap_or(u16::MAX)).saturating_sub(firm);
        if room >= soft * LEAST {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        for (column, wraps) in table.column_iter_mut().zip(wraps) {
            column.set_padding((0, GAP));
            if !wraps {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }

    /// The names of the columns that people see.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.shown().copied()
    }

    /// Each row, its cells with the names of their columns, as people see them.
    pub fn rows(&self) -> impl Iterator<Item = Vec<(&'static str, &Cell)>> {
        let seen = |(name, _): &(&'static str, &Cell)| !self.behind.contains(name);
        self.rows
            .iter()
            .map(move |row| self.columns.iter().copied().zip(row).filter(seen).collect())
    }

    /// Writes it with tabs between the cells, and the names of the columns above; of one thing,
    /// each part on its line.
    pub fn tabs(&self, out: &mut impl Write) -> io::Result<()> {
        if self.record {
            let mut parts = self.columns.iter().zip(self.rows.iter().flatten());
            return parts
                .try_for_each(|(name, cell)| writeln!(out, "{name}\t{}", visible(&cell.plain)));
        }
        writeln!(out, "{}", self.columns.join("\t"))?;
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(|cell| visible(&cell.plain)).collect();
            writeln!(out, "{}", cells.join("\t"))?;
        }
        Ok(())
    }

    /// Writes it as CSV.
    pub fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(&self.columns)?;
        for row in &self.rows {
            csv.write_record(row.iter().map(|cell| &cell.plain))?;
        }
        csv.flush()
    }
}

/// An id as people read it, without the model it belongs to: `PA01/GP 2.1.1`.
#[must_use]
pub fn without_model(id: &str) -> &str {
    id.split_once('/').map_or(id, |(_, rest)| rest)
}

/// The text on one line, without what would move a terminal's cursor or colour it.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
