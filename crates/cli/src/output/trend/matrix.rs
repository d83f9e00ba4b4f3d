//! Samples beside each other: a row for each area, a column for each moment.

use gradus_model::Timestamp;
use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::{NOTHING, name, says, series, shown, tone};
use crate::output::sheet::{Cell, Sheet};
use crate::select::unwire;

/// The moments of the samples, which are the same for all areas.
pub(super) fn instants(response: &v1::QueryTrendResponse) -> Vec<Timestamp> {
    let first = series(response).next().map(|(_, area)| area.points.as_slice());
    let points = first.into_iter().flatten();
    points.filter_map(|point| point.valid_at.as_ref().and_then(unwire)).collect()
}

/// The ongoing level of each area at each sample; where more was judged, that before it.
pub(super) fn matrix(response: &v1::QueryTrendResponse, instants: &[Timestamp]) -> Sheet {
    // A column's name lives as long as the process, which prints one such table.
    let days = days(instants).into_iter().map(|day| &*day.leak());
    let columns: Vec<&'static str> = ["unit", "area"].into_iter().chain(days).collect();
    let mut sheet = Sheet::new(&columns);
    for (unit, area) in series(response).filter(|(_, area)| area.points.iter().any(says)) {
        let mut cells = vec![name(unit).into(), shown(unit, area).into()];
        cells.extend(area.points.iter().map(sample));
        sheet.row(cells);
    }
    sheet
}

fn sample(point: &v1::TrendPoint) -> Cell {
    let Some(state) = &point.state else { return Cell::default() };
    let (rated, ongoing) = (short(state.rated.as_ref()), short(state.ongoing.as_ref()));
    let told = if rated == ongoing { ongoing } else { format!("{rated}▸{ongoing}") };
    Cell::from(told).toned(tone(state))
}

/// A level without what is open: `2`, `1–5`.
pub(in crate::output) fn short(level: Option<&v1::LevelAnswer>) -> String {
    match level.and_then(|level| level.answer) {
        Some(Answer::Range(range)) if range.at_least == range.at_most => range.at_least.to_string(),
        Some(Answer::Range(range)) => format!("{}–{}", range.at_least, range.at_most),
        Some(Answer::None(none)) if none == i32::from(v1::NoLevel::NotApplicable) => "n/a".into(),
        Some(Answer::None(_)) | None => NOTHING.to_string(),
    }
}

/// The days of some moments: of each what differs from the one before.
fn days(instants: &[Timestamp]) -> Vec<String> {
    let dates: Vec<(i16, i8, i8)> = instants.iter().map(|at| at.date()).collect();
    let is_first = dates.iter().all(|(_, _, day)| *day == 1);
    let before = [None].into_iter().chain(dates.iter().copied().map(Some));
    let told = dates.iter().zip(before).map(|(&(year, month, day), before)| {
        let day_of = if is_first { String::new() } else { format!("-{day:02}") };
        match before {
            Some((same, as_well, _)) if (same, as_well) == (year, month) => format!("-{day:02}"),
            Some((same, ..)) if same == year => format!("{month:02}{day_of}"),
            _ => format!("{year:04}-{month:02}{day_of}"),
        }
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::Edge;

    #[test]
    fn a_day_is_told_by_what_differs_from_the_one_before() {
        let at = |text: &&str| Timestamp::parse(text, Edge::Start).unwrap();
        for (given, expected) in [
            (["2025-12-01", "2026-01-01", "2026-02-01"], "2025-12 2026-01 02"),
            (["2025-12-25", "2026-01-01", "2026-01-08"], "2025-12-25 2026-01-01 -08"),
            (["2026-01-31", "2026-02-28", "2027-02-28"], "2026-01-31 02-28 2027-02-28"),
        ] {
            assert_eq!(days(&given.iter().map(at).collect::<Vec<_>>()).join(" "), expected);
        }
    }
}
