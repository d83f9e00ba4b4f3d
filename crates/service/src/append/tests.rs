//! Calls that wait for their turn.

use std::sync::Arc;

use gradus_domain::Actor;
use gradus_domain::registry::DocumentKind;
use gradus_log::Options;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Name, Timestamp};

use super::*;
use crate::identity::PrincipalView;
use crate::start::{Beginning, Memory, Shipped, Started};

const MODEL: &str = include_str!("../../../../config/models/iso-21827-2008.toml");
const RULES: &str = include_str!("../../../../config/rules/strict.toml");

async fn started(directory: &std::path::Path) -> Arc<Service> {
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
        Service::start(directory, &beginning, clock, Memory::default(), options).await.unwrap();
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
async fn calls_find_a_place_to_wait_for_their_turn_or_are_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let service = started(&directory.path().join("data")).await;
    let turn = service.turn.lock().await;
    let waiting: Vec<_> =
        (0..MOST_WAITING).map(|_| tokio::spawn(renamed(Arc::clone(&service)))).collect();
    while service.places.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let refused = renamed(Arc::clone(&service)).await.unwrap_err();
    assert_eq!(refused.to_string(), "1024 calls wait for their turn, and no more are taken now");
    drop(turn);
    let mut recorded = 0;
    for call in waiting {
        recorded +=
            call.await.unwrap().unwrap().items.iter().filter(|item| item.placed.is_some()).count();
    }
    assert_eq!(recorded, 1, "the first renames it, to the others it is so already");
    assert_eq!(service.places.available_permits(), MOST_WAITING);
}
