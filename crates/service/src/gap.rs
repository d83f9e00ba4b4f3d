//! The gap of a unit: what a profile aims at against the levels, and what is in the way.

use gradus_capsule::claim::Claim;
use gradus_domain::At;
use gradus_domain::course::{AreaState, OwnStates, UnitAt};
use gradus_domain::gap::{AreaGap, Goal, Status, Way, gap, warnings};
use gradus_domain::level::AreaAnswer;
use gradus_domain::lift::{Need, lift};
use gradus_domain::scheme::{Outline, Reading};
use gradus_domain::world::World;
use gradus_model::catalog::DependencyWarning;
use gradus_model::event::Document;
use gradus_model::unit::Phase;
use gradus_model::{AreaId, Digest, UnitId};
use gradus_projection::views::Basis;

use crate::access::Caller;
use crate::aims::{Aims, AskedProfile, open_phases};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::levels::areas_of;
use crate::service::Service;
use crate::units::AskedArea;

/// Which gap is asked for.
#[derive(Clone, Debug, Default)]
pub struct AskedGap {
    /// The profile.
    pub profile: AskedProfile,
    /// Only these areas; none for all.
    pub areas: Vec<AskedArea>,
    /// Whether what blocks each target is asked for, too.
    pub with_blockers: bool,
}

/// The gap of a unit, and what it was measured with.
#[derive(Clone, Debug)]
pub struct GapAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The unit's model and rules.
    pub basis: Basis,
    /// What is aimed at.
    pub aims: Aims,
    /// The unit that adopted the profile; none if it was named.
    pub adopted_by: Option<UnitId>,
    /// How the profile reaches the unit's areas.
    pub way: Way,
    /// The unit's open phases.
    pub phases: Vec<Phase>,
    /// The digest over question and facts.
    pub digest: Digest,
    /// The areas asked for, in the model's order.
    pub areas: Vec<MeasuredArea>,
    /// Which of them are asked for more than areas that they need.
    pub warnings: Vec<DependencyWarning>,
}

/// The gap of an area.
#[derive(Clone, Debug)]
pub struct MeasuredArea {
    /// What is aimed at, and how far it is.
    pub gap: AreaGap,
    /// The area's levels.
    pub state: AreaState,
    /// What the ongoing level needs to reach the target; nothing if that was not asked for.
    pub needs: Vec<Need>,
}

/// The state of the areas of a unit's model that are wanted, in its order.
pub(crate) fn states_of(
    world: &dyn World,
    unit: UnitId,
    basis: &Basis,
    at: At,
    rules: Option<&Document>,
    own: OwnStates<'_>,
    wanted: impl Fn(AreaId) -> bool,
) -> Vec<(AreaId, AreaState)> {
    let unit = UnitAt::new(world, unit, basis, at, rules);
    let areas = basis.catalog.areas().iter().filter(|area| wanted(area.id));
    areas.map(|area| (area.id, unit.state(area, own))).collect()
}

impl Service {
    /// Holds a profile against the levels of a unit's areas.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoAnswer`] without model or rules in force, [`ServiceError::NoProfile`]
    /// without a profile, [`ServiceError::NotFound`] for an unknown unit, area, profile or rules.
    pub async fn gap(
        &self,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        wanted: &AskedGap,
    ) -> Result<GapAnswer, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(by, unit)?;
        let at = coordinate.at();
        self.may_be_asked(&[unit], at.size).await?;
        let rules = self.rules_named(asked.rules.as_deref())?;
        let (aims, adopted_by) = self.aims_of(unit, at, &wanted.profile)?;
        let basis = self.views().basis(&self.library(), unit, at, rules.clone())?;
        let areas = areas_of(&basis.catalog, &wanted.areas)?;
        let phases = self.asked(at, None, |world, _| open_phases(world, unit, at));
        let (states, answers) = if wanted.with_blockers {
            let answers = self.views().levels(&basis, unit, at)?;
            (answers.iter().map(|answer| (answer.area, state(answer))).collect(), answers)
        } else {
            (self.states_to_measure(unit, &basis, at, rules.as_ref()), Vec::new())
        };
        let question = aims.question(&basis.catalog, &phases);
        let levels: Vec<_> =
            states.iter().map(|(area, state)| (*area, state.rated, state.ongoing)).collect();
        let gaps = gap(&question, &levels);
        let mut warnings = warnings(&basis.catalog, &gaps);
        warnings.retain(|warning| areas.contains(&warning.area));
        let measured = gaps.into_iter().zip(states).filter(|(gap, _)| areas.contains(&gap.area));
        let measured = measured.map(|(gap, (_, state))| {
            let answer = answers.iter().find(|answer| answer.area == gap.area);
            let needs = answer.map(|answer| needs(&basis, answer, &gap)).unwrap_or_default();
            MeasuredArea { gap, state, needs }
        });
        let areas: Vec<MeasuredArea> = measured.collect();
        let way = question.way();
        let mut claim = Claim::new(self.log_id, "gap", at);
        claim.unit(Some(unit)).documents(Some(basis.model.digest), Some(basis.rules.digest));
        claim.document(Some(aims.document.digest)).number(i64::from(wanted.with_blockers));
        state_areas(&mut claim, &areas);
        let digest = claim.digest();
        Ok(GapAnswer {
            unit,
            coordinate,
            basis,
            aims,
            adopted_by,
            way,
            phases,
            digest,
            areas,
            warnings,
        })
    }

    fn states_to_measure(
        &self,
        unit: UnitId,
        basis: &Basis,
        at: At,
        rules: Option<&Document>,
    ) -> Vec<(AreaId, AreaState)> {
        self.asked(at, rules, |world, own| states_of(world, unit, basis, at, rules, own, |_| true))
    }
}

fn state(answer: &AreaAnswer) -> AreaState {
    AreaState {
        rated: answer.rated,
        ongoing: answer.ongoing,
        coverage: answer.coverage,
        inherited_from: answer.inherited_from,
    }
}

/// What the ongoing level of an area needs to reach its target.
fn needs(basis: &Basis, answer: &AreaAnswer, gap: &AreaGap) -> Vec<Need> {
    let Goal::Level(wanted) = gap.goal else { return Vec::new() };
    let Some(area) = basis.catalog.area(gap.area) else { return Vec::new() };
    if matches!(gap.ongoing.status, Status::Met | Status::TailoredOut) {
        return Vec::new();
    }
    let outline = Outline::of(&basis.catalog, area, basis.read_rules.scheme);
    let readings: Vec<&Reading> =
        answer.practices.iter().map(|practice| &practice.reading).collect();
    lift(&basis.read_rules, &outline, &readings, wanted, true).unwrap_or_default()
}

fn state_areas(claim: &mut Claim, areas: &[MeasuredArea]) {
    claim.count(areas.len());
    for MeasuredArea { gap, state, needs } in areas {
        let goal = match gap.goal {
            Goal::Level(level) => i64::from(level),
            Goal::NotApplicable => -1,
            Goal::Unsaid => -2,
        };
        claim.area(gap.area).number(goal).state(Some(state)).count(needs.len());
        for need in needs {
            claim.practice(&need.target).number(i64::from(need.support));
            let value = need.rate.as_ref().map_or(0, |rate| rate.to.number());
            claim.number(i64::from(value));
        }
    }
}
