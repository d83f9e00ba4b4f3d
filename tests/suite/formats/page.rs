//! That the page of the formats tells what the code and the golden files say.

use std::fmt::Write as _;
use std::fs;

use gradus_domain::Actor;
use gradus_domain::registry::DocumentKind;
use gradus_model::event::Event;
use gradus_model::unit::{Grade, PrincipalKind, UnitKind};
use gradus_model::{RequestId, Timestamp};
use gradus_proof::sha256;
use gradus_service::identity::PrincipalView;
use gradus_service::start::Memory;
use gradus_service::units::Registration;
use gradus_service::{Beginning, Call, Service, Shipped};
use serde_json::Value;

use super::{FROZEN, each_leaf, file};

const PAGE: &str = include_str!("../../formats/README.md");

#[test]
fn the_page_names_every_event_type_and_its_number() {
    for (number, name) in Event::TYPES {
        let row = format!("| {number} | `{name}` |");
        assert_eq!(PAGE.matches(&row).count(), 1, "the page has no row that begins with {row}");
    }
    let rows = PAGE.lines().filter(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let number = cells.next().is_some_and(|cell| cell.parse::<u16>().is_ok());
        number && cells.next().is_some_and(|cell| cell.contains('-') && cell.starts_with('`'))
    });
    assert_eq!(rows.count(), Event::TYPES.len(), "the page names a type that there is not");
}

#[test]
fn the_page_names_every_word_and_its_number() {
    use gradus_model::{evidence, rating, unit};
    let page = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
    macro_rules! words {
        ($($vocabulary:ty)+) => { $(
            let row: Vec<String> = <$vocabulary>::ALL
                .iter()
                .map(|word| format!("{} `{}`", word.number(), word.name()))
                .collect();
            let row = row.join(", ");
            assert!(page.contains(&row), "the page does not say: {row}");
        )+ };
    }
    words!(
        evidence::Kind evidence::Outcome evidence::Strength rating::Value unit::UnitKind
        unit::Phase unit::MarkerKind unit::Inheritance unit::AssuranceNeed unit::Activity
        unit::PrincipalKind unit::Grade
    );
}

#[test]
fn the_page_names_every_field_of_every_body() {
    let mut names = Vec::new();
    each_leaf(|_, line, _| gather(&line["decoded"]["body"], &mut names));
    names.sort();
    names.dedup();
    let absent: Vec<&String> =
        names.iter().filter(|name| !PAGE.contains(&format!("`{name}`"))).collect();
    assert!(absent.is_empty(), "the page does not name {absent:?}");
}

fn gather(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(pairs) => {
            for (name, inner) in pairs {
                names.push(name.clone());
                gather(inner, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        _ => (),
    }
}

#[test]
fn every_vector_on_the_page_is_in_a_golden_file() {
    let mut all = String::new();
    for (name, ..) in FROZEN {
        write!(all, "{}", fs::read_to_string(file(name)).unwrap()).unwrap();
    }
    let is_hex = |word: &&str| word.len() >= 32 && word.bytes().all(|c| c.is_ascii_hexdigit());
    let words = PAGE.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_hex);
    let mut count = 0;
    for word in words {
        assert!(all.contains(word), "{word}");
        count += 1;
    }
    assert!(count > 20, "{count} vectors");
}

#[tokio::test]
async fn a_registered_units_id_is_drawn_from_its_call_as_the_page_says() {
    let shipped = |kind, file, text| Shipped { kind, file, text };
    let beginning = Beginning {
        organization: "acme".parse().unwrap(),
        documents: vec![
            shipped(
                DocumentKind::Model,
                "iso-21827-2008.toml",
                include_str!("../../../config/models/iso-21827-2008.toml"),
            ),
            shipped(
                DocumentKind::Rules,
                "strict.toml",
                include_str!("../../../config/rules/strict.toml"),
            ),
        ],
        model: "iso-21827-2008".parse().unwrap(),
        rules: "strict".parse().unwrap(),
    };
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::parse("2026-03-01T12:00:00Z", gradus_model::Edge::Start).unwrap();
    let clock: gradus_service::Clock = std::sync::Arc::new(move || now);
    let options = gradus_log::Options::default();
    let data = dir.path().join("data");
    let service =
        Service::start(&data, &beginning, clock, Memory::default(), options).await.unwrap().service;
    let operator = |principals: Vec<PrincipalView>| {
        principals.into_iter().find(|found| found.name.as_deref() == Some("operator")).unwrap().id
    };
    let (actor, request) = (operator(service.principals()), RequestId([4; 16]));
    let by = Actor { principal: actor, kind: PrincipalKind::Person, grade: Grade::Token };
    let call = Call { request: Some(request), ..Call::by(by) };
    let new = Registration {
        kind: UnitKind::Project,
        name: "rustls".parse().unwrap(),
        parent: None,
        team: None,
        effective_at: None,
    };
    let registered = service.register_unit(&call, &new).await.unwrap();
    let label = b"gradus/v1/id/unit";
    let log = service.log_id();
    let all = [&label[..], &log.0, &actor.0, &request.0, &1_u32.to_be_bytes()].concat();
    let mut id = sha256(&all).0;
    (id[6], id[8]) = (id[6] & 0x0f | 0x40, id[8] & 0x3f | 0x80);
    assert_eq!(registered.unit.0, id[..16]);
    assert_eq!((log.0[6] >> 4, log.0[8] >> 6), (4, 2), "an id drawn at random");
}
