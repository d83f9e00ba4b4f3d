//! Summaries, shown: what the log says of levels, what was proved and what was not.

use gradus_server::operate::capsule::{Summary, VerifiedSummary};

use super::{found, level, listed};
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::sheet::Sheet;

/// What a summary says of itself.
#[must_use]
pub fn claimed_in_summary(summary: &Summary) -> View {
    let sheets = vec![head(summary), levels(summary)];
    View { document: Json::Object(about(summary)), entries: None, sheets }
}

/// What a verified summary proves.
#[must_use]
pub fn summed(verified: &VerifiedSummary) -> View {
    let VerifiedSummary { summary, proved, not_proved } = verified;
    let mut document = vec![("verified".to_owned(), Json::Bool(true))];
    document.extend(about(summary));
    document.push(("proved".to_owned(), listed(proved)));
    document.push(("not_proved".to_owned(), listed(not_proved)));
    let sheets = vec![head(summary), levels(summary), found(proved, not_proved)];
    View { document: Json::Object(document), entries: None, sheets }
}

fn head(summary: &Summary) -> Sheet {
    Sheet::record(vec![
        ("summary", "without records".into()),
        ("origin", summary.origin.clone().into()),
        ("valid_at", summary.valid_at.0.to_string().into()),
        ("log_size", summary.log_size.to_string().into()),
        ("checkpoint", format!("of {} records", summary.checkpoint_size).into()),
    ])
}

fn about(summary: &Summary) -> Vec<(String, Json)> {
    let units = summary.units.iter().map(|unit| {
        let areas = unit.areas.iter().map(|area| {
            object([
                ("model", area.model.as_str().into()),
                ("area", area.area.as_str().into()),
                ("rated", level(area.rated)),
                ("ongoing", level(area.ongoing)),
            ])
        });
        object([
            ("unit", unit.unit.0.to_string().into()),
            ("name", unit.name.as_str().into()),
            ("areas", Json::List(areas.collect())),
        ])
    });
    let fields = [
        ("summary", Json::Bool(true)),
        ("origin", summary.origin.as_str().into()),
        ("valid_at", summary.valid_at.0.to_string().into()),
        ("log_size", summary.log_size.into()),
        ("checkpoint_size", summary.checkpoint_size.into()),
        ("units", Json::List(units.collect())),
    ];
    fields.into_iter().map(|(name, value): (_, Json)| (name.to_owned(), value)).collect()
}

fn levels(summary: &Summary) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "model", "area", "rated", "ongoing"]);
    for unit in &summary.units {
        for area in &unit.areas {
            sheet.row(vec![
                unit.name.clone().into(),
                area.model.clone().into(),
                area.area.clone().into(),
                area.rated.to_string().into(),
                area.ongoing.to_string().into(),
            ]);
        }
    }
    sheet
}
