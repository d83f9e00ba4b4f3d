//! Forecasts, in each form.

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::View;
use super::calendar::{self, Event};
use super::cause;
use super::headline;
use super::message::{self, time};
use super::sheet::{Cell, Sheet, Tone, without_model};
use super::state::{covered, ongoing, rated};
use super::trend::short;
use crate::error::CliError;
use crate::select::unwire;

/// Practices that a cell names before it counts the others.
const NAMED: usize = 3;

/// What moves if nothing is renewed.
pub fn view(response: &v1::ForecastLevelsResponse) -> Result<View, CliError> {
    let mut parts = headline::parts(response.unit.as_ref(), response.coordinate.as_ref());
    parts.push(format!("until {}", time(response.until.as_ref())));
    let columns = ["when", "area", "rated", "ongoing", "coverage", "why"];
    let mut sheet = Sheet::new(&columns).titled(parts.join(" · "));
    for change in &response.changes {
        sheet.row(row(response, change));
    }
    Ok(View {
        document: message::json(response)?,
        entries: Some(message::all(&response.changes)?),
        sheets: vec![sheet],
    })
}

/// The changes as events of a calendar; the same forecast gives the same.
///
/// An event is named by unit, area and instant: one that is imported again is not there twice.
#[must_use]
pub fn events(response: &v1::ForecastLevelsResponse) -> Vec<Event> {
    let unit = response.unit.clone().unwrap_or_default();
    let at = response.coordinate.clone().unwrap_or_default();
    let Some(stamp) = at.valid_at.as_ref().and_then(unwire) else { return Vec::new() };
    let digest = gradus_model::ids::hex(&response.digest);
    let event = |change: &v1::ForecastChange| {
        let movement = change.movement.as_ref()?;
        let instant = movement.valid_at.as_ref().and_then(unwire)?;
        let area = shown(response, &change.area);
        let mut lines = vec![change.title.clone()];
        lines.extend(causes(response, change, usize::MAX));
        lines.push(format!("Forecast at log size {}, answer {digest}", at.log_size));
        Some(Event {
            uid: format!("{}-{}-{}@gradus", unit.id, change.area, calendar::instant(instant)),
            stamp,
            at: instant,
            summary: format!("{area} {} ({})", said(movement), unit.name),
            description: lines.join("\n"),
        })
    };
    response.changes.iter().filter_map(event).collect()
}

/// An area without its model, unless another model comes into force.
fn shown<'a>(response: &v1::ForecastLevelsResponse, area: &'a str) -> &'a str {
    let model = |area: &str| area.split('/').next().map(str::to_owned);
    let alike = response.changes.iter().all(|other| model(&other.area) == model(area));
    if alike { without_model(area) } else { area }
}

fn row(response: &v1::ForecastLevelsResponse, change: &v1::ForecastChange) -> Vec<Cell> {
    let movement = change.movement.clone().unwrap_or_default();
    let tone = if falls(&movement) { Tone::Notice } else { Tone::Plain };
    vec![
        time(movement.valid_at.as_ref()).into(),
        shown(response, &change.area).into(),
        way(&movement, rated).into(),
        Cell::from(way(&movement, ongoing)).toned(tone),
        coverage(&movement).into(),
        Cell::drawn(
            causes(response, change, NAMED).join("; "),
            causes(response, change, usize::MAX).join("; "),
        ),
    ]
}

/// What a change is due to, with at most so many practices of each class named.
fn causes(
    response: &v1::ForecastLevelsResponse,
    change: &v1::ForecastChange,
    named: usize,
) -> Vec<String> {
    let causes = change.movement.as_ref().map_or(&[][..], |movement| &movement.causes);
    cause::said(causes, response.unit.as_ref(), &change.area, named)
}

/// How the coverage moves, where both sides have one.
fn coverage(movement: &v1::Movement) -> String {
    let has_both = movement.before.is_some() && movement.after.is_some();
    if has_both { way(movement, covered) } else { String::new() }
}

/// One side and the other, or what both are.
fn way(movement: &v1::Movement, of: fn(&v1::AreaState) -> String) -> String {
    let (before, after) = sides(movement, of);
    if before == after { after } else { format!("{before} → {after}") }
}

fn sides(movement: &v1::Movement, of: fn(&v1::AreaState) -> String) -> (String, String) {
    let side = |state: &Option<v1::AreaState>| {
        state.as_ref().map_or_else(|| "no such area".to_owned(), of)
    };
    (side(&movement.before), side(&movement.after))
}

/// What happens, as a sentence without its subject: `falls from 3 to 2`.
fn said(movement: &v1::Movement) -> String {
    let verb = if falls(movement) { "falls" } else { "moves" };
    let (from, to) = sides(movement, |state| short(state.ongoing.as_ref()));
    if from != to {
        return format!("{verb} from {from} to {to}");
    }
    let (from, to) = sides(movement, |state| short(state.rated.as_ref()));
    if from != to {
        return format!("{verb} from {from} to {to} as rated");
    }
    let (from, to) = sides(movement, covered);
    format!("moves from {from} to {to} practices covered")
}

/// Whether the least level that was judged, or that evidence supports, sinks.
fn falls(movement: &v1::Movement) -> bool {
    let sinks = |of: fn(&v1::AreaState) -> Option<&v1::LevelAnswer>| {
        let least = |state: &Option<v1::AreaState>| match state
            .as_ref()
            .and_then(of)
            .and_then(|level| level.answer)
        {
            Some(Answer::Range(range)) => Some(range.at_least),
            Some(Answer::None(none)) if none == i32::from(v1::NoLevel::NotRated) => Some(0),
            Some(Answer::None(_)) | None => None,
        };
        let sides = least(&movement.before).zip(least(&movement.after));
        sides.is_some_and(|(before, after)| after < before)
    };
    sinks(|state| state.rated.as_ref()) || sinks(|state| state.ongoing.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use crate::select::wire;
    use expect_test::{Expect, expect};
    use gradus_model::{Edge, Timestamp};

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        Some(wire(Timestamp::parse(text, Edge::Start).unwrap()))
    }

    fn state(rated: u32, ongoing: u32, covered: u32) -> Option<v1::AreaState> {
        let level = |level| v1::LevelAnswer {
            answer: Some(Answer::Range(v1::LevelRange {
                at_least: level,
                at_most: level,
                open: 0,
                level: Some(level),
            })),
        };
        Some(v1::AreaState {
            rated: Some(level(rated)),
            ongoing: Some(level(ongoing)),
            coverage: Some(v1::Coverage { practices_total: 5, covered, ..v1::Coverage::default() }),
            inherited_from: None,
        })
    }

    fn unit(name: &str) -> Option<v1::UnitRef> {
        Some(v1::UnitRef { id: format!("id-of-{name}"), name: name.into() })
    }

    fn cause(class: &str, practice: &str, position: u64, of: &str) -> v1::Cause {
        v1::Cause {
            class: class.into(),
            position: Some(position),
            practice: format!("iso-21827-2008/{practice}"),
            unit: unit(of),
            evidence: format!("evidence-{position}"),
            ends_by: if class == "expired" { "window" } else { "" }.into(),
            window: if class == "expired" { "P2Y" } else { "" }.into(),
            ..v1::Cause::default()
        }
    }

    fn change(
        on: &str,
        area: &str,
        sides: (Option<v1::AreaState>, Option<v1::AreaState>),
        causes: Vec<v1::Cause>,
    ) -> v1::ForecastChange {
        let (before, after) = sides;
        let movement = v1::Movement {
            stage: v1::Stage::Happened.into(),
            valid_at: at(on),
            log_size: 9,
            before,
            after,
            causes,
            backwards: false,
        };
        v1::ForecastChange {
            area: format!("iso-21827-2008/{area}"),
            title: format!("Title of {area}"),
            movement: Some(movement),
        }
    }

    fn answer_of_a_server() -> v1::ForecastLevelsResponse {
        let practices = ["BP.11.01", "BP.11.02", "BP.11.03", "BP.11.04", "BP.11.05"];
        let mut expired: Vec<v1::Cause> =
            practices.map(|practice| cause("expired", practice, 4, "alpha")).to_vec();
        expired.push(cause("ended", "PA11/GP 2.1.1", 7, "acme"));
        let ended = vec![cause("expired", "BP.03.01", 5, "alpha")];
        v1::ForecastLevelsResponse {
            unit: unit("alpha"),
            coordinate: Some(v1::ResolvedCoordinate {
                valid_at: at("2026-06-01"),
                log_size: 9,
                head_size: 10,
                rules_name: "strict".into(),
                model: "iso-21827-2008".into(),
                ..v1::ResolvedCoordinate::default()
            }),
            until: at("2028-06-01"),
            digest: vec![0xab, 0xcd],
            changes: vec![
                change("2027-03-01", "PA11", (state(3, 3, 5), state(3, 2, 0)), expired),
                change("2027-04-01", "PA03", (state(1, 1, 5), state(1, 1, 4)), ended),
                change("2027-05-01", "PA04", (state(1, 0, 5), state(0, 0, 5)), Vec::new()),
                change("2027-06-01", "PA04", (state(0, 0, 5), None), Vec::new()),
            ],
            duties: None,
        }
    }

    fn check(terminal: bool, expected: &Expect) {
        let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(&answer_of_a_server()).unwrap(), &mut stripped).unwrap();
        expected.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn people_see_what_moves_when_and_why() {
        check(
            true,
            &expect![[r#"
                alpha at 2026-06-01T00:00:00Z · log size 9 of 10 · rules strict · model iso-21827-2008 · until 2028-06-01T00:00:00Z
                when                  area  rated             ongoing           coverage   why                                                                                                   
                2027-03-01T00:00:00Z  PA11  3                 3 → 2             5/5 → 0/5  expired by window P2Y: BP.11.01 #4, BP.11.02 #4, BP.11.03 #4 and 2 more; ended, of acme: GP 2.1.1 #7
                2027-04-01T00:00:00Z  PA03  1                 1                 5/5 → 4/5  expired by window P2Y: BP.03.01 #5
                2027-05-01T00:00:00Z  PA04  1 → 0             0                 5/5
                2027-06-01T00:00:00Z  PA04  0 → no such area  0 → no such area
            "#]],
        );
    }

    #[test]
    fn a_pipe_gets_every_practice_and_id() {
        check(
            false,
            &expect![[r#"
                when	area	rated	ongoing	coverage	why
                2027-03-01T00:00:00Z	PA11	3	3 → 2	5/5 → 0/5	expired by window P2Y: BP.11.01 #4, BP.11.02 #4, BP.11.03 #4, BP.11.04 #4, BP.11.05 #4; ended, of acme: GP 2.1.1 #7
                2027-04-01T00:00:00Z	PA03	1	1	5/5 → 4/5	expired by window P2Y: BP.03.01 #5
                2027-05-01T00:00:00Z	PA04	1 → 0	0	5/5	
                2027-06-01T00:00:00Z	PA04	0 → no such area	0 → no such area		
            "#]],
        );
    }

    #[test]
    fn an_event_says_what_falls_and_why_and_is_named_by_unit_area_and_instant() {
        let events = events(&answer_of_a_server());
        let told = events.iter().map(|event| {
            let Event { uid, summary, description, .. } = event;
            format!("{uid}\n{summary}\n{description}\n")
        });
        let told = told.collect::<Vec<_>>().join("\n");
        expect![[r#"
            id-of-alpha-iso-21827-2008/PA11-20270301T000000Z@gradus
            PA11 falls from 3 to 2 (alpha)
            Title of PA11
            expired by window P2Y: BP.11.01 #4, BP.11.02 #4, BP.11.03 #4, BP.11.04 #4, BP.11.05 #4
            ended, of acme: GP 2.1.1 #7
            Forecast at log size 9, answer abcd

            id-of-alpha-iso-21827-2008/PA03-20270401T000000Z@gradus
            PA03 moves from 5/5 to 4/5 practices covered (alpha)
            Title of PA03
            expired by window P2Y: BP.03.01 #5
            Forecast at log size 9, answer abcd

            id-of-alpha-iso-21827-2008/PA04-20270501T000000Z@gradus
            PA04 falls from 1 to 0 as rated (alpha)
            Title of PA04
            Forecast at log size 9, answer abcd

            id-of-alpha-iso-21827-2008/PA04-20270601T000000Z@gradus
            PA04 moves from 0 to no such area (alpha)
            Title of PA04
            Forecast at log size 9, answer abcd
        "#]]
        .assert_eq(&told);
        assert!(events.iter().all(|event| event.stamp.to_string() == "2026-06-01T00:00:00Z"));
    }
}
