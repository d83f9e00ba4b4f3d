//! `gradus submit`.

use std::path::PathBuf;

use clap::Args;
use gradus_model::Timestamp;
use gradus_model::evidence::{Kind, Outcome, Strength};
use gradus_wire::v1;

use super::append::AppendArgs;
use super::words::words;
use crate::select::{self, Moment};

/// Evidence to put forward.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus submit --project rustls --kind policy --practice BP.01.01 --work-to 2026-03-01 \\
    --outcome supports --strength direct --title 'Security policy' --uri https://example.org/policy
  gradus submit --project rustls --kind audit-report --practice BP.11.01 --outcome supports \
    --strength direct --title 'Audit of 2026' --attach report.pdf
  gradus submit --project rustls --file items.jsonl")]
pub struct SubmitArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// File with one item a line, JSON with the field names of the API; `-` is stdin
    #[arg(long, conflicts_with_all = ["kind", "outcome", "strength", "practice"])]
    pub file: Option<String>,
    /// The item.
    #[command(flatten)]
    pub item: ItemArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// One item of evidence.
#[derive(Debug, Args)]
#[command(next_help_heading = "The item")]
pub struct ItemArgs {
    /// What sort of evidence it is
    #[arg(long, required_unless_present = "file", value_parser = words(Kind::ALL, Kind::name))]
    pub kind: Option<Kind>,
    /// Which way it speaks
    #[arg(long, required_unless_present = "file")]
    #[arg(value_parser = words(Outcome::ALL, Outcome::name))]
    pub outcome: Option<Outcome>,
    /// How closely it is tied to the practices
    #[arg(long, required_unless_present = "file")]
    #[arg(value_parser = words(Strength::ALL, Strength::name))]
    pub strength: Option<Strength>,
    /// Practice that it speaks for, such as BP.10.01; may be repeated
    #[arg(long)]
    pub practice: Vec<String>,
    /// When the work began, if that was before it ended
    #[arg(long, value_name = "DATE", value_parser = select::start)]
    pub work_from: Option<Timestamp>,
    /// When the work ended: the item is effective from then [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub work_to: Option<Moment>,
    /// End of its validity, if there is one besides that of the rules
    #[arg(long, value_name = "DATE", value_parser = select::end)]
    pub valid_until: Option<Timestamp>,
    /// System that it came from
    #[arg(long, value_name = "NAME", requires = "source_id")]
    pub source: Option<String>,
    /// Its id there: the same again is the same item
    #[arg(long, value_name = "ID", requires = "source")]
    pub source_id: Option<String>,
    /// Process instance that it belongs to
    #[arg(long, default_value = "")]
    pub instance: String,
    /// Principal that it is about
    #[arg(long, default_value = "", value_name = "PRINCIPAL")]
    pub about: String,
    /// Number that was measured, NAME=12.5UNIT; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = measure)]
    pub measure: Vec<v1::Measure>,
    /// What it is about, KIND=ID such as commit=4f2a; may be repeated
    #[arg(long, value_name = "KIND=ID", value_parser = subject)]
    pub subject: Vec<v1::Subject>,
    /// Tool that made it
    #[arg(long, value_name = "NAME")]
    pub tool: Option<String>,
    /// The tool's version
    #[arg(long, value_name = "VERSION", requires = "tool")]
    pub tool_version: Option<String>,
    /// Line that says what it is; erasable, as note, uri and attributes are
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub title: String,
    /// More words
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// Where to find it
    #[arg(long, default_value = "")]
    pub uri: String,
    /// File to upload and name in it, at most 16; erasable; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub attach: Vec<PathBuf>,
    /// Named text, KEY=TEXT; may be repeated
    #[arg(long, value_name = "KEY=TEXT", value_parser = pair)]
    pub attribute: Vec<(String, String)>,
}

impl ItemArgs {
    /// The item in a request, with the digests of its attachments.
    #[must_use]
    pub fn item(&self, attachments: Vec<String>) -> v1::EvidenceItem {
        let source = self.source.as_ref().zip(self.source_id.as_ref());
        v1::EvidenceItem {
            kind: self.kind.map_or(0, |kind| i32::from(kind.number())),
            outcome: self.outcome.map_or(0, |outcome| i32::from(outcome.number())),
            strength: self.strength.map_or(0, |strength| i32::from(strength.number())),
            practices: self.practice.clone(),
            work_from: self.work_from.map(select::wire),
            work_to: self.work_to.and_then(Moment::wire),
            valid_until: self.valid_until.map(select::wire),
            source: source.map(|(name, id)| v1::Source { name: name.clone(), id: id.clone() }),
            producer_sequence: None,
            instance: self.instance.clone(),
            about: self.about.clone(),
            measures: self.measure.clone(),
            subjects: self.subject.clone(),
            tool: self.tool.as_ref().map(|name| v1::Tool {
                name: name.clone(),
                version: self.tool_version.clone().unwrap_or_default(),
                mapping: String::new(),
            }),
            attachments,
            title: self.title.clone(),
            note: self.note.clone(),
            uri: self.uri.clone(),
            attributes: self.attribute.iter().cloned().collect(),
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=TEXT".to_owned()),
    }
}

fn subject(text: &str) -> Result<v1::Subject, String> {
    match text.split_once('=') {
        Some((kind, id)) if !kind.is_empty() && !id.is_empty() => {
            Ok(v1::Subject { kind: kind.to_owned(), id: id.to_owned() })
        }
        _ => Err("write KIND=ID, such as commit=4f2a91c".to_owned()),
    }
}

/// Reads `name=12.5ms` as 125 tenths of a millisecond; without a unit it is a plain count.
fn measure(text: &str) -> Result<v1::Measure, String> {
    let form = || "write NAME=VALUE or NAME=VALUEUNIT, such as latency=12.5ms".to_owned();
    let (name, rest) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(form)?;
    let begin = rest.find(|c: char| !matches!(c, '0'..='9' | '.' | '-')).unwrap_or(rest.len());
    let (number, unit) = rest.split_at(begin);
    let (whole, digits) = number.split_once('.').unwrap_or((number, ""));
    let dotless = whole.strip_prefix('-').unwrap_or(whole);
    let plain = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let dot_without_digits = number.contains('.') && digits.is_empty();
    if dotless.is_empty() || !plain(dotless) || !plain(digits) || dot_without_digits {
        return Err(form());
    }
    let value = format!("{whole}{digits}").parse().map_err(|_| "the number is too long")?;
    let decimals = u32::try_from(digits.len()).ok().filter(|decimals| *decimals <= 18);
    let decimals = decimals.ok_or("at most 18 digits after the point are kept")?;
    let unit = if unit.is_empty() { "1" } else { unit };
    Ok(v1::Measure { name: name.to_owned(), value, decimals, unit: unit.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_keeps_each_digit_that_was_written() {
        for (text, value, decimals, unit) in [
            ("latency=12.5ms", 125, 1, "ms"),
            ("latency=12.50ms", 1250, 2, "ms"),
            ("findings=3", 3, 0, "1"),
            ("drift=-0.5%", -5, 1, "%"),
            ("size=10 MiB", 10, 0, " MiB"),
        ] {
            let measure = measure(text).unwrap();
            let seen = (measure.value, measure.decimals, measure.unit.as_str());
            assert_eq!(seen, (value, decimals, unit), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_no_measure() {
        for text in [
            "",
            "=1",
            "a",
            "a=",
            "a=ms",
            "a=1.ms",
            "a=.5",
            "a=1-2",
            "a=1.2.3",
            "a=--1",
            "a=9999999999999999999",
        ] {
            assert!(measure(text).is_err(), "{text}");
        }
    }
}
