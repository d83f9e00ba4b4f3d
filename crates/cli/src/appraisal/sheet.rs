//! Sheets: a row a practice, filled without a server, and read back row by row.
//!
//! Invariant: every row that is wrong is told, not the first alone, with its file and line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use gradus_model::rating::Value;
use gradus_wire::v1;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::output::message;

/// The word of a rating without a value.
pub const ABSTAINED: &str = "abstained";
/// The word of a rating that is what an earlier appraisal said.
pub const CONFIRMED: &str = "confirmed";

/// A row, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Whose sheet it is.
    #[serde(default)]
    rater: String,
    #[serde(default)]
    unit: String,
    practice: String,
    #[serde(default)]
    instance: String,
    #[serde(default)]
    questionnaire: String,
    #[serde(default)]
    interview: String,
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    question: String,
    /// What an earlier appraisal said: a proposal, no rating.
    #[serde(default)]
    carried: String,
    /// Where that was recorded.
    #[serde(default)]
    carried_position: String,
    /// Which appraisal it was, and from when on it is in force.
    #[serde(default)]
    carried_from: String,
    #[serde(default)]
    rating: String,
    #[serde(default)]
    rationale: String,
}

impl Row {
    fn key(&self) -> (String, String, String) {
        (self.unit.clone(), self.practice.clone(), self.instance.clone())
    }

    fn of(subject: Option<&v1::RatedSubject>) -> Self {
        let subject = subject.cloned().unwrap_or_default();
        let unit = subject.unit.map(|unit| unit.name).unwrap_or_default();
        let (practice, instance) = (subject.practice, subject.instance);
        Self { unit, practice, instance, ..Self::default() }
    }

    fn carry(&mut self, value: i32, from: &v1::CarriedFrom) {
        word(value).clone_into(&mut self.carried);
        self.carried_position = from.position.to_string();
        let since = message::time(from.effective_at.as_ref());
        self.carried_from = format!("{} in force from {since}", from.appraisal);
    }
}

/// The word of a value; that of none for 0.
pub(super) fn word(value: i32) -> &'static str {
    let value = u8::try_from(value).ok().and_then(Value::from_number);
    value.map_or(ABSTAINED, Value::name)
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1; the header is the first.
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: line {}", self.file, self.line)
    }
}

/// A rating that a row gives.
#[derive(Clone, Debug)]
pub struct Given {
    /// Where it stands.
    pub place: Place,
    /// Whose sheet it is; empty where it does not say.
    pub rater: String,
    /// The rating.
    pub rating: v1::AppraisalRatingInput,
}

/// What sheets say: ratings in the order of their rows, and what is wrong with the others.
#[derive(Clone, Debug, Default)]
pub struct Sheets {
    /// The ratings.
    pub ratings: Vec<Given>,
    /// What is wrong, row by row.
    pub problems: Vec<String>,
    /// The rows whose value cannot be read, without one: the rest of them may be wrong, too.
    pub unread: Vec<Given>,
}

/// Adds what else is wrong with rows, each to what is told of it already.
pub fn together(problems: &mut Vec<String>, more: Vec<(Place, String)>) {
    for (place, text) in more {
        let of_row = format!("{place}: ");
        match problems.iter_mut().find(|problem| problem.starts_with(&of_row)) {
            Some(problem) => *problem = format!("{problem}; {text}"),
            None => problems.push(of_row + &text),
        }
    }
}

/// The rows of a sheet for one of the team: what is not agreed on yet, and what may be rated besides
/// (features as a whole, chosen process instances), with their own ratings so far
/// and what an earlier appraisal said.
#[must_use]
pub fn rows(told: &v1::GetAppraisalResponse, rater: &v1::PrincipalRef) -> Vec<Row> {
    let own = rater.id.as_str();
    let mut rows: BTreeMap<(String, String, String), Row> = BTreeMap::new();
    let name = |unit: Option<&v1::UnitRef>| unit.map(|unit| unit.name.clone()).unwrap_or_default();
    for open in &told.unsettled {
        let row = Row {
            unit: name(open.unit.as_ref()),
            practice: open.practice.clone(),
            ..Row::default()
        };
        rows.insert(row.key(), row);
    }
    for also in &told.also {
        let row = Row::of(Some(also));
        rows.insert(row.key(), row);
    }
    for proposed in &told.carried {
        let row = Row::of(proposed.subject.as_ref());
        let from = proposed.from.clone().unwrap_or_default();
        rows.entry(row.key()).or_insert(row).carry(proposed.value, &from);
    }
    let is_own = |rating: &&v1::IndividualRating| {
        !rating.revealed && rating.rater.as_ref().is_some_and(|rater| rater.id == own)
    };
    for rating in told.ratings.iter().filter(is_own) {
        let row = Row::of(rating.subject.as_ref());
        let row = rows.entry(row.key()).or_insert(row);
        row.questionnaire.clone_from(&rating.questionnaire);
        row.interview.clone_from(&rating.interview);
        row.evidence = rating.evidence.join(" ");
        row.question.clone_from(&rating.question);
        row.rationale.clone_from(&rating.rationale);
        word(rating.value).clone_into(&mut row.rating);
        if let Some(from) = &rating.carried {
            row.carry(rating.value, from);
            CONFIRMED.clone_into(&mut row.rating);
        }
    }
    let whose = if rater.name.is_empty() { own } else { rater.name.as_str() };
    rows.into_values().map(|row| Row { rater: whose.to_owned(), ..row }).collect()
}

/// Writes a sheet.
///
/// # Errors
///
/// [`CliError::Output`] when it cannot be written.
pub fn write(rows: &[Row], out: impl Write) -> Result<(), CliError> {
    let mut csv = csv::Writer::from_writer(out);
    for row in rows {
        csv.serialize(row).map_err(std::io::Error::from)?;
    }
    csv.flush()?;
    Ok(())
}

/// Reads filled sheets, one after another.
///
/// # Errors
///
/// [`CliError::File`] for one that cannot be read; what is wrong in one is in the answer.
pub fn read(files: &[PathBuf]) -> Result<Sheets, CliError> {
    let mut merged = Merged::default();
    for path in files {
        let file = path.display().to_string();
        let unreadable = |error| CliError::File { file: file.clone(), error };
        merged.take(&file, File::open(path).map_err(unreadable)?);
    }
    Ok(merged.read)
}

/// The value that a row gives, and the position of the rating that it confirms.
fn rated(row: &Row) -> Result<(i32, Option<u64>), String> {
    match row.rating.as_str() {
        ABSTAINED => Ok((0, None)),
        CONFIRMED => {
            let missing = format!(
                "rating: `{CONFIRMED}` takes what the columns `carried` and \
                `carried_position` of an exported sheet say: write a value instead"
            );
            if row.carried.is_empty() || row.carried_position.is_empty() {
                return Err(missing);
            }
            let value =
                row.carried.parse::<Value>().map_err(|error| format!("carried: {error}"))?;
            let position = row.carried_position.parse().map_err(|_| {
                let seen = &row.carried_position;
                format!(
                    "carried_position: `{seen}` is no position in the log: leave it as exported"
                )
            })?;
            Ok((value.number().into(), Some(position)))
        }
        text => {
            let value = text
                .parse::<Value>()
                .map_err(|error| format!("rating: {error}, or `{ABSTAINED}` or `{CONFIRMED}`"))?;
            Ok((value.number().into(), None))
        }
    }
}

/// Sheets as they are read.
#[derive(Default)]
struct Merged {
    read: Sheets,
    /// For each rater and subject the place of the row that rated it first.
    rated: BTreeMap<(String, (String, String, String)), usize>,
}

impl Merged {
    fn take(&mut self, file: &str, mut from: impl Read) {
        let mut text = String::new();
        if let Err(error) = from.read_to_string(&mut text) {
            return self.read.problems.push(format!("{file}: {error}"));
        }
        // Lines of spreadsheets end with two characters, which the reader counts wrong.
        let text = text.replace("\r\n", "\n");
        let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let headers = match csv.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => return self.read.problems.push(format!("{file}: {error}")),
        };
        if let (1, Some(only)) = (headers.len(), headers.get(0))
            && let Some(separator) = only.chars().find(|one| [';', '\t'].contains(one))
        {
            let problem = format!("columns are separated by {separator:?}: use commas");
            return self.read.problems.push(format!("{file}: {problem}"));
        }
        for record in csv.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.read.problems.push(format!("{file}: line {line}: {error}"));
                    continue;
                }
            };
            let line = record.position().map_or(0, csv::Position::line);
            let place = Place { file: file.to_owned(), line };
            match record.deserialize::<Row>(Some(&headers)) {
                Ok(row) => self.row(place, row),
                Err(error) => self.read.problems.push(format!("{place}: {error}")),
            }
        }
    }

    fn row(&mut self, place: Place, row: Row) {
        if row.rating.is_empty() {
            return;
        }
        let value = rated(&row);
        let unnamed = "practice: it is empty, and a rating is of one: name it".to_owned();
        let unnamed = row.practice.is_empty().then_some(unnamed);
        let wrong: Vec<String> = value.as_ref().err().cloned().into_iter().chain(unnamed).collect();
        if !wrong.is_empty() {
            self.read.problems.push(format!("{place}: {}", wrong.join("; ")));
        }
        if row.practice.is_empty() {
            return;
        }
        let is_unread = value.is_err();
        let (value, carried) = value.unwrap_or_default();
        let cited = row.evidence.split_whitespace().map(|id| v1::EvidenceRef {
            r#ref: Some(v1::evidence_ref::Ref::Evidence(id.to_owned())),
        });
        let rating = v1::AppraisalRatingInput {
            subject: Some(v1::SubjectInput {
                unit: row.unit.clone(),
                practice: row.practice.clone(),
                instance: row.instance.clone(),
            }),
            value,
            rationale: row.rationale,
            questionnaire: row.questionnaire,
            interview: row.interview,
            question: row.question,
            evidence: cited.collect(),
            carried,
        };
        let rater = row.rater.clone();
        if is_unread {
            return self.read.unread.push(Given { place, rater, rating });
        }
        let key = (rater.clone(), (row.unit, row.practice, row.instance));
        let before = self.rated.get(&key).and_then(|at| self.read.ratings.get(*at));
        match before {
            None => {
                self.rated.insert(key, self.read.ratings.len());
                self.read.ratings.push(Given { place, rater, rating });
            }
            Some(before) if before.rating == rating => (),
            Some(before) => {
                let problem =
                    format!("it says something else than {}: leave one out", before.place);
                self.read.problems.push(format!("{place}: {problem}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
