//! What was recorded late, in each form.

use gradus_wire::v1;

use super::View;
use super::message::{self, day};
use super::sheet::{Cell, Sheet};
use crate::error::CliError;

const DAY: u64 = 86_400;

/// Units with late facts, and the facts.
pub fn view(response: &v1::FindLateResponse) -> Result<View, CliError> {
    let columns = ["unit", "facts", "late", "part", "median", "longest", "close to"];
    let mut units = Sheet::new(&columns);
    for late in &response.units {
        let part = late.late.saturating_mul(100) / late.facts.max(1);
        let around: Vec<String> = late.milestones.iter().map(around).collect();
        units.row(vec![
            late.unit.clone().unwrap_or_default().name.into(),
            late.facts.to_string().into(),
            late.late.to_string().into(),
            format!("{part} %").into(),
            days(late.median_seconds).into(),
            days(late.longest_seconds).into(),
            around.join("; ").into(),
        ]);
    }
    let columns = ["unit", "position", "fact", "true", "recorded", "after", "close to"];
    let mut facts = Sheet::new(&columns);
    for fact in &response.facts {
        facts.row(vec![
            fact.unit.clone().unwrap_or_default().name.into(),
            fact.position.to_string().into(),
            fact.r#type.clone().into(),
            day(fact.effective_at.as_ref()).into(),
            day(fact.recorded_at.as_ref()).into(),
            days(fact.delay_seconds).into(),
            fact.milestone.as_ref().map_or_else(Cell::default, |of| named(of).into()),
        ]);
    }
    let (late, all) = (response.late_total, response.facts_total);
    let of_units = format!(
        "facts looked at: {all} of {} units; recorded more than {} after they were true: {late}",
        response.units_total,
        days(u64::from(response.late_days) * DAY)
    );
    let shown = match response.facts.len() {
        shown if shown as u64 == late => "late facts".to_owned(),
        shown => format!("late facts: {shown} of {late}, the longest delays"),
    };
    let document = message::json(response)?;
    Ok(View { document, entries: None, sheets: vec![units.titled(of_units), facts.titled(shown)] })
}

/// `audit Q2 on 2026-06-30: 3 before, 1 after`.
fn around(of: &v1::LateAround) -> String {
    let milestone = of.milestone.clone().unwrap_or_default();
    format!("{}: {} before, {} after", named(&milestone), of.before, of.after)
}

fn named(of: &v1::Landmark) -> String {
    format!("{} {} on {}", of.kind, of.label, day(of.at.as_ref()))
}

fn days(seconds: u64) -> String {
    match seconds / DAY {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, Output};
    use crate::select::{start, wire};
    use expect_test::expect;

    #[test]
    fn units_and_facts_stand_in_two_tables_with_the_milestones_they_are_close_to() {
        let on = |day: &str| Some(wire(start(day).unwrap()));
        let unit = || Some(v1::UnitRef { id: "u1".into(), name: "theta".into() });
        let audit = || {
            Some(v1::Landmark { kind: "audit".into(), label: "Q2".into(), at: on("2026-06-30") })
        };
        let response = v1::FindLateResponse {
            units: vec![v1::LateUnit {
                unit: unit(),
                facts: 12,
                late: 3,
                median_seconds: 40 * DAY,
                longest_seconds: 120 * DAY,
                milestones: vec![v1::LateAround { milestone: audit(), before: 2, after: 1 }],
            }],
            units_total: 2,
            facts_total: 30,
            late_total: 3,
            facts: vec![v1::LateFact {
                unit: unit(),
                position: 44,
                r#type: "evidence-submitted".into(),
                effective_at: on("2026-02-28"),
                recorded_at: on("2026-06-28"),
                delay_seconds: 120 * DAY,
                milestone: audit(),
            }],
            late_days: 1,
            close_days: 14,
            ..v1::FindLateResponse::default()
        };
        let output = Output { format: Format::Table, terminal: true, quiet: false, debug: false };
        let mut stripped = anstream::StripStream::new(Vec::new());
        output.write(&view(&response).unwrap(), &mut stripped).unwrap();
        expect![[r#"
            facts looked at: 30 of 2 units; recorded more than 1 day after they were true: 3
            unit   facts  late  part  median   longest   close to                                   
            theta  12     3     25 %  40 days  120 days  audit Q2 on 2026-06-30: 2 before, 1 after

            late facts: 1 of 3, the longest delays
            unit   position  fact                true        recorded    after     close to                
            theta  44        evidence-submitted  2026-02-28  2026-06-28  120 days  audit Q2 on 2026-06-30
        "#]].assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
    }
}
