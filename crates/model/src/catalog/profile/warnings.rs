//! Where a profile asks more of an area than of one that it needs.

use std::collections::BTreeSet;

use super::AreaTarget;
use crate::AreaId;
use crate::catalog::dependency::falls_short;
use crate::catalog::{Catalog, DependencyWarning};
use crate::unit::Phase;

/// The warnings of targets on the areas of `model`: as they are outside any phase, then for each
/// phase that one of the two areas names and in which they differ from that.
pub(super) fn warnings(model: &Catalog, targets: &[AreaTarget]) -> Vec<DependencyWarning> {
    let target = |area: AreaId| targets.iter().find(|target| target.area == area);
    let mut warnings = Vec::new();
    for dependency in model.dependencies() {
        let (Some(asked), Some(given)) = (target(dependency.area), target(dependency.needs)) else {
            continue;
        };
        let aims = |open: &[Phase]| (asked.aim(open), given.aim(open));
        let always = aims(&[]);
        if falls_short(always.0, always.1) {
            warnings.push(dependency.warning(always.0, always.1, None));
        }
        let phases: BTreeSet<Phase> =
            asked.phases.keys().chain(given.phases.keys()).copied().collect();
        for phase in phases {
            let then = aims(&[phase]);
            if then != always && falls_short(then.0, then.1) {
                warnings.push(dependency.warning(then.0, then.1, Some(phase)));
            }
        }
    }
    warnings
}
