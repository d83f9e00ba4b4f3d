//! Who may call: tokens, what a machine may not do, and that secrets stay where they belong.

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use prost::Message as _;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use crate::raw;
use crate::running::{
    Principal, System, at, by_id, item, on, rating, refusal, submit, without_ids,
};

const WHO: &str = "/gradus.v1.PrincipalService/WhoAmI";

/// Who a line of `authorization` is, or why it is nobody.
async fn who(system: &System, authorization: Option<&str>) -> String {
    match raw::call(&system.channel, authorization, WHO, Vec::new()).await {
        Ok(answer) => {
            let answer = wire::WhoAmIResponse::decode(answer.as_slice()).unwrap();
            answer.principal.unwrap().name
        }
        Err(status) => refusal(&status),
    }
}

async fn who_has(system: &System, token: &str) -> String {
    who(system, Some(&format!("Bearer {token}"))).await
}

#[tokio::test]
async fn no_token_a_wrong_one_a_truncated_one_and_that_of_another_deployment_are_refused() {
    let system = System::new().await;
    let token = system.token("scanner", wire::PrincipalKind::Service).await;
    let truncated = &token[..token.len() - 1];
    let other = format!("{truncated}{}", if token.ends_with('0') { "1" } else { "0" });
    let elsewhere = System::new().await.token("scanner", wire::PrincipalKind::Service).await;
    let refused = "Unauthenticated TOKEN_REFUSED: the bearer token is refused";
    let (longer, louder) = (format!("{token}0"), token.to_uppercase());
    for wrong in [truncated, &other, "gradus_", "", &longer, &louder, &elsewhere] {
        let told = who(&system, Some(&format!("Bearer {wrong}"))).await;
        if wrong.is_empty() {
            // Transports may drop the blank at the end, and the scheme stands alone then.
            assert!(told.starts_with("Unauthenticated TOKEN_REFUSED"), "{told}");
        } else {
            assert_eq!(told, refused, "{wrong}");
        }
    }
    // More of these in a minute would be put off.
    system.advance(60);
    let needed = expect![
        "Unauthenticated TOKEN_REFUSED: a bearer token is needed: send the metadata `authorization: Bearer gradus_…`"
    ];
    for without in [None, Some(token.as_str()), Some("Basic Z3JhZHVzOg=="), Some("Bearer")] {
        needed.assert_eq(&who(&system, without).await);
    }
    assert_eq!(who_has(&system, &token).await, "scanner");
    assert_eq!(who(&system, Some(&format!("bearer {token}"))).await, "scanner", "any case");
}

#[tokio::test]
async fn a_token_ends_when_it_is_revoked_or_its_principal_disabled() {
    let system = System::new().await;
    let mut principals = system.operator.principals.clone();
    let first = system.token("scanner", wire::PrincipalKind::Service).await;
    let asked = wire::IssueTokenRequest { principal: "scanner".to_owned(), ..Default::default() };
    let second = principals.issue_token(asked).await.unwrap().into_inner();
    let revoke = wire::RevokeTokenRequest {
        token: second.token.as_ref().unwrap().id.clone(),
        reason: "lost".to_owned(),
        ..Default::default()
    };
    assert_eq!(who_has(&system, &second.secret).await, "scanner");
    principals.revoke_token(revoke.clone()).await.unwrap();
    assert!(who_has(&system, &second.secret).await.starts_with("Unauthenticated TOKEN_REFUSED"));
    assert_eq!(who_has(&system, &first).await, "scanner", "the other token stays");
    let again = principals.revoke_token(revoke).await.unwrap().into_inner().receipt.unwrap();
    assert!(again.events.is_empty(), "it is so already");

    let disable =
        wire::DisablePrincipalRequest { principal: "scanner".to_owned(), ..Default::default() };
    principals.disable_principal(disable).await.unwrap();
    assert!(who_has(&system, &first).await.starts_with("Unauthenticated TOKEN_REFUSED"));

    let system = system.restarted().await;
    for token in [&first, &second.secret] {
        assert!(who_has(&system, token).await.starts_with("Unauthenticated TOKEN_REFUSED"));
    }
}

#[tokio::test]
async fn a_token_ends_at_its_time_and_lasts_across_restarts_until_then() {
    let system = System::new().await;
    let lasting = system.token("scanner", wire::PrincipalKind::Service).await;
    let asked = wire::IssueTokenRequest {
        principal: "scanner".to_owned(),
        expires_at: on("2026-06-01T12:00:30Z"),
        ..Default::default()
    };
    let short = system.operator.principals.clone().issue_token(asked).await.unwrap().into_inner();
    assert_eq!(short.token.unwrap().expires_at, on("2026-06-01T12:00:30Z"));
    system.advance(29);
    let system = system.restarted().await;
    assert_eq!(who_has(&system, &short.secret).await, "scanner");
    assert_eq!(who_has(&system, &lasting).await, "scanner");
    system.advance(1);
    assert!(who_has(&system, &short.secret).await.starts_with("Unauthenticated TOKEN_REFUSED"));
    assert_eq!(who_has(&system, &lasting).await, "scanner");
}

#[tokio::test]
async fn who_am_i_tells_the_principal_the_grade_and_the_token() {
    let system = System::new().await;
    let scanner = system.principal("scanner", wire::PrincipalKind::Service).await;
    for (principal, name, kind) in [
        (&scanner, "scanner", wire::PrincipalKind::Service),
        (&system.operator, "operator", wire::PrincipalKind::Person),
    ] {
        let asked = wire::WhoAmIRequest {};
        let answer = principal.principals.clone().who_am_i(asked).await.unwrap().into_inner();
        let me = answer.principal.clone().unwrap();
        assert_eq!((me.name.as_str(), me.kind()), (name, kind));
        assert!(me.tokens.is_empty());
        assert_eq!(answer.grade(), wire::Grade::Token);
        let issued = answer.token.unwrap().issued_at;
        assert_eq!(issued, on("2026-06-01T12:00:00Z"));
    }
}

/// Every method of every service that the server describes.
fn methods() -> Vec<String> {
    let set = prost_types::FileDescriptorSet::decode(wire::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                methods.push(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    methods
}

#[tokio::test]
async fn health_answers_without_a_token_and_nothing_else_does() {
    let system = System::new().await;
    let mut health = HealthClient::new(system.channel.clone());
    let asked = HealthCheckRequest::default();
    let answer = health.check(asked).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::Serving);

    let mut all = methods();
    assert!(all.len() > 40, "{}", all.len());
    all.push("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".to_owned());
    all.push("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo".to_owned());
    for method in &all {
        for authorization in [None, Some("Bearer gradus_x")] {
            let answer = raw::call(&system.channel, authorization, method, Vec::new()).await;
            let Err(status) = answer else { panic!("{method} answers without a token") };
            assert_eq!(status.code(), Code::Unauthenticated, "{method}: {}", refusal(&status));
        }
        // Too many of these in a minute would be put off.
        system.advance(30);
    }
}

#[tokio::test]
async fn with_a_token_every_method_is_there() {
    let system = System::new().await;
    let token = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    for method in methods() {
        let streams = ["/SubscribeEvents", "/WatchLevels", "/PushEvidence"];
        if streams.iter().any(|stream| method.ends_with(stream)) {
            // Two have no end, and one takes no empty message.
            continue;
        }
        if let Err(status) = raw::call(&system.channel, Some(&bearer), &method, Vec::new()).await {
            let told = refusal(&status);
            let missing = [Code::Unimplemented, Code::Internal, Code::Unknown];
            assert!(!missing.contains(&status.code()), "{method}: {told}");
            assert!(!told.contains(" : "), "{method} has no reason: {told}");
        }
    }
}

#[tokio::test]
async fn a_machine_can_neither_review_nor_rate() {
    let system = System::new().await;
    system.project("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let submitted = tool.evidence.clone().submit_evidence(submit("alpha", vec![item("a")])).await;
    let id = submitted.unwrap().into_inner().items[0].evidence.clone();
    let given = rating("BP.10.01", wire::Value::Satisfied, "2026-05-01");
    let rated = system.rated("alpha", vec![given.clone()]).await;
    let size = system.size().await;

    let (unit, evidence) = ("alpha".to_owned(), vec![by_id(&id)]);
    let accept = wire::AcceptEvidenceRequest {
        unit: unit.clone(),
        evidence: evidence.clone(),
        ..Default::default()
    };
    let reject = wire::RejectEvidenceRequest {
        unit: unit.clone(),
        evidence: evidence.clone(),
        reason: "no".to_owned(),
        ..Default::default()
    };
    let confirm =
        wire::ConfirmEvidenceRequest { unit: unit.clone(), evidence, ..Default::default() };
    let rate =
        wire::RatePracticesRequest { unit: unit.clone(), append: None, ratings: vec![given] };
    let withdraw = wire::WithdrawRatingRequest {
        unit: unit.clone(),
        ratings: rated.clone(),
        reason: "no".to_owned(),
        ..Default::default()
    };
    let end = wire::EndRatingRequest { unit, ratings: rated, ..Default::default() };
    let Principal { evidence, ratings, .. } = &tool;
    let refused = [
        evidence.clone().accept_evidence(accept).await.map(drop),
        evidence.clone().reject_evidence(reject).await.map(drop),
        evidence.clone().confirm_evidence(confirm).await.map(drop),
        ratings.clone().rate_practices(rate).await.map(drop),
        ratings.clone().withdraw_rating(withdraw).await.map(drop),
        ratings.clone().end_rating(end).await.map(drop),
    ];
    let told: Vec<String> =
        refused.into_iter().map(|answer| refusal(&answer.unwrap_err())).collect();
    expect![[r#"
        PermissionDenied NOT_A_PERSON: only a person may accept evidence: a machine's claim is a candidate
        PermissionDenied NOT_A_PERSON: only a person may reject evidence: a machine's claim is a candidate
        PermissionDenied NOT_A_PERSON: only a person may confirm evidence: a machine's claim is a candidate
        PermissionDenied NOT_A_PERSON: only a person may rate: a machine's claim is a candidate
        PermissionDenied NOT_A_PERSON: only a person may withdraw a rating: a machine's claim is a candidate
        PermissionDenied NOT_A_PERSON: only a person may end a rating: a machine's claim is a candidate"#]].assert_eq(&told.join("\n"));
    assert_eq!(system.size().await, size);
}

#[tokio::test]
async fn who_supplied_an_item_cannot_confirm_it_and_another_person_can() {
    let system = System::new().await;
    system.project("alpha").await;
    let second = system.principal("second", wire::PrincipalKind::Person).await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    let confirm = wire::ConfirmEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&ids[0])],
        ..Default::default()
    };
    let own = system.operator.evidence.clone().confirm_evidence(confirm.clone()).await.unwrap_err();
    expect!["FailedPrecondition OWN_EVIDENCE: evidence `ID` was provided by the same principal, who cannot confirm it"].assert_eq(&without_ids(&refusal(&own)));
    second.evidence.clone().confirm_evidence(confirm).await.unwrap();
    let asked = wire::GetEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(&ids[0])),
        ..Default::default()
    };
    let shown = system.operator.evidence.clone().get_evidence(asked).await.unwrap().into_inner();
    let by: Vec<String> =
        shown.evidence.unwrap().confirmed_by.into_iter().map(|by| by.name).collect();
    assert_eq!(by, ["second"]);
}

#[tokio::test]
async fn secrets_are_in_no_answer_no_error_and_no_file() {
    let system = System::new().await;
    let admin = std::fs::read_to_string(system.data().join("admin.token")).unwrap();
    let admin = admin.trim().to_owned();
    let id = "0b8f2c4e-77aa-4a5e-9d3b-6f1e2d3c4b5a".to_owned();
    system.token("scanner", wire::PrincipalKind::Service).await;
    let append = Some(wire::AppendOptions { request_id: id, ..Default::default() });
    let principal = "scanner".to_owned();
    let asked = wire::IssueTokenRequest { append, principal, ..Default::default() };
    let mut principals = system.operator.principals.clone();
    let issued = principals.issue_token(asked.clone()).await.unwrap().into_inner().secret;
    assert!(issued.starts_with("gradus_service_") && issued.len() == 79, "{issued}");
    let secrets = [admin, issued];

    let listed = wire::ListEventsRequest { page_size: 1_000, ..Default::default() };
    let events = system.operator.events.clone().list_events(listed).await.unwrap().into_inner();
    let listed = wire::ListPrincipalsRequest { include_disabled: true, ..Default::default() };
    let known = principals.list_principals(listed).await.unwrap().into_inner();
    let mut told = vec![format!("{events:?} {known:?}")];
    told.extend(
        events.events.iter().map(|event| String::from_utf8_lossy(&event.leaf).into_owned()),
    );

    let shown_once = principals.issue_token(asked).await.unwrap_err();
    let shown: Expect = expect![
        "AlreadyExists SECRET_SHOWN: request id 0b8f2c4e-77aa-4a5e-9d3b-6f1e2d3c4b5a was used before; the secret of its answer is shown once"
    ];
    shown.assert_eq(&refusal(&shown_once));
    for secret in &secrets {
        let revoke = wire::RevokeTokenRequest { token: secret.clone(), ..Default::default() };
        let status = principals.revoke_token(revoke).await.unwrap_err();
        told.push(format!("{status:?}"));
        told.push(who_has(&system, &format!("{secret}0")).await);
        told.push(who(&system, Some(secret)).await);
    }
    let verdict = wire::IssueTokenRequest {
        append: Some(wire::AppendOptions { validate_only: true, ..Default::default() }),
        principal: "scanner".to_owned(),
        ..Default::default()
    };
    assert_eq!(principals.issue_token(verdict).await.unwrap().into_inner().secret, "");
    for secret in &secrets {
        assert!(
            !told.iter().any(|text| text.contains(secret.as_str())),
            "an answer tells a secret"
        );
    }

    let directory = system.stopped().await;
    for (path, bytes) in crate::running::files(directory.path()) {
        let of_admin = path.file_name().is_some_and(|name| name == "admin.token");
        for secret in secrets.iter().filter(|_| !of_admin) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}

#[tokio::test]
async fn the_admin_token_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let system = System::new().await;
    let mode =
        |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(system.data().join("admin.token")), 0o600);
    assert_eq!(mode(system.data()), 0o700);
    assert_eq!(mode(system.data().join("keys")), 0o700);
    assert!(at("2026-06-01T12:00:00Z") == system.now());
}

#[tokio::test]
async fn nobody_gets_a_token_for_gradus_itself() {
    let system = System::new().await;
    let asked = wire::IssueTokenRequest { principal: "system".to_owned(), ..Default::default() };
    let status = system.operator.principals.clone().issue_token(asked).await.unwrap_err();
    expect!["InvalidArgument INVALID_FIELD [principal]: `principal`: `system` is Gradus itself, which needs no token: name another one"].assert_eq(&refusal(&status));
}
