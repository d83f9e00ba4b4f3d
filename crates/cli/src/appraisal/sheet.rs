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

/// The word of a rating without a value.
pub const ABSTAINED: &str = "abstained";

/// A row, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
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
    #[serde(default)]
    rating: String,
    #[serde(default)]
    rationale: String,
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
}

/// The rows of a sheet for one of the team: what is not agreed on yet, with their own ratings so far.
#[must_use]
pub fn rows(told: &v1::GetAppraisalResponse, own: &str) -> Vec<Row> {
    let mut rows: BTreeMap<(String, String, String), Row> = BTreeMap::new();
    let name = |unit: Option<&v1::UnitRef>| unit.map(|unit| unit.name.clone()).unwrap_or_default();
    for open in &told.unsettled {
        let row = Row {
            unit: name(open.unit.as_ref()),
            practice: open.practice.clone(),
            ..Row::default()
        };
        rows.insert((row.unit.clone(), row.practice.clone(), String::new()), row);
    }
    let is_own = |rating: &&v1::IndividualRating| {
        !rating.revealed && rating.rater.as_ref().is_some_and(|rater| rater.id == own)
    };
    for rating in told.ratings.iter().filter(is_own) {
        let subject = rating.subject.clone().unwrap_or_default();
        let value = u8::try_from(rating.value).ok().and_then(Value::from_number);
        let row = Row {
            unit: name(subject.unit.as_ref()),
            practice: subject.practice,
            instance: subject.instance,
            questionnaire: rating.questionnaire.clone(),
            interview: rating.interview.clone(),
            evidence: rating.evidence.join(" "),
            question: rating.question.clone(),
            rating: value.map_or(ABSTAINED, Value::name).to_owned(),
            rationale: rating.rationale.clone(),
        };
        rows.insert((row.unit.clone(), row.practice.clone(), row.instance.clone()), row);
    }
    rows.into_values().collect()
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

/// Sheets as they are read.
#[derive(Default)]
struct Merged {
    read: Sheets,
    /// For each subject the place of the row that rated it first.
    rated: BTreeMap<(String, String, String), usize>,
}

impl Merged {
    fn take(&mut self, file: &str, from: impl Read) {
        let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(from);
        let headers = match csv.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => return self.read.problems.push(format!("{file}: {error}")),
        };
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
        let value = match row.rating.as_str() {
            ABSTAINED => 0,
            text => match text.parse::<Value>() {
                Ok(value) => i32::from(value.number()),
                Err(error) => return self.read.problems.push(format!("{place}: rating: {error}")),
            },
        };
        if row.practice.is_empty() {
            let problem = "practice: it is empty, and a rating is of one: name it";
            return self.read.problems.push(format!("{place}: {problem}"));
        }
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
        };
        let key = (row.unit, row.practice, row.instance);
        let before = self.rated.get(&key).and_then(|at| self.read.ratings.get(*at));
        match before {
            None => {
                self.rated.insert(key, self.read.ratings.len());
                self.read.ratings.push(Given { place, rating });
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
mod tests {
    use super::*;
    use expect_test::expect;

    fn merged(sheets: &[(&str, &str)]) -> Sheets {
        let mut merged = Merged::default();
        for (file, text) in sheets {
            merged.take(file, text.as_bytes());
        }
        merged.read
    }

    #[test]
    fn a_sheet_that_was_written_is_read_back() {
        let row = Row {
            unit: "app".to_owned(),
            practice: "BP.01.01".to_owned(),
            interview: "said, \"yes\"\nand more".to_owned(),
            rating: "satisfied".to_owned(),
            ..Row::default()
        };
        let mut bytes = Vec::new();
        write(&[row.clone(), Row { rating: String::new(), ..row }], &mut bytes).unwrap();
        let read = merged(&[("a.csv", std::str::from_utf8(&bytes).unwrap())]);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        let [only] = &read.ratings[..] else { panic!("{:?}", read.ratings) };
        assert_eq!(only.rating.value, 2);
        assert_eq!(only.rating.interview, "said, \"yes\"\nand more");
    }

    #[test]
    fn every_wrong_row_is_told_with_its_file_and_line() {
        let one = "unit,practice,rating\napp,BP.01.01,good\napp,BP.01.02,satisfied\napp,,F\napp,BP.01.03\n";
        let two = "unit,practice,rating\napp,BP.01.02,not-satisfied\napp,BP.01.04,abstained\n";
        let other = "unit,practise\napp,BP.01.05\n";
        let read = merged(&[("a.csv", one), ("b.csv", two), ("c.csv", other)]);
        assert_eq!(read.ratings.len(), 2);
        expect![[r#"
            a.csv: line 2: rating: `good` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F
            a.csv: line 4: practice: it is empty, and a rating is of one: name it
            a.csv: line 5: CSV error: record 4 (line: 5, byte: 69): found record with 2 fields, but the previous record has 3 fields
            b.csv: line 2: it says something else than a.csv: line 3: leave one out
            c.csv: line 2: CSV deserialize error: record 1 (line: 2, byte: 14): unknown field `practise`, expected one of `unit`, `practice`, `instance`, `questionnaire`, `interview`, `evidence`, `question`, `rating`, `rationale`"#]].assert_eq(&read.problems.join("\n"));
    }

    #[test]
    fn sheets_of_several_areas_are_merged_and_what_says_the_same_is_one() {
        let one = "unit,practice,rating\napp,BP.01.01,satisfied\napp,BP.02.01,\n";
        let two = "unit,practice,rating\napp,BP.01.01,satisfied\napp,BP.02.01,F\n";
        let read = merged(&[("a.csv", one), ("b.csv", two)]);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        let values: Vec<i32> = read.ratings.iter().map(|given| given.rating.value).collect();
        assert_eq!(values, [2, 17]);
    }
}
