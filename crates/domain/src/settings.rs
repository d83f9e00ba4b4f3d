//! What a unit has settled for itself: model, rules, profile, tailoring, labels, baseline, phases,
//! markers; and who has an interest of their own in it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, Context, Inheritance, MarkerKind, Phase};
use gradus_model::{Event, Label, PrincipalId, Timestamp};

use crate::duties::{Conflict, Interest};
use crate::timeline::{At, Stated, Timeline};

/// A named instant of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// What it stands for.
    pub kind: MarkerKind,
    /// Its name.
    pub label: Label,
}

/// The fold of a unit's settings, readable at any point of both times.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The models adopted.
    pub models: Timeline<Document>,
    /// The rules adopted.
    pub rules: Timeline<Document>,
    /// The profiles adopted.
    pub profiles: Timeline<Document>,
    /// For each area ever tailored, whether it is tailored out.
    pub tailored_out: BTreeMap<AreaRef, Timeline<bool>>,
    /// For each area ever set, where it is answered from.
    pub inheritance: BTreeMap<AreaRef, Timeline<Inheritance>>,
    /// The circumstances.
    pub context: Timeline<Context>,
    /// The labels, all of them each time.
    pub labels: Timeline<Vec<Label>>,
    /// For each area ever given one, the levels below which it must not fall; see [`Self::floor_of`].
    pub floors: BTreeMap<AreaRef, Timeline<u8>>,
    /// For each phase ever entered, whether it is open.
    pub phases: BTreeMap<Phase, Timeline<bool>>,
    /// Named instants, in the order of recording.
    pub markers: Vec<Stated<Marker>>,
    /// For each principal ever said to have an interest in the unit, whether they have.
    pub interests: BTreeMap<PrincipalId, Timeline<Interest>>,
}

impl Settings {
    /// Takes in one event of the unit's stream; events on other things change nothing.
    ///
    /// Returns whether the event was one of settings.
    pub fn evolve(&mut self, position: u64, effective_at: Timestamp, event: &Event) -> bool {
        match event {
            Event::ModelAdopted(held) => self.models.state(position, effective_at, held.clone()),
            Event::RulesAdopted(held) => self.rules.state(position, effective_at, held.clone()),
            Event::ProfileAdopted(held) => {
                self.profiles.state(position, effective_at, held.clone());
            }
            Event::AreaTailoredOut(tailoring) => {
                self.tailor(&tailoring.area).state(position, effective_at, true);
            }
            Event::AreaTailoredIn(tailoring) => {
                self.tailor(&tailoring.area).state(position, effective_at, false);
            }
            Event::AreaInheritanceSet(set) => {
                let timeline = self.inheritance.entry(set.area.clone()).or_default();
                timeline.state(position, effective_at, set.inheritance);
            }
            Event::ContextRecorded(context) => {
                self.context.state(position, effective_at, context.clone());
            }
            Event::UnitLabelled(labelled) => {
                self.labels.state(position, effective_at, labelled.labels.clone());
            }
            Event::BaselineRaised(raised) => {
                for floor in &raised.floors {
                    let timeline = self.floors.entry(floor.area.clone()).or_default();
                    timeline.state(position, effective_at, floor.level);
                }
            }
            Event::PhaseEntered(change) => {
                self.phases.entry(change.phase).or_default().state(position, effective_at, true);
            }
            Event::PhaseLeft(change) => {
                self.phases.entry(change.phase).or_default().state(position, effective_at, false);
            }
            Event::MarkerPlaced(placed) => {
                let value = Marker { kind: placed.kind, label: placed.label.clone() };
                self.markers.push(Stated { position, effective_at, value });
            }
            Event::ConflictDeclared(of) => {
                let interest = Interest::Declared { until: of.until };
                self.interest(of.principal).state(position, effective_at, interest);
            }
            Event::ConflictWithdrawn(of) => {
                self.interest(of.principal).state(position, effective_at, Interest::Withdrawn);
            }
            _ => return false,
        }
        true
    }

    fn interest(&mut self, of: PrincipalId) -> &mut Timeline<Interest> {
        self.interests.entry(of).or_default()
    }

    fn tailor(&mut self, area: &AreaRef) -> &mut Timeline<bool> {
        self.tailored_out.entry(area.clone()).or_default()
    }

    /// Whether the area is tailored out at a point.
    #[must_use]
    pub fn is_tailored_out(&self, area: &AreaRef, at: At) -> bool {
        self.tailored_out.get(area).and_then(|timeline| timeline.at(at)).copied().unwrap_or(false)
    }

    /// Where the area is answered from at a point.
    #[must_use]
    pub fn inheritance_of(&self, area: &AreaRef, at: At) -> Inheritance {
        let set = self.inheritance.get(area).and_then(|timeline| timeline.at(at));
        set.copied().unwrap_or(Inheritance::ByRules)
    }

    /// The moments from which models, rules, tailoring or inheritance change, as known with `size`
    /// records.
    pub fn instants(&self, size: u64) -> impl Iterator<Item = Timestamp> {
        let documents = [&self.models, &self.rules].into_iter();
        let documents = documents.flat_map(move |timeline| timeline.instants(size));
        let tailored = self.tailored_out.values().flat_map(move |areas| areas.instants(size));
        let inherited = self.inheritance.values().flat_map(move |areas| areas.instants(size));
        documents.chain(tailored).chain(inherited)
    }

    /// The labels at a point, in order.
    #[must_use]
    pub fn labels_at(&self, at: At) -> &[Label] {
        self.labels.at(at).map_or(&[], Vec::as_slice)
    }

    /// The level below which the area must not fall at a point, 1 to 5, if it has one.
    #[must_use]
    pub fn floor_of(&self, area: &AreaRef, at: At) -> Option<u8> {
        self.floor_stated_at(area, at).map(|stated| stated.value)
    }

    /// The statement that holds an area's level up at a point, if there is one.
    ///
    /// It is the highest one in effect, whichever came last: so what is stated to begin earlier
    /// than a lower one still holds when that begins, and a floor never sinks with time.
    #[must_use]
    pub fn floor_stated_at(&self, area: &AreaRef, at: At) -> Option<&Stated<u8>> {
        let stated = self.floors.get(area)?.iter();
        let in_effect =
            stated.filter(|stated| stated.position < at.size && stated.effective_at <= at.valid_at);
        in_effect.max_by_key(|stated| (stated.value, Reverse(stated.effective_at)))
    }

    /// The conflict of interest of a principal that is in force on this unit at a point, if one is.
    #[must_use]
    pub fn conflict_of(&self, principal: PrincipalId, at: At) -> Option<Conflict> {
        let stated = self.interests.get(&principal)?.stated_at(at)?;
        let (since, position) = (stated.effective_at, stated.position);
        match stated.value {
            Interest::Declared { until } if until.is_none_or(|until| at.valid_at < until) => {
                Some(Conflict { principal, since, until, position })
            }
            Interest::Declared { .. } | Interest::Withdrawn => None,
        }
    }

    /// A principal's conflict of interest on this unit that was in force at any moment from `from` to
    /// `to`, both included, with everything known; the first of several.
    #[must_use]
    pub fn conflict_between(
        &self,
        principal: PrincipalId,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<Conflict> {
        let stated = self.interests.get(&principal)?.instants(u64::MAX);
        let mut moments: Vec<Timestamp> = stated.filter(|at| from < *at && *at <= to).collect();
        moments.sort_unstable();
        let mut moments = [from].into_iter().chain(moments);
        moments.find_map(|moment| self.conflict_of(principal, At::with_everything(moment)))
    }

    /// The phases that are open at a point.
    pub fn open_phases(&self, at: At) -> impl Iterator<Item = Phase> {
        let open = move |timeline: &Timeline<bool>| timeline.at(at).copied().unwrap_or(false);
        self.phases.iter().filter(move |(_, timeline)| open(timeline)).map(|(phase, _)| *phase)
    }
}
