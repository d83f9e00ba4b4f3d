//! What is held of a unit that is pushed to after a start.

use std::path::Path;

use gradus_domain::Actor;
use gradus_model::evidence::{Kind, Outcome, Source, Strength};
use gradus_model::unit::{Grade, PrincipalKind, UnitKind};
use gradus_model::{Payload, Practice};

use super::*;
use crate::append::tests::started_within;
use crate::call::Call;
use crate::evidence::{AskedPractice, Step, Submission};
use crate::start::Memory;
use crate::units::Registration;

pub(crate) const UNIT: &str = "firmware";

pub(crate) fn actor(service: &Service, kind: PrincipalKind) -> Actor {
    let principals = service.principals();
    let operator = principals.iter().find(|who| who.name.as_deref() == Some("operator")).unwrap();
    Actor { principal: operator.id, kind, grade: Grade::Token }
}

pub(crate) fn source(number: u32) -> Source {
    Source { name: "scanner".parse().unwrap(), id: number.to_string().parse().unwrap() }
}

pub(crate) fn item(number: u32) -> Step {
    Step::Submit(Box::new(Submission {
        kind: Kind::ScanReport,
        outcome: Outcome::Supports,
        strength: Strength::Direct,
        practices: vec![AskedPractice {
            model: None,
            practice: Practice::Base("BP.05.01".parse().unwrap()),
        }],
        work_from: None,
        work_to: None,
        valid_until: None,
        source: Some(source(number)),
        producer_sequence: None,
        instance: None,
        about: None,
        measures: Vec::new(),
        subjects: Vec::new(),
        tool: None,
        attachments: Vec::new(),
        payload: Payload::empty(),
    }))
}

async fn push(service: &Service, kind: PrincipalKind, number: u32) -> UnitId {
    let call = Call::by(actor(service, kind));
    service.push_evidence(&call, UNIT, &[item(number)]).await.unwrap().unit
}

/// A service that holds no items that nobody asks for, started on a log with a unit and an item.
pub(crate) async fn started_again(directory: &Path) -> Arc<Service> {
    let memory = Memory { history_bytes: 0, ..Memory::default() };
    let service = started_within(directory, memory).await;
    let unit = Registration {
        kind: UnitKind::Project,
        name: UNIT.parse().unwrap(),
        parent: None,
        team: None,
        effective_at: None,
    };
    let call = Call::by(actor(&service, PrincipalKind::Person));
    service.register_unit(&call, &unit).await.unwrap();
    push(&service, PrincipalKind::Service, 1).await;
    stopped(service).await;
    started_within(directory, memory).await
}

pub(crate) async fn stopped(service: Arc<Service>) {
    service.close().await.unwrap();
    let gone = service.gone();
    drop(service);
    // What follows the log lets go of the directory as it ends.
    gone.await;
}

#[tokio::test]
async fn after_a_start_a_push_of_a_tool_leaves_no_items_behind() {
    let directory = tempfile::tempdir().unwrap();
    let service = started_again(&directory.path().join("data")).await;
    let unit = push(&service, PrincipalKind::Service, 2).await;
    let views = service.views();
    assert_eq!(views.held_bytes(), 0);
    assert!(views.history(unit).unwrap().knows_sources());
}

#[tokio::test]
async fn after_a_start_an_item_of_a_person_asks_for_the_others_which_stay() {
    let directory = tempfile::tempdir().unwrap();
    let service = started_again(&directory.path().join("data")).await;
    push(&service, PrincipalKind::Person, 2).await;
    assert!(service.views().held_bytes() > 0);
}
