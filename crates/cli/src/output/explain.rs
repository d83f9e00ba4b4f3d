//! Explanations of levels, in each form.

pub mod tree;

use gradus_wire::v1;

use super::View;
use super::duties;
use super::message::{self, text, time};
use super::sheet::{Sheet, without_model};
use crate::error::CliError;

/// Everything behind the levels of an area.
pub fn view(response: &v1::ExplainLevelResponse) -> Result<View, CliError> {
    Ok(View {
        document: message::json(response)?,
        entries: Some(message::all(&response.practices)?),
        sheets: vec![practices(response)],
    })
}

fn practices(response: &v1::ExplainLevelResponse) -> Sheet {
    let columns = [
        "level", "practice", "title", "rated", "ongoing", "rating", "by", "from", "position",
        "support", "until", "items", "counting", "duties",
    ];
    let mut sheet = Sheet::new(&columns);
    for practice in &response.practices {
        let state = practice.state.clone().unwrap_or_default();
        let rating = state.rating.as_ref();
        let of_rating =
            |tell: fn(&v1::PracticeRating) -> String| rating.map(tell).unwrap_or_default();
        let begun = practice.evidence.iter().filter(|item| !is_ahead(item)).count();
        let counting = practice.evidence.iter().filter(|item| item.counts).count();
        let in_force = practice.ratings.iter().filter(|rating| rating.counts);
        let duties: Vec<String> = in_force.flat_map(duties::of_rating).collect();
        sheet.row(vec![
            practice.level.to_string().into(),
            without_model(&state.practice).into(),
            state.title.clone().into(),
            text::<v1::Reached>(practice.rated).into(),
            text::<v1::Reached>(practice.ongoing).into(),
            of_rating(|rating| text::<v1::Value>(rating.value)).into(),
            rating.map(|rating| rater(rating, &practice.ratings)).unwrap_or_default().into(),
            of_rating(|rating| time(rating.effective_at.as_ref())).into(),
            of_rating(|rating| rating.position.to_string()).into(),
            text::<v1::Support>(state.support).into(),
            time(state.valid_until.as_ref().or(state.lapsed_at.as_ref())).into(),
            begun.to_string().into(),
            counting.to_string().into(),
            duties.join("; ").into(),
        ]);
    }
    sheet
}

/// Whether the work had not begun at the moment asked about.
fn is_ahead(item: &v1::ExplainedEvidence) -> bool {
    item.why_not == "not-begun"
}

/// Who rated: a rule, a team with who stands behind it, or a person by name.
fn rater(rating: &v1::PracticeRating, all: &[v1::ExplainedRating]) -> String {
    let of = all.iter().find(|one| one.rating.as_ref() == Some(rating));
    of.and_then(of_appraisal).unwrap_or_else(|| person(rating))
}

/// A rule, or a person by name.
fn person(rating: &v1::PracticeRating) -> String {
    let name = rating.rated_by.as_ref().map(called).unwrap_or_default();
    if rating.by_rule { "rule".to_owned() } else { name }
}

fn called(of: &v1::PrincipalRef) -> String {
    of.name.clone()
}

/// The team behind a rating of an appraisal: `appraisal ID, lead lea, approved by sam, dissent of ben`.
fn of_appraisal(of: &v1::ExplainedRating) -> Option<String> {
    if of.appraisal.is_empty() {
        return None;
    }
    let mut parts = vec![format!("appraisal {}", of.appraisal)];
    let behind = of.behind_appraisal.clone().unwrap_or_default();
    parts.extend(behind.lead.as_ref().map(|lead| format!("lead {}", called(lead))));
    let done = if of.imported { "brought in" } else { "approved" };
    let by = of.rating.as_ref().and_then(|rating| rating.rated_by.as_ref());
    parts.extend(by.map(|by| format!("{done} by {}", called(by))));
    let dissent: Vec<String> = behind.dissent.iter().map(called).collect();
    parts.extend((!dissent.is_empty()).then(|| format!("dissent of {}", dissent.join(" and "))));
    Some(parts.join(", "))
}
