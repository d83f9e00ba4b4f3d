//! Appraisals of before, brought in later with their ratings.
//!
//! Such a one is closed as it is recorded. It takes effect from its stated date, and is known from
//! its position in the log: no answer of before changes.

use gradus_model::appraisal::{Input, Subject};
use gradus_model::event::AppraisalImported;
use gradus_model::rating::Rating;
use gradus_model::{Catalog, Timestamp};

use super::decide::input::{Conduct, is_sound};
use super::decide::{MOST_RATINGS, fits, is_read};
use super::{Appraisal, AppraisalRefusal as Refused, Scene};
use crate::evidence::bounded;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::rules::Rules;

/// Whether an appraisal of before may be brought in.
pub(super) fn import(
    scene: &Scene<'_>,
    on: &Occasion,
    of: &AppraisalImported,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let AppraisalImported { input, conducted_from, conducted_until, .. } = of;
    let stated = proposal.effective_at;
    for (field, seen) in [("conducted_until", *conducted_until), ("effective_at", stated)] {
        if on.is_ahead(seen) {
            return Err(Refusal::InTheFuture { field, seen, now: on.now });
        }
    }
    if conducted_until <= conducted_from {
        let (from, until) = (*conducted_from, *conducted_until);
        return Err(Refused::NeverConducted { from, until }.into());
    }
    if stated < *conducted_from {
        return Err(Refused::BeforeConduct { seen: stated, from: *conducted_from }.into());
    }
    has_one_unit(input)?;
    // The rules of now, or else one would date it to before they were adopted; and those of then.
    for at in [on.now, stated] {
        let in_force = input.units.iter().filter_map(|unit| (scene.basis)(*unit, at));
        for (_, rules) in in_force {
            if let Some(reason) = rules.duties.imports_refused() {
                let (rules, reason) = (rules.id.clone(), reason.to_owned());
                return Err(Refused::ImportsRefused { rules, reason }.into());
            }
        }
    }
    is_sound(scene, on, input, (Conduct::Before, stated))?;
    if of.ratings == 0 {
        return Err(Refused::Nothing("ratings").into());
    }
    bounded("ratings", usize::try_from(of.ratings).unwrap_or(usize::MAX), MOST_RATINGS)?;
    Ok(Verdict::Record)
}

fn has_one_unit(input: &Input) -> Result<(), Refusal> {
    match input.units.as_slice() {
        [_] => Ok(()),
        units => Err(Refused::ImportedUnits(units.len()).into()),
    }
}

/// Whether a rating in force from `at` follows from an appraisal of before that is brought in with it.
///
/// # Errors
///
/// A [`Refusal`] where it is not in the scope of the appraisal, or the unit's rules do not read it.
pub fn follows_from_import(
    of: &Appraisal,
    subject: &Subject,
    (model, rules): (&Catalog, &Rules),
    (rating, at): (&Rating, Timestamp),
) -> Result<bool, Refusal> {
    let Some((closed, _)) = of.closed.get(&subject.unit).filter(|_| of.imported.is_some()) else {
        return Ok(false);
    };
    fits(of, subject, (model, rules), at)?;
    is_read(rules, rating.value)?;
    Ok(rating.appraisal == Some(of.id) && rating.basis.is_none() && closed.effective_at == at)
}
