//! The capability profile as a drawing: what is rated, what is ongoing, and what is aimed at.

use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use crate::output::levels::answer;
use crate::output::sheet::without_model;

/// Units of the drawing from one level to the next.
const STEP: u32 = 88;
/// Where level 0 is.
const LEFT: u32 = 74;
/// The height of a row.
const ROW: u32 = 26;
/// The length of a bar at level 0.
const LEAST: u32 = 3;
/// Where the first row begins.
const TOP: u32 = 24;

/// Levels 0 to 5 of areas, one a row.
pub struct Profile {
    /// From the top.
    pub rows: Vec<Row>,
    /// Whether anything is aimed at.
    pub has_targets: bool,
}

/// One area.
pub struct Row {
    /// The area, without its model.
    pub area: String,
    /// All that the row draws, in words.
    pub words: String,
    /// The distance of its upper edge from the top.
    pub y: u32,
    /// What assessors and rules judged; none where it is no level.
    pub rated: Option<Bar>,
    /// What valid evidence still supports.
    pub ongoing: Option<Bar>,
    /// Where the target is.
    pub target: Option<u32>,
    /// What is said where there is no level.
    pub nothing: String,
}

/// A level, or what it lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The length of what is reached.
    pub reached: u32,
    /// The length of what is open beyond it.
    pub open: u32,
}

impl Profile {
    /// The height of the drawing.
    #[must_use]
    pub fn height(&self) -> u32 {
        TOP + ROW * u32::try_from(self.rows.len()).unwrap_or(u32::MAX / ROW) + 4
    }

    /// Where a bar begins, and what is open beyond it.
    #[must_use]
    pub const fn from(&self, reached: u32) -> u32 {
        LEFT + reached
    }

    /// Each level with its distance from the left.
    pub fn levels(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..=5).map(|level| (level, across(level)))
    }
}

const fn across(level: u32) -> u32 {
    LEFT + level * STEP
}

/// Draws areas with the targets that a profile gives them, if there are any areas.
#[must_use]
pub fn chart(areas: &[v1::AreaLevel], aims: Option<&[v1::AreaGap]>) -> Option<Profile> {
    let aims = aims.unwrap_or_default();
    let row = |(at, area): (u32, &v1::AreaLevel)| row(at, area, aims);
    let rows: Vec<Row> = (0..).zip(areas).map(row).collect();
    let has_targets = rows.iter().any(|row| row.target.is_some());
    (!rows.is_empty()).then_some(Profile { rows, has_targets })
}

fn row(at: u32, area: &v1::AreaLevel, aims: &[v1::AreaGap]) -> Row {
    let here = |gap: &&v1::AreaGap| without_model(&gap.area) == without_model(&area.area);
    let target = aims.iter().find(here).and_then(|gap| gap.target);
    let (rated, ongoing) = (bar(area.rated.as_ref()), bar(area.ongoing.as_ref()));
    let mut words = vec![area.title.clone(), format!("rated {}", answer(area.rated.as_ref()))];
    words.extend(area.ongoing.as_ref().map(|level| format!("ongoing {}", answer(Some(level)))));
    words.extend(target.map(|target| format!("target {target}")));
    Row {
        area: without_model(&area.area).to_owned(),
        words: words.join(", "),
        y: TOP + at * ROW,
        rated,
        ongoing,
        target: target.map(across),
        nothing: if rated.is_none() { answer(area.rated.as_ref()) } else { String::new() },
    }
}

/// A bar, one that is at level 0 included: it shows that the area was rated.
fn bar(level: Option<&v1::LevelAnswer>) -> Option<Bar> {
    match level.and_then(|level| level.answer) {
        Some(Answer::Range(v1::LevelRange { at_least, at_most, .. })) => {
            let reached = (at_least * STEP).max(LEAST);
            Some(Bar { reached, open: (at_most * STEP).saturating_sub(reached) })
        }
        Some(Answer::None(_)) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(at_least: u32, at_most: u32) -> Option<v1::LevelAnswer> {
        let level = (at_least == at_most).then_some(at_least);
        let range = v1::LevelRange { at_least, at_most, open: 0, level };
        Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) })
    }

    #[test]
    fn a_bar_ends_where_its_level_is_and_an_open_one_where_the_highest_would_be() {
        let reaches = |at_least, at_most| {
            let bar = bar(range(at_least, at_most).as_ref()).unwrap();
            (bar.reached, bar.reached + bar.open)
        };
        assert_eq!(reaches(3, 3), (3 * STEP, 3 * STEP));
        assert_eq!(reaches(1, 5), (STEP, 5 * STEP));
        assert_eq!(reaches(0, 5), (LEAST, 5 * STEP));
        assert_eq!(reaches(0, 0), (LEAST, LEAST));
    }

    #[test]
    fn an_area_without_a_level_says_why_and_shows_its_target_all_the_same() {
        let none = v1::LevelAnswer { answer: Some(Answer::None(v1::NoLevel::NotRated.into())) };
        let area = v1::AreaLevel {
            area: "iso-21827-2008/PA01".to_owned(),
            title: "Administer Security Controls".to_owned(),
            rated: Some(none),
            ..v1::AreaLevel::default()
        };
        let aim = v1::AreaGap {
            area: "iso-21827-2008/PA01".to_owned(),
            target: Some(2),
            ..v1::AreaGap::default()
        };
        let drawn = chart(&[area], Some(&[aim])).unwrap();
        assert!(drawn.has_targets);
        let row = &drawn.rows[0];
        assert_eq!((row.nothing.as_str(), row.target), ("not rated", Some(across(2))));
        assert_eq!(row.words, "Administer Security Controls, rated not rated, target 2");
        assert!(chart(&[], None).is_none());
    }
}
