//! Levels of several capsules side by side, in each form.

use gradus_server::operate::capsule::{
    Attained, Bounds, Compared, ComparedArea, ComparedUnit, Distance, Goal, Status,
};

use super::View;
use super::capsule::level;
use super::json::{Json, object};
use super::sheet::{Cell, Sheet, Tone, without_model};

/// The units, what each reaches in every area, and what speaks against comparing them; `files` are the
/// capsules as they were named. There is no total.
#[must_use]
pub fn side_by_side(compared: &Compared, files: &[String]) -> View {
    let names = names(compared, files);
    let sheets = vec![
        units(compared, files, &names),
        cautions(compared, files, &names),
        areas(compared, &names),
    ];
    let document = object([
        ("profile", compared.profile.id.to_string().into()),
        ("profile_digest", compared.profile.digest.to_string().into()),
        (
            "units",
            listed(compared.units.iter().zip(&names).map(|(of, name)| unit(of, name, files))),
        ),
        ("areas", listed(compared.areas.iter().map(|area| json_area(area, &names)))),
        ("comparable", compared.comparable.is_so().into()),
        ("reasons", listed(compared.comparable.reasons.iter().map(|of| of.to_string().into()))),
        (
            "cautions",
            listed(compared.cautions.iter().map(|of| {
                object([("about", of.name().into()), ("meaning", of.said(files, &names).into())])
            })),
        ),
        (
            "not_proved",
            listed(compared.capsules.iter().zip(files).map(|(capsule, file)| {
                let open = capsule.not_proved.iter().map(|of| of.to_string().into());
                object([("capsule", file.as_str().into()), ("not_proved", listed(open))])
            })),
        ),
    ]);
    View { document, entries: None, sheets }
}

fn listed(all: impl Iterator<Item = Json>) -> Json {
    Json::List(all.collect())
}

/// A name for each unit that tells it from the others.
fn names(compared: &Compared, files: &[String]) -> Vec<String> {
    let own = |unit: &ComparedUnit| unit.name.clone().unwrap_or_else(|| unit.unit.to_string());
    let named = |unit: &ComparedUnit| {
        let name = own(unit);
        let shared = compared.units.iter().filter(|other| own(other) == name).count() > 1;
        match files.get(unit.capsule) {
            Some(file) if shared => format!("{name} ({file})"),
            _ => name,
        }
    };
    compared.units.iter().map(named).collect()
}

fn units(compared: &Compared, files: &[String], names: &[String]) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "capsule", "model", "rules", "valid_at", "known_until"]);
    for (unit, name) in compared.units.iter().zip(names) {
        let document = |of: &Option<gradus_model::event::Document>| {
            of.as_ref().map(|of| of.id.to_string()).unwrap_or_default()
        };
        sheet.row(vec![
            name.clone().into(),
            files.get(unit.capsule).cloned().unwrap_or_default().into(),
            document(&unit.model).into(),
            document(&unit.rules).into(),
            unit.valid_at.to_string().into(),
            unit.known_until.to_string().into(),
        ]);
    }
    sheet.titled("Compared")
}

fn areas(compared: &Compared, names: &[String]) -> Sheet {
    let columns = ["area", "title", "target", "unit", "rated", "ongoing", "gap", "inherited_from"];
    let mut sheet = Sheet::new(&columns);
    for area in &compared.areas {
        let mut first = true;
        for (reached, name) in area.reached.iter().zip(names) {
            let Some(reached) = reached else { continue };
            let once = |text: String| {
                if first { Cell::from(text) } else { Cell::drawn("", text) }
            };
            let full = format!("{}/{}", area.area.model, area.area.area);
            let shown = if first { without_model(&full).to_owned() } else { String::new() };
            let inherited = reached.inherited_from.map(|unit| unit.to_string());
            sheet.row(vec![
                Cell::drawn(shown, full.clone()),
                once(area.title.clone()),
                goal(reached.goal).into(),
                name.clone().into(),
                reached.rated.to_string().into(),
                reached.ongoing.to_string().into(),
                Cell::from(distance(reached.distance)).toned(tone(reached.distance)),
                inherited.unwrap_or_default().into(),
            ]);
            first = false;
        }
    }
    sheet.titled(format!(
        "Against the profile {}; the gap is that of the ongoing level",
        compared.profile.id
    ))
}

fn cautions(compared: &Compared, files: &[String], names: &[String]) -> Sheet {
    let mut sheet = Sheet::new(&["comparable", "about", "meaning"]);
    let comparable = &compared.comparable;
    if comparable.is_so() {
        let meaning = "the levels came about alike: area by area they may be compared";
        sheet.row(vec!["yes".into(), "measured".into(), meaning.into()]);
    }
    for reason in &comparable.reasons {
        let no = Cell::from("no").toned(Tone::Alarm);
        sheet.row(vec![no, "measured".into(), reason.to_string().into()]);
    }
    for caution in &compared.cautions {
        let with_care = Cell::from("with care").toned(Tone::Notice);
        sheet.row(vec![with_care, caution.name().into(), caution.said(files, names).into()]);
    }
    for (capsule, file) in compared.capsules.iter().zip(files) {
        for open in &capsule.not_proved {
            let about = format!("{file} does not prove {open}");
            let with_care = Cell::from("not proved").toned(Tone::Faint);
            sheet.row(vec![with_care, open.name().into(), about.into()]);
        }
    }
    sheet
}

fn goal(goal: Goal) -> String {
    match goal {
        Goal::Level(level) => level.to_string(),
        Goal::NotApplicable => "not applicable".to_owned(),
        Goal::Unsaid => String::new(),
    }
}

fn distance(of: Distance) -> String {
    match (of.status, of.gap) {
        (Status::Met, _) => "met".to_owned(),
        (_, Some(Bounds { at_least, at_most })) if at_least == at_most => at_least.to_string(),
        (_, Some(Bounds { at_least, at_most })) => format!("{at_least} to {at_most}"),
        (status, None) => status_name(status).replace('-', " "),
    }
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Met => "met",
        Status::Short => "short",
        Status::Maybe => "maybe",
        Status::NotRated => "not-rated",
        Status::NotDeterminable => "not-determinable",
        Status::NotApplicable => "not-applicable",
        Status::TailoredOut => "tailored-out",
        Status::NoTarget => "no-target",
    }
}

const fn tone(of: Distance) -> Tone {
    match of.status {
        Status::Short => Tone::Alarm,
        Status::Maybe | Status::NotRated | Status::NotDeterminable => Tone::Notice,
        Status::Met | Status::NotApplicable | Status::TailoredOut | Status::NoTarget => Tone::Plain,
    }
}

fn unit(of: &ComparedUnit, name: &str, files: &[String]) -> Json {
    let document = |of: &Option<gradus_model::event::Document>| {
        let of = of.as_ref();
        (of.map(|of| of.id.to_string()), of.map(|of| of.digest.to_string()))
    };
    let ((model, model_digest), (rules, rules_digest)) = (document(&of.model), document(&of.rules));
    object([
        ("unit", of.unit.to_string().into()),
        ("name", name.into()),
        ("capsule", files.get(of.capsule).cloned().unwrap_or_default().into()),
        ("model", model.into()),
        ("model_digest", model_digest.into()),
        ("rules", rules.into()),
        ("rules_digest", rules_digest.into()),
        ("valid_at", of.valid_at.to_string().into()),
        ("known_until", of.known_until.to_string().into()),
    ])
    .without_nulls()
}

fn json_area(of: &ComparedArea, names: &[String]) -> Json {
    let all = of.reached.iter().zip(names);
    let reached = all.filter_map(|(reached, name)| Some(attained(reached.as_ref()?, name)));
    object([
        ("area", format!("{}/{}", of.area.model, of.area.area).into()),
        ("title", of.title.as_str().into()),
        ("reached", listed(reached)),
    ])
}

fn attained(of: &Attained, name: &str) -> Json {
    let target = match of.goal {
        Goal::Level(level) => Json::from(u32::from(level)),
        Goal::NotApplicable => "not-applicable".into(),
        Goal::Unsaid => Json::from(None::<String>),
    };
    let gap = of.distance.gap.map(|gap| {
        object([
            ("at_least", u32::from(gap.at_least).into()),
            ("at_most", u32::from(gap.at_most).into()),
        ])
    });
    object([
        ("name", name.into()),
        ("rated", level(of.rated)),
        ("ongoing", level(of.ongoing)),
        ("target", target),
        ("status", status_name(of.distance.status).into()),
        ("gap", gap.unwrap_or_else(|| Json::from(None::<String>))),
        ("inherited_from", of.inherited_from.map(|unit| unit.to_string()).into()),
    ])
    .without_nulls()
}
