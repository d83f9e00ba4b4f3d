//! Printing: data on stdout, everything else on stderr.

pub mod flow;
mod fold;
pub mod headline;
pub mod json;
pub mod message;
pub mod sheet;
mod state;

pub mod apply;
pub mod calendar;
pub mod capsule;
pub mod cause;
pub mod check;
pub mod diff;
pub mod duties;
pub mod explain;
pub mod forecast;
pub mod gap;
pub mod gaps;
pub mod late;
pub mod levels;
pub mod problem;
pub mod queue;
pub mod receipt;
pub mod rollup;
pub mod side_by_side;
pub mod story;
pub mod sufficiency;
pub mod trend;

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use serde::Deserialize;

use crate::error::CliError;
use json::Json;
use sheet::Sheet;

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A table on a terminal, tab-separated when piped.
    Table,
    /// One JSON document.
    Json,
    /// JSON, one object a line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
}

/// An answer in each of its forms.
pub struct View {
    /// All of it, for programs.
    pub document: Json,
    /// What is printed line by line, if it is a list.
    pub entries: Option<Vec<Json>>,
    /// What people read.
    pub sheets: Vec<Sheet>,
}

/// Where to print, and how.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// How.
    pub format: Format,
    /// Whether stdout is a terminal.
    pub terminal: bool,
    /// Whether explanations are left out.
    pub quiet: bool,
    /// Whether to tell what is done.
    pub debug: bool,
}

impl Output {
    /// Prints to this process's stdout.
    #[must_use]
    pub fn new(format: Format, quiet: bool, debug: bool) -> Self {
        Self { format, terminal: io::stdout().is_terminal(), quiet, debug }
    }

    /// Prints an answer.
    pub fn show(&self, view: &View) -> Result<(), CliError> {
        self.write(view, &mut anstream::stdout().lock())
    }

    /// Writes an answer to `out`.
    pub fn write(&self, view: &View, out: &mut impl Write) -> Result<(), CliError> {
        match (self.format, &view.entries) {
            (Format::Json, _) => writeln!(out, "{}", view.document.pretty())?,
            (Format::Jsonl, None) => writeln!(out, "{}", view.document.compact())?,
            (Format::Jsonl, Some(entries)) => {
                for entry in entries {
                    writeln!(out, "{}", entry.compact())?;
                }
            }
            (Format::Table, _) if self.terminal => {
                for (at, sheet) in view.sheets.iter().enumerate() {
                    if at > 0 {
                        writeln!(out)?;
                    }
                    sheet.draw(out)?;
                }
            }
            // One table is all that a program can read: the one that says most.
            (Format::Table, _) => view.sheets.last().map_or(Ok(()), |sheet| sheet.tabs(out))?,
            (Format::Csv, _) => view.sheets.last().map_or(Ok(()), |sheet| sheet.csv(out))?,
        }
        out.flush()?;
        Ok(())
    }

    /// Prints a text as it is.
    pub fn text(&self, text: &str) -> Result<(), CliError> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Prints bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Tells people something beside the data, unless they want it quiet.
    pub fn note(&self, text: &str) -> Result<(), CliError> {
        if !self.quiet {
            writeln!(anstream::stderr().lock(), "{text}")?;
        }
        Ok(())
    }

    /// Tells what is done, if that is asked for.
    pub fn trace(&self, text: &str) -> Result<(), CliError> {
        if self.debug {
            writeln!(anstream::stderr().lock(), "gradus: {text}")?;
        }
        Ok(())
    }

    /// Whether people watch stderr, so that progress may be shown there.
    #[must_use]
    pub fn watched(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn view() -> View {
        let entry = |name: &str, count: u64| {
            json::object([("name", Json::from(name)), ("count", Json::from(count))])
        };
        let entries = vec![entry("one, two", 1), entry("tab\there", 22)];
        let mut sheet = Sheet::new(&["name", "count"]);
        sheet.row(vec!["one, two".into(), "1".into()]);
        sheet.row(vec!["tab\there".into(), "22".into()]);
        View {
            document: json::object([("entries", Json::List(entries.clone()))]),
            entries: Some(entries),
            sheets: vec![sheet],
        }
    }

    fn check(format: Format, terminal: bool, expected: &Expect) {
        let output = Output { format, terminal, quiet: false, debug: false };
        let mut out = Vec::new();
        output.write(&view(), &mut out).unwrap();
        expected.assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn a_list_is_one_document_in_json() {
        check(
            Format::Json,
            true,
            &expect![[r#"
            {
              "entries": [
                {
                  "name": "one, two",
                  "count": 1
                },
                {
                  "name": "tab\there",
                  "count": 22
                }
              ]
            }
        "#]],
        );
    }

    #[test]
    fn a_list_is_a_line_for_each_entry_in_jsonl() {
        check(
            Format::Jsonl,
            false,
            &expect![[r#"
            {"name":"one, two","count":1}
            {"name":"tab\there","count":22}
        "#]],
        );
    }

    #[test]
    fn a_table_has_borders_on_a_terminal_only() {
        check(
            Format::Table,
            true,
            &expect![[r#"
            [1mname      [0m[1mcount  [0m
            one, two  1
            tab here  22
        "#]],
        );
        check(
            Format::Table,
            false,
            &expect![[r#"
            name	count
            one, two	1
            tab here	22
        "#]],
        );
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        check(
            Format::Csv,
            true,
            &expect![[r#"
            name,count
            "one, two",1
            tab	here,22
        "#]],
        );
    }
}
