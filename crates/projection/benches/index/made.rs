//! Logs of any length, made up event by event.

use std::sync::Arc;

use gradus_domain::Rules;
use gradus_model::event::{Document, OfEvidence, OfRating, PrincipalAdded, UnitRegistered};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength};
use gradus_model::leaf::Place;
use gradus_model::rating::{Rating, Value};
use gradus_model::unit::{AreaRef, Grade, PrincipalKind, UnitKind};
use gradus_model::{
    AreaId, Catalog, Digest, Edge, Event, EvidenceId, PrincipalId, RatingId, Recorded, RequestId,
    Target, Timestamp, UnitId,
};
use gradus_projection::Library;
use gradus_projection::library::Held;

const ISO: &str = include_str!("../../../../config/models/iso-21827-2008.toml");
const TRUSTING: &str = include_str!("../../../../config/rules/trusted-tools.toml");
const AREAS: u64 = 22;
const EVENTS_A_PAIR: u64 = 100;
const DAY: i64 = 86_400_000_000;
const YEARS: i64 = 8;

/// The generator `SplitMix64`.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }
}

/// A log while it is made.
pub(crate) struct Made {
    dice: Dice,
    size: u64,
    position: u64,
    units: u64,
    versions: Vec<u64>,
    targets: Vec<Vec<Target>>,
    begin: Vec<(PrincipalId, Event)>,
    /// Some of the last items and ratings, with their units.
    items: Vec<(u64, EvidenceId, Timestamp)>,
    ratings: Vec<(u64, RatingId)>,
}

fn id(sort: u8, number: u64) -> [u8; 16] {
    let mut id = [sort; 16];
    let mixed = Dice(number).below(u64::MAX);
    id[..8].copy_from_slice(&mixed.to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    id
}

fn unit(number: u64) -> UnitId {
    UnitId(id(b'u', number))
}

fn first_day() -> Timestamp {
    Timestamp::parse("2018-01-01", Edge::Start).expect("a date")
}

/// The model that all units are measured by.
pub(crate) fn model() -> Catalog {
    Catalog::parse("iso.toml", ISO, None).expect("a model")
}

impl Made {
    pub(crate) fn pairs(events: u64) -> u64 {
        Self::units(events) * AREAS
    }

    fn units(events: u64) -> u64 {
        (events / EVENTS_A_PAIR / AREAS).max(1)
    }

    /// Unit 0 is the organization.
    pub(crate) fn any_pair(dice: &mut Dice, events: u64) -> (UnitId, AreaRef) {
        let number = 1 + dice.below(Self::units(events));
        let area = u8::try_from(1 + dice.below(AREAS)).unwrap_or(1);
        let model = "iso-21827-2008".parse().expect("a name");
        (unit(number), AreaRef { model, area: AreaId::new(area).expect("an area") })
    }

    pub(crate) fn any_instant(dice: &mut Dice) -> Timestamp {
        let days = i64::try_from(dice.below(365 * (YEARS.unsigned_abs() + 1))).unwrap_or(0);
        first_day().plus_micros(days * DAY)
    }

    pub(crate) fn of(size: u64) -> (Self, Library) {
        let model = Arc::new(model());
        let rules = Arc::new(Rules::parse("rules.toml", TRUSTING).expect("rules"));
        let document =
            |id: &gradus_model::Name, byte| Document { id: id.clone(), digest: Digest([byte; 32]) };
        let (of_model, of_rules) = (document(model.id(), 1), document(&rules.id, 2));
        let mut library = Library::default();
        library.keep(of_model.digest, Held::Model(Arc::clone(&model)));
        library.keep(of_rules.digest, Held::Rules(Arc::clone(&rules)));
        let targets = model.areas().iter().map(|area| {
            let outline = gradus_domain::scheme::Outline::of(&model, area, rules.scheme);
            outline.targets.into_iter().map(|(target, _)| target).collect()
        });
        let (person, bot) = (PrincipalId([1; 16]), PrincipalId([2; 16]));
        let added =
            |principal, kind| Event::PrincipalAdded(PrincipalAdded { principal, kind, by: None });
        let mut begin = vec![
            (person, added(person, PrincipalKind::Person)),
            (person, added(bot, PrincipalKind::Service)),
        ];
        let units = Self::units(size);
        for number in 0..=units {
            let kind = if number == 0 { UnitKind::Organization } else { UnitKind::Project };
            let parent = (number > 0).then(|| unit(0));
            let name = format!("unit-{number}").parse().expect("a name");
            let new = UnitRegistered { unit: unit(number), kind, parent, name };
            begin.push((person, Event::UnitRegistered(new)));
        }
        begin.push((person, Event::ModelAdopted(of_model)));
        begin.push((person, Event::RulesAdopted(of_rules)));
        begin.reverse();
        let made = Self {
            dice: Dice(size),
            size,
            position: 0,
            units,
            versions: vec![0; usize::try_from(units).unwrap_or(0) + 1],
            targets: targets.collect(),
            begin,
            items: Vec::new(),
            ratings: Vec::new(),
        };
        (made, library)
    }

    fn record(
        &mut self,
        number: u64,
        actor: PrincipalId,
        effective_at: Timestamp,
        event: Event,
    ) -> Recorded {
        let position = self.position;
        self.position += 1;
        let version = &mut self.versions[usize::try_from(number).unwrap_or(0)];
        *version += 1;
        let place = Place {
            position,
            recorded_at: self.now().plus_micros(i64::try_from(position).unwrap_or(0)),
            stream: unit(number),
            version: self.versions[usize::try_from(number).unwrap_or(0)],
            previous: Digest::ZERO,
        };
        let (grade, request) = (Grade::Token, RequestId([0; 16]));
        Recorded { place, effective_at, actor, grade, request, item: 0, event }
    }

    /// Time goes on evenly with the log.
    fn now(&self) -> Timestamp {
        let seconds = i128::from(YEARS) * 365 * 86_400 * i128::from(self.position);
        let seconds = i64::try_from(seconds / i128::from(self.size)).unwrap_or(0);
        first_day().plus_micros(seconds * 1_000_000)
    }

    /// When a fact takes effect: one in ten lies back, up to a year.
    fn effective(&mut self) -> Timestamp {
        let back = if self.dice.below(100) < 10 { self.dice.below(365 * 86_400) } else { 0 };
        self.now().plus_micros(-i64::try_from(back).unwrap_or(0) * 1_000_000)
    }

    /// A unit and the number of an area; one pair in a hundred is told of more often.
    fn pair(&mut self) -> (u64, usize) {
        let pairs = self.units * AREAS;
        let hot = self.dice.below(100) < 10;
        let pair = self.dice.below(if hot { (pairs / 100).max(1) } else { pairs });
        (1 + pair / AREAS, usize::try_from(pair % AREAS).unwrap_or(0))
    }

    fn target(&mut self, area: usize) -> Target {
        let targets = &self.targets[area];
        self.dice.one_of(targets).clone()
    }

    fn submitted(&mut self) -> Recorded {
        let (unit, area) = self.pair();
        let mut practices = vec![self.target(area)];
        if self.dice.below(100) < 30 {
            practices.push(self.target(area));
        }
        practices.sort();
        practices.dedup();
        let kinds = [Kind::ScanReport, Kind::TestResult, Kind::Policy, Kind::Document];
        let evidence = EvidenceId(id(b'e', self.position));
        let name = "ci".parse().expect("a name");
        let source = Source { name, id: format!("run-{}", self.position).parse().expect("an id") };
        let contradicts = self.dice.below(100) < 5;
        let item = Item {
            evidence,
            kind: *self.dice.one_of(&kinds),
            outcome: if contradicts { Outcome::Contradicts } else { Outcome::Supports },
            strength: Strength::Direct,
            practices,
            work_from: None,
            valid_until: None,
            source,
            producer_sequence: None,
            instance: None,
            about: None,
            measures: Vec::new(),
            subjects: Vec::new(),
            tool: None,
            attachments: Vec::new(),
        };
        let work_to = self.effective();
        if self.items.len() > 2_000 {
            self.items.clear();
        }
        self.items.push((unit, evidence, work_to));
        let by = if self.dice.below(100) < 90 { [2; 16] } else { [1; 16] };
        self.record(unit, PrincipalId(by), work_to, Event::EvidenceSubmitted(item))
    }

    fn rated(&mut self) -> Recorded {
        let (unit, area) = self.pair();
        let (rating, target) = (RatingId(id(b'r', self.position)), self.target(area));
        let value = if self.dice.below(100) < 85 { Value::Satisfied } else { Value::NotSatisfied };
        let (instance, appraisal, basis, evidence) = (None, None, None, Vec::new());
        if self.ratings.len() > 2_000 {
            self.ratings.clear();
        }
        self.ratings.push((unit, rating));
        let from = self.effective();
        let rating = Rating { rating, target, value, instance, appraisal, basis, evidence };
        self.record(unit, PrincipalId([1; 16]), from, Event::PracticeRated(rating))
    }
}

impl Iterator for Made {
    type Item = Recorded;

    fn next(&mut self) -> Option<Recorded> {
        if let Some((by, event)) = self.begin.pop() {
            return Some(self.record(0, by, Timestamp::MIN, event));
        }
        let person = PrincipalId([1; 16]);
        let chance = self.dice.below(100);
        if chance < 20 && self.items.len() > 10 && self.ratings.len() > 10 {
            let (unit, evidence, from) = *self.dice.one_of(&self.items);
            let (by_unit, rating) = *self.dice.one_of(&self.ratings);
            let of = OfEvidence { evidence };
            let now = self.now();
            return Some(match chance {
                0..4 => self.record(unit, person, now, Event::EvidenceWithdrawn(of)),
                4 => self.record(by_unit, person, now, Event::RatingWithdrawn(OfRating { rating })),
                5..8 => self.record(unit, person, from.max(now), Event::EvidenceEnded(of)),
                _ => self.record(unit, person, now, Event::EvidenceAccepted(of)),
            });
        }
        Some(if chance < 35 { self.rated() } else { self.submitted() })
    }
}
