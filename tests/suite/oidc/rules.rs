//! What a rule gives: no more than it says, for no longer than it holds, and on the record.

use expect_test::expect;
use gradus_wire::v1 as wire;
use serde_json::{Value, json};

use super::issuer::{By, but};
use super::{NO_RULE, Trusting, rule, who};
use crate::running::{Principal, item, on, refusal, submit};

const ENDED: &str = "Unauthenticated TOKEN_REFUSED: the bearer token is refused";

/// The events of the types, as `type by actor (grade): body payload`.
async fn told(trusting: &Trusting, types: &[&str]) -> Vec<String> {
    let types = types.iter().map(ToString::to_string).collect();
    let asked = wire::ListEventsRequest {
        types,
        view: wire::EventView::Full.into(),
        page_size: 1_000,
        ..Default::default()
    };
    let mut events = trusting.system.operator.events.clone();
    let page = events.list_events(asked).await.unwrap().into_inner();
    let line = |event: &wire::Event| {
        let actor = event.actor.clone().unwrap().name;
        format!(
            "{} by {actor} ({:?}): {} {:?}",
            event.r#type,
            event.grade(),
            event.body_json,
            event.payload
        )
    };
    page.events.iter().map(line).collect()
}

#[tokio::test]
async fn a_job_collects_evidence_of_its_project_and_does_nothing_else() {
    let trusting = Trusting::new().await;
    let size = trusting.system.size().await;
    let token = trusting.issuer.token(&trusting.job());
    let job = Principal::new(&trusting.system.channel, &token);
    job.evidence.clone().submit_evidence(submit("web", vec![item("a")])).await.unwrap();
    job.evidence.clone().submit_evidence(submit("web", vec![item("b")])).await.unwrap();
    assert_eq!(trusting.system.size().await, size + 3, "it was added once, with the first call");

    let hidden = job.evidence.clone().submit_evidence(submit("blue", vec![item("c")])).await;
    assert_eq!(refusal(&hidden.unwrap_err()), "NotFound UNIT_UNKNOWN: unit `blue` is unknown");
    let asked = wire::ListEventsRequest::default();
    let read = job.events.clone().list_events(asked).await.unwrap_err();
    assert!(refusal(&read).starts_with("PermissionDenied RIGHT_MISSING"), "{read}");

    let submitted = told(&trusting, &["evidence-submitted"]).await;
    assert!(
        submitted[0].starts_with("evidence-submitted by web-ci:4711 (Oidc): "),
        "{submitted:?}"
    );
    let added = told(&trusting, &["principal-added"]).await;
    let added = crate::running::without_ids(added.last().unwrap());
    expect![[r#"principal-added by system (Internal): {"by":{"issuer":"https://ci.example","rule":"web-ci","unit":"ID"},"kind":"service","principal":"ID"} {"claim:event_name": "push", "claim:ref": "refs/heads/main", "claim:repository": "acme/web", "claim:repository_id": "4711", "claim:run_attempt": "1", "claim:run_id": "99", "claim:sha": "0123456789abcdef0123456789abcdef01234567", "claim:sub": "repo:acme/web:ref:refs/heads/main", "name": "web-ci:4711"}"#]].assert_eq(&added);
    assert!(!added.contains(token.rsplit('.').next().unwrap()));
}

#[tokio::test]
async fn whoever_calls_by_a_rule_gets_no_stored_token() {
    let trusting = Trusting::new().await;
    let token = trusting.issuer.token(&trusting.job());
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci");
    let asked =
        wire::IssueTokenRequest { principal: "web-ci:4711".to_owned(), ..Default::default() };
    let refused = trusting.system.operator.principals.clone().issue_token(asked).await;
    expect!["FailedPrecondition CALLS_BY_RULE: principal `ID` calls by the claim rule `web-ci`, with tokens of its issuer alone, and gets no stored token or certificate: use one of a service account"]
        .assert_eq(&crate::running::without_ids(&refusal(&refused.unwrap_err())));
}

#[tokio::test]
async fn a_removed_rule_lets_nobody_in_any_more() {
    let trusting = Trusting::new().await;
    let token = trusting.issuer.token(&trusting.job());
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci");
    trusting.remove("web-ci").await;
    assert_eq!(trusting.who(&token).await, NO_RULE, "the very same token");
    trusting.set(rule("web-ci", "web")).await.unwrap();
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci", "set again");
}

#[tokio::test]
async fn a_rule_that_ended_a_second_ago_opens_nothing() {
    let trusting = Trusting::without_rules().await;
    let until =
        wire::SetClaimRuleRequest { until: on("2026-06-01T12:04:00Z"), ..rule("ci", "web") };
    trusting.set(until).await.unwrap();
    let token = trusting.issuer.token(&trusting.job());
    trusting.system.advance(239);
    assert_eq!(trusting.who(&token).await, "ci:4711 by ci");
    trusting.system.advance(2);
    assert_eq!(trusting.who(&token).await, NO_RULE);
    let later = wire::SetClaimRuleRequest { from: on("2026-06-01T12:05:00Z"), ..rule("ci", "web") };
    trusting.set(later).await.unwrap();
    assert_eq!(trusting.who(&token).await, NO_RULE, "it has not begun");
    trusting.system.advance(60);
    assert_eq!(trusting.who(&token).await, "ci:4711 by ci");
}

#[tokio::test]
async fn an_open_stream_ends_with_the_rule_and_with_the_token() {
    let trusting = Trusting::without_rules().await;
    let viewer = wire::SetClaimRuleRequest { role: wire::Role::Viewer.into(), ..rule("ci", "web") };
    trusting.set(viewer.clone()).await.unwrap();
    let asked = wire::SubscribeEventsRequest { unit: "web".to_owned(), ..Default::default() };
    for end in ["rule", "token"] {
        let token = trusting.issuer.token(&trusting.job());
        let job = Principal::new(&trusting.system.channel, &token);
        let mut stream =
            job.events.clone().subscribe_events(asked.clone()).await.unwrap().into_inner();
        if end == "rule" {
            trusting.remove("ci").await;
        } else {
            trusting.system.advance(361);
        }
        let ended = loop {
            match stream.message().await {
                Ok(Some(_)) => (),
                Ok(None) => panic!("it ended without a word"),
                Err(status) => break refusal(&status),
            }
        };
        assert_eq!(ended, ENDED, "{end}");
        trusting.set(viewer.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn a_disabled_principal_stays_out_whatever_its_tokens_say() {
    let trusting = Trusting::new().await;
    let token = trusting.issuer.token(&trusting.job());
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci");
    let asked =
        wire::DisablePrincipalRequest { principal: "web-ci:4711".to_owned(), ..Default::default() };
    trusting.system.operator.principals.clone().disable_principal(asked).await.unwrap();
    assert_eq!(trusting.who(&token).await, NO_RULE);
}

#[tokio::test]
async fn who_had_what_by_a_rule_is_listed_with_the_roles() {
    let trusting = Trusting::new().await;
    assert_eq!(trusting.says(&trusting.job()).await, "web-ci:4711 by web-ci");
    trusting.system.advance(3_600);
    trusting.remove("web-ci").await;
    trusting.system.advance(3_600);
    let held = async |when: &str| {
        let coordinate = wire::Coordinate { valid_at: on(when), ..Default::default() };
        let asked = wire::ListRolesRequest {
            unit: "web".to_owned(),
            coordinate: Some(coordinate),
            ..Default::default()
        };
        let roles = trusting.system.operator.roles.clone().list_roles(asked).await.unwrap();
        let line = |grant: &wire::RoleGrant| {
            let (who, unit) = (grant.principal.clone().unwrap(), grant.unit.clone().unwrap());
            format!("{} {:?} {}", who.name, grant.role(), unit.name)
        };
        roles.into_inner().roles.iter().map(line).collect::<Vec<_>>()
    };
    let operator = "operator Admin organization";
    let mut shown = held("2026-06-01T12:30:00Z").await;
    shown.sort();
    assert_eq!(shown, [operator, "web-ci:4711 Collector web"]);
    assert_eq!(held("2026-06-01T13:30:00Z").await, [operator]);
}

#[tokio::test]
async fn a_rule_is_set_by_who_administers_what_it_gives() {
    let trusting = Trusting::without_rules().await;
    let system = &trusting.system;
    let admin_of_web = (wire::Role::Admin, "web");
    let keeper = system.with_role("keeper", wire::PrincipalKind::Person, admin_of_web).await;
    let mut claims = keeper.claims.clone();
    claims.set_claim_rule(rule("own", "web")).await.unwrap();
    trusting.set(rule("theirs", "blue")).await.unwrap();

    let on_blue = claims.set_claim_rule(rule("other", "blue")).await.unwrap_err();
    assert_eq!(refusal(&on_blue), "NotFound UNIT_UNKNOWN: unit `blue` is unknown");
    let blue = (wire::Role::Admin, "blue");
    let leader = system.with_role("leader", wire::PrincipalKind::Person, blue).await;
    let below = leader.claims.clone().set_claim_rule(super::for_all("all", "blue")).await;
    assert_eq!(
        refusal(&below.unwrap_err()),
        "PermissionDenied RIGHT_MISSING: this needs the right to administer on the whole \
         organization, which the role admin gives there: ask an admin for it"
    );
    let removed = |name: &str| {
        let name = name.to_owned();
        wire::RemoveClaimRuleRequest { name, ..Default::default() }
    };
    for name in ["theirs", "none"] {
        let hidden = claims.remove_claim_rule(removed(name)).await.unwrap_err();
        let unknown = format!("NotFound CLAIM_RULE_UNKNOWN: claim rule `{name}` is unknown");
        assert_eq!(refusal(&hidden), unknown);
    }
    let listed = claims.list_claim_rules(wire::ListClaimRulesRequest::default()).await.unwrap();
    let names: Vec<_> = listed.into_inner().rules.into_iter().map(|rule| rule.name).collect();
    assert_eq!(names, ["own"]);
    claims.remove_claim_rule(removed("own")).await.unwrap();
}

#[tokio::test]
async fn a_token_can_be_tried_out_and_records_nothing() {
    let trusting = Trusting::new().await;
    let size = trusting.system.size().await;
    let mut claims = trusting.system.operator.claims.clone();
    let job = trusting.job();
    let mut tested = async |said: &Value| {
        let token = trusting.issuer.signed(By::EdDsa, said);
        let answer = claims.test_claims(wire::TestClaimsRequest { token }).await;
        answer.map(tonic::Response::into_inner).map_err(|status| refusal(&status))
    };
    let met = tested(&job).await.unwrap();
    assert_eq!(met.rule.unwrap().name, "web-ci");
    assert_eq!((met.subject.as_str(), met.principal_added), ("4711", false));
    assert_eq!((met.unit.unwrap().name.as_str(), met.unit_registered), ("web", true));
    assert_eq!(met.claims["run_attempt"], "1");
    let none = tested(&but(&job, &json!({ "ref": "refs/heads/dev" }))).await.unwrap();
    assert_eq!(none.rule, None);
    let ended = tested(&but(&job, &json!({ "exp": 1 }))).await.unwrap_err();
    expect!["InvalidArgument INVALID_FIELD [token]: `token`: the token is refused: it has ended"]
        .assert_eq(&ended);
    assert_eq!(trusting.system.size().await, size);
}

#[tokio::test]
async fn a_token_of_another_deployment_or_without_any_issuer_is_none_of_ours() {
    let trusting = Trusting::new().await;
    let alone = crate::running::System::new().await;
    let token = trusting.issuer.token(&trusting.job());
    let refused = "Unauthenticated TOKEN_REFUSED: the bearer token is refused";
    assert_eq!(who(&alone, &token).await, refused);
    let other = but(&trusting.job(), &json!({ "aud": "https://staging.gradus.example" }));
    let audience =
        "Unauthenticated TOKEN_REFUSED: the token is refused: it is not for this audience";
    assert_eq!(trusting.says(&other).await, audience);
}

#[tokio::test]
async fn keys_are_read_again_when_their_file_changes() {
    let trusting = Trusting::new().await;
    let next = super::Issuer::new();
    let file = trusting.system.directory.path().join("jwks.json");
    let token = next.token(&trusting.job());
    let wrong = "Unauthenticated TOKEN_REFUSED: the token is refused: its signature is wrong";
    assert_eq!(trusting.who(&token).await, wrong);
    std::fs::write(&file, next.jwks()).unwrap();
    trusting.system.look_at_keys().await;
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci");
    assert_eq!(trusting.says(&trusting.job()).await, wrong, "the one before is gone");
    for broken in ["", "{", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AA"}]}"#] {
        std::fs::write(&file, broken).unwrap();
        trusting.system.look_at_keys().await;
        assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci", "{broken}");
    }
    std::fs::remove_file(&file).unwrap();
    trusting.system.look_at_keys().await;
    assert_eq!(trusting.who(&token).await, "web-ci:4711 by web-ci", "no file");
}

#[tokio::test]
async fn who_administers_nothing_of_what_a_rule_gives_is_told_of_no_rule() {
    let trusting = Trusting::new().await;
    trusting.system.project("other").await;
    let admin = (wire::Role::Admin, "other");
    let ada = trusting.system.with_role("ada", wire::PrincipalKind::Person, admin).await;
    let job = trusting.job();
    for said in [&job, &but(&job, &json!({ "ref": "refs/heads/dev" }))] {
        let token = trusting.issuer.signed(By::EdDsa, said);
        let asked = wire::TestClaimsRequest { token };
        let told = ada.claims.clone().test_claims(asked).await.unwrap().into_inner();
        assert_eq!((told.rule, told.principal, told.unit), (None, None, None));
        assert_eq!((told.subject.as_str(), told.unit_registered), ("", false));
    }
}
