//! What an appraisal has to deal with: every practice of the areas in scope, up to the highest level
//! that is looked at.

use gradus_model::appraisal::ScopedArea;
use gradus_model::{Catalog, Practice, Target, UnitId};

use super::Appraisal;
use crate::rules::Rules;
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
