//! The file that an appraisal is opened with.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use gradus_model::appraisal::{Class, Independence, Part};
use gradus_wire::v1;
use serde::Deserialize;

use crate::error::CliError;
use crate::select::Moment;

/// The input of an appraisal, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    purpose: String,
    units: Vec<String>,
    areas: BTreeMap<String, u32>,
    team: Vec<Member>,
    method: Method,
    #[serde(default)]
    sponsor: String,
    #[serde(default)]
    instances: Vec<String>,
    base: Option<Base>,
    #[serde(default)]
    context: String,
    #[serde(default)]
    plan: String,
    #[serde(default)]
    constraints: String,
    #[serde(default)]
    handling: String,
    #[serde(default)]
    participants: String,
    #[serde(default)]
    criteria: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    principal: String,
    part: Part,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    process: String,
    class: Class,
    body: Independence,
    lead: Independence,
    team: Independence,
    #[serde(default)]
    rating: String,
    #[serde(default)]
    aggregation: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    valid_at: String,
    log_size: u64,
}

/// Reads the input of an appraisal; `-` is stdin.
///
/// # Errors
///
/// [`CliError::Config`] with the line that is wrong.
pub fn read(path: &Path) -> Result<v1::AppraisalInput, CliError> {
    let shown = || path.display().to_string();
    let unreadable = |error| CliError::File { file: shown(), error };
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
    } else {
        text = std::fs::read_to_string(path).map_err(unreadable)?;
    }
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<v1::AppraisalInput, CliError> {
    let wrong = |problem: String| CliError::Config { path: path.to_owned(), problem };
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        wrong(format!("line {line}: {}", error.message()))
    })?;
    let base = file.base.map(|base| {
        let moment = Moment::question(&base.valid_at);
        let valid_at = moment.map_err(|error| wrong(format!("base.valid_at: {error}")))?.wire();
        Ok::<_, CliError>(v1::EvidenceBase { valid_at, log_size: base.log_size })
    });
    let member = |member: Member| v1::TeamMemberInput {
        principal: member.principal,
        part: member.part.number().into(),
    };
    let method = file.method;
    Ok(v1::AppraisalInput {
        units: file.units,
        areas: file
            .areas
            .into_iter()
            .map(|(area, highest)| v1::ScopedArea { area, highest })
            .collect(),
        instances: file.instances,
        sponsor: file.sponsor,
        team: file.team.into_iter().map(member).collect(),
        method: Some(v1::AppraisalMethod {
            process: method.process,
            class: method.class.number().into(),
            body: method.body.number().into(),
            lead: method.lead.number().into(),
            team: method.team.number().into(),
            rating: method.rating,
            aggregation: method.aggregation,
        }),
        base: base.transpose()?,
        texts: Some(v1::AppraisalTexts {
            title: file.title,
            purpose: file.purpose,
            context: file.context,
            plan: file.plan,
            constraints: file.constraints,
            handling: file.handling,
            participants: file.participants,
            criteria: file.criteria,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const RIGHT: &str = r#"
title = "Review of 2026"
purpose = "to see where we stand"
units = ["theta"]
[areas]
PA01 = 3
[[team]]
principal = "leo"
part = "lead"
[method]
process = "SSAM 2.0"
class = "class-3"
body = "B"
lead = "B"
team = "C"
"#;

    fn said(text: &str) -> String {
        match parse(Path::new("a.toml"), text) {
            Ok(input) => format!("{} for {:?}", input.areas[0].area, input.units),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_example_of_the_help_is_read() {
        assert_eq!(said(RIGHT), "PA01 for [\"theta\"]");
    }

    #[test]
    fn a_wrong_line_is_named() {
        let told = [
            said(&RIGHT.replace("\"lead\"", "\"boss\"")),
            said(&RIGHT.replace("PA01 = 3", "PA01 = \"3\"")),
            said(&RIGHT.replace("purpose", "propose")),
            said(&format!("{RIGHT}[base]\nvalid_at = \"soon\"\nlog_size = 3\n")),
        ];
        expect![[r#"
            a.toml: line 9: `boss` is no part in the team: use one of lead, member, observer
            a.toml: line 6: invalid type: string "3", expected u32
            a.toml: line 3: unknown field `propose`, expected one of `title`, `purpose`, `units`, `areas`, `team`, `method`, `sponsor`, `instances`, `base`, `context`, `plan`, `constraints`, `handling`, `participants`, `criteria`
            a.toml: base.valid_at: `soon` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z"#]]
        .assert_eq(&told.join("\n"));
    }
}
