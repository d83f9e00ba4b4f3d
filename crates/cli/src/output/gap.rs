//! Targets held against levels, in each form.

use gradus_wire::v1;

use super::View;
use super::headline;
use super::levels::answer;
use super::message::{self, text};
use super::sheet::{Cell, Sheet, Tone, without_model};
use crate::error::CliError;

/// The gap of a unit, with what blocks the targets if that was asked for.
pub fn view(response: &v1::QueryGapResponse, blockers: bool) -> Result<View, CliError> {
    let mut sheets = vec![areas(&response.areas).titled(title(response))];
    if blockers {
        sheets.push(needs(&response.areas));
    }
    Ok(View {
        document: message::json(response)?,
        entries: Some(message::all(&response.areas)?),
        sheets,
    })
}

fn title(response: &v1::QueryGapResponse) -> String {
    let mut parts = headline::parts(response.unit.as_ref(), response.coordinate.as_ref());
    let by = response.adopted_by.as_ref().filter(|by| Some(*by) != response.unit.as_ref());
    let by = by.map(|unit| format!(" of {}", unit.name)).unwrap_or_default();
    let model = &response.profile_model;
    let way = match response.way.as_str() {
        "forward" | "back" => format!(", carried from {model}"),
        "nowhere" => format!(" for {model}, from which nothing leads here"),
        _ => String::new(),
    };
    parts.push(format!("profile {}{by}{way}", response.profile));
    if !response.phases.is_empty() {
        parts.push(format!("in {}", response.phases.join(", ")));
    }
    parts.join(" · ")
}

fn areas(gaps: &[v1::AreaGap]) -> Sheet {
    let columns = ["area", "title", "target", "rated", "ongoing", "status", "from"];
    let mut sheet = Sheet::new(&columns);
    for gap in gaps {
        sheet.row(vec![
            without_model(&gap.area).into(),
            gap.title.clone().into(),
            target(gap).into(),
            level(gap.rated.as_ref()),
            level(gap.ongoing.as_ref()),
            status(gap),
            from(gap).into(),
        ]);
    }
    sheet
}

/// A level without the number of open practices, which the status tells in levels.
fn level(of: Option<&v1::LevelAnswer>) -> Cell {
    let plain = answer(of);
    let shown = plain.split_once(" (").map_or(plain.as_str(), |(range, _)| range);
    Cell::drawn(shown, plain.as_str())
}

fn target(gap: &v1::AreaGap) -> String {
    let not_applicable = gap.sources.iter().any(|source| source.part == "not-applicable");
    match gap.target {
        Some(level) => level.to_string(),
        None if not_applicable => "n/a".to_owned(),
        None => String::new(),
    }
}

/// How the ongoing level stands to the target.
fn status(gap: &v1::AreaGap) -> Cell {
    let status = gap.ongoing_status();
    let word = text::<v1::GapStatus>(status.into());
    let shown = match status {
        v1::GapStatus::Short => format!("short by {}", gap.short_by()),
        v1::GapStatus::Open => format!("up to {} short", gap.short_by()),
        _ => word.replace('-', " "),
    };
    Cell::drawn(shown, word).toned(match status {
        v1::GapStatus::Short => Tone::Alarm,
        v1::GapStatus::Open | v1::GapStatus::NotRated | v1::GapStatus::NotDeterminable => {
            Tone::Notice
        }
        v1::GapStatus::Met | v1::GapStatus::Unspecified => Tone::Plain,
        v1::GapStatus::NotApplicable | v1::GapStatus::TailoredOut | v1::GapStatus::NoTarget => {
            Tone::Faint
        }
    })
}

/// Whether the target is stated, the areas of another edition that it came from, and the phase.
fn from(gap: &v1::AreaGap) -> String {
    let mut parts = vec![gap.basis.clone()];
    let deciding = |source: &&v1::TargetSource| {
        matches!(source.part.as_str(), "decides")
            || (gap.target.is_none() && source.part == "not-applicable")
    };
    for source in gap.sources.iter().filter(deciding) {
        match source.relation.as_str() {
            "" => (),
            // One to one, whatever changed besides.
            "kept" | "renumbered" | "renamed" => parts.push(format!("as {}", source.area)),
            relation => parts.push(format!("{relation} {}", source.area)),
        }
        if !source.phase.is_empty() {
            parts.push(format!("in {}", source.phase));
        }
        if source.overrides {
            parts.push("own".to_owned());
        }
    }
    parts.join(", ")
}

fn needs(gaps: &[v1::AreaGap]) -> Sheet {
    let mut sheet = Sheet::new(&["area", "target", "practice", "title", "rate", "evidence"]);
    for gap in gaps {
        for need in &gap.blockers {
            sheet.row(vec![
                without_model(&gap.area).into(),
                target(gap).into(),
                without_model(&need.practice).into(),
                need.title.clone().into(),
                text::<v1::Value>(need.rate).into(),
                if need.evidence { "needed" } else { "" }.into(),
            ]);
        }
    }
    sheet.titled("What the ongoing levels lack")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};
    use v1::level_answer::Answer;

    fn range(at_least: u32, at_most: u32, open: u32) -> Option<v1::LevelAnswer> {
        let level = (at_least == at_most).then_some(at_least);
        let range = v1::LevelRange { at_least, at_most, open, level };
        Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) })
    }

    fn gap(area: &str, target: Option<u32>, ongoing: Option<v1::LevelAnswer>) -> v1::AreaGap {
        v1::AreaGap {
            area: format!("iso-21827-2008/{area}"),
            title: format!("Title of {area}"),
            target,
            rated: range(2, 2, 0),
            ongoing,
            basis: "inferred".to_owned(),
            ..v1::AreaGap::default()
        }
    }

    fn source(area: &str, part: &str, relation: &str) -> v1::TargetSource {
        v1::TargetSource {
            area: area.to_owned(),
            part: part.to_owned(),
            relation: relation.to_owned(),
            ..v1::TargetSource::default()
        }
    }

    fn answer_of_a_server() -> v1::QueryGapResponse {
        let unit = |name: &str| v1::UnitRef { id: name.to_owned(), name: name.to_owned() };
        let need = v1::Need {
            practice: "iso-21827-2008/BP.01.02".to_owned(),
            title: "Manage controls".to_owned(),
            rate: v1::Value::Satisfied.into(),
            evidence: true,
        };
        let short = v1::AreaGap {
            ongoing_status: v1::GapStatus::Short.into(),
            short_by: Some(2),
            sources: vec![
                source("PA08", "decides", "renumbered"),
                source("PA09", "partial", "partial"),
            ],
            blockers: vec![need],
            ..gap("PA01", Some(3), range(1, 1, 0))
        };
        let open = v1::AreaGap {
            ongoing_status: v1::GapStatus::Open.into(),
            short_by: Some(1),
            sources: vec![v1::TargetSource {
                phase: "development".to_owned(),
                overrides: true,
                ..source("PA10", "decides", "merged")
            }],
            ..gap("PA05", Some(2), range(1, 5, 7))
        };
        let left_out = v1::AreaGap {
            ongoing_status: v1::GapStatus::NotApplicable.into(),
            basis: "stated".to_owned(),
            sources: vec![source("PA18", "not-applicable", "renamed")],
            ..gap("PA19", None, range(0, 0, 0))
        };
        v1::QueryGapResponse {
            unit: Some(unit("rustls")),
            profile: "service-bureau".to_owned(),
            profile_model: "sse-cmm-1997".to_owned(),
            way: "forward".to_owned(),
            adopted_by: Some(unit("crypto")),
            phases: vec!["development".to_owned()],
            areas: vec![short, open, left_out],
            ..v1::QueryGapResponse::default()
        }
    }

    fn check(blockers: bool, terminal: bool, seen: &Expect) {
        let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        let view = view(&answer_of_a_server(), blockers).unwrap();
        output.write(&view, &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn a_terminal_shows_targets_beside_levels_and_where_they_come_from() {
        check(
            false,
            true,
            &expect![[r#"
            rustls · profile service-bureau of crypto, carried from sse-cmm-1997 · in development
            area  title          target  rated  ongoing  status          from                                        
            PA01  Title of PA01  3       2      1        short by 2      inferred, as PA08
            PA05  Title of PA05  2       2      1–5      up to 1 short   inferred, merged PA10, in development, own
            PA19  Title of PA19  n/a     2      0        not applicable  stated, as PA18
        "#]],
        );
    }

    #[test]
    fn a_pipe_gets_what_is_lacking_where_that_is_asked_for() {
        check(
            true,
            false,
            &expect![[r#"
            area	target	practice	title	rate	evidence
            PA01	3	BP.01.02	Manage controls	satisfied	needed
        "#]],
        );
        check(
            false,
            false,
            &expect![[r#"
            area	title	target	rated	ongoing	status	from
            PA01	Title of PA01	3	2	1	short	inferred, as PA08
            PA05	Title of PA05	2	2	1–5 (7 open)	open	inferred, merged PA10, in development, own
            PA19	Title of PA19	n/a	2	0	not-applicable	stated, as PA18
        "#]],
        );
    }
}
