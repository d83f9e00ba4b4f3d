//! Facts of a unit's life, a line each.

use gradus_domain::{Actor, Proposal};
use gradus_model::event::{
    AreaInheritanceSet, BaselineRaised, ConflictDeclared, ConflictWithdrawn, EvidenceSuperseded,
    InstanceLinks, Links, MarkerPlaced, OfEvidence, OfRating, PayloadErased, PhaseChange,
    Tailoring, UnitLabelled,
};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength};
use gradus_model::rating::{Basis, Rating, Value};
use gradus_model::unit::{Floor, Inheritance, MarkerKind, Phase};
use gradus_model::{Event, Payload};

use super::{DAY, area, day, digest, evidence, rating, target, targets, who};

/// A fact that someone proposes, or that was recorded.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) proposal: Proposal,
    pub(crate) actor: Actor,
}

impl Fact {
    pub(crate) fn on(mut self, text: &str) -> Self {
        self.proposal.effective_at = day(text);
        self
    }

    /// Effective by the server's clock, because the caller named no moment.
    pub(crate) fn by_clock(mut self, text: &str) -> Self {
        self.proposal.by_clock = true;
        self.on(text)
    }

    pub(crate) fn by(mut self, name: &str) -> Self {
        self.actor = who(name);
        self
    }

    pub(crate) fn because(mut self, reason: &str) -> Self {
        self.proposal.payload = Payload::empty().with("reason", reason);
        self
    }

    /// This submission with another content.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Item)) -> Self {
        let Event::EvidenceSubmitted(item) = &mut self.proposal.event else {
            panic!("{} is no submission", self.proposal.event.name());
        };
        change(item);
        self
    }

    pub(crate) fn of_kind(self, kind: Kind) -> Self {
        self.with(|item| item.kind = kind)
    }

    pub(crate) fn strength(self, strength: Strength) -> Self {
        self.with(|item| item.strength = strength)
    }

    pub(crate) fn outcome(self, outcome: Outcome) -> Self {
        self.with(|item| item.outcome = outcome)
    }

    pub(crate) fn for_practices(self, practices: &[&str]) -> Self {
        self.with(|item| item.practices = targets(practices))
    }

    pub(crate) fn worked_from(self, text: &str) -> Self {
        self.with(|item| item.work_from = Some(day(text)))
    }

    pub(crate) fn valid_until(self, text: &str) -> Self {
        self.with(|item| item.valid_until = Some(day(text)))
    }

    /// This rating with another content.
    pub(crate) fn rated_as(mut self, change: impl FnOnce(&mut Rating)) -> Self {
        let Event::PracticeRated(rating) = &mut self.proposal.event else {
            panic!("{} is no rating", self.proposal.event.name());
        };
        change(rating);
        self
    }

    pub(crate) fn of_instance(self, instance: &str) -> Self {
        self.rated_as(|rating| rating.instance = Some(instance.parse().unwrap()))
    }

    /// A rule rated, not a person.
    pub(crate) fn by_rule(self) -> Self {
        self.rated_as(|rating| {
            let (valid_at, rules) = (day(DAY), digest("trusted-tools"));
            rating.basis = Some(Basis { valid_at, log_size: 9, rules });
        })
    }
}

/// A fact that alice tells, effective on [`DAY`].
pub(crate) fn fact(event: Event) -> Fact {
    Fact { proposal: Proposal::new(event, day(DAY)), actor: who("alice") }
}

/// Direct evidence for BP.01.01 from a service, with a window of a year.
pub(crate) fn submitted(name: &str) -> Fact {
    let source = Source { name: "git".parse().unwrap(), id: name.parse().unwrap() };
    let item = Item {
        evidence: evidence(name),
        kind: Kind::Document,
        outcome: Outcome::Supports,
        strength: Strength::Direct,
        practices: targets(&["BP.01.01"]),
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
    fact(Event::EvidenceSubmitted(item)).by("bot")
}

fn of(name: &str) -> OfEvidence {
    OfEvidence { evidence: evidence(name) }
}

pub(crate) fn accepted(name: &str) -> Fact {
    fact(Event::EvidenceAccepted(of(name)))
}

pub(crate) fn rejected(name: &str) -> Fact {
    fact(Event::EvidenceRejected(of(name))).because("blurred")
}

pub(crate) fn withdrawn(name: &str) -> Fact {
    fact(Event::EvidenceWithdrawn(of(name))).because("another unit's")
}

pub(crate) fn ended(name: &str) -> Fact {
    fact(Event::EvidenceEnded(of(name)))
}

pub(crate) fn superseded(name: &str, by: &str) -> Fact {
    let superseded = EvidenceSuperseded { evidence: evidence(name), by: evidence(by) };
    fact(Event::EvidenceSuperseded(superseded))
}

pub(crate) fn confirmed(name: &str) -> Fact {
    fact(Event::EvidenceConfirmed(of(name)))
}

pub(crate) fn linked(name: &str, practices: &[&str]) -> Fact {
    let links = Links { evidence: evidence(name), practices: targets(practices) };
    fact(Event::EvidenceLinked(links))
}

pub(crate) fn unlinked(name: &str, practices: &[&str]) -> Fact {
    let links = Links { evidence: evidence(name), practices: targets(practices) };
    fact(Event::EvidenceUnlinked(links))
}

pub(crate) fn instance_linked(name: &str, instances: &[&str]) -> Fact {
    fact(Event::EvidenceInstanceLinked(instance_links(name, instances)))
}

pub(crate) fn instance_unlinked(name: &str, instances: &[&str]) -> Fact {
    fact(Event::EvidenceInstanceUnlinked(instance_links(name, instances)))
}

fn instance_links(name: &str, instances: &[&str]) -> InstanceLinks {
    let instances = instances.iter().map(|name| name.parse().unwrap()).collect();
    InstanceLinks { evidence: evidence(name), instances }
}

pub(crate) fn erased(version: u64) -> Fact {
    fact(Event::PayloadErased(PayloadErased { version })).because("asked for")
}

pub(crate) fn rated(name: &str, practice: &str, value: Value) -> Fact {
    fact(Event::PracticeRated(Rating {
        rating: rating(name),
        target: target(practice),
        value,
        instance: None,
        appraisal: None,
        basis: None,
        evidence: Vec::new(),
    }))
}

pub(crate) fn rating_withdrawn(name: &str) -> Fact {
    let of = OfRating { rating: rating(name) };
    fact(Event::RatingWithdrawn(of)).because("the wrong practice")
}

pub(crate) fn rating_ended(name: &str) -> Fact {
    fact(Event::RatingEnded(OfRating { rating: rating(name) }))
}

pub(crate) fn tailored_out(area_id: &str) -> Fact {
    fact(Event::AreaTailoredOut(Tailoring { area: area(area_id) })).because("no suppliers")
}

pub(crate) fn tailored_in(area_id: &str) -> Fact {
    fact(Event::AreaTailoredIn(Tailoring { area: area(area_id) })).because("a supplier")
}

pub(crate) fn inheritance(area_id: &str, inheritance: Inheritance) -> Fact {
    let set = AreaInheritanceSet { area: area(area_id), inheritance };
    fact(Event::AreaInheritanceSet(set))
}

pub(crate) fn labelled(labels: &[&str]) -> Fact {
    let labels = labels.iter().map(|label| label.parse().unwrap()).collect();
    fact(Event::UnitLabelled(UnitLabelled { labels }))
}

pub(crate) fn raised(floors: &[(&str, u8)]) -> Fact {
    let floor = |(id, level): &(&str, u8)| Floor { area: area(id), level: *level };
    let floors = floors.iter().map(floor).collect();
    fact(Event::BaselineRaised(BaselineRaised { floors }))
}

pub(crate) fn entered(phase: Phase) -> Fact {
    fact(Event::PhaseEntered(PhaseChange { phase }))
}

pub(crate) fn left(phase: Phase) -> Fact {
    fact(Event::PhaseLeft(PhaseChange { phase }))
}

pub(crate) fn marked(label: &str) -> Fact {
    let (kind, label) = (MarkerKind::Release, label.parse().unwrap());
    fact(Event::MarkerPlaced(MarkerPlaced { kind, label }))
}

/// `name` has an interest in the unit.
pub(crate) fn conflicted(name: &str, until: Option<&str>) -> Fact {
    let (principal, until) = (who(name).principal, until.map(day));
    fact(Event::ConflictDeclared(ConflictDeclared { principal, until })).because("own work")
}

/// `name` has no interest in the unit any more.
pub(crate) fn unconflicted(name: &str) -> Fact {
    fact(Event::ConflictWithdrawn(ConflictWithdrawn { principal: who(name).principal }))
}
