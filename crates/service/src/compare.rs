//! Differences: how the levels of areas came from one coordinate to another, or from unit to unit.

use std::sync::Arc;

use gradus_capsule::claim::Claim;
use gradus_domain::compare::{Comparable, Measured, comparability};
use gradus_domain::difference::{AreaDifference, PracticeSeen, Side, bearing_on, difference};
use gradus_domain::gate::Which;
use gradus_domain::world::{Basis, World};
use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, UnitKind};
use gradus_model::{Digest, Timestamp, UnitId};

use crate::access::Caller;
use crate::aims;
use crate::coordinate::{Coordinate, Known, Resolved};
use crate::error::ServiceError;
use crate::explain::state_causes;
use crate::in_span::{AreaInSpan, Courses, areas_in};
use crate::service::Service;
use crate::units::AskedArea;

/// The most records between two sides whose effect one answer looks at, each for each area that it
/// can bear on.
const MOST_RECORDS: usize = 10_000;

/// One of the two sides that are asked about.
#[derive(Clone, Debug, Default)]
pub struct AskedSide {
    /// The unit's name or id.
    pub unit: String,
    /// The clocks.
    pub coordinate: Coordinate,
}

/// What of the two sides is compared.
#[derive(Clone, Debug, Default)]
pub struct AskedCompare {
    /// Only these areas; none for all.
    pub areas: Vec<AskedArea>,
    /// Whether movements of coverage that leave the levels alone are told, too.
    pub with_coverage: bool,
}

/// How levels came from one side to the other.
#[derive(Clone, Debug)]
pub struct CompareAnswer {
    /// Where it begins.
    pub from: SideAnswer,
    /// Where it ends.
    pub to: SideAnswer,
    /// The digest over question and facts.
    pub digest: Digest,
    /// Whether the two sides may be compared.
    pub comparable: Comparable,
    /// Each area in which anything moved: model by model, in the order of each.
    pub areas: Vec<ComparedArea>,
}

/// One side, resolved.
#[derive(Clone, Debug)]
pub struct SideAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The model and rules; none where nothing was adopted or the unit was not known yet.
    pub basis: Option<Basis>,
}

/// An area and how it came from one side to the other.
#[derive(Clone, Debug)]
pub struct ComparedArea {
    /// The area.
    pub of: AreaInSpan,
    /// The difference.
    pub difference: AreaDifference,
}

/// One side with everything resolved that it names.
struct Resolving {
    side: Side,
    coordinate: Resolved,
}

impl Service {
    /// How levels came from one side to the other.
    ///
    /// Clocks that both sides leave out are the same for both: one now, one head.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for unknown units, rules, and areas that neither side has, and
    /// [`ServiceError::TooMuch`] where one side knows more than 2,000 records on the areas that the
    /// other does not. A side at which nothing was known or adopted is no error.
    pub async fn compare_levels(
        self: &Arc<Self>,
        by: &Caller,
        from: &AskedSide,
        to: &AskedSide,
        wanted: AskedCompare,
    ) -> Result<CompareAnswer, ServiceError> {
        let now = self.now();
        let knows_all = from.coordinate.known == Known::Head;
        let from = self.side(by, from, now, None).await?;
        let head = knows_all.then_some(from.coordinate.log_size);
        let to = self.side(by, to, now, head).await?;
        for area in &wanted.areas {
            let check = |side: &Side| self.check_area(side.unit, side.at, area);
            check(&from.side).or_else(|_| check(&to.side))?;
        }
        if from.side.at.size == to.side.at.size {
            self.may_be_asked(&[from.side.unit, to.side.unit], to.side.at.size).await?;
        } else {
            self.may_be_asked_on_the_way(&[from.side.unit], from.side.at.size).await?;
            self.may_be_asked_on_the_way(&[to.side.unit], to.side.at.size).await?;
        }
        self.apart(move |service| service.compared(from, to, &wanted)).await
    }

    /// A side, resolved; `head` is what the log held when the other side asked for all of it.
    async fn side(
        &self,
        by: &Caller,
        asked: &AskedSide,
        now: Timestamp,
        head: Option<u64>,
    ) -> Result<Resolving, ServiceError> {
        let mut clocks = asked.coordinate.clone();
        clocks.valid_at = clocks.valid_at.or(Some(now));
        if let (Known::Head, Some(head)) = (clocks.known, head) {
            clocks.known = Known::Size(head);
        }
        let coordinate = self.resolve(&clocks).await?;
        let unit = self.unit(by, &asked.unit)?;
        self.recalled(unit).await?;
        let rules = self.rules_named(clocks.rules.as_deref())?;
        let known_at = match coordinate.log_size.checked_sub(1) {
            Some(last) => Some(self.record_at(last).await?.recorded.place.recorded_at),
            None => None,
        };
        let side = Side { unit, at: coordinate.at(), known_at, rules };
        Ok(Resolving { side, coordinate })
    }

    fn compared(
        &self,
        from: Resolving,
        to: Resolving,
        wanted: &AskedCompare,
    ) -> Result<CompareAnswer, ServiceError> {
        let in_force =
            |of: &Resolving| self.basis_if_any(of.side.unit, of.side.at, of.side.rules.as_ref());
        let bases = [in_force(&from)?, in_force(&to)?];
        let (areas, comparable) = self.grounded(to.side.rules.as_ref(), |ground| {
            let courses = Courses::default();
            let own = |unit: UnitId, area: &AreaRef, size| courses.own(ground, unit, area, size);
            let found: Vec<Basis> = bases.iter().flatten().cloned().collect();
            let wanted_areas = areas_in(&found, &wanted.areas);
            let seen = records_between(ground.world, &from.side, &to.side, &wanted_areas);
            if seen > MOST_RECORDS {
                return Err(too_many(seen));
            }
            let compared = |of: AreaInSpan| {
                let (world, coverage) = (ground.world, wanted.with_coverage);
                let difference = difference(world, &from.side, &to.side, &of.area, &own, coverage);
                ComparedArea { of, difference }
            };
            let areas = wanted_areas.into_iter().map(compared);
            let areas: Vec<ComparedArea> =
                areas.filter(|area| !area.difference.movements.is_empty()).collect();
            Ok((areas, may_be_compared(ground.world, [&from.side, &to.side], &bases)))
        })?;
        let [from_basis, to_basis] = bases;
        let answer = |of: Resolving, basis| SideAnswer {
            unit: of.side.unit,
            coordinate: of.coordinate,
            basis,
        };
        let (from, to) = (answer(from, from_basis), answer(to, to_basis));
        let digest = self.difference_digest(&from, &to, wanted.with_coverage, &areas);
        Ok(CompareAnswer { from, to, digest, comparable, areas })
    }

    fn difference_digest(
        &self,
        from: &SideAnswer,
        to: &SideAnswer,
        with_coverage: bool,
        areas: &[ComparedArea],
    ) -> Digest {
        let mut claim = Claim::new(self.log_id, "compare", to.coordinate.at());
        claim.moment(from.coordinate.valid_at).position(Some(from.coordinate.log_size));
        for side in [from, to] {
            claim.unit(Some(side.unit));
            let basis = side.basis.as_ref();
            let (model, rules) = (|of: &Basis| of.model.digest, |of: &Basis| of.rules.digest);
            claim.documents(basis.map(model), basis.map(rules));
        }
        claim.number(with_coverage.into()).count(areas.len());
        for area in areas {
            area.state(&mut claim);
        }
        claim.digest()
    }
}

impl ComparedArea {
    fn state(&self, claim: &mut Claim) {
        let (area, difference) = (&self.of.area, &self.difference);
        claim.word(area.model.as_str()).area(area.area);
        claim.state(difference.from.as_ref()).state(difference.to.as_ref());
        claim.count(difference.movements.len());
        for movement in &difference.movements {
            claim.word(movement.stage.name()).number(movement.backwards.into());
            claim.moment(movement.valid_at).position(Some(movement.size));
            claim.state(movement.before.as_ref()).state(movement.after.as_ref());
            state_causes(claim, &movement.causes);
        }
        claim.count(difference.practices.len());
        for practice in &difference.practices {
            claim.practice(&practice.target);
            state_seen(claim, practice.from.as_ref());
            state_seen(claim, practice.to.as_ref());
        }
    }
}

fn state_seen(claim: &mut Claim, seen: Option<&PracticeSeen>) {
    let Some(PracticeSeen { reading, support }) = seen else {
        claim.position(None);
        return;
    };
    claim.count(reading.values.len());
    for (instance, value) in &reading.values {
        claim.word(instance.as_ref().map_or("", |instance| instance.as_str()));
        claim.number(value.number().into());
    }
    claim.word(support.name());
}

/// How many records one side knows and the other does not that can bear on the areas, each counted
/// for each of them; none between two units, where there is no way.
fn records_between(world: &dyn World, from: &Side, to: &Side, areas: &[AreaInSpan]) -> usize {
    if from.unit != to.unit {
        return 0;
    }
    let (least, most) = (from.at.size.min(to.at.size), from.at.size.max(to.at.size));
    areas.iter().map(|of| bearing_on(world, to.unit, &of.area, least, most).len()).sum()
}

fn too_many(seen: usize) -> ServiceError {
    let limit = MOST_RECORDS;
    ServiceError::TooMuch {
        field: "areas",
        what: "records that one side does not know",
        seen,
        limit,
    }
}

fn may_be_compared(world: &dyn World, sides: [&Side; 2], bases: &[Option<Basis>; 2]) -> Comparable {
    let profile = |side: &Side| -> Option<Document> {
        aims::in_force(world, side.unit, side.at).map(|(_, document)| document.clone())
    };
    let profiles = sides.map(profile);
    let kind =
        |side: &Side| world.registry().unit(side.unit).map_or(UnitKind::Project, |unit| unit.kind);
    let measured = sides.into_iter().zip(bases).zip(&profiles);
    comparability(measured.map(|((side, basis), profile)| Measured {
        basis: basis.as_ref(),
        kind: kind(side),
        which: Which::Ongoing,
        profile: profile.as_ref(),
    }))
}
