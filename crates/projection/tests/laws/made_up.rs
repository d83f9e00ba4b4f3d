//! Histories made up by chance: each is named by its seed.
//!
//! They could have been recorded: what is done to an item or a rating comes after it, in its
//! unit, and no end lies before its start. Otherwise facts come late, early and all at once.

mod achieved;
mod appraised;
mod facts;
mod sources;

use std::cmp::Ordering;

use gradus_model::event::Document;
use gradus_model::event::{
    EvidenceSuperseded, InstanceLinks, Links, OfEvidence, OfRating, PayloadErased, UnitMoved,
    UnitRegistered,
};
use gradus_model::leaf::Place;
use gradus_model::rating::Scale;
use gradus_model::unit::{Grade, UnitKind};
use gradus_model::{
    AreaId, Digest, Event, EvidenceId, PrincipalId, RatingId, Recorded, RequestId, Target,
    Timestamp, UnitId,
};

use crate::dice::Dice;
use crate::world::{
    GROUNDS, Ground, PEOPLE, PUBLISHED, UNITS, bytes, first_day, instants, unit, who,
};

/// A log, made up.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) events: Vec<Recorded>,
    /// The units that most facts are about.
    pub(crate) units: Vec<UnitId>,
    /// The areas that all facts are about.
    pub(crate) areas: Vec<AreaId>,
    /// The log's size before the first fact by chance.
    pub(crate) begins: u64,
}

impl History {
    /// The history had one of its facts never been recorded.
    pub(crate) fn without(&self, at: usize) -> Self {
        let mut without = self.clone();
        without.events.remove(at);
        for (position, recorded) in (0..).zip(&mut without.events) {
            recorded.place.position = position;
            // What is named by its place is named by its new one.
            if let Event::SourceRestored(of) = &mut recorded.event {
                of.distrust = match of.distrust.cmp(&(at as u64)) {
                    Ordering::Less => of.distrust,
                    Ordering::Equal => u64::MAX,
                    Ordering::Greater => of.distrust.saturating_sub(1),
                };
            }
        }
        without
    }
}

/// Something that later facts can be about.
#[derive(Clone)]
struct Made<Id> {
    id: Id,
    unit: UnitId,
    from: Timestamp,
}

/// A history while it is told.
struct Story {
    dice: Dice,
    events: Vec<Recorded>,
    ground: &'static Ground,
    /// The scale of most ratings.
    scale: Scale,
    /// The practices that most facts are about.
    practices: Vec<Target>,
    units: Vec<UnitId>,
    archived: Vec<UnitId>,
    items: Vec<Made<EvidenceId>>,
    ratings: Vec<Made<RatingId>>,
    /// The appraisals that are not over.
    appraisals: Vec<appraised::Work>,
    drawn: u64,
}

/// The history with this seed.
pub(crate) fn made_up(seed: u64) -> History {
    let mut dice = Dice::of(seed);
    let ground = &GROUNDS[dice.weighted(&[(60, 0), (25, 1), (15, 2)])];
    let base = ground.practices.iter().filter(|(_, level, _)| *level == 1).cloned();
    let base: Vec<_> = base.collect();
    let hot = [&base, &base, &base, &ground.practices].map(|all| dice.one_of(all));
    let mut practices = hot.map(|(_, _, target)| target).to_vec();
    let scale = dice.weighted(&[(60, Scale::Satisfaction), (40, Scale::Nplf)]);
    if scale == Scale::Nplf {
        let (.., feature) = dice.one_of(&ground.features);
        practices.push(feature);
    }
    let (project, _, parent) = dice.one_of(&UNITS[3..]);
    let mut units = vec![unit(project), unit(parent.unwrap_or(project)), organization()];
    units.dedup();
    let mut story = Story {
        dice,
        events: Vec::new(),
        ground,
        scale,
        practices,
        units,
        archived: Vec::new(),
        items: Vec::new(),
        ratings: Vec::new(),
        appraisals: Vec::new(),
        drawn: 0,
    };
    story.begins();
    let begins = story.events.len() as u64;
    let size = begins + 10 + story.dice.below(51);
    while (story.events.len() as u64) < size {
        story.goes_on();
    }
    let areas = ground.areas.clone();
    History { seed, events: story.events, units: story.units, areas, begins }
}

impl Story {
    fn tell(&mut self, stream: UnitId, by: PrincipalId, effective_at: Timestamp, event: Event) {
        let position = self.events.len() as u64;
        let before = self.events.iter().filter(|before| before.place.stream == stream).count();
        let place = Place {
            position,
            recorded_at: stamp(position),
            stream,
            version: before as u64 + 1,
            previous: Digest::ZERO,
        };
        let (grade, request) = (Grade::Token, RequestId([0; 16]));
        let recorded = Recorded { place, effective_at, actor: by, grade, request, item: 0, event };
        self.events.push(recorded);
    }

    /// More often one of the first instants, so that much is known on most days.
    fn instant(&mut self) -> Timestamp {
        let all = instants();
        if self.dice.in_hundred(60) { self.dice.one_of(&all[..6]) } else { self.dice.one_of(&all) }
    }

    /// One of the instants not before `from`, or `from` itself.
    fn instant_from(&mut self, from: Timestamp) -> Timestamp {
        let mut all = instants();
        all.retain(|instant| *instant > from);
        all.push(from);
        self.dice.one_of(&all)
    }

    /// A unit that still takes events.
    fn unit(&mut self) -> UnitId {
        let (any, ..) = self.dice.one_of(&UNITS);
        let unit = if self.dice.in_hundred(80) { self.dice.one_of(&self.units) } else { unit(any) };
        if self.archived.contains(&unit) { organization() } else { unit }
    }

    fn person(&mut self) -> PrincipalId {
        who(self.dice.one_of(&["alice", "bob"]))
    }

    fn anyone(&mut self) -> PrincipalId {
        who(self.dice.one_of(&["bot", "bot", "scanner", "bob", "alice"]))
    }

    /// A new id, never used before.
    fn draw(&mut self) -> [u8; 16] {
        self.drawn += 1;
        bytes(&format!("#{}", self.drawn))
    }

    fn begins(&mut self) {
        let since_ever = Timestamp::MIN;
        for (name, kind) in PEOPLE {
            self.tell(organization(), who("alice"), since_ever, facts::added(who(name), kind));
        }
        for (name, kind, parent) in UNITS {
            let parent = parent.map(unit);
            let new =
                UnitRegistered { unit: unit(name), kind, parent, name: name.parse().unwrap() };
            let from = if self.dice.in_hundred(70) { since_ever } else { self.instant() };
            self.tell(organization(), who("alice"), from, Event::UnitRegistered(new));
        }
        for (document, _) in &PUBLISHED.models {
            let event = Event::ModelPublished(document.clone());
            self.tell(organization(), who("alice"), since_ever, event);
        }
        for (document, _) in &PUBLISHED.rules {
            let event = Event::RulesPublished(document.clone());
            self.tell(organization(), who("alice"), since_ever, event);
        }
        let model = Event::ModelAdopted(self.ground.model.clone());
        let from = if self.dice.in_hundred(90) { since_ever } else { self.instant() };
        self.tell(organization(), who("alice"), from, model);
        let rules = self.rules();
        let from = if self.dice.in_hundred(90) { since_ever } else { self.instant() };
        self.tell(organization(), who("alice"), from, Event::RulesAdopted(rules));
    }

    fn goes_on(&mut self) {
        let happens = self.dice.weighted(&[
            (18, Self::submit as fn(&mut Self)),
            (18, Self::rate),
            (6, Self::fulfil_or_achieve),
            (14, Self::decide_on_item),
            (6, Self::end_item),
            (3, Self::supersede),
            (6, Self::link),
            (4, Self::withdraw_rating),
            (7, Self::end_rating),
            (8, Self::tailor),
            (6, Self::adopt),
            (4, Self::move_unit),
            (5, Self::distrust),
            (4, Self::restore),
            (10, Self::appraise),
            (3, Self::bring_in),
            (3, Self::remark),
        ]);
        happens(self);
    }

    fn practice(&mut self) -> Target {
        let of_feature = self.scale == Scale::Nplf && self.dice.in_hundred(30);
        let all = if of_feature { &self.ground.features } else { &self.ground.practices };
        let (_, _, any) = self.dice.one_of(all);
        if self.dice.in_hundred(80) { self.dice.one_of(&self.practices) } else { any }
    }

    fn submit(&mut self) {
        let practices = [self.practices.clone(), vec![self.practice()]].concat();
        let mut practices = self.dice.some_of(&practices);
        practices.sort();
        practices.dedup();
        let (unit, work_to) = (self.unit(), self.instant());
        self.submit_for(unit, practices, work_to);
    }

    fn submit_for(&mut self, unit: UnitId, practices: Vec<Target>, work_to: Timestamp) {
        let id = EvidenceId(self.draw());
        let mut item = facts::item(&mut self.dice, id, practices);
        if self.dice.in_hundred(30) {
            item.work_from = Some(self.instant()).filter(|from| *from < work_to);
        }
        let from = item.work_from.unwrap_or(work_to);
        if self.dice.in_hundred(20) {
            item.valid_until = Some(self.instant()).filter(|until| *until > from);
        }
        self.items.push(Made { id: item.evidence, unit, from });
        let by = self.anyone();
        let of = OfEvidence { evidence: item.evidence };
        self.tell(unit, by, work_to, Event::EvidenceSubmitted(item));
        if self.dice.in_hundred(40) {
            let (by, at) = (self.person(), self.instant());
            self.tell(unit, by, at, Event::EvidenceAccepted(of));
        }
    }

    fn rate(&mut self) {
        let (unit, target, from) = (self.unit(), self.practice(), self.instant());
        let id = RatingId(self.draw());
        let mut rating = facts::rating(&mut self.dice, self.scale, id, target);
        if let Some(made) = self.items.iter().rfind(|made| made.unit == unit) {
            rating.evidence.push(made.id);
        }
        self.ratings.push(Made { id: rating.rating, unit, from });
        let by = self.person();
        self.tell(unit, by, from, Event::PracticeRated(rating));
    }

    /// One of the items, most often one of the last.
    fn item(&mut self) -> Option<Made<EvidenceId>> {
        one_made(&mut self.dice, &self.items, &self.archived)
    }

    fn decide_on_item(&mut self) {
        let Some(Made { id, unit, .. }) = self.item() else { return self.submit() };
        let of = OfEvidence { evidence: id };
        let withdrawn = self.dice.in_hundred(10);
        let event = match self.dice.below(100) {
            _ if withdrawn => Event::EvidenceWithdrawn(of),
            0..75 => Event::EvidenceAccepted(of),
            75..92 => Event::EvidenceRejected(of),
            _ => Event::EvidenceConfirmed(of),
        };
        if withdrawn {
            self.items.retain(|made| made.id != id);
        }
        let (by, at) = (self.person(), self.instant());
        self.tell(unit, by, at, event);
    }

    fn end_item(&mut self) {
        let Some(Made { id, unit, from }) = self.item() else { return self.submit() };
        let (by, at) = (self.anyone(), self.instant_from(from));
        self.tell(unit, by, at, Event::EvidenceEnded(OfEvidence { evidence: id }));
    }

    fn supersede(&mut self) {
        let (Some(old), Some(new)) = (self.item(), self.item()) else { return self.submit() };
        if old.id == new.id || old.unit != new.unit {
            return self.submit();
        }
        let event = EvidenceSuperseded { evidence: old.id, by: new.id };
        let (by, at) = (self.anyone(), self.instant_from(old.from));
        self.tell(old.unit, by, at, Event::EvidenceSuperseded(event));
    }

    fn link(&mut self) {
        let Some(Made { id, unit, .. }) = self.item() else { return self.submit() };
        let linked = self.dice.in_hundred(60);
        let event = if self.dice.in_hundred(20) {
            // No level depends on it.
            let links = InstanceLinks { evidence: id, instances: vec!["web".parse().unwrap()] };
            if linked {
                Event::EvidenceInstanceLinked(links)
            } else {
                Event::EvidenceInstanceUnlinked(links)
            }
        } else {
            let links = Links { evidence: id, practices: vec![self.practice()] };
            if linked { Event::EvidenceLinked(links) } else { Event::EvidenceUnlinked(links) }
        };
        let (by, at) = (self.anyone(), self.instant());
        self.tell(unit, by, at, event);
    }

    fn made_rating(&mut self) -> Option<Made<RatingId>> {
        one_made(&mut self.dice, &self.ratings, &self.archived)
    }

    fn withdraw_rating(&mut self) {
        let Some(Made { id, unit, .. }) = self.made_rating() else { return self.rate() };
        self.ratings.retain(|made| made.id != id);
        let (by, at) = (self.person(), self.instant());
        self.tell(unit, by, at, Event::RatingWithdrawn(OfRating { rating: id }));
    }

    fn end_rating(&mut self) {
        let Some(Made { id, unit, from }) = self.made_rating() else { return self.rate() };
        let (by, at) = (self.person(), self.instant_from(from));
        self.tell(unit, by, at, Event::RatingEnded(OfRating { rating: id }));
    }

    fn tailor(&mut self) {
        let (unit, by, at) = (self.unit(), self.person(), self.instant());
        let area = self.dice.one_of(&self.ground.areas);
        let event = facts::tailored(&mut self.dice, self.ground.model.id.clone(), area);
        self.tell(unit, by, at, event);
    }

    fn adopt(&mut self) {
        let (unit, by) = (self.unit(), self.person());
        let at = if self.dice.in_hundred(20) { Timestamp::MIN } else { self.instant() };
        let rules = self.rules();
        let (any, _) = self.dice.one_of(&PUBLISHED.models);
        // Most often the model that the facts are about, so that they are seen again.
        let model = if self.dice.in_hundred(60) { self.ground.model.clone() } else { any };
        let rules_change = self.dice.in_hundred(75);
        let event =
            if rules_change { Event::RulesAdopted(rules) } else { Event::ModelAdopted(model) };
        self.tell(unit, by, at, event);
    }

    fn move_unit(&mut self) {
        let (name, kind, _) = self.dice.one_of(&UNITS[1..]);
        let (parent, parents_kind, _) = self.dice.one_of(&UNITS);
        let (unit, parent) = (unit(name), unit(parent));
        let gone = self.archived.contains(&unit) || self.archived.contains(&parent);
        if gone || unit == parent || parents_kind == UnitKind::Project {
            return self.rate();
        }
        let (by, at) = (self.person(), self.instant());
        if kind == UnitKind::Project && self.dice.in_hundred(15) {
            self.archived.push(unit);
            return self.tell(organization(), by, at, facts::archived(unit));
        }
        self.tell(organization(), by, at, Event::UnitMoved(UnitMoved { unit, parent }));
    }

    /// What no level depends on.
    fn remark(&mut self) {
        let (unit, by, at) = (self.unit(), self.anyone(), self.instant());
        let told = self.events.iter().filter(|before| before.place.stream == unit).count() as u64;
        let erased = PayloadErased { version: self.dice.below(told + 1).max(1) };
        let event = match self.dice.below(4) {
            0 => facts::phase_entered(),
            1 => facts::marked(),
            _ if told > 0 => Event::PayloadErased(erased),
            _ => facts::marked(),
        };
        self.tell(unit, by, at, event);
    }
}

fn stamp(position: u64) -> Timestamp {
    first_day().plus_micros(i64::try_from(position).unwrap())
}

fn organization() -> UnitId {
    unit(UNITS[0].0)
}

fn one_made<Id: Clone>(dice: &mut Dice, all: &[Made<Id>], archived: &[UnitId]) -> Option<Made<Id>> {
    let mut living: Vec<_> = all.iter().filter(|made| !archived.contains(&made.unit)).collect();
    if living.is_empty() {
        return None;
    }
    if dice.in_hundred(60) {
        living.drain(..living.len().saturating_sub(3));
    }
    Some(dice.one_of(&living).clone())
}
