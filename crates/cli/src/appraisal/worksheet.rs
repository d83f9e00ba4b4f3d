//! Worksheets: the sheets of a team side by side, from which its lead records what was agreed on.
//!
//! A worksheet rates nothing: everybody's ratings are on record under their own name, by their own
//! credential, before a consensus is. It says where the sheets differ, and what of it is on record.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use gradus_model::rating::Value;
use gradus_wire::v1;

use super::sheet::{ABSTAINED, Given, Place, word};
use crate::error::CliError;

/// The word of a practice that is agreed to be left unrated.
pub const LEFT_OUT: &str = "left-out";
/// What the columns with the ratings of the team begin with.
const RATING: &str = "rating:";
const BEFORE: [&str; 3] = ["unit", "practice", "instance"];
const AFTER: [&str; 5] = ["agree", "consensus", "rationale", "evidence", "dissent"];

/// What was rated: unit, practice and instance, as the sheets write them.
type Key = (String, String, String);

/// A row with the ratings of the team.
#[derive(Clone, Debug, Default)]
struct Beside {
    /// By rater, as words.
    ratings: BTreeMap<String, &'static str>,
    evidence: BTreeSet<String>,
}

/// Sheets side by side, by subject.
#[derive(Clone, Debug, Default)]
pub struct Worksheet {
    raters: BTreeSet<String>,
    rows: BTreeMap<Key, Beside>,
}

/// Lays sheets side by side; what is wrong is told row by row.
///
/// # Errors
///
/// The rows that do not say whose they are.
pub fn merge(given: &[Given]) -> Result<Worksheet, Vec<String>> {
    let mut merged = Worksheet::default();
    let mut problems = Vec::new();
    for Given { place, rater, rating } in given {
        if rater.is_empty() {
            let problem = "rater: it is empty: write whose rating it is";
            problems.push(format!("{place}: {problem}"));
            continue;
        }
        let subject = rating.subject.clone().unwrap_or_default();
        merged.raters.insert(rater.clone());
        let row = merged.rows.entry((subject.unit, subject.practice, subject.instance));
        let row = row.or_default();
        row.ratings.insert(rater.clone(), word(rating.value));
        row.evidence.extend(rating.evidence.iter().filter_map(|cited| match &cited.r#ref {
            Some(v1::evidence_ref::Ref::Evidence(id)) => Some(id.clone()),
            _ => None,
        }));
    }
    if problems.is_empty() { Ok(merged) } else { Err(problems) }
}

impl Worksheet {
    /// How many rows there are, and how many of them wait for a talk.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let open = self.rows.values().filter(|row| self.agreed(row).0 != "yes");
        (self.rows.len(), open.count())
    }

    /// Whether the team agrees, in a word, and on what.
    fn agreed(&self, row: &Beside) -> (&'static str, &'static str) {
        let values: BTreeSet<&str> = row.ratings.values().copied().collect();
        let first = row.ratings.values().next().copied().unwrap_or(ABSTAINED);
        let all_gave = row.ratings.len() == self.raters.len() && !values.contains(ABSTAINED);
        match (values.len(), all_gave) {
            (1, true) => ("yes", first),
            (_, true) => ("no", ""),
            (_, false) => ("missing", ""),
        }
    }

    /// Writes it: a consensus is filled in where all agree, and left open where they do not.
    ///
    /// # Errors
    ///
    /// [`CliError::Output`] when it cannot be written.
    pub fn write(&self, out: impl Write) -> Result<(), CliError> {
        let mut csv = csv::Writer::from_writer(out);
        let raters: Vec<String> =
            self.raters.iter().map(|rater| format!("{RATING}{rater}")).collect();
        let raters = raters.iter().map(String::as_str);
        csv.write_record(BEFORE.into_iter().chain(raters).chain(AFTER))
            .map_err(std::io::Error::from)?;
        for ((unit, practice, instance), row) in &self.rows {
            let (agree, consensus) = self.agreed(row);
            let evidence: Vec<&str> = row.evidence.iter().map(String::as_str).collect();
            let evidence = evidence.join(" ");
            let rating = |rater| row.ratings.get(rater).copied().unwrap_or_default();
            let ratings = self.raters.iter().map(rating);
            let before = [unit.as_str(), practice, instance].into_iter();
            let after = [agree, consensus, "", evidence.as_str(), ""];
            csv.write_record(before.chain(ratings).chain(after)).map_err(std::io::Error::from)?;
        }
        csv.flush()?;
        Ok(())
    }
}

/// A consensus that a row of a worksheet gives.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// Where it stands.
    pub place: Place,
    /// What the worksheet says of each of the team, as a word; empty where it says nothing.
    pub ratings: Vec<(String, String)>,
    /// The consensus.
    pub consensus: v1::ConsensusInput,
}

/// Reads a filled worksheet: the rows with a consensus, and what is wrong with the others.
///
/// # Errors
///
/// [`CliError::File`] when it cannot be read; what is wrong in it is in the answer.
pub fn read(path: &Path) -> Result<(Vec<Agreed>, Vec<String>), CliError> {
    let file = path.display().to_string();
    let unreadable = |error| CliError::File { file: file.clone(), error };
    Ok(parse(&file, File::open(path).map_err(unreadable)?))
}

fn parse(file: &str, from: impl Read) -> (Vec<Agreed>, Vec<String>) {
    let mut csv = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(from);
    let headers = match csv.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return (Vec::new(), vec![format!("{file}: {error}")]),
    };
    let known =
        |name: &&str| BEFORE.contains(name) || AFTER.contains(name) || name.starts_with(RATING);
    if let Some(unknown) = headers.iter().find(|name| !known(name)) {
        let problem = format!(
            "{file}: line 1: `{unknown}` is no column of a worksheet: use {}, {RATING}NAME, {}",
            BEFORE.join(", "),
            AFTER.join(", "),
        );
        return (Vec::new(), vec![problem]);
    }
    let (mut agreed, mut problems, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for record in csv.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.push(format!("{file}: line {line}: {error}"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let place = Place { file: file.to_owned(), line };
        let cells: Vec<(&str, &str)> = headers.iter().zip(record.iter()).collect();
        match of_row(place.clone(), &cells) {
            Ok(None) => (),
            Ok(Some(row)) => {
                let subject = row.consensus.subject.clone().unwrap_or_default();
                let key = (subject.unit, subject.practice, subject.instance);
                match seen.insert(key, place.clone()) {
                    None => agreed.push(row),
                    Some(before) => {
                        problems.push(format!("{place}: it was said in {before}: leave one out"));
                    }
                }
            }
            Err(problem) => problems.push(format!("{place}: {problem}")),
        }
    }
    (agreed, problems)
}

fn of_row(place: Place, cells: &[(&str, &str)]) -> Result<Option<Agreed>, String> {
    let cell = |name: &str| {
        let found = cells.iter().find(|(column, _)| *column == name);
        found.map(|(_, text)| (*text).to_owned()).unwrap_or_default()
    };
    let value = match cell("consensus").as_str() {
        "" => return Ok(None),
        LEFT_OUT => 0,
        text => {
            let value = text.parse::<Value>();
            value.map_err(|error| format!("consensus: {error}, or `{LEFT_OUT}`"))?.number().into()
        }
    };
    if cell("practice").is_empty() {
        return Err("practice: it is empty, and a consensus is of one: name it".to_owned());
    }
    let evidence = cell("evidence");
    let cited = evidence
        .split_whitespace()
        .map(|id| v1::EvidenceRef { r#ref: Some(v1::evidence_ref::Ref::Evidence(id.to_owned())) });
    let dissent = cell("dissent");
    let said = dissent.split(';').map(str::trim).filter(|text| !text.is_empty());
    let dissent = said.map(|text| match text.split_once('=') {
        Some((who, what)) if !who.trim().is_empty() && !what.trim().is_empty() => {
            Ok(v1::DissentInput { principal: who.trim().to_owned(), text: what.trim().to_owned() })
        }
        _ => Err(format!("dissent: `{text}` is none: write mia=only at times; leo=never")),
    });
    let ratings = cells.iter().filter_map(|(column, text)| {
        Some((column.strip_prefix(RATING)?.to_owned(), (*text).to_owned()))
    });
    Ok(Some(Agreed {
        place,
        ratings: ratings.collect(),
        consensus: v1::ConsensusInput {
            subject: Some(v1::SubjectInput {
                unit: cell("unit"),
                practice: cell("practice"),
                instance: cell("instance"),
            }),
            value,
            rationale: cell("rationale"),
            evidence: cited.collect(),
            dissent: dissent.collect::<Result<_, String>>()?,
        },
    }))
}

/// Where a worksheet says something else of the team than what is on record, row by row.
#[must_use]
pub fn off_record(rows: &[Agreed], told: &v1::GetAppraisalResponse) -> Vec<String> {
    let mut problems = Vec::new();
    for Agreed { place, ratings, consensus } in rows {
        let subject = consensus.subject.clone().unwrap_or_default();
        for (rater, says) in ratings.iter().filter(|(_, says)| !says.is_empty()) {
            let own = told.ratings.iter().find(|one| {
                let by = one.rater.clone().unwrap_or_default();
                (by.name == *rater || by.id == *rater) && is_of(one.subject.as_ref(), &subject)
            });
            let column = format!("{place}: {RATING}{rater}: the worksheet says `{says}`, and");
            match own {
                None => problems.push(format!("{column} {rater} has not imported it: do so first")),
                Some(own) if !own.revealed => {
                    problems.push(format!("{column} it was not revealed: reveal it first"));
                }
                Some(own) if word(own.value) != says => {
                    problems.push(format!("{column} `{}` is on record", word(own.value)));
                }
                Some(_) => (),
            }
        }
    }
    problems
}

fn is_of(rated: Option<&v1::RatedSubject>, meant: &v1::SubjectInput) -> bool {
    let rated = rated.cloned().unwrap_or_default();
    let unit = rated.unit.unwrap_or_default();
    let without_model = rated.practice.split_once('/').map(|(_, practice)| practice);
    (meant.unit.is_empty() || meant.unit == unit.name || meant.unit == unit.id)
        && (rated.practice == meant.practice || without_model == Some(meant.practice.as_str()))
        && rated.instance == meant.instance
}

#[cfg(test)]
mod tests;
