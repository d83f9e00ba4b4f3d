//! Roll-ups: the levels of many projects as one, area by area.
//!
//! Whose levels they are (who stood below the unit, lived, and bore the label) is asked at the same
//! point as the levels.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_capsule::claim::Claim;
use gradus_domain::At;
use gradus_domain::compare::{Comparable, Measured, comparability};
use gradus_domain::course::{AreaState, OwnStates};
use gradus_domain::duties::behind::Told;
use gradus_domain::gap::{Goal, gap};
use gradus_domain::gate::Which;
use gradus_domain::registry::Unit;
use gradus_domain::rollup::{Member, RollUp, Rule, Summary, is_project, members, roll_up};
use gradus_domain::world::{World, basis};
use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, Phase, UnitKind};
use gradus_model::{AreaId, Digest, Label, UnitId};
use gradus_projection::views::Basis;

use crate::access::{Caller, sees};
use crate::aims::{Aims, AskedProfile, in_force, open_phases};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::gap::states_of;
use crate::service::Service;
use crate::units::AskedArea;

/// How many members are told one by one.
pub const MOST_MEMBERS: usize = 1_000;

/// Which levels are rolled up, and how.
#[derive(Clone, Debug)]
pub struct AskedRollUp {
    /// Only these areas; none for all.
    pub areas: Vec<AskedArea>,
    /// Only units with this label.
    pub label: Option<Label>,
    /// The rule whose value is asked for.
    pub rule: Rule,
    /// What the members aim at.
    pub profile: AskedProfile,
    /// Whether each member's levels are asked for, too.
    pub with_members: bool,
}

/// The levels of several units as one.
#[derive(Clone, Debug)]
pub struct RollUpAnswer {
    /// The unit whose members were rolled up.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The model and rules of all members, if they share them.
    pub basis: Option<Basis>,
    /// The digest over question and facts.
    pub digest: Digest,
    /// The rule.
    pub rule: Rule,
    /// How many units were members.
    pub members: usize,
    /// The areas, model by model.
    pub areas: Vec<RolledArea>,
    /// Whether the members may be compared.
    pub comparable: Comparable,
    /// Each member, in the order of ids, if that was asked for.
    pub units: Vec<MemberStates>,
    /// What the members' levels rest on that is to be told of, added up.
    pub told: Told,
}

/// An area over several units.
#[derive(Clone, Debug)]
pub struct RolledArea {
    /// The area.
    pub area: AreaRef,
    /// Its title.
    pub title: String,
    /// What the units come to.
    pub sum: RollUp,
}

/// The states of a member's areas.
#[derive(Clone, Debug)]
pub struct MemberStates {
    /// The unit.
    pub unit: UnitId,
    /// Each area of its model that was asked for.
    pub areas: Vec<(AreaRef, AreaState)>,
    /// What its levels rest on that is to be told of.
    pub told: Told,
}

/// A member at the point asked about.
struct Seen {
    unit: UnitId,
    kind: UnitKind,
    basis: Option<Basis>,
    profile: Option<Document>,
    phases: Vec<Phase>,
    states: Vec<(AreaId, AreaState)>,
}

impl Seen {
    fn at(
        world: &dyn World,
        unit: UnitId,
        at: At,
        rules: Option<&Document>,
        own: OwnStates<'_>,
        wanted: &[AskedArea],
    ) -> Self {
        let basis = basis(world, unit, at, rules).ok();
        let is_wanted = |area| wanted.is_empty() || wanted.iter().any(|wanted| wanted.area == area);
        let states = |basis| states_of(world, unit, basis, at, rules, own, is_wanted);
        Self {
            unit,
            kind: world.registry().unit(unit).map_or(UnitKind::Project, |unit| unit.kind),
            states: basis.as_ref().map(states).unwrap_or_default(),
            basis,
            profile: in_force(world, unit, at).map(|(_, document)| document.clone()),
            phases: open_phases(world, unit, at),
        }
    }

    fn state(&self, area: &AreaRef) -> Option<AreaState> {
        let basis = self.basis.as_ref().filter(|basis| *basis.catalog.id() == area.model);
        let state = self.states.iter().find(|(of, _)| *of == area.area && basis.is_some());
        state.map(|(_, state)| *state)
    }

    fn measured(&self) -> Measured<'_> {
        Measured {
            basis: self.basis.as_ref(),
            kind: self.kind,
            which: Which::Ongoing,
            profile: self.profile.as_ref(),
        }
    }
}

impl Service {
    /// Rolls up the levels of the projects below a unit, or of the organization if none is named.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area, profile or rules,
    /// [`ServiceError::TooMuch`] for more than [`MOST_MEMBERS`] members to be told one by one. A
    /// point at which there were no members is no error.
    pub async fn roll_up(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        wanted: AskedRollUp,
    ) -> Result<RollUpAnswer, ServiceError> {
        let (by, coordinate) = (*by, self.resolve(asked).await?);
        let organization = self.views().registry.organization.filter(|_| unit.is_empty());
        let unit = organization.map_or_else(|| self.unit(&by, unit), Ok)?;
        let rules = self.rules_named(asked.rules.as_deref())?;
        if self.index.lags() {
            let units = self.members_of((&by, unit), coordinate.at(), wanted.label.as_ref());
            self.may_be_asked(&units, coordinate.log_size).await?;
        }
        self.apart(move |service| {
            service.rolled_up((&by, unit), coordinate, rules.as_ref(), &wanted)
        })
        .await
    }

    fn rolled_up(
        &self,
        (by, unit): (&Caller, UnitId),
        coordinate: Resolved,
        rules: Option<&Document>,
        wanted: &AskedRollUp,
    ) -> Result<RollUpAnswer, ServiceError> {
        let at = coordinate.at();
        let named = self.profile_if_named(&wanted.profile)?;
        let units = self.members_of((by, unit), at, wanted.label.as_ref());
        if wanted.with_members && units.len() > MOST_MEMBERS {
            let (seen, limit) = (units.len(), MOST_MEMBERS);
            return Err(ServiceError::TooMuch {
                field: "with_members",
                what: "members",
                seen,
                limit,
            });
        }
        let seen: Vec<Seen> = self.asked(at, rules, |world, own| {
            let seen = |unit| Seen::at(world, unit, at, rules, own, &wanted.areas);
            units.into_iter().map(seen).collect()
        });
        let titles = areas_of(&seen, &wanted.areas)?;
        let goals = self.goals_of_members(&seen, named.as_ref(), at.size)?;
        let rolled = titles.iter().map(|(area, title)| {
            let member = |(seen, goals): (&Seen, &Goals)| Member {
                unit: seen.unit,
                state: seen.state(area),
                goal: goals.get(area).copied().unwrap_or(Goal::Unsaid),
            };
            let members: Vec<Member> = seen.iter().zip(&goals).map(member).collect();
            RolledArea { area: area.clone(), title: title.clone(), sum: roll_up(&members) }
        });
        let areas: Vec<RolledArea> = rolled.collect();
        let asked: Vec<AreaRef> = titles.keys().cloned().collect();
        let beside = seen.iter().map(|seen| self.told_at(seen.unit, (None, at), rules, &asked));
        let beside: Vec<Told> = beside.collect::<Result<_, _>>()?;
        let members = seen.iter().zip(&beside).filter(|_| wanted.with_members);
        let states = members.map(|(seen, told)| MemberStates {
            unit: seen.unit,
            areas: titles
                .keys()
                .filter_map(|area| Some((area.clone(), seen.state(area)?)))
                .collect(),
            told: *told,
        });
        let units: Vec<MemberStates> = states.collect();
        let mut claim = Claim::new(self.log_id, "roll-up", at);
        claim.unit(Some(unit)).word(wanted.rule.name());
        claim.word(wanted.label.as_ref().map_or("", |label| label.as_str()));
        claim.document(named.map(|named| named.digest));
        state_members(&mut claim, &seen);
        state_areas(&mut claim, &areas);
        state_units(&mut claim, &units);
        Ok(RollUpAnswer {
            unit,
            coordinate,
            basis: shared(&seen),
            digest: claim.digest(),
            rule: wanted.rule,
            members: seen.len(),
            areas,
            comparable: comparability(seen.iter().map(Seen::measured)),
            units,
            told: beside.into_iter().fold(Told::default(), Told::and),
        })
    }

    /// The projects below a unit that the caller may see.
    fn members_of(
        &self,
        (by, scope): (&Caller, UnitId),
        at: At,
        label: Option<&Label>,
    ) -> Vec<UnitId> {
        let (sight, now) = (self.sight(by), self.now());
        let views = self.views();
        let labelled = |unit: &Unit| {
            label.is_none_or(|label| {
                let history = views.history(unit.id);
                history.is_some_and(|history| history.settings.labels_at(at).contains(label))
            })
        };
        let seen = |unit: &Unit| sees(&views, &sight, unit.id, now);
        members(&views.registry, scope, at, |unit| is_project(unit) && labelled(unit) && seen(unit))
    }

    /// What each member aims at, in their order; found once for all that aim alike.
    fn goals_of_members<'s>(
        &self,
        seen: &'s [Seen],
        named: Option<&Document>,
        size: u64,
    ) -> Result<Vec<Goals>, ServiceError> {
        let mut aims: BTreeMap<Digest, Aims> = BTreeMap::new();
        let profile = |one: &Seen| named.or(one.profile.as_ref()).cloned();
        for profile in seen.iter().filter_map(profile) {
            if let Entry::Vacant(unread) = aims.entry(profile.digest) {
                unread.insert(self.aims(&profile, size)?);
            }
        }
        let mut found: BTreeMap<(Digest, Digest, &[Phase]), Goals> = BTreeMap::new();
        let mut goals_of_one = |one: &'s Seen| {
            let (aims, basis) = (aims.get(&profile(one)?.digest)?, one.basis.as_ref()?);
            let key = (aims.document.digest, basis.model.digest, one.phases.as_slice());
            let goals = found.entry(key).or_insert_with(|| goals_of(aims, basis, &one.phases));
            Some(Arc::clone(goals))
        };
        Ok(seen.iter().map(|one| goals_of_one(one).unwrap_or_default()).collect())
    }
}

/// What a unit aims at in each area of its model.
type Goals = Arc<BTreeMap<AreaRef, Goal>>;

fn goals_of(aims: &Aims, basis: &Basis, open: &[Phase]) -> Goals {
    let gaps = gap(&aims.question(&basis.catalog, open), &[]);
    let of_model = |area| AreaRef { model: basis.catalog.id().clone(), area };
    Arc::new(gaps.iter().map(|gap| (of_model(gap.area), gap.goal)).collect())
}

/// The areas of the members' models that were asked for, with their titles; all if none were.
fn areas_of(seen: &[Seen], asked: &[AskedArea]) -> Result<BTreeMap<AreaRef, String>, ServiceError> {
    let mut models = BTreeSet::new();
    let mut areas = BTreeMap::new();
    for basis in seen.iter().filter_map(|one| one.basis.as_ref()) {
        if models.insert(basis.model.digest) {
            let model = basis.catalog.id();
            let of_model = |area| AreaRef { model: model.clone(), area };
            let listed = basis.catalog.areas().iter();
            areas.extend(listed.map(|area| (of_model(area.id), area.title.clone())));
        }
    }
    let is_meant = |area: &AreaRef, asked: &AskedArea| {
        asked.area == area.area && asked.model.as_ref().is_none_or(|model| *model == area.model)
    };
    let unknown = |asked: &&AskedArea| !areas.keys().any(|area| is_meant(area, asked));
    // Where no model is in force, nothing can be listed, which is no error.
    if let Some(unknown) = asked.iter().find(unknown).filter(|_| !models.is_empty()) {
        return Err(ServiceError::not_found("area", unknown));
    }
    areas.retain(|area, _| asked.is_empty() || asked.iter().any(|asked| is_meant(area, asked)));
    Ok(areas)
}

/// The model and rules that all members share.
fn shared(seen: &[Seen]) -> Option<Basis> {
    let first = seen.first()?.basis.as_ref()?;
    let alike = seen.iter().all(|one| one.basis.as_ref() == Some(first));
    alike.then(|| first.clone())
}

fn state_members(claim: &mut Claim, seen: &[Seen]) {
    claim.count(seen.len());
    for one in seen {
        let basis = one.basis.as_ref();
        claim.unit(Some(one.unit));
        claim.documents(
            basis.map(|basis| basis.model.digest),
            basis.map(|basis| basis.rules.digest),
        );
    }
}

fn state_areas(claim: &mut Claim, areas: &[RolledArea]) {
    claim.count(areas.len());
    for RolledArea { area, sum, .. } in areas {
        claim.word(area.model.as_str()).area(area.area);
        claim.number(sum.answers.into()).number(sum.inherited.into());
        let coverage = sum.coverage;
        for count in
            [coverage.practices, coverage.supported, coverage.contradicted, coverage.lapsed]
        {
            claim.number(count.into());
        }
        state_summary(claim, &sum.rated);
        state_summary(claim, &sum.ongoing);
    }
}

fn state_summary(claim: &mut Claim, summary: &Summary) {
    let (counts, target) = (summary.distribution, summary.on_target);
    let without = [
        counts.between,
        counts.not_rated,
        counts.not_applicable,
        counts.not_determinable,
        counts.absent,
    ];
    let targets = [target.met, target.short, target.maybe, target.unknown];
    for count in counts.exact.into_iter().chain(without).chain(targets) {
        claim.number(count.into());
    }
    let spread = summary.spread.into_iter();
    for bounds in spread.flat_map(|spread| [spread.lowest, spread.median, spread.highest]) {
        claim.number(bounds.at_least.into()).number(bounds.at_most.into());
    }
}

fn state_units(claim: &mut Claim, units: &[MemberStates]) {
    claim.count(units.len());
    for member in units {
        claim.unit(Some(member.unit)).count(member.areas.len());
        for (area, state) in &member.areas {
            claim.word(area.model.as_str()).area(area.area).state(Some(state));
        }
    }
}
