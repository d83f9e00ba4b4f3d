//! Trends at a glance: a line for each area.

use gradus_model::Timestamp;
use gradus_wire::v1;

use super::{NOTHING, answer, at_least, name, says, series, shown};
use crate::output::sheet::Sheet;
use crate::select::unwire;

/// Levels 0 to 5 in a line.
const HEIGHTS: [char; 6] = ['▁', '▂', '▃', '▅', '▆', '█'];

/// Characters of a line.
const LINE: i64 = 24;

/// The areas of which anything was known, each in a line.
pub(super) fn overview(response: &v1::QueryTrendResponse) -> Sheet {
    let mut sheet = Sheet::new(&["unit", "area", "title", "trend", "rated", "ongoing"]);
    let ends = begin(response).zip(response.to.as_ref().and_then(unwire));
    let Some(ends) = ends else { return sheet };
    for (unit, area) in series(response).filter(|(_, area)| area.points.iter().any(says)) {
        let last = area.points.last().and_then(|point| point.state.as_ref());
        sheet.row(vec![
            name(unit).into(),
            shown(unit, area).into(),
            area.title.clone().into(),
            line(area, ends).into(),
            answer(last.and_then(|state| state.rated.as_ref())).into(),
            answer(last.and_then(|state| state.ongoing.as_ref())).into(),
        ]);
    }
    sheet
}

/// The first moment at which anything was known.
#[must_use]
pub fn begin(response: &v1::QueryTrendResponse) -> Option<Timestamp> {
    let points = series(response).flat_map(|(_, area)| &area.points);
    let known = points.filter(|point| says(point));
    known.filter_map(|point| point.valid_at.as_ref().and_then(unwire)).min()
}

/// The least ongoing level, at the end of each of equal parts of the time.
fn line(area: &v1::AreaTrend, (from, to): (Timestamp, Timestamp)) -> String {
    let points: Vec<(Timestamp, char)> = area
        .points
        .iter()
        .filter_map(|point| Some((unwire(point.valid_at.as_ref()?)?, height(point))))
        .collect();
    let length = to.micros() - from.micros();
    let end = |part: i64| from.plus_micros(length / LINE * part + length % LINE * part / LINE - 1);
    let at = |instant: Timestamp| {
        let begun = points.iter().rev().find(|(since, _)| *since <= instant);
        begun.map_or(NOTHING, |(_, height)| *height)
    };
    (1..=LINE).map(|part| at(end(part))).collect()
}

fn height(point: &v1::TrendPoint) -> char {
    let level = point.state.as_ref().and_then(|state| at_least(state.ongoing.as_ref()));
    level.and_then(|level| HEIGHTS.get(level as usize)).copied().unwrap_or(NOTHING)
}
