//! Client certificates: whom they stand for, and when they do not.

use std::error::Error as _;

use expect_test::expect;
use gradus_server::tls::ClientCertificates;
use gradus_wire::v1 as wire;

use super::{Secure, who, write};
use crate::authority::{Authority, Leaf};
use crate::raw;
use crate::running::{Principal, item, on, refusal, submit};

const REFUSED: &str = "Unauthenticated CERTIFICATE_REFUSED: the client certificate is refused";

/// Lets a certificate stand for a new service account; its key.
async fn register(operator: &Principal, name: &str, leaf: &Leaf) -> String {
    let added = wire::AddPrincipalRequest {
        append: None,
        name: name.to_owned(),
        kind: wire::PrincipalKind::Service.into(),
    };
    operator.principals.clone().add_principal(added).await.unwrap();
    let answer = operator.principals.clone().register_certificate(of(name, leaf)).await.unwrap();
    answer.into_inner().certificate.unwrap().key
}

fn of(name: &str, leaf: &Leaf) -> wire::RegisterCertificateRequest {
    wire::RegisterCertificateRequest {
        append: None,
        principal: name.to_owned(),
        certificate: leaf.der.clone(),
        expires_at: None,
    }
}

fn revoke(key: &str) -> wire::RevokeCertificateRequest {
    wire::RevokeCertificateRequest { append: None, key: key.to_owned(), reason: "lost".to_owned() }
}

/// Why a connection comes to nothing.
async fn failure(secure: &Secure, leaf: Option<&Leaf>, authorization: Option<&str>) -> String {
    let path = "/gradus.v1.PrincipalService/WhoAmI";
    match secure.connect(leaf).await {
        Ok(channel) => match raw::call(&channel, authorization, path, Vec::new()).await {
            Ok(_) => "an answer".to_owned(),
            // Who is refused within TLS is told by an alert.
            Err(status) if status.source().is_some() => format!("{status:?}"),
            Err(status) => refusal(&status),
        },
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn a_registered_certificate_acts_as_its_principal_until_it_is_revoked() {
    let secure = Secure::new().await;
    let operator = secure.operator().await;
    let leaf = secure.clients.signs("ci");
    let channel = secure.channel(Some(&leaf)).await;
    assert_eq!(who(&channel, None).await, REFUSED, "nobody registered it");
    let key = register(&operator, "ci", &leaf).await;
    assert_eq!(who(&channel, None).await, "ci by certificate", "on the open connection");

    let project = wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: "alpha".to_owned(),
        team: "team".to_owned(),
        ..Default::default()
    };
    operator.units.clone().register_unit(project).await.unwrap();
    let granted = wire::GrantRoleRequest {
        principal: "ci".to_owned(),
        role: wire::Role::Collector.into(),
        unit: "alpha".to_owned(),
        ..Default::default()
    };
    operator.roles.clone().grant_role(granted).await.unwrap();
    let mut evidence = wire::evidence_service_client::EvidenceServiceClient::new(channel.clone());
    evidence.submit_evidence(submit("alpha", vec![item("a")])).await.unwrap();
    let asked = wire::ListEventsRequest {
        types: vec!["evidence-submitted".to_owned()],
        view: wire::EventView::Full.into(),
        ..Default::default()
    };
    let events = operator.events.clone().list_events(asked).await.unwrap().into_inner().events;
    let by = |event: &wire::Event| (event.actor.clone().unwrap().name, event.grade());
    let by: Vec<_> = events.iter().map(by).collect();
    assert_eq!(by, [("ci".to_owned(), wire::Grade::Mtls)], "the record says how it was proved");

    let size = operator.events.clone().list_events(wire::ListEventsRequest::default()).await;
    let size = size.unwrap().into_inner().log_size;
    let again = operator.principals.clone().register_certificate(of("ci", &leaf)).await.unwrap();
    let again = again.into_inner().receipt.unwrap();
    assert!(again.events.is_empty() && again.log_size == size, "it is so already");

    operator.principals.clone().revoke_certificate(revoke(&key)).await.unwrap();
    assert_eq!(who(&channel, None).await, REFUSED, "at once");
    let back = operator.principals.clone().register_certificate(of("ci", &leaf)).await.unwrap_err();
    let back = refusal(&back).replace(&key, "KEY");
    expect!["FailedPrecondition CERTIFICATE_REVOKED: certificate `KEY` was revoked, for good: register one with another key"].assert_eq(&back);

    let secure = secure.restarted().await;
    assert_eq!(who(&secure.channel(Some(&leaf)).await, None).await, REFUSED);
}

#[tokio::test]
async fn a_certificate_that_is_renewed_under_its_key_needs_nothing() {
    let secure = Secure::new().await;
    let leaf = secure.clients.signs("ci");
    let key = register(&secure.operator().await, "ci", &leaf).await;
    let secure = secure.restarted().await;
    let renewed = secure.clients.renews(&leaf);
    assert_ne!(leaf.der, renewed.der);
    assert_eq!(who(&secure.channel(Some(&renewed)).await, None).await, "ci by certificate");

    let operator = secure.operator().await;
    let asked = wire::ListPrincipalsRequest::default();
    let listed = operator.principals.clone().list_principals(asked).await.unwrap().into_inner();
    let of_ci = listed.principals.into_iter().find(|principal| principal.name == "ci").unwrap();
    let certificate = wire::Certificate {
        key,
        registered_at: on("2026-06-01T12:00:00Z"),
        expires_at: None,
        revoked_at: None,
    };
    assert_eq!(of_ci.certificates, [certificate]);
}

#[tokio::test]
async fn a_key_has_one_principal() {
    let secure = Secure::new().await;
    let operator = secure.operator().await;
    let leaf = secure.clients.signs("ci");
    let key = register(&operator, "ci", &leaf).await;
    let status = operator.principals.clone().register_certificate(of("operator", &leaf)).await;
    let told = refusal(&status.unwrap_err()).replace(&key, "KEY");
    expect!["AlreadyExists CERTIFICATE_TAKEN: certificate `KEY` stands for another principal: use one with another key"].assert_eq(&told);
    let status = operator.principals.clone().register_certificate(of("system", &leaf)).await;
    expect!["InvalidArgument INVALID_FIELD [principal]: `principal`: `system` is Gradus itself, which needs no certificate: name another one"].assert_eq(&refusal(&status.unwrap_err()));
}

#[tokio::test]
async fn every_certificate_that_stands_for_nobody_is_refused_in_the_same_words() {
    let secure = Secure::new().await;
    let operator = secure.operator().await;
    let names = ["unknown", "revoked", "disabled", "ended"];
    let leaves = names.map(|name| secure.clients.signs(name));
    let [_, revoked, disabled, ended] = &leaves;
    let key = register(&operator, "revoked", revoked).await;
    operator.principals.clone().revoke_certificate(revoke(&key)).await.unwrap();
    register(&operator, "disabled", disabled).await;
    let disable =
        wire::DisablePrincipalRequest { principal: "disabled".to_owned(), ..Default::default() };
    operator.principals.clone().disable_principal(disable).await.unwrap();
    register(&operator, "ended", ended).await;
    let ends = wire::RegisterCertificateRequest {
        expires_at: on("2026-06-01T12:00:30Z"),
        ..of("ended", ended)
    };
    operator.principals.clone().register_certificate(ends).await.unwrap();
    let channel = secure.channel(Some(ended)).await;
    secure.clocks.pass(29);
    assert_eq!(who(&channel, None).await, "ended by certificate");
    secure.clocks.pass(1);
    for (name, leaf) in names.iter().zip(&leaves) {
        assert_eq!(failure(&secure, Some(leaf), None).await, REFUSED, "{name}");
    }
}

#[tokio::test]
async fn a_token_decides_where_both_are_shown() {
    let secure = Secure::new().await;
    let leaf = secure.clients.signs("ci");
    register(&secure.operator().await, "ci", &leaf).await;
    let bearer = format!("Bearer {}", secure.token());
    let (with, without) = (secure.channel(Some(&leaf)).await, secure.channel(None).await);
    let needed = "Unauthenticated TOKEN_REFUSED: a bearer token is needed: send the metadata `authorization: Bearer gradus_…`";
    let wrong = "Unauthenticated TOKEN_REFUSED: the bearer token is refused";
    for (channel, authorization, expected) in [
        (&with, None, "ci by certificate"),
        (&with, Some(bearer.as_str()), "operator by token"),
        (&with, Some("Bearer gradus_x"), wrong),
        (&with, Some("Basic Z3JhZHVzOg=="), needed),
        (&with, Some(""), needed),
        (&without, Some(bearer.as_str()), "operator by token"),
        (&without, None, needed),
    ] {
        assert_eq!(who(channel, authorization).await, expected, "{authorization:?}");
    }
}

#[tokio::test]
async fn certificates_of_others_and_those_that_are_not_valid_now_come_to_no_connection() {
    let secure = Secure::new().await;
    let operator = secure.operator().await;
    let (strangers, impostors) = (Authority::new("strangers"), Authority::new("clients"));
    let (past, future) = (((2020, 1, 1), (2026, 5, 31)), ((2026, 6, 2), (2050, 1, 1)));
    for (name, leaf, alert) in [
        ("stranger", strangers.signs("stranger"), "UnknownCA"),
        ("impostor", impostors.signs("impostor"), "DecryptError"),
        ("server", secure.authority.signs("server"), "UnknownCA"),
        ("past", secure.clients.signs_between("past", past.0, past.1), "CertificateExpired"),
        (
            "future",
            secure.clients.signs_between("future", future.0, future.1),
            "CertificateExpired",
        ),
    ] {
        register(&operator, name, &leaf).await;
        let bearer = format!("Bearer {}", secure.token());
        for authorization in [None, Some(bearer.as_str())] {
            let told = failure(&secure, Some(&leaf), authorization).await;
            assert!(told.contains(alert), "{alert}: {told}");
        }
    }
}

#[tokio::test]
async fn an_open_connection_does_not_outlast_its_certificate_or_its_authority() {
    let secure = Secure::new().await;
    let operator = secure.operator().await;
    let short = secure.clients.signs_between("short", (2020, 1, 1), (2026, 6, 2));
    let long = secure.clients.signs("long");
    register(&operator, "short", &short).await;
    register(&operator, "long", &long).await;
    let (of_short, of_long) =
        (secure.channel(Some(&short)).await, secure.channel(Some(&long)).await);
    assert_eq!(who(&of_short, None).await, "short by certificate");
    assert_eq!(who(&of_long, None).await, "long by certificate");

    secure.clocks.pass(12 * 3_600 + 61);
    assert_eq!(who(&of_short, None).await, REFUSED, "it ended at midnight");
    assert_eq!(who(&of_long, None).await, "long by certificate");

    write(&secure.directory, &secure.server, &Authority::new("other clients"));
    secure.running.look_at_tls().await.unwrap();
    assert_eq!(who(&of_long, None).await, REFUSED, "its authority is no longer taken");
    let bearer = format!("Bearer {}", secure.token());
    assert_eq!(who(&of_long, Some(&bearer)).await, "operator by token", "the connection stands");

    write(&secure.directory, &secure.server, &secure.clients);
    secure.running.look_at_tls().await.unwrap();
    assert_eq!(who(&of_long, None).await, "long by certificate");
}

#[tokio::test]
async fn certificates_can_be_required_of_everybody_or_asked_of_nobody() {
    let required = Secure::with(|settings| {
        settings.tls_client_certificates = Some(ClientCertificates::Required);
    })
    .await;
    let bearer = format!("Bearer {}", required.token());
    let told = failure(&required, None, Some(&bearer)).await;
    assert!(told.contains("CertificateRequired"), "{told}");
    let leaf = required.clients.signs("anybody");
    let channel = required.channel(Some(&leaf)).await;
    assert_eq!(who(&channel, Some(&bearer)).await, "operator by token");

    let off = Secure::with(|settings| {
        settings.tls_client_certificates = Some(ClientCertificates::Off);
    })
    .await;
    let leaf = off.clients.signs("ci");
    register(&off.operator().await, "ci", &leaf).await;
    let told = who(&off.channel(Some(&leaf)).await, None).await;
    assert!(told.starts_with("Unauthenticated TOKEN_REFUSED: a bearer token is needed"), "{told}");
}
