//! What may be recorded in the stream of an appraisal.

pub(super) mod input;

use std::sync::Arc;

use gradus_model::appraisal::{Part, Subject};
use gradus_model::event::{
    AppraisalClosed, ConsensusReached, FindingRecorded, IndividualRatingSealed,
    IndividualRatingsRevealed,
};
use gradus_model::rating::Value;
use gradus_model::{
    AppraisalId, Catalog, Event, EvidenceId, Practice, PrincipalId, Timestamp, UnitId,
};

use self::input::{Conduct, is_sound, once};
use super::import::import;
use super::scope::{area_in_scope, unsettled};
use super::{
    ABSTAINED, Appraisal, AppraisalRefusal as Refused, Appraisals, CARRIED, State, dissent_field,
};
use crate::evidence::bounded;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::rating::{MOST_EVIDENCE, is_derived};
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::rules::Rules;
use crate::unit::{by_a_person, known_practice};

/// Ratings of one unit that take effect in one call.
pub const MOST_RATINGS: usize = 900;

/// Subjects that one event reveals.
pub const MOST_REVEALED: usize = 16;

/// What an appraisal is decided on.
pub struct Scene<'a> {
    /// The organization.
    pub registry: &'a Registry,
    /// All appraisals.
    pub appraisals: &'a Appraisals,
    /// The position of the next record.
    pub size: u64,
    /// What a unit is measured by at a moment.
    pub basis: &'a dyn Fn(UnitId, Timestamp) -> Option<(Arc<Catalog>, Arc<Rules>)>,
    /// Where an item of a unit was recorded, if readers know it.
    pub evidence: &'a dyn Fn(UnitId, EvidenceId) -> Option<u64>,
    /// The value that the rating of an earlier appraisal, recorded at a position, proposes.
    pub carried: &'a dyn Fn(&Appraisal, &Subject, u64) -> Option<Value>,
}

/// What the rules say to a proposal for an appraisal's stream.
///
/// # Errors
///
/// A [`Refusal`] with the reason; nothing changes then.
pub fn decide(scene: &Scene<'_>, on: &Occasion, proposal: &Proposal) -> Result<Verdict, Refusal> {
    by_a_person(on, "take part in an appraisal")?;
    let actor = on.actor.principal;
    match &proposal.event {
        Event::AppraisalOpened(of) => {
            let valid_at = of.input.base.map_or(proposal.effective_at, |base| base.valid_at);
            is_sound(scene, on, &of.input, (Conduct::Now, valid_at))?;
            Ok(Verdict::Record)
        }
        Event::AppraisalImported(of) => import(scene, on, of, proposal),
        Event::AppraisalChanged(of) => {
            let known = at_work(scene, of.appraisal)?;
            theirs(actor == known.input.sponsor, "the sponsor", "change the input")?;
            let valid_at = of.input.base.unwrap_or(known.base).valid_at;
            is_sound(scene, on, &of.input, (Conduct::Now, valid_at))?;
            Ok(Verdict::Record)
        }
        Event::IndividualRatingSealed(of) => seal(scene, actor, of, proposal),
        Event::IndividualRatingsRevealed(of) => reveal(scene, actor, of),
        Event::ConsensusReached(of) => agree(scene, actor, of, proposal),
        Event::FindingRecorded(of) => find(scene, actor, of, proposal),
        Event::AppraisalSignedOff(of) => sign_off(scene, on, of.appraisal, proposal),
        Event::AppraisalClosed(of) => close(scene, actor, of, proposal),
        Event::AppraisalCancelled(of) => {
            let known = known(scene, of.appraisal)?;
            theirs(actor == known.input.sponsor, "the sponsor", "cancel it")?;
            match known.state() {
                State::Cancelled => return Ok(Verdict::AlreadySo),
                State::Closed => return Err(Refused::Over(State::Closed).into()),
                State::Open | State::SignedOff if !known.closed.is_empty() => {
                    return Err(Refused::PartlyClosed.into());
                }
                State::Open | State::SignedOff => (),
            }
            reason_given(proposal, "reason")?;
            Ok(Verdict::Record)
        }
        // The writer sends no other event here.
        _ => Ok(Verdict::Record),
    }
}

fn known<'a>(scene: &Scene<'a>, id: AppraisalId) -> Result<&'a Appraisal, Refusal> {
    scene.appraisals.get(id).ok_or(Refusal::AppraisalUnknown)
}

/// An appraisal of which nothing took effect yet.
fn at_work<'a>(scene: &Scene<'a>, id: AppraisalId) -> Result<&'a Appraisal, Refusal> {
    let known = known(scene, id)?;
    match known.state() {
        over @ (State::Closed | State::Cancelled) => Err(Refused::Over(over).into()),
        State::Open | State::SignedOff if known.closed.is_empty() => Ok(known),
        State::Open | State::SignedOff => Err(Refused::PartlyClosed.into()),
    }
}

fn theirs(so: bool, who: &'static str, what: &'static str) -> Result<(), Refusal> {
    if so { Ok(()) } else { Err(Refused::NotTheirs { who, what }.into()) }
}

fn rates(of: &Appraisal, actor: PrincipalId, what: &'static str) -> Result<(), Refusal> {
    let part = of.input.part_of(actor);
    theirs(part.is_some_and(Part::rates), "lead and members of the team", what)
}

fn leads(of: &Appraisal, actor: PrincipalId, what: &'static str) -> Result<(), Refusal> {
    theirs(of.input.part_of(actor) == Some(Part::Lead), "the lead", what)
}

fn reason_given(proposal: &Proposal, field: &str) -> Result<(), Refusal> {
    let given = proposal.payload.get(field).is_some_and(|text| !text.trim().is_empty());
    if given { Ok(()) } else { Err(Refusal::ReasonMissing) }
}

/// Whether something can be rated in an appraisal, and by which rules.
fn in_scope(
    scene: &Scene<'_>,
    of: &Appraisal,
    subject: &Subject,
    evidence: &[EvidenceId],
) -> Result<Arc<Rules>, Refusal> {
    let valid_at = of.base.valid_at;
    let unit = subject.unit;
    if !of.input.units.contains(&unit) {
        return Err(Refused::OutOfScope(unit.to_string()).into());
    }
    let (model, rules) = (scene.basis)(unit, valid_at).ok_or(Refusal::NoModel(valid_at))?;
    fits(of, subject, (&model, &rules), valid_at)?;
    cites(scene, of, &[unit], evidence)?;
    Ok(rules)
}

/// Whether something is in the scope of an appraisal, and can be rated by a model and rules.
pub(super) fn fits(
    of: &Appraisal,
    subject: &Subject,
    (model, rules): (&Catalog, &Rules),
    valid_at: Timestamp,
) -> Result<(), Refusal> {
    let Subject { target, instance, .. } = subject;
    let outside = |what: String| Refusal::from(Refused::OutOfScope(what));
    let unnamed = |named: &&gradus_model::Label| !of.input.instances.contains(*named);
    if let Some(instance) = instance.as_ref().filter(unnamed) {
        return Err(outside(instance.to_string()));
    }
    known_practice(Some(model), target, valid_at)?;
    if is_derived(target.practice) {
        return Err(Refusal::Derived(target.clone()));
    }
    if area_in_scope(of, model, target).is_none() {
        return Err(outside(target.to_string()));
    }
    if matches!(target.practice, Practice::Feature(..)) && !rules.scheme.rates_features() {
        return Err(Refused::FeatureNotRead(target.clone()).into());
    }
    Ok(())
}

/// Whether what is cited is in the frozen base.
fn cites(
    scene: &Scene<'_>,
    of: &Appraisal,
    units: &[UnitId],
    evidence: &[EvidenceId],
) -> Result<(), Refusal> {
    bounded("evidence", evidence.len(), MOST_EVIDENCE)?;
    let log_size = of.base.log_size;
    for cited in evidence {
        match units.iter().find_map(|unit| (scene.evidence)(*unit, *cited)) {
            None => return Err(Refusal::EvidenceUnknown(cited.to_string())),
            Some(position) if position >= log_size => {
                return Err(Refused::OutsideBase { evidence: *cited, log_size }.into());
            }
            Some(_) => (),
        }
    }
    Ok(())
}

pub(super) fn is_read(rules: &Rules, value: Value) -> Result<(), Refusal> {
    match rules.read(value) {
        Some(_) => Ok(()),
        None => Err(Refused::NotRead(value).into()),
    }
}

fn seal(
    scene: &Scene<'_>,
    actor: PrincipalId,
    rating: &IndividualRatingSealed,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let of = at_work(scene, rating.appraisal)?;
    rates(of, actor, "rate in it")?;
    let rules = in_scope(scene, of, &rating.subject, &rating.evidence)?;
    if of.revealed.contains_key(&rating.subject) {
        return Err(Refused::Revealed(rating.subject.target.clone()).into());
    }
    let value = match proposal.payload.get("value") {
        Some(ABSTAINED) => None,
        Some(text) => Some(text.parse::<Value>().map_err(|_| Refusal::ReasonMissing)?),
        None => return Err(Refusal::ReasonMissing),
    };
    if let Some(value) = value {
        is_read(&rules, value)?;
    }
    if let Some(text) = proposal.payload.get(CARRIED) {
        let proposed = text.parse().ok().and_then(|at| (scene.carried)(of, &rating.subject, at));
        if proposed.is_none() || proposed != value {
            let (target, position) = (rating.subject.target.clone(), text.to_owned());
            return Err(Refused::NotCarried { position, target }.into());
        }
    }
    Ok(Verdict::Record)
}

fn reveal(
    scene: &Scene<'_>,
    actor: PrincipalId,
    all: &IndividualRatingsRevealed,
) -> Result<Verdict, Refusal> {
    let of = at_work(scene, all.appraisal)?;
    rates(of, actor, "reveal ratings")?;
    bounded("subjects", all.subjects.len(), MOST_REVEALED)?;
    for subject in &all.subjects {
        let missing = of.waits_for(subject).count();
        if missing > 0 && !of.revealed.contains_key(subject) {
            let target = subject.target.clone();
            return Err(Refused::NotAllIn { target, missing }.into());
        }
    }
    let so = all.subjects.iter().all(|subject| of.revealed.contains_key(subject));
    Ok(if so { Verdict::AlreadySo } else { Verdict::Record })
}

fn agree(
    scene: &Scene<'_>,
    actor: PrincipalId,
    agreed: &ConsensusReached,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let of = at_work(scene, agreed.appraisal)?;
    leads(of, actor, "record a consensus")?;
    let rules = in_scope(scene, of, &agreed.subject, &agreed.evidence)?;
    match agreed.value {
        None => reason_given(proposal, "rationale")?,
        Some(_) if !of.revealed.contains_key(&agreed.subject) => {
            return Err(Refused::NotRevealed(agreed.subject.target.clone()).into());
        }
        Some(value) => is_read(&rules, value)?,
    }
    once("dissent", &agreed.dissent)?;
    for dissenter in &agreed.dissent {
        if !of.input.part_of(*dissenter).is_some_and(Part::rates) {
            return Err(Refused::OutOfScope(dissenter.to_string()).into());
        }
        reason_given(proposal, &dissent_field(*dissenter))
            .map_err(|_| Refused::DissentUnexplained(*dissenter))?;
    }
    let known = of.consensus.contains_key(&agreed.subject);
    let others = of.yields(agreed.subject.unit).count();
    if !known && others >= MOST_RATINGS {
        let (field, seen, limit) = ("consensus", others + 1, MOST_RATINGS);
        return Err(Refusal::TooMany { field, seen, limit });
    }
    Ok(Verdict::Record)
}

fn find(
    scene: &Scene<'_>,
    actor: PrincipalId,
    finding: &FindingRecorded,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let of = at_work(scene, finding.appraisal)?;
    rates(of, actor, "record findings")?;
    reason_given(proposal, "text")?;
    let units = match &finding.unit {
        Some(unit) if !of.input.units.contains(unit) => {
            return Err(Refused::OutOfScope(unit.to_string()).into());
        }
        Some(unit) => std::slice::from_ref(unit),
        None => &of.input.units,
    };
    if let Some(area) = &finding.area
        && !of.input.areas.iter().any(|scoped| scoped.area == *area)
    {
        return Err(Refused::OutOfScope(area.area.to_string()).into());
    }
    if let Some(practice) = &finding.practice {
        let valid_at = of.base.valid_at;
        for unit in units {
            let basis = (scene.basis)(*unit, valid_at);
            let (model, _) = basis.ok_or(Refusal::NoModel(valid_at))?;
            known_practice(Some(&model), practice, valid_at)?;
        }
    }
    cites(scene, of, units, &finding.evidence)?;
    Ok(Verdict::Record)
}

/// Everything in scope was dealt with, and nothing is still sealed.
fn sign_off(
    scene: &Scene<'_>,
    on: &Occasion,
    id: AppraisalId,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let of = at_work(scene, id)?;
    leads(of, on.actor.principal, "sign off")?;
    let stated = proposal.effective_at;
    if on.is_ahead(stated) {
        return Err(Refusal::InTheFuture { field: "effective_at", seen: stated, now: on.now });
    }
    if let Some(subject) = of.unrevealed().next() {
        return Err(Refused::NotRevealed(subject.target.clone()).into());
    }
    let mut open = Vec::new();
    for unit in &of.input.units {
        let valid_at = of.base.valid_at;
        let (model, rules) = (scene.basis)(*unit, valid_at).ok_or(Refusal::NoModel(valid_at))?;
        open.extend(unsettled(of, *unit, &model, &rules));
    }
    for subject in of.revealed.keys().filter(|subject| !of.consensus.contains_key(subject)) {
        if !open.contains(&subject.target) {
            open.push(subject.target.clone());
        }
    }
    if let Some(first) = open.first().cloned() {
        return Err(Refused::Unsettled { unsettled: open.len(), first }.into());
    }
    let again = of.signed_off.is_some_and(|signed| proposal.repeats(signed.effective_at));
    Ok(if again { Verdict::AlreadySo } else { Verdict::Record })
}

fn close(
    scene: &Scene<'_>,
    actor: PrincipalId,
    closing: &AppraisalClosed,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let of = known(scene, closing.appraisal)?;
    theirs(actor == of.input.sponsor, "the sponsor", "approve it")?;
    if !of.input.units.contains(&closing.unit) {
        return Err(Refused::OutOfScope(closing.unit.to_string()).into());
    }
    if of.closed.contains_key(&closing.unit) {
        return Ok(Verdict::AlreadySo);
    }
    if of.cancelled.is_some() {
        return Err(Refused::Over(State::Cancelled).into());
    }
    let signed = of.signed_off.ok_or(Refused::NotSignedOff)?.effective_at;
    let seen = proposal.effective_at;
    if seen != signed {
        return Err(Refused::OtherDate { seen, signed }.into());
    }
    let agreed = of.yields(closing.unit).count() as u64;
    if closing.ratings != agreed {
        return Err(Refused::OtherRatings { seen: closing.ratings, agreed }.into());
    }
    Ok(Verdict::Record)
}
