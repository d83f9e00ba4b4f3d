//! Separation of duties: who provided evidence does not accept it, and who rates did neither.
//!
//! It is checked when a fact is recorded, by the rules in force for the unit at the fact's effective
//! time, and never again: no level of the past depends on it. Rules may relax a pair of duties, each
//! with a reason; what was recorded so stays visible ([`behind`]).
//!
//! **What a rating rests on** are the items that it cites; where it cites none, the items linked to
//! its practice that speak for or against it by those rules, as told then, at its effective time or
//! later: the rating stays in force, so that dating it to before the work changes nothing. Items that
//! wait for a review are looked at, too, since somebody else may accept them; those that were
//! rejected, are too weak or say nothing are not. The other order of the same deeds is [`vouching`].
//!
//! The rule rater and evidence that counts on arrival are nobody's judgment: what a rule rated is in
//! nobody's hand, and what nobody accepted has no reviewer.

pub mod behind;
pub mod vouching;

use std::collections::BTreeMap;
use std::fmt;

use gradus_model::appraisal::Subject;
use gradus_model::catalog::Catalog;
use gradus_model::evidence::Outcome;
use gradus_model::rating::{Rating, Value};
use gradus_model::unit::PrincipalKind;
use gradus_model::{EvidenceId, PrincipalId, RatingId, Target, Timestamp};

use crate::coverage::{Providers, testimony, valid_until};
use crate::evidence::{Held, Standing};
use crate::history::{EvidenceHistory, UnitHistory};
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::timeline::At;
use crate::unit::{Draft, record_unless};

use vouching::Deed;

/// Two duties, or a duty and an interest, that lie in one hand only where rules relax it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pair {
    /// Who provided an item accepts it.
    ProviderReviews,
    /// Who provided an item rates what rests on it.
    ProviderRates,
    /// Who accepted an item rates what rests on it.
    ReviewerRates,
    /// Who has a declared conflict of interest rates.
    ConflictedRates,
}

impl Pair {
    /// Every pair.
    pub const ALL: [Self; 4] =
        [Self::ProviderReviews, Self::ProviderRates, Self::ReviewerRates, Self::ConflictedRates];

    /// The pair as rules write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProviderReviews => "provider-reviews",
            Self::ProviderRates => "provider-rates",
            Self::ReviewerRates => "reviewer-rates",
            Self::ConflictedRates => "conflicted-rates",
        }
    }

    /// The pair with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pair| pair.name() == name)
    }

    /// What the principal would do.
    #[must_use]
    pub const fn tried(self) -> &'static str {
        match self {
            Self::ProviderReviews => "accept it",
            Self::ProviderRates | Self::ReviewerRates => "rate what rests on it",
            Self::ConflictedRates => "rate",
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which duties rules relax, all others being kept apart; and whether they refuse ratings of which
/// nobody can show that they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Duties {
    relaxed: BTreeMap<Pair, String>,
    imports_refused: Option<String>,
}

impl Duties {
    /// Why a pair may lie in one hand, if it may.
    #[must_use]
    pub fn relaxed(&self, pair: Pair) -> Option<&str> {
        self.relaxed.get(&pair).map(String::as_str)
    }

    /// Whether any pair may.
    #[must_use]
    pub fn relax_any(&self) -> bool {
        !self.relaxed.is_empty()
    }

    /// Why appraisals that were conducted elsewhere may not be brought in, if they may not.
    #[must_use]
    pub fn imports_refused(&self) -> Option<&str> {
        self.imports_refused.as_deref()
    }

    pub(crate) fn refuse_imports(&mut self, reason: String) {
        self.imports_refused = Some(reason);
    }

    pub(crate) fn relax(&mut self, pair: Pair, reason: String) {
        self.relaxed.insert(pair, reason);
    }
}

/// What was said last of a principal's interest in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// They have one.
    Declared {
        /// The first instant at which it is over; open if there is none.
        until: Option<Timestamp>,
    },
    /// They have none.
    Withdrawn,
}

/// A conflict of interest that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Whose it is.
    pub principal: PrincipalId,
    /// Since when.
    pub since: Timestamp,
    /// The first instant at which it is over, if that is known.
    pub until: Option<Timestamp>,
    /// Where it was recorded.
    pub position: u64,
}

/// What is in force for a unit when a proposal takes effect.
#[derive(Clone, Copy)]
pub struct Under<'a> {
    /// The model.
    pub model: Option<&'a Catalog>,
    /// The rules; without any, no duties are relaxed, and only cited items are looked at.
    pub rules: Option<&'a Rules>,
    /// What is known of those who provide evidence.
    pub providers: &'a dyn Providers,
    /// The actor's conflict of interest that was declared on a unit above this one, and in force at
    /// any moment from the effective time to now.
    pub conflict_above: Option<Conflict>,
}

/// While nobody is known.
struct Nobody;

impl Providers for Nobody {
    fn kind(&self, _: PrincipalId) -> Option<PrincipalKind> {
        None
    }

    fn distrust(&self, _: &EvidenceHistory, _: u64) -> Option<u64> {
        None
    }
}

impl Default for Under<'_> {
    fn default() -> Self {
        Self { model: None, rules: None, providers: &Nobody, conflict_above: None }
    }
}

impl fmt::Debug for Under<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model.map(Catalog::id);
        let rules = self.rules.map(|rules| &rules.id);
        f.debug_struct("Under")
            .field("model", &model)
            .field("rules", &rules)
            .finish_non_exhaustive()
    }
}

impl Under<'_> {
    fn keeps_apart(&self, pair: Pair) -> bool {
        self.rules.is_none_or(|rules| rules.duties.relaxed(pair).is_none())
    }

    fn refusal(&self, pair: Pair, had: Deed, evidence: EvidenceId) -> Refusal {
        let rules = self.rules.map(|rules| rules.id.clone());
        Refusal::DutiesNotSeparate { pair, had, evidence, rules }
    }
}

/// An item that a rating rests on, and in whose hands it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hands {
    pub(crate) evidence: EvidenceId,
    pub(crate) provider: PrincipalId,
    /// Who accepted it, if it is accepted.
    pub(crate) reviewer: Option<PrincipalId>,
    /// Who vouched for it besides.
    pub(crate) confirmed_by: Vec<PrincipalId>,
}

/// Refuses that an item is accepted by who provided it, unless the rules relax that.
pub(crate) fn review(
    on: &Occasion,
    under: &Under<'_>,
    evidence: EvidenceId,
    provider: PrincipalId,
) -> Result<(), Refusal> {
    let pair = Pair::ProviderReviews;
    if provider == on.actor.principal && under.keeps_apart(pair) {
        return Err(under.refusal(pair, Deed::Provide, evidence));
    }
    Ok(())
}

/// Refuses that a practice is rated by who provided, accepted or confirmed what the rating rests on, or has a
/// conflict of interest, unless the rules relax that.
pub(crate) fn rate(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    rating: &Rating,
    effective_at: Timestamp,
) -> Result<(), Refusal> {
    // What a rule rated is in nobody's hand, and what an appraisal agreed on was judged before.
    if rating.basis.is_some() || rating.appraisal.is_some() {
        return Ok(());
    }
    let rater = on.actor.principal;
    // Dated back, a rating is given today all the same, and stands for all that lies between.
    let given = on.now.max(effective_at);
    let own = || draft.settings().conflict_between(rater, effective_at, given);
    if under.keeps_apart(Pair::ConflictedRates)
        && let Some(conflict) = own().or(under.conflict_above)
    {
        let Conflict { since, until, .. } = conflict;
        let rules = under.rules.map(|rules| rules.id.clone());
        return Err(Refusal::ConflictOfInterest { since, until, rules });
    }
    let provider = under.keeps_apart(Pair::ProviderRates);
    let reviewer = under.keeps_apart(Pair::ReviewerRates);
    if !provider && !reviewer {
        return Ok(());
    }
    let apart = |hands: Hands| {
        let Hands { evidence, .. } = hands;
        if provider && hands.provider == rater {
            return Err(under.refusal(Pair::ProviderRates, Deed::Provide, evidence));
        }
        if reviewer && hands.reviewer == Some(rater) {
            return Err(under.refusal(Pair::ReviewerRates, Deed::Accept, evidence));
        }
        if reviewer && hands.confirmed_by.contains(&rater) {
            return Err(under.refusal(Pair::ReviewerRates, Deed::Confirm, evidence));
        }
        Ok(())
    };
    each_hand(draft, under, rating, effective_at, apart)
}

/// Refuses an individual rating of an appraisal by who provided or accepted what it rests on at the
/// moment `at`, or has a conflict of interest, unless the rules relax that.
///
/// # Errors
///
/// The [`Refusal`] that a rating of ordinary work would get.
pub fn appraise(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    (subject, evidence): (&Subject, &[EvidenceId]),
    at: Timestamp,
) -> Result<(), Refusal> {
    // Only what is rated and what is cited is looked at.
    let rating = Rating {
        rating: RatingId([0; 16]),
        target: subject.target.clone(),
        value: Value::Satisfied,
        instance: subject.instance.clone(),
        appraisal: None,
        basis: None,
        evidence: evidence.to_vec(),
    };
    rate(draft, on, under, &rating, at)
}

/// Tells in whose hands each item was that a rating rests on, up to the first refusal.
fn each_hand(
    draft: &Draft<'_>,
    under: &Under<'_>,
    rating: &Rating,
    effective_at: Timestamp,
    mut tell: impl FnMut(Hands) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if !rating.evidence.is_empty() {
        let mut cited = rating.evidence.iter().filter_map(|id| Some((*id, draft.held(*id)?)));
        return cited.try_for_each(|(id, held)| tell(held.hands(id)));
    }
    let Some(rules) = under.rules else { return Ok(()) };
    if let Some(past) = draft.past {
        let told = past.evidence_for(&rating.target, u64::MAX);
        let told = told.filter(|item| draft.newer(item.id).is_none());
        for item in told {
            if may_speak(item, &rating.target, effective_at, rules, under.providers) {
                let (evidence, provider) = (item.id, item.provider);
                let reviewer = item.accepted_by(u64::MAX).map(|acceptance| acceptance.by);
                let confirmed_by = item.confirmed_by(u64::MAX).collect();
                tell(Hands { evidence, provider, reviewer, confirmed_by })?;
            }
        }
    }
    let speaks = |held: &Held| held.may_speak(&rating.target, effective_at, rules);
    let mut unread = draft.unread().filter(|(_, held)| speaks(held));
    unread.try_for_each(|(id, held)| tell(held.hands(*id)))
}

/// Whether an item that readers have taken in speaks for or against a practice at a moment or later,
/// or would if it were accepted.
fn may_speak(
    item: &EvidenceHistory,
    target: &Target,
    at: Timestamp,
    rules: &Rules,
    providers: &dyn Providers,
) -> bool {
    let until = valid_until(item, target, u64::MAX, rules);
    matches!(item.standing(u64::MAX), Standing::Submitted | Standing::Accepted)
        && item.outcome != Outcome::Inconclusive
        && item.strength >= rules.minimum_strength
        && item.work_from < until
        && at < until
        && providers.distrust(item, u64::MAX).is_none()
}

/// What the rules say to a proposal on a conflict of interest.
pub(crate) fn interest(
    draft: &Draft<'_>,
    principal: PrincipalId,
    declared: Option<Interest>,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let at = At::with_everything(proposal.effective_at);
    let settings = draft.settings();
    let conflict = settings.conflict_of(principal, at);
    let Some(Interest::Declared { until }) = declared else {
        if !settings.interests.contains_key(&principal) {
            return Err(Refusal::ConflictNotDeclared(principal));
        }
        return Ok(record_unless(conflict.is_none()));
    };
    if proposal.payload.is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    if let Some(seen) = until
        && seen <= proposal.effective_at
    {
        let (field, from) = ("until", proposal.effective_at);
        return Err(Refusal::EndBeforeStart { field, seen, from });
    }
    let same = |known: Conflict| known.until == until && proposal.repeats(known.since);
    Ok(record_unless(conflict.is_some_and(same)))
}

/// The items that a rating rests on, as a history tells it at a point: the effective time of the
/// rating, and what was known.
pub(crate) fn resting<'a>(
    history: &'a UnitHistory,
    rating: &'a Rating,
    at: At,
    rules: Option<&'a Rules>,
    providers: &'a dyn Providers,
) -> impl Iterator<Item = &'a EvidenceHistory> {
    let cited = rating.evidence.iter().filter_map(|id| history.item(*id));
    let cited = cited.filter(move |item| item.position < at.size);
    let counting =
        rules.filter(|_| rating.evidence.is_empty()).into_iter().flat_map(move |rules| {
            let linked = history.evidence_for(&rating.target, at.size);
            linked.filter(move |item| {
                testimony(item, &rating.target, at.size, rules, providers).is_some_and(
                    |testimony| {
                        testimony.says_anything()
                            && testimony.from <= at.valid_at
                            && at.valid_at < testimony.until
                    },
                )
            })
        });
    cited.chain(counting)
}
