//! The gate: levels of a unit held against conditions.

use std::collections::BTreeMap;

use gradus_capsule::claim::Claim;
use gradus_domain::At;
use gradus_domain::course::AreaState;
use gradus_domain::gap::{Goal, Way, gap};
use gradus_domain::gate::{self, Checked, Condition, Wanted, Which};
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Digest, UnitId};
use gradus_projection::views::Basis;

use crate::access::Caller;
use crate::aims::{AskedProfile, open_phases};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::gap::states_of;
use crate::levels::areas_of;
use crate::service::Service;
use crate::units::AskedArea;

/// What is asked of a unit's areas; at least one condition must be.
#[derive(Clone, Debug, Default)]
pub struct AskedCheck {
    /// Least levels, 0 to 5; 0 asks that the area is rated.
    pub minimums: Vec<(AskedArea, u8)>,
    /// The profile whose targets must be reached, if any must.
    pub targets: Option<AskedProfile>,
    /// The coordinate that no area may be worse than; what it leaves out of moment and rules is
    /// that of the question.
    pub no_worse_than: Option<Coordinate>,
    /// Whether the unit's floors must be kept.
    pub baseline: bool,
    /// Which of the levels is checked.
    pub which: Which,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct CheckAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The unit's model and rules.
    pub basis: Basis,
    /// The digest over question and facts.
    pub digest: Digest,
    /// Each condition, in order of areas.
    pub checked: Vec<Checked>,
    /// The profile whose targets were asked for.
    pub profile: Option<Document>,
    /// The coordinate that no area may be worse than, with the model and rules in force there.
    pub no_worse_than: Option<(Resolved, Basis)>,
}

impl CheckAnswer {
    /// Whether every condition holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checked.iter().all(|checked| checked.passed)
    }
}

/// The name of a sort of condition.
#[must_use]
pub const fn name(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Minimum(_) => "minimum",
        Wanted::Target(_) => "profile",
        Wanted::NoWorseThan(_) => "no-worse",
        Wanted::Floor(_) => "baseline",
    }
}

type Than = (Resolved, Basis, Vec<Condition>);

/// Refuses to check nothing, which would pass whatever the levels are.
fn some(conditions: Vec<Condition>, reason: &str) -> Result<Vec<Condition>, ServiceError> {
    if conditions.is_empty() {
        return Err(ServiceError::NothingToCheck { reason: reason.to_owned() });
    }
    Ok(conditions)
}

impl Service {
    /// Holds a unit's levels against conditions.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NothingToCheck`] where something asked for brings no condition: no baseline,
    /// no target, or nothing to compare with; [`ServiceError::Invalid`] without a condition, or with
    /// a profile of which nothing leads to the unit's model; else as [`Service::gap`].
    pub async fn check(
        &self,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        wanted: &AskedCheck,
    ) -> Result<CheckAnswer, ServiceError> {
        let something = wanted.targets.is_some() || wanted.no_worse_than.is_some();
        if wanted.minimums.is_empty() && !wanted.baseline && !something {
            let reason = "no condition is given: ask for minimums, profile_targets, no_worse_than \
                          or baseline";
            return Err(ServiceError::invalid("minimums", reason));
        }
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(by, unit)?;
        let at = coordinate.at();
        self.may_be_asked(&[unit], at.size).await?;
        let rules = self.rules_named(asked.rules.as_deref())?;
        let basis = self.views().basis(&self.library(), unit, at, rules.clone())?;
        let mut conditions = minimums(&basis, wanted)?;
        let mut profile = None;
        if let Some(asked) = &wanted.targets {
            let (held, targets) = self.profile_conditions(unit, &basis, at, asked, wanted.which)?;
            profile = Some(held);
            conditions.extend(targets);
        }
        let mut no_worse_than = None;
        if let Some(than) = &wanted.no_worse_than {
            let than = Coordinate {
                valid_at: than.valid_at.or(Some(at.valid_at)),
                known: than.known,
                rules: than.rules.clone().or_else(|| asked.rules.clone()),
                min_size: None,
            };
            let (there, basis, no_worse) =
                self.no_worse_conditions(unit, &than, wanted.which).await?;
            no_worse_than = Some((there, basis));
            conditions.extend(no_worse);
        }
        if wanted.baseline {
            let views = self.views();
            let settings = views.history(unit).map(|history| &history.settings);
            let model = basis.catalog.id();
            let floors = |settings| gate::floors(settings, model, at, wanted.which);
            let floors = settings.into_iter().flat_map(floors).collect();
            let reason = "the unit has no baseline: raise one, or leave it out of the check";
            conditions.extend(some(floors, reason)?);
        }
        conditions.sort_by(|one, other| {
            (&one.area, name(one.wanted)).cmp(&(&other.area, name(other.wanted)))
        });
        let checked = self.held_against(unit, &basis, at, rules.as_ref(), &conditions);
        let mut claim = Claim::new(self.log_id, "check", at);
        claim.unit(Some(unit)).documents(Some(basis.model.digest), Some(basis.rules.digest));
        claim.word(wanted.which.name()).document(profile.as_ref().map(|held| held.digest));
        claim.number(i64::from(wanted.baseline)).count(no_worse_than.iter().len());
        if let Some((there, basis)) = &no_worse_than {
            claim
                .moment(there.valid_at)
                .position(Some(there.log_size))
                .documents(Some(basis.model.digest), Some(basis.rules.digest));
        }
        state_checked(&mut claim, &checked);
        let digest = claim.digest();
        Ok(CheckAnswer { unit, coordinate, basis, digest, checked, profile, no_worse_than })
    }

    /// Refuses to compare with a point at which the unit did not live: anything is no worse.
    fn refuse_lifeless(&self, unit: UnitId, at: At) -> Result<(), ServiceError> {
        let views = self.views();
        let unit =
            views.registry.unit(unit).ok_or_else(|| ServiceError::not_found("unit", unit))?;
        if unit.lives(at) {
            return Ok(());
        }
        let name = unit.name().map(ToString::to_string).unwrap_or_default();
        let reason = match unit.archived.stated_at(at) {
            Some(stated) => format!("unit {name} is archived since {}", stated.effective_at),
            None if unit.position >= at.size => {
                format!("unit {name} was not registered yet at log size {}", at.size)
            }
            None => format!("unit {name} came to be at {}", unit.registered_at),
        };
        Err(ServiceError::NothingToCheck { reason })
    }

    /// The targets of a profile as conditions.
    fn profile_conditions(
        &self,
        unit: UnitId,
        basis: &Basis,
        at: At,
        asked: &AskedProfile,
        which: Which,
    ) -> Result<(Document, Vec<Condition>), ServiceError> {
        let (aims, _) = self.aims_of(unit, at, asked)?;
        let phases = self.asked(at, None, |world, _| open_phases(world, unit, at));
        let question = aims.question(&basis.catalog, &phases);
        let model = basis.catalog.id();
        if question.way() == Way::Nowhere {
            // No targets at all would pass whatever the levels are.
            let (id, about) = (&aims.document.id, &aims.profile.model);
            let reason =
                format!("`{id}` is about the model {about}, from which nothing leads to {model}");
            return Err(ServiceError::invalid("profile", reason));
        }
        let gaps = gap(&question, &[]);
        let targets = gaps.iter().filter_map(|gap| match gap.goal {
            Goal::Level(level) => Some((gap.area, level)),
            Goal::NotApplicable | Goal::Unsaid => None,
        });
        let conditions = gate::profile(model, targets, which);
        let reason = "the profile has no target for the unit's areas at this moment";
        Ok((aims.document, some(conditions, reason)?))
    }

    /// The levels elsewhere as conditions.
    async fn no_worse_conditions(
        &self,
        unit: UnitId,
        than: &Coordinate,
        which: Which,
    ) -> Result<Than, ServiceError> {
        let there = self.resolve(than).await?;
        let at = there.at();
        self.may_be_asked(&[unit], at.size).await?;
        let rules = self.rules_named(than.rules.as_deref())?;
        self.refuse_lifeless(unit, at)?;
        let basis = self.basis_if_any(unit, at, rules.as_ref())?;
        let Some(basis) = basis else {
            let reason = "no model and rules were in force where it is compared with".to_owned();
            return Err(ServiceError::NothingToCheck { reason });
        };
        let states = self.asked(at, rules.as_ref(), |world, own| {
            states_of(world, unit, &basis, at, rules.as_ref(), own, |_| true)
        });
        let model = basis.catalog.id();
        let of_model = |area| AreaRef { model: model.clone(), area };
        let than = states.into_iter().map(|(area, state)| (of_model(area), Some(state)));
        let conditions = gate::no_worse(than, which);
        Ok((there, basis, conditions))
    }

    fn held_against(
        &self,
        unit: UnitId,
        basis: &Basis,
        at: At,
        rules: Option<&Document>,
        conditions: &[Condition],
    ) -> Vec<Checked> {
        let states: BTreeMap<AreaId, AreaState> = self.asked(at, rules, |world, own| {
            states_of(world, unit, basis, at, rules, own, |_| true).into_iter().collect()
        });
        let state = |area: &AreaRef| {
            let of_model = area.model == *basis.catalog.id();
            states.get(&area.area).filter(|_| of_model).copied()
        };
        gate::check(conditions, state)
    }
}

fn minimums(basis: &Basis, wanted: &AskedCheck) -> Result<Vec<Condition>, ServiceError> {
    let areas: Vec<AskedArea> = wanted.minimums.iter().map(|(area, _)| area.clone()).collect();
    areas_of(&basis.catalog, &areas)?;
    let condition = |(asked, level): &(AskedArea, u8)| Condition {
        area: AreaRef { model: basis.catalog.id().clone(), area: asked.area },
        which: wanted.which,
        wanted: Wanted::Minimum(*level),
    };
    Ok(wanted.minimums.iter().map(condition).collect())
}

fn state_checked(claim: &mut Claim, checked: &[Checked]) {
    claim.count(checked.len());
    for Checked { condition, seen, passed, .. } in checked {
        claim.word(condition.area.model.as_str()).area(condition.area.area);
        claim.word(name(condition.wanted));
        claim.number(condition.wanted.level().map_or(-1, i64::from));
        match seen {
            Some(level) => claim.level(*level),
            None => claim.position(None),
        };
        claim.number(i64::from(*passed));
    }
}
