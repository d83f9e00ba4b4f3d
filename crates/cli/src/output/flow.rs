//! Rows without an end, printed as they come.

use std::io::Write as _;

use super::json::Json;
use super::sheet::Sheet;
use super::{Format, Output};
use crate::error::CliError;

/// Rows that are printed as they come.
#[derive(Debug)]
pub struct Flow {
    /// Whether the names of the columns are still to be written.
    header: bool,
}

impl Flow {
    /// A flow of which nothing was printed yet.
    ///
    /// # Errors
    ///
    /// A usage error where one JSON document is asked for: what has no end is none.
    pub fn new(output: &Output) -> Result<Self, CliError> {
        if matches!(output.format, Format::Json) {
            let hint = "use --output jsonl, which is one document a line";
            return Err(CliError::usage("what has no end is no JSON document", hint));
        }
        Ok(Self { header: true })
    }

    /// Prints rows; `entries` are the same as documents.
    pub fn show(
        &mut self,
        output: &Output,
        sheet: &Sheet,
        entries: &[Json],
    ) -> Result<(), CliError> {
        let mut out = anstream::stdout().lock();
        if output.format == Format::Jsonl {
            for entry in entries {
                writeln!(out, "{}", entry.compact())?;
            }
        } else {
            let mut text = Vec::new();
            match output.format {
                Format::Csv => sheet.csv(&mut text)?,
                // A table whose end is not known has no widths to draw it with.
                _ => sheet.tabs(&mut text)?,
            }
            let mut lines = text.split_inclusive(|byte| *byte == b'\n');
            let header = lines.next().filter(|_| self.header);
            self.header = false;
            header.into_iter().chain(lines).try_for_each(|line| out.write_all(line))?;
        }
        Ok(out.flush()?)
    }
}
