//! Showing units.

use gradus_model::unit::UnitKind;
use gradus_wire::v1;

use crate::args::unit::{ListArgs, ShowArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::Sheet;
use crate::select::Selector;
use crate::session::{Session, pages};

/// Shows one unit.
pub async fn one(session: &Session, args: ShowArgs) -> Result<(), CliError> {
    let response = get(session, &args).await?;
    let unit = response.unit.clone().unwrap_or_default();
    session.output.show(&View {
        document: message::json(&response)?,
        entries: None,
        sheets: vec![record(&unit)],
    })
}

/// Asks for one unit.
pub async fn get(session: &Session, args: &ShowArgs) -> Result<v1::GetUnitResponse, CliError> {
    let request = v1::GetUnitRequest {
        unit: args.unit.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.unit)?),
        min_size: args.coordinate.min_size,
    };
    let send = async |request| session.client.units().get_unit(request).await;
    session.client.call(request, send).await
}

fn record(unit: &v1::Unit) -> Sheet {
    let adopted = |adopted: &Option<v1::Adopted>| {
        adopted.as_ref().map(|a| format!("{} since {}", a.id, time(a.since.as_ref())))
    };
    let listed = |texts: Vec<String>| texts.join("; ");
    let phases = unit.phases.iter().map(|open| {
        let phase = text::<v1::Phase>(open.phase);
        format!("{phase} since {}", time(open.since.as_ref()))
    });
    let markers = unit.markers.iter().map(|marker| {
        let kind = text::<v1::MarkerKind>(marker.kind);
        format!("{} ({kind}) at {}", marker.label, time(marker.at.as_ref()))
    });
    let tailored = unit.tailored_areas.iter().map(|area| {
        let reason = if area.reason.is_empty() { "" } else { ": " };
        format!("{}{reason}{}", area.area, area.reason)
    });
    let inheritances = unit.inheritances.iter().map(|area| {
        let word = text::<v1::Inheritance>(area.inheritance);
        format!("{} {word}", area.area)
    });
    let floors = unit.floors.iter().map(|floor| format!("{}={}", floor.area, floor.level));
    Sheet::record(vec![
        ("name", unit.name.clone().into()),
        ("kind", kind(unit).into()),
        ("id", unit.id.clone().into()),
        ("parent", parent(unit).into()),
        ("version", unit.version.to_string().into()),
        ("registered_at", time(unit.registered_at.as_ref()).into()),
        ("archived_at", time(unit.archived_at.as_ref()).into()),
        ("successors", successions(&unit.successors).into()),
        ("predecessors", successions(&unit.predecessors).into()),
        ("labels", listed(unit.labels.clone()).into()),
        ("model", adopted(&unit.model).unwrap_or_default().into()),
        ("rules", adopted(&unit.rules).unwrap_or_default().into()),
        ("profile", adopted(&unit.profile).unwrap_or_default().into()),
        ("phases", listed(phases.collect()).into()),
        ("markers", listed(markers.collect()).into()),
        ("tailored_out", listed(tailored.collect()).into()),
        ("inheritance", listed(inheritances.collect()).into()),
        ("baseline", listed(floors.collect()).into()),
        ("context", unit.context.as_ref().map(context).unwrap_or_default().into()),
    ])
}

fn successions(units: &[v1::Succession]) -> String {
    let units = units.iter().map(|succession| {
        let name = succession.unit.as_ref().map(|unit| unit.name.as_str()).unwrap_or_default();
        format!("{name} since {}", time(succession.since.as_ref()))
    });
    units.collect::<Vec<_>>().join("; ")
}

fn context(context: &v1::Context) -> String {
    let mut parts = Vec::new();
    let mut add = |what: &str, text: String| {
        if !text.is_empty() {
            parts.push(format!("{what} {text}"));
        }
    };
    add("customers", context.customer_base.clone());
    add("assurance", text::<v1::AssuranceNeed>(context.assurance_need));
    add("activity", text::<v1::Activity>(context.activity));
    add("disciplines", context.disciplines.join(", "));
    parts.join("; ")
}

/// Lists units.
pub async fn list(
    session: &Session,
    args: ListArgs,
    only: Option<UnitKind>,
) -> Result<(), CliError> {
    // A list is of no single unit, so only the flags say as of when.
    let all = Selector { unit: String::new(), point: None };
    let coordinate = args.coordinate.with(&all)?;
    let mut resolved = None;
    let units = pages(None, async |page_token, page_size| {
        let request = v1::ListUnitsRequest {
            page_size,
            page_token,
            coordinate: Some(coordinate.clone()),
            min_size: args.coordinate.min_size,
            kind: args.kind.or(only).map_or(0, |kind| kind.number().into()),
            parent: args.parent.clone().unwrap_or_default(),
            include_archived: args.include_archived,
            label: args.label.clone().unwrap_or_default(),
        };
        let send = async |request| session.client.units().list_units(request).await;
        let response = session.client.call(request, send).await?;
        resolved = response.coordinate;
        Ok((response.units, response.next_page_token))
    });
    let units = units.await?;
    let mut sheet = Sheet::new(&["name", "kind", "parent", "registered_at", "archived_at", "id"]);
    for unit in &units {
        sheet.row(vec![
            unit.name.clone().into(),
            kind(unit).into(),
            parent(unit).into(),
            time(unit.registered_at.as_ref()).into(),
            time(unit.archived_at.as_ref()).into(),
            unit.id.clone().into(),
        ]);
    }
    let entries = message::all(&units)?;
    session.output.show(&View {
        document: object([
            ("units", Json::List(entries.clone())),
            ("coordinate", message::json(&resolved.unwrap_or_default())?),
        ]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

fn kind(unit: &v1::Unit) -> String {
    text::<v1::UnitKind>(unit.kind)
}

fn parent(unit: &v1::Unit) -> String {
    unit.parent.as_ref().map(|parent| parent.name.clone()).unwrap_or_default()
}
