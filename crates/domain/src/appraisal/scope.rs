//! What an appraisal has to deal with: every practice of the areas in scope, up to the highest level
//! that is looked at.

use gradus_model::appraisal::{ScopedArea, Subject};
use gradus_model::{Catalog, Label, Practice, Target, UnitId};

use super::Appraisal;
use crate::nplf::Method;
use crate::rating::is_derived;
use crate::rules::{Rules, Scheme};
use crate::scheme::{Outline, Role};

/// The level that a practice or feature counts towards.
#[must_use]
pub const fn level_of(practice: Practice) -> u8 {
    match practice {
        Practice::Base(_) => 1,
        Practice::Generic(_, id) => id.feature.level,
        Practice::Feature(_, id) => id.level,
    }
}

/// The area in scope to which a target belongs, and which looks as high as it.
pub(super) fn area_in_scope<'a>(
    appraisal: &'a Appraisal,
    model: &Catalog,
    target: &Target,
) -> Option<&'a ScopedArea> {
    let area = model.area_of(target)?;
    appraisal.input.areas.iter().find(|scoped| {
        scoped.area.model == *model.id()
            && scoped.area.area == area
            && level_of(target.practice) <= scoped.highest
    })
}

/// What may be rated besides what is unsettled, where the rules rate common features: each feature in
/// scope as a whole, and all of it in each process instance that was chosen, unless it is agreed on.
#[must_use]
pub fn also_rated(
    appraisal: &Appraisal,
    unit: UnitId,
    model: &Catalog,
    rules: &Rules,
) -> Vec<Subject> {
    let Scheme::Nplf33020(nplf) = rules.scheme else { return Vec::new() };
    let open = unsettled(appraisal, unit, model, rules);
    let features = features_in_scope(appraisal, model, rules);
    let features = features.filter(|target| appraisal.agreed_on(unit, target).next().is_none());
    let features: Vec<Target> = features.collect();
    let in_instance = |target: &Target, instance: Option<&Label>| Subject {
        unit,
        target: target.clone(),
        instance: instance.cloned(),
    };
    let mut found: Vec<Subject> = features.iter().map(|target| in_instance(target, None)).collect();
    // By R3, ratings of single instances do not count.
    let instances = appraisal.input.instances.iter().filter(|_| nplf.method != Method::R3);
    for instance in instances {
        let all = open.iter().chain(&features);
        found.extend(all.map(|target| in_instance(target, Some(instance))));
    }
    found
}

/// The common features in scope that can be rated as a whole, in the model's order.
fn features_in_scope<'a>(
    appraisal: &'a Appraisal,
    model: &'a Catalog,
    rules: &'a Rules,
) -> impl Iterator<Item = Target> + 'a {
    let areas = appraisal.input.areas.iter().filter_map(|scoped| {
        let area = model.area(scoped.area.area).filter(|_| scoped.area.model == *model.id());
        Some((scoped.highest, Outline::of(model, area?, rules.scheme)))
    });
    areas.flat_map(|(highest, outline)| {
        let of_scope = outline.targets.into_iter().filter(move |(target, role)| {
            matches!(role, Role::Feature(_))
                && role.feature().level <= highest
                && !is_derived(target.practice)
        });
        of_scope.map(|(target, _)| target)
    })
}

/// The practices in scope of a unit that are neither agreed on nor left out, in the model's order.
///
/// Where rules let a common feature be rated as a whole, it stands for its practices.
#[must_use]
pub fn unsettled(
    appraisal: &Appraisal,
    unit: UnitId,
    model: &Catalog,
    rules: &Rules,
) -> Vec<Target> {
    let settled = |target: &Target| appraisal.agreed_on(unit, target).next().is_some();
    let mut open = Vec::new();
    for scoped in &appraisal.input.areas {
        let found = model.area(scoped.area.area).filter(|_| scoped.area.model == *model.id());
        let Some(area) = found else { continue };
        let outline = Outline::of(model, area, rules.scheme);
        let as_a_whole = |role: Role| {
            let whole = outline.targets.iter().find(|(_, other)| match other {
                Role::Feature(feature) => *feature == role.feature(),
                Role::Base | Role::Generic(_) => false,
            });
            whole.is_some_and(|(target, _)| settled(target))
        };
        let missing = outline.targets.iter().filter(|(target, role)| {
            !matches!(role, Role::Feature(_))
                && role.feature().level <= scoped.highest
                && !settled(target)
                && !as_a_whole(*role)
        });
        open.extend(missing.map(|(target, _)| target.clone()));
    }
    open
}
