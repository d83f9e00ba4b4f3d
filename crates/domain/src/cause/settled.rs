//! Causes that lie in what units settled: model, rules, tailoring, inheritance, place in the tree.

use gradus_model::UnitId;
use gradus_model::event::Document;

use super::{Between, Cause, Class, Sight};
use crate::settings::Settings;
use crate::timeline::{At, Stated, Timeline};
use crate::world::Basis;

impl Between<'_, '_> {
    /// Why another unit answers, as far as it was settled and not rated.
    pub(super) fn other_answers(&self) -> Vec<Cause> {
        if self.before.by() == self.after.by() {
            return Vec::new();
        }
        let mut causes = self.moved();
        causes.extend(self.lived());
        causes.extend(self.inherits_otherwise());
        causes.extend(self.after.lineage.iter().skip(1).filter_map(|unit| self.tailored(*unit)));
        causes
    }

    /// Why another model or other rules are in force.
    pub(super) fn other_basis(&self) -> Vec<Cause> {
        let mut causes = self.adopted_anew();
        if causes.is_empty() {
            causes = self.moved();
        }
        causes
    }

    fn cause<T>(&self, class: Class, unit: UnitId, stated: &Stated<T>) -> Cause {
        let late = self.earlier.missed(stated.position, stated.effective_at);
        Cause::new(class, unit, Some(stated.position)).late_if(late)
    }

    fn settings(&self, unit: UnitId) -> Option<&Settings> {
        self.asked.world.history(unit).map(|history| &history.settings)
    }

    pub(super) fn tailored(&self, unit: UnitId) -> Option<Cause> {
        let settings = self.settings(unit)?;
        let is_out = |at: At| settings.is_tailored_out(self.asked.area, at);
        let (was, is) = (is_out(self.before.at), is_out(self.after.at));
        let stated = settings.tailored_out.get(self.asked.area)?.stated_at(self.after.at)?;
        let class = if is { Class::TailoredOut } else { Class::TailoredIn };
        (was != is).then(|| self.cause(class, unit, stated))
    }

    fn inherits_otherwise(&self) -> Option<Cause> {
        let settings = self.settings(self.asked.unit)?;
        let how = |at: At| settings.inheritance_of(self.asked.area, at);
        let stated = settings.inheritance.get(self.asked.area)?.stated_at(self.after.at)?;
        let changed = how(self.before.at) != how(self.after.at);
        changed.then(|| self.cause(Class::Inherited, self.asked.unit, stated))
    }

    /// The adoptions that are new at the later point and in force there.
    fn adopted_anew(&self) -> Vec<Cause> {
        let model = |basis: &Basis| basis.model.clone();
        let rules = |basis: &Basis| basis.rules.clone();
        let adopted = |class, of: fn(&Settings) -> &Timeline<Document>| {
            let (unit, stated) = self.adopted(self.after, of)?;
            let known = stated.position < self.before.at.size
                && stated.effective_at <= self.before.at.valid_at;
            (!known).then(|| self.cause(class, unit, stated))
        };
        let differs = |of: fn(&Basis) -> Document| {
            self.before.basis.as_ref().map(of) != self.after.basis.as_ref().map(of)
        };
        let model = differs(model)
            .then(|| adopted(Class::ModelChanged, |settings| &settings.models))
            .flatten();
        let rules = (self.asked.rules.is_none() && differs(rules))
            .then(|| adopted(Class::RulesChanged, |settings| &settings.rules))
            .flatten();
        model.into_iter().chain(rules).collect()
    }

    /// The adoption in force at a point, and the unit whose it is.
    fn adopted(
        &self,
        sight: &Sight<'_>,
        of: fn(&Settings) -> &Timeline<Document>,
    ) -> Option<(UnitId, &Stated<Document>)> {
        sight.lineage.iter().find_map(|unit| {
            let stated = of(self.settings(*unit)?).stated_at(sight.at)?;
            Some((*unit, stated))
        })
    }

    /// Why nobody above answered for the unit at one of the points: it did not live there.
    fn lived(&self) -> Option<Cause> {
        let unit = self.asked.world.registry().unit(self.asked.unit)?;
        let (was, is) = (unit.lives(self.before.at), unit.lives(self.after.at));
        // That it was registered later than the earlier point is known by its place, once.
        let known = unit.position < self.before.at.size;
        if was == is || !known {
            return None;
        }
        let archived = |at: At| unit.archived.stated_at(at);
        let end = archived(self.before.at).or_else(|| archived(self.after.at));
        match end {
            Some(stated) => Some(self.cause(Class::Archived, unit.id, stated)),
            None => Some(Cause::new(Class::Registered, unit.id, Some(unit.position))),
        }
    }

    /// The moves of units, of either lineage, that changed it.
    fn moved(&self) -> Vec<Cause> {
        let mut units = self.after.lineage.clone();
        units.extend(self.before.lineage.iter().filter(|unit| !self.after.lineage.contains(unit)));
        let moved = |unit: UnitId| {
            let registered = self.asked.world.registry().unit(unit)?;
            let (was, is) = (registered.parent(self.before.at), registered.parent(self.after.at));
            // Where no statement holds yet, the first one does.
            let stated = registered.parents.stated_at(self.after.at);
            let stated = stated.or_else(|| registered.parents.iter().next())?;
            let is_new = registered.position >= self.before.at.size;
            let class = if is_new { Class::Registered } else { Class::Moved };
            (was != is).then(|| self.cause(class, unit, stated))
        };
        units.into_iter().filter_map(moved).collect()
    }
}
