//! A whole log in memory: an organization, a team and an app, and all that is recorded of them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::world::World;
use gradus_domain::{Actor, Registry, Rules, UnitHistory};
use gradus_model::event::{LogCreated, PrincipalAdded, UnitMoved, UnitRegistered};
use gradus_model::leaf::Place;
use gradus_model::unit::{AreaRef, UnitKind};
use gradus_model::{Catalog, Digest, Event, LogId, Recorded, RequestId, Timestamp, UnitId};

use crate::given::{
    Fact, ISO, NOW, SOLO_TEXT, STRICT_TEXT, TRUSTING_TEXT, day, digest, document, fact, unit, who,
};
use crate::made_up::TINY;

const NPLF_TEXT: &str = include_str!("../../../../config/rules/nplf-33020.toml");

/// The models by the names of their documents; `strict` and `loose` are what made-up stories adopt.
static MODELS: LazyLock<BTreeMap<&str, Arc<Catalog>>> = LazyLock::new(|| {
    let (tiny, iso) = (Arc::new(TINY.clone()), Arc::new(ISO.clone()));
    BTreeMap::from([("tiny", tiny.clone()), ("strict", tiny), ("loose", iso)])
});

/// The rules by the names of their documents; `hasty` are `loose` with a window of a month.
static RULES: LazyLock<BTreeMap<&str, Arc<Rules>>> = LazyLock::new(|| {
    let read = |name: &str, text: &str| Arc::new(Rules::parse(name, text).unwrap());
    let hasty = TRUSTING_TEXT.replacen("window = \"P1Y\"", "window = \"P1M\"", 1);
    assert_ne!(hasty, TRUSTING_TEXT);
    BTreeMap::from([
        ("strict", read("strict", STRICT_TEXT)),
        ("loose", read("loose", TRUSTING_TEXT)),
        ("hasty", read("hasty", &hasty)),
        ("nplf", read("nplf", NPLF_TEXT)),
        ("solo", read("solo", SOLO_TEXT)),
    ])
});

/// What is recorded; the app lies below the team, and the team below the organization, which
/// measures by `tiny` and `loose` since ever.
#[derive(Clone, Debug)]
pub(crate) struct Tale {
    registry: Registry,
    histories: BTreeMap<UnitId, UnitHistory>,
    size: u64,
}

impl World for Tale {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn history(&self, unit: UnitId) -> Option<&UnitHistory> {
        self.histories.get(&unit)
    }

    fn model(&self, digest: &Digest) -> Option<Arc<Catalog>> {
        found(&MODELS, digest)
    }

    fn rules(&self, digest: &Digest) -> Option<Arc<Rules>> {
        found(&RULES, digest)
    }
}

fn found<T>(documents: &BTreeMap<&str, Arc<T>>, asked: &Digest) -> Option<Arc<T>> {
    let mut documents = documents.iter();
    documents.find(|(name, _)| digest(name) == *asked).map(|(_, document)| document.clone())
}

/// How many records tell who is there and what is in force since ever.
pub(crate) const BEGUN: u64 = 9;

impl Tale {
    /// The first [`BEGUN`] records.
    pub(crate) fn begun() -> Self {
        let (registry, histories) = (Registry::default(), BTreeMap::new());
        let mut tale = Self { registry, histories, size: 0 };
        let created = LogCreated {
            log: LogId([1; 16]),
            organization: unit("org"),
            origin: "log".parse().unwrap(),
        };
        let since_ever = |event| fact(event).on("1900-01-01");
        tale.tell("org", &since_ever(Event::LogCreated(created)));
        tale.tell("org", &since_ever(registered("org", UnitKind::Organization, None)));
        tale.tell("org", &since_ever(registered("team", UnitKind::Team, Some("org"))));
        tale.tell("org", &since_ever(registered("app", UnitKind::Project, Some("team"))));
        for name in ["bot", "alice", "bob"] {
            let Actor { principal, kind, .. } = who(name);
            let added = PrincipalAdded { principal, kind, by: None };
            tale.tell("org", &since_ever(Event::PrincipalAdded(added)));
        }
        tale.tell("org", &since_ever(Event::ModelAdopted(document("tiny"))));
        tale.tell("org", &since_ever(Event::RulesAdopted(document("loose"))));
        tale
    }

    /// The app's life, told from here on.
    pub(crate) fn of_app(facts: &[Fact]) -> Self {
        facts.iter().fold(Self::begun(), |tale, fact| tale.with("app", fact.clone()))
    }

    pub(crate) fn with(mut self, name: &str, fact: Fact) -> Self {
        self.tell(name, &fact);
        self
    }

    /// Records a fact of a unit.
    pub(crate) fn tell(&mut self, name: &str, fact: &Fact) {
        let (stream, position) = (unit(name), self.size);
        let history = self.histories.entry(stream).or_default();
        let place = Place {
            position,
            recorded_at: stamp(position),
            stream,
            version: history.version + 1,
            previous: Digest::ZERO,
        };
        let effective_at = fact.proposal.effective_at;
        history.apply(&Recorded {
            place,
            effective_at,
            actor: fact.actor.principal,
            grade: fact.actor.grade,
            request: RequestId([0; 16]),
            item: 0,
            event: fact.proposal.event.clone(),
        });
        self.registry.evolve(position, effective_at, &fact.proposal.event);
        self.size += 1;
    }

    /// How many records there are.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }
}

/// When the record at a position is stamped.
pub(crate) fn stamp(position: u64) -> Timestamp {
    day(NOW).plus_micros(position.cast_signed())
}

fn registered(name: &str, kind: UnitKind, parent: Option<&str>) -> Event {
    let (unit, parent, name) = (unit(name), parent.map(unit), name.parse().unwrap());
    Event::UnitRegistered(UnitRegistered { unit, kind, parent, name })
}

/// A unit came under another one.
pub(crate) fn moved(name: &str, parent: &str) -> Fact {
    fact(Event::UnitMoved(UnitMoved { unit: unit(name), parent: unit(parent) }))
}

pub(crate) fn rules_adopted(name: &str) -> Fact {
    fact(Event::RulesAdopted(document(name)))
}

pub(crate) fn model_adopted(name: &str) -> Fact {
    fact(Event::ModelAdopted(document(name)))
}

/// An area of the made-up model.
pub(crate) fn tiny_area(text: &str) -> AreaRef {
    AreaRef { model: TINY.id().clone(), area: text.parse().unwrap() }
}

pub(crate) fn level_in_words(answer: LevelAnswer) -> String {
    match answer {
        LevelAnswer::Range { at_least, at_most, .. } if at_least < at_most => {
            format!("{at_least}-{at_most}")
        }
        LevelAnswer::Range { at_least, .. } => at_least.to_string(),
        LevelAnswer::NotRated => "not rated".to_owned(),
        LevelAnswer::NotApplicable => "not applicable".to_owned(),
        LevelAnswer::NotDeterminable => "not determinable".to_owned(),
    }
}
