//! The file that holds what was asked in an engagement, with all that proves it.
//!
//! It is JSON: `format`, the log's `key`, and `records`, each with its `leaf` in hexadecimal, its `proof`
//! (a C2SP tlog-proof) and, where rows were opened by it, `rows` in base64.

use std::collections::BTreeMap;

use gradus_model::{Event, Leaf, Recorded};
use gradus_proof::TlogProof;
use gradus_proof::queries::{QueryRow, VerifiedQueries, from_text, to_text, verify_queries};
use serde::{Deserialize, Serialize};

use crate::error::CliError;

const FORMAT: &str = "gradus-queries/1";

/// A record that is in the log.
#[derive(Debug)]
pub struct Proved {
    /// Its leaf.
    pub leaf: Vec<u8>,
    /// The proof, as a C2SP tlog-proof.
    pub proof: String,
}

/// The file.
#[derive(Debug)]
pub struct Bundle {
    /// The log's key, as the server told it; whoever checks the file names the one they trust.
    pub key: String,
    /// All records of the engagement, in order.
    pub proved: Vec<Proved>,
    /// The rows that were opened, by where.
    pub rows: BTreeMap<u64, Vec<QueryRow>>,
}

/// What a file comes to.
#[derive(Debug)]
pub struct Checked {
    /// Whose engagement it is, by id.
    pub auditor: String,
    /// Its number.
    pub engagement: u32,
    /// What was proved.
    pub verified: VerifiedQueries,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    key: String,
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    leaf: String,
    proof: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<String>,
}

impl Bundle {
    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let position = |leaf: &[u8]| Leaf::read(leaf).ok().map(|leaf| leaf.place.position);
        let record = |proved: &Proved| {
            let rows = position(&proved.leaf).and_then(|position| self.rows.get(&position));
            Record {
                leaf: gradus_model::ids::hex(&proved.leaf),
                proof: proved.proof.clone(),
                rows: rows.map(|rows| to_text(rows)),
            }
        };
        let records = self.proved.iter().map(record).collect();
        let file = File { format: FORMAT.to_owned(), key: self.key.clone(), records };
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        let wrong = |what: String| CliError::Proof(format!("it is no list of questions: {what}"));
        let file: File = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if file.format != FORMAT {
            return Err(wrong(format!("its format is {:?}, not {FORMAT:?}", file.format)));
        }
        let (mut proved, mut rows) = (Vec::new(), BTreeMap::new());
        for record in file.records {
            let leaf =
                unhex(&record.leaf).ok_or_else(|| wrong("a leaf is not hexadecimal".into()))?;
            if let Some(text) = record.rows {
                let read = Leaf::read(&leaf).map_err(|error| wrong(error.to_string()))?;
                let of = from_text(&text).map_err(|error| wrong(error.to_string()))?;
                rows.insert(read.place.position, of);
            }
            proved.push(Proved { leaf, proof: record.proof });
        }
        Ok(Self { key: file.key, proved, rows })
    }

    /// Checks every proof with `prove`, and the rows against the commitments.
    pub fn check(
        &self,
        prove: impl Fn(&TlogProof, &[u8]) -> Result<(), CliError>,
    ) -> Result<Checked, CliError> {
        let mut records: Vec<(u64, Event)> = Vec::new();
        for Proved { leaf, proof } in &self.proved {
            let proof =
                TlogProof::parse(proof.as_bytes()).map_err(|error| CliError::proof(&error))?;
            prove(&proof, leaf)?;
            let leaf = Leaf::read(leaf).map_err(|error| CliError::proof(&error))?;
            let recorded = Recorded::from_leaf(&leaf).map_err(|error| CliError::proof(&error))?;
            if leaf.place.position != proof.index {
                return Err(CliError::Proof("a leaf names another position".to_owned()));
            }
            records.push((proof.index, recorded.event));
        }
        let whose = records.first().and_then(|(_, event)| match event {
            Event::QueriesRecorded(of) => Some((of.auditor, of.engagement)),
            Event::EngagementEnded(of) => Some((of.auditor, of.engagement)),
            _ => None,
        });
        let nothing = || CliError::Proof("nothing is recorded of this engagement yet".to_owned());
        let (auditor, engagement) = whose.ok_or_else(nothing)?;
        let verified =
            verify_queries(&records, &self.rows).map_err(|error| CliError::proof(&error))?;
        Ok(Checked { auditor: auditor.to_string(), engagement, verified })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let plain = pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
        let text = std::str::from_utf8(pair).ok().filter(|_| plain)?;
        u8::from_str_radix(text, 16).ok()
    };
    pairs.map(byte).collect()
}
