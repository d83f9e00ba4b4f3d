//! How an area was told before a change, and so what has to be told after it.

use super::Part;
use super::course::Course;
use super::held::HeldArea;

/// How an area was told before a change.
pub(super) struct Was {
    told: bool,
    levels_told: bool,
}

impl Was {
    pub(super) fn of(held: &HeldArea) -> Self {
        let course = held.course();
        let levels_told = course.is_some_and(Course::tells_levels);
        Self { told: course.is_some(), levels_told }
    }

    /// The parts in which what is told now differs from what was, given those that have changed.
    pub(super) fn told<'a>(
        &self,
        course: Option<Course<'a>>,
        mut changed: Vec<Part<'a>>,
    ) -> Vec<Part<'a>> {
        match course {
            _ if changed.is_empty() => return changed,
            Some(course) if !self.told => return Course::of_nothing().difference(course),
            None if !self.told => return Vec::new(),
            Some(_) => (),
            None => {
                changed.retain(|part| *part != Part::Levels);
                changed.extend(self.levels_told.then_some(Part::Levels));
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }
}
