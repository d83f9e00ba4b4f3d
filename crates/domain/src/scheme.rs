//! What every scheme is asked: how it reads a practice, and which levels follow for an area.

use gradus_model::catalog::{Area, Catalog};
use gradus_model::practice::FeatureId;
use gradus_model::rating::Value;
use gradus_model::{Label, Practice, Target};
use smallvec::SmallVec;

use crate::nplf;
use crate::rules::{Rules, Scheme};
use crate::sse_cmm::{self, LevelAnswer, Tally};

/// The feature that the base practices of an area make up; it cannot be rated.
pub const PERFORMED: FeatureId = FeatureId { level: 1, number: 1 };

/// The part that a rateable thing plays in an area's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A base practice of the area.
    Base,
    /// A generic practice of levels 2 to 5, for the area.
    Generic(FeatureId),
    /// A common feature rated as a whole, for the area.
    Feature(FeatureId),
}

impl Role {
    /// The feature that it counts towards.
    #[must_use]
    pub const fn feature(self) -> FeatureId {
        match self {
            Self::Base => PERFORMED,
            Self::Generic(feature) | Self::Feature(feature) => feature,
        }
    }
}

/// Everything of an area that a scheme reads: base practices, then generic practices of levels 2 to
/// 5, then the features that the scheme lets be rated as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Whether the model lists all base practices; where not, no level can be determined.
    pub complete: bool,
    /// What can be rated, with the part it plays.
    pub targets: Vec<(Target, Role)>,
    /// What all or nothing counts while nobody has judged anything.
    unread: Tally,
}

impl Outline {
    /// An outline of targets with the part each plays; `complete` says whether these are all base
    /// practices that the area has.
    #[must_use]
    pub fn new(complete: bool, targets: Vec<(Target, Role)>) -> Self {
        let unread = Reading::default();
        let tally = Tally::of(targets.iter().map(|(_, role)| (*role, &unread)));
        Self { complete, targets, unread: tally }
    }

    /// What a scheme reads of an area.
    ///
    /// GP 1.1.1 says the same as "every base practice" and is not asked for, nor is its feature.
    #[must_use]
    pub fn of(model: &Catalog, area: &Area, scheme: Scheme) -> Self {
        let target = |practice| Target { model: model.id().clone(), practice };
        let base = area.base_practices.iter().map(|base| (base.target.clone(), Role::Base));
        let generic =
            model.generic_practices().iter().filter(|generic| generic.id.feature.level > 1);
        let generic = generic.map(|generic| {
            let role = Role::Generic(generic.id.feature);
            (target(Practice::Generic(area.id, generic.id)), role)
        });
        let mut targets: Vec<(Target, Role)> = base.chain(generic).collect();
        if scheme.rates_features() {
            let features = model.features().iter().map(|feature| feature.id);
            let features = features.filter(|feature| *feature != PERFORMED);
            targets.extend(features.map(|feature| {
                (target(Practice::Feature(area.id, feature)), Role::Feature(feature))
            }));
        }
        Self::new(area.complete, targets)
    }

    /// How many of the targets are base practices; they come first.
    #[must_use]
    pub fn base_practices(&self) -> usize {
        self.targets.iter().take_while(|(_, role)| *role == Role::Base).count()
    }
}

/// Ratings in force, each of a process instance or of the unit as a whole: one, as a rule.
pub type Values = SmallVec<[(Option<Label>, Value); 1]>;

/// One target as the scheme reads it at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The ratings in force on the scheme's own scale, one for each process instance that was
    /// rated, ordered by instance; none if it is not rated.
    pub values: Values,
    /// Whether valid evidence stands behind it.
    pub supported: bool,
}

/// An area's two levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The level that was judged.
    pub rated: LevelAnswer,
    /// The level that valid evidence still supports.
    pub ongoing: LevelAnswer,
}

impl Levels {
    /// The same answer to both questions.
    #[must_use]
    pub const fn both(answer: LevelAnswer) -> Self {
        Self { rated: answer, ongoing: answer }
    }
}

/// The levels of an area of which nothing is known: not rated, or where the model does not list what
/// the scheme needs, not determinable whatever is known.
#[must_use]
pub fn unrated(model: &Catalog, area: &Area) -> Levels {
    let has = |level: u8| model.generic_practices().iter().any(|one| one.id.feature.level == level);
    let determinable =
        area.complete && !area.base_practices.is_empty() && (2..=sse_cmm::HIGHEST).all(has);
    let nothing = if determinable { LevelAnswer::NotRated } else { LevelAnswer::NotDeterminable };
    Levels::both(nothing)
}

/// The levels of an area; `readings` are of the outline's targets, in its order.
#[must_use]
pub fn levels(rules: &Rules, outline: &Outline, readings: &[&Reading]) -> Levels {
    if !outline.complete {
        return Levels::both(LevelAnswer::NotDeterminable);
    }
    match rules.scheme {
        Scheme::SseCmm => sse_cmm::levels(outline, readings),
        Scheme::Nplf33020(nplf) => nplf::levels(nplf, outline, readings),
    }
}

/// The levels of an area while its targets are read otherwise, one after another.
pub(crate) struct Leveling<'a> {
    rules: &'a Rules,
    outline: &'a Outline,
    /// What the scheme `nplf-33020` reads of each target; none for other schemes.
    readings: Vec<&'a Reading>,
    /// What the scheme `sse-cmm` counts.
    tally: Tally,
}

impl<'a> Leveling<'a> {
    /// Every target of the outline is `unread`: nobody has rated it.
    pub(crate) fn begin(rules: &'a Rules, outline: &'a Outline, unread: &'a Reading) -> Self {
        let readings = match rules.scheme {
            Scheme::SseCmm => Vec::new(),
            Scheme::Nplf33020(_) => vec![unread; outline.targets.len()],
        };
        Self { rules, outline, readings, tally: outline.unread }
    }

    /// The target with this number in the outline is read so from now on, and was read as `before`.
    ///
    /// Returns whether the levels may be others now.
    pub(crate) fn read(&mut self, number: usize, before: &Reading, reading: &'a Reading) -> bool {
        if let Some(slot) = self.readings.get_mut(number) {
            *slot = reading;
            return true;
        }
        let target = self.outline.targets.get(number);
        target.is_some_and(|(_, role)| self.tally.read_anew(*role, before, reading))
    }

    /// The levels now.
    pub(crate) fn levels(&self) -> Levels {
        match self.rules.scheme {
            Scheme::SseCmm if self.outline.complete => self.tally.levels(),
            _ => levels(self.rules, self.outline, &self.readings),
        }
    }
}
