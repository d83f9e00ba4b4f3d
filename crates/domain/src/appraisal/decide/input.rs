//! Whether an appraisal can be done on its input.

use std::collections::BTreeSet;

use gradus_model::appraisal::{Input, Part, ScopedArea};
use gradus_model::unit::PrincipalKind;
use gradus_model::{PrincipalId, Timestamp};

use super::Scene;
use crate::appraisal::AppraisalRefusal as Refused;
use crate::evidence::bounded;
use crate::proposal::Occasion;
use crate::refusal::Refusal;
use crate::registry::{Registry, living};
use crate::unit::known_area;

/// When an appraisal is conducted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::appraisal) enum Conduct {
    /// Here: whoever takes part has to be able to.
    Now,
    /// Elsewhere and earlier: who took part may be gone, and the sponsor may have rated.
    Before,
}

/// Whether an appraisal can be done on this input.
pub(in crate::appraisal) fn is_sound(
    scene: &Scene<'_>,
    on: &Occasion,
    input: &Input,
    (conduct, valid_at): (Conduct, Timestamp),
) -> Result<(), Refusal> {
    let (units, areas, instances, people) = Input::MOST;
    some_once("units", &input.units, units)?;
    let numbers: Vec<_> = input.areas.iter().map(|scoped| scoped.area.area).collect();
    some_once("areas", &numbers, areas)?;
    bounded("instances", input.instances.len(), instances)?;
    once("instances", &input.instances)?;
    let team: Vec<_> = input.team.iter().map(|member| member.principal).collect();
    some_once("team", &team, people)?;
    let no_level = |scoped: &&ScopedArea| !(1..=5).contains(&scoped.highest);
    if let Some(scoped) = input.areas.iter().find(no_level) {
        return Err(Refused::NoLevel(scoped.highest).into());
    }
    let all = input.team.iter();
    let leads = all.filter(|member| member.part == Part::Lead).count();
    if leads != 1 {
        return Err(Refused::Leads(leads).into());
    }
    if conduct == Conduct::Now && input.part_of(input.sponsor).is_some_and(Part::rates) {
        return Err(Refused::SponsorRates.into());
    }
    for person in team.into_iter().chain([input.sponsor]) {
        is_person(scene.registry, person, conduct)?;
    }
    if on.is_ahead(valid_at) {
        let field = "base.valid_at";
        return Err(Refusal::InTheFuture { field, seen: valid_at, now: on.now });
    }
    if let Some(base) = input.base.filter(|base| base.log_size > scene.size) {
        return Err(Refused::BaseAhead { seen: base.log_size, size: scene.size }.into());
    }
    for unit in &input.units {
        living(scene.registry, *unit)?;
        let model = (scene.basis)(*unit, valid_at).map(|(model, _)| model);
        for scoped in &input.areas {
            known_area(model.as_deref(), &scoped.area, valid_at)?;
        }
    }
    Ok(())
}

fn some_once<T: Ord + ToString>(
    field: &'static str,
    all: &[T],
    most: usize,
) -> Result<(), Refusal> {
    if all.is_empty() {
        return Err(Refused::Nothing(field).into());
    }
    bounded(field, all.len(), most)?;
    once(field, all)
}

pub(super) fn once<T: Ord + ToString>(field: &'static str, all: &[T]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    match all.iter().find(|one| !seen.insert(*one)) {
        None => Ok(()),
        Some(twice) => Err(Refused::Twice { field, what: twice.to_string() }.into()),
    }
}

fn is_person(registry: &Registry, id: PrincipalId, conduct: Conduct) -> Result<(), Refusal> {
    let found = registry.principal(id);
    let found = found.ok_or_else(|| Refusal::PrincipalUnknown(id.to_string()))?;
    if conduct == Conduct::Now && found.disabled_at.is_some() {
        return Err(Refusal::PrincipalDisabled(id));
    }
    match found.kind {
        PrincipalKind::Person => Ok(()),
        PrincipalKind::Service | PrincipalKind::System => Err(Refused::NotAPerson(id).into()),
    }
}
