//! `gradus appraisal list` and `show`.

use gradus_wire::v1;

use crate::args::appraisal::{ListArgs, ShowArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::{Cell, Sheet};
use crate::select::Selector;
use crate::session::{Session, pages};

/// Lists appraisals.
pub(super) async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let nowhere = Selector { unit: args.unit.clone(), point: None };
    let coordinate = args.coordinate.with(&nowhere)?;
    let appraisals = pages(args.limit, async |page_token, page_size| {
        let request = v1::ListAppraisalsRequest {
            page_size,
            page_token,
            unit: args.unit.clone(),
            state: args.state.map_or(0, i32::from),
            coordinate: Some(coordinate.clone()),
            min_size: args.coordinate.min_size,
        };
        let send = async |request| session.client.appraisals().list_appraisals(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.appraisals, response.next_page_token))
    })
    .await?;
    let mut sheet = Sheet::new(&["appraisal", "state", "units", "title", "sponsor", "opened"]);
    for appraisal in &appraisals {
        let texts = appraisal.texts.clone().unwrap_or_default();
        sheet.row(vec![
            appraisal.id.clone().into(),
            state(appraisal).into(),
            units(appraisal).into(),
            texts.title.into(),
            principal(appraisal.sponsor.as_ref()).into(),
            time(appraisal.opened_at.as_ref()).into(),
        ]);
    }
    let entries = message::all(&appraisals)?;
    session.output.show(&View {
        document: object([("appraisals", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

/// Shows an appraisal.
pub(super) async fn show(session: &Session, args: ShowArgs) -> Result<(), CliError> {
    let nowhere = Selector { unit: String::new(), point: None };
    let request = v1::GetAppraisalRequest {
        appraisal: args.appraisal,
        coordinate: Some(args.coordinate.with(&nowhere)?),
        min_size: args.coordinate.min_size,
        carry_from: args.carry.carry_from,
    };
    let send = async |request| session.client.appraisals().get_appraisal(request).await;
    let told = session.client.call(request, send).await?;
    let appraisal = told.appraisal.clone().unwrap_or_default();
    let sheets = vec![
        individual(&told.ratings).titled("ratings of the team"),
        carried(&told.carried).titled("carried forward, of no effect until somebody confirms it"),
        findings(&told.findings).titled("findings"),
        record(&appraisal, &told),
        consensus(&told.consensus).titled("consensus"),
    ];
    session.output.show(&View { document: message::json(&told)?, entries: None, sheets })
}

fn record(appraisal: &v1::Appraisal, told: &v1::GetAppraisalResponse) -> Sheet {
    let texts = appraisal.texts.clone().unwrap_or_default();
    let method = appraisal.method.clone().unwrap_or_default();
    let base = appraisal.base.unwrap_or_default();
    let areas =
        appraisal.areas.iter().map(|scoped| format!("{} to {}", scoped.area, scoped.highest));
    let team = appraisal.team.iter().map(|member| {
        let part = text::<v1::TeamPart>(member.part);
        format!("{} ({part})", principal(member.principal.as_ref()))
    });
    let independence = [method.body, method.lead, method.team].map(text::<v1::Independence>);
    let agreement = told.agreement.iter().map(|one| {
        let alpha = one.alpha_thousandths.map(thousandths);
        let alpha = alpha.map_or(String::new(), |alpha| format!(", alpha {alpha}"));
        format!("{} of {} alike{alpha}", one.exact, one.subjects)
    });
    let joined = |all: Vec<String>| all.join(", ");
    let conducted = appraisal.imported.as_ref().map(|imported| {
        let (from, until) = (&imported.conducted_from, &imported.conducted_until);
        format!("from {} until {}", time(from.as_ref()), time(until.as_ref()))
    });
    let unshown = appraisal.imported.clone().unwrap_or_default().unshown;
    let parts: Vec<(&'static str, Cell)> = vec![
        ("appraisal", appraisal.id.clone().into()),
        ("state", state(appraisal).into()),
        ("conducted", conducted.unwrap_or_default().into()),
        ("cannot_be_shown", joined(unshown).into()),
        ("title", texts.title.into()),
        ("purpose", texts.purpose.into()),
        ("units", units(appraisal).into()),
        ("areas", joined(areas.collect()).into()),
        ("sponsor", principal(appraisal.sponsor.as_ref()).into()),
        ("team", joined(team.collect()).into()),
        ("process", method.process.into()),
        ("class", text::<v1::AppraisalClass>(method.class).into()),
        ("independence", independence.join(", ").into()),
        ("evidence_at", time(base.valid_at.as_ref()).into()),
        ("evidence_log_size", base.log_size.to_string().into()),
        ("takes_effect", time(appraisal.stated_from.as_ref()).into()),
        ("unsettled", told.unsettled.len().to_string().into()),
        ("agreement", joined(agreement.collect()).into()),
    ];
    Sheet::record(parts)
}

/// What it has come to: `closed`, or `closed, imported by sue`.
fn state(appraisal: &v1::Appraisal) -> String {
    let state = text::<v1::AppraisalState>(appraisal.state);
    match &appraisal.imported {
        Some(imported) => format!("{state}, imported by {}", principal(imported.by.as_ref())),
        None => state,
    }
}

/// `0.815`, from thousandths.
fn thousandths(number: i32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.unsigned_abs();
    format!("{sign}{}.{:03}", number / 1_000, number % 1_000)
}

fn individual(ratings: &[v1::IndividualRating]) -> Sheet {
    let columns = ["unit", "practice", "instance", "rater", "rating", "confirms", "rationale"];
    let mut sheet = Sheet::new(&columns);
    for rating in ratings {
        let subject = rating.subject.clone().unwrap_or_default();
        let value = match rating {
            v1::IndividualRating { abstained: true, .. } => "abstained".to_owned(),
            v1::IndividualRating { value: 0, .. } => text::<v1::PayloadState>(rating.payload_state),
            v1::IndividualRating { value, .. } => text::<v1::Value>(*value),
        };
        sheet.row(vec![
            subject.unit.map(|unit| unit.name).unwrap_or_default().into(),
            subject.practice.into(),
            subject.instance.into(),
            principal(rating.rater.as_ref()).into(),
            value.into(),
            rating
                .carried
                .as_ref()
                .map(|from| from.position.to_string())
                .unwrap_or_default()
                .into(),
            rating.rationale.clone().into(),
        ]);
    }
    sheet
}

fn carried(proposed: &[v1::CarriedRating]) -> Sheet {
    let columns =
        ["unit", "practice", "instance", "carried", "appraisal", "position", "in_force_from"];
    let mut sheet = Sheet::new(&columns);
    for one in proposed {
        let subject = one.subject.clone().unwrap_or_default();
        let from = one.from.clone().unwrap_or_default();
        sheet.row(vec![
            subject.unit.map(|unit| unit.name).unwrap_or_default().into(),
            subject.practice.into(),
            subject.instance.into(),
            text::<v1::Value>(one.value).into(),
            from.appraisal.into(),
            from.position.to_string().into(),
            time(from.effective_at.as_ref()).into(),
        ]);
    }
    sheet
}

fn consensus(agreed: &[v1::Consensus]) -> Sheet {
    let columns =
        ["unit", "practice", "instance", "rating", "dissent", "contradictions", "rationale"];
    let mut sheet = Sheet::new(&columns);
    for one in agreed {
        let subject = one.subject.clone().unwrap_or_default();
        let value =
            if one.value == 0 { "left-out".to_owned() } else { text::<v1::Value>(one.value) };
        let dissent = one
            .dissent
            .iter()
            .map(|dissent| format!("{}: {}", principal(dissent.principal.as_ref()), dissent.text));
        sheet.row(vec![
            subject.unit.map(|unit| unit.name).unwrap_or_default().into(),
            subject.practice.into(),
            subject.instance.into(),
            value.into(),
            dissent.collect::<Vec<_>>().join("; ").into(),
            one.contradictions.join("; ").into(),
            one.rationale.clone().into(),
        ]);
    }
    sheet
}

fn findings(found: &[v1::Finding]) -> Sheet {
    let mut sheet = Sheet::new(&["kind", "unit", "area", "practice", "by", "of"]);
    for finding in found {
        sheet.row(vec![
            text::<v1::FindingKind>(finding.kind).into(),
            finding.unit.clone().map(|unit| unit.name).unwrap_or_default().into(),
            finding.area.clone().into(),
            finding.practice.clone().into(),
            principal(finding.by.as_ref()).into(),
            finding.text.clone().into(),
        ]);
    }
    sheet
}

fn units(appraisal: &v1::Appraisal) -> String {
    let name = |unit: &v1::AppraisedUnit| {
        let name = unit.unit.clone().unwrap_or_default().name;
        let closed = if unit.closed_position.is_some() { " (closed)" } else { "" };
        format!("{name}{closed}")
    };
    appraisal.units.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn principal(of: Option<&v1::PrincipalRef>) -> String {
    let of = of.cloned().unwrap_or_default();
    if of.name.is_empty() { of.id } else { of.name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_are_written_as_a_decimal() {
        assert_eq!(
            [815, 0, -500, -1_000, 5].map(thousandths),
            ["0.815", "0.000", "-0.500", "-1.000", "0.005"]
        );
    }
}
