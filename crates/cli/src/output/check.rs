//! What a gate found, in each form.

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::View;
use super::headline;
use super::levels::answer;
use super::message;
use super::sheet::{Cell, Sheet, Tone, without_model};
use crate::error::CliError;

/// What a check found: for programs everything, in tables what falls short, or `all`.
pub fn view(response: &v1::CheckLevelsResponse, all: bool) -> Result<View, CliError> {
    let mut sheet =
        Sheet::new(&["area", "title", "condition", "wanted", "seen", "passed", "reason"]);
    for area in response.areas.iter().filter(|area| all || !area.passed) {
        sheet.row(vec![
            without_model(&area.area).into(),
            area.title.clone().into(),
            area.condition.clone().into(),
            wanted(area).into(),
            answer(area.seen.as_ref()).into(),
            passed(area.passed),
            reason(area),
        ]);
    }
    let parts = headline::parts(response.unit.as_ref(), response.coordinate.as_ref());
    let sheet = sheet.titled(parts.join(" · "));
    Ok(View {
        document: message::json(response)?,
        entries: Some(message::all(&response.areas)?),
        sheets: vec![if all { sheet } else { sheet.without(&["passed"]) }],
    })
}

/// One line that says that everything holds.
#[must_use]
pub fn verdict(response: &v1::CheckLevelsResponse) -> String {
    let mut parts = headline::parts(response.unit.as_ref(), response.coordinate.as_ref());
    parts.push(match response.areas.len() {
        1 => "the condition holds".to_owned(),
        several => format!("all {several} conditions hold"),
    });
    parts.join(" · ")
}

/// The least level that is asked for.
fn wanted(area: &v1::CheckedArea) -> String {
    match area.wanted.and_then(|wanted| wanted.answer) {
        Some(Answer::Range(range)) => range.at_least.to_string(),
        Some(Answer::None(_)) | None => String::new(),
    }
}

/// Why, in a word; programs get all of it.
fn reason(area: &v1::CheckedArea) -> Cell {
    let short = area.reason.split_once(": ").map_or(area.reason.as_str(), |(short, _)| short);
    Cell::drawn(short, area.reason.as_str())
}

fn passed(passed: bool) -> Cell {
    if passed { Cell::from("yes") } else { Cell::from("no").toned(Tone::Alarm) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};

    fn level(at_least: u32, at_most: u32) -> Option<v1::LevelAnswer> {
        let level = (at_least == at_most).then_some(at_least);
        let range = v1::LevelRange { at_least, at_most, open: 3, level };
        Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) })
    }

    fn checked(condition: &str, seen: Option<v1::LevelAnswer>, reason: &str) -> v1::CheckedArea {
        v1::CheckedArea {
            area: "iso-21827-2008/PA11".to_owned(),
            title: "Verify and Validate Security".to_owned(),
            condition: condition.to_owned(),
            wanted: level(2, 2),
            seen,
            passed: reason == "reached",
            reason: reason.to_owned(),
        }
    }

    fn answer_of_a_server() -> v1::CheckLevelsResponse {
        v1::CheckLevelsResponse {
            unit: Some(v1::UnitRef { id: "u1".to_owned(), name: "rustls".to_owned() }),
            areas: vec![
                checked("minimum", level(1, 3), "undecided: it depends on practices"),
                checked("baseline", level(2, 2), "reached"),
            ],
            ..v1::CheckLevelsResponse::default()
        }
    }

    fn check(all: bool, terminal: bool, seen: &Expect) {
        let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(&answer_of_a_server(), all).unwrap(), &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn people_see_what_falls_short_or_everything() {
        check(
            false,
            true,
            &expect![[r#"
            rustls
            area  title                         condition  wanted  seen          reason     
            PA11  Verify and Validate Security  minimum    2       1–3 (3 open)  undecided
        "#]],
        );
        check(
            true,
            true,
            &expect![[r#"
            rustls
            area  title                         condition  wanted  seen          passed  reason     
            PA11  Verify and Validate Security  minimum    2       1–3 (3 open)  no      undecided
            PA11  Verify and Validate Security  baseline   2       2             yes     reached
        "#]],
        );
        check(
            false,
            false,
            &expect![[r#"
            area	title	condition	wanted	seen	passed	reason
            PA11	Verify and Validate Security	minimum	2	1–3 (3 open)	no	undecided: it depends on practices
        "#]],
        );
    }

    #[test]
    fn one_line_says_that_everything_holds() {
        let mut answer = answer_of_a_server();
        let all = verdict(&answer);
        answer.areas.remove(0);
        let seen = [all, verdict(&answer)];
        expect![[r#"
            rustls · all 2 conditions hold
            rustls · the condition holds"#]]
        .assert_eq(&seen.join("\n"));
    }
}
