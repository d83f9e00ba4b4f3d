//! A verified capsule as an item of evidence: of foreign origin, since another log computed it.

use gradus_model::evidence::{Item, Kind};
use gradus_server::operate::capsule::{AreaClaim, LevelClaim, Manifest, UnitClaim, Verified};
use gradus_wire::v1;

use crate::args::capsule::SubmitArgs;
use crate::error::CliError;
use crate::select;

/// The longest note of an item, in bytes.
const MOST_NOTE: usize = 4_096;

/// The item that a capsule is.
///
/// # Errors
///
/// A usage error where it does not say which of the capsule's units is meant.
pub(super) fn item(verified: &Verified, args: &SubmitArgs) -> Result<v1::EvidenceItem, CliError> {
    let manifest = &verified.manifest;
    let unit = unit(manifest, args.of.as_deref())?;
    let (id, name) = (unit.unit.0.to_string(), called(unit));
    let (_, most_measures, ..) = Item::MOST;
    let at = manifest.valid_at.0;
    Ok(v1::EvidenceItem {
        kind: Kind::AuditReport.number().into(),
        outcome: args.outcome.number().into(),
        strength: args.strength.number().into(),
        practices: args.practice.clone(),
        work_to: Some(select::wire(at)),
        valid_until: args.valid_until.map(select::wire),
        source: Some(v1::Source {
            name: manifest.origin.clone(),
            id: format!("capsule {} of {id}", manifest.digest.0),
        }),
        measures: unit.areas.iter().filter_map(measure).take(most_measures).collect(),
        subjects: subjects(manifest, unit),
        tool: Some(v1::Tool {
            name: "gradus capsule".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mapping: String::new(),
        }),
        title: format!("Levels of {name} at {at}, proved by a capsule of {}", manifest.origin),
        note: note(verified, &args.note),
        ..v1::EvidenceItem::default()
    })
}

fn called(unit: &UnitClaim) -> String {
    unit.name.clone().unwrap_or_else(|| unit.unit.0.to_string())
}

fn unit<'a>(manifest: &'a Manifest, asked: Option<&str>) -> Result<&'a UnitClaim, CliError> {
    let here = || manifest.units.iter().map(called).collect::<Vec<_>>().join(", ");
    let is_asked = |unit: &&UnitClaim| {
        asked.is_some_and(|of| unit.unit.0.to_string() == of || called(unit) == of)
    };
    match (asked, manifest.units.as_slice()) {
        (None, [only]) => Ok(only),
        (None, []) => Err(CliError::usage(
            "the capsule claims no levels of any unit",
            "have one made for the unit: gradus capsule create UNIT",
        )),
        (None, _) => Err(CliError::usage(
            format!("the capsule is about {} units", manifest.units.len()),
            format!("say which one with --of: {}", here()),
        )),
        (Some(of), units) => units.iter().find(is_asked).ok_or_else(|| {
            let seen = format!("the capsule claims no levels of `{of}`");
            CliError::usage(seen, format!("it is about: {}", here()))
        }),
    }
}

/// The ongoing level of an area, or the least that it can be.
fn measure(area: &AreaClaim) -> Option<v1::Measure> {
    let LevelClaim::Range { at_least, at_most, .. } = area.ongoing else { return None };
    let bound = if at_least == at_most { "" } else { ", at least" };
    let name = format!("{} ongoing{bound}", area.area);
    Some(v1::Measure { name, value: at_least.into(), decimals: 0, unit: "level".to_owned() })
}

/// What the capsule rests on, each to be found again.
fn subjects(manifest: &Manifest, unit: &UnitClaim) -> Vec<v1::Subject> {
    let known = [
        ("capsule", Some(manifest.digest.0.to_string())),
        ("log", Some(manifest.log.0.to_string())),
        ("log-size", Some(manifest.log_size.to_string())),
        ("root", Some(manifest.root.0.to_string())),
        ("unit", Some(unit.unit.0.to_string())),
        ("levels", Some(unit.digest.0.to_string())),
        ("model", unit.model.as_ref().map(|digest| digest.0.to_string())),
        ("rules", unit.rules.as_ref().map(|digest| digest.0.to_string())),
    ];
    let subject =
        |(kind, id): (&str, Option<String>)| Some(v1::Subject { kind: kind.to_owned(), id: id? });
    known.into_iter().filter_map(subject).collect()
}

/// What was proved and what was not, below the submitter's own words.
fn note(verified: &Verified, own: &str) -> String {
    let mut lines = Vec::from_iter((!own.is_empty()).then(|| own.to_owned()));
    let said = [("Proved", &verified.proved), ("Not proved", &verified.not_proved)];
    for (heading, findings) in said {
        lines.extend(findings.iter().map(|finding| format!("{heading}: {finding}")));
    }
    let mut note = lines.join("\n");
    // Words of one's own that are too long are refused as those of any item.
    note.truncate(note.floor_char_boundary(MOST_NOTE.max(own.len())));
    note
}
