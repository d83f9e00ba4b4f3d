//! Tables for people, and the same rows for spreadsheets and pipes.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell as Drawn, Color, ContentArrangement, Table};

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
            Tone::Notice => cell.fg(Color::Yellow),
            Tone::Alarm => cell.fg(Color::Red),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// A line above it, on a terminal only.
    pub title: Option<String>,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    record: bool,
}

impl Sheet {
    /// An empty table.
    #[must_use]
    pub fn new(columns: &[&'static str]) -> Self {
        Self { title: None, columns: columns.to_vec(), rows: Vec::new(), record: false }
    }

    /// One thing: on a terminal its parts stand below each other, those that say something.
    #[must_use]
    pub fn record(parts: Vec<(&'static str, Cell)>) -> Self {
        let (columns, row) = parts.into_iter().unzip();
        Self { title: None, columns, rows: vec![row], record: true }
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

    /// Draws it for a terminal.
    pub fn draw(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(title) = &self.title {
            writeln!(out, "{}", visible(title))?;
        }
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        // The stream drops colours where they do not belong.
        table.enforce_styling();
        if self.record {
            let parts = self.columns.iter().zip(self.rows.iter().flatten());
            for (name, cell) in parts.filter(|(_, cell)| !cell.shown.is_empty()) {
                table.add_row(vec![Drawn::new(name).add_attribute(Attribute::Dim), cell.draw()]);
            }
        } else if self.rows.is_empty() {
            return writeln!(out, "none");
        } else {
            let header = |name: &&str| Drawn::new(name).add_attribute(Attribute::Bold);
            table.set_header(self.columns.iter().map(header).collect::<Vec<_>>());
            for row in &self.rows {
                table.add_row(row.iter().map(Cell::draw).collect::<Vec<_>>());
            }
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Writes it with tabs between the cells, and the names of the columns above.
    pub fn tabs(&self, out: &mut impl Write) -> io::Result<()> {
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

/// The text on one line, without what would move a terminal's cursor or colour it.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
