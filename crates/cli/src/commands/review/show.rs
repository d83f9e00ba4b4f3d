//! Showing evidence.

use gradus_wire::v1;

use crate::args::review::{ListArgs, ShowArgs, item};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::{Cell, Sheet, without_model};
use crate::session::{Session, pages};

/// Lists items.
pub async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let request = v1::ListEvidenceRequest {
        unit: args.project.unit.clone(),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
        standings: args.standing.iter().map(|standing| i32::from(*standing)).collect(),
        kinds: args.kind.iter().map(|kind| kind.number().into()).collect(),
        practice: args.practice,
        source: args.source,
        valid_only: args.valid_only,
        ..v1::ListEvidenceRequest::default()
    };
    let (found, coordinate) = found(session, &request, args.limit).await?;
    let columns =
        ["evidence", "standing", "kind", "work_to", "valid", "practices", "title", "source", "id"];
    let mut sheet = Sheet::new(&columns);
    for evidence in &found {
        let item = evidence.item.clone().unwrap_or_default();
        let source = item.source.unwrap_or_default();
        sheet.row(vec![
            evidence.id.clone().into(),
            text::<v1::Standing>(evidence.standing).into(),
            text::<v1::Kind>(item.kind).into(),
            time(item.work_to.as_ref()).into(),
            if evidence.valid { "yes" } else { "no" }.into(),
            practices(evidence),
            item.title.into(),
            source.name.into(),
            source.id.into(),
        ]);
    }
    let entries = message::all(&found)?;
    session.output.show(&View {
        document: object([
            ("evidence", Json::List(entries.clone())),
            ("coordinate", message::json(&coordinate)?),
        ]),
        entries: Some(entries),
        sheets: vec![sheet.without(&["id"])],
    })
}

fn practices(evidence: &v1::Evidence) -> Cell {
    let short: Vec<_> = evidence.practices.iter().map(|id| without_model(id)).collect();
    Cell::drawn(short.join(" "), evidence.practices.join(" "))
}

/// The items that a request finds, on all its pages.
pub async fn found(
    session: &Session,
    request: &v1::ListEvidenceRequest,
    limit: Option<usize>,
) -> Result<(Vec<v1::Evidence>, v1::ResolvedCoordinate), CliError> {
    let mut coordinate = None;
    let found = pages(limit, async |page_token, page_size| {
        let page = v1::ListEvidenceRequest { page_token, page_size, ..request.clone() };
        let send = async |request| session.client.evidence().list_evidence(request).await;
        let response = session.client.call(page, send).await?;
        coordinate = response.coordinate;
        Ok((response.evidence, response.next_page_token))
    });
    let found = found.await?;
    Ok((found, coordinate.unwrap_or_default()))
}

/// Shows one item.
pub async fn one(session: &Session, args: ShowArgs) -> Result<(), CliError> {
    let request = v1::GetEvidenceRequest {
        unit: args.project.unit.clone(),
        evidence: Some(item(&args.item)?),
        coordinate: Some(args.coordinate.with(&args.project)?),
        min_size: args.coordinate.min_size,
    };
    let send = async |request| session.client.evidence().get_evidence(request).await;
    let response = session.client.call(request, send).await?;
    let evidence = response.evidence.clone().unwrap_or_default();
    session.output.show(&View {
        document: message::json(&response)?,
        entries: None,
        sheets: vec![record(&evidence)],
    })
}

fn record(evidence: &v1::Evidence) -> Sheet {
    let item = evidence.item.clone().unwrap_or_default();
    let source = item.source.unwrap_or_default();
    let tool = item.tool.unwrap_or_default();
    let person = |person: &Option<v1::PrincipalRef>| {
        person.as_ref().map(|person| person.name.clone()).unwrap_or_default()
    };
    let confirmed: Vec<_> = evidence.confirmed_by.iter().map(|by| by.name.clone()).collect();
    let subjects: Vec<_> =
        item.subjects.iter().map(|subject| format!("{}={}", subject.kind, subject.id)).collect();
    let attributes: Vec<_> =
        item.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let measures: Vec<_> = item.measures.iter().map(measure).collect();
    Sheet::record(vec![
        ("id", evidence.id.clone().into()),
        ("title", item.title.into()),
        ("note", item.note.into()),
        ("uri", item.uri.into()),
        ("attributes", attributes.join("; ").into()),
        ("payload", text::<v1::PayloadState>(evidence.payload_state).into()),
        ("standing", text::<v1::Standing>(evidence.standing).into()),
        ("kind", text::<v1::Kind>(item.kind).into()),
        ("outcome", text::<v1::Outcome>(item.outcome).into()),
        ("strength", text::<v1::Strength>(item.strength).into()),
        ("practices", evidence.practices.join(" ").into()),
        ("work_from", time(item.work_from.as_ref()).into()),
        ("work_to", time(item.work_to.as_ref()).into()),
        ("valid", if evidence.valid { "yes" } else { "no" }.into()),
        ("validity_ends_at", time(evidence.validity_ends_at.as_ref()).into()),
        ("ended_at", time(evidence.ended_at.as_ref()).into()),
        (
            "distrusted_by",
            evidence.distrusted_by.map(|at| at.to_string()).unwrap_or_default().into(),
        ),
        ("superseded_by", evidence.superseded_by.clone().into()),
        ("source", source.name.into()),
        ("source_id", source.id.into()),
        ("instances", evidence.instances.join("; ").into()),
        ("about", item.about.into()),
        ("subjects", subjects.join("; ").into()),
        ("measures", measures.join("; ").into()),
        ("tool", [tool.name, tool.version, tool.mapping].join(" ").trim().into()),
        ("submitted_by", person(&evidence.submitted_by).into()),
        ("recorded_at", recorded_at(evidence).into()),
        ("reviewed_by", person(&evidence.reviewed_by).into()),
        ("review_note", evidence.review_note.clone().into()),
        ("confirmed_by", confirmed.join(" ").into()),
    ])
}

fn recorded_at(evidence: &v1::Evidence) -> String {
    let placed = evidence.submitted.as_ref();
    placed.map(|placed| time(placed.recorded_at.as_ref())).unwrap_or_default()
}

/// A measure as it is written on the command line.
fn measure(measure: &v1::Measure) -> String {
    let v1::Measure { name, value, decimals, unit } = measure;
    let sign = if *value < 0 { "-" } else { "" };
    let decimals = usize::try_from(*decimals).unwrap_or(0);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let point = if rest.is_empty() { "" } else { "." };
    let unit = if unit == "1" { "" } else { unit };
    format!("{name}={sign}{whole}{point}{rest}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_shown_as_it_was_written() {
        for (value, decimals, unit, expected) in [
            (125, 1, "ms", "m=12.5ms"),
            (1250, 2, "ms", "m=12.50ms"),
            (3, 0, "1", "m=3"),
            (-5, 1, "%", "m=-0.5%"),
            (i64::MIN, 18, "s", "m=-9.223372036854775808s"),
        ] {
            let (name, unit) = ("m".to_owned(), unit.to_owned());
            assert_eq!(measure(&v1::Measure { name, value, decimals, unit }), expected);
        }
    }
}
