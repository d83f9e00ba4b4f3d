//! Trends, in each form.

mod matrix;
mod overview;

use gradus_model::Timestamp;
use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::View;
use super::json::{Json, object};
use super::levels::{answer, at_least};
use super::message::{self, time};
use super::sheet::{Cell, Sheet, Tone, without_model};
use crate::error::CliError;
use crate::select::unwire;

pub(super) use matrix::short;
use matrix::{instants, matrix};
pub use overview::begin;
use overview::overview;

/// Nothing that is a level.
const NOTHING: char = '·';

/// The most samples that stand beside each other.
const BESIDE: usize = 12;

/// How levels of units moved; `is_drawn` says that people see it on a terminal.
pub fn view(
    response: &v1::QueryTrendResponse,
    is_sampled: bool,
    is_drawn: bool,
) -> Result<View, CliError> {
    let mut entries = Vec::new();
    for (unit, area) in series(response) {
        for point in &area.points {
            entries.push(entry(unit, area, point)?);
        }
    }
    let rows = rows(response, is_sampled && !is_drawn);
    let sheets = if is_drawn {
        let beside = Some(instants(response)).filter(|at| is_sampled && at.len() <= BESIDE);
        let first = beside.as_ref().map_or_else(|| overview(response), |at| matrix(response, at));
        let first = first.titled(headline(response, beside.is_none()));
        let rows = beside.is_none().then_some(rows);
        [Some(first), rows, landmarks(response)].into_iter().flatten().collect()
    } else {
        vec![rows]
    };
    Ok(View { document: message::json(response)?, entries: Some(entries), sheets })
}

/// Why the results may not be compared, if so.
#[must_use]
pub fn incomparable(response: &v1::QueryTrendResponse) -> Option<String> {
    let told = response.comparability.as_ref().filter(|told| !told.comparable)?;
    Some(format!("note: these results may not be compared: {}", told.reasons.join("; ")))
}

fn series(
    response: &v1::QueryTrendResponse,
) -> impl Iterator<Item = (&v1::UnitTrend, &v1::AreaTrend)> {
    response.units.iter().flat_map(|unit| unit.areas.iter().map(move |area| (unit, area)))
}

fn entry(
    unit: &v1::UnitTrend,
    area: &v1::AreaTrend,
    point: &v1::TrendPoint,
) -> Result<Json, CliError> {
    let state = point.state.as_ref().map_or(Ok(Json::Null), message::json)?;
    Ok(object([
        ("valid_at", time(point.valid_at.as_ref()).into()),
        ("unit", name(unit).into()),
        ("area", area.area.as_str().into()),
        ("state", state),
    ]))
}

fn name(unit: &v1::UnitTrend) -> &str {
    unit.unit.as_ref().map(|unit| unit.name.as_str()).unwrap_or_default()
}

/// An area without its model, unless another model was in force, too.
fn shown(unit: &v1::UnitTrend, area: &v1::AreaTrend) -> String {
    let model = |area: &v1::AreaTrend| area.area.split('/').next().map(str::to_owned);
    let alike = unit.areas.iter().all(|other| model(other) == model(area));
    if alike { without_model(&area.area).to_owned() } else { area.area.clone() }
}

fn headline(response: &v1::QueryTrendResponse, has_lines: bool) -> String {
    let names: Vec<&str> = response.units.iter().take(3).map(name).collect();
    let more = response.units.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (from, to) = (time(response.from.as_ref()), time(response.to.as_ref()));
    let mut parts = vec![format!("{}{more} from {from} to {to}", names.join(", "))];
    if let Some(at) = &response.coordinate {
        if let Some(known_at) = &at.known_at {
            parts.push(format!("as known at {}", time(Some(known_at))));
        }
        parts.push(format!("log size {} of {}", at.log_size, at.head_size));
    }
    let begin = begin(response);
    if !has_lines {
        parts.push("ongoing levels, after ▸ where more was judged".to_owned());
    } else if begin.is_some() && begin != response.from.as_ref().and_then(unwire) {
        parts.push(format!("lines from {}", begin.map(day).unwrap_or_default()));
    }
    parts.join(" · ")
}

/// Whether anything is known at a point.
#[must_use]
pub fn says(point: &v1::TrendPoint) -> bool {
    point.state.as_ref().is_some_and(|state| {
        let is_rated = |level: &Option<v1::LevelAnswer>| {
            let none = level.and_then(|level| level.answer);
            none != Some(Answer::None(v1::NoLevel::NotRated.into()))
        };
        let coverage = state.coverage.unwrap_or_default();
        let seen = coverage.covered + coverage.lapsed + coverage.contradicted;
        is_rated(&state.rated) || is_rated(&state.ongoing) || seen > 0
    })
}

/// Each point in a row; unless all are wanted, those before anything was known are left out.
fn rows(response: &v1::QueryTrendResponse, wants_all: bool) -> Sheet {
    let columns = ["valid_at", "unit", "area", "rated", "ongoing", "covered", "inherited"];
    let mut sheet = Sheet::new(&columns);
    for (unit, area) in series(response) {
        for point in area.points.iter().skip_while(|point| !wants_all && !says(point)) {
            sheet.row(row(unit, area, point));
        }
    }
    sheet
}

fn row(unit: &v1::UnitTrend, area: &v1::AreaTrend, point: &v1::TrendPoint) -> Vec<Cell> {
    let mut cells =
        vec![time(point.valid_at.as_ref()).into(), name(unit).into(), shown(unit, area).into()];
    let Some(state) = &point.state else {
        cells.push(Cell::from("no such area").toned(Tone::Faint));
        cells.extend([Cell::default(), Cell::default(), Cell::default()]);
        return cells;
    };
    let coverage = state.coverage.unwrap_or_default();
    let inherited = state.inherited_from.as_ref().map(|unit| unit.name.clone());
    cells.extend([
        answer(state.rated.as_ref()).into(),
        Cell::from(answer(state.ongoing.as_ref())).toned(tone(state)),
        format!("{}/{}", coverage.covered, coverage.practices_total).into(),
        inherited.unwrap_or_default().into(),
    ]);
    cells
}

fn tone(state: &v1::AreaState) -> Tone {
    let (rated, ongoing) = (at_least(state.rated.as_ref()), at_least(state.ongoing.as_ref()));
    if ongoing < rated { Tone::Notice } else { Tone::Plain }
}

fn day(at: Timestamp) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02}")
}

fn landmarks(response: &v1::QueryTrendResponse) -> Option<Sheet> {
    let mut sheet = Sheet::new(&["unit", "kind", "name", "from", "to"]);
    let mut any = false;
    for unit in &response.units {
        let phases = unit.phases.iter().map(|phase| {
            let to = phase.to.as_ref().map_or_else(|| "open".to_owned(), |to| time(Some(to)));
            ("phase", &phase.phase, time(phase.from.as_ref()), to)
        });
        let markers = unit.markers.iter().map(|marker| {
            (marker.kind.as_str(), &marker.label, time(marker.at.as_ref()), String::new())
        });
        for (kind, label, from, to) in phases.chain(markers) {
            any = true;
            let cells = [name(unit), kind, label, &from, &to];
            sheet.row(cells.into_iter().map(Cell::from).collect());
        }
    }
    any.then(|| sheet.titled("Phases and markers"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};
    use gradus_model::Edge;

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        Some(crate::select::wire(Timestamp::parse(text, Edge::Start).unwrap()))
    }

    fn level(text: &str) -> v1::LevelAnswer {
        let Some((low, high)) = text.split_once('-') else {
            return v1::LevelAnswer { answer: Some(Answer::None(v1::NoLevel::NotRated.into())) };
        };
        let (at_least, at_most) = (low.parse().unwrap(), high.parse().unwrap());
        let exact = (at_least == at_most).then_some(at_least);
        let range = v1::LevelRange { at_least, at_most, open: at_most - at_least, level: exact };
        v1::LevelAnswer { answer: Some(Answer::Range(range)) }
    }

    /// Points like `2026-01-01 1-1 0-0`: the day, the rated and the ongoing level; `none` for either.
    fn area(id: &str, points: &[&str]) -> v1::AreaTrend {
        let point = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let known = words.len() > 1;
            let coverage = v1::Coverage { practices_total: 7, ..v1::Coverage::default() };
            let state = known.then(|| v1::AreaState {
                rated: Some(level(words[1])),
                ongoing: Some(level(words[2])),
                coverage: Some(coverage),
                inherited_from: None,
            });
            v1::TrendPoint { valid_at: at(words[0]), state }
        };
        v1::AreaTrend {
            area: format!("iso-21827-2008/{id}"),
            title: format!("Title of {id}"),
            points: points.iter().map(point).collect(),
        }
    }

    fn answer_of_a_server(areas: Vec<v1::AreaTrend>) -> v1::QueryTrendResponse {
        let unit = v1::UnitTrend {
            unit: Some(v1::UnitRef { id: "u1".into(), name: "alpha".into() }),
            areas,
            phases: vec![v1::PhaseSpan {
                phase: "development".into(),
                from: at("2026-01-01"),
                to: None,
            }],
            markers: vec![v1::Landmark {
                kind: "release".into(),
                label: "v1".into(),
                at: at("2026-03-01"),
            }],
            duties: None,
        };
        v1::QueryTrendResponse {
            coordinate: Some(v1::ResolvedCoordinate {
                valid_at: at("2026-07-01"),
                log_size: 9,
                head_size: 10,
                ..v1::ResolvedCoordinate::default()
            }),
            from: at("2026-01-01"),
            to: at("2026-07-01"),
            units: vec![unit],
            ..v1::QueryTrendResponse::default()
        }
    }

    fn changes() -> v1::QueryTrendResponse {
        answer_of_a_server(vec![
            area("PA01", &["2026-01-01 none none"]),
            area("PA02", &["2026-01-01 none none", "2026-03-02 3-3 3-3", "2026-05-31 3-3 1-5"]),
            area("PA03", &["2026-01-01", "2026-02-01 0-0 0-0", "2026-06-01"]),
        ])
    }

    fn check(answer: &v1::QueryTrendResponse, sampled: bool, terminal: bool, expected: &Expect) {
        let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(answer, sampled, terminal).unwrap(), &mut stripped).unwrap();
        expected.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn people_see_a_line_for_each_area_then_its_changes_then_what_else_happened() {
        check(
            &changes(),
            false,
            true,
            &expect![[r#"
            alpha from 2026-01-01T00:00:00Z to 2026-07-01T00:00:00Z · log size 9 of 10 · lines from 2026-02-01
            unit   area  title          trend                     rated  ongoing       
            alpha  PA02  Title of PA02  ····▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▂▂▂▂▂  3      1–5 (4 open)
            alpha  PA03  Title of PA03  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁·····

            valid_at              unit   area  rated         ongoing       covered  inherited  
            2026-03-02T00:00:00Z  alpha  PA02  3             3             0/7
            2026-05-31T00:00:00Z  alpha  PA02  3             1–5 (4 open)  0/7
            2026-02-01T00:00:00Z  alpha  PA03  0             0             0/7
            2026-06-01T00:00:00Z  alpha  PA03  no such area  

            Phases and markers
            unit   kind     name         from                  to    
            alpha  phase    development  2026-01-01T00:00:00Z  open
            alpha  release  v1           2026-03-01T00:00:00Z
        "#]],
        );
    }

    #[test]
    fn a_pipe_gets_the_changes_alone() {
        check(
            &changes(),
            false,
            false,
            &expect![[r#"
            valid_at	unit	area	rated	ongoing	covered	inherited
            2026-03-02T00:00:00Z	alpha	PA02	3	3	0/7	
            2026-05-31T00:00:00Z	alpha	PA02	3	1–5 (4 open)	0/7	
            2026-02-01T00:00:00Z	alpha	PA03	0	0	0/7	
            2026-06-01T00:00:00Z	alpha	PA03	no such area			
        "#]],
        );
    }

    #[test]
    fn few_samples_stand_beside_each_other() {
        let sampled = answer_of_a_server(vec![
            area("PA01", &["2025-12-01 none none", "2026-01-01 none none", "2026-02-01 none none"]),
            area("PA02", &["2025-12-01", "2026-01-01 2-2 2-2", "2026-02-01 3-3 1-5"]),
        ]);
        check(
            &sampled,
            true,
            true,
            &expect![[r#"
            alpha from 2026-01-01T00:00:00Z to 2026-07-01T00:00:00Z · log size 9 of 10 · ongoing levels, after ▸ where more was judged
            unit   area  2025-12  2026-01  02     
            alpha  PA02           2        3▸1–5  

            Phases and markers
            unit   kind     name         from                  to    
            alpha  phase    development  2026-01-01T00:00:00Z  open
            alpha  release  v1           2026-03-01T00:00:00Z
        "#]],
        );
        check(
            &sampled,
            true,
            false,
            &expect![[r#"
            valid_at	unit	area	rated	ongoing	covered	inherited
            2025-12-01T00:00:00Z	alpha	PA01	not rated	not rated	0/7	
            2026-01-01T00:00:00Z	alpha	PA01	not rated	not rated	0/7	
            2026-02-01T00:00:00Z	alpha	PA01	not rated	not rated	0/7	
            2025-12-01T00:00:00Z	alpha	PA02	no such area			
            2026-01-01T00:00:00Z	alpha	PA02	2	2	0/7	
            2026-02-01T00:00:00Z	alpha	PA02	3	1–5 (4 open)	0/7	
        "#]],
        );
    }

    #[test]
    fn programs_get_a_line_for_each_point() {
        let view = view(&changes(), false, false).unwrap();
        let entries: Vec<String> = view.entries.unwrap().iter().map(Json::compact).collect();
        assert_eq!(entries.len(), 7);
        let first = r#"{"valid_at":"2026-01-01T00:00:00Z","unit":"alpha","area":"iso-21827-2008/PA03","state":null}"#;
        assert_eq!(entries[4], first);
    }

    #[test]
    fn what_may_not_be_compared_says_why() {
        let mut answer = changes();
        assert_eq!(incomparable(&answer), None);
        let reasons = vec!["different rules: a, b".to_owned()];
        answer.comparability = Some(v1::Comparability { comparable: false, reasons });
        let told = "note: these results may not be compared: different rules: a, b";
        assert_eq!(incomparable(&answer).as_deref(), Some(told));
    }
}
