//! What a distrusted source changes: the practices for which its items speak, in every unit.

use gradus_domain::fold::{AreaFold, Given};
use gradus_domain::world::World;
use gradus_model::{Recorded, Target, UnitId};

use super::held::Known;
use super::{Parked, Projector, Tell};

impl Projector {
    /// Takes in that a source was distrusted or restored: in every unit, the practices for which
    /// its items speak are heard anew.
    pub(super) fn distrust(
        &mut self,
        world: &dyn World,
        distrust: u64,
        recorded: &Recorded,
        tell: Tell<'_>,
    ) -> Vec<Parked> {
        let registry = world.registry();
        let Some(distrust) = registry.distrust_at(distrust) else { return Vec::new() };
        let size = recorded.place.position + 1;
        let units: Vec<UnitId> = registry.units().map(|unit| unit.id).collect();
        let heard_anew = |given: &Given<'_>, fold: &mut AreaFold, number: usize, _: &Target| {
            fold.renew_of(given, number)
        };
        let parked = units.into_iter().filter_map(|unit| {
            let history = world.history(unit)?;
            self.guarded(unit, recorded, |of| {
                let targets = history.suspected(distrust);
                if targets.is_empty() {
                    return None;
                }
                let known = Known { world, history, size };
                of.room.make(&mut of.units);
                of.change(&known, unit, recorded, &targets, &heard_anew, &mut *tell)
            })
        });
        parked.collect()
    }
}
