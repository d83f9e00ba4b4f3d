//! Explanations: everything behind the levels of an area at any coordinate.

use std::sync::Arc;

use gradus_capsule::claim::Claim;
use gradus_domain::cause::Cause;
use gradus_domain::explain::{Counts, Explanation, ItemBehind, PracticeBehind, RatingBehind};
use gradus_domain::explain::{WhyNot, WhyPassedOver, explain};
use gradus_domain::forecast::Change;
use gradus_domain::lift::{LevelStep, Met, Need};
use gradus_model::rating::Value;
use gradus_model::{Digest, Timestamp, UnitId};

use crate::access::Caller;
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::levels::areas_of;
use crate::service::Service;
use crate::units::AskedArea;

/// Everything behind the levels of an area, and what it was answered with.
#[derive(Clone, Debug)]
pub struct ExplainAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The digest over question and facts.
    pub digest: Digest,
    /// The explanation, with the model and rules that answered.
    pub explanation: Explanation,
}

impl Service {
    /// Everything behind the levels of an area.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules, and
    /// [`ServiceError::NoAnswer`] where no model or rules are in force, or the unit was not
    /// registered yet.
    pub async fn explain(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        area: AskedArea,
    ) -> Result<ExplainAnswer, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(by, unit)?;
        let at = coordinate.at();
        let rules = self.rules_named(asked.rules.as_deref())?;
        self.recalled(unit).await?;
        self.apart(move |service| {
            let explained = service.grounded(rules.as_ref(), |ground| {
                explain(ground.world, unit, area.area, at, rules.as_ref())
            });
            let unknown = || ServiceError::not_found("area", &area);
            let explanation = explained?.ok_or_else(unknown)?;
            // An area that names a model means that one.
            areas_of(&explanation.basis.catalog, std::slice::from_ref(&area))?;
            let mut claim = Claim::new(service.log_id, "explain", at);
            claim.unit(Some(unit));
            state(&mut claim, &explanation);
            let digest = claim.digest();
            Ok(ExplainAnswer { unit, coordinate, digest, explanation })
        })
        .await
    }
}

fn state(claim: &mut Claim, of: &Explanation) {
    claim.documents(Some(of.basis.model.digest), Some(of.basis.rules.digest));
    claim.answer(&of.answer).unit(Some(of.answered_by));
    claim.position(of.tailored_out.map(|out| out.position));
    claim.count(of.practices.len());
    for practice in &of.practices {
        state_practice(claim, practice);
    }
    claim.count(of.derivation.len());
    for step in &of.derivation {
        state_step(claim, step);
    }
    state_lift(claim, of.lift_rated.as_deref());
    state_lift(claim, of.lift_ongoing.as_deref());
    claim.count(usize::from(of.falls_next.is_some()));
    if let Some(Change { instant, before, after, causes }) = &of.falls_next {
        claim.moment(*instant).state(before.as_ref()).state(after.as_ref());
        state_causes(claim, causes);
    }
}

fn state_practice(claim: &mut Claim, of: &PracticeBehind) {
    claim.practice(&of.target).count(of.ratings.len());
    for rating in &of.ratings {
        state_rating(claim, rating);
    }
    claim.count(of.passed_over.len());
    for (rating, why) in &of.passed_over {
        state_rating(claim, rating);
        claim.word(passed_over(*why));
    }
    claim.count(of.evidence.len());
    for item in &of.evidence {
        state_item(claim, item);
    }
}

fn state_rating(claim: &mut Claim, of: &RatingBehind) {
    claim.position(Some(of.position)).number(value(of.value)).moment(of.effective_at);
    claim.number(of.speaks_until.map_or(0, Timestamp::micros));
    // Only where there is something to tell, so that no answer of before has another digest.
    for relaxed in &of.standing.relaxed {
        claim.word(relaxed.pair.name()).position(relaxed.evidence.map(|(_, position)| position));
    }
    if let Some((conflict, on)) = of.standing.conflict {
        claim.word("conflict").position(Some(conflict.position)).unit(Some(on));
        claim.moment(conflict.since);
    }
}

fn state_item(claim: &mut Claim, of: &ItemBehind) {
    claim.position(Some(of.position)).position(of.decided_at);
    claim.word(of.kind.name()).word(of.outcome.name()).word(of.strength.name());
    claim.moment(of.work_from).moment(of.work_to).moment(of.valid_until);
    claim.word(counting(of.counts));
    // The word tells that a position follows; no other answer has one here.
    if let Counts::Not(WhyNot::Distrusted { by }) = of.counts {
        claim.position(Some(by));
    }
}

fn state_step(claim: &mut Claim, of: &LevelStep) {
    claim.number(of.level.into()).word(met(of.rated)).word(met(of.ongoing));
    claim.count(of.features.len());
    for feature in &of.features {
        claim.number(feature.feature.level.into()).number(feature.feature.number.into());
        for bounds in [feature.rated, feature.ongoing] {
            claim.number(value(bounds.at_least)).number(value(bounds.at_most));
        }
        claim.number(feature.open.into()).number(feature.as_a_whole.into());
    }
}

fn state_lift(claim: &mut Claim, needs: Option<&[Need]>) {
    let Some(needs) = needs else {
        claim.position(None);
        return;
    };
    claim.count(needs.len());
    for need in needs {
        claim.practice(&need.target);
        claim.number(need.rate.as_ref().map_or(0, |rate| value(rate.to)));
        claim.number(need.support.into());
    }
}

/// States what a movement is due to.
pub(crate) fn state_causes(claim: &mut Claim, causes: &[Cause]) {
    claim.count(causes.len());
    for Cause { class, late, position, practice, unit, .. } in causes {
        claim.word(class.name()).number((*late).into()).position(*position);
        claim.count(usize::from(practice.is_some()));
        if let Some(practice) = practice {
            claim.practice(practice);
        }
        claim.unit(Some(*unit));
    }
}

fn value(of: Value) -> i64 {
    of.number().into()
}

const fn met(of: Met) -> &'static str {
    match of {
        Met::Yes => "yes",
        Met::No => "no",
        Met::Open => "open",
    }
}

/// Why a rating that had begun does not count, in a word.
#[must_use]
pub const fn passed_over(why: WhyPassedOver) -> &'static str {
    match why {
        WhyPassedOver::NotRead => "not-read",
        WhyPassedOver::Withdrawn => "withdrawn",
        WhyPassedOver::Ended { .. } => "ended",
        WhyPassedOver::Replaced { .. } => "replaced",
        WhyPassedOver::PersonWins => "person-wins",
    }
}

/// Why an item does not count, in a word; empty if it counts.
#[must_use]
pub const fn why_not(counts: Counts) -> &'static str {
    let Counts::Not(why) = counts else { return "" };
    match why {
        WhyNot::Distrusted { .. } => "distrusted",
        WhyNot::Withdrawn => "withdrawn",
        WhyNot::Rejected => "rejected",
        WhyNot::NotAccepted => "not-reviewed",
        WhyNot::TooWeak => "too-weak",
        WhyNot::Inconclusive => "inconclusive",
        WhyNot::NotBegun => "not-begun",
        WhyNot::Over { .. } => "over",
    }
}

const fn counting(counts: Counts) -> &'static str {
    match counts {
        Counts::For => "for",
        Counts::Against => "against",
        Counts::Not(_) => why_not(counts),
    }
}
