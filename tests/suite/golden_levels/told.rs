//! The two histories, every value fixed in code. What stands here never changes.

use gradus_model::event::{
    AreaInheritanceSet, EvidenceSuperseded, Links, OfEvidence, OfRating, PrincipalAdded, Tailoring,
    UnitMoved, UnitRegistered,
};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength};
use gradus_model::leaf::Place;
use gradus_model::rating::{Basis, Rating, Value};
use gradus_model::unit::{AreaRef, Grade, Inheritance, PrincipalKind, UnitKind};
use gradus_model::{
    AreaId, Digest, Event, EvidenceId, PrincipalId, RatingId, Recorded, RequestId, Target, UnitId,
};

use super::document;
use crate::running::at;

/// The moments that claims are about: before anything, as evidence comes and ages, and long after.
pub(super) const MOMENTS: [&str; 6] =
    ["1990-01-01", "2026-01-20", "2026-03-01", "2026-04-15", "2026-06-15", "2029-01-01"];

const SINCE_EVER: &str = "1900-01-01";

fn bytes<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

pub(super) fn unit(name: &str) -> UnitId {
    UnitId(bytes(name))
}

fn who(name: &str) -> PrincipalId {
    PrincipalId(bytes(name))
}

fn evidence(name: &str) -> EvidenceId {
    EvidenceId(bytes(name))
}

fn rating(name: &str) -> RatingId {
    RatingId(bytes(name))
}

fn target(practice: &str) -> Target {
    Target { model: "iso-21827-2008".parse().unwrap(), practice: practice.parse().unwrap() }
}

fn area(number: u8) -> AreaRef {
    AreaRef { model: "iso-21827-2008".parse().unwrap(), area: AreaId::new(number).unwrap() }
}

/// The base practices of PA10.
fn base() -> Vec<String> {
    (1..=7).map(|number| format!("BP.10.{number:02}")).collect()
}

/// The generic practices of level 2, of PA10.
fn planned_and_tracked() -> Vec<String> {
    let of = |(feature, count): (u8, u8)| {
        (1..=count).map(move |number| format!("PA10/GP 2.{feature}.{number}"))
    };
    [(1, 6), (2, 2), (3, 2), (4, 2)].into_iter().flat_map(of).collect()
}

fn of(name: &str) -> OfEvidence {
    OfEvidence { evidence: evidence(name) }
}

/// A history while it is told: a record every second from noon of 1 June 2026 on.
pub(super) struct Story {
    pub(super) events: Vec<Recorded>,
}

impl Story {
    /// A history that goes on after these events.
    pub(super) fn going_on(events: Vec<Recorded>) -> Self {
        Self { events }
    }

    pub(super) fn tell(&mut self, stream: UnitId, by: &str, effective_at: &str, event: Event) {
        let position = self.events.len() as u64;
        let before = self.events.iter().filter(|before| before.place.stream == stream).count();
        let seconds = i64::try_from(position).unwrap() * 1_000_000;
        let place = Place {
            position,
            recorded_at: at("2026-06-01T12:00:00Z").plus_micros(seconds),
            stream,
            version: before as u64 + 1,
            previous: Digest::ZERO,
        };
        self.events.push(Recorded {
            place,
            effective_at: at(effective_at),
            actor: who(by),
            grade: Grade::Token,
            request: RequestId([0; 16]),
            item: 0,
            event,
        });
    }

    fn settle(&mut self, event: Event, from: &str) {
        self.tell(unit("organization"), "alice", from, event);
    }

    fn submit(&mut self, to: &str, name: &str, work_to: &str, change: impl FnOnce(&mut Item)) {
        let mut item = Item {
            evidence: evidence(name),
            kind: Kind::Policy,
            outcome: Outcome::Supports,
            strength: Strength::Direct,
            practices: base().iter().map(|practice| target(practice)).collect(),
            work_from: None,
            valid_until: None,
            source: Source { name: "golden".parse().unwrap(), id: name.parse().unwrap() },
            producer_sequence: None,
            instance: None,
            about: None,
            measures: Vec::new(),
            subjects: Vec::new(),
            tool: None,
            attachments: Vec::new(),
        };
        change(&mut item);
        self.tell(unit(to), "bot", work_to, Event::EvidenceSubmitted(item));
    }

    fn rate(&mut self, to: &str, practice: &str, value: Value, from: &str) {
        self.rate_as(to, practice, value, from, |_| ());
    }

    /// Rates; the id is made of the number of the record.
    fn rate_as(
        &mut self,
        to: &str,
        practice: &str,
        value: Value,
        from: &str,
        change: impl FnOnce(&mut Rating),
    ) {
        let mut rated = Rating {
            rating: rating(&format!("rating {}", self.events.len())),
            target: target(practice),
            value,
            instance: None,
            appraisal: None,
            basis: None,
            evidence: Vec::new(),
        };
        change(&mut rated);
        self.tell(unit(to), "alice", from, Event::PracticeRated(rated));
    }
}

/// An organization with two teams and two projects, a model and rules.
fn begun(rules: &str) -> Story {
    let mut story = Story { events: Vec::new() };
    let people = [("alice", PrincipalKind::Person), ("bot", PrincipalKind::Service)];
    for (name, kind) in people {
        story.settle(
            Event::PrincipalAdded(PrincipalAdded { principal: who(name), kind, by: None }),
            SINCE_EVER,
        );
    }
    for (name, kind, parent) in [
        ("organization", UnitKind::Organization, None),
        ("team", UnitKind::Team, Some("organization")),
        ("other", UnitKind::Team, Some("organization")),
        ("app", UnitKind::Project, Some("team")),
        ("lib", UnitKind::Project, Some("team")),
    ] {
        let (id, parent) = (unit(name), parent.map(unit));
        let new = UnitRegistered { unit: id, kind, parent, name: name.parse().unwrap() };
        story.settle(Event::UnitRegistered(new), SINCE_EVER);
    }
    story.settle(Event::ModelPublished(document("iso-21827-2008")), SINCE_EVER);
    for published in ["strict", "trusted-tools", "nplf-33020"] {
        story.settle(Event::RulesPublished(document(published)), SINCE_EVER);
    }
    story.settle(Event::ModelAdopted(document("iso-21827-2008")), SINCE_EVER);
    story.settle(Event::RulesAdopted(document(rules)), SINCE_EVER);
    story
}

/// What both histories end with: 12 events, each of another sort.
fn ends(story: &mut Story) {
    let app = unit("app");
    story.submit("app", "scan", "2026-04-10", |item| {
        item.kind = Kind::ScanReport;
        item.practices = vec![target("BP.10.07"), target("BP.03.01")];
    });
    story.tell(app, "alice", "2026-04-11", Event::EvidenceAccepted(of("scan")));
    story.submit("app", "doubt", "2026-04-12", |item| {
        item.outcome = Outcome::Contradicts;
        item.practices = vec![target("BP.10.02")];
        item.valid_until = Some(at("2026-05-12"));
    });
    story.tell(app, "alice", "2026-04-13", Event::EvidenceAccepted(of("doubt")));
    let links = || Links { evidence: evidence("scan"), practices: vec![target("BP.03.02")] };
    story.tell(app, "alice", "2026-04-14", Event::EvidenceLinked(links()));
    story.tell(app, "alice", "2026-04-14", Event::EvidenceUnlinked(links()));
    let superseded = EvidenceSuperseded { evidence: evidence("policy"), by: evidence("scan") };
    story.tell(app, "alice", "2028-01-01", Event::EvidenceSuperseded(superseded));
    story.tell(app, "alice", "2026-06-01", Event::EvidenceEnded(of("scan")));
    story.tell(unit("lib"), "alice", "2026-06-01", Event::EvidenceWithdrawn(of("of lib")));
    story.settle(Event::UnitMoved(UnitMoved { unit: app, parent: unit("other") }), "2026-03-15");
    let set = AreaInheritanceSet { area: area(17), inheritance: Inheritance::Own };
    story.tell(unit("lib"), "alice", "2026-05-01", Event::AreaInheritanceSet(set));
    story.tell(app, "alice", "2026-04-01", Event::AreaTailoredOut(Tailoring { area: area(3) }));
}

/// A history under rules of the scheme `sse-cmm`.
pub(super) fn by_satisfaction() -> Vec<Recorded> {
    let mut story = begun("strict");
    let (app, yes, no) = (unit("app"), Value::Satisfied, Value::NotSatisfied);
    story.submit("app", "policy", "2026-01-10", |_| ());
    story.submit("lib", "of lib", "2026-02-10", |_| ());
    story.tell(app, "alice", "2026-01-11", Event::EvidenceAccepted(of("policy")));
    story.tell(unit("lib"), "alice", "2026-02-11", Event::EvidenceAccepted(of("of lib")));
    for practice in base().iter().chain(&planned_and_tracked()) {
        story.rate("app", practice, yes, "2026-01-15");
        story.rate("lib", practice, yes, "2026-02-15");
    }
    story.rate("app", "PA10/GP 3.1.1", no, "2026-02-01");
    story.rate("organization", "BP.17.01", no, "2026-02-01");
    let basis =
        Basis { valid_at: at("2026-02-20"), log_size: 20, rules: document("strict").digest };
    story.rate_as("app", "BP.11.01", yes, "2026-02-20", |rated| rated.basis = Some(basis));
    story.rate_as("app", "BP.10.03", no, "2026-06-05", |rated| rated.rating = rating("mistake"));
    story.rate_as("lib", "BP.10.04", no, "2026-05-05", |rated| rated.rating = rating("short"));
    let mistake = OfRating { rating: rating("mistake") };
    story.tell(app, "alice", "2026-06-06", Event::RatingWithdrawn(mistake));
    let short = OfRating { rating: rating("short") };
    story.tell(unit("lib"), "alice", "2026-06-10", Event::RatingEnded(short));
    story.tell(app, "alice", "2026-04-01", Event::RulesAdopted(document("trusted-tools")));
    ends(&mut story);
    story.events
}

/// A history under rules of the scheme `nplf-33020`.
pub(super) fn by_nplf() -> Vec<Recorded> {
    let mut story = begun("nplf-33020");
    let app = unit("app");
    story.submit("app", "policy", "2026-01-10", |_| ());
    story.submit("lib", "of lib", "2026-02-10", |item| item.strength = Strength::Indirect);
    story.tell(app, "alice", "2026-01-11", Event::EvidenceAccepted(of("policy")));
    story.tell(unit("lib"), "alice", "2026-02-11", Event::EvidenceAccepted(of("of lib")));
    for practice in base() {
        story.rate("app", &practice, Value::Fully, "2026-01-15");
        story.rate("lib", &practice, Value::Largely, "2026-02-15");
    }
    for practice in planned_and_tracked() {
        story.rate("app", &practice, Value::Largely, "2026-01-15");
    }
    story.rate_as("app", "BP.10.01", Value::Partially, "2026-05-01", |rated| {
        rated.instance = Some("release 2".parse().unwrap());
    });
    story.rate_as("app", "BP.10.01", Value::Fully, "2026-05-01", |rated| {
        rated.instance = Some("release 3".parse().unwrap());
    });
    story.rate("lib", "BP.10.05", Value::Satisfied, "2026-03-10");
    story.rate("lib", "PA10/2.1", Value::LargelyHigh, "2026-03-10");
    story.rate("organization", "BP.17.01", Value::Not, "2026-02-01");
    ends(&mut story);
    story.events
}
