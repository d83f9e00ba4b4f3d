//! The course of an area while it is told.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use gradus_domain::coverage::SupportKind;
use gradus_domain::fold::{AreaCourse, AreaFold};
use gradus_domain::scheme::Levels;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::steps::Steps;
use gradus_model::Target;

use super::Part;

/// The course of an area of which nothing is known.
static EMPTY: LazyLock<AreaCourse> = LazyLock::new(AreaCourse::default);

/// The course of an area; where one fold tells it, it is not copied.
#[derive(Clone, Copy, Debug)]
pub enum Course<'a> {
    /// That of a fold.
    Folded(&'a AreaFold),
    /// One that several folds make together.
    Joined(&'a AreaCourse),
}

impl<'a> Course<'a> {
    /// The course of an area of which nothing is known.
    #[must_use]
    pub fn of_nothing() -> Self {
        Self::Joined(&EMPTY)
    }

    /// The levels.
    #[must_use]
    pub const fn levels(self) -> &'a Steps<Levels> {
        match self {
            Self::Folded(fold) => fold.levels(),
            Self::Joined(course) => &course.levels,
        }
    }

    /// Whether the levels are anything but those of an area of which nothing is known.
    #[must_use]
    pub fn tells_levels(self) -> bool {
        *self.levels() != EMPTY.levels
    }

    /// The support of every practice that evidence ever spoke for or against, in no order.
    #[must_use]
    pub fn supports(self) -> Vec<(&'a Target, &'a Steps<SupportKind>)> {
        match self {
            Self::Folded(fold) => fold.supports().collect(),
            Self::Joined(course) => course.supports.iter().collect(),
        }
    }

    /// The support of a practice; none if evidence never spoke for or against it.
    #[must_use]
    pub fn support(self, target: &Target) -> Option<&'a Steps<SupportKind>> {
        match self {
            Self::Folded(fold) => {
                let mut supports = fold.supports();
                // Most differ in the practice, which is compared fast.
                let is_it =
                    |of: &Target| of.practice == target.practice && of.model == target.model;
                supports.find(|(of, _)| is_it(of)).map(|(_, support)| support)
            }
            Self::Joined(course) => course.supports.get(target),
        }
    }

    /// Whether it tells anything: that an area is not rated, or cannot be, needs no row.
    pub(super) fn tells(self) -> bool {
        let is_supported = match self {
            Self::Folded(fold) => fold.supports().next().is_some(),
            Self::Joined(course) => !course.supports.is_empty(),
        };
        let known = |answer: LevelAnswer| matches!(answer, LevelAnswer::Range { .. });
        let mut levels = self.levels().changes().iter().map(|(_, levels)| levels);
        let first = self.levels().first();
        is_supported
            || known(first.rated)
            || known(first.ongoing)
            || levels.any(|levels| known(levels.rated) || known(levels.ongoing))
    }

    /// The parts in which another course differs from this one, in order.
    pub(super) fn difference(self, other: Self) -> Vec<Part<'a>> {
        let levels = (self.levels() != other.levels()).then_some(Part::Levels);
        let supports = self.supports().into_iter().chain(other.supports());
        let targets: BTreeSet<&Target> = supports.map(|(target, _)| target).collect();
        let differ = |target: &&Target| self.support(target) != other.support(target);
        levels.into_iter().chain(targets.into_iter().filter(differ).map(Part::Support)).collect()
    }
}
