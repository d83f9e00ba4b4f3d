//! Tokens that somebody made, changed, took from elsewhere or kept.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_wire::v1 as wire;
use serde_json::json;
use tonic::Request;
use wire::principal_service_client::PrincipalServiceClient;

use super::issuer::{AUDIENCE, By, ISSUER, Issuer, base64, but};
use super::{NO_RULE, Trusting};
use crate::running::refusal;

const SIGNATURE: &str =
    "Unauthenticated TOKEN_REFUSED: the token is refused: its signature is wrong";
const UNREADABLE: &str =
    "Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read";

#[tokio::test]
async fn a_token_of_each_algorithm_with_a_key_pair_is_taken() {
    let trusting = Trusting::new().await;
    for by in [By::Rs256, By::Ps256, By::Es256, By::EdDsa] {
        let token = trusting.issuer.signed(by, &trusting.job());
        assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci", "{by:?}");
    }
}

#[tokio::test]
async fn a_token_that_somebody_else_signed_or_nobody_opens_nothing() {
    let trusting = Trusting::new().await;
    let (issuer, claims) = (&trusting.issuer, trusting.job());
    let text = claims.to_string();
    let header = |by: By, key: &str| json!({ "alg": by.name(), "kid": key }).to_string();
    let good = issuer.token(&claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other_claims = base64(but(&claims, &json!({ "sub": "x" })).to_string().as_bytes());
    let head = message.split('.').next().unwrap();
    for (label, token) in [
        ("another key", Issuer::new().token(&claims)),
        ("an unknown key", issuer.raw(By::Es256, &header(By::Es256, "new"), &text)),
        ("nobody", issuer.signed(By::Nobody, &claims)),
        ("nobody, in other letters", issuer.raw(By::Nobody, r#"{"alg":"nOnE","kid":"ec"}"#, &text)),
        ("nobody, with the header of a key", format!("{message}.")),
        ("the public key as a secret", issuer.signed(By::Hs256, &claims)),
        ("a shared key of the set", issuer.raw(By::Hs256, &header(By::Hs256, "shared"), &text)),
        ("RSA named as an elliptic curve", issuer.raw(By::Rs256, &header(By::Es256, "rsa"), &text)),
        ("a curve named as RSA", issuer.raw(By::Es256, &header(By::Rs256, "ec"), &text)),
        ("by the key for encryption", issuer.raw(By::Rs256, &header(By::Rs256, "enc"), &text)),
        ("other claims", format!("{head}.{other_claims}.{signature}")),
    ] {
        assert_eq!(trusting.who(&token).await, SIGNATURE, "{label}");
        trusting.system.advance(7);
    }
    assert_eq!(trusting.who(&issuer.token(&trusting.job())).await, "web-ci:4711 by web-ci");
    // A key that the token brings along is never looked at.
    let own = Issuer::new();
    let point = serde_json::from_str::<serde_json::Value>(&own.jwks()).unwrap()["keys"][1].clone();
    let brings =
        json!({ "alg": "ES256", "kid": "ec", "jwk": point, "jku": "https://evil.example" });
    let token = own.raw(By::Es256, &brings.to_string(), &text);
    assert_eq!(trusting.who(&token).await, SIGNATURE);
}

#[tokio::test]
async fn two_tokens_in_one_call_are_refused_though_each_is_good() {
    let trusting = Trusting::new().await;
    let token = trusting.issuer.token(&trusting.job());
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci");
    let mut request = Request::new(wire::WhoAmIRequest::default());
    for _ in 0..2 {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().append("authorization", value);
    }
    let mut client = PrincipalServiceClient::new(trusting.system.channel.clone());
    let refused = client.who_am_i(request).await.unwrap_err();
    expect!["Unauthenticated TOKEN_REFUSED: `authorization` was sent more than once: send one bearer token"]
        .assert_eq(&refusal(&refused));
}

#[tokio::test]
async fn a_token_for_others_or_from_others_or_out_of_its_time_opens_nothing() {
    let trusting = Trusting::new().await;
    let claims = trusting.job();
    let now = claims["iat"].as_i64().unwrap();
    let mut table = String::new();
    for (label, changes) in [
        ("another audience", json!({ "aud": "https://other.example" })),
        ("two audiences", json!({ "aud": [AUDIENCE, "https://other.example"] })),
        ("an audience that begins so", json!({ "aud": format!("{AUDIENCE}/") })),
        ("no audience", json!({ "aud": null })),
        ("an audience that is a number", json!({ "aud": 5 })),
        ("another issuer", json!({ "iss": "https://other.example" })),
        ("an issuer that begins so", json!({ "iss": format!("{ISSUER}/") })),
        ("no issuer", json!({ "iss": null })),
        ("ended a minute ago", json!({ "exp": now - 60 })),
        ("no end", json!({ "exp": null })),
        ("an end that is a text", json!({ "exp": (now + 300).to_string() })),
        ("an end that is a fraction", json!({ "exp": 1.5e10 })),
        ("an end beyond all numbers", json!({ "exp": u64::MAX })),
        ("begins in two minutes", json!({ "nbf": now + 120 })),
        ("a beginning that is a text", json!({ "nbf": "0" })),
        ("issued in two minutes", json!({ "iat": now + 120 })),
        ("good for two days", json!({ "exp": now + 172_800 })),
        ("good for two days, issued at no time", json!({ "iat": null, "exp": now + 172_800 })),
    ] {
        let mut claims = but(&claims, &changes);
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let told = trusting.says(&claims).await;
        let _ = writeln!(table, "{label}: {told}");
        // A minute passes on the clock that failures are counted by, and none on that of tokens.
        if table.lines().count().is_multiple_of(9) {
            trusting.system.clocks.stand_still(61);
        }
    }
    expect![[r#"
        another audience: Unauthenticated TOKEN_REFUSED: the token is refused: it is not for this audience
        two audiences: Unauthenticated TOKEN_REFUSED: the token is refused: it is not for this audience
        an audience that begins so: Unauthenticated TOKEN_REFUSED: the token is refused: it is not for this audience
        no audience: Unauthenticated TOKEN_REFUSED: the token is refused: it is not for this audience
        an audience that is a number: Unauthenticated TOKEN_REFUSED: the token is refused: it is not for this audience
        another issuer: Unauthenticated TOKEN_REFUSED: the token is refused: its issuer is unknown here
        an issuer that begins so: Unauthenticated TOKEN_REFUSED: the token is refused: its issuer is unknown here
        no issuer: Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read
        ended a minute ago: Unauthenticated TOKEN_REFUSED: the token is refused: it has ended
        no end: Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read
        an end that is a text: Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read
        an end that is a fraction: Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read
        an end beyond all numbers: Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read
        begins in two minutes: Unauthenticated TOKEN_REFUSED: the token is refused: it is not valid yet
        a beginning that is a text: Unauthenticated TOKEN_REFUSED: the token is refused: it is no token that could be read
        issued in two minutes: Unauthenticated TOKEN_REFUSED: the token is refused: it is not valid yet
        good for two days: Unauthenticated TOKEN_REFUSED: the token is refused: it lasts for longer than a day
        good for two days, issued at no time: Unauthenticated TOKEN_REFUSED: the token is refused: it lasts for longer than a day
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_no_more() {
    let trusting = Trusting::new().await;
    let claims = trusting.job();
    let now = claims["iat"].as_i64().unwrap();
    let admitted = "web-ci:4711 by web-ci";
    for changes in [
        json!({ "exp": now - 59 }),
        json!({ "nbf": now + 60, "iat": now + 60 }),
        json!({ "aud": [AUDIENCE] }),
    ] {
        assert_eq!(trusting.says(&but(&claims, &changes)).await, admitted, "{changes}");
    }
    let token = trusting.issuer.token(&claims);
    trusting.system.advance(359);
    assert_eq!(trusting.who(&token).await, admitted);
    trusting.system.advance(1);
    let ended = "Unauthenticated TOKEN_REFUSED: the token is refused: it has ended";
    assert_eq!(trusting.who(&token).await, ended);
}

#[tokio::test]
async fn what_is_no_token_is_not_looked_at_for_long() {
    let trusting = Trusting::new().await;
    let (issuer, claims) = (&trusting.issuer, trusting.job());
    let good = issuer.token(&claims);
    let header = r#"{"alg":"ES256","kid":"ec"}"#;
    let nested = format!(r#"{{"a":{}1{}}}"#, "[".repeat(2_000), "]".repeat(2_000));
    let twice = claims.to_string().replacen('{', r#"{"repository_id":"1","#, 1);
    let many: serde_json::Map<_, _> = (0..200).map(|at| (format!("c{at}"), json!(1))).collect();
    let many = but(&claims, &many.into());
    for (label, token, told) in [
        ("cut in its signature", good[..good.len() - 9].to_owned(), SIGNATURE),
        ("cut in its claims", good[..good.len() / 2].to_owned(), UNREADABLE),
        ("dots", "...".to_owned(), UNREADABLE),
        ("a dot more", format!("{good}.x"), UNREADABLE),
        ("too long", format!("{good}{}", "A".repeat(8_192)), UNREADABLE),
        ("nested without an end", issuer.raw(By::Es256, header, &nested), UNREADABLE),
        ("a claim twice", issuer.raw(By::Es256, header, &twice), UNREADABLE),
        ("two hundred claims", issuer.token(&many), UNREADABLE),
        ("a list in place of claims", issuer.raw(By::Es256, header, "[1]"), UNREADABLE),
    ] {
        assert_eq!(trusting.who(&token).await, told, "{label}");
    }
    trusting.system.advance(61);
    let critical = r#"{"alg":"ES256","kid":"ec","crit":["b64"],"b64":false}"#;
    assert_eq!(trusting.who(&issuer.raw(By::Es256, critical, "{}")).await, UNREADABLE);
    // The transport itself refuses headers of this size, with whatever it says.
    let huge = format!("{good}{}", "A".repeat(64 << 10));
    assert!(!trusting.who(&huge).await.contains(" by "));
    assert_eq!(trusting.says(&trusting.job()).await, "web-ci:4711 by web-ci", "it goes on");
}

#[tokio::test]
async fn a_job_that_runs_what_a_stranger_wrote_opens_nothing() {
    let trusting = Trusting::new().await;
    let claims = trusting.job();
    for changes in [
        json!({ "ref": "refs/pull/7/merge", "event_name": "pull_request" }),
        json!({ "event_name": "pull_request_target" }),
        json!({ "repository": "mallory/web", "repository_id": "666" }),
        json!({ "ref": "refs/heads/main-2" }),
    ] {
        assert_eq!(trusting.says(&but(&claims, &changes)).await, NO_RULE, "{changes}");
    }
}

#[tokio::test]
async fn who_fails_too_often_is_put_off_and_good_tokens_go_on() {
    let trusting = Trusting::new().await;
    let wrong = Issuer::new().token(&trusting.job());
    for _ in 0..10 {
        assert_eq!(trusting.who(&wrong).await, SIGNATURE);
    }
    let told = trusting.who(&wrong).await;
    assert!(told.starts_with("ResourceExhausted TOO_MANY_FAILURES"), "{told}");
    assert_eq!(trusting.says(&trusting.job()).await, "web-ci:4711 by web-ci");
}
