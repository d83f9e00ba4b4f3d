//! What waits for a review, in each form.

use gradus_wire::v1;

use super::View;
use super::json::{Json, object};
use super::message::{self, text, time};
use super::sheet::{Cell, Sheet, Tone, without_model};
use crate::error::CliError;

/// What only programs get.
const MORE: [&str; 7] = ["kind", "outcome", "strength", "recorded_at", "own", "source", "id"];
/// What people do not get where items wait in several units, so that the rest fits.
const BEHIND: &[&str] =
    &["by", "kind", "outcome", "strength", "recorded_at", "own", "source", "id"];
/// The same, where all wait in one unit.
const BEHIND_OF_ONE: &[&str] =
    &["unit", "kind", "outcome", "strength", "recorded_at", "own", "source", "id"];

/// The items that wait, below what waits in each unit.
pub fn view(
    items: &[v1::WaitingEvidence],
    units: &[v1::WaitingInUnit],
    coordinate: &v1::ResolvedCoordinate,
) -> Result<View, CliError> {
    let entries = message::all(items)?;
    let document = object([
        ("items", Json::List(entries.clone())),
        ("units", Json::List(message::all(units)?)),
        ("coordinate", message::json(coordinate)?),
    ]);
    let mut sheets = Vec::new();
    let listed = table(items, units.len() > 1);
    if units.len() > 1 {
        sheets.push(counts(units).titled(headline(units)));
        sheets.push(listed.without(BEHIND));
    } else {
        sheets.push(listed.without(BEHIND_OF_ONE).titled(headline(units)));
    }
    Ok(View { document, entries: Some(entries), sheets })
}

fn headline(units: &[v1::WaitingInUnit]) -> String {
    let waiting: u64 = units.iter().map(|unit| unit.waiting).sum();
    let oldest = units.iter().map(|unit| unit.oldest_waits_seconds).max();
    let Some(oldest) = oldest else { return "nothing waits for a review".to_owned() };
    let place = match units {
        [unit] => name(unit.unit.as_ref()).to_owned(),
        several => format!("{} units", several.len()),
    };
    let wait = if waiting == 1 { "waits" } else { "wait" };
    format!("{waiting} {wait} in {place} · the oldest for {}", age(oldest))
}

fn counts(units: &[v1::WaitingInUnit]) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "waiting", "oldest"]);
    for unit in units {
        sheet.row(vec![
            name(unit.unit.as_ref()).into(),
            unit.waiting.to_string().into(),
            age(unit.oldest_waits_seconds).into(),
        ]);
    }
    sheet
}

/// `several` says that the items wait in several units, where the provider has no column.
fn table(items: &[v1::WaitingEvidence], several: bool) -> Sheet {
    let shown = ["evidence", "unit", "age", "by", "practices", "title"];
    let columns: Vec<&'static str> = shown.into_iter().chain(MORE).collect();
    let mut sheet = Sheet::new(&columns);
    for waiting in items {
        let evidence = waiting.evidence.clone().unwrap_or_default();
        let item = evidence.item.clone().unwrap_or_default();
        let placed = evidence.submitted.as_ref();
        let by = evidence.submitted_by.as_ref().map(|by| by.name.clone()).unwrap_or_default();
        let source = item.source.clone().unwrap_or_default();
        let short: Vec<&str> = evidence.practices.iter().map(|id| without_model(id)).collect();
        sheet.row(vec![
            evidence.id.clone().into(),
            name(evidence.unit.as_ref()).into(),
            Cell::drawn(age(waiting.waits_seconds), waiting.waits_seconds.to_string()),
            provider(by, waiting.own),
            Cell::drawn(short.join(" "), evidence.practices.join(" ")),
            Cell::drawn(what(&item, several && waiting.own), item.title.as_str()),
            text::<v1::Kind>(item.kind).into(),
            text::<v1::Outcome>(item.outcome).into(),
            text::<v1::Strength>(item.strength).into(),
            time(placed.and_then(|placed| placed.recorded_at.as_ref())).into(),
            if waiting.own { "yes" } else { "no" }.into(),
            source.name.into(),
            source.id.into(),
        ]);
    }
    sheet
}

fn name(unit: Option<&v1::UnitRef>) -> &str {
    unit.map(|unit| unit.name.as_str()).unwrap_or_default()
}

/// What is one's own somebody else has to accept.
fn provider(by: String, own: bool) -> Cell {
    if own { Cell::drawn("you", by).toned(Tone::Faint) } else { by.into() }
}

/// The kind, what is unusual about the item, and its title.
fn what(item: &v1::EvidenceItem, own: bool) -> String {
    let mut words = if own { vec!["yours".to_owned()] } else { Vec::new() };
    words.push(text::<v1::Kind>(item.kind));
    if item.outcome() != v1::Outcome::Supports {
        words.push(text::<v1::Outcome>(item.outcome));
    }
    if item.strength() != v1::Strength::Direct {
        words.push(text::<v1::Strength>(item.strength));
    }
    let words = words.join(", ");
    if item.title.is_empty() { words } else { format!("{words}: {}", item.title) }
}

/// A time of waiting, in its largest unit.
fn age(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, minutes) => format!("{minutes}min"),
        (0, hours, _) => format!("{hours}h"),
        (days, _, _) => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use expect_test::{Expect, expect};

    fn unit(name: &str) -> Option<v1::UnitRef> {
        Some(v1::UnitRef { id: format!("id-of-{name}"), name: name.to_owned() })
    }

    fn waiting(unit_name: &str, outcome: v1::Outcome, own: bool) -> v1::WaitingEvidence {
        let item = v1::EvidenceItem {
            kind: v1::Kind::ScanReport.into(),
            outcome: outcome.into(),
            strength: v1::Strength::Direct.into(),
            source: Some(v1::Source { name: "scanner".to_owned(), id: "42".to_owned() }),
            title: "Nightly scan".to_owned(),
            ..v1::EvidenceItem::default()
        };
        let evidence = v1::Evidence {
            id: "7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10".to_owned(),
            unit: unit(unit_name),
            item: Some(item),
            practices: vec!["iso-21827-2008/BP.05.01".to_owned()],
            submitted_by: Some(v1::PrincipalRef { id: "p".to_owned(), name: "ann".to_owned() }),
            ..v1::Evidence::default()
        };
        v1::WaitingEvidence { evidence: Some(evidence), waits_seconds: 200_000, own }
    }

    fn in_unit(name: &str, waiting: u64) -> v1::WaitingInUnit {
        v1::WaitingInUnit {
            unit: unit(name),
            waiting,
            oldest_at: None,
            oldest_waits_seconds: 200_000,
        }
    }

    fn check(units: &[v1::WaitingInUnit], terminal: bool, seen: &Expect) {
        let items = [
            waiting("rustls", v1::Outcome::Supports, false),
            waiting("rustls", v1::Outcome::Contradicts, true),
        ];
        let items = if units.is_empty() { &[][..] } else { &items };
        let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        let view = view(items, units, &v1::ResolvedCoordinate::default()).unwrap();
        output.write(&view, &mut stripped).unwrap();
        seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }

    #[test]
    fn a_terminal_shows_what_waits_where_and_how_long() {
        check(
            &[in_unit("rustls", 2)],
            true,
            &expect![[r#"
            2 wait in rustls · the oldest for 2d
            evidence                              age  by   practices  title                                   
            7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10  2d   ann  BP.05.01   scan-report: Nightly scan
            7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10  2d   you  BP.05.01   scan-report, contradicts: Nightly scan
        "#]],
        );
        check(
            &[in_unit("rustls", 2), in_unit("ripgrep", 1)],
            true,
            &expect![[r#"
            3 wait in 2 units · the oldest for 2d
            unit     waiting  oldest  
            rustls   2        2d
            ripgrep  1        2d

            evidence                              unit    age  practices  title                                          
            7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10  rustls  2d   BP.05.01   scan-report: Nightly scan
            7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10  rustls  2d   BP.05.01   yours, scan-report, contradicts: Nightly scan
        "#]],
        );
        check(
            &[],
            true,
            &expect![[r#"
            nothing waits for a review
            none
        "#]],
        );
    }

    #[test]
    fn a_pipe_gets_the_items() {
        check(
            &[in_unit("rustls", 2)],
            false,
            &expect![[r#"
            evidence	unit	age	by	practices	title	kind	outcome	strength	recorded_at	own	source	id
            7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10	rustls	200000	ann	iso-21827-2008/BP.05.01	Nightly scan	scan-report	supports	direct		no	scanner	42
            7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10	rustls	200000	ann	iso-21827-2008/BP.05.01	Nightly scan	scan-report	contradicts	direct		yes	scanner	42
        "#]],
        );
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        for (seconds, told) in
            [(0, "0min"), (3_599, "59min"), (3_600, "1h"), (86_399, "23h"), (86_400, "1d")]
        {
            assert_eq!(age(seconds), told);
        }
    }
}
