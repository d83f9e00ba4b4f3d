//! The own course of one area of one unit, kept up to date fact by fact.
//!
//! "Own" means from the unit's own ratings and evidence: tailoring and inheritance are settled when
//! a course is read ([`course`](crate::course)). A fold knows what is recorded up to its size and
//! holds under one basis; where a unit changes its model or rules, another fold takes over.

mod practice;

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_model::catalog::{Area, Catalog};
use gradus_model::{Target, Timestamp};
use smallvec::SmallVec;

use crate::coverage::{Providers, SupportKind, Testimony};
use crate::history::UnitHistory;
use crate::rules::Rules;
use crate::scheme::{Leveling, Levels, Outline, Reading};
use crate::steps::Steps;

use practice::{Practice, UNRATED, UNREAD, UNSUPPORTED, ratings_of, support_of};

/// What a fold is given: a unit's history, how much of it is known, and what it is read by.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The unit's history.
    pub history: &'a UnitHistory,
    /// How much of the log is known.
    pub size: u64,
    /// The model.
    pub model: &'a Catalog,
    /// The rules.
    pub rules: &'a Rules,
    /// What is known of those who provide evidence.
    pub providers: &'a dyn Providers,
}

/// What of a fold's course has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The support of the practice that was asked for.
    pub support: bool,
    /// The levels.
    pub levels: bool,
}

impl Changed {
    /// Whether anything has.
    #[must_use]
    pub const fn any(self) -> bool {
        self.levels || self.support
    }
}

/// The fold of one area.
#[derive(Clone, Debug)]
pub struct AreaFold {
    outline: Arc<Outline>,
    /// The targets of which anything is known, in the order of the outline.
    practices: Vec<Practice>,
    levels: Steps<Levels>,
}

impl AreaFold {
    /// Folds an area from everything that is known.
    #[must_use]
    pub fn of(given: &Given<'_>, area: &Area) -> Self {
        let outline = Outline::of(given.model, area, given.rules.scheme);
        Self::with_outline(given, Arc::new(outline))
    }

    /// Folds the area of an outline from everything that is known.
    #[must_use]
    pub fn with_outline(given: &Given<'_>, outline: Arc<Outline>) -> Self {
        let numbered = outline.targets.iter().enumerate();
        let practice =
            |(number, (target, _)): (usize, &(Target, _))| Practice::of(given, number, target);
        let practices = numbered.filter_map(practice).collect();
        let mut fold = Self { outline, practices, levels: Steps::always(NOTHING) };
        fold.level_anew(given.rules, Timestamp::MIN, None);
        fold
    }

    /// Takes in that one more testimony speaks for a target, and changes nothing else of it.
    ///
    /// Returns whether the course has changed. The given history knows the testimony.
    pub fn hear(&mut self, given: &Given<'_>, target: &Target, testimony: &Testimony) -> bool {
        let number = self.number(target);
        number.is_some_and(|number| self.hear_of(given, number, testimony).any())
    }

    /// [`Self::hear`], of the target with this number in the outline.
    pub fn hear_of(&mut self, given: &Given<'_>, number: usize, testimony: &Testimony) -> Changed {
        let index = match self.index(number) {
            Ok(index) => index,
            Err(index) => {
                if number >= self.outline.targets.len() || !testimony.says_anything() {
                    return Changed::default();
                }
                self.practices.insert(index, Practice::unknown(number));
                index
            }
        };
        let Some(practice) = self.practices.get_mut(index) else { return Changed::default() };
        if !practice.covered.take(testimony) {
            return Changed::default();
        }
        self.cover_anew(given, index)
    }

    /// Takes in that what an item says of the target with this number in the outline is `after` now,
    /// nothing where it does not count, and was `before`: nothing else of the target has changed.
    pub fn take_back_of(
        &mut self,
        given: &Given<'_>,
        number: usize,
        before: &Testimony,
        after: Option<&Testimony>,
    ) -> Changed {
        let Ok(index) = self.index(number) else {
            // What was said before was neither for nor against it.
            return after.map_or_else(Changed::default, |after| self.hear_of(given, number, after));
        };
        let target = self.outline.targets.get(number).map(|(target, _)| target);
        let Some((target, practice)) = target.zip(self.practices.get_mut(index)) else {
            return Changed::default();
        };
        practice.covered.take_back(given, target, before, after);
        let is_known = !practice.covered.is_nothing() || practice.rated.is_some();
        let changed = self.cover_anew(given, index);
        if !is_known {
            self.practices.remove(index);
        }
        changed
    }

    /// Reads the support of a practice anew, since what speaks for or against it has changed.
    fn cover_anew(&mut self, given: &Given<'_>, index: usize) -> Changed {
        let Some(practice) = self.practices.get_mut(index) else { return Changed::default() };
        let support = practice.covered.steps();
        let Some((from, to)) = practice.support.difference(&support) else {
            return Changed::default();
        };
        practice.support = support;
        // What is not rated reads the same, supported or not.
        let levels = practice.rated.is_some() && self.level_anew(given.rules, from, to);
        Changed { support: true, levels }
    }

    /// Takes in that something of a target has changed: everything that is known of it counts anew.
    ///
    /// Returns whether the course has changed.
    pub fn renew(&mut self, given: &Given<'_>, target: &Target) -> bool {
        self.number(target).is_some_and(|number| self.renew_of(given, number).any())
    }

    /// [`Self::renew`], of the target with this number in the outline.
    pub fn renew_of(&mut self, given: &Given<'_>, number: usize) -> Changed {
        let Some((target, _)) = self.outline.targets.get(number) else { return Changed::default() };
        let renewed = Practice::of(given, number, target);
        let before = match (self.index(number), renewed) {
            (Ok(index), Some(renewed)) => {
                let slot = self.practices.get_mut(index);
                slot.map(|practice| std::mem::replace(practice, renewed))
            }
            (Ok(index), None) => Some(self.practices.remove(index)),
            (Err(index), Some(renewed)) => {
                self.practices.insert(index, renewed);
                None
            }
            (Err(_), None) => None,
        };
        let (before, after) = (before.as_ref(), self.practice(number));
        let support = support_of(before).difference(support_of(after));
        let rated = ratings_of(before).difference(ratings_of(after));
        let is_rated = |practice: &Practice| practice.rated.is_some();
        let read = support.filter(|_| before.is_some_and(is_rated) || after.is_some_and(is_rated));
        let levels = read.into_iter().chain(rated).reduce(hull);
        let levels = levels.is_some_and(|(from, to)| self.level_anew(given.rules, from, to));
        Changed { support: support.is_some(), levels }
    }

    /// Takes in that ratings of the target with this number in the outline have changed, none of
    /// them of an appraisal: its evidence stays as it was.
    pub fn rate_of(&mut self, given: &Given<'_>, number: usize) -> Changed {
        let Some((target, _)) = self.outline.targets.get(number) else { return Changed::default() };
        let rated = Practice::rated(given, target);
        let of_known = ratings_of(self.practice(number));
        let difference = of_known.difference(rated.as_deref().unwrap_or(&UNRATED));
        let Some((from, to)) = difference else { return Changed::default() };
        let index = self.index(number).unwrap_or_else(|index| {
            self.practices.insert(index, Practice::unknown(number));
            index
        });
        if let Some(practice) = self.practices.get_mut(index) {
            practice.rated = rated;
        }
        Changed { support: false, levels: self.level_anew(given.rules, from, to) }
    }

    /// The number of a target in the outline.
    #[must_use]
    pub fn number(&self, target: &Target) -> Option<usize> {
        self.outline.targets.iter().position(|(of_area, _)| of_area == target)
    }

    /// Where a target is among those of which anything is known, or would be.
    fn index(&self, number: usize) -> Result<usize, usize> {
        self.practices.binary_search_by_key(&number, |practice| practice.number)
    }

    fn practice(&self, number: usize) -> Option<&Practice> {
        self.practices.get(self.index(number).ok()?)
    }

    /// Computes the levels from an instant on to just before another; returns whether they have
    /// changed.
    fn level_anew(&mut self, rules: &Rules, from: Timestamp, to: Option<Timestamp>) -> bool {
        let mut leveling = Leveling::begin(rules, &self.outline, &UNREAD);
        let mut changes: SmallVec<[Reread<'_>; 16]> = SmallVec::new();
        for practice in &self.practices {
            let Some(rated) = practice.rated.as_deref() else { continue };
            let number = practice.number;
            let mut before = &UNREAD;
            practice.readings(rated, from, to, |instant, after| {
                match instant {
                    None => {
                        leveling.read(number, before, after);
                    }
                    Some(instant) => changes.push(Reread { instant, number, before, after }),
                }
                before = after;
            });
        }
        changes.sort_unstable_by_key(|change| (change.instant, change.number));
        let mut part = Steps::always(leveling.levels());
        for at_once in changes.chunk_by(|one, next| one.instant == next.instant) {
            let mut is_read_anew = false;
            for change in at_once {
                is_read_anew |= leveling.read(change.number, change.before, change.after);
            }
            if let Some(change) = at_once.first().filter(|_| is_read_anew) {
                part.then(change.instant, leveling.levels());
            }
        }
        self.levels.replace(from, to, part)
    }

    /// The levels at every moment.
    #[must_use]
    pub const fn levels(&self) -> &Steps<Levels> {
        &self.levels
    }

    /// The support of the target with this number in the outline.
    #[must_use]
    pub fn support(&self, number: usize) -> &Steps<SupportKind> {
        support_of(self.practice(number))
    }

    /// The support of every target that evidence ever spoke for or against.
    pub fn supports(&self) -> impl Iterator<Item = (&Target, &Steps<SupportKind>)> {
        let supported = self.practices.iter().filter(|one| one.support != UNSUPPORTED);
        supported.filter_map(|practice| {
            let (target, _) = self.outline.targets.get(practice.number)?;
            Some((target, &practice.support))
        })
    }

    /// About how many bytes the fold takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let levels = size_of_val(self.levels.changes());
        size_of::<Self>() + levels + self.practices.iter().map(Practice::bytes).sum::<usize>()
    }

    /// The course of the area while the fold's basis holds.
    #[must_use]
    pub fn course(&self) -> AreaCourse {
        let supports = self.supports().map(|(target, support)| (target.clone(), support.clone()));
        AreaCourse { levels: self.levels.clone(), supports: supports.collect() }
    }
}

/// A practice is read otherwise from an instant on.
struct Reread<'a> {
    instant: Timestamp,
    number: usize,
    before: &'a Reading,
    after: &'a Reading,
}

/// From an instant on to just before another, if there is one.
type Span = (Timestamp, Option<Timestamp>);

/// The span from the earlier begin to the later end of two.
fn hull(one: Span, other: Span) -> Span {
    (one.0.min(other.0), one.1.zip(other.1).map(|(one, other)| one.max(other)))
}

/// What is said of an area of which nothing is known.
pub const NOTHING: Levels = Levels::both(crate::sse_cmm::LevelAnswer::NotRated);

/// The own levels and coverage of one area at every moment, as known at one size of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaCourse {
    /// Its levels.
    pub levels: Steps<Levels>,
    /// The support of each practice that evidence ever spoke for or against.
    pub supports: BTreeMap<Target, Steps<SupportKind>>,
}

impl Default for AreaCourse {
    /// The course of an area of which nothing is known.
    fn default() -> Self {
        Self { levels: Steps::always(NOTHING), supports: BTreeMap::new() }
    }
}

impl AreaCourse {
    /// Follows another course from an instant on.
    pub fn followed_by(&mut self, from: Timestamp, course: &Self) {
        self.levels.follow(from, &course.levels);
        for (target, support) in &course.supports {
            self.supports.entry(target.clone()).or_default().follow(from, support);
        }
        for (target, support) in &mut self.supports {
            if !course.supports.contains_key(target) {
                support.follow(from, &Steps::default());
            }
        }
        self.supports.retain(|_, support| *support != Steps::default());
    }

    /// Every moment at which it changes.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.levels.instants().chain(self.supports.values().flat_map(Steps::instants))
    }
}
