//! Capability levels, in each form.

use std::fmt::Write as _;

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::json::{Json, object};
use super::message::{self, text, time};
use super::sheet::{Cell, Sheet, Tone, without_model};
use super::{View, duties};
use crate::error::CliError;

/// Cells of the bar that shows coverage.
const BAR: u32 = 5;

/// The levels of a unit.
pub fn view(response: &v1::QueryLevelsResponse) -> Result<View, CliError> {
    let areas = response.areas.iter().map(area_json).collect::<Result<Vec<_>, _>>()?;
    let mut sheets = vec![areas_sheet(response).titled(headline(response))];
    if response.areas.iter().any(|area| !area.practices.is_empty()) {
        sheets.push(practices_sheet(&response.areas));
    }
    Ok(View { document: document(response, areas.clone())?, entries: Some(areas), sheets })
}

fn document(response: &v1::QueryLevelsResponse, areas: Vec<Json>) -> Result<Json, CliError> {
    let unit = response.unit.clone().unwrap_or_default();
    let coordinate = response.coordinate.clone().unwrap_or_default();
    Ok(object([
        ("unit", object([("id", unit.id.into()), ("name", unit.name.into())])),
        ("coordinate", message::json(&coordinate)?),
        ("log_size", coordinate.log_size.into()),
        ("digest", gradus_model::ids::hex(&response.digest).into()),
        ("scheme", response.scheme.as_str().into()),
        ("duties", duties::json(response)),
        ("areas", Json::List(areas)),
    ])
    .without_nulls())
}

fn area_json(area: &v1::AreaLevel) -> Result<Json, CliError> {
    let coverage = area.coverage.unwrap_or_default();
    let practices = message::all(&area.practices)?;
    Ok(object([
        ("id", without_model(&area.area).into()),
        ("title", area.title.as_str().into()),
        ("category", text::<v1::Category>(area.category).into()),
        ("rated", answer_json(area.rated.as_ref())?),
        ("ongoing", answer_json(area.ongoing.as_ref())?),
        (
            "coverage",
            object([
                ("practices", coverage.practices_total.into()),
                ("covered", coverage.covered.into()),
                ("contradicted", coverage.contradicted.into()),
                ("lapsed", coverage.lapsed.into()),
            ]),
        ),
        ("inherited_from", inherited_from(area).map(str::to_owned).into()),
        ("practices", if practices.is_empty() { Json::Null } else { Json::List(practices) }),
    ])
    .without_nulls())
}

fn answer_json(answer: Option<&v1::LevelAnswer>) -> Result<Json, CliError> {
    answer.map_or(Ok(Json::Null), message::json)
}

/// A level in words: `2`, `1–5 (7 open)`, `not rated`.
#[must_use]
pub fn answer(answer: Option<&v1::LevelAnswer>) -> String {
    match answer.and_then(|answer| answer.answer) {
        Some(Answer::Range(v1::LevelRange { level: Some(level), .. })) => level.to_string(),
        Some(Answer::Range(v1::LevelRange { at_least, at_most, open, .. })) => {
            format!("{at_least}–{at_most} ({open} open)")
        }
        Some(Answer::None(none)) => match v1::NoLevel::try_from(none) {
            Ok(v1::NoLevel::NotApplicable) => "n/a".to_owned(),
            Ok(v1::NoLevel::NotDeterminable) => "not determinable".to_owned(),
            Ok(v1::NoLevel::NotRated) => "not rated".to_owned(),
            Ok(v1::NoLevel::Unspecified) | Err(_) => String::new(),
        },
        None => String::new(),
    }
}

/// The lowest level that an answer allows, where it is about levels at all.
#[must_use]
pub fn at_least(answer: Option<&v1::LevelAnswer>) -> Option<u32> {
    match answer.and_then(|answer| answer.answer) {
        Some(Answer::Range(range)) => Some(range.at_least),
        _ => None,
    }
}

fn headline(response: &v1::QueryLevelsResponse) -> String {
    let unit = response.unit.as_ref().map(|unit| unit.name.as_str()).unwrap_or_default();
    let Some(at) = &response.coordinate else { return unit.to_owned() };
    let mut parts = vec![format!("{unit} at {}", time(at.valid_at.as_ref()))];
    if let Some(known_at) = &at.known_at {
        let settled = if at.settled { "" } else { ", not settled yet" };
        parts.push(format!("as known at {}{settled}", time(Some(known_at))));
    }
    parts.push(format!("log size {} of {}", at.log_size, at.head_size));
    parts.push(match at.rules_name.as_str() {
        "" => "no rules in force".to_owned(),
        rules => format!("rules {rules} ({})", response.scheme),
    });
    parts.push(match at.model.as_str() {
        "" => "no model in force".to_owned(),
        model => format!("model {model}"),
    });
    parts.join(" · ")
}

fn areas_sheet(response: &v1::QueryLevelsResponse) -> Sheet {
    let mut sheet = Sheet::new(&["area", "title", "rated", "ongoing", "coverage", "inherited"]);
    for area in &response.areas {
        let coverage = area.coverage.unwrap_or_default();
        let fell = at_least(area.ongoing.as_ref()) < at_least(area.rated.as_ref());
        let tone = if fell { Tone::Notice } else { Tone::Plain };
        sheet.row(vec![
            without_model(&area.area).into(),
            area.title.clone().into(),
            level_cell(area.rated.as_ref()),
            level_cell(area.ongoing.as_ref()).toned(tone),
            coverage_cell(coverage),
            inherited_from(area).unwrap_or_default().into(),
        ]);
    }
    sheet
}

fn level_cell(level: Option<&v1::LevelAnswer>) -> Cell {
    let faint = at_least(level).is_none();
    Cell::from(answer(level)).toned(if faint { Tone::Faint } else { Tone::Plain })
}

fn coverage_cell(coverage: v1::Coverage) -> Cell {
    let v1::Coverage { practices_total, covered, contradicted, lapsed, .. } = coverage;
    let plain = format!("{covered}/{practices_total}");
    let mut shown = format!("{} {plain}", bar(covered, practices_total));
    for (count, what) in [(contradicted, "contradicted"), (lapsed, "lapsed")] {
        if count > 0 {
            // Writing to a String cannot fail.
            let _ = write!(shown, " {count} {what}");
        }
    }
    let tone = if contradicted > 0 { Tone::Alarm } else { Tone::Plain };
    Cell::drawn(shown, plain).toned(tone)
}

/// A bar that is full only when all is covered, and empty only when nothing is.
fn bar(covered: u32, all: u32) -> String {
    let full = match covered {
        0 => 0,
        _ if covered >= all => BAR,
        _ => (covered * BAR / all.max(1)).clamp(1, BAR - 1),
    };
    (0..BAR).map(|at| if at < full { '■' } else { '·' }).collect()
}

fn practices_sheet(areas: &[v1::AreaLevel]) -> Sheet {
    let columns = ["practice", "title", "rating", "by", "support", "until", "borrowed"];
    let mut sheet = Sheet::new(&columns);
    for practice in areas.iter().flat_map(|area| &area.practices) {
        let rating = practice.rating.as_ref();
        let value = rating.map(|rating| text::<v1::Value>(rating.value)).unwrap_or_default();
        let by = rating.map(rater).unwrap_or_default();
        let until = practice.valid_until.as_ref().or(practice.lapsed_at.as_ref());
        let support = v1::Support::try_from(practice.support).unwrap_or_default();
        sheet.row(vec![
            without_model(&practice.practice).into(),
            practice.title.clone().into(),
            value.into(),
            by.into(),
            support_cell(support),
            time(until).into(),
            if practice.borrowed { "yes" } else { "" }.into(),
        ]);
    }
    sheet
}

fn rater(rating: &v1::PracticeRating) -> String {
    let name = rating.rated_by.as_ref().map(|by| by.name.as_str()).unwrap_or_default();
    if rating.by_rule { format!("rule, run by {name}") } else { name.to_owned() }
}

fn support_cell(support: v1::Support) -> Cell {
    match support {
        v1::Support::Unspecified => Cell::default(),
        v1::Support::Supported => Cell::from("supported"),
        v1::Support::Lapsed => Cell::from("lapsed").toned(Tone::Notice),
        v1::Support::Contradicted => Cell::from("contradicted").toned(Tone::Alarm),
        v1::Support::Unsupported => Cell::from("unsupported").toned(Tone::Faint),
    }
}

fn inherited_from(area: &v1::AreaLevel) -> Option<&str> {
    area.inherited_from.as_ref().map(|unit| unit.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};

    fn range(at_least: u32, at_most: u32, open: u32) -> v1::LevelAnswer {
        let level = (at_least == at_most).then_some(at_least);
        let range = v1::LevelRange { at_least, at_most, open, level };
        v1::LevelAnswer { answer: Some(Answer::Range(range)) }
    }

    fn none(why: v1::NoLevel) -> v1::LevelAnswer {
        v1::LevelAnswer { answer: Some(Answer::None(why.into())) }
    }

    fn area(id: &str, rated: v1::LevelAnswer, ongoing: Option<v1::LevelAnswer>) -> v1::AreaLevel {
        let coverage = v1::Coverage {
            practices_total: 5,
            covered: 3,
            contradicted: 0,
            lapsed: 1,
            items_valid: Some(9),
        };
        v1::AreaLevel {
            area: format!("iso-21827-2008/{id}"),
            title: format!("Title of {id}"),
            category: v1::Category::SecurityEngineering.into(),
            rated: Some(rated),
            ongoing,
            coverage: Some(coverage),
            ..v1::AreaLevel::default()
        }
    }

    fn answer_of_a_server() -> v1::QueryLevelsResponse {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let practice = v1::PracticeState {
            practice: "iso-21827-2008/BP.01.01".into(),
            title: "Establish responsibilities".into(),
            rating: Some(v1::PracticeRating {
                rating: "r1".into(),
                value: v1::Value::Satisfied.into(),
                rated_by: Some(v1::PrincipalRef { id: "p1".into(), name: "alice".into() }),
                effective_at: at(0),
                position: 12,
                ..v1::PracticeRating::default()
            }),
            support: v1::Support::Supported.into(),
            valid_until: at(86_400),
            ..v1::PracticeState::default()
        };
        let mut first = area("PA01", range(2, 2, 0), Some(range(1, 1, 0)));
        first.practices = vec![practice];
        let mut inherited = area("PA21", none(v1::NoLevel::NotApplicable), None);
        inherited.inherited_from = Some(v1::UnitRef { id: "u0".into(), name: "acme".into() });
        v1::QueryLevelsResponse {
            unit: Some(v1::UnitRef { id: "u1".into(), name: "rustls".into() }),
            coordinate: Some(v1::ResolvedCoordinate {
                valid_at: at(1_772_323_200),
                log_size: 120,
                root: vec![1; 32],
                rules: "ab".repeat(32),
                rules_name: "strict".into(),
                model: "iso-21827-2008".into(),
                model_digest: "cd".repeat(32),
                settled: true,
                head_size: 130,
                ..v1::ResolvedCoordinate::default()
            }),
            digest: vec![2; 32],
            scheme: "sse-cmm".into(),
            areas: vec![
                first,
                area("PA02", range(1, 5, 7), Some(range(0, 5, 9))),
                area("PA03", none(v1::NoLevel::NotRated), Some(none(v1::NoLevel::NotDeterminable))),
                inherited,
            ],
            ..v1::QueryLevelsResponse::default()
        }
    }

    fn check(response: &v1::QueryLevelsResponse, format: Format, terminal: bool, seen: &Expect) {
        let output = Output { format, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(response).unwrap(), &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn a_terminal_shows_levels_as_exactly_as_they_are_known() {
        check(
            &answer_of_a_server(),
            Format::Table,
            true,
            &expect![[r#"
            rustls at 2026-03-01T00:00:00Z · log size 120 of 130 · rules strict (sse-cmm) · model iso-21827-2008
            area  title          rated         ongoing           coverage            inherited  
            PA01  Title of PA01  2             1                 ■■■·· 3/5 1 lapsed
            PA02  Title of PA02  1–5 (7 open)  0–5 (9 open)      ■■■·· 3/5 1 lapsed
            PA03  Title of PA03  not rated     not determinable  ■■■·· 3/5 1 lapsed
            PA21  Title of PA21  n/a                             ■■■·· 3/5 1 lapsed  acme

            practice  title                       rating     by     support    until                 borrowed  
            BP.01.01  Establish responsibilities  satisfied  alice  supported  1970-01-02T00:00:00Z
        "#]],
        );
    }

    #[test]
    fn a_pipe_gets_one_table() {
        check(
            &answer_of_a_server(),
            Format::Table,
            false,
            &expect![[r#"
            practice	title	rating	by	support	until	borrowed
            BP.01.01	Establish responsibilities	satisfied	alice	supported	1970-01-02T00:00:00Z	
        "#]],
        );
    }

    #[test]
    fn programs_get_one_document() {
        let mut one = answer_of_a_server();
        one.areas.drain(..3);
        check(
            &one,
            Format::Json,
            false,
            &expect![[r#"
            {
              "unit": {
                "id": "u1",
                "name": "rustls"
              },
              "coordinate": {
                "valid_at": "2026-03-01T00:00:00Z",
                "log_size": 120,
                "root": "0101010101010101010101010101010101010101010101010101010101010101",
                "rules": "abababababababababababababababababababababababababababababababab",
                "rules_name": "strict",
                "model": "iso-21827-2008",
                "model_digest": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
                "settled": true,
                "head_size": 130,
                "lag": 0
              },
              "log_size": 120,
              "digest": "0202020202020202020202020202020202020202020202020202020202020202",
              "scheme": "sse-cmm",
              "areas": [
                {
                  "id": "PA21",
                  "title": "Title of PA21",
                  "category": "security-engineering",
                  "rated": {
                    "none": "not-applicable"
                  },
                  "coverage": {
                    "practices": 5,
                    "covered": 3,
                    "contradicted": 0,
                    "lapsed": 1
                  },
                  "inherited_from": "acme"
                }
              ]
            }
        "#]],
        );
    }

    #[test]
    fn programs_get_a_line_for_each_area_in_jsonl() {
        check(
            &answer_of_a_server(),
            Format::Jsonl,
            false,
            &expect![[r#"
            {"id":"PA01","title":"Title of PA01","category":"security-engineering","rated":{"at_least":2,"at_most":2,"open":0,"level":2},"ongoing":{"at_least":1,"at_most":1,"open":0,"level":1},"coverage":{"practices":5,"covered":3,"contradicted":0,"lapsed":1},"practices":[{"practice":"iso-21827-2008/BP.01.01","title":"Establish responsibilities","borrowed":false,"rating":{"rating":"r1","value":"satisfied","rated_by":{"id":"p1","name":"alice"},"by_rule":false,"effective_at":"1970-01-01T00:00:00Z","position":12},"support":"supported","valid_until":"1970-01-02T00:00:00Z"}]}
            {"id":"PA02","title":"Title of PA02","category":"security-engineering","rated":{"at_least":1,"at_most":5,"open":7},"ongoing":{"at_least":0,"at_most":5,"open":9},"coverage":{"practices":5,"covered":3,"contradicted":0,"lapsed":1}}
            {"id":"PA03","title":"Title of PA03","category":"security-engineering","rated":{"none":"not-rated"},"ongoing":{"none":"not-determinable"},"coverage":{"practices":5,"covered":3,"contradicted":0,"lapsed":1}}
            {"id":"PA21","title":"Title of PA21","category":"security-engineering","rated":{"none":"not-applicable"},"coverage":{"practices":5,"covered":3,"contradicted":0,"lapsed":1},"inherited_from":"acme"}
        "#]],
        );
    }

    #[test]
    fn a_bar_is_full_or_empty_only_when_that_is_true() {
        for (covered, all, expected) in
            [(0, 0, "·····"), (0, 9, "·····"), (1, 99, "■····"), (98, 99, "■■■■·"), (5, 5, "■■■■■")]
        {
            assert_eq!(bar(covered, all), expected, "{covered}/{all}");
        }
    }
}
