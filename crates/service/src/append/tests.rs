//! Calls that wait for their turn.

use std::path::Path;
use std::sync::Arc;

use gradus_domain::Actor;
use gradus_domain::registry::DocumentKind;
use gradus_log::Options;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Name, PrincipalId, Timestamp};

use super::*;
use crate::identity::PrincipalView;
use crate::start::{Beginning, MOST_WAITING, Memory, Shipped, Started};

const MODEL: &str = include_str!("../../../../config/models/iso-21827-2008.toml");
const RULES: &str = include_str!("../../../../config/rules/strict.toml");

/// A new log with one model and one set of rules.
pub(crate) async fn started(directory: &Path) -> Arc<Service> {
    started_within(directory, Memory::default()).await
}

/// A log with one model and one set of rules, new or not.
pub(crate) async fn started_within(directory: &Path, memory: Memory) -> Arc<Service> {
    let (model, rules) = (DocumentKind::Model, DocumentKind::Rules);
    let beginning = Beginning {
        organization: "organization".parse().unwrap(),
        documents: vec![
            Shipped { kind: model, file: "model.toml", text: MODEL },
            Shipped { kind: rules, file: "rules.toml", text: RULES },
        ],
        model: "iso-21827-2008".parse().unwrap(),
        rules: "strict".parse().unwrap(),
    };
    let noon = Timestamp::from_micros(1_772_366_400_000_000).unwrap();
    let clock: crate::Clock = Arc::new(move || noon);
    let options = Options { clock: Arc::clone(&clock), ..Options::default() };
    let Started { service, .. } =
        Service::start(directory, &beginning, clock, memory, options).await.unwrap();
    service
}

async fn renamed(service: Arc<Service>) -> Result<Receipt, ServiceError> {
    let is_operator = |who: &PrincipalView| who.name.as_deref() == Some("operator");
    let principal = service.principals().into_iter().find(is_operator).unwrap().id;
    let actor = Actor { principal, kind: PrincipalKind::Person, grade: Grade::Token };
    let name: Name = "renamed".parse().unwrap();
    service.rename_unit(&Call::by(actor), "organization", &name, None).await
}

#[tokio::test]
async fn calls_of_one_have_half_of_the_places_and_those_of_others_find_theirs() {
    let directory = tempfile::tempdir().unwrap();
    let service = started(&directory.path().join("data")).await;
    let other = PrincipalId([7; 16]);
    let turn = service.turns.turn(other, 1).await;
    let half = MOST_WAITING / 2;
    let waiting: Vec<_> = (0..half).map(|_| tokio::spawn(renamed(Arc::clone(&service)))).collect();
    while service.places.taken() < half {
        tokio::task::yield_now().await;
    }
    let refused = renamed(Arc::clone(&service)).await.unwrap_err();
    expect_test::expect!["512 calls wait for their turn, and no more of this caller are taken now"]
        .assert_eq(&refused.to_string());
    assert!(service.places.take(other, 1).is_some());
    drop(turn);
    let mut recorded = 0;
    for call in waiting {
        recorded +=
            call.await.unwrap().unwrap().items.iter().filter(|item| item.placed.is_some()).count();
    }
    assert_eq!(recorded, 1, "the first renames it, to the others it is so already");
    assert_eq!(service.places.taken(), 0);
}
