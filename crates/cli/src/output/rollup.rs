//! Levels rolled up, in each form.

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::View;
use super::headline;
use super::levels::answer;
use super::message::{self, text};
use super::sheet::{Cell, Sheet, Tone, without_model};
use crate::error::CliError;

/// The levels of several units as one, with each one's own if that was asked for.
pub fn view(response: &v1::RollUpLevelsResponse, members: bool) -> Result<View, CliError> {
    let mut sheets = vec![areas(response).titled(title(response))];
    if members {
        sheets.push(units(response));
    }
    Ok(View {
        document: message::json(response)?,
        entries: Some(message::all(&response.areas)?),
        sheets,
    })
}

fn title(response: &v1::RollUpLevelsResponse) -> String {
    let mut parts = headline::parts(response.unit.as_ref(), response.coordinate.as_ref());
    let projects = if response.members == 1 { "project" } else { "projects" };
    parts.push(format!("{} {projects}", response.members));
    parts.push(text::<v1::RollUpRule>(response.rule).replace('-', " "));
    parts.join(" · ")
}

/// Areas are shown without their model where all have the same.
fn shown<'a>(response: &'a v1::RollUpLevelsResponse, area: &'a str) -> &'a str {
    let model = |area: &'a str| area.split_once('/').map(|(model, _)| model);
    let first = response.areas.first().and_then(|area| model(&area.area));
    let alike = response.areas.iter().all(|area| model(&area.area) == first);
    if alike { without_model(area) } else { area }
}

fn areas(response: &v1::RollUpLevelsResponse) -> Sheet {
    let columns = ["area", "title", "rated", "ongoing", "spread", "units", "inherited", "coverage"];
    let mut sheet = Sheet::new(&columns);
    for area in &response.areas {
        let (rated, ongoing) =
            (area.rated.clone().unwrap_or_default(), area.ongoing.clone().unwrap_or_default());
        let coverage = area.coverage.unwrap_or_default();
        sheet.row(vec![
            shown(response, &area.area).into(),
            area.title.clone().into(),
            value(response.rule(), &rated),
            value(response.rule(), &ongoing),
            spread(&ongoing).into(),
            format!("{} of {}", with_level(&ongoing), area.counted).into(),
            if area.inherited == 0 { Cell::default() } else { area.inherited.to_string().into() },
            format!("{}/{}", coverage.covered, coverage.practices_total).into(),
        ]);
    }
    sheet
}

fn value(rule: v1::RollUpRule, of: &v1::RolledUp) -> Cell {
    let (shown, plain) = match rule {
        v1::RollUpRule::Distribution => (counts(at_levels(of)), distribution(of)),
        v1::RollUpRule::OnTarget => (on_target(of), on_target(of)),
        v1::RollUpRule::Minimum | v1::RollUpRule::Median | v1::RollUpRule::Unspecified => {
            (level(of), level(of))
        }
    };
    if shown.is_empty() {
        let plain = if plain.is_empty() { without(of).to_owned() } else { plain };
        return Cell::drawn(without(of), plain).toned(Tone::Faint);
    }
    Cell::drawn(shown, plain)
}

/// How many are at a level, or between two.
fn with_level(of: &v1::RolledUp) -> u32 {
    of.at_level.iter().sum::<u32>() + of.open
}

/// Why there is no level.
fn without(of: &v1::RolledUp) -> &'static str {
    match of {
        of if of.not_rated > 0 => "not rated",
        of if of.not_determinable > 0 => "not determinable",
        of if of.not_applicable > 0 => "n/a",
        _ => "no such area",
    }
}

fn level(of: &v1::RolledUp) -> String {
    match of.value.and_then(|value| value.answer) {
        Some(Answer::Range(range)) if range.at_least == range.at_most => range.at_least.to_string(),
        Some(Answer::Range(range)) => format!("{}–{}", range.at_least, range.at_most),
        Some(Answer::None(_)) | None => String::new(),
    }
}

/// How many are at each level that any is at: `0:1 1:4 open:2 not rated:3`; people see those that
/// have one.
fn distribution(of: &v1::RolledUp) -> String {
    let others = [
        ("not rated", of.not_rated),
        ("n/a", of.not_applicable),
        ("not determinable", of.not_determinable),
        ("absent", of.absent),
    ];
    let others = others.into_iter().map(|(what, count)| (what.to_owned(), count));
    counts(at_levels(of).into_iter().chain(others))
}

fn at_levels(of: &v1::RolledUp) -> Vec<(String, u32)> {
    let levels = of.at_level.iter().enumerate().map(|(level, count)| (level.to_string(), *count));
    levels.chain([("open".to_owned(), of.open)]).collect()
}

fn counts(of: impl IntoIterator<Item = (String, u32)>) -> String {
    let some = of.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(what, count)| format!("{what}:{count}")).collect::<Vec<_>>().join(" ")
}

fn on_target(of: &v1::RolledUp) -> String {
    match (of.with_target, of.maybe_on_target) {
        (0, _) => "no target".to_owned(),
        (all, 0) => format!("{} of {all}", of.on_target),
        (all, maybe) => format!("{} of {all}, {maybe} open", of.on_target),
    }
}

fn spread(of: &v1::RolledUp) -> String {
    of.lowest.zip(of.highest).map(|(low, high)| format!("{low}..{high}")).unwrap_or_default()
}

fn units(response: &v1::RollUpLevelsResponse) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "area", "rated", "ongoing", "coverage", "inherited"]);
    let name = |member: &v1::MemberLevels| member.unit.clone().unwrap_or_default().name;
    let mut members: Vec<_> = response.units.iter().map(|member| (name(member), member)).collect();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (unit, member) in members {
        for area in &member.areas {
            let coverage = area.coverage.unwrap_or_default();
            let inherited = area.inherited_from.as_ref().map(|unit| unit.name.as_str());
            sheet.row(vec![
                unit.as_str().into(),
                shown(response, &area.area).into(),
                answer(area.rated.as_ref()).into(),
                answer(area.ongoing.as_ref()).into(),
                format!("{}/{}", coverage.covered, coverage.practices_total).into(),
                inherited.unwrap_or_default().into(),
            ]);
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};
    use v1::RollUpRule::{Distribution, Minimum, OnTarget};

    fn rolled_up(value: Option<(u32, u32)>) -> Option<v1::RolledUp> {
        let range = value.map(|(at_least, at_most)| v1::LevelRange {
            at_least,
            at_most,
            ..v1::LevelRange::default()
        });
        let answer = |range| v1::LevelAnswer { answer: Some(Answer::Range(range)) };
        Some(v1::RolledUp {
            value: range.map(answer),
            lowest: value.map(|(low, _)| low),
            highest: value.map(|_| 4),
            at_level: if value.is_some() { vec![1, 4, 0, 0, 2, 0] } else { vec![0; 6] },
            open: value.map_or(0, |_| 1),
            not_rated: 3,
            on_target: value.map_or(0, |_| 2),
            with_target: value.map_or(0, |_| 8),
            ..v1::RolledUp::default()
        })
    }

    fn area(area: &str, value: Option<(u32, u32)>) -> v1::AreaRollUp {
        v1::AreaRollUp {
            area: area.to_owned(),
            title: "Its title".to_owned(),
            rated: rolled_up(value),
            ongoing: rolled_up(value),
            coverage: Some(v1::Coverage {
                practices_total: 70,
                covered: 14,
                ..v1::Coverage::default()
            }),
            inherited: value.map_or(0, |(low, _)| low),
            counted: 11,
        }
    }

    fn answer_of_a_server(rule: v1::RollUpRule) -> v1::RollUpLevelsResponse {
        v1::RollUpLevelsResponse {
            unit: Some(v1::UnitRef { id: "u1".to_owned(), name: "crypto".to_owned() }),
            rule: rule.into(),
            members: 12,
            areas: vec![
                area("iso/PA01", Some((0, 0))),
                area("iso/PA02", Some((1, 3))),
                area("iso/PA03", None),
            ],
            ..v1::RollUpLevelsResponse::default()
        }
    }

    fn check(response: &v1::RollUpLevelsResponse, members: bool, seen: &Expect) {
        let output = Output { format: Format::Table, terminal: true, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(response, members).unwrap(), &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn each_rule_has_its_own_words_for_what_levels_come_to() {
        check(
            &answer_of_a_server(Minimum),
            false,
            &expect![[r#"
            crypto · 12 projects · minimum
            area  title      rated      ongoing    spread  units    inherited  coverage  
            PA01  Its title  0          0          0..4    8 of 11             14/70
            PA02  Its title  1–3        1–3        1..4    8 of 11  1          14/70
            PA03  Its title  not rated  not rated          0 of 11             14/70
        "#]],
        );
        check(
            &answer_of_a_server(Distribution),
            false,
            &expect![[r#"
                crypto · 12 projects · distribution
                area  title      rated               ongoing             spread  units    inherited  coverage  
                PA01  Its title  0:1 1:4 4:2 open:1  0:1 1:4 4:2 open:1  0..4    8 of 11             14/70
                PA02  Its title  0:1 1:4 4:2 open:1  0:1 1:4 4:2 open:1  1..4    8 of 11  1          14/70
                PA03  Its title  not rated           not rated                   0 of 11             14/70
            "#]],
        );
        check(
            &answer_of_a_server(OnTarget),
            false,
            &expect![[r#"
            crypto · 12 projects · on target
            area  title      rated      ongoing    spread  units    inherited  coverage  
            PA01  Its title  2 of 8     2 of 8     0..4    8 of 11             14/70
            PA02  Its title  2 of 8     2 of 8     1..4    8 of 11  1          14/70
            PA03  Its title  no target  no target          0 of 11             14/70
        "#]],
        );
    }

    #[test]
    fn areas_of_different_models_keep_their_model_and_members_are_sorted_by_name() {
        let mut answer = answer_of_a_server(Minimum);
        answer.areas = vec![area("draft/PA01", Some((1, 1))), area("iso/PA01", Some((2, 2)))];
        let member = |name: &str, area: &str| v1::MemberLevels {
            unit: Some(v1::UnitRef { id: String::new(), name: name.to_owned() }),
            areas: vec![v1::AreaLevel { area: area.to_owned(), ..v1::AreaLevel::default() }],
            duties: None,
        };
        answer.units = vec![member("zlib", "draft/PA01"), member("curl", "iso/PA01")];
        check(
            &answer,
            true,
            &expect![[r#"
            crypto · 12 projects · minimum
            area        title      rated  ongoing  spread  units    inherited  coverage  
            draft/PA01  Its title  1      1        1..4    8 of 11  1          14/70
            iso/PA01    Its title  2      2        2..4    8 of 11  2          14/70

            unit  area        rated  ongoing  coverage  inherited  
            curl  iso/PA01                    0/0
            zlib  draft/PA01                  0/0
        "#]],
        );
    }
}
