//! How levels moved, as drawings: one small one for each area of which anything was known.

use gradus_model::Timestamp;
use gradus_wire::v1;

use crate::output::levels::{answer, at_least};
use crate::output::message::day;
use crate::output::sheet::without_model;
use crate::output::trend::{begin, says};
use crate::select::unwire;

/// The width of a drawing.
const WIDTH: i64 = 240;
/// The height of a level.
const LEVEL: u32 = 10;
/// The height of level 5 above level 0.
const HEIGHT: u32 = 5 * LEVEL;

/// The courses of areas over one span.
pub struct Courses {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// In the order of the model.
    pub areas: Vec<Course>,
    /// Instants with a name, with their distance from the left.
    pub markers: Vec<(i64, String)>,
}

/// The course of an area.
pub struct Course {
    /// The area, without its model.
    pub area: String,
    /// Its title.
    pub title: String,
    /// Where it ended, in words.
    pub last: String,
    /// What was rated, as a path.
    pub rated: String,
    /// What was ongoing, as a path.
    pub ongoing: String,
}

/// Draws the areas of a unit's trend of which anything was known.
#[must_use]
pub fn chart(trend: &v1::QueryTrendResponse) -> Option<Courses> {
    let from = begin(trend)?;
    let to = trend.to.as_ref().and_then(unwire).filter(|to| *to > from)?;
    let span = Span { from, to };
    let unit = trend.units.first()?;
    let marker = |marker: &v1::Landmark| {
        let at = marker.at.as_ref().and_then(unwire).filter(|at| *at >= from)?;
        let name = format!("{} {} on {}", marker.kind, marker.label, day(marker.at.as_ref()));
        Some((span.across(at), name))
    };
    let known = unit.areas.iter().filter(|area| area.points.iter().any(says));
    let courses = known.map(|area| course(area, span));
    // What never was a level is told by the table.
    let areas: Vec<Course> = courses.filter(|course| !course.rated.is_empty()).collect();
    (!areas.is_empty()).then(|| Courses {
        from: date(from),
        to: day(trend.to.as_ref()),
        areas,
        markers: unit.markers.iter().filter_map(marker).collect(),
    })
}

fn date(at: Timestamp) -> String {
    day(Some(&crate::select::wire(at)))
}

#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Span {
    /// The distance of an instant from the left; what lies outside is moved to the edge.
    fn across(self, at: Timestamp) -> i64 {
        let length = i128::from(self.to.micros()) - i128::from(self.from.micros());
        let since = i128::from(at.micros()) - i128::from(self.from.micros());
        let across = since.max(0) * i128::from(WIDTH) / length.max(1);
        i64::try_from(across).unwrap_or(WIDTH).min(WIDTH)
    }
}

fn course(area: &v1::AreaTrend, span: Span) -> Course {
    let last = area.points.last().and_then(|point| point.state.as_ref());
    let rated = answer(last.and_then(|state| state.rated.as_ref()));
    let ongoing = answer(last.and_then(|state| state.ongoing.as_ref()));
    let last = if rated == ongoing { rated } else { format!("{rated}, ongoing {ongoing}") };
    Course {
        area: without_model(&area.area).to_owned(),
        title: area.title.clone(),
        last,
        rated: path(area, span, |state| state.rated.as_ref()),
        ongoing: path(area, span, |state| state.ongoing.as_ref()),
    }
}

/// The least level that was known, as steps; where there was none, the line is broken.
fn path(
    area: &v1::AreaTrend,
    span: Span,
    which: fn(&v1::AreaState) -> Option<&v1::LevelAnswer>,
) -> String {
    let mut steps = Vec::new();
    let mut drawn: Option<u32> = None;
    for point in &area.points {
        let Some(at) = point.valid_at.as_ref().and_then(unwire) else { continue };
        let across = span.across(at);
        let level = point.state.as_ref().and_then(|state| at_least(which(state)));
        let height = level.map(|level| HEIGHT.saturating_sub(level * LEVEL));
        match (drawn, height) {
            (Some(_), Some(to)) => steps.push(format!("H{across}V{to}")),
            (Some(_), None) => steps.push(format!("H{across}")),
            (None, Some(to)) => steps.push(format!("M{across} {to}")),
            (None, None) => (),
        }
        drawn = height;
    }
    if drawn.is_some() {
        steps.push(format!("H{WIDTH}"));
    }
    steps.concat()
}

#[cfg(test)]
mod tests {
    use gradus_wire::v1::level_answer::Answer;

    use super::*;

    fn point(seconds: i64, level: Option<u32>) -> v1::TrendPoint {
        let range = |level| v1::LevelRange { at_least: level, at_most: 5, open: 1, level: None };
        let answer = level.map(|level| Answer::Range(range(level)));
        let rated = Some(v1::LevelAnswer { answer });
        let state = v1::AreaState { rated, ongoing: rated, ..v1::AreaState::default() };
        let valid_at = Some(prost_types::Timestamp { seconds, nanos: 0 });
        v1::TrendPoint { valid_at, state: Some(state) }
    }

    fn drawn(points: Vec<v1::TrendPoint>) -> String {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
        let span = Span { from: at(0), to: at(240) };
        let area = v1::AreaTrend { points, ..v1::AreaTrend::default() };
        path(&area, span, |state| state.rated.as_ref())
    }

    #[test]
    fn a_line_steps_where_the_level_moves_and_breaks_where_there_is_none() {
        assert_eq!(drawn(vec![point(-9, Some(0)), point(60, Some(2))]), "M0 50H60V30H240");
        let broken = vec![point(0, Some(1)), point(60, None), point(120, Some(5))];
        assert_eq!(drawn(broken), "M0 40H60M120 0H240");
        assert_eq!(drawn(vec![point(0, None)]), "");
    }
}
