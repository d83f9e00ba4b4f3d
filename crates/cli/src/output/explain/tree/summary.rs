//! What stands above and below the tree: the levels, what would lift them, what makes them fall.

use std::fmt::Write as _;

use gradus_wire::v1;

use super::{Extent, count, instant};
use crate::output::cause::{listed, said, short};
use crate::output::duties;
use crate::output::headline;
use crate::output::levels::answer;
use crate::output::message::{text, time};
use crate::output::sheet::without_model;

/// Practices that a line names before it counts the others.
const NAMED: usize = 4;

/// The lines above the tree.
pub(super) fn head(response: &v1::ExplainLevelResponse) -> Vec<String> {
    let area = response.area.clone().unwrap_or_default();
    let coverage = area.coverage.unwrap_or_default();
    let mut lines = Vec::new();
    lines.push(headline::parts(response.unit.as_ref(), response.coordinate.as_ref()).join(" · "));
    let mut title = format!("{} {}", without_model(&area.area), area.title);
    if let Some(above) = &area.inherited_from {
        // Writing to a String cannot fail.
        let _ = write!(title, " · answered by {}, above it", above.name);
    }
    lines.push(title);
    let mut covered =
        format!("{} of {} base practices covered", coverage.covered, coverage.practices_total);
    for (number, what) in [(coverage.contradicted, "contradicted"), (coverage.lapsed, "lapsed")] {
        if number > 0 {
            let _ = write!(covered, ", {number} {what}");
        }
    }
    lines.push(format!(
        "rated {} · ongoing {} · {covered} · {}",
        answer(area.rated.as_ref()),
        answer(area.ongoing.as_ref()),
        count(coverage.items_valid().try_into().unwrap_or(usize::MAX), "valid item")
    ));
    if let Some(out) = &response.tailored_out {
        let since = instant(out.since.as_ref());
        lines.push(format!(
            "It does not apply since {since} #{}: below is what would count if it did.",
            out.position
        ));
    }
    for known in &response.distrusts {
        let why = Some(&known.reason).filter(|reason| !reason.is_empty());
        let why = why.map(|reason| format!(": {reason}")).unwrap_or_default();
        let (sort, position) = (&known.sort, known.position);
        lines.push(format!("Evidence of a {sort} does not count, distrusted #{position}{why}"));
    }
    if response.steps.is_empty() {
        lines.push("No level follows: the model does not list all its practices.".to_owned());
    }
    lines
}

/// The lines below the tree.
pub(super) fn ahead(response: &v1::ExplainLevelResponse, extent: Extent) -> Vec<String> {
    let lifts = [("rated", &response.lift_rated), ("ongoing", &response.lift_ongoing)];
    let lifts = lifts.into_iter().filter_map(|(which, lift)| {
        let lift = lift.as_ref().filter(|lift| lift.to_level > 0)?;
        Some(lifted(which, lift, response, extent))
    });
    lifts.chain([fall(response, extent)]).chain(duties::reasons(response)).collect()
}

/// `Lifts rated to 3: rate satisfied GP 3.1.1, GP 3.1.2 and 9 more`.
fn lifted(
    which: &str,
    lift: &v1::Lift,
    response: &v1::ExplainLevelResponse,
    extent: Extent,
) -> String {
    let area = response.area.as_ref().map(|area| area.area.as_str()).unwrap_or_default();
    let is_contradicted = |need: &v1::Need| {
        let mut states = response.practices.iter().filter_map(|one| one.state.as_ref());
        let state = states.find(|state| state.practice == need.practice);
        state.is_some_and(|state| state.support() == v1::Support::Contradicted)
    };
    let most = if extent.all { usize::MAX } else { NAMED };
    let mut parts = Vec::new();
    let mut values: Vec<i32> = lift.needs.iter().map(|need| need.rate).collect();
    values.sort_unstable();
    values.dedup();
    for value in values.into_iter().filter(|value| *value != 0) {
        let rated: Vec<&str> = practices(lift, area, |need| need.rate == value);
        parts.push(format!("rate {} {}", text::<v1::Value>(value), listed(&rated, most)));
    }
    let lacks = |need: &v1::Need| need.evidence && need.rate == 0 && !is_contradicted(need);
    let evidence = practices(lift, area, lacks);
    if !evidence.is_empty() {
        parts.insert(0, format!("renew evidence for {}", listed(&evidence, most)));
    }
    // No new evidence outweighs what speaks against a practice.
    let against = practices(lift, area, |need| need.evidence && is_contradicted(need));
    if !against.is_empty() {
        parts.insert(0, format!("settle what contradicts {}", listed(&against, most)));
    }
    if lift.needs.iter().any(|need| need.evidence && need.rate != 0) {
        parts.push("each with evidence".to_owned());
    }
    format!("Lifts {which} to {}: {}", lift.to_level, parts.join("; "))
}

fn practices<'a>(
    lift: &'a v1::Lift,
    area: &str,
    wanted: impl Fn(&v1::Need) -> bool,
) -> Vec<&'a str> {
    let needs = lift.needs.iter().filter(|need| wanted(need));
    needs.map(|need| short(&need.practice, area)).collect()
}

/// `Falls next: 2027-03-01T00:00:00Z, ongoing 2 to 1: expired by window P1Y: BP.11.02 #12`.
fn fall(response: &v1::ExplainLevelResponse, extent: Extent) -> String {
    let Some(next) = &response.falls_next else {
        return "Falls next: nothing does by the passing of time".to_owned();
    };
    let ends = |of: fn(&v1::AreaState) -> Option<&v1::LevelAnswer>| {
        let end = |state: &Option<v1::AreaState>| {
            state.as_ref().map_or_else(|| "no such area".to_owned(), |state| answer(of(state)))
        };
        (end(&next.before), end(&next.after))
    };
    let levels = [
        ("rated", ends(|state| state.rated.as_ref())),
        ("ongoing", ends(|state| state.ongoing.as_ref())),
    ];
    let moved = levels.into_iter().filter(|(_, (before, after))| before != after);
    let moved: Vec<String> =
        moved.map(|(which, (before, after))| format!("{which} {before} to {after}")).collect();
    let area = response.area.as_ref().map(|area| area.area.as_str()).unwrap_or_default();
    let most = if extent.all { usize::MAX } else { NAMED };
    let because = said(&next.causes, response.unit.as_ref(), area, most).join("; ");
    let when = time(next.valid_at.as_ref());
    format!("Falls next: {when}, {}: {because}", moved.join(", "))
}
