//! Answers in which what is hidden could be told from what is not there, and is not.

use gradus_wire::v1 as wire;
use tokio_stream::StreamExt as _;

use super::{PERSON, two_teams};
use crate::running::{item, refusal, submit};

#[tokio::test]
async fn a_rename_that_was_made_already_tells_nothing_of_a_hidden_unit() {
    let system = two_teams().await;
    let rename = |unit: &str, name: &str| wire::RenameUnitRequest {
        unit: unit.to_owned(),
        name: name.to_owned(),
        ..Default::default()
    };
    system.operator.units.clone().rename_unit(rename("beta", "gamma")).await.unwrap();
    let vic = system.with_role("vic", PERSON, (wire::Role::Admin, "red")).await;
    for unit in ["beta", "zeta", "gamma"] {
        let refused = vic.units.clone().rename_unit(rename(unit, "gamma")).await.unwrap_err();
        assert_eq!(refusal(&refused), format!("NotFound UNIT_UNKNOWN: unit `{unit}` is unknown"));
    }
}

#[tokio::test]
async fn a_principal_that_may_not_be_asked_about_is_unknown_however_it_is_named() {
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    let other = system.with_role("other", PERSON, (wire::Role::Viewer, "blue")).await;
    drop(other);
    for name in ["other", "nobody"] {
        for named in [name.to_owned(), format!("principals/{name}")] {
            let asked = wire::ListRolesRequest { principal: named, ..Default::default() };
            let refused = vic.roles.clone().list_roles(asked).await.unwrap_err();
            let unknown = format!("NotFound PRINCIPAL_UNKNOWN: principal `{name}` is unknown");
            assert_eq!(refusal(&refused), unknown);
        }
    }
}

#[tokio::test]
async fn whose_records_are_in_sight_can_be_supposed_away_and_nobody_else_is_there() {
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    for (name, unit) in [("near", "alfa"), ("afar", "beta")] {
        let tool = system.with_role(name, super::SERVICE, (wire::Role::Collector, unit)).await;
        tool.evidence.clone().submit_evidence(submit(unit, vec![item(name)])).await.unwrap();
    }
    let without = async |name: &str| {
        let suspect = wire::suspect::Suspect::Principal(name.to_owned());
        let suspect = Some(wire::Suspect { suspect: Some(suspect) });
        let asked = wire::SupposeWithoutRequest { suspect, ..Default::default() };
        let answer = vic.audit.clone().suppose_without(asked).await;
        answer.map_or_else(
            |status| refusal(&status),
            |answer| format!("{} items", answer.into_inner().impact.unwrap().items),
        )
    };
    assert_eq!(without("near").await, "1 items");
    for name in ["afar", "nobody"] {
        let unknown = format!("NotFound PRINCIPAL_UNKNOWN: principal `{name}` is unknown");
        assert_eq!(without(name).await, unknown);
    }
}

#[tokio::test]
async fn a_subscription_to_everything_tells_only_of_what_is_in_sight() {
    use wire::subscribe_events_response::Update;
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    system.submitted("beta", vec![item("1")]).await;
    system.submitted("alfa", vec![item("1")]).await;
    let mut own = vec![system.size().await - 1];
    for view in [wire::EventView::Leaf, wire::EventView::Full] {
        let asked = wire::SubscribeEventsRequest { view: view.into(), ..Default::default() };
        let mut stream = vic.events.clone().subscribe_events(asked).await.unwrap().into_inner();
        let size = system.size().await;
        let (mut seen, mut read) = (Vec::new(), 0);
        while read < size {
            match stream.next().await.unwrap().unwrap().update.unwrap() {
                Update::Events(batch) => {
                    seen.extend(batch.events.iter().map(|event| event.position));
                    read = batch.log_size;
                }
                Update::Heartbeat(beat) => read = beat.log_size,
            }
        }
        assert_eq!(seen, own, "{view:?}");
        // And what comes while it is open.
        system.submitted("beta", vec![item(&format!("{view:?} there"))]).await;
        system.submitted("alfa", vec![item(&format!("{view:?} here"))]).await;
        own.push(system.size().await - 1);
        let next = loop {
            if let Update::Events(batch) = stream.next().await.unwrap().unwrap().update.unwrap() {
                break batch.events;
            }
        };
        let next: Vec<u64> = next.iter().map(|event| event.position).collect();
        assert_eq!(next, own[own.len() - 1..]);
    }
}

#[tokio::test]
async fn who_administers_a_team_alone_learns_from_no_refusal_whom_others_have() {
    let system = two_teams().await;
    let ada = system.with_role("ada", PERSON, (wire::Role::Admin, "red")).await;
    system.with_role("other", PERSON, (wire::Role::Viewer, "blue")).await;
    let principals = || ada.principals.clone();
    for name in ["other", "nobody"] {
        let principal = name.to_owned();
        let issue = wire::IssueTokenRequest { principal, ..Default::default() };
        let principal = name.to_owned();
        let disable = wire::DisablePrincipalRequest { principal, ..Default::default() };
        for refused in [
            principals().issue_token(issue).await.unwrap_err(),
            principals().disable_principal(disable).await.unwrap_err(),
        ] {
            let told = refusal(&refused);
            assert!(told.starts_with("PermissionDenied RIGHT_MISSING"), "{name}: {told}");
        }
    }
}
