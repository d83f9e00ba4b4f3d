//! Conflicts of interest: declaring and withdrawing them, and who had which at a date; and how many
//! ratings stand under one, or under relaxed duties.

use gradus_domain::access::Right;
use gradus_domain::duties::Conflict;
use gradus_domain::duties::behind::{Onlooker, Told, told};
use gradus_domain::level::AreaAnswer;
use gradus_domain::{At, Proposal};
use gradus_model::event::{ConflictDeclared, ConflictWithdrawn, Document};
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Event, PrincipalId, Timestamp, UnitId};
use gradus_projection::Views;
use gradus_projection::views::Basis;

use crate::access::Caller;
use crate::call::{Call, Receipt};
use crate::coordinate::Coordinate;
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;

impl Service {
    /// Declares that a principal, or without one the caller, has an interest of their own in a unit:
    /// from now, unless a moment is given, to `until` if there is one.
    pub async fn declare_conflict(
        &self,
        call: &Call,
        (unit, principal): (&str, Option<&str>),
        (from, until): (Option<Timestamp>, Option<Timestamp>),
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let principal = self.concerned(call, unit, principal)?;
        let event = Event::ConflictDeclared(ConflictDeclared { principal, until });
        let proposal = Proposal::at(event, from, self.now()).with(reason_payload(reason));
        self.append_to_unit(call, unit, |_, _, _| Ok(vec![proposal.clone()])).await
    }

    /// Says that a principal's conflict of interest is over, from now on unless a moment is given.
    pub async fn withdraw_conflict(
        &self,
        call: &Call,
        (unit, principal): (&str, Option<&str>),
        at: Option<Timestamp>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let principal = self.concerned(call, unit, principal)?;
        let event = Event::ConflictWithdrawn(ConflictWithdrawn { principal });
        let proposal = Proposal::at(event, at, self.now()).with(reason_payload(reason));
        self.append_to_unit(call, unit, |_, _, _| Ok(vec![proposal.clone()])).await
    }

    /// Permission before existence: who may not speak of others on the unit learns of no one.
    fn concerned(
        &self,
        call: &Call,
        unit: &str,
        named: Option<&str>,
    ) -> Result<PrincipalId, ServiceError> {
        let own = call.actor.principal;
        let Some(named) = named else { return Ok(own) };
        let found = self.principal(named).map(|found| found.id);
        if !found.as_ref().is_ok_and(|found| *found == own) {
            self.unit(&Caller { right: Right::Settle, ..call.caller() }, unit)?;
        }
        found
    }

    /// The conflicts of interest in force for a unit at a point, each with the unit that it was
    /// declared on: the unit itself first, then those above it.
    #[must_use]
    pub fn conflicts(&self, unit: UnitId, at: At) -> Vec<(Conflict, UnitId)> {
        let views = self.views();
        let lineage = views.registry.lineage(unit, at);
        lineage.into_iter().flat_map(|unit| declared_on(&views, unit, at)).collect()
    }

    /// The conflicts of interest in force at a point, of all units that the caller sees now, in the
    /// order in which they were declared.
    #[must_use]
    pub fn all_conflicts(&self, by: &Caller, at: At) -> Vec<(Conflict, UnitId)> {
        let units = self.units_in_sight(by);
        let views = self.views();
        let of_units = units.into_iter().flat_map(|unit| declared_on(&views, unit, at));
        let mut conflicts: Vec<(Conflict, UnitId)> = of_units.collect();
        conflicts.sort_by_key(|(conflict, _)| conflict.position);
        conflicts
    }

    /// Whether some ratings of a unit may stand under relaxed duties or a conflict of interest, so
    /// that its ratings have to be looked at.
    pub(crate) fn may_be_told_of(&self, unit: UnitId, at: At) -> bool {
        let (views, library) = (self.views(), self.library());
        !Onlooker::new(&views.with(&library), unit, at.size).sees_nothing()
            || !views.appraisals.imported(at.size).is_empty()
    }

    /// What levels of some areas of a unit rest on that is to be told of, at a point or, with
    /// `since`, at any moment from then on: nothing where there is nothing to tell.
    ///
    /// Told beside answers whose digest says nothing of it, so that those which were pinned stay.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for unknown rules.
    pub async fn told_beside(
        &self,
        unit: UnitId,
        (since, at): (Option<Timestamp>, At),
        asked: &Coordinate,
        areas: &[AreaRef],
    ) -> Result<Told, ServiceError> {
        if areas.is_empty() || !self.may_be_told_of(unit, at) {
            return Ok(Told::default());
        }
        self.recalled(unit).await?;
        let rules = self.rules_named(asked.rules.as_deref())?;
        self.told_at(unit, (since, at), rules.as_ref(), areas)
    }

    /// The same at once: what is forgotten is recalled while the thread waits.
    pub(crate) fn told_at(
        &self,
        unit: UnitId,
        (since, at): (Option<Timestamp>, At),
        rules: Option<&Document>,
        areas: &[AreaRef],
    ) -> Result<Told, ServiceError> {
        if !self.may_be_told_of(unit, at) {
            return Ok(Told::default());
        }
        let Some(basis) = self.basis_if_any(unit, at, rules)? else { return Ok(Told::default()) };
        let of_model = areas.iter().filter(|area| area.model == *basis.catalog.id());
        let of_model: Vec<AreaId> = of_model.map(|area| area.area).collect();
        let answers = self.states(unit, &basis, &of_model, at, rules);
        Ok(self.told_of(unit, (since, at), Some(&basis), &answers))
    }

    /// How many ratings in force stand under relaxed duties or a conflict of interest, or were
    /// brought in with their appraisal.
    pub(crate) fn told_of(
        &self,
        unit: UnitId,
        (since, at): (Option<Timestamp>, At),
        basis: Option<&Basis>,
        areas: &[AreaAnswer],
    ) -> Told {
        let Some(basis) = basis else { return Told::default() };
        let (views, library) = (self.views(), self.library());
        let imported = views.appraisals.imported(at.size);
        let by = (&*basis.catalog, &*basis.read_rules, &imported);
        told(&views.with(&library), unit, (since, at), by, areas.iter())
    }
}

fn declared_on(views: &Views, unit: UnitId, at: At) -> Vec<(Conflict, UnitId)> {
    let settings = views.history(unit).map(|history| &history.settings);
    let conflicts = settings.into_iter().flat_map(|settings| {
        let all = settings.interests.keys();
        all.filter_map(move |principal| settings.conflict_of(*principal, at))
    });
    conflicts.map(|conflict| (conflict, unit)).collect()
}
