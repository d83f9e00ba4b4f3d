//! The world in which histories are made up: units, people, instants, published documents.

mod documents;

use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use gradus_domain::Rules;
use gradus_model::event::Document;
use gradus_model::unit::{PrincipalKind, UnitKind};
use gradus_model::{
    AreaId, Catalog, Digest, Edge, Practice, PrincipalId, Target, Timestamp, UnitId,
};
use gradus_projection::Library;
use gradus_projection::library::Held;

use self::documents::{
    BY_FEATURE, CONFIGURED, HASTY, ISO, LENIENT, MIDDLE, OF_1997, OVERALL, STRICT, TRUSTING, tiny,
};

/// Units in the order of registration: name, kind and first parent.
pub(crate) const UNITS: [(&str, UnitKind, Option<&str>); 7] = [
    ("org", UnitKind::Organization, None),
    ("team-1", UnitKind::Team, Some("org")),
    ("team-2", UnitKind::Team, Some("org")),
    ("app-1", UnitKind::Project, Some("team-1")),
    ("app-2", UnitKind::Project, Some("team-1")),
    ("app-3", UnitKind::Project, Some("team-2")),
    ("app-4", UnitKind::Project, Some("org")),
];

pub(crate) const PEOPLE: [(&str, PrincipalKind); 4] = [
    ("alice", PrincipalKind::Person),
    ("bob", PrincipalKind::Person),
    ("bot", PrincipalKind::Service),
    ("scanner", PrincipalKind::Service),
];

/// Days after [`first_day`] on which facts take place: few, so that many share an instant.
const DAYS: [i64; 12] = [0, 5, 10, 20, 30, 45, 60, 90, 95, 120, 200, 380];

pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

pub(crate) fn first_day() -> Timestamp {
    Timestamp::parse("2026-01-01", Edge::Start).unwrap()
}

pub(crate) fn instants() -> Vec<Timestamp> {
    DAYS.iter().map(|days| first_day().plus_micros(days * DAY_MICROS)).collect()
}

pub(crate) fn bytes<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

pub(crate) fn unit(name: &str) -> UnitId {
    UnitId(bytes(name))
}

pub(crate) fn who(name: &str) -> PrincipalId {
    PrincipalId(bytes(name))
}

/// The name that an id was made of.
pub(crate) fn name_of<const N: usize>(id: [u8; N]) -> String {
    String::from_utf8_lossy(&id).trim_end_matches('\0').to_owned()
}

/// The documents that were published.
pub(crate) struct Published {
    pub(crate) models: Vec<(Document, Arc<Catalog>)>,
    pub(crate) rules: Vec<(Document, Arc<Rules>)>,
}

impl Published {
    pub(crate) fn model(&self, digest: Digest) -> Option<&Catalog> {
        let (_, model) = self.models.iter().find(|(document, _)| document.digest == digest)?;
        Some(model)
    }

    pub(crate) fn rules(&self, digest: Digest) -> Option<&Rules> {
        let (_, rules) = self.rules.iter().find(|(document, _)| document.digest == digest)?;
        Some(rules)
    }

    pub(crate) fn library(&self) -> Library {
        let mut library = Library::default();
        for (document, model) in &self.models {
            library.keep(document.digest, Held::Model(Arc::clone(model)));
        }
        for (document, rules) in &self.rules {
            library.keep(document.digest, Held::Rules(Arc::clone(rules)));
        }
        library
    }
}

pub(crate) static PUBLISHED: LazyLock<Published> = LazyLock::new(|| published(str::to_owned));

/// All documents, with the text of each rules document as `edited`.
pub(crate) fn published(edited: impl Fn(&str) -> String) -> Published {
    let iso = Catalog::parse("iso-21827-2008.toml", ISO, None).unwrap();
    let digest = Catalog::borrows("sse-cmm-1997.toml", OF_1997).unwrap().unwrap().digest;
    let of_1997 = Catalog::parse("sse-cmm-1997.toml", OF_1997, Some((&iso, digest))).unwrap();
    let tiny = Catalog::parse("tiny.toml", &tiny(), None).unwrap();
    let held = |model: Catalog| {
        let (id, digest) = (model.id().clone(), Digest(bytes(model.id().as_str())));
        (Document { id, digest }, Arc::new(model))
    };
    let rules = |text: &str| {
        let rules = Rules::parse("rules.toml", &edited(text)).unwrap();
        let (id, digest) = (rules.id.clone(), Digest(bytes(rules.id.as_str())));
        (Document { id, digest }, Arc::new(rules))
    };
    Published {
        models: vec![held(tiny), held(iso), held(of_1997)],
        rules: [STRICT, TRUSTING, HASTY, LENIENT, CONFIGURED, BY_FEATURE, OVERALL, MIDDLE]
            .map(rules)
            .to_vec(),
    }
}

/// The areas of a model that facts are told of, and their practices.
pub(crate) struct Ground {
    pub(crate) model: Document,
    pub(crate) areas: Vec<AreaId>,
    /// The practices of each area with their levels.
    pub(crate) practices: Vec<(AreaId, u8, Target)>,
    /// The common features of levels 2 to 5 of each area.
    pub(crate) features: Vec<(AreaId, u8, Target)>,
}

impl Ground {
    /// The practices of an area with these levels.
    pub(crate) fn practices_of(&self, area: AreaId, levels: RangeInclusive<u8>) -> Vec<Target> {
        those(&self.practices, area, levels)
    }

    /// The features of an area with this level.
    pub(crate) fn features_of(&self, area: AreaId, level: u8) -> Vec<Target> {
        those(&self.features, area, level..=level)
    }
}

fn those(of: &[(AreaId, u8, Target)], asked: AreaId, levels: RangeInclusive<u8>) -> Vec<Target> {
    let those = of.iter().filter(|(area, level, _)| *area == asked && levels.contains(level));
    those.map(|(_, _, target)| target.clone()).collect()
}

/// For each published model, in order.
pub(crate) static GROUNDS: LazyLock<Vec<Ground>> = LazyLock::new(|| {
    let areas = [["PA01", "PA02", "PA03"], ["PA01", "PA07", "PA17"], ["PA01", "PA07", "PA11"]];
    PUBLISHED
        .models
        .iter()
        .zip(areas)
        .map(|((held, model), areas)| ground(held, model, &areas))
        .collect()
});

fn ground(held: &Document, model: &Catalog, areas: &[&str]) -> Ground {
    let areas: Vec<AreaId> = areas.iter().map(|area| area.parse().unwrap()).collect();
    let (mut practices, mut features) = (Vec::new(), Vec::new());
    for id in &areas {
        for base in &model.area(*id).unwrap().base_practices {
            practices.push((*id, 1, base.target.clone()));
        }
        for generic in model.generic_practices() {
            let level = generic.id.feature.level;
            if level > 1 {
                practices.push((*id, level, of_model(model, Practice::Generic(*id, generic.id))));
            }
        }
        for feature in model.features() {
            let level = feature.id.level;
            if level > 1 {
                features.push((*id, level, of_model(model, Practice::Feature(*id, feature.id))));
            }
        }
    }
    Ground { model: held.clone(), areas, practices, features }
}

/// What is rated of an area as a whole stands under the model of the area, borrowed or not.
fn of_model(model: &Catalog, practice: Practice) -> Target {
    Target { model: model.id().clone(), practice }
}
