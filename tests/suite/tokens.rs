//! The life of tokens: rotation, ends, last uses, recovery, and failures that are put off.

use expect_test::expect;
use gradus_server::operate::{self, Lifetime, Severity};
use gradus_wire::v1 as wire;
use prost::Message as _;
use tonic_types::StatusExt as _;

use crate::raw;
use crate::running::{Principal, System, at, on, refusal, without_ids};

const WHO: &str = "/gradus.v1.PrincipalService/WhoAmI";
const REFUSED: &str = "Unauthenticated TOKEN_REFUSED: the bearer token is refused";

/// Who a token stands for, or why it is nobody.
async fn who(system: &System, token: &str) -> String {
    match raw::call(&system.channel, Some(&format!("Bearer {token}")), WHO, Vec::new()).await {
        Ok(answer) => {
            let answer = wire::WhoAmIResponse::decode(answer.as_slice()).unwrap();
            answer.principal.unwrap().name
        }
        Err(status) => refusal(&status),
    }
}

async fn rotated(
    by: &Principal,
    asked: wire::RotateTokenRequest,
) -> Result<wire::RotateTokenResponse, String> {
    let answer = by.principals.clone().rotate_token(asked).await;
    answer.map(tonic::Response::into_inner).map_err(|status| without_ids(&refusal(&status)))
}

fn seconds(seconds: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos: 0 })
}

/// The tokens of a principal, as they are listed.
async fn tokens(system: &System, name: &str) -> Vec<wire::Token> {
    let asked = wire::ListPrincipalsRequest { include_disabled: true, ..Default::default() };
    let listed = system.operator.principals.clone().list_principals(asked).await.unwrap();
    let mut listed = listed.into_inner().principals.into_iter();
    listed.find(|principal| principal.name == name).unwrap().tokens
}

#[tokio::test]
async fn a_rotated_token_is_good_until_its_grace_ends_and_the_new_one_after_that() {
    let system = System::new().await;
    let old = system.token("scanner", wire::PrincipalKind::Service).await;
    let id = tokens(&system, "scanner").await[0].id.clone();
    let asked = wire::RotateTokenRequest { token: id.clone(), ..Default::default() };
    system.advance(60);
    let answer = rotated(&system.operator, asked).await.unwrap();
    assert_eq!(answer.old_until, on("2026-06-02T12:01:00Z"), "a day later");
    assert!(answer.secret.starts_with("gradus_service_"));
    assert!(!format!("{answer:?}").contains(&answer.secret), "it is not shown by accident");
    let new = answer.token.unwrap();
    assert_eq!(new.expires_at, None, "as the old one");
    for secret in [&old, &answer.secret] {
        assert_eq!(who(&system, secret).await, "scanner");
    }
    let listed = tokens(&system, "scanner").await;
    assert_eq!(listed[0].state(), wire::TokenState::Rotated);
    assert_eq!(listed[0].rotated_to, new.id);
    assert_eq!(listed[0].rotated_until, answer.old_until);
    assert_eq!(listed[1].state(), wire::TokenState::InForce);

    system.advance(86_399);
    let system = system.restarted().await;
    assert_eq!(who(&system, &old).await, "scanner", "a second before");
    system.advance(1);
    assert_eq!(who(&system, &old).await, REFUSED);
    assert_eq!(who(&system, &answer.secret).await, "scanner");
    assert_eq!(tokens(&system, "scanner").await[0].state(), wire::TokenState::Ended);
}

#[tokio::test]
async fn whoever_has_a_token_rotates_that_one_without_naming_it() {
    let system = System::new().await;
    let old = system.token("scanner", wire::PrincipalKind::Service).await;
    let scanner = Principal::new(&system.channel, &old);
    let asked = wire::RotateTokenRequest { grace: seconds(0), ..Default::default() };
    let answer = rotated(&scanner, asked).await.unwrap();
    assert_eq!(who(&system, &old).await, REFUSED, "without grace it ends at once");
    assert_eq!(who(&system, &answer.secret).await, "scanner");
    assert_eq!(answer.receipt.unwrap().events.len(), 1);
}

#[tokio::test]
async fn the_secret_of_a_rotation_is_shown_once_and_a_lost_one_is_revoked_and_rotated_again() {
    let system = System::new().await;
    let old = system.token("scanner", wire::PrincipalKind::Service).await;
    let scanner = Principal::new(&system.channel, &old);
    let request_id = "0b8f2c4e-77aa-4a5e-9d3b-6f1e2d3c4b5a".to_owned();
    let append = Some(wire::AppendOptions { request_id, ..Default::default() });
    let asked = wire::RotateTokenRequest { append, ..Default::default() };
    let lost = rotated(&scanner, asked.clone()).await.unwrap().token.unwrap().id;
    expect!["AlreadyExists SECRET_SHOWN: request id ID was used before; the secret of its answer is shown once"]
        .assert_eq(&rotated(&scanner, asked).await.unwrap_err());
    let again = wire::RotateTokenRequest::default;
    expect!["FailedPrecondition TOKEN_ROTATED: token `ID` was rotated, and is good until 2026-06-02T12:00:00Z: use the new one, `ID`; if that never arrived, revoke it and rotate again"]
        .assert_eq(&rotated(&scanner, again()).await.unwrap_err());
    system.advance(3_600);
    let revoke = wire::RevokeTokenRequest { token: lost, ..Default::default() };
    scanner.principals.clone().revoke_token(revoke).await.unwrap();
    let answer = rotated(&scanner, again()).await.unwrap();
    assert_eq!(answer.old_until, on("2026-06-02T12:00:00Z"), "the grace gets no longer");
    assert_eq!(who(&system, &answer.secret).await, "scanner");
}

#[tokio::test]
async fn a_verdict_on_a_rotation_records_nothing_and_shows_no_secret() {
    let system = System::new().await;
    let size = system.size().await;
    let append = Some(wire::AppendOptions { validate_only: true, ..Default::default() });
    let asked = wire::RotateTokenRequest { append, ..Default::default() };
    let answer = rotated(&system.operator, asked).await.unwrap();
    assert_eq!(answer.secret, "");
    assert_eq!(system.size().await, size);
    assert_eq!(tokens(&system, "operator").await.len(), 1);
}

#[tokio::test]
async fn a_token_ends_after_ninety_days_unless_something_else_is_said() {
    let system = System::new().await;
    system.token("scanner", wire::PrincipalKind::Service).await;
    let asked =
        || wire::IssueTokenRequest { principal: "scanner".to_owned(), ..Default::default() };
    let issue = async |asked: wire::IssueTokenRequest| {
        let issued = system.operator.principals.clone().issue_token(asked).await.unwrap();
        issued.into_inner()
    };
    let usual = issue(asked()).await;
    assert_eq!(usual.token.unwrap().expires_at, on("2026-08-30T12:00:00Z"));
    let hour = issue(wire::IssueTokenRequest { lifetime: seconds(3_600), ..asked() }).await;
    assert_eq!(hour.token.unwrap().expires_at, on("2026-06-01T13:00:00Z"));
    let endless = issue(wire::IssueTokenRequest { no_expiry: true, ..asked() }).await;
    assert_eq!(endless.token.unwrap().expires_at, None);

    system.advance(600);
    let scanner = Principal::new(&system.channel, &hour.secret);
    let answer = rotated(&scanner, wire::RotateTokenRequest::default()).await.unwrap();
    assert_eq!(answer.token.unwrap().expires_at, on("2026-06-01T13:10:00Z"), "an hour again");
    assert_eq!(answer.old_until, on("2026-06-01T13:00:00Z"), "it ends then anyway");
    system.advance(3_000);
    assert_eq!(who(&system, &hour.secret).await, REFUSED);
    assert_eq!(who(&system, &answer.secret).await, "scanner");
}

#[tokio::test]
async fn the_last_use_of_a_token_is_told_to_the_minute_and_kept_outside_of_the_log() {
    let system = System::new().await;
    let token = system.token("scanner", wire::PrincipalKind::Service).await;
    assert_eq!(tokens(&system, "scanner").await[0].last_used_at, None);
    let size = system.size().await;
    system.advance(90);
    assert_eq!(who(&system, &token).await, "scanner");
    let used = &tokens(&system, "scanner").await[0];
    assert_eq!(used.last_used_at, on("2026-06-01T12:01:00Z"));
    assert_eq!(used.last_used_grade(), wire::Grade::Token);
    assert_eq!(system.size().await, size);

    let system = system.restarted().await;
    let used = &tokens(&system, "scanner").await[0];
    assert_eq!(used.last_used_at, on("2026-06-01T12:01:00Z"));
    let directory = system.stopped().await;
    std::fs::remove_file(directory.path().join("data").join("last-used")).unwrap();
    let system = System::in_directory(directory, "2026-06-01T12:10:00Z").await;
    assert_eq!(tokens(&system, "scanner").await[0].last_used_at, None, "it may be lost");
}

#[tokio::test]
async fn a_damaged_file_of_last_uses_is_named_as_derived_and_begun_anew() {
    let system = System::new().await;
    system.token("scanner", wire::PrincipalKind::Service).await;
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    let worst = || operate::examine(&data, &|_, _, _| ()).unwrap();
    assert_eq!(worst().worst(), None);
    std::fs::write(data.join("last-used"), b"gradus/v1/last-used and no more").unwrap();
    let found = worst();
    assert_eq!(found.worst(), Some(Severity::Derived));
    assert_eq!(found.findings[0].file, std::path::Path::new("last-used"));
    let system = System::in_directory(directory, "2026-06-01T12:10:00Z").await;
    assert_eq!(tokens(&system, "scanner").await[0].last_used_at, None);
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    assert_eq!(operate::examine(&data, &|_, _, _| ()).unwrap().worst(), None);
}

#[tokio::test]
async fn after_ten_failures_in_a_minute_more_are_put_off_and_good_tokens_are_not() {
    let system = System::new().await;
    let good = system.token("scanner", wire::PrincipalKind::Service).await;
    let wrong = format!("gradus_service_{}", "0".repeat(64));
    for _ in 0..10 {
        assert_eq!(who(&system, &wrong).await, REFUSED);
    }
    expect!["ResourceExhausted TOO_MANY_FAILURES: too many calls without a good token came from this address: such calls are answered again in 60 s"]
        .assert_eq(&who(&system, &wrong).await);
    system.advance(20);
    for authorization in [Some(format!("Bearer {wrong}")), Some("Basic x".to_owned()), None] {
        let call = raw::call(&system.channel, authorization.as_deref(), WHO, Vec::new());
        let status = call.await.unwrap_err();
        assert!(refusal(&status).starts_with("ResourceExhausted TOO_MANY_FAILURES"));
        let retry = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert_eq!(retry.as_secs(), 40);
    }
    assert_eq!(who(&system, &good).await, "scanner", "its neighbours do not lock it out");
    system.advance(40);
    assert_eq!(who(&system, &wrong).await, REFUSED);
}

/// What came of a recovery in a stopped server's directory.
async fn recovered(
    data: &std::path::Path,
    name: &str,
    now: &str,
) -> Result<operate::Recovered, String> {
    let now = at(now);
    let clock = std::sync::Arc::new(move || now);
    let answer = operate::recover(data, name, Lifetime::Usual, clock).await;
    answer.map_err(|error| error.to_string().replace(&data.display().to_string(), "DATA"))
}

#[tokio::test]
async fn a_lost_token_of_the_operator_is_recovered_on_the_machine_by_an_event_of_gradus_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let system = System::new().await;
    let size = system.size().await;
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    let lost = std::fs::read_to_string(data.join("admin.token")).unwrap();
    let recovered = recovered(&data, "operator", "2026-06-01T13:00:00Z").await.unwrap();
    assert_eq!((recovered.principal.as_str(), recovered.position), ("operator", Some(size)));
    assert_eq!(recovered.file, data.join("admin.token"));
    let mode = std::fs::metadata(&recovered.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_ne!(std::fs::read_to_string(&recovered.file).unwrap(), lost);

    // The operator of a system is who has what is in `admin.token`.
    let system = System::in_directory(directory, "2026-06-01T14:00:00Z").await;
    assert_eq!(who(&system, lost.trim()).await, "operator", "the lost one is for them to revoke");
    let known = tokens(&system, "operator").await;
    assert_eq!(known[1].expires_at, on("2026-08-30T13:00:00Z"));
    let asked = wire::ListEventsRequest {
        page_token: String::new(),
        page_size: 1_000,
        ..Default::default()
    };
    let events = system.operator.events.clone().list_events(asked).await.unwrap().into_inner();
    let event = events.events.iter().find(|event| event.position == size).unwrap();
    let actor = event.actor.as_ref().unwrap().name.as_str();
    assert_eq!((event.r#type.as_str(), actor), ("token-issued", "system"));
    assert_eq!(event.grade(), wire::Grade::Internal);
    let reason = event.payload.get("reason").unwrap();
    assert_eq!(reason, "recovered on the machine that holds the data directory");
    assert_eq!(known.iter().map(|token| token.recovered).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_token_is_recovered_for_whoever_may_act_and_says_who_that_is_otherwise() {
    let system = System::new().await;
    system.token("ann", wire::PrincipalKind::Person).await;
    let disable =
        wire::DisablePrincipalRequest { principal: "operator".to_owned(), ..Default::default() };
    let ann =
        Principal::new(&system.channel, &system.token("bob", wire::PrincipalKind::Person).await);
    ann.principals.clone().disable_principal(disable).await.unwrap();
    let data = system.data();
    let now = "2026-06-01T13:00:00Z";
    let held = recovered(&data, "operator", now).await.unwrap_err();
    assert!(held.starts_with("`DATA` is held by process "), "{held}");
    let directory = system.stopped().await;
    expect!["principal `operator` was disabled, which is for good: name one who may act: ann, bob"]
        .assert_eq(&recovered(&data, "operator", now).await.unwrap_err());
    expect!["principal `nobody` is unknown: name one who may act: ann, bob"]
        .assert_eq(&recovered(&data, "nobody", now).await.unwrap_err());
    expect!["`system` is Gradus itself, which needs no token: name one who may act: ann, bob"]
        .assert_eq(&recovered(&data, "system", now).await.unwrap_err());
    for missing in ["nowhere", "."] {
        let path = directory.path().join(missing);
        let told = recovered(&path, "operator", now).await.unwrap_err();
        assert_eq!(
            told,
            "`DATA` holds no log of gradus: name the directory of the server with --data"
        );
        assert!(!path.join("FORMAT").exists(), "nothing is begun there");
    }
    let admin = std::fs::read(data.join("admin.token")).unwrap();
    let found = recovered(&data, "ann", now).await.unwrap();
    assert_eq!(found.file, data.join("recovered-ann.token"));
    assert_eq!(std::fs::read(data.join("admin.token")).unwrap(), admin, "it is the operator's");
    let token = std::fs::read_to_string(&found.file).unwrap();
    let system = System::in_directory(directory, now).await;
    assert_eq!(who(&system, token.trim()).await, "ann");
}
