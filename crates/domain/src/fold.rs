//! The own course of one area of one unit, kept up to date fact by fact.
//!
//! "Own" means from the unit's own ratings and evidence: tailoring and inheritance are settled when
//! a course is read ([`course`](crate::course)). A fold knows what is recorded up to its size and
//! holds under one basis; where a unit changes its model or rules, another fold takes over.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_model::catalog::{Area, Catalog};
use gradus_model::{Target, Timestamp};

use crate::coverage::{Covered, KindOf, SupportKind, Testimony, testimonies};
use crate::history::UnitHistory;
use crate::in_force::readings;
use crate::rules::Rules;
use crate::scheme::{self, Levels, Outline, Reading};
use crate::steps::Steps;

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
    /// Tells the kind of a principal.
    pub kind_of: KindOf<'a>,
}

/// What is kept of one target of the area.
#[derive(Clone, Debug)]
struct Practice {
    covered: Covered,
    support: Steps<SupportKind>,
    /// As the rules read it, were it always supported.
    rated: Steps<Reading>,
    /// As the rules read it.
    reading: Steps<Reading>,
}

/// A practice of which nothing is known.
static UNREAD: Steps<Reading> = Steps::always(Reading { values: Vec::new(), supported: false });
static UNSUPPORTED: Steps<SupportKind> = Steps::always(SupportKind::Unsupported);

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
    /// What is known of each target of the outline.
    practices: Vec<Option<Box<Practice>>>,
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
        let practice = |(target, _): &(Target, _)| Practice::of(given, target).map(Box::new);
        let practices = outline.targets.iter().map(practice).collect();
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
        let Some(slot) = self.practices.get_mut(number) else { return Changed::default() };
        let practice = slot.get_or_insert_with(Practice::unknown);
        if !practice.covered.take(testimony) {
            return Changed::default();
        }
        let support = practice.covered.steps();
        if support == practice.support {
            return Changed::default();
        }
        practice.support = support;
        let reading = practice.read();
        Changed { support: true, levels: self.reads(given.rules, number, reading) }
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
        let renewed = Practice::of(given, target);
        let Some(slot) = self.practices.get_mut(number) else { return Changed::default() };
        let before = std::mem::replace(slot, renewed.map(Box::new));
        let before = before.as_deref();
        let support = support_of(before) != support_of(slot.as_deref());
        let read_anew = reading_of(before).difference(reading_of(slot.as_deref()));
        let levels = read_anew.is_some_and(|(from, to)| self.level_anew(given.rules, from, to));
        Changed { support, levels }
    }

    /// Takes in that ratings of the target with this number in the outline have changed, none of
    /// them of an appraisal: its evidence stays as it was.
    pub fn rate_of(&mut self, given: &Given<'_>, number: usize) -> Changed {
        let Some((target, _)) = self.outline.targets.get(number) else { return Changed::default() };
        let rated = Practice::rated(given, target);
        let Some(slot) = self.practices.get_mut(number) else { return Changed::default() };
        let practice = slot.get_or_insert_with(Practice::unknown);
        practice.rated = rated;
        let reading = practice.read();
        Changed { support: false, levels: self.reads(given.rules, number, reading) }
    }

    /// The number of a target in the outline.
    #[must_use]
    pub fn number(&self, target: &Target) -> Option<usize> {
        self.outline.targets.iter().position(|(of_area, _)| of_area == target)
    }

    /// Takes in how a target reads now; returns whether the levels have changed.
    fn reads(&mut self, rules: &Rules, number: usize, reading: Steps<Reading>) -> bool {
        let slot = self.practices.get_mut(number).and_then(Option::as_deref_mut);
        let Some(practice) = slot else { return false };
        let difference = practice.reading.difference(&reading);
        practice.reading = reading;
        difference.is_some_and(|(from, to)| self.level_anew(rules, from, to))
    }

    /// Computes the levels from an instant on to just before another; returns whether they have
    /// changed.
    fn level_anew(&mut self, rules: &Rules, from: Timestamp, to: Option<Timestamp>) -> bool {
        let mut readings: Vec<&Reading> = Vec::with_capacity(self.practices.len());
        let mut changes: Vec<(Timestamp, usize, &Reading)> = Vec::new();
        for (number, practice) in self.practices.iter().enumerate() {
            let reading = reading_of(practice.as_deref());
            readings.push(reading.at(from));
            let within = reading.after(from).iter();
            let within = within.take_while(|(instant, _)| to.is_none_or(|to| *instant < to));
            changes.extend(within.map(|(instant, reading)| (*instant, number, reading)));
        }
        changes.sort_unstable_by_key(|(instant, number, _)| (*instant, *number));
        let mut part = Steps::always(scheme::levels(rules, &self.outline, &readings));
        for at_once in changes.chunk_by(|(one, ..), (next, ..)| one == next) {
            for (instant, number, reading) in at_once {
                if let Some(slot) = readings.get_mut(*number) {
                    *slot = reading;
                }
                if at_once.last().is_some_and(|(_, last, _)| last == number) {
                    part.then(*instant, scheme::levels(rules, &self.outline, &readings));
                }
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
        support_of(self.practices.get(number).and_then(Option::as_deref))
    }

    /// The support of every target that evidence ever spoke for or against.
    pub fn supports(&self) -> impl Iterator<Item = (&Target, &Steps<SupportKind>)> {
        let targets = self.outline.targets.iter().map(|(target, _)| target);
        let supports = self.practices.iter().map(|practice| support_of(practice.as_deref()));
        targets.zip(supports).filter(|(_, support)| **support != UNSUPPORTED)
    }

    /// The course of the area while the fold's basis holds.
    #[must_use]
    pub fn course(&self) -> AreaCourse {
        let supports = self.supports().map(|(target, support)| (target.clone(), support.clone()));
        AreaCourse { levels: self.levels.clone(), supports: supports.collect() }
    }
}

fn support_of(practice: Option<&Practice>) -> &Steps<SupportKind> {
    practice.map_or(&UNSUPPORTED, |practice| &practice.support)
}

fn reading_of(practice: Option<&Practice>) -> &Steps<Reading> {
    practice.map_or(&UNREAD, |practice| &practice.reading)
}

impl Practice {
    fn unknown() -> Box<Self> {
        Box::new(Self {
            covered: Covered::default(),
            support: Steps::default(),
            rated: Steps::default(),
            reading: Steps::default(),
        })
    }

    /// What is known of a target; none if nothing is.
    fn of(given: &Given<'_>, target: &Target) -> Option<Self> {
        let covered = testimonies(given.history, target, given.size, given.rules, given.kind_of)
            .collect::<Covered>();
        let rated = Self::rated(given, target);
        if covered == Covered::default() && rated == UNREAD {
            return None;
        }
        let support = covered.steps();
        let mut practice = Self { covered, support, rated, reading: Steps::default() };
        practice.reading = practice.read();
        Some(practice)
    }

    fn rated(given: &Given<'_>, target: &Target) -> Steps<Reading> {
        let always = Steps::always(true);
        readings(given.history, target, given.rules, given.size, &always)
    }

    fn read(&self) -> Steps<Reading> {
        if self.rated == UNREAD {
            return Steps::default();
        }
        self.rated.with(&self.support, |rated, support| Reading {
            values: rated.values.clone(),
            // What is not rated reads the same, supported or not.
            supported: rated.supported && *support == SupportKind::Supported,
        })
    }
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
