//! The world in which histories are made up: units, people, instants, published documents.

use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use gradus_domain::Rules;
use gradus_model::event::Document;
use gradus_model::unit::{PrincipalKind, UnitKind};
use gradus_model::{
    AreaId, Catalog, Digest, Edge, GenericPracticeId, Practice, PrincipalId, Target, Timestamp,
    UnitId,
};
use gradus_projection::Library;
use gradus_projection::library::Held;

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

pub(crate) static PUBLISHED: LazyLock<Published> = LazyLock::new(|| {
    let iso = Catalog::parse("iso-21827-2008.toml", ISO, None).unwrap();
    let digest = Catalog::borrows("sse-cmm-1997.toml", OF_1997).unwrap().unwrap().digest;
    let of_1997 = Catalog::parse("sse-cmm-1997.toml", OF_1997, Some((&iso, digest))).unwrap();
    let tiny = Catalog::parse("tiny.toml", &tiny(), None).unwrap();
    let held = |model: Catalog| {
        let (id, digest) = (model.id().clone(), Digest(bytes(model.id().as_str())));
        (Document { id, digest }, Arc::new(model))
    };
    let rules = |text: &str| {
        let rules = Rules::parse("rules.toml", text).unwrap();
        let (id, digest) = (rules.id.clone(), Digest(bytes(rules.id.as_str())));
        (Document { id, digest }, Arc::new(rules))
    };
    Published {
        models: vec![held(tiny), held(iso), held(of_1997)],
        rules: vec![rules(STRICT), rules(TRUSTING), rules(HASTY)],
    }
});

const ISO: &str = include_str!("../../../../config/models/iso-21827-2008.toml");
const OF_1997: &str = include_str!("../../../../config/models/sse-cmm-1997.toml");
const STRICT: &str = include_str!("../../../../config/rules/strict.toml");
const TRUSTING: &str = include_str!("../../../../config/rules/trusted-tools.toml");

/// Rules under which evidence ages within days, and other areas are inherited.
const HASTY: &str = r#"
id = "hasty"
title = "Evidence ages within days"
evaluator = 1
scheme = "sse-cmm"
[reads]
satisfaction = true
[coverage]
window = "P10D"
minimum_strength = "weak"
appraisals = "P50D"
[coverage.kinds]
policy = "P1M"
scan-report = "P40D"
[coverage.practices]
"tiny/BP.01.01" = "P5D"
"tiny/PA01/GP 2.1.1" = "P3M"
"iso-21827-2008/BP.01.01" = "P20D"
[[trusted]]
principals = "services"
kinds = ["scan-report"]
[[trusted]]
principals = ["626f6200000000000000000000000000"]
[inheritance]
categories = ["security-engineering"]
"#;

/// A model small enough for chance to reach its levels: PA01 with two base practices; PA02, an
/// organizational area, with one; PA03 with one that may not be all.
fn tiny() -> String {
    use std::fmt::Write as _;
    let mut text = TOP.to_owned();
    for level in 0..=5 {
        let check = "check = \"recalled\"";
        writeln!(text, "[[level]]\nnumber = {level}\ntitle = \"Level {level}\"\n{check}").unwrap();
    }
    for level in 1..=5 {
        let rest = format!("level = {level}\ntitle = \"Of {level}\"\ncheck = \"recalled\"");
        writeln!(text, "[[common_feature]]\nid = \"{level}.1\"\n{rest}").unwrap();
        let id = format!("id = \"GP {level}.1.1\"\ncommon_feature = \"{level}.1\"");
        writeln!(text, "[[generic_practice]]\n{id}\n{rest}").unwrap();
    }
    text + AREAS
}

const TOP: &str = r#"
[model]
id = "tiny"
title = "A made-up model"
edition = "made up"
[counts]
listed_process_areas = 3
listed_base_practices = 4
listed_common_features = 5
"#;

const AREAS: &str = r#"
[[process_area]]
id = "PA01"
number = 1
title = "Two practices"
category = "security-engineering"
bp_check = "recalled"
[[process_area.base_practice]]
id = "BP.01.01"
title = "One"
[[process_area.base_practice]]
id = "BP.01.02"
title = "Two"

[[process_area]]
id = "PA02"
number = 2
title = "One practice"
category = "organizational"
bp_check = "recalled"
[[process_area.base_practice]]
id = "BP.02.01"
title = "One"

[[process_area]]
id = "PA03"
number = 3
title = "Perhaps more than one practice"
category = "project"
bp_check = "recalled"
bp_complete = false
[[process_area.base_practice]]
id = "BP.03.01"
title = "One"
"#;

/// The areas of a model that facts are told of, and their practices.
pub(crate) struct Ground {
    pub(crate) model: Document,
    pub(crate) areas: Vec<AreaId>,
    /// The practices of each area with their levels.
    pub(crate) practices: Vec<(AreaId, u8, Target)>,
}

impl Ground {
    /// The practices of an area with these levels.
    pub(crate) fn practices_of(&self, area: AreaId, levels: RangeInclusive<u8>) -> Vec<Target> {
        let those =
            self.practices.iter().filter(|(of, level, _)| *of == area && levels.contains(level));
        those.map(|(_, _, target)| target.clone()).collect()
    }
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
    let mut practices = Vec::new();
    for id in &areas {
        for base in &model.area(*id).unwrap().base_practices {
            practices.push((*id, 1, base.target.clone()));
        }
        for generic in model.generic_practices() {
            let level = generic.id.feature.level;
            if level > 1 {
                practices.push((*id, level, of_area(model, *id, generic.id)));
            }
        }
    }
    Ground { model: held.clone(), areas, practices }
}

/// A generic practice of an area: it stands under the model of the area, borrowed or not.
pub(crate) fn of_area(model: &Catalog, area: AreaId, generic: GenericPracticeId) -> Target {
    Target { model: model.id().clone(), practice: Practice::Generic(area, generic) }
}
