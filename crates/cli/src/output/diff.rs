//! Differences of levels, in each form.

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::View;
use super::cause::said;
use super::headline;
use super::json::{Json, object};
use super::message::{self, text, time};
use super::sheet::{Cell, Sheet, Tone, without_model};
use super::state::{covered, ongoing, rated};
use crate::error::CliError;

/// Practices that a cell names before it counts the others.
const NAMED: usize = 3;

/// Columns of movements.
const COLUMNS: [&str; 7] = ["area", "when", "stage", "rated", "ongoing", "coverage", "because"];

/// How levels came from one side to the other; `is_drawn` says that people see it on a terminal.
pub fn view(response: &v1::CompareLevelsResponse, is_drawn: bool) -> Result<View, CliError> {
    let mut entries = Vec::new();
    for area in &response.areas {
        for movement in &area.movements {
            entries.push(entry(area, movement)?);
        }
    }
    let sheets = if is_drawn {
        let mut sheets = vec![sides(response)];
        sheets.extend(response.areas.iter().map(|area| of_area(response, area)));
        if !response.areas.is_empty() {
            sheets.push(net(response));
        }
        sheets
    } else {
        vec![all(response)]
    };
    Ok(View { document: message::json(response)?, entries: Some(entries), sheets })
}

/// That coverage moved besides what is shown, if it did and nobody asked for that.
#[must_use]
pub fn untold(response: &v1::CompareLevelsResponse, with_coverage: bool) -> Option<&'static str> {
    const HINT: &str =
        "note: movements of coverage alone are not shown: ask for them with --coverage";
    let coverage = |state: &Option<v1::AreaState>| state.as_ref().and_then(|state| state.coverage);
    let is_behind = |area: &v1::AreaDifference| {
        let told = area.movements.last().and_then(|last| coverage(&last.after));
        told != coverage(&area.after)
    };
    let is_untold = response.areas.is_empty() || response.areas.iter().any(is_behind);
    (!with_coverage && is_untold).then_some(HINT)
}

/// Why the two sides may not be compared, if so.
#[must_use]
pub fn incomparable(response: &v1::CompareLevelsResponse) -> Option<String> {
    let told = response.comparability.as_ref().filter(|told| !told.comparable)?;
    Some(format!("note: the two sides may not be compared: {}", told.reasons.join("; ")))
}

fn entry(area: &v1::AreaDifference, movement: &v1::Movement) -> Result<Json, CliError> {
    Ok(object([("area", area.area.as_str().into()), ("movement", message::json(movement)?)]))
}

fn sides(response: &v1::CompareLevelsResponse) -> Sheet {
    let side = |unit: &Option<v1::UnitRef>, at: &Option<v1::ResolvedCoordinate>| {
        Cell::from(headline::parts(unit.as_ref(), at.as_ref()).join(" · "))
    };
    let moved: usize = response.areas.iter().map(|area| area.movements.len()).sum();
    let count = match moved {
        0 => "nothing".to_owned(),
        1 => "1 movement".to_owned(),
        _ => format!("{moved} movements, {}", areas(response.areas.len())),
    };
    Sheet::record(vec![
        ("from", side(&response.from_unit, &response.from)),
        ("to", side(&response.to_unit, &response.to)),
        ("moved", count.into()),
    ])
}

fn areas(number: usize) -> String {
    if number == 1 { "one area".to_owned() } else { format!("{number} areas") }
}

fn of_area(response: &v1::CompareLevelsResponse, area: &v1::AreaDifference) -> Sheet {
    let ends =
        |of: fn(&v1::AreaState) -> String| way(area.before.as_ref(), area.after.as_ref(), of);
    let title = format!(
        "{} {}: rated {}, ongoing {}",
        without_model(&area.area),
        area.title,
        ends(rated),
        ends(ongoing)
    );
    if is_of_two_units(area) {
        return practices(area).titled(title);
    }
    let mut sheet = Sheet::new(&COLUMNS).titled(title).without(&["area"]);
    for movement in &area.movements {
        sheet.row(row(response, area, movement));
    }
    sheet
}

fn all(response: &v1::CompareLevelsResponse) -> Sheet {
    let mut sheet = Sheet::new(&COLUMNS);
    for area in &response.areas {
        for movement in &area.movements {
            sheet.row(row(response, area, movement));
        }
    }
    sheet
}

fn row(
    response: &v1::CompareLevelsResponse,
    area: &v1::AreaDifference,
    movement: &v1::Movement,
) -> Vec<Cell> {
    let ends = |of: fn(&v1::AreaState) -> String| {
        way(movement.before.as_ref(), movement.after.as_ref(), of)
    };
    let mut stage = text::<v1::Stage>(movement.stage).replace('-', " ");
    if movement.backwards {
        stage.push_str(", undone");
    }
    let asked = response.to_unit.as_ref();
    let because = |named| said(&movement.causes, asked, &area.area, named).join("; ");
    let falls = least(movement.after.as_ref()) < least(movement.before.as_ref());
    let tone = if falls { Tone::Notice } else { Tone::Plain };
    vec![
        without_model(&area.area).into(),
        time(movement.valid_at.as_ref()).into(),
        stage.into(),
        ends(rated).into(),
        Cell::from(ends(ongoing)).toned(tone),
        ends(covered).into(),
        Cell::drawn(because(NAMED), because(usize::MAX)),
    ]
}

fn is_of_two_units(area: &v1::AreaDifference) -> bool {
    area.movements.iter().any(|movement| movement.stage() == v1::Stage::OtherUnit)
}

/// The practices that two units do not have alike: between them there is no way to tell.
fn practices(area: &v1::AreaDifference) -> Sheet {
    let mut sheet = Sheet::new(&["practice", "title", "from", "to"]);
    for practice in &area.practices {
        sheet.row(vec![
            without_model(&practice.practice).into(),
            practice.title.clone().into(),
            seen(practice.before.as_ref()).into(),
            seen(practice.after.as_ref()).into(),
        ]);
    }
    sheet
}

fn seen(practice: Option<&v1::PracticeSeen>) -> String {
    let Some(seen) = practice else { return "no such practice".to_owned() };
    let value = Some(text::<v1::Value>(seen.value)).filter(|value| !value.is_empty());
    let value = value.unwrap_or_else(|| "not rated".to_owned());
    format!("{value}, {}", text::<v1::Support>(seen.support))
}

/// Each area's movements together.
fn net(response: &v1::CompareLevelsResponse) -> Sheet {
    let mut sheet = Sheet::new(&["area", "rated", "ongoing", "coverage", "movements"]);
    for area in &response.areas {
        let ends =
            |of: fn(&v1::AreaState) -> String| way(area.before.as_ref(), area.after.as_ref(), of);
        sheet.row(vec![
            without_model(&area.area).into(),
            ends(rated).into(),
            ends(ongoing).into(),
            ends(covered).into(),
            area.movements.len().to_string().into(),
        ]);
    }
    sheet.titled("net")
}

/// One end and the other, or what both are.
fn way(
    before: Option<&v1::AreaState>,
    after: Option<&v1::AreaState>,
    of: fn(&v1::AreaState) -> String,
) -> String {
    let end = |state: Option<&v1::AreaState>| state.map_or_else(|| "no such area".to_owned(), of);
    let (before, after) = (end(before), end(after));
    if before == after { after } else { format!("{before} → {after}") }
}

/// The least ongoing level, where the area has one.
fn least(state: Option<&v1::AreaState>) -> Option<u32> {
    match state?.ongoing?.answer? {
        Answer::Range(range) => Some(range.at_least),
        Answer::None(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use crate::select::{start, wire};
    use expect_test::{Expect, expect};

    fn state(level: u32) -> Option<v1::AreaState> {
        let range = v1::LevelRange { at_least: level, at_most: level, open: 0, level: Some(level) };
        let answer = Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) });
        let coverage =
            v1::Coverage { practices_total: 5, covered: 2 + level, ..v1::Coverage::default() };
        Some(v1::AreaState {
            rated: answer,
            ongoing: answer,
            coverage: Some(coverage),
            inherited_from: None,
        })
    }

    fn movement(stage: v1::Stage, day: &str, (from, to): (u32, u32), class: &str) -> v1::Movement {
        v1::Movement {
            stage: stage.into(),
            valid_at: Some(wire(start(day).unwrap())),
            before: state(from),
            after: state(to),
            causes: vec![v1::Cause {
                class: class.into(),
                position: Some(12),
                practice: "iso-21827-2008/BP.11.02".into(),
                ..v1::Cause::default()
            }],
            ..v1::Movement::default()
        }
    }

    fn answer_of_a_server() -> v1::CompareLevelsResponse {
        let unit = Some(v1::UnitRef { id: "u1".into(), name: "alpha".into() });
        let coordinate = |day: &str| {
            Some(v1::ResolvedCoordinate {
                valid_at: Some(wire(start(day).unwrap())),
                log_size: 40,
                head_size: 40,
                ..v1::ResolvedCoordinate::default()
            })
        };
        let undone = v1::Movement {
            backwards: true,
            ..movement(v1::Stage::Learnt, "2026-01-01", (3, 2), "rated")
        };
        v1::CompareLevelsResponse {
            from_unit: unit.clone(),
            from: coordinate("2026-01-01"),
            to_unit: unit,
            to: coordinate("2026-07-01"),
            areas: vec![v1::AreaDifference {
                area: "iso-21827-2008/PA11".into(),
                title: "Verify and Validate".into(),
                before: state(3),
                after: state(1),
                movements: vec![
                    undone,
                    movement(v1::Stage::Happened, "2026-05-01", (2, 1), "expired"),
                ],
                practices: Vec::new(),
            }],
            ..v1::CompareLevelsResponse::default()
        }
    }

    fn check(response: &v1::CompareLevelsResponse, is_drawn: bool, seen: &Expect) {
        let output =
            Output { format: Format::Table, terminal: is_drawn, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(response, is_drawn).unwrap(), &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn each_movement_has_its_line_and_each_area_its_net() {
        check(
            &answer_of_a_server(),
            true,
            &expect![[r#"
            from   alpha at 2026-01-01T00:00:00Z · log size 40 of 40
            to     alpha at 2026-07-01T00:00:00Z · log size 40 of 40
            moved  2 movements, one area

            PA11 Verify and Validate: rated 3 → 1, ongoing 3 → 1
            when                  stage           rated  ongoing  coverage   because                
            2026-01-01T00:00:00Z  learnt, undone  3 → 2  3 → 2    5/5 → 4/5  rated: BP.11.02 #12
            2026-05-01T00:00:00Z  happened        2 → 1  2 → 1    4/5 → 3/5  expired: BP.11.02 #12

            net
            area  rated  ongoing  coverage   movements  
            PA11  3 → 1  3 → 1    5/5 → 3/5  2
        "#]],
        );
        check(
            &answer_of_a_server(),
            false,
            &expect![[r#"
            area	when	stage	rated	ongoing	coverage	because
            PA11	2026-01-01T00:00:00Z	learnt, undone	3 → 2	3 → 2	5/5 → 4/5	rated: BP.11.02 #12
            PA11	2026-05-01T00:00:00Z	happened	2 → 1	2 → 1	4/5 → 3/5	expired: BP.11.02 #12
        "#]],
        );
    }

    #[test]
    fn two_units_are_shown_practice_by_practice() {
        let mut answer = answer_of_a_server();
        let area = &mut answer.areas[0];
        area.movements = vec![movement(v1::Stage::OtherUnit, "2026-07-01", (3, 1), "other unit")];
        area.practices = vec![v1::PracticeDifference {
            practice: "iso-21827-2008/BP.11.02".into(),
            title: "Define the Approach".into(),
            before: Some(v1::PracticeSeen {
                value: v1::Value::Satisfied.into(),
                support: v1::Support::Supported.into(),
            }),
            after: Some(v1::PracticeSeen { value: 0, support: v1::Support::Lapsed.into() }),
        }];
        check(
            &answer,
            true,
            &expect![[r#"
            from   alpha at 2026-01-01T00:00:00Z · log size 40 of 40
            to     alpha at 2026-07-01T00:00:00Z · log size 40 of 40
            moved  1 movement

            PA11 Verify and Validate: rated 3 → 1, ongoing 3 → 1
            practice  title                from                  to                 
            BP.11.02  Define the Approach  satisfied, supported  not rated, lapsed

            net
            area  rated  ongoing  coverage   movements  
            PA11  3 → 1  3 → 1    5/5 → 3/5  1
        "#]],
        );
    }

    #[test]
    fn sides_that_may_not_be_compared_say_why() {
        let mut answer = answer_of_a_server();
        assert_eq!(incomparable(&answer), None);
        let reasons = vec!["different rules: strict, trusted-tools".to_owned()];
        answer.comparability = Some(v1::Comparability { comparable: false, reasons });
        let note =
            "note: the two sides may not be compared: different rules: strict, trusted-tools";
        assert_eq!(incomparable(&answer).as_deref(), Some(note));
    }
}
