//! What is always that of the head: rights and names.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::{Code, Status};

use super::{alpha, days_later, levels_at, on_day, rated_alpha, register, rename, with_size};
use crate::running::{Principal, System, refusal};

/// What a principal is told of the levels of `alpha` in the past.
async fn past(system: &System, of: &Principal, size: u64) -> Vec<Result<(), Status>> {
    let moments = [on_day("2026-05-15"), with_size("2026-05-15", size)];
    let mut told = Vec::new();
    for coordinate in moments {
        let levels = of.levels.clone().query_levels(levels_at("alpha", coordinate.clone())).await;
        told.push(levels.map(|_| ()));
        let trend = wire::QueryTrendRequest {
            units: vec!["alpha".to_owned()],
            coordinate: Some(coordinate.clone()),
            as_reported: true,
            ..Default::default()
        };
        told.push(of.levels.clone().query_trend(trend).await.map(|_| ()));
        let unit = wire::GetUnitRequest {
            unit: "alpha".to_owned(),
            coordinate: Some(coordinate),
            min_size: 0,
        };
        told.push(of.units.clone().get_unit(unit).await.map(|_| ()));
    }
    assert!(system.size().await >= size);
    told
}

#[tokio::test]
async fn a_principal_that_is_disabled_now_is_refused_for_the_past_too() {
    let system = rated_alpha().await;
    let ann = system.principal("ann", wire::PrincipalKind::Person).await;
    let size = system.size().await;
    for told in past(&system, &ann, size).await {
        told.unwrap();
    }
    let disable =
        wire::DisablePrincipalRequest { principal: "ann".to_owned(), ..Default::default() };
    system.operator.principals.clone().disable_principal(disable).await.unwrap();
    for told in past(&system, &ann, size).await {
        let status = told.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{}", refusal(&status));
    }
    let system = days_later(system, 1).await;
    let ann = wire::ListPrincipalsRequest { include_disabled: true, ..Default::default() };
    let listed = system.operator.principals.clone().list_principals(ann).await.unwrap();
    assert!(listed.into_inner().principals.iter().any(|known| known.disabled_at.is_some()));
}

#[tokio::test]
async fn a_token_that_is_revoked_now_is_refused_for_the_past_too() {
    let system = rated_alpha().await;
    let ann = system.principal("ann", wire::PrincipalKind::Person).await;
    let size = system.size().await;
    let me = ann.principals.clone().who_am_i(wire::WhoAmIRequest {}).await.unwrap().into_inner();
    let revoke = wire::RevokeTokenRequest { token: me.token.unwrap().id, ..Default::default() };
    system.operator.principals.clone().revoke_token(revoke).await.unwrap();
    for told in past(&system, &ann, size).await {
        let status = told.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{}", refusal(&status));
    }
}

#[tokio::test]
async fn a_principal_that_was_added_today_may_ask_about_the_past() {
    let system = rated_alpha().await;
    let size = system.size().await;
    let system = days_later(system, 400).await;
    let ann = system.principal("ann", wire::PrincipalKind::Person).await;
    for told in past(&system, &ann, size).await {
        told.unwrap();
    }
}

#[tokio::test]
async fn names_are_those_of_the_head_at_every_coordinate() {
    let system = rated_alpha().await;
    let (size, id) = (system.size().await, alpha(&system, on_day("2026-06-01")).await.id);
    rename(&system, "alpha", "omega").await;
    rename(&system, "team", "crew").await;
    for coordinate in [on_day("2026-03-01"), with_size("2026-06-01", size)] {
        let unit = wire::GetUnitRequest {
            unit: "omega".to_owned(),
            coordinate: Some(coordinate.clone()),
            min_size: 0,
        };
        let unit = system.operator.units.clone().get_unit(unit).await.unwrap().into_inner();
        let unit = unit.unit.unwrap();
        assert_eq!((unit.id.as_str(), unit.name.as_str()), (id.as_str(), "omega"));
        assert_eq!(unit.parent.unwrap().name, "crew");
        let question = levels_at("alpha", coordinate);
        let status = system.operator.levels.clone().query_levels(question).await.unwrap_err();
        expect!["NotFound UNIT_UNKNOWN: unit `alpha` is unknown"].assert_eq(&refusal(&status));
    }
    // Who has the name now is meant, also where another one had it.
    register(&system, wire::UnitKind::Project, "alpha", "crew").await;
    let answer = system.levels(levels_at("alpha", with_size("2026-06-01", size))).await;
    assert_ne!(answer.unit.unwrap().id, id);
    assert_eq!(answer.areas, [], "it was not there yet");
}
