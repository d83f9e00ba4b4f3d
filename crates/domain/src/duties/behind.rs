//! What ratings stand under that their readers should know: duties in one hand where rules relaxed
//! it, and declared conflicts of interest.
//!
//! A relaxation is told as it was when the facts were recorded: of a rating by the rules in force at
//! its effective time and the items known at its position, of a review by those when it was recorded. What
//! was recorded before any rules spoke of duties has none. A conflict of interest is told as it is
//! known at the point asked about, so that one that is declared late still shows.

use std::collections::BTreeSet;

use gradus_model::{AppraisalId, Catalog, EvidenceId, Name, Timestamp, UnitId};

use super::{Conflict, Pair, resting};
use crate::history::{EvidenceHistory, RatingHistory, UnitHistory};
use crate::in_force::{in_force, in_force_since};
use crate::level::AreaAnswer;
use crate::rules::Rules;
use crate::scheme::Outline;
use crate::sse_cmm::LevelAnswer;
use crate::timeline::At;
use crate::world::{World, rules_in_force};

/// Duties in one hand, as rules relaxed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relaxed {
    /// The duties.
    pub pair: Pair,
    /// The rules that relaxed them.
    pub rules: Name,
    /// Why they did.
    pub reason: String,
    /// The first item that the rating rests on and that was in one hand so; none for a conflict of
    /// interest.
    pub evidence: Option<(EvidenceId, u64)>,
}

/// What a rating stands under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Duties in one hand, each pair once and in their order.
    pub relaxed: Vec<Relaxed>,
    /// The rater's conflict of interest at the rating's effective time, and on which unit it was
    /// declared.
    pub conflict: Option<(Conflict, UnitId)>,
}

impl Standing {
    /// Whether there is nothing to be told.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.relaxed.is_empty() && self.conflict.is_none()
    }
}

/// How many ratings in force are to be told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Those with duties in one hand.
    pub relaxed: u32,
    /// Those of a rater with a declared conflict of interest.
    pub conflicted: u32,
    /// Those of appraisals that were conducted elsewhere and brought in.
    pub imported: u32,
}

impl Told {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            relaxed: self.relaxed.saturating_add(other.relaxed),
            conflicted: self.conflicted.saturating_add(other.conflicted),
            imported: self.imported.saturating_add(other.imported),
        }
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        self.relaxed == 0 && self.conflicted == 0 && self.imported == 0
    }
}

/// Looks at the ratings of one unit.
pub struct Onlooker<'a> {
    world: &'a dyn World,
    unit: UnitId,
    size: u64,
    /// Whether there can be anything to tell: most often there is not, and no item is looked at.
    any_relaxed: bool,
    any_conflict: bool,
}

impl<'a> Onlooker<'a> {
    /// Who looks at a unit's ratings, as known with `size` records.
    #[must_use]
    pub fn new(world: &'a dyn World, unit: UnitId, size: u64) -> Self {
        let above = world.registry().ever_above(unit, size);
        let settings = || above.iter().filter_map(|unit| Some(&world.history(*unit)?.settings));
        let any_conflict = settings().any(|settings| !settings.interests.is_empty());
        let adopted = settings().flat_map(|settings| settings.rules.iter());
        let any_relaxed = adopted
            .filter_map(|stated| world.rules(&stated.value.digest))
            .any(|rules| rules.duties.relax_any());
        Self { world, unit, size, any_relaxed, any_conflict }
    }

    /// Whether nothing is to be told of any rating.
    #[must_use]
    pub const fn sees_nothing(&self) -> bool {
        !self.any_relaxed && !self.any_conflict
    }

    /// What a rating of the unit stands under.
    #[must_use]
    pub fn of(&self, history: &UnitHistory, rating: &RatingHistory) -> Standing {
        let mut standing = Standing::default();
        if self.any_conflict && rating.rating.basis.is_none() {
            standing.conflict = self.conflict(rating);
        }
        if self.any_relaxed {
            let at = At { valid_at: rating.effective_at, size: rating.position };
            let rules = rules_in_force(self.world, self.unit, at);
            standing.relaxed = self.relaxed(history, rating, at, rules.as_deref());
        }
        standing
    }

    fn conflict(&self, rating: &RatingHistory) -> Option<(Conflict, UnitId)> {
        let at = At { valid_at: rating.effective_at, size: self.size };
        let lineage = self.world.registry().lineage(self.unit, at);
        lineage.into_iter().find_map(|unit| {
            let settings = &self.world.history(unit)?.settings;
            Some((settings.conflict_of(rating.actor, at)?, unit))
        })
    }

    fn relaxed(
        &self,
        history: &UnitHistory,
        rating: &RatingHistory,
        at: At,
        rules: Option<&Rules>,
    ) -> Vec<Relaxed> {
        let by_a_person = rating.rating.basis.is_none() && rating.rating.appraisal.is_none();
        let mut found: Vec<Relaxed> = Vec::new();
        let mut tell = |pair: Pair, rules: Option<&Rules>, item: Option<&EvidenceHistory>| {
            let reason = rules.and_then(|rules| Some((rules, rules.duties.relaxed(pair)?)));
            if let Some((rules, reason)) = reason
                && found.iter().all(|known| known.pair != pair)
            {
                let evidence = item.map(|item| (item.id, item.position));
                let (rules, reason) = (rules.id.clone(), reason.to_owned());
                found.push(Relaxed { pair, rules, reason, evidence });
            }
        };
        for item in resting(history, &rating.rating, at, rules, self.world.registry()) {
            let acceptance = item.accepted_by(at.size);
            if let Some(acceptance) = acceptance.filter(|one| one.by == item.provider) {
                let at = At { valid_at: acceptance.effective_at, size: acceptance.position };
                let then = rules_in_force(self.world, self.unit, at);
                tell(Pair::ProviderReviews, then.as_deref(), Some(item));
            }
            if by_a_person && item.provider == rating.actor {
                tell(Pair::ProviderRates, rules, Some(item));
            }
            if by_a_person && acceptance.is_some_and(|one| one.by == rating.actor) {
                tell(Pair::ReviewerRates, rules, Some(item));
            }
        }
        if by_a_person && self.any_conflict {
            let known = Self { size: at.size, ..*self };
            if known.conflict(rating).is_some() {
                tell(Pair::ConflictedRates, rules, None);
            }
        }
        found.sort_by_key(|relaxed| relaxed.pair);
        found
    }
}

/// How many ratings in force at a point, or at any moment since, are to be told of, of those that
/// answer for some areas of a unit by its rules.
///
/// `since` is the first moment of a span that ends at the point, where levels over one are shown; the
/// areas are those of the point.
/// `imported` are the appraisals that were brought in. Where there are none, no rules that were ever
/// adopted relax anything and no conflict was declared, nothing is looked at.
pub fn told<'a>(
    world: &dyn World,
    unit: UnitId,
    (since, at): (Option<Timestamp>, At),
    (catalog, rules, imported): (&Catalog, &Rules, &BTreeSet<AppraisalId>),
    areas: impl Iterator<Item = &'a AreaAnswer>,
) -> Told {
    let mut told = Told::default();
    let mut onlookers: Vec<(UnitId, Onlooker<'_>)> = Vec::new();
    for area in areas.filter(|area| area.rated != LevelAnswer::NotApplicable) {
        let by = area.inherited_from.unwrap_or(unit);
        if !onlookers.iter().any(|(unit, _)| *unit == by) {
            onlookers.push((by, Onlooker::new(world, by, at.size)));
        }
        let sees = |one: &Onlooker<'_>| !one.sees_nothing() || !imported.is_empty();
        let onlooker = onlookers.iter().find(|(unit, one)| *unit == by && sees(one));
        let history = world.history(by).zip(onlooker);
        let Some((history, (_, onlooker))) = history else { continue };
        let Some(of_model) = catalog.area(area.area) else { continue };
        let outline = Outline::of(catalog, of_model, rules.scheme);
        let ratings = outline.targets.iter().flat_map(|(of, _)| match since {
            None => in_force(history, of, rules, at),
            Some(since) => in_force_since(history, of, rules, (since, at)),
        });
        for rating in ratings {
            let standing = onlooker.of(history, rating);
            let appraisal = rating.rating.appraisal;
            told.imported += u32::from(appraisal.is_some_and(|id| imported.contains(&id)));
            told.relaxed += u32::from(!standing.relaxed.is_empty());
            told.conflicted += u32::from(standing.conflict.is_some());
        }
    }
    told
}
